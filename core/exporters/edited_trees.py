"""Plain data with many edits made to it, in a time that grows with their number and not with its square."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.exporters.places import Item, Place, Row, Step, new_row, value_at
from core.field_specs import UNSET


class RowIndex:
    """Which of a list's rows a step names, found by what they say and not by looking at one after the other.

    Rows go by numbers that keep their order. `value_of` gives what a row is now, UNSET for one that is gone.
    """

    def __init__(self, numbers: Callable[[], Iterable[int]], value_of: Callable[[int], Any]) -> None:
        self._numbers = numbers
        self._value_of = value_of
        self._tables: dict[tuple[str, ...], dict[Any, set[int]]] = {}

    def first(self, step: Row | Item) -> int | None:
        """The number of the first row that the step names."""
        keys = tuple(key for key, _ in step.match) if isinstance(step, Row) else ()
        table = self._tables.get(keys)
        if table is None:
            table = self._tables[keys] = {}
            for number in self._numbers():
                self._enter(table, keys, number)
        wanted = tuple(value for _, value in step.match) if isinstance(step, Row) else step.value
        try:
            found: Iterable[int] = table.get(wanted, ())
        except TypeError:  # a list or a mapping, which no table is made of
            found = self._numbers()
        return min((number for number in found if step.fits(self._value_of(number))), default=None)

    def note(self, number: int) -> None:
        """Takes note of a row that is new or has changed."""
        for keys, table in self._tables.items():
            self._enter(table, keys, number)

    def _enter(self, table: dict[Any, set[int]], keys: tuple[str, ...], number: int) -> None:
        value = self._value_of(number)
        said = tuple(value_at(value, key) for key in keys) if keys else value
        try:
            table.setdefault(said, set()).add(number)
        except TypeError:
            return


class EditedTree:
    """Plain data that can be edited and searched; what it was made of stays as it is."""

    def __init__(self, tree: Any) -> None:
        self._tree = tree
        self._indexes: dict[int, tuple[list[Any], RowIndex]] = {}
        """Of lists as they were given, by identity."""

    def put(self, place: Place, value: Any) -> None:
        """Puts a value at a place; what is missing on the way is made, and what is in the way makes room."""
        self._tree = _with(self._tree, place, value)

    def drop(self, place: Place) -> None:
        """Takes away what stands at a place; mappings and lists that this leaves empty stay."""
        self._tree = _without(self._tree, place)

    def find(self, place: Place) -> Any:
        """What stands at a place, as plain data; UNSET where nothing does. Of several rows that fit, the first."""
        return _plain(self._held(place))

    def holds(self, place: Place) -> bool:
        """Whether anything stands at a place."""
        return self._held(place) is not UNSET

    def is_bare(self, place: Place) -> bool:
        """Whether nothing is left at a place of a provider or a list but its name."""
        return is_bare(self._held(place), place[-1] if place else "")

    def obstacle(self, place: Place) -> int | None:
        """The first step of a place that something else than it needs is in the way of; None where a put loses nothing.

        What says nothing, such as an empty list, is in nobody's way.
        """
        held = self._tree
        for number, step in enumerate(place):
            if held is UNSET or held is None or held in ({}, []) or (isinstance(held, _Rows) and held.live == 0):
                return None
            if not isinstance(held, Mapping if isinstance(step, str) else list):
                return number
            held = self._step(held, step)
        return None

    def plain(self) -> Any:
        """All of it as plain data."""
        return _plain(self._tree)

    def _held(self, place: Place) -> Any:
        held = self._tree
        for step in place:
            held = self._step(held, step)
        return held

    def _step(self, held: Any, step: Step) -> Any:
        if isinstance(step, str):
            return held.get(step, UNSET) if isinstance(held, Mapping) else UNSET
        number = self._index_of(held).first(step) if isinstance(held, list) else None
        return held[number] if number is not None else UNSET

    def _index_of(self, rows: list[Any]) -> RowIndex:
        if isinstance(rows, _Rows):
            return rows.index_of_rows
        if id(rows) not in self._indexes:
            self._indexes[id(rows)] = (rows, RowIndex(lambda: range(len(rows)), rows.__getitem__))
        return self._indexes[id(rows)][1]


def is_bare(held: Any, step: Step) -> bool:
    """Whether nothing is left of a provider or a list but its name."""
    names = {key for key, _ in step.match} if isinstance(step, Row) else set()
    if isinstance(held, dict):
        return all(key in names or is_bare(value, "") for key, value in held.items())
    if isinstance(held, _Rows):
        return held.live == 0
    return held is UNSET or held == []


class _Fields(dict[Any, Any]):
    """A mapping that may be changed, with others like it in it."""


class _Rows(list[Any]):
    """A list that may be changed: a row that goes leaves UNSET in its place, so that the others keep their numbers."""

    def __init__(self, rows: Iterable[Any]) -> None:
        super().__init__(rows)
        self.live = len(self)
        self.index_of_rows = RowIndex(lambda: range(len(self)), self.__getitem__)

    def put(self, number: int | None, value: Any) -> None:
        """Puts a row in the place of another, or behind the last."""
        if number is None:
            number = len(self)
            self.append(UNSET)
            self.live += 1
        self[number] = value
        self.index_of_rows.note(number)

    def drop(self, number: int) -> None:
        """Takes a row away."""
        self[number] = UNSET
        self.live -= 1


def _with(held: Any, place: Place, value: Any) -> Any:
    if not place:
        return value
    step, rest = place[0], place[1:]
    if isinstance(step, str):
        fields = held if isinstance(held, _Fields) else _Fields(held if isinstance(held, Mapping) else {})
        fields[step] = _with(fields.get(step, UNSET), rest, value)
        return fields
    rows = held if isinstance(held, _Rows) else _Rows(held if isinstance(held, list) else [])
    number = rows.index_of_rows.first(step)
    rows.put(number, _with(new_row(step) if number is None else rows[number], rest, value))
    return rows


def _without(held: Any, place: Place) -> Any:
    if not place:
        return UNSET
    step, rest = place[0], place[1:]
    if isinstance(step, str):
        if not isinstance(held, Mapping) or step not in held:
            return held
        fields = held if isinstance(held, _Fields) else _Fields(held)
        inner = _without(fields[step], rest)
        if inner is UNSET:
            del fields[step]
        else:
            fields[step] = inner
        return fields
    if not isinstance(held, list):
        return held
    rows = held if isinstance(held, _Rows) else _Rows(held)
    number = rows.index_of_rows.first(step)
    if number is None:
        return rows
    inner = _without(rows[number], rest)
    if inner is UNSET:
        rows.drop(number)
    else:
        rows.put(number, inner)
    return rows


def _plain(held: Any) -> Any:
    if isinstance(held, _Fields):
        return {key: _plain(value) for key, value in held.items()}
    if isinstance(held, _Rows):
        return [_plain(value) for value in held if value is not UNSET]
    return held
