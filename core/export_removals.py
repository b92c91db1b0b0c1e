"""What becomes of pieces that are no longer wanted: removed, left to the person, or to be decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from core.export_ledger import Origin, Written
from core.export_merging import changed_keys
from core.export_pieces import FileState, Piece, PieceState
from core.exporters.edited_trees import EditedTree, is_bare
from core.exporters.places import Place
from core.exporters.shape import Target
from core.field_specs import UNSET


def removal_pieces(
    target: Target,
    gone: Iterable[Written],
    states: Mapping[str, FileState],
    *,
    take_over: Collection[str] = (),
    carried: Collection[tuple[str, Place]] = (),
) -> list[Piece]:
    """What is to happen to pieces that are no longer wanted: removed, unless the person has changed them.

    A model's piece is changed too where the person has added something, but for those that are `carried` over to
    another place.
    """
    pieces = []
    trees = {name: EditedTree(state.tree) for name, state in states.items()}
    for written in gone:
        fragment = written.fragment
        tree = trees.get(fragment.file)
        found = tree.find(fragment.place) if tree is not None else UNSET
        is_free = found is UNSET or written.key in carried or fragment.name in take_over
        if is_free or target.says_same(fragment, found):
            changed = []
        else:
            # What stands beside what models share may be other models.
            changed = changed_keys(fragment.value, found, with_more=bool(fragment.entry_id))
        if changed:
            edited = tuple(filter(None, changed))
            pieces.append(Piece(fragment, PieceState.EDITED, found, found, edited, goes=True))
        else:
            pieces.append(Piece(fragment, PieceState.REMOVED, found, goes=True))
    return pieces


def leave_to_others(
    pieces: Sequence[Piece], states: Mapping[str, FileState], origins: Mapping[str, Origin]
) -> list[Piece]:
    """The pieces; those that are shared and would go stay where the person has put models of their own beside them.

    So do those that the person had written before Muster.
    """
    without_models = {name: EditedTree(state.tree) for name, state in states.items()}
    without_all = {name: EditedTree(state.tree) for name, state in states.items()}
    places: dict[str, list[Place]] = {}
    for piece in pieces:
        name, place = piece.fragment.file, piece.fragment.place
        if piece.fragment.entry_id:
            places.setdefault(piece.fragment.entry_id, []).append(place)
        if piece.state is PieceState.REMOVED and name in states:
            without_all[name].drop(place)
            if piece.fragment.entry_id:
                without_models[name].drop(place)
    left = []
    for piece in pieces:
        own = piece.fragment
        stays = False
        is_shared = not own.entry_id and not piece.is_theirs
        if piece.state is PieceState.REMOVED and is_shared and piece.found is not UNSET:
            models = [place for owner in dict.fromkeys(own.owners) for place in places.get(owner, ())]
            if own.file in origins and own.place in origins[own.file].adopted:
                stays = True
            elif any(place[: len(own.place)] == own.place for place in models):
                stays = _holds_more(without_models[own.file].find(own.place), own.value)
            else:
                stays = not without_all[own.file].is_bare(_provider_of(own.place, models))
        left.append(replace(piece, state=PieceState.LEFT, result=piece.found) if stays else piece)
    return left


def keep_files(
    target: Target, pieces: Sequence[Piece], states: Mapping[str, FileState], *, take_over: Collection[str] = ()
) -> list[Piece]:
    """The pieces; nothing goes from a file that would go as a whole, and what the person has in it with it."""
    if not target.spent_files_break:
        return list(pieces)
    after = {name: EditedTree(state.tree) for name, state in states.items()}
    theirs = {name: EditedTree(state.tree) for name, state in states.items()}
    by_file: dict[str, list[Piece]] = {}
    for piece in pieces:
        file, place = piece.fragment.file, piece.fragment.place
        if piece.state in (PieceState.NEW, PieceState.CHANGED):
            after[file].put(place, piece.result)
        elif piece.state is PieceState.REMOVED:
            after[file].drop(place)
        theirs[file].drop(place)
        by_file.setdefault(file, []).append(piece)
    kept: dict[tuple[str, Place], Piece] = {}
    for file, own in by_file.items():
        going = [piece for piece in own if piece.goes and piece.state in (PieceState.REMOVED, PieceState.LEFT)]
        rest = theirs[file].plain()
        fields = rest.items() if isinstance(rest, Mapping) else ()
        added = tuple(str(key) for key, value in fields if not is_bare(value, ""))
        has_conflict = any(piece.is_conflict for piece in own)
        stays = added or has_conflict or any(piece.state is PieceState.LEFT for piece in going)
        if going and stays and target.is_spent(after[file].plain()):
            whole = _kept_whole(going, added, take_over, has_conflict=has_conflict)
            kept |= {(file, piece.fragment.place): piece for piece in whole}
    return [kept.get((piece.fragment.file, piece.fragment.place), piece) for piece in pieces]


def _kept_whole(
    going: Sequence[Piece], added: tuple[str, ...], take_over: Collection[str], *, has_conflict: bool
) -> Iterator[Piece]:
    """What goes from a file, kept there until the person gives up what they `added`; removed where that is decided."""
    first = next((piece for piece in going if piece.state is PieceState.LEFT), going[0])
    is_decided = not has_conflict and first.fragment.name in take_over
    for piece in going:
        if is_decided:
            yield replace(piece, state=PieceState.REMOVED, result=UNSET)
        elif piece is first and (added or not has_conflict):
            yield replace(piece, state=PieceState.EDITED, result=piece.found, edited_keys=added)
        else:
            yield replace(piece, state=PieceState.WAITING, result=piece.found)


def _provider_of(shared: Place, models: Iterable[Place]) -> Place:
    """The place around a shared piece and the models that share it: what has models of others in it too."""
    common = [
        shared[: sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(shared, place, strict=False)))]
        for place in models
    ]
    inner = shared[:-1]
    return (max(common, key=len, default=()) or inner)[: len(inner)]


def _holds_more(held: Any, ours: Any) -> bool:
    """Whether something stands there beside what is ours and what is empty."""
    if isinstance(held, dict) and isinstance(ours, dict):
        return any(_holds_more(value, ours.get(key, UNSET)) for key, value in held.items())
    if isinstance(held, list):
        return any(value not in ours for value in held) if isinstance(ours, list) else bool(held)
    return ours is UNSET and not is_bare(held, "")
