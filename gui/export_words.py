"""Exports in words: how many entries, what conflicts, where keys are read from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication

from core.exporting import ExportPlan, Piece, PieceState
from gui.words import count_models, isolated, one_line


def _tr(text: str) -> str:
    return QCoreApplication.translate("exports", text)


def plan_words(plan: ExportPlan) -> str:
    """What a plan does, in one line: "2 new, 1 changed, 4 as they are"."""
    counts = Counter(piece.state for piece in plan.pieces if piece.fragment.entry_id)
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


def conflict_words(piece: Piece, title: str) -> str:
    """Why a piece is left as it is."""
    if piece.state is PieceState.FOREIGN:
        return _tr("It stands there already, and Muster did not write it.")
    if piece.state is PieceState.TAKEN_OUT:
        return _tr("It was removed in {tool} since Muster wrote it.").format(tool=title)
    keys = ", ".join(one_line(key, 60) for key in piece.edited_keys)
    if not keys:
        return _tr("It was changed in {tool} since Muster wrote it.").format(tool=title)
    return _tr("It was changed in {tool} since Muster wrote it: {keys}.").format(tool=title, keys=keys)


def key_words(plan: ExportPlan) -> str:
    """Which environment variables the tool reads keys from; empty where none."""
    names = list(dict.fromkeys(model.key_variable for model in plan.models if model.key_variable))
    if not names or not plan.target.says("key"):
        return ""
    shown = ", ".join(names[:4])
    if len(names) > 4:
        shown = _tr("{names} and {count} more").format(names=shown, count=len(names) - 4)
    return _tr("Keys are written as references only: {tool} reads {names}.").format(tool=plan.target.title, names=shown)


def written_words(plan: ExportPlan, backups: Iterable[object]) -> str:
    """What a finished export has done."""
    count = len({piece.fragment.entry_id for piece in plan.pieces if piece.fragment.entry_id and not piece.is_conflict})
    where = isolated(str(plan.path))
    is_removal = all(piece.state is PieceState.REMOVED for piece in plan.pieces if piece.fragment.entry_id)
    text = _tr("Removed {models} from {path}.") if is_removal else _tr("Wrote {models} to {path}.")
    words = text.format(models=count_models(count), path=where)
    return f"{words} {_tr('A copy of the file as it was is kept.')}" if any(True for _ in backups) else words
