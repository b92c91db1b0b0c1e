"""Where the files of the other tools are on this computer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.exporting import TARGETS, places_in_use
from core.registry import Registry


@dataclass(frozen=True, slots=True)
class KnownPlaces:
    """Where each tool's file is: `in_use` where something of ours stands, `usual` as the tool reads it, if `found`."""

    in_use: tuple[tuple[str, Path], ...] = ()
    usual: Mapping[str, Path] = field(default_factory=dict)
    found: frozenset[str] = frozenset()

    @classmethod
    def look(cls, registry: Registry) -> KnownPlaces:
        """As it is now for that roll; asks the disk."""
        usual = {name: target.default_path() for name, target in TARGETS.items()}
        found = frozenset(name for name, path in usual.items() if _has_file(name, path))
        return cls(places_in_use(registry), usual, found)

    def used(self, target: str) -> Path | None:
        """Where something of ours stands: in the file that the tool reads, else in another."""
        paths = [path for name, path in self.in_use if name == target]
        return self.usual[target] if self.usual.get(target) in paths else next(iter(paths), None)


def _has_file(name: str, path: Path) -> bool:
    target = TARGETS[name]
    if not target.is_folder:
        return path.is_file()
    return any((path / file.name).is_file() for file in target.existing_files(path))
