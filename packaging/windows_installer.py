"""Compiles the installer for Windows: `python packaging/windows_installer.py FOLDER TARGET`.

makensis compiles it on any system; the folder must be one that was frozen on Windows.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import artwork
import product

SCRIPT = product.PROJECT / "packaging" / "windows" / "muster.nsi"
_USUAL_PLACE = Path("C:/Program Files (x86)/NSIS/makensis.exe")


def make_installer(folder: Path, target: Path) -> Path:
    """The installer, in the target folder.

    Raises:
        FileNotFoundError: makensis is not installed.
        subprocess.CalledProcessError: it refused; what it said is above.
    """
    compiler = shutil.which("makensis") or (str(_USUAL_PLACE) if _USUAL_PLACE.is_file() else None)
    if compiler is None:
        raise FileNotFoundError("makensis is missing: install NSIS 3 (nsis.sourceforge.io, or Debian's package nsis).")
    target.mkdir(parents=True, exist_ok=True)
    installer = (target / f"{product.NAME}-{product.VERSION}-setup.exe").absolute()
    with tempfile.TemporaryDirectory() as place:
        stated = {
            **product.placeholders(),
            "SOURCE": str(folder.absolute()),
            "TARGET": str(installer),
            "ICON": str(artwork.draw_ico(Path(place))),
            "LICENCE": str(product.PROJECT / "LICENSE"),
        }
        sign = "/" if sys.platform == "win32" else "-"
        given = [f"{sign}D{name}={value}" for name, value in stated.items()]
        # warnings are errors: a name that nobody gives is one
        subprocess.run([compiler, f"{sign}V2", f"{sign}WX", *given, str(SCRIPT)], check=True)
    return installer


if __name__ == "__main__":
    print(make_installer(Path(sys.argv[1]), Path(sys.argv[2])))
