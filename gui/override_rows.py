"""The lines of the override form."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from core.evidence import FieldOrigin
from core.fields import UNSET, FieldSpec
from core.overrides import default_for
from core.settings_values import same_value
from gui.evidence_column import EvidenceCell
from gui.field_error import FieldError
from gui.field_marks import NO_FINDING, Finding, Mark, SaidValue, mark_of, same_setting
from gui.override_controls import OverrideEditor
from gui.override_editors import make_editor
from gui.words import one_line, tr_core


class OverrideRow(QObject):
    """One field: its label, its editor, where its value comes from, and what is wrong with it."""

    changed = Signal(str)
    focused = Signal(str)
    receipt_wanted = Signal(str)
    restructured = Signal()
    """What can be clicked at its right has changed."""

    def __init__(self, spec: FieldSpec, parent: QWidget) -> None:
        super().__init__(parent)
        self.spec = spec
        self.label = QLabel(tr_core(spec.label), parent)
        self.label.setWordWrap(True)
        self.label.setToolTip(tr_core(spec.help))
        self.editor: OverrideEditor = make_editor(spec, tr_core(spec.describe(default_for(spec.name))), parent)
        self.label.setBuddy(self.editor.combo)
        self.evidence = EvidenceCell(spec, parent)
        self._finding = NO_FINDING
        self._shown: tuple[Mark, bool] | None = None
        self.error = FieldError(self.editor.combo, parent=parent)
        self._initial: Any = UNSET
        self._show_origin()
        self.editor.changed.connect(self._note_change)
        self.editor.focused.connect(self._note_focus)
        self.evidence.use_wanted.connect(self.use_offer)
        self.evidence.receipt_wanted.connect(self._want_receipt)

    @property
    def finding(self) -> Finding:
        """What is known about the field beside its value."""
        return self._finding

    @property
    def mark(self) -> Mark:
        """What is said about the value now."""
        return mark_of(self.spec, self.editor.value(), self._finding)

    @property
    def origin(self) -> SaidValue | None:
        """Where the present value comes from; None where it is the default or the person's own."""
        origin = self._finding.origin
        if origin is None or not self.editor.is_set or not same_setting(origin.value, self.editor.value()):
            return None
        return origin

    def show_finding(self, finding: Finding) -> None:
        """Say what is known about the field."""
        self._finding = finding
        self._show_origin()

    @Slot()
    def use_offer(self) -> None:
        """Take the offered value over."""
        offer = self.mark.offer
        if offer is not None:
            self.use_value(offer)

    def use_value(self, said: SaidValue) -> None:
        """Show that value, and remember who said it."""
        self._finding = replace(self._finding, origin=None if said.source is FieldOrigin.YOU else said)
        self.editor.load(deepcopy(said.value))
        self._show_origin()

    def load(self, value: Any) -> None:
        """Show a stored value; what is read back without a change counts as untouched."""
        self.editor.blockSignals(True)
        self.editor.load(value)
        self.editor.blockSignals(False)
        value = self.editor.value()
        self._initial = value if value is UNSET else deepcopy(value)
        self.error.clear()
        self._show_origin()

    @property
    def is_changed(self) -> bool:
        """Whether the person has changed what was loaded."""
        value = self.editor.value()
        if value is UNSET or self._initial is UNSET:
            return value is not self._initial
        return not same_value(value, self._initial)

    @property
    def help_text(self) -> str:
        """The field's help, and that of its present choice."""
        return " ".join(filter(None, (tr_core(self.spec.help), self.editor.choice_help)))

    @Slot()
    def _note_change(self) -> None:
        self._show_origin()
        self.changed.emit(self.spec.name)

    @Slot()
    def _note_focus(self) -> None:
        self.focused.emit(self.spec.name)

    @Slot()
    def _want_receipt(self) -> None:
        self.receipt_wanted.emit(self.spec.name)

    def _show_origin(self) -> None:
        mark, has_receipt = self.mark, self._finding.measured is not None
        if (mark, has_receipt) == self._shown:
            return
        before = self.evidence.tab_widgets
        self._shown = (mark, has_receipt)
        self.evidence.show_mark(mark, has_receipt=has_receipt)
        if before != self.evidence.tab_widgets:
            self.restructured.emit()


class IgnoredLine(QWidget):
    """A stored name that nobody knows, with a button that takes it out."""

    removed = Signal(str)

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._name = name
        shown = one_line(name, 60)
        label = QLabel(self.tr("Ignored: {name}").format(name=shown), self)
        label.setObjectName(f"ignored_{name}")
        label.setToolTip(self.tr("No run uses it. It stays in the settings file until you remove it."))
        self.remove_button = QPushButton(self.tr("Remove"), self)
        self.remove_button.setObjectName(f"ignored_{name}_remove")
        self.remove_button.setAccessibleName(self.tr("Remove {name}").format(name=shown))
        self.remove_button.clicked.connect(self._remove)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label, 1)
        layout.addWidget(self.remove_button)

    @Slot()
    def _remove(self) -> None:
        self.removed.emit(self._name)
