"""Which model IDs a provider offers, for the field where one is typed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from core.catalogue import catalogue
from core.connection_report import ConnectionReport
from core.credentials import CUSTOM_KEY
from core.custom_providers import call_address
from core.providers import PROVIDER_BY_ID, ModelListing, ProviderKind
from core.registry import Registry
from gui.connection_panel import Checker
from gui.jobs import Job
from gui.worker import run_in_worker

Key = tuple[str, str]


class ModelOffers(QObject):
    """Looks up what a provider offers: the shipped catalogue, and what the person's own servers list.

    Hosted providers are not asked: the catalogue knows their models without a request. `found` carries the provider's
    key and its model IDs; a failure offers nothing, for *Check Connection* is the place that tells it.
    """

    found = Signal(object, object)

    def __init__(self, registry: Registry, engine: Checker | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._registry = registry
        self._engine = engine
        self._known: dict[Key, tuple[str, ...]] = {}
        self._wanted: Key | None = None
        self._job: Job | None = None

    def look_up(self, key: Key | None) -> None:
        """Find what that provider offers; only the last one asked for is told."""
        self.stop()
        self._wanted = key
        if key is None:
            return
        if key in self._known:
            self.found.emit(key, self._known[key])
        elif self._is_own_server(key):
            self._ask(key)
        elif key[0] == "builtin":
            run_in_worker(self, lambda: tuple(catalogue().get(key[1], {})), on_done=lambda ids: self._tell(key, ids))

    @Slot()
    def stop(self) -> None:
        """Look for nothing any more."""
        self._wanted = None
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def _is_own_server(self, key: Key) -> bool:
        return key[0] == "custom" or (key[1] in PROVIDER_BY_ID and PROVIDER_BY_ID[key[1]].kind is ProviderKind.LOCAL)

    def _ask(self, key: Key) -> None:
        target = self._endpoint(key)
        if target is None or self._engine is None:
            return
        base_url, listing, read_key = target
        engine = self._engine

        def begin(api_key: str | None) -> None:
            if self._wanted == key:
                self._job = engine.check(base_url, api_key, listing=listing)
                self._job.succeeded.connect(lambda report: self._take(key, report))
                self._job.start()

        run_in_worker(self, read_key, on_done=begin)

    def _endpoint(self, key: Key) -> tuple[str, ModelListing, Callable[[], str | None]] | None:
        credentials = self._registry.credentials
        if key[0] == "custom":
            provider = self._registry.document.provider_by_name.get(key[1])
            if provider is None or not provider.available:
                return None
            return call_address(provider.base_url), ModelListing.OPENAI, lambda: credentials.value(*key, CUSTOM_KEY)
        row = PROVIDER_BY_ID[key[1]]
        stored = credentials.value(*key, row.base_url_field.config_key) if row.base_url_field else None
        base_url = (stored or row.base_url or "").rstrip("/")
        if not base_url:
            return None
        return base_url.removesuffix(row.base_url_suffix) + row.base_url_suffix, row.listing, lambda: None

    def _take(self, key: Key, report: ConnectionReport) -> None:
        self._job = None
        self._tell(key, report.models)

    def _tell(self, key: Key, model_ids: tuple[str, ...]) -> None:
        if model_ids:
            self._known[key] = model_ids
        if self._wanted == key:
            self.found.emit(key, model_ids)
