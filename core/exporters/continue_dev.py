"""Continue: `config.yaml`, one row a model."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final

from typing_extensions import override

from core.exporters.addresses import PLACEHOLDER_KEYS, builtin_at, effort_body, read_effort
from core.exporters.foreign_data import mapping_of, read_boolean, read_text, read_tokens, rows_at, text_at
from core.exporters.places import Row, value_at
from core.exporters.shape import (
    FieldRule,
    Format,
    Fragment,
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
from core.field_specs import UNSET
from core.providers import PROVIDER_BY_ID, ModelProviderName

_FILE: Final = TargetFile("config.yaml", Format.YAML, "name: Local Config\nversion: 1.0.0\nschema: v1\n")
_SECRET: Final = re.compile(r"\$\{\{\s*secrets\.([\w./-]+)\s*\}\}")
_ROLES: Final = frozenset({"chat", "autocomplete", "embed", "rerank", "edit", "apply", "summarize", "subagent"})
_WITHOUT_ANSWERS: Final = frozenset({"embed", "rerank"})

_P = ModelProviderName
_PROVIDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "openai": _P.openai, "anthropic": _P.anthropic, "gemini": _P.gemini_api, "ollama": _P.ollama,
        "openrouter": _P.openrouter, "groq": _P.groq, "together": _P.together_ai, "azure": _P.azure_openai,
        "bedrock": _P.amazon_bedrock, "vertexai": _P.vertex, "cerebras": _P.cerebras, "siliconflow": _P.siliconflow_cn,
        "docker": _P.docker_model_runner,
    }
)  # fmt: skip
"""Continue's own names of providers, where Muster has them too."""


def _write_capability(name: str) -> Callable[[Any], Any]:
    return lambda value: [name] if value else []


def _read_capability(name: str) -> Callable[[Any], Any]:
    return lambda listed: name in listed if isinstance(listed, list) else UNSET


_ALL_OR_NOTHING: Final = (
    "Continue guesses from the model’s name where there is no list; one that is there turns off all else."
)

_PLACES: Final = (
    FieldRule("name", "name"),
    FieldRule("model_id", "model"),
    FieldRule("base_url", "apiBase"),
    FieldRule("key", "apiKey", write=lambda name: f"${{{{ secrets.{name} }}}}", note="In ~/.continue/.env."),
)
_VALUES: Final = (
    FieldRule(
        "supports_function_calling", "capabilities", Unset.GUESSED, _write_capability("tool_use"),
        _read_capability("tool_use"), always=True, note=_ALL_OR_NOTHING,
    ),
    FieldRule("supports_structured_output", None),
    FieldRule("structured_output_mode", None),
    FieldRule("reasoning_capable", "defaultCompletionOptions.reasoning", Unset.NO, read=read_boolean),
    FieldRule("parser", None),
    FieldRule(
        "supports_vision", "capabilities", Unset.GUESSED, _write_capability("image_input"),
        _read_capability("image_input"), always=True, note=_ALL_OR_NOTHING,
    ),
    FieldRule("multimodal_mime_types", None),
    FieldRule("supports_logprobs", None),
    FieldRule("context_tokens", "defaultCompletionOptions.contextLength", read=read_tokens),
    FieldRule("output_tokens", "defaultCompletionOptions.maxTokens", read=read_tokens),
)  # fmt: skip
_EFFORT: Final = (
    FieldRule("default_thinking_level", "requestOptions.extraBodyProperties.reasoning_effort", read=read_text),
    FieldRule("openrouter_reasoning_object", None, note="A default thinking level is written in that form."),
)


