"""A line of text that gives way to what stands beside it."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy
from typing_extensions import override


class ElidedLabel(QLabel):
    """A label that gives way: a text too long for it is cut, a path in its middle, and whole in its tooltip."""

    def __init__(self, name: str, *, in_middle: bool = False) -> None:
        super().__init__()
        self._mode = Qt.TextElideMode.ElideMiddle if in_middle else Qt.TextElideMode.ElideRight
        self.setObjectName(name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._whole = ""

    @override
    def setText(self, text: str) -> None:
        self._whole = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        self._cut()

    def set_path(self, path: Path) -> None:
        """Shows a path, with ~ for the person's folder where that is the custom; the tooltip has all of it."""
        self.setText(str(path))
        if sys.platform != "win32" and path.is_relative_to(Path.home()):
            self._whole = str(Path("~") / path.relative_to(Path.home()))
            self._cut()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._cut()
        super().resizeEvent(event)

    def _cut(self) -> None:
        super().setText(self.fontMetrics().elidedText(self._whole, self._mode, self.width()))
