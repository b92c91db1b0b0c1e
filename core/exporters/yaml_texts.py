"""Edits of tools' YAML files: only the lines and pieces of what changes are replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

from typing_extensions import override

from core.exporters.edits import CannotEdit, Drop, Put, edited_tree
from core.exporters.flow_editing import FlowDialect, FlowEditor
from core.exporters.nodes import Node, Slot, State, current, note_edit
from core.exporters.replacements import Replacements
from core.exporters.yaml_nodes import parse_yaml
from core.exporters.yaml_round_trip import edit_by_round_trip
from core.exporters.yaml_writing import BlockWriter, Style, flow_text, key_text
from core.line_positions import LineText
from core.settings_values import same_value
from core.splices import CannotSplice


def read_yaml(text: str) -> Any:
    """The plain data of a YAML text; None of an empty one.

    Raises:
        BrokenText: it is no YAML, not one document, or gives a key twice.
    """
    root = parse_yaml(text)
    return root.value if root is not None else None


def edit_yaml(text: str, edits: Sequence[Put | Drop]) -> str:
    """The text with the edits made; not checked.

    Raises:
        BrokenText: it cannot be read.
        CannotEdit: it is written in a way that cannot be edited.
    """
    # With a line break at the end, every line is one that others can follow.
    is_open = text != "" and not text.endswith("\n")
    whole = text + ("\r\n" if "\r\n" in text else "\n") if is_open else text
    root = Slot(node=parse_yaml(whole))
    before = read_yaml(text) if is_open else current(root)
    is_cut = not same_value(before, current(root))
    for edit in edits:
        note_edit(root, edit)
    try:
        edited = _Editor(whole, root, is_cut=is_cut).edited()
    except CannotSplice:
        return edit_by_round_trip(text, edited_tree(before, edits))
    if not is_open:
        return edited
    wanted = edited_tree(before, edits)
    shorter = edited.removesuffix("\n").removesuffix("\r")
    for result in (shorter, edited):  # a text may end with that line break
        if same_value(read_yaml(result), wanted):
            return result
    if is_cut:
        raise CannotEdit(
            "its last value is a text of several lines without a line break at its end, and what follows would give it "
            "one; add an empty line at the end of the file"
        )
    return edited


class _YamlFlow(FlowDialect):
    """YAML between brackets: always in one line, since its lines are bound to the indentation around them."""

    breaks_lines: ClassVar[bool] = False

    def __init__(self, quote: str) -> None:
        self._quote = quote

    @override
    def value(self, value: Any, indent: str | None) -> str:
        return flow_text(value, self._quote)

    @override
    def key(self, key: Any) -> str:
        return key_text(key, self._quote, in_flow=True)

    @override
    def tail_end(self, text: str, place: int) -> int | None:
        end = text.find("\n", place) % (len(text) + 1)
        rest = text[place:end]
        content = rest.strip()
        if content and not (content.startswith("#") and rest[0] in " \t"):
            return None
        return end - 1 if rest.endswith("\r") else end


class _Editor:
    """`is_cut`: the text ends in one of several lines that has no line break at its end, and must get none."""

    def __init__(self, text: str, root: Slot, *, is_cut: bool) -> None:
        self._text = text
        self._is_cut = is_cut
        self._lines = LineText(text)
        self._root = root
        style = Style.of(root.node)
        self._writer = BlockWriter(style)
        self._pieces = Replacements(text)
        self._flow = FlowEditor(text, _YamlFlow(style.quote), self._pieces)

    def edited(self) -> str:
        self._edit_root()
        return self._pieces.applied()

    # ------------------------------------------------------------------------------------------------ the document

    def _edit_root(self) -> None:
        root, node = self._root, self._root.node
        if root.state is State.KEPT:
            return
        value = current(root)
        if node is None:
            self._insert(self._end_of_content(), self._whole(value))
        elif root.state is State.EDITED and node.is_block:
            if any(slot.is_live for slot in node.slots or ()):
                self._edit_block(node)
            else:
                self._remove_slots(node)
                self._insert(self._lines.line_start(node.start), self._whole(value))
        elif root.state is State.EDITED and not self._is_bare(node):
            self._flow.edit(node, opens_line=False)
        elif node.properties:
            raise CannotSplice
        elif self._lines.column(node.start) == 0:
            if self._lines.comment_behind(node.end):
                self._pieces.remove(node.start, node.end)
                self._insert(self._lines.line_end(node.end), self._whole(value))
            else:
                self._pieces.put(node.start, self._lines.line_end(node.end), "\n".join(self._whole(value)) + "\n")
        else:  # behind the marks of the document's start
            start = node.start - 1
            self._pieces.remove(start, node.end)
            self._insert(self._lines.line_end(node.end), self._whole(value))

    def _whole(self, value: Any) -> list[str]:
        if isinstance(value, Mapping | list) and value:
            return self._writer.lines(value, 0)
        return [self._writer.inline(value, 0)]

    def _end_of_content(self) -> int:
        """Behind the last line of a text without content, but before the mark of its end."""
        place = self._text.find("\n...") + 1
        return place or len(self._text)

    # ------------------------------------------------------------------------------------------------ blocks

    def _edit_block(self, node: Node) -> None:
        if node.is_odd:
            raise CannotSplice
        slots = node.slots or []
        old = [slot for slot in slots if slot.is_old]
        new = [slot for slot in slots if slot.state is State.NEW]
        shares_line = bool(self._text[self._lines.line_start(old[0].start) : old[0].start].strip(" "))
        if shares_line and not any(slot.is_live for slot in old):
            lines = self._new_lines(node, old, new, old[-1])
            self._pieces.put(old[0].start, old[-1].end, "\n".join(lines)[node.column :])
            return
        first = self._remove_leading(old) if shares_line and not old[0].is_live else 0
        last = max((number for number, slot in enumerate(old) if slot.is_live), default=-1)
        for number, slot in enumerate(old[first:], start=first):
            if slot.is_live:
                self._change(node, slot)
            else:
                self._remove_lines(slot, old[number - 1] if number else None, is_behind_all=number > last)
        if new:
            above = self._above_new(node, old)
            self._insert(self._place_behind(node, above), self._new_lines(node, old, new, above))

    def _change(self, outer: Node, slot: Slot) -> None:
        node = slot.node
        if node is None or slot.state is State.KEPT:
            return
        if slot.state is State.EDITED and node.slots is not None and any(child.is_live for child in node.slots):
            if node.is_block:
                self._edit_block(node)
                return
            if not self._is_bare(node):
                self._flow.edit(node, opens_line=False)
                return
        elif slot.state is State.EDITED and node.is_flow:
            self._flow.edit(node, opens_line=False)
            return
        if node.properties and node.end > node.start and node.slots is not None:
            raise CannotSplice  # an anchor would go with what it names
        self._replace(outer, slot, node, current(slot))

    def _is_bare(self, node: Node) -> bool:
        """Whether nothing stands between the brackets, so that the collection can as well be written in lines."""
        return not self._text[slice(*node.inner)].strip() and not node.is_odd

    def _value_end(self, node: Node) -> int:
        """Behind a value's last character that is no line break."""
        return node.start + len(self._text[node.start : node.end].rstrip("\r\n"))

    def _replace(self, outer: Node, slot: Slot, node: Node, value: Any) -> None:
        if slot.behind is None:
            raise CannotSplice
        is_block = isinstance(value, Mapping | list | tuple) and bool(value)
        if "\n" in self._text[slot.behind : node.start]:
            self._replace_below(outer, slot, node, value, is_block=is_block)
            return
        if not outer.is_map or node.is_block:  # behind a dash
            column = self._lines.column(node.start)
            empty = node.start == node.end
            if is_block and empty:
                text = "\n".join(self._writer.row(value, outer.column))[outer.column + 1 :]
            elif is_block:
                text = "\n".join(self._writer.lines(value, column))[column:]
            else:
                text = " " * empty + self._writer.inline(value, outer.column, old=node)
            self._pieces.put(node.start, self._value_end(node), text)
            return
        if is_block:
            self._pieces.remove(slot.behind, self._value_end(node))
            column = self._writer.below(value, outer.column)
            self._insert(self._lines.line_end(node.end), self._writer.lines(value, column, node))
            return
        alone = not self._lines.comment_behind(node.end)
        text = self._writer.inline(value, outer.column, old=node, may_be_lines=alone)
        self._pieces.put(node.start, self._value_end(node), f" {text}" if node.start == node.end else text)

    def _replace_below(self, outer: Node, slot: Slot, node: Node, value: Any, *, is_block: bool) -> None:
        """Another value for one that begins below its key or dash; comments between its rows stay."""
        if slot.behind is None:
            raise CannotSplice
        if not node.is_block:
            if is_block:
                raise CannotSplice
            self._pieces.put(node.start, self._value_end(node), self._writer.inline(value, outer.column, old=node))
            return
        self._remove_slots(node)
        if is_block:
            column = self._writer.below(value, outer.column)
            self._insert(self._lines.line_start(node.start), self._writer.lines(value, column))
        else:
            self._pieces.put(slot.behind, slot.behind, " " + self._writer.inline(value, outer.column))

    # ------------------------------------------------------------------------------------------------ new lines

    def _above_new(self, node: Node, old: list[Slot]) -> Slot:
        """The slot below which new ones are put: the last, unless nothing may follow it and the order says nothing."""
        is_cut = self._is_cut and self._next_line(old[-1].end) == len(self._text)
        return old[-2] if is_cut and node.is_map and len(old) > 1 else old[-1]

    def _new_lines(self, node: Node, old: list[Slot], new: list[Slot], above: Slot) -> list[str]:
        like = next((slot.node for slot in reversed(old) if slot.node is not None and slot.node.is_map), None)
        apart = self._has_blank_lines(old)
        lines: list[str] = []
        for slot in new:
            if apart and not (slot is new[0] and self._takes_blank_lines(above)):
                lines.append("")
            if node.is_map:
                lines += self._writer.lines({slot.key: current(slot)}, node.column)
            else:
                behind = self._behind_dash(node, old)
                lines += self._writer.row(current(slot), node.column, like, behind)
        return lines

    def _behind_dash(self, node: Node, old: list[Slot]) -> int | None:
        """How far the content of this list's rows is from their dashes."""
        for slot in reversed(old):
            inner = slot.node
            if inner is not None and inner.is_block and self._lines.line_start(inner.start) <= slot.start:
                return self._lines.column(inner.start) - node.column
        return None

    def _has_blank_lines(self, old: list[Slot]) -> bool:
        """Whether there is a blank line between any two of these."""
        if len(old) < 2:
            return False
        gaps = [
            self._text[self._lines.line_end(one.end) : self._lines.line_start(other.start)]
            for one, other in pairwise(old)
        ]
        return all(any(not line.strip() for line in gap.splitlines()) for gap in gaps)

    def _place_behind(self, node: Node, last: Slot) -> int:
        """Where a block goes on: behind its last line, and the comments below that are indented as it is."""
        place = self._lines.line_end(last.end)
        while node.column > 0:
            end = self._text.find("\n", place) + 1
            line = self._text[place:end]
            content = line.lstrip(" ")
            if not content.startswith("#") or len(line) - len(content) < node.column:
                break
            place = end
        return place

    def _insert(self, place: int, lines: list[str]) -> None:
        """Whole lines at the start of one, or at the end of a text."""
        self._pieces.put(place, place, "\n".join(lines) + "\n")

    # ------------------------------------------------------------------------------------------------ lines that go

    def _remove_slots(self, node: Node) -> None:
        """Takes all fields or rows that the text has away."""
        old = [slot for slot in node.slots or () if slot.is_old]
        for above, slot in zip((None, *old), old, strict=False):
            self._remove_lines(slot, above, is_behind_all=True)

    def _remove_lines(self, slot: Slot, above: Slot | None, *, is_behind_all: bool) -> None:
        """Takes the lines of a slot away, and one of two blank lines that would meet.

        Of a slot that stands behind all that stay, the blank line goes too that parts it from the one above.
        """
        start, end = self._lines.line_start(slot.start), self._lines.line_end(slot.end)
        if self._text[start : slot.start].strip(" "):
            raise CannotSplice
        if above is not None and self._takes_blank_lines(above):
            while end < len(self._text) and not self._text[end : self._next_line(end)].strip():
                end = self._next_line(end)
            self._pieces.remove(start, end)
            return
        before = self._lines.line_start(start - 1) if start else 0
        next_end = self._next_line(end)
        blank_follows = not self._text[end:next_end].strip()
        is_apart = start > 0 and not self._text[before:start].strip()
        if is_apart and (blank_follows or (is_behind_all and above is not None)):
            start = before
        elif blank_follows and not start:
            self._pieces.remove(end, next_end)
        self._pieces.remove(start, end)

    def _takes_blank_lines(self, slot: Slot) -> bool:
        """Whether it ends in a text that blank lines below it are part of."""
        return self._text[slot.end - 1] == "\n"

    def _next_line(self, place: int) -> int:
        return self._text.find("\n", place) + 1 or len(self._text)

    def _remove_leading(self, old: list[Slot]) -> int:
        """Takes away the first fields of a mapping that begins in its dash's line; how many that are."""
        start, end = old[0].start, self._lines.line_end(old[0].end)
        count = 1
        while count < len(old) and not old[count].is_live and self._lines.line_start(old[count].start) == end:
            end = self._lines.line_end(old[count].end)
            count += 1
        while end < len(self._text) and self._text[end] in " \r\n":
            end += 1
        self._pieces.remove(start, end)
        return count
