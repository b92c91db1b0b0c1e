"""What a measurement found that belongs to no field: modes with their success, speed, system role, model name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QCoreApplication, QLocale

from core.fields import FIELDS
from core.verdicts import ModeResult, Outcome, Report
from gui.roll_items import value_words
from gui.verdict_words import milliseconds_words, outcome_words
from gui.words import one_line, tr_core


@dataclass(frozen=True, slots=True)
class FactRow:
    """A label, its value, and a second line that says more."""

    label: str
    value: str
    detail: str = ""

    @property
    def sentence(self) -> str:
        """All of it, for a tool tip and a screen reader."""
        return f"{self.label}: {self.value}. {self.detail}".strip()


def _tr(text: str) -> str:
    return QCoreApplication.translate("measured_facts", text)


def mode_rows(report: Report) -> list[FactRow]:
    """Each structured output mode that was tried, with its success."""
    return [_mode_row(result) for result in report.modes.values()]


def _mode_row(result: ModeResult) -> FactRow:
    label = value_words(FIELDS["structured_output_mode"], result.mode)
    value = _tr("{successes} of {trials}").format(successes=result.successes, trials=result.trials)
    said = _tr("Enforced by the server") if result.enforced else ""
    time = milliseconds_words(result.median_latency_ms) if result.median_latency_ms is not None else ""
    return FactRow(label, value, " · ".join(filter(None, (said or tr_core(result.reason), time))))


def fact_rows(report: Report) -> list[FactRow]:
    """What else was found, as far as it is known."""
    return list(_facts(report.facts))


def _facts(facts: Mapping[str, Any]) -> Iterator[FactRow]:
    locale = QLocale()
    speed, first_ms, model = (facts.get(name) for name in ("tokens_per_second", "first_token_ms", "response_model"))
    if isinstance(speed, int | float):
        yield FactRow(_tr("Speed"), _tr("{speed} tok/s").format(speed=locale.toString(float(speed), "f", 1)))
    if isinstance(first_ms, int | float):
        yield FactRow(_tr("First token"), milliseconds_words(first_ms))
    yield from _limit_rows(facts.get("declared_limits"))
    labels = {
        "acceptance": _tr("A run with these settings"),
        "system_role": _tr("System prompt"),
        "json_object": _tr("JSON mode"),
        "json_schema_strict": _tr("JSON schema with strict"),
        "parallel_tools": _tr("Several tools at once"),
    }
    for name, label in labels.items():
        row = _outcome_row(label, facts.get(name))
        if row is not None:
            yield row
    types = facts.get("mime_types")
    if isinstance(types, Mapping):
        for mime_type, found in types.items():
            row = _outcome_row(str(mime_type), found)
            if row is not None:
                yield row
    if facts.get("streaming") is False:
        yield FactRow(_tr("Streaming"), _tr("No"))
    if facts.get("takes_temperature") is False:
        yield FactRow(_tr("Temperature"), _tr("Refused"))
    if isinstance(model, str) and facts.get("answers_as_another_model"):
        yield FactRow(_tr("Answers as"), one_line(model, 120), _tr("That is another model than the one asked for."))


def _limit_rows(limits: Any) -> Iterator[FactRow]:
    if not isinstance(limits, Mapping):
        return
    for name, label in (("context_tokens", _tr("Context")), ("output_tokens", _tr("Longest answer"))):
        if isinstance(tokens := limits.get(name), int):
            words = _tr("{tokens} tokens").format(tokens=QLocale().toString(tokens))
            yield FactRow(label, words, _tr("Declared by the endpoint, not measured."))


def _outcome_row(label: str, found: Any) -> FactRow | None:
    if not isinstance(found, Mapping) or found.get("value") not in set(Outcome):
        return None
    return FactRow(
        label, outcome_words(Outcome(found["value"])), one_line(tr_core(str(found.get("reason") or "")), 300)
    )
