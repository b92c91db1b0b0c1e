"""The frozen program's own file: what it holds is read when it is wanted, and an update may replace it meanwhile."""

from __future__ import annotations

import logging
import pkgutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot

import gui

_WANTED_LATER: Final = (
    "core.evidence",
    "encodings.ascii",
    "encodings.utf_16_le",
    "filelock",
    "jsonschema",
    "keyring.errors",
    "referencing.exceptions",
    "ruamel.yaml",
)
"""What is imported inside functions beside the window's own modules."""

_log = logging.getLogger(__name__)


class ProgramFile(QObject):
    """One file as it was at the start; `replaced` tells once that another has taken its place."""

    replaced = Signal()

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._first = _identity(path)
        self._is_told = False

    @property
    def is_replaced(self) -> bool:
        """Whether another file has been seen in its place."""
        return self._is_told

    @Slot()
    def look(self) -> None:
        """Looks whether it is still the same."""
        now = _identity(self._path)
        # A file that is missing for a moment is about to be replaced; the next look tells.
        if self._is_told or now is None or now == self._first:
            return
        self._is_told = True
        _log.warning("The program's file was replaced while it ran.")
        self.replaced.emit()


def own_program_file(parent: QObject | None = None) -> ProgramFile | None:
    """The file of this program, where it is a frozen one."""
    return ProgramFile(Path(sys.executable), parent) if getattr(sys, "frozen", False) else None


def load_everything() -> None:
    """Imports all that the window may want later, so that it needs its file no more; *Try it* first, as ever.

    Takes a second or two, on a worker's thread.
    """
    for name in ("gui.try_panel", *later_modules()):
        try:
            import_module(name)
        except ImportError:  # of another system, or not part of this copy
            _log.debug("%s is not imported ahead.", name, exc_info=True)


def later_modules() -> list[str]:
    """The modules of the window, and what they and `core` import inside functions; those that are not loaded yet."""
    found = (module.name for module in pkgutil.walk_packages(gui.__path__, "gui."))
    own = [name for name in found if name != "gui.__main__"]
    return [name for name in (*own, *_WANTED_LATER) if name not in sys.modules]


def _identity(path: Path) -> tuple[int, int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
