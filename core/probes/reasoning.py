"""Whether the endpoint answers at all, how fast, and whether and how the model thinks before it answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from core.errors import FailureKind, RunError
from core.fields import ModelParserID
from core.measurement_preparation import LONG_THINKING_TOKENS, THINKING_TOKENS
from core.nonces import Nonces
from core.parsers import CLOSING, OPENING, separate_reasoning
from core.probe_bench import Bench, Question
from core.probe_limits import Exhausted, Stopped
from core.probe_wire import RawAnswer
from core.probes.structured import COUNTRIES
from core.probes.trials import TEMPERATURES, Finding, judge_failure, judge_missing, unclear
from core.verdicts import Outcome

PROBE: Final = "reasoning"
_ANSWER_TOKENS: Final = 64
_WORTH_A_RETRY: Final = frozenset({FailureKind.SERVER_ERROR, FailureKind.DISCONNECTED})
_FOREIGN_TAGS = re.compile(r"<\|channel\|>|<(thinking|thought|reasoning|reflection|seed:think)>|\[THINK\]|◁think▷")


class Shape(Enum):
    """Where the reasoning of an answer stands."""

    NONE = auto()
    SEPARATED = auto()
    TAGGED = auto()
    EMPTY_BLOCK = auto()
    FOREIGN = auto()
    COUNTED = auto()
    """Its tokens are counted and its text is kept back."""


@dataclass(frozen=True, slots=True)
class Thinking:
    """What was found about reasoning."""

    capable: Finding
    parser: Finding


def shape_of(answer: RawAnswer) -> Shape:
    """Where an answer's reasoning stands."""
    if answer.reasoning.strip():
        return Shape.SEPARATED
    content = answer.content
    if CLOSING in content or content.lstrip().startswith(OPENING):
        thought = content.partition(CLOSING)[0].replace(OPENING, "")
        return Shape.TAGGED if thought.strip() else Shape.EMPTY_BLOCK
    if _FOREIGN_TAGS.search(content):
        return Shape.FOREIGN
    return Shape.COUNTED if answer.reasoning_tokens else Shape.NONE


def has_reasoning(answer: RawAnswer) -> bool:
    """Whether an answer came with reasoning that a run can find."""
    return shape_of(answer) in (Shape.SEPARATED, Shape.TAGGED)


def _prompts(nonces: Nonces) -> tuple[str, ...]:
    first, second = 11 + nonces.below(80), 11 + nonces.below(80)
    return (
        f"What is the capital of {nonces.choice(COUNTRIES)}? Answer with one word only.",
        f"What is {first} + {second}? Answer with the number only.",
        f"What is the capital of {nonces.choice(COUNTRIES)}? Answer with one word only.",
    )


async def reach(bench: Bench) -> RawAnswer:
    """The first answer of all: cold, so that it may take long.

    Raises:
        Stopped: there is none, and so nothing to measure.
        Exhausted: the limits allow no call.
    """
    question = Question(_prompts(bench.nonces)[0], _ANSWER_TOKENS)
    retried = False
    while True:
        answer = await bench.ask(PROBE, question, "First answer")
        failure = answer.failure
        if failure is None:
            return answer
        bench.note(PROBE, answer, Outcome.INCONCLUSIVE, failure.title)
        if failure.kind in _WORTH_A_RETRY and not retried:
            retried = True
        else:
            raise Stopped(failure.title)


async def probe_reasoning(bench: Bench, first: RawAnswer) -> Thinking:
    """Whether reasoning comes always, sometimes or never, and what takes it out of the answer.

    Raises:
        Stopped: nothing more can be asked.
    """
    shapes: list[Shape] = []
    answers: list[RawAnswer] = []
    problem = ""
    for number, (prompt, temperature) in enumerate(zip(_prompts(bench.nonces), TEMPERATURES, strict=True)):
        question = Question(prompt, _ANSWER_TOKENS, temperature)
        try:
            answer = await _complete(bench, question, first if number == 0 else None)
        except Exhausted as exhausted:
            problem = str(exhausted)
            break
        shape = shape_of(answer)
        failed = judge_failure(answer) or (None if _thought_through(answer, shape) else judge_missing(answer))
        if failed is None and shape is Shape.EMPTY_BLOCK and CLOSING not in answer.content:
            # It opened its thinking and ended: neither an answer without reasoning nor one with.
            failed = unclear("The answer ended as soon as its thinking began.")
        if failed is not None:
            problem = failed.reason
            bench.note(PROBE, answer, Outcome.INCONCLUSIVE, failed.reason)
            continue
        shapes.append(shape)
        answers.append(answer)
        bench.note(PROBE, answer, Outcome.YES if has_reasoning(answer) else Outcome.NO, _WORDS[shape])
        with_reasoning = sum(has_reasoning(answer) for answer in answers)
        if len(answers) == 2 and with_reasoning < 2:
            break
    return Thinking(_capable(answers, shapes, problem), _parser(answers, shapes, problem))


def _thought_through(answer: RawAnswer, shape: Shape) -> bool:
    """Whether the thinking came to its end, so that what follows may be cut off or missing."""
    if shape is Shape.SEPARATED:
        return bool(answer.answer)
    return shape in (Shape.TAGGED, Shape.EMPTY_BLOCK) and CLOSING in answer.content


