"""What an export would do to a target's files, piece by piece, before anything is written.

A piece that Muster wrote and that is still as it wrote it may be replaced. One that the person changed since, or that
stands there without having been written by Muster, is a conflict.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import takewhile
from pathlib import Path
from typing import Any

from core.errors import ExportError
from core.export_ledger import Written
from core.exporters.files import read_file
from core.exporters.places import Place, Row, Step, find, with_value, without, words
from core.exporters.shape import Fragment, Loss, ReadModel, Target, TargetFile, label_of
from core.exporters.subject import ExportedModel
from core.exporters.texts import BrokenText, CannotEdit, Drop, Put, edit_text, read_tree
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

    @property
    def is_conflict(self) -> bool:
        """Whether the person has to decide."""
        return self.state in CONFLICTS

    @property
    def place_words(self) -> str:
        """Where it stands, for a person."""
        return words(self.fragment.place)


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file before and after; `before` is None where it is to be made, `after` where it is to be deleted."""

    path: Path
    before: str | None = field(repr=False)
    after: str | None = field(repr=False)

    @property
    def is_change(self) -> bool:
        """Whether anything is written."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What would be written for one target at one path. `models` are those that it can take."""

    target: Target
    path: Path
    models: tuple[ExportedModel, ...]
    pieces: tuple[Piece, ...]
    changes: tuple[FileChange, ...]
    losses: tuple[Loss, ...]

    @property
    def conflicts(self) -> tuple[Piece, ...]:
        """The pieces that are left as they are until the person decides."""
        return tuple(piece for piece in self.pieces if piece.is_conflict)

    @property
    def is_change(self) -> bool:
        """Whether any file would be written."""
        return any(change.is_change for change in self.changes)


@dataclass(slots=True)
class FileState:
    """One file as it is now: its text, None where there is no file, and its plain data."""

    file: TargetFile
    path: Path
    text: str | None
    tree: Any


def path_of(target: Target, path: Path, file: TargetFile) -> Path:
    """Where one of a target's files is."""
    return path / file.name if target.is_folder else path


def read_files(target: Target, path: Path, files: Iterable[TargetFile]) -> dict[str, FileState]:
    """The files as they are now.

    Raises:
        ExportError: one cannot be read, or is broken; the words say where.
    """
    states = {}
    for file in files:
        where = path_of(target, path, file)
        text = read_file(where)
        try:
            tree = read_tree(text, file.format) if text is not None else None
        except BrokenText as broken:
            line = f" in line {broken.line}" if broken.line is not None else ""
            raise ExportError(
                f"{target.title}’s file {where.name} is broken{line}: {broken.words.rstrip('.')}.",
                f"Nothing was written. Mend it, or choose another file: {where}",
            ) from None
        states[file.name] = FileState(file, where, text, tree)
    _refuse_unreadable(target, states, "Nothing was written. Mend it, or choose another file.")
    return states


def _refuse_unreadable(target: Target, states: Mapping[str, FileState], hint: str) -> tuple[ReadModel, ...]:
    trees = {name: state.tree for name, state in states.items() if state.tree is not None}
    try:
        return target.read(trees) if trees else ()
    except ValueError as error:
        names = ", ".join(sorted({str(state.path) for state in states.values() if state.tree is not None}))
        raise ExportError(f"{target.title} would refuse its file. {error}", f"{hint} {names}") from None


def judge_pieces(
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
    pieces = []
    for fragment in fragments:
        found = find(states[fragment.file].tree, fragment.place)
        ours = written.get((fragment.file, fragment.place))
        base = ours.fragment.value if ours is not None else UNSET
        piece = _judge(fragment, found, base)
        if piece.state is PieceState.TAKEN_OUT and puts_back:
            piece = replace(piece, state=PieceState.NEW, result=fragment.value)
        if piece.is_conflict and fragment.name in take_over:
            piece = replace(piece, state=PieceState.CHANGED, result=_overlaid(base, found, fragment.value))
        pieces.append(piece)
    return pieces


def _judge(fragment: Fragment, found: Any, base: Any) -> Piece:
    ours = fragment.value
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
    gone: Iterable[Written], states: Mapping[str, FileState], *, take_over: Collection[str] = ()
) -> list[Piece]:
    """What is to happen to pieces that are no longer wanted: removed, unless the person has changed them."""
    pieces = []
    for written in gone:
        fragment = written.fragment
        state = states.get(fragment.file)
        found = find(state.tree, fragment.place) if state is not None else UNSET
        if found is UNSET or fragment.name in take_over or _holds(found, fragment.value):
            pieces.append(Piece(fragment, PieceState.REMOVED, found))
        else:
            pieces.append(Piece(fragment, PieceState.EDITED, found, found))
    return pieces


