"""What measuring some models will take, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.custom_providers import is_on_this_computer
from core.entry import UserModelEntry
from core.errors import MusterError
from core.measurement_preparation import estimate, prepare_measurement
from core.registry import Registry
from core.verdicts import Limits


@dataclass(frozen=True, slots=True)
class Cost:
    """Calls and tokens at most, for one model and for all; how many cannot be measured as they are, or run here."""

    calls_each: int
    tokens_each: int
    calls: int
    tokens: int
    unready: int = 0
    here: int = 0


def limits_cost(count: int, limits: Limits) -> Cost:
    """What the limits allow, which is known at once."""
    return Cost(limits.calls, limits.tokens, limits.calls * count, limits.tokens * count)


def cost_of(registry: Registry, entries: Sequence[UserModelEntry], limits: Limits) -> Cost:
    """What measuring these takes at most. May wait for the keyring."""
    costs, unready, here = [], 0, 0
    for entry in entries:
        try:
            spec = prepare_measurement(registry, entry)
        except MusterError:
            unready += 1
            continue
        costs.append(estimate(spec, limits))
        here += is_on_this_computer(spec.connection.api_base or "")
    return Cost(
        max((calls for calls, _ in costs), default=0),
        max((tokens for _, tokens in costs), default=0),
        sum(calls for calls, _ in costs),
        sum(tokens for _, tokens in costs),
        unready,
        here,
    )
