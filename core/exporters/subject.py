"""A model as every target is given it: resolved, with its address, the name of its key's variable, and its limits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, count
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from core.catalogue import catalogue
from core.credentials import CUSTOM_KEY
from core.custom_providers import CustomProvider, call_address
from core.document import derived_id
from core.entry import UserModelEntry
from core.errors import MusterError, ProviderNotReady
from core.field_specs import UNSET
from core.fields import ModelProvider
from core.overrides import Origin
from core.providers import CREDENTIAL_FIELDS, PROVIDER_BY_ID, ModelListing, ModelProviderName, ProviderRow
from core.resolver import Resolved, resolve

if TYPE_CHECKING:
    from core.registry import Registry

COMPATIBLE_ADDRESSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Anthropic's and Google's own pages on OpenAI compatibility, 2026-11.
        ModelProviderName.anthropic: "https://api.anthropic.com/v1",
        ModelProviderName.gemini_api: "https://generativelanguage.googleapis.com/v1beta/openai",
    }
)
"""Where built-in providers that list their models in another way answer as OpenAI does."""


@dataclass(frozen=True)
class ExportedModel:
    """One model to be written.

    `provider_name` is the custom provider's name or the built-in one's display name, `provider_slug` a short form of it
    that is unique among the models exported together ("my-local-llm"). `base_url` is an OpenAI-compatible address, ""
    where there is none. `key_variable` names the environment variable that a tool is to read the key from, "" where the
    endpoint wants none: a key itself is never here. `litellm_model` is litellm's model string. `values` are the
    effective properties, `origins` where each comes from; `limits` holds `context_tokens` and `output_tokens` where an
    endpoint or the catalogue declared them.
    """

    entry_id: str
    name: str
    model_id: str
    provider_type: str
    provider_id: str
    provider_name: str
    provider_slug: str
    base_url: str
    key_variable: str
    litellm_model: str
    entry: UserModelEntry | None = field(repr=False)
    provider: ModelProvider = field(repr=False)
    origins: Mapping[str, Origin] = field(repr=False)
    limits: Mapping[str, int] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """The effective value of a property as plain data, of a place or of a limit; None where there is none."""
        if name in ("context_tokens", "output_tokens"):
            return self.limits.get(name)
        if name == "key":
            return self.key_variable or None
        if name in ("name", "model_id", "base_url"):
            return getattr(self, name) or None
        value = self.values.get(name, UNSET)
        if isinstance(value, (dict, list)):
            return deepcopy(value)  # whoever writes it may put more into it
        return None if value is UNSET else value

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """The effective properties as plain data."""
        return self.provider.model_dump(mode="json")

    def is_set(self, name: str) -> bool:
        """Whether a property was set by the person or is known from the catalogue, as against left at its default."""
        origin = self.origins.get(name)
        return origin in (Origin.YOU, Origin.CATALOGUE) if origin is not None else self.value(name) is not None

    @property
    def is_custom(self) -> bool:
        """Whether it runs on an endpoint that the person named."""
        return self.provider_type == "custom"


def subjects_of(
    registry: Registry,
    references: Iterable[str | UserModelEntry] | None,
    limits: Mapping[str, Mapping[str, int]] | None = None,
) -> tuple[tuple[ExportedModel, ...], tuple[tuple[str, MusterError], ...]]:
    """The models to export, each once, and those that cannot be resolved, by display name, with why.

    None means all on the roll. `limits` are declared limits by entry ID. May wait for the keyring, which is asked
    whether a custom provider has a key where that is not known yet.

    Raises:
        MusterError: a reference that was given resolves to nothing.
    """
    given = references is not None
    resolved: dict[str, Resolved] = {}
    failed: list[tuple[str, MusterError]] = []
    for reference in registry.entries() if references is None else references:
        try:
            found = resolve(registry, reference)
            resolved.setdefault(_id_of(found), found)
        except MusterError as error:
            if given:
                raise
            failed.append((reference.display_name if isinstance(reference, UserModelEntry) else reference, error))
    slugs = Slugs(registry.providers)
    subjects = []
    for entry_id, found in resolved.items():
        try:
            subjects.append(_subject(registry, entry_id, found, slugs, dict((limits or {}).get(entry_id, {}))))
        except MusterError as error:
            if given:
                raise
            failed.append((_name_of(found), error))
    return tuple(subjects), tuple(failed)


def _id_of(resolved: Resolved) -> str:
    if resolved.entry is not None and resolved.entry.id is not None:
        return resolved.entry.id
    provider = resolved.provider
    place = provider.openai_compatible_provider_name or str(provider.name)
    return derived_id("exported", place, provider.model_id or "", _name_of(resolved))


def _name_of(resolved: Resolved) -> str:
    return resolved.entry.display_name if resolved.entry is not None else resolved.provider.model_id or ""


def _subject(
    registry: Registry, entry_id: str, resolved: Resolved, slugs: Slugs, limits: dict[str, int]
) -> ExportedModel:
    provider = resolved.provider
    custom = provider.openai_compatible_provider_name
    model_id = provider.model_id or ""
    row = PROVIDER_BY_ID[str(provider.name)]
    if custom is not None:
        known = registry.document.provider_by_name.get(custom)
        if known is None or not known.base_url.strip():
            raise ProviderNotReady(
                f"The custom provider “{custom}” has no base URL.", "Add it under Providers.", provider_id=custom
            )
        base_url, name, litellm_model = call_address(known.base_url), custom, f"openai/{model_id}"
        variable = slugs.variable(custom) if _has_key(registry, custom) else ""
    else:
        base_url, name = compatible_address(registry, row), row.display_name
        litellm_model = f"{row.litellm_prefix}/{model_id}" if row.litellm_prefix else ""
        variable = row.secret_field.env_var if row.secret_field is not None else ""
    if not limits:
        listed = catalogue().get(str(provider.name), {}).get(model_id) if custom is None else None
        limits = dict(listed.limits) if listed is not None else {}
    return ExportedModel(
        entry_id=entry_id,
        name=_name_of(resolved),
        model_id=model_id,
        provider_type="custom" if custom is not None else "builtin",
        provider_id=custom if custom is not None else str(provider.name),
        provider_name=name,
        provider_slug=slugs.slug(custom) if custom is not None else slug_of(str(provider.name)),
        base_url=base_url,
        key_variable=variable,
        litellm_model=litellm_model,
        entry=resolved.entry,
        provider=provider,
        origins=resolved.origins,
        limits=limits,
    )


def _has_key(registry: Registry, name: str) -> bool:
    state = registry.credentials.state("custom", name, CUSTOM_KEY)
    if not state.known:
        registry.credentials.refresh([("custom", name, CUSTOM_KEY)])
        state = registry.credentials.state("custom", name, CUSTOM_KEY)
    return state.present


def compatible_address(registry: Registry, row: ProviderRow) -> str:
    """The OpenAI-compatible address of a built-in provider; "" where there is none."""
    moved = row.base_url_field
    address = registry.credentials.value("builtin", str(row.name), moved.config_key) if moved is not None else None
    if row.listing is ModelListing.AZURE:
        return f"{address.rstrip('/')}/openai/v1" if address else ""
    base_url = (address or row.base_url or "").rstrip("/")
    if not base_url and row.listing is ModelListing.OPENAI and row.listing_url:
        base_url = row.listing_url.removesuffix("/models")
    if not base_url:
        return COMPATIBLE_ADDRESSES.get(row.name, "")
    return (
        base_url
        if not row.base_url_suffix or base_url.endswith(row.base_url_suffix)
        else f"{base_url}{row.base_url_suffix}"
    )


def slug_of(name: str) -> str:
    """A name as lower-case letters, digits and dashes; what has none of those is named by a hash."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    return slug or f"endpoint-{derived_id('slug', name)[:8]}"


