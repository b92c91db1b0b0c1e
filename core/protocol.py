"""What the window and the engine process say to each other, without either's way of moving bytes.

Each message is one JSON object on one line, in UTF-8. To the engine:

    {"type": "run", "id": 1, "spec": {…}}          {"type": "cancel", "id": 1}
    {"type": "check", "id": 2, "base_url": …}      {"type": "ping", "id": 3}
    {"type": "discover", "id": 4, "spec": {…}}     {"type": "local_servers", "id": 5}
    {"type": "measure", "id": 6, "spec": {…}, "limits": {…}}
    {"type": "rank", "id": 7, "spec": {…}, "trials": 5, "modes": […]}
    {"type": "stop", "id": 6}                      a measurement or ranking ends with what it has

and from it:

    {"type": "hello", "protocol": 1, "process_id": …}              at once
    {"type": "ready", "import_ms": …, "warm_up_ms": …}             runs asked for earlier begin now
    {"type": "delta", "id": 1, "deltas": [["content", "…"], …]}    at most 30 a second for one run
    {"type": "progress", "id": 6, "progress": {…}} of a measurement; of a ranking with its results until then
    {"type": "result", "id": 1, "result": {…}}     {"type": "failure", "id": 1, "failure": {…}}
    {"type": "cancelled", "id": 1, "request": {…}} of a run whose request was sent
    {"type": "pong", "id": 3}

Every request ends with exactly one of result, failure, cancelled, or pong.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from core.errors import FailureKind, MusterError, RunError
from core.run_spec import Delta

PROTOCOL_VERSION: Final = 1

LARGEST_MESSAGE_BYTES: Final = 128 * 1024 * 1024
"""Room for attachments; a longer line is a fault of the other side, not a message."""

DELTA_INTERVAL_S: Final = 1 / 30
"""The eye sees no more, and each message costs the window a repaint."""

Message = dict[str, Any]


class ProtocolError(Exception):
    """The other side sent what is no message. The connection is of no further use."""


def encode(message: Mapping[str, Any]) -> bytes:
    """A message as a line.

    Raises:
        MusterError: it is larger than a message may be.
    """
    line = (
        json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", errors="surrogatepass") + b"\n"
    )
    if len(line) > LARGEST_MESSAGE_BYTES:
        raise MusterError("The run is too large to be sent.", "Attach smaller or fewer files.")
    return line


class LineDecoder:
    """Messages out of bytes, however these are cut into pieces."""

    def __init__(self, largest_bytes: int = LARGEST_MESSAGE_BYTES) -> None:
        self._largest_bytes = largest_bytes
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete now.

        Raises:
            ProtocolError: a line is too long, no JSON, or no message.
        """
        self._buffer += data
        messages = []
        begin = 0
        while True:
            # From where the last search ended: searching a long line again for each piece would be quadratic.
            end = self._buffer.find(b"\n", max(begin, self._searched))
            if end < 0:
                break
            line = bytes(self._buffer[begin:end])
            begin = self._searched = end + 1
            if line.strip():
                messages.append(_message_of(line))
        if begin:
            del self._buffer[:begin]
        self._searched = len(self._buffer)
        if len(self._buffer) > self._largest_bytes:
            raise ProtocolError("A message is too long.")
        return messages


def _message_of(line: bytes) -> Message:
    try:
        message = json.loads(line.decode("utf-8", errors="surrogatepass"))
    except (ValueError, RecursionError):
        raise ProtocolError("A line is not JSON.") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ProtocolError("A line is not a message.")
    return message


def failure_to_wire(error: MusterError) -> dict[str, Any]:
    """An error as plain data; `kind` is None where it is not an endpoint's failure."""
    values: dict[str, Any] = {"title": error.title, "hint": error.hint, "kind": None}
    if isinstance(error, RunError):
        values |= {
            "kind": str(error.kind),
            "status": error.status,
            "detail": error.detail,
            "retry_after_s": error.retry_after_s,
            "request": error.request,
        }
    return values


def failure_from_wire(values: Mapping[str, Any]) -> MusterError:
    """The inverse of `failure_to_wire`."""
    if values.get("kind") is None:
        return MusterError(values["title"], values["hint"])
    error = RunError(
        values["title"],
        values["hint"],
        kind=values["kind"],
        status=values.get("status"),
        detail=values.get("detail", ""),
        retry_after_s=values.get("retry_after_s"),
    )
    error.request = dict(values.get("request") or {})
    return error


