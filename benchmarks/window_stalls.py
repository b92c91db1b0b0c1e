"""The longest stall of the real window while the engine starts, and while an answer of a real model streams in.

    .venv/bin/python -m benchmarks.window_stalls [--runs 3] [--tokens 400]

Prints a line for each stretch, then one line of JSON. Ends with 1 where a stall of our own in one of those two is over
50 ms; the opening of the panel and a megabyte of text at once are told beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if os.environ.get("DISPLAY") else "offscreen")

from PySide6.QtCore import QEventLoop, QTimer

from benchmarks.tick import Stalls, TickRecorder
from core.entry import UserModelEntry
from core.registry import Registry
from gui.application import Application, make_application
from tests.servers.llama import LlamaServer

GOAL_MS = 50.0
STARTS = "first paint, engine starts"
STREAMS = "answer streams in"
_LIMIT_S = 120.0


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Lets the window run until the condition holds."""
    loop = QEventLoop()
    timer = QTimer()
    timer.setInterval(10)
    deadline_s = time.monotonic() + _LIMIT_S

    def look() -> None:
        if condition() or time.monotonic() > deadline_s:
            loop.quit()

    timer.timeout.connect(look)
    timer.start()
    loop.exec()
    timer.stop()
    if not condition():
        raise SystemExit(f"Not within {_LIMIT_S:.0f} s: {what}")


def measure(app: Application, settings: Path, reference: str, tokens: int) -> list[Stalls]:
    """One start of the window and one streamed answer."""
    from gui.application import Program
    from gui.crashes import CrashReports
    from gui.engine_host import EngineState

    program = Program(app, CrashReports(settings.with_name("muster.log")), time.monotonic())
    program.open(settings)
    window = program.window
    assert window is not None
    recorder = TickRecorder()
    recorder.begin()
    # The engine is started by the same turn that tells of the first paint: this stretch has that turn in it.
    wait_until(lambda: program.engine is not None and program.engine.state is EngineState.READY, "the engine is ready")
    found = [recorder.end(STARTS)]

    recorder.begin()
    row = next(row for row in window.registry.document.rows if row.entry and row.entry.reference == reference)
    window.table.select_keys([row.key])
    window.details.tabs.setCurrentWidget(window.try_tab)
    window.try_tab.take_focus()
    panel = window.try_tab.panel
    assert panel is not None
    wait_until(lambda: panel.picker.picked_model is not None, "the panel offers models")
    found.append(recorder.end("panel opens"))

    panel.select(reference)
    panel.inputs.prompt_edit.setPlainText("Tell me a long story about a lighthouse and the sea.")
    panel.inputs.options.max_tokens_edit.setValue(tokens)
    recorder.begin()
    panel.run()
    wait_until(lambda: not panel.is_running and panel.answer.answer_text.is_settled, "the answer")
    found.append(recorder.end(STREAMS))
    if panel.answer.error_box.text:
        raise SystemExit(panel.answer.error_box.text)
    print(f"  the answer: {panel.answer.figures.texts}")

    panel.answer.begin()
    recorder.begin()
    panel.answer.answer_text.append_text("A line of a very long answer, of about seventy characters, say.\n" * 16_000)
    wait_until(lambda: panel.answer.answer_text.is_settled, "a long answer is shown")
    found.append(recorder.end("1 MB at once"))
    program.close()
    return found


def main() -> int:
    """Measures as often as asked; the worst counts."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--tokens", type=int, default=400)
    asked = arguments.parse_args()
    worst: dict[str, Stalls] = {}
    with tempfile.TemporaryDirectory() as folder, LlamaServer() as server:
        os.environ["MUSTER_HOME"] = folder
        settings = Path(folder) / "settings.yaml"
        with Registry.open(settings) as registry:
            registry.add_provider("This computer", server.base_url)
            entry = UserModelEntry(provider_type="custom", provider_id="This computer", model_id=server.model)
            reference = registry.add(entry).reference
        app = make_application()
        for number in range(asked.runs):
            print(f"Run {number + 1} of {asked.runs} ({os.environ['QT_QPA_PLATFORM']})")
            for stalls in measure(app, settings, reference, asked.tokens):
                print(
                    f"  {stalls.name:26} longest gap {stalls.longest_ms:6.1f} ms, of which waiting for a processor "
                    f"{stalls.waited_in_longest_ms:6.1f} ms; longest less such waits {stalls.longest_own_ms:6.1f} ms"
                )
                if stalls.name not in worst or stalls.longest_own_ms > worst[stalls.name].longest_own_ms:
                    worst[stalls.name] = stalls
    print(json.dumps({"goal_ms": GOAL_MS, "worst": [stalls.to_mapping() for stalls in worst.values()]}))
    return int(any(worst[name].longest_own_ms > GOAL_MS for name in (STARTS, STREAMS)))


if __name__ == "__main__":
    raise SystemExit(main())
