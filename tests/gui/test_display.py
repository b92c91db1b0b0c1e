"""The program where no window can be opened: what is said in the terminal, and the exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gui.display import missing_display
from tests.demo.virtual_screen import VirtualScreen

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60
NO_DISPLAY = dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"), "")


def _start(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gui"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_without_a_display_it_says_so_and_where_to_go() -> None:
    done = _start(**NO_DISPLAY)
    assert done.returncode == 1
    assert "no display" in done.stderr
    assert "make demo" in done.stderr


def test_a_frozen_program_sends_nobody_to_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NO_DISPLAY:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert missing_display() == "Muster is a window, and there is no display here."


@pytest.mark.parametrize(
    "environment",
    [
        {"DISPLAY": ":77"},
        {"DISPLAY": "not a display"},
        {"DISPLAY": ":77", "QT_QPA_PLATFORM": "xcb"},
        {"WAYLAND_DISPLAY": "wayland-77"},
        {"WAYLAND_DISPLAY": "wayland-77", "QT_QPA_PLATFORM": "wayland-egl;xcb", "DISPLAY": ":77"},
    ],
    ids=["nobody there", "no address", "xcb is asked for", "Wayland", "both"],
)
def test_a_display_that_does_not_answer_is_said_by_its_name(environment: dict[str, str]) -> None:
    done = _start(**{**NO_DISPLAY, **environment})
    assert done.returncode == 1
    name = environment.get("WAYLAND_DISPLAY") or environment["DISPLAY"]
    # The Wayland library may have said before why it cannot look.
    assert done.stderr.splitlines()[-1].startswith(f"The display {name} does not answer.")


def test_a_display_that_answers_is_not_complained_about() -> None:
    with VirtualScreen() as screen:
        code = "from gui.display import missing_display; print(repr(missing_display()))"
        environment = {**os.environ, **NO_DISPLAY, **screen.environment}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
    assert (done.stdout.strip(), done.stderr) == ("''", "")


def test_what_ends_qt_before_the_first_window_stands_in_the_terminal() -> None:
    done = _start(QT_QPA_PLATFORM="there-is-no-such-platform")
    assert done.returncode != 0
    assert "there-is-no-such-platform" in done.stderr


HOMELESS = """
import os, pwd, sys

def look_up(user):
    raise KeyError(user)

pwd.getpwuid = look_up  # an account that the system does not list
from gui.app import main
sys.exit(main([]))
"""


def test_an_account_without_a_home_folder_is_told_so() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "MUSTER_HOME")}
    command = [sys.executable, "-c", HOMELESS]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        "Muster finds no home folder of this account. Set HOME to a folder of yours and start it again.\n"
    )
