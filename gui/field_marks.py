"""What the form says at the right of a field: where its value comes from, and whether measuring agrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from PySide6.QtCore import QCoreApplication

from core.evidence import FieldOrigin
from core.fields import OVERRIDABLE, UNSET, FieldKind, FieldSpec
from core.overrides import is_unset
from core.settings_values import same_value
from core.verdicts import Outcome, Report, Verdict
from gui.roll_items import value_words
from gui.verdict_words import day_words, measured_words, reason_words, source_words
from gui.words import one_line, tr_core


@dataclass(frozen=True, slots=True)
class SaidValue:
    """A value of a field with its source; `at` is ISO 8601 where it has a date, `why` a sentence where it has one.

    `place` names what it was imported from; empty where it was not.
    """

    value: Any
    source: FieldOrigin
    at: str = ""
    why: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """One verdict with its date and whether it still holds for the server as it is now.

    `elsewhere` names what it was imported from; empty where it was measured here.
    """

    field: str
    verdict: Verdict
    at: str
    is_stale: bool = False
    elsewhere: str = ""

    @property
    def is_decided(self) -> bool:
        """Whether it says yes or no."""
        return self.verdict.value is not Outcome.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class Finding:
    """All that is known about one field beside its value.

    `before` is the measurement whose verdict was another one. `origin` says where the stored value came from; it counts
    only while the value is still that one.
    """

    measured: Measured | None = None
    before: Measured | None = None
    origin: SaidValue | None = None
    suggested: SaidValue | None = None


NO_FINDING: Final = Finding()


class MarkKind(StrEnum):
    """What a mark says."""

    DEFAULT = "default"
    SET = "set"
    CONFIRMED = "confirmed"
    CONFLICT = "conflict"
    OFFERED = "offered"
    INCONCLUSIVE = "inconclusive"
    STALE = "stale"


ICONS: Final[Mapping[MarkKind, str]] = {
    MarkKind.CONFIRMED: "circle-check",
    MarkKind.CONFLICT: "bolt",
    MarkKind.OFFERED: "bulb",
    MarkKind.INCONCLUSIVE: "help-circle",
    MarkKind.STALE: "clock",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """The words beside a field, the sentence behind them, and the value that can be taken over with one click."""

    kind: MarkKind
    text: str
    sentence: str = ""
    offer: SaidValue | None = None


def _tr(text: str) -> str:
    return QCoreApplication.translate("field_marks", text)


def same_setting(one: Any, other: Any) -> bool:
    """Whether two values of a field mean the same; a list's order means nothing."""
    if one is UNSET or other is UNSET:
        return one is other
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return sorted(map(str, one)) == sorted(map(str, other))
    if isinstance(one, str) and isinstance(other, str):
        return str(one) == str(other)
    return same_value(one, other)


def findings_of(report: Report) -> dict[str, Finding]:
    """What a fresh measurement found, by field."""
    return {name: Finding(Measured(name, verdict, report.at)) for name, verdict in report.verdicts.items()}


def measured_values(report: Report, at: str, dates: Mapping[str, str] | None = None) -> dict[str, SaidValue]:
    """What *Use All Measured* takes over; `dates` tells of the fields that were measured at another time."""
    known = dates or {}
    return {
        name: SaidValue(value, FieldOrigin.MEASURED, known.get(name, at))
        for name, value in report.overrides.items()
        if name in OVERRIDABLE
    }


def mark_of(spec: FieldSpec, value: Any, finding: Finding) -> Mark:
    """What to say of a field with that stored value, UNSET where it has none."""
    mark = _mark_of(spec, value, finding)
    imported = imported_words(value, finding)
    return replace(mark, sentence=f"{imported} {mark.sentence}".strip()) if imported else mark


def imported_words(value: Any, finding: Finding) -> str:
    """From where a set value was imported, and when; empty where it was not, or is another by now."""
    origin = _origin(value, finding)
    if origin is None or not origin.place:
        return ""
    there = {
        FieldOrigin.MEASURED: _tr("It was measured there."),
        FieldOrigin.DECLARED: _tr("The endpoint had declared it there."),
        FieldOrigin.CATALOGUE: _tr("It came from the catalogue there."),
        FieldOrigin.NAME: _tr("It came from the model's name there."),
    }
    words = _tr("Imported from {place}, on {day}.").format(
        place=one_line(origin.place, _LONGEST_PLACE), day=day_words(origin.at)
    )
    return f"{words} {there.get(origin.source, '')}".strip()


