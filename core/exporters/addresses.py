"""Where models run in the words of other tools: addresses, litellm's model strings, and which provider is meant."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from core.catalogue import catalogue
from core.connections import NO_KEY
from core.exporters.places import value_at
from core.exporters.shape import ReadProvider
from core.exporters.subject import COMPATIBLE_ADDRESSES, ExportedModel
from core.providers import NATIVE_ROUTES, PROVIDER_BY_ID, PROVIDERS, ModelListing, ProviderKind, ProviderRow

PLACEHOLDER_KEYS: Final = frozenset({NO_KEY, "DMR", "EMPTY", "none", "ollama", "lm-studio", "sk-no-key-required"})
"""What stands where an endpoint wants no key but the client insists on one: no secrets."""

_COMPATIBLE_ROUTES: Final = frozenset(
    {"openai", "custom_openai", "openai_like", "hosted_vllm", "lm_studio", "llamafile", "litellm_proxy"}
)
"""Litellm's prefixes for any OpenAI-compatible endpoint."""

_OTHER_ROUTES: Final[Mapping[str, str]] = MappingProxyType({"ollama": "ollama", "ollama_chat": "ollama"})


def row_of(model: ExportedModel) -> ProviderRow | None:
    """The built-in provider of a model; None where it runs on an endpoint of the person's own."""
    return None if model.is_custom else PROVIDER_BY_ID.get(model.provider_id)


def own_address(model: ExportedModel) -> str:
    """The address that litellm must be told for a model; "" where it knows it."""
    row = row_of(model)
    return model.base_url if row is None or (row.litellm_prefix == "openai" and row.base_url) else ""


def placeholder_key(model: ExportedModel) -> str:
    """What is sent as the key to an endpoint that wants none; "" where it wants one."""
    row = row_of(model)
    if row is None:
        return "" if model.key_variable else NO_KEY
    return row.placeholder_key or ""


def is_local(model: ExportedModel) -> bool:
    """Whether nobody but the person runs it: an endpoint of their own, or a program on this machine."""
    row = row_of(model)
    return row is None or row.kind is ProviderKind.LOCAL


def route_of(model: ExportedModel) -> str:
    """Litellm's prefix of a model."""
    return model.litellm_model.partition("/")[0]


def effort_body(model: ExportedModel) -> dict[str, Any]:
    """What a request carries so that the model thinks as hard as it is set to; empty where nothing is set."""
    level = model.value("default_thinking_level")
    if level is None:
        return {}
    return {"reasoning": {"effort": level}} if _has_reasoning_object(model) else {"reasoning_effort": level}


def effort_arguments(model: ExportedModel) -> dict[str, Any]:
    """The same as arguments of a call to litellm, which leaves a body alone where the API is OpenAI's."""
    body = effort_body(model)
    return body if not body or route_of(model) in NATIVE_ROUTES else {"extra_body": body}


def _has_reasoning_object(model: ExportedModel) -> bool:
    return model.value("openrouter_reasoning_object") is True


def read_effort(*bodies: Any) -> dict[str, Any]:
    """The thinking level that one of these bodies asks for, as fields of ours."""
    for body in bodies:
        flat, nested = value_at(body, "reasoning_effort"), value_at(body, "reasoning.effort")
        if isinstance(nested, str) and nested:
            return {"default_thinking_level": nested, "openrouter_reasoning_object": True}
        if isinstance(flat, str) and flat:
            return {"default_thinking_level": flat}
    return {}


def builtin_at(base_url: str) -> ProviderRow | None:
    """The built-in provider that answers at an address; None where there is none."""
    wanted = base_url.rstrip("/")
    return next((row for row in PROVIDERS if wanted and wanted in _addresses(row)), None)


def _addresses(row: ProviderRow) -> set[str]:
    known = {f"{row.base_url}{row.base_url_suffix}" if row.base_url else "", COMPATIBLE_ADDRESSES.get(row.name, "")}
    if row.listing is ModelListing.OPENAI and row.listing_url:
        known.add(row.listing_url.removesuffix("/models"))
    return known - {""}


def place_of(
    model_string: str, base_url: str = "", key_variable: str = "", key: Any = None
) -> tuple[str, ReadProvider]:
    """The model ID in one of litellm's model strings, and where it runs. Of the key is kept whether there is one."""
    holds_key = isinstance(key, str) and bool(key) and not key_variable and key not in PLACEHOLDER_KEYS
    row, model_id = _provider_of(model_string, base_url)
    return model_id, ReadProvider(
        name=row.display_name if row is not None else "",
        base_url=base_url,
        provider_id=str(row.name) if row is not None else None,
        key_variable=key_variable,
        holds_key=holds_key,
    )


def _provider_of(model_string: str, base_url: str) -> tuple[ProviderRow | None, str]:
    prefix, slash, rest = model_string.partition("/")
    if slash and base_url and prefix in _COMPATIBLE_ROUTES:
        return builtin_at(base_url), rest
    if slash and prefix in _OTHER_ROUTES:
        return PROVIDER_BY_ID[_OTHER_ROUTES[prefix]], rest
    if slash:
        known = next((row for row in PROVIDERS if row.litellm_prefix == prefix and row.runs), None)
        if known is not None:
            return known, rest
    if base_url:
        return builtin_at(base_url), model_string
    # Litellm goes by its own list where no prefix says it.
    return next((row for row in PROVIDERS if model_string in catalogue().get(str(row.name), {})), None), model_string
