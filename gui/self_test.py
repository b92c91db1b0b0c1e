"""`muster --self-test`: whether this copy is whole, a line for each check, without a window and without a screen."""

from __future__ import annotations

import os
import platform
import sys

from core import __version__
from core.errors import MusterError
from gui.resources import RESOURCES


def run_self_test(url: str | None) -> int:
    """The exit code: 0 where every check passed."""
    # The checks ask the engine themselves, with what the window's process never imports.
    from core.self_test import SelfTest, check_core

    test = SelfTest(_say)
    _say(f"Muster {__version__}, Python {platform.python_version()}, {platform.platform()}")
    test.check("Qt", _qt)
    check_core(test, RESOURCES, url=url)
    _say("Everything is in its place." if test.is_good else "This copy of Muster does not work as it should.")
    return 0 if test.is_good else 1


def _qt() -> str:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QLibraryInfo
    from PySide6.QtGui import QGuiApplication

    app = QGuiApplication.instance() or QGuiApplication([])
    from gui.icons import application_pixmap

    drawn = application_pixmap(64).toImage()
    if drawn.pixelColor(32, 12).alpha() == 0:
        raise MusterError("Qt draws no SVG: Muster's own icon comes out empty.")
    version = QLibraryInfo.version().toString()
    del app
    return f"{version} draws Muster's icon"


def _say(line: str) -> None:
    if sys.stdout is not None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
