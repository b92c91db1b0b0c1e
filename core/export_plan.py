"""What an export would do to a target's files, before anything is written."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from core.errors import ExportError
from core.export_ledger import Origin
from core.export_moves import moved_in_place
from core.export_pieces import FileState, Piece, PieceState
from core.exporters.edited_trees import EditedTree, is_bare
from core.exporters.files import read_file
from core.exporters.places import Place, Row
from core.exporters.shape import Format, Fragment, Loss, ReadModel, Target, TargetFile, label_of
from core.exporters.subject import ExportedModel
from core.exporters.texts import (
    JSON5_WORDS,
    BrokenText,
    CannotEdit,
    Drop,
    Put,
    edit_text,
    has_no_data,
    read_tree,
    without_data,
)
from core.field_specs import UNSET

_DOCUMENT_END: Final = re.compile(r"^\.\.\.(?=\s|\Z)", re.MULTILINE)
"""What ends a YAML document: what comes below it would be a second one."""
_MOST_WARNINGS: Final = 3


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
    origins: Mapping[str, Origin] = field(default_factory=dict, repr=False)
    """What the files were before Muster first wrote into them, by name."""
    roll: str = ""
    """The settings file that the models are from."""
    warnings: tuple[str, ...] = ()
    """What keeps the tool from reading what is written."""

    @property
    def conflicts(self) -> tuple[Piece, ...]:
        """The pieces that are left as they are until the person decides."""
        return tuple(piece for piece in self.pieces if piece.is_conflict)

    @property
    def takes_all_out(self) -> bool:
        """Whether models are taken out and none of ours is left there."""
        states = [piece.state for piece in self.pieces if piece.fragment.entry_id]
        return bool(states) and all(state is PieceState.REMOVED for state in states)

    @property
    def models_there(self) -> tuple[ExportedModel, ...]:
        """The models that stand there as they are on the roll, once the plan is carried out."""
        held = {piece.fragment.entry_id for piece in self.pieces if piece.is_held}
        return tuple(model for model in self.models if model.entry_id not in held)

    @property
    def is_change(self) -> bool:
        """Whether any file would be written."""
        return any(change.is_change for change in self.changes)


def path_of(target: Target, path: Path, file: TargetFile) -> Path:
    """Where one of a target's files is."""
    return path / file.name if target.is_folder else path


def read_files(target: Target, path: Path, files: Iterable[TargetFile]) -> dict[str, FileState]:
    """The files as they are now.

    Raises:
        ExportError: one cannot be read, or is broken; the words say where.
    """
    states = {file.name: _read_state(target, path_of(target, path, file), file) for file in files}
    _refuse_unreadable(target, states, "Nothing was written. Mend it, or choose another file.")
    return states


def _read_state(target: Target, where: Path, file: TargetFile) -> FileState:
    text = read_file(where)
    try:
        return FileState(file, where, text, read_tree(text, file.format) if text is not None else None)
    except BrokenText as broken:
        if broken.is_json5:
            raise ExportError(
                f"{target.title}’s file {where.name} {JSON5_WORDS}.",
                "Nothing was written. "
                f"Write it as JSON (line {broken.line}: {broken.words}), or choose another file: {where}",
            ) from None
        line = f" in line {broken.line}" if broken.line is not None else ""
        raise ExportError(
            f"{target.title}’s file {where.name} is broken{line}: {broken.words.rstrip('.')}.",
            f"Nothing was written. Mend it, or choose another file: {where}",
        ) from None


def warnings_of(target: Target, path: Path, states: Mapping[str, FileState]) -> tuple[str, ...]:
    """Which other files of the folder the target refuses, and with them ours; of many, the first few."""
    return tuple(
        f"{why} {target.title} then loads no file of that folder, Muster’s neither. Mend it or take it away ({where})."
        for why, where in islice(_refused(target, path, states), _MOST_WARNINGS)
    )


def _refused(target: Target, path: Path, states: Mapping[str, FileState]) -> Iterator[tuple[str, Path]]:
    for file in target.existing_files(path) if target.is_folder else ():
        where = path_of(target, path, file)
        if file.name in states or not where.is_file():
            continue
        try:
            tree = _read_state(target, where, file).tree
        except ExportError as error:
            yield error.title, where
            continue
        try:
            target.read({file.name: tree})
        except ValueError as error:
            yield f"{target.title} refuses its file {where.name}. {error}", where


