"""The panel *Evidence*: what was measured of the selected model, beside what is set, with the proof on a click."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, QTimer, Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from core.entry import UserModelEntry
from core.errors import MusterError
from core.registry import Registry
from core.verdicts import Limits, Report
from gui.empty_state import EmptyState
from gui.evidence_list import EvidenceRow, evidence_rows
from gui.evidence_page import EvidencePage
from gui.evidence_store import EntryEvidence, EvidenceStore, program_evidence
from gui.field_marks import Finding, SaidValue, measured_values, same_setting
from gui.measuring_jobs import PreparedJob, measure_job, running
from gui.measuring_pane import MeasuringPane, PaneState
from gui.receipt_view import ReceiptDialog
from gui.receipts import Receipts
from gui.saving import Saver

if TYPE_CHECKING:
    from gui.engine_host import EngineHost
    from gui.roll_items import RollItem


_PATIENCE_MS: Final = 150
"""So long the page of the model before stays while another's evidence is read."""


class EvidencePanel(QWidget):
    """Shows one model's evidence, measures it again, and takes measured values over as one undoable edit.

    `refused` carries a `MusterError` where an edit could not be made; `providers_wanted` asks for the Providers dialog.
    A measurement under way goes on when another model is selected; its evidence is kept for the model that it was of.
    """

    refused = Signal(object)
    providers_wanted = Signal()

    def __init__(
        self,
        registry: Registry,
        saver: Saver,
        engine: Callable[[], EngineHost | None],
        *,
        store: EvidenceStore | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("evidence_panel")
        self._registry = registry
        self._saver = saver
        self._engine = engine
        self._store = store or program_evidence()
        self._item: RollItem | None = None
        self._evidence = EntryEvidence()
        self._findings: dict[str, Finding] = {}
        self._receipts = Receipts(self)
        self._receipts.use_wanted.connect(self.use_measured)
        self._panes: dict[str, MeasuringPane] = {}
        self._is_reading = False
        self._patience = QTimer(self, interval=_PATIENCE_MS, singleShot=True)
        self._patience.timeout.connect(self._show_reading)
        self._build()
        self._store.changed.connect(self._note_change)
        self._store.refused.connect(self._give_up_reading)

    @property
    def rows(self) -> list[EvidenceRow]:
        """What is known of the shown model, by field."""
        entry = self._entry
        return [] if entry is None else evidence_rows(entry, self._findings)

    @property
    def receipt(self) -> ReceiptDialog | None:
        """The receipt that is open."""
        return self._receipts.dialog

    @property
    def pane(self) -> MeasuringPane | None:
        """The shown model's measurement, where one was asked for."""
        return self._panes.get(self._item.key) if self._item is not None else None

    def show_item(self, item: RollItem | None) -> None:
        """Shows that row's evidence; without one, that none is selected."""
        is_same = item is not None and self._item is not None and item.key == self._item.key
        if item is not None and self._item is not None and item.row == self._item.row:
            return
        self._item = item if item is not None and item.row.entry is not None else None
        if not is_same:
            self._evidence, self._findings = EntryEvidence(), {}
            self._is_reading = self._item is not None
        for key, pane in self._panes.items():
            self._show_pane(key, pane)
        self._look_up()

    @Slot()
    def measure(self) -> None:
        """Says what measuring costs, and waits for *Start*."""
        if self._item is None:
            return
        key = self._item.key
        pane = self._panes.get(key)
        if pane is None:
            pane = self._panes[key] = self._make_pane(key)
        self._show_pane(key, pane)
        report = self._evidence.report
        if report is not None:
            pane.set_last_cost(report.calls, report.tokens)
        pane.ask()

    @override
    def sizeHint(self) -> QSize:
        unit = self.fontMetrics().height()
        return QSize(unit * 20, unit * 36)

    # ---------------------------------------------------------------------------------------------------- composition

    def _build(self) -> None:
        self._pages = QStackedWidget()
        self._nothing = EmptyState(
            "no_evidence_selection", "microscope", "", self.tr("Select a model to see its evidence."), is_quiet=True
        )
        self._empty = EmptyState(
            "no_evidence",
            "microscope",
            self.tr("Not measured yet"),
            self.tr("Measuring asks the model itself what it can do, and keeps the proof."),
            primary=self.tr("Measure…"),
            primary_icon="microscope",
            is_narrow=True,
        )
        self._empty.primary.connect(self.measure)
        self._reading = EmptyState("evidence_reading", "microscope", "", self.tr("Reading…"), is_quiet=True)
        self.page = EvidencePage()
        for page in (self._nothing, self._empty, self._reading, self.page):
            self._pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._pages, 1)
        self.page.measure_wanted.connect(self.measure)
        self.page.receipt_wanted.connect(self.show_receipt)
        self.page.use_wanted.connect(self.use_measured)
        self.page.use_all_wanted.connect(self.use_all_measured)
        self._pages.setCurrentWidget(self._nothing)

    # --------------------------------------------------------------------------------------------------------- facts

    @property
    def _entry(self) -> UserModelEntry | None:
        return self._item.row.entry if self._item is not None else None

    def _look_up(self) -> None:
        entry = self._entry
        self._show()
        if entry is None:
            return
        self._store.look_up(
            self._registry, entry, self, lambda evidence: self._take(entry, evidence) if self._entry == entry else None
        )

    def _take(self, entry: UserModelEntry, evidence: EntryEvidence) -> None:
        self._is_reading = False
        self._evidence = evidence
        self._findings = evidence.findings(entry.overrides)
        self._show()

    @Slot()
    def _give_up_reading(self) -> None:
        if self._is_reading:
            self._is_reading = False
            self._show()

    @Slot()
    def _show_reading(self) -> None:
        if self._is_reading:
            self._pages.setCurrentWidget(self._reading)

    @Slot(str)
    def _note_change(self, entry_id: str) -> None:
        entry = self._entry
        if entry is not None and entry.id == entry_id:
            self._look_up()

    def _show(self) -> None:
        # While it is read, nothing is known: neither that the model was measured nor that it was not.
        if self._entry is None:
            self._pages.setCurrentWidget(self._nothing)
        elif self._is_reading:
            if not self._patience.isActive():
                self._patience.start()
        elif self._evidence.report is None and not self.rows:
            self._pages.setCurrentWidget(self._empty)
        else:
            can_write, can_use_all = self._registry.read_only_reason is None, bool(self._measured_values())
            self.page.show_evidence(self._evidence, self.rows, can_write=can_write, can_use_all=can_use_all)
            self._pages.setCurrentWidget(self.page)
        self._show_measuring()

    @Slot()
    def _show_measuring(self) -> None:
        is_shown = self.pane is not None and self.pane.state is not PaneState.HIDDEN
        self.page.measure_button.setEnabled(not is_shown)
        self._empty.primary_button.setEnabled(not is_shown)

    # ------------------------------------------------------------------------------------------------------ receipts

    @Slot(str)
    def show_receipt(self, field: str) -> None:
        """Opens the receipt of that field; with the one before, where the verdict flipped."""
        finding = self._findings.get(field)
        if finding is not None:
            row = next((row for row in self.rows if row.spec.name == field), None)
            can_use = row is not None and row.mark.offer is not None and self._registry.read_only_reason is None
            self._receipts.show(finding, can_use=can_use, window=self.window())

    # -------------------------------------------------------------------------------------------------------- values

    @Slot(str)
    def use_measured(self, field: str) -> None:
        """Gives that field its measured value, as one edit."""
        row = next((row for row in self.rows if row.spec.name == field), None)
        if row is not None and row.mark.offer is not None:
            self._write({field: row.mark.offer})

    @Slot()
    def use_all_measured(self) -> None:
        """Gives every field what was measured, as one edit."""
        self._write(self._measured_values())

    def _measured_values(self) -> dict[str, SaidValue]:
        """What *Use All Measured* would change."""
        report, entry = self._evidence.report, self._entry
        if report is None or entry is None:
            return {}
        stored = entry.overrides or {}
        measured = measured_values(report, self._evidence.at, self._evidence.dates)
        return {
            name: said
            for name, said in measured.items()
            if name not in stored or not same_setting(stored[name], said.value)
        }

    def _write(self, values: dict[str, SaidValue]) -> None:
        item, entry = self._item, self._entry
        if item is None or entry is None or not values:
            return
        overrides = {**(entry.overrides or {}), **{name: said.value for name, said in values.items()}}
        try:
            change = self._registry.plan_replace(item.key, entry.with_changes(overrides=overrides))
            self._saver.commit(change)
        except MusterError as error:
            self.refused.emit(error)
            return
        for written in change.entries:
            self._store.keep_origins(written, {**self._kept_origins(), **values})

    def _kept_origins(self) -> dict[str, SaidValue]:
        return {name: finding.origin for name, finding in self._findings.items() if finding.origin is not None}

    # ----------------------------------------------------------------------------------------------------- measuring

    def _make_pane(self, key: str) -> MeasuringPane:
        pane = MeasuringPane(self._registry, lambda: self._entry_of(key), lambda limits: self._begin(key, limits), self)
        pane.measured.connect(lambda report: self._keep(key, report))
        pane.use_all_wanted.connect(self.use_all_measured)
        pane.providers_wanted.connect(self.providers_wanted)
        pane.state_changed.connect(lambda _state: self._note_pane(key))
        layout = self.layout()
        if layout is not None:
            layout.addWidget(pane)
        return pane

    def _begin(self, key: str, limits: Limits) -> PreparedJob:
        engine, entry = running(self._engine()), self._entry_of(key)
        if entry is None:
            raise MusterError(self.tr("That model is gone."), self.tr("Another program may have removed it."))
        return measure_job(engine, self._registry, entry, limits=limits)

    def _keep(self, key: str, report: Report) -> None:
        entry = self._entry_of(key)
        if entry is not None and entry.id is not None:
            self._store.keep_report(entry.id, report)

    def _entry_of(self, key: str) -> UserModelEntry | None:
        row = self._registry.document.row(key)
        return row.entry if row is not None else None

    def _note_pane(self, key: str) -> None:
        pane = self._panes.get(key)
        if pane is not None and pane.state is PaneState.HIDDEN:
            del self._panes[key]
            pane.deleteLater()
            self.page.list.setFocus()
        self._show_measuring()

    def _show_pane(self, key: str, pane: MeasuringPane) -> None:
        is_shown = self._item is not None and key == self._item.key
        pane.setVisible(is_shown and pane.state is not PaneState.HIDDEN)
