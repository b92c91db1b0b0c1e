"""The pieces of an export: what stands in their places, whose it is, and what is to happen to each.

A piece that Muster wrote and that is still as it wrote it may be replaced. One that the person changed since, or that
stands there without having been written by Muster, is a conflict.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import takewhile
from pathlib import Path
from typing import Any

from core.export_ledger import Origin, Written
from core.exporters.edited_trees import EditedTree, is_bare
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
            piece = replace(piece, state=PieceState.CHANGED, result=_overlaid(base, found, fragment.value))
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
        if _holds(found, ours):
            return Piece(fragment, PieceState.UNCHANGED, found, found)
        return Piece(fragment, PieceState.FOREIGN, found, found)
    edited: list[str] = []
    result = _merged(base, found, ours, "", edited)
    if edited:
        return Piece(fragment, PieceState.EDITED, found, found, tuple(edited))
    state = PieceState.UNCHANGED if result == found and type(result) is type(found) else PieceState.CHANGED
    return Piece(fragment, state, found, result)


def _holds(found: Any, ours: Any) -> bool:
    """Whether what stands there says all that ours says; more keys than ours are the person's."""
    if isinstance(found, dict) and isinstance(ours, dict):
        return all(key in found and _holds(found[key], value) for key, value in ours.items())
    return bool(found == ours and isinstance(found, bool) == isinstance(ours, bool))


def _merged(base: Any, found: Any, ours: Any, key: str, edited: list[str]) -> Any:
    """Ours in the place of base, with what the person added kept; what both changed goes into `edited`."""
    if isinstance(base, dict) and isinstance(found, dict) and isinstance(ours, dict):
        result = {}
        for name in [*found, *(name for name in ours if name not in found)]:
            dotted = f"{key}.{name}" if key else str(name)
            value = _merged(base.get(name, UNSET), found.get(name, UNSET), ours.get(name, UNSET), dotted, edited)
            if value is not UNSET:
                result[name] = value
        return result
    if _same(found, base) or _same(found, ours):
        return ours
    if base is UNSET and ours is UNSET:
        return found
    edited.append(key or "all of it")
    return found


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and type(one) is type(other)


def _overlaid(base: Any, found: Any, ours: Any) -> Any:
    """Ours in the place of what stands there; of what Muster wrote once, the keys that the person added stay."""
    if isinstance(base, dict) and isinstance(found, dict) and isinstance(ours, dict):
        added = {key: value for key, value in found.items() if key not in base and key not in ours}
        said = {key: _overlaid(base.get(key, UNSET), found.get(key, UNSET), value) for key, value in ours.items()}
        return {**{key: said.get(key, added.get(key)) for key in found if key in said or key in added}, **said}
    return ours


def removal_pieces(
    target: Target, gone: Iterable[Written], states: Mapping[str, FileState], *, take_over: Collection[str] = ()
) -> list[Piece]:
    """What is to happen to pieces that are no longer wanted: removed, unless the person has changed them."""
    pieces = []
    trees = {name: EditedTree(state.tree) for name, state in states.items()}
    for written in gone:
        fragment = written.fragment
        tree = trees.get(fragment.file)
        found = tree.find(fragment.place) if tree is not None else UNSET
        is_ours = _holds(found, fragment.value) or target.says_same(fragment, found)
        if found is UNSET or fragment.name in take_over or is_ours:
            pieces.append(Piece(fragment, PieceState.REMOVED, found))
        else:
            pieces.append(Piece(fragment, PieceState.EDITED, found, found))
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


def hold_back(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces; a model is written whole or not at all, and so is a provider, which then takes its models along.

    Ours below a provider that is not, or one half of a model beside another's, would be read as a mixture of both.
    """
    conflicts = _Conflicts(piece for piece in pieces if piece.is_conflict)
    held = [
        replace(piece, state=PieceState.WAITING, result=piece.found) if conflicts.hold(piece) else piece
        for piece in pieces
    ]
    busy = {
        piece.fragment.entry_id
        for piece in held
        if piece.state in (PieceState.NEW, PieceState.CHANGED, PieceState.UNCHANGED)
    }
    return [
        replace(piece, state=PieceState.WAITING, result=piece.found)
        if piece.state is PieceState.NEW and not piece.fragment.entry_id and busy.isdisjoint(piece.fragment.owners)
        else piece
        for piece in held
    ]


class _Conflicts:
    """Which models and providers are in conflict: those of foreign pieces, and all of them."""

    def __init__(self, conflicts: Iterable[Piece]) -> None:
        self._models: dict[bool, set[str]] = {True: set(), False: set()}
        self._providers: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
        for piece in conflicts:
            own = piece.fragment
            for is_foreign in {False, piece.state is PieceState.FOREIGN}:
                self._models[is_foreign].update([own.entry_id] if own.entry_id else own.owners)
                if not own.entry_id:
                    self._providers[is_foreign].add((own.file, own.name))

    def hold(self, piece: Piece) -> bool:
        """Whether a piece belongs to one of them and waits for it. What is foreign holds more back than what is new."""
        own = piece.fragment
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
        if fields is None or piece.found is UNSET:
            settled.append(piece)
        elif piece.fragment.name in take_over:
            settled.append(replace(piece, state=PieceState.CHANGED, result=piece.fragment.value))
        else:
            state = PieceState.EDITED if piece.is_known else PieceState.FOREIGN
            settled.append(replace(piece, state=state, result=piece.found, edited_keys=tuple(fields)))
    return settled


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