async def _complete(bench: Bench, question: Question, given: RawAnswer | None) -> RawAnswer:
    """The answer; asked once more with room for thinking where it was cut off."""
    answer = given or await bench.ask(PROBE, question, "Reasoning")
    for tokens in (THINKING_TOKENS, LONG_THINKING_TOKENS) if bench.limits.thorough else (THINKING_TOKENS,):
        cut_off = answer.failure is None and answer.truncated and not _thought_through(answer, shape_of(answer))
        if not cut_off or (answer.cut and not answer.reasoning):
            return answer
        bench.note(PROBE, answer, Outcome.INCONCLUSIVE, "The answer was cut off at its limit of tokens.")
        bench.allow_thinking(tokens)
        answer = await bench.ask(PROBE, question, "Reasoning, with more room")
    return answer


_WORDS: Final = {
    Shape.NONE: "The answer came without reasoning.",
    Shape.SEPARATED: "The server separated the reasoning.",
    Shape.TAGGED: "The reasoning stands in the answer, before </think>.",
    Shape.EMPTY_BLOCK: "The answer has an empty <think> block.",
    Shape.FOREIGN: "The reasoning stands in tags that no parser here takes out.",
    Shape.COUNTED: "Reasoning was counted and its text kept back.",
}

_NO_PARSER: Final = "No parser here takes the reasoning out."


def _capable(answers: Sequence[RawAnswer], shapes: Sequence[Shape], problem: str) -> Finding:
    thought = sum(has_reasoning(answer) for answer in answers)
    found = Finding(Outcome.INCONCLUSIVE, problem, successes=thought, trials=len(answers))
    if thought < len(answers):
        missing = next(shape for shape in shapes if shape not in (Shape.SEPARATED, Shape.TAGGED))
        words = f"{thought} of {len(answers)} answers came with reasoning." if thought else _WORDS[missing]
        return replace(found, outcome=Outcome.NO, reason=words, setting=False)
    if thought < len(TEMPERATURES):
        return found
    fitting = _count_fitting(ModelParserID.r1_thinking, answers)
    if not fitting:
        return replace(found, outcome=Outcome.NO, reason=_NO_PARSER, setting=False)
    if fitting < len(answers):
        return replace(found, reason=f"In {fitting} of {len(answers)} answers the reasoning can be taken out.")
    return replace(found, outcome=Outcome.YES, reason=f"{thought} of {thought}: {_WORDS[shapes[0]]}", setting=True)


def reconsidered(thinking: Thinking, later: Sequence[RawAnswer]) -> Thinking:
    """What was found, in the light of answers to other probes: one without reasoning, and it does not come always."""
    without = sum(not has_reasoning(answer) for answer in later)
    if thinking.capable.outcome is not Outcome.YES or not without:
        return thinking
    count = thinking.capable.trials + len(later)
    capable = Finding(
        Outcome.NO,
        f"{count - without} of {count} answers came with reasoning.",
        False,
        successes=count - without,
        trials=count,
    )
    parser = thinking.parser
    if parser.setting == ModelParserID.r1_thinking:
        lenient = str(ModelParserID.optional_r1_thinking)
        parser = replace(parser, setting=lenient, reason="<think> tags stand in the text, in some answers.")
    return Thinking(capable, parser)


def _parser(answers: Sequence[RawAnswer], shapes: Sequence[Shape], problem: str) -> Finding:
    found = Finding(Outcome.INCONCLUSIVE, problem, trials=len(answers))
    thought = sum(has_reasoning(answer) for answer in answers)
    if not answers or (len(answers) < 2 and thought == 0) or (thought == len(answers) < len(TEMPERATURES)):
        return found
    if Shape.FOREIGN in shapes:
        return replace(found, outcome=Outcome.NO, reason=_WORDS[Shape.FOREIGN], setting=None)
    if Shape.TAGGED not in shapes and Shape.EMPTY_BLOCK not in shapes:
        words = _WORDS[Shape.SEPARATED] if Shape.SEPARATED in shapes else _WORDS[Shape.NONE]
        return replace(found, outcome=Outcome.NO, reason=f"{words} No parser is needed.", setting=None)
    always = thought == len(answers)
    parser = ModelParserID.r1_thinking if always else ModelParserID.optional_r1_thinking
    fitting = _count_fitting(parser, answers)
    if not fitting:
        return replace(found, outcome=Outcome.NO, reason=_NO_PARSER, setting=None)
    if fitting < len(answers):
        return replace(found, reason=f"In {fitting} of {len(answers)} answers the reasoning can be taken out.")
    words = "always" if always else "in some answers"
    return replace(found, outcome=Outcome.YES, reason=f"<think> tags stand in the text, {words}.", setting=str(parser))


def _count_fitting(parser: ModelParserID, answers: Sequence[RawAnswer]) -> int:
    """How many of the answers the parser takes apart; those with reasoning of the server's own need none."""
    fitting = 0
    for answer in answers:
        if not answer.reasoning.strip():
            try:
                separate_reasoning(parser, answer.content)
            except RunError:
                continue
        fitting += 1
    return fitting
