"""The evidence as the window uses it: read and written on a worker thread, in the order of asking."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from core import paths
from core.custom_providers import call_address
from core.entry import UserModelEntry
from core.errors import MusterError
from core.evidence import FILE_NAME, Evidence, FieldOrigin, RecordedOrigin, latest_of
from core.fingerprint import Fingerprint, fingerprint_of
from core.offered_models import FINGERPRINT_KEY, OfferedModel
from core.overrides import is_unset
from core.registry import Registry
from core.report_history import Flip, imported_from
from core.verdicts import Report
from gui.field_marks import Finding, Measured, SaidValue, same_setting
from gui.worker import run_in_worker

if TYPE_CHECKING:
    from gui.measuring_jobs import PreparedJob


@dataclass(frozen=True, slots=True)
class EntryEvidence:
    """All that is kept about one entry; `changes` says in words what is another at its server since.

    Where the newest measurement ended early, `report` has verdicts of earlier ones for what it did not get to; `dates`
    tells of when those are, and `elsewhere` of what the fields were imported from that were not measured here.
    """

    report: Report | None = None
    at: str = ""
    dates: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    flips: Mapping[str, Flip] = field(default_factory=dict)
    origins: Mapping[str, RecordedOrigin] = field(default_factory=dict)
    changes: tuple[str, ...] = ()

    def findings(self, overrides: Mapping[str, Any] | None) -> dict[str, Finding]:
        """What is known of each field of an entry with these overrides."""
        verdicts = self.report.verdicts if self.report is not None else {}
        found = {}
        for name in {**verdicts, **self.origins}:
            verdict, flip = verdicts.get(name), self.flips.get(name)
            measured = None
            if verdict is not None:
                at, elsewhere = self.dates.get(name, self.at), self.elsewhere.get(name, "")
                measured = Measured(name, verdict, at, bool(self.changes), elsewhere)
            before = None if flip is None else Measured(name, flip.before, flip.before_at)
            found[name] = Finding(measured, before, self._origin(name, measured, overrides or {}))
        return found

    def _origin(self, name: str, measured: Measured | None, overrides: Mapping[str, Any]) -> SaidValue | None:
        recorded = self.origins.get(name)
        if recorded is None or name not in overrides:
            return None
        source, at = recorded.origin, recorded.at
        if source is FieldOrigin.YOU and not recorded.place:
            return None
        if recorded.place:
            return SaidValue(overrides[name], source, at, place=recorded.place)
        if source is FieldOrigin.MEASURED and measured and same_setting(measured.verdict.setting, overrides[name]):
            at = measured.at
        return SaidValue(overrides[name], source, at)


class EvidenceStore(QObject):
    """One file of evidence. Every method returns at once; what was asked for first is done first.

    `changed` carries the ID of an entry about which there is more to know; `refused` a `MusterError` where something
    was not kept.
    """

    changed = Signal(str)
    refused = Signal(object)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._evidence: Evidence | None = None
        self._waiting: deque[_Task] = deque()
        self._is_busy = False

    def look_up(
        self, registry: Registry, entry: UserModelEntry, receiver: QObject, on_done: Callable[[EntryEvidence], object]
    ) -> None:
        """Brings what is kept about the entry, as long as the receiver lives."""
        self._do(_Task(lambda evidence: _read(evidence, registry, entry), receiver, on_done))

    def keep_report(self, entry_id: str, report: Report) -> None:
        """Keeps a measurement; one that made no call says nothing and is not."""
        if report.calls == 0:
            return

        def work(evidence: Evidence) -> None:
            evidence.add_report(entry_id, report)

        self._do(_Task(work, self, lambda _: self.changed.emit(entry_id)))

    def keep_when_measured(self, entry_id: str, job: PreparedJob) -> None:
        """Ends a measurement that nobody looks at any more, and keeps what it has found by then."""
        job.setParent(self)
        job.succeeded.connect(lambda report: self.keep_report(entry_id, report))
        job.finished.connect(job.deleteLater)
        job.stop_early()

    def keep_origins(self, entry: UserModelEntry, origins: Mapping[str, SaidValue]) -> None:
        """Keeps where the entry's overrides came from; those not named are the person's own.

        What was imported and stays as it came is known already.
        """
        entry_id, overrides = entry.id, dict(entry.overrides or {})
        if entry_id is None:
            return
        sources = {
            name: str(origins[name].source) if name in origins else FieldOrigin.YOU
            for name, value in overrides.items()
            if not is_unset(value) and not (name in origins and origins[name].place)
        }

        def work(evidence: Evidence) -> None:
            known = evidence.origins(entry_id)
            new = {name: source for name, source in sources.items() if name in origins or name in known}
            if new:
                evidence.record_origins(entry_id, new, overrides=overrides)

        self._do(_Task(work, self, lambda _: self.changed.emit(entry_id)))

    def keep_seen(self, registry: Registry, seen: Iterable[tuple[UserModelEntry, OfferedModel]]) -> None:
        """Keeps what the endpoints of those entries told of themselves now: their evidence may be of another server."""
        known = [
            (entry.id, _now(registry, entry, model))
            for entry, model in seen
            if entry.id is not None and FINGERPRINT_KEY in model.raw
        ]

        def work(evidence: Evidence) -> None:
            for entry_id, fingerprint in known:
                evidence.note_seen(entry_id, fingerprint)

        def tell(_: object) -> None:
            for entry_id, _ in known:
                self.changed.emit(entry_id)

        if known:
            self._do(_Task(work, self, tell))

    def use(
        self, work: Callable[[Evidence], Any], receiver: QObject, on_done: Callable[[Any], object] | None = None
    ) -> None:
        """Does anything else with the evidence; what it gives is brought as long as the receiver lives."""
        self._do(_Task(work, receiver, on_done or _ignore))

    def tell_changed(self, entry_id: str) -> None:
        """Has everybody look again at what is kept about that entry."""
        self.changed.emit(entry_id)

    @Slot()
    def close(self) -> None:
        """Lets go of the file, once nothing is under way."""
        evidence, self._evidence = self._evidence, None
        if evidence is not None:
            evidence.close()

    def _do(self, task: _Task) -> None:
        self._waiting.append(task)
        self._go_on()

    def _go_on(self) -> None:
        if self._is_busy or not self._waiting:
            return
        self._is_busy = True
        task = self._waiting.popleft()
        # The outcome comes here first, so that the next one begins also where nobody wants this one any more.
        run_in_worker(
            self,
            lambda: task.work(self._opened()),
            on_done=lambda value: self._end(task, value),
            on_error=self._fail,
        )

    def _opened(self) -> Evidence:
        if self._evidence is None:
            self._evidence = Evidence.open(self._path)
        return self._evidence

    def _end(self, task: _Task, value: Any) -> None:
        self._is_busy = False
        task.deliver(value)
        self._go_on()

    def _fail(self, error: MusterError) -> None:
        self._is_busy = False
        self.refused.emit(error)
        self._go_on()


class _Task:
    """Work on the evidence, and who wants what it gives."""

    def __init__(self, work: Callable[[Evidence], Any], receiver: QObject, on_done: Callable[[Any], object]) -> None:
        self.work = work
        self._is_wanted = True
        self._on_done = on_done
        receiver.destroyed.connect(self._forget)

    def deliver(self, value: Any) -> None:
        """Tell it, if it is still wanted."""
        if self._is_wanted:
            self._on_done(value)

    def _forget(self) -> None:
        self._is_wanted = False


def _ignore(_value: object) -> None:
    """Nobody wants it."""


_stores: dict[Path, EvidenceStore] = {}


def program_evidence() -> EvidenceStore:
    """The program's one store, in the person's data folder."""
    path = paths.data_folder() / FILE_NAME
    store = _stores.get(path)
    if store is None:
        application = QCoreApplication.instance()
        store = _stores[path] = EvidenceStore(path)
        if application is not None:
            application.aboutToQuit.connect(store.close)
    return store


def _read(evidence: Evidence, registry: Registry, entry: UserModelEntry) -> EntryEvidence:
    if entry.id is None:
        return EntryEvidence()
    history = evidence.history(entry.id)
    stored = latest_of(history)
    origins = evidence.origins(entry.id, entry.overrides)
    if stored is None:
        return EntryEvidence(origins=origins)
    now = _now(registry, entry)
    report, dates = evidence.known(entry.id, history)
    names = {one.at: imported_from(one.report) for one in history if imported_from(one.report)}
    return EntryEvidence(
        report,
        stored.at,
        dates,
        {name: names[at] for name, at in dates.items() if at in names},
        {flip.field: flip for flip in evidence.drift(entry.id, history)},
        origins,
        evidence.staleness(entry.id, now, history),
    )


def _now(registry: Registry, entry: UserModelEntry, offered: OfferedModel | None = None) -> Fingerprint:
    return fingerprint_of(_address(registry, entry), entry.model_id, offered)


def _address(registry: Registry, entry: UserModelEntry) -> str | None:
    """Where the entry's server is now; only of a custom provider, for nothing is asked here."""
    provider = registry.document.provider_by_name.get(entry.provider_id) if entry.provider_type == "custom" else None
    return call_address(provider.base_url) if provider is not None and provider.base_url.strip() else None
