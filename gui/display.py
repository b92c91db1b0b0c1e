"""Whether there is a display for a window: Qt itself ends the process without a word where there is none."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Mapping
from typing import Final

_NO_DISPLAY: Final = "Muster is a window, and there is no display here."
_ELSEWHERE: Final = "With the source at hand, “make demo” shows it on a virtual screen and saves pictures of each step."
_REFUSED: Final = "The display {name} does not answer. Start Muster on a desktop, or name one that runs in {variable}."


def missing_display() -> str:
    """What to say where no window can be opened; empty where one can be, or where only Qt can tell."""
    if not sys.platform.startswith("linux"):
        return ""
    platforms = _platforms(os.environ)
    if not platforms:
        return _NO_DISPLAY if getattr(sys, "frozen", False) else f"{_NO_DISPLAY}\n{_ELSEWHERE}"
    refused = ""
    for platform in platforms:
        if platform not in _PROBES:
            return ""
        variable, answers = _PROBES[platform]
        if answers():
            return ""
        refused = refused or _REFUSED.format(name=os.environ.get(variable) or "named nowhere", variable=variable)
    return refused


def _platforms(environment: Mapping[str, str]) -> list[str]:
    """The window systems that Qt would try: those of its own variable, else those that an environment names."""
    chosen = environment.get("QT_QPA_PLATFORM", "")
    if chosen:
        return [part.partition(":")[0].partition("-")[0] for part in chosen.split(";")]
    return [platform for platform, (variable, _) in _PROBES.items() if environment.get(variable)]


def _x_answers() -> bool:
    """Whether a connection as Qt's is accepted: the address, however it is written, and the right to use it."""
    try:
        library = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    library.xcb_connect.restype = ctypes.c_void_p
    library.xcb_connect.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
    library.xcb_connection_has_error.argtypes = library.xcb_disconnect.argtypes = (ctypes.c_void_p,)
    connection = library.xcb_connect(None, None)
    is_refused = bool(library.xcb_connection_has_error(connection))
    library.xcb_disconnect(connection)
    return not is_refused


def _wayland_answers() -> bool:
    try:
        library = ctypes.CDLL("libwayland-client.so.0")
    except OSError:
        return True
    library.wl_display_connect.restype = ctypes.c_void_p
    library.wl_display_connect.argtypes = (ctypes.c_char_p,)
    library.wl_display_disconnect.argtypes = (ctypes.c_void_p,)
    display = library.wl_display_connect(None)
    if display:
        library.wl_display_disconnect(display)
    return bool(display)


_PROBES: Final[Mapping[str, tuple[str, Callable[[], bool]]]] = {
    "wayland": ("WAYLAND_DISPLAY", _wayland_answers),
    "xcb": ("DISPLAY", _x_answers),
}
"""By Qt's name of the window system: the variable that names a display of it, and whether that answers."""
