"""Tick boxes whose outline can be seen on a dark ground, too.

The Fusion style makes it a darker shade of the window's colour, which nobody sees where that is dark (Qt 6.11.3).
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QAbstractButton, QStyledItemDelegate, QStyleOptionViewItem
from typing_extensions import override

from gui.badges import row_height
from gui.colours import mixed

_Role = QPalette.ColorRole


def with_seen_outline(palette: QPalette) -> QPalette:
    """The palette, for an item that draws a tick box."""
    seen = QPalette(palette)
    seen.setColor(_Role.Window, mixed(palette.color(_Role.Text), palette.color(_Role.Base), 0.62))
    return seen


class TickOutline(QObject):
    """Keeps the outline of a check box apart from its ground, whatever the theme."""

    def __init__(self, button: QAbstractButton) -> None:
        super().__init__(button)
        self._button = button
        button.installEventFilter(self)
        self._dress()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._dress()
        return False

    def _dress(self) -> None:
        palette = QPalette()
        palette.setColor(_Role.Window, with_seen_outline(QGuiApplication.palette()).color(_Role.Window))
        self._button.setPalette(palette)


class TickDelegate(QStyledItemDelegate):
    """A row of a tree, as high as those of the tables, whose tick box can be seen."""

    @override
    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        option.palette = with_seen_outline(option.palette)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), row_height(option.fontMetrics))
