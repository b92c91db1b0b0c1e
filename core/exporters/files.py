"""Other tools' files on the disk: read as they are, and replaced all or none, with copies of what they were."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from core.backups import list_backups, make_backup
from core.disk_refusals import is_full, is_refused
from core.errors import ExportConflict, ExportError
from core.exporters.file_diffs import diff_text
from core.regular_files import (
    Content,
    Unreadability,
    Unreadable,
    digest_of,
    flush_folder,
    keep_owner,
    may_be_written,
    read_regular_file,
    real_path,
    remove_temporaries,
    replace_file,
    write_temporary,
)

__all__ = ["NewText", "diff_text", "read_file", "write_files"]

_LARGEST_BYTES: Final = 16 * 2**20
"""A thousand models take a quarter of a megabyte."""
_BACKUPS_KEPT: Final = 20
_LOCK_TIMEOUT_S: Final = 10.0
_NOTHING_WRITTEN: Final = "Nothing was written."


@dataclass(frozen=True, slots=True)
class NewText:
    """What is to stand in a file, and what stood there when that was decided; None: no file."""

    path: Path
    before: str | None = field(repr=False)
    after: str | None = field(repr=False)


def read_file(path: Path) -> str | None:
    """The text of a file; None where there is none. A byte order mark is part of it.

    Raises:
        ExportError: it is no regular file, cannot be read, or is no UTF-8 text.
    """
    content = _content(path, real_path(path))
    return None if content is None else _text(path, content.data)


def write_files(texts: Sequence[NewText], backups: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Replaces, makes or deletes the files, all or none; gives those written, and the copies of what they were.

    The copies go below the folder `backups`, for a tool may read whatever stands beside its file. New files are for
    their owner alone. Durable when this returns.

    Raises:
        ExportConflict: a file is not as it was when that was decided; nothing was written.
        ExportError: the disk refused; every file is as it was.
    """
    wanted = [text for text in texts if text.before != text.after]
    if not wanted:
        return (), ()
    with _locked(backups, wanted[0].path):
        exchange = _Exchange(backups)
        with exchange:
            for text in wanted:
                exchange.prepare(text)
            exchange.carry_out()
    return tuple(text.path for text in wanted), tuple(exchange.copies)


@dataclass(slots=True)
class _Step:
    """One file that is replaced, made or deleted. `old` is what stands there."""

    text: NewText
    target: Path
    old: Content | None
    temporary: Path | None = None
    is_done: bool = False


class _Exchange:
    """Several files that change together: what is made on the way goes again, unless all of them changed."""

    def __init__(self, backups: Path) -> None:
        self.copies: list[Path] = []
        self._backups = backups
        self._steps: list[_Step] = []
        self._folders: list[Path] = []
        self._is_complete = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for step in self._steps:
            if step.temporary is not None:
                with contextlib.suppress(OSError):
                    step.temporary.unlink(missing_ok=True)
        if not self._is_complete:
            for folder in reversed(self._folders):
                with contextlib.suppress(OSError):
                    folder.rmdir()

    def prepare(self, text: NewText) -> None:
        """Everything that can fail before the first file changes."""
        target = real_path(text.path)
        step = _Step(text, target, _content(text.path, target))
        if any(other.target == target for other in self._steps):
            raise ExportError(f"Two of the files are the same: {text.path.name} is a link.", _NOTHING_WRITTEN)
        _check_unchanged(step)
        if step.old is not None and not may_be_written(target, step.old):
            raise ExportError(
                f"{text.path.name} is marked read-only.", f"{_NOTHING_WRITTEN} Make it writable: {text.path}"
            )
        self._steps.append(step)
        with _words_for_errors(text.path):
            self._make_folder(target.parent)
            if step.old is not None:
                self.copies.append(self._copy(target, step.old.data))
            remove_temporaries(target)
            if text.after is not None:
                step.temporary = _made_like(step.old, target, _encoded(text.path, text.after))

    def carry_out(self) -> None:
        """Changes the files; where one refuses, those before it become what they were."""
        for step in self._steps:
            _check_unchanged(_Step(step.text, step.target, _content(step.text.path, step.target)))
        for step in self._steps:
            try:
                with _words_for_errors(step.text.path):
                    if step.temporary is not None:
                        replace_file(step.temporary, step.target)
                    else:
                        step.target.unlink(missing_ok=True)
                    step.is_done = True
            except BaseException as error:
                self._take_back(error)
                raise
        self._is_complete = True
        for folder in {step.target.parent for step in self._steps}:
            flush_folder(folder)

    def _take_back(self, reason: BaseException) -> None:
        lost: list[str] = []
        for step in reversed(self._steps):
            if not step.is_done:
                continue
            try:
                if step.old is None:
                    step.target.unlink(missing_ok=True)
                else:
                    replace_file(_made_like(step.old, step.target, step.old.data), step.target)
            except OSError:
                lost.append(step.text.path.name)
        if lost:
            names = ", ".join(reversed(lost))
            raise ExportError(
                f"Not all files could be written, and {names} could not be put back.",
                f"What they were stands in {self._backups}",
            ) from reason

    def _make_folder(self, folder: Path) -> None:
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for made in reversed(missing):
            made.mkdir(mode=0o700)
            self._folders.append(made)

    def _copy(self, target: Path, data: bytes) -> Path:
        """The copy of a file's bytes, apart from those of other files of its name."""
        place = self._backups / f"{digest_of(str(target).encode('utf-8', 'surrogateescape')).hex()[:8]}-{target.name}"
        make_backup(place, data, datetime.now().astimezone(), keep=_BACKUPS_KEPT, is_weighty=True)
        return list_backups(place)[0]


