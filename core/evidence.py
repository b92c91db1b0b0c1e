"""The evidence store: each measurement with its receipts, where each override came from, and the last listings.

Kept in the user's data folder, by entry ID; all methods may be called from any thread and may wait for the disk.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from core.entry import UserModelEntry
from core.evidence_tables import TABLES
from core.field_specs import UNSET
from core.fingerprint import PART_WORDS, Fingerprint
from core.overrides import is_unset
from core.paths import data_folder
from core.redaction import fit_to_keep, redact, without_keys
from core.report_history import DatedVerdict, Flip, completed, flips, last_decided, plain
from core.sqlite_file import SqliteFile
from core.verdicts import Outcome, Report, Verdict

MOST_REPORTS: Final = 50
"""How many measurements of one model are kept: a year of weekly ones."""


class FieldOrigin(StrEnum):
    """Where the value of an override came from."""

    YOU = "you"
    MEASURED = "measured"
    DECLARED = "declared"
    CATALOGUE = "catalogue"
    NAME = "name"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class StoredReport:
    """One measurement as it was kept. `number` grows with every one; `at` is ISO 8601 in UTC."""

    number: int
    entry_id: str
    fingerprint: str
    at: str
    report: Report = field(repr=False)


History = tuple[StoredReport, ...]
"""Measurements of one model, the newest first."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field whose override is not what was measured. `verdict` carries the receipts."""

    field: str
    said: Any
    measured: Any
    origin: FieldOrigin
    verdict: Verdict
    at: str


@dataclass(frozen=True, slots=True)
class RecordedOrigin:
    """Where an override came from, and when (ISO 8601 in UTC).

    `place` names what it was imported from; empty where it was not. `origin` is then what that said of it, or IMPORTED.
    """

    origin: FieldOrigin
    at: str
    place: str = ""


FILE_NAME: Final = "evidence.sqlite3"


