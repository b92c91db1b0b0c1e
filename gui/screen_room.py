"""The room that the screen under a window has for it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect
from PySide6.QtGui import QScreen
from PySide6.QtWidgets import QWidget
from shiboken6 import getCppPointer

_SCREENS: Final[dict[int, QScreen]] = {}
"""Every screen that was asked for. PySide takes `widget.screen()` for a part of the widget: where a collection of
garbage takes both together, it frees the screen itself, and the next window stands on freed memory."""


def screen_room(widget: QWidget) -> QRect:
    """The part of the widget's screen that windows may use. The only place that may ask a widget for its screen."""
    screen = widget.screen()
    _SCREENS[getCppPointer(screen)[0]] = screen
    return screen.availableGeometry()
