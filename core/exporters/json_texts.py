"""Edits of tools' JSON files: only the pieces of what changes are replaced; comments and style stay."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from typing_extensions import override

from core.exporters.edits import CannotEdit, Drop, Put
from core.exporters.flow_editing import FlowDialect, FlowEditor
from core.exporters.json_nodes import parse_json
from core.exporters.nodes import Node, Slot, State, current, note_edit, walk
from core.exporters.replacements import Replacements

_SHORT: Final = 60
"""Characters; a list of plain values no longer than that stays in one line."""
_REST_OF_LINE: Final = re.compile(r"(?:[ \t]+|/\*(?:(?!\*/)[^\r\n])*\*/)*(?://[^\r\n]*)?(?=\r?\n|\Z)")


def read_json(text: str) -> Any:
    """The plain data of a JSON text; None of an empty one.

    Raises:
        BrokenText: it is no JSON, or gives a key twice.
    """
    root = parse_json(text)
    return root.value if root is not None else None


def edit_json(text: str, edits: Sequence[Put | Drop]) -> str:
    """The text with the edits made; not checked.

    Raises:
        BrokenText: it cannot be read.
        CannotEdit: something else stands where an edit needs a mapping or a list.
        CannotSplice: it is written in a way that cannot be edited.
    """
    root = Slot(node=parse_json(text))
    for edit in edits:
        note_edit(root, edit)
    dialect = _Json(text, root.node)
    pieces = Replacements(text)
    node = root.node
    if root.state is State.EDITED and node is not None:
        FlowEditor(text, dialect, pieces).edit(node, opens_line=True)
    elif root.state is not State.KEPT:
        value = dialect.value(current(root), "")
        if node is not None:
            pieces.put(node.start, node.end, value)
        else:
            gap = "\n" if text and not text.endswith("\n") else ""
            pieces.put(len(text), len(text), f"{gap}{value}\n")
    return pieces.applied()


class _Json(FlowDialect):
    """JSON as a text's own style has it."""

    def __init__(self, text: str, root: Node | None) -> None:
        self.unit = _unit(text, root)
        self.colon = _colon(root)
        self._comma = "," if self.colon == ":" else ", "

    @override
    def value(self, value: Any, indent: str | None) -> str:
        if not isinstance(value, Mapping | list | tuple) or not value:
            return _scalar(value)
        in_line = self._in_line(value)
        is_map = isinstance(value, Mapping)
        if indent is None or (not is_map and len(in_line) <= _SHORT and not _holds_collections(value)):
            return in_line
        inner = indent + self.unit
        if isinstance(value, Mapping):
            items = [f"{self.key(key)}{self.colon}{self.value(held, inner)}" for key, held in value.items()]
        else:
            items = [self.value(item, inner) for item in value]
        body = ",\n".join(inner + item for item in items)
        return f"{{\n{body}\n{indent}}}" if is_map else f"[\n{body}\n{indent}]"

    def _in_line(self, value: Any) -> str:
        if isinstance(value, Mapping) and value:
            fields = (f"{self.key(key)}{self.colon}{self._in_line(held)}" for key, held in value.items())
            return "{" + self._comma.join(fields) + "}"
        if isinstance(value, list | tuple) and value:
            return "[" + self._comma.join(map(self._in_line, value)) + "]"
        return _scalar(value)

    @override
    def key(self, key: Any) -> str:
        if not isinstance(key, str):
            raise CannotEdit("a key that is no text cannot be written as JSON")
        return _scalar(key)

    @override
    def tail_end(self, text: str, place: int) -> int | None:
        found = _REST_OF_LINE.match(text, place)
        return found.end() if found is not None else None


def _scalar(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except UnicodeEncodeError:  # half of a character that takes two
        return json.dumps(value)
    except (TypeError, ValueError):
        raise CannotEdit(f"a value of the type {type(value).__name__} cannot be written as JSON") from None
    return text


def _holds_collections(value: Sequence[Any] | Mapping[str, Any]) -> bool:
    return any(isinstance(item, Mapping | list | tuple) for item in value)


def _unit(text: str, root: Node | None) -> str:
    """One step of indentation: that of the first collection whose items have lines of their own."""
    for node in walk(root):
        for slot in (node.slots or ())[:1]:
            outer, inner = _indent(text, node.start), _indent(text, slot.start)
            own_line = not text[text.rfind("\n", 0, slot.start) + 1 : slot.start].strip(" \t")
            if own_line and inner.startswith(outer) and len(inner) > len(outer):
                return inner.removeprefix(outer)
    return "  "


def _colon(root: Node | None) -> str:
    """What stands between keys and values."""
    for node in walk(root):
        for slot in node.slots or ():
            if slot.behind is not None and slot.node is not None:
                return ":" + " " * (slot.node.start > slot.behind)
    return ": "


def _indent(text: str, place: int) -> str:
    start = text.rfind("\n", 0, place) + 1
    line = text[start:place]
    return line[: len(line) - len(line.lstrip(" \t"))]
