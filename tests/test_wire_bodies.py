"""Bodies as servers send them to a run: compressed, in parts, without an end."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from typing_extensions import override

from core.engine import execute
from core.errors import FailureKind, RunError
from core.run_spec import RunResult
from tests.run_specs import run_of
from tests.servers.answers import Answer, Reply, json_reply
from tests.servers.loopback import Connection, LoopbackServer, Request
from tests.servers.openai_wire import chat_completion
from tests.servers.particular import ParticularServer, refusal, with_events


def result_of(reply: Callable[[dict[str, Any], int], Reply | None], **asked: Any) -> RunResult:
    with ParticularServer(reply) as server:
        return asyncio.run(execute(run_of(server.base_url, **asked)))


def compressed(reply: Reply) -> Reply:
    body = gzip.compress(b"".join(reply.pieces))
    return replace(reply, pieces=(body,), headers={"Content-Encoding": "gzip"}, streamed=False)


@pytest.mark.parametrize("stream", [True, False])
def test_a_compressed_answer_is_read(stream: bool) -> None:
    answer = Answer(content="Hello there.")
    assert result_of(lambda asked, _: compressed(chat_completion({**asked, "stream": stream}, answer))).output == (
        "Hello there."
    )


def test_what_calls_itself_compressed_and_is_not_is_told() -> None:
    broken = replace(json_reply({}), headers={"Content-Encoding": "gzip"})
    with pytest.raises(RunError, match="not JSON"):
        result_of(lambda *_: broken)


def test_content_in_parts_is_text_and_thinking() -> None:
    def put_in_parts(event: dict[str, Any]) -> None:
        for delta in (choice["delta"] for choice in event["choices"]):
            if delta.get("content"):
                delta["content"] = [{"type": "text", "text": delta["content"]}]
            else:
                delta["content"] = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm. "}]}]

    answer = Answer(content="Hello there.")
    result = result_of(lambda asked, _: with_events(chat_completion(asked, answer), put_in_parts))
    assert result.output == "Hello there."
    assert result.reasoning is not None
    assert result.reasoning.startswith("Hm.")
    whole = {"choices": [{"message": {"content": [{"type": "text", "text": "Whole."}]}, "finish_reason": "stop"}]}
    assert result_of(lambda *_: json_reply(whole)).output == "Whole."


def test_an_answer_of_no_readable_form_is_no_server_error() -> None:
    with pytest.raises(RunError) as failed:
        result_of(lambda *_: json_reply({"choices": [{"message": {"content": 42}, "finish_reason": "stop"}]}))
    assert (failed.value.kind, failed.value.status) == (FailureKind.NOT_JSON, 200)
    assert "in a form that cannot be read" in failed.value.title


def test_a_run_is_asked_with_max_completion_tokens_where_the_endpoint_wants_that() -> None:
    words = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    result = result_of(lambda asked, _: refusal(400, words) if "max_tokens" in asked else None, max_tokens=50)
    assert result.request["max_completion_tokens"] == 50


class _Endless(LoopbackServer):
    """Begins an answer and then sends the same bytes until the client leaves."""

    def __init__(self, start: bytes, more: bytes) -> None:
        super().__init__()
        self.start_bytes, self.more = start, more

    @override
    def respond(self, _request: Request, connection: Connection) -> None:
        connection.start(200, {"Content-Type": "text/event-stream"})
        connection.write(self.start_bytes)
        while not connection.client_left() and not connection.wait(0):
            connection.write(self.more)


@pytest.mark.parametrize(
    ("start", "more", "kind"),
    [(b" ", b" " * 65536, FailureKind.EMPTY_ANSWER), (b"data: ", b"x" * 65536, FailureKind.NOT_JSON)],
    ids=["blanks", "one line"],
)
def test_a_body_without_an_end_is_left(start: bytes, more: bytes, kind: FailureKind) -> None:
    with _Endless(start, more) as server, pytest.raises(RunError) as failed:
        asyncio.run(execute(run_of(server.base_url, timeout_s=60)))
    assert failed.value.kind is kind


def test_lines_come_on_while_the_stream_goes_on() -> None:
    """What is complete is passed on at once, not only when the next line is."""
    told: list[str] = []
    first = f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': 'Hi'}}]})}\n\n".encode()

    class Slow(LoopbackServer):
        @override
        def respond(self, _request: Request, connection: Connection) -> None:
            connection.start(200, {"Content-Type": "text/event-stream"})
            connection.write(first + b"data: {")
            connection.wait(30)

    with Slow() as server, pytest.raises(RunError):
        asyncio.run(execute(run_of(server.base_url, timeout_s=1), lambda delta: told.append(delta.text)))
    assert told == ["Hi"]
