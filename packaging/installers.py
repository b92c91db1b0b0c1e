"""Makes of the frozen folder what a person installs on this system: `python packaging/installers.py dist`.

Linux: a Debian package where Debian's tools are, and a folder in a .tar.gz. Windows: an installer. macOS: a disk image.
"""

from __future__ import annotations

import gzip
import io
import platform
import shutil
import sys
import tarfile
from pathlib import Path

import product

_LEVEL = 6
"""Level 9 takes four times as long for 0.4 % less; xz would save 22 % and takes minutes."""

_README = """@TITLE@ @VERSION@

Start it with ./@NAME@ in this folder. Nothing is installed, and no Python is needed; the folder may stand anywhere.
With the environment variable MUSTER_HOME set to a folder, everything is kept there.

./@NAME@ --self-test says whether this copy is whole. It needs glibc 2.36 or newer (Debian 12, Ubuntu 24.04, Fedora 38)
and the libraries of a desktop: where the window does not open, install libegl1, libgl1, libx11-6 and libfontconfig1.
"""


def make_installers(dist: Path) -> list[Path]:
    """The files for this system, made of the folder in `dist`."""
    folder = dist / product.NAME
    if sys.platform == "win32":
        import windows_installer

        return [windows_installer.make_installer(folder, dist)]
    if sys.platform == "darwin":
        import macos_app

        image = dist / f"{product.NAME}-{product.VERSION}-{platform.machine()}.dmg"
        return [macos_app.make_disk_image(dist / f"{product.TITLE}.app", image)]
    made = [make_archive(folder, dist)]
    if shutil.which("dpkg-shlibdeps"):
        import debian

        made.append(debian.make_package(folder, dist))
    else:
        print("The archive is made alone: a package for Debian needs its tools (dpkg-dev), which are not here.")
    return made


def make_archive(folder: Path, target: Path) -> Path:
    """The folder as a .tar.gz, the same bytes for the same folder."""
    name = f"{product.NAME}-{product.VERSION}"
    archive = target / f"{name}-linux-{platform.machine()}.tar.gz"
    moment_s = product.released_at_s()
    text = _README
    for placeholder, value in product.placeholders().items():
        text = text.replace(f"@{placeholder}@", value)

    def settled(item: tarfile.TarInfo) -> tarfile.TarInfo:
        item.uid = item.gid = 0
        item.uname = item.gname = "root"
        item.mtime = moment_s
        return item

    with (
        archive.open("wb") as file,
        gzip.GzipFile("", "wb", _LEVEL, fileobj=file, mtime=moment_s) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path in [folder, *sorted(folder.rglob("*"))]:
            tar.add(path, Path(name) / path.relative_to(folder), recursive=False, filter=settled)
        readme = tarfile.TarInfo(f"{name}/README.txt")
        readme.size = len(text.encode())
        tar.addfile(settled(readme), io.BytesIO(text.encode()))
    return archive


if __name__ == "__main__":
    for path in make_installers(Path(sys.argv[1])):
        print(f"{path.stat().st_size / 1_000_000:9.1f} MB  {path}")
