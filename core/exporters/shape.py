"""What a target is: its files, where an entry stands in them, how each field is said there, and what that means.

A target's mapping is data (`FieldRule`): from it come what is written, what the tool makes of it when it is read back,
what is lost, and the table in docs/exporting.md.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Final

from core.exporters.places import Place, value_at
from core.exporters.subject import ExportedModel
from core.field_specs import UNSET
from core.fields import FIELDS


class Unset(StrEnum):
    """What a tool takes a capability for when the file does not say."""

    NO = "no"
    YES = "yes"
    GUESSED = "guessed"
    """By the tool itself, from the model's name or by asking."""
    NOTHING = "nothing"
    """The field is no capability: nothing is assumed."""

    @property
    def value_assumed(self) -> bool | None:
        """The capability as the tool takes it; None where that is not known."""
        return {Unset.NO: False, Unset.YES: True}.get(self)


class Format(StrEnum):
    """How a file is written, and so how it is edited in place."""

    YAML = "yaml"
    JSON = "json"
    """With comments and trailing commas where the person has them."""
    PYTHON = "python"
    """Blocks of code between marks."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How a target says one field.

    `field` is a property of the schema, or one of `PLACE_FIELDS` and `LIMIT_FIELDS`. `key` is the dotted path of its
    key below the entry's own place; None where the target cannot say it. `unset` is what the tool assumes when it is
    left out, and where there is none, always. `write` turns our value into the target's (UNSET: leave it out), `read`
    the target's into ours. `always` writes it also where leaving it out would mean the same, and `since` says why.
    """

    field: str
    key: str | None
    unset: Unset = Unset.NOTHING
    write: Callable[[Any], Any] | None = None
    read: Callable[[Any], Any] | None = None
    always: bool = False
    since: str = "it is always written"
    note: str = ""
    """What else a person should know; one sentence for the docs, and behind a loss."""

    @property
    def label(self) -> str:
        """What the form calls the field."""
        return label_of(self.field)


PROVIDER_NAME: Final = "provider_name"
"""The field of losses that are about the name of a custom provider."""

PLACE_FIELDS: Final[Mapping[str, str]] = {
    "model_id": "Model ID",
    "name": "Display Name",
    "base_url": "Base URL",
    "key": "API Key",
}
"""What says where a model is, with the words for it."""

LIMIT_FIELDS: Final[Mapping[str, str]] = {"context_tokens": "Context", "output_tokens": "Longest Answer"}
"""What endpoints declare and no property holds, in tokens, with the words for it."""

CAPABILITIES: Final = (
    "supports_function_calling",
    "supports_structured_output",
    "structured_output_mode",
    "reasoning_capable",
    "parser",
    "supports_vision",
    "multimodal_mime_types",
    "supports_logprobs",
)
"""The properties about which every target says something, or that it cannot; others count where a person set them."""


def label_of(name: str) -> str:
    """The field in the form's words."""
    if name == PROVIDER_NAME:
        return "Provider Name"
    return PLACE_FIELDS.get(name) or LIMIT_FIELDS.get(name) or FIELDS[name].label


@dataclass(frozen=True, slots=True)
class TargetFile:
    """One file of a target. `name` is its name below a target's folder; `empty` what a new one begins as."""

    name: str
    format: Format
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One piece of a target's file: `value` at `place`.

    `entry_id` is whose it is, "" of what a provider's models share. `name` is what
    the tool calls it; two fragments of one file never have the same place.
    """

    file: str
    place: Place
    value: Any
    entry_id: str
    name: str
    owners: tuple[str, ...] = ()
    """The entries that a shared fragment is there for."""


@dataclass(frozen=True, slots=True)
class Clash:
    """Something of the person's that one of our fragments would be mixed up with, although it stands elsewhere.

    `place` is what goes, in the fragment's file, once ours is to take its place; () where both can stand there.
    """

    fragment: Fragment
    place: Place = ()


@dataclass(frozen=True, slots=True)
class ReadProvider:
    """Where a model in a tool's file runs.

    `provider_id` is a built-in provider's ID, or None for an endpoint of its own. `key_variable` is the
    environment variable that holds its key; "" where none is named. `holds_key` says that the file itself holds a key:
    it is never read further than that.
    """

    name: str
    base_url: str = ""
    provider_id: str | None = None
    key_variable: str = ""
    holds_key: bool = False


@dataclass(frozen=True, slots=True)
class ReadModel:
    """One model as a tool reads its file.

    `values` holds our fields with the tool's effective values, `stated` those of them that the file says itself.
    `not_understood` names what the entry has beside that, as dotted keys. `place` is where it stands.
    """

    name: str
    model_id: str
    provider: ReadProvider
    values: Mapping[str, Any] = field(default_factory=dict)
    stated: frozenset[str] = frozenset()
    not_understood: tuple[str, ...] = ()
    place: Place = ()
    file: str = ""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that a target cannot say, or that had to be decided for it. `entry` is the model's display name."""

    entry: str
    field: str
    words: str