class Continue(Target):
    """Continue. Every model goes by its OpenAI-compatible address."""

    id: ClassVar[str] = "continue"
    title: ClassVar[str] = "Continue"
    verified_with: ClassVar[str] = "@continuedev/config-yaml 1.42.0"
    names_providers: ClassVar[bool] = False
    key_words: ClassVar[str] = "Put {names} into ~/.continue/.env."
    next_words: ClassVar[str] = "Reload the window of your editor."
    rules: ClassVar[tuple[FieldRule, ...]] = (*_PLACES, *_VALUES, *_EFFORT)

    @override
    def default_path(self) -> Path:
        chosen = os.environ.get("CONTINUE_GLOBAL_DIR")
        return (Path(chosen).expanduser() if chosen else Path.home() / ".continue") / _FILE.name

    @override
    def files(self, models: Sequence[ExportedModel]) -> tuple[TargetFile, ...]:
        return (_FILE,)

    @override
    def names_there(self, models: Sequence[ExportedModel]) -> Mapping[str, str]:
        return names_told_apart(models)

    @override
    def fragments(self, models: Sequence[ExportedModel]) -> tuple[Fragment, ...]:
        names = self.names_there(models)
        fragments = []
        for model in models:
            name = names[model.entry_id]
            value = {"name": name, "provider": "openai", **said_values((*_PLACES, *_VALUES), model)} | {"name": name}
            body = effort_body(model)
            if body:
                value["requestOptions"] = {"extraBodyProperties": body}
            fragments.append(Fragment(_FILE.name, ("models", Row.of(name=name)), value, model.entry_id, name))
        return tuple(fragments)

    @override
    def read(self, trees: Trees) -> tuple[ReadModel, ...]:
        tree = mapping_of(trees.get(_FILE.name))
        for required in ("name", "version"):
            if not text_at(tree, required):
                raise ValueError(f"It has no {required} at its top.")
        rows = [(number, row) for number, row in enumerate(rows_at(tree, "models"), start=1) if row is not None]
        return tuple(_read(row) for number, row in rows if _has_answers(number, row))


def _has_answers(number: int, row: Any) -> bool:
    """Whether it is a model that can be asked something.

    Raises:
        ValueError: Continue refuses it, and the file with it.
    """
    if isinstance(row, Mapping) and "uses" in row:
        return False  # a block from elsewhere
    for required in ("name", "provider", "model"):
        if not isinstance(value_at(row, required), str):
            words = f"Model {number} has no {required}, or it is not text."
            raise ValueError(words)  # noqa: TRY004 (not the caller's mistake)
    roles, capabilities = row.get("roles"), row.get("capabilities", [])
    if roles is not None and (not isinstance(roles, list) or not all(str(role) in _ROLES for role in roles)):
        raise ValueError(f"Model {number} has a role that Continue does not know.")
    if not isinstance(capabilities, list):
        raise ValueError(f"The capabilities of model {number} are not a list.")  # noqa: TRY004 (not the caller's mistake)
    return not roles or not _WITHOUT_ANSWERS.issuperset(roles)


def _read(row: Mapping[str, Any]) -> ReadModel:
    values, stated = read_values(_VALUES, row)
    effort = read_effort(value_at(row, "requestOptions.extraBodyProperties"))
    known = ("provider", "requestOptions.extraBodyProperties.reasoning.effort")
    return ReadModel(
        name=row["name"],
        model_id=row["model"],
        provider=_provider(row),
        values=values | effort,
        stated=stated | effort.keys(),
        not_understood=tuple(keys_not_understood(Continue.rules, row, known)),
        place=("models", Row.of(name=row["name"])),
        file=_FILE.name,
    )


def _provider(row: Mapping[str, Any]) -> ReadProvider:
    base_url, key = text_at(row, "apiBase"), text_at(row, "apiKey")
    secret = _SECRET.fullmatch(key)
    known = builtin_at(base_url) if base_url else PROVIDER_BY_ID.get(_PROVIDERS.get(row["provider"], ""))
    if known is None and base_url and row["provider"] != "openai":
        known = PROVIDER_BY_ID.get(_PROVIDERS.get(row["provider"], ""))
    return ReadProvider(
        name=known.display_name if known is not None else "",
        base_url=base_url,
        provider_id=str(known.name) if known is not None else None,
        key_variable=secret[1] if secret else "",
        holds_key=bool(key) and not secret and key not in PLACEHOLDER_KEYS,
    )
