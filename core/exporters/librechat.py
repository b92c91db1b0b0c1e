"""LibreChat: `librechat.yaml`, one endpoint a provider with the IDs of its models."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from typing_extensions import override

from core.connections import NO_KEY
from core.exporters.addresses import PLACEHOLDER_KEYS, builtin_at, is_local
from core.exporters.foreign_data import mapping_of, read_tokens, rows_at, text_at
from core.exporters.places import Item, Place, Row, value_at
from core.exporters.provider_groups import provider_clashes
from core.exporters.shape import (
    Clash,
    FieldRule,
    Format,
    Fragment,
    Loss,
    OwnPieces,
    ReadModel,
    ReadProvider,
    Target,
    TargetFile,
    Trees,
    Unset,
    keys_not_understood,
    read_values,
)
from core.exporters.subject import ExportedModel
from core.field_specs import UNSET
from core.providers import PROVIDERS, ModelProviderName

_FILE: Final = TargetFile("librechat.yaml", Format.YAML, "version: 1.3.17\n")
_REFERENCE: Final = re.compile(r"\$\{(\w+)\}")
_ASKED_FOR: Final = "user_provided"
_THINKING: Final = " (thinking)"
_CUSTOM: Final = " (custom)"

_TAKEN: Final = frozenset(
    {"azureOpenAI", "openAI", "google", "anthropic", "assistants", "azureAssistants", "agents", "custom", "bedrock"}
    | {row.display_name for row in PROVIDERS}
)
"""LibreChat's own endpoints, whose names it refuses (0.8.524), and built-in providers, which have endpoints too."""


def _write_format(thinks: Any) -> Any:
    return "reasoning_effort" if thinks is True else UNSET


def _read_format(named: Any) -> bool:
    return named in ("reasoning_effort", "reasoning_object")


_PER_ENDPOINT: Final = (
    "Thinking models of a provider get an endpoint of their own, since it holds for all of an endpoint."
)

_ENDPOINT: Final = (
    FieldRule("base_url", "baseURL"),
    FieldRule("key", "apiKey", write=lambda name: f"${{{name}}}"),
    FieldRule(
        "reasoning_capable", "customParams.reasoningFormat", Unset.NO, _write_format, _read_format, note=_PER_ENDPOINT
    ),
)
_MODEL: Final = (
    FieldRule("model_id", "models.default"),
    FieldRule("name", None, note="A model is shown by its ID."),
    FieldRule("context_tokens", "tokenConfig.ID.context", read=read_tokens, note="Only together with prices."),
)
_UNSAYABLE: Final = (
    "supports_function_calling", "supports_structured_output", "structured_output_mode", "parser", "supports_vision",
    "multimodal_mime_types", "supports_logprobs", "output_tokens",
)  # fmt: skip


class LibreChat(Target):
    """LibreChat. What a model can do is not said for a model, but for an endpoint with all its models."""

    id: ClassVar[str] = "librechat"
    title: ClassVar[str] = "LibreChat"
    verified_with: ClassVar[str] = "librechat-data-provider 0.8.524"
    key_words: ClassVar[str] = "Put {names} into LibreChat’s file .env."
    next_words: ClassVar[str] = "Restart LibreChat’s server."
    rules: ClassVar[tuple[FieldRule, ...]] = (*_ENDPOINT, *_MODEL, *(FieldRule(name, None) for name in _UNSAYABLE))

    @override
    def default_path(self) -> Path:
        """The file beside a server that was cloned into the home folder, unless `CONFIG_PATH` names another."""
        chosen = os.environ.get("CONFIG_PATH", "")
        return Path(chosen).expanduser() if chosen and "://" not in chosen else Path.home() / "LibreChat" / _FILE.name

    @override
    def files(self, models: Sequence[ExportedModel]) -> tuple[TargetFile, ...]:
        return (_FILE,)

    @override
    def names_there(self, models: Sequence[ExportedModel]) -> Mapping[str, str]:
        return {model.entry_id: model.model_id for model in models}

    @override
    def fragments(self, models: Sequence[ExportedModel]) -> tuple[Fragment, ...]:
        names = _endpoint_names(models)
        owners: dict[str, list[ExportedModel]] = {}
        for model in models:
            owners.setdefault(names[model.entry_id], []).append(model)
        fragments = []
        for name, own in owners.items():
            ids = tuple(model.entry_id for model in own)
            fragments.append(Fragment(_FILE.name, _place(name), _endpoint(own[0], name), "", name, ids))
            for model in own:
                shown = f"{name}/{model.model_id}"
                place = (*_place(name), "models", "default", Item(model.model_id))
                fragments.append(Fragment(_FILE.name, place, model.model_id, model.entry_id, shown))
                if (context := model.value("context_tokens")) is not None:
                    place = (*_place(name), "tokenConfig", model.model_id)
                    prices = {"prompt": 0, "completion": 0, "context": context}
                    fragments.append(Fragment(_FILE.name, place, prices, model.entry_id, shown))
        return tuple(fragments)

    @override
    def clashes(
        self, fragments: Sequence[Fragment], trees: Trees, texts: Mapping[str, str], own: OwnPieces
    ) -> Iterable[Clash]:
        return provider_clashes(fragments, trees, own, 3, [("customParams", "reasoningFormat")])

    @override
    def read(self, trees: Trees) -> tuple[ReadModel, ...]:
        tree = mapping_of(trees.get(_FILE.name))
        if not isinstance(tree.get("version"), str):
            words = "It has no version at its top, or it is not text."
            raise ValueError(words)  # noqa: TRY004 (not the caller's mistake)
        models: list[ReadModel] = []
        for endpoint in rows_at(tree, "endpoints.custom"):
            if not isinstance(endpoint, Mapping):
                raise ValueError("An endpoint is not a mapping.")  # noqa: TRY004 (not the caller's mistake)
            models += _read(endpoint)
        return tuple(models)

    @override
    def more_losses(self, model: ExportedModel) -> Iterable[Loss]:
        if model.value("context_tokens") is not None and not is_local(model):
            words = "LibreChat takes the context only with prices. 0 is written: it charges nobody for this model."
            yield Loss(model.name, "context_tokens", words)