def _made_like(old: Content | None, target: Path, data: bytes) -> Path:
    """A file beside the target with its mode and owner."""
    temporary = write_temporary(target, data)
    try:
        keep_owner(temporary, old)
        if old is not None:
            temporary.chmod(old.mode & 0o777)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _check_unchanged(step: _Step) -> None:
    """Raises ExportConflict where a file is not what it was when its new text was decided."""
    path, before = step.text.path, step.text.before
    expected = None if before is None else before.encode("utf-8", "surrogatepass")
    found = None if step.old is None else step.old.data
    if found == expected:
        return
    what = "is gone" if found is None else "is there by now" if before is None else "was changed meanwhile"
    raise ExportConflict(f"{path.name} {what}.", f"{_NOTHING_WRITTEN} Look at the changes again.", items=[str(path)])


def _content(path: Path, target: Path) -> Content | None:
    try:
        return read_regular_file(target, largest_bytes=_LARGEST_BYTES)
    except Unreadable as problem:
        words = {
            Unreadability.NO_FILE: f"is {problem.what}, not a file",
            Unreadability.FORBIDDEN: "may not be read by you",
            Unreadability.LINK_IN_A_CIRCLE: "is a link that leads back to itself",
            Unreadability.TOO_LARGE: f"is larger than {_LARGEST_BYTES // 2**20} MB",
            Unreadability.OTHER: "could not be read",
        }
        raise ExportError(f"{path.name} {words[problem.kind]}.", f"Choose another file, or look at: {path}") from None


def _text(path: Path, data: bytes) -> str:
    hint = f"Save it as UTF-8 first: {path}"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:2]:
        raise ExportError(f"{path.name} is a UTF-16 text.", hint)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ExportError(f"{path.name} is no UTF-8 text (line {line}).", hint) from None


def _encoded(path: Path, text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise ExportError(
            f"{path.name} cannot hold half of a character that takes two.", "Take it out of the names that are written."
        ) from None


@contextlib.contextmanager
def _locked(backups: Path, path: Path) -> Iterator[None]:
    """One export at a time. The lock stands in Muster's own folder."""
    from filelock import FileLock, Timeout

    with _words_for_errors(backups):
        backups.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(backups / ".lock", timeout=_LOCK_TIMEOUT_S, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise ExportError(
                f"{path.name} is just being written by another Muster.", f"{_NOTHING_WRITTEN} Try again in a moment."
            ) from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _words_for_errors(path: Path) -> Iterator[None]:
    """The disk's refusals as errors with words."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise ExportError(
                f"There is no room left on the disk for {path.name}.",
                f"{_NOTHING_WRITTEN} Free some space and try again.",
            ) from error
        if is_refused(error):
            raise ExportError(
                f"{path.name} may not be written.",
                f"{_NOTHING_WRITTEN} Change the permissions of its folder, or choose another: {path.parent}",
            ) from error
        raise ExportError(
            f"The disk refused {path.name}.", f"{_NOTHING_WRITTEN} Check the disk: {path.parent}"
        ) from error
