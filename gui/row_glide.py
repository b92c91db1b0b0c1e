"""Rows on their way to other places: what is ranked anew does not jump."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation, Signal
from PySide6.QtWidgets import QStyle, QWidget


class RowGlide(QObject):
    """Says where each row is while the rows change places. `moved` tells that they are elsewhere.

    Where the system wants no animations, or nobody looks, they are there at once.
    """

    moved = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._before: Mapping[str, int] = {}
        self._share = QVariantAnimation(self, startValue=0.0, endValue=1.0)
        self._share.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._share.valueChanged.connect(self.moved)

    @property
    def is_moving(self) -> bool:
        """Whether the rows are under way."""
        return self._share.state() is QVariantAnimation.State.Running

    def start(self, before: Sequence[str], after: Sequence[str]) -> None:
        """Brings the rows from the one order into the other, where these are the same rows."""
        self.stop()
        duration_ms = self._widget.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration)
        is_seen = self._widget.isVisible() and duration_ms > 0
        if is_seen and list(before) != list(after) and sorted(before) == sorted(after):
            self._before = {row: place for place, row in enumerate(before)}
            self._share.setDuration(2 * duration_ms)
            self._share.start()

    def stop(self) -> None:
        """Has the rows in their places now."""
        self._share.stop()

    def place(self, row: str, after: int) -> float:
        """Where a row is that goes to the place `after`."""
        if not self.is_moving:
            return after
        before, share = self._before.get(row, after), float(self._share.currentValue())
        return before + (after - before) * share
