"""Files that Muster keeps for itself: SQLite, for their owner's eyes only, opened, brought up to date, or set aside.

A file that cannot be used never stops the program: a broken one is set aside under a dated name, one that cannot be
opened or is from a newer Muster is left alone, and what would be kept there is then kept for this run only.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from core.errors import EvidenceError

_BUSY_TIMEOUT_S: Final = 5.0
_LARGEST_CHECKED_BYTES: Final = 64 * 1024 * 1024
"""A check reads the whole file: a larger one is found to be damaged when the damaged page is read."""

_IN_MEMORY: Final = ":memory:"


Migration = Callable[[sqlite3.Connection], None]


@dataclass(frozen=True, slots=True)
class Tables:
    """What a file holds: `kept` names it in words ("measurements"); `migrations` lead from each version to the next.

    The file's `user_version` counts the migrations that were made.
    """

    kept: str
    migrations: tuple[Migration, ...]


def open_file(path: Path, tables: Tables) -> tuple[sqlite3.Connection, EvidenceError | None]:
    """A connection that any thread may use, one at a time, and what is wrong where it is not to that file."""
    try:
        return _open(path, tables), None
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            return _in_memory(tables), _not_opened(path, tables)
    except _FromNewerProgram:
        return _in_memory(tables), EvidenceError(
            f"The {tables.kept} were kept by a newer Muster and are not shown.",
            f"Update Muster. The file is left as it is: {path}",
        )
    except OSError:
        return _in_memory(tables), _not_opened(path, tables)
    aside = set_aside(path)
    if aside is None:
        return _in_memory(tables), _not_opened(path, tables)
    problem = was_damaged(tables, aside)
    try:
        return _open(path, tables), problem
    except (sqlite3.DatabaseError, OSError):
        return _in_memory(tables), _not_opened(path, tables)


def was_damaged(tables: Tables, aside: Path | None) -> EvidenceError:
    """That a file was set aside, in words."""
    return EvidenceError(
        f"The file of {tables.kept} was damaged; a new one was begun.", f"The old one is kept: {aside}"
    )


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


def _not_opened(path: Path, tables: Tables) -> EvidenceError:
    return EvidenceError(
        f"The file of {tables.kept} cannot be opened; they are kept for this run only.",
        f"Check the disk and who may write to {path}",
    )


def _in_memory(tables: Tables) -> sqlite3.Connection:
    return _prepared(sqlite3.connect(_IN_MEMORY, check_same_thread=False, isolation_level=None), tables)


def _open(path: Path, tables: Tables) -> sqlite3.Connection:
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
        return _prepared(connection, tables)
    except BaseException:
        connection.close()
        raise


def _prepared(connection: sqlite3.Connection, tables: Tables) -> sqlite3.Connection:
    # A rollback journal and not a write-ahead log: home folders lie on network disks too, and writes are rare.
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA secure_delete = ON")
    if connection.execute("PRAGMA user_version").fetchone()[0] == len(tables.migrations):
        return connection
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Again, since another process may have been at it.
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(tables.migrations):
            raise _FromNewerProgram
        for migrate in tables.migrations[version:]:
            migrate(connection)
        connection.execute(f"PRAGMA user_version = {len(tables.migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return connection


class SqliteFile:
    """One such file, a context manager. `problem` says in words why what is kept is not what was kept before."""

    def __init__(self, path: Path, tables: Tables) -> None:
        self.path = path
        self._tables = tables
        self._lock = threading.RLock()
        self._connection, self.problem = open_file(path, tables)

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the store."""
        self.close()

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        with self._lock:
            self._connection.close()

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query; none where the file cannot be read, and `problem` says so then."""
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                self._note_failure(error)
                return []

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._connection
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.ProgrammingError):  # it is closed
                    connection.rollback()
                if not isinstance(error, sqlite3.DatabaseError):
                    raise
                self._note_failure(error)
                raise EvidenceError(
                    f"The {self._tables.kept} were not kept.", self.problem.title if self.problem else "Check the disk."
                ) from None

    def _note_failure(self, error: sqlite3.DatabaseError) -> None:
        """A file that turns out to be damaged is set aside, and a new one begun; a busy or full disk is only told."""
        if isinstance(error, (sqlite3.OperationalError, sqlite3.ProgrammingError, sqlite3.IntegrityError)):
            self.problem = EvidenceError(
                f"The file of {self._tables.kept} cannot be used now.", f"Check the disk: {self.path}"
            )
            return
        self._connection.close()
        aside = set_aside(self.path)
        self._connection, problem = open_file(self.path, self._tables)
        self.problem = problem or was_damaged(self._tables, aside)
