"""What the window's groups of commands share: the roll, its window, and the dialogs that they opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QWidget

from core.registry import Registry
from gui.notices import Notices
from gui.open_dialogs import OpenDialogs
from gui.saving import Saver

if TYPE_CHECKING:
    from gui.engine_host import EngineHost


class WindowCommands(QObject):
    """A group of commands of one window. `done` brings the keys of the rows that a command made or changed.

    A command that opens a dialog imports it itself: no dialog is part of the first paint.
    """

    done = Signal(list)

    def __init__(
        self,
        registry: Registry,
        saver: Saver,
        notices: Notices,
        engine: Callable[[], EngineHost | None],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._registry = registry
        self._saver = saver
        self._notices = notices
        self._engine = engine
        self._window = window
        self._dialogs = OpenDialogs()
        self._set_up()

    def _set_up(self) -> None:
        """What a group keeps beside that, made once the roll and the window are known."""

    @property
    def dialogs(self) -> tuple[QDialog, ...]:
        """The dialogs that are open."""
        return tuple(self._dialogs)
