"""The program as it is started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QFileOpenEvent
from pytestqt.qtbot import QtBot

from core import __version__, paths
from gui.application import Application, Program
from gui.crashes import CrashReports
from gui.import_dialog import ImportDialog
from tests.gui.sample_rolls import everyday_roll, write_roll
from tests.rolls import BOX, builtin, custom, share_roll

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60
FRIENDS_MODELS = (custom("little", name="Little one"), builtin("big", "ollama", name="Big one"))


def _start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gui", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_for_line(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"it ended without saying {text!r}")


def test_the_version_is_said_without_a_window() -> None:
    process = _start("--version")
    assert process.communicate(timeout=LIMIT_S)[0].strip() == f"Muster {__version__}"
    assert process.returncode == 0


def test_the_front_door_imports_no_qt() -> None:
    code = "import sys, gui.app; print([name for name in sys.modules if 'PySide6' in name or 'litellm' in name])"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_second_start_raises_the_first_window_and_ends(tmp_path: Path) -> None:
    roll = write_roll(tmp_path / "settings.yaml", everyday_roll())
    first = _start("--settings", str(roll), "--debug")
    try:
        _wait_for_line(first, "first paint")
        second = subprocess.run(
            [sys.executable, "-m", "gui", "--settings", str(roll)], cwd=ROOT, timeout=LIMIT_S, check=False
        )
        assert second.returncode == 0
        assert first.poll() is None
    finally:
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=LIMIT_S)
    assert first.returncode == 0


def test_the_table_is_painted_before_the_engine_is_started(tmp_path: Path) -> None:
    roll = write_roll(tmp_path / "settings.yaml", everyday_roll())
    process = _start("--settings", str(roll), "--debug")
    try:
        _wait_for_line(process, "first paint")
        _wait_for_line(process, "The engine is ready")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0


@pytest.fixture
def program(qapp: Application, tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    crashes = CrashReports(tmp_path / "muster.log")
    running = Program(qapp, crashes, 0.0)
    yield running
    running.close()
    crashes.uninstall()
    qtbot.wait(0)


def test_another_roll_takes_the_place_of_the_first(program: Program, tmp_path: Path, qtbot: QtBot) -> None:
    one = write_roll(tmp_path / "one.yaml", everyday_roll())
    two = write_roll(tmp_path / "two.yaml", {"custom_models": ["openai::gpt-4o-custom"]})
    assert program.open(one)
    first = program.window
    assert first is not None
    qtbot.waitUntil(lambda: first.engine is not None)
    first.roll_wanted.emit(two)
    second = program.window
    assert second is not None
    assert second is not first
    assert second.table_model.rowCount() == 1
    assert not first.isVisible()
    qtbot.waitUntil(lambda: second.engine is program.engine)


def test_a_restored_roll_says_what_it_is_and_can_take_the_broken_ones_place(
    program: Program, tmp_path: Path, qtbot: QtBot
) -> None:
    broken = tmp_path / "settings.yaml"
    broken.write_bytes(b"{half: [")
    backups = tmp_path / "settings.yaml.backups"
    backups.mkdir()
    write_roll(backups / "2026-01-01T12-00-00-000000.yaml", everyday_roll())
    program.open(broken)
    first = program.window
    assert first is not None
    first.banner.backup_button.click()
    qtbot.waitUntil(lambda: program.window is not first)
    second = program.window
    assert second is not None
    (notice,) = second.notices.shown
    assert "-restored-" in notice.text
    assert "Edits go there now" in notice.text
    assert broken.read_bytes() == b"{half: ["
    assert notice.action_button is not None
    assert notice.action_button.text() == "Use It as settings.yaml"
    notice.action_button.click()
    qtbot.waitUntil(lambda: program.window is not second)
    third = program.window
    assert third is not None
    assert third.registry.path == broken
    assert third.table_model.rowCount() == 30
    assert "broken file stands beside it" in third.notices.texts[0]


def test_kilns_settings_are_opened_in_place(program: Program, tmp_path: Path) -> None:
    kiln = paths.kiln_settings_file()
    kiln.parent.mkdir(parents=True)
    write_roll(kiln, {"custom_models": ["openai::gpt-4o-custom"]})
    program.open(tmp_path / "settings.yaml")
    assert program.window is not None
    program.window.actions_by_name["open_kiln"].trigger()
    assert program.window.registry.path == kiln
    assert not program.window.actions_by_name["open_kiln"].isVisible()


def test_without_kilns_settings_nothing_offers_them(program: Program, tmp_path: Path) -> None:
    program.open(tmp_path / "settings.yaml")
    assert program.window is not None
    assert not program.window.actions_by_name["open_kiln"].isVisible()


def test_something_unexpected_is_told_in_the_window(program: Program, tmp_path: Path) -> None:
    program.open(tmp_path / "settings.yaml")
    assert program.window is not None
    program.window.tell_crash()
    assert program.window.notices.texts == [
        "Something went wrong inside Muster. Your roll is safe; the log has the details."
    ]


def _import_dialog(program: Program) -> ImportDialog:
    """The plan that is open in the window."""
    assert program.window is not None
    (dialog,) = program.window.imports.dialogs
    assert isinstance(dialog, ImportDialog)
    return dialog


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "There is no file “from a friend.muster-roll”."),
        (b"not json", "“from a friend.muster-roll” cannot be read (line 1)."),
        (b"\x80\x81", "“from a friend.muster-roll” is no text."),
        (b"\xff\xfe", "“from a friend.muster-roll” is no roll that this version of Muster knows."),
        (b"[" * 100_000, "“from a friend.muster-roll” cannot be read: its values are nested more than 60 deep."),
        (b"[1, 2]", "“from a friend.muster-roll” is no roll that this version of Muster knows."),
        (b'{"something": "else"}', "“from a friend.muster-roll” is no roll that this version of Muster knows."),
        (b'{"format": "muster-roll", "version": 99}', "The share file was written by a newer Muster."),
    ],
    ids=["missing", "no JSON", "no text", "nothing", "too deep", "no object", "unknown", "newer"],
)
def test_a_file_that_is_no_shared_roll_is_told_in_words(
    program: Program, tmp_path: Path, qtbot: QtBot, content: bytes | None, words: str
) -> None:
    shared = tmp_path / "from a friend.muster-roll"
    if content is not None:
        shared.write_bytes(content)
    program.open(tmp_path / "settings.yaml", [shared])
    dialog = _import_dialog(program)
    qtbot.waitUntil(dialog.error_box.isVisible)
    assert words in dialog.error_box.text
    assert dialog.path_label.toolTip() == str(shared)
    assert not dialog.import_button.isEnabled()


def test_a_folder_is_told_to_be_one(program: Program, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "my things").mkdir()
    program.open(tmp_path / "settings.yaml", [tmp_path / "my things"])
    dialog = _import_dialog(program)
    qtbot.waitUntil(dialog.error_box.isVisible)
    assert dialog.error_box.text == "“my things” is a folder. Choose a file in it."


def test_a_shared_roll_is_shown_as_a_plan_before_it_is_imported(program: Program, tmp_path: Path, qtbot: QtBot) -> None:
    shared = share_roll(tmp_path / "from a friend.muster-roll", *FRIENDS_MODELS)
    program.open(tmp_path / "settings.yaml", [shared])
    window, dialog = program.window, _import_dialog(program)
    assert window is not None
    qtbot.waitUntil(dialog.import_button.isEnabled)
    assert dialog.import_button.text() == "&Import 2 models"
    assert not dialog.error_box.isVisible()
    assert window.registry.entries() == ()
    dialog.import_button.click()
    qtbot.waitUntil(lambda: bool(window.notices.texts))
    assert window.notices.texts[0].startswith("Imported 2 models.")
    assert [entry.name for entry in window.registry.entries()] == ["Little one", "Big one"]
    assert [provider.base_url for provider in window.registry.providers] == [BOX["base_url"]]
    qtbot.waitUntil(lambda: not window.imports.dialogs)


def test_a_second_file_takes_the_place_of_the_one_that_is_shown(program: Program, tmp_path: Path, qtbot: QtBot) -> None:
    program.open(tmp_path / "settings.yaml", [tmp_path / "gone.muster-roll"])
    window, dialog = program.window, _import_dialog(program)
    assert window is not None
    qtbot.waitUntil(dialog.error_box.isVisible)
    window.open_shared_files([share_roll(tmp_path / "from a friend.muster-roll", *FRIENDS_MODELS)])
    assert _import_dialog(program) is dialog
    qtbot.waitUntil(dialog.import_button.isEnabled)
    assert not dialog.error_box.isVisible()


def test_of_several_files_each_is_shown_when_the_one_before_is_closed(
    program: Program, tmp_path: Path, qtbot: QtBot
) -> None:
    files = [share_roll(tmp_path / f"{name}.muster-roll", *FRIENDS_MODELS) for name in ("one", "two", "three")]
    program.open(tmp_path / "settings.yaml", files)
    window = program.window
    assert window is not None
    for file in files:
        qtbot.waitUntil(lambda: bool(window.imports.dialogs))
        dialog = _import_dialog(program)
        assert dialog.path_label.toolTip() == str(file)
        qtbot.waitUntil(dialog.import_button.isEnabled)
        dialog.reject()
    qtbot.waitUntil(lambda: not window.imports.dialogs)
    qtbot.wait(0)
    assert not window.imports.dialogs


def test_a_roll_that_another_window_holds_and_does_not_answer_for_opens_with_a_word_about_it(
    program: Program, tmp_path: Path
) -> None:
    roll = write_roll(tmp_path / "settings.yaml", everyday_roll())
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(roll)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "OURS\n"
        program.open(tmp_path / "other.yaml")
        first = program.window
        assert first is not None
        first.roll_wanted.emit(roll)
        second = program.window
        assert second is not None
        assert second.table_model.rowCount() == 30
        assert second.notices.texts == [
            "This roll is open in another Muster window, which does not answer. Edits of both are kept."
        ]
    finally:
        holder.kill()
        holder.communicate()


def test_the_same_file_by_another_path_keeps_what_the_window_holds(
    program: Program, tmp_path: Path, qtbot: QtBot
) -> None:
    roll = write_roll(tmp_path / "settings.yaml", everyday_roll())
    (tmp_path / "link.yaml").symlink_to(roll)
    program.open(roll)
    first = program.window
    assert first is not None
    first.roll_wanted.emit(tmp_path / "link.yaml")
    second = program.window
    assert second is not None
    assert second is not first
    assert second.notices.texts == []
    again = subprocess.Popen([sys.executable, "-m", "gui", "--settings", str(roll)], cwd=ROOT)
    qtbot.waitUntil(lambda: again.poll() is not None, timeout=LIMIT_S * 1000)
    assert again.returncode == 0
    assert program.window is second


def test_a_shared_roll_that_is_opened_again_goes_to_the_window_that_is_there(tmp_path: Path) -> None:
    roll = write_roll(tmp_path / "settings.yaml", everyday_roll())
    first = _start("--settings", str(roll), "--debug")
    try:
        _wait_for_line(first, "first paint")
        shared = share_roll(tmp_path / "from a friend.muster-roll", *FRIENDS_MODELS)
        again = [sys.executable, "-m", "gui", "--settings", str(roll), str(shared)]
        assert subprocess.run(again, cwd=ROOT, timeout=LIMIT_S, check=False).returncode == 0
        _wait_for_line(first, "A shared roll was opened: from a friend.muster-roll")
    finally:
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=LIMIT_S)
    assert first.returncode == 0


HOLDER = """
import sys, threading
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from gui.single_instance import SingleInstance
app = QCoreApplication([])
print(SingleInstance(Path(sys.argv[1])).claim().name, flush=True)
threading.Event().wait()
"""

STUBBORN = """
import sys, threading
from pathlib import Path
from gui import application
from gui.main_window import MainWindow
from gui.worker import run_in_worker

