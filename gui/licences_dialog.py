"""What Muster is made of: each part with its version and licence, and the licence in full."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.bundled_parts import BundledPart, bundled_parts
from core.errors import MusterError
from gui.words import one_line
from gui.worker import run_in_worker


class LicencesDialog(QDialog):
    """The list fills a moment after it opens: from source the licences are read from many files."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("licences_dialog")
        self.setWindowTitle(self.tr("Licences"))
        self._parts: tuple[BundledPart, ...] = ()
        height = self.fontMetrics().height()
        self.introduction = QLabel(self.tr("Reading the licences…"))
        self.introduction.setWordWrap(True)
        self.list = self._build_list()
        self.text = QPlainTextEdit()
        self.text.setObjectName("licence_text")
        self.text.setAccessibleName(self.tr("Licence text"))
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        halves = QSplitter(Qt.Orientation.Vertical)
        halves.setChildrenCollapsible(False)
        halves.addWidget(self.list)
        halves.addWidget(self.text)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._buttons.setObjectName("buttons")
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.introduction)
        layout.addWidget(halves, 1)
        layout.addWidget(self._buttons)
        self.resize(self.fontMetrics().averageCharWidth() * 108, height * 30)
        run_in_worker(self, bundled_parts, on_done=self._show, on_error=self._tell)

    def _build_list(self) -> QTreeWidget:
        shown = QTreeWidget()
        shown.setObjectName("licences_list")
        shown.setAccessibleName(self.tr("Parts and their licences"))
        shown.setHeaderLabels([self.tr("Part"), self.tr("Version"), self.tr("Licence"), self.tr("Kind")])
        shown.setRootIsDecorated(False)
        shown.setUniformRowHeights(True)
        shown.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        shown.currentItemChanged.connect(lambda item, _before: self._show_text(item))
        return shown

    def _show(self, parts: Sequence[BundledPart]) -> None:
        self._parts = tuple(parts)
        for index, part in enumerate(self._parts):
            words = [part.name, part.version, part.licence, part.kind]
            item = QTreeWidgetItem([one_line(word) for word in words])
            item.setToolTip(2, one_line(part.licence))
            item.setData(0, Qt.ItemDataRole.UserRole, index)
            self.list.addTopLevelItem(item)
        header = self.list.header()
        for column in range(self.list.columnCount()):
            self.list.resizeColumnToContents(column)
        header.resizeSection(2, min(header.sectionSize(2), self.fontMetrics().averageCharWidth() * 30))
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.introduction.setText(
            self.tr("Muster itself is under the MIT licence. It stands on {count} other parts.").format(
                count=len(self._parts)
            )
        )
        first = self.list.topLevelItem(0)
        if first is not None:
            self.list.setCurrentItem(first)

    def _tell(self, error: MusterError) -> None:
        self.introduction.setText(str(error))

    def _show_text(self, item: QTreeWidgetItem | None) -> None:
        if item is None:
            return
        part = self._parts[item.data(0, Qt.ItemDataRole.UserRole)]
        self.text.setPlainText(
            part.text
            or self.tr("{name} brings no text of its own. Its licence is {licence}.").format(
                name=one_line(part.name), licence=one_line(part.licence)
            )
        )
