"""Files on the disk: read without being fooled by links and pipes, known again, and replaced whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
import sys
import time
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from core.backups import write_private


class Unreadability(Enum):
    """Why a file cannot be read."""

    NO_FILE = auto()
    FORBIDDEN = auto()
    LINK_IN_A_CIRCLE = auto()
    TOO_LARGE = auto()
    OTHER = auto()


class Unreadable(Exception):
    """A file cannot be read; `what` is what stands in its place, in words, where that is no file."""

    def __init__(self, kind: Unreadability, what: str = "") -> None:
        super().__init__(kind.name)
        self.kind = kind
        self.what = what


@dataclass(frozen=True)
class Content:
    """A file's bytes and what identifies this version of it."""

    data: bytes
    identity: tuple[int, ...]
    mode: int
    owner: int
    group: int

    @property
    def may_be_partial(self) -> bool:
        """Whether it was written in place, as a program does that may not be through with it.

        A file that was renamed into place has another time of change than of writing; `core.store` sees to that.
        """
        return sys.platform != "win32" and self.identity[3] == self.identity[4]

    @property
    def is_marked_read_only(self) -> bool:
        """Whether its owner took the right to write away; replacing it would go behind the person's back."""
        return not self.mode & stat.S_IWUSR


def real_path(path: Path) -> Path:
    """The file behind every link; the path itself where the links go round in a circle."""
    return Path(os.path.realpath(path))


def read_regular_file(path: Path, *, largest_bytes: int) -> Content | None:
    """The bytes at a real path, or None where there is nothing.

    Raises:
        Unreadable: it is no regular file, too large, or cannot be read.
    """
    try:
        before = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(error) from None
    _check_regular(before)
    try:  # never waits, should a pipe have taken the file's place meanwhile
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(error) from None
    try:
        status = os.fstat(descriptor)
        _check_regular(status)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(largest_bytes + 1)
    except OSError as error:
        raise _unreadable(error) from None
    finally:
        os.close(descriptor)
    if len(data) > largest_bytes:
        raise Unreadable(Unreadability.TOO_LARGE)
    return Content(data, identity_of(status), stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def identity_of(status: os.stat_result) -> tuple[int, ...]:
    """What changes when a file is written or replaced: device, inode, size, times of writing and change in ns, mode."""
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        stat.S_IMODE(status.st_mode),
    )


def identity_at(path: Path) -> tuple[int, ...] | None:
    """The identity of the file at a real path, None where there is none."""
    try:
        return identity_of(path.lstat())
    except OSError:
        return None


def digest_of(data: bytes) -> bytes:
    """A hash that two contents share only when they are equal."""
    return hashlib.blake2b(data, digest_size=16).digest()


def takes_files(folder: Path) -> bool:
    """Whether files may be made in a folder."""
    return os.access(folder, os.W_OK | os.X_OK)


def replace_file(temporary: Path, target: Path) -> None:
    """Puts a file in the place of another, at once: there is always one or the other."""
    for _ in range(50 if sys.platform == "win32" else 0):
        with contextlib.suppress(PermissionError):  # somebody, a virus scanner say, has the file open
            temporary.replace(target)
            return
        time.sleep(0.02)
    temporary.replace(target)


def flush_folder(folder: Path) -> None:
    """Puts the names in a folder, a rename among them, on the disk."""
    if sys.platform == "win32":
        return  # a folder cannot be opened there; NTFS journals the rename
    with contextlib.suppress(OSError):  # some network file systems refuse; the new file is in place all the same
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_temporary(target: Path, data: bytes) -> Path:
    """A new file beside the target that only its owner can read, on the disk when this returns.

    Raises:
        OSError: the disk refuses.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    write_private(temporary, data)
    return temporary


def keep_owner(temporary: Path, content: Content | None) -> None:
    """Gives a new file the owner of what it replaces, as far as that is allowed: root saves somebody's file."""
    if content is not None and sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.chown(temporary, content.owner, content.group)


def remove_temporaries(target: Path) -> None:
    """Clears what killed saves of the target left. Only for who holds the lock under which such files are made."""
    ours = re.compile(re.escape(f".{target.name}.") + r"\d+-[0-9a-f]{8}\.tmp")
    with contextlib.suppress(OSError):
        for path in target.parent.iterdir():
            if ours.fullmatch(path.name):
                path.unlink(missing_ok=True)


def may_be_written(target: Path, content: Content) -> bool:
    """Whether the file may be replaced: neither marked read-only nor somebody else's."""
    return not content.is_marked_read_only and os.access(target, os.W_OK)


def _check_regular(status: os.stat_result) -> None:
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISLNK, "a link that leads back to itself"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    kind = next((words for test, words in kinds if test(mode)), "something else")
    raise Unreadable(Unreadability.NO_FILE, kind)


def _unreadable(error: OSError) -> Unreadable:
    if error.errno in (errno.EACCES, errno.EPERM):
        return Unreadable(Unreadability.FORBIDDEN)
    return Unreadable(Unreadability.LINK_IN_A_CIRCLE if error.errno == errno.ELOOP else Unreadability.OTHER)
