"""Hearing of changes of the roll and its keys, on whichever thread they are made."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal

from core.registry import Registry


class RollWatch(QObject):
    """Calls `on_change`, a slot, on its own thread when the roll or a key has changed, between `start` and `stop`."""

    _changed = Signal()

    def __init__(self, registry: Registry, on_change: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._registry = registry
        self._ends: list[Callable[[], None]] = []
        # Told on the thread that made the change; the signal brings it to this one.
        self._changed.connect(on_change, Qt.ConnectionType.QueuedConnection)

    @property
    def is_watching(self) -> bool:
        """Whether changes are heard of."""
        return bool(self._ends)

    def start(self) -> None:
        """Hears of changes from now on."""
        if not self._ends:
            self._ends = [
                self._registry.subscribe(lambda _document: self._changed.emit()),
                self._registry.credentials.subscribe(self._changed.emit),
            ]

    def stop(self) -> None:
        """Hears of no more."""
        while self._ends:
            self._ends.pop()()
