"""Values as YAML that reads the same by YAML 1.1 (PyYAML) and 1.2 (JavaScript's parsers), in the style around them."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.exporters.edits import CannotEdit
from core.exporters.nodes import Node, walk
from core.settings_scalars import TAG, implied_tag

_NOT_FIRST: Final = frozenset("-?:,[]{}#&*!|>'\"%@`=~<")
_LOOKS_LIKE_NUMBER: Final = re.compile(r"[-+]?\.?[0-9][0-9a-fA-FoOxX_.:eE+\-]*")
_WORDS: Final = frozenset({"", "y", "n", "yes", "no", "on", "off", "true", "false", "null", ".inf", ".nan"})
_ODD: Final = re.compile("[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Style:
    """How a text is indented and quoted, in columns: mappings below a key, dashes below a key, text behind a dash."""

    step: int = 2
    dash: int = 2
    behind_dash: int = 2
    quote: str = '"'

    @classmethod
    def of(cls, root: Node | None) -> Style:
        """The style that most of a document has; of what it does not show, the usual one."""
        steps: Counter[int] = Counter()
        dashes: Counter[int] = Counter()
        behind: Counter[int] = Counter()
        quotes: Counter[str] = Counter()
        for node in walk(root):
            if node.quote:
                quotes[node.quote] += 1
            if not node.is_block:
                continue
            for slot in node.slots or ():
                inner = slot.node
                if inner is None or not inner.is_block or inner.properties:
                    continue
                if not node.is_map:
                    if inner.column - node.column == inner.start - slot.start:  # in the dash's line
                        behind[inner.column - node.column] += 1
                elif inner.is_map:
                    steps[inner.column - node.column] += 1
                else:
                    dashes[inner.column - node.column] += 1
        usual = cls()
        return cls(
            step=_most(steps, usual.step),
            dash=_most(dashes, usual.dash),
            behind_dash=_most(behind, usual.behind_dash),
            quote=quotes.most_common(1)[0][0] if quotes else usual.quote,
        )


def _most(counts: Counter[int], usual: int) -> int:
    return counts.most_common(1)[0][0] if counts else usual


def scalar_text(value: Any, quote: str = '"', *, in_flow: bool = False, force: bool = False) -> str:
    """One scalar, or an empty collection. `quote` is the mark that texts get which need one, or with `force` all.

    Raises:
        CannotEdit: it is no plain value.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, str):
        return _quoted(str(value), quote) if force or not is_plain(value, in_flow=in_flow) else str(value)
    if isinstance(value, Mapping) and not value:
        return "{}"
    if isinstance(value, list | tuple) and not value:
        return "[]"
    raise CannotEdit(f"a value of the type {type(value).__name__} cannot be written")


def flow_text(value: Any, quote: str = '"') -> str:
    """A value in one line, as it stands between brackets."""
    if isinstance(value, Mapping) and value:
        fields = (f"{key_text(key, quote, in_flow=True)}: {flow_text(held, quote)}" for key, held in value.items())
        return "{" + ", ".join(fields) + "}"
    if isinstance(value, list | tuple) and value:
        return "[" + ", ".join(flow_text(item, quote) for item in value) + "]"
    return scalar_text(value, quote, in_flow=True)


def key_text(key: Any, quote: str = '"', *, in_flow: bool = False) -> str:
    """A mapping's key."""
    if isinstance(key, Mapping | list | tuple):
        raise CannotEdit("a list or a mapping cannot be a key")
    return scalar_text(key, quote, in_flow=in_flow)


def is_plain(text: str, *, in_flow: bool = False) -> bool:
    """Whether a text needs no quotes for any reader."""
    if text.lower() in _WORDS or text[0] in _NOT_FIRST or text != text.strip() or text.startswith("..."):
        return False
    if ": " in text or " #" in text or text.endswith(":") or _ODD.search(text):
        return False
    if in_flow and (set(text) & set("[]{},") or re.search(r":(?=[\"'])", text)):
        return False
    return _LOOKS_LIKE_NUMBER.fullmatch(text) is None and implied_tag(text, is_plain=True) == TAG + "str"


def _float_text(value: float) -> str:
    if math.isinf(value) or math.isnan(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    text = repr(value)
    return text.replace("e", ".0e") if "." not in text and "e" in text else text  # PyYAML wants the point


def _quoted(text: str, quote: str) -> str:
    if quote == "'" and not _ODD.search(text):
        return "'" + text.replace("'", "''") + "'"
    written = json.dumps(text, ensure_ascii=False)
    return _ODD.sub(lambda found: _escaped(found.group()), written)


def _escaped(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        raise CannotEdit("half of a character that takes two cannot be written")
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"


class BlockWriter:
    """Writes collections in lines, without line breaks at their ends."""

    def __init__(self, style: Style) -> None:
        self._style = style

    def inline(self, value: Any, column: int, *, old: Node | None = None, may_be_lines: bool = False) -> str:
        """A scalar behind its key, quoted as the `old` one was; a text of several lines as such where it may be."""
        is_text = isinstance(value, str)
        if is_text and may_be_lines and (lines := _literal_lines(value)):
            indent = " " * (column + self._style.step)
            return "\n".join([lines[0], *(indent + line if line else "" for line in lines[1:])])
        was_quoted = is_text and old is not None and isinstance(old.value, str) and old.quote != ""
        return scalar_text(value, old.quote if was_quoted and old else self._style.quote, force=was_quoted)

    def lines(self, value: Any, column: int, like: Node | None = None) -> list[str]:
        """The lines of a collection that is not empty, its keys or dashes at that column; quoted `like` another."""
        if isinstance(value, Mapping):
            return self._fields(value, column, like)
        return [line for item in value for line in self.row(item, column, like)]

    def row(self, item: Any, column: int, like: Node | None = None, behind_dash: int | None = None) -> list[str]:
        """The lines of a list's row, its dash at that column."""
        behind = self._style.behind_dash if behind_dash is None else behind_dash
        dash = " " * column + "-" + " " * (behind - 1)
        if isinstance(item, Mapping | list | tuple) and item:
            first, *rest = self.lines(item, column + behind, like)
            return [dash + first[column + behind :], *rest]
        text = self.inline(item, column, old=like, may_be_lines=True)
        return (" " * column + "- " + text).split("\n")

    def below(self, value: Any, column: int) -> int:
        """Where the collection below a key at that column begins."""
        return column + (self._style.step if isinstance(value, Mapping) else self._style.dash)

    def _fields(self, value: Mapping[Any, Any], column: int, like: Node | None) -> list[str]:
        known = {slot.key: slot.node for slot in (like.slots or ())} if like is not None and like.is_map else {}
        lines: list[str] = []
        for key, held in value.items():
            head = " " * column + key_text(key, self._style.quote) + ":"
            if isinstance(held, Mapping | list | tuple) and held:
                lines += [head, *self.lines(held, self.below(held, column), known.get(key))]
            else:
                text = self.inline(held, column, old=known.get(key), may_be_lines=True)
                lines += f"{head} {text}".split("\n")
        return lines


def _literal_lines(text: str) -> list[str]:
    """The head and the lines of a text as it stands below `|`; none where that would not say the same."""
    if "\n" not in text.rstrip("\n") or text.endswith("\n\n") or text[0] in " \n":
        return []
    lines = text.removesuffix("\n").split("\n")
    if any(line != line.rstrip() or line.startswith("\t") or _ODD.search(line) for line in lines):
        return []
    return ["|" if text.endswith("\n") else "|-", *lines]
