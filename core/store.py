"""The durable settings file: read, merged with what others wrote, and replaced whole or not at all.

One save: lock a sidecar file, read again, merge, write a temporary file in the same folder, flush it to the disk, look
once more whether somebody wrote meanwhile (Kiln takes no lock), rename it into place behind every link, flush the
folder. Killed at any instant, the file is the old or the new one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from core.backups import list_backups, loses_rows, make_backup, write_private
from core.disk_refusals import words_for_errors
from core.edit_memory import EditMemory
from core.errors import BrokenSettings, SettingsBusy, SettingsConflict, SettingsNotSaved, SettingsReadOnly
from core.merging import merge_settings
from core.regular_files import (
    Content,
    digest_of,
    flush_folder,
    identity_at,
    keep_owner,
    may_be_written,
    real_path,
    replace_file,
    takes_files,
    write_temporary,
)
from core.settings_files import read_content, read_settled, remove_stale_temporaries
from core.settings_text import Note, ParsedSettings, parse_settings, render_settings, same_value

_ATTEMPTS: Final = 20
"""How often a save starts again because somebody wrote meanwhile."""
_POLL_S: Final = 0.005
_QUIET_S: Final = 0.5
"""Kiln empties the file and fills it by 8 KB as it dumps, 70 ms each: half a second without a write is its end."""
_FIRST_QUIET_S: Final = 0.02


@dataclass(frozen=True)
class Snapshot:
    """A settings file at one moment. `value` is shared: make new values, never change these.

    `problem` is why a file cannot be read (`value` is empty then), `read_only_reason` why it is not written, in words.
    `comments_lost` is about the save that made this snapshot; `copied_to` is where a broken file's dated copy stands.
    """

    path: Path
    value: dict[str, Any]
    notes: tuple[Note, ...] = ()
    problem: BrokenSettings | None = None
    read_only_reason: str | None = None
    data: bytes | None = field(default=None, repr=False)
    exists: bool = False
    comments_lost: bool = False
    copied_to: Path | None = None
    backups: tuple[Path, ...] = ()
    identity: tuple[int, ...] | None = field(default=None, repr=False)


class SettingsStore:
    """One settings file. Every method may block on the disk; all may be called from any thread."""

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        backups: int = 10,
        now: Callable[[], datetime] | None = None,
        lock_timeout_s: float = 10.0,
    ) -> None:
        self.path = Path(path)
        self.read_only = read_only
        self._backups = backups
        self._now = now or _local_time
        self._lock_timeout_s = lock_timeout_s
        self._last_seen: tuple[int, ...] | None = None
        self._saving = threading.Lock()
        self._memory = EditMemory()

    # ------------------------------------------------------------------------------------------------ reading

    def load(self) -> Snapshot:
        """The file as it is now; a missing one is empty, a broken one says so and is copied to a dated name once."""
        target = real_path(self.path)
        try:
            content, parsed = self._read(target, for_saving=False)
        except BrokenSettings as problem:
            return self._broken(target, problem)
        return self._snapshot(target, content, parsed)

    def changed_on_disk(self, snapshot: Snapshot) -> bool:
        """Whether the file is another than the snapshot's: by its status, and where that differs by its bytes."""
        target = real_path(self.path)
        identity = identity_at(target)
        if identity == snapshot.identity:
            return False
        if identity is None or snapshot.data is None:
            return True
        try:
            content = read_content(target)
        except BrokenSettings:
            return True
        return content is None or digest_of(content.data) != digest_of(snapshot.data)

    def _read(self, target: Path, *, for_saving: bool) -> tuple[Content | None, ParsedSettings]:
        """The content and its values, once a program that is just writing the file in place is through with it.

        Raises BrokenSettings.
        """
        content = read_content(target)
        seen = self._last_seen
        now = content.identity if content is not None else None
        is_known = content is None or now == seen
        is_doubtful = for_saving and seen is not None and content is not None and content.may_be_partial
        if is_known or not is_doubtful:
            try:
                parsed = parse_settings(content.data if content is not None else b"")
            except BrokenSettings:
                if is_known:
                    raise
            else:
                if is_known or seen is None or (content is not None and content.data.strip()):
                    return content, parsed
        content = read_settled(target, quiet_s=_QUIET_S if seen is not None else _FIRST_QUIET_S)
        return content, parse_settings(content.data if content is not None else b"")

    def _snapshot(
        self,
        target: Path,
        content: Content | None,
        parsed: ParsedSettings,
        *,
        comments_lost: bool = False,
    ) -> Snapshot:
        self._last_seen = content.identity if content is not None else None
        reason = parsed.read_only_reason
        if reason is None and content is not None and not may_be_written(target, content):
            reason = f"The settings file '{target.name}' is marked read-only."
        if reason is None and content is not None and not takes_files(target.parent):
            reason = f"The folder of the settings file '{target.name}' may not be written."
        if reason is None and self.read_only:
            reason = "The settings were opened to be read only."
        return Snapshot(
            path=self.path,
            value=parsed.value,
            notes=parsed.notes,
            read_only_reason=reason,
            data=content.data if content is not None else None,
            exists=content is not None,
            comments_lost=comments_lost,
            backups=list_backups(target),
            identity=content.identity if content is not None else None,
        )

    def _broken(self, target: Path, problem: BrokenSettings) -> Snapshot:
        content: Content | None = None
        with contextlib.suppress(BrokenSettings):
            content = read_content(target)
        self._last_seen = content.identity if content is not None else None
        return Snapshot(
            path=self.path,
            value={},
            problem=problem,
            read_only_reason=problem.title,
            data=content.data if content is not None else None,
            exists=os.path.lexists(target),
            copied_to=self._copy_broken(target, content.data) if content is not None else None,
            backups=list_backups(target),
            identity=identity_at(target),
        )

    def _copy_broken(self, target: Path, data: bytes) -> Path | None:
        """The dated copy of a broken file; the one that is there already when it holds the same."""
        stem, suffix = target.stem, target.suffix
        pattern = re.compile(re.escape(stem) + r"\.broken-[0-9T-]+" + re.escape(suffix))
        try:
            for present in sorted(target.parent.iterdir()):
                if pattern.fullmatch(present.name) and _holds(present, data):
                    return present
            if self.read_only:
                return None
            copy = target.with_name(f"{stem}.broken-{self._now().strftime('%Y-%m-%dT%H-%M-%S-%f')}{suffix}")
            write_private(copy, data)
        except OSError:
            return None  # the broken file itself is still there
        return copy

    # ------------------------------------------------------------------------------------------------ writing

    def save(self, base: Mapping[str, Any], after: Mapping[str, Any], *, strict: bool = False) -> Snapshot:
        """Does the change from `base` to `after` to the file as it is now; on the disk when this returns.

        Raises:
            SettingsReadOnly: the file may not be written, or cannot be read; nothing was written.
            SettingsBusy: another program holds it.
            SettingsConflict: with `strict`, somebody changed the same thing; else the change made here wins.
            SettingsNotSaved: the disk refused; the old file is still there.
        """
        if self.read_only:
            raise SettingsReadOnly(
                "The change was not saved: the settings were opened to be read only.",
                "Open the settings again without that.",
            )
        target = real_path(self.path)
        if same_value(base, after):
            return self.load()
        with self._saving, self._locked(target):
            for _ in range(_ATTEMPTS):
                saved = self._save_once(target, base, after, strict=strict)
                if saved is not None:
                    return saved
        raise SettingsBusy(
            "The change was not saved: another program keeps writing the settings file.", "Close it and try again."
        )

    def replace_broken(self, broken: bytes, data: bytes) -> None:
        """Puts `data` in the place of a file that cannot be read and still holds `broken`; its dated copy stays.

        Raises:
            SettingsConflict: the file holds something else by now; nothing was written.
            SettingsReadOnly, SettingsBusy, SettingsNotSaved: as of `save`.
        """
        target = real_path(self.path)
        with self._saving, self._locked(target):
            content = _content_or_none(target)
            if content is None or content.data != broken:
                raise _changed_meanwhile(target)
            if not may_be_written(target, content):
                raise SettingsReadOnly(
                    f"'{target.name}' was not replaced: it is marked read-only.", "Make it writable."
                )
            if self._copy_broken(target, broken) is None:
                raise SettingsNotSaved(f"'{target.name}' was not replaced: it could not be copied first.")
            temporary = self._write_temporary(target, data, content)
            try:
                if _somebody_wrote(target, content):
                    raise _changed_meanwhile(target)
                with words_for_errors(target):
                    replace_file(temporary, target)
            finally:
                temporary.unlink(missing_ok=True)
            flush_folder(target.parent)

    def _save_once(
        self,
        target: Path,
        base: Mapping[str, Any],
        after: Mapping[str, Any],
        *,
        strict: bool,
    ) -> Snapshot | None:
        """The new snapshot, or None where somebody wrote meanwhile."""
        content, theirs = self._writable(target)
        original = content.data if content is not None else None
        if (original is None or not original.strip()) and base:
            # The file was taken away or emptied (a full disk leaves 0 bytes): what it held is not to be lost for that.
            merged = dict(after)
            original = None
        else:
            result = merge_settings(base, after, theirs.value)
            if strict and result.conflicts:
                raise _conflict([conflict.what for conflict in result.conflicts])
            merged = result.value
            if original is not None and same_value(merged, theirs.value):
                return self._snapshot(target, content, theirs)
        rendered = render_settings(original, theirs.value, merged, self._memory)
        temporary = self._write_temporary(target, rendered.data, content)
        try:
            if content is not None and original is not None:
                weighty = loses_rows(theirs.value, merged)
                with contextlib.suppress(OSError):  # a change is worth more than the backup of what was before it
                    make_backup(target, original, self._now(), keep=self._backups, is_weighty=weighty)
            if _somebody_wrote(target, content):
                return None
            with words_for_errors(target):
                replace_file(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        flush_folder(target.parent)
        written = read_content(target)
        if written is None or written.data != rendered.data:  # somebody replaced it right behind us
            parsed = parse_settings(rendered.data)
            return replace(
                self._snapshot(target, None, parsed, comments_lost=rendered.comments_lost),
                data=rendered.data,
                exists=True,
            )
        return self._snapshot(target, written, parse_settings(rendered.data), comments_lost=rendered.comments_lost)

    def _writable(self, target: Path) -> tuple[Content | None, ParsedSettings]:
        try:
            content, theirs = self._read(target, for_saving=True)
        except BrokenSettings as problem:
            raise SettingsReadOnly(f"The change was not saved. {problem.title}", problem.hint) from problem
        if not theirs.writable:
            raise SettingsReadOnly(
                f"The change was not saved. {theirs.read_only_reason}", "Correct the file in a text editor and reload."
            )
        if content is not None and not may_be_written(target, content):
            raise SettingsReadOnly(
                f"The change was not saved: the settings file '{target.name}' is marked read-only.",
                "Make it writable and try again.",
            )
        return content, theirs

    def _write_temporary(self, target: Path, data: bytes, content: Content | None) -> Path:
        with words_for_errors(target):
            temporary = write_temporary(target, data)
            stamp_ns = temporary.stat().st_mtime_ns - 1000
            os.utime(temporary, ns=(stamp_ns, stamp_ns))  # tells it from a file written in place: see may_be_partial
        keep_owner(temporary, content)
        return temporary

    @contextlib.contextmanager
    def _locked(self, target: Path) -> Iterator[None]:
        # Imported here: it pulls in asyncio's parts, which the first paint does not wait for.
        from filelock import FileLock, Timeout

        with words_for_errors(target):
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not takes_files(target.parent):
                raise PermissionError(errno.EACCES, "the folder")
            lock = FileLock(target.with_name(f".{target.name}.lock"), timeout=self._lock_timeout_s, mode=0o600)
            try:
                lock.acquire(poll_interval=_POLL_S)
            except Timeout:
                raise SettingsBusy(
                    "The change was not saved: another program holds the settings file.", "Wait a moment and try again."
                ) from None
        try:
            remove_stale_temporaries(target)
            yield
        finally:
            lock.release()


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data


def _local_time() -> datetime:
    return datetime.now().astimezone()


def _content_or_none(target: Path) -> Content | None:
    try:
        return read_content(target)
    except BrokenSettings:
        return None


def _changed_meanwhile(target: Path) -> SettingsConflict:
    return SettingsConflict(
        f"'{target.name}' was not replaced: somebody changed it meanwhile.", "Open it, and look at what is there now."
    )


def _somebody_wrote(target: Path, content: Content | None) -> bool:
    if identity_at(target) != (content.identity if content is not None else None):
        return True
    if content is None:
        return False
    try:
        again = read_content(target)  # a write within the clock's tick changes nothing but the bytes
    except BrokenSettings:
        return True
    return again is None or again.data != content.data


def _conflict(conflicts: list[str]) -> SettingsConflict:
    more = f" and {len(conflicts) - 1} more" if len(conflicts) > 1 else ""
    return SettingsConflict(
        f"Nothing was changed: {conflicts[0]}{more}.",
        "Another program or window wrote the settings since. Reload and decide anew.",
        conflicts=conflicts,
    )
