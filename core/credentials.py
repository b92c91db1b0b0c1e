"""Keys and other credentials: where each is kept, and whether it is there.

Read in this order: memory of this run, the settings file, the system keyring, the environment. What the person told
Muster comes before what the machine happens to hold, and the file comes before the environment as in Kiln.

The keyring may block until its owner unlocks it, so nothing but `value`, `store`, `forget` and `refresh` asks it,
each with a limit; `state` and `is_present` answer from what is known.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from core.errors import CredentialError
from core.keyring_access import Keyring
from core.providers import CREDENTIAL_FIELDS, PROVIDER_BY_ID, SECRET_CONFIG_KEYS
from core.row_checks import PROVIDERS_KEY

CUSTOM_KEY: Final = "api_key"


class KeyPlace(StrEnum):
    """Where a credential is kept."""

    SESSION = "session"
    SETTINGS_FILE = "settings_file"
    KEYRING = "keyring"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class CredentialName:
    """Which credential: of which provider, under which key of the settings file ("api_key" for a custom provider)."""

    provider_type: str
    provider_id: str
    config_key: str

    @property
    def account(self) -> str:
        """Its name inside the keyring, after the roll's."""
        return self.config_key if self.provider_type == "builtin" else f"custom/{self.provider_id}"


@dataclass(frozen=True, slots=True)
class CredentialState:
    """What is known of one credential without asking the keyring; `known` is False until it was asked."""

    known: bool
    present: bool
    place: KeyPlace | None
    words: str


_session: dict[tuple[str, CredentialName], str] = {}
"""Credentials kept for this run only, by roll; several registries on one roll share them."""

_PLACE_WORDS: Final = {
    KeyPlace.SESSION: "Kept for this run only.",
    KeyPlace.SETTINGS_FILE: "In the settings file.",
    KeyPlace.KEYRING: "In the system keyring.",
}


