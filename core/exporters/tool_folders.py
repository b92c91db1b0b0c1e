"""Where programs keep their settings on each system."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def dot_config() -> Path:
    """`$XDG_CONFIG_HOME` or ~/.config, for tools that use it on every system."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config").expanduser()


def roaming() -> Path:
    """The folder of roaming settings on Windows."""
    return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")


def application_settings() -> Path:
    """Where the system itself wants settings: ~/.config, Application Support, or the roaming folder."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return roaming() if sys.platform == "win32" else dot_config()
