"""The structured output modes ranked on a person's own prompt and schema, by how often each gives what fits."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from core.engine import execute
from core.errors import FailureKind, RunError
from core.fields import StructuredOutputMode
from core.measured_settings import BY_STRENGTH
from core.preparation import prepare
from core.probe_limits import Stopped, until_stopped
from core.probe_wire import says_no
from core.run_spec import DEFAULT_TIMEOUT_S, RunSpec
from core.verdicts import ModeResult, OnProgress, Progress, best_first

if TYPE_CHECKING:
    from core.entry import UserModelEntry
    from core.registry import Registry

DEFAULT_TRIALS: Final = 5
_FATAL: Final = frozenset(
    {FailureKind.AUTH, FailureKind.NOT_FOUND, FailureKind.REFUSED, FailureKind.UNKNOWN_HOST, FailureKind.TLS}
)
_MISREAD: Final = frozenset({FailureKind.PARSER, FailureKind.REASONING_MISSING, FailureKind.EMPTY_ANSWER})
"""The endpoint answered, and a run could make nothing of it: that counts against the mode."""
_LOST_TRIES: Final = 3
_RATE_LIMIT_PAUSE_S: Final = 5.0


@dataclass(slots=True)
class _Tally:
    """What one mode has achieved until now."""

    mode: StructuredOutputMode
    successes: int = 0
    trials: int = 0
    lost: int = 0
    refused: bool = False
    latencies_ms: list[float] = field(default_factory=list)
    reason: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether another try can tell more."""
        return not self.refused and self.lost < _LOST_TRIES

    def result(self) -> ModeResult:
        """The tally as data."""
        latency_ms = round(median(self.latencies_ms), 1) if self.latencies_ms else None
        return ModeResult(str(self.mode), self.successes, self.trials, median_latency_ms=latency_ms, reason=self.reason)


async def rank_modes(
    registry: Registry,
    reference: str | UserModelEntry,
    prompt: str,
    schema: dict[str, Any],
    *,
    trials: int = DEFAULT_TRIALS,
    modes: Sequence[StructuredOutputMode | str] = BY_STRENGTH,
    system_prompt: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    on_progress: OnProgress | None = None,
    stop: asyncio.Event | None = None,
) -> list[ModeResult]:
    """How often each mode gives JSON of the schema, the best first; of equals the strongest.

    One run at a time, one of each mode by turns, so that what is known when it is stopped is fair. Progress is told
    before each run, with what the runs before it gave.

    Raises:
        RunError: the endpoint cannot be asked at all.
        MusterError: the run cannot be prepared.
    """
    spec = prepare(
        registry,
        reference,
        prompt,
        schema,
        system_prompt=system_prompt,
        temperature=temperature,
        max_tokens=max_tokens,
        timeout_s=timeout_s,
    )
    return await rank_spec(spec, trials=trials, modes=modes, on_progress=on_progress, stop=stop)


async def rank_spec(
    spec: RunSpec,
    *,
    trials: int = DEFAULT_TRIALS,
    modes: Sequence[StructuredOutputMode | str] = BY_STRENGTH,
    on_progress: OnProgress | None = None,
    stop: asyncio.Event | None = None,
) -> list[ModeResult]:
    """What `rank_modes` gives, of a prepared run.

    Raises:
        RunError: the endpoint cannot be asked at all.
    """
    tallies = [_Tally(StructuredOutputMode(mode)) for mode in modes]
    calls = tokens = 0
    try:
        for trial in range(1, trials + 1):
            for tally in tallies:
                if not tally.goes_on:
                    continue
                words = f"{tally.mode}, try {trial} of {trials}"
                if on_progress is not None:
                    known = tuple(one.result() for one in tallies)
                    progress = Progress(str(tally.mode), calls + 1, trials * len(tallies), calls, tokens, words, known)
                    telling = on_progress(progress)
                    if inspect.isawaitable(telling):
                        await telling
                tokens += await until_stopped(stop, _try_once(spec, tally))
                calls += 1
    except Stopped:
        pass  # what is known until here is the answer
    return list(best_first(tally.result() for tally in tallies))


async def _try_once(spec: RunSpec, tally: _Tally) -> int:
    """One run in the tally's mode, counted; the tokens that it took.

    Raises:
        RunError: no mode can be asked.
    """
    provider = spec.provider.model_copy(update={"structured_output_mode": tally.mode})
    try:
        result = await execute(replace(spec, provider=provider))
    except RunError as error:
        await _count_failure(error, tally)
        return 0
    tally.trials += 1
    tally.lost = 0
    tally.latencies_ms.append(result.latency_ms)
    if result.validation_error is None:
        tally.successes += 1
    else:
        tally.reason = result.validation_error
    return result.usage.total_tokens or 0


async def _count_failure(error: RunError, tally: _Tally) -> None:
    if error.kind in _FATAL and not says_no(error):
        raise error
    tally.reason = error.title
    if says_no(error):
        tally.trials, tally.refused = tally.trials + 1, True
    elif error.kind in _MISREAD:
        tally.trials += 1
    else:
        # Lost on the way: that says nothing about the mode.
        tally.lost += 1
        if error.kind is FailureKind.RATE_LIMITED:
            await asyncio.sleep(error.retry_after_s if error.retry_after_s is not None else _RATE_LIMIT_PAUSE_S)
