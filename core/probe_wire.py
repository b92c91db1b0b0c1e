"""One call of a probe: sent the way a run is sent, and its answer as it came over the wire, before anybody reads it."""

from __future__ import annotations

import json
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
from core.redaction import fit_to_keep
from core.refusals import Feature, features_of
from core.request_building import ChatRequest
from core.run_spec import RunSpec

_SPARE_PIECES: Final = 48
"""Pieces above the limit of tokens that an answer may have: role, usage and ends take some, thinking's tags others."""

_EXCERPT_LENGTH: Final = 600

_CHARACTERS_A_TOKEN: Final = 4
_MOST_CHARACTERS_A_TOKEN: Final = 24
"""Longer than a token gets on the average, in any language."""

_REASONING_FIELDS: Final = ("reasoning_content", "reasoning", "reasoning_details")
_WRITTEN_FIELDS: Final = (*_REASONING_FIELDS, "content", "tool_calls")
_EMPTY_FIELDS_CHARACTERS: Final = len(json.dumps([None] * len(_WRITTEN_FIELDS)))


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What one call gave. With `failure` the rest is what arrived before it.

    `content` still has whatever tags the model wrote; `reasoning` is what the server separated, `reasoning_field` where
    it stood. `cut` says that the answer was broken off because it did not heed its limit of tokens. `features` is what
    was asked for beside an answer. No text holds a key.
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
    characters: int = 0
    requests: int = 1
    features: frozenset[Feature] = frozenset()
    streamed: bool = False
    cut: bool = False
    response_model: str | None = None
    system_fingerprint: str = ""
    latency_ms: float = 0.0
    first_token_ms: float | None = None
    request: dict[str, Any] = field(default_factory=dict, repr=False)
    failure: RunError | None = None

    @property
    def written_tokens(self) -> int:
        """The tokens of what arrived, by the endpoint's count, else by its pieces and its length."""
        if self.completion_tokens:
            return self.completion_tokens
        return max(self.pieces, -(-self.characters // _CHARACTERS_A_TOKEN))

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


class ProbeExchange(Exchange):
    """The traffic of one call, with the stream's lines put together as they arrive, and no more of it than allowed.

    With `to_the_end` also what litellm makes of it is wanted.
    """

    def __init__(self, endpoint: Endpoint, *, openai_shaped: bool, most_tokens: int, to_the_end: bool = False) -> None:
        super().__init__(endpoint, openai_shaped=openai_shaped)
        self._to_the_end = to_the_end
        self.assembly = AnswerAssembly(ThinkSplitter(None))
        self.cut = False
        self.streamed = True
        self.pieces = 0
        self.characters = 0
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
            ended = self.assembly.finish_reason is not None and self.assembly.usage.total_tokens is not None
            self.satisfied = ended and not self._to_the_end
        if max(self.pieces, self.characters // _MOST_CHARACTERS_A_TOKEN) > self._most_pieces:
            self.cut = True
            raise self.refuse(
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
            self.characters += len(json.dumps([delta.get(name) for name in _WRITTEN_FIELDS], ensure_ascii=False))
            self.characters -= _EMPTY_FIELDS_CHARACTERS
            self.last_piece_s = time.perf_counter()
            if self.first_piece_s is None:
                self.first_piece_s = self.last_piece_s


async def send_probe(spec: RunSpec, request: ChatRequest, *, with_usage: bool = True) -> RawAnswer:
    """What the endpoint answers to a request; a failure comes back in the answer."""
    openai_shaped = is_openai_shaped(spec)
    exchange = exchange_of(spec)
    started_s = time.perf_counter()
    failure: RunError | None = None
    assembly = exchange.assembly
    try:
        read = await ask(spec, request, exchange, with_usage=with_usage)
        if not openai_shaped:
            assembly = read
    except RunError as error:
        failure = None if exchange.cut else error
    files, system = bool(spec.images), bool(spec.system_prompt)
    features = features_of(request.parameters, files=files, system=system)
    return answer_of(exchange, assembly, started_s, failure, features)


def exchange_of(spec: RunSpec, *, to_the_end: bool = False) -> ProbeExchange:
    """The traffic of a run, which gets no more tokens than it was allowed."""
    return ProbeExchange(
        endpoint_of(spec),
        openai_shaped=is_openai_shaped(spec),
        most_tokens=spec.max_tokens or 4096,
        to_the_end=to_the_end,
    )


def answer_of(
    exchange: ProbeExchange,
    assembly: AnswerAssembly,
    started_s: float,
    failure: RunError | None,
    features: frozenset[Feature] = frozenset(),
) -> RawAnswer:
    """What came over the wire, without keys: an endpoint may repeat them anywhere."""
    first_s, secrets = exchange.first_piece_s, exchange.endpoint.secrets

    def clean(value: Any) -> Any:
        return fit_to_keep(value, secrets)

    return RawAnswer(
        content=clean(assembly.content),
        reasoning=clean(assembly.reasoning),
        reasoning_field=exchange.reasoning_field,
        reasoning_tokens=assembly.usage.reasoning_tokens or 0,
        calls=tuple(
            ToolCall(clean(call.call_id), clean(call.name), clean(call.arguments)) for call in assembly.calls.values()
        ),
        arguments=clean(assembly.tool_arguments()),
        logprobs=tuple(clean(item) for item in assembly.logprobs if isinstance(item, dict)),
        logprobs_seen=exchange.logprobs_seen or bool(assembly.logprobs),
        refusal=clean(exchange.refusal),
        finish_reason=assembly.finish_reason,
        prompt_tokens=assembly.usage.prompt_tokens,
        completion_tokens=assembly.usage.completion_tokens,
        pieces=exchange.pieces,
        characters=exchange.characters,
        requests=len(exchange.sent),
        features=features,
        streamed=exchange.streamed,
        cut=exchange.cut,
        response_model=clean(exchange.response_model),
        system_fingerprint=clean(exchange.system_fingerprint),
        latency_ms=(time.perf_counter() - started_s) * 1000,
        first_token_ms=(first_s - started_s) * 1000 if first_s is not None else None,
        request=fit_to_keep(exchange.shown_request()),
        failure=failure,
    )
