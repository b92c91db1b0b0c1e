"""The only reader of overrides: from what an entry stores to the values that a run uses.

`effective_provider` is what every other part shows, exports and runs. An override of None or "" is unset; names that
the provider decides, and names that nobody knows, are ignored and reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from core.entry import UserModelEntry
from core.errors import InvalidEntry, UnresolvableEntry
from core.fields import FIELDS, OVERRIDABLE, FieldKind, FieldSpec, ModelAdapterId, ModelProvider
from core.providers import PROVIDER_BY_ID, ModelProviderName


class Origin(StrEnum):
    """Where an effective value comes from."""

    YOU = "you"
    DEFAULT = "default"
    CATALOGUE = "catalogue"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong with a draft or a stored entry; `field` is an entry's or an override's name.

    `blocks` tells whether nothing can run until it is mended.
    """

    field: str
    title: str
    hint: str = ""
    blocks: bool = True

    @property
    def words(self) -> str:
        """Title and hint as one text."""
        return f"{self.title} {self.hint}".strip()


def is_unset(value: Any) -> bool:
    """Whether a stored override means *unset*."""
    return value is None or (isinstance(value, str) and value == "")


def default_for(name: str) -> Any:
    """The conservative default of that property: what *Default (…)* stands for."""
    return FIELDS[name].default


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    annotation: Any = ModelProvider.model_fields[name].annotation
    return TypeAdapter(annotation)


def _allowed(spec: FieldSpec) -> str:
    if spec.kind in (FieldKind.BOOLEAN, FieldKind.OPTIONAL_BOOLEAN):
        return "Allowed: true, false."
    if spec.kind is FieldKind.CHOICE:
        return f"Allowed: {', '.join(choice.value for choice in spec.choices if choice.accepted)}."
    if spec.kind is FieldKind.INTEGER:
        return "Allowed: a whole number" + ("." if spec.minimum is None else f" from {spec.minimum}.")
    if spec.kind is FieldKind.TEXT_LIST:
        return "Allowed: a list of texts."
    return "Allowed: a mapping from text to text." if spec.kind is FieldKind.TEXT_MAP else "Allowed: text."


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"“{value[:40]}{'…' if len(value) > 40 else ''}”"
    if isinstance(value, (bool, int, float)):
        return str(value)[:40]
    return {"list": "a list", "dict": "a mapping"}.get(type(value).__name__, "something else")


def read_override(name: str, value: Any) -> Any:
    """The typed value of one stored override; "yes", "1" and the like count as pydantic counts them.

    Raises:
        UnresolvableEntry: it is no value of that property; `.field` names it.
    """
    spec = OVERRIDABLE[name]
    try:
        return _adapter(name).validate_python(value)
    except ValidationError:
        title = f"{spec.label} ({name}) cannot be {_shown(value)}."
        raise UnresolvableEntry(title, _allowed(spec), field=name) from None


