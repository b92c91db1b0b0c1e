"""The reader of tools' JSON files, with comments and trailing commas where a person has them."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from core.exporters.edits import BrokenText, broken_text_at
from core.exporters.nodes import Node, Slot
from core.settings_faults import MAX_DEPTH

_BLANK: Final = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*+", re.DOTALL)
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![\w.+-])")
_JSON5_KEY: Final = re.compile(r"(?:[^\W\d]|\$|\\u[0-9a-fA-F]{4})(?:\w|\$|\\u[0-9a-fA-F]{4})*\s*:")
_JSON5_ESCAPE: Final = r"\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|0(?![0-9])|\r\n|[^ux0-9])"
_JSON5_STRING: Final = re.compile(
    rf""""(?:[^"\\\r\n]|{_JSON5_ESCAPE})*"|'(?:[^'\\\r\n]|{_JSON5_ESCAPE})*'""", re.DOTALL
)
_JSON5_NUMBER: Final = re.compile(
    r"""
    [-+]?(?:Infinity|NaN|0[xX][0-9a-fA-F]+|(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)(?![\w.+-])
    """,
    re.VERBOSE,
)
_WORD: Final = re.compile(r"(true|false|null)(?!\w)")
_WORDS: Final = {"true": True, "false": False, "null": None}


def parse_json(text: str) -> Node | None:
    """The document's node; None where there is nothing but comments.

    Raises:
        BrokenText: it is no JSON, or gives a key twice.
    """
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    def read(self) -> Node | None:
        self._skip_blank()
        if self._place == len(self._text):
            return None
        node = self._value(0)
        self._skip_blank()
        if self._place < len(self._text):
            raise self._broken("something follows behind the end of the data")
        return node

    def _value(self, depth: int) -> Node:
        if depth >= MAX_DEPTH:
            raise self._broken(f"values are nested more than {MAX_DEPTH} deep")
        start = self._place
        first = self._text[start : start + 1]
        if first in ("{", "["):
            return self._collection(depth, is_map=first == "{")
        if first == '"':
            return self._node(start, self._string())
        if found := _WORD.match(self._text, start):
            self._place = found.end()
            return self._node(start, _WORDS[found.group(1)])
        if found := _NUMBER.match(self._text, start):
            self._place = found.end()
            try:
                return self._node(start, json.loads(found.group()))
            except ValueError:  # Python reads no number of more than 4300 digits
                raise broken_text_at(self._text, start, "a number is too long") from None
        raise self._broken(self._unexpected("a value"), is_json5=self._is_any(_JSON5_STRING, _JSON5_NUMBER))

    def _node(self, start: int, value: Any) -> Node:
        return Node(start, self._place, value, quote='"' if isinstance(value, str) else "")

    def _string(self) -> str:
        found = _STRING.match(self._text, self._place)
        if found is None:
            raise self._broken(
                "a text that begins here is not closed in its line", is_json5=self._is_any(_JSON5_STRING)
            )
        try:
            value: str = json.loads(found.group())
        except ValueError:
            words = "a text has a backslash with something behind it that JSON does not know"
            raise self._broken(words, is_json5=self._is_any(_JSON5_STRING)) from None
        self._place = found.end()
        return value

    def _collection(self, depth: int, *, is_map: bool) -> Node:
        start = self._place
        closing = "}" if is_map else "]"
        node = Node(start, start, {} if is_map else [], slots=[], is_map=is_map, is_flow=True)
        slots: list[Slot] = []
        self._place += 1
        while True:
            self._skip_blank()
            if self._text[self._place : self._place + 1] == closing:
                break
            if slots and slots[-1].comma is None:
                raise self._broken(self._unexpected(f"a comma or a “{closing}”", start))
            slots.append(self._field(node, depth) if is_map else self._row(node, depth))
            self._skip_blank()
            if self._text[self._place : self._place + 1] == ",":
                slots[-1].comma = self._place
                self._place += 1
        self._place += 1
        node.slots, node.end, node.inner = slots, self._place, (start + 1, self._place - 1)
        return node

    def _field(self, outer: Node, depth: int) -> Slot:
        start = self._place
        if self._text[start : start + 1] != '"':
            words = self._unexpected("a key in double quotes")
            raise self._broken(words, is_json5=self._is_any(_JSON5_STRING, _JSON5_KEY))
        key = self._string()
        if key in outer.value:
            raise broken_text_at(self._text, start, f"the key “{key}” is given twice")
        self._skip_blank()
        if self._text[self._place : self._place + 1] != ":":
            raise self._broken(self._unexpected(f"a colon behind the key “{key}”"))
        self._place += 1
        behind = self._place
        self._skip_blank()
        node = self._value(depth + 1)
        outer.value[key] = node.value
        return Slot(key, start=start, end=node.end, behind=behind, node=node)

    def _row(self, outer: Node, depth: int) -> Slot:
        node = self._value(depth + 1)
        outer.value.append(node.value)
        return Slot(start=node.start, end=node.end, node=node)

    def _skip_blank(self) -> None:
        found = _BLANK.match(self._text, self._place)
        if found is not None:
            self._place = found.end()
        if self._text.startswith("/*", self._place):
            raise self._broken("a comment that begins here is not closed")

    def _unexpected(self, wanted: str, opened: int | None = None) -> str:
        if self._place >= len(self._text):
            since = "" if opened is None else f" for the bracket in line {self._text.count(chr(10), 0, opened) + 1}"
            return f"the file ends where {wanted} is needed{since}"
        return f"{wanted} is needed, and there is “{self._text[self._place]}”"

    def _is_any(self, *patterns: re.Pattern[str]) -> bool:
        return any(pattern.match(self._text, self._place) for pattern in patterns)

    def _broken(self, words: str, *, is_json5: bool = False) -> BrokenText:
        return broken_text_at(self._text, self._place, words, is_json5=is_json5)
