"""One window for each settings file."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from pytestqt.qtbot import QtBot

from core import paths
from core.local_sockets import LONGEST_PATH_BYTES, is_strangers, make_private_folder, socket_folders
from core.process_lock import ProcessLock
from gui.single_instance import Claim, SingleInstance
from tests.gui.sample_rolls import everyday_roll, write_roll

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 4
CLAIM = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from gui.single_instance import SingleInstance
app = QCoreApplication([])
instance = SingleInstance(Path(sys.argv[1]))
print(instance.claim([Path(name) for name in sys.argv[3:]], patience_ms=int(sys.argv[2])).name, flush=True)
sys.stdin.read()
"""
PROGRAM = """
import sys
from pathlib import Path
from gui.application import run
print("ready", flush=True)
sys.stdin.read(1)
sys.exit(run(Path(sys.argv[1]), debug=True))
"""


@pytest.fixture(autouse=True)
def session_folder(isolated_environment: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The test's own folder for sockets."""
    with tempfile.TemporaryDirectory(prefix="session-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


def _claim(path: Path, *files: Path, patience_ms: int = 30_000) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CLAIM, str(path), str(patience_ms), *map(str, files)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _end(qtbot: QtBot, process: subprocess.Popen[str]) -> Claim:
    """What the claim of another process came to, whose end it is."""
    assert process.stdin is not None
    process.stdin.close()
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=60_000)
    assert process.stdout is not None
    with process.stdout as said:
        return Claim[said.read().strip()]


def _first_word(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _starts(roll: Path, log: IO[bytes]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(roll)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=log, text=True)


# ------------------------------------------------------------------------------------------------- who has the roll


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_two_programs_that_are_started_at_once_make_one_window(tmp_path: Path, qtbot: QtBot, _round: int) -> None:
    roll = write_roll(tmp_path / "settings.yaml", everyday_roll())
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    with logs[0].open("wb") as one, logs[1].open("wb") as two:
        both = [_starts(roll, one), _starts(roll, two)]
    assert [_first_word(process) for process in both] == ["ready", "ready"]
    for process in both:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()

    def windows() -> int:
        return sum("first paint" in log.read_text() for log in logs)

    def is_over() -> bool:
        return windows() == len(both) or any(process.poll() is not None for process in both)

    try:
        qtbot.waitUntil(is_over, timeout=60_000)
        assert sorted(process.poll() is None for process in both) == [False, True]
        qtbot.waitUntil(lambda: windows() == 1, timeout=60_000)
    finally:
        for process in both:
            process.terminate()
            process.communicate(timeout=60)
    assert [process.returncode for process in both] == [0, 0]


def test_the_second_asks_the_first_to_come_forward(tmp_path: Path, qtbot: QtBot) -> None:
    first = SingleInstance(tmp_path / "settings.yaml")
    assert first.claim() is Claim.OURS
    with qtbot.waitSignal(first.raise_wanted, timeout=30_000):
        second = _claim(tmp_path / "settings.yaml")
    assert _end(qtbot, second) is Claim.HANDED_OVER
    first.close()


def test_a_link_to_the_file_is_the_same_file(tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "real.yaml").touch()
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    first = SingleInstance(tmp_path / "real.yaml")
    assert first.claim() is Claim.OURS
    assert _end(qtbot, _claim(tmp_path / "link.yaml")) is Claim.HANDED_OVER
    first.close()


def test_another_file_has_a_window_of_its_own(tmp_path: Path, qtbot: QtBot) -> None:
    first = SingleInstance(tmp_path / "one.yaml")
    assert first.claim() is Claim.OURS
    assert _end(qtbot, _claim(tmp_path / "two.yaml")) is Claim.OURS
    first.close()


def test_a_window_that_was_closed_has_nothing_any_more(tmp_path: Path, qtbot: QtBot) -> None:
    first = SingleInstance(tmp_path / "settings.yaml")
    assert first.claim() is Claim.OURS
    first.close()
    assert _end(qtbot, _claim(tmp_path / "settings.yaml")) is Claim.OURS


def test_a_window_that_was_killed_has_nothing_any_more(tmp_path: Path, qtbot: QtBot) -> None:
    killed = _claim(tmp_path / "settings.yaml")
    assert _first_word(killed) == "OURS"
    killed.kill()
    killed.communicate()
    second = SingleInstance(tmp_path / "settings.yaml")
    assert second.claim() is Claim.OURS
    assert _end(qtbot, _claim(tmp_path / "settings.yaml")) is Claim.HANDED_OVER
    second.close()


def test_a_window_that_hangs_is_told_from_one_that_is_gone(tmp_path: Path, qtbot: QtBot) -> None:
    hanging = _claim(tmp_path / "settings.yaml")
    assert _first_word(hanging) == "OURS"
    hanging.send_signal(signal.SIGSTOP)
    try:
        assert SingleInstance(tmp_path / "settings.yaml").claim(patience_ms=200) is Claim.UNANSWERED
    finally:
        hanging.send_signal(signal.SIGCONT)
        hanging.communicate()


def test_who_comes_while_the_first_is_not_yet_there_waits_for_it(tmp_path: Path, qtbot: QtBot) -> None:
    first = SingleInstance(tmp_path / "settings.yaml")
    folder = paths.state_folder() / "instances"
    assert make_private_folder(folder)
    lock = ProcessLock(folder / f"{first.name}.lock")
    assert lock.take()
    second = _claim(tmp_path / "settings.yaml", patience_ms=60_000)
    lock.release()  # it gave up before it listened: the roll is the second one's
    assert _first_word(second) == "OURS"
    second.communicate()


# --------------------------------------------------------------------------------------------------- what is said


def test_the_second_hands_the_files_over_that_it_was_opened_with(tmp_path: Path, qtbot: QtBot) -> None:
    first = SingleInstance(tmp_path / "settings.yaml")
    assert first.claim() is Claim.OURS
    shared = [tmp_path / "von Jörg \udcff “neu”.muster-roll", tmp_path / "two.muster-roll"]
    raised: list[bool] = []
    first.raise_wanted.connect(lambda: raised.append(True))
    with qtbot.waitSignal(first.open_wanted, timeout=30_000) as asked:
        second = _claim(tmp_path / "settings.yaml", *shared)
    assert asked.args == [shared]
    assert raised == [True]
    assert _end(qtbot, second) is Claim.HANDED_OVER
    first.close()


def test_what_is_no_request_raises_the_window_and_opens_nothing(tmp_path: Path, qtbot: QtBot) -> None:
    first = SingleInstance(tmp_path / "settings.yaml")
    assert first.claim() is Claim.OURS
    opened: list[object] = []
    first.open_wanted.connect(opened.append)
    asking = QLocalSocket()
    asking.connectToServer(first.address or "")
    with qtbot.waitSignal(first.raise_wanted, timeout=30_000):
        asking.write(b'["open", "/etc/passwd"]\n')
    assert opened == []
    asking.abort()
    first.close()


@pytest.mark.parametrize("answer", [b"x\n", b"ok", b"ok ok\n", b""])
def test_whoever_answers_anything_but_ok_is_not_believed(tmp_path: Path, qtbot: QtBot, answer: bytes) -> None:
    holding = _claim(tmp_path / "settings.yaml")
    assert _first_word(holding) == "OURS"
    place = SingleInstance(tmp_path / "settings.yaml")._places()[0]  # noqa: SLF001 (where it would listen)
    QLocalServer.removeServer(place)
    impostor = QLocalServer()
    assert impostor.listen(place)

    def reply() -> None:
        asking = impostor.nextPendingConnection()
        asking.write(answer)
        asking.flush()

    impostor.newConnection.connect(reply)
    assert _end(qtbot, _claim(tmp_path / "settings.yaml", patience_ms=300)) is Claim.UNANSWERED
    impostor.close()
    holding.communicate()


# ----------------------------------------------------------------------------------------------- where it lies, whose


def test_the_socket_lies_where_nobody_else_can_look(tmp_path: Path, session_folder: Path) -> None:
    first = SingleInstance(tmp_path / "settings.yaml")
    assert first.claim() is Claim.OURS
    assert first.address is not None
    assert Path(first.address).parent == session_folder
    assert stat.S_ISSOCK(Path(first.address).stat().st_mode)
    first.close()


@pytest.mark.parametrize("kind", ["unset", "open to all", "relative", "missing"])
def test_without_a_session_folder_it_lies_in_one_of_our_own(
    tmp_path: Path, session_folder: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, kind: str
) -> None:
    if kind == "open to all":
        session_folder.chmod(0o755)
    else:
        chosen = {"unset": "", "relative": "run", "missing": str(tmp_path / "gone")}[kind]
        monkeypatch.setenv("XDG_RUNTIME_DIR", chosen)
    own = paths.state_folder() / "instances"
    folders = [folder for folder in socket_folders(own) if not str(folder).startswith("/run/user/")]
    assert folders[0] == own
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    first = SingleInstance(tmp_path / "settings.yaml")
    assert first.claim() is Claim.OURS
    assert _end(qtbot, _claim(tmp_path / "settings.yaml")) is Claim.HANDED_OVER
    first.close()


def test_a_path_that_is_too_long_for_a_socket_has_a_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    monkeypatch.setenv("MUSTER_HOME", str(tmp_path / ("home" * 30)))
    first = SingleInstance(tmp_path / "settings.yaml")
    assert first.claim() is Claim.OURS
    assert first.address is not None
    assert len(os.fsencode(first.address)) <= LONGEST_PATH_BYTES
    assert _end(qtbot, _claim(tmp_path / "settings.yaml")) is Claim.HANDED_OVER
    first.close()


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taken").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("taken")
    assert make_private_folder(tmp_path / "taken")
    assert not make_private_folder(tmp_path / "link")
    stranger = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: stranger)
    assert not make_private_folder(tmp_path / "taken")


def test_another_person_at_the_other_end_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = socket.socketpair()
    with one, other:
        assert not is_strangers(one.fileno())
        stranger = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: stranger)
        assert is_strangers(one.fileno())
    assert is_strangers(-1)


def test_another_persons_program_gets_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    first = SingleInstance(tmp_path / "settings.yaml")
    assert first.claim() is Claim.OURS
    heard: list[object] = []
    first.raise_wanted.connect(lambda: heard.append(True))
    stranger = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: stranger)
    asking = QLocalSocket()
    asking.connectToServer(first.address or "")
    with qtbot.waitSignal(asking.disconnected, timeout=30_000):
        asking.write(json.dumps({"open": ["/etc/passwd"]}).encode() + b"\n")
    assert heard == []
    first.close()
