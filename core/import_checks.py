"""One model of a source, taken for what it may be and no more: types, lengths, characters, values that fields take."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from core.custom_providers import check_base_url
from core.errors import InvalidEntry, InvalidProvider, MusterError
from core.exporters.shape import LIMIT_FIELDS, PLACE_FIELDS, ReadProvider, label_of
from core.fields import OVERRIDABLE
from core.import_plans import CarriedEvidence, SourceModel
from core.overrides import accepted_overrides, is_unset
from core.redaction import redact

LONGEST_NAME: Final = 500
"""In characters; model IDs of file paths have about 200."""

_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]*")
_MOST_NAMED: Final = 40


def checked_model(
    model_id: Any,
    provider: ReadProvider,
    *,
    name: Any = "",
    overrides: Mapping[str, Any] | None = None,
    not_understood: Iterable[str] = (),
    notes: Iterable[str] = (),
    id: Any = "",  # noqa: A002 (the settings file's own word)
    evidence: CarriedEvidence | None = None,
) -> SourceModel:
    """The model with everything in it that can be used; what cannot is named in `not_understood` and `notes`.

    Raises:
        MusterError: it cannot be imported at all, and why.
    """
    model = model_id.strip() if isinstance(model_id, str) else ""
    if not model:
        raise MusterError("It has no model ID." if not model_id else "Its model ID is not text.")
    if len(model) > LONGEST_NAME or not _is_writable(model):
        raise MusterError("Its model ID is too long, or has a control character in it.")
    said = [*notes]
    if model != model_id:
        said.append("Blanks around its model ID are left out.")
    shown = plain_line(name) if isinstance(name, str) else ""
    own, unknown, words = checked_overrides(overrides or {})
    said += words
    place, more = checked_place(provider)
    said += more
    return SourceModel(
        model_id=model,
        provider=place,
        name="" if shown == model else shown,
        overrides=own,
        not_understood=named_keys((*not_understood, *unknown)),
        notes=tuple(dict.fromkeys(said)),
        id=id if isinstance(id, str) and id.strip() and len(id) <= LONGEST_NAME and _is_writable(id) else "",
        evidence=evidence,
    )


def checked_overrides(overrides: Mapping[str, Any]) -> tuple[dict[str, Any], list[str], list[str]]:
    """The overrides that can be stored, the names of those that there are not, and words on values that are none."""
    stored: dict[str, Any] = {}
    unknown: list[str] = []
    words: list[str] = []
    for name, value in overrides.items():
        if name in OVERRIDABLE:
            if is_unset(value):
                continue
            try:
                if not _all_writable(value):
                    raise InvalidEntry("It has a character in it that cannot be stored.")
                stored[name] = _stored(name, value) if isinstance(value, (str, bool)) else _stored_now(name, value)
            except InvalidEntry:
                words.append(f"{OVERRIDABLE[name].label} has a value that it cannot have, and stays at its default.")
                unknown.append(name)
        elif name in LIMIT_FIELDS:
            words.append(f"{label_of(name)} is not kept: Muster asks the endpoint for it.")
        elif name not in PLACE_FIELDS:
            unknown.append(str(name))
    levels, level = stored.get("available_thinking_levels"), stored.get("default_thinking_level")
    # Without a default they may still suit the one that the roll has.
    if levels and level is not None and level not in levels.values():
        ruled = ("available_thinking_levels", "default_thinking_level")
        unknown += [name for name in ruled if stored.pop(name, None) is not None]
        words.append("The default thinking level is none of the thinking levels; both stay at their defaults.")
    return stored, unknown, words


@lru_cache(maxsize=4096, typed=True)
def _stored(name: str, value: str | bool) -> Any:
    """The value as it is stored; remembered, since thousands of models say the same."""
    return _stored_now(name, value)


def _stored_now(name: str, value: Any) -> Any:
    return (accepted_overrides({name: value}) or {})[name]


def checked_place(provider: ReadProvider) -> tuple[ReadProvider, tuple[str, ...]]:
    """The provider with a name on one line and a base URL without credentials, and what was left out of it.

    Raises:
        MusterError: the base URL is no address.
    """
    texts = (provider.name, provider.base_url, provider.key_variable)
    name, url, variable = (text if isinstance(text, str) else "" for text in texts)
    provider_id = provider.provider_id if isinstance(provider.provider_id, str) else None
    return _checked_place(ReadProvider(name, url, provider_id, variable, bool(provider.holds_key)))


@lru_cache(maxsize=1024)
def _checked_place(provider: ReadProvider) -> tuple[ReadProvider, tuple[str, ...]]:
    notes: list[str] = []
    url = provider.base_url.strip()
    if url:
        url, left_out = clean_url(url)
        if left_out:
            notes.append(f"{left_out} in its base URL was left out.")
        try:
            check_base_url(url)
        except InvalidProvider as error:
            raise MusterError(f"{error.title} It is at no address that a model can be asked at.") from None
        if len(url) > LONGEST_NAME * 4 or not _is_writable(url):
            raise MusterError("Its base URL is too long, or has a control character in it.")
    variable = provider.key_variable
    if variable and not is_variable_name(variable):
        # It may be the key itself.
        variable = ""
        notes.append("The name of its key was not taken over, since it is no environment variable's.")
    if provider.holds_key:
        notes.append("A key for it stands there; it was not read.")
    return replace(provider, name=plain_line(provider.name), base_url=url, key_variable=variable), tuple(notes)


def clean_url(url: str) -> tuple[str, str]:
    """The address without a user, a query and a fragment, and what was left out, in words."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, ""
    host = parts.netloc.rpartition("@")[2]
    left_out = [
        words
        for words, there in (("a user or password", host != parts.netloc), ("a query", parts.query or parts.fragment))
        if there
    ]
    return urlunsplit((parts.scheme, host, parts.path, "", "")), " and ".join(left_out).capitalize()


def is_variable_name(text: str) -> bool:
    """Whether it is surely an environment variable's name and not a key: capitals with an underscore among them."""
    return len(text) <= 64 and _VARIABLE.fullmatch(text) is not None


def plain_line(text: str) -> str:
    """The text on one line without control characters, at most as long as a name is."""
    if text.isprintable():
        return text.strip()[:LONGEST_NAME]
    kept = "".join(
        " " if unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") else character
        for character in text[: LONGEST_NAME * 2]
    )
    return " ".join(kept.split())[:LONGEST_NAME] if kept != text else text.strip()[:LONGEST_NAME]


def named_keys(keys: Iterable[object]) -> tuple[str, ...]:
    """Keys that were not understood as they are shown, nothing that looks like a secret among them."""
    shown = [redact(plain_line(str(key)[:200])) for key in keys]
    known = tuple(dict.fromkeys(shown))
    return known if len(known) <= _MOST_NAMED else (*known[:_MOST_NAMED], f"and {len(known) - _MOST_NAMED} more")


def _is_writable(text: str) -> bool:
    return text.isprintable() or not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def _all_writable(value: Any) -> bool:
    if isinstance(value, str):
        return value.isprintable() or not any(
            unicodedata.category(character) == "Cs" or character == "\0" for character in value
        )
    if isinstance(value, Mapping):
        return all(_all_writable(key) and _all_writable(item) for key, item in value.items())
    return all(map(_all_writable, value)) if isinstance(value, (list, tuple)) else True
