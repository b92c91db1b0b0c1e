"""A server that can do everything, with one particularity that a test gives it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from typing_extensions import override

from tests.servers.answers import Answer, Reply, json_reply
from tests.servers.capable import Ability, CapableServer

Instead = Callable[[dict[str, Any], int], Reply | None]
"""A reply in place of the server's own to a request, the so-manieth from 1; None leaves it its own."""

Change = Callable[[dict[str, Any], int, Answer], Answer]
"""What the answer to a request, the so-manieth from 1, becomes."""


class ParticularServer(CapableServer):
    """Replies as `instead` says, else as a capable server, its answers changed by `change`."""

    def __init__(
        self,
        instead: Instead | None = None,
        *,
        change: Change | None = None,
        without: Iterable[Ability] = (),
        **more: Any,
    ) -> None:
        super().__init__(without, **more)
        self._instead = instead
        self._change = change

    @property
    def asked_until_now(self) -> int:
        """How many chat completions were asked for."""
        return sum(request.method == "POST" for request in self.requests)

    @override
    def reply(self, asked: dict[str, Any]) -> Reply:
        own = self._instead(asked, self.asked_until_now) if self._instead is not None else None
        return super().reply(asked) if own is None else own

    @override
    def answer(self, asked: dict[str, Any]) -> Answer:
        answer = super().answer(asked)
        return answer if self._change is None else self._change(asked, self.asked_until_now, answer)


def with_events(reply: Reply, change: Callable[[dict[str, Any]], object]) -> Reply:
    """The same reply, `change` having worked on each event of its stream."""
    pieces = []
    for piece in reply.pieces:
        text = piece.decode()
        if text.startswith("data: {"):
            event = json.loads(text[6:])
            change(event)
            text = f"data: {json.dumps(event)}\n\n"
        pieces.append(text.encode())
    return replace(reply, pieces=tuple(pieces))


def refusal(status: int, words: str, **headers: str) -> Reply:
    """An error in OpenAI's form."""
    body = {"error": {"message": words, "code": status}}
    return json_reply(body, status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})


def asks_for_feature(asked: dict[str, Any]) -> bool:
    """Whether a request asks for more than an answer."""
    return any(name in asked for name in ("response_format", "tools", "logprobs")) or has_picture(asked)


def has_picture(asked: dict[str, Any]) -> bool:
    """Whether a picture goes with the request."""
    return '"image_url"' in json.dumps(asked["messages"])


def is_last_run(asked: dict[str, Any]) -> bool:
    """Whether this is the run that measuring ends with, or one of its tries of instructions: the ordinary task."""
    return "ripe" in json.dumps(asked["messages"])
