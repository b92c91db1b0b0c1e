"""The values of a text with where they stand in it, and edits noted on them: which of them change, come and go.

All positions count characters. What is noted here is turned into replacements of pieces of the text by the writer of
its format; nodes that no edit touches are never looked at again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from core.exporters.edited_trees import EditedTree, RowIndex
from core.exporters.edits import CannotEdit, Drop, Put
from core.exporters.places import Place, Step, find, new_row
from core.field_specs import UNSET
from core.settings_values import same_value


class State(Enum):
    """What the edits do to a slot."""

    KEPT = auto()
    EDITED = auto()
    """Something inside it changes."""
    REPLACED = auto()
    NEW = auto()
    DROPPED = auto()


class Merge:
    """The key of YAML's `<<`, which is no key of the data."""


MERGE: Final = Merge()


@dataclass(slots=True, eq=False)
class Node:
    """A value. `slots` are a mapping's fields or a list's rows; None for anything else.

    `inner` is what stands between the brackets of a flow collection; `column` that of a block collection's keys or
    dashes. `is_shared`: an alias, whose content stands elsewhere. `is_odd`: the slots cannot be edited one by one.
    `properties`: an anchor or a tag stands before it. `quote` is the mark around a text.
    """

    start: int
    end: int
    value: Any
    slots: list[Slot] | None = None
    is_map: bool = False
    is_flow: bool = False
    inner: tuple[int, int] = (0, 0)
    column: int = 0
    is_shared: bool = False
    is_odd: bool = False
    properties: bool = False
    quote: str = ""
    merged: Mapping[Any, Any] = field(default_factory=dict)
    _by_key: dict[Any, Slot] | None = None
    _by_row: RowIndex | None = None
    """Where its live slots are, once one was looked for."""

    @property
    def is_block(self) -> bool:
        """Whether it is a collection without brackets."""
        return self.slots is not None and not self.is_flow and not self.is_shared

    def child(self, step: Step) -> Slot | None:
        """The live slot that a step of a place leads to."""
        slots = self.slots
        if slots is None or self.is_map is not isinstance(step, str):
            return None
        if isinstance(step, str):
            if self._by_key is None:
                self._by_key = {slot.key: slot for slot in reversed(slots) if slot.is_live}
            return self._by_key.get(step)
        if self._by_row is None:
            for number, slot in enumerate(slots):
                slot.number = number
            self._by_row = RowIndex(lambda: range(len(slots)), lambda number: _value_of(slots[number]))
        found = self._by_row.first(step)
        return slots[found] if found is not None else None

    def add(self, slot: Slot) -> None:
        """Puts a new slot behind the others."""
        slots = self.slots = self.slots if self.slots is not None else []
        slot.number = len(slots)
        slots.append(slot)
        self.note(slot)

    def take_out(self, slot: Slot) -> None:
        """Takes a slot away; one that the text has stays, as one that goes."""
        slots = self.slots or []
        if slot.is_old:
            slot.state = State.DROPPED
        else:
            slots.remove(slot)
            self._by_row = None  # the numbers behind it have changed
        if self._by_key is not None:
            self._by_key.pop(slot.key, None)

    def note(self, slot: Slot) -> None:
        """Takes note of a slot that is new or has changed."""
        if self._by_key is not None:
            self._by_key.setdefault(slot.key, slot)
        if self._by_row is not None:
            self._by_row.note(slot.number)

    def forget(self) -> None:
        """Takes note that any slot may have changed."""
        self._by_key = self._by_row = None


@dataclass(slots=True, eq=False)
class Slot:
    """The place of one value: a mapping's field, a list's row, or the whole document.

    `start` is where its key or dash begins; `behind` is right behind the colon or dash, None where there is none;
    `comma` is that behind it. `new` is the value of one that is replaced or new,
    `draft` the same while edits go on in it.
    """

    key: Any = None
    start: int = 0
    end: int = 0
    behind: int | None = None
    comma: int | None = None
    node: Node | None = None
    state: State = State.KEPT
    new: Any = UNSET
    draft: EditedTree | None = None
    now: Any = UNSET
    """The edited value, as long as nothing more changed in it."""
    number: int = 0
    """Its position, once a row was looked for in its list."""

    @property
    def is_live(self) -> bool:
        """Whether it is there after the edits."""
        return self.state is not State.DROPPED

    @property
    def is_old(self) -> bool:
        """Whether it is there before the edits."""
        return self.state is not State.NEW


def walk(node: Node | None) -> Iterator[Node]:
    """The node and all below it, as they are in the text."""
    pending = [node] if node is not None else []
    while pending:
        found = pending.pop()
        yield found
        pending.extend(slot.node for slot in found.slots or () if slot.node is not None)


def note_edit(root: Slot, edit: Put | Drop) -> None:
    """Notes an edit on the slots of a document.

    Raises:
        CannotEdit: something else stands where the edit needs a mapping or a list.
    """
    if isinstance(edit, Put):
        _put(root, edit.place, edit.value)
    elif not edit.place:
        raise CannotEdit("a whole file cannot be taken out of itself")
    elif _holds(root, edit.place):
        _drop(root, edit.place)


def current(slot: Slot) -> Any:
    """The plain data of a slot with the edits made so far."""
    node = slot.node
    if slot.state in (State.NEW, State.REPLACED):
        if slot.draft is not None:
            slot.new, slot.draft = slot.draft.plain(), None
        return slot.new
    if node is None:
        return None
    if slot.state is not State.EDITED or node.slots is None:
        return node.value
    if slot.now is UNSET:
        live = [child for child in node.slots if child.is_live]
        if node.is_map:
            own = {child.key: current(child) for child in live if child.key is not MERGE}
            slot.now = {**node.merged, **own}
        else:
            slot.now = [current(child) for child in live]
    return slot.now