def as_credential(value: Any) -> str | None:
    """The text of a stored credential; a number counts as its digits, blank and anything else as none."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value).strip()
    return text or None


def as_providers(tree: Mapping[str, Any]) -> list[Any]:
    """The raw list of custom providers in a settings tree."""
    found = tree.get(PROVIDERS_KEY)
    return found if isinstance(found, list) else []


class Credentials:
    """The credentials of one roll.

    `read_file` gives the settings file's current tree with its secrets, `write_file` changes it; the registry
    provides both.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        keyring: Keyring | None = None,
    ) -> None:
        self._environment = os.environ if environment is None else environment
        self._keyring = Keyring() if keyring is None else keyring
        self._roll = ""
        self._read_file: Callable[[], Mapping[str, Any]] = dict
        self._write_file: Callable[[CredentialName, str | None], None] | None = None
        self._in_keyring: dict[CredentialName, bool] = {}
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def attach(
        self,
        path: Path,
        read_file: Callable[[], Mapping[str, Any]],
        write_file: Callable[[CredentialName, str | None], None],
    ) -> None:
        """Binds these credentials to a roll; called by the registry."""
        self._roll = str(path)
        self._read_file = read_file
        self._write_file = write_file

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment that credentials are looked for in. Keys stand in it: look at names, and at known ones."""
        return self._environment

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls `listener` after every change, on the thread that made it; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def _from_file(self, name: CredentialName) -> str | None:
        if name.provider_type == "builtin":
            return as_credential(self._read_file().get(name.config_key))
        return as_credential(self.file_key(name.provider_id))

    def file_key(self, provider_name: str) -> Any:
        """What the settings file holds as that custom provider's key, as it stands there; None where there is none."""
        for provider in as_providers(self._read_file()):
            if isinstance(provider, Mapping) and provider.get("name") == provider_name:
                return provider.get(CUSTOM_KEY)
        return None

    def _from_environment(self, name: CredentialName) -> str | None:
        field = CREDENTIAL_FIELDS.get(name.config_key) if name.provider_type == "builtin" else None
        return as_credential(self._environment.get(field.env_var)) if field else None

    def _before_keyring(self, name: CredentialName) -> tuple[str | None, KeyPlace | None]:
        kept = _session.get((self._roll, name))
        if kept:
            return kept, KeyPlace.SESSION
        found = self._from_file(name)
        return (found, KeyPlace.SETTINGS_FILE) if found else (None, None)

    def _keyring_matters(self, name: CredentialName) -> bool:
        field = CREDENTIAL_FIELDS.get(name.config_key)
        return name.provider_type == "custom" or (field is not None and field.secret)

    def value(self, provider_type: str, provider_id: str, config_key: str) -> str | None:
        """The credential itself, None where there is none. May wait for the keyring; never raises for its absence."""
        name = CredentialName(provider_type, provider_id, config_key)
        found, _ = self._before_keyring(name)
        if found is None and self._keyring_matters(name) and self._in_keyring.get(name) is not False:
            found = self._ask_keyring(name)
        return found or self._from_environment(name)

    def _ask_keyring(self, name: CredentialName) -> str | None:
        try:
            found = as_credential(self._keyring.get(self._account(name)))
        except CredentialError:
            return None
        with self._lock:
            self._in_keyring[name] = found is not None
        return found

    def _account(self, name: CredentialName) -> str:
        return f"{self._roll}::{name.account}"

    def state(self, provider_type: str, provider_id: str, config_key: str) -> CredentialState:
        """Whether and where the credential is, from what is known; never waits."""
        name = CredentialName(provider_type, provider_id, config_key)
        found, place = self._before_keyring(name)
        if found and place:
            return CredentialState(True, True, place, _PLACE_WORDS[place])
        if self._in_keyring.get(name):
            return CredentialState(True, True, KeyPlace.KEYRING, _PLACE_WORDS[KeyPlace.KEYRING])
        if self._from_environment(name):
            variable = CREDENTIAL_FIELDS[config_key].env_var
            return CredentialState(True, True, KeyPlace.ENVIRONMENT, f"From the environment variable {variable}.")
        if self._keyring_matters(name) and name not in self._in_keyring and self._keyring.may_exist():
            return CredentialState(False, False, None, "Not known yet.")
        return CredentialState(True, False, None, "Not set.")

    def missing(self, provider_id: str) -> tuple[str, ...]:
        """The config keys of the built-in provider's required credentials that are known to be absent."""
        row = PROVIDER_BY_ID[provider_id]
        states = {field.config_key: self.state("builtin", provider_id, field.config_key) for field in row.needs()}
        return tuple(key for key, state in states.items() if state.known and not state.present)

    @property
    def is_known(self) -> bool:
        """Whether nothing is left to ask the keyring for."""
        return all(
            self.state(name.provider_type, name.provider_id, name.config_key).known for name in self._all_names()
        )

    def refresh(self, names: Iterable[tuple[str, str, str]] | None = None) -> None:
        """Asks the keyring for every credential that is not found elsewhere, or for the given ones.

        May wait; tells listeners.
        """
        self._keyring.ask_again()
        wanted = self._all_names() if names is None else [CredentialName(*name) for name in names]
        for name in wanted:
            if self._keyring_matters(name) and not self._before_keyring(name)[0]:
                try:
                    found = self._keyring.get(self._account(name)) is not None
                except CredentialError:
                    found = False
                    if not self._keyring.may_exist():
                        self._in_keyring.update(dict.fromkeys(wanted, False))
                        break
                with self._lock:
                    self._in_keyring[name] = found
        self._tell()

    def known_values(self) -> tuple[str, ...]:
        """Every secret that is known without asking the keyring: for taking them out of texts."""
        names = self._all_names()
        values = [self._before_keyring(name)[0] or self._from_environment(name) for name in names]
        return tuple(value for value in values if value)

    def _all_names(self) -> list[CredentialName]:
        names = [
            CredentialName("builtin", str(row.name), field.config_key)
            for row in PROVIDER_BY_ID.values()
            for field in row.credentials
            if field.secret
        ]
        names.extend(
            CredentialName("custom", provider["name"], CUSTOM_KEY)
            for provider in as_providers(self._read_file())
            if isinstance(provider, Mapping) and isinstance(provider.get("name"), str)
        )
        return names

    def places(self) -> dict[KeyPlace, str]:
        """The places that a credential can be stored in now; the text says why not, and is empty where it can."""
        no_keyring = "" if self._keyring.may_exist() else "No system keyring answers on this machine."
        return {
            KeyPlace.KEYRING: no_keyring,
            KeyPlace.SESSION: "",
            KeyPlace.SETTINGS_FILE: "" if self._write_file else "No settings file is open.",
        }

    def file_holds_keys(self) -> bool:
        """Whether the settings file holds any key already, as a Kiln file does."""
        tree = self._read_file()
        return any(as_credential(tree.get(key)) for key in SECRET_CONFIG_KEYS) or any(
            isinstance(provider, Mapping) and as_credential(provider.get(CUSTOM_KEY)) for provider in as_providers(tree)
        )

    def default_place(self) -> KeyPlace:
        """Where a new key goes unless the person chooses.

        The file, where it keeps keys already; else the keyring; else memory.
        """
        if self.file_holds_keys():
            return KeyPlace.SETTINGS_FILE
        return KeyPlace.KEYRING if self._keyring.may_exist() else KeyPlace.SESSION

    def store(
        self, provider_type: str, provider_id: str, config_key: str, value: str, place: KeyPlace | None = None
    ) -> KeyPlace:
        """Keeps the credential in that place and nowhere else; the place it went to. May wait.

        Raises:
            CredentialError: the keyring is absent, locked or refuses.
            SettingsError: the settings file cannot be written.
        """
        name = CredentialName(provider_type, provider_id, config_key)
        secret = name.provider_type == "custom" or self._keyring_matters(name)
        chosen = place or (self.default_place() if secret else KeyPlace.SETTINGS_FILE)
        text = value.strip()
        if not text:
            raise CredentialError("The key is blank.", "Type it, or remove it.")
        if chosen is KeyPlace.ENVIRONMENT:
            raise CredentialError("Muster does not write environment variables.", "Choose another place.")
        if chosen is KeyPlace.KEYRING:
            try:
                self._keyring.set(self._account(name), text)
            except CredentialError:
                if place is not None:
                    raise
                chosen = KeyPlace.SESSION
        self._clear_elsewhere(name, chosen)
        if chosen is KeyPlace.SESSION:
            _session[self._roll, name] = text
        elif chosen is KeyPlace.SETTINGS_FILE and self._write_file:
            self._write_file(name, text)
        with self._lock:
            self._in_keyring[name] = chosen is KeyPlace.KEYRING
        self._tell()
        return chosen

    def _clear_elsewhere(self, name: CredentialName, chosen: KeyPlace | None) -> None:
        if chosen is not KeyPlace.SESSION:
            _session.pop((self._roll, name), None)
        if chosen is not KeyPlace.SETTINGS_FILE and self._write_file and self._from_file(name):
            self._write_file(name, None)
        if chosen is not KeyPlace.KEYRING and self._in_keyring.get(name):
            self._keyring.delete(self._account(name))

    def forget(self, provider_type: str, provider_id: str, config_key: str) -> None:
        """Removes the credential from every place but the environment. May wait."""
        name = CredentialName(provider_type, provider_id, config_key)
        if name not in self._in_keyring and self._keyring_matters(name):
            self._ask_keyring(name)
        self._clear_elsewhere(name, None)
        with self._lock:
            self._in_keyring[name] = False
        self._tell()

    def drop_earlier(self, provider_name: str, *, ask_keyring: bool) -> None:
        """Takes what is kept outside of the file for an earlier custom provider of that name. May wait.

        Raises:
            CredentialError: the keyring refuses.
        """
        name = CredentialName("custom", provider_name, CUSTOM_KEY)
        if ask_keyring and name not in self._in_keyring:
            self._ask_keyring(name)
        self._clear_elsewhere(name, KeyPlace.SETTINGS_FILE)
        with self._lock:
            if self._in_keyring.get(name):
                self._in_keyring[name] = False

    def rename(self, old: str, new: str) -> None:
        """Carries a custom provider's key in memory or in the keyring over to its new name. May wait."""
        before, after = CredentialName("custom", old, CUSTOM_KEY), CredentialName("custom", new, CUSTOM_KEY)
        kept = _session.pop((self._roll, before), None)
        if kept:
            _session[self._roll, after] = kept
        found = self._ask_keyring(before) if self._in_keyring.get(before) is not False else None
        if found:
            self._keyring.set(self._account(after), found)
            self._keyring.delete(self._account(before))
            with self._lock:
                self._in_keyring.update({before: False, after: True})
        self._tell()
