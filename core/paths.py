"""Where Muster keeps its files.

`MUSTER_HOME` moves every folder below one place: for portable use and for tests.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

HOME_VARIABLE = "MUSTER_HOME"
_APP = "muster"


def missing_home() -> str:
    """What to say where this account has no home folder, which settings and other tools' files lie in; else empty."""
    try:
        Path.home()
    except RuntimeError:
        return "Muster finds no home folder of this account. Set HOME to a folder of yours and start it again."
    return ""


def config_folder() -> Path:
    """The folder of the person's own roll."""
    return _home("config") or Path(platformdirs.user_config_dir(_APP, appauthor=False))


def data_folder() -> Path:
    """The folder of what Muster found out: measurements and their receipts."""
    return _home("data") or Path(platformdirs.user_data_dir(_APP, appauthor=False))


def state_folder() -> Path:
    """The folder of what may be lost without harm: window geometry."""
    return _home("state") or Path(platformdirs.user_state_dir(_APP, appauthor=False))


def log_folder() -> Path:
    """The folder of the log files."""
    return _home("log") or Path(platformdirs.user_log_dir(_APP, appauthor=False))


def settings_file() -> Path:
    """The person's own roll, which is opened when no other is named."""
    return config_folder() / "settings.yaml"


def kiln_settings_file() -> Path:
    """Kiln's settings, which hold the same kind of roll; may not exist."""
    return Path.home() / ".kiln_ai" / "settings.yaml"


def _home(folder: str) -> Path | None:
    home = os.environ.get(HOME_VARIABLE, "")
    return Path(home).expanduser().absolute() / folder if home.strip() else None