def _put(slot: Slot, place: Place, value: Any) -> None:
    if not place:
        _set(slot, value)
        return
    if slot.state in (State.NEW, State.REPLACED):
        draft = slot.draft if slot.draft is not None else EditedTree(slot.new)
        _put_checked(draft, place, value)
        slot.draft = draft
        return
    node, step = slot.node, place[0]
    if node is None:
        slot.state, slot.new = State.NEW, _made(UNSET, place, value)
        return
    if node.is_shared or node.slots is None or node.is_map is not isinstance(step, str):
        slot.state, slot.new = State.REPLACED, _made(current(slot), place, value)
        return
    child = node.child(step)
    if child is not None:
        _put(child, place[1:], value)
        node.note(child)
    else:
        made = node.merged.get(step, UNSET) if isinstance(step, str) else new_row(step)
        key = step if isinstance(step, str) else None
        node.add(Slot(key, state=State.NEW, new=_made(made, place[1:], value)))
    _mark_edited(slot)


def _made(held: Any, place: Place, value: Any) -> Any:
    draft = EditedTree(held)
    _put_checked(draft, place, value)
    return draft.plain()


def _put_checked(draft: EditedTree, place: Place, value: Any) -> None:
    """Raises CannotEdit where a value that says something stands where the place needs a mapping or a list."""
    found = draft.obstacle(place)
    if found is not None:
        step, named = place[found], place[found - 1] if found else None
        what = "what stands there" if named is None else f"“{named}”" if isinstance(named, str) else "a row"
        raise CannotEdit(f"{what} is not {'a mapping' if isinstance(step, str) else 'a list'}")
    draft.put(place, value)


def _set(slot: Slot, value: Any) -> None:
    node = slot.node
    if slot.state in (State.NEW, State.REPLACED):
        slot.new = value
    elif node is None:
        slot.state, slot.new = State.NEW, value
    elif same_value(current(slot), value):
        return
    elif node.slots is not None and not node.is_shared and _can_set_inside(node, value):
        if node.is_map:
            _set_fields(node, node.slots, value)
        else:
            _set_rows(node, node.slots, value)
        node.forget()
        _mark_edited(slot)
    else:
        slot.state, slot.new = State.REPLACED, value


def _can_set_inside(node: Node, value: Any) -> bool:
    if node.is_odd:
        return False
    if node.is_map:
        return isinstance(value, Mapping) and all(key in value for key in node.merged)
    return isinstance(value, list)


def _set_fields(node: Node, slots: list[Slot], value: Mapping[Any, Any]) -> None:
    own = {slot.key: slot for slot in slots if slot.is_live and slot.key is not MERGE}
    for key, slot in own.items():
        if key not in value:
            node.take_out(slot)
    for key, wanted in value.items():
        if key in own:
            _set(own[key], wanted)
        elif key not in node.merged or not same_value(node.merged[key], wanted):
            slots.append(Slot(key, state=State.NEW, new=wanted))


def _set_rows(node: Node, slots: list[Slot], value: list[Any]) -> None:
    live = [slot for slot in slots if slot.is_live]
    excess = len(live) - len(value)
    if excess > 0:
        first = next((n for n, wanted in enumerate(value) if not same_value(current(live[n]), wanted)), len(value))
        last = 0  # rows at the end that stay
        while last < len(value) - first and same_value(current(live[-1 - last]), value[-1 - last]):
            last += 1
        cut = len(value) - last
        for slot in live[cut : cut + excess]:
            node.take_out(slot)
        del live[cut : cut + excess]
    for slot, wanted in zip(live, value, strict=False):
        _set(slot, wanted)
    slots.extend(Slot(state=State.NEW, new=wanted) for wanted in value[len(live) :])


def _drop(slot: Slot, place: Place) -> None:
    node, step = slot.node, place[0]
    if slot.state in (State.NEW, State.REPLACED):
        draft = slot.draft if slot.draft is not None else EditedTree(slot.new)
        draft.drop(place)
        slot.draft = draft
        return
    if node is None:
        return
    if node.is_shared:
        rest = EditedTree(node.value)
        rest.drop(place)
        slot.state, slot.new = State.REPLACED, rest.plain()
        return
    child = node.child(step)
    if child is None or node.slots is None:
        raise CannotEdit(f"“{step}” comes from another part of the file, by a merge key (<<)")
    if len(place) > 1:
        _drop(child, place[1:])
        node.note(child)
    else:
        if node.is_map and child.key in node.merged:
            raise CannotEdit(f"“{step}” comes from another part of the file too, by a merge key (<<)")
        node.take_out(child)
    _mark_edited(slot)


def _holds(slot: Slot, place: Place) -> bool:
    """Whether anything stands at a place after the edits so far."""
    node = slot.node
    if not place:
        return True
    if slot.state in (State.NEW, State.REPLACED) or node is None or node.is_shared or node.slots is None:
        return find(current(slot), place) is not UNSET
    child = node.child(place[0])
    return _holds(child, place[1:]) if child is not None else find(node.merged, place) is not UNSET


def _value_of(slot: Slot) -> Any:
    return current(slot) if slot.is_live else UNSET


def _mark_edited(slot: Slot) -> None:
    slot.state, slot.now = State.EDITED, UNSET
