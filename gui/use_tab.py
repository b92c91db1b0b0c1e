"""Code that uses the selected model, ready to run."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette, QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from core.errors import MusterError
from core.registry import Registry
from core.snippets import Snippet, snippets
from gui.code_view import CodeView
from gui.combo_boxes import SteadyComboBox
from gui.empty_state import EmptyState
from gui.roll_items import RollItem
from gui.words import tr_core
from gui.worker import run_in_worker


class UseTab(QWidget):
    """Shows one snippet of the selected model at a time; which kind stays as it was chosen."""

    def __init__(self, registry: Registry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("use_tab")
        self._registry = registry
        self._item: RollItem | None = None
        self._shown: object = None
        self._snippets: tuple[Snippet, ...] = ()
        height = self.fontMetrics().height()
        self.kind_box = SteadyComboBox(self)
        self.kind_box.setObjectName("use_kind")
        self.kind_box.view().setObjectName("use_kinds")
        self.kind_box.view().setAccessibleName(self.tr("With"))
        label = QLabel(self.tr("&With"))
        label.setBuddy(self.kind_box)
        self.code = CodeView("use_code", self.tr("&Code"), lines=4)
        self.note = QLabel()
        self.note.setObjectName("use_note")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setWordWrap(True)
        self.note.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._page = QWidget()
        page_layout = QVBoxLayout(self._page)
        page_layout.setContentsMargins(height, height * 3 // 4, height, height * 3 // 4)
        page_layout.addWidget(label)
        page_layout.addWidget(self.kind_box)
        page_layout.addSpacing(height // 3)
        page_layout.addWidget(self.code, 1)
        page_layout.addWidget(self.note)
        self._nothing = EmptyState(
            "use_nothing", "code", "", self.tr("Select a model to see code that uses it."), is_quiet=True
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._nothing)
        layout.addWidget(self._page)
        self._page.hide()
        self.kind_box.currentIndexChanged.connect(self._show_kind)

    def show_item(self, item: RollItem | None) -> None:
        """The selected model; None where none or several are."""
        self._item = item
        if self.isVisible():
            self._look()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        self._look()
        super().showEvent(event)

    def _look(self) -> None:
        entry = self._item.row.entry if self._item is not None else None
        if entry is None:
            self._show_words(self.tr("Select a model to see code that uses it."))
            return
        self._shown = entry
        registry = self._registry
        run_in_worker(
            self,
            lambda: snippets(registry, entry),
            on_done=lambda found: self._take(entry, found),
            on_error=lambda error: self._fail(entry, error),
        )

    def _take(self, entry: object, found: tuple[Snippet, ...]) -> None:
        if entry is not self._shown:
            return
        kind = self.kind_box.currentText()
        self._snippets = found
        self.kind_box.blockSignals(True)
        self.kind_box.clear()
        self.kind_box.addItems([snippet.title for snippet in found])
        self.kind_box.setCurrentIndex(max(0, self.kind_box.findText(kind)))
        self.kind_box.blockSignals(False)
        self._nothing.hide()
        self._page.show()
        self._show_kind()

    def _fail(self, entry: object, error: MusterError) -> None:
        if entry is self._shown:
            self._show_words(f"{tr_core(error.title)} {tr_core(error.hint)}".strip())

    def _show_words(self, words: str) -> None:
        self._shown = None
        self._nothing.set_text(words)
        self._page.hide()
        self._nothing.show()

    def _show_kind(self) -> None:
        number = self.kind_box.currentIndex()
        if 0 <= number < len(self._snippets):
            snippet = self._snippets[number]
            self.code.show_code(snippet.code)
            self.note.setText(tr_core(snippet.note))
            self.note.setVisible(bool(snippet.note))
