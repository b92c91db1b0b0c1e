"""Writing the roll into other tools' files: `targets`, `export`, and what the window needs beside them.

An export is planned first (`plan_export`, `plan_sync`, `plan_removal`: nothing is written) and then carried out
(`write_plan`). `export` is both. What was written is read back by the target's own rules before anything is replaced.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.entry import UserModelEntry
from core.errors import ExportConflict, ExportError, MusterError
from core.evidence import FILE_NAME as EVIDENCE_FILE
from core.evidence import Evidence
from core.export_ledger import ExportLedger, Written
from core.export_plan import (
    CONFLICTS,
    ExportPlan,
    FileChange,
    Piece,
    PieceState,
    changes_of,
    check_effect,
    judge_pieces,
    leave_to_others,
    read_files,
    removal_pieces,
)
from core.exporters.all_targets import TARGETS
from core.exporters.file_diffs import diff_text
from core.exporters.files import NewText, write_files
from core.exporters.losses import losses_of, losses_together
from core.exporters.places import Place
from core.exporters.shape import Fragment, Loss, Target, TargetFile
from core.exporters.subject import ExportedModel, subjects_of
from core.paths import data_folder
from core.report_history import declared_limits

if TYPE_CHECKING:
    from core.registry import Registry

__all__ = [
    "CONFLICTS", "TARGETS", "ExportPlan", "ExportReport", "FileChange", "Loss", "Piece", "PieceState", "export",
    "places_in_use", "plan_export", "plan_removal", "plan_sync", "report_of", "targets", "write_plan",
]  # fmt: skip

_TOOL_ORDER: Final = tuple(TARGETS)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export did, or with `dry_run` would do.

    `paths` are the target's files, `diff` what changes in them as a unified diff with keys hidden, `losses` what the
    target cannot say. `written` are the files that were replaced or made, `backups` the copies of what they were.
    """

    paths: tuple[Path, ...]
    diff: str
    losses: tuple[Loss, ...]
    written: tuple[Path, ...] = ()
    backups: tuple[Path, ...] = ()


def targets() -> tuple[str, ...]:
    """The IDs of all targets."""
    return _TOOL_ORDER


def export(
    registry: Registry,
    references: Iterable[str | UserModelEntry] | None,
    target: str,
    path: str | os.PathLike[str] | None = None,
    *,
    dry_run: bool = False,
    take_over: Collection[str] = (),
) -> ExportReport:
    """Writes those models (None: all) into the target's file, None meaning the one that the tool reads.

    A target with several files takes a folder. `take_over` names entries of the file that may be replaced although
    Muster did not write them, or the person has changed them since.

    Raises:
        ExportConflict: the file has such entries and they are not named; nothing was written.
        ExportError: the file is broken, cannot be written, or there is no such target; nothing was written.
        MusterError: a reference resolves to nothing.
    """
    plan = plan_export(registry, references, target, path, take_over=take_over)
    if plan.conflicts:
        raise _conflict(plan)
    return report_of(plan, registry) if dry_run else write_plan(plan, registry)


def plan_export(
    registry: Registry,
    references: Iterable[str | UserModelEntry] | None,
    target: str,
    path: str | os.PathLike[str] | None = None,
    *,
    take_over: Collection[str] = (),
) -> ExportPlan:
    """What an export would do; conflicts are in it and raise nothing. Writes nothing.

    Raises:
        ExportError: the file is broken, or there is no such target.
        MusterError: a reference resolves to nothing.
    """
    found = target_of(target)
    limits = _declared_limits(registry)
    roll, failed = subjects_of(registry, None, limits)
    if references is None:
        models = roll
    else:
        models, failed = subjects_of(registry, references, limits)
    with ExportLedger.open() as ledger:
        return _plan(found, _path_for(found, path), models, roll, failed, ledger, take_over=take_over)


