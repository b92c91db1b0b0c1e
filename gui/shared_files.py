"""Shared rolls that a person opens from outside: by double click, by name on the command line."""

from __future__ import annotations

import json
import logging
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from core.errors import MusterError
from gui.notices import Notices
from gui.words import one_line
from gui.worker import run_in_worker

_LARGEST_BYTES = 50_000_000
_log = logging.getLogger(__name__)


class SharedFiles(QObject):
    """Reads a shared roll off the window's thread, and says in words what cannot be read."""

    def __init__(self, notices: Notices, parent: QObject) -> None:
        super().__init__(parent)
        self._notices = notices

    def open(self, path: Path) -> None:
        """Reads the file; what is wrong with it becomes a notice."""
        _log.info("A shared roll was opened: %s", one_line(path.name))
        run_in_worker(
            self,
            partial(read_shared, path),
            on_done=partial(self._take, path),
            on_error=self._notices.show_error,
        )

    def _take(self, path: Path, _content: dict[str, Any]) -> None:
        self._notices.show_error(
            MusterError(
                f"“{one_line(path.name)}” is no roll that this version of Muster knows.", "Nothing was changed."
            )
        )


def read_shared(path: Path) -> dict[str, Any]:
    """What stands in the file.

    Raises:
        MusterError: it cannot be read, or is no shared roll.
    """
    name = one_line(path.name)
    try:
        if not path.is_file():
            raise MusterError(f"There is no file “{name}”.", "It may have been moved since it was opened.")
        if path.stat().st_size > _LARGEST_BYTES:
            raise MusterError(f"“{name}” is too large for a shared roll.", "Nothing was changed.")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise MusterError(f"“{name}” cannot be read.", "Look at who may read it, and open it again.") from None
    except (ValueError, RecursionError):
        raise MusterError(
            f"“{name}” is no shared roll, or it is damaged.", "Ask for the file again; nothing was changed."
        ) from None
    if not isinstance(content, dict):
        raise MusterError(f"“{name}” is no shared roll.", "Nothing was changed.")
    return content
