"""Measurements as they were kept, and what they say together: of each field the newest verdict that decided it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.fingerprint import Fingerprint
from core.verdicts import Outcome, Report, Verdict


@dataclass(frozen=True, slots=True)
class StoredReport:
    """One measurement as it was kept. `number` grows with every one; `at` is ISO 8601 in UTC."""

    number: int
    entry_id: str
    fingerprint: str
    at: str
    report: Report = field(repr=False)


@dataclass(frozen=True, slots=True)
class StandingReport:
    """The newest measurement, with earlier verdicts of what it did not decide; `dates` tells of when those are."""

    report: Report = field(repr=False)
    at: str
    dates: Mapping[str, str] = field(default_factory=dict)

    def date_of(self, name: str) -> str:
        """When that field was measured."""
        return self.dates.get(name, self.at)


def standing_report(newest: StoredReport, earlier: Iterable[StoredReport]) -> StandingReport:
    """What a measurement and the ones before it (the newest first) say together.

    One that failed, or ended early, hides nothing that was known. What was measured on another server than the newest
    says nothing about that one.
    """
    verdicts, overrides = dict(newest.report.verdicts), dict(newest.report.overrides)
    dates: dict[str, str] = {}
    server = Fingerprint.from_text(newest.fingerprint)
    for stored in earlier:
        if server.differences(Fingerprint.from_text(stored.fingerprint)):
            continue
        for name, verdict in stored.report.verdicts.items():
            known = verdicts.get(name)
            if not _is_decided(verdict) or (known is not None and _is_decided(known)):
                continue
            verdicts[name], dates[name] = verdict, stored.at
            if name in stored.report.overrides:
                overrides[name] = stored.report.overrides[name]
    return StandingReport(replace(newest.report, verdicts=verdicts, overrides=overrides), newest.at, dates)


def last_decided(name: str, reports: Iterable[StoredReport]) -> tuple[Verdict, str] | None:
    """The newest verdict on a field that is not open, and its date; None where there is none."""
    for stored in reports:
        verdict = stored.report.verdicts.get(name)
        if verdict is not None and _is_decided(verdict):
            return verdict, stored.at
    return None


def declared_limits(reports: Iterable[StoredReport]) -> dict[str, int]:
    """What the endpoint last declared of the model's context and output, in tokens."""
    for stored in reports:
        declared: Any = stored.report.facts.get("declared_limits")
        if isinstance(declared, Mapping):
            return {name: value for name, value in declared.items() if isinstance(value, int) and value > 0}
    return {}


def _is_decided(verdict: Verdict) -> bool:
    return verdict.value is not Outcome.INCONCLUSIVE
