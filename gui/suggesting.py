"""Suggestions for a model before any call to it: what its endpoint declares, the catalogue, the name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from core.discovery_preparation import prepare_description
from core.entry import UserModelEntry
from core.errors import MusterError
from core.evidence import FieldOrigin
from core.offered_models import OfferedModel
from core.suggestions import Suggestion, suggest
from gui.field_marks import SaidValue
from gui.measuring_jobs import PreparedJob, Request
from gui.worker import run_in_worker

if TYPE_CHECKING:
    from core.registry import Registry
    from gui.measuring_jobs import Asker


class Suggesting(QObject):
    """Looks for suggestions, one model at a time; only the last one asked for is told.

    `found` carries field → `SaidValue`; `refused` a `MusterError` before it where the endpoint could not be asked: what
    is known without it is found all the same. `described` carries the `OfferedModel` where the endpoint knows it.
    """

    described = Signal(object)
    found = Signal(object)
    refused = Signal(object)

    def __init__(self, registry: Registry, engine: Asker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._registry = registry
        self._engine = engine
        self._wanted: UserModelEntry | None = None
        self._job: PreparedJob | None = None

    @property
    def is_looking(self) -> bool:
        """Whether it is under way."""
        return self._wanted is not None

    def look(self, entry: UserModelEntry) -> None:
        """Find what can be suggested for that model, a draft or not."""
        self.stop()
        self._wanted = entry

        def prepare() -> Request:
            spec = prepare_description(self._registry, entry)
            return Request({"spec": spec.to_wire()}, spec.known_secrets)

        self._job = PreparedJob(self._engine, "discover", prepare, _read_offers, parent=self)
        self._job.succeeded.connect(lambda models: self._suggest(entry, models))
        self._job.failed.connect(lambda error: self._go_on_without(entry, error))
        self._job.start()

    @Slot()
    def stop(self) -> None:
        """Look for nothing any more."""
        self._wanted = None
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def _go_on_without(self, entry: UserModelEntry, error: MusterError) -> None:
        if entry is self._wanted:
            self.refused.emit(error)
            self._suggest(entry, ())

    def _suggest(self, entry: UserModelEntry, models: tuple[OfferedModel, ...]) -> None:
        if entry is not self._wanted:
            return
        self._job = None
        offered = next((model for model in models if model.model_id == entry.model_id), None)
        if offered is not None:
            self.described.emit(offered)
        # On a worker thread: the catalogue takes 100 ms when it is read the first time.
        run_in_worker(
            self, lambda: suggest(self._registry, entry, offered), on_done=lambda made: self._tell(entry, made)
        )

    def _tell(self, entry: UserModelEntry, suggestions: tuple[Suggestion, ...]) -> None:
        if entry is not self._wanted:
            return
        self._wanted = None
        self.found.emit(
            {made.field: SaidValue(made.value, FieldOrigin(made.origin), why=made.why) for made in suggestions}
        )


def _read_offers(values: Mapping[str, Any]) -> tuple[OfferedModel, ...]:
    return tuple(OfferedModel.from_wire(model) for model in values["models"])
