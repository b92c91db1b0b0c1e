"""Kiln: `settings.yaml`, which has the same rows as a roll of Muster's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Final

from typing_extensions import override

from core.entry import UserModelEntry
from core.errors import InvalidEntry, UnresolvableEntry
from core.exporters.addresses import row_of
from core.exporters.foreign_data import mapping_of, rows_at, text_at
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
    is_named_anew,
    keys_not_understood,
    said_values,
)
from core.exporters.subject import ExportedModel
from core.field_specs import FieldSpec
from core.fields import OVERRIDABLE
from core.model_values import StructuredOutputMode
from core.overrides import is_unset, read_override
from core.paths import kiln_settings_file
from core.providers import PROVIDER_BY_ID

_FILE: Final = TargetFile("settings.yaml", Format.YAML)
_REGISTRY: Final = "user_model_registry"
_PROVIDERS: Final = "openai_compatible_providers"
_LEGACY: Final = "custom_models"

_RUNS_WITH: Final[Mapping[str, Any]] = {"supports_function_calling": True}
"""Where Kiln's resolver takes *unset* for something else than Muster does (and than Kiln's own form says)."""


def _rule(spec: FieldSpec) -> FieldRule:
    default = _RUNS_WITH.get(spec.name, spec.default)
    unset = {True: Unset.YES, False: Unset.NO}[default] if isinstance(default, bool) else Unset.NOTHING
    note = "Kiln’s form says No and its resolver Yes, so it is always written." if spec.name in _RUNS_WITH else ""
    if isinstance(default, StructuredOutputMode):
        note = f"Unset is {default.value}."
    return FieldRule(spec.name, f"overrides.{spec.name}", unset, always=spec.name in _RUNS_WITH, note=note)


_OVERRIDES: Final = tuple(_rule(spec) for spec in OVERRIDABLE.values())


class Kiln(Target):
    """Kiln. Everything that Muster knows of a model can be said, but limits; keys stay in Kiln's own file."""

    id: ClassVar[str] = "kiln"
    title: ClassVar[str] = "Kiln"
    verified_with: ClassVar[str] = "kiln-ai 1.2.0"
    key_words: ClassVar[str] = "Kiln keeps keys in its own settings: add those of your providers there."
    next_words: ClassVar[str] = "Restart Kiln if it is open."
    rules: ClassVar[tuple[FieldRule, ...]] = (
        FieldRule("model_id", "model_id"),
        FieldRule("name", "name", note="Left out where it is the model ID."),
        FieldRule(
            "base_url", None, note="Of a custom provider, as base_url of its row in openai_compatible_providers."
        ),
        FieldRule("key", None, note="Kiln keeps keys in its own file; none is written or touched there."),
        *_OVERRIDES,
        FieldRule("context_tokens", None),
        FieldRule("output_tokens", None),
    )

    @override
    def default_path(self) -> Path:
        return kiln_settings_file()

    @override
    def files(self, models: Sequence[ExportedModel]) -> tuple[TargetFile, ...]:
        return (_FILE,)

    @override
    def says_same(self, fragment: Fragment, found: Any) -> bool:
        # An address is no other one for a slash at its end; how the person wrote it stays.
        is_address = fragment.place[0] == _PROVIDERS and isinstance(found, str)
        return is_address and found.rstrip("/") == str(fragment.value).rstrip("/")

    @override
    def refuses(self, model: ExportedModel) -> str:
        return ""

    @override
    def fragments(self, models: Sequence[ExportedModel]) -> tuple[Fragment, ...]:
        owners: dict[str, list[ExportedModel]] = {}
        for model in models:
            if model.is_custom:
                owners.setdefault(model.provider_id, []).append(model)
        fragments = [
            # The address alone, so that a key in that row is never looked at.
            Fragment(
                _FILE.name,
                (_PROVIDERS, Row.of(name=name), "base_url"),
                own[0].base_url,
                "",
                name,
                tuple(model.entry_id for model in own),
            )
            for name, own in owners.items()
        ]
        fragments += [
            Fragment(_FILE.name, _row_place(model.entry_id), _row(model), model.entry_id, model.name)
            for model in models
        ]
        return tuple(fragments)

    @override
    def clashes(
        self, fragments: Sequence[Fragment], trees: Trees, texts: Mapping[str, str], own: OwnPieces
    ) -> Iterable[Clash]:
        yield from provider_clashes(fragments, trees, own, 2)
        rows = rows_at(mapping_of(trees.get(_FILE.name)), _REGISTRY)
        ours = own.keys() | {(fragment.file, fragment.place) for fragment in fragments}
        foreign: dict[Any, list[Any]] = {}
        for row in rows:
            if (_FILE.name, _row_place(text_at(row, "id"))) not in ours:
                foreign.setdefault(_identity_of(row), []).append(row)
        for fragment in fragments:
            if fragment.entry_id and is_named_anew(fragment, own):
                for row in foreign.get(_identity_of(fragment.value), ()):
                    match = tuple((key, value_at(row, key)) for key in ("id", *_IDENTITY))
                    yield Clash(fragment, (_REGISTRY, Row(match)))

    @override
    def read(self, trees: Trees) -> tuple[ReadModel, ...]:
        tree = mapping_of(trees.get(_FILE.name))
        rows, legacy = rows_at(tree, _REGISTRY), rows_at(tree, _LEGACY)
        custom: dict[str, Any] = {}
        for row in rows_at(tree, _PROVIDERS):
            custom.setdefault(text_at(row, "name"), row)
        models = [_read(row, tree, custom) for row in rows]
        models += [_read_legacy(text, tree) for text in legacy]
        return tuple(model for model in models if model is not None)

    @override
    def more_losses(self, model: ExportedModel) -> Iterable[Loss]:
        row = row_of(model)
        if row is None and model.key_variable:
            words = f"Kiln keeps keys in its own file. Add that of “{model.provider_name}” in Kiln, unless it is there."
            yield Loss(model.name, "key", words)
        elif row is not None and row.base_url is not None and row.base_url_field is not None:
            usual = f"{row.base_url}{row.base_url_suffix}"
            if model.base_url != usual:
                words = f"Kiln goes to its own address of {row.display_name}, unless it is told of {model.base_url}."
                yield Loss(model.name, "base_url", words)