def _plan(
    target: Target,
    path: Path,
    models: Sequence[ExportedModel],
    roll: Sequence[ExportedModel],
    failed: Sequence[tuple[str, MusterError]],
    ledger: ExportLedger,
    *,
    take_over: Collection[str] = (),
    puts_back: bool = True,
    removed: Collection[str] = (),
) -> ExportPlan:
    """What becomes of `models`. `roll` is everything that could be written: names are told apart among all of it."""
    written = ledger.written(target.id, path)
    taken, fragments, every_file = _wanted(target, models, roll, written)
    losses = [loss for model in models for loss in losses_of(target, model)]
    losses += losses_together(target, models, roll)
    losses += [Loss(name, "provider", f"It is left out. {error.title}") for name, error in failed]
    gone = _no_longer_wanted(fragments, written, {model.entry_id for model in taken}, set(removed))
    touched = {fragment.file for fragment in fragments} | {piece.fragment.file for piece in gone}
    files = {file.name: file for file in target.files(())}
    files |= {name: every_file.get(name) or target.file_named(name) for name in sorted(touched - files.keys())}
    states = read_files(target, path, files.values())
    pieces = judge_pieces(_with_owners(fragments, written), states, written, take_over=take_over, puts_back=puts_back)
    pieces += removal_pieces(gone, states, take_over=take_over)
    pieces += _disowned(written, fragments, gone, set(removed))
    pieces = leave_to_others(pieces, states)
    changes, trees = changes_of(target, states, pieces)
    check_effect(target, taken, pieces, trees)
    return ExportPlan(target, path, taken, tuple(pieces), changes, tuple(losses))