def _refuse_unreadable(target: Target, states: Mapping[str, FileState], hint: str) -> tuple[ReadModel, ...]:
    trees = {name: state.tree for name, state in states.items() if state.tree is not None}
    try:
        return target.read(trees) if trees else ()
    except ValueError as error:
        names = ", ".join(sorted({str(state.path) for state in states.values() if state.tree is not None}))
        raise ExportError(f"{target.title} would refuse its file. {error}", f"{hint} {names}") from None


def changes_of(
    target: Target, states: Mapping[str, FileState], pieces: Sequence[Piece], origins: Mapping[str, Origin]
) -> tuple[tuple[FileChange, ...], dict[str, Any]]:
    """The files with the pieces made, and their plain data by name, read again as the tool reads them.

    Raises:
        ExportError: a file is written in a way that cannot be edited, or the tool would refuse the result.
    """
    changes = []
    after: dict[str, FileState] = {}
    for name, state in states.items():
        own = [piece for piece in pieces if piece.fragment.file == name and _is_done(piece)]
        try:
            new, tree = _made_in(target, state, own, origins.get(name))
        except (BrokenText, CannotEdit) as error:
            raise ExportError(
                f"{target.title}’s file {state.path.name} cannot be edited in place: {error}",
                f"Nothing was written. Write it in the usual form, or choose another file: {state.path}",
            ) from None
        if new is None and state.text is None:
            continue
        changes.append(FileChange(state.path, state.text, new))
        if new is not None:
            after[name] = FileState(state.file, state.path, new, tree)
    _refuse_unreadable(target, after, "Nothing was written.")
    return tuple(changes), {name: state.tree for name, state in after.items() if state.tree is not None}


def _made_in(target: Target, state: FileState, own: Sequence[Piece], origin: Origin | None) -> tuple[str | None, Any]:
    """A file's text with its pieces made, None where it goes, and its plain data.

    Raises:
        BrokenText: the result cannot be read.
        CannotEdit: the file is written in a way that cannot be edited.
    """
    emptied = _emptied(state.tree, own, origin)
    edits = [*_edits(own), *emptied]
    if not edits:
        return state.text, state.tree
    try:
        new = edit_text(_begun(state), state.file.format, edits)
    except CannotEdit:
        elsewhere = [*_edits(own, in_place=False), *emptied]
        if elsewhere == edits:
            raise
        new = edit_text(_begun(state), state.file.format, elsewhere)
    tree = read_tree(new, state.file.format)
    left = _left_over(target, state.file, new, tree, origin)
    if left == new:
        return new, tree
    return left, None if left is None else read_tree(left, state.file.format)


def _begun(state: FileState) -> str:
    """What the pieces are put into: what a file of the tool begins as, below the comments that are there."""
    text, empty = state.text or "", state.file.empty
    if not text.strip():
        return empty
    if state.tree is not None or not has_no_data(text, state.file.format):
        return text
    end = _DOCUMENT_END.search(text) if state.file.format is Format.YAML else None
    content, tail = (text[: end.start()], text[end.start() :]) if end is not None else (text, "")
    gap = "" if not content or content.endswith(("\n", "\ufeff")) else "\n"
    return content + (gap + empty).replace("\n", "\r\n" if "\r\n" in text else "\n") + tail


def _left_over(target: Target, file: TargetFile, text: str, tree: Any, origin: Origin | None) -> str | None:
    """What becomes of a file once pieces were taken out of it; None where it goes."""
    is_spent = target.is_spent(tree)
    if is_spent and target.spent_files_break:
        return None
    if origin is None or not (is_bare(tree, "") or tree == read_tree(file.empty, file.format)):
        return text
    comments = without_data(text, file.format)
    if is_spent and origin.is_made and not comments.strip():
        return None
    return comments if origin.was_blank else text


def _emptied(tree: Any, pieces: Sequence[Piece], origin: Origin | None) -> list[Put | Drop]:
    """What goes too since nothing is left in it: what Muster made; where that is not known, no section of the file."""
    removed = [piece.fragment.place for piece in pieces if piece.state is PieceState.REMOVED]
    if not removed:
        return []
    edited = EditedTree(tree)
    for piece in pieces:
        if piece.state is PieceState.REMOVED:
            edited.drop(piece.fragment.place)
        else:
            edited.put(piece.fragment.place, piece.result)
    drops: list[Put | Drop] = []
    for place in removed:
        for length in range(len(place) - 1, 0, -1):
            outer = place[:length]
            if origin is None and length == 1 and not isinstance(outer[0], Row):
                break
            if origin is not None and outer not in origin.made:
                break
            if not edited.holds(outer):
                continue
            if not edited.is_bare(outer):
                break
            edited.drop(outer)
            drops.append(Drop(outer))
    return drops