def _place(endpoint: str) -> Place:
    return ("endpoints", "custom", Row.of(name=endpoint))


def _endpoint(model: ExportedModel, name: str) -> dict[str, Any]:
    endpoint: dict[str, Any] = {
        "name": name,
        "apiKey": f"${{{model.key_variable}}}" if model.key_variable else NO_KEY,
        "baseURL": model.base_url,
        "models": {"fetch": False},
    }
    if model.value("reasoning_capable"):
        is_router = model.provider_id == ModelProviderName.openrouter and not model.is_custom
        endpoint["customParams"] = {"reasoningFormat": "reasoning_object" if is_router else "reasoning_effort"}
    return endpoint


def _endpoint_names(models: Sequence[ExportedModel]) -> Mapping[str, str]:
    """Entry ID → its endpoint: the provider, thinking models apart; a variant of a model that is there gets its own."""
    names: dict[str, str] = {}
    held_by: dict[str, tuple[str, str, bool]] = {}
    taken: set[tuple[str, str]] = set()
    for model in models:
        provider = model.provider_name
        if model.is_custom and provider in _TAKEN:
            provider = f"{provider}{_CUSTOM}"
        thinks = bool(model.value("reasoning_capable"))
        ending = _THINKING if thinks else ""
        holder = (model.provider_type, model.provider_id, thinks)
        candidates = (
            f"{provider}{ending}",
            f"{provider}: {model.name}{ending}",
            f"{provider}: {model.name} ({model.entry_id}){ending}",
        )
        free = (
            name for name in candidates if held_by.get(name, holder) == holder and (name, model.model_id) not in taken
        )
        name = next(free, candidates[-1])
        held_by[name] = holder
        taken.add((name, model.model_id))
        names[model.entry_id] = name
    return names


def _provider_name(endpoint: str) -> str:
    name = endpoint.removesuffix(_THINKING)
    return plain if (plain := name.removesuffix(_CUSTOM)) in _TAKEN else name


def _read(endpoint: Mapping[str, Any]) -> Iterable[ReadModel]:
    """The models of an endpoint; none of one that the server leaves out in silence."""
    name, key, base_url = (text_at(endpoint, each) for each in ("name", "apiKey", "baseURL"))
    if not (name and key and base_url and endpoint.get("models")):
        return
    reference = _REFERENCE.fullmatch(key)
    known = builtin_at(base_url)
    provider = ReadProvider(
        name=known.display_name if known is not None else _provider_name(name),
        base_url=base_url,
        provider_id=str(known.name) if known is not None else None,
        key_variable=reference[1] if reference else "",
        holds_key=not reference and key not in PLACEHOLDER_KEYS and key != _ASKED_FOR,
    )
    values, stated = read_values(_ENDPOINT[2:], endpoint)
    tokens = endpoint.get("tokenConfig")
    not_understood = keys_not_understood(_ENDPOINT, endpoint, ("name", "models.default", "models.fetch", "tokenConfig"))
    for item in rows_at(endpoint, "models.default"):
        model_id = item if isinstance(item, str) else text_at(item, "name")
        if not model_id:
            raise ValueError(f"A model of the endpoint “{name}” has no name.")
        own = tokens.get(model_id) if isinstance(tokens, Mapping) else None
        context = read_tokens(value_at(own, "context"))
        is_known = context is not UNSET
        yield ReadModel(
            name=model_id,
            model_id=model_id,
            provider=provider,
            values={**values, **({"context_tokens": context} if is_known else {})},
            stated=stated | ({"context_tokens"} if is_known else set()),
            not_understood=tuple(not_understood),
            place=(*_place(name), "models", "default", Item(model_id)),
            file=_FILE.name,
        )
