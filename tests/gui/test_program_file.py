"""A frozen program whose file is replaced while it runs, as an update does."""

from __future__ import annotations

import ast
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.application import Application, Program
from gui.crashes import CrashReports
from gui.engine_host import EngineState
from gui.program_file import ProgramFile

ROOT = Path(__file__).resolve().parents[2]
UPDATED = "Muster was updated. Restart it to go on."
LIMIT_MS = 60_000

LOADED = """
import json, sys
import gui.application
from gui.program_file import load_everything, later_modules
load_everything()
assert later_modules() == [], later_modules()
print(json.dumps({name: getattr(module, "__file__", None) for name, module in sys.modules.items()}))
"""

NOT_OF_THE_WINDOW = {
    "core.self_test",  # another start of the program
    "pypdfium2",  # draws pages in the engine
}


def _replace(path: Path) -> None:
    """As dpkg does: written beside it, and renamed over it."""
    new = path.with_suffix(".dpkg-new")
    new.write_bytes(path.read_bytes() + b"# newer\n")
    new.chmod(0o755)
    new.replace(path)


@pytest.fixture
def executable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What this process takes for its own frozen program: a file that starts it."""
    path = tmp_path / "muster"
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m gui "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(path))
    return path


@pytest.fixture
def program(qapp: Application, executable: Path, tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    crashes = CrashReports(tmp_path / "muster.log")
    running = Program(qapp, crashes, 0.0)
    running.open(tmp_path / "settings.yaml")
    qtbot.waitUntil(lambda: running.engine is not None and running.engine.state is EngineState.READY, timeout=LIMIT_MS)
    yield running
    running.close()
    crashes.uninstall()
    qtbot.wait(0)


def _texts(program: Program) -> list[str]:
    assert program.window is not None
    return program.window.notices.texts


def test_a_file_that_stays_is_not_told_and_one_that_is_replaced_is_told_once(tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "muster"
    path.write_bytes(b"old")
    watched, told = ProgramFile(path), []
    watched.replaced.connect(lambda: told.append(True))
    watched.look()
    path.unlink()
    watched.look()
    assert told == []
    path.write_bytes(b"new")
    watched.look()
    watched.look()
    assert told == [True]


def test_a_dialog_that_opens_after_an_update_brings_a_word_about_it(
    program: Program, executable: Path, qtbot: QtBot
) -> None:
    window = program.window
    assert window is not None
    window.actions_by_name["about"].trigger()
    assert _texts(program) == []
    _replace(executable)
    window.actions_by_name["providers"].trigger()
    qtbot.waitUntil(lambda: _texts(program) == [UPDATED])
    window.notices.clear()
    window.actions_by_name["shortcuts"].trigger()
    qtbot.wait(0)
    assert _texts(program) == []


def test_an_engine_that_ends_after_an_update_brings_a_word_about_it(
    program: Program, executable: Path, qtbot: QtBot
) -> None:
    assert program.engine is not None
    assert program.engine.process_id is not None
    _replace(executable)
    os.kill(program.engine.process_id, signal.SIGKILL)
    qtbot.waitUntil(lambda: _texts(program) == [UPDATED], timeout=LIMIT_MS)


def test_what_breaks_after_an_update_is_told_as_what_it_is(program: Program, executable: Path) -> None:
    _replace(executable)
    program._tell_crash()  # noqa: SLF001 (what the hook for exceptions calls)
    assert _texts(program) == [UPDATED]


def test_everything_that_the_window_may_want_is_loaded_ahead() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded: dict[str, str | None] = json.loads(done.stdout)
    own = {name: file for name, file in loaded.items() if name.partition(".")[0] in ("core", "gui") and file}
    windows = {f"gui.{path.stem}" for path in (ROOT / "gui").glob("*.py")} - {"gui.__init__", "gui.__main__"}
    assert windows <= set(own)
    later = {name for file in own.values() for name in _imported_in_functions(Path(str(file)))}
    assert later - set(loaded) == NOT_OF_THE_WINDOW
    assert {"litellm", "httpx", "openai", "requests"} & set(loaded) == set()


def _imported_in_functions(file: Path) -> Iterator[str]:
    functions = (
        node
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    for statement in (inner for function in functions for inner in ast.walk(function)):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module
