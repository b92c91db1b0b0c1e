"""The line under a field that says what is wrong with it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget
from typing_extensions import override

from gui.icons import icon_pixmap
from gui.theme import tones
from gui.wrapped_label import message_label


class FieldError(QWidget):
    """Says what is wrong with `field`, and nothing while all is well.

    With `reserved` the line takes its space from the start, so that nothing moves when it fills. The text is also the
    field's accessible description, which a screen reader reads when the focus comes there. While nothing is wrong a
    quiet hint may stand there.
    """

    def __init__(self, field: QWidget, *, reserved: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._field = field
        self._reserved = reserved
        self._text = ""
        self._hint = ""
        self._blocks = False
        self._mark = QLabel(self)
        self._label = message_label(f"{field.objectName()}_error", self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(self.fontMetrics().horizontalAdvance(" "))
        layout.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._label, 1, Qt.AlignmentFlag.AlignTop)
        if reserved:
            self.setMinimumHeight(self.fontMetrics().lineSpacing())
        self.setVisible(reserved)
        self._mark.hide()

    @property
    def text(self) -> str:
        """What is said now; empty while all is well."""
        return self._text

    @property
    def blocks(self) -> bool:
        """Whether what is said keeps the field from being taken as it is."""
        return self._blocks

    def show_problem(self, title: str, hint: str = "", *, blocks: bool = True) -> None:
        """Say what is wrong; an empty title takes it back. What does not block is only worth another look."""
        text = f"{title} {hint}".strip() if title else ""
        blocks = blocks and bool(text)
        if (text, blocks) == (self._text, self._blocks):
            return
        self._text, self._blocks = text, blocks
        self._show()

    def show_hint(self, text: str) -> None:
        """Say something that is not wrong, as long as nothing is; an empty text takes it back."""
        if text != self._hint:
            self._hint = text
            self._show()

    def _show(self) -> None:
        words = self._text or self._hint
        self._label.setText(words)
        self._mark.setVisible(bool(self._text))
        self._paint()
        self._field.setAccessibleDescription(words)
        if not self._reserved:
            self.setVisible(bool(words))

    def clear(self) -> None:
        """All is well."""
        self.show_problem("")

    def announce(self) -> None:
        """Have a screen reader say it now."""
        if self._text and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._label, self._text))

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._paint()
        super().changeEvent(event)

    def _paint(self) -> None:
        own = tones(self.palette())
        palette = self._label.palette()
        quiet = self.palette().color(QPalette.ColorRole.PlaceholderText)
        colour = own.error if self._blocks else own.warning if self._text else quiet
        if palette.color(QPalette.ColorRole.WindowText) != colour:
            palette.setColor(QPalette.ColorRole.WindowText, colour)
            self._label.setPalette(palette)
        if self._text:
            self._mark.setPixmap(
                icon_pixmap("alert-triangle", self.fontMetrics().height(), colour, self.devicePixelRatioF())
            )
