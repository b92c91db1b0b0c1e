"""The banner over a roll that cannot be read or written: what is wrong, where, and the ways on."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from core.registry import Registry
from gui.buttons import push_button
from gui.colours import mixed
from gui.icons import icon_pixmap
from gui.theme import dress, tones
from gui.words import isolated, one_line, tr_core


class BrokenFileBanner(QFrame):
    """Stands above the table while the roll is read-only."""

    backup_wanted = Signal()
    other_wanted = Signal()
    reload_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("broken_file")
        self.setAutoFillBackground(True)
        height = self.fontMetrics().height()
        row = QHBoxLayout(self)
        row.setContentsMargins(height, height * 3 // 4, height, height * 3 // 4)
        row.setSpacing(height)
        self._picture = QLabel()
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(height // 3)
        self._title = QLabel()
        self._title.setObjectName("broken_file_title")
        font = QFont(self._title.font())
        font.setWeight(QFont.Weight.DemiBold)
        self._title.setFont(font)
        self._text = QLabel()
        self._text.setObjectName("broken_file_text")
        for label in (self._title, self._text):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            words.addWidget(label)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, height // 3, 0, 0)
        self.backup_button = push_button("open_backup", self.tr("Open Last Good Backup"), parent=self)
        self.backup_button.clicked.connect(self.backup_wanted)
        self.other_button = push_button("open_elsewhere", self.tr("Empty Roll Elsewhere…"), parent=self)
        self.other_button.clicked.connect(self.other_wanted)
        self.reload_button = push_button("reload_file", self.tr("Reload"), parent=self)
        self.reload_button.clicked.connect(self.reload_wanted)
        for button in (self.backup_button, self.other_button, self.reload_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        words.addLayout(buttons)
        row.addLayout(words, 1)
        self.hide()

    def show_state(self, registry: Registry) -> None:
        """Shows what stands in the way of writing, or nothing where all is well."""
        reason = registry.read_only_reason
        self.setVisible(reason is not None)
        if reason is None:
            return
        is_broken = registry.broken_copy is not None
        self._title.setText(
            self.tr("This roll cannot be read.") if is_broken else self.tr("This roll is open for reading only.")
        )
        lines = [one_line(tr_core(reason), 600), self.tr("File: {path}").format(path=isolated(str(registry.path)))]
        if registry.broken_copy is not None:
            lines.append(
                self.tr("Nothing is written to it. A copy was put beside it: {copy}").format(
                    copy=isolated(registry.broken_copy.name)
                )
            )
        self._text.setText("\n".join(lines))
        self.setAccessibleName(f"{self._title.text()} {self._text.text()}")
        self.backup_button.setVisible(bool(registry.backups))
        self.other_button.setVisible(is_broken)
        self._dress()

    def _dress(self) -> None:
        palette = QGuiApplication.palette()
        colour = tones(palette).error
        dress(self, {QPalette.ColorRole.Window: mixed(colour, palette.color(QPalette.ColorRole.Window), 0.10)})
        self._picture.setPixmap(
            icon_pixmap("file-alert", self.fontMetrics().height() * 2, colour, self.devicePixelRatioF())
        )

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)
