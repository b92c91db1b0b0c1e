"""Models that come with a provider: litellm's own model map, read offline.

The map is a JSON file inside litellm's package. It is found with `importlib.util.find_spec` and read without
importing litellm (16–40 ms against 2–7 s; 4,242 models in litellm 1.106.2). What one key of it says about a model is
stated in `CATALOGUE_KEYS` and nowhere else; a key that is missing says nothing, so the conservative default applies.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from core.fields import StructuredOutputMode
from core.providers import PROVIDERS, ProviderRow

MAP_FILE: Final = "model_prices_and_context_window_backup.json"

CATALOGUE_KEYS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "supports_response_schema": {
            "supports_structured_output": True,
            "structured_output_mode": StructuredOutputMode.json_schema,
        },
        "supports_function_calling": {"supports_function_calling": True},
        "supports_vision": {
            "supports_vision": True,
            "multimodal_capable": True,
            "multimodal_mime_types": ["image/png", "image/jpeg"],
        },
        "supports_pdf_input": {"multimodal_capable": True, "multimodal_mime_types": ["application/pdf"]},
        "supports_audio_input": {"multimodal_capable": True, "multimodal_mime_types": ["audio/mpeg", "audio/wav"]},
    }
)
"""What a true value in litellm's map sets. `supports_reasoning` is left out on purpose: it says that a model can
think, while `reasoning_capable` promises that every answer shows its thinking, which many hosted models never do."""


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """One model that the catalogue knows at one provider; `properties` holds only what it says.

    So does `limits`: `context_tokens` and `output_tokens`.
    """

    provider_id: str
    model_id: str
    properties: Mapping[str, Any]
    limits: Mapping[str, int] = field(default_factory=dict)


def _map_path() -> Path | None:
    spec = importlib.util.find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / MAP_FILE
    return path if path.is_file() else None


def _read_map() -> dict[str, dict[str, Any]]:
    path = _map_path()
    if path is None:
        return {}
    return {key: value for key, value in json.loads(path.read_bytes()).items() if isinstance(value, dict)}


def _properties(facts: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for key, settings in CATALOGUE_KEYS.items():
        if facts.get(key) is not True:
            continue
        for name, value in settings.items():
            properties[name] = [*properties.get(name, []), *value] if isinstance(value, list) else value
    return properties


def _limits(facts: dict[str, Any]) -> Mapping[str, int]:
    known = {"context_tokens": facts.get("max_input_tokens"), "output_tokens": facts.get("max_output_tokens")}
    return MappingProxyType({name: value for name, value in known.items() if isinstance(value, int) and value > 0})


@cache
def models_of(source: str) -> Mapping[str, CatalogueModel]:
    """Model ID → what the map says under one of its own provider names ("mistral"); chat models only.

    For endpoints that are no built-in provider of Muster's but that the map knows.
    """
    found = {
        (model_id := key.removeprefix(f"{source}/")): CatalogueModel(
            source, model_id, MappingProxyType(_properties(facts)), _limits(facts)
        )
        for key, facts in _read_map().items()
        if facts.get("litellm_provider") == source and facts.get("mode") == "chat"
    }
    return MappingProxyType(found)


def _model_id(row: ProviderRow, key: str) -> str:
    return key.removeprefix(f"{row.litellm_prefix}/")


@cache
def catalogue() -> Mapping[str, Mapping[str, CatalogueModel]]:
    """Provider ID → model ID → what the catalogue says; chat models only.

    Read once, on the first call, which is not on the way to the window.
    """
    rows_by_source = {source: row for row in PROVIDERS for source in row.catalogue_providers}
    models: dict[str, dict[str, CatalogueModel]] = {}
    for key, facts in _read_map().items():
        row = rows_by_source.get(str(facts.get("litellm_provider")))
        if row is None or facts.get("mode") != "chat":
            continue
        provider_id, model_id = str(row.name), _model_id(row, key)
        models.setdefault(provider_id, {})[model_id] = CatalogueModel(
            provider_id, model_id, MappingProxyType(_properties(facts)), _limits(facts)
        )
    return MappingProxyType(
        {provider: MappingProxyType(dict(sorted(known.items()))) for provider, known in models.items()}
    )
