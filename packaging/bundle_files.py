"""Which of the files that PyInstaller's own rules collect go into the bundle: not what only unused parts need."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

Entry = tuple[str, str, str]
"""PyInstaller's: path in the bundle, source (for a link: its target in the bundle), kind."""

STRIPS = sys.platform.startswith("linux")
"""Whether symbols are taken out of libraries: only where the system's own tool does it safely."""

_UNWANTED = tuple(
    re.compile(pattern)
    for pattern in (
        # 28 MB of other services' descriptions; Bedrock's is read to understand its stream.
        r"^botocore/data/(?!bedrock-runtime/)",
        r"^boto3/(data|examples)/",
        r"^PySide6/(Qt/)?(qml|resources|metatypes)/",
        # The words of Qt's own buttons; nothing else of Qt's is shown.
        r"^PySide6/(Qt/)?translations/(?!qtbase_)",
        # The platform theme that pulls in GTK: 22 MB.
        r"/platformthemes/libqgtk3",
        # Screens without a window system.
        r"/platforms/(lib)?q(eglfs|linuxfb|minimal|minimalegl|vkkhrdisplay|vnc)\.",
        r"/plugins/(designer|egldeviceintegrations|generic|networkinformation|printsupport|qmltooling|sqldrivers|tls)/",
        # Widgets are drawn without OpenGL. With it the system's drivers would be loaded beside our older libstdc++.
        r"/plugins/(xcbglintegrations|wayland-graphics-integration-(client|server))/",
        r"/plugins/vectorimageformats/",
        r"/imageformats/(lib)?q(pdf|icns|tga|tiff|wbmp)\.",
        r"/platforminputcontexts/(lib)?qtvirtualkeyboard",
    )
)

_LIBRARY = re.compile(r"^((PySide6(/Qt/lib)?|[^/]+\.libs|shiboken6)/)?lib[^/]+\.so[.\d]*$")
"""A library that others link, not one that a program loads by itself as it does modules and plugins."""

Needs = Callable[[str], Iterable[str]]
"""Gives the names of all libraries that a file on disk links, directly or through others."""


def is_wanted(path_in_bundle: str) -> bool:
    """Whether Muster uses the part that a file belongs to."""
    path = path_in_bundle.replace("\\", "/")
    return not any(pattern.search(path) for pattern in _UNWANTED)


def wanted_binaries(entries: Iterable[Entry], needs: Needs) -> list[Entry]:
    """The modules and plugins that Muster uses, with the libraries that these link and no others."""
    used = [entry for entry in entries if is_wanted(entry[0])]
    loaded = [entry for entry in used if not _is_library(entry)]
    needed = {name for _path, source, kind in loaded if kind != "SYMLINK" for name in needs(source)}
    return [entry for entry in used if not _is_library(entry) or PurePosixPath(entry[0]).name in needed]


def wanted_data(entries: Iterable[Entry], binaries: Iterable[Entry]) -> list[Entry]:
    """The data files that go into the bundle, without links to libraries that do not."""
    there = {path for path, _source, _kind in binaries}
    return [
        (path, source, kind)
        for path, source, kind in entries
        if is_wanted(path) and (kind != "SYMLINK" or source in there)
    ]


def forget_build_places(folder: Path) -> list[Path]:
    """Takes out of libraries on Linux where the build's machine has others: a person's machine must not look there.

    Gives the files that named such a place. What they need is found beside them by PyInstaller's loader.
    """
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and ".so" in path.name]
    told = [file for file in files if any(place.startswith("/") for place in _places_searched(file))]
    for file in told:
        subprocess.run(["chrpath", "--delete", str(file)], check=True, stdout=subprocess.DEVNULL)
    return told


def _places_searched(file: Path) -> list[str]:
    listed = subprocess.run(["chrpath", "--list", str(file)], capture_output=True, text=True, check=False)
    _name, _, places = listed.stdout.strip().partition("PATH=")
    return places.split(":") if places else []


def _is_library(entry: Entry) -> bool:
    return bool(_LIBRARY.match(entry[0])) and not PurePosixPath(entry[0]).name.startswith("libpython")
