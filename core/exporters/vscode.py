"""VS Code: groups of models of one's own endpoints in `chatLanguageModels.json`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from typing_extensions import override

from core.exporters.addresses import builtin_at
from core.exporters.decided_limits import decision_losses, with_room
from core.exporters.foreign_data import list_in, read_boolean, read_tokens, text_in
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
from core.exporters.tool_folders import application_settings
from core.field_specs import UNSET

_FILE: Final = TargetFile("chatLanguageModels.json", Format.JSON, "[\n]\n")
_VENDOR: Final = "customendpoint"
_CALLS: Final = "/chat/completions"
_PATHS: Final = (_CALLS, "/responses", "/messages")
_SINCE: Final = "VS Code will have it said"
_INPUT: Final = re.compile(r"\$\{input:(.+)\}")


def _variable_of(key: Any) -> str:
    found = _INPUT.fullmatch(key) if isinstance(key, str) else None
    return found[1] if found else ""


def call_url(base_url: str) -> str:
    """The address as VS Code completes it to what is called here: only one that ends in a version is left as it is."""
    if any(path in base_url for path in _PATHS) or not re.search(r"/v\d+/?$", base_url):
        return f"{base_url.rstrip('/')}{_CALLS}"
    return base_url


def base_of(url: str) -> str:
    """The OpenAI-compatible base URL of what VS Code calls."""
    plain = url.rstrip("/")
    if plain.endswith(_CALLS):
        return plain.removesuffix(_CALLS)
    if any(path in url for path in _PATHS) or re.search(r"/v\d+$", plain):
        return url
    return f"{plain}/v1"


class VsCode(Target):
    """VS Code's own chat. A model needs both its limits there."""

    id: ClassVar[str] = "vscode"
    title: ClassVar[str] = "VS Code"
    verified_with: ClassVar[str] = "VS Code's source, 2026-11"
    key_words: ClassVar[str] = "VS Code asks for keys once and keeps them itself: {names}."
    next_words: ClassVar[str] = "Choose a model in VS Code’s chat. If it is not there, restart VS Code."
    rules: ClassVar[tuple[FieldRule, ...]] = (
        FieldRule("model_id", "id"),
        FieldRule("name", "name"),
        FieldRule("base_url", "url"),
        FieldRule(
            "key",
            "apiKey",
            write="${{input:{}}}".format,
            read=_variable_of,
            note="VS Code asks for the key once and keeps it in its secret storage.",
        ),
        FieldRule(
            "supports_function_calling",
            "toolCalling",
            Unset.NO,
            read=read_boolean,
            always=True,
            since=_SINCE,
        ),
        FieldRule("supports_structured_output", None),
        FieldRule("structured_output_mode", None),
        FieldRule("reasoning_capable", "thinking", Unset.NO, read=read_boolean),
        FieldRule("parser", None, note="Thinking in <think> tags stays in the answer."),
        FieldRule("supports_vision", "vision", Unset.NO, read=read_boolean, always=True, since=_SINCE),
        FieldRule("multimodal_mime_types", None, note="Pictures follow Supports Vision."),
        FieldRule("supports_logprobs", None),
        FieldRule("context_tokens", "maxInputTokens", read=read_tokens, note="Less maxOutputTokens."),
        FieldRule("output_tokens", "maxOutputTokens", read=read_tokens),
        FieldRule(
            "available_thinking_levels",
            "supportsReasoningEffort",
            write=lambda levels: list(dict.fromkeys(levels.values())) or UNSET,
            read=lambda levels: (
                {level: level for level in levels if isinstance(level, str)} or UNSET
                if isinstance(levels, list)
                else UNSET
            ),
        ),
        FieldRule("default_thinking_level", None, note="It is chosen in VS Code."),
    )

    @override
    def default_path(self) -> Path:
        settings = application_settings()
        folders = [settings / name / "User" for name in ("Code", "Code - Insiders")]
        folder = next((folder for folder in folders if folder.is_dir()), folders[0])
        return folder / _FILE.name

    @override
    def files(self, models: Sequence[ExportedModel]) -> tuple[TargetFile, ...]:
        return (_FILE,)

    @override
    def fragments(self, models: Sequence[ExportedModel]) -> tuple[Fragment, ...]:
        fragments: list[Fragment] = []
        for group in provider_groups(models, lambda model: model.provider_name, between=" "):
            place = (Row.of(vendor=_VENDOR, name=group.name),)
            shared = {"apiType": "chat-completions"}
            if group.first.key_variable:
                shared["apiKey"] = f"${{input:{group.first.key_variable}}}"
            fragments += group.shared(_FILE.name, place, shared)
            fragments += [
                Fragment(
                    _FILE.name,
                    (*place, "models", Row.of(id=model.model_id)),
                    self._said(with_room(model)),
                    model.entry_id,
                    f"{group.name}/{model.model_id}",
                )
                for model in group.models
            ]
        return tuple(fragments)

    def _said(self, model: ExportedModel) -> dict[str, Any]:
        said = said_values(rules_of_models(self.rules), model)
        said["maxInputTokens"] -= said["maxOutputTokens"]
        return {"id": said["id"], "name": said["name"], "url": call_url(model.base_url), **said}

    @override
    def clashes(
        self, fragments: Sequence[Fragment], trees: Trees, texts: Mapping[str, str], own: OwnPieces
    ) -> Iterable[Clash]:
        return provider_clashes(fragments, trees, own, 1, [("apiKey",), ("url",)])

    @override
    def read(self, trees: Trees) -> tuple[ReadModel, ...]:
        groups = trees.get(_FILE.name, [])
        if not isinstance(groups, list):
            raise ValueError("It is not a list of groups of models.")  # noqa: TRY004 (not the caller's mistake)
        return tuple(
            found
            for group in groups
            if text_in(group, "vendor") == _VENDOR
            and text_in(group, "name")
            # With an address of its own it lists what that has, and none of its models.
            and not text_in(group, "url")
            for row in list_in(group, "models")
            if all(text_in(row, key) for key in ("id", "name", "url"))
            for found in self._read_row(group, row)
        )

    def _read_row(self, group: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[ReadModel]:
        rules = rules_of_models(self.rules)
        values, stated = read_values(rules, {**row, "maxInputTokens": _context_of(row)})
        if values.get("supports_vision"):
            values["multimodal_capable"] = True
        key = text_in(group, "apiKey")
        builtin = builtin_at(base_of(row["url"]))
        yield ReadModel(
            name=row["name"],
            model_id=row["id"],
            provider=ReadProvider(
                text_in(group, "name"),
                base_of(row["url"]),
                str(builtin.name) if builtin is not None else None,
                _variable_of(key),
                holds_key=bool(key) and not _variable_of(key),
            ),
            values=values,
            stated=stated,
            not_understood=tuple(keys_not_understood(rules, row, ("url", "contextWindow"))),
            place=(Row.of(vendor=_VENDOR, name=group["name"]), "models", Row.of(id=row["id"])),
            file=_FILE.name,
        )

    @override
    def more_losses(self, model: ExportedModel) -> Iterable[Loss]:
        return decision_losses(self, model, with_room(model))

    @override
    def decided(self, model: ExportedModel) -> ExportedModel:
        return with_room(model)


def _context_of(row: Mapping[str, Any]) -> Any:
    """The whole window, of which VS Code's files may state the part for questions alone."""
    window, room, answer = (read_tokens(row.get(key)) for key in ("contextWindow", "maxInputTokens", "maxOutputTokens"))
    if window is not UNSET or room is UNSET:
        return window
    return room + (answer if answer is not UNSET else 0)
