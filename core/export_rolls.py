"""Which of the pieces in other tools' files are of which roll: another settings file's are not ours to change."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ExportError
from core.export_ledger import ExportLedger, Written
from core.exporters.places import Place
from core.row_checks import REGISTRY_KEY

if TYPE_CHECKING:
    from core.registry import Registry


class OwnRoll:
    """One roll, as far as it matters for what it wrote: its entries, and its `name`, which is where its file is."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.name = os.path.realpath(registry.path)

    @cached_property
    def entry_ids(self) -> frozenset[str]:
        """The IDs of all its entries, and of the rows that cannot be read."""
        return frozenset(str(entry.id) for entry in self._registry.entries()) | self._unread[0]

    @property
    def hides_entries(self) -> bool:
        """Whether a row that cannot be read has no ID, so that any entry may be that one."""
        return self._unread[1]

    @cached_property
    def _unread(self) -> tuple[frozenset[str], bool]:
        positions = [row.position for row in self._registry.document.registry_rows if row.entry is None]
        listed = self._registry.document.value.get(REGISTRY_KEY)
        rows = [listed[position] for position in positions] if isinstance(listed, (list, tuple)) else []
        ids = [row.get("id") if isinstance(row, Mapping) else None for row in rows]
        known = frozenset(found for found in ids if isinstance(found, str) and found)
        return known, len(known) < len(rows)

    def own(self, written: Mapping[tuple[str, Place], Written]) -> dict[tuple[str, Place], Written]:
        """Those pieces that are this roll's; what a roll that was moved wrote is that of the roll with its entries."""
        names = {"", self.name}
        met = {piece.roll for piece in written.values() if piece.fragment.entry_id in self.entry_ids}
        names |= {name for name in met - names if not Path(name).exists()}
        return {key: piece for key, piece in written.items() if piece.roll in names}

    def check_readable(self) -> None:
        """Raises ExportError where the roll is empty only because its file cannot be read, or is gone."""
        if self._registry.is_broken:
            raise ExportError(
                "Nothing is synced: the settings file cannot be read, so what is on the roll is not known.",
                f"Correct it, or open a backup: {self._registry.path}",
            )
        if not self._registry.path.exists() and not self._registry.entries():
            raise ExportError(
                "Nothing is synced: the settings file is gone.",
                f"Put it back, or take the models out with Remove From Tools: {self._registry.path}",
            )


def places_of(ledger: ExportLedger, roll: OwnRoll | None = None) -> tuple[tuple[str, Path], ...]:
    """Every target and path that something of that roll, or of any, stands in."""
    places = ledger.places()
    if roll is None:
        return places
    return tuple((target, path) for target, path in places if roll.own(ledger.written(target, path)))
