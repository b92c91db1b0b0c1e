"""Exports in words: how many entries, what conflicts, where keys are put, what comes next."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication

from core.exporting import ExportPlan, Piece, PieceState
from gui.words import count_models, isolated, one_line, tr_core

_NAMES_IN_LINE = 4


def _tr(text: str) -> str:
    return QCoreApplication.translate("exports", text)


def plan_words(plan: ExportPlan) -> str:
    """What a plan does, in one line: "2 new, 1 changed, 4 as they are"."""
    states: dict[str, PieceState] = {}
    for piece in plan.pieces:
        # A model in several pieces counts once; what changes is told before what stays.
        if (
            piece.fragment.entry_id
            and states.get(piece.fragment.entry_id, PieceState.UNCHANGED) is PieceState.UNCHANGED
        ):
            states[piece.fragment.entry_id] = piece.state
    counts = Counter(states.values())
    words = {
        PieceState.NEW: _tr("{count} new"),
        PieceState.CHANGED: _tr("{count} changed"),
        PieceState.REMOVED: _tr("{count} removed"),
        PieceState.UNCHANGED: _tr("{count} as they are"),
    }
    told = [text.format(count=f"{counts[state]:,}") for state, text in words.items() if counts[state]]
    conflicts = len({piece.fragment.name for piece in plan.conflicts})
    if conflicts:
        told.append(_tr("{count} to decide").format(count=f"{conflicts:,}"))
    return ", ".join(told) or _tr("Nothing to write")


def same_words(plan: ExportPlan) -> str:
    """Why a plan would change nothing."""
    if plan.conflicts:
        return _tr("Nothing more is written before you decide: see “To decide”.")
    if not any(piece.fragment.entry_id for piece in plan.pieces):
        return _tr("Nothing of yours is to be written here.") if plan.losses else _tr("Nothing of yours stands here.")
    return _tr("The file is up to date.")


def conflict_words(piece: Piece, title: str) -> str:
    """Why a piece is left as it is."""
    if piece.clash:
        text = _tr("It would be mixed up with what stands at {place}, which goes if Muster writes it.")
        return text.format(place=isolated(one_line(piece.clash_words, 80)))
    if piece.clash is not None:
        return _tr("Its name is taken there by something that Muster did not write.")
    if piece.state is PieceState.FOREIGN:
        return _tr("It stands there already, and was not written from this roll.")
    if piece.state is PieceState.TAKEN_OUT:
        return _tr("It was removed in {tool} since Muster wrote it.").format(tool=title)
    keys = ", ".join(one_line(key, 60) for key in piece.edited_keys)
    if not keys:
        return _tr("It was changed in {tool} since Muster wrote it.").format(tool=title)
    return _tr("It was changed in {tool} since Muster wrote it: {keys}.").format(tool=title, keys=keys)


def key_words(plan: ExportPlan) -> str:
    """Where the tool has its keys from, as only references are written; empty where none that is written wants one."""
    names = list(dict.fromkeys(name for model in plan.models_there for name in plan.target.variables(model)))
    if not names:
        return ""
    shown = ", ".join(names[:_NAMES_IN_LINE])
    if len(names) > _NAMES_IN_LINE:
        shown = _tr("{names} and {count} more").format(names=shown, count=f"{len(names) - _NAMES_IN_LINE:,}")
    return f"{_tr('No key is written.')} {tr_core(plan.target.key_words).replace('{names}', shown)}"


def written_words(plan: ExportPlan, backups: Iterable[object]) -> str:
    """What a finished export has done, and what makes the tool take it up."""
    done = (PieceState.NEW, PieceState.CHANGED, PieceState.REMOVED)
    own = [piece for piece in plan.pieces if piece.fragment.entry_id and piece.state in done]
    is_removal = bool(own) and all(piece.state is PieceState.REMOVED for piece in own)
    text = _tr("Removed {models} from {path}.") if is_removal else _tr("Wrote {models} to {path}.")
    count = len({piece.fragment.entry_id for piece in own})
    words = [text.format(models=count_models(count), path=isolated(str(plan.path)))]
    if any(True for _ in backups):
        words.append(_tr("A copy of the file as it was is kept."))
    if own and not is_removal:
        words.append(next_words(plan, own[0]))
    return " ".join(words)


def next_words(plan: ExportPlan, piece: Piece) -> str:
    """What makes the tool take up what was written, such as this piece."""
    return tr_core(plan.target.next_words).replace("{name}", shlex.quote(one_line(piece.fragment.name, 80)))
