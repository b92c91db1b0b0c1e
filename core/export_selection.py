"""Which pieces of a target's file an export is about: those of its models, and those that they no longer have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from core.export_ledger import Written
from core.export_pieces import Piece, PieceState
from core.exporters.places import Place
from core.exporters.shape import Fragment, Target, TargetFile
from core.exporters.subject import ExportedModel


def wanted(
    target: Target,
    models: Sequence[ExportedModel],
    roll: Sequence[ExportedModel],
    written: Mapping[tuple[str, Place], Written],
) -> tuple[tuple[ExportedModel, ...], list[Fragment], dict[str, TargetFile]]:
    """The models that the target takes, their fragments, and every file that models of the roll could stand in.

    A model whose name another one of the roll has now comes along, so that neither takes the other's place.
    """
    everything = {model.entry_id: model for model in (*roll, *models) if not target.refuses(model)}
    every_file = {file.name: file for file in target.files(tuple(everything.values()))}
    fragments = target.fragments(tuple(everything.values()))
    holders = {key: piece.fragment.entry_id for key, piece in written.items()}
    exported = {model.entry_id for model in models} & everything.keys()
    while True:
        chosen = [fragment for fragment in (_of(one, exported) for one in fragments) if fragment is not None]
        ousted = {holders.get((fragment.file, fragment.place), "") for fragment in chosen if fragment.entry_id}
        more = (ousted & everything.keys()) - exported
        if not more:
            return tuple(model for key, model in everything.items() if key in exported), chosen, every_file
        exported |= more


def _of(fragment: Fragment, exported: Collection[str]) -> Fragment | None:
    """A fragment as far as it is those entries'; None where it is none of theirs."""
    if fragment.entry_id:
        return fragment if fragment.entry_id in exported else None
    owners = tuple(owner for owner in fragment.owners if owner in exported)
    return replace(fragment, owners=owners) if owners else None


def no_longer_wanted(
    fragments: Iterable[Fragment],
    written: Mapping[tuple[str, Place], Written],
    exported: Collection[str],
    removed: Collection[str],
) -> list[Written]:
    """Pieces of ours that these models no longer have: of entries that move or go, and what only those shared."""
    kept = {(fragment.file, fragment.place) for fragment in fragments}
    exported, removed = frozenset(exported), frozenset(removed)
    standing = {piece.fragment.entry_id for piece in written.values()}
    gone = []
    for key, piece in written.items():
        fragment = piece.fragment
        if key in kept:
            continue
        others = removed | exported if fragment.entry_id == "" else removed
        owners = standing.intersection(fragment.owners) - others
        is_own = fragment.entry_id in exported or fragment.entry_id in removed
        if is_own or (fragment.entry_id == "" and not owners):
            gone.append(piece)
    return gone


def disowned(
    written: Mapping[tuple[str, Place], Written],
    fragments: Iterable[Fragment],
    gone: Iterable[Written],
    removed: Collection[str],
) -> list[Piece]:
    """Shared pieces that stay, for fewer entries than before."""
    touched = {(fragment.file, fragment.place) for fragment in fragments} | {piece.key for piece in gone}
    pieces = []
    for key, piece in written.items():
        owners = tuple(owner for owner in piece.fragment.owners if owner not in removed)
        if key not in touched and owners != piece.fragment.owners:
            pieces.append(Piece(replace(piece.fragment, owners=owners), PieceState.UNCHANGED, is_known=True))
    return pieces


def with_owners(fragments: Iterable[Fragment], written: Mapping[tuple[str, Place], Written]) -> list[Fragment]:
    """The fragments, those that are shared with the owners that they had before too."""
    result = []
    for fragment in fragments:
        known = written.get((fragment.file, fragment.place))
        if fragment.entry_id == "" and known is not None:
            owners = tuple(dict.fromkeys((*known.fragment.owners, *fragment.owners)))
            fragment = replace(fragment, owners=owners)  # noqa: PLW2901 (the same one, with what was known of it)
        result.append(fragment)
    return result