class Evidence(SqliteFile):
    """The evidence store, a context manager. `problem` says in words why what is kept is not what was kept before."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, TABLES)

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None = None) -> Self:
        """The store in that file, or in the person's own place. Never raises for what the file is like."""
        return cls(data_folder() / FILE_NAME if path is None else Path(path))

    # ------------------------------------------------------------------------------------------------------- reports

    def add_report(self, entry_id: str, report: Report, *, secrets: Iterable[str] = ()) -> StoredReport:
        """The measurement as it was kept; durable when this returns. `secrets` are taken out of every text.

        The oldest go when there are too many, but never the latest that found anything.

        Raises:
            EvidenceError: the disk refused.
        """
        at = report.at or _now()
        known = tuple(secrets)
        text = json.dumps(fit_to_keep(without_keys(report.to_wire(), known)), default=str)
        fingerprint = str(fit_to_keep(report.fingerprint, known))
        latest = None if report.is_decided else self.latest(entry_id)
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO reports (entry_id, fingerprint, at, report) VALUES (?, ?, ?, ?)",
                (entry_id, fingerprint, at, text),
            )
            connection.execute(
                "DELETE FROM reports WHERE entry_id = ? AND number IS NOT ? AND number NOT IN "
                "(SELECT number FROM reports WHERE entry_id = ? ORDER BY number DESC LIMIT ?)",
                (entry_id, latest.number if latest is not None else None, entry_id, MOST_REPORTS),
            )
            return StoredReport(cursor.lastrowid or 0, entry_id, fingerprint, at, report)

    def latest(self, entry_id: str) -> StoredReport | None:
        """The newest measurement of that model that found anything, else the newest; None where there is none."""
        reports = self._reports(entry_id, 1)
        if not reports or not reports[0].report.is_decided:
            reports = self.history(entry_id)
        return latest_of(reports)

    def known(self, entry_id: str, history: History | None = None) -> tuple[Report, dict[str, str]]:
        """The latest measurement, completed by earlier ones where it ended early; and field → when that was measured.

        An empty one where there is none. Whoever has the `history` spares its being read again.
        """
        latest = self.latest(entry_id) if history is None else latest_of(history)
        if latest is None:
            return Report(), {}
        reports = (self.history(entry_id) if history is None else history) if latest.report.partial else ()
        before = [one for one in reports if one.number < latest.number]
        server = Fingerprint.from_text(latest.fingerprint)
        # What was measured on another server than the latest says nothing about that one.
        earlier = [one for one in before if not server.differences(Fingerprint.from_text(one.fingerprint))]
        report, dates = completed(latest.report, [(one.at, one.report) for one in earlier])
        return report, {**dict.fromkeys(report.verdicts, latest.at), **dates}

    def decided(self, entry_id: str) -> dict[str, DatedVerdict]:
        """Field → the newest verdict that says yes or no, of whichever measurement: what `drift` compares with."""
        return last_decided((stored.at, stored.report) for stored in self.history(entry_id))

    def history(self, entry_id: str) -> History:
        """All measurements of that model that are kept, the newest first."""
        return self._reports(entry_id, MOST_REPORTS + 1)

    def measured_at(self) -> dict[str, str]:
        """Entry ID → when it was last measured, of all models at once."""
        rows = self._rows("SELECT entry_id, at, MAX(number) FROM reports GROUP BY entry_id")
        return {entry_id: at for entry_id, at, _ in rows}

    def drift(self, entry_id: str, history: History | None = None) -> tuple[Flip, ...]:
        """What the latest measurement found otherwise than the last one that found anything about it."""
        reports = self.history(entry_id) if history is None else history
        return flips([(stored.at, stored.report) for stored in reports])

    def conflicts(self, entry: UserModelEntry) -> tuple[Conflict, ...]:
        """Where the entry says one thing and the newest measurement that decided it another."""
        if entry.id is None:
            return ()
        report, at = self.known(entry.id)
        origins = self.origins(entry.id, entry.overrides)
        found = []
        for name, verdict in report.verdicts.items():
            said = (entry.overrides or {}).get(name)
            measured = _measured_value(verdict)
            if is_unset(said) or measured is UNSET or plain(said) == plain(measured):
                continue
            recorded = origins.get(name)
            origin = recorded.origin if recorded is not None else FieldOrigin.YOU
            found.append(Conflict(name, said, measured, origin, verdict, at[name]))
        return tuple(found)

    def note_seen(self, entry_id: str, fingerprint: Fingerprint) -> None:
        """Keeps what the model's endpoint is now seen to be, without a measurement: a listing tells it too.

        Raises:
            EvidenceError: the disk refused.
        """
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO seen SELECT ?, COALESCE(MAX(number), 0), ? FROM reports WHERE entry_id = ?",
                (entry_id, fingerprint.to_text(), entry_id),
            )

    def staleness(
        self, entry_id: str, fingerprint: Fingerprint | str, history: History | None = None
    ) -> tuple[str, ...]:
        """What has changed since the latest measurement, in words: "the chat template"; empty where nothing has.

        `fingerprint` is what is known now; what was seen after that measurement counts as well.
        """
        stored = self.latest(entry_id) if history is None else latest_of(history)
        if stored is None:
            return ()
        seen = self._rows("SELECT fingerprint FROM seen WHERE entry_id = ? AND after >= ?", entry_id, stored.number)
        later = [Fingerprint.from_text(text) for (text,) in seen]
        later.append(Fingerprint.from_text(fingerprint) if isinstance(fingerprint, str) else fingerprint)
        measured = Fingerprint.from_text(stored.fingerprint)
        changed = {name for now in later for name in measured.differences(now)}
        return tuple(words for name, words in PART_WORDS.items() if name in changed)

    def is_stale(self, entry_id: str, fingerprint: Fingerprint | str) -> bool:
        """Whether the model was measured, and with a server or a model that was another."""
        return bool(self.staleness(entry_id, fingerprint))

    # ------------------------------------------------------------------------------------------------------- origins

    def record_origins(
        self, entry_id: str, origins: Mapping[str, str], *, overrides: Mapping[str, Any] | None = None
    ) -> None:
        """Notes where those overrides came from, now. With `overrides`, a value changed elsewhere is the person's.

        Raises:
            EvidenceError: the disk refused.
        """
        at = _now()
        rows = [
            (entry_id, name, str(FieldOrigin(origin)), _stored_value(name, overrides), at)
            for name, origin in origins.items()
        ]
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO origins VALUES (?, ?, ?, ?, ?)", rows)

    def origins(self, entry_id: str, overrides: Mapping[str, Any] | None = None) -> dict[str, RecordedOrigin]:
        """Where each override came from, as far as it was noted.

        With the entry's `overrides`: only of those that are set, and one whose value is another than the noted one is
        the person's own. What was imported and is as it came says from where, unless its origin was noted since.
        """
        found: dict[str, RecordedOrigin] = {}
        edited: set[str] = set()
        for name, origin, value, at in self._rows(
            "SELECT field, origin, value, at FROM origins WHERE entry_id = ?", entry_id
        ):
            if origin not in FieldOrigin.__members__.values():
                continue
            if overrides is not None:
                if is_unset(overrides.get(name)):
                    continue
                if value is not None and value != _stored_value(name, overrides):
                    edited.add(name)
            found[name] = RecordedOrigin(FieldOrigin.YOU if name in edited else FieldOrigin(origin), at)
        for name, value, place, origin, at in self._rows(
            "SELECT field, value, place, origin, at FROM imports WHERE entry_id = ?", entry_id
        ):
            if overrides is not None and value != _imported_value(overrides.get(name)):
                continue
            # What was said of the same value since is said of it now.
            if name not in found or name in edited or found[name].at < at:
                known = origin if origin in FieldOrigin.__members__.values() else FieldOrigin.IMPORTED
                found[name] = RecordedOrigin(FieldOrigin(known), at, place)
        return found

    def note_imported(
        self,
        values: Mapping[str, Mapping[str, Any]],
        place: str,
        said: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Notes that these overrides (by entry ID) came from that place, now; they do while they have these values.

        `said` is what the place itself said of where they came from. Nothing that looks like a key is kept.

        Raises:
            EvidenceError: the disk refused.
        """
        at, shown, told = _now(), str(fit_to_keep(redact(place))), said or {}
        rows = [
            (entry_id, name, _imported_value(value), shown, told.get(entry_id, {}).get(name, FieldOrigin.IMPORTED), at)
            for entry_id, own in values.items()
            for name, value in own.items()
        ]
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO imports VALUES (?, ?, ?, ?, ?, ?)", rows)

    def forget(self, entry_id: str) -> None:
        """Drops everything about one model.

        Raises:
            EvidenceError: the disk refused.
        """
        with self._transaction() as connection:
            connection.execute("DELETE FROM reports WHERE entry_id = ?", (entry_id,))
            connection.execute("DELETE FROM origins WHERE entry_id = ?", (entry_id,))
            connection.execute("DELETE FROM seen WHERE entry_id = ?", (entry_id,))
            connection.execute("DELETE FROM imports WHERE entry_id = ?", (entry_id,))

    # ------------------------------------------------------------------------------------------------------ listings

    def note_listing(self, provider_type: str, provider_id: str, model_ids: Iterable[str]) -> None:
        """Keeps what a provider offers now, for the next comparison.

        Raises:
            EvidenceError: the disk refused.
        """
        row = (provider_type, provider_id, _now(), json.dumps(list(dict.fromkeys(model_ids))))
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO listings VALUES (?, ?, ?, ?)", row)

    def last_seen(self, provider_type: str, provider_id: str) -> tuple[str, ...] | None:
        """What that provider offered the last time; None where it was never noted."""
        rows = self._rows(
            "SELECT models FROM listings WHERE provider_type = ? AND provider_id = ?", provider_type, provider_id
        )
        models = _from_json(rows[0][0]) if rows else None
        return tuple(item for item in models if isinstance(item, str)) if isinstance(models, list) else None

    # ------------------------------------------------------------------------------------------------------ the file

    def _reports(self, entry_id: str, limit: int) -> tuple[StoredReport, ...]:
        rows = self._rows(
            "SELECT number, fingerprint, at, report FROM reports WHERE entry_id = ? ORDER BY number DESC LIMIT ?",
            entry_id,
            limit,
        )
        read = ((number, fingerprint, at, _report_from(text)) for number, fingerprint, at, text in rows)
        return tuple(
            StoredReport(number, entry_id, fingerprint, at, report)
            for number, fingerprint, at, report in read
            if report is not None
        )


def latest_of(history: History) -> StoredReport | None:
    """The newest measurement that found anything, else the newest; None where there is none."""
    return next((stored for stored in history if stored.report.is_decided), history[0] if history else None)


def _measured_value(verdict: Verdict) -> Any:
    """What the measurement says that the override should be; UNSET where it says nothing."""
    if verdict.value is Outcome.INCONCLUSIVE:
        return UNSET
    if verdict.setting is UNSET:
        return None if verdict.value is Outcome.NO else UNSET
    return verdict.setting


def _stored_value(name: str, overrides: Mapping[str, Any] | None) -> str | None:
    return None if overrides is None else json.dumps(overrides.get(name), default=str, sort_keys=True)


def _imported_value(value: Any) -> str:
    return str(fit_to_keep(redact(json.dumps(value, default=str, sort_keys=True))))


def _report_from(text: str) -> Report | None:
    """A stored report; None where it is of another making and cannot be read."""
    try:
        return Report.from_wire(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
