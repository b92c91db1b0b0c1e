"""What changes in a file, line by line: green comes, red goes."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QFont, QFontDatabase, QPalette, QSyntaxHighlighter, QTextCharFormat, QTextDocument
from PySide6.QtWidgets import QPlainTextEdit, QWidget
from typing_extensions import override

from gui.colours import mixed
from gui.stream_text import StreamText
from gui.theme import tones

_GROUND_SHARE = 0.14


class DiffView(StreamText):
    """A unified diff, read-only; what was added and removed stands out by its sign, its colour and its ground."""

    def __init__(self, name: str, label: str, parent: QWidget | None = None) -> None:
        super().__init__(name, label, parent, follows_end=False)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._colours = _DiffColours(self.document(), self.palette())

    def show_diff(self, diff: str) -> None:
        """Shows another diff from its beginning; the same one stays where it is."""
        if diff != self.text:
            self.clear_text()
            self.append_text(diff)

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._colours.set_palette(self.palette())
        super().changeEvent(event)


class _DiffColours(QSyntaxHighlighter):
    def __init__(self, document: QTextDocument, palette: QPalette) -> None:
        super().__init__(document)
        self._formats: dict[str, QTextCharFormat] = {}
        self.set_palette(palette)

    def set_palette(self, palette: QPalette) -> None:
        """Take the colours of another theme."""
        base = palette.color(QPalette.ColorRole.Base)
        added, removed, place, name = (QTextCharFormat() for _ in range(4))
        for shape, colour in ((added, tones(palette).good), (removed, tones(palette).error)):
            shape.setForeground(colour)
            shape.setBackground(mixed(colour, base, _GROUND_SHARE))
        place.setForeground(palette.color(QPalette.ColorRole.PlaceholderText))
        name.setFontWeight(QFont.Weight.DemiBold)
        self._formats = {"+": added, "-": removed, "@": place, "name": name}
        self.rehighlight()

    @override
    def highlightBlock(self, text: str) -> None:
        kind = "name" if text.startswith(("--- ", "+++ ")) else text[:1]
        shape = self._formats.get(kind)
        if shape is not None:
            self.setFormat(0, len(text), shape)
