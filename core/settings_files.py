"""A settings file on the disk: read without being fooled by links, pipes and half-written content."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Final

from core.errors import BrokenSettings
from core.regular_files import (
    Content,
    Unreadability,
    Unreadable,
    identity_at,
    read_regular_file,
    remove_temporaries,
)
from core.settings_faults import HINT

_LARGEST_BYTES: Final = 64 * 2**20
"""Fifty times the 10,000 models that Muster is measured with."""
_PATIENCE_S: Final = 10.0
_FOREIGN_TEMP_AGE_S: Final = 60.0
_CLOCK_TICK_NS: Final = 20_000_000
"""File times lag behind the clock by up to a tick of the kernel."""


def read_content(path: Path) -> Content | None:
    """The bytes at a real path, or None where there is nothing.

    Raises:
        BrokenSettings: it is no regular file, or cannot be read.
    """
    try:
        return read_regular_file(path, largest_bytes=_LARGEST_BYTES)
    except Unreadable as problem:
        raise _unreadable(problem, path) from None


def read_settled(path: Path, *, quiet_s: float) -> Content | None:
    """The content once it has not changed for `quiet_s`, for a file that may be written in place just now."""
    content = read_content(path)
    started = since = time.monotonic()
    while (now := time.monotonic()) - since < quiet_s and now - started < _PATIENCE_S:
        if content is not None and time.time_ns() - content.identity[3] > quiet_s * 1e9 + _CLOCK_TICK_NS:
            break
        time.sleep(min(quiet_s, 0.02))
        if identity_at(path) != (content.identity if content is not None else None):
            content = read_content(path)
            since = time.monotonic()
    return content


def remove_stale_temporaries(target: Path) -> None:
    """Clears what killed saves left: ours at once, for only the lock's holder has one; another program's once old."""
    remove_temporaries(target)
    with contextlib.suppress(OSError):
        other = target.with_name(f"{target.name}.tmp")
        if time.time() - other.lstat().st_mtime > _FOREIGN_TEMP_AGE_S and other.is_file():
            other.unlink()


def _unreadable(problem: Unreadable, path: Path) -> BrokenSettings:
    kind = problem.kind
    if kind is Unreadability.TOO_LARGE:
        return BrokenSettings(f"The settings file '{path.name}' is larger than {_LARGEST_BYTES // 2**20} MB.", HINT)
    if kind is Unreadability.NO_FILE:
        return BrokenSettings(
            f"The settings cannot be read: '{path.name}' is {problem.what}, not a file.",
            "Choose another settings file, or put a regular file in this place.",
        )
    if kind is Unreadability.FORBIDDEN:
        return BrokenSettings(
            f"The settings file '{path.name}' may not be read by you.",
            "Change its permissions or choose another.",
        )
    if kind is Unreadability.LINK_IN_A_CIRCLE:
        return BrokenSettings(
            f"The settings cannot be read: '{path.name}' is a link that leads back to itself.",
            "Choose another settings file, or put a regular file in this place.",
        )
    return BrokenSettings(f"The settings file '{path.name}' could not be read.", "Check the disk and reload.")
