"""Measuring many models: a few at a time for each provider, each told about as it goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from PySide6.QtCore import QObject, Signal

from core.entry import UserModelEntry
from core.errors import MusterError
from core.report_history import DatedVerdict
from core.verdicts import Progress, Report
from gui.measuring_jobs import PreparedJob

StartJob = Callable[[UserModelEntry], PreparedJob]


class MeasuringState(StrEnum):
    """How far the measurement of one model is."""

    WAITING = "waiting"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


_OVER = frozenset({MeasuringState.DONE, MeasuringState.PARTIAL, MeasuringState.FAILED, MeasuringState.CANCELLED})


@dataclass(slots=True)
class Measurement:
    """One model of a batch. `before` is what was decided of each field before, whenever that was."""

    key: str
    entry: UserModelEntry
    state: MeasuringState = MeasuringState.WAITING
    progress: Progress | None = None
    report: Report | None = None
    error: MusterError | None = None
    before: Mapping[str, DatedVerdict] | None = None
    job: PreparedJob | None = field(default=None, repr=False)

    @property
    def told_state(self) -> MeasuringState:
        """How far it is for the person: what was handed over waits as long as nothing is asked."""
        is_in_line = self.state is MeasuringState.RUNNING and self.progress is None
        return MeasuringState.WAITING if is_in_line else self.state

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in _OVER

    @property
    def is_decided(self) -> bool:
        """Whether anything was found."""
        return self.report is not None and self.report.is_decided

    @property
    def calls(self) -> int:
        """Calls made until now."""
        return self.report.calls if self.report else self.progress.calls if self.progress else 0

    @property
    def tokens(self) -> int:
        """Tokens in and out until now."""
        return self.report.tokens if self.report else self.progress.tokens if self.progress else 0


class MeasuringBatch(QObject):
    """Runs the measurements in their order, at most `at_once` of one provider at a time.

    `changed` brings the row of what has news; `measured` that of a report; `finished` comes when all are over.
    """

    changed = Signal(int)
    measured = Signal(int)
    finished = Signal()

    def __init__(self, measurements: Sequence[Measurement], start_job: StartJob, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.measurements = list(measurements)
        self.at_once = 1
        self._start_job = start_job
        self._is_running = False

    @property
    def is_running(self) -> bool:
        """Whether something is under way or still to come."""
        return self._is_running

    @property
    def over_count(self) -> int:
        """How many are over."""
        return sum(measurement.is_over for measurement in self.measurements)

    def start(self) -> None:
        """Begins with what was not measured yet; what failed or was cancelled is tried again."""
        for row, measurement in enumerate(self.measurements):
            if measurement.state in (MeasuringState.FAILED, MeasuringState.CANCELLED):
                measurement.state, measurement.error = MeasuringState.WAITING, None
                measurement.progress = measurement.report = None
                self.changed.emit(row)
        self._is_running = True
        self._go_on()

    def set_at_once(self, count: int) -> None:
        """How many models of one provider are measured at the same time, from now on."""
        self.at_once = max(1, count)
        if self._is_running:
            self._go_on()

    def stop(self, row: int) -> None:
        """Ends that one, and keeps what it has found."""
        measurement = self.measurements[row]
        if measurement.state is MeasuringState.WAITING:
            self._end(row, MeasuringState.CANCELLED)
        elif measurement.state is MeasuringState.RUNNING and measurement.job is not None:
            measurement.state = MeasuringState.STOPPING
            self.changed.emit(row)
            measurement.job.stop_early()

    def stop_all(self) -> None:
        """Ends everything, and keeps what was found."""
        # What waits first, so that no place that gets free is taken.
        rows = range(len(self.measurements))
        for row in sorted(rows, key=lambda row: self.measurements[row].state is not MeasuringState.WAITING):
            self.stop(row)

    def hand_over(self) -> list[tuple[UserModelEntry, PreparedJob]]:
        """Lets everything go at once: the jobs under way, of which this hears no more."""
        self._is_running = False
        jobs = []
        for measurement in self.measurements:
            job, measurement.job = measurement.job, None
            if job is not None:
                measurement.state = MeasuringState.CANCELLED
                for signal in (job.progressed, job.succeeded, job.failed, job.cancelled):
                    signal.disconnect()
                jobs.append((measurement.entry, job))
        return jobs

    def _go_on(self) -> None:
        busy = Counter(
            _provider(measurement)
            for measurement in self.measurements
            if measurement.state in (MeasuringState.RUNNING, MeasuringState.STOPPING)
        )
        for row, measurement in enumerate(self.measurements):
            if measurement.state is MeasuringState.WAITING and busy[_provider(measurement)] < self.at_once:
                busy[_provider(measurement)] += 1
                self._begin(row)
        if self._is_running and all(measurement.is_over for measurement in self.measurements):
            self._is_running = False
            self.finished.emit()

    def _begin(self, row: int) -> None:
        measurement = self.measurements[row]
        measurement.state = MeasuringState.RUNNING
        job = measurement.job = self._start_job(measurement.entry)
        job.progressed.connect(partial(self._take_progress, row))
        job.succeeded.connect(partial(self._take_report, row))
        job.failed.connect(partial(self._take_error, row))
        job.cancelled.connect(partial(self._end, row, MeasuringState.CANCELLED))
        self.changed.emit(row)
        job.start()

    def _take_progress(self, row: int, progress: Progress) -> None:
        self.measurements[row].progress = progress
        self.changed.emit(row)

    def _take_report(self, row: int, report: Report) -> None:
        measurement = self.measurements[row]
        measurement.report = report
        if not report.partial:
            state = MeasuringState.DONE
        elif measurement.is_decided:
            state = MeasuringState.PARTIAL
        else:
            is_stopped = measurement.state is MeasuringState.STOPPING
            state = MeasuringState.CANCELLED if is_stopped else MeasuringState.FAILED
        self.measured.emit(row)
        self._end(row, state)

    def _take_error(self, row: int, error: MusterError) -> None:
        self.measurements[row].error = error
        self._end(row, MeasuringState.FAILED)

    def _end(self, row: int, state: MeasuringState) -> None:
        measurement = self.measurements[row]
        if measurement.is_over:
            return
        measurement.state, measurement.job = state, None
        self.changed.emit(row)
        if self._is_running:
            self._go_on()


def _provider(measurement: Measurement) -> tuple[str, str]:
    return measurement.entry.provider_type, measurement.entry.provider_id
