"""Writing the roll into other tools' files: `targets`, `export`, and what the window needs beside them.

An export is planned first (`plan_export`, `plan_sync`, `plan_removal`: nothing is written) and then carried out
(`write_plan`). `export` is both. What was written is read back by the target's own rules before anything is replaced.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.collector import paused_collector
from core.entry import UserModelEntry
from core.errors import ExportConflict, ExportError, MusterError
from core.evidence import FILE_NAME as EVIDENCE_FILE
from core.evidence import Evidence
from core.export_ledger import ExportLedger
from core.export_moves import carry_over
from core.export_paths import path_for, paths_of, refuse_own_roll, target_of
from core.export_pieces import (
    CONFLICTS,
    Piece,
    PieceState,
    hold_back,
    judge_pieces,
    settle_misread,
    staying_models,
)
from core.export_plan import (
    ExportPlan,
    FileChange,
    changes_of,
    check_effect,
    misread_fields,
    origins_of,
    read_files,
    warnings_of,
)
from core.export_removals import keep_files, leave_to_others, removal_pieces
from core.export_rolls import OwnRoll, places_of
from core.export_selection import disowned, no_longer_wanted, wanted, with_owners
from core.exporters.all_targets import TARGETS
from core.exporters.file_diffs import diff_text
from core.exporters.files import NewText, write_files
from core.exporters.losses import losses_of, losses_together
from core.exporters.shape import Loss, Target
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
    `warnings` tell what keeps the tool from reading them, and what went wrong after they were written.
    """

    paths: tuple[Path, ...]
    diff: str
    losses: tuple[Loss, ...]
    written: tuple[Path, ...] = ()
    backups: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()


def targets() -> tuple[str, ...]:
    """The IDs of all targets."""
    return _TOOL_ORDER


