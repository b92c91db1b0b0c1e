"""What nobody caught is logged without keys, and told."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import qWarning
from pytestqt.qtbot import QtBot

from core import paths
from core.log import start_log
from gui.crashes import CrashReports

KEY = "sk-abcdefghijklmnop"


@pytest.fixture
def log(isolated_environment: Path) -> Iterator[Path]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    path = start_log()
    yield path
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


@pytest.fixture
def reports(log: Path) -> Iterator[CrashReports]:
    found = CrashReports(log)
    yield found
    found.uninstall()


def _raise() -> None:
    raise RuntimeError(f"refused with {KEY}")


def test_an_uncaught_error_is_logged_without_its_key_and_told(log: Path, reports: CrashReports, qtbot: QtBot) -> None:
    reports.install()
    with qtbot.waitSignal(reports.caught):
        try:
            _raise()
        except RuntimeError as error:
            sys.excepthook(type(error), error, error.__traceback__)
    text = log.read_text(encoding="utf-8")
    assert "RuntimeError: refused with" in text
    assert "_raise" in text
    assert KEY not in text


def test_an_uncaught_error_in_a_thread_is_told_too(log: Path, reports: CrashReports, qtbot: QtBot) -> None:
    reports.install()
    with qtbot.waitSignal(reports.caught):
        thread = threading.Thread(target=_raise)
        thread.start()
        thread.join()
    assert "RuntimeError: refused with" in log.read_text(encoding="utf-8")


def test_what_qt_says_goes_to_the_log(log: Path, reports: CrashReports) -> None:
    reports.install()
    qWarning("something is odd")
    assert "something is odd" in log.read_text(encoding="utf-8")


def test_every_folder_is_below_the_portable_home(isolated_environment: Path) -> None:
    folders = (paths.config_folder(), paths.data_folder(), paths.state_folder(), paths.log_folder())
    assert all(folder.is_relative_to(isolated_environment) for folder in folders)


def test_without_a_portable_home_every_folder_is_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(paths.HOME_VARIABLE)
    assert paths.settings_file().name == "settings.yaml"
    assert paths.settings_file().parent.name == "muster"
    assert paths.kiln_settings_file() == Path.home() / ".kiln_ai" / "settings.yaml"


def test_what_utf8_cannot_say_is_logged_all_the_same(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("muster").info("A shared roll was opened: %s", "von J\udcf6rg.muster-roll")
    assert "A shared roll was opened: von J\\udcf6rg.muster-roll" in log.read_text(encoding="utf-8")
    assert capsys.readouterr().err == ""
