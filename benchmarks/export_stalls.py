"""The longest stall of the window while a roll of 2,000 models is planned for every tool, shown and written.

    .venv/bin/python -m benchmarks.export_stalls [--runs 3] [--models 2000]

Prints a line for each target and stretch, then one line of JSON. Ends with 1 where a stall of our own is over 50 ms.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if os.environ.get("DISPLAY") else "offscreen")

from benchmarks.tick import Stalls, TickRecorder
from benchmarks.window_stalls import GOAL_MS, wait_until
from core.entry import UserModelEntry
from core.exporting import TARGETS
from core.registry import Registry
from gui.application import make_application
from gui.export_dialog import ExportDialog
from gui.scopes import Scope
from tests.rolls import write_roll


def roll_of(models: int) -> dict[str, Any]:
    """The models, spread over servers of their own."""
    servers = [{"name": f"Server {number}", "base_url": f"http://127.0.0.1:{9000 + number}/v1"} for number in range(20)]
    entries = [
        UserModelEntry(
            provider_type="custom",
            provider_id=f"Server {number % len(servers)}",
            model_id=f"model-{number}",
            overrides={"supports_vision": number % 2 == 0, "structured_output_mode": "json_schema"},
        )
        for number in range(models)
    ]
    rows = [entry.to_mapping() | {"id": f"id-{number}"} for number, entry in enumerate(entries)]
    return {"user_model_registry": rows, "openai_compatible_providers": servers}


def measure(registry: Registry, folder: Path) -> Iterator[Stalls]:
    """One dialog for each target: its plan in a new file, the writing, and the plan for the file that is there."""
    rows = registry.document.rows
    for target, shape in TARGETS.items():
        path = folder / target / ("" if shape.is_folder else shape.default_path().name)
        recorder = TickRecorder()
        recorder.begin()
        dialog = ExportDialog(registry, [Scope("All models", rows)], target=target)
        dialog.show()
        wait_until(lambda dialog=dialog, target=target: dialog.target == target, "the places are known")
        dialog.set_path(path)
        planner = dialog.planner
        wait_until(lambda planner=planner: planner.plan is not None, f"the plan for {target}")
        yield recorder.end(f"{target}: plan")
        recorder.begin()
        dialog.write()
        wait_until(lambda planner=planner: not planner.is_writing and planner.plan is not None, f"{target} is written")
        yield recorder.end(f"{target}: write, plan again")
        dialog.close()
        dialog.deleteLater()


def main() -> int:
    """Measures as often as asked; the worst counts."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--models", type=int, default=2_000)
    asked = arguments.parse_args()
    app = make_application()
    worst: dict[str, Stalls] = {}
    for number in range(asked.runs):
        print(f"Run {number + 1} of {asked.runs} ({os.environ['QT_QPA_PLATFORM']})")
        with tempfile.TemporaryDirectory() as folder:
            os.environ["MUSTER_HOME"] = folder
            with Registry.open(write_roll(Path(folder) / "settings.yaml", **roll_of(asked.models))) as registry:
                gc.freeze()  # as the program does after its first paint
                started_s = time.monotonic()
                for stalls in measure(registry, Path(folder)):
                    taken_s, started_s = time.monotonic() - started_s, time.monotonic()
                    print(
                        f"  {stalls.name:34} {taken_s:5.1f} s; longest gap {stalls.longest_ms:6.1f} ms, less waits for "
                        f"a processor {stalls.longest_own_ms:6.1f} ms"
                    )
                    if stalls.name not in worst or stalls.longest_own_ms > worst[stalls.name].longest_own_ms:
                        worst[stalls.name] = stalls
    del app
    print(json.dumps({"goal_ms": GOAL_MS, "worst": [stalls.to_mapping() for stalls in worst.values()]}))
    return int(any(stalls.longest_own_ms > GOAL_MS for stalls in worst.values()))


if __name__ == "__main__":
    raise SystemExit(main())
