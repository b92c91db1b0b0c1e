"""`muster --self-test`: whether this copy is whole, a line for each check, without a window and without a screen."""

from __future__ import annotations

import os
import platform
import sys
from typing import TYPE_CHECKING

from core import __version__
from core.errors import MusterError
from gui.resources import RESOURCES

if TYPE_CHECKING:
    from PySide6.QtCore import QMessageLogContext, QtMsgType


def run_self_test(url: str | None) -> int:
    """The exit code: 0 where every check passed, and the endpoint answered if one was given."""
    # The checks ask the engine themselves, with what the window's process never imports.
    from core.self_test import SelfTest, check_core

    test = SelfTest(_say)
    _say(f"Muster {__version__}, Python {platform.python_version()}, {platform.platform()}")
    test.check("Qt", _qt)
    check_core(test, RESOURCES, url=url)
    if not test.is_whole:
        _say("This copy of Muster does not work as it should.")
    elif not test.is_answered:
        _say("This copy of Muster is whole; the endpoint gave no answer.")
    else:
        _say("Everything is in its place.")
    return 0 if test.is_whole and test.is_answered else 1


def _qt() -> str:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QLibraryInfo, qInstallMessageHandler
    from PySide6.QtGui import QGuiApplication

    # What Qt remarks, on the locale for one, is no part of the lines.
    qInstallMessageHandler(_hear_qt)
    app = QGuiApplication.instance() or QGuiApplication([])
    from gui.icons import application_pixmap

    drawn = application_pixmap(64).toImage()
    if drawn.pixelColor(32, 12).alpha() == 0:
        raise MusterError("Qt draws no SVG: Muster's own icon comes out empty.")
    version = QLibraryInfo.version().toString()
    del app
    return f"{version} draws Muster's icon"


def _hear_qt(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    if kind.name == "QtFatalMsg" and sys.stderr is not None:
        sys.stderr.write(f"{message}\n")  # Qt ends the process now


def _say(line: str) -> None:
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except OSError:  # nobody reads any more, or the disk is full: the exit code still tells
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
