"""The file that evidence is kept in: SQLite, for its owner's eyes only, opened, brought up to date, or set aside.

A file that cannot be used never stops the program: a broken one is set aside under a dated name, one that cannot be
opened or is from a newer Muster is left alone, and what is measured is then kept for this run only.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from core.errors import EvidenceError

FILE_NAME: Final = "evidence.sqlite3"
_BUSY_TIMEOUT_S: Final = 5.0
_LARGEST_CHECKED_BYTES: Final = 64 * 1024 * 1024
"""A check reads the whole file: a larger one is found to be damaged when the damaged page is read."""

_IN_MEMORY: Final = ":memory:"


def _first_tables(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE reports ("
        "number INTEGER PRIMARY KEY, entry_id TEXT NOT NULL, fingerprint TEXT NOT NULL, at TEXT NOT NULL, "
        "report TEXT NOT NULL)"
    )
    connection.execute("CREATE INDEX reports_by_entry ON reports (entry_id, number)")
    connection.execute(
        "CREATE TABLE origins ("
        "entry_id TEXT NOT NULL, field TEXT NOT NULL, origin TEXT NOT NULL, value TEXT, at TEXT NOT NULL, "
        "PRIMARY KEY (entry_id, field))"
    )
    connection.execute(
        "CREATE TABLE listings ("
        "provider_type TEXT NOT NULL, provider_id TEXT NOT NULL, at TEXT NOT NULL, models TEXT NOT NULL, "
        "PRIMARY KEY (provider_type, provider_id))"
    )


def _seen_fingerprints(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE seen (entry_id TEXT PRIMARY KEY, after INTEGER NOT NULL, fingerprint TEXT NOT NULL)"
    )


MIGRATIONS: Final[tuple[Callable[[sqlite3.Connection], None], ...]] = (_first_tables, _seen_fingerprints)
"""From each version of the tables to the next; the file's `user_version` counts those that were made."""


def open_file(path: Path) -> tuple[sqlite3.Connection, EvidenceError | None]:
    """A connection that any thread may use, one at a time, and what is wrong where it is not to that file."""
    try:
        return _open(path), None
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            return _in_memory(), _not_opened(path)
    except _FromNewerProgram:
        return _in_memory(), EvidenceError(
            "The measurements were kept by a newer Muster and are not shown.",
            f"Update Muster. The file is left as it is: {path}",
        )
    except OSError:
        return _in_memory(), _not_opened(path)
    aside = set_aside(path)
    if aside is None:
        return _in_memory(), _not_opened(path)
    problem = EvidenceError(
        "The file of measurements was damaged; a new one was begun.", f"The old one is kept: {aside}"
    )
    try:
        return _open(path), problem
    except (sqlite3.DatabaseError, OSError):
        return _in_memory(), _not_opened(path)


def set_aside(path: Path) -> Path | None:
    """The new name of a file that is no use any more; None where it cannot be moved."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    aside = path.with_name(f"{path.stem}.broken-{stamp}{path.suffix}")
    try:
        path.rename(aside)
    except OSError:
        return None
    for ending in ("-journal", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    return aside


class _FromNewerProgram(Exception):
    """The tables are of a version that this program does not know."""


def _not_opened(path: Path) -> EvidenceError:
    return EvidenceError(
        "The file of measurements cannot be opened; they are kept for this run only.",
        f"Check the disk and who may write to {path}",
    )


def _in_memory() -> sqlite3.Connection:
    return _prepared(sqlite3.connect(_IN_MEMORY, check_same_thread=False, isolation_level=None))


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        # Before SQLite makes it readable for everybody.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    if os.name == "posix" and path.is_file() and path.stat().st_mode & 0o077:
        path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, check_same_thread=False, isolation_level=None)
    try:
        if path.stat().st_size <= _LARGEST_CHECKED_BYTES:
            with closing(connection.execute("PRAGMA quick_check(1)")) as rows:
                if rows.fetchone() != ("ok",):
                    raise sqlite3.DatabaseError("damaged")
        return _prepared(connection)
    except BaseException:
        connection.close()
        raise


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    # A rollback journal and not a write-ahead log: home folders lie on network disks too, and writes are rare.
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA secure_delete = ON")
    if connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS):
        return connection
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Again, since another process may have been at it.
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise _FromNewerProgram
        for migrate in MIGRATIONS[version:]:
            migrate(connection)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return connection
