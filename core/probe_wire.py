"""One call of a probe: sent the way a run is sent, and its answer as it came over the wire, before anybody reads it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from typing_extensions import override

from core.answer_assembly import AnswerAssembly, ToolCall, reasoning_of
from core.call_arguments import is_openai_shaped
from core.engine import ask
from core.errors import FailureKind, RunError
from core.exchange import Exchange, endpoint_of
from core.failures import Endpoint
from core.parsers import CLOSING, OPENING, ThinkSplitter
from core.request_building import ChatRequest
from core.run_spec import RunSpec

_SPARE_PIECES: Final = 48
"""Pieces above the limit of tokens that an answer may have: role, usage and ends take some, thinking's tags others."""

_EXCERPT_LENGTH: Final = 600

_REJECTION_WORDS = re.compile(
    r"(?i)not supported|unsupported|does not support|doesn't support|not allowed|not permitted|unknown (field|param)"
    r"|unrecognized|extra (inputs|fields)|no endpoints found that support|not implemented|cannot be used|invalid"
)
_REASONING_FIELDS: Final = ("reasoning_content", "reasoning", "reasoning_details")


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What one call gave. With `failure` the rest is what arrived before it.

    `content` still has whatever tags the model wrote; `reasoning` is what the server separated, `reasoning_field` where
    it stood. `cut` says that the answer was broken off because it did not heed its limit of tokens.
    """

    content: str = ""
    reasoning: str = ""
    reasoning_field: str = ""
    reasoning_tokens: int = 0
    calls: tuple[ToolCall, ...] = ()
    arguments: str | None = None
    logprobs: tuple[dict[str, Any], ...] = ()
    logprobs_seen: bool = False
    refusal: str = ""
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    pieces: int = 0
    streamed: bool = False
    cut: bool = False
    response_model: str | None = None
    system_fingerprint: str = ""
    latency_ms: float = 0.0
    first_token_ms: float | None = None
    request: dict[str, Any] = field(default_factory=dict, repr=False)
    failure: RunError | None = None

    @property
    def truncated(self) -> bool:
        """Whether the answer ended before the model did."""
        return self.cut or self.finish_reason == "length"

    @property
    def empty(self) -> bool:
        """Whether nothing came that could be judged."""
        return not self.content.strip() and not self.calls

    @property
    def answer(self) -> str:
        """The content without a block of thinking at its front."""
        if CLOSING in self.content:
            return self.content.rpartition(CLOSING)[2].strip()
        return "" if self.content.lstrip().startswith(OPENING) else self.content.strip()

    @property
    def refused(self) -> bool:
        """Whether the model or a filter declined."""
        return bool(self.refusal) or self.finish_reason == "content_filter"

    @property
    def excerpt(self) -> str:
        """What a receipt shows of the answer."""
        shown: dict[str, Any] = {}
        if self.failure is not None:
            status = f" ({self.failure.status})" if self.failure.status else ""
            return _short(f"{self.failure.title}{status} {self.failure.detail}".strip())
        if self.reasoning:
            shown[self.reasoning_field or "reasoning"] = _short(self.reasoning, 200)
        if self.calls:
            shown["tool_calls"] = [{"name": call.name, "arguments": _short(call.arguments, 200)} for call in self.calls]
        if self.logprobs:
            shown["logprobs"] = self.logprobs[0]
        if self.refusal:
            shown["refusal"] = self.refusal
        if not shown:
            return _short(self.content)
        return _short(json.dumps({"content": _short(self.content, 200), **shown}, ensure_ascii=False, default=str))


def _short(text: str, length: int = _EXCERPT_LENGTH) -> str:
    return text if len(text) <= length else f"{text[:length]}…"


def says_no(failure: RunError) -> bool:
    """Whether the endpoint refused what was asked, as against not managing to answer.

    llama.cpp refuses images with status 500 and the words "not supported"; OpenRouter tools with 404.
    """
    if failure.status == 501:
        return True
    if failure.kind is FailureKind.NOT_FOUND:
        return "support" in failure.detail.lower()
    return failure.kind is FailureKind.BAD_REQUEST and failure.status is not None and not is_too_long(failure)


def names_parameter(failure: RunError, name: str) -> bool:
    """Whether a refusal is about this parameter."""
    return (
        failure.kind is FailureKind.BAD_REQUEST
        and name in failure.detail
        and _REJECTION_WORDS.search(failure.detail) is not None
    )


def is_too_long(failure: RunError) -> bool:
    """Whether the prompt did not fit into the model's context."""
    return "longer than the model" in failure.title


