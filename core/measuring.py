"""What a model can do, measured on its live endpoint: `measure`.

Each capability is asked for in a way that only the capability itself can answer, over the way that runs take, within
limits of calls, tokens and time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from core.connections import Connection
from core.discovery import is_near, origin_here
from core.measurement import Measurement, nothing_measured
from core.measurement_preparation import THOROUGH, MeasureSpec, estimate, prepare_measurement
from core.mode_ranking import rank_modes
from core.probe_limits import Stopped, until_stopped
from core.verdicts import Limits, ModeResult, OnProgress, Outcome, Progress, Receipt, Report, Verdict

if TYPE_CHECKING:
    from core.entry import UserModelEntry
    from core.registry import Registry

__all__ = [
    "THOROUGH", "Limits", "MeasureSpec", "ModeResult", "Outcome", "Progress", "Receipt", "Report", "Verdict",
    "estimate", "measure", "measure_spec", "prepare_measurement", "rank_modes",
]  # fmt: skip


async def measure(
    registry: Registry,
    reference: str | UserModelEntry,
    *,
    on_progress: OnProgress | None = None,
    limits: Limits | None = None,
) -> Report:
    """What the model can do. An endpoint that fails makes verdicts inconclusive; it raises nothing. Writes nothing.

    Raises:
        MusterError: the reference or the provider's credentials cannot be used as they are.
    """
    return await measure_spec(prepare_measurement(registry, reference), on_progress, limits)


async def measure_spec(
    spec: MeasureSpec, on_progress: OnProgress | None = None, limits: Limits | None = None
) -> Report:
    """What `measure` gives, of a prepared measurement. Waiting for a place at the provider takes none of its time."""
    limits = limits or Limits()
    place = _place_at(spec.connection)
    try:
        await until_stopped(limits.stop, place.acquire())
    except Stopped as stopped:
        return nothing_measured(str(stopped))
    try:
        return await Measurement(spec.provider, spec.connection, limits, spec.seed, on_progress).run()
    finally:
        place.release()


_PLACES_ELSEWHERE: Final = 4
"""Models of one hosted provider that are measured at once; a server here or in this network gets one at a time."""

_places: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Semaphore]] = WeakKeyDictionary()


def _place_at(connection: Connection) -> asyncio.Semaphore:
    address = connection.api_base or connection.model.partition("/")[0]
    local = "://" in address and is_near(address)
    if local:
        address = origin_here(address)
    places = _places.setdefault(asyncio.get_running_loop(), {})
    return places.setdefault(address, asyncio.Semaphore(1 if local else _PLACES_ELSEWHERE))
