"""The chat completions wire of OpenAI, which most providers speak."""

from __future__ import annotations

from typing import Any

from tests.servers.answers import Answer, Reply, event, event_stream, json_reply

CREATED = 1_700_000_000


def chat_completion(asked: dict[str, Any], answer: Answer) -> Reply:
    """The answer to a POST of …/chat/completions, streamed where that was asked for."""
    answer = answer.as_called(forced_tool(asked))
    return _stream(asked, answer) if asked.get("stream") else json_reply(_whole(asked, answer))


def model_list(*model_ids: str) -> Reply:
    """The answer to a GET of …/models."""
    return json_reply({"object": "list", "data": [{"id": name, "object": "model"} for name in model_ids]})


def forced_tool(asked: dict[str, Any]) -> str | None:
    """The name of the tool that the request leaves no way around; None where there is none."""
    choice = asked.get("tool_choice")
    if isinstance(choice, dict):
        name = choice["function"]["name"]
        return name if isinstance(name, str) else None
    if choice == "required" and len(asked.get("tools") or ()) == 1:
        return str(asked["tools"][0]["function"]["name"])
    return None


def usage(answer: Answer) -> dict[str, int]:
    """Token counts as this wire names them."""
    total = answer.prompt_tokens + answer.completion_tokens
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": total,
    }


def chunk(asked: dict[str, Any], answer: Answer, delta: dict[str, Any], **choice: Any) -> dict[str, Any]:
    """One event of a stream; more members of the choice by name."""
    return {
        **_head(asked, answer, "chat.completion.chunk"),
        "choices": [{"index": 0, "delta": delta, "finish_reason": None, **choice}],
    }


def _whole(asked: dict[str, Any], answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.content}
    if answer.reasoning:
        message[answer.reasoning_field] = answer.reasoning
    if answer.tool_calls:
        message["content"] = answer.content or None
        message["tool_calls"] = [_call(call.call_id, call.name, call.arguments) for call in answer.tool_calls]
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": _finish(answer)}
    if answer.logprobs and asked.get("logprobs"):
        choice["logprobs"] = _logprobs(answer.pieces(answer.content), asked)
    head = _head(asked, answer, "chat.completion")
    return {**head, "choices": [choice], "usage": usage(answer), "service_tier": "default"}


def _stream(asked: dict[str, Any], answer: Answer) -> Reply:
    events = [chunk(asked, answer, {"role": "assistant", "content": ""})]
    events += [chunk(asked, answer, {answer.reasoning_field: piece}) for piece in answer.pieces(answer.reasoning)]
    for piece in answer.pieces(answer.content):
        logprobs = {"logprobs": _logprobs([piece], asked)} if answer.logprobs and asked.get("logprobs") else {}
        events.append(chunk(asked, answer, {"content": piece}, **logprobs))
    for index, call in enumerate(answer.tool_calls):
        first = {"index": index, **_call(call.call_id, call.name, "")}
        events.append(chunk(asked, answer, {"tool_calls": [first]}))
        for piece in answer.pieces(call.arguments):
            more = {"index": index, "function": {"arguments": piece}}
            events.append(chunk(asked, answer, {"tool_calls": [more]}))
    events.append(chunk(asked, answer, {}, finish_reason=_finish(answer)))
    if (asked.get("stream_options") or {}).get("include_usage") or (asked.get("usage") or {}).get("include"):
        events.append({**_head(asked, answer, "chat.completion.chunk"), "choices": [], "usage": usage(answer)})
    return event_stream(*(event(data) for data in events), event("[DONE]"))


def _head(asked: dict[str, Any], answer: Answer, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": CREATED, "model": answer.model or asked.get("model")}


def _call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _finish(answer: Answer) -> str:
    return "tool_calls" if answer.tool_calls else "stop"


def _logprobs(pieces: list[str], asked: dict[str, Any]) -> dict[str, Any]:
    alternatives = int(asked.get("top_logprobs") or 0)
    return {
        "content": [
            {
                "token": piece,
                "logprob": -0.25,
                "bytes": list(piece.encode()),
                "top_logprobs": [
                    {"token": f"{piece}{at or ''}", "logprob": -0.25 - 2 * at, "bytes": None}
                    for at in range(alternatives)
                ],
            }
            for piece in pieces
        ]
    }
