"""Snippets of Python: blocks of code between marks, each of them a field of the data; what is outside is not ours.

# --- muster: NAME
code
# --- end
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.exporters.edits import BrokenText, CannotEdit, Drop, Put, broken_text_at, edited_tree
from core.line_positions import LineText
from core.splices import Splice, apply_splices

IMPORTS: Final = "imports"
"""The block that goes before all others."""

_MARK: Final = re.compile(r"^# --- (?:muster: (?P<name>[^\r\n]*\S)|(?P<end>end))[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Block:
    start: int
    """Where the line of its first mark begins."""
    code_start: int
    code_end: int
    end: int
    """Behind the line of its last mark."""


def read_python(text: str) -> Any:
    """Block name → its code, without the line break at its end.

    Raises:
        BrokenText: a mark without its counterpart, or two blocks of one name.
    """
    return {name: _code(text, block) for name, block in _blocks(text).items()}


def outside_of_blocks(text: str) -> str:
    """What stands in a text beside our blocks.

    Raises:
        BrokenText: it cannot be read.
    """
    return apply_splices(text, [Splice(block.start, block.end, "") for block in _blocks(text).values()])


def edit_python(text: str, edits: Sequence[Put | Drop]) -> str:
    """The text with the edits made; not checked.

    Raises:
        BrokenText: it cannot be read.
        CannotEdit: an edit is none of whole blocks, or its code has marks in it.
    """
    wanted = edited_tree(read_python(text), edits)
    if not isinstance(wanted, dict):
        raise CannotEdit("blocks of code have names")
    for name, block in reversed(_blocks(text).items()):
        if name not in wanted:  # one after the other, since two that meet share the blank line between them
            text = apply_splices(text, [_removal(text, LineText(text), block)])
    blocks, lines = _blocks(text), LineText(text)
    splices: list[Splice] = []
    for name, block in blocks.items():
        if wanted[name] != _code(text, block):
            code = _checked(name, wanted[name])
            splices.append(Splice(block.code_start, block.code_end, lines.typed(f"{code}\n" if code else "")))
    splices += _additions(text, lines, blocks, {name: code for name, code in wanted.items() if name not in blocks})
    return apply_splices(text, splices)


def _additions(text: str, lines: LineText, blocks: Mapping[str, _Block], new: Mapping[str, Any]) -> list[Splice]:
    """New blocks behind all that is there; imports before the first block."""
    splices = []
    written = {name: f"# --- muster: {name}\n{_closed(_checked(name, code))}# --- end\n" for name, code in new.items()}
    if IMPORTS in written and blocks:
        first = min(block.start for block in blocks.values())
        splices.append(Splice(first, first, lines.typed(written.pop(IMPORTS) + "\n")))
    ordered = sorted(written.items(), key=lambda item: item[0] != IMPORTS)
    if ordered:
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        splices.append(Splice(len(text), len(text), lines.typed(gap + "\n".join(block for _, block in ordered))))
    return splices


def _removal(text: str, lines: LineText, block: _Block) -> Splice:
    """Takes a block away, and one of two blank lines that would meet."""
    start, end = block.start, block.end
    if start and not text[lines.line_start(start - 1) : start].strip():
        next_line = text[end : text.find("\n", end) + 1 or len(text)]
        if not next_line.strip():
            start = lines.line_start(start - 1)
    elif not start and text[end : end + 2].startswith(("\n", "\r\n")):
        end = text.find("\n", end) + 1
    return Splice(start, end, "")


def _checked(name: str, code: Any) -> str:
    if not isinstance(code, str):
        raise CannotEdit(f"the block “{name}” is one text")
    if _MARK.search(code) or not _MARK.fullmatch(f"# --- muster: {name}"):
        raise CannotEdit(f"the block “{name}” has a mark in its code, or a name that cannot be written")
    return code


def _closed(code: str) -> str:
    return f"{code}\n" if code else ""


def _code(text: str, block: _Block) -> str:
    return text[block.code_start : block.code_end].replace("\r\n", "\n").removesuffix("\n")


def _blocks(text: str) -> dict[str, _Block]:
    blocks: dict[str, _Block] = {}
    opened: re.Match[str] | None = None
    for mark in _MARK.finditer(text):
        if (mark["end"] is None) is (opened is not None):
            words = "a block begins before the one above it has ended" if opened else "a block ends that never began"
            raise broken_text_at(text, mark.start(), words)
        if opened is None:
            if mark["name"] in blocks:
                raise broken_text_at(text, mark.start(), f"there are two blocks “{mark['name']}”")
            opened = mark
            continue
        end = text.find("\n", mark.end()) + 1 or len(text)
        code_start = text.find("\n", opened.end()) + 1
        blocks[opened["name"]] = _Block(opened.start(), code_start, mark.start(), end)
        opened = None
    if opened is not None:
        raise broken_text_at(text, opened.start(), f"the block “{opened['name']}” has no end")
    return blocks


__all__ = ["IMPORTS", "BrokenText", "edit_python", "outside_of_blocks", "read_python"]
