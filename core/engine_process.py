"""The engine's own process: requests from standard input, one event loop, answers to standard output.

Started as `python -m core.engine_process`, or by the packaged program with `--engine`. It ends when its input ends, so
it never outlives the window. Keys come through the pipe only.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from core.connection_check import check_connection
from core.connections import Connection
from core.discovery import discover_spec
from core.engine import execute, load_litellm, warm_up
from core.errors import FailureKind, MusterError, RunError
from core.local_servers import find_local_servers
from core.log import REDACTION
from core.measured_settings import BY_STRENGTH
from core.measurement_preparation import MeasureSpec
from core.measuring import measure_spec
from core.mode_ranking import DEFAULT_TRIALS, rank_spec
from core.offered_models import DiscoverySpec
from core.protocol import (
    DELTA_INTERVAL_S,
    PROTOCOL_VERSION,
    LineDecoder,
    Message,
    ProtocolError,
    encode,
    engine_not_started,
    failure_to_wire,
)
from core.providers import ModelListing
from core.run_spec import Delta, RunSpec
from core.verdicts import Limits, Progress

_READ_BYTES: Final = 256 * 1024
_MOST_WHOLE_OFFERS: Final = 1000
"""A longer list goes to the window without each model's own words: reading 20 MB of them would hold it up."""

_GOODBYE_S: Final = 1.0
"""How long runs get to close their connections after the input ended."""