_BUILTIN_VARIABLES: Final = frozenset(field.env_var for field in CREDENTIAL_FIELDS.values())


class Slugs:
    """Short names of a roll's custom providers, no two alike: the roll's order decides who gets a number."""

    def __init__(self, providers: Iterable[CustomProvider]) -> None:
        self._slugs: dict[str, str] = {}
        taken = {slug_of(provider_id) for provider_id in PROVIDER_BY_ID}
        for provider in providers:
            if provider.name in self._slugs:
                continue
            base = slug = slug_of(provider.name)
            number = 2
            # A variable of a built-in provider's name would send its key to another server.
            while slug in taken or _variable_of(slug) in _BUILTIN_VARIABLES:
                slug, number = f"{base}-{number}", number + 1
            taken.add(slug)
            self._slugs[provider.name] = slug

    def slug(self, name: str) -> str:
        """The short name of a custom provider."""
        return self._slugs.get(name) or slug_of(name)

    def variable(self, name: str) -> str:
        """The environment variable that tools are told to read its key from."""
        return _variable_of(self.slug(name))


def _variable_of(slug: str) -> str:
    text = slug.upper().replace("-", "_")
    return f"{text}_API_KEY" if not text[0].isdigit() else f"MUSTER_{text}_API_KEY"


def names_told_apart(models: Sequence[ExportedModel], spelled: Callable[[str], str] = str) -> Mapping[str, str]:
    """Entry ID → a name that no other of these models has: the display name, where needed with more of what it is.

    `spelled` writes a text with the characters that the target takes; "" where none of it can be.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for model in models:
        name = spelled(model.name) or spelled(model.model_id) or "model"
        said = [text for text in (spelled(model.provider_name), spelled(model.entry_id[:8])) if text]
        candidates = [name, *(f"{name} ({', '.join(said[:end])})" for end in range(1, len(said) + 1))]
        numbered = (f"{name} ({number})" for number in count(2))
        candidate = next(each for each in chain(candidates, numbered) if each not in taken)
        taken.add(candidate)
        names[model.entry_id] = candidate
    return names
