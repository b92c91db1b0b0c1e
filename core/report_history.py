"""What several measurements of one model tell together: what is known by all of them, and what flipped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from core.field_specs import UNSET
from core.verdicts import Outcome, Report, Verdict


@dataclass(frozen=True, slots=True)
class Flip:
    """One field that was measured otherwise than the last time; each verdict carries its receipts."""

    field: str
    before: Verdict
    after: Verdict
    before_at: str
    after_at: str


@dataclass(frozen=True, slots=True)
class DatedVerdict:
    """A verdict with the time of its measurement."""

    verdict: Verdict
    at: str


IMPORTED_FROM: Final = "imported_from"
"""Among a report's facts: which file the measurement came in with. One that was made here has none."""


def imported_from(report: Report) -> str:
    """What it was imported from; empty where it was measured here."""
    name = report.facts.get(IMPORTED_FROM)
    return name if isinstance(name, str) else ""


def last_decided(reports: Iterable[tuple[str, Report]]) -> dict[str, DatedVerdict]:
    """Field → the newest verdict that says yes or no. `reports` are times and measurements, the newest first."""
    found: dict[str, DatedVerdict] = {}
    for at, report in reports:
        for name, verdict in report.verdicts.items():
            if name not in found and verdict.value is not Outcome.INCONCLUSIVE:
                found[name] = DatedVerdict(verdict, at)
    return found


def contradicts(before: Verdict, after: Verdict) -> bool:
    """Whether two measurements found different things; one that cannot tell contradicts nothing."""
    if Outcome.INCONCLUSIVE in (before.value, after.value):
        return False
    return _finding(before) != _finding(after)


def completed(newest: Report, earlier: Iterable[tuple[str, Report]]) -> tuple[Report, dict[str, str]]:
    """The measurement with the last verdicts of what it did not get to, and field → the time of each of those.

    `earlier` are times and measurements, the newest first. One that asked everything stands as it is: what is
    inconclusive there is so now.
    """
    dates: dict[str, str] = {}
    if not newest.partial:
        return newest, dates
    verdicts, overrides = dict(newest.verdicts), dict(newest.overrides)
    for at, report in earlier:
        for name, verdict in report.verdicts.items():
            known = verdicts.get(name)
            if verdict.value is Outcome.INCONCLUSIVE or (known and known.value is not Outcome.INCONCLUSIVE):
                continue
            verdicts[name], dates[name] = verdict, at
            if name in report.overrides:
                overrides[name] = report.overrides[name]
    return replace(newest, verdicts=verdicts, overrides=overrides), dates


def flips(reports: Sequence[tuple[str, Report]]) -> tuple[Flip, ...]:
    """What the newest measurement that found anything found otherwise than the one before it about that field.

    `reports` are times and measurements, the newest first. A field that is inconclusive now has not flipped.
    """
    telling = [(at, report) for at, report in reports if report.is_decided]
    if not telling:
        return ()
    (after_at, newest), earlier = telling[0], last_decided(telling[1:])
    return tuple(
        Flip(name, earlier[name].verdict, after, earlier[name].at, after_at)
        for name, after in newest.verdicts.items()
        if name in earlier and contradicts(earlier[name].verdict, after)
    )


def _finding(verdict: Verdict) -> tuple[Outcome, Any]:
    return verdict.value, None if verdict.setting is UNSET else plain(verdict.setting)


def plain(value: Any) -> Any:
    """The value as it is read back from where measurements are kept."""
    return json.loads(json.dumps(value, default=str, sort_keys=True))


def declared_limits(reports: Iterable[Report]) -> dict[str, int]:
    """What the endpoint last declared of the model's context and output, in tokens; `reports` the newest first."""
    for report in reports:
        declared: Any = report.facts.get("declared_limits")
        if isinstance(declared, Mapping):
            return {name: value for name, value in declared.items() if isinstance(value, int) and value > 0}
    return {}
