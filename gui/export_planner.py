"""Plans an export and carries it out, off the window's thread; only the last plan asked for is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from core.errors import MusterError
from core.exporting import ExportPlan, ExportReport, report_of, write_plan
from core.registry import Registry
from gui.worker import run_in_worker


class ExportPlanner(QObject):
    """One dialog's plan. `planned` and `written` carry the `ExportPlan` and its `ExportReport`, `failed` the error."""

    planned = Signal(object, object)
    written = Signal(object, object)
    failed = Signal(object)

    def __init__(self, registry: Registry, parent: QObject) -> None:
        super().__init__(parent)
        self._registry = registry
        self._asked = 0
        self.plan: ExportPlan | None = None
        """What would be written; None while that is not known."""
        self.is_writing = False

    @property
    def can_write(self) -> bool:
        """Whether writing the plan would change anything."""
        return self.plan is not None and self.plan.is_change and not self.is_writing

    def ask(self, make: Callable[[], ExportPlan]) -> None:
        """Makes another plan."""
        if self.is_writing:
            return
        self._asked += 1
        self.plan = None
        registry = self._registry

        def work() -> tuple[ExportPlan, ExportReport]:
            plan = make()
            return plan, report_of(plan, registry)

        run_in_worker(self, work, on_done=partial(self._take, self._asked), on_error=partial(self._fail, self._asked))

    def _take(self, asked: int, planned: tuple[ExportPlan, ExportReport]) -> None:
        if asked == self._asked:
            self.plan, report = planned
            self.planned.emit(self.plan, report)

    def _fail(self, asked: int, error: MusterError) -> None:
        if asked == self._asked:
            self.failed.emit(error)

    def write(self) -> None:
        """Carries the plan out; what is to be decided and was not stays as it is."""
        plan, registry = self.plan, self._registry
        if plan is None or self.is_writing:
            return
        self.is_writing = True
        run_in_worker(
            self, lambda: write_plan(plan, registry), on_done=partial(self._end, plan), on_error=self._end_in_error
        )

    def _end(self, plan: ExportPlan, report: ExportReport) -> None:
        self.is_writing = False
        self.written.emit(plan, report)

    def _end_in_error(self, error: MusterError) -> None:
        self.is_writing = False
        self.failed.emit(error)