class ProbeExchange(Exchange):
    """The traffic of one call, with the stream's lines put together as they arrive."""

    def __init__(self, endpoint: Endpoint, *, openai_shaped: bool, most_tokens: int) -> None:
        super().__init__(endpoint, openai_shaped=openai_shaped)
        self.assembly = AnswerAssembly(ThinkSplitter(None))
        self.cut = False
        self.streamed = True
        self.pieces = 0
        self.reasoning_field = ""
        self.logprobs_seen = False
        self.refusal = ""
        self.system_fingerprint = ""
        self.first_piece_s: float | None = None
        self.last_piece_s: float | None = None
        self._most_pieces = most_tokens + _SPARE_PIECES

    @override
    def note_line(self, line: bytes) -> bool:
        finished = super().note_line(line)
        if line.startswith(b"data:"):
            self._take(line[5:].strip())
            # The end is known and the tokens are counted: what litellm would make of the rest takes 7 ms a call.
            self.satisfied = self.assembly.finish_reason is not None and self.assembly.usage.total_tokens is not None
        if self.pieces > self._most_pieces:
            self.cut = True
            raise self._refuse(
                self.endpoint.error(FailureKind.OTHER, "The answer did not end at its limit of tokens.", "")
            )
        return finished

    @override
    def _as_event_stream(self, body: bytes, content_type: str) -> bytes:
        self.streamed = False
        return super()._as_event_stream(body, content_type)

    def _take(self, data: bytes) -> None:
        try:
            chunk = json.loads(data)
        except ValueError:
            return
        if not isinstance(chunk, dict):
            return
        if isinstance(chunk.get("system_fingerprint"), str):
            self.system_fingerprint = chunk["system_fingerprint"]
        choices = chunk.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        if first is not None and not isinstance(first, dict):
            return
        delta = first.get("delta") if first is not None else None
        if isinstance(delta, dict):
            self._look_at(delta)
        if first is not None and first.get("logprobs") is not None:
            self.logprobs_seen = True
        try:
            self.assembly.add(chunk)
        except (AttributeError, TypeError):
            return  # of a shape that no client reads either

    def _look_at(self, delta: Mapping[str, Any]) -> None:
        if reasoning_of(delta):
            self.reasoning_field = next(name for name in _REASONING_FIELDS if delta.get(name))
        if isinstance(delta.get("refusal"), str):
            self.refusal += delta["refusal"]
        if reasoning_of(delta) or delta.get("content") or delta.get("tool_calls"):
            self.pieces += 1
            self.last_piece_s = time.perf_counter()
            if self.first_piece_s is None:
                self.first_piece_s = self.last_piece_s


async def send_probe(spec: RunSpec, request: ChatRequest) -> RawAnswer:
    """What the endpoint answers to a request; a failure comes back in the answer."""
    openai_shaped = is_openai_shaped(spec)
    exchange = ProbeExchange(endpoint_of(spec), openai_shaped=openai_shaped, most_tokens=spec.max_tokens or 4096)
    started_s = time.perf_counter()
    failure: RunError | None = None
    assembly = exchange.assembly
    try:
        read = await ask(spec, request, exchange)
        if not openai_shaped:
            assembly = read
    except RunError as error:
        failure = None if exchange.cut else error
    return _answer_of(exchange, assembly, started_s, failure)


def _answer_of(
    exchange: ProbeExchange, assembly: AnswerAssembly, started_s: float, failure: RunError | None
) -> RawAnswer:
    first_s = exchange.first_piece_s
    return RawAnswer(
        content=assembly.content,
        reasoning=assembly.reasoning,
        reasoning_field=exchange.reasoning_field,
        reasoning_tokens=assembly.usage.reasoning_tokens or 0,
        calls=tuple(assembly.calls.values()),
        arguments=assembly.tool_arguments(),
        logprobs=tuple(item for item in assembly.logprobs if isinstance(item, dict)),
        logprobs_seen=exchange.logprobs_seen or bool(assembly.logprobs),
        refusal=exchange.refusal,
        finish_reason=assembly.finish_reason,
        prompt_tokens=assembly.usage.prompt_tokens,
        completion_tokens=assembly.usage.completion_tokens,
        pieces=exchange.pieces,
        streamed=exchange.streamed,
        cut=exchange.cut,
        response_model=exchange.response_model,
        system_fingerprint=exchange.system_fingerprint,
        latency_ms=(time.perf_counter() - started_s) * 1000,
        first_token_ms=(first_s - started_s) * 1000 if first_s is not None else None,
        request=exchange.shown_request(),
        failure=failure,
    )
