"""Custom providers: OpenAI-compatible endpoints that the person named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from core.errors import InvalidProvider

ROOTS_WITHOUT_VERSION: Final = frozenset({"api.perplexity.ai"})
"""Hosts whose OpenAI-compatible address has no path (perplexity's API reference, 2026-10)."""


@dataclass(frozen=True, slots=True)
class CustomProvider:
    """An OpenAI-compatible endpoint. It is `available` when it has a name and a base URL."""

    name: str
    base_url: str
    problems: tuple[str, ...] = ()

    @property
    def available(self) -> bool:
        """Whether a model can be registered for it."""
        return bool(self.name.strip() and self.base_url.strip())


def read_providers(raws: Iterable[Any]) -> tuple[tuple[CustomProvider, ...], tuple[str, ...]]:
    """The providers that can be read, in file order, and what is wrong with the list in words."""
    providers: list[CustomProvider] = []
    problems: list[str] = []
    seen: set[str] = set()
    for position, raw in enumerate(raws, start=1):
        name = raw.get("name") if isinstance(raw, Mapping) else None
        if not isinstance(raw, Mapping) or not isinstance(name, str):
            problems.append(
                f"Custom provider {position} cannot be read: a mapping with name and base_url was expected."
            )
            continue
        url = raw.get("base_url")
        own: list[str] = []
        if not name.strip():
            own.append("It has no name.")
        if not isinstance(url, str) or not url.strip():
            own.append("It has no base URL." if not url else "Its base URL is not text.")
        elif not is_web_address(url.strip()):
            own.append("Its base URL is not an http or https address.")
        if name in seen:
            own.append("Another custom provider above has the same name; that one is used.")
        seen.add(name)
        providers.append(CustomProvider(name, url if isinstance(url, str) else "", tuple(own)))
        problems.extend(f"Custom provider “{name}”: {words}" for words in own)
    return tuple(providers), tuple(problems)


def check_name(name: str) -> str:
    """The name as it is stored.

    Raises:
        InvalidProvider: it is blank or has white space around it.
    """
    if not name.strip():
        raise InvalidProvider("The provider has no name.", "Type a name, such as My Server.", field="name")
    if any(ord(character) < 32 for character in name):
        raise InvalidProvider(
            "The name has a line break or a control character in it.", "Type it on one line.", field="name"
        )
    return name.strip()


def name_in_other_case(name: str, taken: Iterable[str]) -> str | None:
    """The name among those taken that differs from this one in nothing but case; None where none does."""
    stripped = name.strip()
    return next((one for one in taken if one != stripped and one.casefold() == stripped.casefold()), None)


def check_base_url(base_url: str) -> str:
    """The base URL as it is stored: stripped, as typed otherwise.

    Raises:
        InvalidProvider: it is no http or https address, or carries a user, a query or a fragment.
    """
    text = base_url.strip()
    example = "Use an address such as http://127.0.0.1:8080/v1."
    if not text:
        raise InvalidProvider("The provider has no base URL.", example, field="base_url")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise InvalidProvider("The base URL cannot be read.", example, field="base_url") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or any(character.isspace() for character in text):
        raise InvalidProvider("The base URL is not an http or https address.", example, field="base_url")
    if port == 0:
        raise InvalidProvider("The base URL has port 0.", example, field="base_url")
    if parts.username is not None or parts.password is not None:
        raise InvalidProvider(
            "The base URL has a user or a password in it.", "Put the key into the API key field.", field="base_url"
        )
    if parts.query or parts.fragment:
        raise InvalidProvider("The base URL has a “?” or “#” part.", "Leave that part out.", field="base_url")
    return text


def is_web_address(address: str) -> bool:
    """Whether a call can go there at all: http or https, a host, and no port that there cannot be."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0 and address.isprintable()


def is_on_this_computer(address: str) -> bool:
    """Whether a server at that address is one of this computer's own."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def call_address(base_url: str) -> str:
    """The address that calls go to: a full `…/chat/completions` cut back to its base, a bare host given its `/v1`.

    What is no web address is left as it is. litellm repairs neither (seen with 1.106.2): the one doubles the path, the
    other asks for `/chat/completions` at the root.
    """
    text = base_url.strip().rstrip("/")
    for ending in ("/chat/completions", "/completions", "/models"):
        text = text.removesuffix(ending)
    if not is_web_address(text):
        return text
    parts = urlsplit(text)
    if not parts.path and parts.hostname and parts.hostname not in ROOTS_WITHOUT_VERSION:
        return f"{text}/v1"
    return text
