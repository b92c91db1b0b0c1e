"""With the network cut off, the program starts, shows the roll and asks for nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import loopback_only
import pytest

from core.paths import log_folder
from tests.gui.sample_rolls import everyday_roll
from tests.rolls import write_roll

PROJECT = Path(__file__).parents[1]

# Python runs this first in every process that has its folder on PYTHONPATH: it writes down look-ups and connections.
WATCH = """
import json, os, sys

def watch(event, arguments):
    look_ups = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
    if event in (*look_ups, "socket.connect", "socket.sendto"):
        shown = [argument if isinstance(argument, (str, int, tuple)) else None for argument in arguments]
        line = json.dumps({"event": event, "arguments": shown, "process": sys.argv[:2]}, default=str)
        with open(os.environ["WATCHED"], "a") as file:
            file.write(line + "\\n")

sys.addaudithook(watch)
"""

# The loopback interface of a fresh network namespace is down; this brings it up without another program.
CUT_OFF = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
    fcntl.ioctl(link, 0x8914, struct.pack("16sh22x", b"lo", 0x1 | 0x40))
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def _wait_until(is_so: Callable[[], bool], process: subprocess.Popen[str], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "the program did not get ready in time"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            pytest.fail(f"the program ended early:\n{process.communicate()[1][-2000:]}")


if sys.platform == "linux":  # network namespaces are Linux'

    def test_the_program_starts_and_shows_the_roll_without_a_network_and_looks_nothing_up(
        tmp_path: Path, isolated_environment: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        roll = write_roll(tmp_path / "settings.yaml", **everyday_roll())
        watched = tmp_path / "watched.jsonl"
        watched.touch()
        watch = tmp_path / "watch"
        watch.mkdir()
        (watch / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
        environment = os.environ | {
            "WATCHED": str(watched),
            "PYTHONPATH": f"{watch}{os.pathsep}{PROJECT}",
            "QT_QPA_PLATFORM": "offscreen",
            "MUSTER_HOME": str(isolated_environment),
        }
        program = [sys.executable, "-c", CUT_OFF, "-m", "gui", "--settings", str(roll)]
        way = loopback_only.way_in()
        if not way:
            assert not loopback_only.must_enter(), loopback_only.NOT_WATCHED_IN_CI
            with capsys.disabled():
                sys.stdout.write("No network namespace may be made here: the audit hook alone looks for connections.\n")
            program = [sys.executable, "-m", "gui", "--settings", str(roll)]
        process = subprocess.Popen(
            [*way, *program],
            cwd=PROJECT, env=environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        log = log_folder() / "muster.log"

        def logged(words: str) -> bool:
            return log.exists() and words in log.read_text(encoding="utf-8")

        try:
            _wait_until(lambda: logged("first paint"), process, 60)
            assert not logged("engine is ready"), "the window shows the roll before the engine is there"
            _wait_until(lambda: logged("engine is ready"), process, 90)
        finally:
            process.send_signal(signal.SIGTERM)
            errors = process.communicate(timeout=30)[1]
        assert process.returncode == 0, errors[-2000:]
        asked = [json.loads(line) for line in watched.read_text(encoding="utf-8").splitlines()]
        outside = [event for event in asked if not _is_on_this_machine(event)]
        assert outside == []
        assert "Traceback" not in log.read_text(encoding="utf-8")


def _is_on_this_machine(event: dict[str, object]) -> bool:
    """Whether a connection goes to a file's socket or to loopback; every look-up of a name counts as outside."""
    arguments = event["arguments"]
    if event["event"] != "socket.connect" or not isinstance(arguments, list):
        return False
    address = arguments[1]
    return isinstance(address, str) or str(address[0]).startswith("127.") or address[0] == "::1"


def test_the_watch_would_see_a_look_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = tmp_path / "watched.jsonl"
    (tmp_path / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    environment = os.environ | {"WATCHED": str(watched), "PYTHONPATH": str(tmp_path)}
    look_up = "import socket\ntry:\n    socket.getaddrinfo('model.invalid', 80)\nexcept OSError:\n    pass"
    subprocess.run([sys.executable, "-c", look_up], env=environment, check=True, timeout=30)
    assert not all(_is_on_this_machine(json.loads(line)) for line in watched.read_text(encoding="utf-8").splitlines())
    assert watched.read_text(encoding="utf-8")
