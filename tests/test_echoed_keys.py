"""An endpoint that puts the key where no text belongs: what the libraries say of its answer shows no key."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from tests.run_specs import KEY
from tests.servers.answers import json_reply
from tests.servers.loopback import Connection, Request
from tests.servers.misbehaving import send
from tests.servers.recording import RecordingBase

ROOT = Path(__file__).parents[1]

ASKS = """
import asyncio, sys, warnings
from core.engine import execute, load_litellm
from core.errors import RunError
from tests.run_specs import run_of

async def ask():
    for address in sys.argv[1:]:
        try:
            await execute(run_of(address))
        except RunError as error:
            print(error.title)

load_litellm()
asyncio.run(ask())
with warnings.catch_warnings(record=True) as recorded:
    warnings.simplefilter("always")
    asyncio.run(ask())
print([str(one.message) for one in recorded])
"""

ECHOES: Final[tuple[dict[str, Any], ...]] = (
    {"choices": [{"message": {"role": "assistant", "content": {"k": KEY}}}]},
    {"id": {"a": KEY}, "model": {"a": KEY}, "choices": [{"message": {"content": "Hello."}}]},
    {"choices": [{"message": {"content": "Hello."}, "finish_reason": {"a": KEY}}]},
    {"choices": [{"message": {"content": 7, "x": KEY}}], "usage": {"prompt_tokens": KEY}},
)


class EchoingServer(RecordingBase):
    """Answers every request with one body of status 200."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__()
        self._body = body

    @override
    def respond(self, request: Request, connection: Connection) -> None:
        exchange = self._record(request)
        send(connection, json_reply(self._body))
        self._note(exchange, finished=True)


def test_neither_stderr_nor_a_warning_shows_a_key_that_an_endpoint_repeats() -> None:
    with ExitStack() as servers:
        addresses = [servers.enter_context(EchoingServer(body)).base_url for body in ECHOES]
        done = subprocess.run(
            [sys.executable, "-W", "always", "-c", ASKS, *addresses],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    told = done.stdout + done.stderr
    assert done.returncode == 0, told.replace(KEY, "[key]")
    assert KEY not in told
    assert "Pydantic serializer" not in told