def export(
    registry: Registry,
    references: Iterable[str | UserModelEntry] | str | UserModelEntry | None,
    target: str,
    path: str | os.PathLike[str] | None = None,
    *,
    dry_run: bool = False,
    take_over: Collection[str] = (),
) -> ExportReport:
    """Writes those models (None: all) into the target's file, None meaning the one that the tool reads.

    A target with several files takes a folder. `take_over` names entries of the file that may be replaced although
    Muster did not write them, or the person has changed them since. One reference, or one name, may come alone.

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
    references: Iterable[str | UserModelEntry] | str | UserModelEntry | None,
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
    place = path_for(found, path)
    refuse_own_roll(found, paths_of(found, place), registry.path)
    limits = _declared_limits(registry)
    roll, failed = subjects_of(registry, None, limits)
    if references is None:
        models = roll
    else:
        wished = [references] if isinstance(references, str | UserModelEntry) else references
        models, failed = subjects_of(registry, wished, limits)
    with ExportLedger.open() as ledger:
        return _plan(found, place, models, roll, failed, ledger, OwnRoll(registry), take_over=_names(take_over))


def _names(take_over: Collection[str]) -> Collection[str]:
    """One name may come alone."""
    return (take_over,) if isinstance(take_over, str) else take_over


@paused_collector()
def _plan(
    target: Target,
    path: Path,
    models: Sequence[ExportedModel],
    roll: Sequence[ExportedModel],
    failed: Sequence[tuple[str, MusterError]],
    ledger: ExportLedger,
    own_roll: OwnRoll,
    *,
    take_over: Collection[str] = (),
    puts_back: bool = True,
    removed: Collection[str] = (),
) -> ExportPlan:
    """What becomes of `models`. `roll` is everything that could be written: names are told apart among all of it."""
    everything, origins = ledger.written(target.id, path), ledger.origins(target.id, path)
    written = own_roll.own(everything)
    taken, fragments, every_file = wanted(target, models, roll, written)
    losses = [loss for model in models for loss in losses_of(target, model)]
    losses += losses_together(target, models, roll)
    losses += [Loss(name, "provider", f"It is left out. {error.title}") for name, error in failed]
    gone = no_longer_wanted(fragments, written, {model.entry_id for model in taken}, set(removed))
    touched = {fragment.file for fragment in fragments} | {piece.fragment.file for piece in gone}
    files = {file.name: file for file in target.files(())}
    files |= {name: every_file.get(name) or target.file_named(name) for name in sorted(touched - files.keys())}
    states = read_files(target, path, files.values())
    wanted_now = with_owners(fragments, written)
    pieces = judge_pieces(target, wanted_now, states, written, take_over=take_over, puts_back=puts_back)
    pieces, carried = carry_over(pieces, gone, states, take_over=take_over, puts_back=puts_back)
    pieces += removal_pieces(target, gone, states, take_over=take_over, carried=carried)
    pieces = hold_back(leave_to_others(pieces, states, origins))
    pieces = hold_back(keep_files(target, pieces, states, take_over=take_over))
    pieces += disowned(written, fragments, gone, set(removed) - staying_models(pieces))
    changes, trees = changes_of(target, states, pieces, origins)
    if misread := misread_fields(target, taken, pieces, trees):
        pieces = hold_back(settle_misread(pieces, misread, take_over))
        pieces = hold_back(keep_files(target, pieces, states, take_over=take_over))
        changes, trees = changes_of(target, states, pieces, origins)
        check_effect(target, taken, pieces, trees)
    before = origins_of(states, pieces, origins, {file for file, _ in everything})
    return ExportPlan(
        target, path, taken, tuple(pieces), changes, tuple(losses), before,
        roll=own_roll.name, warnings=warnings_of(target, path, states),
    )  # fmt: skip


def plan_removal(
    registry: Registry,
    target: str,
    path: str | os.PathLike[str] | None = None,
    entry_ids: Collection[str] | None = None,
    *,
    take_over: Collection[str] = (),
) -> ExportPlan:
    """What taking entries (None: all of this roll's) out of a target's file again would do.

    Raises:
        ExportError: the file is broken, or there is no such target.
    """
    found, own_roll = target_of(target), OwnRoll(registry)
    where = path_for(found, path)
    with ExportLedger.open() as ledger:
        ids = _entries_in(ledger, found.id, where, own_roll) if entry_ids is None else tuple(entry_ids)
        return _plan(found, where, (), (), (), ledger, own_roll, take_over=_names(take_over), removed=ids)


def places_in_use(registry: Registry | None = None) -> tuple[tuple[str, Path], ...]:
    """Every target and path that something of this roll, or of any, stands in."""
    with ExportLedger.open() as ledger:
        places = places_of(ledger, None if registry is None else OwnRoll(registry))
        return tuple((target, path) for target, path in places if target in TARGETS)


def _entries_in(ledger: ExportLedger, target: str, path: Path, own_roll: OwnRoll) -> tuple[str, ...]:
    """The entries of this roll that stand there."""
    own = own_roll.own(ledger.written(target, path)).values()
    return tuple(dict.fromkeys(piece.fragment.entry_id for piece in own if piece.fragment.entry_id))


def plan_sync(
    registry: Registry, *, take_over: Mapping[Path, Collection[str]] | None = None
) -> tuple[ExportPlan | ExportError, ...]:
    """For every target in use, what brings it up to date with the roll; entries that the roll lost are taken out.

    What the person changed or removed in the tool is a conflict. A place whose file cannot be read gives the error. An
    entry whose row cannot be read is not lost, and a model that was never on the roll stays.

    Raises:
        ExportError: the roll's own file cannot be read, or is gone.
    """
    own_roll = OwnRoll(registry)
    own_roll.check_readable()
    roll, failed = subjects_of(registry, None, _declared_limits(registry))
    plans: list[ExportPlan | ExportError] = []
    with ExportLedger.open() as ledger:
        for name, path in places_of(ledger, own_roll):
            if name not in TARGETS:
                continue
            own = own_roll.own(ledger.written(name, path)).values()
            ids = {piece.fragment.entry_id for piece in own}
            models = [model for model in roll if model.entry_id in ids]
            lost = {piece.fragment.entry_id for piece in own if piece.roll} - own_roll.entry_ids
            gone = () if own_roll.hides_entries else tuple(lost)
            decided = _names((take_over or {}).get(path, ()))
            try:
                plans.append(
                    _plan(
                        TARGETS[name], path, models, roll, failed, ledger, own_roll,
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
    warnings = (*plan.warnings, *_note(plan))
    return replace(report_of(plan, registry), written=tuple(written), backups=tuple(backups), warnings=warnings)


def _note(plan: ExportPlan) -> Iterator[str]:
    """Keeps what was written. The files are as they should be even where that fails: it is told and no error."""
    gone = (PieceState.REMOVED, PieceState.LEFT)
    left_alone = (*gone, *CONFLICTS, PieceState.WAITING)
    own = [piece for piece in plan.pieces if not piece.is_theirs]
    kept = [piece.fragment for piece in own if piece.state not in left_alone]
    of_roll = {model.entry_id for model in plan.models if model.entry is not None}
    dropped = [(piece.fragment.file, piece.fragment.place) for piece in own if piece.state in gone]
    problem: Exception | None = None
    try:
        with ExportLedger.open() as ledger:
            before = ledger.written(plan.target.id, plan.path)
            rolls = {key: piece.roll for key, piece in before.items()}
            rolls |= {(one.file, one.place): plan.roll for one in kept if of_roll & {one.entry_id, *one.owners}}
            kept_of = [(one, rolls.get((one.file, one.place), "")) for one in kept]
            ledger.note(plan.target.id, plan.path, kept_of, dropped, plan.origins)
            problem = ledger.problem
    except (MusterError, OSError, sqlite3.Error) as error:
        problem = error
    if problem is not None:
        why = problem.title if isinstance(problem, MusterError) else "The disk refused."
        yield f"{why} Muster will not know again what it wrote into {plan.target.title}’s file."


@paused_collector()
def report_of(plan: ExportPlan, registry: Registry | None = None) -> ExportReport:
    """What a plan would do, for showing."""
    secrets = registry.credentials.known_values() if registry is not None else ()
    diffs = [
        diff_text(change.path.name, change.before or "", change.after or "", secrets)
        for change in plan.changes
        if change.is_change
    ]
    paths = tuple(change.path for change in plan.changes) or paths_of(plan.target, plan.path)
    return ExportReport(paths, "".join(diffs), plan.losses, warnings=plan.warnings)


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
