"""llm: `extra-openai-models.yaml`, one row a model."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from typing_extensions import override

from core.exporters.foreign_data import list_in, read_true
from core.exporters.places import Item, Place, Row
from core.exporters.shape import (
    Clash,
    FieldRule,
    Format,
    Fragment,
    OwnPieces,
    ReadModel,
    ReadProvider,
    Target,
    TargetFile,
    Trees,
    Unset,
    is_named_anew,
    keys_not_understood,
    read_values,
    said_values,
)
from core.exporters.subject import ExportedModel, names_told_apart

_FILE = TargetFile("extra-openai-models.yaml", Format.YAML)


class Llm(Target):
    """Simon Willison's `llm`. A boolean counts there only when it is literally true."""

    id: ClassVar[str] = "llm"
    title: ClassVar[str] = "llm"
    verified_with: ClassVar[str] = "llm 0.36"
    names_providers: ClassVar[bool] = False
    key_words: ClassVar[str] = "Give llm its keys with “llm keys set NAME”: {names}."
    next_words: ClassVar[str] = "Ask with: llm -m {name}"
    rules: ClassVar[tuple[FieldRule, ...]] = (
        FieldRule("name", "model_id", note="What -m takes."),
        FieldRule("model_id", "model_name"),
        FieldRule("base_url", "api_base"),
        FieldRule("key", "api_key_name", note="A name in llm's own keys: llm keys set NAME."),
        FieldRule("supports_function_calling", "supports_tools", Unset.NO, read=read_true),
        FieldRule("supports_structured_output", "supports_schema", Unset.NO, read=read_true),
        FieldRule("structured_output_mode", None),
        FieldRule("reasoning_capable", "reasoning", Unset.NO, read=read_true),
        FieldRule("parser", None),
        FieldRule("supports_vision", "vision", Unset.NO, read=read_true),
        FieldRule("multimodal_mime_types", None),
        FieldRule("supports_logprobs", None),
        FieldRule("context_tokens", None),
        FieldRule("output_tokens", None),
    )

    @override
    def default_path(self) -> Path:
        return _user_folder() / _FILE.name

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
            value = {**said_values(self.rules, model), "model_id": name}
            fragments.append(Fragment(_FILE.name, (Row.of(model_id=name),), value, model.entry_id, name))
        return tuple(fragments)

    @override
    def clashes(
        self, fragments: Sequence[Fragment], trees: Trees, texts: Mapping[str, str], own: OwnPieces
    ) -> Iterable[Clash]:
        foreign: dict[Any, list[Place]] = {}
        for row in trees.get(_FILE.name) or []:
            place: Place = (Row.of(model_id=row["model_id"]),)
            if (_FILE.name, place) not in own:
                for alias in filter(lambda alias: isinstance(alias, str), list_in(row, "aliases")):
                    foreign.setdefault(alias, []).append(place)
        for fragment in fragments:
            for place in foreign.get(fragment.name, ()) if is_named_anew(fragment, own) else ():
                yield Clash(fragment, (*place, "aliases", Item(fragment.name)))

    @override
    def read(self, trees: Trees) -> tuple[ReadModel, ...]:
        rows = trees.get(_FILE.name, [])
        if not isinstance(rows, list):
            raise ValueError("It is not a list of models.")  # noqa: TRY004 (not the caller's mistake)
        models = []
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, dict) or not row.get("model_id") or not row.get("model_name"):
                raise ValueError(f"Row {number} has no model_id or no model_name.")
            values, stated = read_values(self.rules, row)
            base_url = str(row.get("api_base") or "")
            models.append(
                ReadModel(
                    name=str(row["model_id"]),
                    model_id=str(row["model_name"]),
                    provider=ReadProvider(
                        name="" if base_url else "OpenAI",
                        base_url=base_url,
                        provider_id=None if base_url else "openai",
                        key_variable=str(row.get("api_key_name") or ""),
                    ),
                    values=values,
                    stated=stated,
                    not_understood=tuple(keys_not_understood(self.rules, row)),
                    place=(Row.of(model_id=row["model_id"]),),
                    file=_FILE.name,
                )
            )
        return tuple(models)


def _user_folder() -> Path:
    """Where llm keeps its files: `LLM_USER_PATH`, else click's folder for applications (llm 0.36, click 8)."""
    if chosen := os.environ.get("LLM_USER_PATH"):
        return Path(chosen).expanduser()
    name = "io.datasette.llm"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / name
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / name
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / name
