"""Goose: one file a provider in its folder `custom_providers`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from typing_extensions import override

from core.exporters.addresses import builtin_at
from core.exporters.foreign_data import mapping_in, read_boolean, read_tokens, text_in
from core.exporters.places import Row
from core.exporters.provider_groups import own_provider_id, provider_clashes, provider_groups, rules_of_models
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

CONTEXT_UNSET: Final = 128_000
"""What Goose takes a context for that no file states."""

_CALLS: Final = "/chat/completions"
_ENGINES: Final = ("openai", "ollama", "anthropic")


class Goose(Target):
    """Goose. A file that does not parse stops the whole folder."""

    id: ClassVar[str] = "goose"
    title: ClassVar[str] = "Goose"
    verified_with: ClassVar[str] = "goose-sdk 0.1.0a13"
    key_words: ClassVar[str] = "Set {names} in the environment that Goose is started in."
    next_words: ClassVar[str] = "Restart Goose, and choose the provider there."
    is_folder: ClassVar[bool] = True
    spent_files_break: ClassVar[bool] = True
    rules: ClassVar[tuple[FieldRule, ...]] = (
        FieldRule("model_id", "name"),
        FieldRule("name", None, note="A model is shown by its ID."),
        FieldRule("base_url", "base_url", note="Of the provider, with base_path where the address has no version."),
        FieldRule("key", "api_key_env", note="Of the provider."),
        FieldRule("supports_function_calling", None, Unset.YES),
        FieldRule("supports_structured_output", None),
        FieldRule("structured_output_mode", None),
        FieldRule("reasoning_capable", "reasoning", Unset.NO, read=read_boolean),
        FieldRule("parser", None, note="Reasoning that the server separates is shown."),
        FieldRule("supports_vision", None),
        FieldRule("multimodal_mime_types", None),
        FieldRule("supports_logprobs", None),
        FieldRule("context_tokens", "context_limit", read=read_tokens),
        FieldRule("output_tokens", None),
    )

    @override
    def default_path(self) -> Path:
        root = Path(os.environ.get("GOOSE_PATH_ROOT", ""))
        if root.is_absolute():
            return root / "config" / "custom_providers"
        if sys.platform == "win32":
            return roaming() / "Block" / "goose" / "config" / "custom_providers"
        return dot_config() / "goose" / "custom_providers"

    @override
    def files(self, models: Sequence[ExportedModel]) -> tuple[TargetFile, ...]:
        return tuple(_file(group.name) for group in provider_groups(models, own_provider_id))

    @override
    def existing_files(self, folder: Path) -> tuple[TargetFile, ...]:
        found = sorted(path.name for path in folder.glob("*.json") if path.is_file()) if folder.is_dir() else []
        return tuple(TargetFile(name, Format.JSON, "{\n}\n") for name in found)

    @override
    def file_named(self, name: str) -> TargetFile:
        return TargetFile(name, Format.JSON, "{\n}\n")

    @override
    def is_spent(self, tree: Any) -> bool:
        # Without a model, or without what every file needs, Goose would refuse the whole folder.
        return not isinstance(tree, Mapping) or not tree.get("models")

    @override
    def names_there(self, models: Sequence[ExportedModel]) -> Mapping[str, str]:
        return {model.entry_id: model.model_id for model in models}

    @override
    def fragments(self, models: Sequence[ExportedModel]) -> tuple[Fragment, ...]:
        rules = rules_of_models(self.rules)
        fragments: list[Fragment] = []
        for group in provider_groups(models, own_provider_id):
            file = _file(group.name).name
            fragments += group.shared(file, (), _provider_values(group.name, group.first))
            fragments += [
                Fragment(
                    file,
                    ("models", Row.of(name=model.model_id)),
                    said_values(rules, model),
                    model.entry_id,
                    f"{group.name}/{model.model_id}",
                )
                for model in group.models
            ]
        return tuple(fragments)

    @override
    def clashes(
        self, fragments: Sequence[Fragment], trees: Trees, texts: Mapping[str, str], own: OwnPieces
    ) -> Iterable[Clash]:
        return provider_clashes(fragments, trees, own, 0, [("api_key_env",), ("base_path",)])

    @override
    def read(self, trees: Trees) -> tuple[ReadModel, ...]:
        return tuple(found for file, tree in trees.items() for found in self._read_file(file, tree))

    def _read_file(self, file: str, tree: Any) -> Iterator[ReadModel]:
        _check(file, tree)
        rules = rules_of_models(self.rules)
        provider = _provider(tree)
        for row in tree["models"]:
            values, stated = read_values(rules, row)
            values.setdefault("context_tokens", CONTEXT_UNSET)
            yield ReadModel(
                name=row["name"],
                model_id=row["name"],
                provider=provider,
                values=values,
                stated=stated,
                not_understood=tuple(keys_not_understood(rules, row)),
                place=("models", Row.of(name=row["name"])),
                file=file,
            )

    @override
    def more_losses(self, model: ExportedModel) -> Iterable[Loss]:
        if "context_tokens" not in model.limits:
            words = f"The context is not known. Goose takes it for {CONTEXT_UNSET:,} tokens."
            yield Loss(model.name, "context_tokens", words)


def _file(name: str) -> TargetFile:
    return TargetFile(f"{name}.json", Format.JSON, "{\n}\n")


def _provider_values(name: str, model: ExportedModel) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": name,  # by which Goose finds the file
        "engine": "openai",
        "display_name": model.provider_name,
        "base_url": model.base_url,
    }
    path = urlsplit(model.base_url).path.strip("/")
    if not re.search(r"(^|/)v\d+$", path):
        # Goose would put /v1 behind it.
        values["base_path"] = f"{path}{_CALLS}".lstrip("/")
    if model.key_variable:
        values["api_key_env"] = model.key_variable
    # Without a key's variable it would refuse the provider; with True it is what is unset.
    values["requires_auth"] = bool(model.key_variable)
    values["dynamic_models"] = False  # or it would ask the endpoint and list what it has
    return values


def _check(file: str, tree: Any) -> None:
    """What Goose refuses, and with it the whole folder."""
    if not isinstance(tree, Mapping):
        raise ValueError(f"“{file}” is not a JSON object.")  # noqa: TRY004 (not the caller's mistake)
    missing = [key for key in ("name", "engine", "display_name", "base_url") if not isinstance(tree.get(key), str)]
    if missing:
        raise ValueError(f"“{file}” has no {missing[0]}.")
    engine = tree["engine"].removesuffix("_compatible")
    if engine not in _ENGINES:
        raise ValueError(f"“{file}” has an engine that Goose does not know.")
    models = tree.get("models")
    if not isinstance(models, list):
        raise ValueError(f"“{file}” has no list of models.")  # noqa: TRY004
    if not models and tree.get("dynamic_models") is False:
        raise ValueError(f"“{file}” has no model, and is not to ask for any.")
    for row in models:
        if not isinstance(row, Mapping) or not isinstance(row.get("name"), str):
            raise ValueError(f"“{file}” has a model without a name.")  # noqa: TRY004
        limit = row.get("context_limit")
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
            raise ValueError(f"“{file}” has a context_limit for “{row['name']}” that is not a whole number.")
        if not isinstance(row.get("reasoning", False), (bool, type(None))):
            raise ValueError(f"“{file}” has a reasoning for “{row['name']}” that is not true or false.")  # noqa: TRY004


def _provider(tree: Mapping[str, Any]) -> ReadProvider:
    engine = tree["engine"].removesuffix("_compatible")
    variable = text_in(tree, "api_key_env")
    name = text_in(tree, "display_name") or tree["name"]
    holds_key = any(str(header).lower() in ("authorization", "x-api-key") for header in mapping_in(tree, "headers"))
    if engine == "anthropic":
        return ReadProvider(name, "", "anthropic", variable, holds_key)
    builtin = builtin_at(_address(tree))
    return ReadProvider(name, _address(tree), str(builtin.name) if builtin is not None else None, variable, holds_key)


def _address(tree: Mapping[str, Any]) -> str:
    """The OpenAI-compatible address that Goose makes of a provider's keys."""
    base_url = tree["base_url"].strip()
    explicit = text_in(tree, "base_path").strip("/")
    if explicit and explicit.endswith(_CALLS.lstrip("/")):
        parts = urlsplit(base_url)
        wanted = explicit.removesuffix(_CALLS.lstrip("/")).strip("/")
        if wanted == parts.path.strip("/"):
            return str(base_url)
        return f"{parts.scheme}://{parts.netloc}" + (f"/{wanted}" if wanted else "")
    plain = base_url.rstrip("/")
    if plain.endswith(_CALLS):
        return str(plain.removesuffix(_CALLS))
    if re.search(r"/v\d+$", plain):
        return str(base_url)
    return f"{plain}/v1"
