"""The package's own files once more under a higher version, to install over it: what an upgrade is to dpkg."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import product

FILE = "newer.deb"
VERSION = f"{product.VERSION}+next"


def make(package: Path, target: Path) -> Path:
    """The newer package, in the target folder.

    Raises:
        subprocess.CalledProcessError: dpkg-deb refused; what it said is above.
    """
    made = target / FILE
    with tempfile.TemporaryDirectory(prefix="muster-newer-") as place:
        root = Path(place) / "root"
        subprocess.run(["dpkg-deb", "--raw-extract", str(package), str(root)], check=True)
        control = root / "DEBIAN/control"
        stated = control.read_text(encoding="utf-8")
        control.write_text(stated.replace(f"Version: {product.VERSION}\n", f"Version: {VERSION}\n"), "utf-8")
        # packing it as small as the real one would take half a minute
        command = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(root), str(made)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return made
