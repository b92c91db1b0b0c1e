"""Work that may block (the file, the lock, the keyring): done on a thread of the pool, its end told on the caller's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QThreadPool, Signal, Slot
from shiboken6 import isValid

from core.collector import hold_collector, release_collector
from core.errors import MusterError

_log = logging.getLogger(__name__)
_running: set[WorkerJob] = set()


class WorkerJob(QObject):
    """One piece of work: either `succeeded` brings what the function gave, or `failed` a `MusterError`."""

    succeeded = Signal(object)
    failed = Signal(object)
    _ended = Signal(object, object)

    def __init__(self, function: Callable[[], Any]) -> None:
        super().__init__()
        self._function = function
        self._ended.connect(self._tell)

    def start(self) -> None:
        """Begins on the next free thread."""
        _running.add(self)
        # What is collected is freed on the thread that collects, and a widget or a timer must be on the window's.
        hold_collector()
        QThreadPool.globalInstance().start(self._work)

    def _work(self) -> None:
        result: object = None
        error: MusterError | None = None
        try:
            result = self._function()
        except MusterError as raised:
            error = raised
        except Exception:  # noqa: BLE001 (the end of a thread: it is logged whole, and told in words)
            _log.exception("Work failed unexpectedly")
            error = MusterError(
                "Something went wrong inside Muster.", "The log has the details: Help, Open Log Folder."
            )
        try:
            self._ended.emit(result, error)
        except RuntimeError:
            # The program has ended meanwhile and Qt took this object along: nobody is left who could be told.
            if isValid(self):
                raise
            release_collector()

    @Slot(object, object)
    def _tell(self, result: object, error: MusterError | None) -> None:
        _running.discard(self)
        release_collector()
        if error is None:
            self.succeeded.emit(result)
        else:
            self.failed.emit(error)


def run_in_worker(
    parent: QObject,
    function: Callable[[], Any],
    *,
    on_done: Callable[[Any], object] | None = None,
    on_error: Callable[[MusterError], object] | None = None,
) -> WorkerJob:
    """Starts `function` on a worker thread; the callbacks come on the caller's, and only while `parent` lives."""
    job = WorkerJob(function)

    def deliver(callback: Callable[[Any], object] | None, value: Any) -> None:
        if callback is not None and isValid(parent):
            callback(value)

    # Both signals leave `WorkerJob._tell`, which runs on this thread already.
    job.succeeded.connect(lambda value: deliver(on_done, value))
    job.failed.connect(lambda error: deliver(on_error, error))
    job.start()
    return job


def wait_for_workers(timeout_ms: int = 10_000) -> bool:
    """Whether all work ended within the time; for the end of the program."""
    return QThreadPool.globalInstance().waitForDone(timeout_ms)
