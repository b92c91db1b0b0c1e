"""Zed: OpenAI-compatible providers in `settings.json`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from typing_extensions import override

from core.exporters.addresses import builtin_at
from core.exporters.decided_limits import decision_losses, with_context
from core.exporters.foreign_data import mapping_in, read_boolean, read_text, read_tokens
from core.exporters.places import Row
from core.exporters.provider_groups import provider_clashes, provider_groups, rules_of_models
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
from core.exporters.subject import ExportedModel
from core.exporters.tool_folders import dot_config, roaming
from core.field_specs import UNSET

_FILE: Final = TargetFile("settings.json", Format.JSON, "{\n}\n")
_SECTION: Final = ("language_models", "openai_compatible")
_EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_CAPABILITIES: Final[Mapping[str, bool]] = {
    "tools": True,
    "images": False,
    "parallel_tool_calls": False,
    "prompt_cache_key": False,
}
"""What `capabilities` must hold, all of it, and what each is without it."""

_IDS_OF_ZED: Final = frozenset(
    {
        "amazon-bedrock", "anthropic", "copilot_chat", "deepseek", "google", "lmstudio", "mistral", "ollama", "openai",
        "opencode", "openrouter", "vercel", "vercel_ai_gateway", "x_ai", "zed.dev",
    }
)  # fmt: skip
"""IDs of Zed's own providers, which a provider of that name would replace (source, 2026-11)."""

_SINCE: Final = "Zed will have it said"
_OURS: Final = " (Muster)"


