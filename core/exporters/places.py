"""Where in a tool's file an entry stands: a path of mapping keys, list rows and list items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.field_specs import UNSET


@dataclass(frozen=True, slots=True)
class Row:
    """The mapping in a list that has these values; each key may be a dotted path ("model_info.id")."""

    match: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, **match: Any) -> Row:
        """The row with these values, of keys that are Python names."""
        return cls(tuple(match.items()))

    def fits(self, value: Any) -> bool:
        """Whether a list's element is that row."""
        return isinstance(value, Mapping) and all(value_at(value, key) == wanted for key, wanted in self.match)


@dataclass(frozen=True, slots=True)
class Item:
    """The text in a list of texts."""

    value: str

    def fits(self, value: Any) -> bool:
        """Whether a list's element is that text."""
        return bool(value == self.value)


Step = str | Row | Item
Place = tuple[Step, ...]


def value_at(mapping: Any, dotted: str) -> Any:
    """What stands at a dotted path of keys; UNSET where nothing does."""
    for key in dotted.split("."):
        if not isinstance(mapping, Mapping) or key not in mapping:
            return UNSET
        mapping = mapping[key]
    return mapping


def find(tree: Any, place: Place) -> Any:
    """What stands at a place of plain data; UNSET where nothing does. Of several rows that fit, the first."""
    for step in place:
        if isinstance(step, str):
            if not isinstance(tree, Mapping) or step not in tree:
                return UNSET
            tree = tree[step]
        else:
            tree = next((value for value in tree if step.fits(value)), UNSET) if isinstance(tree, list) else UNSET
            if tree is UNSET:
                return UNSET
    return tree


def with_value(tree: Any, place: Place, value: Any) -> Any:
    """A copy of plain data with that value at that place; what is missing on the way is made."""
    if not place:
        return value
    step, rest = place[0], place[1:]
    if isinstance(step, str):
        mapping = dict(tree) if isinstance(tree, Mapping) else {}
        mapping[step] = with_value(mapping.get(step, UNSET), rest, value)
        return mapping
    rows = list(tree) if isinstance(tree, list) else []
    position = next((number for number, row in enumerate(rows) if step.fits(row)), None)
    if position is None:
        rows.append(with_value(new_row(step), rest, value))
    else:
        rows[position] = with_value(rows[position], rest, value)
    return rows


def new_row(step: Row | Item) -> Any:
    """What a list gets where that row is not there yet, before anything is put into it."""
    if isinstance(step, Item):
        return UNSET
    row: Any = {}
    for key, value in step.match:
        row = with_value(row, tuple(key.split(".")), value)
    return row


def words(place: Place) -> str:
    """The place as it is named to a person: `models/gpt-4o`."""
    shown = []
    for step in place:
        if isinstance(step, Row):
            shown.append(" ".join(str(value) for _, value in step.match if value is not UNSET))
        else:
            shown.append(step.value if isinstance(step, Item) else step)
    return "/".join(shown)
