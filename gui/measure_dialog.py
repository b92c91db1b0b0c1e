"""Measuring many models at once: what it will cost, how it goes, what it would change, and one click to use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QLocale, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core.document import Document
from core.entry import UserModelEntry
from core.errors import MusterError
from core.registry import Registry
from core.report_history import DatedVerdict
from gui.buttons import push_button
from gui.edit_notices import EditNotices
from gui.evidence_store import EvidenceStore
from gui.measure_options import MeasureOptions
from gui.measure_table import MeasureTableModel, MeasureTableView
from gui.measured_changes import last_verdicts, note_measured, with_measured
from gui.measuring_batch import Measurement, MeasuringBatch, MeasuringState
from gui.measuring_jobs import Asker, PreparedJob, measure_job
from gui.notices import Notices
from gui.progress_line import ProgressLine
from gui.review_panel import ReviewPanel
from gui.saving import Saver
from gui.scopes import Scope
from gui.verdict_words import cost_words
from gui.words import count_models
from gui.work_dialog import WorkDialog

_SIZE_LINES = (76, 44)


class MeasureDialog(WorkDialog):
    """Measures the rows of a scope. `applied` brings the keys of the rows that were changed.

    Every report goes to the evidence, from which the verdicts come that drift is told against.
    """

    applied = Signal(list)

    def __init__(
        self,
        registry: Registry,
        saver: Saver,
        engine: Asker,
        scopes: Sequence[Scope],
        *,
        is_again: bool = False,
        evidence: EvidenceStore | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("measure", size_lines=_SIZE_LINES, parent=parent)
        self.setWindowTitle(self.tr("Re-measure Models") if is_again else self.tr("Measure Models"))
        self._registry = registry
        self._saver = saver
        self._engine = engine
        self.options = MeasureOptions(registry, scopes, self)
        self._evidence = evidence
        self.batch = MeasuringBatch((), self._start_job, self)
        self.table_model = MeasureTableModel((), self)
        self._build()
        saver.document_changed.connect(self._take_document)
        self._choose_scope()

    # ------------------------------------------------------------------------------------------------------- layout

    def _build(self) -> None:
        height = self.fontMetrics().height()
        self.table = MeasureTableView(self.table_model)
        self.panel = ReviewPanel()
        self.splitter = QSplitter(Qt.Orientation.Vertical, self)
        self.splitter.setObjectName("measure_panels")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(self.panel)
        self.splitter.setSizes([height * 16, height * 16])
        self.progress = ProgressLine("measure", self)
        self.notices = Notices(self)
        self._edit_notices = EditNotices(self.notices, self._saver, self)
        layout = QVBoxLayout(self)
        layout.setSpacing(height // 2)
        layout.addWidget(self.options)
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.progress)
        layout.addWidget(self.notices.area)
        layout.addLayout(self._build_buttons())
        self.options.scope_chosen.connect(self._choose_scope)
        self.options.at_once_chosen.connect(self._choose_at_once)
        self.panel.changed.connect(self._allow)

    def _build_buttons(self) -> QHBoxLayout:
        self.stop_button = push_button("measure_stop", self.tr("Sto&p Selected"), "player-stop", self)
        self.stop_all_button = push_button("measure_stop_all", self.tr("&Stop All"), "player-stop", self)
        self.start_button = push_button("measure_start", self.tr("&Measure"), "microscope", self)
        self.apply_button = push_button("measure_apply", self.tr("&Apply to All"), "check", self)
        self.start_button.setDefault(True)
        self.stop_button.clicked.connect(self._stop_selected)
        self.stop_all_button.clicked.connect(self._stop_all)
        self.start_button.clicked.connect(self.start)
        self.apply_button.clicked.connect(self.apply)
        return self.button_row([self.stop_button, self.stop_all_button], [self.start_button, self.apply_button])

    # ------------------------------------------------------------------------------------------------------- what runs

    def _load_last_verdicts(self) -> None:
        if self._evidence is not None:
            ids = [one.entry.id for one in self.batch.measurements if one.entry.id is not None]
            self._evidence.use(partial(last_verdicts, ids), self, self._take_last_verdicts)

    def _take_last_verdicts(self, verdicts: Mapping[str, Mapping[str, DatedVerdict]]) -> None:
        for measurement in self.batch.measurements:
            measurement.before = verdicts.get(measurement.entry.id or "")
        self.panel.show_again()

    @Slot()
    def start(self) -> None:
        """Begins, or goes on with what failed or was stopped before it began."""
        self.batch.start()
        if not self.table.selected_rows():
            self.table.selectRow(0)
        self._show_state()
        self.table.setFocus()

    @Slot()
    def _choose_scope(self) -> None:
        """Shows the rows of the chosen scope, none of them measured yet."""
        measurements = [Measurement(row.key, row.entry) for row in self.options.rows if row.entry is not None]
        old_batch, old_model = self.batch, self.table_model
        self.batch = MeasuringBatch(measurements, self._start_job, self)
        self.batch.set_at_once(self.options.at_once)
        self.table_model = MeasureTableModel(self.batch.measurements, self)
        self.table.setModel(self.table_model)
        self.table.selectionModel().selectionChanged.connect(self._allow)
        self.batch.changed.connect(self.table_model.tell_changed)
        self.batch.changed.connect(self._show_state)
        self.batch.measured.connect(self._take_report)
        self.batch.finished.connect(self._finish)
        old_batch.deleteLater()
        old_model.deleteLater()
        self.panel.clear()
        self._load_last_verdicts()
        self._show_state()

    @Slot(int)
    def _choose_at_once(self, count: int) -> None:
        self.batch.set_at_once(count)

    @Slot()
    def _stop_all(self) -> None:
        self.batch.stop_all()

    def _start_job(self, entry: UserModelEntry) -> PreparedJob:
        return measure_job(self._engine, self._registry, entry, limits=self.options.limits, parent=self)

    @Slot()
    def _stop_selected(self) -> None:
        for row in self.table.selected_rows():
            self.batch.stop(row)

    @Slot(int)
    def _take_report(self, row: int) -> None:
        measurement = self.batch.measurements[row]
        report, entry_id = measurement.report, measurement.entry.id
        if report is not None and self._evidence is not None and entry_id is not None:
            self._evidence.keep_report(entry_id, report)
        self.panel.show_measurement(measurement)

    @Slot()
    def _finish(self) -> None:
        self._show_state()
        flips = self.panel.review.flip_count()
        if flips:
            self.notices.show(
                self.tr("1 result flipped since last time.")
                if flips == 1
                else self.tr("{count} results flipped since last time.").format(count=flips),
                kind="warning",
            )
        if self.apply_button.isEnabled():
            self.apply_button.setDefault(True)
            self.apply_button.setFocus()

    @Slot()
    def apply(self) -> None:
        """Uses what was measured, as far as it is ticked, in one edit that one undo takes back."""
        entries = {}
        chosen = self.panel.review.chosen()
        for key, changes in chosen.items():
            row = self._registry.document.row(key)
            if row is not None and row.entry is not None:
                entries[key] = with_measured(row.entry, changes)
        try:
            change = self._registry.plan_replace_many(
                entries, text=self.tr("Apply measurements to {models}").format(models=count_models(len(entries)))
            )
            if change.base is not change.after:
                self._saver.commit(change)
        except MusterError as error:
            self.notices.show_error(error)
            return
        if self._evidence is not None:
            names = {key: [change.name for change in changes] for key, changes in chosen.items()}
            self._evidence.use(partial(note_measured, change.entries, names), self)
        self.applied.emit(list(entries))
        self._edit_notices.show(self.tr("Applied to {models}.").format(models=count_models(len(entries))))

    @Slot(object)
    def _take_document(self, document: Document) -> None:
        """Compares with the settings as they are now."""
        changed = False
        for measurement in self.batch.measurements:
            row = document.row(measurement.key)
            if row is not None and row.entry is not None and row.entry != measurement.entry:
                measurement.entry = row.entry
                changed = True
        if changed:
            self.panel.show_again()
        self._allow()

    # ------------------------------------------------------------------------------------------------------- showing

    @Slot()
    def _show_state(self) -> None:
        measurements = self.batch.measurements
        over, count = self.batch.over_count, len(measurements)
        cost = cost_words(sum(one.calls for one in measurements), sum(one.tokens for one in measurements))
        self.progress.bar.setRange(0, max(1, count * 100))
        self.progress.bar.setValue(sum(_hundredths(one) for one in measurements))
        if self.batch.is_running:
            words = self.tr("Measured {over} of {count} · {cost}").format(
                over=QLocale().toString(over), count=QLocale().toString(count), cost=cost
            )
        elif over:
            found = sum(one.is_decided for one in measurements)
            words = self.tr("Finished: {found} of {count} measured · {cost}").format(
                found=QLocale().toString(found), count=QLocale().toString(count), cost=cost
            )
        else:
            words = self.tr("{models} to measure").format(models=count_models(count))
        self.progress.label.setText(words)
        self._allow()

    @Slot()
    def _allow(self) -> None:
        running = self.batch.is_running
        started = any(one.state is not MeasuringState.WAITING for one in self.batch.measurements)
        unfinished = (MeasuringState.FAILED, MeasuringState.CANCELLED)
        again = sum(one.state in unfinished for one in self.batch.measurements)
        self.options.lock(started)
        self.start_button.setEnabled(not running and bool(self.batch.measurements) and (not started or again > 0))
        tries_rest = again > 0 and started and not running
        self.start_button.setText(self.tr("&Measure the Rest") if tries_rest else self.tr("&Measure"))
        self.start_button.setToolTip(
            self.tr("Again only what failed or was stopped: {models}").format(models=count_models(again))
            if tries_rest
            else ""
        )
        self.stop_all_button.setEnabled(running)
        self.stop_button.setEnabled(
            running and any(not self.batch.measurements[row].is_over for row in self.table.selected_rows())
        )
        chosen = self.panel.review.chosen()
        can_write = self._registry.read_only_reason is None
        self.apply_button.setEnabled(bool(chosen) and not running and can_write)
        count = sum(len(changes) for changes in chosen.values())
        self.apply_button.setToolTip(
            self.tr("{count} changes in {models}, one undo").format(count=count, models=count_models(len(chosen)))
            if chosen
            else self.tr("Nothing would change")
        )

    # ------------------------------------------------------------------------------------------------------- closing

    @property
    @override
    def is_working(self) -> bool:
        return self.batch.is_running

    @override
    def give_up(self) -> None:
        for entry, job in self.batch.hand_over():
            if self._evidence is not None and entry.id is not None:
                self._evidence.keep_when_measured(entry.id, job)
            else:
                job.cancel()

    @override
    def stop_question(self) -> str:
        return self.tr("Stop measuring? What was measured until now is kept as evidence.")


def _hundredths(measurement: Measurement) -> int:
    if measurement.is_over:
        return 100
    progress = measurement.progress
    return round(100 * min(1.0, progress.step / progress.of)) if progress is not None and progress.of else 0
