"""Models of ours that stand elsewhere in a file by now, as under another name: what a person added goes along."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.export_ledger import Written
from core.export_merging import merged, overlaid
from core.export_pieces import FileState, Piece, PieceState
from core.exporters.edited_trees import EditedTree
from core.exporters.edits import Put
from core.exporters.places import Place, Row
from core.exporters.shape import Fragment
from core.field_specs import UNSET

Key = tuple[str, Place]
"""File and place."""


def carry_over(
    pieces: Sequence[Piece],
    gone: Iterable[Written],
    states: Mapping[str, FileState],
    *,
    take_over: Collection[str] = (),
    puts_back: bool = True,
) -> tuple[list[Piece], frozenset[Key]]:
    """The pieces, those that move with what the person added to them before, and the places that this leaves to go.

    What the person has changed there, and not only added, stays where it is and to be decided. `take_over` and
    `puts_back` are as in `judge_pieces`.
    """
    trees = {name: EditedTree(state.tree) for name, state in states.items()}
    before: dict[Any, list[Fragment]] = {}
    for written in gone:
        if written.fragment.entry_id:
            before.setdefault(_kind(written.fragment), []).append(written.fragment)
    moved: list[Piece] = []
    left: set[Key] = set()
    for piece in pieces:
        own = piece.fragment
        olds = before.get(_kind(own), ()) if own.entry_id and not trees[own.file].holds(own.place) else ()
        if len(olds) != 1:
            moved.append(piece)
            continue
        old = olds[0]
        carried = _carried(piece, old, trees[own.file].find(old.place), take_over, puts_back=puts_back)
        moved.append(carried or piece)
        if carried is not None:
            left.add((old.file, old.place))
    return moved, frozenset(left)


def _kind(fragment: Fragment) -> Any:
    """What a model's piece has in common with the one that it was before: a model may have several in one file."""
    return fragment.file, fragment.entry_id, tuple(map(type, fragment.place))


def _carried(piece: Piece, old: Fragment, found: Any, take_over: Collection[str], *, puts_back: bool) -> Piece | None:
    """The piece with what was added to the old one; None where the person has changed that."""
    if found is UNSET:
        is_wanted = puts_back or piece.fragment.name in take_over
        return piece if is_wanted or piece.state is not PieceState.NEW else replace(piece, state=PieceState.TAKEN_OUT)
    edited: list[str] = []
    result = merged(old.value, found, piece.fragment.value, "", edited)
    if edited and old.name not in take_over:
        return None
    if edited:
        result = overlaid(old.value, found, piece.fragment.value)
    return replace(piece, result=result, moved_from=old.place) if piece.state is PieceState.NEW else piece


def moved_in_place(piece: Piece) -> list[Put]:
    """What makes the row that a piece was before the row that it is, so that its comments stay; nothing where none can.

    Both have to be rows of one list. The piece is put there next.
    """
    place, old = piece.fragment.place, piece.moved_from
    if not place or not old or place[:-1] != old[:-1]:
        return []
    row, before = place[-1], old[-1]
    if not isinstance(row, Row) or not isinstance(before, Row):
        return []
    names = dict(before.match)
    if names.keys() != dict(row.match).keys():
        return []
    return [Put((*old, *key.split(".")), value) for key, value in row.match if value != names[key]]
