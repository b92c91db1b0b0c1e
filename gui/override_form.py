"""The form of all overrides: one row for each field of the schema, and the stored names that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from core.fields import OVERRIDABLE, UNSET, FieldSpec, Placement
from gui.collapsible import CollapsibleGroup
from gui.field_marks import NO_FINDING, Finding, SaidValue
from gui.override_editors import TextEditor
from gui.override_rows import IgnoredLine, OverrideRow
from gui.words import tr_core


class OverrideForm(QWidget):
    """All overridable fields, the common ones first and the rest under *More*; generated from the schema.

    `overrides()` gives back what was loaded with only the person's changes in it: an untouched value, odd or unknown,
    stays as stored.
    """

    changed = Signal(str)
    """The name of the field that changed."""
    focused = Signal(str)
    """The name of the field that the focus came to."""
    opened = Signal()
    """*More* was opened or closed."""
    restructured = Signal()
    """Controls came or went."""
    receipt_wanted = Signal(str)
    """The receipt of that field's measurement."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("override_form")
        self._loaded: dict[str, Any] | None = None
        self._removed: set[str] = set()
        self.rows: dict[str, OverrideRow] = {}
        self.more = CollapsibleGroup(self.tr("Mo&re"), "more", self)
        self._ignored_lines: list[IgnoredLine] = []
        self._ignored = QWidget(self)
        self._ignored_layout = QVBoxLayout(self._ignored)
        self._ignored_layout.setContentsMargins(0, 0, 0, 0)
        self._ignored.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._make_grid(Placement.ADVANCED, self))
        layout.addWidget(self._ignored)
        layout.addWidget(self.more)
        more_layout = QVBoxLayout(self.more.body)
        more_layout.setContentsMargins(0, 0, 0, 0)
        more_layout.addLayout(self._make_grid(Placement.MORE, self.more.body))
        self.more.toggled.connect(self.opened)
        self._show_counts()

    @property
    def label_width(self) -> int:
        """The width of the column of labels, in pixels, for what stands above this form to line up."""
        labels = (tr_core(spec.label) for spec in OVERRIDABLE.values() if spec.placement is Placement.ADVANCED)
        return max(map(self.fontMetrics().horizontalAdvance, labels)) + self.fontMetrics().averageCharWidth()

    def load(self, overrides: Mapping[str, Any] | None) -> None:
        """Show an entry's stored overrides."""
        self._loaded = None if overrides is None else dict(overrides)
        self._removed.clear()
        stored = overrides or {}
        for name, row in self.rows.items():
            row.load(stored.get(name, UNSET))
            self._offer_values_of(name)
        self._show_ignored()
        self._show_counts()

    def overrides(self) -> dict[str, Any] | None:
        """The overrides to store; None when there are none."""
        kept = {name: value for name, value in (self._loaded or {}).items() if name not in self._removed}
        for name, row in self.rows.items():
            if not row.is_changed:
                continue
            value = row.editor.value()
            if value is UNSET:
                kept.pop(name, None)
            else:
                kept[name] = value
        return kept or (None if self._loaded is None or self.is_changed else kept)

    @property
    def is_changed(self) -> bool:
        """Whether anything here differs from what was loaded."""
        return bool(self._removed) or any(row.is_changed for row in self.rows.values())

    @property
    def set_count(self) -> int:
        """How many fields are set."""
        return sum(row.editor.is_set for row in self.rows.values())

    @property
    def ignored(self) -> tuple[str, ...]:
        """The stored names that have no effect and are still kept."""
        return tuple(name for name in self._loaded or {} if name not in OVERRIDABLE and name not in self._removed)

    @property
    def tab_widgets(self) -> list[QWidget]:
        """What the Tab key goes through, in order."""
        by_place: dict[Placement, list[QWidget]] = {Placement.ADVANCED: [], Placement.MORE: []}
        for row in self.rows.values():
            by_place[row.spec.placement] += [*row.editor.tab_widgets, *row.evidence.tab_widgets]
        ignored = [line.remove_button for line in self._ignored_lines]
        return [*by_place[Placement.ADVANCED], *ignored, self.more.toggle, *by_place[Placement.MORE]]

    def problems(self) -> dict[str, str]:
        """What is wrong with what was typed into the editors, by field."""
        found = {name: row.editor.problem() for name, row in self.rows.items() if row.is_changed}
        return {name: words for name, words in found.items() if words}

    def show_findings(self, findings: Mapping[str, Finding]) -> None:
        """Say beside each field what is known about it, and nothing beside the others."""
        for name, row in self.rows.items():
            row.show_finding(findings.get(name, NO_FINDING))
        self._show_counts()

    def show_fields(self, names: Iterable[str]) -> None:
        """Open *More* where one of these fields is in it: what can be taken over by one click is to be seen."""
        if any(self.rows[name].spec.placement is Placement.MORE for name in names):
            self.more.set_open(True)

    def use_values(self, values: Iterable[tuple[str, SaidValue]]) -> None:
        """Show these values, each with who said it."""
        used = dict(values)
        self.show_fields(used)
        for name, said in used.items():
            self.rows[name].use_value(said)
        self._show_counts()

    @property
    def origins(self) -> dict[str, SaidValue]:
        """Who said the values that are shown; the person's own and defaults are left out."""
        return {name: origin for name, row in self.rows.items() if (origin := row.origin) is not None}

    def show_problem(self, name: str, title: str, hint: str = "") -> None:
        """Say under a field what is wrong with it; an empty title takes it back."""
        self.rows[name].error.show_problem(title, hint)

    def reveal(self, name: str) -> QWidget:
        """Open what hides that field; its control, for the focus."""
        row = self.rows[name]
        if row.spec.placement is Placement.MORE:
            self.more.set_open(True)
        return row.editor.focus_target

    def _make_grid(self, placement: Placement, parent: QWidget) -> QGridLayout:
        metrics = self.fontMetrics()
        grid = QGridLayout()
        grid.setVerticalSpacing(max(3, metrics.height() // 4))
        grid.setHorizontalSpacing(metrics.averageCharWidth() * 2)
        # Both grids of the form line up, and no word that arrives later moves a column.
        label_width = self.label_width
        grid.setColumnMinimumWidth(0, label_width)
        grid.setColumnStretch(1, 1)
        for spec in OVERRIDABLE.values():
            if spec.placement is placement:
                self._add_row(spec, grid, parent, label_width)
        return grid

    def _add_row(self, spec: FieldSpec, grid: QGridLayout, parent: QWidget, label_width: int) -> None:
        row = OverrideRow(spec, parent)
        self.rows[spec.name] = row
        number = grid.rowCount()
        # The label stands on the line of the combo also when a detail makes the editor taller.
        for beside in (row.label, row.evidence):
            beside.setMinimumHeight(row.editor.combo.sizeHint().height())
        row.label.setMaximumWidth(label_width)
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(row.label, number, 0, top)
        grid.addWidget(row.editor, number, 1, top)
        grid.addWidget(row.evidence, number, 2, top)
        grid.addWidget(row.error, number + 1, 1, 1, 2)
        row.changed.connect(self._note_change)
        row.focused.connect(self.focused)
        row.receipt_wanted.connect(self.receipt_wanted)
        row.editor.restructured.connect(self.restructured)
        row.restructured.connect(self.restructured)

    @Slot(str)
    def _note_change(self, name: str) -> None:
        self._offer_values_of(name)
        self._show_counts()
        self.changed.emit(name)

    def _offer_values_of(self, name: str) -> None:
        """Offer what that mapping holds where another field takes its choices from it."""
        value = self.rows[name].editor.value()
        offered = [item for item in value.values() if isinstance(item, str) and item] if type(value) is dict else []
        for row in self.rows.values():
            if row.spec.choices_from == name and isinstance(row.editor, TextEditor):
                row.editor.offer(offered)

    def _show_counts(self) -> None:
        rows = [row for row in self.rows.values() if row.spec.placement is Placement.MORE]
        words = []
        if count := sum(row.editor.is_set for row in rows):
            words.append(self.tr("{count} set").format(count=count))
        if count := sum(row.mark.offer is not None for row in rows):
            words.append(self.tr("{count} can be used").format(count=count))
        self.more.set_summary(", ".join(words))

    def _show_ignored(self) -> None:
        while self._ignored_lines:
            line = self._ignored_lines.pop()
            self._ignored_layout.removeWidget(line)
            line.hide()
            line.deleteLater()
        for name in self.ignored:
            line = IgnoredLine(name, self._ignored)
            line.removed.connect(self._remove_ignored)
            self._ignored_layout.addWidget(line)
            self._ignored_lines.append(line)
        self._ignored.setVisible(bool(self._ignored_lines))
        self.restructured.emit()

    @Slot(str)
    def _remove_ignored(self, name: str) -> None:
        self._removed.add(name)
        self._show_ignored()
        self.changed.emit(name)
