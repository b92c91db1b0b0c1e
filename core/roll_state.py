"""The state of one settings document: swapped whole in memory, made durable apart from that.

`apply` swaps it at once, `save` makes it durable and may wait for the disk; `commit` is both. Windows apply on their
own thread and save on another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.changes import Change
from core.credentials import CUSTOM_KEY, CredentialName, Credentials
from core.custom_providers import CustomProvider
from core.document import Document, without_secrets
from core.errors import BrokenSettings, CredentialError, SettingsConflict, SettingsError, SettingsReadOnly
from core.merging import merge_settings
from core.references import ReferenceIndex
from core.regular_files import real_path
from core.secret_grafts import credential_problems, edit_credential, graft_secrets
from core.settings_files import read_content
from core.settings_text import parse_settings
from core.settings_values import same_value
from core.store import SettingsStore, Snapshot


@dataclass(frozen=True, slots=True)
class SaveReport:
    """What a save did: whether the file was written, and sentences to show."""

    saved: bool
    notices: tuple[str, ...]
    at: datetime


class RollState:
    """One settings file in memory and on the disk. All methods may be called from any thread."""

    def __init__(self, store: SettingsStore, credentials: Credentials) -> None:
        self._store = store
        self._lock = threading.RLock()
        self._saving = threading.RLock()
        self._snapshot: Snapshot = store.load()
        self._tree: Mapping[str, Any] = self._snapshot.value
        self._document = Document(without_secrets(self._tree))
        self._references: tuple[Document, ReferenceIndex] | None = None
        self._parked: list[Mapping[str, Any]] = []
        self._removed: dict[str, str] = {}
        self._reused: list[str] = []
        self._renamed: list[tuple[str, str]] = []
        self._listeners: list[Callable[[Document], None]] = []
        self.credentials = credentials
        credentials.attach(store.path, lambda: self._tree, self._write_credential)

    def close(self) -> None:
        """Drops the keyring's keys of providers that were removed for good. Unsaved edits stay unsaved."""
        saved = Document(self._snapshot.value).provider_by_name
        for name in sorted(self._removed.keys() - self._document.provider_by_name.keys() - saved.keys()):
            try:
                self.credentials.forget("custom", name, CUSTOM_KEY)
            except CredentialError:
                continue  # a keyring that is gone keeps an orphan that nobody reads
        self._removed.clear()

    @property
    def path(self) -> Path:
        """The settings file."""
        return self._store.path

    @property
    def document(self) -> Document:
        """The current state, frozen, without secrets."""
        return self._document

    @property
    def references(self) -> ReferenceIndex:
        """The index that references are looked up in."""
        held, document = self._references, self._document
        if held is None or held[0] is not document:
            held = self._references = (document, ReferenceIndex(document))
        return held[1]

    @property
    def read_only_reason(self) -> str | None:
        """Why nothing can be saved, None when it can."""
        return self._snapshot.read_only_reason

    @property
    def broken_copy(self) -> Path | None:
        """Where the dated copy of a file that cannot be parsed stands."""
        return self._snapshot.copied_to

    @property
    def backups(self) -> tuple[Path, ...]:
        """Earlier states of the file that can be opened instead, the newest first."""
        return self._snapshot.backups

    @property
    def is_broken(self) -> bool:
        """Whether the file cannot be parsed."""
        return self._snapshot.problem is not None

    @property
    def is_dirty(self) -> bool:
        """Whether an edit is not on the disk yet."""
        return self._tree is not self._snapshot.value

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the file, its lists and its rows, in words."""
        broken = self._snapshot.problem
        of_file = (
            [str(broken)] if broken else [self._snapshot.read_only_reason] if self._snapshot.read_only_reason else []
        )
        notes = [note.message for note in self._snapshot.notes]
        return tuple(dict.fromkeys((*of_file, *notes, *credential_problems(self._tree), *self._document.problems)))

    def apply(self, change: Change) -> None:
        """Makes the edit in memory, at once.

        Raises:
            SettingsReadOnly: the file may not be written.
            SettingsConflict: an undo meets something that was changed since.
        """
        with self._lock:
            if self.read_only_reason is not None:
                raise SettingsReadOnly("Nothing was changed.", self.read_only_reason)
            after = self._merged(change)
            before = self._document.provider_by_name
            tree, dropped = graft_secrets(after, self._tree, self._parked, change.renames)
            self._parked += dropped
            self._set_tree(tree, Document(after, before=self._document))
            self._note_providers(before, change)
        self._tell()

    def _merged(self, change: Change) -> Mapping[str, Any]:
        current = self._document.value
        if change.base is current:
            return change.after
        merged = merge_settings(change.base, change.after, current)
        if change.is_reversal and merged.conflicts:
            raise SettingsConflict(
                f"“{change.text}” cannot be undone.",
                "It was changed elsewhere since: " + "; ".join(item.what for item in merged.conflicts),
                conflicts=[item.what for item in merged.conflicts],
            )
        return merged.value

    def _note_providers(self, before: Mapping[str, CustomProvider], change: Change) -> None:
        """Whose keys outside of the file are to follow, to wait for an undo, or to be dropped."""
        now = self._document.provider_by_name
        for name in now.keys() - before.keys() - set(change.renames.values()):
            if not change.is_reversal and self._removed.get(name) != now[name].base_url:
                self._reused.append(name)
        gone = before.keys() - now.keys() - change.renames.keys()
        self._removed |= {name: before[name].base_url for name in gone}
        self._renamed.extend(change.renames.items())

    def _set_tree(self, tree: Mapping[str, Any], document: Document) -> None:
        self._tree = tree
        if not same_value(document.value, self._document.value):
            self._document = document

    def save(self) -> SaveReport:
        """Makes the current state durable: locked, merged with what others wrote, atomic. May wait for the disk.

        Raises:
            SettingsError: it could not be written; the edit stays in memory and `is_dirty` stays True.
        """
        with self._saving:
            with self._lock:
                base, tree = self._snapshot, self._tree
                renamed, self._renamed = self._renamed, []
                reused, self._reused = self._reused, []
            if tree is base.value:
                return SaveReport(False, (), datetime.now().astimezone())
            try:
                snapshot = self._store.save(base.value, tree)
            except SettingsError:
                with self._lock:
                    self._renamed = renamed + self._renamed
                    self._reused = reused + self._reused
                raise
            before = self._document
            self._adopt(snapshot, since=tree)
            notices = [*self._carry_keys(renamed), *self._drop_old_keys(reused)]
            if snapshot.comments_lost:
                notices.append(
                    "The comments in the settings file could not be kept; an earlier state is among the backups."
                )
        if self._document is not before:
            self._tell()
        return SaveReport(True, tuple(notices), datetime.now().astimezone())

    def _carry_keys(self, renamed: list[tuple[str, str]]) -> list[str]:
        notices = []
        for old, new in renamed:
            try:
                self.credentials.rename(old, new)
            except CredentialError as error:
                notices.append(f"The key of “{new}” could not be carried along. {error}")
        return notices

    def _drop_old_keys(self, names: list[str]) -> list[str]:
        """A new provider does not inherit the key of an earlier one of its name: it would go to another address."""
        notices = []
        for name in names:
            try:
                self.credentials.drop_earlier(name, ask_keyring=name in self._removed)
            except CredentialError as error:
                notices.append(f"The key of an earlier “{name}” could not be removed. {error}")
        return notices

    def forget_earlier_keys(self, names: Iterable[str]) -> None:
        """Drops the keyring's keys of providers of these names that are not on the roll.

        For names that come from elsewhere: a provider that somebody else took out of the file may have left its key,
        which would go to the new one's address. Those removed here are seen to by `save`. May wait for the keyring.

        Raises:
            CredentialError: the keyring refuses.
        """
        for name in names:
            if name not in self._document.provider_by_name and name not in self._removed:
                self.credentials.drop_earlier(name, ask_keyring=True)

    def _adopt(self, snapshot: Snapshot, *, since: Mapping[str, Any]) -> None:
        """Takes what is on the disk as the state; edits made in memory after `since` are put on top of it."""
        with self._lock:
            tree = snapshot.value if self._tree is since else merge_settings(since, self._tree, snapshot.value).value
            self._snapshot = snapshot
            self._set_tree(tree, Document(without_secrets(tree), before=self._document))

    def commit(self, change: Change) -> SaveReport:
        """Applies and saves; where the save fails, the edit is taken back.

        Raises:
            SettingsError: nothing was changed, in memory or on the disk.
        """
        with self._saving:
            with self._lock:
                before = (self._tree, self._document)
                keys_before = (list(self._parked), dict(self._removed), list(self._reused), list(self._renamed))
            self.apply(change)
            with self._lock:
                applied = self._tree
            try:
                return self.save()
            except SettingsError:
                with self._lock:
                    if self._tree is applied:
                        self._tree, self._document = before
                        self._parked, self._removed, self._reused, self._renamed = keys_before
                self._tell()
                raise

    def reload(self) -> bool:
        """Reads the file again, keeping edits that are not saved; whether anything changed. May wait for the disk."""
        with self._saving:
            with self._lock:
                base = self._snapshot.value
            snapshot = self._store.load()
            before = self._document
            self._adopt(snapshot, since=base)
        if self._document is not before:
            self._tell()
        return self._document is not before

    def take_in(self) -> None:
        """Reads the file again where another program wrote it, so that an edit is judged by what stands there now.

        One that is gone, empty or broken is left to `save`, which keeps what it held. May wait for the disk.
        """
        if not self.changed_on_disk():
            return
        try:
            content = read_content(real_path(self.path))
            if content is None or not content.data.strip():
                return
            parse_settings(content.data)
        except BrokenSettings:
            return
        self.reload()

    def changed_on_disk(self) -> bool:
        """Whether another program wrote the file since. May wait for the disk."""
        return self._store.changed_on_disk(self._snapshot)

    def subscribe(self, listener: Callable[[Document], None]) -> Callable[[], None]:
        """Calls `listener` with every new state, on the thread that made it; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener(self._document)

    def _write_credential(self, name: CredentialName, value: str | None) -> None:
        with self._saving:
            with self._lock:
                if self.read_only_reason is not None:
                    raise SettingsReadOnly("The key was not stored.", self.read_only_reason)
                before = (self._tree, self._document)
                tree = edit_credential(self._tree, name, value)
                self._set_tree(tree, Document(without_secrets(tree), before=self._document))
            try:
                self.save()
            except SettingsError:
                with self._lock:
                    if self._tree is tree:
                        self._tree, self._document = before
                raise
