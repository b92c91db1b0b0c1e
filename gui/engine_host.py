"""The engine's process as the window sees it: `EngineHost` starts it, asks it, and starts it again when it dies.

All network traffic is over there; here is a `QProcess`, whose lines `core.protocol` reads and writes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QCoreApplication, QObject, QProcess, QProcessEnvironment, QTimer, Signal, Slot

import core
from core.connection_report import ConnectionReport
from core.errors import MusterError
from core.log import REDACTION
from core.protocol import (
    PROTOCOL_VERSION,
    LineDecoder,
    Message,
    PendingRequests,
    ProtocolError,
    RestartRule,
    encode,
    engine_command,
    engine_died,
    engine_environment,
    engine_not_started,
)
from core.providers import ModelListing
from core.run_spec import Delta, RunResult, RunSpec
from gui.jobs import Job
from gui.worker import run_in_worker

CANCEL_SHOWN_MS: Final = 150
"""A cancelled job says so no later than this, whatever the engine does."""

CANCEL_LIMIT_MS: Final = 5_000
"""An engine that does not confirm a cancellation within this time hangs, and is killed."""

_GOODBYE_MS: Final = 1_500
_LARGE_BYTES: Final = 256 * 1024
"""Attachments beyond this are encoded on a worker thread: 50 MB take a third of a second."""

_LONGEST_LOG_LINE: Final = 4_000

_log = logging.getLogger(__name__)


class EngineState(StrEnum):
    """What the engine is doing; `FAILED` until the next request or `start` tries again."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    FAILED = "failed"


