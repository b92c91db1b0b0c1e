"""What nobody caught goes into the log, keys taken out, and one sentence about it to the window."""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

from core.redaction import redact

_log = logging.getLogger("muster.crash")
_qt_log = logging.getLogger("qt")
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_last_words: deque[str] = deque(maxlen=4)
"""What Qt said last: why something is fatal stands in the messages before."""


class CrashReports(QObject):
    """Takes over Python's and Qt's hooks; `caught` tells that something went wrong, on the thread where it did."""

    caught = Signal()

    def __init__(self, log_path: Path) -> None:
        super().__init__()
        self._native_log_path = log_path.with_name("crash.log")
        self._native_log: TextIO | None = None
        self._previous: tuple[Any, Any, Any] | None = None

    def install(self) -> None:
        """Puts the hooks in place."""
        self._previous = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        sys.unraisablehook = self._on_unraisable
        qInstallMessageHandler(_on_qt_message)
        self._native_log = _open_native_log(self._native_log_path)
        if self._native_log is not None:
            faulthandler.enable(self._native_log)

    def uninstall(self) -> None:
        """Puts back what was there before."""
        if self._previous is not None:
            sys.excepthook, threading.excepthook, sys.unraisablehook = self._previous
            self._previous = None
            qInstallMessageHandler(None)
            faulthandler.disable()
        if self._native_log is not None:
            self._native_log.close()
            self._native_log = None

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        _log.critical("Not caught", exc_info=(kind, error, trace))
        self.caught.emit()

    def _on_thread_exception(self, found: threading.ExceptHookArgs) -> None:
        if found.exc_value is not None:
            _log.critical("Not caught in a thread", exc_info=(found.exc_type, found.exc_value, found.exc_traceback))
            self.caught.emit()

    def _on_unraisable(self, found: sys.UnraisableHookArgs) -> None:
        error = found.exc_value
        trace = (type(error), error, found.exc_traceback) if error is not None else None
        _log.error("Not raisable: %s", found.err_msg or "", exc_info=trace)


def _on_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    _qt_log.log(_LEVELS.get(kind, logging.WARNING), "%s: %s", context.category or "default", message)
    _last_words.append(redact(message))
    if kind is QtMsgType.QtFatalMsg and sys.stderr is not None:
        # Qt ends the process now. Where no window stands yet, the terminal is where the person looks.
        with suppress(OSError):
            sys.stderr.write("\n".join([*_last_words, ""]))
            sys.stderr.flush()


def _open_native_log(path: Path) -> TextIO | None:
    """The file for a native crash's stack (names and lines, no values); None where there is no folder."""
    try:
        return path.open("a", encoding="utf-8")
    except OSError:
        return None
