"""The pieces of an export: what stands in their places, whose it is, and what is to happen to each.

A piece that Muster wrote and that is still as it wrote it may be replaced. One that the person changed since, or that
stands there without having been written by Muster, is a conflict.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.export_ledger import Written
from core.export_merging import merged, overlaid, says_all
from core.exporters.edited_trees import EditedTree
from core.exporters.places import Place, words
from core.exporters.shape import Fragment, Target, TargetFile
from core.field_specs import UNSET


class PieceState(StrEnum):
    """What is to happen to a piece, or why it is not."""

    NEW = "new"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    REMOVED = "removed"
    LEFT = "left"
    """What models of ours shared stays for the person's own models, and is theirs now."""
    FOREIGN = "foreign"
    """It stands there, is another, and Muster did not write it."""
    EDITED = "edited"
    """The person has changed in the tool what Muster wrote."""
    TAKEN_OUT = "taken_out"
    """The person has removed in the tool what Muster wrote."""
    WAITING = "waiting"
    """It is left as it is because another piece of the same model or provider is in conflict."""


CONFLICTS = frozenset({PieceState.FOREIGN, PieceState.EDITED, PieceState.TAKEN_OUT})


@dataclass(frozen=True, slots=True)
class Piece:
    """One fragment with what stands in its place now: `found`, UNSET where nothing does. `result` is what would."""

    fragment: Fragment
    state: PieceState
    found: Any = UNSET
    result: Any = UNSET
    edited_keys: tuple[str, ...] = ()
    """What the person changed, as dotted keys."""
    is_known: bool = False
    """Muster has written something there before."""
    is_theirs: bool = False
    """It is no piece of ours, but what goes since one of ours takes its place."""
    goes: bool = False
    """It is no longer wanted there."""
    moved_from: Place | None = None
    """Where the same piece of the same model stood before."""
    clash: Place | None = None
    """What else of the person's it would be mixed up with, where that is why it is left; () where its name is taken."""

    @property
    def is_conflict(self) -> bool:
        """Whether the person has to decide."""
        return self.state in CONFLICTS

    @property
    def is_held(self) -> bool:
        """Whether it is left as it is until the person has decided."""
        return self.is_conflict or self.state is PieceState.WAITING

    @property
    def place_words(self) -> str:
        """Where it stands, for a person."""
        return words(self.fragment.place)

    @property
    def clash_words(self) -> str:
        """Where that stands which it would be mixed up with, for a person; "" where nothing, or no one place, is."""
        return words(self.clash or ())


@dataclass(slots=True)
class FileState:
    """One file as it is now: its text, None where there is no file, and its plain data."""

    file: TargetFile
    path: Path
    text: str | None
    tree: Any


def judge_pieces(
    target: Target,
    fragments: Sequence[Fragment],
    states: Mapping[str, FileState],
    written: Mapping[tuple[str, Place], Written],
    *,
    take_over: Collection[str] = (),
    puts_back: bool = True,
) -> list[Piece]:
    """What is to happen to each fragment.

    `take_over` names pieces that replace what stands there; `puts_back` says that what the person removed in the tool
    is written again, as an export that was asked for does.
    """
    pieces: list[Piece] = []
    trees = {name: EditedTree(state.tree) for name, state in states.items()}
    for fragment in fragments:
        found = trees[fragment.file].find(fragment.place)
        ours = written.get((fragment.file, fragment.place))
        base = ours.fragment.value if ours is not None else UNSET
        piece = _judge(target, fragment, found, base)
        piece = replace(piece, is_known=ours is not None)
        if piece.state is PieceState.TAKEN_OUT and puts_back:
            piece = replace(piece, state=PieceState.NEW, result=fragment.value)
        if piece.is_conflict and fragment.name in take_over:
            piece = replace(piece, state=PieceState.CHANGED, result=overlaid(base, found, fragment.value))
        pieces.append(piece)
    return _with_clashes(target, pieces, states, written, take_over)


def _with_clashes(
    target: Target,
    pieces: Sequence[Piece],
    states: Mapping[str, FileState],
    written: Mapping[tuple[str, Place], Written],
    take_over: Collection[str],
) -> list[Piece]:
    """The pieces; those are in conflict too that would be mixed up with what stands elsewhere."""
    judged = {(piece.fragment.file, piece.fragment.place): piece for piece in pieces}
    trees = {name: state.tree for name, state in states.items() if state.tree is not None}
    texts = {name: state.text for name, state in states.items() if state.text is not None}
    own = {key: piece.fragment for key, piece in written.items()}
    goes: list[Piece] = []
    held = {name: EditedTree(tree) for name, tree in trees.items()}
    for clash in target.clashes([piece.fragment for piece in pieces], trees, texts, own):
        fragment = clash.fragment
        key = (fragment.file, fragment.place)
        found = held[fragment.file].find(clash.place) if clash.place else judged[key].found
        if fragment.name in take_over:
            if clash.place:
                theirs = Fragment(fragment.file, clash.place, UNSET, "", fragment.name)
                goes.append(Piece(theirs, PieceState.REMOVED, found, is_theirs=True))
        elif not judged[key].is_conflict:
            state = PieceState.EDITED if judged[key].is_known else PieceState.FOREIGN
            judged[key] = replace(judged[key], state=state, found=found, result=judged[key].found, clash=clash.place)
    return [*judged.values(), *goes]


