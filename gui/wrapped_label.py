"""Texts of several lines that get the height that they need."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget
from typing_extensions import override


def message_label(name: str, parent: QWidget | None = None) -> QLabel:
    """A sentence that wraps; one without a blank in it, such as an address, does not widen what it stands in."""
    label = QLabel(parent)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setMinimumWidth(1)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
    return label


def quiet_label(name: str, text: str = "") -> QLabel:
    """A grey sentence that stands beside something more important."""
    label = message_label(name)
    label.setText(text)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label


class WrappedLabel(QLabel):
    """As wide as its place, and exactly as high as its text is there: in a scroll area a label is else cut off."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @override
    def setText(self, text: str) -> None:
        super().setText(text)
        self._fit()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setFixedHeight(max(self.fontMetrics().height(), self.heightForWidth(self.width())))
