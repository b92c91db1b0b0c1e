"""One window for each settings file: a second start brings the first one's window to the front, with a file to open.

What goes over the socket is one line of JSON, {"open": FILE or null}, answered by `ok`.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

# A busy machine may keep the other window from answering for a while; one that hangs for longer counts as gone, and
# the file's lock guards what is left.
_ANSWER_MS = 3_000
_LONGEST_REQUEST_BYTES = 65_536


class SingleInstance(QObject):
    """Holds the name of one settings file on this machine, for this user."""

    raise_wanted = Signal()
    open_wanted = Signal(object)
    """The path of a file that was opened by a second start."""

    def __init__(self, settings_path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        real = os.path.realpath(settings_path)
        self._name = f"muster-{hashlib.sha256(real.encode(errors='surrogatepass')).hexdigest()[:24]}"
        self._server: QLocalServer | None = None
        self._asking: list[QLocalSocket] = []

    def hand_over(self, shared_file: Path | None = None) -> bool:
        """Whether another window has the roll; it was asked to come to the front, and to open that file."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(_ANSWER_MS):
            return False
        # A path is bytes: the surrogates that stand for odd ones go through JSON's escapes unharmed.
        socket.write(json.dumps({"open": None if shared_file is None else str(shared_file)}).encode("ascii") + b"\n")
        # The answer may come while the request is still being written; waiting for it then would be in vain.
        is_told = socket.waitForBytesWritten(_ANSWER_MS) and (
            socket.bytesAvailable() > 0 or socket.waitForReadyRead(_ANSWER_MS)
        )
        socket.disconnectFromServer()
        return is_told

    def listen(self) -> bool:
        """Takes the name; False where that cannot be had, which costs nothing but the raising."""
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        QLocalServer.removeServer(self._name)  # of a window that crashed: nobody answered on it
        server.newConnection.connect(self._greet)
        self._server = server
        return server.listen(self._name)

    def close(self) -> None:
        """Gives the name up."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._asking.clear()  # they end with the server

    @Slot()
    def _greet(self) -> None:
        while self._server is not None and (socket := self._server.nextPendingConnection()) is not None:
            self._asking.append(socket)
            socket.readyRead.connect(self._read)
            socket.disconnected.connect(self._forget)
        self._read()

    @Slot()
    def _read(self) -> None:
        for socket in list(self._asking):
            if socket.canReadLine():
                shared_file = _file_asked_for(bytes(socket.readLine().data()))
                socket.write(b"ok\n")
                socket.flush()
                self.raise_wanted.emit()
                if shared_file is not None:
                    self.open_wanted.emit(shared_file)
            elif socket.bytesAvailable() > _LONGEST_REQUEST_BYTES:
                socket.abort()

    @Slot()
    def _forget(self) -> None:
        for socket in [held for held in self._asking if held.state() is QLocalSocket.LocalSocketState.UnconnectedState]:
            self._asking.remove(socket)
            socket.deleteLater()


def _file_asked_for(line: bytes) -> Path | None:
    try:
        asked = json.loads(line)
    except ValueError:
        return None
    path = asked.get("open") if isinstance(asked, dict) else None
    return Path(path) if isinstance(path, str) and path else None
