"""The log: rotating files in the log folder, every line of them without keys."""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from core import paths
from core.redaction import RedactionFilter

LOG_FILE: Final = "muster.log"
REDACTION: Final = RedactionFilter()
"""What every record passes on its way to the file; `REDACTION.learn` tells it the keys that are in use."""

_MAX_SIZE_BYTES = 1_000_000
_KEPT_FILES = 3
_NOISY = ("httpx", "httpcore", "asyncio", "keyring", "PIL")


def start_log(*, debug: bool = False) -> Path:
    """Sends all records to the rotating file, and with `debug` to stderr too; gives the file's path.

    Where the folder cannot be written the records go to stderr alone: a log is no reason not to start.
    """
    root = logging.getLogger()
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    path = paths.log_folder() / LOG_FILE
    handlers: list[logging.Handler] = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(_file_handler(path))
    except OSError:
        debug = True
    # A windowed program has no stderr on some systems.
    if debug and sys.stderr is not None:
        handlers.append(logging.StreamHandler())
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"))
        handler.addFilter(REDACTION)
        root.addHandler(handler)
    return path


def _file_handler(path: Path) -> RotatingFileHandler:
    # The name of a file may hold what UTF-8 cannot say.
    return RotatingFileHandler(
        path, maxBytes=_MAX_SIZE_BYTES, backupCount=_KEPT_FILES, encoding="utf-8", errors="backslashreplace"
    )
