"""Every error that Muster raises on purpose.

MusterError                  what did not happen (title), what to do about it (hint)
 ├─ InvalidEntry             a value of the wrong type or meaning; `.field` names it
 ├─ DuplicateModel           the same provider, model and name is registered already
 ├─ ReferenceNotFound        nothing has that reference; `.near` lists what is like it
 ├─ AmbiguousReference       several entries share it; `.matches` lists them
 ├─ UnresolvableEntry        a stored override that cannot be used; `.field` names it
 ├─ ProviderNotReady         a credential or an address is missing; `.provider_id` names the provider
 ├─ InvalidProvider          a custom provider that cannot be saved as given; `.field` names what is wrong
 ├─ SettingsError            the settings file could not be read or written
 │   ├─ BrokenSettings       it cannot be parsed; `.line` and `.column` (from 1) where known
 │   ├─ SettingsReadOnly     it may not be written; nothing was
 │   ├─ SettingsBusy         another program holds it
 │   ├─ SettingsConflict     another program changed the same thing; `.conflicts` says what
 │   └─ SettingsNotSaved     the disk refused; the old file is still there
 ├─ EvidenceError            the file of measurements could not be read or written
 ├─ ExportError              a tool's file could not be read or written
 │   └─ ExportConflict       it has entries that Muster did not write, or that were changed since
 ├─ CredentialError          the keyring is locked, absent or refused
 └─ RunError                 an endpoint's failure; `.kind` and `.status` classify it

Texts are short plain English and never contain a key, nor the text of a library's own exception.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from typing_extensions import override


class MusterError(Exception):
    """What did not happen, in one sentence, and what to do about it, in another."""

    def __init__(self, title: str, hint: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.hint = hint

    @override
    def __str__(self) -> str:
        """Title and hint as one text."""
        return f"{self.title} {self.hint}".strip()


class InvalidEntry(MusterError, ValueError):
    """A value that an entry cannot hold."""

    def __init__(self, title: str, hint: str = "", *, field: str | None = None) -> None:
        super().__init__(title, hint)
        self.field = field


class DuplicateModel(MusterError):
    """The same provider, model and name is registered already."""

    def __init__(self, title: str, hint: str = "", *, entry_id: str | None = None) -> None:
        super().__init__(title, hint)
        self.entry_id = entry_id


class ReferenceNotFound(MusterError, LookupError):
    """Nothing on the roll or in the catalogue has that reference."""

    def __init__(self, title: str, hint: str = "", *, near: Sequence[str] = ()) -> None:
        super().__init__(title, hint)
        self.near = tuple(near)


class AmbiguousReference(MusterError, LookupError):
    """Several entries share the reference."""

    def __init__(self, title: str, hint: str = "", *, matches: Sequence[str] = ()) -> None:
        super().__init__(title, hint)
        self.matches = tuple(matches)


class UnresolvableEntry(MusterError, ValueError):
    """A stored override has a value that no run could use."""

    def __init__(self, title: str, hint: str = "", *, field: str | None = None) -> None:
        super().__init__(title, hint)
        self.field = field


class ProviderNotReady(MusterError):
    """The provider lacks a credential or an address."""

    def __init__(self, title: str, hint: str = "", *, provider_id: str = "") -> None:
        super().__init__(title, hint)
        self.provider_id = provider_id


class InvalidProvider(MusterError, ValueError):
    """A custom provider that cannot be saved as given."""

    def __init__(self, title: str, hint: str = "", *, field: str | None = None) -> None:
        super().__init__(title, hint)
        self.field = field


class SettingsError(MusterError):
    """The settings file could not be read or written."""


class BrokenSettings(SettingsError):
    """The settings file cannot be parsed."""

    def __init__(self, title: str, hint: str = "", *, line: int | None = None, column: int | None = None) -> None:
        super().__init__(title, hint)
        self.line = line
        self.column = column


class SettingsReadOnly(SettingsError):
    """The settings file may not be written; nothing was."""


class SettingsBusy(SettingsError):
    """Another program holds the settings file."""


class SettingsConflict(SettingsError):
    """Another program changed the same thing since."""

    def __init__(self, title: str, hint: str = "", *, conflicts: Sequence[str] = ()) -> None:
        super().__init__(title, hint)
        self.conflicts = tuple(conflicts)


class SettingsNotSaved(SettingsError):
    """The disk refused the new file; the old one is still there."""


class EvidenceError(MusterError):
    """The file of measurements could not be read or written."""


class ExportError(MusterError):
    """A tool's file could not be read or written; nothing was."""


class ExportConflict(ExportError):
    """The file has entries that Muster did not write, or that were changed since; `items` names them."""

    def __init__(self, title: str, hint: str = "", *, items: Sequence[str] = ()) -> None:
        super().__init__(title, hint)
        self.items = tuple(items)


class CredentialError(MusterError):
    """The keyring is locked, absent or refused."""


class FailureKind(StrEnum):
    """What kind of thing went wrong when an endpoint was asked."""

    REFUSED = "refused"
    UNKNOWN_HOST = "unknown_host"
    AUTH = "auth"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    NOT_JSON = "not_json"
    BAD_REQUEST = "bad_request"
    DISCONNECTED = "disconnected"
    TLS = "tls"
    EMPTY_ANSWER = "empty_answer"
    REASONING_MISSING = "reasoning_missing"
    PARSER = "parser"
    NOT_READY = "not_ready"
    ENGINE = "engine"
    OTHER = "other"


class RunError(MusterError):
    """An endpoint's failure, classified.

    `kind` is a `FailureKind`, `status` the HTTP status where one was received, `detail` the endpoint's own words with
    every secret taken out (for the fold-out, never the title). `request` is what was sent, as in
    `RunResult.request`; empty where nothing was.
    """

    def __init__(
        self,
        title: str,
        hint: str = "",
        *,
        kind: FailureKind | str,
        status: int | None = None,
        detail: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(title, hint)
        self.kind = FailureKind(kind)
        self.status = status
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.request: dict[str, Any] = {}