def origins_of(
    states: Mapping[str, FileState], pieces: Sequence[Piece], known: Mapping[str, Origin], old: Collection[str]
) -> dict[str, Origin]:
    """What the files were before the first export; `old` are those of which that was not kept."""
    origins = dict(known)
    for name, state in states.items():
        own = [piece for piece in pieces if piece.fragment.file == name]
        if name not in origins and name in old:
            continue
        origin = origins.get(name) or Origin(
            is_made=state.text is None,
            was_blank=state.text is not None and has_no_data(state.text, state.file.format),
        )
        puts = [piece.fragment.place for piece in own if piece.state in (PieceState.NEW, PieceState.CHANGED)]
        outer = {place[:length] for place in puts for length in range(1, len(place))}
        before = EditedTree(state.tree)
        adopted = {
            piece.fragment.place
            for piece in own
            if piece.state is PieceState.UNCHANGED and not (piece.is_known or piece.fragment.entry_id)
        }
        origins[name] = replace(
            origin,
            made=origin.made | {place for place in outer if not before.holds(place)},
            adopted=origin.adopted | adopted,
        )
    return origins


def _is_done(piece: Piece) -> bool:
    if piece.state is PieceState.REMOVED:
        return piece.found is not UNSET
    return piece.state in (PieceState.NEW, PieceState.CHANGED)


def _edits(pieces: Sequence[Piece], *, in_place: bool = True) -> list[Put | Drop]:
    """What makes these pieces; rows that move are changed where they stand, or with `in_place` false made anew."""
    edits: list[Put | Drop] = []
    moved: set[Place] = set()
    for piece in pieces:
        if piece.state is PieceState.REMOVED:
            continue
        if piece.moved_from is not None and in_place and (named := moved_in_place(piece)):
            edits += named
            moved.add(piece.moved_from)
        edits.append(Put(piece.fragment.place, piece.result))
    edits += [
        Drop(piece.fragment.place)
        for piece in pieces
        if piece.state is PieceState.REMOVED and piece.fragment.place not in moved
    ]
    return edits


def misread_fields(
    target: Target, models: Sequence[ExportedModel], pieces: Sequence[Piece], trees: Mapping[str, Any]
) -> dict[tuple[str, Place], list[str]]:
    """The pieces that the target, by its own rules, would read otherwise than a run does, with the fields' labels."""
    return {
        (piece.fragment.file, piece.fragment.place): [label_of(name) for name, _, _ in differences]
        for piece, _, differences in _misread(target, models, pieces, trees)
    }


def check_effect(
    target: Target, models: Sequence[ExportedModel], pieces: Sequence[Piece], trees: Mapping[str, Any]
) -> None:
    """Reads the files by the target's own rules and compares what it makes of them with what a run uses.

    Raises:
        ExportError: the tool would take a model for something else; this is a mistake of Muster's own.
    """
    for _, model, differences in _misread(target, models, pieces, trees):
        name, wanted, got = differences[0]
        raise ExportError(
            f"Nothing was written: {target.title} would read “{model.name}” otherwise than it is: "
            f"{label_of(name)} would be {got!r} and not {wanted!r}.",
            "Please report this. The file is as it was.",
        )


def _misread(
    target: Target, models: Sequence[ExportedModel], pieces: Sequence[Piece], trees: Mapping[str, Any]
) -> Iterator[tuple[Piece, ExportedModel, list[tuple[str, Any, Any]]]]:
    read = {(model.file, model.place): model for model in (target.read(trees) if trees else ())}
    by_id = {model.entry_id: model for model in models}
    # Beside what the person wrote, a model may well be another.
    undecided = {entry for piece in pieces if piece.is_conflict for entry in _entries_of(piece.fragment)}
    for piece in pieces:
        fragment = piece.fragment
        model = by_id.get(fragment.entry_id)
        left_alone = piece.state in (PieceState.REMOVED, PieceState.WAITING)
        if model is None or fragment.entry_id in undecided or left_alone:
            continue
        found = read.get((fragment.file, fragment.place))
        # Where none is found, the piece says more about a model that stands elsewhere.
        differences = list(target.differences(model, found)) if found is not None else []
        if differences:
            yield piece, model, differences


def _entries_of(fragment: Fragment) -> tuple[str, ...]:
    return (fragment.entry_id,) if fragment.entry_id else fragment.owners
