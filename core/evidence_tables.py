"""The tables of the evidence store, version by version."""

from __future__ import annotations

import sqlite3
from typing import Final

from core.sqlite_file import Tables


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


def _imports(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE imports ("
        "entry_id TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, place TEXT NOT NULL, origin TEXT NOT NULL, "
        "at TEXT NOT NULL, PRIMARY KEY (entry_id, field))"
    )


TABLES: Final = Tables("measurements", (_first_tables, _seen_fingerprints, _imports))
