"""Random files of tools, in many styles, each line with whose it is: what the tests of editing in place start from."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from core.exporters.edits import edited_tree
from core.exporters.shape import Format
from core.exporters.texts import Drop, Put, edit_text, read_tree
from core.settings_values import same_value

KEYS = st.sampled_from(["model", "api_base", "Name with space", "größe", "on", "1.0", "x-y", "tags", "info"])
WORDS = st.sampled_from(
    [
        *("gpt-4o", "yes", "NO", "1e3", "0x10", "12:30", "null", "~", "", "a: b", "a #b", "- a", "${X}", "@at", "%"),
        *("${{ secrets.X }}", "http://127.0.0.1:8080/v1", "2024-01-01", " lead", "trail ", "ä😀", "q\"uo'te", "{a}"),
        *("C:\\x", "two\nlines", "two\nlines\n", "tab\tbed", "a,b", "!x", "&y", "*z", "...", "---", "[b]", "`tick`"),
    ]
)
SCALARS = st.one_of(WORDS, st.booleans(), st.integers(-5, 10**6), st.none(), st.floats(-1e9, 1e9, width=32))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)
NEWLINES = st.sampled_from([("\n",), ("\r\n",), ("\r\n", "\n"), ("\n", "\n", "\r\n")])
ROWS = st.dictionaries(KEYS, VALUES, max_size=3)


@dataclass(slots=True)
class Document:
    """Lines with the name of the row that they are of; "" for what is the person's alone."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    newlines: tuple[str, ...] = ("\n",)
    """The breaks of the lines, over and over; several are those of a file that two programs have written."""
    start: str = ""
    ends_with_break: bool = True

    @property
    def text(self) -> str:
        return self.start + "".join(self._broken_lines)

    @property
    def _broken_lines(self) -> list[str]:
        lines = [line + self.newlines[number % len(self.newlines)] for number, (line, _) in enumerate(self.lines)]
        if lines and not self.ends_with_break:
            lines[-1] = self.lines[-1][0]
        return lines

    def lines_of_others(self, touched: set[str]) -> list[str]:
        """The lines with their breaks that no edit of these rows may change, in their order; blank ones left out."""
        pairs = zip(self._broken_lines, self.lines, strict=True)
        return [broken for broken, (line, owner) in pairs if line.strip() and owner not in touched]


def changed(text: str, *edits: Put | Drop, file_format: Format) -> str:
    """The text with the edits made, which hold when it is read again."""
    edited = edit_text(text, file_format, edits)
    assert same_value(read_tree(edited, file_format), edited_tree(read_tree(text, file_format), edits))
    return edited


def has_in_order(text: str, lines: list[str]) -> bool:
    """Whether a text has all these lines, in this order; what is or was its last one may get or lose its break."""
    *others, last = [f"{line}\n" for line in text.removeprefix("\ufeff").split("\n")]
    broken = iter([*others, last.removesuffix("\n")])
    return all(
        any(
            line == other or (line.rstrip("\r\n") == other.rstrip("\r\n") and not (line[-1:] == other[-1:] == "\n"))
            for other in broken
        )
        for line in lines
    )


@st.composite
def yaml_documents(draw: st.DrawFn) -> tuple[Document, list[str]]:
    """A mapping with a list `models` of rows with an `id`, and further fields; with the IDs of the rows."""
    step, dash, gap = draw(st.sampled_from([(2, 2, 2), (2, 0, 2), (4, 4, 2), (4, 2, 4), (2, 0, 4)]))
    apart = draw(st.booleans())
    document = Document(
        newlines=draw(NEWLINES),
        start=draw(st.sampled_from(["", "\ufeff"])),
        ends_with_break=draw(st.booleans()),
    )
    if draw(st.booleans()):
        document.lines += [("# head", ""), ("---", "")]
    ids = draw(st.lists(st.sampled_from(["one", "two", "three", "four"]), unique=True, max_size=4))
    comment = _comments(draw)
    document.lines += [(line, "") for line in _yaml_field("before", draw(VALUES), 0, step, dash, gap)]
    document.lines += [(f"models:{comment()}", "models")]
    for number, name in enumerate(ids):
        if apart and number:
            document.lines.append(("", ""))
        if draw(st.booleans()):
            document.lines.append((f"{' ' * dash}# above {name}", ""))
        row = {"id": name, **draw(ROWS)}
        if draw(st.booleans()) and "\n" not in str(row):
            rendered = [f"{' ' * dash}- {_yaml_flow(row)}"]
        else:
            rendered = _yaml_block(row, dash + gap, step, dash, gap)
            rendered[0] = " " * dash + "-" + " " * (gap - 1) + rendered[0][dash + gap :]
        rendered[-1] += "" if "lines" in rendered[-1] else comment()
        document.lines += [(line, name) for line in rendered]
    if draw(st.booleans()):
        document.lines += draw(st.sampled_from([[], [("# tail", "")], [("", ""), ("# tail", "")]]))
        document.lines += [(line, "") for line in _yaml_field("after", draw(VALUES), 0, step, dash, gap)]
    if not ids:
        place = next(n for n, line in enumerate(document.lines) if line[1] == "models")
        document.lines[place] = (
            draw(st.sampled_from(["models: []", "models:", "models: # none", "models: null"])),
            "models",
        )
    line, owner = document.lines[-1]
    if owner and line.strip() == "lines":  # nothing can follow a text of several lines that is cut off
        document.ends_with_break = True
    return document, ids


