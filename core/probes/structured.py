"""JSON of a given shape: by schema, by forced tool call, by JSON mode, and by instructions.

The schemas of the first three are adversarial: their names and values are made up for each call and stand nowhere in
the prompt, which asks for something else. Only a server that enforces them can answer so.
"""

from __future__ import annotations

from typing import Any, Final

from core.fields import StructuredOutputMode
from core.nonces import Nonces
from core.probe_bench import Bench, Question
from core.probe_limits import Exhausted
from core.probe_wire import RawAnswer
from core.probes.trials import (
    Attempt,
    Finding,
    Judge,
    Judgement,
    denied,
    judge_failure,
    judge_missing,
    passed,
    try_until_sure,
    unclear,
)
from core.structured_output import TOOL_NAME, read_json, structured_request, validation_error
from core.verdicts import Outcome

Mode = StructuredOutputMode

COUNTRIES: Final = ("France", "Japan", "Italy", "Egypt", "Peru", "Norway", "Kenya", "Cuba")

_SCHEMA_TOKENS: Final = 96
"""A made-up name and value take up to 30; a grammar may let blanks in between, and instructed answers take more."""


def adversarial_schema(nonces: Nonces) -> dict[str, Any]:
    """A schema whose name and values nobody can guess."""
    name = nonces.word(4)
    return {
        "type": "object",
        "properties": {name: {"type": "string", "enum": [nonces.word() for _ in range(3)]}},
        "required": [name],
        "additionalProperties": False,
    }


def ordinary_schema(nonces: Nonces) -> dict[str, Any]:
    """A schema such as tasks have, with one name that cannot be guessed; every answer to it is short."""
    return {
        "type": "object",
        "properties": {
            nonces.word(): {"type": "string", "enum": ["red", "green", "blue"], "description": "The colour."},
            "edible": {"type": "boolean", "description": "Whether people eat it."},
        },
        "required": [],
    }


def ordinary_task(nonces: Nonces) -> tuple[str, dict[str, Any]]:
    """A prompt and its schema."""
    schema = ordinary_schema(nonces)
    schema["required"] = list(schema["properties"])
    thing = nonces.choice(("tomato", "cherry", "cucumber", "blueberry", "strawberry"))
    return f"What colour is a ripe {thing}, and do people eat it?", schema


def contrary_prompt(nonces: Nonces) -> str:
    """A question whose natural answer is no JSON."""
    return f"What is the capital of {nonces.choice(COUNTRIES)}? Answer with one word only, no JSON."


def _judge_shape(schema: dict[str, Any], fits: str, is_other: str, is_text: str, *, lenient: bool = False) -> Judge:
    """Judges whether an answer is JSON of the schema, with the words for when it is, is other JSON, or is none."""

    def judge(answer: RawAnswer) -> Judgement:
        value, complaint = read_json(answer.answer, lenient=lenient)
        if complaint is None and validation_error(value, schema) is None:
            return passed(fits)
        return judge_missing(answer) or denied(is_other if complaint is None else is_text)

    return judge


async def probe_json_schema(bench: Bench, *, strict: bool = False) -> Finding:
    """Whether the server enforces a schema in `response_format`: as runs send it, or with `strict`."""
    how = "the schema, with strict," if strict else "the schema"

    def attempt() -> tuple[Question, Judge]:
        schema = adversarial_schema(bench.nonces)
        extra: dict[str, Any] = {}
        if strict:
            asked = structured_request(Mode.json_schema, schema).parameters["response_format"]
            extra = {"response_format": {**asked, "json_schema": {**asked["json_schema"], "strict": True}}}
        question = Question(
            contrary_prompt(bench.nonces), _SCHEMA_TOKENS, schema=schema, mode=Mode.json_schema, extra=extra
        )
        return question, _judge_shape(
            schema,
            "The answer had the made-up names and values of the schema.",
            f"The answer was JSON of another shape: {how} is not enforced.",
            f"The answer was plain text: {how} is ignored.",
        )

    name = "json_schema_strict" if strict else "json_schema"
    # Nobody can guess the words: the second try is for servers that enforce a schema now and then.
    return await try_until_sure(bench, name, attempt, "JSON Schema", needed=1 if bench.is_tight else 2)


