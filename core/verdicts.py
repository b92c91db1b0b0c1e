"""What measuring a model gives, as data: verdicts with their receipts, results per mode, progress and limits.

All of it can be written as JSON: it crosses the pipe from the engine process and is kept in the evidence store.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from math import sqrt
from typing import TYPE_CHECKING, Any, Final

from core.field_specs import UNSET

if TYPE_CHECKING:
    import asyncio  # the window's process reads reports and runs no loop

CONFIDENCE_Z: Final = 1.959964
"""Of an interval that holds the true rate in 95 of 100 cases."""


class Outcome(StrEnum):
    """What a probe found: a fact either way, or that it cannot tell."""

    YES = "yes"
    NO = "no"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One call of a probe: what was asked, what came, and what that means.

    `request` is what went over the wire, keys out and images shortened. `at` is ISO 8601 in UTC. `fingerprint` tells
    the server and model apart from another configuration of them.
    """

    probe: str
    probe_version: int
    trial: int
    request: dict[str, Any] = field(repr=False)
    response_excerpt: str
    outcome: Outcome
    reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    latency_ms: float
    at: str
    litellm_version: str = ""
    fingerprint: str = ""

    def to_wire(self) -> dict[str, Any]:
        """Plain data."""
        return {**_values(self), "outcome": str(self.outcome)}

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> Receipt:
        """The inverse of `to_wire`."""
        return cls(**{**values, "outcome": Outcome(values["outcome"])})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was measured for one field. `setting` is what it writes to the override; UNSET where it writes nothing."""

    value: Outcome
    setting: Any = UNSET
    reason: str = ""
    receipts: tuple[Receipt, ...] = field(default=(), repr=False)

    def to_wire(self) -> dict[str, Any]:
        """Plain data; without `setting` where there is none."""
        values: dict[str, Any] = {
            "value": str(self.value),
            "reason": self.reason,
            "receipts": [receipt.to_wire() for receipt in self.receipts],
        }
        return values if self.setting is UNSET else {**values, "setting": self.setting}

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> Verdict:
        """The inverse of `to_wire`."""
        return cls(
            Outcome(values["value"]),
            values.get("setting", UNSET),
            values["reason"],
            tuple(Receipt.from_wire(receipt) for receipt in values["receipts"]),
        )


@dataclass(frozen=True, slots=True)
class ModeResult:
    """How often a structured output mode gave JSON of the schema.

    `enforced` says that the server made it so; else the model obeyed, or did not. `median_latency_ms` is of the trials
    that were answered; None where none was.
    """

    mode: str
    successes: int
    trials: int
    enforced: bool = False
    median_latency_ms: float | None = None
    reason: str = ""

    @property
    def rate(self) -> float | None:
        """The share of trials that succeeded; None where there were none."""
        return self.successes / self.trials if self.trials else None

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true rate lies with 95 % confidence (Wilson's interval); (0, 1) without trials."""
        return wilson_interval(self.successes, self.trials)

    def to_wire(self) -> dict[str, Any]:
        """Plain data."""
        return _values(self)

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> ModeResult:
        """The inverse of `to_wire`."""
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a measurement is: which probe, step `step` of about `of`, and what it has cost until now.

    `modes` is what a ranking knows of each mode until now, in the order of asking.
    """

    probe: str
    step: int
    of: int
    calls: int
    tokens: int
    words: str
    modes: tuple[ModeResult, ...] = ()

    def to_wire(self) -> dict[str, Any]:
        """Plain data."""
        return {**_values(self), "modes": [result.to_wire() for result in self.modes]}

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> Progress:
        """The inverse of `to_wire`."""
        return cls(**{**values, "modes": tuple(ModeResult.from_wire(result) for result in values["modes"])})


OnProgress = Callable[[Progress], Awaitable[None] | None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a measurement may cost: calls, tokens in and out together, and seconds of wall time.

    `stop`, once set, ends it after the call under way is broken off. `thorough` adds mime types, strict twins, parallel
    tools and long thinking.
    """

    calls: int = 20
    tokens: int = 6000
    seconds: float = 180
    stop: asyncio.Event | None = field(default=None, compare=False, repr=False)
    thorough: bool = False

    def to_wire(self) -> dict[str, Any]:
        """Plain data, without `stop`: over the pipe a message stops it."""
        return {name: value for name, value in _values(self).items() if name != "stop"}

    @classmethod
    def from_wire(cls, values: Mapping[str, Any], stop: asyncio.Event | None = None) -> Limits:
        """The inverse of `to_wire`."""
        return cls(**values, stop=stop)


@dataclass(frozen=True, slots=True)
class Report:
    """What one measurement found.

    `verdicts` by field of the schema; what belongs to no field stands in `facts`. `overrides` is what "Use all
    measured" writes. `partial` says that not everything was asked, `stopped_by` why, in words.
    """

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    modes: dict[str, ModeResult] = field(default_factory=dict)
    overrides: dict[str, Any] = field(default_factory=dict)
    partial: bool = False
    stopped_by: str = ""
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    at: str = ""
    more_receipts: tuple[Receipt, ...] = field(default=(), repr=False)
    """Of calls behind what belongs to no field."""

    @property
    def tokens(self) -> int:
        """Tokens in and out together."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def is_decided(self) -> bool:
        """Whether it found anything: one whose every verdict is inconclusive tells nothing of the model."""
        return any(verdict.value is not Outcome.INCONCLUSIVE for verdict in self.verdicts.values())

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """Every call's receipt once, in the order of the calls."""
        # By what they say: those behind several verdicts are several objects once they have crossed the pipe.
        behind = (receipt for verdict in self.verdicts.values() for receipt in verdict.receipts)
        seen = {(receipt.probe, receipt.trial, receipt.at): receipt for receipt in (*behind, *self.more_receipts)}
        return tuple(sorted(seen.values(), key=lambda receipt: receipt.at))

    def to_wire(self) -> dict[str, Any]:
        """Plain data."""
        return {
            **_values(self),
            "verdicts": {name: verdict.to_wire() for name, verdict in self.verdicts.items()},
            "modes": {name: result.to_wire() for name, result in self.modes.items()},
            "more_receipts": [receipt.to_wire() for receipt in self.more_receipts],
        }

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> Report:
        """The inverse of `to_wire`."""
        return cls(
            **{
                **values,
                "verdicts": {name: Verdict.from_wire(verdict) for name, verdict in values["verdicts"].items()},
                "modes": {name: ModeResult.from_wire(result) for name, result in values["modes"].items()},
                # Reports that were kept before there were any have none.
                "more_receipts": tuple(Receipt.from_wire(receipt) for receipt in values.get("more_receipts", ())),
            }
        )


def best_first(results: Iterable[ModeResult]) -> tuple[ModeResult, ...]:
    """The results by their rate; of equals the one that came first, and so the strongest where that was asked first."""
    return tuple(sorted(results, key=lambda result: -(result.rate or 0.0)))


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Where the true rate lies with 95 % confidence: honest also for few trials and at 0 and 1."""
    if trials == 0:
        return 0.0, 1.0
    rate, z2 = successes / trials, CONFIDENCE_Z**2
    centre = (rate + z2 / (2 * trials)) / (1 + z2 / trials)
    half = CONFIDENCE_Z / (1 + z2 / trials) * sqrt(rate * (1 - rate) / trials + z2 / (4 * trials**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _values(value: Any) -> dict[str, Any]:
    return {item.name: getattr(value, item.name) for item in fields(value)}
