"""What in a frozen folder names a place of the machine that froze it: `python packaging/bundle_places.py dist/muster`.

Looks into every file, and into the archives of Python code, which are compressed. A place counts where this machine has
it: the wheels hold names of folders on the machines of those who built them, which tell nothing of this one.
"""

from __future__ import annotations

import os
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import environments

_PROGRAM = "muster"
_SHARED = frozenset({"/", "/usr", "/usr/local", "/opt"})
"""Where every machine of this kind has the same: no place of one machine."""


def own_places() -> list[str]:
    """The folders that no other machine has: the person's, the project's, and those of the Pythons at work here."""
    makers = {environments.OWN.maker, environments.builders().maker}
    pythons = {str(maker.resolve().parent.parent) for maker in makers}
    places = {home(), str(environments.PROJECT), sys.base_prefix, *pythons}
    return sorted(places - _SHARED)


def home() -> str:
    """The person's folder as the system knows it, whatever the environment says."""
    if sys.platform == "win32":
        return str(Path.home())
    import pwd  # Windows has none

    return pwd.getpwuid(os.getuid()).pw_dir


def places_named(folder: Path, places: Iterable[str]) -> dict[str, list[str]]:
    """Each file, or module of an archive, that names one of the places, with what it names."""
    given = b"|".join(re.escape(place.encode()) for place in sorted(places))
    wanted = re.compile(rb"(?:%s)(?![\w.-])[\w./\\+@-]*" % given)
    found: dict[str, list[str]] = {}
    for name, content in _contents(folder):
        named = {match.group().decode().rstrip("/.") for match in wanted.finditer(content)}
        told = sorted(filter(_is_here, named))
        if told:
            found[name] = told
    return found


def _is_here(place: str) -> bool:
    """Whether it is a place of this machine; the person's folder alone, such as /root, is anybody's."""
    return place != home() and (place.startswith(str(environments.PROJECT)) or Path(place).exists())


def _contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            name = path.relative_to(folder).as_posix()
            yield name, path.read_bytes()
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as packed:
                    yield from ((f"{name}/{item}", packed.read(item)) for item in packed.namelist())
    yield from modules_of(folder / _PROGRAM)


def modules_of(program: Path) -> Iterator[tuple[str, bytes]]:
    """Every module in the archive that the program carries, as the bytes of its code."""
    from PyInstaller.archive.readers import CArchiveReader

    archive = CArchiveReader(str(program))
    for name in archive.toc:
        if name.endswith(".pyz"):
            inside = archive.open_embedded_archive(name)
            for module in inside.toc:
                code = inside.extract(module, raw=True)
                if code:
                    yield f"{_PROGRAM}:{module}", code
        else:
            yield f"{_PROGRAM}:{name}", archive.extract(name)


def main() -> int:
    """Prints what names a place, and gives 1 where something does; further arguments are places too."""
    folder = Path(sys.argv[1])
    modules = sum(1 for _name, _code in modules_of(folder / _PROGRAM))
    found = places_named(folder, {*own_places(), *sys.argv[2:]})
    for name, named in found.items():
        print(f"{name}: {', '.join(named[:5])}")
    print(f"{len(found)} files name a place of this machine; {modules} modules of the archive were looked through.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
