"""Parts that no file of the frozen program is named after: what was linked into Qt, and into the wheels' own libraries.

What a wheel says of itself is asked first: several bring a list of what they hold (*.json in CycloneDX's form). What
none says stands in packaging/licences: `inside-qt.toml`, `crates.toml`, and each licence's text under its SPDX name.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import product
from bundle_files import Entry

from core.bundled_parts import BundledPart

TEXTS = product.PROJECT / "packaging" / "licences"
_PREFERRED = ("Apache-2.0", "BSD-3-Clause", "MIT", "Zlib", "Unicode-3.0", "Unicode-DFS-2016")
"""Where a crate may be had under one of several licences, the first of these that is offered is taken."""

_ASK_FOR_THE_HOLDER = frozenset({"MIT", "BSD-3-Clause", "Zlib"})
_CRATE = re.compile(rb"registry[/\\]src[/\\][^/\\\0]+[/\\]([\w-]+?)-(\d+\.\d+\.\d+[\w.+-]*?)[/\\]")
"""Where the compiler put a crate, as messages in a library name it."""


@dataclass(frozen=True)
class Crate:
    """One library in Rust inside of a wheel's library."""

    name: str
    version: str
    licence: str
    holders: str = ""


def text_of(*names: str) -> str:
    """The texts of licences, one after another.

    Raises:
        LookupError: there is none of that name.
    """
    missing = [name for name in names if not (TEXTS / f"{name}.txt").is_file()]
    if missing:
        raise LookupError(f"packaging/licences has no text of {', '.join(missing)}.")
    return "\n\n".join((TEXTS / f"{name}.txt").read_text(encoding="utf-8").strip() for name in names)


# ------------------------------------------------------------------------------------------------------------------ Qt


def inside_qt(version: str) -> list[BundledPart]:
    """What Qt's own libraries hold of others."""
    listed = tomllib.loads((TEXTS / "inside-qt.toml").read_text(encoding="utf-8"))["part"]
    return [_part_of_qt(stated, version) for stated in listed]


def _part_of_qt(stated: Mapping[str, Any], version: str) -> BundledPart:
    texts = stated.get("texts") or re.split(r" AND ", stated["licence"])
    # a line that says more than years and names stands as it is
    lines = [f"Copyright (c) {holder}" if re.match(r"\d", holder) else holder for holder in stated["holders"]]
    text = "\n\n".join(["\n".join(lines), text_of(*texts)])
    return BundledPart(stated["name"], f"in Qt {version}", stated["licence"], f"inside Qt {stated['used']}", text)


def icu(libraries: Iterable[Entry]) -> list[BundledPart]:
    """ICU, where the bundle holds it, at the version that its file's name has."""
    found = (re.search(r"libicuuc\.so\.(\d+)|icuuc(\d+)\.dll", path) for path, _source, _kind in libraries)
    versions = {match[1] or match[2] for match in found if match}
    return [
        BundledPart("ICU", version, "Unicode-DFS-2016", "shared libraries", text_of("ICU"))
        for version in sorted(versions)
    ]


# -------------------------------------------------------------------------------------------------------------- OpenSSL


def openssl(distribution: importlib.metadata.Distribution) -> list[BundledPart]:
    """OpenSSL inside of cryptography's library, as the wheel itself lists it.

    Raises:
        LookupError: the wheel does not say which OpenSSL it holds.
    """
    stated = [item for listed in _lists_of(distribution) for item in listed["components"] if item["name"] == "openssl"]
    versions = {
        str(item["version"]) for item in stated if "/cargo/" not in f"/{item.get('purl', '')}/".replace(":", "/")
    }
    if not versions:
        raise LookupError(f"{distribution.name} does not say which OpenSSL it holds: see packaging/bundle_inside.py.")
    kind = f"inside {distribution.name}"
    return [BundledPart("OpenSSL", version, "Apache-2.0", kind, text_of("Apache-2.0")) for version in sorted(versions)]


