"""What Muster is made of: the name, version and licence of everything that is shipped with it.

The build collects them into a file beside the program (packaging/licences.py); a run from source asks what is
installed.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parent.parent
COLLECTED: Final = _ROOT / "resources" / "licences.json"
"""In a packaged program only."""

_LOCK: Final = _ROOT / "packaging" / "requirements" / "runtime.txt"
_LICENCE_FILE: Final = re.compile(r"(licen[cs]es?|copying|notice|copyright)", re.IGNORECASE)
_LONGEST_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class BundledPart:
    """One part: `kind` is what it is to Muster, `text` the licence in full where the part brings it."""

    name: str
    version: str
    licence: str
    kind: str = "Python package"
    text: str = ""


def bundled_parts() -> tuple[BundledPart, ...]:
    """Every part, by name: as the build collected them, or from source as they are installed."""
    if COLLECTED.is_file():
        return parts_from(COLLECTED.read_text(encoding="utf-8"))
    names = re.findall(r"^([A-Za-z0-9._-]+)==", _LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    return in_order(installed_parts(names))


def installed_parts(names: Iterable[str]) -> list[BundledPart]:
    """Those of the Python packages that are installed here."""
    found = []
    for name in names:
        try:
            found.append(_part_of(importlib.metadata.distribution(name)))
        except importlib.metadata.PackageNotFoundError:
            continue  # locked for another system
    return found


def in_order(parts: Iterable[BundledPart]) -> tuple[BundledPart, ...]:
    """Each once, by name."""
    return tuple(sorted(set(parts), key=lambda part: (part.name.lower(), part.version)))


def to_text(parts: Iterable[BundledPart]) -> str:
    """What `parts_from` reads."""
    return json.dumps([asdict(part) for part in parts], ensure_ascii=False, indent=1)


def parts_from(text: str) -> tuple[BundledPart, ...]:
    """The inverse of `to_text`."""
    return tuple(BundledPart(**values) for values in json.loads(text))


def _part_of(distribution: importlib.metadata.Distribution) -> BundledPart:
    texts = []
    for file in distribution.files or ():
        inside = [part for part in file.parts if part.endswith(".dist-info")]
        if inside and _LICENCE_FILE.search("/".join(file.parts[1:])) and file.suffix not in {".py", ".pyc"}:
            path = Path(str(file.locate()))
            if path.is_file():
                texts.append(path.read_text(encoding="utf-8", errors="replace").strip())
    metadata = distribution.metadata
    return BundledPart(metadata["Name"], distribution.version, _licence_of(metadata), text="\n\n".join(texts))


def _licence_of(metadata: importlib.metadata.PackageMetadata) -> str:
    """The licence in a few words: the expression, else the classifiers, else the old field's first line."""
    named = metadata.json
    expression = named.get("license_expression")
    if isinstance(expression, str) and expression:
        return expression
    field = str(named.get("license") or "").strip()
    first = field.splitlines()[0].strip() if field else ""
    classifiers = named.get("classifier") or []
    read = [item.rpartition(" :: ")[2] for item in classifiers if item.startswith("License :: ")]
    if first and len(first) <= _LONGEST_NAME and first.lower() != "dual license":
        return first
    return " or ".join(read)
