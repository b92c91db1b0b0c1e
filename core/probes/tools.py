"""Tools that the model may call by itself: one call, the way back with its result, and several calls at once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from core.answer_assembly import ToolCall
from core.probe_bench import Bench, Question
from core.probe_limits import Exhausted
from core.probe_wire import RawAnswer
from core.probes.trials import (
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
from core.structured_output import read_json
from core.verdicts import Outcome

PROBE: Final = "function_calling_auto"
TOOL: Final = "lookup_order"
_TOKENS: Final = 64
_LONG_TOKENS: Final = 256


def _offer(*numbers: str) -> dict[str, Any]:
    """The tool, its argument held to these numbers where there are any."""
    order_number: dict[str, Any] = {"type": "string", "description": "The order's number."}
    if numbers:
        order_number["enum"] = list(numbers)
    function = {
        "name": TOOL,
        "description": "Looks up the status of an order.",
        "parameters": {
            "type": "object",
            "properties": {"order_number": order_number},
            "required": ["order_number"],
            "additionalProperties": False,
        },
    }
    return {"tools": [{"type": "function", "function": function}], "tool_choice": "auto"}


async def probe_tools(bench: Bench) -> Finding:
    """Whether the model calls an offered tool with what the prompt says, and makes use of its result.

    A weak model that calls the tool with a wrong number is asked again with a schema that allows only the right one:
    then the server's part shows.
    """
    # Not longer at once: where the tools never reach the model, longer answers only take longer.
    first = await _call_once(bench, 0.0, held=False, asks_longer=False)
    if first.outcome is Outcome.INCONCLUSIVE and not _was_called(first):
        cut_off = first.last is not None and first.last[1].truncated
        plain_tokens = await _count_without(bench, first)
        uncalled = first
        first = await _call_once(bench, 1.0, held=False, tokens=_LONG_TOKENS if cut_off else _TOKENS)
        if not _was_called(first):
            return await _explain(bench, uncalled, first, plain_tokens)
    held = first.outcome is Outcome.INCONCLUSIVE and _was_called(first)
    if held:
        first = await _call_once(bench, 0.0, held=True)
    if first.outcome is not Outcome.YES or first.last is None:
        return first
    call = next(call for call in first.answers[0].calls if call.name == TOOL)
    back = await _take_result(bench, first.last[0], call)
    if back.outcome is not Outcome.YES:
        return back
    second = first if bench.is_tight else await _call_once(bench, 1.0, held=held)
    if second.outcome is not Outcome.YES:
        second = await _call_once(bench, 1.0, held=held)
    if second.outcome is Outcome.YES:
        how = ", once the schema allowed no other" if held else ""
        return replace(second, reason=f"The tool was called with the right number{how}, and its result was used.")
    return Finding(Outcome.INCONCLUSIVE, f"The tool was called rightly only once. {second.reason}")


async def _call_once(
    bench: Bench, temperature: float, *, held: bool, tokens: int = _TOKENS, asks_longer: bool = True
) -> Finding:
    def attempt() -> tuple[Question, Judge]:
        number = bench.nonces.number()
        offered = _offer(number) if held else _offer()
        prompt = f"What is the status of order {number}? Look it up."
        return Question(prompt, tokens, extra=offered), _judge_call(number)

    return await try_until_sure(
        bench,
        PROBE,
        attempt,
        "Tools",
        needed=1,
        temperatures=(temperature,),
        asks_longer=asks_longer and tokens == _TOKENS,
    )


def _was_called(found: Finding) -> bool:
    return found.last is not None and any(call.name == TOOL for call in found.last[1].calls)


def _judge_call(number: str) -> Judge:
    def judge(answer: RawAnswer) -> Judgement:
        named = [call for call in answer.calls if call.name == TOOL]
        if any(number in _values(call) for call in named):
            return passed("The tool was called with the number from the prompt.")
        missing = judge_missing(answer)
        if missing is not None:
            return missing
        if named:
            return unclear("The tool was called, with other arguments than the prompt's.")
        if answer.calls:
            return unclear(f"A tool was called that was not offered: {answer.calls[0].name[:40]}.")
        return unclear("The model answered with text instead of the tool call.")

    return judge


def _values(call: ToolCall) -> list[str]:
    value, _ = read_json(call.arguments, lenient=False)
    return [str(item).strip() for item in value.values()] if isinstance(value, dict) else []


async def _count_without(bench: Bench, found: Finding) -> int | None:
    """How many tokens the prompt of a try has without the tools; None where that is not to be had."""
    if found.last is None:
        return None
    question, answer = found.last
    if answer.calls or answer.failure is not None or answer.prompt_tokens is None:
        return None
    return await _ask_count(bench, question, "Tools, the prompt without them")


async def _ask_count(bench: Bench, question: Question, words: str) -> int | None:
    """How many tokens the prompt of a question has when nothing goes beside it."""
    plain = replace(question, schema=None, extra={}, max_tokens=1, may_think=False, temperature=0.0)
    try:
        control = await bench.ask(PROBE, plain, words)
    except Exhausted:
        return None
    count = control.prompt_tokens if control.failure is None else None
    bench.note(PROBE, control, Outcome.INCONCLUSIVE, f"The prompt alone: {'not' if count is None else count} counted.")
    return count


async def _explain(bench: Bench, first: Finding, second: Finding, plain_tokens: int | None) -> Finding:
    """What two tries without a call mean, by what the prompt's tokens say of the tools.

    As many tokens with them as without prove that they were dropped only where the endpoint counts more than texts:
    some count nothing, some the same for each request, some the messages alone.
    """
    counted = first.last[1].prompt_tokens if first.last is not None else None
    if second.outcome is Outcome.NO or plain_tokens is None or counted is None:
        return replace(second, reason=" ".join(dict.fromkeys((first.reason, second.reason))))
    if counted != plain_tokens:
        return replace(
            second, reason=f"The tools reached the model ({plain_tokens} → {counted} tokens). {second.reason}"
        )
    dropped = f"The tools were dropped: the prompt had {counted} tokens with and without them."
    answered = second.last is not None and second.last[1].failure is None and judge_missing(second.last[1]) is None
    if answered and counted and await _counts_what_goes_beside(bench):
        return replace(second, outcome=Outcome.NO, reason=dropped)
    unproven = f"The prompt had {counted} tokens with and without the tools, which proves nothing with this endpoint."
    # Not told by an answer, which a weak model may not bring to an end: by the count, where the endpoint says the same.
    doubted = dropped if counted and bench.counts_differ else ""
    return replace(second, reason=f"{unproven} {second.reason}", doubted=doubted)


async def _counts_what_goes_beside(bench: Bench) -> bool:
    """Whether a prompt's tokens go up with a schema beside it, as this endpoint counts them."""
    if bench.shaped is None:
        return False
    question, counted = bench.shaped
    alone = await _ask_count(bench, question, "Tools, whether tokens are counted")
    return alone is not None and counted > alone


