"""What an import would do, as data: what was read, and what becomes of it on a roll. No key is ever in here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.document import Document
from core.entry import UserModelEntry
from core.exporters.shape import ReadProvider, label_of
from core.fields import FIELDS
from core.verdicts import Report


@dataclass(frozen=True, slots=True)
class CarriedEvidence:
    """What a share file carries about one model: measurements, the newest first, and where overrides came from."""

    reports: tuple[Report, ...] = field(default=(), repr=False)
    origins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceModel:
    """One model as it was read, checked by itself.

    `name` is "" where the source gives none of its own. `overrides` holds what the source states, each value one that
    its field takes. `id` is the entry's own where the source is a roll.
    """

    model_id: str
    provider: ReadProvider
    name: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    not_understood: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    id: str = ""
    evidence: CarriedEvidence | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """All that was read. `kind` is a target's ID, "muster", "curl" or "environment"; `title` says it in words.

    `providers` are endpoints without a model. `names_are_names` says that a model's name is what tells variants apart,
    as on a roll; in another tool's file it is what that tool calls the model.
    """

    kind: str
    title: str
    models: tuple[SourceModel, ...] = ()
    providers: tuple[ReadProvider, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    key_places: tuple[str, ...] = ()
    names_are_names: bool = False
    is_shared: bool = False
    """Whether it was written for others, so that an address of “this computer” is another computer's."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a model on the roll that would become another; None is *Default*."""

    field: str
    before: Any
    after: Any

    @property
    def words(self) -> str:
        """The change in the form's words."""
        return f"{label_of(self.field)}: {self._said(self.before)} → {self._said(self.after)}"

    def _said(self, value: Any) -> str:
        if value is None:
            return "Default"
        spec = FIELDS.get(self.field)
        return str(value) if spec is None else spec.describe(value)


@dataclass(frozen=True, slots=True)
class PlannedProvider:
    """A custom provider that the import would add. `moves` says that it takes the place of one of that name."""

    name: str
    base_url: str
    notes: tuple[str, ...] = ()
    moves: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """A key that would go to a new host, which needs its own yes.

    With `moves_provider`, saying yes gives the roll's provider the new address, and its key goes there; without a yes
    the models come in under a provider of another name, `instead`. Else the file asks for the key in `key` at a host
    that is not its provider's; without a yes the endpoint comes in, and that key is not offered for it.
    """

    id: str
    provider: str
    old_url: str
    new_url: str
    key: str
    words: str
    moves_provider: bool
    instead: str = ""


@dataclass(frozen=True, slots=True)
class KeyOffer:
    """Where a key for a provider can be found, never the key: a variable's name, or a place in the file in words.

    Both, where the variable is set in what was read and not in Muster's own environment.
    """

    provider: str
    variable: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """What becomes of one model that was read.

    `entry` is as it would be stored, without an ID where it is new. `replaces` is the entry on the roll, `changes` what
    would be otherwise there. `reason` says why it is skipped. `new_provider` names the custom provider that has to come
    along.
    """

    number: int
    entry: UserModelEntry
    provenance: str
    stated: tuple[str, ...] = ()
    not_understood: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    new_provider: str = ""
    key_variable: str = ""
    redirect: str = ""
    replaces: UserModelEntry | None = None
    replaces_key: str = ""
    changes: tuple[FieldChange, ...] = ()
    reason: str = ""

    @property
    def display_name(self) -> str:
        """What the table would show."""
        return self.entry.display_name

    @property
    def model_id(self) -> str:
        """The model's ID at its provider."""
        return self.entry.model_id


Chosen = Iterable[int | str | PlannedItem | PlannedProvider]
"""What of a plan is wanted: items, or their numbers, and providers without models, or their names."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do, and what it cannot; nothing is changed by having it.

    `problems` are of what cannot be imported, in words; `notes` what else to know. `providers` are the custom ones that
    would be added. It is worked out as if no redirect were allowed.
    """

    add: tuple[PlannedItem, ...] = ()
    replace: tuple[PlannedItem, ...] = ()
    skip: tuple[PlannedItem, ...] = ()
    problems: tuple[str, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    providers: tuple[PlannedProvider, ...] = ()
    keys_offered: tuple[KeyOffer, ...] = ()
    notes: tuple[str, ...] = ()
    source: Source = field(default_factory=lambda: Source("", ""), repr=False)
    document: Document | None = field(default=None, repr=False, compare=False)

    @property
    def items(self) -> tuple[PlannedItem, ...]:
        """Everything that would change the roll, in the order in which it was read."""
        return tuple(sorted((*self.add, *self.replace), key=lambda item: item.number))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.add or self.replace or self.providers)
