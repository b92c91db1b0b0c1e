"""Log probabilities: whether real ones come, with alternatives."""

from __future__ import annotations

from math import exp, isfinite
from typing import Any, Final

from core.probe_bench import Bench, Question
from core.probe_wire import RawAnswer
from core.probes.trials import Finding, Judge, Judgement, denied, passed, try_until_sure, unclear

_SURE: Final = -1e-6
"""Above this a token was certain, as also a made-up 0 would say."""

_MOST_TOGETHER: Final = 1.02
"""Rounded as the numbers are, those of one place may come to a little more than 1."""

_NOT_LOOKED_AT: Final = -1000.0

_MADE_UP: Final = "What came as log probabilities is empty or made up."


_CERTAIN: Final = "Every token came as certain and nothing beside it, which may be so, or made up."

_PROMPTS: Final = ("Name an animal.", "Make up a name for a planet that nobody has heard of.")
"""The second one leaves more open."""


async def probe_logprobs(bench: Bench) -> Finding:
    """Whether the endpoint returns log probabilities when they are asked for."""
    tries = certain = 0

    def attempt() -> tuple[Question, Judge]:
        nonlocal tries
        # Of a thinking model's first tokens there may be none: then the answer itself is waited for.
        question = Question(_PROMPTS[min(tries, 1)], 4, logprobs=True, may_think=tries > 0)
        tries += 1
        return question, judge_try

    def judge_try(answer: RawAnswer) -> Judgement:
        nonlocal certain
        judgement = judge(answer)
        certain += judgement.reason == _CERTAIN
        return denied(_MADE_UP) if judgement.reason == _CERTAIN and certain > 1 else judgement

    return await try_until_sure(bench, "logprobs", attempt, "Logprobs", needed=1, temperatures=(1.0, 1.0))


def judge(answer: RawAnswer) -> Judgement:
    """What the log probabilities of an answer show."""
    if not answer.logprobs and not answer.content:
        return unclear("No answer came within its few tokens.", cut_off=True)
    if not answer.logprobs:
        ignored = "The answer came without log probabilities: asking for them is ignored."
        return denied(_MADE_UP if answer.logprobs_seen else ignored)
    chosen = [number for token in answer.logprobs if (number := _number(token.get("logprob"))) is not None]
    alternatives = [_alternatives_of(token) for token in answer.logprobs]
    if not chosen or any(number > 0 for number in chosen) or not all(_could_be(given) for given in alternatives):
        return denied(_MADE_UP)
    if any(_tells(given) for given in alternatives):
        return passed(f"{len(answer.logprobs)} tokens came with log probabilities and alternatives.")
    others = [number for given in alternatives for _, number in given]
    if all(number >= _SURE for number in chosen) and all(not _NOT_LOOKED_AT < number < _SURE for number in others):
        return unclear(_CERTAIN)
    if not any(len(given) >= 2 for given in alternatives):
        return denied("Log probabilities came without alternatives.")
    return denied(_MADE_UP)


def _number(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value):
        return float(value)
    return None


def _alternatives_of(token: dict[str, Any]) -> list[tuple[str, float]]:
    """The alternatives at one place, the chosen token often among them."""
    given = token.get("top_logprobs")
    found = []
    for item in given if isinstance(given, list) else ():
        number = _number(item.get("logprob")) if isinstance(item, dict) else None
        if number is not None:
            found.append((str(item.get("token")), number))
    return found


def _could_be(alternatives: list[tuple[str, float]]) -> bool:
    """Whether these can be probabilities of different tokens: none above 1, and together no more than 1."""
    numbers = [number for _, number in alternatives]
    return all(number <= 0 for number in numbers) and sum(map(exp, numbers)) <= _MOST_TOGETHER


def _tells(alternatives: list[tuple[str, float]]) -> bool:
    """Whether they are of different tokens and differ; -9999 stands for a token that was not looked at.

    Then one of them at least is not certain, whatever the chosen one is.
    """
    seen = {(token, number) for token, number in alternatives if number > _NOT_LOOKED_AT}
    return len({token for token, _ in seen}) >= 2 and len({number for _, number in seen}) >= 2