def engine_died() -> RunError:
    """What every pending request ends with when the engine process is gone."""
    return RunError(
        "The engine stopped while the run was under way.",
        "It starts again by itself; run once more.",
        kind=FailureKind.ENGINE,
    )


def engine_not_started() -> RunError:
    """What requests end with when the engine process cannot be started, or died too often."""
    return RunError(
        "The engine could not be started.", "Start the program again, or look at its log.", kind=FailureKind.ENGINE
    )


class Requester(Protocol):
    """Who asked, and is told what comes. After result, failure or cancelled nothing more comes."""

    def delta(self, deltas: list[Delta]) -> None:
        """A piece of the answer."""

    def progress(self, value: Mapping[str, Any]) -> None:
        """How far a measurement is, as plain data."""

    def result(self, value: Mapping[str, Any]) -> None:
        """The request succeeded; its value as plain data."""

    def failure(self, error: MusterError) -> None:
        """The request failed."""

    def cancelled(self, sent: Mapping[str, Any], /) -> None:
        """The request was cancelled, as was asked; what it had sent to the endpoint, empty where nothing."""


class PendingRequests:
    """Who waits for which answer."""

    def __init__(self) -> None:
        self._waiting: dict[int, Requester] = {}
        self._last_id = 0

    def __len__(self) -> int:
        """How many requests have no answer yet."""
        return len(self._waiting)

    def add(self, requester: Requester) -> int:
        """The ID under which the requester will be answered."""
        self._last_id += 1
        self._waiting[self._last_id] = requester
        return self._last_id

    def forget(self, request_id: int) -> bool:
        """Nobody waits for this one any more; False where nobody did."""
        return self._waiting.pop(request_id, None) is not None

    def dispatch(self, message: Mapping[str, Any]) -> bool:
        """Tells the requester; False where the message belongs to none that waits, as after a cancellation."""
        request_id, kind = message.get("id"), message["type"]
        if not isinstance(request_id, int) or request_id not in self._waiting:
            return False
        if kind == "delta":
            self._waiting[request_id].delta([Delta(item[0], item[1]) for item in message["deltas"]])
            return True
        if kind == "progress":
            self._waiting[request_id].progress(message["progress"])
            return True
        requester = self._waiting.pop(request_id)
        if kind == "result":
            requester.result(message["result"])
        elif kind == "pong":
            requester.result({})
        elif kind == "cancelled":
            requester.cancelled(message.get("request") or {})
        elif kind == "failure":
            requester.failure(failure_from_wire(message["failure"]))
        else:
            requester.failure(engine_died())
        return True

    def fail_all(self, error: MusterError) -> None:
        """Ends every request with this error."""
        waiting, self._waiting = self._waiting, {}
        for requester in waiting.values():
            requester.failure(error)


class RestartRule:
    """When an engine that died is started again: at once, then with growing pauses, in the end not at all.

    The clock is passed in, in seconds of any steady clock.
    """

    PAUSES_S = (0.0, 0.5, 2.0, 5.0, 15.0)
    STEADY_S = 60.0
    """An engine that lived this long is counted as sound: its death is a first one."""

    def __init__(self) -> None:
        self._started_s: float | None = None
        self._deaths = 0

    def started(self, now_s: float) -> None:
        """The engine was started now."""
        self._started_s = now_s

    def died(self, now_s: float) -> float | None:
        """How many seconds to wait before the next start; None to give up until `reset`."""
        if self._started_s is not None and now_s - self._started_s >= self.STEADY_S:
            self._deaths = 0
        self._deaths += 1
        return self.PAUSES_S[self._deaths - 1] if self._deaths <= len(self.PAUSES_S) else None

    def reset(self) -> None:
        """The person asked for another try."""
        self._deaths = 0


def engine_command() -> list[str]:
    """How the engine process is started: the same program, and nothing secret among its arguments."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--engine"]
    return [sys.executable, "-m", "core.engine_process"]


def engine_environment() -> dict[str, str]:
    """The environment of the engine process: this one's, from which it also finds the program's own code."""
    environment = dict(os.environ)
    if not getattr(sys, "frozen", False):
        root = str(Path(__file__).resolve().parent.parent)
        inherited = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{root}{os.pathsep}{inherited}" if inherited else root
    return environment
