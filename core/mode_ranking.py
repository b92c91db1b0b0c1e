"""The structured output modes ranked on a person's own prompt and schema, by how often each gives what fits."""

from __future__ import annotations

import asyncio
import inspect
import time
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
from core.refusals import Refusal, features_of_mode, refusal_of
from core.run_spec import DEFAULT_TIMEOUT_S, RunResult, RunSpec
from core.verdicts import Limits, ModeResult, OnProgress, Progress, best_first
from core.waiting_words import too_long_a_wait

if TYPE_CHECKING:
    from core.entry import UserModelEntry
    from core.registry import Registry

DEFAULT_TRIALS: Final = 5
DEFAULT_MAX_TOKENS: Final = 4000
"""For each try, where nothing else was asked for: room for some thinking, and an end to a model that repeats itself."""

RANKING_LIMITS: Final = Limits(calls=200, tokens=400_000, seconds=1800)

_FATAL: Final = frozenset(
    {FailureKind.AUTH, FailureKind.NOT_FOUND, FailureKind.REFUSED, FailureKind.UNKNOWN_HOST, FailureKind.TLS}
)
_MISREAD: Final = frozenset({FailureKind.PARSER, FailureKind.REASONING_MISSING, FailureKind.EMPTY_ANSWER})
"""The endpoint answered, and a run could make nothing of it: that counts against the mode."""
_LOST_TRIES: Final = 3
_RATE_LIMIT_PAUSE_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 60.0


@dataclass(slots=True)
class _Tally:
    """What one mode has achieved until now."""

    mode: StructuredOutputMode
    successes: int = 0
    trials: int = 0
    lost: int = 0
    """Tries in a row that told nothing."""
    bare: int = 0
    """Of these, how many were refused without a word about the mode."""
    refused: bool = False
    latencies_ms: list[float] = field(default_factory=list)
    reason: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether another try can tell more."""
        return not self.refused and self.lost < _LOST_TRIES

    def count(self, result: RunResult) -> None:
        """Counts a run that was answered; an answer that was cut off tells nothing of the mode."""
        if result.validation_error is not None and result.finish_reason == "length":
            self.reason = result.validation_error
            self.lose()
            return
        self.trials, self.lost, self.bare = self.trials + 1, 0, 0
        self.latencies_ms.append(result.latency_ms)
        if result.validation_error is None:
            self.successes += 1
        else:
            self.reason = result.validation_error

    def lose(self, *, is_refusal: bool = False) -> None:
        """Notes a try that told nothing; refused each time without a word, the mode is refused."""
        self.lost, self.bare = self.lost + 1, self.bare + is_refusal
        if self.bare == _LOST_TRIES:
            self.trials, self.refused = self.trials + 1, True

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
    limits: Limits = RANKING_LIMITS,
) -> list[ModeResult]:
    """How often each mode gives JSON of the schema, the best first; of equals the strongest.

    One run at a time, one of each mode by turns, so that what is known when it is stopped is fair. Progress is told
    before each run, with what the runs before it gave. A try that was lost on the way, or cut off, is made again. Where
    the limits end it, or the endpoint takes no more, what is known until then is the answer; the reasons say so.

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
    return await rank_spec(spec, trials=trials, modes=modes, on_progress=on_progress, stop=stop, limits=limits)


async def rank_spec(
    spec: RunSpec,
    *,
    trials: int = DEFAULT_TRIALS,
    modes: Sequence[StructuredOutputMode | str] = BY_STRENGTH,
    on_progress: OnProgress | None = None,
    stop: asyncio.Event | None = None,
    limits: Limits = RANKING_LIMITS,
) -> list[ModeResult]:
    """What `rank_modes` gives, of a prepared run.

    Raises:
        RunError: the endpoint cannot be asked at all.
    """
    spec = replace(spec, max_tokens=spec.max_tokens or DEFAULT_MAX_TOKENS)
    ranking = _Ranking(spec, [_Tally(StructuredOutputMode(mode)) for mode in modes], trials, on_progress, stop, limits)
    return await ranking.run()


