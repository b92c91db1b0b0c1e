"""One window for each settings file: a second start brings the first one's window to the front, with files to open.

Who holds the lock has the roll, and listens on a socket in a folder of this person's alone. What goes over the socket
is one line of JSON, {"open": [FILE, …]}, answered by `ok`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum, auto
from itertools import chain
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QThread, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from core import paths
from core.local_sockets import LONGEST_PATH_BYTES, is_strangers, make_private_folder, socket_folders
from core.process_lock import ProcessLock

PATIENCE_MS: Final = 10_000
"""How long a start waits for the other window: a busy machine may keep it from answering, or from being there yet."""

_PAUSE_MS: Final = 20
_LONGEST_REQUEST_BYTES: Final = 1_048_576
_ANSWER: Final = b"ok\n"

_log = logging.getLogger(__name__)


class Claim(Enum):
    """What came of claiming a roll."""

    OURS = auto()
    HANDED_OVER = auto()
    """Another window has it; it was asked to come to the front and to open the files."""
    UNANSWERED = auto()
    """Another window has it and does not answer; the file's own lock keeps both from harm."""


class SingleInstance(QObject):
    """Holds one settings file on this machine, for this person."""

    raise_wanted = Signal()
    open_wanted = Signal(list)
    """The paths of files that were opened by a second start."""

    def __init__(self, settings_path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = paths.state_folder() / "instances"
        # With the lock's folder in it: who shares no lock must share no socket.
        named = f"{os.path.realpath(settings_path)}\0{os.path.realpath(self._folder)}"
        self.name = f"muster-{hashlib.sha256(named.encode(errors='surrogatepass')).hexdigest()[:24]}"
        self._lock: ProcessLock | None = None
        self._server: QLocalServer | None = None
        self._asking: list[QLocalSocket] = []

    def claim(self, files: Sequence[Path] = (), *, patience_ms: int = PATIENCE_MS) -> Claim:
        """Takes the roll, and listens from then on, or hands the files over to the window that has it."""
        end_s = time.monotonic() + patience_ms / 1000
        while True:
            if self._take():
                self._listen()
                return Claim.OURS
            # Who has the lock may not listen yet, or may be about to end and free it.
            left_ms = max(1, round((end_s - time.monotonic()) * 1000))
            if any(_ask(place, files, left_ms) for place in self._places()):
                return Claim.HANDED_OVER
            if time.monotonic() >= end_s:
                return Claim.UNANSWERED
            QThread.msleep(_PAUSE_MS)

    @property
    def address(self) -> str | None:
        """Where it listens; None while it does not."""
        return None if self._server is None else self._server.fullServerName()

    def close(self) -> None:
        """Gives the roll up."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._asking.clear()  # they end with the server
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    # ------------------------------------------------------------------------------------------------------ claiming

    def _take(self) -> bool:
        """Whether the lock is had, or none can be: then nobody is known to have the roll."""
        for folder in chain((self._folder,), socket_folders(self._folder)):
            if not make_private_folder(folder):
                continue
            lock = ProcessLock(folder / f"{self.name}.lock")
            try:
                if not lock.take():
                    return False
            except OSError as error:
                _log.warning("No lock can be had in %s: %s", folder, error.strerror)
                continue
            self._lock = lock
            break
        return True

    def _listen(self) -> None:
        if self._lock is None:
            return  # the socket that is there may be in use
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        server.newConnection.connect(self._greet)
        for place in self._places():
            QLocalServer.removeServer(place)  # of a window that crashed: its lock is ours
            if server.listen(place):
                self._server = server
                return
        _log.warning("No second start can be heard: %s", server.errorString())

    def _places(self) -> list[str]:
        """The addresses at which the one who has the roll may listen, the best first."""
        if sys.platform == "win32":
            return [self.name]
        places = []
        for folder in socket_folders(self._folder):
            place = str(folder / self.name)
            if len(os.fsencode(place)) <= LONGEST_PATH_BYTES:
                places.append(place)
                if folder == self._folder:
                    break  # none among the temporary files is made where it is not needed
        return places

    # ------------------------------------------------------------------------------------------------------ answering

    @Slot()
    def _greet(self) -> None:
        while self._server is not None and (socket := self._server.nextPendingConnection()) is not None:
            if _is_strangers(socket):
                _log.warning("Another person's program asked this window for something; it gets no answer.")
                socket.abort()
                socket.deleteLater()
                continue
            self._asking.append(socket)
            socket.readyRead.connect(self._read)
            socket.disconnected.connect(self._forget)
        self._read()

    @Slot()
    def _read(self) -> None:
        for socket in list(self._asking):
            if socket.canReadLine():
                files = _files_asked_for(bytes(socket.readLine().data()))
                socket.write(_ANSWER)
                socket.flush()
                self.raise_wanted.emit()
                if files:
                    self.open_wanted.emit(files)
            elif socket.bytesAvailable() > _LONGEST_REQUEST_BYTES:
                socket.abort()

    @Slot()
    def _forget(self) -> None:
        for socket in [held for held in self._asking if held.state() is QLocalSocket.LocalSocketState.UnconnectedState]:
            self._asking.remove(socket)
            socket.deleteLater()


def _ask(place: str, files: Sequence[Path], patience_ms: int) -> bool:
    """Whether this person's window is there and took the files over."""
    socket = QLocalSocket()
    socket.connectToServer(place)
    if not socket.waitForConnected(patience_ms) or _is_strangers(socket):
        return False
    # A path is bytes: the surrogates that stand for odd ones go through JSON's escapes unharmed.
    socket.write(json.dumps({"open": [str(file) for file in files]}).encode("ascii") + b"\n")
    end_s = time.monotonic() + patience_ms / 1000
    while not socket.canReadLine() and (left_ms := round((end_s - time.monotonic()) * 1000)) > 0:
        if not socket.waitForReadyRead(left_ms):
            break
    answer = bytes(socket.readLine(len(_ANSWER) + 1).data())
    socket.abort()
    return answer == _ANSWER


def _is_strangers(socket: QLocalSocket) -> bool:
    return sys.platform != "win32" and is_strangers(int(socket.socketDescriptor()))


def _files_asked_for(line: bytes) -> list[Path]:
    asked: object = None
    with suppress(ValueError):
        asked = json.loads(line)
    files = asked.get("open") if isinstance(asked, dict) else None
    return [Path(file) for file in files if isinstance(file, str) and file] if isinstance(files, list) else []
