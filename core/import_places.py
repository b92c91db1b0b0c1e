"""Where an imported model would be on a roll: a provider that is there already, a new one, or one that would move.

A key never follows an import by itself. What would make one go to a new host is a `Redirect`, and is not done unless it
was allowed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from core.credentials import CUSTOM_KEY
from core.custom_providers import call_address
from core.document import Document
from core.environment_endpoints import KNOWN_ENDPOINTS
from core.errors import InvalidEntry, MusterError
from core.exporters.shape import ReadProvider
from core.exporters.subject import Slugs, compatible_address
from core.import_plans import PlannedProvider, Redirect
from core.providers import PROVIDER_BY_ID, PROVIDERS, ModelProviderName, ProviderKind, ProviderRow

if TYPE_CHECKING:
    from core.registry import Registry

_MORE_HOSTS: Final = {
    ModelProviderName.anthropic: ("anthropic.com",),
    ModelProviderName.azure_openai: ("openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"),
    ModelProviderName.amazon_bedrock: ("amazonaws.com",),
    ModelProviderName.together_ai: ("together.ai", "together.xyz"),
}
_OWN_HOSTS_ONLY: Final = frozenset({"googleapis.com"})
"""Domains under which many programs answer: there the whole host counts."""


@dataclass(frozen=True, slots=True)
class PlaceOnRoll:
    """Provider type and ID of an entry. `new` is the custom provider that has to come along, or to move."""

    provider_type: str
    provider_id: str
    new: PlannedProvider | None = None
    redirect: str = ""
    key_variable: str = ""
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Places:
    """The places of one roll for what one source names. `allowed` are the IDs of redirects that were said yes to."""

    registry: Registry
    document: Document
    allowed: Collection[str] = ()
    is_shared: bool = False
    redirects: dict[str, Redirect] = field(default_factory=dict)
    new: dict[str, PlannedProvider] = field(default_factory=dict)
    _found: dict[ReadProvider, PlaceOnRoll] = field(default_factory=dict)
    _by_address: dict[str, PlaceOnRoll] = field(default_factory=dict)
    _new_by_address: dict[str, PlaceOnRoll] = field(default_factory=dict)
    _key_owners: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in PROVIDERS:
            address = compatible_address(self.registry, row) if row.runs else ""
            if address:
                self._by_address.setdefault(same_address(address), PlaceOnRoll("builtin", str(row.name)))
            for credential in row.credentials:
                if credential.secret:
                    self._key_owners[credential.env_var] = (row.display_name, hosts_of(row))
        for name, address, variables in KNOWN_ENDPOINTS:
            for variable in variables:
                self._key_owners[variable] = (name, (_domain(_parts(address).hostname or ""),))
        slugs = Slugs(self.document.custom_providers)
        # What is on the roll comes before what is built in, and of two at one address the first.
        for provider in reversed(self.document.custom_providers):
            if not provider.available:
                continue
            self._by_address[same_address(provider.base_url)] = PlaceOnRoll("custom", provider.name)
            variable = slugs.variable(provider.name)
            self._key_owners.setdefault(variable, (f"“{provider.name}”", (_parts(provider.base_url).hostname or "",)))

    def place(self, provider: ReadProvider) -> PlaceOnRoll:
        """Where a model of that provider goes.

        Raises:
            MusterError: nowhere, and why.
        """
        found = self._found.get(provider)
        if found is None:
            found = self._found[provider] = self._place(provider)
        return found

    def _place(self, provider: ReadProvider) -> PlaceOnRoll:
        row = PROVIDER_BY_ID.get(provider.provider_id) if provider.provider_id is not None else None
        if provider.provider_id is not None and (
            not provider.base_url or (row is not None and _is_among(provider.base_url, hosts_of(row)))
        ):
            running = _running(provider.provider_id)
            return PlaceOnRoll("builtin", str(running.name), notes=self._notes_on(running, provider.base_url))
        if not provider.base_url:
            raise MusterError("It is not said at which address it is.")
        if row is not None and row.secret_field is not None and not provider.key_variable:
            provider = replace(provider, key_variable=row.secret_field.env_var)
        address = same_address(provider.base_url)
        if provider.name in self.document.provider_by_name:
            known = self.document.provider_by_name[provider.name]
            if known.available and same_address(known.base_url) == address:
                return PlaceOnRoll("custom", known.name)
        if address in self._by_address:
            return self._by_address[address]
        place = self._new_by_address.get(address)
        if place is None:
            place = self._new_by_address[address] = self._new_place(provider)
        return self._with_key(place, provider)

    def _notes_on(self, row: ProviderRow, base_url: str) -> tuple[str, ...]:
        """What to say of a built-in provider that everybody has at an address of their own."""
        own = row.base_url_field
        if own is None or not own.required or not base_url:
            return ()
        set_up = self.registry.credentials.value("builtin", str(row.name), own.config_key)
        if not set_up:
            return (f"Its {own.label} is {base_url}.",)
        if _origin(set_up) == _origin(base_url):
            return ()
        here, there = (_parts(url).hostname or "another address" for url in (set_up, base_url))
        return (f"{row.display_name} is set up at {here} on this roll, and this model is at {there}.",)

    def _new_place(self, provider: ReadProvider) -> PlaceOnRoll:
        url = provider.base_url
        parts = _parts(url)
        host = parts.netloc.lower()
        name = provider.name or next((known for known, at, _ in KNOWN_ENDPOINTS if _parts(at).netloc == host), host)
        notes: list[str] = []
        redirect = ""
        known = self.document.provider_by_name.get(name)
        if known is not None and known.available and _origin(known.base_url) != _origin(url):
            moved = self._redirect(name, known.base_url, url, host)
            redirect = moved.id
            if redirect in self.allowed and name not in self.new:
                planned = self.new[name] = PlannedProvider(name, url, moves=True)
                return PlaceOnRoll("custom", name, planned, redirect)
        if known is not None or name in self.new:
            wanted, name = name, self._free_name(name, host)
            notes.append(f"There is another provider “{wanted}” already; this one is called “{name}”.")
            if redirect:
                self.redirects[redirect] = replace(self.redirects[redirect], instead=name)
        if self.is_shared and is_of_this_network(parts.hostname or ""):
            notes.append(f"{host} is an address in the network of whoever wrote the file.")
        look_alike = next((row for row in PROVIDERS if row.display_name.casefold() == name.casefold()), None)
        if (
            look_alike is not None
            and not _is_among(url, hosts_of(look_alike))
            and look_alike.kind is ProviderKind.HOSTED
        ):
            notes.append(f"It is named like {look_alike.display_name}, and is at {host}.")
        planned = self.new[name] = PlannedProvider(name, url, tuple(notes))
        return PlaceOnRoll("custom", name, planned, redirect, notes=tuple(notes))

    def _free_name(self, name: str, host: str) -> str:
        taken = self.document.provider_by_name.keys() | self.new.keys()
        candidate, number = f"{name} ({host})", 2
        while candidate in taken:
            candidate, number = f"{name} ({host}, {number})", number + 1
        return candidate

    def _redirect(self, name: str, old: str, new: str, host: str) -> Redirect:
        state = self.registry.credentials.state("custom", name, CUSTOM_KEY)
        key = f"the key of “{name}”"
        told = key if state.present else f"{key}, if it has one" if not state.known else f"any {key[4:]} set later"
        entries = sum(entry.provider_type == "custom" and entry.provider_id == name for entry in self.document.entries)
        with_it = (
            f" Its {entries} model{'s' if entries != 1 else ''} on the roll would run there too." if entries else ""
        )
        words = (
            f"“{name}” is at {old} on this roll and at {new} in what is imported. If it moves, {told} goes to {host}."
        )
        redirect = Redirect(f"{name} → {new}", name, old, new, key, words + with_it, moves_provider=True)
        return self.redirects.setdefault(redirect.id, redirect)

    def _with_key(self, place: PlaceOnRoll, provider: ReadProvider) -> PlaceOnRoll:
        """The place with the variable of its key, unless that is the key of somebody else."""
        variable = provider.key_variable
        if not variable or place.new is None:
            return place
        owner, hosts = self._key_owners.get(variable, ("", ()))
        if not owner or _is_among(provider.base_url, hosts):
            return replace(place, key_variable=variable)
        host = _parts(provider.base_url).netloc
        name = place.provider_id
        words = f"{variable} is the key of {owner}, and {host} is not {owner}’s. It would be sent to {host}."
        old = hosts[0] if hosts else owner
        redirect = Redirect(f"{variable} → {host}", name, old, provider.base_url, variable, words, moves_provider=False)
        redirect = self.redirects.setdefault(redirect.id, redirect)
        if redirect.id in self.allowed:
            return replace(place, key_variable=variable, redirect=place.redirect or redirect.id)
        return replace(place, redirect=place.redirect or redirect.id)


def _running(provider_id: str) -> ProviderRow:
    row = PROVIDER_BY_ID.get(provider_id)
    if row is None:
        raise InvalidEntry(f"There is no built-in provider “{provider_id[:80]}” here.", field="provider_id")
    if not row.runs:
        raise InvalidEntry(f"Models of {row.display_name} cannot be run here.", field="provider_id")
    return row


def hosts_of(row: ProviderRow) -> tuple[str, ...]:
    """The domains at which a built-in provider answers, and nobody else."""
    addresses = (row.base_url, row.listing_url)
    hosts = [_domain(_parts(address).hostname or "") for address in addresses if address]
    return tuple(dict.fromkeys((*hosts, *_MORE_HOSTS.get(row.name, ()))))


def _domain(host: str) -> str:
    domain = ".".join(host.split(".")[-2:])
    return host if domain in _OWN_HOSTS_ONLY or host.replace(".", "").isdigit() else domain


def _is_among(url: str, domains: Iterable[str]) -> bool:
    """Whether a key for these domains may go to that address: the host is theirs, and nobody can read it on the way."""
    parts = _parts(url)
    host = (parts.hostname or "").rstrip(".")
    ours = any(host == domain or host.endswith(f".{domain}") for domain in domains if domain)
    return ours and (parts.scheme == "https" or is_of_this_network(host))


def is_of_this_network(host: str) -> bool:
    """Whether a host's name or address means something only on this computer, or in its network."""
    if host == "localhost" or host.endswith((".local", ".localhost", ".lan", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def same_address(url: str) -> str:
    """A form of a base URL that two have in common when calls go to the same place."""
    parts = _parts(call_address(url))
    scheme, host, port = _origin_of(parts)
    return f"{scheme}://{host}:{port}{parts.path.rstrip('/')}"


def _origin(url: str) -> tuple[str, str, int | None]:
    return _origin_of(_parts(url))


def _origin_of(parts: SplitResult) -> tuple[str, str, int | None]:
    host = (parts.hostname or "").rstrip(".")
    try:
        port = parts.port
    except ValueError:
        port = None
    scheme = parts.scheme.lower()
    host = "127.0.0.1" if host in ("localhost", "::1") else host
    return scheme, host, port or {"http": 80, "https": 443}.get(scheme)


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url.strip())
    except ValueError:
        return SplitResult("", "", "", "", "")
