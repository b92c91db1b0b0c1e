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
from types import MappingProxyType
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


def _origins_table(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE origins (target TEXT NOT NULL, path TEXT NOT NULL, file TEXT NOT NULL, is_made INTEGER NOT NULL, "
        "was_blank INTEGER NOT NULL, made TEXT NOT NULL, adopted TEXT NOT NULL, PRIMARY KEY (target, path, file))"
    )


def _rolls_column(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE written ADD COLUMN roll TEXT NOT NULL DEFAULT ''")


TABLES: Final = Tables("exports", (_first_tables, _origins_table, _rolls_column))


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file was before the first export into it, so that it can become that again."""

    is_made: bool = False
    """There was none."""
    was_blank: bool = False
    """It had no data, but comments at most."""
    made: frozenset[Place] = frozenset()
    """Places that had to be made on the way to ours."""
    adopted: frozenset[Place] = frozenset()
    """What models of ours share and the person had written already."""


@dataclass(frozen=True, slots=True)
class Written:
    """One piece as it was written; `at` is ISO 8601 in UTC.

    `roll` is the settings file that its model is from; "" for what is on none, as a model of the catalogue.
    """

    fragment: Fragment = field(repr=False)
    at: str
    roll: str = ""

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
            "SELECT file, place, name, entry_id, owners, value, at, roll FROM written "
            "WHERE target = ? AND path = ? ORDER BY rowid",
            target,
            str(path),
        )
        found = {}
        for file, place, name, entry_id, owners, value, at, roll in rows:
            fragment = Fragment(file, _place_from(place), json.loads(value), entry_id, name, tuple(json.loads(owners)))
            found[file, fragment.place] = Written(fragment, at, roll)
        return found

    def origins(self, target: str, path: Path) -> Mapping[str, Origin]:
        """What the files were before, by name."""
        rows = self._rows(
            "SELECT file, is_made, was_blank, made, adopted FROM origins WHERE target = ? AND path = ?",
            target,
            str(path),
        )
        return {
            file: Origin(bool(is_made), bool(was_blank), _places_from(made), _places_from(adopted))
            for file, is_made, was_blank, made, adopted in rows
        }

    def note(
        self,
        target: str,
        path: Path,
        written: Iterable[tuple[Fragment, str]],
        dropped: Iterable[tuple[str, Place]] = (),
        origins: Mapping[str, Origin] = MappingProxyType({}),
    ) -> None:
        """Keeps what stands there now, each with its roll, and what the files were before as long as something does.

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
                "INSERT INTO written (target, path, file, place, name, entry_id, owners, value, at, roll) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET name = excluded.name, entry_id = excluded.entry_id, "
                "owners = excluded.owners, value = excluded.value, at = excluded.at, roll = excluded.roll",
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
                        roll,
                    )
                    for fragment, roll in written
                ],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO origins VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        target,
                        str(path),
                        file,
                        origin.is_made,
                        origin.was_blank,
                        _places_text(origin.made),
                        _places_text(origin.adopted),
                    )
                    for file, origin in origins.items()
                ],
            )
            connection.execute(
                "DELETE FROM origins WHERE NOT EXISTS (SELECT 1 FROM written WHERE written.target = origins.target "
                "AND written.path = origins.path AND written.file = origins.file)"
            )

    def forget(self, target: str, path: Path) -> None:
        """Drops everything about that path: its file is the person's own from now on.

        Raises:
            EvidenceError: the disk refused.
        """
        with self._transaction() as connection:
            connection.execute("DELETE FROM written WHERE target = ? AND path = ?", (target, str(path)))
            connection.execute("DELETE FROM origins WHERE target = ? AND path = ?", (target, str(path)))


def _place_text(place: Place) -> str:
    steps: list[Any] = []
    for step in place:
        if isinstance(step, Row):
            steps.append({"row": [list(pair) for pair in step.match]})
        else:
            steps.append({"item": step.value} if isinstance(step, Item) else step)
    return json.dumps(steps, ensure_ascii=False)


def _places_text(places: Iterable[Place]) -> str:
    return json.dumps(sorted(map(_place_text, places)))


def _places_from(text: str) -> frozenset[Place]:
    return frozenset(map(_place_from, json.loads(text)))


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
