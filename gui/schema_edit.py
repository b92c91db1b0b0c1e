"""An editor for a JSON schema that is checked while it is typed."""

from __future__ import annotations

import json
from typing import Any, Final

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QFontDatabase, QFontMetricsF, QKeyEvent, QPalette, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from gui.json_colors import JsonColors
from gui.json_syntax import TextMistake
from gui.schema_check import SchemaCheck, check_schema
from gui.theme import tones

CHECK_DELAY_MS: Final = 120
"""Long enough to type on, short enough to feel like an answer."""

_FEWEST_LINES: Final = 7
_MOST_LINES: Final = 18
_INDENT: Final = "  "
_EXAMPLE: Final = {
    "type": "object",
    "properties": {
        "answer": {"type": "string"},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["answer", "confidence"],
}


class SchemaEdit(QWidget):
    """The text of a schema and, above it, what is wrong with it and where.

    `checked` carries a `SchemaCheck` whenever the text was judged anew; `check_now` does so at once.
    """

    checked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("schema_edit")
        self._check = SchemaCheck()
        self._checked_text = ""
        self.editor = _JsonEditor(self)
        self.editor.setObjectName("schema_text")
        self.editor.setAccessibleName(self.tr("JSON schema"))
        self.editor.setPlaceholderText(self.tr("No schema: the answer is plain text."))
        self._colors = JsonColors(self.editor.document(), self.palette())
        self._verdict = QLabel(self)
        self._verdict.setObjectName("schema_verdict")
        self._verdict.setAccessibleName(self.tr("Schema check"))
        self._verdict.setWordWrap(True)
        self._verdict.setTextFormat(Qt.TextFormat.PlainText)
        self._verdict.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._verdict.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self._verdict.setAlignment(Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft)
        self._example = self._button("schema_example", self.tr("E&xample"), self.tr("Fill in a small schema"))
        self._format = self._button("schema_format", self.tr("&Format"), self.tr("Indent the schema"))
        self._go = self._button("schema_go_to_mistake", self.tr("&Go There"), self.tr("Put the cursor at the mistake"))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(CHECK_DELAY_MS)
        self._lay_out()

        self.editor.textChanged.connect(self._timer.start)
        self._timer.timeout.connect(self.check_now)
        self._example.clicked.connect(self._fill_in_example)
        self._format.clicked.connect(self._format_text)
        self._go.clicked.connect(self._go_to_mistake)
        self._show_verdict()

    @property
    def text(self) -> str:
        """What is typed."""
        return self.editor.toPlainText()

    def set_text(self, text: str) -> None:
        """Replace the text and judge it at once."""
        self.editor.setPlainText(text)
        self.check_now()

    @property
    def check(self) -> SchemaCheck:
        """The judgement of the text as it stands, computed now where it was still due."""
        if self.text != self._checked_text:
            self.check_now()
        return self._check

    @property
    def schema(self) -> dict[str, Any] | None:
        """The schema, or None where there is none or it has a mistake."""
        return self.check.schema

    @property
    def verdict(self) -> str:
        """The words above the editor."""
        return self._verdict.text()

    @Slot()
    def check_now(self) -> None:
        """Judge the text, show the verdict and say so."""
        self._timer.stop()
        self._checked_text = self.text
        self._check = check_schema(self._checked_text)
        self._show_verdict()
        self.checked.emit(self._check)

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._colors.set_palette(self.palette())
            self._show_verdict()
        super().changeEvent(event)

    def _button(self, name: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text.replace("&", ""))
        button.setToolTip(tip)
        button.setAutoDefault(False)
        return button

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in (self._example, self._format, self._go):
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._verdict)
        layout.addWidget(self.editor, 1)
        layout.addLayout(buttons)

    def _show_verdict(self) -> None:
        mistake = self._check.mistake
        words, color = self._verdict_words()
        if self._verdict.text() != words:
            self._verdict.setText(words)
            self.editor.setAccessibleDescription(words)
        palette = self.palette()
        if color is not None:
            palette.setColor(QPalette.ColorRole.WindowText, color)
        self._verdict.setPalette(palette)
        place = mistake or next(iter(self._check.hints), None)
        self._go.setEnabled(place is not None)
        self._example.setEnabled(self._check.is_blank)
        self._format.setEnabled(self._check.schema is not None)
        self.editor.mark(mistake, tones(palette).error)

    def _verdict_words(self) -> tuple[str, QColor | None]:
        meaning = tones(self.palette())
        mistake = self._check.mistake
        if mistake is not None:
            place = self.tr("Line {line}, column {column}").format(line=mistake.line, column=mistake.column)
            return f"✗ {place}: {mistake.words}", meaning.error
        if self._check.hints:
            hint = self._check.hints[0]
            place = self.tr("Line {line}, column {column}").format(line=hint.line, column=hint.column)
            return f"⚠ {place}: {hint.words}", meaning.warning
        if self._check.is_blank:
            return self.tr("Checked as you type (JSON Schema Draft 2020-12)."), None
        return self.tr("✓ A valid schema"), meaning.good

    @Slot()
    def _fill_in_example(self) -> None:
        self.editor.replace_text(json.dumps(_EXAMPLE, indent=len(_INDENT)))
        self.check_now()
        self.editor.setFocus()

    @Slot()
    def _format_text(self) -> None:
        if self.check.schema is not None:
            self.editor.replace_text(json.dumps(self.check.schema, indent=len(_INDENT), ensure_ascii=False))
            self.check_now()

    @Slot()
    def _go_to_mistake(self) -> None:
        place = self.check.mistake or next(iter(self.check.hints), None)
        if place is not None:
            cursor = self.editor.textCursor()
            cursor.setPosition(_qt_offset(self.text, place))
            self.editor.setTextCursor(cursor)
            self.editor.setFocus()


