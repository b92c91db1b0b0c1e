"""What a source would change on a roll: each model added, put over one that is there, or passed over, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.credentials import CUSTOM_KEY
from core.document import Document, Row
from core.entry import UserModelEntry
from core.errors import MusterError
from core.exporters.shape import ReadProvider, label_of
from core.fields import OVERRIDABLE
from core.import_places import PlaceOnRoll, Places
from core.import_plans import FieldChange, KeyOffer, Plan, PlannedItem, Source, SourceModel
from core.overrides import RULED, FieldProblem, accepted_overrides, is_unset, override_problems
from core.providers import PROVIDER_BY_ID

if TYPE_CHECKING:
    from core.registry import Registry

_ON_THE_ROLL = "It is on the roll already, with the same settings."
_NOTHING = "There is no model in it."
_NOTHING_NEW = "Its endpoints are on the roll already, or built in."
_TWICE = "It is there twice with the same settings."
_TWICE_OTHERWISE = "It is there twice, with other settings; the first one counts."

Triple = tuple[str, str, str]


def plan_source(registry: Registry, document: Document, source: Source, allowed: Collection[str] = ()) -> Plan:
    """The plan for a source on a state of the roll, with those redirects allowed. Asks neither disk nor keyring."""
    return _Planning(registry, document, source, allowed).plan()


@dataclass(slots=True)
class _Index:
    """The rows of a roll that a model can be the same as."""

    by_identity: dict[tuple[str, str, str, str], Row] = field(default_factory=dict)
    by_triple: dict[Triple, list[Row]] = field(default_factory=dict)
    by_id: dict[str, Row] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Document) -> _Index:
        index = cls()
        for row in document.rows:
            if row.entry is not None:
                index.by_identity.setdefault(row.entry.identity, row)
                index.by_triple.setdefault(_triple(row.entry), []).append(row)
                index.by_id.setdefault(str(row.entry.id), row)
        return index


def _triple(entry: UserModelEntry) -> Triple:
    return entry.provider_type, entry.provider_id, entry.model_id


class _Planning:
    def __init__(self, registry: Registry, document: Document, source: Source, allowed: Collection[str]) -> None:
        self._registry = registry
        self._document = document
        self._source = source
        self._places = Places(registry, document, allowed, source.is_shared)
        self._index = _Index.of(document)
        self._claimed: dict[str, Mapping[str, Any]] = {}
        self._seen: dict[tuple[str, str, str, str], Mapping[str, Any]] = {}
        self._missing: dict[str, str] = {}
        self._problems = list(source.problems)
        self._lists: dict[str, list[PlannedItem]] = {"add": [], "replace": [], "skip": []}

    def plan(self) -> Plan:
        placed: list[tuple[int, SourceModel, PlaceOnRoll]] = []
        for number, model in enumerate(self._source.models):
            try:
                placed.append((number, model, self._places.place(model.provider)))
            except MusterError as error:
                self._problems.append(f"“{(model.name or model.model_id)[:80]}”: {error}")
        for provider in self._source.providers:
            try:
                self._places.place(provider)
            except MusterError as error:
                self._problems.append(f"“{(provider.name or provider.base_url)[:80]}”: {error}")
        counts = Counter((place.provider_type, place.provider_id, model.model_id) for _, model, place in placed)
        for number, model, place in placed:
            triple = (place.provider_type, place.provider_id, model.model_id)
            kind, item = self._item(number, model, place, is_alone=counts[triple] == 1)
            self._lists[kind].append(item)
        if not (placed or self._places.new or self._problems or self._source.notes or self._source.key_places):
            self._problems.append(_NOTHING_NEW if self._source.providers else _NOTHING)
        return Plan(
            add=tuple(self._lists["add"]),
            replace=tuple(self._lists["replace"]),
            skip=tuple(self._lists["skip"]),
            problems=tuple(self._problems),
            redirects=tuple(self._places.redirects.values()),
            providers=tuple(self._places.new.values()),
            keys_offered=tuple(dict.fromkeys(self._keys_offered())),
            notes=tuple(self._notes()),
            source=self._source,
            document=self._document,
        )

    # ------------------------------------------------------------------------------------------------------- one model

    def _item(self, number: int, model: SourceModel, place: PlaceOnRoll, *, is_alone: bool) -> tuple[str, PlannedItem]:
        entry = UserModelEntry(
            provider_type="builtin" if place.provider_type == "builtin" else "custom",
            provider_id=place.provider_id,
            model_id=model.model_id,
            name=model.name or None,
            overrides=model.overrides or None,
        )
        notes = [*model.notes, *place.notes]
        if place.provider_type == "builtin" and (words := self._missing_words(place.provider_id)):
            notes.append(words)
        row = self._same_on_roll(entry, model, is_alone=is_alone)
        if row is None or row.entry is None:
            entry, dropped = _without_contradictions(entry, model.overrides, notes)
            kind, changes, replaces, reason = self._as_new(entry)
        else:
            replaces = row.entry
            entry, dropped = self._merged(replaces, entry, model, notes)
            kind, changes, reason = self._as_known(row, replaces, entry)
        return kind, PlannedItem(
            number=number,
            entry=entry,
            provenance=self._source.title,
            stated=tuple(name for name in model.overrides if name not in dropped),
            not_understood=(*model.not_understood, *dropped),
            notes=tuple(dict.fromkeys(notes)),
            new_provider=place.new.name if place.new is not None else "",
            key_variable=place.key_variable,
            redirect=place.redirect,
            replaces=replaces,
            replaces_key=row.key if row is not None else "",
            changes=changes,
            reason=reason,
        )

    def _same_on_roll(self, entry: UserModelEntry, model: SourceModel, *, is_alone: bool) -> Row | None:
        exact = self._index.by_identity.get(entry.identity)
        if exact is not None:
            return exact
        if self._source.names_are_names:
            same = self._index.by_id.get(model.id) if model.id else None
            return same if same is not None and same.entry and _triple(same.entry) == _triple(entry) else None
        rows = self._index.by_triple.get(_triple(entry), ())
        return rows[0] if len(rows) == 1 and is_alone else None

    def _as_new(self, entry: UserModelEntry) -> tuple[str, tuple[FieldChange, ...], UserModelEntry | None, str]:
        overrides = entry.overrides or {}
        before = self._seen.setdefault(entry.identity, overrides)
        if before is not overrides:
            return "skip", (), None, _TWICE if before == overrides else _TWICE_OTHERWISE
        return "add", (), None, ""

    def _as_known(
        self, row: Row, before: UserModelEntry, entry: UserModelEntry
    ) -> tuple[str, tuple[FieldChange, ...], str]:
        overrides = entry.overrides or {}
        claimed = self._claimed.setdefault(row.key, overrides)
        if claimed is not overrides:
            return "skip", (), _TWICE if claimed == overrides else _TWICE_OTHERWISE
        changes = tuple(changes_between(before, entry))
        return ("replace", changes, "") if changes else ("skip", (), _ON_THE_ROLL)

    def _merged(
        self, before: UserModelEntry, entry: UserModelEntry, model: SourceModel, notes: list[str]
    ) -> tuple[UserModelEntry, tuple[str, ...]]:
        """The entry on the roll with what the source states, and nothing else, put over it."""
        stored = before.overrides or {}
        stated = {
            name: value for name, value in model.overrides.items() if not _means_the_same(name, stored.get(name), value)
        }
        name = before.name
        if self._source.names_are_names:
            name = name if entry.display_name == before.display_name else entry.name
        elif entry.name and entry.name != before.display_name:
            notes.append(f"It is called “{entry.name}” there.")
        if not stated and name == before.name:
            return before, ()
        merged = before.with_changes(name=name, overrides={**stored, **stated} or None)
        return _without_contradictions(merged, stated, notes, before)

    def _missing_words(self, provider_id: str) -> str:
        if provider_id not in self._missing:
            missing = self._registry.credentials.missing(provider_id)
            row = PROVIDER_BY_ID[provider_id]
            labels = " and ".join(credential.label for credential in row.needs() if credential.config_key in missing)
            self._missing[provider_id] = (
                f"Set up {row.display_name}’s {labels} under Providers before it can run." if labels else ""
            )
        return self._missing[provider_id]

    # ---------------------------------------------------------------------------------------------------- the whole

    def _keys_offered(self) -> Iterator[KeyOffer]:
        asked: dict[ReadProvider, None] = dict.fromkeys(
            (*(model.provider for model in self._source.models), *self._source.providers)
        )
        for provider in asked:
            try:
                place = self._places.place(provider)
            except MusterError:
                continue
            stands_there = provider.holds_key and bool(provider.key_variable)  # in a text of variables
            if self._has_key(place, if_unknown=not stands_there):
                continue
            name = place.provider_id
            if place.provider_type == "builtin":
                name = PROVIDER_BY_ID[name].display_name
            variable, is_new = place.key_variable, place.new is not None
            if stands_there:
                if variable or not is_new:  # else it is another provider's key, which needs a yes of its own
                    yield KeyOffer(name, provider.key_variable, self._source.title)
            elif variable:
                yield KeyOffer(name, variable=variable)
            elif provider.holds_key:
                yield KeyOffer(name, place=self._source.title)

    def _has_key(self, place: PlaceOnRoll, *, if_unknown: bool) -> bool:
        """Whether a run would find a key; `if_unknown` is the answer where only the keyring could tell."""
        if place.new is not None:
            return False
        if place.provider_type == "builtin":
            fields = PROVIDER_BY_ID[place.provider_id].needs()
            names = [("builtin", place.provider_id, field.config_key) for field in fields]
        else:
            names = [("custom", place.provider_id, CUSTOM_KEY)]
        states = [self._registry.credentials.state(*name) for name in names]
        return all(state.present or (if_unknown and not state.known) for state in states)

    def _notes(self) -> Iterator[str]:
        yield from self._source.notes
        if self._source.key_places:
            yield f"Keys stand there, which were not read: {', '.join(self._source.key_places)}."
        yield from filter(None, self._missing.values())


def changes_between(before: UserModelEntry, after: UserModelEntry) -> Iterator[FieldChange]:
    """Each field that means something else to a run after it."""
    if before.display_name != after.display_name:
        yield FieldChange("name", before.name, after.name)
    old, new = before.overrides or {}, after.overrides or {}
    for name in new:
        if not _means_the_same(name, old.get(name), new[name]):
            yield FieldChange(name, None if is_unset(old.get(name)) else old[name], new[name])


def _means_the_same(name: str, before: Any, after: Any) -> bool:
    """Whether two stored values of a field are one to a run.

    “yes” and true are, and so are none and the default, and a list in another order.
    """
    if name in OVERRIDABLE:
        default = OVERRIDABLE[name].default
        before, after = (default if is_unset(value) else value for value in (before, after))
    if is_unset(before) or is_unset(after):
        return is_unset(before) and is_unset(after)
    if _are_the_same_levels(before, after):
        return True
    if type(before) is type(after) and before == after:
        return True
    try:
        stored: list[Any] = [(accepted_overrides({name: value}) or {}).get(name) for value in (before, after)]
    except MusterError:
        return False
    if all(isinstance(value, list) for value in stored):
        stored = [sorted(value) for value in stored]
    return bool(stored[0] == stored[1])


def _are_the_same_levels(before: Any, after: Any) -> bool:
    """Whether one is the other without labels of its own, as of a tool that keeps none."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return False
    return all(label == level for label, level in after.items()) and set(before.values()) == set(after.values())