def leave_to_others(pieces: Sequence[Piece], states: Mapping[str, FileState]) -> list[Piece]:
    """The pieces; those that are shared and would go stay where the person has put models of their own beside them."""
    without_models = {name: state.tree for name, state in states.items()}
    without_all = dict(without_models)
    for piece in pieces:
        name, place = piece.fragment.file, piece.fragment.place
        if piece.state is PieceState.REMOVED and name in states:
            without_all[name] = without(without_all[name], place)
            if piece.fragment.entry_id:
                without_models[name] = without(without_models[name], place)
    left = []
    for piece in pieces:
        own = piece.fragment
        stays = False
        if piece.state is PieceState.REMOVED and not own.entry_id and piece.found is not UNSET:
            models = [one.fragment.place for one in pieces if one.fragment.entry_id in own.owners]
            if any(place[: len(own.place)] == own.place for place in models):
                stays = _holds_more(find(without_models[own.file], own.place), own.value)
            else:
                outer = _provider_of(own.place, models)
                stays = not _is_bare(find(without_all[own.file], outer), outer[-1] if outer else "")
        left.append(replace(piece, state=PieceState.LEFT, result=piece.found) if stays else piece)
    return left


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
    return ours is UNSET and not _is_bare(held, "")


def changes_of(
    target: Target, states: Mapping[str, FileState], pieces: Sequence[Piece]
) -> tuple[tuple[FileChange, ...], dict[str, Any]]:
    """The files with the pieces made, and their plain data by name, read again as the tool reads them.

    Raises:
        ExportError: a file is written in a way that cannot be edited, or the tool would refuse the result.
    """
    changes = []
    after: dict[str, FileState] = {}
    for name, state in states.items():
        own = [piece for piece in pieces if piece.fragment.file == name and _is_done(piece)]
        edits = [_edit(piece) for piece in own]
        edits += _emptied(state.tree, own)
        text = state.text if state.text is not None and state.text.strip() else state.file.empty
        try:
            new = edit_text(text, state.file.format, edits) if edits else state.text or ""
        except CannotEdit as error:
            raise ExportError(
                f"{target.title}’s file {state.path.name} cannot be edited in place: {error}",
                f"Nothing was written. Write it in the usual form, or choose another file: {state.path}",
            ) from None
        if not edits and state.text is None:
            continue
        tree = read_tree(new, state.file.format)
        if edits and target.is_spent(tree):
            changes.append(FileChange(state.path, state.text, None))
            continue
        changes.append(FileChange(state.path, state.text, new))
        after[name] = FileState(state.file, state.path, new, tree)
    _refuse_unreadable(target, after, "Nothing was written.")
    return tuple(changes), {name: state.tree for name, state in after.items()}


def _emptied(tree: Any, pieces: Sequence[Piece]) -> list[Put | Drop]:
    """What goes too since nothing is left in it: a provider whose last model went, not the file's own sections."""
    removed = [piece.fragment.place for piece in pieces if piece.state is PieceState.REMOVED]
    for piece in pieces:
        place = piece.fragment.place
        tree = without(tree, place) if piece.state is PieceState.REMOVED else with_value(tree, place, piece.result)
    drops: list[Put | Drop] = []
    for place in removed:
        for length in range(len(place) - 1, 0, -1):
            outer = place[:length]
            if length == 1 and not isinstance(outer[0], Row):
                break
            held = find(tree, outer)
            if held is UNSET:
                continue
            if not _is_bare(held, outer[-1]):
                break
            tree = without(tree, outer)
            drops.append(Drop(outer))
    return drops


def _is_bare(held: Any, step: Step) -> bool:
    """Whether nothing is left of a provider or a list but its name."""
    names = {key for key, _ in step.match} if isinstance(step, Row) else set()
    if isinstance(held, dict):
        return all(key in names or _is_bare(value, "") for key, value in held.items())
    return held is UNSET or held == []


def _is_done(piece: Piece) -> bool:
    if piece.state is PieceState.REMOVED:
        return piece.found is not UNSET
    return piece.state in (PieceState.NEW, PieceState.CHANGED)


def _edit(piece: Piece) -> Put | Drop:
    if piece.state is PieceState.REMOVED:
        return Drop(piece.fragment.place)
    return Put(piece.fragment.place, piece.result)


def check_effect(
    target: Target, models: Sequence[ExportedModel], pieces: Sequence[Piece], trees: Mapping[str, Any]
) -> None:
    """Reads the files by the target's own rules and compares what it makes of them with what a run uses.

    Raises:
        ExportError: the tool would take a model for something else; this is a mistake of Muster's own.
    """
    read = {(model.file, model.place): model for model in target.read(trees)}
    by_id = {model.entry_id: model for model in models}
    for piece in pieces:
        fragment = piece.fragment
        model = by_id.get(fragment.entry_id)
        if model is None or piece.is_conflict or piece.state is PieceState.REMOVED:
            continue
        found = read.get((fragment.file, fragment.place))
        if found is None:
            continue  # a piece that says more about a model that stands elsewhere
        for name, wanted, got in target.differences(model, found):
            raise ExportError(
                f"Nothing was written: {target.title} would read “{model.name}” otherwise than it is: "
                f"{label_of(name)} would be {got!r} and not {wanted!r}.",
                "Please report this. The file is as it was.",
            )
