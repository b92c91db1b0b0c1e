"""The jobs of measuring: measure a model, rank its output modes, discover a provider's models, find local servers.

Each is a `Job` to be connected and then started. What it needs of the roll and the keyring is read on a worker thread;
the asking happens in the engine's process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from PySide6.QtCore import QCoreApplication, QObject, Slot

from core.discovery_preparation import prepare_discovery
from core.errors import MusterError
from core.measurement_preparation import prepare_measurement
from core.offered_models import LocalServer, OfferedModel
from core.preparation import prepare
from core.verdicts import Limits, ModeResult, Progress, Report
from gui.jobs import Job, JobState
from gui.worker import run_in_worker

if TYPE_CHECKING:
    from core.entry import UserModelEntry
    from core.registry import Registry

Read = Callable[[Mapping[str, Any]], object]


class Request(NamedTuple):
    """What goes to the engine: its payload, and the keys in it, which no log may show."""

    payload: dict[str, Any]
    secrets: tuple[str, ...] = ()


class Asker(Protocol):
    """What these jobs need of the engine's host."""

    def ask(
        self,
        kind: str,
        payload: Mapping[str, Any],
        read: Read,
        *,
        secrets: Sequence[str] = (),
        read_progress: Read | None = None,
    ) -> Job:
        """A message of the protocol; success is what `read` makes of its result."""

    def stop_early(self, job: Job) -> None:
        """Asks for the end of a job, which then succeeds with what it has."""


class PreparedJob(Job):
    """A request that is prepared on a worker thread before it goes to the engine.

    `stop_early` ends it with what it has by then: `succeeded` follows, or `cancelled` where it had not begun.
    """

    def __init__(
        self,
        engine: Asker,
        kind: str,
        prepare: Callable[[], Request],
        read: Read,
        *,
        read_progress: Read | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(self._prepare, self._cancel_inner, parent)
        self._engine = engine
        self._kind = kind
        self._make_request = prepare
        self._read = read
        self._read_progress = read_progress
        self._inner: Job | None = None
        self._is_stopping = False

    @property
    def is_stopping(self) -> bool:
        """Whether its early end was asked for."""
        return self._is_stopping

    def stop_early(self) -> None:
        """Ends it soon, and keeps what was found."""
        if self._is_stopping or self.is_finished:
            return
        self._is_stopping = True
        if self._inner is None:
            self.cancel()
        else:
            self._engine.stop_early(self._inner)

    def _prepare(self, _job: Job) -> None:
        run_in_worker(self, self._make_request, on_done=self._ask, on_error=self.fail)

    def _ask(self, request: Request) -> None:
        if self.state is not JobState.RUNNING:
            return
        inner = self._engine.ask(
            self._kind, request.payload, self._read, secrets=request.secrets, read_progress=self._read_progress
        )
        self._inner = inner
        inner.progressed.connect(self.report_progress)
        inner.succeeded.connect(self.succeed)
        inner.failed.connect(self._fail)
        inner.cancelled.connect(self.settle_cancelled)
        inner.start()

    @Slot(object)
    def _fail(self, error: MusterError) -> None:
        self.fail(error)

    def _cancel_inner(self, _job: Job) -> None:
        if self._inner is None:
            self.settle_cancelled()
        else:
            self._inner.cancel()


def running(engine: Asker | None) -> Asker:
    """The engine's host, for a job.

    Raises:
        MusterError: there is none yet.
    """
    if engine is None:
        raise MusterError(
            QCoreApplication.translate("measuring_jobs", "The engine has not started yet."),
            QCoreApplication.translate("measuring_jobs", "Try again in a moment."),
        )
    return engine


def measure_job(
    engine: Asker,
    registry: Registry,
    reference: str | UserModelEntry,
    *,
    limits: Limits | None = None,
    parent: QObject | None = None,
) -> PreparedJob:
    """Measures a model: progress is a `Progress`, success a `Report`, also of a measurement that was stopped early."""
    asked = limits or Limits()

    def prepare() -> Request:
        spec = prepare_measurement(registry, reference)
        return Request({"spec": spec.to_wire(), "limits": asked.to_wire()}, spec.connection.known_secrets)

    return PreparedJob(engine, "measure", prepare, Report.from_wire, read_progress=Progress.from_wire, parent=parent)


def rank_job(
    engine: Asker,
    registry: Registry,
    reference: str | UserModelEntry,
    prompt: str,
    schema: dict[str, Any],
    *,
    trials: int,
    modes: Sequence[str] = (),
    parent: QObject | None = None,
) -> PreparedJob:
    """Tries structured output modes on a prompt and a schema: success is a tuple of `ModeResult`, the best first."""

    def prepare_ranking() -> Request:
        spec = prepare(registry, reference, prompt, schema)
        payload = {"spec": spec.to_wire(), "trials": trials, "modes": list(modes)}
        return Request(payload, spec.connection.known_secrets)

    return PreparedJob(engine, "rank", prepare_ranking, _read_modes, read_progress=Progress.from_wire, parent=parent)


def _read_modes(values: Mapping[str, Any]) -> tuple[ModeResult, ...]:
    return tuple(ModeResult.from_wire(result) for result in values["modes"])


def discover_job(
    engine: Asker,
    registry: Registry,
    provider_type: str,
    provider_id: str,
    *,
    asks_more: bool = True,
    parent: QObject | None = None,
) -> PreparedJob:
    """Lists a provider's models: success is a tuple of `OfferedModel`. Without `asks_more` only the list is read."""

    def prepare() -> Request:
        spec = replace(prepare_discovery(registry, provider_id, provider_type=provider_type), asks_more=asks_more)
        return Request({"spec": spec.to_wire()}, spec.known_secrets)

    return PreparedJob(engine, "discover", prepare, _read_offers, parent=parent)


def find_servers_job(engine: Asker, *, parent: QObject | None = None) -> PreparedJob:
    """Looks for model servers on this computer: success is a tuple of `LocalServer`."""
    return PreparedJob(engine, "local_servers", lambda: Request({}), _read_servers, parent=parent)


def _read_servers(values: Mapping[str, Any]) -> tuple[LocalServer, ...]:
    return tuple(LocalServer.from_wire(server) for server in values["servers"])


def _read_offers(values: Mapping[str, Any]) -> tuple[OfferedModel, ...]:
    return tuple(OfferedModel.from_wire(model) for model in values["models"])