def _words_on(problem: FieldProblem, stated: Mapping[str, Any]) -> str:
    if problem.field == "default_thinking_level" and problem.field not in stated:
        return f"{label_of('available_thinking_levels')} was left out: none of the levels is said to be the default."
    return f"{problem.title} It was left out."


def _without_contradictions(
    entry: UserModelEntry, stated: Mapping[str, Any], notes: list[str], before: UserModelEntry | None = None
) -> tuple[UserModelEntry, tuple[str, ...]]:
    """The entry without what was stated and cannot be together with its provider or its other values."""
    if RULED.isdisjoint(stated):
        return entry, ()
    known = {problem.title for problem in override_problems(before)} if before is not None else set()
    dropped: list[str] = []
    for _ in range(3):
        new = [problem for problem in override_problems(entry) if problem.blocks and problem.title not in known]
        fields = {problem.field for problem in new}
        if "default_thinking_level" in fields:
            fields.add("available_thinking_levels")
        fields &= stated.keys()
        if not fields:
            break
        notes.extend(_words_on(problem, stated) for problem in new)
        dropped += sorted(fields)
        stored = (before.overrides or {}) if before is not None else {}
        kept = {
            name: stored[name] if name in fields else value
            for name, value in (entry.overrides or {}).items()
            if name not in fields or name in stored
        }
        entry = entry.with_changes(overrides=kept or None)
    return entry, tuple(dropped)