def _wanted(
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
        wanted = [fragment for fragment in (_of(one, exported) for one in fragments) if fragment is not None]
        ousted = {holders.get((fragment.file, fragment.place), "") for fragment in wanted if fragment.entry_id}
        more = (ousted & everything.keys()) - exported
        if not more:
            return tuple(model for key, model in everything.items() if key in exported), wanted, every_file
        exported |= more


def _of(fragment: Fragment, exported: Collection[str]) -> Fragment | None:
    """A fragment as far as it is those entries'; None where it is none of theirs."""
    if fragment.entry_id:
        return fragment if fragment.entry_id in exported else None
    owners = tuple(owner for owner in fragment.owners if owner in exported)
    return replace(fragment, owners=owners) if owners else None


def _no_longer_wanted(
    fragments: Iterable[Fragment],
    written: Mapping[tuple[str, Place], Written],
    exported: Collection[str],
    removed: Collection[str],
) -> list[Written]:
    """Pieces of ours that these models no longer have: of entries that move or go, and what only those shared."""
    wanted = {(fragment.file, fragment.place) for fragment in fragments}
    gone = []
    for key, piece in written.items():
        fragment = piece.fragment
        if key in wanted:
            continue
        owners = set(fragment.owners) - set(removed) - (set(exported) if fragment.entry_id == "" else set())
        is_own = fragment.entry_id in exported or fragment.entry_id in removed
        if is_own or (fragment.entry_id == "" and not owners):
            gone.append(piece)
    return gone


def _disowned(
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
            pieces.append(Piece(replace(piece.fragment, owners=owners), PieceState.UNCHANGED))
    return pieces


def _with_owners(fragments: Iterable[Fragment], written: Mapping[tuple[str, Place], Written]) -> list[Fragment]:
    """The fragments, those that are shared with the owners that they had before too."""
    result = []
    for fragment in fragments:
        known = written.get((fragment.file, fragment.place))
        if fragment.entry_id == "" and known is not None:
            owners = tuple(dict.fromkeys((*known.fragment.owners, *fragment.owners)))
            fragment = replace(fragment, owners=owners)  # noqa: PLW2901 (the same one, with what was known of it)
        result.append(fragment)
    return result


def plan_removal(
    registry: Registry,
    target: str,
    path: str | os.PathLike[str] | None = None,
    entry_ids: Collection[str] | None = None,
    *,
    take_over: Collection[str] = (),
) -> ExportPlan:
    """What taking entries (None: all of ours) out of a target's file again would do.

    Raises:
        ExportError: the file is broken, or there is no such target.
    """
    del registry  # what stands there is known without it; the roll may have lost the entry
    found = target_of(target)
    where = _path_for(found, path)
    with ExportLedger.open() as ledger:
        ids = ledger.entry_ids(found.id, where) if entry_ids is None else tuple(entry_ids)
        return _plan(found, where, (), (), (), ledger, take_over=take_over, removed=ids)


def places_in_use() -> tuple[tuple[str, Path], ...]:
    """Every target and path that something of ours stands in."""
    with ExportLedger.open() as ledger:
        return tuple((target, path) for target, path in ledger.places() if target in TARGETS)


def plan_sync(
    registry: Registry, *, take_over: Mapping[Path, Collection[str]] | None = None
) -> tuple[ExportPlan | ExportError, ...]:
    """For every target in use, what brings it up to date with the roll; entries that the roll lost are taken out.

    What the person changed or removed in the tool is a conflict. A place whose file cannot be read gives the error.
    """
    roll, failed = subjects_of(registry, None, _declared_limits(registry))
    on_roll = {entry.id for entry in registry.entries()}
    plans: list[ExportPlan | ExportError] = []
    with ExportLedger.open() as ledger:
        for name, path in ledger.places():
            if name not in TARGETS:
                continue
            ids = ledger.entry_ids(name, path)
            models = [model for model in roll if model.entry_id in ids]
            gone = [entry_id for entry_id in ids if entry_id not in on_roll]
            decided = (take_over or {}).get(path, ())
            try:
                plans.append(
                    _plan(
                        TARGETS[name], path, models, roll, failed, ledger,
                        take_over=decided, puts_back=False, removed=gone,
                    )
                )  # fmt: skip
            except ExportError as error:
                plans.append(error)
    return tuple(plans)


def write_plan(plan: ExportPlan, registry: Registry | None = None) -> ExportReport:
    """Carries a plan out; pieces in conflict are left as they are. Durable when this returns.

    Raises:
        ExportConflict: a file was changed since the plan was made; nothing was written.
        ExportError: the disk refused; every file is as it was.
    """
    new = [NewText(change.path, change.before, change.after) for change in plan.changes if change.is_change]
    written, backups = write_files(new, _backups_folder(plan.target.id)) if new else ((), ())
    with ExportLedger.open() as ledger:
        gone = (PieceState.REMOVED, PieceState.LEFT)
        kept = [piece for piece in plan.pieces if not piece.is_conflict and piece.state not in gone]
        dropped = [piece.fragment for piece in plan.pieces if piece.state in gone]
        ledger.note(
            plan.target.id,
            plan.path,
            [piece.fragment for piece in kept],
            [(fragment.file, fragment.place) for fragment in dropped],
        )
    return replace(report_of(plan, registry), written=tuple(written), backups=tuple(backups))


def report_of(plan: ExportPlan, registry: Registry | None = None) -> ExportReport:
    """What a plan would do, for showing."""
    secrets = registry.credentials.known_values() if registry is not None else ()
    diffs = [
        diff_text(change.path.name, change.before or "", change.after or "", secrets)
        for change in plan.changes
        if change.is_change
    ]
    return ExportReport(tuple(change.path for change in plan.changes), "".join(diffs), plan.losses)


def target_of(name: str) -> Target:
    """The target with that ID.

    Raises:
        ExportError: there is none.
    """
    found = TARGETS.get(name)
    if found is None:
        raise ExportError(f"There is no target “{name[:40]}”.", f"Known: {', '.join(TARGETS)}.")
    return found


def _path_for(target: Target, path: str | os.PathLike[str] | None) -> Path:
    if path is None:
        return target.default_path()
    chosen = Path(path).expanduser().absolute()
    if target.is_folder and chosen.is_file():
        raise ExportError(
            f"{target.title} has several files: {chosen.name} is a file and not a folder.", "Choose the folder."
        )
    if not target.is_folder and chosen.is_dir():
        return chosen / target.default_path().name
    return chosen


def _declared_limits(registry: Registry) -> dict[str, Mapping[str, int]]:
    """What endpoints declared of their models' context and output when they were measured, by entry ID."""
    path = data_folder() / EVIDENCE_FILE
    if not path.is_file():
        return {}
    limits: dict[str, Mapping[str, int]] = {}
    with Evidence.open(path) as evidence:
        measured = evidence.measured_at()
        for entry in registry.entries():
            if entry.id is not None and entry.id in measured:
                limits[entry.id] = declared_limits(stored.report for stored in evidence.history(entry.id))
    return limits


def _backups_folder(target: str) -> Path:
    return data_folder() / "exports" / "backups" / target


def _conflict(plan: ExportPlan) -> ExportConflict:
    foreign = [piece for piece in plan.conflicts if piece.state is PieceState.FOREIGN]
    names = tuple(dict.fromkeys(piece.fragment.name for piece in plan.conflicts))
    shown = ", ".join(f"“{name[:60]}”" for name in names[:3]) + (
        f" and {len(names) - 3} more" if len(names) > 3 else ""
    )
    if foreign:
        return ExportConflict(
            f"{plan.target.title}’s file has entries of the same name that Muster did not write: {shown}.",
            "Nothing was written. Rename your models, or take those entries over.",
            items=names,
        )
    return ExportConflict(
        f"Entries were changed in {plan.target.title} since Muster wrote them: {shown}.",
        "Nothing was written. Take them over to replace them, or leave them out.",
        items=names,
    )
