"""From a reference to a measurement that can be sent, and what it will cost at most. Light: for the window too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from core.connections import Connection, connection_for
from core.fields import ModelProvider
from core.resolver import resolve
from core.verdicts import Limits

if TYPE_CHECKING:
    from core.entry import UserModelEntry
    from core.registry import Registry

THOROUGH: Final = Limits(calls=60, tokens=40_000, seconds=900, thorough=True)
"""What the thorough set of probes needs."""


THINKING_TOKENS: Final = 800
LONG_THINKING_TOKENS: Final = 2000
"""What a thinking model gets beside its answer; the larger only among the thorough probes, where it was not enough."""


@dataclass(frozen=True, slots=True)
class MeasureSpec:
    """All that a measurement needs: the resolved properties and where it goes. `seed` repeats its made-up words."""

    provider: ModelProvider
    connection: Connection
    seed: int | None = None

    def to_wire(self) -> dict[str, Any]:
        """Plain data for the pipe to the engine process, secrets included."""
        return {
            "provider": self.provider.model_dump(mode="json"),
            "connection": self.connection.to_wire(),
            "seed": self.seed,
        }

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> MeasureSpec:
        """The inverse of `to_wire`."""
        provider = ModelProvider.model_validate(values["provider"])
        return cls(provider, Connection.from_wire(values["connection"]), values["seed"])


def prepare_measurement(registry: Registry, reference: str | UserModelEntry) -> MeasureSpec:
    """The measurement of a model, resolved, with its address and keys. Nothing is sent.

    Raises:
        MusterError: the reference or the provider's credentials cannot be used as they are.
    """
    resolved = resolve(registry, reference)
    return MeasureSpec(resolved.provider, connection_for(registry, resolved))


@dataclass(frozen=True, slots=True)
class _Step:
    """What one probe takes at most: calls, the answers' tokens together without thinking, and pictures among them."""

    calls: int
    answers: int
    pictures: int = 0


_PLAN: Final = (
    _Step(6, 400),  # reasoning
    _Step(8, 1600),  # a schema, and with strict where it is ignored
    _Step(12, 1800),  # tools, their result
    _Step(8, 1600),  # forced calls
    _Step(13, 2600),  # JSON mode, instructions
    _Step(4, 80),  # logprobs
    _Step(7, 400, pictures=5),  # vision
    _Step(3, 120),  # a system prompt
    _Step(10, 960),  # runs as they would be set: each mode twice at most
)
_THOROUGH_PLAN: Final = (
    *_PLAN,
    _Step(6, 500),  # files beside pictures are read in text
    _Step(3, 700),  # several tools at once
    _Step(1, 24),  # temperature with Top P
    _Step(20, 1500, pictures=8),  # types of files
)
_PROMPT_TOKENS: Final = 160
_PICTURE_TOKENS: Final = 1100


def estimate(_spec: MeasureSpec, limits: Limits | None = None) -> tuple[int, int]:
    """How many calls and tokens a measurement takes at most, thinking included: to be shown before it starts.

    Most take less: the limits count for models that think, and for endpoints that have to be asked again.
    """
    limits = limits or Limits()
    plan = _THOROUGH_PLAN if limits.thorough else _PLAN
    calls = sum(step.calls for step in plan)
    thinking = LONG_THINKING_TOKENS if limits.thorough else THINKING_TOKENS
    tokens = calls * (_PROMPT_TOKENS + thinking)
    tokens += sum(step.answers + step.pictures * _PICTURE_TOKENS for step in plan)
    return min(calls, limits.calls), min(tokens, limits.tokens)
