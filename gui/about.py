"""The two windows of the Help menu: what Muster is, and its shortcuts."""

from __future__ import annotations

import platform

from PySide6.QtCore import QLibraryInfo, Qt
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from core import __version__
from gui.icons import application_icon
from gui.licences_dialog import LicencesDialog

_ICON_SIDE_PX = 64


class AboutDialog(QDialog):
    """Name, version, what it stands on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("about")
        self.setWindowTitle(self.tr("About Muster"))
        height = self.fontMetrics().height()
        row = QHBoxLayout()
        row.setSpacing(height)
        picture = QLabel()
        picture.setPixmap(application_icon().pixmap(_ICON_SIDE_PX, _ICON_SIDE_PX))
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        name = QLabel("Muster")
        font = QFont(name.font())
        font.setPointSizeF(font.pointSizeF() * 1.6)
        font.setWeight(QFont.Weight.DemiBold)
        name.setFont(font)
        words.addWidget(name)
        words.addWidget(QLabel(self.tr("Version {version}").format(version=__version__)))
        purpose = QLabel(
            self.tr("Keeps the roll of your own language models, and says what each of them can really do.")
        )
        purpose.setWordWrap(True)
        words.addWidget(purpose)
        facts = QLabel(
            self.tr("Python {python} · Qt {qt} · {system}\nMIT licence. Icons: Tabler Icons, MIT licence.").format(
                python=platform.python_version(), qt=QLibraryInfo.version().toString(), system=platform.system()
            )
        )
        facts.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words.addWidget(facts)
        row.addLayout(words, 1)
        self._buttons = _close_button(self)
        self.licences_button = QPushButton(self.tr("Licences…"))
        self.licences_button.setObjectName("licences")
        self.licences_button.setAutoDefault(False)
        self.licences_button.clicked.connect(self._open_licences)
        self._buttons.addButton(self.licences_button, QDialogButtonBox.ButtonRole.ActionRole)
        self.licences: LicencesDialog | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(height, height, height, height)
        layout.setSpacing(height)
        layout.addLayout(row)
        layout.addWidget(self._buttons)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 64)

    def _open_licences(self) -> None:
        self.licences = LicencesDialog(self)
        self.licences.open()


class ShortcutsDialog(QDialog):
    """Every command with its keys, menu by menu."""

    def __init__(self, listed: list[tuple[str, str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shortcuts_dialog")
        self.setWindowTitle(self.tr("Keyboard Shortcuts"))
        height = self.fontMetrics().height()
        grid_holder = QWidget()
        grid = QGridLayout(grid_holder)
        grid.setHorizontalSpacing(height * 2)
        grid.setVerticalSpacing(height // 3)
        extra = [
            (self.tr("Table"), self.tr("Edit the model"), self.tr("Enter")),
            (self.tr("Table"), self.tr("Select several"), self.tr("Shift or Ctrl with the arrows or a click")),
            (self.tr("Try it"), self.tr("Run"), self.tr("Ctrl+Return")),
            (self.tr("Try it"), self.tr("Stop"), self.tr("Esc")),
            (self.tr("Search"), self.tr("Clear, then go to the rows"), self.tr("Esc, Down")),
        ]
        shown = ""
        for menu, command, keys in [*listed, *extra]:
            if menu != shown:
                heading = QLabel(menu)
                font = QFont(heading.font())
                font.setWeight(QFont.Weight.DemiBold)
                heading.setFont(font)
                heading.setContentsMargins(0, height // 2 if shown else 0, 0, 0)
                grid.addWidget(heading, grid.rowCount(), 0, 1, 2)
                shown = menu
            row = grid.rowCount()
            grid.addWidget(QLabel(command), row, 0)
            value = QLabel(keys)
            value.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            grid.addWidget(value, row, 1)
        grid.setRowStretch(grid.rowCount(), 1)
        scroll = QScrollArea()
        scroll.setObjectName("shortcuts_list")
        scroll.setAccessibleName(self.tr("Keyboard Shortcuts"))
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(grid_holder)
        self._buttons = _close_button(self)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll)
        layout.addWidget(self._buttons)
        self.resize(self.fontMetrics().averageCharWidth() * 84, height * 34)


def _close_button(dialog: QDialog) -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.setObjectName("buttons")
    buttons.rejected.connect(dialog.reject)
    return buttons
