"""Dialogs that nobody closed in Qt's way and that Python takes away: the program goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.rolls import write_roll

ROOT = Path(__file__).resolve().parents[2]

OPENS_AND_COLLECTS = """
import gc, os, sys
from pathlib import Path
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from core.registry import Registry
from gui.engine_host import EngineHost
from gui.model_dialog import ModelDialog

app = QApplication([])
app.primaryScreen().destroyed.connect(lambda: print("The screen was freed.", flush=True))
engine = EngineHost()
registry = Registry.open(Path(sys.argv[1]))
for number in range(10):
    entry = registry.entries()[0]
    dialog = ModelDialog(registry, entry=entry, replacing=entry.id, engine=engine)
    dialog.open()
    QTest.qWait(20)
    dialog.measuring.measure_button.click()
    QTest.qWait(20)
    dialog.hide()
    del dialog
    gc.collect()
print("done", flush=True)
os._exit(0)  # the screen goes with the application
"""


def test_ten_dialogs_that_measure_are_collected_and_the_screen_stays(tmp_path: Path) -> None:
    entry = {"id": "id-1", "provider_type": "custom", "provider_id": "Here", "model_id": "m", "name": "M"}
    providers = [{"name": "Here", "base_url": "http://127.0.0.1:9/v1"}]
    path = write_roll(tmp_path / "settings.yaml", user_model_registry=[entry], openai_compatible_providers=providers)
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", OPENS_AND_COLLECTS, str(path)],
        cwd=ROOT, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-4000:]


def test_one_place_asks_a_widget_for_its_screen() -> None:
    asking = [file.name for file in (ROOT / "gui").rglob("*.py") if ".screen()" in file.read_text(encoding="utf-8")]
    assert asking == ["screen_room.py"]