async def _take_result(bench: Bench, question: Question, call: ToolCall) -> Finding:
    status = bench.nonces.word()
    call_id = call.call_id or "call_1"
    called = {"id": call_id, "type": "function", "function": {"name": TOOL, "arguments": call.arguments}}
    messages: tuple[dict[str, Any], ...] = (
        {"role": "user", "content": question.prompt},
        {"role": "assistant", "content": "", "tool_calls": [called]},
        {"role": "tool", "tool_call_id": call_id, "content": json.dumps({"status": status})},
    )

    def attempt() -> tuple[Question, Judge]:
        return replace(question, messages=messages, max_tokens=96), _judge_use(status)

    return await try_until_sure(bench, PROBE, attempt, "Tools, with the result", needed=1, temperatures=(0.0, 1.0))


def _judge_use(status: str) -> Judge:
    def judge(answer: RawAnswer) -> Judgement:
        if status in answer.answer.lower():
            return passed("The tool's result was used in the answer.")
        return judge_missing(answer) or unclear("The tool was called, but its result is not in the answer.")

    return judge


async def probe_parallel_tools(bench: Bench) -> Finding:
    """Whether two calls come in one answer."""

    def attempt() -> tuple[Question, Judge]:
        numbers = bench.nonces.number(), bench.nonces.number()
        prompt = f"What are the statuses of the orders {numbers[0]} and {numbers[1]}? Look up both at once."
        return Question(prompt, 128, extra=_offer()), _judge_both(numbers)

    return await try_until_sure(
        bench, "parallel_tools", attempt, "Several tools at once", needed=1, temperatures=(0.0, 1.0)
    )


def _judge_both(numbers: tuple[str, str]) -> Judge:
    def judge(answer: RawAnswer) -> Judgement:
        called = [value for call in answer.calls for value in _values(call)]
        if all(number in called for number in numbers) and len(answer.calls) >= 2:
            return passed("Both calls came in one answer.")
        failed = judge_failure(answer) or judge_missing(answer)
        return failed or (denied if len(answer.calls) == 1 else unclear)(f"{len(answer.calls)} of 2 calls came.")

    return judge