class Zed(Target):
    """Zed. It shows a provider by its key in the file, and takes the key's variable from that name."""

    id: ClassVar[str] = "zed"
    title: ClassVar[str] = "Zed"
    verified_with: ClassVar[str] = "Zed's source, 2026-11"
    key_words: ClassVar[str] = (
        "Type the keys into Zed’s settings of its providers, or set {names} where Zed is started."
    )
    next_words: ClassVar[str] = "Choose a model in Zed’s agent panel. If it is not there, restart Zed."
    rules: ClassVar[tuple[FieldRule, ...]] = (
        FieldRule("model_id", "name"),
        FieldRule("name", "display_name"),
        FieldRule("base_url", "api_url", note="Of the provider."),
        FieldRule("key", None, note="In the system's keychain, or a variable named after the provider."),
        FieldRule("supports_function_calling", "capabilities.tools", Unset.YES, read=read_boolean),
        FieldRule("supports_structured_output", None),
        FieldRule("structured_output_mode", None),
        FieldRule("reasoning_capable", None, note="Reasoning that the server separates is shown."),
        FieldRule("parser", None, note="Thinking in <think> tags stays in the answer."),
        FieldRule(
            "supports_vision",
            "capabilities.images",
            Unset.NO,
            read=read_boolean,
            always=True,
            since=_SINCE,
        ),
        FieldRule("multimodal_mime_types", None, note="Pictures follow Supports Vision."),
        FieldRule("supports_logprobs", None),
        FieldRule("context_tokens", "max_tokens", read=read_tokens, note="Zed will have a number."),
        FieldRule("output_tokens", "max_output_tokens", read=read_tokens),
        FieldRule(
            "default_thinking_level",
            "reasoning_effort",
            write=lambda level: level if level in _EFFORTS else UNSET,
            read=read_text,
        ),
    )

    @override
    def default_path(self) -> Path:
        if sys.platform == "win32":
            return roaming() / "Zed" / _FILE.name
        folder = Path.home() / ".config" if sys.platform == "darwin" else dot_config()
        return folder / "zed" / _FILE.name

    @override
    def files(self, models: Sequence[ExportedModel]) -> tuple[TargetFile, ...]:
        return (_FILE,)

    @override
    def variables(self, model: ExportedModel) -> tuple[str, ...]:
        return (key_variable_of(_provider_key(model)),) if model.key_variable else ()

    @override
    def fragments(self, models: Sequence[ExportedModel]) -> tuple[Fragment, ...]:
        rules = rules_of_models(self.rules)
        fragments: list[Fragment] = []
        for group in provider_groups(models, _provider_key, between=" "):
            place = (*_SECTION, group.name)
            fragments += group.shared(_FILE.name, place, {"api_url": group.first.base_url})
            for model in group.models:
                said = said_values(rules, with_context(model))
                said["capabilities"] = {**_CAPABILITIES, **said.get("capabilities", {})}
                row = Row.of(name=model.model_id)
                name = f"{group.name}/{model.model_id}"
                fragments.append(Fragment(_FILE.name, (*place, "available_models", row), said, model.entry_id, name))
        return tuple(fragments)

    @override
    def clashes(
        self, fragments: Sequence[Fragment], trees: Trees, texts: Mapping[str, str], own: OwnPieces
    ) -> Iterable[Clash]:
        return provider_clashes(fragments, trees, own, 3)

    @override
    def read(self, trees: Trees) -> tuple[ReadModel, ...]:
        settings = trees.get(_FILE.name, {})
        if not isinstance(settings, Mapping):
            raise ValueError("It is not a JSON object.")  # noqa: TRY004 (not the caller's mistake)
        providers = mapping_in(mapping_in(settings, _SECTION[0]), _SECTION[1])
        for key, provider in providers.items():
            if fault := _fault(provider):
                words = f"“{'.'.join(_SECTION)}.{key}” {fault}: Zed leaves out all of {_SECTION[1]} for it."
                raise ValueError(words)
        return tuple(found for key, provider in providers.items() for found in self._read_provider(key, provider))

    def _read_provider(self, key: str, provider: Any) -> Iterator[ReadModel]:
        base_url = provider["api_url"]
        builtin = builtin_at(base_url)
        rules = rules_of_models(self.rules)
        for row in provider["available_models"]:
            values, stated = read_values(rules, row)
            if values.get("supports_vision"):
                values["multimodal_capable"] = True
            values.setdefault("name", row["name"])
            yield ReadModel(
                name=values["name"],
                model_id=row["name"],
                provider=ReadProvider(
                    _provider_name(key),
                    base_url,
                    str(builtin.name) if builtin is not None else None,
                    key_variable_of(key),
                ),
                values=values,
                stated=stated,
                not_understood=tuple(
                    keys_not_understood(rules, row, [f"capabilities.{name}" for name in _CAPABILITIES])
                ),
                place=(*_SECTION, key, "available_models", Row.of(name=row["name"])),
                file=_FILE.name,
            )

    @override
    def more_losses(self, model: ExportedModel) -> Iterable[Loss]:
        yield from decision_losses(self, model, with_context(model))
        variable = key_variable_of(_provider_key(model))
        if not model.key_variable:
            words = "Zed asks for a key here too, although the endpoint wants none: type any text."
            yield Loss(model.name, "key", words)
        elif variable != model.key_variable:
            words = f"Zed takes the key from its keychain or from {variable}, and not from {model.key_variable}."
            yield Loss(model.name, "key", words)

    @override
    def losses_together(self, models: Sequence[ExportedModel]) -> Iterable[tuple[str, Loss]]:
        for group in provider_groups(models, _provider_key, between=" "):
            if group.name == _provider_key(group.first):
                continue
            variable = key_variable_of(group.name)
            for model in group.models:
                words = f"It stands below “{group.name}”, for which Zed takes a key of its own, from {variable}."
                yield model.entry_id, Loss(model.name, "key", words)

    @override
    def decided(self, model: ExportedModel) -> ExportedModel:
        return with_context(model)


def _provider_key(model: ExportedModel) -> str:
    name = model.provider_name
    return f"{name}{_OURS}" if name in _IDS_OF_ZED else name


def _provider_name(key: str) -> str:
    name = key.removesuffix(_OURS)
    return name if name in _IDS_OF_ZED else key


def _fault(provider: Any) -> str:
    """What Zed does not take in a provider, in words; "" where it takes all."""
    if not isinstance(provider, Mapping) or not isinstance(provider.get("api_url"), str):
        return "has no api_url"
    if not isinstance(provider.get("available_models"), list):
        return "has no list of available_models"
    return next((fault for row in provider["available_models"] if (fault := _fault_of_row(row))), "")


def _fault_of_row(row: Any) -> str:
    if not isinstance(row, Mapping) or not isinstance(row.get("name"), str):
        return "has a model without a name"
    tokens = row.get("max_tokens")
    if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 0:
        return f"has no max_tokens for {row['name']}"
    stated = row.get("capabilities", dict(_CAPABILITIES))
    if not isinstance(stated, Mapping) or not all(isinstance(stated.get(key), bool) for key in _CAPABILITIES):
        return f"does not say all capabilities of {row['name']}"
    return ""


def key_variable_of(provider: str) -> str:
    """The variable that Zed reads a provider's key from: the name's words in upper case."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+", f"{provider}_API_KEY")
    return "_".join(words).upper()
