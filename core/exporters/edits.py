"""What can be done to another tool's file, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from core.exporters.edited_trees import EditedTree
from core.exporters.places import Place

JSON5_WORDS: Final = "is written as JSON5, which Muster neither reads nor edits"
"""What is said of a file that is not broken where its tool reads JSON5, as Aider does."""


@dataclass(frozen=True, slots=True)
class Put:
    """Puts a value at a place; what is missing on the way there is made."""

    place: Place
    value: Any


@dataclass(frozen=True, slots=True)
class Drop:
    """Takes away what stands at a place; mappings and lists that this leaves empty stay."""

    place: Place


class BrokenText(ValueError):
    """A text that is not of its format; `line` and `column` count from 1, None where they are not known.

    `is_json5` says that what is no JSON there would be right in JSON5.
    """

    def __init__(
        self, words: str, line: int | None = None, column: int | None = None, *, is_json5: bool = False
    ) -> None:
        super().__init__(words)
        self.is_json5 = is_json5
        self.words = words
        self.line = line
        self.column = column


class CannotEdit(ValueError):
    """The text is written in a way that the edit cannot be made in; the words say which."""


def edited_tree(tree: Any, edits: Iterable[Put | Drop]) -> Any:
    """Plain data with the edits made to it."""
    edited = EditedTree(tree)
    for edit in edits:
        if isinstance(edit, Put):
            edited.put(edit.place, edit.value)
        else:
            edited.drop(edit.place)
    return edited.plain()


def broken_text_at(text: str, index: int, words: str, *, is_json5: bool = False) -> BrokenText:
    """The error for what is wrong at a character."""
    line_start = text.rfind("\n", 0, index) + 1
    return BrokenText(words, text.count("\n", 0, index) + 1, index - line_start + 1, is_json5=is_json5)
