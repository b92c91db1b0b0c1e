"""The pieces of a text that are replaced and taken away, collected while its edits are looked through."""

from __future__ import annotations

from core.line_positions import LineText
from core.splices import Splice, apply_splices


class Replacements:
    """Replacements in one text; all positions are those of the text as it is."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = LineText(text)
        self._splices: list[Splice] = []
        self._removed: list[tuple[int, int]] = []

    def put(self, start: int, end: int, text: str) -> None:
        """A text in the place of a piece; of several at one position the first comes first."""
        self._splices.append(Splice(start, end, self._lines.typed(text)))

    def remove(self, start: int, end: int) -> None:
        """Takes a piece away; such pieces may meet."""
        self._removed.append((start, end))

    def applied(self) -> str:
        """The text with all of them made.

        Raises:
            CannotSplice: two of them meet.
        """
        merged: list[tuple[int, int]] = []
        for start, end in sorted(self._removed):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return apply_splices(self._text, [*self._splices, *(Splice(start, end, "") for start, end in merged)])
