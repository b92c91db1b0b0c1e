"""opencode: providers and their models in `opencode.json`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from typing_extensions import override

from core.exporters.addresses import PLACEHOLDER_KEYS, builtin_at
from core.exporters.attachment_kinds import attachment_losses, kinds_of, mime_types_of
from core.exporters.decided_limits import decision_losses, with_output
from core.exporters.foreign_data import mapping_in, read_boolean, read_text, read_tokens, text_in
from core.exporters.provider_groups import (
    ProviderGroup,
    own_provider_id,
    provider_clashes,
    provider_groups,
    rules_of_models,
)
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
    said_values,
)
from core.exporters.subject import ExportedModel, names_told_apart
from core.exporters.tool_folders import dot_config
from core.field_specs import UNSET

_FILE: Final = TargetFile("opencode.json", Format.JSON, '{\n  "$schema": "https://opencode.ai/config.json"\n}\n')
_PACKAGE: Final = "@ai-sdk/openai-compatible"
_KINDS: Final = ("text", "audio", "image", "video", "pdf")
_ATTACHED: Final = ("audio", "video", "pdf")
_VARIABLE: Final = re.compile(r"\{env:([^}]+)\}")

_KNOWN_KEYS: Final = ("attachment", "modalities.input", "modalities.output", "limit.context", "limit.output")
"""What says something also where no rule can read it: a limit of 0 is one that is not known."""

_KNOWN_PROVIDERS: Final = {
    "anthropic": "anthropic",
    "openai": "openai",
    "google": "gemini_api",
    "groq": "groq",
    "openrouter": "openrouter",
    "cerebras": "cerebras",
    "togetherai": "together_ai",
    "fireworks-ai": "fireworks_ai",
    "huggingface": "huggingface",
    "amazon-bedrock": "amazon_bedrock",
    "google-vertex": "vertex",
    "azure": "azure_openai",
    "siliconflow-cn": "siliconflow_cn",
}
"""opencode's own IDs of providers that are built in here (models.dev, 2026-11)."""


def _variable_of(key: Any) -> str:
    found = _VARIABLE.fullmatch(key) if isinstance(key, str) else None
    return found[1] if found else ""


class OpenCode(Target):
    """opencode. Its own provider IDs carry models and limits of theirs, so that ours are kept apart from them."""

    id: ClassVar[str] = "opencode"
    title: ClassVar[str] = "opencode"
    verified_with: ClassVar[str] = "opencode-ai 1.18.33"
    key_words: ClassVar[str] = "Set {names} in the environment that opencode is started in."
    next_words: ClassVar[str] = "Restart opencode. It lists what it has with: opencode models"
    rules: ClassVar[tuple[FieldRule, ...]] = (
        FieldRule("model_id", "id", note="Left out where it is the model's key."),
        FieldRule("name", "name"),
        FieldRule("base_url", "options.baseURL", note="Of the provider."),
        FieldRule("key", "options.apiKey", write="{{env:{}}}".format, read=_variable_of, note="Of the provider."),
        FieldRule("supports_function_calling", "tool_call", Unset.YES, read=read_boolean),
        FieldRule("supports_structured_output", None),
        FieldRule("structured_output_mode", None),
        FieldRule("reasoning_capable", "reasoning", Unset.NO, read=read_boolean),
        FieldRule("parser", None, note="Thinking in <think> tags stays in the answer."),
        FieldRule(
            "supports_vision",
            "modalities.input",
            Unset.NO,
            write=lambda sees: ["text", "image"] if sees else ["text"],
            read=lambda kinds: "image" in kinds if isinstance(kinds, list) else UNSET,
        ),
        FieldRule(
            "multimodal_mime_types",
            "modalities.input",
            write=lambda types: ["text", *kinds_of(types, _ATTACHED)],
            read=lambda kinds: mime_types_of(kinds) or UNSET,
        ),
        FieldRule("supports_logprobs", None),
        FieldRule("context_tokens", "limit.context", read=read_tokens),
        FieldRule("output_tokens", "limit.output", read=read_tokens, note="opencode wants both limits or none."),
        FieldRule("default_thinking_level", "options.reasoningEffort", read=read_text),
    )

    @override
    def default_path(self) -> Path:
        # All that exist are read and the .jsonc is the last, whose words count.
        folder = dot_config() / "opencode"
        commented = folder / "opencode.jsonc"
        return commented if commented.is_file() else folder / _FILE.name

    @override
    def files(self, models: Sequence[ExportedModel]) -> tuple[TargetFile, ...]:
        return (_FILE,)

    @override
    def fragments(self, models: Sequence[ExportedModel]) -> tuple[Fragment, ...]:
        return tuple(
            fragment
            for group in provider_groups(models, own_provider_id, parts_same_ids=False)
            for fragment in _fragments(group, rules_of_models(self.rules))
        )

    @override
    def clashes(
        self, fragments: Sequence[Fragment], trees: Trees, texts: Mapping[str, str], own: OwnPieces
    ) -> Iterable[Clash]:
        return provider_clashes(fragments, trees, own, 2, [("options", "apiKey")])

    @override
    def read(self, trees: Trees) -> tuple[ReadModel, ...]:
        config = trees.get(_FILE.name, {})
        if not isinstance(config, Mapping):
            raise ValueError("It is not a JSON object.")  # noqa: TRY004 (not the caller's mistake)
        providers = config.get("provider", {})
        _check(providers, dict, "provider")
        return tuple(found for key, provider in providers.items() for found in self._read_provider(key, provider))

    def _read_provider(self, key: str, provider: Any) -> Iterator[ReadModel]:
        _check_keys(provider, _PROVIDER_TYPES, f"provider.{key}")
        options = mapping_in(provider, "options")
        base_url, api_key = text_in(options, "baseURL"), text_in(options, "apiKey")
        at_address = builtin_at(base_url)
        builtin = str(at_address.name) if at_address is not None else None if base_url else _KNOWN_PROVIDERS.get(key)
        read_provider = ReadProvider(
            name=text_in(provider, "name") or key,
            base_url=base_url,
            provider_id=builtin,
            key_variable=_variable_of(api_key),
            holds_key=bool(api_key) and not api_key.startswith(("{env:", "{file:")) and api_key not in PLACEHOLDER_KEYS,
        )
        rules = rules_of_models(self.rules)
        for model_key, model in mapping_in(provider, "models").items():
            place = f"provider.{key}.models.{model_key}"
            _check_keys(model, _MODEL_TYPES, place)
            _check_limit(model, place)
            _check_modalities(model, place)
            values, stated = read_values(rules, model)
            if key in _KNOWN_PROVIDERS:
                # What is left out comes from opencode's own list.
                values = {name: value for name, value in values.items() if name in stated}
            values.setdefault("name", model_key)
            values["model_id"] = text_in(model, "id") or model_key
            if values.get("supports_vision") or values.get("multimodal_mime_types"):
                values["multimodal_capable"] = True
            if values.get("multimodal_mime_types"):
                stated |= {"multimodal_capable"}
            yield ReadModel(
                name=values["name"],
                model_id=values["model_id"],
                provider=read_provider,
                values=values,
                stated=stated,
                not_understood=tuple(keys_not_understood(rules, model, _KNOWN_KEYS)),
                place=("provider", key, "models", model_key),
                file=_FILE.name,
            )

    @override
    def more_losses(self, model: ExportedModel) -> Iterable[Loss]:
        yield from decision_losses(self, model, with_output(model))
        yield from attachment_losses(self, model, _KINDS)

    @override
    def decided(self, model: ExportedModel) -> ExportedModel:
        return with_output(model)