def broken_rules(values: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """The rules across properties that the effective values break."""
    if values["openrouter_reasoning_object"] and values["name"] != ModelProviderName.openrouter:
        yield FieldProblem(
            "openrouter_reasoning_object",
            f"{FIELDS['openrouter_reasoning_object'].label} (openrouter_reasoning_object) is only for OpenRouter.",
            "Set it to No, or to Default.",
        )
    levels = values["available_thinking_levels"]
    level = values["default_thinking_level"]
    if levels and level not in levels.values():
        broken = "is not set" if level is None else "is not one of the thinking levels"
        yield FieldProblem(
            "default_thinking_level",
            f"{FIELDS['default_thinking_level'].label} (default_thinking_level) {broken}.",
            f"Choose one of: {', '.join(dict.fromkeys(levels.values()))}.",
        )


RULED: Final = frozenset({"openrouter_reasoning_object", "available_thinking_levels", "default_thinking_level"})
"""The properties that `broken_rules` looks at."""

_DEFAULTS: Final[dict[str, Any]] = {name: spec.default for name, spec in OVERRIDABLE.items()}
_DEFAULT_ORIGINS: Final = dict.fromkeys(_DEFAULTS, Origin.DEFAULT)


def _provider_name(entry: UserModelEntry) -> ModelProviderName:
    if entry.provider_type == "custom":
        return ModelProviderName.openai_compatible
    if entry.provider_id not in PROVIDER_BY_ID:
        raise UnresolvableEntry(
            f"There is no built-in provider “{entry.provider_id}” here.",
            "It may come from another version. Choose another provider.",
            field="provider_id",
        )
    return ModelProviderName(entry.provider_id)


def _own_values(entry: UserModelEntry) -> tuple[dict[str, Any], dict[str, Origin]]:
    name = _provider_name(entry)
    provider_values = {
        "name": name,
        "model_id": entry.model_id,
        "adapter": ModelAdapterId.jev if name is ModelProviderName.typesafe else ModelAdapterId.litellm,
        "openai_compatible_provider_name": entry.provider_id if entry.provider_type == "custom" else None,
    }
    return _DEFAULTS | provider_values, _DEFAULT_ORIGINS | dict.fromkeys(provider_values, Origin.PROVIDER)


def effective_provider(entry: UserModelEntry) -> tuple[ModelProvider, dict[str, Origin]]:
    """The properties that a run of this entry uses, and where each comes from.

    Raises:
        UnresolvableEntry: an unknown built-in provider, a value that is none, or a broken rule; `.field` names it.
    """
    values, origins = _own_values(entry)
    for name, stored in (entry.overrides or {}).items():
        if name in OVERRIDABLE and not is_unset(stored):
            values[name] = read_override(name, stored)
            origins[name] = Origin.YOU
    for problem in broken_rules(values):
        raise UnresolvableEntry(problem.title, problem.hint, field=problem.field)
    return ModelProvider.model_construct(**values), origins


def _protected_words(name: str) -> str:
    return (
        f"{name} is ignored: the provider decides it."
        if name in FIELDS
        else f"{name} is ignored: there is no such property."
    )


def override_problems(entry: UserModelEntry) -> tuple[FieldProblem, ...]:
    """Everything that is wrong with the stored overrides, the ignored names too; empty when all is well."""
    problems: list[FieldProblem] = []
    provider_name: ModelProviderName | None = None
    try:
        provider_name = _provider_name(entry)
    except UnresolvableEntry as error:
        problems.append(FieldProblem("provider_id", error.title, error.hint))
    values: dict[str, Any] = {}
    for name, stored in (entry.overrides or {}).items():
        if name not in OVERRIDABLE:
            problems.append(FieldProblem(name, _protected_words(name), blocks=False))
        elif not is_unset(stored):
            try:
                values[name] = read_override(name, stored)
            except UnresolvableEntry as error:
                problems.append(FieldProblem(name, error.title, error.hint))
    if provider_name is not None and not any(problem.blocks for problem in problems) and not RULED.isdisjoint(values):
        problems.extend(broken_rules({**_DEFAULTS, **values, "name": provider_name}))
    return tuple(problems)


def set_overrides(entry: UserModelEntry) -> dict[str, Any]:
    """The overrides that are set and known, as stored."""
    return {
        name: value for name, value in (entry.overrides or {}).items() if name in OVERRIDABLE and not is_unset(value)
    }


def ignored_overrides(entry: UserModelEntry) -> tuple[str, ...]:
    """The names of stored overrides that have no effect."""
    return tuple(str(name) for name in (entry.overrides or {}) if name not in OVERRIDABLE)


def accepted_overrides(overrides: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The overrides of a new or edited entry as they are stored: plain data, None when none is set.

    Raises:
        InvalidEntry: an unknown name, one that the provider decides, or a value that is none; `.field` names it.
    """
    accepted: dict[str, Any] = {}
    for name, value in (overrides or {}).items():
        if name in FIELDS and name not in OVERRIDABLE:
            raise InvalidEntry(f"{name} cannot be overridden.", "The provider decides it. Leave it out.", field=name)
        if name not in OVERRIDABLE:
            raise InvalidEntry(
                f"There is no property “{name}”.", f"Known properties: {', '.join(OVERRIDABLE)}.", field=name
            )
        if is_unset(value):
            continue
        try:
            typed = read_override(name, value)
        except UnresolvableEntry as error:
            raise InvalidEntry(error.title, error.hint, field=name) from None
        spec = OVERRIDABLE[name]
        refused = any(choice.value == typed and not choice.accepted for choice in spec.choices)
        if refused or (spec.minimum is not None and isinstance(typed, int) and typed < spec.minimum):
            raise InvalidEntry(f"{spec.label} ({name}) cannot be {_shown(typed)}.", _allowed(spec), field=name)
        accepted[name] = _adapter(name).dump_python(typed, mode="json")
    return accepted or None
