"""Where a socket for this person's own processes may lie, and who sits at its other end."""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

LONGEST_PATH_BYTES: Final = 103
"""What the address of a socket has room for on every system: 107 on Linux, 103 on macOS."""


def socket_folders(own: Path) -> Iterator[Path]:
    """Folders that nobody else can look into: the session's, `own`, and one among the temporary files.

    The last is for when the path of `own` leaves no room for a socket's name.
    """
    if sys.platform == "win32":
        return
    user = os.geteuid()
    session = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{user}")
    if session.is_absolute() and _is_private(session):
        yield session
    for folder in (own, Path(tempfile.gettempdir()) / f"muster-{user}"):
        if make_private_folder(folder):
            yield folder


def make_private_folder(folder: Path) -> bool:
    """Whether the folder is there and this person's alone, made or closed to others where it was not."""
    with suppress(OSError):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        if sys.platform == "win32":
            return folder.is_dir()  # a profile is its owner's
        if not _is_private(folder) and _is_own_folder(folder):
            folder.chmod(0o700)
        return _is_private(folder)
    return False


def is_strangers(descriptor: int) -> bool:
    """Whether another person sits at the other end of a connected socket, as far as the system tells."""
    if sys.platform != "linux":
        return False  # the folder that the socket lies in is what keeps others away
    try:
        with socket.socket(fileno=os.dup(descriptor)) as end:
            told = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    except OSError:
        return True
    _process, user, _group = struct.unpack("3i", told)
    return bool(user != os.geteuid())


def _is_own_folder(folder: Path) -> bool:
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _is_private(folder: Path) -> bool:
    try:
        return _is_own_folder(folder) and not folder.lstat().st_mode & 0o077
    except OSError:
        return False