def _fragments(group: ProviderGroup, rules: Sequence[FieldRule]) -> Iterator[Fragment]:
    first, place = group.first, ("provider", group.name)
    yield from group.shared(_FILE.name, place, {"npm": _PACKAGE, "name": first.provider_name})
    options = {"baseURL": first.base_url}
    if first.key_variable:
        options["apiKey"] = f"{{env:{first.key_variable}}}"
    yield from group.shared(_FILE.name, (*place, "options"), options)
    ids = [model.model_id for model in group.models]
    names = names_told_apart(group.models)
    taken = {model_id for model_id in ids if ids.count(model_id) == 1}
    for model in group.models:
        key = model.model_id
        if ids.count(key) > 1:
            key = _free(names[model.entry_id], model, taken)
            taken.add(key)
        yield Fragment(
            _FILE.name, (*place, "models", key), _said(model, key, rules), model.entry_id, f"{group.name}/{key}"
        )


def _free(name: str, model: ExportedModel, taken: set[str]) -> str:
    return name if name not in taken else f"{name} ({model.entry_id[:8]})"


def _said(model: ExportedModel, key: str, rules: Sequence[FieldRule]) -> dict[str, Any]:
    said = said_values(rules, with_output(model))
    if said["id"] == key:
        del said["id"]
    if len(said.get("modalities", {}).get("input", ())) > 1:
        said["attachment"] = True
        said["modalities"]["output"] = ["text"]
    if "limit" in said:
        said["limit"].setdefault("context", 0)  # by which opencode means that it is not known
    return said


_PROVIDER_TYPES: Final = {"npm": str, "name": str, "options": dict, "models": dict, "env": list, "id": str, "api": str}
_MODEL_TYPES: Final = {
    "id": str,
    "name": str,
    "tool_call": bool,
    "reasoning": bool,
    "attachment": bool,
    "temperature": bool,
    "modalities": dict,
    "modalities.input": list,
    "modalities.output": list,
    "limit": dict,
    "options": dict,
    "headers": dict,
}


def _check(value: Any, kind: type, place: str) -> None:
    if not isinstance(value, kind):
        words = {str: "a text", bool: "true or false", dict: "an object", list: "a list"}
        raise ValueError(f"“{place}” is not {words[kind]}.")  # noqa: TRY004 (not the caller's mistake)


def _check_keys(mapping: Any, types: Mapping[str, type], place: str) -> None:
    _check(mapping, dict, place)
    for dotted, kind in types.items():
        *outer, last = dotted.split(".")
        held = mapping_in(mapping, outer[0]) if outer else mapping
        if last in held:
            _check(held[last], kind, f"{place}.{dotted}")


def _check_limit(model: Mapping[str, Any], place: str) -> None:
    limit = model.get("limit")
    if limit is None:
        return
    for key in ("context", "output"):
        number = limit.get(key)
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise ValueError(f"“{place}.limit” needs both context and output as numbers.")  # noqa: TRY004


def _check_modalities(model: Mapping[str, Any], place: str) -> None:
    for side in ("input", "output"):
        unknown = [kind for kind in mapping_in(model, "modalities").get(side, ()) if kind not in _KINDS]
        if unknown:
            raise ValueError(f"“{place}.modalities.{side}” names something that opencode does not know.")