# --------------------------------------------------------------------------------------------------------------- crates


def crates_part(name: str, libraries: Iterable[Path]) -> list[BundledPart]:
    """One part for all crates that a distribution's libraries were linked with; nothing where there are none.

    Raises:
        LookupError: a crate's licence or its holder is not known.
    """
    distribution = importlib.metadata.distribution(name)
    found = _listed_crates(distribution) or _named_crates(distribution, libraries)
    if not found:
        return []
    chosen = {crate: chosen_licences(crate) for crate in found}
    names = sorted({licence for licences in chosen.values() for licence in licences})
    lines = [
        " ".join(filter(None, (crate.name, crate.version, f"({' and '.join(licences)})", _holder_in(crate))))
        for crate, licences in chosen.items()
    ]
    text = "\n\n".join(["\n".join(lines), *(f"{licence}\n\n{text_of(licence)}" for licence in names)])
    title = f"Rust crates in {distribution.name}"
    return [BundledPart(title, distribution.version, " AND ".join(names), f"inside {distribution.name}", text)]


def _holder_in(crate: Crate) -> str:
    return f"Copyright (c) {crate.holders}" if crate.holders else ""


def chosen_licences(crate: Crate) -> tuple[str, ...]:
    """The licences that a crate is taken under: of each choice one.

    Raises:
        LookupError: none that is offered has a text here, or it asks for a holder who is not known.
    """
    chosen = []
    for choice in re.split(r" AND (?![^(]*\))", crate.licence):
        offered = re.split(r" OR |/", choice.strip("() "))
        taken = next((name for name in _PREFERRED if name in offered), None)
        if taken is None:
            raise LookupError(f"The crate {crate.name} is under {crate.licence!r}, which packaging/licences has not.")
        if taken in _ASK_FOR_THE_HOLDER and not crate.holders:
            raise LookupError(f"The holder of the crate {crate.name} is not known: see packaging/licences/crates.toml.")
        chosen.append(taken)
    return tuple(chosen)


def _listed_crates(distribution: importlib.metadata.Distribution) -> list[Crate]:
    """The crates that the wheel itself lists, but for those that only its build used."""
    known = _known_crates("holders")
    found = {
        Crate(
            item["name"],
            item["version"],
            item["licenses"][0]["expression"],
            item.get("author") or known.get(item["name"], {}).get("holders", ""),
        )
        for listed in _lists_of(distribution)
        for item in listed["components"]
        if item.get("purl", "").startswith("pkg:cargo/") and item.get("scope") == "required"
    }
    return sorted(found, key=lambda crate: (crate.name, crate.version))


def _named_crates(distribution: importlib.metadata.Distribution, libraries: Iterable[Path]) -> list[Crate]:
    """The crates of a wheel without a list: those that are stated, with the versions that the library itself names."""
    pairs = {pair for library in libraries for pair in _CRATE.findall(library.read_bytes())}
    named = {name.decode(): version.decode() for name, version in pairs}
    if not named:
        return []
    known = _known_crates(distribution.name)
    unknown = sorted(named.keys() - known.keys())
    if unknown:
        raise LookupError(f"{distribution.name} holds {', '.join(unknown)}: see packaging/licences/crates.toml.")
    return [
        Crate(name, named.get(name, ""), stated["licence"], stated.get("holders", "")) for name, stated in known.items()
    ]


def _known_crates(group: str) -> dict[str, dict[str, str]]:
    listed: dict[str, dict[str, dict[str, str]]]
    listed = tomllib.loads((TEXTS / "crates.toml").read_text(encoding="utf-8"))
    return listed.get(group, {})


def _lists_of(distribution: importlib.metadata.Distribution) -> list[dict[str, Any]]:
    """What the wheel's own lists say."""
    files = [file for file in distribution.files or () if "sboms" in file.parts and file.suffix == ".json"]
    return [json.loads(Path(str(file.locate())).read_text(encoding="utf-8")) for file in files]
