"""Edits between brackets, for JSON and for YAML's flow collections: items, the commas between them, their lines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from core.exporters.nodes import Node, Slot, State, current
from core.exporters.replacements import Replacements
from core.line_positions import LineText
from core.splices import CannotSplice


class FlowDialect(ABC):
    """How values and comments are written between brackets. `unit` is one step of indentation."""

    breaks_lines: ClassVar[bool] = True
    """Whether a new value may take several lines."""
    colon: str = ": "
    unit: str = "  "

    @abstractmethod
    def value(self, value: Any, indent: str | None) -> str:
        """A value in one line, or with the indentation of its first line in several."""

    @abstractmethod
    def key(self, key: Any) -> str:
        """A mapping's key."""

    @abstractmethod
    def tail_end(self, text: str, place: int) -> int | None:
        """Where the line ends in which nothing but a comment follows; None where something does."""


class FlowEditor:
    """Turns what was noted on collections into replacements; who uses it applies them."""

    def __init__(self, text: str, dialect: FlowDialect, replacements: Replacements) -> None:
        self._text = text
        self._lines = LineText(text)
        self._dialect = dialect
        self._pieces = replacements

    def change(self, slot: Slot) -> None:
        """Makes what was noted on a slot that stays."""
        node = slot.node
        if node is None or slot.state is State.KEPT:
            return
        if slot.state is State.EDITED:
            self.edit(node, opens_line=self._opens_line(slot.start))
            return
        indent = self._indent(slot.start) if self._dialect.breaks_lines and self._opens_line(slot.start) else None
        text = self._dialect.value(current(slot), indent)
        if slot.behind is None and node.start == node.end:  # a key alone
            text = self._dialect.colon + text
        elif node.start == node.end:
            text = f" {text}"
        self._pieces.put(node.start, node.end, text)

    def edit(self, node: Node, *, opens_line: bool) -> None:
        """Makes what was noted on the slots of a collection; `opens_line` says that it may take lines of its own."""
        if node.is_odd:
            raise CannotSplice
        slots = node.slots or []
        old = [slot for slot in slots if slot.is_old]
        new = [slot for slot in slots if slot.state is State.NEW]
        kept = [slot for slot in old if slot.is_live]
        if not old:
            self._fill(node, new, opens_line=opens_line)
            return
        if not kept:
            self._exchange_all(node, old, new)
            return
        for slot in old:
            if slot.is_live:
                self.change(slot)
            else:
                self._remove(node, slot, is_behind_all=slot.start > kept[-1].start)
        self._set_comma(kept[-1], old, new)
        if new:
            self._insert(node, kept[-1], new, had_comma=old[-1].comma is not None)

    # ------------------------------------------------------------------------------------------------ items

    def _set_comma(self, last: Slot, old: list[Slot], new: list[Slot]) -> None:
        """The comma behind the last of the old items that stay, by whether the collection ended with one."""
        ended_with_one = old[-1].comma is not None
        if last.comma is not None and not ended_with_one and not new:
            self._pieces.remove(last.comma, last.comma + 1)

    def _insert(self, node: Node, last: Slot, new: list[Slot], *, had_comma: bool) -> None:
        behind = last.end if last.comma is None else last.comma + 1
        end_of_line = self._dialect.tail_end(self._text, behind)
        has_lines = (
            self._opens_line(last.start)
            and end_of_line is not None
            and end_of_line < node.inner[1]
            and self._opens_line(node.inner[1])
        )
        if has_lines and end_of_line is not None:
            if last.comma is None:
                self._pieces.put(last.end, last.end, ",")
            indent = self._indent(last.start)
            lines = [f"{indent}{self._item(slot, indent)}" for slot in new]
            place = self._lines.line_end(end_of_line)  # behind the break, which is that line's own
            self._pieces.put(place, place, ",\n".join(lines) + ("," if had_comma else "") + "\n")
            return
        gap = self._gap(node)
        items = "".join(f",{gap}{self._item(slot, None)}" for slot in new)
        self._pieces.put(last.end, last.end, items)
        if last.comma is not None and not had_comma:
            self._pieces.remove(last.comma, last.comma + 1)

    def _fill(self, node: Node, new: list[Slot], *, opens_line: bool) -> None:
        """New items in a collection without any."""
        if not new:
            return
        start, end = node.inner
        inside = self._text[start:end]
        outer = self._indent(node.start)
        indent = outer + self._dialect.unit
        if inside.strip():  # comments
            if not self._opens_line(end) or not self._dialect.breaks_lines:
                raise CannotSplice
            place = self._lines.line_start(end)
            lines = [f"{indent}{self._item(slot, indent)}" for slot in new]
            self._pieces.put(place, place, ",\n".join(lines) + "\n")
        elif opens_line and self._dialect.breaks_lines:
            lines = [f"\n{indent}{self._item(slot, indent)}" for slot in new]
            self._pieces.put(start, end, ",".join(lines) + f"\n{outer}")
        else:
            self._pieces.put(start, end, f",{self._gap(node)}".join(self._item(slot, None) for slot in new))

    def _exchange_all(self, node: Node, old: list[Slot], new: list[Slot]) -> None:
        """None of the items stays."""
        start, end = node.inner
        spans = [(slot.start, self._behind(slot)) for slot in old]
        edges = [start, *(edge for span in spans for edge in span), end]
        between = "".join(self._text[edges[n] : edges[n + 1]] for n in range(0, len(edges), 2))
        if new and self._opens_line(old[0].start):
            indent = self._indent(old[0].start)
            for slot in old:
                self._remove(node, slot)
            place = self._lines.line_start(old[0].start)
            ending = "," if old[-1].comma is not None else ""
            lines = [f"{indent}{self._item(slot, indent)}" for slot in new]
            self._pieces.put(place, place, ",\n".join(lines) + ending + "\n")
        elif new:
            if between.strip():
                raise CannotSplice
            items = f",{self._gap(node)}".join(self._item(slot, None) for slot in new)
            self._pieces.put(old[0].start, spans[-1][1], items)
        elif between.strip():
            for slot in old:
                self._remove(node, slot)
        else:
            self._pieces.remove(start, end)

    def _remove(self, node: Node, slot: Slot, *, is_behind_all: bool = False) -> None:
        """Takes an item away with the comma behind it, and the lines that only it stood in."""
        start, behind = slot.start, self._behind(slot)
        end_of_line = self._dialect.tail_end(self._text, behind)
        limit = node.inner[1]
        if self._opens_line(start) and end_of_line is not None and end_of_line < limit:
            self._pieces.remove(self._lines.line_start(start), self._lines.line_end(end_of_line))
            return
        end = behind
        while end < limit and self._text[end] in " \t":
            end += 1
        if is_behind_all or end == limit or self._text[end] in "\r\n":  # nothing that stays follows in its line
            end = behind
            while start > node.inner[0] and self._text[start - 1] in " \t":
                start -= 1
        self._pieces.remove(start, end)

    # ------------------------------------------------------------------------------------------------ texts

    def _item(self, slot: Slot, indent: str | None) -> str:
        text = self._dialect.value(current(slot), indent if self._dialect.breaks_lines else None)
        return text if slot.key is None else f"{self._dialect.key(slot.key)}{self._dialect.colon}{text}"

    def _behind(self, slot: Slot) -> int:
        return slot.end if slot.comma is None else slot.comma + 1

    def _gap(self, node: Node) -> str:
        """What stands behind the commas of a collection that is written in one line."""
        slots = [slot for slot in node.slots or () if slot.is_old]
        if len(slots) > 1 and slots[0].comma is not None:
            gap = self._text[slots[0].comma + 1 : slots[1].start]
            if not gap.strip(" "):
                return gap
        return self._dialect.colon.removeprefix(":")

    def _indent(self, place: int) -> str:
        start = self._lines.line_start(place)
        line = self._text[start:place]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _opens_line(self, place: int) -> bool:
        return not self._text[self._lines.line_start(place) : place].strip(" \t")
