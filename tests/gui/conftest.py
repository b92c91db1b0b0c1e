"""What the tests of the window share: a window on a roll of its own, and an end that leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.registry import Registry
from gui.application import Application
from gui.main_window import MainWindow
from gui.theme import Theme, ThemeChooser
from gui.window_state import WindowState
from gui.worker import wait_for_workers
from tests.gui.sample_rolls import everyday_roll, write_roll

OpenWindow = Callable[..., MainWindow]


@pytest.fixture(scope="session")
def qapp_cls() -> type[Application]:
    """What the program runs as, for pytest-qt."""
    return Application


@pytest.fixture
def themes(qapp: QApplication) -> Iterator[ThemeChooser]:
    """The application in its light dress."""
    chooser = ThemeChooser(qapp, Theme.LIGHT)
    yield chooser
    chooser.deleteLater()


@pytest.fixture
def roll_path(tmp_path: Path) -> Path:
    """Where the test's roll stands."""
    return tmp_path / "settings.yaml"


@pytest.fixture
def open_window(qtbot: QtBot, themes: ThemeChooser, roll_path: Path) -> Iterator[OpenWindow]:
    """Opens the window on a roll (a tree, a text or None for no file); closes it after the test."""
    windows: list[MainWindow] = []

    def open_on(roll: dict[str, Any] | str | None = None) -> MainWindow:
        if isinstance(roll, str):
            roll_path.write_text(roll, encoding="utf-8")
        elif roll is not None:
            write_roll(roll_path, roll)
        window = MainWindow(Registry.open(roll_path), themes, WindowState())
        windows.append(window)
        window.show()
        qtbot.waitExposed(window)
        return window

    yield open_on
    for window in windows:
        if window.isVisible():
            qtbot.waitUntil(partial(_is_at_rest, window))
        window.release()
        window.close()
        window.registry.close()
        window.deleteLater()
        window.deleteLater()
    assert wait_for_workers()
    qtbot.wait(0)


def _is_at_rest(window: MainWindow) -> bool:
    return not window.saver.is_busy


@pytest.fixture
def window(open_window: OpenWindow) -> MainWindow:
    """The window on a roll of thirty rows."""
    return open_window(everyday_roll())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """What a test's widgets were is gone before the next one: else each change of the theme would reach all of them."""
    yield
    if QApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
