"""Reading and writing other tools' files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class NewText:
    """What is to stand in a file, and what stood there when that was decided; None: no file."""

    path: Path
    before: str | None = field(repr=False)
    after: str | None = field(repr=False)


def read_file(path: Path) -> str | None:
    """The text of a file; None where there is none."""
    raise NotImplementedError


def write_files(texts: Sequence[NewText], backups: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Replaces, makes or deletes the files, all or none; gives those written, and the copies of what they were."""
    raise NotImplementedError


def diff_text(name: str, before: str, after: str, secrets: Iterable[str] = ()) -> str:
    """A unified diff of one file, keys hidden."""
    raise NotImplementedError
