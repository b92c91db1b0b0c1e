"""Makes the Debian package of the frozen folder: `python packaging/debian.py dist/muster dist`.

Libraries that Debian's own packages hold are left out of the folder, so that the system's security updates reach them,
and named as dependencies by dpkg-shlibdeps, which reads what the rest links.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable
from pathlib import Path

import artwork
import bundle_inside
import bundle_licences
import changelog
import product

from core.bundled_parts import BundledPart, in_order, parts_from, to_text

_LINUX = product.PROJECT / "packaging" / "linux"
_LIBRARY = re.compile(r"^lib[^/]+\.so[.\d]*$")
_HOME = Path("usr/lib") / product.NAME
RECOMMENDS = ("dbus-user-session | dbus-x11", "gnome-keyring | kwalletmanager", "xdg-utils")
"""Without them the program runs: keys are kept elsewhere then, screen readers hear nothing, and no browser opens."""


def make_package(folder: Path, target: Path) -> Path:
    """The .deb, in the target folder.

    Raises:
        subprocess.CalledProcessError: one of Debian's tools refused; what it said is above.
    """
    with tempfile.TemporaryDirectory(prefix="muster-deb-") as place:
        root = Path(place) / "root"
        _lay_program(folder, root)
        _lay_desktop(root)
        _lay_documents(root)
        _set_modes(root)
        control = root / "DEBIAN"
        control.mkdir()
        (control / "md5sums").write_text(_md5sums(root), encoding="utf-8")
        (control / "control").write_text(_control(root), encoding="utf-8")
        package = target / f"{product.NAME}_{product.VERSION}_{_architecture()}.deb"
        target.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(product.released_at_s())}
        command = ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(root), str(package)]
        subprocess.run(command, check=True, env=environment)
    return package


# ----------------------------------------------------------------------------------------------------------- contents


def _lay_program(folder: Path, root: Path) -> None:
    home = root / _HOME
    shutil.copytree(folder, home, symlinks=True)
    leave_to_debian(home)
    licences = home / "_internal" / "resources" / "licences.json"
    parts = [
        part for part in parts_from(licences.read_text(encoding="utf-8")) if part.kind != bundle_licences.SYSTEM_LIBRARY
    ]
    licences.write_text(to_text(in_order(parts)), encoding="utf-8")
    # Debian keeps licences in one place: the copyright file, written below.
    (home / "_internal" / "LICENSE").unlink()
    for path in [*home.rglob("LICENSE*"), *home.rglob("LICENCE*")]:
        if path.is_file() and ".dist-info" in str(path):
            path.unlink()
    start = root / "usr/bin" / product.NAME
    start.parent.mkdir(parents=True)
    start.symlink_to(Path("../lib") / product.NAME / product.NAME)


def leave_to_debian(home: Path) -> None:
    """Takes the libraries out of a frozen folder that Debian's packages hold."""
    for path in sorted((home / "_internal").iterdir()):
        if _is_debians(path):
            path.unlink()


def _is_debians(path: Path) -> bool:
    """Whether a library is one that a Debian package holds; Python's own is not taken: none must be installed."""
    if path.is_symlink() or not _LIBRARY.match(path.name) or path.name.startswith("libpython"):
        return False
    return bundle_licences.owner_of(path.name) is not None


def _lay_desktop(root: Path) -> None:
    share = root / "usr/share"
    width, height = _picture_size(product.PROJECT / "docs/pictures/muster.png")
    releases = changelog.to_appstream(changelog.releases())
    _write(share / "applications" / f"{product.ID}.desktop", product.filled(_LINUX / "muster.desktop.in"))
    _write(share / "mime/packages" / f"{product.ID}.xml", product.filled(_LINUX / "muster-mime.xml.in"))
    _write(
        share / "metainfo" / f"{product.ID}.metainfo.xml",
        product.filled(
            _LINUX / "muster.metainfo.xml.in", PICTURE_WIDTH=width, PICTURE_HEIGHT=height, RELEASES=releases
        ),
    )
    icons = share / "icons/hicolor"
    with tempfile.TemporaryDirectory() as place:
        for side_px, drawn in artwork.draw_pngs(Path(place), artwork.LINUX_SIDES_PX).items():
            target = icons / f"{side_px}x{side_px}/apps" / f"{product.ID}.png"
            target.parent.mkdir(parents=True)
            shutil.copyfile(drawn, target)
    scalable = icons / "scalable/apps" / f"{product.ID}.svg"
    scalable.parent.mkdir(parents=True)
    shutil.copyfile(product.PROJECT / "resources" / "muster.svg", scalable)


