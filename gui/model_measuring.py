"""Measuring and suggesting in the model dialog: for the draft as it is typed, whether registered or not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from core.entry import UserModelEntry
from core.errors import MusterError
from core.evidence import FieldOrigin
from core.offered_models import OfferedModel
from core.registry import Registry
from core.verdicts import Limits, Report
from gui.buttons import push_button
from gui.evidence_store import EntryEvidence, EvidenceStore, program_evidence
from gui.field_marks import NO_FINDING, Finding, MarkKind, SaidValue, findings_of, measured_values
from gui.measuring_jobs import PreparedJob, measure_job, running
from gui.measuring_pane import MeasuringPane
from gui.receipt_view import ReceiptDialog
from gui.receipts import Receipts
from gui.suggesting import Suggesting
from gui.words import tr_core

if TYPE_CHECKING:
    from gui.engine_host import EngineHost
    from gui.model_form import ModelForm

Target = tuple[str, str, str]


class ModelMeasuring(QObject):
    """The buttons *Measure…* and *Suggest*, the pane that they open, and what is said beside each field.

    Nothing is written into the form without a click, and nothing into the roll at all: that is the dialog's way. What
    was found counts for the provider and model ID that it was found for; it is out of sight while another is typed.
    """

    resized = Signal()
    providers_wanted = Signal()
    pointed = Signal(object)
    """The widget that is to be looked at first."""

    def __init__(
        self,
        registry: Registry,
        form: ModelForm,
        engine: EngineHost | None,
        entry: UserModelEntry | None,
        parent: QWidget,
        *,
        store: EvidenceStore | None = None,
    ) -> None:
        super().__init__(parent)
        self._registry = registry
        self._form = form
        self._engine = engine
        self._entry = entry
        self._window = parent
        self._store = store or program_evidence()
        self._kept = EntryEvidence()
        self._measured_target: Target = ("", "", "")
        self._report: tuple[Target, Report] | None = None
        self._is_kept = False
        self._suggested: tuple[Target, dict[str, SaidValue]] | None = None
        self._offers_suggestions = False
        self._refusal: MusterError | None = None
        self._receipts = Receipts(self)
        self._suggesting = Suggesting(registry, engine, self) if engine is not None else None
        self.measure_button = push_button("measure", self.tr("&Measure…"), "microscope", parent)
        self.measure_button.setToolTip(self.tr("Ask the model itself what it can do"))
        self.suggest_button = push_button("suggest", self.tr("Su&ggest"), "bulb", parent)
        self.suggest_button.setToolTip(self.tr("Show what the endpoint declares and the catalogue says; asks no model"))
        for button in (self.measure_button, self.suggest_button):
            button.setVisible(engine is not None)
        self.pane = MeasuringPane(registry, form.draft, self._begin, parent)
        self.pane.measured.connect(self._take_report)
        self.pane.use_all_wanted.connect(self.use_all)
        self.pane.providers_wanted.connect(self.providers_wanted)
        self.pane.resized.connect(self._note_pane)
        form.overrides.receipt_wanted.connect(self.show_receipt)
        self._receipts.use_wanted.connect(self._use_measured)
        if self._suggesting is not None:
            self._suggesting.found.connect(self._take_suggestions)
            self._suggesting.refused.connect(self._note_refusal)
            self._suggesting.described.connect(self._keep_seen)
        if entry is not None and entry.id is not None:
            self._store.look_up(registry, entry, self, self._take_kept)

    @property
    def receipt(self) -> ReceiptDialog | None:
        """The receipt that is open."""
        return self._receipts.dialog

    def set_enabled(self, is_enabled: bool) -> None:
        """Whether measuring and suggesting can be asked for now."""
        self.measure_button.setEnabled(is_enabled and not self.pane.is_running)
        self.suggest_button.setEnabled(is_enabled and not self.pane.is_running)
        self.pane.setEnabled(is_enabled)

    def measure(self) -> None:
        """Say what measuring costs, and wait for *Start*."""
        if self._kept.report is not None:
            self.pane.set_last_cost(self._kept.report.calls, self._kept.report.tokens)
        self._form.advanced.set_open(True)
        self.pane.ask()

    def suggest(self) -> None:
        """Show what could be filled in, with where it comes from."""
        if self._suggesting is None or self.pane.is_running:
            return
        self._refusal = None
        self._form.advanced.set_open(True)
        self._suggesting.look(self._form.draft())
        self.suggest_button.setEnabled(False)

    @Slot(object)
    def _keep_seen(self, offered: OfferedModel) -> None:
        if self._entry is not None and _target(self._form.draft()) == _target(self._entry):
            self._store.keep_seen(self._registry, [(self._entry, offered)])

    def note_target(self) -> None:
        """The provider or the model ID has changed: what was found may be about another model now."""
        if self._suggesting is not None and self._suggesting.is_looking:
            self._suggesting.stop()
            self.suggest_button.setEnabled(not self.pane.is_running)
        self.pane.close_pane()
        self.show_findings()

    def stop(self) -> None:
        """The dialog closes: a measurement of the stored model ends with what it has; all else is given up."""
        entry_id = self._entry.id if self._entry is not None else None
        if self._entry is not None and entry_id is not None and self._measured_target == _target(self._entry):
            self._hand_over(entry_id)
        self.pane.give_up()
        if self._suggesting is not None:
            self._suggesting.stop()

    @Slot()
    def use_all(self) -> None:
        """Show every measured value in the form, or every suggested one where that is what was asked for."""
        self._form.overrides.use_values(self._all_values().items())

    def _all_values(self) -> dict[str, SaidValue]:
        """What `use_all` takes over."""
        if self._offers_suggestions:
            marks = {name: row.mark for name, row in self._form.overrides.rows.items()}
            return {name: mark.offer for name, mark in marks.items() if mark.offer is not None}
        report = self._report_here()
        return measured_values(report, report.at) if report is not None else {}

    def keep(self, submitted: UserModelEntry) -> None:
        """The draft is on the roll now: keep its evidence, and where its values came from."""
        stored = next((entry for entry in self._registry.entries() if entry.identity == submitted.identity), None)
        if stored is None or stored.id is None:
            return
        if self._measured_target == _target(stored):
            self._hand_over(stored.id)
        if self._report is not None and self._report[0] == _target(stored) and not self._is_kept:
            self._store.keep_report(stored.id, self._report[1])
        self._store.keep_origins(stored, self._form.overrides.origins)

    def _hand_over(self, entry_id: str) -> None:
        job = self.pane.hand_over() if self.pane.is_running else None
        if job is not None:
            self._store.keep_when_measured(entry_id, job)

    # ------------------------------------------------------------------------------------------------------- findings

    def show_findings(self) -> None:
        """Say beside each field what is known about it now."""
        draft = self._form.draft()
        known: dict[str, Finding] = {}
        if self._entry is not None and _target(self._entry) == _target(draft):
            known = self._kept.findings(self._entry.overrides)
        report = self._report_here()
        if report is not None:
            leaves_open = report.partial or not report.is_decided
            for name, finding in findings_of(report).items():
                before = known.get(name, NO_FINDING)
                if leaves_open and finding.measured and not finding.measured.is_decided and before.measured:
                    continue  # it did not get there: what was known of it is known still
                known[name] = replace(before, measured=finding.measured)
        suggested = self._suggested[1] if self._suggested is not None and self._suggested[0] == _target(draft) else {}
        for name, said in suggested.items():
            known[name] = replace(known.get(name, NO_FINDING), suggested=said)
        rows = self._form.overrides.rows
        for name, row in rows.items():
            if row.origin is not None:  # taken over in this form
                known[name] = replace(known.get(name, NO_FINDING), origin=row.origin)
        self._form.overrides.show_findings(known)

    @Slot(str)
    def show_receipt(self, field: str) -> None:
        """Open the receipt of that field's measurement."""
        row = self._form.overrides.rows[field]
        offer = row.mark.offer
        can_use = offer is not None and offer.source is FieldOrigin.MEASURED
        self._receipts.show(row.finding, can_use=can_use, window=self._window)

    @Slot(str)
    def _use_measured(self, field: str) -> None:
        self._form.overrides.rows[field].use_offer()

    def _take_kept(self, evidence: EntryEvidence) -> None:
        self._kept = evidence
        self.show_findings()

    # ------------------------------------------------------------------------------------------------------ measuring

    def _begin(self, limits: Limits) -> PreparedJob:
        engine = running(self._engine)
        self._measured_target = _target(self._form.draft())
        self._offers_suggestions = False
        return measure_job(engine, self._registry, self._form.draft(), limits=limits)

    @Slot(object)
    def _take_report(self, report: Report) -> None:
        self._report = (self._measured_target, report)
        entry = self._entry
        self._is_kept = entry is not None and entry.id is not None and _target(entry) == self._measured_target
        if self._is_kept and entry is not None and entry.id is not None:
            # What the endpoint did is a fact, whether the draft is saved or not.
            self._store.keep_report(entry.id, report)
        self.show_findings()
        self._point_at_news()

    def _point_at_news(self) -> None:
        """Opens what hides a field that can be set, and brings the first into sight; a conflict comes first."""
        self._form.overrides.show_fields(self._all_values())
        rows = [row for row in self._form.overrides.rows.values() if row.mark.offer is not None]
        conflicts = [row for row in rows if row.mark.kind is MarkKind.CONFLICT]
        for row in [*conflicts, *rows][:1]:
            self._form.overrides.reveal(row.spec.name)
            self.pointed.emit(row.evidence)

    def _report_here(self) -> Report | None:
        """The fresh measurement, as long as the draft is still of the model that it was of."""
        if self._report is None or self._report[0] != _target(self._form.draft()):
            return None
        return self._report[1]

    # ------------------------------------------------------------------------------------------------------ suggesting

    @Slot(object)
    def _note_refusal(self, error: MusterError) -> None:
        self._refusal = error

    @Slot(object)
    def _take_suggestions(self, suggested: dict[str, SaidValue]) -> None:
        self._suggested = (_target(self._form.draft()), suggested)
        self.show_findings()
        self._offers_suggestions = True
        rows = self._form.overrides.rows.values()
        count = sum(row.mark.offer is not None for row in rows)
        if count:
            title = self.tr("1 suggestion.") if count == 1 else self.tr("{count} suggestions.").format(count=count)
        else:
            title = self.tr("Nothing else to suggest.") if suggested else self.tr("Nothing is known of this model.")
        words = self.tr("None of it is measured.") if count else "" if suggested else self.tr("Measuring can tell.")
        if self._refusal is not None:
            words = f"{tr_core(self._refusal.title)} {words}"
        self.pane.show_result(title, words, self.tr("Use A&ll Suggested") if count else "")
        self._point_at_news()

    @Slot()
    def _note_pane(self) -> None:
        self.measure_button.setEnabled(not self.pane.is_running)
        self.suggest_button.setEnabled(not self.pane.is_running)
        self.resized.emit()


def _target(entry: UserModelEntry) -> Target:
    return entry.provider_type, entry.provider_id, entry.model_id.strip()
