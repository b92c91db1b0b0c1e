"""The editors whose value is more than a choice: text, whole number, list, checkable list, map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtWidgets import QCheckBox, QGridLayout, QLineEdit, QWidget
from typing_extensions import override

from core.fields import FieldKind, FieldSpec
from gui.combo_boxes import SteadySpinBox
from gui.override_controls import ChoiceEditor, OverrideEditor, SetEditor, YesNoEditor
from gui.text_rows import TextRows
from gui.words import one_line, tr_core

_INT32_MAX: Final = 2**31 - 1


class TextEditor(SetEditor):
    """Default · a line of text, or one of the texts that another field offers."""

    line: QLineEdit | None = None
    _offered: tuple[str, ...] = ()

    def offer(self, values: Sequence[str]) -> None:
        """Offer these texts in place of a line to type into; a line again where there are none. The value stays."""
        offered = tuple(dict.fromkeys(values))
        if offered == self._offered:
            return
        value, was_blocked = self.value(), self.blockSignals(True)
        self.combo.setCurrentIndex(0)
        while self.combo.count() > 1:
            self.combo.removeItem(self.combo.count() - 1)
            self._values.pop()
        self._offered = offered
        for choice in [(text, one_line(text, 60), "") for text in offered] or self._choices():
            self._add(*choice)
        self._standing = len(self._values)
        self.load(value)
        self.blockSignals(was_blocked)

    @override
    def problem(self) -> str:
        return tr_core(self.spec.empty_words) if self._shows_detail and not self._read() else ""

    @override
    def _index_of(self, value: Any) -> int | None:
        return super(SetEditor, self)._index_of(value) if self._offered else super()._index_of(value)

    @override
    def _odd_choice(self, value: Any) -> tuple[str, str]:
        if self._offered and isinstance(value, str):
            words = self.tr("{value} (not offered)").format(value=one_line(value, 60))
            return words, self.tr("Not one of the values that are set.")
        return super()._odd_choice(value)

    @override
    def _make_detail(self) -> None:
        self.line = QLineEdit(self)
        self.line.setObjectName(f"{self.combo.objectName()}_text")
        self.line.setAccessibleName(tr_core(self.spec.label))
        self.line.textChanged.connect(self._detail_edited)
        self._show_detail(self.line)

    @override
    def _accepts(self, value: Any) -> bool:
        return isinstance(value, str)

    @override
    def _read(self) -> str:
        return self.line.text().strip() if self.line is not None else ""

    @override
    def _write(self, value: Any) -> None:
        if self.line is None:
            self._make_detail()
        if self.line is not None:
            self.line.setText(str(value))


class IntegerEditor(SetEditor):
    """Default · a whole number."""

    number: SteadySpinBox | None = None

    @property
    def _minimum(self) -> int:
        return -_INT32_MAX if self.spec.minimum is None else self.spec.minimum

    @override
    def _make_detail(self) -> None:
        self.number = SteadySpinBox(self)
        self.number.setObjectName(f"{self.combo.objectName()}_number")
        self.number.setAccessibleName(tr_core(self.spec.label))
        self.number.setRange(self._minimum, _INT32_MAX)
        self.number.valueChanged.connect(self._detail_edited)
        self._show_detail(self.number)

    @override
    def _accepts(self, value: Any) -> bool:
        return type(value) is int and self._minimum <= value <= _INT32_MAX

    @override
    def _read(self) -> int:
        return self.number.value() if self.number is not None else self._minimum

    @override
    def _write(self, value: Any) -> None:
        if self.number is None:
            self._make_detail()
        if self.number is not None:
            self.number.setValue(int(value))


class _RowsEditor(SetEditor):
    """What the editors of lists and maps share."""

    rows: TextRows | None = None

    @override
    def problem(self) -> str:
        return tr_core(self.spec.empty_words) if self._shows_detail and not self._read() else ""

    def _make_rows(self, columns: tuple[str, ...], add_words: str, parent: QWidget) -> TextRows:
        self.rows = TextRows(f"{self.combo.objectName()}_rows", columns, add_words, parent)
        self.rows.edited.connect(self._detail_edited)
        self.rows.restructured.connect(self.restructured)
        return self.rows

    @override
    def _detail_widgets(self) -> list[QWidget]:
        return [] if self.rows is None else self.rows.tab_widgets

    @override
    def _detail_focus(self) -> QWidget | None:
        return self.rows.first_field if self.rows is not None else self.detail


class TextListEditor(_RowsEditor):
    """Default · a list of texts, one a line; a stored one may be empty."""

    @override
    def _make_detail(self) -> None:
        label = tr_core(self.spec.label)
        self._show_detail(self._make_rows((label,), self.tr("Add Another"), self))

    @override
    def _accepts(self, value: Any) -> bool:
        return isinstance(value, list | tuple) and all(
            isinstance(item, str) and item.strip() == item != "" for item in value
        )

    @override
    def _read(self) -> list[str]:
        return [text for (text,) in self.rows.texts()] if self.rows is not None else []

    @override
    def _write(self, value: Any) -> None:
        if self.rows is None:
            self._make_detail()
        if self.rows is not None:
            self.rows.set_texts([(str(item),) for item in value])

    @override
    def problem(self) -> str:
        if not self._shows_detail:
            return ""
        items = self._read()
        twice = next((item for item in items if items.count(item) > 1), None)
        return self.tr("“{text}” stands here twice.").format(text=twice) if twice is not None else super().problem()


class ChoiceListEditor(TextListEditor):
    """Default · a check box for each known text, and lines for others."""

    def __init__(self, spec: FieldSpec, default_words: str, parent: QWidget | None = None) -> None:
        self.boxes: dict[str, QCheckBox] = {}
        super().__init__(spec, default_words, parent)

    @override
    def _make_detail(self) -> None:
        detail = QWidget(self)
        grid = QGridLayout(detail)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(max(2, self.fontMetrics().height() // 4))
        half = (len(self.spec.choices) + 1) // 2
        for number, choice in enumerate(self.spec.choices):
            box = QCheckBox(tr_core(choice.label), detail)
            box.setObjectName(f"{self.combo.objectName()}_{choice.value}")
            box.toggled.connect(self._detail_edited)
            grid.addWidget(box, number % half, number // half)
            self.boxes[choice.value] = box
        rows = self._make_rows((self.tr("another type"),), self.tr("Add Another Type"), detail)
        grid.addWidget(rows, half, 0, 1, 2)
        self._show_detail(detail)

    @override
    def _read(self) -> list[str]:
        return [value for value, box in self.boxes.items() if box.isChecked()] + super()._read()

    @override
    def _write(self, value: Any) -> None:
        super()._write([item for item in value if not any(choice.value == item for choice in self.spec.choices)])
        for known, box in self.boxes.items():
            box.setChecked(known in value)

    @override
    def _detail_widgets(self) -> list[QWidget]:
        return [*self.boxes.values(), *super()._detail_widgets()]

    @override
    def _detail_focus(self) -> QWidget | None:
        return next(iter(self.boxes.values()), None)


class TextMapEditor(_RowsEditor):
    """Default · pairs of a label and the value that is sent for it."""

    @override
    def _make_detail(self) -> None:
        columns = (self.tr("Label"), self.tr("Value"))
        self._show_detail(self._make_rows(columns, self.tr("Add Another"), self))

    @override
    def _accepts(self, value: Any) -> bool:
        return isinstance(value, dict) and all(
            isinstance(text, str) and text.strip() == text != "" for pair in value.items() for text in pair
        )

    @override
    def _read(self) -> dict[str, str]:
        return dict(self.rows.texts()) if self.rows is not None else {}  # type: ignore[arg-type]  # lines of two

    @override
    def _write(self, value: Any) -> None:
        if self.rows is None:
            self._make_detail()
        if self.rows is not None:
            self.rows.set_texts([(str(label), str(sent)) for label, sent in value.items()])

    @override
    def problem(self) -> str:
        if self.rows is None or not self._shows_detail:
            return ""
        pairs = self.rows.texts()
        if any("" in pair for pair in pairs):
            return self.tr("A line has a label without a value, or a value without a label.")
        labels = [label for label, _ in pairs]
        twice = next((label for label in labels if labels.count(label) > 1), None)
        if twice is not None:
            return self.tr("The label “{text}” stands here twice.").format(text=twice)
        return super().problem()


_EDITORS: Final[dict[FieldKind, type[OverrideEditor]]] = {
    FieldKind.BOOLEAN: YesNoEditor,
    FieldKind.OPTIONAL_BOOLEAN: YesNoEditor,
    FieldKind.CHOICE: ChoiceEditor,
    FieldKind.TEXT: TextEditor,
    FieldKind.INTEGER: IntegerEditor,
    FieldKind.TEXT_LIST: TextListEditor,
    FieldKind.TEXT_MAP: TextMapEditor,
}


def make_editor(spec: FieldSpec, default_words: str, parent: QWidget | None = None) -> OverrideEditor:
    """The editor that the field's kind asks for."""
    editor = _EDITORS[spec.kind]
    if editor is TextListEditor and spec.choices:
        editor = ChoiceListEditor
    return editor(spec, default_words, parent)
