"""What an export is asked for in words: the target by its ID, and where its files are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from core.errors import ExportError
from core.exporters.all_targets import TARGETS
from core.exporters.shape import Target
from core.regular_files import real_path

_LONGEST_NAME: Final = 255
"""Bytes of a file's name, on every system that Muster runs on."""


def target_of(name: str) -> Target:
    """The target with that ID.

    Raises:
        ExportError: there is none.
    """
    found = TARGETS.get(name) if isinstance(name, str) else None
    if found is None:
        raise ExportError(f"There is no target “{str(name)[:40]}”.", f"Known: {', '.join(TARGETS)}.")
    return found


def path_for(target: Target, path: str | os.PathLike[str] | None) -> Path:
    """Where the target's file (or folder) is; None stands for what the tool itself reads.

    Raises:
        ExportError: no file can be there.
    """
    if path is None:
        return target.default_path()
    chosen = _absolute(path)
    if target.is_folder and chosen.is_file():
        raise ExportError(
            f"{target.title} has several files: {chosen.name} is a file and not a folder.", "Choose the folder."
        )
    if not target.is_folder and chosen.is_dir():
        return chosen / target.default_path().name
    return chosen


def _absolute(path: Any) -> Path:
    hint = "Nothing was written. Choose a file, or leave the path out for the one that the tool reads."
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else path
    if not isinstance(text, str):
        raise ExportError(f"The path is {type(path).__name__}, and not text.", hint)
    if not text.strip() or "\0" in text:
        raise ExportError("The path is empty." if not text.strip() else "The path has a NUL character in it.", hint)
    try:
        chosen = Path(text).expanduser().absolute()
    except RuntimeError:
        raise ExportError(f"There is no home folder of “{Path(text).parts[0][1:60]}”.", hint) from None
    except OSError:  # the folder that Muster runs in is gone
        raise ExportError("The path does not say in which folder it is.", hint) from None
    long = next((part for part in chosen.parts if len(part.encode("utf-8", "surrogatepass")) > _LONGEST_NAME), "")
    if long:
        raise ExportError(f"The name “{long[:30]}…” is too long for a file.", hint)
    return chosen


def paths_of(target: Target, path: Path) -> tuple[Path, ...]:
    """The target's files as far as they do not depend on the models; the folder where all of them do."""
    if not target.is_folder:
        return (path,)
    return tuple(path / file.name for file in target.files(())) or (path,)


def refuse_own_roll(target: Target, files: Iterable[Path], roll: Path) -> None:
    """Raises ExportError where one of the files is the roll that is exported."""
    for file in files:
        if real_path(file) == real_path(roll):
            raise ExportError(
                f"This is the roll itself: {file.name} holds the models that you would export.",
                f"Nothing was written. Choose another file for {target.title}.",
            )
