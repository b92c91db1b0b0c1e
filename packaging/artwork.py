"""Draws Muster's icon in every size and form that a system asks for: `python packaging/artwork.py FOLDER`.

The two SVG files in resources/ are the source. Nothing that is drawn here is committed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import product
from PIL import Image

LINUX_SIDES_PX = (16, 22, 24, 32, 48, 64, 96, 128, 192, 256, 512)
WINDOWS_SIDES_PX = (16, 20, 24, 32, 40, 48, 64, 128, 256)
MACOS_SIDES_PX = (16, 32, 64, 128, 256, 512, 1024)


def draw_pngs(folder: Path, sides_px: tuple[int, ...]) -> dict[int, Path]:
    """A PNG for each size, in the folder."""
    from PySide6.QtGui import QGuiApplication

    from gui.icons import application_pixmap

    app = QGuiApplication.instance() or QGuiApplication([])
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {}
    for side_px in sides_px:
        path = folder / f"{product.NAME}-{side_px}.png"
        if not application_pixmap(side_px).save(str(path), "PNG"):
            raise OSError(f"{path} could not be written.")
        drawn[side_px] = path
    del app
    return drawn


def draw_ico(folder: Path) -> Path:
    """One .ico with all sizes that Windows shows."""
    return _joined(draw_pngs(folder, WINDOWS_SIDES_PX), folder / f"{product.NAME}.ico")


def draw_icns(folder: Path) -> Path:
    """One .icns with all sizes that macOS shows."""
    return _joined(draw_pngs(folder, MACOS_SIDES_PX), folder / f"{product.NAME}.icns")


def _joined(drawn: dict[int, Path], target: Path) -> Path:
    pictures = [Image.open(path) for path in drawn.values()]
    sizes = [(side_px, side_px) for side_px in drawn]
    pictures[-1].save(target, sizes=sizes, append_images=pictures[:-1])
    for picture in pictures:
        picture.close()
    return target


if __name__ == "__main__":
    place = Path(sys.argv[1])
    draw_pngs(place, LINUX_SIDES_PX)
    print(draw_ico(place), draw_icns(place))
