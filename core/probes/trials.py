"""Several tries of one question, and what they say together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

from core.failures import is_too_long
from core.field_specs import UNSET
from core.parsers import CLOSING
from core.probe_bench import Bench, Question
from core.probe_limits import Exhausted
from core.probe_wire import RawAnswer
from core.refusals import Refusal, refusal_of
from core.verdicts import ModeResult, Outcome

TEMPERATURES: Final = (0.0, 1.0, 1.0)
"""The most likely answer first, then what else may come; three tries at most."""

_LONGER: Final = 4
"""How many times the tokens an answer gets after one that was cut off."""

_CONTROL_TOKENS: Final = 16


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one answer shows.

    `cut_off`: it ended too early to tell. `is_refusal`: the request was refused, in words or without.
    """

    outcome: Outcome
    reason: str
    cut_off: bool = False
    is_refusal: bool = False


Judge = Callable[[RawAnswer], Judgement]
Attempt = Callable[[], tuple[Question, Judge]]
"""Makes a fresh question, with words of its own, and what judges the answer to it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found. `setting` is what it writes: UNSET nothing, None that nothing is set any more.

    Of those `asked`, `trials` are the tries whose answers tell.
    """

    outcome: Outcome
    reason: str
    setting: Any = UNSET
    asked: int = 0
    successes: int = 0
    trials: int = 0
    latencies_ms: tuple[float, ...] = ()
    answers: tuple[RawAnswer, ...] = ()
    """Those that passed."""
    last: tuple[Question, RawAnswer] | None = None
    doubted: str = ""
    """Why it would be a no, if what shows it could be relied on: with something else that says so, it is one."""

    def as_mode(self, mode: str, *, enforced: bool) -> ModeResult:
        """The same as a mode's result."""
        latency_ms = round(median(self.latencies_ms), 1) if self.latencies_ms else None
        return ModeResult(mode, self.successes, self.trials, enforced, latency_ms, self.reason)


def passed(reason: str) -> Judgement:
    """It did what was asked."""
    return Judgement(Outcome.YES, reason)


def denied(reason: str) -> Judgement:
    """It did definitely not."""
    return Judgement(Outcome.NO, reason)


def unclear(reason: str, *, cut_off: bool = False) -> Judgement:
    """This answer does not tell."""
    return Judgement(Outcome.INCONCLUSIVE, reason, cut_off)


def judge_failure(answer: RawAnswer) -> Judgement | None:
    """What a failure or a refusal means, which is the same for every probe; None where the answer can be judged."""
    failure = answer.failure
    if failure is not None:
        refusal = refusal_of(failure, answer.features)
        said = f" It says: {failure.detail[:200]}" if failure.detail else ""
        words = f"The endpoint refused it ({failure.status}).{said}"
        if refusal is Refusal.FEATURE:
            return Judgement(Outcome.NO, words, is_refusal=True)
        if refusal is Refusal.BARE:
            return Judgement(Outcome.INCONCLUSIVE, words, is_refusal=True)
        if is_too_long(failure):
            return unclear("The question did not fit into the model's context.")
        return unclear(f"{failure.title}{said}")
    if answer.refused:
        return unclear("The model or a filter declined to answer.")
    return None


def judge_missing(answer: RawAnswer) -> Judgement | None:
    """What an answer means that ended early or is not there; None where it can be judged."""
    if answer.truncated:
        return unclear("The answer was cut off at its limit of tokens.", cut_off=True)
    if not answer.answer and not answer.calls and CLOSING not in answer.content:
        return unclear("Reasoning came and no answer." if answer.reasoning else "The answer was empty.")
    return None


