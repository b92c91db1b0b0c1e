"""Which models a command is for: the selected ones, their provider's, all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from core.document import Row
from gui.roll_items import RollItem, provider_name
from gui.words import one_line


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows that something can be done with together, with the words for them."""

    words: str
    rows: tuple[Row, ...]


def _tr(text: str) -> str:
    return QCoreApplication.translate("scopes", text)


def scopes_of(items: Sequence[RollItem], rows: Sequence[Row]) -> list[Scope]:
    """The selected rows, their provider's, all: each scope once, the smaller first."""
    selected = tuple(item.row for item in items if item.row.entry is not None)
    readable = tuple(row for row in rows if row.entry is not None)
    found = []
    if selected:
        words = _tr("Selected ({count})") if len(selected) > 1 else one_line(selected[0].display_name, 40)
        found.append(Scope(words.replace("{count}", str(len(selected))), selected))
    keys = {(row.entry.provider_type, row.entry.provider_id) for row in selected if row.entry is not None}
    for provider in sorted(keys) if len(keys) == 1 else []:
        same = tuple(row for row in readable if row.entry and _provider_of(row) == provider)
        text = _tr("All of {provider} ({count})")
        found.append(Scope(text.format(provider=one_line(provider_name(*provider), 40), count=len(same)), same))
    found.append(Scope(_tr("All models ({count})").format(count=len(readable)), readable))
    return [scope for number, scope in enumerate(found) if scope.rows not in [one.rows for one in found[:number]]]


def _provider_of(row: Row) -> tuple[str, str] | None:
    return None if row.entry is None else (row.entry.provider_type, row.entry.provider_id)