async def probe_forced_call(bench: Bench, mode: StructuredOutputMode) -> Finding:
    """Whether a forced tool call is made with arguments of the schema: strict or weak, by the mode."""

    def attempt() -> tuple[Question, Judge]:
        schema = adversarial_schema(bench.nonces)
        question = Question(contrary_prompt(bench.nonces), _SCHEMA_TOKENS, schema=schema, mode=mode)
        return question, _judge_forced(schema)

    return await try_until_sure(bench, str(mode), attempt, "Forced tool call")


def _judge_forced(schema: dict[str, Any]) -> Judge:
    def judge(answer: RawAnswer) -> Judgement:
        named = [call for call in answer.calls if call.name == TOOL_NAME]
        value, complaint = read_json(answer.arguments or "", lenient=False)
        if named and complaint is None and validation_error(value, schema) is None:
            return passed("The forced tool was called with the made-up names and values of its schema.")
        missing = judge_missing(answer)
        if missing is not None:
            return missing
        if not answer.calls:
            return denied("The model answered with text instead of the forced tool call.")
        if not named:
            return denied(f"Another tool was called: {answer.calls[0].name[:40]}.")
        return denied("The forced tool was called with arguments of another shape.")

    return judge


async def probe_json_object(bench: Bench) -> Finding:
    """Whether the server turns answers into JSON objects when JSON mode is on, and only then."""
    prompt = "Write one plain English sentence about the sea. Do not use JSON."

    def attempt() -> tuple[Question, Judge]:
        question = Question(prompt, _SCHEMA_TOKENS, extra={"response_format": {"type": "json_object"}})
        return question, _judge_object

    found = await try_until_sure(bench, "json_object", attempt, "JSON mode")
    if found.outcome is not Outcome.YES:
        return found
    try:
        control = await bench.ask("json_object", Question(prompt, 64), "JSON mode, without it")
    except Exhausted as exhausted:
        return Finding(Outcome.INCONCLUSIVE, str(exhausted))
    judgement = judge_failure(control) or _judge_control(control)
    bench.note("json_object", control, judgement.outcome, judgement.reason)
    if judgement.outcome is Outcome.YES:
        return found
    return Finding(Outcome.INCONCLUSIVE, judgement.reason, successes=found.successes, trials=found.trials)


def _judge_object(answer: RawAnswer) -> Judgement:
    value, complaint = read_json(answer.answer, lenient=False)
    if complaint is None and isinstance(value, dict):
        return passed("The answer was a JSON object although the prompt asked for none.")
    return judge_missing(answer) or denied("The answer was no JSON object: JSON mode is ignored.")


def _judge_control(answer: RawAnswer) -> Judgement:
    if not answer.answer:
        return unclear("Without JSON mode no answer came.")
    if read_json(answer.answer, lenient=False)[1] is None or answer.answer.startswith("{"):
        return unclear("It answers with JSON also when none is asked for, so that nothing is shown.")
    return passed("Without JSON mode the answer was text.")


async def probe_instructions(bench: Bench, *, with_object: bool) -> Finding:
    """How often the model follows schema instructions in the prompt, with JSON mode or without it."""
    mode = Mode.json_instruction_and_object if with_object else Mode.json_instructions

    def attempt() -> tuple[Question, Judge]:
        prompt, schema = ordinary_task(bench.nonces)
        return Question(prompt, _SCHEMA_TOKENS, schema=schema, mode=mode), _judge_shape(
            schema,
            "The answer had the shape that the prompt asked for.",
            "The last one was JSON of another shape.",
            "The last one was no JSON.",
            lenient=True,
        )

    words = "Instructions and JSON mode" if with_object else "Instructions"
    return await try_until_sure(bench, str(mode), attempt, words, needed=3 if with_object else 2, counts=True)


__all__ = [
    "Attempt",
    "adversarial_schema",
    "ordinary_task",
    "probe_forced_call",
    "probe_instructions",
    "probe_json_object",
    "probe_json_schema",
]
