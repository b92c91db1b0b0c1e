"""Joining a streamed answer: text, reasoning, tool calls, usage; and reading the finished whole as a result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import FailureKind, RunError
from core.fields import ModelParserID, StructuredOutputMode
from core.parsers import ThinkSplitter, separate_reasoning
from core.run_spec import Delta, RunSpec, Usage
from core.structured_output import (
    TOOL_MODES,
    TOOL_NAME,
    effective_mode,
    json_candidates,
    read_json,
    validation_error,
)


@dataclass(slots=True)
class ToolCall:
    """A tool call as far as it has arrived."""

    call_id: str | None = None
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class AnswerAssembly:
    """An answer that is arriving: `add` takes a chunk as plain data and gives what is new in it."""

    splitter: ThinkSplitter
    content: str = ""
    reasoning: str = ""
    calls: dict[int, ToolCall] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    finish_reason: str | None = None
    logprobs: list[dict[str, Any]] = field(default_factory=list)
    chunks_with_choices: int = 0

    def add(self, chunk: Mapping[str, Any]) -> list[Delta]:
        """What a chunk in OpenAI's form brings."""
        usage = chunk.get("usage")
        if isinstance(usage, Mapping):
            self.usage = usage_of(usage) or self.usage
        choices = chunk.get("choices") or []
        if not choices:
            return []
        self.chunks_with_choices += 1
        choice = next((each for each in choices if not each.get("index")), None)
        if choice is None:
            return []  # another answer to the same question; one is read
        if choice.get("finish_reason"):
            self.finish_reason = choice["finish_reason"]
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, Mapping):
            self.logprobs += logprobs.get("content") or []
        return self._add_delta(choice.get("delta") or {})

    def _add_delta(self, delta: Mapping[str, Any]) -> list[Delta]:
        deltas: list[Delta] = []
        reasoning = reasoning_of(delta)
        if reasoning:
            self.splitter.note_separated_reasoning()
            self.reasoning += reasoning
            deltas.append(Delta("reasoning", reasoning))
        content = _text_of(delta.get("content"))
        if content:
            self.content += content
            deltas += self.splitter.feed(content)
        calls = list(delta.get("tool_calls") or [])
        if delta.get("function_call"):
            calls.append({"index": 0, "function": delta["function_call"]})
        for call in calls:
            text = self._add_call(call)
            if text:
                deltas.append(Delta("tool", text))
        return deltas

    def _add_call(self, call: Mapping[str, Any]) -> str:
        function = call.get("function") or {}
        call_id, name = call.get("id"), function.get("name") or ""
        arguments = function.get("arguments")
        text = arguments if isinstance(arguments, str) else json.dumps(arguments) if arguments else ""
        index = call.get("index")
        if not isinstance(index, int):
            index = max(self.calls, default=0)
        known = self.calls.get(index)
        if known is not None and call_id and known.call_id and call_id != known.call_id and name:
            # Some servers number every call 0: another id with a name of its own is another call.
            index = max(self.calls) + 1
        slot = self.calls.setdefault(index, ToolCall())
        slot.call_id = slot.call_id or call_id
        slot.name = slot.name or name
        slot.arguments += text
        return text

    def tool_arguments(self) -> str | None:
        """The arguments of the forced call: of several the first that is JSON; None where there was no call."""
        named = [call.arguments for call in self.calls.values() if call.name in ("", TOOL_NAME)]
        candidates = named or [call.arguments for call in self.calls.values()]
        if not candidates:
            return None
        single = [_undoubled(text) for text in candidates]
        return next((text for text in single if read_json(text, lenient=False)[1] is None), single[0])


def reasoning_of(delta: Mapping[str, Any]) -> str:
    """The reasoning that the server separated, under any of the names in use."""
    for key in ("reasoning_content", "reasoning"):
        text = _text_of(delta.get(key))
        if text:
            return text
    details = delta.get("reasoning_details")
    if isinstance(details, list):
        texts = [item.get("text") or item.get("summary") or "" for item in details if isinstance(item, Mapping)]
        return "".join(text for text in texts if isinstance(text, str))
    return ""