class _Ranking:
    """The tries under way."""

    def __init__(
        self,
        spec: RunSpec,
        tallies: list[_Tally],
        trials: int,
        on_progress: OnProgress | None,
        stop: asyncio.Event | None,
        limits: Limits,
    ) -> None:
        self._spec = spec
        self._tallies = tallies
        self._trials = trials
        self._on_progress = on_progress
        self._stop = stop
        self._limits = limits
        self._calls = self._tokens = 0
        self._ends_s = time.monotonic() + limits.seconds

    async def run(self) -> list[ModeResult]:
        """The results, the best first.

        Raises:
            RunError: the endpoint cannot be asked at all.
        """
        try:
            for trial in range(1, self._trials + 1):
                for tally in self._tallies:
                    while tally.goes_on and tally.trials < trial:
                        await self._try(tally, trial)
        except Stopped as stopped:
            for tally in self._tallies:
                if tally.goes_on and tally.trials < self._trials:
                    tally.reason = f"{tally.reason} {stopped}".strip()
        return list(best_first(tally.result() for tally in self._tallies))

    async def _try(self, tally: _Tally, trial: int) -> None:
        """One run in the tally's mode, counted.

        Raises:
            Stopped: no further one may be made.
            RunError: no mode can be asked.
        """
        limits, remaining_s = self._limits, self._ends_s - time.monotonic()
        if remaining_s <= 0:
            raise Stopped(f"The {limits.seconds:g} seconds are over.")
        if self._calls >= limits.calls or self._tokens >= limits.tokens:
            raise Stopped(f"The limit of {limits.calls} calls and {limits.tokens} tokens is reached.")
        await self._tell(tally, trial)
        self._calls += 1
        provider = self._spec.provider.model_copy(update={"structured_output_mode": tally.mode})
        spec = replace(self._spec, provider=provider, timeout_s=min(self._spec.timeout_s, remaining_s))
        try:
            result = await until_stopped(self._stop, execute(spec))
        except RunError as error:
            await self._count_failure(error, tally)
            return
        self._tokens += max(0, result.usage.total_tokens or 0)
        tally.count(result)

    async def _tell(self, tally: _Tally, trial: int) -> None:
        if self._on_progress is None:
            return
        words, most = f"{tally.mode}, try {trial} of {self._trials}", self._trials * len(self._tallies)
        step = min(self._calls + 1, most)
        known = tuple(one.result() for one in self._tallies)
        telling = self._on_progress(Progress(str(tally.mode), step, most, self._calls, self._tokens, words, known))
        if inspect.isawaitable(telling):
            await telling

    async def _count_failure(self, error: RunError, tally: _Tally) -> None:
        refusal = refusal_of(error, features_of_mode(tally.mode))
        if refusal is Refusal.PAYMENT or (error.kind in _FATAL and refusal is not Refusal.FEATURE):
            if not any(known.trials for known in self._tallies):
                raise error
            raise Stopped(error.title)
        tally.reason = error.title
        if refusal is Refusal.FEATURE:
            tally.trials, tally.refused = tally.trials + 1, True
        elif error.kind in _MISREAD:
            tally.trials, tally.lost = tally.trials + 1, 0
        else:
            tally.lose(is_refusal=refusal is Refusal.BARE)
            await self._pause_after(error)

    async def _pause_after(self, error: RunError) -> None:
        asked_s = error.retry_after_s
        if asked_s is None:
            asked_s = _RATE_LIMIT_PAUSE_S if error.kind is FailureKind.RATE_LIMITED else 0.0
        if asked_s > min(_LONGEST_PAUSE_S, self._ends_s - time.monotonic()):
            raise Stopped(f"{error.title} {too_long_a_wait(asked_s)}")
        if asked_s:
            await until_stopped(self._stop, asyncio.sleep(asked_s))
