"""What measuring costs beside the endpoint's own time: `python -m benchmarks.measuring_overhead`.

A server in a process of its own takes 20 ms for each reply. Of the wall time of whole measurements this prints the
share of the endpoint, of the libraries that carry a request there and back (litellm, the OpenAI library, httpx), and of
Muster's own code: questions, judging, limits, receipts. The time of Muster's code is what passes outside of the calls
to `send_probe` and `ask` and of the requests for documents that the endpoint is asked for beside its answers, together
with what its part of the wire takes inside of them.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from typing import Any

from core import probe_bench, probe_wire
from core.endpoint_reading import EndpointReader
from core.engine import load_litellm, warm_up
from core.measuring import Report, measure_spec
from tests.measured import spec_of
from tests.servers.capable import CapableServer

REPLY_S = 0.020
MOST_OWN = 0.10
MEASUREMENTS = 10


def _serve(pipe: Pipe, reply_s: float) -> None:
    with CapableServer(reply_s=reply_s) as server:
        pipe.send(server.base_url)
        pipe.recv()


class _Stopwatch:
    """Adds up the time spent inside of some functions, and how often they were called."""

    def __init__(self) -> None:
        self.spent_s = 0.0
        self.count = 0

    def around(self, owner: Any, name: str) -> None:
        """Times an asynchronous function from now on."""
        timed: Callable[..., Any] = getattr(owner, name)

        async def run(*arguments: Any, **options: Any) -> Any:
            started_s = time.perf_counter()
            try:
                return await timed(*arguments, **options)
            finally:
                self.spent_s += time.perf_counter() - started_s
                self.count += 1

        setattr(owner, name, run)

    def reset(self) -> None:
        """Begins anew."""
        self.spent_s, self.count = 0.0, 0

    def around_plain(self, owner: Any, name: str) -> None:
        """Times a plain method from now on."""
        timed: Callable[..., Any] = getattr(owner, name)

        def run(*arguments: Any) -> Any:
            started_s = time.perf_counter()
            try:
                return timed(*arguments)
            finally:
                self.spent_s += time.perf_counter() - started_s

        setattr(owner, name, run)


def main() -> int:
    """Prints the shares; 1 where Muster's own is too large."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--reply-ms", type=float, default=REPLY_S * 1000)
    options.add_argument("--measurements", type=int, default=MEASUREMENTS)
    chosen = options.parse_args()
    reply_s = chosen.reply_ms / 1000
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=_serve, args=(there, reply_s))
    server.start()
    base_url = here.recv()
    calls_watch, wire_watch, documents_watch = _Stopwatch(), _Stopwatch(), _Stopwatch()
    calls_watch.around(probe_bench, "send_probe")
    calls_watch.around(probe_bench, "ask")
    wire_watch.around_plain(probe_wire.ProbeExchange, "note_line")
    documents_watch.around(EndpointReader, "_exchange")
    reports, wall_s = asyncio.run(_measure(base_url, chosen.measurements, (calls_watch, wire_watch, documents_watch)))
    here.send("end")
    server.join()
    calls = sum(report.calls for report in reports)
    endpoint_s = (calls + documents_watch.count) * reply_s
    own_s = wall_s - calls_watch.spent_s - documents_watch.spent_s + wire_watch.spent_s
    libraries_s = wall_s - endpoint_s - own_s
    per_model_ms = statistics.median(report.seconds for report in reports) * 1000
    asked = f"{calls} calls and {documents_watch.count} documents at {chosen.reply_ms:g} ms"
    print(f"{len(reports)} measurements, {asked}: {wall_s:.2f} s")
    print(f"  median of one      {per_model_ms:8.0f} ms")
    for name, seconds in (("endpoint", endpoint_s), ("libraries", libraries_s), ("Muster's own", own_s)):
        print(f"  {name:<14}{seconds / calls * 1000:8.2f} ms a call {seconds / wall_s:7.1%} of the wall time")
    return 0 if own_s / wall_s < MOST_OWN else 1


async def _measure(base_url: str, count: int, watches: tuple[_Stopwatch, ...]) -> tuple[list[Report], float]:
    load_litellm()
    await warm_up()
    await measure_spec(spec_of(base_url))  # the first one opens fonts and fills caches
    for watch in watches:
        watch.reset()
    started_s = time.perf_counter()
    reports = [await measure_spec(spec_of(base_url, seed=seed)) for seed in range(count)]
    return reports, time.perf_counter() - started_s


if __name__ == "__main__":
    sys.exit(main())