class _JsonEditor(QPlainTextEdit):
    """Fixed-width text whose Tab moves on, so that the keyboard finds its way out; Enter keeps the indentation."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setMinimumHeight(self._height_of(_FEWEST_LINES))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.blockCountChanged.connect(self.updateGeometry)

    @override
    def sizeHint(self) -> QSize:
        lines = max(_FEWEST_LINES, min(_MOST_LINES, self.blockCount()))
        return QSize(super().sizeHint().width(), self._height_of(lines))

    def _height_of(self, lines: int) -> int:
        return round(QFontMetricsF(self.font()).lineSpacing() * (lines + 1)) + 2 * self.frameWidth()

    def replace_text(self, text: str) -> None:
        """Another text in one step that Undo takes back."""
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)

    def mark(self, mistake: TextMistake | None, color: QColor) -> None:
        """Underline where the mistake begins."""
        selections = []
        if mistake is not None:
            text = self.toPlainText()
            selection = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self.document())
            start = min(mistake.offset, max(0, len(text.rstrip()) - 1))  # at the end there is nothing to underline
            stop = start + 1
            if text[start : start + 1] == '"':
                stop = max(stop, text.find('"', stop) + 1)
            cursor.setPosition(_qt_length(text[:start]))
            cursor.setPosition(_qt_length(text[:stop]), QTextCursor.MoveMode.KeepAnchor)
            line = QTextCharFormat()
            line.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            line.setUnderlineColor(color)
            selection.cursor = cursor
            selection.format = line
            selections.append(selection)
        self.setExtraSelections(selections)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            before = self.textCursor().block().text()[: self.textCursor().positionInBlock()]
            indent = before[: len(before) - len(before.lstrip(" "))]
            deeper = _INDENT if before.rstrip().endswith(("{", "[")) else ""
            self.insertPlainText(f"\n{indent}{deeper}")
            self.ensureCursorVisible()
        else:
            super().keyPressEvent(event)


def _qt_length(text: str) -> int:
    """Qt counts UTF-16 units: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _qt_offset(text: str, place: TextMistake) -> int:
    return _qt_length(text[: place.offset])