class EngineHost(QObject):
    """Runs and checks, each as a `Job` to be connected and then started.

    `state_changed` carries an `EngineState`. Requests may be made at any time: before the engine is ready they wait
    there, and a stopped or failed engine is started for them. `stop` is also called at the end of the application.
    """

    state_changed = Signal(str)
    ready = Signal()

    def __init__(self, parent: QObject | None = None, *, command: list[str] | None = None) -> None:
        super().__init__(parent)
        self._command = command or engine_command()
        self._state = EngineState.STOPPED
        self._process: QProcess | None = None
        self._decoder = LineDecoder()
        self._stderr_rest = b""
        self._pending = PendingRequests()
        self._ids: dict[Job, int] = {}
        self._rule = RestartRule()
        self._restart = QTimer(self)
        self._restart.setSingleShot(True)
        self._restart.timeout.connect(self._launch)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.stop)

    @property
    def state(self) -> EngineState:
        """What the engine is doing."""
        return self._state

    @property
    def process_id(self) -> int | None:
        """The engine's process, None while there is none."""
        return None if self._process is None else self._process.processId() or None

    @Slot()
    def start(self) -> None:
        """Starts the engine's process, unless it runs or is about to."""
        if self._process is None and not self._restart.isActive():
            self._rule.reset()
            self._launch()

    def run(self, spec: RunSpec) -> Job:
        """A run: progress is a list of `Delta`, success a `RunResult`."""
        secrets = spec.connection.known_secrets
        size_bytes = sum(len(image.data) for image in spec.images)
        return self._job("run", lambda: {"spec": spec.to_wire()}, RunResult.from_wire, secrets, size_bytes)

    def check(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        listing: ModelListing = ModelListing.OPENAI,
        timeout_s: float = 10.0,
    ) -> Job:
        """A connection check: success is a `ConnectionReport`, also where the endpoint cannot be used."""
        payload = {"base_url": base_url, "api_key": api_key, "listing": str(listing), "timeout_s": timeout_s}
        return self._job("check", lambda: payload, ConnectionReport.from_wire, (api_key,) if api_key else ())

    def request(self, kind: str, payload: Mapping[str, Any] | None = None) -> Job:
        """Any message of the protocol: success is its result as plain data."""
        return self._job(kind, lambda: dict(payload or {}), dict)

    def ask(
        self,
        kind: str,
        payload: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], object],
        *,
        secrets: Sequence[str] = (),
        read_progress: Callable[[Mapping[str, Any]], object] | None = None,
    ) -> Job:
        """A message of the protocol: success is what `read` makes of its result, progress likewise."""
        return self._job(kind, lambda: dict(payload), read, tuple(secrets), read_progress=read_progress)

    def stop_early(self, job: Job) -> None:
        """Asks for the end of a job that is under way; it then succeeds with what it has by then."""
        request_id = self._ids.get(job)
        if request_id is not None and self._process is not None:
            self._process.write(encode({"type": "stop", "id": request_id}))

    @Slot()
    def stop(self) -> None:
        """Ends the engine and waits for its end, at most some seconds; jobs under way count as cancelled."""
        self._restart.stop()
        process, self._process = self._process, None
        for job in tuple(self._ids):
            self._forget(job)
            job.settle_cancelled()
        if process is not None:
            process.closeWriteChannel()
            if not process.waitForFinished(_GOODBYE_MS):
                process.kill()
                process.waitForFinished(_GOODBYE_MS)
            process.deleteLater()
        self._set_state(EngineState.STOPPED)

    # ------------------------------------------------------------------------------------------------------ requests

    def _job(
        self,
        kind: str,
        payload: Callable[[], dict[str, Any]],
        read: Callable[[Mapping[str, Any]], object],
        secrets: tuple[str, ...] = (),
        size_bytes: int = 0,
        read_progress: Callable[[Mapping[str, Any]], object] | None = None,
    ) -> Job:
        def begin(job: Job) -> None:
            REDACTION.learn(secrets)
            request_id = self._pending.add(_Asker(job, read, self._forget, read_progress or dict))
            self._ids[job] = request_id

            def line() -> bytes:
                return encode({**payload(), "type": kind, "id": request_id})

            if size_bytes > _LARGE_BYTES:
                run_in_worker(self, line, on_done=partial(self._send, job), on_error=partial(self._refuse, job))
                return
            try:
                self._send(job, line())
            except MusterError as error:
                self._refuse(job, error)

        return Job(begin, self._cancel)

    def _send(self, job: Job, line: bytes) -> None:
        if job not in self._ids or job.is_finished:
            return
        if self._process is None:
            self._restart.stop()
            if self._state is EngineState.FAILED:
                self._rule.reset()
            self._launch()
        if self._process is not None:
            self._process.write(line)

    def _refuse(self, job: Job, error: MusterError) -> None:
        self._forget(job)
        job.fail(error)

    def _cancel(self, job: Job) -> None:
        request_id = self._ids.get(job)
        if request_id is None or self._process is None:
            job.settle_cancelled()
            return
        self._process.write(encode({"type": "cancel", "id": request_id}))
        QTimer.singleShot(CANCEL_SHOWN_MS, job, job.settle_cancelled)
        limit = QTimer(job)
        limit.setSingleShot(True)
        process = self._process
        limit.timeout.connect(lambda: self._kill_if_waiting(job, process))
        limit.start(CANCEL_LIMIT_MS)

    def _kill_if_waiting(self, job: Job, process: QProcess) -> None:
        if job in self._ids and process is self._process:
            _log.warning("The engine does not confirm a cancellation; it is ended.")
            process.kill()

    def _forget(self, job: Job) -> None:
        self._pending.forget(self._ids.pop(job, 0))

    # ------------------------------------------------------------------------------------------------------- process

    @Slot()
    def _launch(self) -> None:
        if self._state is not EngineState.RESTARTING:
            self._set_state(EngineState.STARTING)
        self._decoder = LineDecoder()
        self._stderr_rest = b""
        process = QProcess(self)
        process.setProgram(self._command[0])
        process.setArguments(self._command[1:])
        # Python looks into the working folder for modules first: it must be no folder that a person filled.
        process.setWorkingDirectory(str(Path(core.__file__).resolve().parent.parent))
        environment = QProcessEnvironment()
        for name, value in engine_environment().items():
            environment.insert(name, value)
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._read_output)
        process.readyReadStandardError.connect(self._read_errors)
        process.errorOccurred.connect(self._note_error)
        process.finished.connect(self._note_end)
        self._process = process
        self._rule.started(time.monotonic())
        process.start()

    @Slot()
    def _read_output(self) -> None:
        process = self._process
        if process is None:
            return
        try:
            messages = self._decoder.feed(bytes(process.readAllStandardOutput().data()))
        except ProtocolError:
            _log.exception("The engine is not understood; it is ended.")
            process.kill()
            return
        for message in messages:
            self._take(message)

    def _take(self, message: Message) -> None:
        if message["type"] == "hello" and message.get("protocol") != PROTOCOL_VERSION:
            _log.error("The engine speaks protocol %s, not %s; it is ended.", message.get("protocol"), PROTOCOL_VERSION)
            if self._process is not None:
                self._process.kill()
        elif message["type"] == "ready":
            times = (message.get("import_ms"), message.get("warm_up_ms"))
            _log.info("The engine is ready: import %s ms, first call %s ms.", *times)
            self._set_state(EngineState.READY)
            self.ready.emit()
        elif message["type"] != "hello":
            self._pending.dispatch(message)

    @Slot()
    def _read_errors(self) -> None:
        if self._process is None:
            return
        data = self._stderr_rest + bytes(self._process.readAllStandardError().data())
        *lines, self._stderr_rest = data.split(b"\n")
        if len(self._stderr_rest) > _LONGEST_LOG_LINE:
            lines.append(self._stderr_rest)
            self._stderr_rest = b""
        for line in lines:
            # Before it is cut: half of a key is not known as one.
            said = REDACTION.hide(line.decode(errors="replace").rstrip())
            _log.warning("engine: %s", said[:_LONGEST_LOG_LINE])

    @Slot(QProcess.ProcessError)
    def _note_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            _log.error("The engine's process could not be started.")
            self._drop_process()
            self._give_up()

    @Slot(int, QProcess.ExitStatus)
    def _note_end(self, exit_code: int, _status: QProcess.ExitStatus) -> None:
        if self._process is None:
            return  # it was told to end
        self._read_output()
        self._read_errors()
        self._drop_process()
        pause_s = self._rule.died(time.monotonic())
        if pause_s is None:
            _log.error("The engine ended (code %s) too often; it is started again at the next request.", exit_code)
            self._give_up()
            return
        _log.warning("The engine ended (code %s); it starts again in %s s.", exit_code, pause_s)
        self._set_state(EngineState.RESTARTING)
        self._restart.start(round(pause_s * 1000))
        self._fail_all(engine_died())

    def _drop_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()

    def _give_up(self) -> None:
        self._set_state(EngineState.FAILED)
        self._fail_all(engine_not_started())

    def _fail_all(self, error: MusterError) -> None:
        self._ids.clear()
        self._pending.fail_all(error)

    def _set_state(self, state: EngineState) -> None:
        if state is not self._state:
            self._state = state
            self.state_changed.emit(str(state))


class _Asker:
    """Hands what comes for one request to its job."""

    def __init__(
        self,
        job: Job,
        read: Callable[[Mapping[str, Any]], object],
        forget: Callable[[Job], None],
        read_progress: Callable[[Mapping[str, Any]], object],
    ) -> None:
        self._job = job
        self._read = read
        self._forget = forget
        self._read_progress = read_progress

    def delta(self, deltas: list[Delta]) -> None:
        self._job.report_progress(deltas)

    def progress(self, value: Mapping[str, Any]) -> None:
        self._job.report_progress(self._read_progress(value))

    def result(self, value: Mapping[str, Any]) -> None:
        self._forget(self._job)
        self._job.succeed(self._read(value))

    def failure(self, error: MusterError) -> None:
        self._forget(self._job)
        self._job.fail(error)

    def cancelled(self, sent: Mapping[str, Any], /) -> None:
        self._forget(self._job)
        if sent:
            self._job.report_sent(dict(sent))
        self._job.settle_cancelled()