Trees = Mapping[str, Any]
"""File name → its plain data; a missing file is not in it."""

OwnPieces = Mapping[tuple[str, Place], Fragment]
"""What Muster has written before, by file and place."""


class Target(ABC):
    """One tool. Everything about its files that is not common to all tools."""

    id: ClassVar[str]
    title: ClassVar[str]
    rules: ClassVar[tuple[FieldRule, ...]]
    verified_with: ClassVar[str]
    """The version of the tool whose own code the tests check files with: "llm 0.27"; for a format read from its source,
    that source and date."""
    is_folder: ClassVar[bool] = False
    """Whether the path of an export is a folder with several files."""
    spent_files_break: ClassVar[bool] = False
    """Whether the tool stumbles over such a file, so that it goes whoever made it; see `is_spent`."""
    key_words: ClassVar[str]
    """Where the person puts keys for this tool; {names} stands for the variables."""
    names_providers: ClassVar[bool] = True
    """Whether its files have a place for the name of a provider."""
    name_words: ClassVar[str] = "{title} shows it as “{name}”."
    """What is told where it shows another name than the display name."""
    next_words: ClassVar[str]
    """What makes the tool take up what was written; {name} stands for the first entry's name there."""

    @abstractmethod
    def default_path(self) -> Path:
        """The file (or folder) on this system that the tool reads."""

    @abstractmethod
    def files(self, models: Sequence[ExportedModel]) -> tuple[TargetFile, ...]:
        """The files that these models stand in. Of a target with one file, its name is not looked at."""

    def existing_files(self, folder: Path) -> tuple[TargetFile, ...]:
        """The files of a folder that the tool reads; for reading. Of a target with one file, that one."""
        del folder
        return self.files(())

    def file_named(self, name: str) -> TargetFile:
        """The file of that name; for a folder's files that no model of now stands in."""
        return next((file for file in self.files(()) if file.name == name), TargetFile(name, Format.JSON))

    def is_spent(self, tree: Any) -> bool:
        """Whether a file that something was taken out of is of no use any more, and goes if Muster made it."""
        del tree
        return False

    def says_same(self, fragment: Fragment, found: Any) -> bool:
        """Whether the tool takes what stands in a fragment's place for the same, though it is written otherwise."""
        del fragment, found
        return False

    def clashes(
        self, fragments: Sequence[Fragment], trees: Trees, texts: Mapping[str, str], own: OwnPieces
    ) -> Iterable[Clash]:
        """What the person wrote that these would be mixed up with; what stands in their own places is none of it."""
        del fragments, trees, texts, own
        return ()

    def refuses(self, model: ExportedModel) -> str:
        """Why this model cannot be written at all, in words; empty where it can."""
        return "" if model.base_url else f"{self.title} needs an OpenAI-compatible address, and this one has none."

    @abstractmethod
    def fragments(self, models: Sequence[ExportedModel]) -> tuple[Fragment, ...]:
        """What is written for these models, providers' fragments before those of their models."""

    def variables(self, model: ExportedModel) -> tuple[str, ...]:
        """What the tool looks a model's key up by, and whatever else it needs; none where the endpoint wants no key."""
        return (model.key_variable,) if model.key_variable else ()

    @abstractmethod
    def read(self, trees: Trees) -> tuple[ReadModel, ...]:
        """Every model in the files, as the tool reads it.

        Raises:
            ValueError: the tool would refuse the file as a whole; the text says why.
        """

    def decided(self, model: ExportedModel) -> ExportedModel:
        """The model as it is written: with values that the target insists on. `more_losses` tells where they differ."""
        return model

    def more_losses(self, model: ExportedModel) -> Iterable[Loss]:
        """Losses that no rule tells."""
        del model
        return ()

    def names_there(self, models: Sequence[ExportedModel]) -> Mapping[str, str]:
        """Entry ID → the name that the tool shows for it, where these models are written together."""
        return {model.entry_id: model.name for model in models}

    def losses_together(self, models: Sequence[ExportedModel]) -> Iterable[tuple[str, Loss]]:
        """Losses, by entry ID, that come of these models being written together, beside names told apart."""
        del models
        return ()

    def differences(self, model: ExportedModel, read: ReadModel) -> Iterable[tuple[str, Any, Any]]:
        """Where the tool's effective values are not what they should be: field, as it should be, as it is."""
        model = self.decided(model)
        if read.model_id != model.model_id:
            yield "model_id", model.model_id, read.model_id
        if model.is_custom and self.says("base_url") and read.provider.base_url != model.base_url:
            yield "base_url", model.base_url, read.provider.base_url
        if self.says("key") and read.provider.key_variable != model.key_variable:
            yield "key", model.key_variable, read.provider.key_variable
        for rule in self.rules:
            if rule.key is None or rule.field in PLACE_FIELDS:
                continue
            value = model.value(rule.field)
            written = value if rule.write is None or value is None else rule.write(value)
            if written is None or written is UNSET:
                continue
            wanted = value if isinstance(value, bool) else written if rule.read is None else rule.read(written)
            if wanted is not UNSET and read.values.get(rule.field) != wanted:
                yield rule.field, wanted, read.values.get(rule.field)

    def says(self, name: str) -> bool:
        """Whether the target has a key for a field."""
        rule = self.rule(name)
        return rule is not None and rule.key is not None

    def rule(self, name: str) -> FieldRule | None:
        """How the target says a field; None where nothing is stated, so that it cannot."""
        return next((rule for rule in self.rules if rule.field == name), None)


