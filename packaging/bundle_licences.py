"""Collects name, version and licence of everything that goes into the frozen program, for *About* and for packages."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

import bundle_inside
import product
from bundle_files import Entry

from core.bundled_parts import BundledPart, in_order, installed_parts, to_text

QT = "Qt"
SYSTEM_LIBRARY = "library of the build's system"
"""Kind of the parts that a package for the same system leaves out."""

_OWN_TEXT = {"PySide6_Essentials", "shiboken6", QT}
"""Their wheels bring no licence: LGPL, and the GPL that it is written on top of."""


def write(modules: Iterable[Entry], binaries: Iterable[Entry], target: Path) -> Path:
    """The file that the program reads its licences from, made of PyInstaller's lists of what goes in."""
    entries, libraries = list(modules), list(binaries)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(to_text(collect(entries, libraries)), encoding="utf-8")
    return target


def collect(modules: Iterable[Entry], binaries: Iterable[Entry]) -> tuple[BundledPart, ...]:
    """Every part.

    Raises:
        LookupError: no package is known to own a library of the system that would be shipped, or nobody says what a
            wheel's library holds inside.
    """
    libraries = list(binaries)
    top = {name.partition(".")[0] for name, _source, _kind in modules}
    top |= {re.split(r"[./\\]", path)[0] for path, _source, _kind in libraries}
    by_module = importlib.metadata.packages_distributions()
    names = {name for module in top for name in by_module.get(module, ())}
    parts = [_with_text(part) for part in installed_parts(sorted(names))]
    parts += [_python(), _qt(), *_loader(), *_icons(), *_inside(libraries, by_module)]
    parts += {part.name: part for path, source, kind in libraries for part in _system_part(path, source, kind)}.values()
    return in_order(parts)


def _with_text(part: BundledPart) -> BundledPart:
    if part.name not in _OWN_TEXT or part.text:
        return part
    return BundledPart(part.name, part.version, part.licence, part.kind, _lgpl())


def _lgpl() -> str:
    return bundle_inside.text_of("LGPL-3.0", "GPL-3.0")


def _inside(libraries: list[Entry], by_module: Mapping[str, list[str]]) -> Iterable[BundledPart]:
    """What the libraries hold of others without a file that says so."""
    of_wheels: dict[str, list[Path]] = {}
    for path, source, kind in libraries:
        if kind != "SYMLINK":
            for name in by_module.get(re.split(r"[./\\]", path)[0], ()):
                of_wheels.setdefault(name, []).append(Path(source))
    for name, sources in sorted(of_wheels.items()):
        yield from bundle_inside.crates_part(name, sources)
        if name == "cryptography":
            yield from bundle_inside.openssl(importlib.metadata.distribution(name))
    yield from bundle_inside.icu(libraries)
    yield from bundle_inside.inside_qt(_qt().version)


def _python() -> BundledPart:
    debians = Path(f"/usr/share/doc/libpython3.{sys.version_info.minor}-minimal/copyright")
    places = [Path(sys.base_prefix) / "LICENSE.txt", Path(subprocess.__file__).parent / "LICENSE.txt", debians]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in places if path.is_file()]
    return BundledPart("Python", platform.python_version(), "PSF-2.0", "interpreter", "".join(texts[:1]))


def _qt() -> BundledPart:
    from PySide6.QtCore import QLibraryInfo

    licence = "LGPL-3.0-only"
    return BundledPart(QT, QLibraryInfo.version().toString(), licence, "shared libraries", _lgpl())


def _loader() -> Iterable[BundledPart]:
    for part in installed_parts(["pyinstaller"]):
        licence = "GPL-2.0-or-later WITH Bootloader-exception"
        yield BundledPart("PyInstaller's loader", part.version, licence, "loader", part.text)


def _icons() -> Iterable[BundledPart]:
    text = (product.PROJECT / "resources" / "icons" / "LICENSE-tabler.txt").read_text(encoding="utf-8")
    yield BundledPart("Tabler Icons", "3", "MIT", "pictures", text)


def part_of(path_in_bundle: str) -> str | None:
    """The name of the part that a library in the bundle belongs to; None where nobody is known to own it."""
    name = PurePosixPath(path_in_bundle).name
    if name.startswith("libpython") or "/lib-dynload/" in f"/{path_in_bundle}":
        return "Python"
    if name.startswith("libicu"):
        return "ICU"
    return _owners_by_file().get(path_in_bundle) or owner_of(name)


@functools.cache
def _owners_by_file() -> dict[str, str]:
    """The distribution that each installed file came with."""
    return {
        file.as_posix(): distribution.name
        for distribution in importlib.metadata.distributions()
        for file in distribution.files or ()
        if ".so" in file.name
    }


# ------------------------------------------------------------------------------------- libraries of the build's system


def _system_part(path: str, source: str, kind: str) -> Iterable[BundledPart]:
    """The Debian package that a library comes from; nothing for what came with a Python package."""
    if kind == "SYMLINK" or not is_system_library(source):
        return
    package = owner_of(Path(source).name)
    if package is None:
        raise LookupError(f"No package is known to own {source}, which goes into {path}.")
    if package.startswith("libpython"):
        return  # Python itself
    yield _described(package)


def is_system_library(source: str) -> bool:
    """Whether a file comes from where Debian puts libraries."""
    return bool(re.match(r"^(/usr)?/lib/", source)) and shutil.which("dpkg-query") is not None


@functools.cache
def owner_of(file_name: str) -> str | None:
    """The Debian package with a library of that name."""
    done = subprocess.run(["dpkg-query", "--search", f"*/{file_name}"], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        packages, _, found = line.partition(": ")
        if re.match(r"^(/usr)?/lib/", found):
            return packages.split(",")[0].split(":")[0]
    return None


@functools.cache
def _described(package: str) -> BundledPart:
    done = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Version}\n", package], capture_output=True, text=True, check=True
    )
    path = Path(f"/usr/share/doc/{package}/copyright")
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    named = re.findall(r"^License: *(\S[^\n]*)$", text, re.MULTILINE)
    licence = ", ".join(dict.fromkeys(named)) or "as its copyright file says"
    return BundledPart(package, done.stdout.splitlines()[0], licence, SYSTEM_LIBRARY, text)
