"""What Muster wrote into other tools' files, so that it can tell its own entries from the person's and from edits.

Each piece is kept as it was written. It holds references to keys at most, since nothing else is written.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from core.exporters.places import Item, Place, Row, Step
from core.exporters.shape import Fragment
from core.paths import data_folder
from core.sqlite_file import SqliteFile, Tables

FILE_NAME: Final = "exports.sqlite3"


def _first_tables(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE written ("
        "target TEXT NOT NULL, path TEXT NOT NULL, file TEXT NOT NULL, place TEXT NOT NULL, name TEXT NOT NULL, "
        "entry_id TEXT NOT NULL, owners TEXT NOT NULL, value TEXT NOT NULL, at TEXT NOT NULL, "
        "PRIMARY KEY (target, path, file, place))"
    )


TABLES: Final = Tables("exports", (_first_tables,))


@dataclass(frozen=True, slots=True)
class Written:
    """One piece as it was written; `at` is ISO 8601 in UTC."""

    fragment: Fragment = field(repr=False)
    at: str

    @property
    def key(self) -> tuple[str, Place]:
        """File and place: what tells one piece from another."""
        return self.fragment.file, self.fragment.place


class ExportLedger(SqliteFile):
    """The list of what was written where, a context manager. Methods may be called from any thread."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, TABLES)

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None = None) -> Self:
        """The list in that file, or in the person's own place. Never raises for what the file is like."""
        return cls(data_folder() / FILE_NAME if path is None else Path(path))

    def places(self) -> tuple[tuple[str, Path], ...]:
        """Every target and path that something of ours stands in, the last written first."""
        rows = self._rows("SELECT target, path FROM written GROUP BY target, path ORDER BY MAX(at) DESC, target, path")
        return tuple((target, Path(path)) for target, path in rows)

    def written(self, target: str, path: Path) -> Mapping[tuple[str, Place], Written]:
        """What was written there, by file and place."""
        rows = self._rows(
            "SELECT file, place, name, entry_id, owners, value, at FROM written "
            "WHERE target = ? AND path = ? ORDER BY rowid",
            target,
            str(path),
        )
        found = {}
        for file, place, name, entry_id, owners, value, at in rows:
            fragment = Fragment(file, _place_from(place), json.loads(value), entry_id, name, tuple(json.loads(owners)))
            found[file, fragment.place] = Written(fragment, at)
        return found

    def entry_ids(self, target: str, path: Path) -> tuple[str, ...]:
        """The entries that stand there."""
        rows = self._rows(
            "SELECT entry_id FROM written WHERE target = ? AND path = ? AND entry_id <> '' GROUP BY entry_id "
            "ORDER BY MIN(rowid)",
            target,
            str(path),
        )
        return tuple(entry_id for (entry_id,) in rows)

    def note(
        self, target: str, path: Path, written: Iterable[Fragment], dropped: Iterable[tuple[str, Place]] = ()
    ) -> None:
        """Keeps what stands there now.

        Raises:
            EvidenceError: the disk refused.
        """
        at = datetime.now(UTC).isoformat(timespec="seconds")
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM written WHERE target = ? AND path = ? AND file = ? AND place = ?",
                [(target, str(path), file, _place_text(place)) for file, place in dropped],
            )
            connection.executemany(
                "INSERT INTO written VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET name = excluded.name, entry_id = excluded.entry_id, "
                "owners = excluded.owners, value = excluded.value, at = excluded.at",
                [
                    (
                        target,
                        str(path),
                        fragment.file,
                        _place_text(fragment.place),
                        fragment.name,
                        fragment.entry_id,
                        json.dumps(fragment.owners),
                        json.dumps(fragment.value),
                        at,
                    )
                    for fragment in written
                ],
            )

    def forget(self, target: str, path: Path) -> None:
        """Drops everything about that path: its file is the person's own from now on.

        Raises:
            EvidenceError: the disk refused.
        """
        with self._transaction() as connection:
            connection.execute("DELETE FROM written WHERE target = ? AND path = ?", (target, str(path)))


def _place_text(place: Place) -> str:
    steps: list[Any] = []
    for step in place:
        if isinstance(step, Row):
            steps.append({"row": [list(pair) for pair in step.match]})
        else:
            steps.append({"item": step.value} if isinstance(step, Item) else step)
    return json.dumps(steps, ensure_ascii=False)


def _place_from(text: str) -> Place:
    steps: list[Step] = []
    for step in json.loads(text):
        if isinstance(step, str):
            steps.append(step)
        elif "row" in step:
            steps.append(Row(tuple((key, value) for key, value in step["row"])))
        else:
            steps.append(Item(step["item"]))
    return tuple(steps)
