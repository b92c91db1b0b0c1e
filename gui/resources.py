"""The files that are shipped beside the code, and the name that the desktop knows the program by."""

from __future__ import annotations

from pathlib import Path

DESKTOP_ID = "io.github.muster.muster"
"""Of the desktop file, the metainfo, the icons and, on macOS, the bundle."""

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
APPLICATION_ICON = RESOURCES / "muster.svg"
SMALL_APPLICATION_ICON = RESOURCES / "muster-small.svg"
"""The same drawing with less in it."""

SMALL_ICON_LIMIT_PX = 24
"""Up to this size the small drawing reads better."""

ICONS = RESOURCES / "icons"