class _Output:
    """Writes messages from a thread of its own, so that a reader that is slow does not hold up the runs."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="engine output", daemon=True)
        self._thread.start()

    def send(self, message: Message) -> None:
        self._lines.put(encode(message))

    def close(self) -> None:
        self._lines.put(None)
        self._thread.join(_GOODBYE_S)

    def _write_all(self) -> None:
        while (line := self._lines.get()) is not None:
            view = memoryview(line)
            while view:
                try:
                    view = view[os.write(self._descriptor, view) :]
                except OSError:
                    os._exit(0)  # nobody listens any more


class _Deltas:
    """Collects the pieces of one run's answer and sends them 30 times a second at most."""

    def __init__(self, request_id: int, output: _Output) -> None:
        self._request_id = request_id
        self._output = output
        self._held: list[list[str]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._sent_s = 0.0

    def add(self, delta: Delta) -> None:
        if self._held and self._held[-1][0] == delta.kind:
            self._held[-1][1] += delta.text
        else:
            self._held.append([delta.kind, delta.text])
        if self._timer is None:
            loop = asyncio.get_running_loop()
            wait_s = self._sent_s + DELTA_INTERVAL_S - loop.time()
            if wait_s <= 0:
                self.flush()
            else:
                self._timer = loop.call_later(wait_s, self.flush)

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._held:
            self._output.send({"type": "delta", "id": self._request_id, "deltas": self._held})
            self._held = []
            self._sent_s = asyncio.get_running_loop().time()


class _Engine:
    """The requests under way."""

    def __init__(self, output: _Output) -> None:
        self._output = output
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stops: dict[int, asyncio.Event] = {}
        self._decoder = LineDecoder()
        self.ended = asyncio.Event()
        self._output.send({"type": "hello", "protocol": PROTOCOL_VERSION, "process_id": os.getpid()})
        self._warm = asyncio.create_task(self._warm_up())

    async def _warm_up(self) -> None:
        started_s = time.perf_counter()
        # In a thread, so that a ping, a check or a cancellation need not wait for the import.
        await asyncio.to_thread(load_litellm)
        imported_s = time.perf_counter()
        await warm_up()
        self._output.send(
            {
                "type": "ready",
                "import_ms": round((imported_s - started_s) * 1000),
                "warm_up_ms": round((time.perf_counter() - imported_s) * 1000),
            }
        )

    def feed(self, data: bytes) -> None:
        """Takes bytes from the input; none means that it ended."""
        if not data:
            self.ended.set()
            return
        try:
            for message in self._decoder.feed(data):
                self._take(message)
        except ProtocolError:
            logging.getLogger(__name__).exception("The input is not understood.")
            self.ended.set()

    def _take(self, message: Message) -> None:
        kind, request_id = message["type"], message.get("id")
        if not isinstance(request_id, int):
            return
        if kind == "ping":
            self._output.send({"type": "pong", "id": request_id})
        elif kind == "cancel":
            task = self._tasks.get(request_id)
            if task is not None:
                task.cancel()
        elif kind == "stop":
            if request_id in self._stops:
                self._stops[request_id].set()
        elif kind in ("run", "measure", "rank") or kind in _LIGHT:
            if kind in ("measure", "rank"):
                self._stops[request_id] = asyncio.Event()
            task = asyncio.create_task(self._answer(request_id, message))
            self._tasks[request_id] = task
            task.add_done_callback(lambda done: self._forget(request_id, done))

    def _forget(self, request_id: int, done: asyncio.Task[None]) -> None:
        self._tasks.pop(request_id, None)
        self._stops.pop(request_id, None)
        if done.cancelled():  # before its first step, so that it could not say so itself
            self._output.send({"type": "cancelled", "id": request_id})

    async def _answer(self, request_id: int, message: Message) -> None:
        deltas = _Deltas(request_id, self._output)
        ending: Message
        sent: dict[str, Any] = {}
        try:
            light = _LIGHT.get(message["type"])
            result = await (self._work(request_id, message, deltas, sent) if light is None else light(message))
            ending = {"type": "result", "result": result}
        except asyncio.CancelledError:
            ending = {"type": "cancelled", "request": sent} if sent else {"type": "cancelled"}
        except MusterError as error:
            ending = {"type": "failure", "failure": failure_to_wire(error)}
        except Exception:
            # The window must hear of it whatever it is; the log has the rest.
            logging.getLogger(__name__).exception("A request failed for an unexpected reason.")
            failure = RunError("The run failed for an unexpected reason.", "Look at the log.", kind=FailureKind.OTHER)
            ending = {"type": "failure", "failure": failure_to_wire(failure)}
        deltas.flush()
        self._output.send({**ending, "id": request_id})

    async def _work(self, request_id: int, message: Message, deltas: _Deltas, sent: dict[str, Any]) -> dict[str, Any]:
        """What needs litellm: a run, a measurement, a ranking. A run that is cancelled leaves its request in `sent`."""
        stop = self._stops.get(request_id)

        def tell(progress: Progress) -> None:
            self._output.send({"type": "progress", "id": request_id, "progress": progress.to_wire()})

        if message["type"] == "measure":
            measured = MeasureSpec.from_wire(message["spec"])
            await self._be_ready(measured.connection)
            limits = Limits.from_wire(message.get("limits") or {}, stop)
            return (await measure_spec(measured, tell, limits)).to_wire()
        spec = RunSpec.from_wire(message["spec"])
        await self._be_ready(spec.connection)
        if message["type"] == "run":
            return (await execute(spec, deltas.add, on_cancelled=sent.update)).to_wire()
        modes = message.get("modes") or BY_STRENGTH
        trials = message.get("trials", DEFAULT_TRIALS)
        ranked = await rank_spec(spec, trials=trials, modes=modes, on_progress=tell, stop=stop)
        return {"modes": [result.to_wire() for result in ranked]}

    async def _be_ready(self, connection: Connection) -> None:
        REDACTION.learn(connection.known_secrets)
        try:
            await asyncio.shield(self._warm)
        except Exception:
            logging.getLogger(__name__).exception("litellm could not be loaded.")
            raise engine_not_started() from None

    async def stop(self) -> None:
        """Cancels everything and waits a moment for connections to close."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_GOODBYE_S)


async def _check(message: Message) -> dict[str, Any]:
    if message.get("api_key"):
        REDACTION.learn([message["api_key"]])
    report = await check_connection(
        message["base_url"],
        message.get("api_key"),
        listing=ModelListing(message.get("listing", ModelListing.OPENAI)),
        timeout_s=message.get("timeout_s", 10.0),
    )
    return report.to_wire()


async def _discover(message: Message) -> dict[str, Any]:
    spec = DiscoverySpec.from_wire(message["spec"])
    REDACTION.learn(spec.known_secrets)
    offered = await discover_spec(spec)
    if len(offered) > _MOST_WHOLE_OFFERS:
        offered = [model.without_words() for model in offered]
    return {"models": [model.to_wire() for model in offered]}


async def _find_local_servers(_message: Message) -> dict[str, Any]:
    return {"servers": [server.to_wire() for server in await find_local_servers()]}


_LIGHT: Final[Mapping[str, Callable[[Message], Awaitable[dict[str, Any]]]]] = {
    "check": _check,
    "discover": _discover,
    "local_servers": _find_local_servers,
}
"""Requests that need no litellm, and so need not wait for it."""


def _read_input(loop: asyncio.AbstractEventLoop, engine: _Engine) -> None:
    """Hands standard input to the loop, from a thread: the one way that works for pipes on every system."""
    while True:
        try:
            data = os.read(0, _READ_BYTES)
        except OSError:
            data = b""
        try:
            loop.call_soon_threadsafe(engine.feed, data)
        except RuntimeError:
            return  # the loop is closed
        if not data:
            return


async def _serve(output: _Output) -> None:
    engine = _Engine(output)
    reader = threading.Thread(
        target=_read_input, args=(asyncio.get_running_loop(), engine), name="engine input", daemon=True
    )
    reader.start()
    await engine.ended.wait()
    await engine.stop()
    output.close()
    # An import under way would hold an orderly end up for seconds.
    os._exit(0)


def main() -> None:
    """Serves until the input ends. Does not return."""
    # Standard output belongs to the protocol alone: what any library prints goes to standard error.
    descriptor = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    with suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the window, which then ends the input
    handler = logging.StreamHandler()
    handler.addFilter(REDACTION)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(_serve(_Output(descriptor)))


if __name__ == "__main__":
    main()
