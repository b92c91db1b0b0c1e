"""Columns that share the width of their view: no scroll bar, and no column that takes what another needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Slot
from PySide6.QtWidgets import QAbstractItemView
from typing_extensions import override

from gui.badges import margin
from gui.column_header import ColumnHeader


@dataclass(frozen=True, slots=True)
class ColumnShare:
    """What a column gets: so many average characters, and its part of the room that is left over."""

    characters: int
    part: int = 0


class SharedColumns(QObject):
    """Sizes the columns whenever the view is resized, until the person drags one; the last takes what is left."""

    def __init__(self, view: QAbstractItemView, header: ColumnHeader, shares: Mapping[int, ColumnShare]) -> None:
        super().__init__(view)
        self._view = view
        self._header = header
        self._shares = dict(shares)
        self._is_persons = False
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(view.fontMetrics().averageCharWidth() * 4)
        header.dragged.connect(self._leave_alone)
        view.viewport().installEventFilter(self)

    @Slot()
    def _leave_alone(self) -> None:
        self._is_persons = True

    def share_out(self) -> None:
        """Gives every column its width."""
        metrics = self._view.fontMetrics()
        shares = {column: share for column, share in self._shares.items() if not self._header.isSectionHidden(column)}
        if self._is_persons or not shares:
            return
        sides, room = 2 * margin(metrics), self._view.viewport().width()
        widths = {column: share.characters * metrics.averageCharWidth() + sides for column, share in shares.items()}
        left = room - sum(widths.values())
        parts = sum(share.part for share in shares.values())
        given = sum(width for column, width in widths.items() if shares[column].part)
        last = max(shares)
        for column, width in widths.items():
            if left >= 0:
                more = left * shares[column].part // max(1, parts)
            else:  # too little: those that can be cut are, each by its size
                more = left * width // max(1, given) if shares[column].part else 0
            if column != last:
                self._header.resizeSection(column, width + more)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.share_out()
        return super().eventFilter(watched, event)
