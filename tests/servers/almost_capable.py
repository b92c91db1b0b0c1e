"""The replies of servers that can do everything but one thing, which they do badly."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from typing_extensions import override

from tests.servers.answers import Answer, Reply, ToolCall, json_reply
from tests.servers.capable import Ability, CapableServer
from tests.servers.misbehaviours import Misbehaviour

ReplyTo = Callable[[dict[str, Any], int], Reply]
"""The reply to a request, and how many came before it."""

_FEATURES: Final = ("response_format", "tools", "logprobs", "image_url")


class _Changed(CapableServer):
    """Answers as a capable server and then changes the answer. Never started: only its replies are wanted."""

    def __init__(self, change: Callable[[dict[str, Any], Answer], Answer], without: Iterable[Ability] = ()) -> None:
        super().__init__(without)
        self._change = change

    @override
    def answer(self, asked: dict[str, Any]) -> Answer:
        return self._change(asked, super().answer(asked))


def _capable(*without: Ability) -> ReplyTo:
    server = CapableServer(without)
    return lambda asked, _: server.reply(asked)


def _changed(change: Callable[[dict[str, Any], Answer], Answer]) -> ReplyTo:
    server = _Changed(change)
    return lambda asked, _: server.reply(asked)


class _Miscounting(CapableServer):
    """Counts prompts its own way, and its model calls tools only when it is asked at a temperature above 0, if at all.

    Never started: only its replies are wanted.
    """

    def __init__(self, count: Callable[[dict[str, Any]], int], *, calls: bool = True) -> None:
        super().__init__([] if calls else [Ability.FORCED_TOOL])
        self._count = count
        self._calls = calls

    @override
    def _prompt_tokens(self, asked: dict[str, Any]) -> int:
        return self._count(asked)

    @override
    def _use_tools(self, asked: dict[str, Any], tools: list[dict[str, Any]]) -> Answer:
        hesitates = not self._calls or asked.get("temperature", 1) == 0
        if hesitates and asked["messages"][-1]["role"] != "tool":
            return Answer(content="Let me look that up for you.")
        return super()._use_tools(asked, tools)


def _count_messages(asked: dict[str, Any]) -> int:
    return len(json.dumps(asked["messages"])) // 4


def _miscounting(count: Callable[[dict[str, Any]], int], *, calls: bool = True) -> ReplyTo:
    server = _Miscounting(count, calls=calls)
    return lambda asked, _: server.reply(asked)


def _after(count: int, refusal: Reply) -> ReplyTo:
    server = CapableServer()
    return lambda asked, earlier: refusal if earlier < count else server.reply(asked)


def _with_logprobs(change: Callable[[Any], Any]) -> ReplyTo:
    """The same with what stands under every `logprobs` changed."""
    server = CapableServer()

    def reply(asked: dict[str, Any], _: int) -> Reply:
        good = server.reply(asked)
        pieces = []
        for piece in good.pieces:
            text = piece.decode()
            if text.startswith("data: {") and '"logprobs"' in text:
                event = json.loads(text[6:])
                event["choices"][0]["logprobs"] = change(event["choices"][0].get("logprobs"))
                text = f"data: {json.dumps(event)}\n\n"
            pieces.append(text.encode())
        return replace(good, pieces=tuple(pieces))

    return reply


def _nulls(_: Any) -> Any:
    return {"content": [{"token": "x", "logprob": None, "bytes": None, "top_logprobs": None}]}


def _legacy(_: Any) -> Any:
    return {"tokens": ["x"], "token_logprobs": [-0.5], "top_logprobs": [{"x": -0.5, "y": -1.5}], "text_offset": [0]}


def _certain(_: Any) -> Any:
    alternatives = [{"token": name, "logprob": 0.0, "bytes": None} for name in "xyz"]
    return {"content": [{"token": "x", "logprob": 0.0, "bytes": None, "top_logprobs": alternatives}]}


def _without_pictures(asked: dict[str, Any], _: int) -> Reply:
    messages = [
        {**message, "content": [part for part in message["content"] if part["type"] == "text"]}
        if isinstance(message.get("content"), list)
        else message
        for message in asked["messages"]
    ]
    return CapableServer([Ability.VISION]).reply({**asked, "messages": messages})


def _invent_call(asked: dict[str, Any], answer: Answer) -> Answer:
    if not asked.get("tools"):
        return answer
    name = asked["tools"][0]["function"]["name"]
    return Answer(content="", tool_calls=(ToolCall(name=name, arguments='{"order_number": "1", "answer": "text"}'),))


def _double_calls(_: dict[str, Any], answer: Answer) -> Answer:
    again = tuple(replace(call, call_id=f"{call.call_id}_again") for call in answer.tool_calls)
    return replace(answer, tool_calls=(*answer.tool_calls, *again))


def _fail_on_features(asked: dict[str, Any], _: int) -> Reply:
    if any(f'"{feature}"' in json.dumps(asked) for feature in _FEATURES):
        return json_reply({"error": {"message": "Internal error.", "code": 500}}, status=500)
    return CapableServer().reply(asked)


def _go_on(_: dict[str, Any], answer: Answer) -> Answer:
    plain = answer.content and not answer.content.startswith("{")
    return replace(answer, content=answer.content + " and the sea is wide" * 60) if plain else answer


def _without_limit(reply_to: ReplyTo) -> ReplyTo:
    return lambda asked, earlier: reply_to({key: asked[key] for key in asked if key != "max_tokens"}, earlier)


def _think_now_and_then(asked: dict[str, Any], earlier: int) -> Reply:
    return CapableServer(thought="Let me see." if earlier % 2 else "").reply(asked)


def _count_reasoning(asked: dict[str, Any], _: int) -> Reply:
    good = CapableServer().reply(asked)
    counted = re.compile(rb'("completion_tokens": \d+)')
    details = rb'\1, "completion_tokens_details": {"reasoning_tokens": 64}'
    return replace(good, pieces=tuple(counted.sub(details, piece) for piece in good.pieces))


def _think_elsewhere(asked: dict[str, Any], answer: Answer) -> Answer:
    plain = answer.content and not answer.content.startswith("{")
    return replace(answer, content=f"<reasoning>Let me see.</reasoning>{answer.content}") if plain else answer


_LATER: Final = json_reply(
    {"error": {"message": "Too many requests.", "code": 429}}, status=429, headers={"Retry-After": "1"}
)
_LOADING: Final = json_reply({"error": {"message": "Loading model", "code": 503}}, status=503)

_K = Misbehaviour
REPLIES: Final[dict[Misbehaviour, ReplyTo]] = {
    _K.IGNORES_TOOLS: _capable(Ability.TOOLS, Ability.FORCED_TOOL),
    _K.NULL_LOGPROBS: _with_logprobs(_nulls),
    _K.LEGACY_LOGPROBS: _with_logprobs(_legacy),
    _K.CERTAIN_LOGPROBS: _with_logprobs(_certain),
    _K.IGNORES_IMAGES: _capable(Ability.VISION),
    _K.DROPS_IMAGES: _without_pictures,
    _K.INVENTS_TOOL_CALLS: _changed(_invent_call),
    _K.DOUBLES_GOOD_CALLS: _changed(_double_calls),
    _K.RATE_LIMITED_AT_FIRST: _after(2, _LATER),
    _K.LOADS_FIRST: _after(1, _LOADING),
    _K.SLOW_TO_LOAD: _capable(),
    _K.FAILS_ON_FEATURES: _fail_on_features,
    _K.IGNORES_TOKEN_LIMIT: _without_limit(_changed(_go_on)),
    _K.SOMETIMES_THINKS: _think_now_and_then,
    _K.COUNTS_HIDDEN_REASONING: _count_reasoning,
    _K.OTHER_THINKING_TAGS: _changed(_think_elsewhere),
    _K.COUNTS_NOTHING: _miscounting(lambda _: 0),
    _K.COUNTS_ALIKE: _miscounting(lambda _: 10),
    _K.COUNTS_MESSAGES: _miscounting(_count_messages),
    _K.COUNTS_MESSAGES_WITHOUT_CALLS: _miscounting(_count_messages, calls=False),
}