async def try_until_sure(
    bench: Bench,
    probe: str,
    attempt: Attempt,
    words: str,
    *,
    needed: int = 2,
    temperatures: tuple[float, ...] = TEMPERATURES,
    counts: bool = False,
    asks_longer: bool = True,
) -> Finding:
    """Asks until `needed` answers passed, one was a definite no, or too few tries are left.

    With `counts` an answer that fails is one of several: it is a no when `needed` successes are out of reach. A request
    that is refused without a word about the feature is a no where it is refused twice, and answered without the
    feature in between; after an answer that passed no refusal is one. With `asks_longer` a last answer that was cut
    off is asked for once more.

    Raises:
        Stopped: nothing more can be asked.
    """
    finding = Finding(Outcome.INCONCLUSIVE, "")
    misses: list[Judgement] = []
    waiting = list(temperatures)
    factor, refusals = 1, 0
    while waiting:
        temperature = waiting.pop(0)
        question, judge = attempt()
        question = replace(question, temperature=temperature, max_tokens=question.max_tokens * factor)
        try:
            answer = await bench.ask(probe, question, f"{words}, try {finding.asked + 1}")
        except Exhausted as exhausted:
            return replace(finding, reason=str(exhausted))
        judgement = judge_failure(answer) or judge(answer)
        refusals += judgement.is_refusal
        if judgement.is_refusal and finding.successes:
            judgement = unclear(f"It was taken before. {judgement.reason}")
        elif judgement.is_refusal and refusals == 2:
            judgement = denied(f"{judgement.reason} Without it the same was answered.")
        bench.note(probe, answer, judgement.outcome, judgement.reason)
        finding = _with(finding, question, answer, judgement)
        if judgement.outcome is Outcome.YES:
            if not counts and finding.successes >= needed:
                return replace(finding, outcome=Outcome.YES)
            continue
        if judgement.outcome is Outcome.NO and (not counts or answer.failure is not None):
            return replace(finding, outcome=Outcome.NO)
        if judgement.is_refusal:
            if not await _is_answered_without(bench, probe, question, answer, words):
                return finding
            waiting = waiting or [temperature]
            continue
        misses.append(judgement)
        if judgement.cut_off and asks_longer and factor == 1 and not waiting:
            waiting.append(temperature)
            misses.pop()
        factor = _LONGER if judgement.cut_off else factor
        # What was cut off is asked again, longer; it says nothing about how often the model follows.
        counted = [miss for miss in misses if not miss.cut_off] if counts else misses
        if len(counted) > len(temperatures) - needed:
            break
    return _counted(finding, misses, len(temperatures), needed) if counts else finding


def _counted(finding: Finding, misses: list[Judgement], tries: int, needed: int) -> Finding:
    if finding.successes >= needed:
        return replace(finding, outcome=Outcome.YES, reason=_rate(finding))
    out_of_reach = sum(miss.outcome is Outcome.NO for miss in misses) > tries - needed
    outcome = Outcome.NO if out_of_reach else Outcome.INCONCLUSIVE
    return replace(finding, outcome=outcome, reason=f"{_rate(finding)} {misses[-1].reason if misses else ''}".strip())


async def _is_answered_without(bench: Bench, probe: str, question: Question, refused: RawAnswer, words: str) -> bool:
    """Whether the same is answered without what it asks for beside an answer: then that was what was refused.

    Once is enough for refusals with the same words.
    """
    failure = refused.failure
    signature = (failure.status, failure.detail) if failure is not None else (None, "")
    if signature in bench.answered_without:
        return True
    plain = Question(question.prompt, _CONTROL_TOKENS, question.temperature, may_think=False)
    try:
        control = await bench.ask(probe, plain, f"{words}, without it")
    except Exhausted:
        return False
    answered = control.failure is None
    reason = "Without it the same was answered." if answered else "Without it the same was refused too."
    bench.note(probe, control, Outcome.INCONCLUSIVE, reason)
    if answered:
        bench.answered_without.add(signature)
    return answered


def _with(finding: Finding, question: Question, answer: RawAnswer, judgement: Judgement) -> Finding:
    success = judgement.outcome is Outcome.YES
    # A lost connection or an answer that was cut off says nothing about how often it works.
    tells = judgement.outcome is not Outcome.INCONCLUSIVE or (answer.failure is None and not judgement.cut_off)
    return replace(
        finding,
        reason=judgement.reason,
        asked=finding.asked + 1,
        successes=finding.successes + success,
        trials=finding.trials + tells,
        latencies_ms=(*finding.latencies_ms, answer.latency_ms) if answer.failure is None else finding.latencies_ms,
        answers=(*finding.answers, answer) if success else finding.answers,
        last=(question, answer),
    )


def _rate(finding: Finding) -> str:
    return f"{finding.successes} of {finding.trials} answers had the shape that was asked for."