def usage_of(usage: Mapping[str, Any]) -> Usage | None:
    """The endpoint's own count; None where it counted nothing.

    litellm fills gaps with 0: no reasoning tokens are not told apart.
    """
    prompt, completion, total = (
        _count(usage.get(key)) for key in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    if not prompt and not completion and not total:
        return None
    details = usage.get("completion_tokens_details")
    reasoning = _count(details.get("reasoning_tokens")) if isinstance(details, Mapping) else None
    return Usage(prompt, completion, total or (prompt or 0) + (completion or 0), reasoning or None)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _text_of(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(part.get("text") or "" for part in value if isinstance(part, Mapping))
    return ""


def _undoubled(arguments: str) -> str:
    """Arguments that a server sent whole a second time after their pieces, once."""
    text = arguments.strip()
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return text
    rest = text[end:].strip()
    return text[:end] if rest and read_json(rest, lenient=False)[0] == value else text


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """A finished answer, read."""

    output: str
    parsed: Any | None
    reasoning: str | None
    validation_error: str | None


def read_answer(spec: RunSpec, assembly: AnswerAssembly) -> ReadAnswer:
    """The answer as the run's settings say to read it.

    Raises:
        RunError: of kind parser or reasoning_missing.
    """
    parser = spec.provider.parser
    if parser is ModelParserID.r1_thinking and _reasoning_is_optional(spec):
        parser = ModelParserID.optional_r1_thinking
    mode = None if spec.schema is None else effective_mode(spec.provider.structured_output_mode, spec.provider.name)
    arguments = assembly.tool_arguments() if mode in TOOL_MODES else None
    content, reasoning = assembly.content, assembly.reasoning.strip() or None
    if reasoning is None and (arguments is None or content.strip()):
        content, reasoning = separate_reasoning(parser, content)
    _require_reasoning(spec, reasoning, assembly)
    if spec.schema is None or mode is None:
        return ReadAnswer(content, None, reasoning, None)
    cut_off = assembly.finish_reason == "length"
    if arguments is not None:
        return _checked(spec.schema, arguments, reasoning, lenient=False, cut_off=cut_off)
    lenient = mode is not StructuredOutputMode.json_schema
    misses_call = mode in TOOL_MODES
    return _checked(spec.schema, content, reasoning, lenient=lenient, cut_off=cut_off, misses_call=misses_call)


def _checked(
    schema: Mapping[str, Any],
    text: str,
    reasoning: str | None,
    *,
    lenient: bool,
    cut_off: bool,
    misses_call: bool = False,
) -> ReadAnswer:
    parsed, complaint = read_json(text, lenient=lenient)
    if complaint is not None and misses_call and text.strip() and not cut_off:
        complaint = "The model answered with text instead of the tool call."
    if complaint is None:
        complaint = validation_error(parsed, schema)
        if complaint is not None and lenient:
            # Several pieces of JSON, an example and then the answer: the one that fits is meant.
            fitting = [value for value in json_candidates(text) if validation_error(value, schema) is None]
            parsed, complaint = (fitting[0], None) if fitting else (parsed, complaint)
    elif cut_off:
        complaint += " It was cut off at the token limit."
    return ReadAnswer(text, parsed, reasoning, complaint)


def _reasoning_is_optional(spec: RunSpec) -> bool:
    return spec.schema is not None and bool(spec.provider.reasoning_optional_for_structured_output)


def _require_reasoning(spec: RunSpec, reasoning: str | None, assembly: AnswerAssembly) -> None:
    provider = spec.provider
    if provider.reasoning_capable and not reasoning and not _reasoning_is_optional(spec):
        raise RunError(
            "The model is marked as reasoning capable, but its answer came without reasoning.",
            "Set Reasoning Capable to No, or choose the Output Parser that finds the reasoning.",
            kind=FailureKind.REASONING_MISSING,
            detail=assembly.content,
        )
