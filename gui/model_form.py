"""The fields of one model: what the dialog shows, and the entry that they make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from core.entry import UserModelEntry
from core.fields import OVERRIDABLE
from core.offers import OfferedProvider
from core.overrides import FieldProblem
from gui.collapsible import CollapsibleGroup
from gui.field_error import FieldError
from gui.model_id_edit import ModelIdEdit
from gui.override_form import OverrideForm
from gui.provider_choice import ProviderChoice

NO_PROVIDER: Final = ("custom", "")
"""What a draft is checked with while no provider is chosen."""


class ModelForm(QWidget):
    """Provider, model ID, display name and all overrides. A stored value that nobody touched comes back as it was."""

    changed = Signal(str)
    """The name of the field that changed."""
    resized = Signal()
    """Something was opened or closed."""
    helped = Signal(str)
    """The help of the field that has the focus."""
    providers_requested = Signal()
    models_wanted = Signal(bool)
    """The person came to the model ID or typed one; True where a provider was chosen, or its models asked for."""

    def __init__(self, intro: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("model_form")
        self._entry: UserModelEntry | None = None
        self._shown = ("", "")
        """Model ID and name as the line edits gave them back after loading."""
        self.provider = ProviderChoice(self)
        self.model_id = ModelIdEdit(self)
        self.model_id.setObjectName("model_id")
        self.model_id.setPlaceholderText(self.tr("e.g. gpt-4o-mini or llama3"))
        self.model_id.setToolTip(
            self.tr(
                "Completes from the provider’s own list of models.\n"
                "The provider is asked for it when you choose it above or come to this field, and not before."
            )
        )
        self.name = QLineEdit(self)
        self.name.setObjectName("display_name")
        self.name.setPlaceholderText(self.tr("e.g. My Custom Model"))
        self.advanced = CollapsibleGroup(self.tr("Ad&vanced Options"), "advanced", self)
        self.overrides = OverrideForm(self.advanced.body)
        self.errors = {
            "provider_id": FieldError(self.provider.combo, reserved=True, parent=self),
            "model_id": FieldError(self.model_id, reserved=True, parent=self),
            "name": FieldError(self.name, reserved=True, parent=self),
        }
        self._arrange(intro)
        self.provider.changed.connect(self._note_provider)
        self.provider.providers_requested.connect(self.providers_requested)
        self.provider.picked.connect(self._want_models_of_another)
        self.model_id.wanted.connect(self.models_wanted)
        self.model_id.textChanged.connect(self._note_model_id)
        self.name.textChanged.connect(self._note_name)
        self.overrides.changed.connect(self._note_override)
        self.overrides.focused.connect(self._show_help)
        self.overrides.opened.connect(self.resized)
        self.overrides.restructured.connect(self._order_tabs)
        self.advanced.toggled.connect(self.resized)
        self._show_count()
        self._order_tabs()

    def load(self, entry: UserModelEntry | None) -> None:
        """Show an entry's values; the providers are offered apart."""
        self._entry = entry
        self.model_id.setText(entry.model_id if entry else "")
        self.name.setText((entry.name or "") if entry else "")
        self._shown = (self.model_id.text(), self.name.text())
        for line in (self.model_id, self.name):
            line.setCursorPosition(0)
        self.overrides.load(entry.overrides if entry else None)
        self._show_count()

    def offer_providers(self, providers: Sequence[OfferedProvider]) -> None:
        """Offer these providers. The chosen one stays, and an entry's own is offered whatever its state."""
        chosen = self.provider.chosen
        key = None if chosen is None else (chosen.provider_type, chosen.provider_id)
        if key is None and self._entry is not None:
            key = (self._entry.provider_type, self._entry.provider_id)
        self.provider.offer(providers, chosen=key)

    def offer_models(self, model_ids: Iterable[str]) -> None:
        """Complete the model ID from these."""
        self.model_id.offer(model_ids)

    def draft(self) -> UserModelEntry:
        """The entry that the fields make now; its provider is `NO_PROVIDER` while none is chosen."""
        chosen = self.provider.chosen
        provider_type, provider_id = NO_PROVIDER if chosen is None else (chosen.provider_type, chosen.provider_id)
        before = self._entry
        model_id, name = self.model_id.text(), self.name.text().strip()
        if before is not None and model_id == self._shown[0]:
            model_id = before.model_id
        stored_name: str | None = name or None
        if before is not None and self.name.text() == self._shown[1]:
            stored_name = before.name
        return UserModelEntry(
            provider_type="custom" if provider_type == "custom" else "builtin",
            provider_id=provider_id,
            model_id=model_id,
            name=stored_name,
            overrides=self.overrides.overrides(),
        )

    def state(self) -> tuple[Any, ...]:
        """All that the person could have typed, for telling whether anything was."""
        chosen = self.provider.chosen
        editors = tuple((row.editor.combo.currentIndex(), row.editor.value()) for row in self.overrides.rows.values())
        return (
            chosen and (chosen.provider_type, chosen.provider_id),
            self.model_id.text(),
            self.name.text(),
            editors,
            self.overrides.ignored,
        )

    def own_problems(self) -> list[FieldProblem]:
        """What the fields themselves cannot make an entry of."""
        found = []
        if self.provider.chosen is None:
            found.append(FieldProblem("provider_id", self.tr("Choose a provider.")))
        found += [FieldProblem(name, words) for name, words in self.overrides.problems().items()]
        return found

    def show_problems(self, problems: Iterable[FieldProblem]) -> None:
        """Say beside each field what is wrong with it, and nothing beside the others."""
        first: dict[str, FieldProblem] = {}
        for problem in problems:
            first.setdefault(problem.field, problem)
        nothing = FieldProblem("", "")
        for name, error in self.errors.items():
            problem = first.get(name, nothing)
            error.show_problem(problem.title, problem.hint)
        for name in OVERRIDABLE:
            problem = first.get(name, nothing)
            self.overrides.show_problem(name, problem.title, problem.hint)

    def knows(self, field: str | None) -> bool:
        """Whether there is a field of that name to show a problem at."""
        return field in self.errors or field in OVERRIDABLE

    def focus(self, field: str) -> None:
        """Bring the focus to that field, opening what hides it."""
        targets = {"provider_id": self.provider.focus_target, "model_id": self.model_id, "name": self.name}
        target = targets.get(field)
        if target is None:
            self.advanced.set_open(True)
            target = self.overrides.reveal(field)
        target.setFocus(Qt.FocusReason.OtherFocusReason)
        error = self.errors.get(field) or self.overrides.rows[field].error
        error.announce()

    def _arrange(self, intro: str) -> None:
        gap = self.fontMetrics().averageCharWidth() * 2
        text = QLabel(intro, self)
        text.setObjectName("intro")
        text.setWordWrap(True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(gap)
        grid.setVerticalSpacing(max(2, self.fontMetrics().height() // 8))
        grid.setColumnMinimumWidth(0, self.overrides.label_width)
        grid.setColumnStretch(1, 1)
        rows = (
            (self.tr("Model &Provider"), self.provider, self.provider.combo, self.errors["provider_id"]),
            (self.tr("Model &ID"), self.model_id, self.model_id, self.errors["model_id"]),
            (self.tr("Display &Name (Optional)"), self.name, self.name, self.errors["name"]),
        )
        for number, (words, widget, buddy, error) in enumerate(rows):
            label = QLabel(words, self)
            label.setBuddy(buddy)
            grid.addWidget(label, 2 * number, 0)
            grid.addWidget(widget, 2 * number, 1)
            grid.addWidget(error, 2 * number + 1, 1)
        body = QVBoxLayout(self.advanced.body)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self.overrides)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(text)
        layout.addSpacing(self.fontMetrics().height() // 3)
        layout.addLayout(grid)
        layout.addWidget(self.advanced)
        layout.addStretch(1)

    def _show_count(self) -> None:
        words = []
        if self.overrides.set_count:
            words.append(self.tr("{count} set").format(count=self.overrides.set_count))
        if self.overrides.ignored:
            words.append(self.tr("{count} ignored").format(count=len(self.overrides.ignored)))
        self.advanced.set_summary(", ".join(words))

    @Slot()
    def _order_tabs(self) -> None:
        """Lead the Tab key down the form; Qt would put what was made later at the end."""
        above = [self.provider.combo, self.provider.button, self.model_id, self.name, self.advanced.toggle]
        for before, after in pairwise([*above, *self.overrides.tab_widgets]):
            self.setTabOrder(before, after)

    @Slot()
    def _note_provider(self) -> None:
        self.changed.emit("provider_id")

    @Slot()
    def _want_models_of_another(self) -> None:
        self.models_wanted.emit(True)

    @Slot()
    def _note_model_id(self) -> None:
        self.changed.emit("model_id")

    @Slot()
    def _note_name(self) -> None:
        self.changed.emit("name")

    @Slot(str)
    def _note_override(self, name: str) -> None:
        self._show_count()
        if name in self.overrides.rows:
            self._show_help(name)
        self.changed.emit(name)
        self.resized.emit()

    @Slot(str)
    def _show_help(self, name: str) -> None:
        self.helped.emit(self.overrides.rows[name].help_text)