def _mark_of(spec: FieldSpec, value: Any, finding: Finding) -> Mark:
    is_set = value is not UNSET and not is_unset(value)
    source = _source_words(value, finding) if is_set else _tr("Default")
    measured = finding.measured
    if measured is None:
        return _unmeasured(spec, value, finding, source, is_set=is_set)
    says = _measured_sentence(spec, measured)
    if not measured.is_decided:
        said = _offer(spec, value, finding, is_set=is_set)
        if said is None:
            return Mark(MarkKind.INCONCLUSIVE, _tr("Inconclusive"), says)
        # What one click takes over is to be read beside it.
        reasons = f"{_said_sentence(spec, said)} {tr_core(said.why)}".strip()
        return Mark(MarkKind.OFFERED, _said_words(spec, said), f"{reasons} {says}", said)
    effective = value if is_set else spec.default
    setting = measured.verdict.setting
    wanted = spec.default if setting is UNSET else setting
    offer = None if setting is UNSET else SaidValue(setting, FieldOrigin.MEASURED, measured.at)
    found = measured_words(spec, measured.verdict)
    if measured.is_stale:
        text = _tr("{value}, outdated").format(value=found) if spec.kind in _SHORT else _tr("Outdated")
        differs = not same_setting(effective, wanted)
        return Mark(MarkKind.STALE, text, says, offer if differs else None)
    if same_setting(effective, wanted):
        origin = _origin(value, finding)
        if is_set and origin is not None and origin.source is FieldOrigin.MEASURED and not origin.place:
            return Mark(MarkKind.CONFIRMED, source, says)
        return Mark(MarkKind.CONFIRMED, _tr("{source}, confirmed").format(source=source), says)
    if is_set:
        words = _tr("The setting is {value}.") if imported_words(value, finding) else _tr("{source}: {value}.")
        yours = words.format(source=source, value=value_words(spec, value))
        return Mark(MarkKind.CONFLICT, _tr("Measured {value}").format(value=found), f"{yours} {says}", offer)
    return Mark(MarkKind.OFFERED, _tr("Measured {value}").format(value=found), says, offer)


_LONGEST_PLACE: Final = 200
"""In characters."""

_SHORT: Final = (FieldKind.BOOLEAN, FieldKind.OPTIONAL_BOOLEAN)


def _unmeasured(spec: FieldSpec, value: Any, finding: Finding, source: str, *, is_set: bool) -> Mark:
    offer = _offer(spec, value, finding, is_set=is_set)
    if offer is None:
        return Mark(MarkKind.SET if is_set else MarkKind.DEFAULT, source)
    sentence = f"{_said_sentence(spec, offer)} {tr_core(offer.why)}".strip()
    words = _tr("{sentence} Not measured.").format(sentence=sentence)
    return Mark(MarkKind.OFFERED, _said_words(spec, offer), words, offer)


def _offer(spec: FieldSpec, value: Any, finding: Finding, *, is_set: bool) -> SaidValue | None:
    """The suggestion, where it would change something."""
    said = finding.suggested
    if said is None or same_setting(value if is_set else spec.default, said.value):
        return None
    return said


def _origin(value: Any, finding: Finding) -> SaidValue | None:
    """Where the value came from, while it is still that one."""
    origin = finding.origin
    return origin if origin is not None and same_setting(origin.value, value) else None


def _source_words(value: Any, finding: Finding) -> str:
    """Where a set value comes from: you, what you took over, or an import."""
    origin = _origin(value, finding)
    if origin is None:
        return _tr("You")
    if origin.place:
        return _tr("Imported")
    if origin.source is FieldOrigin.MEASURED:
        return _tr("Measured {day}").format(day=day_words(origin.at))
    return {
        FieldOrigin.YOU: _tr("You"),
        FieldOrigin.DECLARED: _tr("Declared"),
        FieldOrigin.CATALOGUE: _tr("Catalogue"),
        FieldOrigin.NAME: _tr("By name"),
        FieldOrigin.IMPORTED: _tr("Imported"),
    }[origin.source]


def _said_words(spec: FieldSpec, said: SaidValue) -> str:
    texts = {
        FieldOrigin.YOU: _tr("You: {value}"),
        FieldOrigin.MEASURED: _tr("Measured {value}"),
        FieldOrigin.DECLARED: _tr("Declared {value}"),
        FieldOrigin.CATALOGUE: _tr("Catalogue: {value}"),
        FieldOrigin.NAME: _tr("By name: {value}"),
        FieldOrigin.IMPORTED: _tr("Imported: {value}"),
    }
    return texts[said.source].format(value=value_words(spec, said.value))


def _said_sentence(spec: FieldSpec, said: SaidValue) -> str:
    texts = {
        FieldOrigin.YOU: _tr("You said {value}."),
        FieldOrigin.MEASURED: _tr("Measured {value}."),
        FieldOrigin.DECLARED: _tr("Declared: {value}."),
        FieldOrigin.CATALOGUE: _tr("In the catalogue: {value}."),
        FieldOrigin.NAME: _tr("By the model's name: {value}."),
        FieldOrigin.IMPORTED: _tr("Imported: {value}."),
    }
    return texts[said.source].format(value=value_words(spec, said.value))


def _measured_sentence(spec: FieldSpec, measured: Measured) -> str:
    words = (
        _tr("Measured elsewhere ({name}) on {day}: {value}.")
        if measured.elsewhere
        else _tr("Measured on {day}: {value}.")
    )
    sentence = words.format(
        name=source_words(measured.elsewhere),
        day=day_words(measured.at),
        value=measured_words(spec, measured.verdict),
    )
    reason = reason_words(measured.verdict)
    stale = _tr("The server has changed since.") if measured.is_stale else ""
    return " ".join(filter(None, (sentence, reason, stale)))
