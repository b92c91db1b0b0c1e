"""Plans an export and carries it out, off the window's thread, one plan at a time; only the last asked for is told."""

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
        self._is_planning = False
        self._next: Callable[[], ExportPlan] | None = None
        """What was asked for while another plan is made."""
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
        self.plan = None
        if self._is_planning:
            self._next = make
        else:
            self._make(make)

    def _make(self, make: Callable[[], ExportPlan]) -> None:
        self._is_planning = True
        registry = self._registry

        def work() -> tuple[ExportPlan, ExportReport]:
            plan = make()
            return plan, report_of(plan, registry)

        run_in_worker(self, work, on_done=self._take, on_error=self._fail)

    def _take(self, planned: tuple[ExportPlan, ExportReport]) -> None:
        if self._is_last():
            self.plan, report = planned
            self.planned.emit(self.plan, report)

    def _fail(self, error: MusterError) -> None:
        if self._is_last():
            self.failed.emit(error)

    def _is_last(self) -> bool:
        """Whether no other plan was asked for meanwhile; if one was, it is made now."""
        self._is_planning = False
        make, self._next = self._next, None
        if make is not None:
            self._make(make)
        return make is None

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
