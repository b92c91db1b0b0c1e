"""The dialog in which a model is added, edited or duplicated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QMessageBox, QVBoxLayout, QWidget
from typing_extensions import override

from core.entry import UserModelEntry
from core.errors import DuplicateModel, MusterError, ProviderNotReady
from core.fields import OVERRIDABLE
from core.offers import OfferedProvider
from core.overrides import FieldProblem
from core.resolver import check_entry
from gui.dialog_fit import ContentScroll, DialogFit, edge_margin
from gui.discard_question import ask_to_discard
from gui.field_error import FieldError
from gui.model_form import ModelForm
from gui.model_measuring import ModelMeasuring
from gui.model_offers import ModelOffers
from gui.roll_watch import RollWatch
from gui.words import tr_core

if TYPE_CHECKING:
    from core.registry import Registry
    from gui.engine_host import EngineHost


class ModelDialog(QDialog):
    """Takes an entry and yields one: `submitted` carries the `UserModelEntry` that the person wants saved.

    It saves nothing itself. Without `entry` it adds, with `entry` and `replacing` (the row's key) it edits, with
    `entry` alone it duplicates. Whoever saves calls `accept()` when that is done, or `show_error()`, which keeps all
    that was typed.
    """

    submitted = Signal(object)
    providers_requested = Signal()

    def __init__(
        self,
        registry: Registry,
        *,
        entry: UserModelEntry | None = None,
        replacing: str | None = None,
        engine: EngineHost | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("model_dialog")
        self._registry = registry
        self._engine = engine
        self._offers = ModelOffers(registry, engine, self)
        self._replacing = replacing
        self._source = entry
        self._touched: set[str] = set()
        self._was_submitted = False
        self._submitted: UserModelEntry | None = None
        self._is_busy = False
        self._is_placed = False
        self._question: QMessageBox | None = None
        self._watch = RollWatch(registry, self._offer_providers, self)
        self._build(self._entry_to_show())
        self._offers.found.connect(self._offer_models)
        self._offers.refused.connect(self._note_no_models)
        self.form.models_wanted.connect(self._ask_for_models)
        self._initial = self.form.state()
        self._recheck()
        target = self.form.provider.focus_target if self.form.provider.chosen is None else self.form.model_id
        target.setFocus()

    @property
    def is_edited(self) -> bool:
        """Whether the person has changed anything."""
        return self.form.state() != self._initial

    def set_offered_models(self, model_ids: Sequence[str]) -> None:
        """Complete the model ID from these."""
        self.form.offer_models(model_ids)

    def show_error(self, error: MusterError) -> None:
        """Say why nothing was saved, beside the field that it is about where there is one. All that was typed stays."""
        self.busy(False)
        field = getattr(error, "field", None)
        if isinstance(error, DuplicateModel):
            field = "name"
        elif isinstance(error, ProviderNotReady):
            field = "provider_id"
        if self.form.knows(field):
            self.form.show_problems([FieldProblem(str(field), tr_core(error.title), tr_core(error.hint))])
            self.form.focus(str(field))
        else:
            self._refusal.show_problem(tr_core(error.title), tr_core(error.hint))
            self._refusal.announce()
        self._fit.grow()

    def busy(self, is_busy: bool) -> None:
        """Lock the dialog while its entry is being saved."""
        self._is_busy = is_busy
        self.form.setEnabled(not is_busy)
        self._buttons.setEnabled(not is_busy)
        self.measuring.set_enabled(not is_busy)

    @override
    def accept(self) -> None:
        """Close; the entry is on the roll."""
        if self._submitted is not None:
            self.measuring.keep(self._submitted)
        super().accept()

    @override
    def reject(self) -> None:
        """Close without an entry; asks first if something was typed."""
        if self._is_busy:
            return
        if self.is_edited:
            self._question = ask_to_discard(self, self.tr("Discard what you typed?"), self._discard)
        else:
            super().reject()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        if not self._is_placed:
            self._is_placed = True
            self._fit.place()
        if not event.spontaneous() and not self._watch.is_watching:
            self._watch.start()
            self._offer_providers()
            self._show_models()
        super().showEvent(event)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        if not event.spontaneous():
            self._watch.stop()
            self._offers.stop()
            self.measuring.stop()
        super().hideEvent(event)

    def _entry_to_show(self) -> UserModelEntry | None:
        entry = self._source
        if entry is None or self._replacing is not None:
            return entry
        known = {name: value for name, value in (entry.overrides or {}).items() if name in OVERRIDABLE}
        return entry.with_changes(id=None, name=self._free_name(entry), overrides=known or None)

    def _free_name(self, entry: UserModelEntry) -> str:
        taken = {known.identity for known in self._registry.entries()}
        number = 1
        while True:
            name = self.tr("{name} (copy)").format(name=entry.display_name)
            if number > 1:
                name = self.tr("{name} (copy {number})").format(name=entry.display_name, number=number)
            if entry.with_changes(name=name).identity not in taken:
                return name
            number += 1

    def _build(self, entry: UserModelEntry | None) -> None:
        is_new = self._replacing is None
        intro = self.tr("Provide the exact model ID used by the provider's API.")
        if self._source is None:
            self.setWindowTitle(self.tr("Add Model"))
            intro = self.tr(
                "Add a model from an existing provider. Provide the exact model ID used by the provider's API."
            )
        else:
            self.setWindowTitle(self.tr("Duplicate Model") if is_new else self.tr("Edit Model"))
        self.form = ModelForm(intro, self)
        self._scroll = ContentScroll(self.form, self)
        self._scroll.setObjectName("model_form_scroll")
        self._help = QLabel(self.tr("With Default nothing is set, and the value in brackets applies."), self)
        self._help.setObjectName("field_help")
        self._help.setWordWrap(True)
        self._help.setTextFormat(Qt.TextFormat.PlainText)
        self._help.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._help.setFixedHeight(2 * self.fontMetrics().lineSpacing())
        self._help.hide()
        # Before the buttons: Tab comes by in the order of making.
        self.measuring = ModelMeasuring(
            self._registry, self.form, self._engine, entry if self._replacing is not None else None, self
        )
        self._buttons = QDialogButtonBox(self)
        self._buttons.setContentsMargins(0, 0, edge_margin(self), 0)
        self.ok_button = self._buttons.addButton(
            self.tr("&Add Model") if is_new else self.tr("&Save"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.ok_button.setObjectName("ok")
        self.ok_button.setDefault(True)
        self.cancel_button = self._buttons.addButton(self.tr("&Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self.cancel_button.setObjectName("cancel")
        self._refusal = FieldError(self.ok_button, parent=self)
        self._lay_out()
        self._fit = DialogFit(self, self._scroll, width_em=118)
        self.form.load(entry)
        self._offer_providers()
        self.form.changed.connect(self._note_change)
        self.form.resized.connect(self._resize)
        self.form.helped.connect(self._help.setText)
        self.form.providers_requested.connect(self.providers_requested)
        self.measuring.measure_button.clicked.connect(self._measure)
        self.measuring.suggest_button.clicked.connect(self._suggest)
        self.measuring.resized.connect(self._resize)
        self.measuring.providers_wanted.connect(self.providers_requested)
        self.measuring.pointed.connect(self._scroll.ensureWidgetVisible)
        self._buttons.accepted.connect(self._submit)
        self._buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        pane = QHBoxLayout()
        pane.setContentsMargins(0, 0, edge_margin(self), 0)
        pane.addWidget(self.measuring.pane)
        foot = QHBoxLayout()
        foot.addWidget(self.measuring.measure_button)
        foot.addWidget(self.measuring.suggest_button)
        foot.addWidget(self._buttons, 1)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self._refusal)
        layout.addWidget(self._help)
        layout.addLayout(pane)
        layout.addLayout(foot)

    def _show_models(self) -> None:
        """Completes from what is known of the chosen provider; nobody is asked before the person does something."""
        chosen = self.form.provider.chosen
        self.set_offered_models(())
        self.form.model_id.set_can_ask(self._engine is not None and chosen is not None and chosen.ready)
        self.form.errors["model_id"].show_hint("")
        self._offers.show(None if chosen is None else (chosen.provider_type, chosen.provider_id))

    @Slot(bool)
    def _ask_for_models(self, expressly: bool) -> None:
        chosen = self.form.provider.chosen
        if chosen is not None and chosen.ready:
            self._offers.ask((chosen.provider_type, chosen.provider_id), again=expressly)

    @Slot(object, object)
    def _offer_models(self, _key: object, model_ids: Sequence[str]) -> None:
        self.form.errors["model_id"].show_hint("")
        self.set_offered_models(model_ids)

    @Slot(object, object)
    def _note_no_models(self, _key: object, error: MusterError) -> None:
        words = self.tr("No list to complete from. {reason}").format(reason=tr_core(error.title))
        self.form.errors["model_id"].show_hint(words)

    @Slot()
    def _offer_providers(self) -> None:
        offered = list(self._registry.available_providers(wait=False))
        chosen = self.form.provider.chosen
        kept: list[tuple[str, str]] = (
            [] if self._source is None else [(self._source.provider_type, self._source.provider_id)]
        )
        kept += [] if chosen is None else [(chosen.provider_type, chosen.provider_id)]
        for key in dict.fromkeys(kept):
            if not any((provider.provider_type, provider.provider_id) == key for provider in offered):
                offered.insert(0, self._unready(*key))
        self.form.offer_providers(offered)
        self._recheck()

    def _unready(self, provider_type: str, provider_id: str) -> OfferedProvider:
        """A provider that cannot be chosen for a new model now, and that stays chosen here."""
        for provider in self._registry.all_providers():
            if (provider.provider_type, provider.provider_id) == (provider_type, provider_id):
                return provider
        label = provider_id if provider_id.strip() else self.tr("(none)")
        return OfferedProvider(
            provider_type, provider_id, label, ready=False, reason=self.tr("There is no such provider.")
        )

    def _problems(self) -> list[FieldProblem]:
        found = self.form.own_problems()
        fields = {problem.field for problem in found}
        found += [
            FieldProblem(problem.field, tr_core(problem.title), tr_core(problem.hint))
            for problem in check_entry(self._registry, self.form.draft(), replacing=self._replacing)
            if problem.field not in fields
        ]
        return found

    def _notes(self) -> list[FieldProblem]:
        """What is worth saying and keeps nobody from saving."""
        chosen = self.form.provider.chosen
        if chosen is None or chosen.ready:
            return []
        return [FieldProblem("provider_id", tr_core(chosen.reason), blocks=False)]

    def _may_be_shown(self, problem: FieldProblem) -> bool:
        """Whether a mistake is told already: an empty field is none before the person has been there."""
        if self._was_submitted or problem.field in self._touched or self._replacing is not None:
            return True
        if problem.field == "model_id":
            return bool(self.form.model_id.text())
        return problem.field != "provider_id" or self.form.provider.chosen is not None

    @Slot()
    def _recheck(self) -> None:
        problems = [problem for problem in self._problems() if self._may_be_shown(problem)]
        self.form.show_problems([*problems, *self._notes()])
        if self.isVisible():
            self._fit.grow()

    @Slot(str)
    def _note_change(self, field: str) -> None:
        if field == "provider_id":
            self._show_models()
        if field in ("provider_id", "model_id"):
            self.measuring.note_target()
        self._touched.add(field)
        self._refusal.clear()
        self._recheck()

    @Slot()
    def _resize(self) -> None:
        self._help.setVisible(self.form.advanced.is_open)
        self._fit.grow()

    @Slot()
    def _measure(self) -> None:
        if self._says_which_model():
            self.measuring.measure()

    @Slot()
    def _suggest(self) -> None:
        if self._says_which_model():
            self.measuring.suggest()

    def _says_which_model(self) -> bool:
        """Whether provider and model ID are there; tells what is missing where they are not."""
        needed = ("provider_id", "model_id")
        missing = next((problem for problem in self._problems() if problem.field in needed), None)
        if missing is not None:
            self._touched.update(needed)
            self._recheck()
            self.form.focus(missing.field)
        return missing is None

    @Slot()
    def _discard(self) -> None:
        super().reject()

    @Slot()
    def _submit(self) -> None:
        self._was_submitted = True
        self._refusal.clear()
        problems = self._problems()
        self.form.show_problems([*problems, *self._notes()])
        if not problems:
            self._submitted = self.form.draft()
            self.submitted.emit(self._submitted)
            return
        order = {name: place for place, name in enumerate(("provider_id", "model_id", "name", *OVERRIDABLE))}
        first = min(problems, key=lambda problem: order.get(problem.field, len(order)))
        if self.form.knows(first.field):
            self.form.focus(first.field)
        else:
            self._refusal.show_problem(first.title, first.hint)
        self._fit.grow()