application.GRACE_MS = application.LAST_WAIT_MS = 300
MainWindow.closeEvent = lambda window, event: event.ignore()
show = application.Program._after_first_paint

def paint(program):
    show(program)
    run_in_worker(program, threading.Event().wait)

application.Program._after_first_paint = paint
sys.exit(application.run(Path(sys.argv[1]), debug=True))
"""


def test_a_signal_ends_it_though_a_window_asks_and_a_thread_waits_for_ever(tmp_path: Path) -> None:
    roll = write_roll(tmp_path / "settings.yaml", everyday_roll())
    process = subprocess.Popen([sys.executable, "-c", STUBBORN, str(roll)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        _wait_for_line(process, "first paint")
        process.send_signal(signal.SIGTERM)
        assert "Something still waits" in process.communicate(timeout=LIMIT_S)[1]
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0


def test_the_system_may_hand_a_file_over_by_an_event(
    program: Program, qapp: Application, tmp_path: Path, qtbot: QtBot
) -> None:
    program.open(tmp_path / "settings.yaml")
    assert program.window is not None
    qapp.sendEvent(qapp, QFileOpenEvent(str(tmp_path / "gone.muster-roll")))
    dialog = _import_dialog(program)
    qtbot.waitUntil(dialog.error_box.isVisible)
    assert "There is no file “gone.muster-roll”" in dialog.error_box.text