def is_named_anew(fragment: Fragment, own: OwnPieces) -> bool:
    """Whether a fragment's name has not been written there for it before."""
    before = own.get((fragment.file, fragment.place))
    return before is None or before.name != fragment.name


def said_values(rules: Iterable[FieldRule], model: ExportedModel) -> dict[str, Any]:
    """The keys of one entry, nested, by the rules: explicit whenever it is known or the tool would assume otherwise."""
    said: dict[str, Any] = {}
    for rule in rules:
        if rule.key is None:
            continue
        value = model.value(rule.field)
        if value is None or value is UNSET:
            continue
        if not (rule.always or model.is_set(rule.field) or rule.unset.value_assumed != value):
            continue
        written = value if rule.write is None else rule.write(value)
        if written is UNSET:
            continue
        put_dotted(said, rule.key, written)
    return said


def said_back(rule: FieldRule, value: Any) -> Any:
    """What a value is read as from where it was written; None where it cannot be said."""
    written = UNSET if rule.key is None else value if rule.write is None else rule.write(value)
    found = written if written is UNSET or rule.read is None else rule.read(written)
    return None if found is UNSET else found


def put_dotted(mapping: dict[str, Any], dotted: str, value: Any) -> None:
    """Puts a value at a dotted path of keys; two lists at one path are joined."""
    *outer, last = dotted.split(".")
    for key in outer:
        mapping = mapping.setdefault(key, {})
    if isinstance(value, list) and isinstance(mapping.get(last), list):
        value = [*mapping[last], *(item for item in value if item not in mapping[last])]
    mapping[last] = value


def read_values(rules: Iterable[FieldRule], entry: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """Our fields as the tool makes them of an entry's keys, and which of them the entry states itself."""
    values: dict[str, Any] = {}
    stated = set()
    for rule in rules:
        if rule.key is None:
            if rule.unset.value_assumed is not None:
                values[rule.field] = rule.unset.value_assumed
            continue
        found = value_at(entry, rule.key)
        if found is not UNSET and found is not None:
            found = found if rule.read is None else rule.read(found)
        if found is UNSET or found is None:
            if rule.unset.value_assumed is not None:
                values[rule.field] = rule.unset.value_assumed
            continue
        values[rule.field] = found
        stated.add(rule.field)
    return values, frozenset(stated)


def keys_not_understood(rules: Iterable[FieldRule], entry: Mapping[str, Any], known: Iterable[str] = ()) -> list[str]:
    """The dotted keys of an entry that no rule and none of the `known` names, or whose values no rule can read."""
    understood = {rule.key for rule in rules if rule.key is not None and _is_readable(rule, entry)} | set(known)
    return list(_dotted_beside(entry, understood))


def _dotted_beside(mapping: Mapping[str, Any], understood: Collection[str], before: str = "") -> Iterable[str]:
    for key, value in mapping.items():
        dotted = f"{before}{key}"
        if dotted in understood:
            continue
        if isinstance(value, Mapping) and any(name.startswith(f"{dotted}.") for name in understood):
            yield from _dotted_beside(value, understood, f"{dotted}.")
        else:
            yield dotted


def _is_readable(rule: FieldRule, entry: Mapping[str, Any]) -> bool:
    found = value_at(entry, rule.key or "")
    return rule.read is None or found is UNSET or found is None or rule.read(found) is not UNSET
