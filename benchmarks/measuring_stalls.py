"""The longest stall of the real window while it measures twenty models at once.

    .venv/bin/python -m benchmarks.measuring_stalls [--runs 3] [--models 20] [--reply-ms 20]

The models stand on loopback servers that can do everything and answer after 20 ms. Prints a line for each stretch, then
one line of JSON. Ends with 1 where a stall of our own is over 50 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if os.environ.get("DISPLAY") else "offscreen")

from benchmarks.tick import Stalls, TickRecorder
from benchmarks.window_stalls import GOAL_MS, wait_until
from core.entry import UserModelEntry
from core.registry import Registry
from gui.application import Application, make_application

_PROVIDERS = 4
_SERVE = """
import sys
from contextlib import ExitStack
from tests.servers.capable import CapableServer

with ExitStack() as stack:
    for _ in range(int(sys.argv[1])):
        print(stack.enter_context(CapableServer(reply_s=float(sys.argv[2]))).base_url, flush=True)
    sys.stdin.read()
"""


@contextmanager
def servers(count: int, reply_s: float) -> Iterator[list[str]]:
    """The base URLs of servers in a process of their own: their work is none of the window's."""
    command = [sys.executable, "-c", _SERVE, str(count), str(reply_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield [process.stdout.readline().strip() for _ in range(count)]
        process.communicate()


def measure(app: Application, settings: Path, models: int) -> list[Stalls]:
    """One start of the window; the dialog opened, all models measured, all of it applied."""
    from gui.application import Program
    from gui.crashes import CrashReports
    from gui.engine_host import EngineState
    from gui.measure_dialog import MeasureDialog

    program = Program(app, CrashReports(settings.with_name("muster.log")), time.monotonic())
    program.open(settings)
    window = program.window
    assert window is not None
    wait_until(lambda: program.engine is not None and program.engine.state is EngineState.READY, "the engine is ready")
    window.table.selectAll()

    recorder = TickRecorder()
    recorder.begin()
    window.measuring.measure(window.table.selected_items())
    (dialog,) = window.measuring.dialogs
    assert isinstance(dialog, MeasureDialog)
    wait_until(dialog.isVisible, "the dialog shows")
    found = [recorder.end("dialog opens")]

    recorder.begin()
    started_s = time.monotonic()
    dialog.start()
    wait_until(lambda: not dialog.batch.is_running, "all models are measured")
    taken_s = time.monotonic() - started_s
    found.append(recorder.end(f"{models} models are measured"))
    reports = [one.report for one in dialog.batch.measurements if one.report is not None]
    print(f"  {len(reports)} reports, {sum(report.calls for report in reports)} calls, {taken_s:.1f} s")

    recorder.begin()
    dialog.apply()
    wait_until(lambda: not window.saver.is_busy, "the roll is saved")
    found.append(recorder.end("all of it is applied"))
    window.saver.undo_stack.undo()
    wait_until(lambda: not window.saver.is_busy, "the roll is saved")
    dialog.close()
    program.close()
    return found


def main() -> int:
    """Measures as often as asked; the worst counts."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--models", type=int, default=20)
    arguments.add_argument("--reply-ms", type=float, default=20)
    asked = arguments.parse_args()
    worst: dict[str, Stalls] = {}
    with tempfile.TemporaryDirectory() as folder, servers(_PROVIDERS, asked.reply_ms / 1000) as urls:
        os.environ["MUSTER_HOME"] = folder
        settings = Path(folder) / "settings.yaml"
        with Registry.open(settings) as registry:
            for number, url in enumerate(urls):
                registry.add_provider(f"Server {number}", url)
            for number in range(asked.models):
                entry = UserModelEntry(
                    provider_type="custom", provider_id=f"Server {number % _PROVIDERS}", model_id=f"model-{number}"
                )
                registry.add(entry)
        app = make_application()
        for number in range(asked.runs):
            print(f"Run {number + 1} of {asked.runs} ({os.environ['QT_QPA_PLATFORM']})")
            for stalls in measure(app, settings, asked.models):
                print(
                    f"  {stalls.name:26} longest gap {stalls.longest_ms:6.1f} ms, of which waiting for a processor "
                    f"{stalls.waited_in_longest_ms:6.1f} ms; longest less such waits {stalls.longest_own_ms:6.1f} ms"
                )
                if stalls.name not in worst or stalls.longest_own_ms > worst[stalls.name].longest_own_ms:
                    worst[stalls.name] = stalls
    print(json.dumps({"goal_ms": GOAL_MS, "worst": [stalls.to_mapping() for stalls in worst.values()]}))
    return int(any(stalls.longest_own_ms > GOAL_MS for stalls in worst.values()))


if __name__ == "__main__":
    raise SystemExit(main())
