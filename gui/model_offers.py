"""Which model IDs a provider offers, for the field where one is typed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Signal, Slot

from core.catalogue import catalogue
from core.custom_providers import call_address
from core.errors import MusterError
from core.offered_models import OfferedModel
from core.providers import PROVIDER_BY_ID, ModelListing
from core.registry import Registry
from gui.measuring_jobs import Asker, PreparedJob, discover_job
from gui.worker import run_in_worker

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = tuple[str, str]

_KEPT_S: Final = 300.0
"""A list is taken for the provider's present one so long."""
_PATIENCE_S: Final = 30.0
"""One that did not come is asked for again by typing only after so long."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """What a provider listed, from where and when (`time.monotonic`)."""

    model_ids: tuple[str, ...]
    address: str
    at_s: float


_listings: WeakKeyDictionary[Registry, dict[Key, _Listing]] = WeakKeyDictionary()
"""Every dialog on a roll knows what an earlier one was told."""


class ModelOffers(QObject):
    """What a provider offers: its own list, kept for some minutes; the shipped catalogue as long as that is not there.

    `show` asks nobody. `ask` asks the provider, and is for what a person does. `found` carries the provider's key and
    its model IDs, `refused` the key and a `MusterError`.
    """

    found = Signal(object, object)
    refused = Signal(object, object)

    def __init__(self, registry: Registry, engine: Asker | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._registry = registry
        self._engine = engine
        self._known = _listings.setdefault(registry, {})
        self._failed_at_s: dict[Key, float] = {}
        self._wanted: Key | None = None
        self._job: PreparedJob | None = None

    def show(self, key: Key | None) -> None:
        """Tell what is known of that provider's models without asking it; only the last one is told."""
        self.stop()
        self._wanted = key
        listing = self._fresh(key) if key is not None else None
        if key is None:
            return
        if listing is not None:
            self.found.emit(key, listing.model_ids)
        elif key[0] == "builtin":
            run_in_worker(self, partial(_catalogue_ids, key[1]), on_done=partial(self._take_catalogue, key))

    def ask(self, key: Key, *, again: bool = False) -> None:
        """Ask the provider for its list, unless it was told lately; after a failure soon only with `again`."""
        if key != self._wanted:
            self.show(key)
        if self._engine is None or self._job is not None or not _has_list(key) or self._fresh(key) is not None:
            return
        if not again and time.monotonic() - self._failed_at_s.get(key, -_PATIENCE_S) < _PATIENCE_S:
            return
        job = discover_job(self._engine, self._registry, *key, asks_more=False, parent=self)
        self._job = job
        job.succeeded.connect(partial(self._take, key, job, self._address(key)))
        job.failed.connect(partial(self._fail, key, job))
        job.finished.connect(job.deleteLater)
        job.start()

    @Slot()
    def stop(self) -> None:
        """Look for nothing any more."""
        self._wanted = None
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def _take_catalogue(self, key: Key, model_ids: tuple[str, ...]) -> None:
        if self._wanted == key and self._fresh(key) is None:
            self.found.emit(key, model_ids)

    def _take(self, key: Key, job: PreparedJob, address: str, models: tuple[OfferedModel, ...]) -> None:
        if job is not self._job:
            return
        self._job = None
        self._failed_at_s.pop(key, None)
        model_ids = tuple(model.model_id for model in models)
        if model_ids:
            self._known[key] = _Listing(model_ids, address, time.monotonic())
            self.found.emit(key, model_ids)

    def _fail(self, key: Key, job: PreparedJob, error: MusterError) -> None:
        if job is not self._job:
            return
        self._job = None
        self._failed_at_s[key] = time.monotonic()
        self.refused.emit(key, error)

    def _fresh(self, key: Key) -> _Listing | None:
        """The list that was told lately from where the provider is now."""
        listing = self._known.get(key)
        if listing is None or listing.address != self._address(key) or time.monotonic() - listing.at_s > _KEPT_S:
            return None
        return listing

    def _address(self, key: Key) -> str:
        """Where a custom provider is; the others move with their settings, which are read on a worker."""
        provider = self._registry.document.provider_by_name.get(key[1]) if key[0] == "custom" else None
        return call_address(provider.base_url) if provider is not None else ""


def _has_list(key: Key) -> bool:
    row = PROVIDER_BY_ID.get(key[1]) if key[0] == "builtin" else None
    return row is None or (row.runs and row.listing is not ModelListing.NONE)


def _catalogue_ids(provider_id: str) -> tuple[str, ...]:
    models: Mapping[str, object] = catalogue().get(provider_id, {})
    return tuple(models)