def _row_place(entry_id: Any) -> Place:
    return (_REGISTRY, Row.of(id=entry_id))


def _identity_of(row: Any) -> tuple[str, ...]:
    """What Kiln shows a model as: two rows of one cannot be told apart."""
    keys = ("provider_type", "provider_id", "model_id")
    return (*(text_at(row, key) for key in keys), text_at(row, "name") or text_at(row, "model_id"))


def _row(model: ExportedModel) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": model.entry_id,
        "provider_type": model.provider_type,
        "provider_id": model.provider_id,
        "model_id": model.model_id,
    }
    if model.name != model.model_id:
        row["name"] = model.name
    # What is no capability and not set means the same there: it is left out.
    rules = [rule for rule in _OVERRIDES if rule.unset is not Unset.NOTHING or model.is_set(rule.field)]
    return row | said_values(rules, model)


def _as_data(value: Any) -> Any:
    return value.value if isinstance(value, StrEnum) else value


def _read(row: Any, tree: Mapping[str, Any], custom: Mapping[str, Any]) -> ReadModel | None:
    """The model of a row; None of one that Kiln leaves out with a warning."""
    try:
        entry = UserModelEntry.from_mapping(row) if isinstance(row, Mapping) else None
    except InvalidEntry:
        return None
    if entry is None or not isinstance(row.get("id", ""), str):
        return None
    values, stated, unread = _effective(row.get("overrides") or {})
    known = ("id", "provider_type", "provider_id", "overrides", *(f"overrides.{name}" for name in values))
    match = {key: row[key] for key in (("id",) if row.get("id") else _IDENTITY) if key in row}
    return ReadModel(
        name=entry.display_name,
        model_id=entry.model_id,
        provider=_custom(entry.provider_id, custom) if entry.provider_type == "custom" else _builtin(entry, tree),
        values=values,
        stated=stated,
        not_understood=(*keys_not_understood(Kiln.rules, row, known), *unread),
        place=(_REGISTRY, Row(tuple(match.items()))),
        file=_FILE.name,
    )


_IDENTITY: Final = ("provider_type", "provider_id", "model_id", "name")


def _effective(overrides: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str], list[str]]:
    """What Kiln runs with, which of that the row says, and the overrides that it cannot read or passes over."""
    values = {name: _as_data(_RUNS_WITH.get(name, spec.default)) for name, spec in OVERRIDABLE.items()}
    stated, unread = set(), []
    for name, stored in overrides.items():
        if is_unset(stored):
            continue
        try:
            values[name] = _as_data(read_override(name, stored))
            stated.add(name)
        except (KeyError, UnresolvableEntry):
            unread.append(f"overrides.{name}")
    return {name: value for name, value in values.items() if value is not None}, frozenset(stated), unread


def _read_legacy(text: Any, tree: Mapping[str, Any]) -> ReadModel | None:
    """The model of a text "provider::model"; None of one that Kiln leaves out."""
    provider_id, separator, model_id = text.partition("::") if isinstance(text, str) else ("", "", "")
    if not separator or provider_id not in PROVIDER_BY_ID or not model_id:
        return None
    entry = UserModelEntry(provider_type="builtin", provider_id=provider_id, model_id=model_id)
    place: Place = (_LEGACY, Item(text))
    values, stated, _ = _effective({})
    return ReadModel(model_id, model_id, _builtin(entry, tree), values, stated, (), place, _FILE.name)


def _custom(name: str, custom: Mapping[str, Any]) -> ReadProvider:
    row = custom.get(name)
    return ReadProvider(name, text_at(row, "base_url"), holds_key=bool(text_at(row, "api_key")))


def _builtin(entry: UserModelEntry, tree: Mapping[str, Any]) -> ReadProvider:
    row = PROVIDER_BY_ID.get(entry.provider_id)
    if row is None:
        # Kiln raises when the model is used; so does Muster.
        return ReadProvider(entry.provider_id, provider_id=entry.provider_id)
    secret, moved = row.secret_field, row.base_url_field
    return ReadProvider(
        row.display_name,
        base_url=text_at(tree, moved.config_key) if moved is not None else "",
        provider_id=entry.provider_id,
        holds_key=bool(secret is not None and text_at(tree, secret.config_key)),
    )