def _comments(draw: st.DrawFn) -> Callable[[], str]:
    count = 0

    def comment() -> str:
        nonlocal count
        count += 1
        return f"  # note {count}" if draw(st.booleans()) else ""

    return comment


def _yaml_scalar(value: Any) -> str:
    if isinstance(value, str) and len(value) % 2 and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value) if not isinstance(value, float) else f"{value:.6f}"


def _yaml_flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_yaml_scalar(key)}: {_yaml_flow(held)}" for key, held in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml_flow, value)) + "]"
    return _yaml_scalar(value)


def _yaml_field(key: str, value: Any, column: int, step: int, dash: int, gap: int) -> list[str]:
    head = f"{' ' * column}{_yaml_scalar(key) if key in ('on', '1.0') else key}:"
    if value in ({}, []) or not isinstance(value, dict | list):
        if value == "two\nlines\n":
            return [f"{head} |", *(" " * (column + step) + line for line in ("two", "lines"))]
        if value == "two\nlines":
            return [f"{head} >-", *(" " * (column + step) * bool(line) + line for line in ("two", "", "lines"))]
        return [f"{head} {_yaml_flow(value)}"]
    return [head, *_yaml_block(value, column + (step if isinstance(value, dict) else dash), step, dash, gap)]


def _yaml_block(value: Any, column: int, step: int, dash: int, gap: int) -> list[str]:
    lines: list[str] = []
    if isinstance(value, dict):
        for key, held in value.items():
            lines += _yaml_field(key, held, column, step, dash, gap)
        return lines
    for item in value:
        if item in ({}, []) or not isinstance(item, dict | list):
            lines.append(f"{' ' * column}- {_yaml_flow(item)}")
        else:
            inner = _yaml_block(item, column + gap, step, dash, gap)
            inner[0] = " " * column + "-" + " " * (gap - 1) + inner[0][column + gap :]
            lines += inner
    return lines


@st.composite
def json_documents(draw: st.DrawFn) -> tuple[Document, list[str]]:
    """The same as JSON with comments."""
    unit = draw(st.sampled_from(["  ", "    ", "\t"]))
    trailing = draw(st.booleans())
    document = Document(
        newlines=draw(NEWLINES),
        start=draw(st.sampled_from(["", "\ufeff"])),
        ends_with_break=draw(st.booleans()),
    )
    comment = _json_comments(draw)
    ids = draw(st.lists(st.sampled_from(["one", "two", "three", "four"]), unique=True, max_size=4))
    document.lines += [("// head", "")] if draw(st.booleans()) else []
    document.lines += [("{", "")]
    document.lines += [(f'{unit}"before": {json.dumps(draw(VALUES))},{comment()}', "")]
    document.lines += [(f'{unit}"models": [{comment() if ids else "]"}', "models")]
    for number, name in enumerate(ids):
        if draw(st.booleans()):
            document.lines.append((f"{unit * 2}// above {name}", ""))
        row = {"id": name, **draw(ROWS)}
        is_last = number == len(ids) - 1
        comma = "," if trailing or not is_last else ""
        rendered = json.dumps(row, indent=unit if draw(st.booleans()) else None, ensure_ascii=False).split("\n")
        lines = [unit * 2 + line for line in rendered]
        lines[-1] += comma + comment()
        document.lines += [(line, name if not is_last or line is not lines[-1] else f"{name} end") for line in lines]
    document.lines += [(f"{unit}]", "models")] if ids else []
    if draw(st.booleans()):
        line, owner = document.lines[-1]
        document.lines[-1] = (line + ",", owner)
        document.lines += [("", ""), (f"{unit}/* tail */", ""), (f'{unit}"after": {json.dumps(draw(VALUES))}', "")]
    document.lines += [("}", "")]
    return document, ids


def _json_comments(draw: st.DrawFn) -> Callable[[], str]:
    count = 0

    def comment() -> str:
        nonlocal count
        count += 1
        return draw(st.sampled_from(["", f" // note {count}", f" /* note {count} */"]))

    return comment
