"""Aider: `.aider.model.settings.yml` and `.aider.model.metadata.json`, each with one entry a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from typing_extensions import override

from core.catalogue import catalogue
from core.exporters.addresses import (
    effort_arguments,
    own_address,
    place_of,
    placeholder_key,
    read_effort,
    route_of,
    row_of,
)
from core.exporters.foreign_data import mapping_of, read_text, read_tokens, read_true, text_at
from core.exporters.places import Row, value_at
from core.exporters.shape import (
    FieldRule,
    Format,
    Fragment,
    Loss,
    ReadModel,
    Target,
    TargetFile,
    Trees,
    Unset,
    keys_not_understood,
    read_values,
    said_values,
)
from core.exporters.subject import ExportedModel
from core.field_specs import UNSET
from core.providers import ModelProviderName

_SETTINGS_FILE: Final = TargetFile(".aider.model.settings.yml", Format.YAML)
_METADATA_FILE: Final = TargetFile(".aider.model.metadata.json", Format.JSON)

_KNOWN_SETTINGS: Final = frozenset(
    {
        "name", "edit_format", "weak_model_name", "use_repo_map", "send_undo_reply", "lazy", "overeager", "reminder",
        "examples_as_sys_msg", "extra_params", "cache_control", "caches_by_default", "use_system_prompt",
        "use_temperature", "streaming", "editor_model_name", "editor_edit_format", "reasoning_tag", "remove_reasoning",
        "system_prompt_prefix", "accepts_settings",
    }
)  # fmt: skip
"""All that a row may have (aider-chat 0.86.2, `ModelSettings`): another key and Aider refuses the file."""

_OTHER_VARIABLES: Final[Mapping[str, str]] = {
    ModelProviderName.azure_openai: "AZURE_API_KEY, AZURE_API_BASE and AZURE_API_VERSION",
    ModelProviderName.vertex: "VERTEXAI_PROJECT and VERTEXAI_LOCATION",
}
"""Where litellm, and so Aider, looks for other variables than Muster does."""


def _write_tag(parser: Any) -> Any:
    return "think" if parser in ("r1_thinking", "optional_r1_thinking") else UNSET


def _read_tag(tag: Any) -> Any:
    return "optional_r1_thinking" if tag == "think" else UNSET


def _write_effort_setting(thinks: Any) -> Any:
    return ["reasoning_effort"] if thinks is True else UNSET


def _read_effort_setting(accepted: Any) -> bool:
    return isinstance(accepted, list) and bool({"reasoning_effort", "thinking_tokens"}.intersection(map(str, accepted)))


_PLACES: Final = (
    FieldRule("name", "name", note="litellm’s model string, openai/ID; a second model of it gets a name of its own."),
    FieldRule("model_id", "extra_params.model", note="Only where the name is not openai/ID."),
    FieldRule("base_url", "extra_params.api_base", note="Left out where litellm knows the address."),
    FieldRule("key", None, note="From the environment: OPENAI_API_KEY for everything that is openai/."),
)
_SETTINGS: Final = (
    FieldRule(
        "reasoning_capable", "accepts_settings", Unset.NO, write=_write_effort_setting, read=_read_effort_setting
    ),
    FieldRule("parser", "reasoning_tag", write=_write_tag, read=_read_tag, note="The block may always be missing."),
)
_EFFORT: Final = (
    FieldRule("default_thinking_level", "extra_params.extra_body.reasoning_effort", read=read_text),
    FieldRule("openrouter_reasoning_object", None, note="A default thinking level is written in that form."),
)
_SINCE: Final = "Aider may take what is left out from litellm’s own list"
_METADATA: Final = (
    FieldRule(
        "supports_function_calling", "supports_function_calling", Unset.NO, read=read_true, always=True, since=_SINCE
    ),
    FieldRule("structured_output_mode", None),
    FieldRule("supports_structured_output", None),
    FieldRule("supports_vision", "supports_vision", Unset.NO, read=read_true, always=True, since=_SINCE),
    FieldRule("multimodal_mime_types", None),
    FieldRule("supports_logprobs", None),
    FieldRule("context_tokens", "max_input_tokens", read=read_tokens),
    FieldRule("output_tokens", "max_output_tokens", read=read_tokens),
)
_UNDERSTOOD_SETTINGS: Final = (
    "extra_params.api_key",
    "extra_params.reasoning_effort",
    "extra_params.extra_body.reasoning.effort",
)


class Aider(Target):
    """Aider. Its settings are one list for all models, and a key that it does not know refuses all of it."""

    id: ClassVar[str] = "aider"
    title: ClassVar[str] = "Aider"
    verified_with: ClassVar[str] = "aider-chat 0.86.2"
    names_providers: ClassVar[bool] = False
    key_words: ClassVar[str] = "Aider reads keys from its environment, or from a file .env: {names}."
    name_words: ClassVar[str] = "{title} calls it by its ID, “{name}”."
    next_words: ClassVar[str] = "Start it with: aider --model {name}"
    rules: ClassVar[tuple[FieldRule, ...]] = (*_PLACES, *_METADATA, *_SETTINGS, *_EFFORT)
    is_folder: ClassVar[bool] = True

    @override
    def default_path(self) -> Path:
        """The home folder; files in the git root and in the folder that Aider is started in come after it."""
        return Path.home()

    @override
    def files(self, models: Sequence[ExportedModel]) -> tuple[TargetFile, ...]:
        return (_SETTINGS_FILE, _METADATA_FILE)

    @override
    def is_spent(self, tree: Any) -> bool:
        # A settings file with nothing but comments is one that Aider cannot read.
        return not tree

    @override
    def refuses(self, model: ExportedModel) -> str:
        return "" if model.litellm_model else f"Aider has no way to {model.provider_name}."

    @override
    def variables(self, model: ExportedModel) -> tuple[str, ...]:
        return ("OPENAI_API_KEY",) if route_of(model) == "openai" and model.key_variable else super().variables(model)

    @override
    def names_there(self, models: Sequence[ExportedModel]) -> Mapping[str, str]:
        names = _names(models)
        return {model.entry_id: _shown_name(names[model.entry_id]) for model in models}

    @override
    def fragments(self, models: Sequence[ExportedModel]) -> tuple[Fragment, ...]:
        names = _names(models)
        fragments = []
        for model in models:
            name = names[model.entry_id]
            settings = _settings(model, name)
            if settings:
                value = {"name": name, **settings}
                fragments.append(Fragment(_SETTINGS_FILE.name, (Row.of(name=name),), value, model.entry_id, name))
            metadata = {"litellm_provider": route_of(model), "mode": "chat", **said_values(_METADATA, model)}
            fragments.append(Fragment(_METADATA_FILE.name, (name,), metadata, model.entry_id, name))
        return tuple(fragments)

    @override
    def read(self, trees: Trees) -> tuple[ReadModel, ...]:
        rows = _rows(trees)
        facts = mapping_of(trees.get(_METADATA_FILE.name), "The metadata are not a mapping from names to models.")
        names = dict.fromkeys([*rows, *map(str, facts)])
        return tuple(_read(name, rows.get(name), facts.get(name)) for name in names)

    @override
    def more_losses(self, model: ExportedModel) -> Iterable[Loss]:
        row = row_of(model)
        if model.key_variable and route_of(model) == "openai" and model.key_variable != "OPENAI_API_KEY":
            yield Loss(
                model.name,
                "key",
                "Aider takes one key for everything that is openai/: OPENAI_API_KEY, "
                f"and not {model.key_variable}. It is sent to {model.provider_name}.",
            )
        elif row is not None and row.name in _OTHER_VARIABLES:
            yield Loss(model.name, "key", f"Aider is told of it by other variables: {_OTHER_VARIABLES[row.name]}.")
        if model.value("parser") == "r1_thinking":
            yield Loss(model.name, "parser", "Aider takes the <think> block off and does not mind when it is missing.")
        if _settings(model, model.litellm_model):
            yield Loss(
                model.name,
                "name",
                "With settings of its own, what Aider knows of models of such names no longer counts: its edit format "
                "is “whole” and there is no repo map, unless you add edit_format and use_repo_map to it.",
            )
        listed = route_of(model) if row is None else str(row.name)
        if model.model_id in catalogue().get(listed, {}):
            yield Loss(
                model.name,
                "model_id",
                "litellm’s own list has a model of this name: Aider may take its limits and vision from there instead.",
            )


def _names(models: Sequence[ExportedModel]) -> Mapping[str, str]:
    """Entry ID → Aider's name: litellm's model string, and for further models of the same one their display names."""
    strings = {model.litellm_model for model in models}
    names: dict[str, str] = {}
    taken: set[str] = set()
    for model in models:
        candidates = [model.litellm_model]
        for shown in (model.name, f"{model.name} ({model.provider_name})", f"{model.name} ({model.entry_id})"):
            candidate = f"{route_of(model)}/{shown}"
            if candidate not in strings:
                candidates.append(candidate)
        names[model.entry_id] = next((name for name in candidates if name not in taken), candidates[-1])
        taken.add(names[model.entry_id])
    return names


def _shown_name(name: str) -> str:
    """What comes after litellm’s prefix in one of Aider’s names."""
    return name.partition("/")[2] or name


def _settings(model: ExportedModel, name: str) -> dict[str, Any]:
    """What Aider has to be told beside what it knows; empty where that is nothing."""
    extra: dict[str, Any] = {}
    if name != model.litellm_model:
        extra["model"] = model.litellm_model
    address = own_address(model)
    if address:
        extra["api_base"] = address
    placeholder = placeholder_key(model)
    if placeholder:
        # Without it OPENAI_API_KEY would go to an endpoint that wants no key.
        extra["api_key"] = placeholder
    extra |= effort_arguments(model)
    return {**({"extra_params": extra} if extra else {}), **said_values(_SETTINGS, model)}


def _rows(trees: Trees) -> dict[str, Mapping[str, Any]]:
    """The settings by name, of several rows of one name the last."""
    rows = trees.get(_SETTINGS_FILE.name, [])
    if not isinstance(rows, list):
        raise ValueError("The settings are not a list of models.")  # noqa: TRY004 (not the caller's mistake)
    found: dict[str, Mapping[str, Any]] = {}
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping) or "name" not in row:
            raise ValueError(f"Row {number} of the settings has no name.")
        unknown = [str(key) for key in row if key not in _KNOWN_SETTINGS]
        if unknown:
            raise ValueError(f"Row {number} of the settings has a key that Aider does not know: {unknown[0]}.")
        found[str(row["name"])] = row
    return found


def _read(name: str, row: Mapping[str, Any] | None, facts: Any) -> ReadModel:
    row, place, file = (
        ({}, (name,), _METADATA_FILE.name) if row is None else (row, (Row.of(name=name),), _SETTINGS_FILE.name)
    )
    facts = facts if isinstance(facts, Mapping) else {}
    string = text_at(row, "extra_params.model") or name
    model_id, provider = place_of(
        string, text_at(row, "extra_params.api_base"), key=value_at(row, "extra_params.api_key")
    )
    told, told_stated = read_values(_SETTINGS, row)
    known, known_stated = read_values(_METADATA, facts)
    effort = read_effort(value_at(row, "extra_params.extra_body"), value_at(row, "extra_params"))
    not_understood = [
        *keys_not_understood((*_PLACES, *_SETTINGS, *_EFFORT), row, _UNDERSTOOD_SETTINGS),
        *keys_not_understood(_METADATA, facts, ("litellm_provider", "mode")),
    ]
    return ReadModel(
        name=model_id if string == name else _shown_name(name),
        model_id=model_id,
        provider=provider,
        values=known | told | effort,
        stated=told_stated | known_stated | effort.keys(),
        not_understood=tuple(not_understood),
        place=place,
        file=file,
    )