def _judge(target: Target, fragment: Fragment, found: Any, base: Any) -> Piece:
    ours = fragment.value
    if found is not UNSET and target.says_same(fragment, found):
        return Piece(fragment, PieceState.UNCHANGED, found, found)
    if found is UNSET:
        return Piece(fragment, PieceState.TAKEN_OUT if base is not UNSET else PieceState.NEW, found, ours)
    if base is UNSET:
        if says_all(found, ours):
            return Piece(fragment, PieceState.UNCHANGED, found, found)
        return Piece(fragment, PieceState.FOREIGN, found, found)
    edited: list[str] = []
    result = merged(base, found, ours, "", edited)
    if edited:
        return Piece(fragment, PieceState.EDITED, found, found, tuple(edited))
    state = PieceState.UNCHANGED if result == found and type(result) is type(found) else PieceState.CHANGED
    return Piece(fragment, state, found, result)


def hold_back(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces; a model is written whole or not at all, and so is a provider, which then takes its models along.

    Ours below a provider that is not, or one half of a model beside another's, would be read as a mixture of both. In
    the same way a model goes whole or not at all, from where it was too if it moves, and its provider stays with it.
    """
    conflicts = _Conflicts(pieces)
    held = [_waiting(piece) if conflicts.hold(piece) else piece for piece in pieces]
    busy = {
        piece.fragment.entry_id
        for piece in held
        if piece.state in (PieceState.NEW, PieceState.CHANGED, PieceState.UNCHANGED)
    }
    staying = {(piece.fragment.file, entry_id) for piece, entry_id in _staying(held)}
    return [_waiting(piece) if _waits_for_models(piece, busy, staying) else piece for piece in held]


def _waiting(piece: Piece) -> Piece:
    return replace(piece, state=PieceState.WAITING, result=piece.found)


def _staying(pieces: Iterable[Piece]) -> Iterator[tuple[Piece, str]]:
    for piece in pieces:
        if piece.goes and piece.is_held and piece.fragment.entry_id:
            yield piece, piece.fragment.entry_id


def staying_models(pieces: Iterable[Piece]) -> set[str]:
    """The entries that have pieces which are no longer wanted and stay until the person has decided."""
    return {entry_id for _, entry_id in _staying(pieces)}


def _waits_for_models(piece: Piece, busy: Collection[str], staying: Collection[tuple[str, str]]) -> bool:
    """Whether a provider's piece is of no use yet, or still of use."""
    own = piece.fragment
    if own.entry_id:
        return False
    if piece.state is PieceState.NEW:
        return not any(owner in busy for owner in own.owners)
    is_going = piece.state in (PieceState.REMOVED, PieceState.LEFT)
    return is_going and any((own.file, owner) in staying for owner in own.owners)


class _Conflicts:
    """Which models and providers are in conflict: those of foreign pieces, and all of them."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._models: dict[bool, set[str]] = {True: set(), False: set()}
        self._providers: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
        self._own: set[str] = set()
        """Models that have pieces of their own in conflict."""
        self._new = {piece.fragment.entry_id for piece in pieces if piece.state is PieceState.NEW}
        for piece in pieces:
            if not piece.is_conflict:
                continue
            own = piece.fragment
            for is_foreign in {False, piece.state is PieceState.FOREIGN}:
                self._models[is_foreign].update([own.entry_id] if own.entry_id else own.owners)
                if not own.entry_id:
                    self._providers[is_foreign].add((own.file, own.name))
            self._own.add(own.entry_id)

    def hold(self, piece: Piece) -> bool:
        """Whether a piece belongs to one of them and waits for it. What is foreign holds more back than what is new."""
        own = piece.fragment
        if piece.state is PieceState.REMOVED:
            if not own.entry_id:
                return False
            # One that moves stays where it is for as long as it cannot stand where it is to be.
            return own.entry_id in self._own or (own.entry_id in self._new and own.entry_id in self._models[False])
        if piece.state is PieceState.NEW:
            by_foreign = False
        elif piece.state in (PieceState.CHANGED, PieceState.UNCHANGED):
            by_foreign = True
        else:
            return False
        if own.entry_id:
            return own.entry_id in self._models[by_foreign]
        return (own.file, own.name) in self._providers[by_foreign]


def settle_misread(
    pieces: Sequence[Piece], misread: Mapping[tuple[str, Place], Sequence[str]], take_over: Collection[str]
) -> list[Piece]:
    """The pieces, those in conflict that the tool would read otherwise for what the person added to them.

    `misread` names the fields; taken over, such a piece becomes ours with nothing added.
    """
    settled = []
    for piece in pieces:
        fields = misread.get((piece.fragment.file, piece.fragment.place))
        if fields is None or (piece.found is UNSET and piece.moved_from is None):
            settled.append(piece)
        elif piece.fragment.name in take_over:
            settled.append(replace(piece, state=PieceState.CHANGED, result=piece.fragment.value))
        else:
            is_ours = piece.is_known or piece.moved_from is not None
            state = PieceState.EDITED if is_ours else PieceState.FOREIGN
            settled.append(replace(piece, state=state, result=piece.found, edited_keys=tuple(fields)))
    return settled
