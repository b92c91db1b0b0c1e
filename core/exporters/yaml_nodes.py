"""The reader of tools' YAML files: values as PyYAML's safe loader makes them, and where each of them stands.

Most of these tools read with PyYAML; dates and numbers in base 60, which nobody means, stay the text they are. An
event pass stops early on deep nesting, on which libyaml's composer crashes the process, and bounds what aliases stand
for.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from core.collector import paused_collector
from core.exporters.edits import BrokenText, broken_text_at
from core.exporters.nodes import MERGE, Node, Slot
from core.settings_faults import MAX_DEPTH, problem_of, unprintable_in
from core.settings_scalars import TAG, joined_surrogates, plain_value, tagged_value
from core.settings_values import SourceText

_MOST_SHARED: Final = 100_000
"""Values that all aliases of a file may stand for."""
_COLLECTION_TAGS: Final = frozenset({"map", "seq", "set", "omap", "pairs"})
_NUMBER_TAGS: Final = frozenset({"null", "int", "float", "bool"})
_TEXT_TAGS: Final = frozenset({"str", "binary", "timestamp"})
_SURROGATE_PROBLEM: Final = "invalid Unicode character"


def parse_yaml(text: str) -> Node | None:
    """The document's node; None where there is no content.

    Raises:
        BrokenText: it is no YAML, not one document, or gives a key twice.
    """
    unprintable = unprintable_in(text)
    if unprintable is not None:
        raise broken_text_at(text, unprintable[0], f"{unprintable[1]} stands in it")
    with paused_collector():
        try:
            return _Reader(text).read(yaml.CSafeLoader)
        except yaml.MarkedYAMLError as error:
            if _SURROGATE_PROBLEM not in (error.problem or ""):
                raise BrokenText(*problem_of(error)) from None
        except yaml.YAMLError as error:
            raise BrokenText(*problem_of(error)) from None
        # libyaml refuses "\ud83d\ude00", as JSON writes an emoji; the pure Python parser reads it, slowly.
        try:
            return _Reader(text).read(yaml.SafeLoader)
        except yaml.YAMLError as error:
            raise BrokenText(*problem_of(error)) from None


@dataclass(slots=True)
class _Frame:
    """A collection that is being read. `key` is the field that waits for its value."""

    node: Node
    anchor: str | None
    size: int = 1
    height: int = 1
    key: Slot | None = None
    key_end: int = 0
    merges: list[Any] = field(default_factory=list)
    seen: set[Any] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Anchored:
    node: Node
    size: int
    height: int


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchored] = {}
        self._shared = 0
        self._root: Node | None = None
        self._marks = _Marks()

    def read(self, loader: type[yaml.CSafeLoader | yaml.SafeLoader]) -> Node | None:
        documents = 0
        for event in yaml.parse(self._text, Loader=loader):
            if isinstance(event, yaml.ScalarEvent):
                self._read_scalar(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._open(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close(event)
            elif isinstance(event, yaml.AliasEvent):
                self._read_alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._broken(event, "a second document (---) starts here")
        if self._root is None:
            return None
        self._marks.learn(self._text, loader)
        self._place(self._root)
        root = self._root
        return None if root.slots is None and root.start == root.end else root

    def _broken(self, event: Any, words: str) -> BrokenText:
        return broken_text_at(self._text, event.start_mark.index, words)

    # ------------------------------------------------------------------------------------------------ events

    def _read_scalar(self, event: Any) -> None:
        tag = event.tag
        plain = event.implicit[0] and tag is None
        value: Any
        if tag is not None and tag != "!":
            value = self._tagged(event, tag.removeprefix(TAG))
        else:
            value = plain_value(event.value) if plain else joined_surrogates(event.value)
            if isinstance(value, SourceText):
                value = str(value)
        start, end = event.start_mark.index, event.end_mark.index
        if event.style in ("|", ">") and "+" not in self._text[start:end].partition("\n")[0].partition("#")[0]:
            end = start + len(self._text[start:end].rstrip(" \r\n"))
        quote = event.style if event.style in ("'", '"') else ""
        node = Node(start, end, value, properties=tag is not None or event.anchor is not None, quote=quote)
        self._keep(event.anchor, _Anchored(node, 1, 0))
        self._add(event, node, is_merge=plain and event.value == "<<")

    def _tagged(self, event: Any, name: str) -> Any:
        if name in _NUMBER_TAGS:
            value = tagged_value(name, event.value)
            if not isinstance(value, SourceText):
                return value
        elif name in _TEXT_TAGS:
            return joined_surrogates(event.value)
        raise self._broken(event, f"the tag '{event.tag.replace(TAG, '!!')}' is not read")

    def _open(self, event: Any) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise self._broken(event, f"values are nested more than {MAX_DEPTH} deep")
        tag = event.tag
        if tag not in (None, "!") and tag.removeprefix(TAG) not in _COLLECTION_TAGS:
            raise self._broken(event, f"the tag '{tag.replace(TAG, '!!')}' is not read")
        is_map = isinstance(event, yaml.MappingStartEvent)
        node = Node(
            event.start_mark.index,
            event.start_mark.index,
            {} if is_map else [],
            slots=[],
            is_map=is_map,
            is_flow=bool(event.flow_style),
            properties=tag is not None or event.anchor is not None,
        )
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        self._stack.append(_Frame(node, event.anchor))

    def _close(self, event: Any) -> None:
        frame = self._stack.pop()
        node = frame.node
        if node.is_flow:
            node.end = event.end_mark.index
        elif node.slots:
            node.end = node.slots[-1].end
        if frame.merges:
            for mapping in frame.merges:
                node.merged = {**node.merged, **mapping}
            node.value = {**node.merged, **node.value}
        self._keep(frame.anchor, _Anchored(node, frame.size, frame.height))
        self._add(event, node, size=frame.size, height=frame.height)

    def _read_alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            is_open = any(frame.anchor == event.anchor for frame in self._stack)
            what = "contains itself" if is_open else f"refers to an anchor '&{event.anchor}' that does not exist"
            raise self._broken(event, f"the alias '*{event.anchor}' {what}")
        if len(self._stack) + known.height > MAX_DEPTH:
            raise self._broken(event, f"values are nested more than {MAX_DEPTH} deep")
        self._shared += known.size
        if self._shared > _MOST_SHARED:
            raise self._broken(event, "its aliases stand for too many values")
        node = Node(event.start_mark.index, event.end_mark.index, known.node.value, is_map=known.node.is_map)
        node.is_shared = True
        self._add(event, node, size=known.size, height=known.height)

    def _keep(self, anchor: str | None, anchored: _Anchored) -> None:
        if anchor is not None:
            self._anchors[anchor] = anchored

    # ------------------------------------------------------------------------------------------------ collections

    def _add(self, event: Any, node: Node, *, size: int = 1, height: int = 0, is_merge: bool = False) -> None:
        if not self._stack:
            self._root = node
            return
        frame = self._stack[-1]
        outer = frame.node
        slots = outer.slots
        if slots is None:  # never: a frame holds a collection
            return
        frame.size += size
        frame.height = max(frame.height, height + 1)
        if not outer.is_map:
            slots.append(Slot(start=node.start, end=node.end, node=node))
            outer.value.append(node.value)
        elif frame.key is None:
            self._add_key(event, frame, node, is_merge=is_merge)
        else:
            self._add_value(event, frame, slots, node)

    def _add_key(self, event: Any, frame: _Frame, node: Node, *, is_merge: bool) -> None:
        if isinstance(node.value, (dict, list)):
            raise self._broken(event, "a list or a mapping stands where a key is needed")
        key = MERGE if is_merge else node.value
        known = (type(key), key)
        if known in frame.seen:
            name = self._text[node.start : node.end]
            raise broken_text_at(self._text, node.start, f"the key '{name}' is given twice")
        frame.seen.add(known)
        frame.key = Slot(key, start=node.start)
        frame.key_end = node.end

    def _add_value(self, event: Any, frame: _Frame, slots: list[Slot], node: Node) -> None:
        slot = frame.key
        if slot is None:  # never: the key was read
            return
        slot.node, slot.end = node, max(node.end, frame.key_end)
        slot.behind = self._behind_colon(frame.key_end, node.start)
        slots.append(slot)
        if slot.key is not MERGE:
            frame.node.value[slot.key] = node.value
        else:
            parts = node.value if isinstance(node.value, list) else [node.value]
            if not all(isinstance(part, dict) for part in parts):
                raise self._broken(event, "a merge key (<<) merges something that is no mapping")
            frame.merges.extend(reversed(parts))
        frame.key = None

    def _behind_colon(self, key_end: int, limit: int) -> int | None:
        place = key_end
        while place < limit and self._text[place] in " \t\r\n":
            place += 1
        return place + 1 if place < limit and self._text[place] == ":" else None

    # ------------------------------------------------------------------------------------------------ places

    def _place(self, root: Node) -> None:
        """Finds the dashes, the commas and the brackets of every collection."""
        pending = [root]
        while pending:
            node = pending.pop()
            slots = node.slots
            if slots is None or node.is_shared:
                continue
            if node.is_flow:
                self._place_flow(node, slots)
            else:
                self._place_block(node, slots)
            pending.extend(slot.node for slot in slots if slot.node is not None)

    def _place_flow(self, node: Node, slots: list[Slot]) -> None:
        opening = "{" if node.is_map else "["
        place = self._marks.next_opening(node.start)
        if self._text[place : place + 1] != opening or (slots and place >= slots[0].start):
            node.is_odd = True  # a pair without brackets
            return
        node.inner = (place + 1, node.end - 1)
        for number, slot in enumerate(slots, start=1):
            limit = slots[number].start if number < len(slots) else node.end
            slot.comma = self._marks.comma_between(slot.end, limit)
            node.is_odd = node.is_odd or self._marks.has_question(slot.start)

    def _place_block(self, node: Node, slots: list[Slot]) -> None:
        for slot in slots:
            if node.is_map:
                node.is_odd = node.is_odd or slot.behind is None or self._marks.has_question(slot.start)
            else:
                dash = self._marks.dash_before(slot.start)
                slot.start, slot.behind = dash, dash + 1
                slot.end = max(slot.end, dash + 1)
        if slots:
            node.column = slots[0].start - (self._text.rfind("\n", 0, slots[0].start) + 1)
            columns = {slot.start - (self._text.rfind("\n", 0, slot.start) + 1) for slot in slots}
            node.is_odd = node.is_odd or len(columns) > 1


class _Marks:
    """Where dashes, commas, opening brackets and question marks stand that are not part of a value."""

    def __init__(self) -> None:
        self._dashes: list[int] = []
        self._commas: list[int] = []
        self._openings: list[int] = []
        self._question_keys: set[int] = set()

    def learn(self, text: str, loader: type[yaml.CSafeLoader | yaml.SafeLoader]) -> None:
        behind_question = False
        for token in yaml.scan(text, Loader=loader):
            start = token.start_mark.index
            if behind_question:
                self._question_keys.add(start)
                behind_question = False
            if isinstance(token, yaml.BlockEntryToken):
                self._dashes.append(start)
            elif isinstance(token, yaml.FlowEntryToken):
                self._commas.append(start)
            elif isinstance(token, (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)):
                self._openings.append(start)
            elif isinstance(token, yaml.KeyToken):
                behind_question = token.end_mark.index > start

    def dash_before(self, place: int) -> int:
        """The dash of the row whose content starts there."""
        return self._dashes[bisect_left(self._dashes, place) - 1]

    def comma_between(self, start: int, end: int) -> int | None:
        found = bisect_left(self._commas, start)
        return self._commas[found] if found < len(self._commas) and self._commas[found] < end else None

    def next_opening(self, place: int) -> int:
        found = bisect_left(self._openings, place)
        return self._openings[found] if found < len(self._openings) else -1

    def has_question(self, key_start: int) -> bool:
        return key_start in self._question_keys
