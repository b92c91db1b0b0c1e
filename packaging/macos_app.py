"""What macOS is told of the program, and its disk image: `python packaging/macos_app.py Muster.app DMG`.

Neither signs nor notarises: that needs the publisher's own identity. docs/packaging.md says how.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import product

OLDEST_MACOS = "13.0"
"""What Qt 6.11 asks for."""

_SHARED_TYPE = f"{product.ID}.roll"


def info_plist() -> dict[str, Any]:
    """The entries of Info.plist beyond those that PyInstaller writes."""
    return {
        "CFBundleDisplayName": product.TITLE,
        "CFBundleShortVersionString": product.VERSION,
        "LSApplicationCategoryType": "public.app-category.developer-tools",
        "LSMinimumSystemVersion": OLDEST_MACOS,
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": f"© {product.placeholders()['YEAR']} {product.PUBLISHER}, MIT licence",
        "NSPrincipalClass": "NSApplication",
        "NSRequiresAquaSystemAppearance": False,
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": product.SHARED_DESCRIPTION,
                "CFBundleTypeRole": "Viewer",
                "LSHandlerRank": "Owner",
                "LSItemContentTypes": [_SHARED_TYPE],
            }
        ],
        "UTExportedTypeDeclarations": [
            {
                "UTTypeIdentifier": _SHARED_TYPE,
                "UTTypeDescription": product.SHARED_DESCRIPTION,
                "UTTypeConformsTo": ["public.json"],
                "UTTypeTagSpecification": {
                    "public.filename-extension": [product.SHARED_SUFFIX],
                    "public.mime-type": [product.MIME_TYPE],
                },
            }
        ],
    }


def make_disk_image(app: Path, target: Path) -> Path:
    """A compressed disk image with the program and a link to where programs go.

    Raises:
        subprocess.CalledProcessError: a tool of macOS refused; what it said is above.
    """
    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder) / product.TITLE
        inside.mkdir()
        # ditto keeps links and attributes, which a bundle's signature is about
        subprocess.run(["ditto", str(app), str(inside / app.name)], check=True)
        (inside / "Applications").symlink_to("/Applications")
        command = ["hdiutil", "create", "-volname", f"{product.TITLE} {product.VERSION}", "-srcfolder", str(inside)]
        subprocess.run([*command, "-fs", "HFS+", "-format", "UDZO", "-ov", str(target)], check=True)
    return target


if __name__ == "__main__":
    print(make_disk_image(Path(sys.argv[1]), Path(sys.argv[2])))
