"""The values of a text with where they stand in it, and edits noted on them: which of them change, come and go.

All positions count characters. What is noted here is turned into replacements of pieces of the text by the writer of
its format; nodes that no edit touches are never looked at again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from core.exporters.edits import CannotEdit, Drop, Put
from core.exporters.places import Place, Step, find, new_row, with_value, without
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

    @property
    def is_block(self) -> bool:
        """Whether it is a collection without brackets."""
        return self.slots is not None and not self.is_flow and not self.is_shared


@dataclass(slots=True, eq=False)
class Slot:
    """The place of one value: a mapping's field, a list's row, or the whole document.

    `start` is where its key or dash begins; `behind` is right behind the colon or dash, None where there is none;
    `comma` is that behind it. `new` is the value of one that is replaced or new.
    """

    key: Any = None
    start: int = 0
    end: int = 0
    behind: int | None = None
    comma: int | None = None
    node: Node | None = None
    state: State = State.KEPT
    new: Any = UNSET
    now: Any = UNSET
    """The edited value, as long as nothing more changed in it."""

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
    else:
        _drop(root, edit.place)


def current(slot: Slot) -> Any:
    """The plain data of a slot with the edits made so far."""
    node = slot.node
    if slot.state in (State.NEW, State.REPLACED):
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
        _check_way(slot.new, place)
        slot.new = with_value(slot.new, place, value)
        return
    node, step = slot.node, place[0]
    if node is None:
        slot.state, slot.new = State.NEW, with_value(UNSET, place, value)
        return
    held = current(slot)
    if node.is_shared or node.slots is None or node.is_map is not isinstance(step, str):
        _check_way(held, place)
        slot.state, slot.new = State.REPLACED, with_value(held or UNSET, place, value)
        return
    child = _child(node, step)
    if child is not None:
        _put(child, place[1:], value)
    else:
        made = node.merged.get(step, UNSET) if isinstance(step, str) else new_row(step)
        _check_way(made, place[1:])
        key = step if isinstance(step, str) else None
        node.slots.append(Slot(key, state=State.NEW, new=with_value(made, place[1:], value)))
    _mark_edited(slot)


def _check_way(held: Any, place: Place) -> None:
    """Raises CannotEdit where a value that says something stands where the place needs a mapping or a list."""
    named = ""
    for step in place:
        wanted, words = (dict, "a mapping") if isinstance(step, str) else (list, "a list")
        if held is UNSET or held is None or held in ({}, []):
            return
        if not isinstance(held, wanted):
            raise CannotEdit(f"{named or 'what stands there'} is not {words}")
        named = f"“{step}”" if isinstance(step, str) else "a row"
        held = find(held, (step,))


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
            _set_fields(node.slots, node.merged, value)
        else:
            _set_rows(node.slots, value)
        _mark_edited(slot)
    else:
        slot.state, slot.new = State.REPLACED, value


def _can_set_inside(node: Node, value: Any) -> bool:
    if node.is_odd:
        return False
    if node.is_map:
        return isinstance(value, Mapping) and all(key in value for key in node.merged)
    return isinstance(value, list)


def _set_fields(slots: list[Slot], merged: Mapping[Any, Any], value: Mapping[Any, Any]) -> None:
    own = {slot.key: slot for slot in slots if slot.is_live and slot.key is not MERGE}
    for key, slot in own.items():
        if key not in value:
            _take_out(slots, slot)
    for key, wanted in value.items():
        if key in own:
            _set(own[key], wanted)
        elif key not in merged or not same_value(merged[key], wanted):
            slots.append(Slot(key, state=State.NEW, new=wanted))


def _set_rows(slots: list[Slot], value: list[Any]) -> None:
    live = [slot for slot in slots if slot.is_live]
    excess = len(live) - len(value)
    if excess > 0:
        first = next((n for n, wanted in enumerate(value) if not same_value(current(live[n]), wanted)), len(value))
        last = 0  # rows at the end that stay
        while last < len(value) - first and same_value(current(live[-1 - last]), value[-1 - last]):
            last += 1
        cut = len(value) - last
        for slot in live[cut : cut + excess]:
            _take_out(slots, slot)
        del live[cut : cut + excess]
    for slot, wanted in zip(live, value, strict=False):
        _set(slot, wanted)
    slots.extend(Slot(state=State.NEW, new=wanted) for wanted in value[len(live) :])


def _drop(slot: Slot, place: Place) -> None:
    node, step = slot.node, place[0]
    if slot.state in (State.NEW, State.REPLACED):
        slot.new = without(slot.new, place)
        return
    if node is None or find(current(slot), place) is UNSET:
        return
    if node.is_shared:
        slot.state, slot.new = State.REPLACED, without(node.value, place)
        return
    child = _child(node, step)
    if child is None or node.slots is None:
        raise CannotEdit(f"“{step}” comes from another part of the file, by a merge key (<<)")
    if len(place) > 1:
        _drop(child, place[1:])
    else:
        if node.is_map and child.key in node.merged:
            raise CannotEdit(f"“{step}” comes from another part of the file too, by a merge key (<<)")
        _take_out(node.slots, child)
    _mark_edited(slot)


def _take_out(slots: list[Slot], slot: Slot) -> None:
    if slot.is_old:
        slot.state = State.DROPPED
    else:
        slots.remove(slot)


def _child(node: Node, step: Step) -> Slot | None:
    live = [slot for slot in node.slots or () if slot.is_live]
    if isinstance(step, str):
        return next((slot for slot in live if slot.key == step), None) if node.is_map else None
    return None if node.is_map else next((slot for slot in live if step.fits(current(slot))), None)


def _mark_edited(slot: Slot) -> None:
    slot.state, slot.now = State.EDITED, UNSET
