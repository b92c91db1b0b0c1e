"""What a measurement would change in an entry, and what differs from the last measurement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.entry import UserModelEntry
from core.evidence import Evidence, FieldOrigin
from core.fields import FIELDS, UNSET
from core.overrides import is_unset
from core.report_history import DatedVerdict, contradicts
from core.settings_values import same_value
from core.verdicts import Report, Verdict


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one entry: what the person has set (UNSET: nothing), and what was measured.

    `measured` is UNSET where measuring writes nothing. `before` is the last verdict before that said yes or no,
    None where there is none.
    """

    name: str
    now: Any
    measured: Any
    verdict: Verdict | None = None
    before: DatedVerdict | None = None

    @property
    def is_change(self) -> bool:
        """Whether using what was measured would write something else than stands there."""
        return self.measured is not UNSET and (self.now is UNSET or not same_value(self.now, self.measured))

    @property
    def is_conflict(self) -> bool:
        """Whether the person said one thing and the measurement another.

        A value that the last measurement gave is not the person's word.
        """
        before = self.before.verdict.setting if self.before is not None else UNSET
        from_measuring = before is not UNSET and same_value(before, self.now)
        return self.is_change and self.now is not UNSET and not from_measuring

    @property
    def is_flipped(self) -> bool:
        """Whether the last measurement found something else."""
        if self.verdict is None or self.before is None:
            return False
        return contradicts(self.before.verdict, self.verdict)


def field_changes(
    entry: UserModelEntry, report: Report, before: Mapping[str, DatedVerdict] | None = None
) -> tuple[FieldChange, ...]:
    """Every measured field in the schema's order; `before` is what was decided until then."""
    own = {name: value for name, value in (entry.overrides or {}).items() if not is_unset(value)}
    earlier = before or {}
    names = [name for name in FIELDS if name in report.verdicts or name in report.overrides]
    return tuple(
        FieldChange(
            name,
            own.get(name, UNSET),
            report.overrides.get(name, UNSET),
            report.verdicts.get(name),
            earlier.get(name),
        )
        for name in names
    )


def with_measured(entry: UserModelEntry, changes: Iterable[FieldChange]) -> UserModelEntry:
    """The entry with these fields as they were measured."""
    measured = {change.name: change.measured for change in changes if change.measured is not UNSET}
    return entry.with_changes(overrides={**(entry.overrides or {}), **measured} or None)


def last_verdicts(entry_ids: Iterable[str], evidence: Evidence) -> dict[str, dict[str, DatedVerdict]]:
    """Entry → what was decided of each field until now; without those that nothing was decided of."""
    found = {entry_id: evidence.decided(entry_id) for entry_id in entry_ids}
    return {entry_id: verdicts for entry_id, verdicts in found.items() if verdicts}


def note_measured(entries: Iterable[UserModelEntry], names: Mapping[str, Sequence[str]], evidence: Evidence) -> None:
    """Notes that these overrides of the entries came from measuring."""
    for entry in entries:
        if entry.id is not None and entry.id in names:
            origins = dict.fromkeys(names[entry.id], FieldOrigin.MEASURED)
            evidence.record_origins(entry.id, origins, overrides=entry.overrides)
