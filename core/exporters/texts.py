"""Files of other tools as text: read into plain data, and edited in place with all else left byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.exporters.places import Place
from core.exporters.shape import Format


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
    """A text that is not of its format; `line` and `column` count from 1, None where they are not known."""

    def __init__(self, words: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.line = line
        self.column = column


class CannotEdit(ValueError):
    """The text is written in a way that the edit cannot be made in; the words say which."""


def read_tree(text: str, file_format: Format) -> Any:
    """The plain data of a text; None of an empty one.

    Raises:
        BrokenText: it is not of that format.
    """
    raise NotImplementedError


def edit_text(text: str, file_format: Format, edits: Sequence[Put | Drop]) -> str:
    """The text with the edits made. Read again, it gives exactly the data with these edits made; that is checked.

    Raises:
        BrokenText: it is not of that format.
        CannotEdit: it cannot be edited without touching what is not ours.
    """
    raise NotImplementedError