def _picture_size(path: Path) -> tuple[str, str]:
    from PIL import Image

    with Image.open(path) as picture:
        return str(picture.width), str(picture.height)


def _lay_documents(root: Path) -> None:
    share, documents = root / "usr/share", root / "usr/share/doc" / product.NAME
    _write_gzip(share / "man/man1" / f"{product.NAME}.1.gz", product.filled(_LINUX / "muster.1.in"))
    _write_gzip(documents / "changelog.gz", changelog.to_debian(changelog.releases()))
    text = (root / _HOME / "_internal/resources/licences.json").read_text(encoding="utf-8")
    _write(documents / "copyright", copyright_file(parts_from(text)))
    _write(share / "lintian/overrides" / product.NAME, product.filled(_LINUX / "lintian-overrides.in"))


def copyright_file(parts: Iterable[BundledPart]) -> str:
    """Debian's copyright file of a package that holds these parts."""
    lines = [f" {part.name} {part.version}: {part.licence}" for part in parts]
    own = (product.PROJECT / "LICENSE").read_text(encoding="utf-8").partition("\n\n")[2].partition("\n\n")[2]
    unicode = bundle_inside.text_of("Unicode-DFS-2016")
    texts = {"LICENCE": _debian_text(own), "UNICODE": _debian_text(unicode)}
    return product.filled(_LINUX / "copyright.in", PARTS="\n".join(lines), **texts)


def _debian_text(text: str) -> str:
    return "\n".join(f" {line.strip() or '.'}" for line in text.strip().splitlines())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_gzip(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _set_modes(root: Path) -> None:
    """What Debian expects: folders and programs 0755, all else 0644."""
    programs = {root / _HOME / product.NAME}
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path in programs else 0o644)


# ------------------------------------------------------------------------------------------------------------- control


def _control(root: Path) -> str:
    size_kb = sum(
        1 if path.is_symlink() or path.is_dir() else -(-path.stat().st_size // 1024) for path in _inside(root)
    )
    fields = {
        "Package": product.NAME,
        "Version": product.VERSION,
        "Architecture": _architecture(),
        "Maintainer": product.MAINTAINER,
        "Installed-Size": str(size_kb),
        "Depends": dependencies(root),
        "Recommends": ", ".join(RECOMMENDS),
        "Section": "devel",
        "Priority": "optional",
        "Homepage": product.HOMEPAGE,
        "Description": f"{product.SUMMARY[0].lower()}{product.SUMMARY[1:]}",
    }
    description = textwrap.wrap(f"{product.PURPOSE} No Python has to be installed.", 78)
    return "\n".join(
        [*(f"{name}: {value}" for name, value in fields.items()), *(f" {line}" for line in description), ""]
    )


def dependencies(root: Path) -> str:
    """The packages that hold what the files link and the package does not bring, with versions, as Debian sees it."""
    libraries = [path for path in _inside(root) if path.is_file() and not path.is_symlink() and _is_elf(path)]
    own = sorted({f"-l{path.parent}" for path in libraries})
    with tempfile.TemporaryDirectory() as place:
        stated = f"Source: {product.NAME}\n\nPackage: {product.NAME}\nArchitecture: any\nDescription: x\n"
        _write(Path(place) / "debian/control", stated)
        command = ["dpkg-shlibdeps", "-O", "--ignore-missing-info", *own, *(f"-e{path}" for path in libraries)]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        done.check_returncode()
    return done.stdout.strip().removeprefix("shlibs:Depends=")


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _md5sums(root: Path) -> str:
    files = [path for path in _inside(root) if path.is_file() and not path.is_symlink()]
    return "".join(f"{_md5(path)}  {path.relative_to(root)}\n" for path in files)


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _inside(root: Path) -> Iterable[Path]:
    return sorted(path for path in root.rglob("*") if "DEBIAN" not in path.relative_to(root).parts)


def _architecture() -> str:
    done = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    print(make_package(Path(sys.argv[1]), Path(sys.argv[2])))
