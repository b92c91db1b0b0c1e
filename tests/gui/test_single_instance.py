"""One window for each settings file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PySide6.QtNetwork import QLocalServer, QLocalSocket
from pytestqt.qtbot import QtBot

from gui.single_instance import SingleInstance

ROOT = Path(__file__).resolve().parents[2]
HAND_OVER = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from gui.single_instance import SingleInstance
app = QCoreApplication([])
shared = Path(sys.argv[2]) if len(sys.argv) > 2 else None
sys.exit(0 if SingleInstance(Path(sys.argv[1])).hand_over(shared) else 3)
"""


def _second(path: Path, *shared: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", HAND_OVER, str(path), *map(str, shared)], cwd=ROOT)


def _end(qtbot: QtBot, process: subprocess.Popen[bytes]) -> int:
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=30_000)
    return int(process.returncode)


def test_the_second_asks_the_first_to_come_forward(tmp_path: Path, qtbot: QtBot) -> None:
    first = SingleInstance(tmp_path / "settings.yaml")
    assert first.listen()
    with qtbot.waitSignal(first.raise_wanted, timeout=30_000):
        second = _second(tmp_path / "settings.yaml")
    assert _end(qtbot, second) == 0
    first.close()


def test_a_link_to_the_file_is_the_same_file(tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "real.yaml").touch()
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    first = SingleInstance(tmp_path / "real.yaml")
    assert first.listen()
    assert _end(qtbot, _second(tmp_path / "link.yaml")) == 0
    first.close()


def test_another_file_has_a_window_of_its_own(tmp_path: Path, qtbot: QtBot) -> None:
    first = SingleInstance(tmp_path / "one.yaml")
    assert first.listen()
    assert _end(qtbot, _second(tmp_path / "two.yaml")) == 3
    first.close()


def test_nobody_answers_for_a_window_that_was_closed(tmp_path: Path, qtbot: QtBot) -> None:
    first = SingleInstance(tmp_path / "settings.yaml")
    assert first.listen()
    first.close()
    assert _end(qtbot, _second(tmp_path / "settings.yaml")) == 3


def test_the_second_hands_the_file_over_that_it_was_opened_with(tmp_path: Path, qtbot: QtBot) -> None:
    first = SingleInstance(tmp_path / "settings.yaml")
    assert first.listen()
    shared = tmp_path / "von Jörg \udcff “neu”.muster-roll"
    raised: list[bool] = []
    first.raise_wanted.connect(lambda: raised.append(True))
    with qtbot.waitSignal(first.open_wanted, timeout=30_000) as asked:
        second = _second(tmp_path / "settings.yaml", shared)
    assert asked.args == [shared]
    assert raised == [True]
    assert _end(qtbot, second) == 0
    first.close()


def test_what_is_no_request_raises_the_window_and_opens_nothing(tmp_path: Path, qtbot: QtBot) -> None:
    first = SingleInstance(tmp_path / "settings.yaml")
    assert first.listen()
    opened: list[object] = []
    first.open_wanted.connect(opened.append)
    server = first.findChild(QLocalServer)
    assert server is not None
    socket = QLocalSocket()
    socket.connectToServer(server.serverName())
    with qtbot.waitSignal(first.raise_wanted, timeout=30_000):
        socket.write(b'["open", "/etc/passwd"]\n')
    assert opened == []
    socket.abort()
    first.close()
