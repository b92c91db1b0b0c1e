"""What the system itself must have before a command of the project can run, and how Debian calls it.

Only the standard library, because it runs before anything else is installed. Installs what is missing where it may
(root, or a build machine with CI set and a sudo that asks nothing); elsewhere says the one line that does.
"""

import ctypes
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


class PrerequisitesMissing(Exception):
    """What is missing, in words that say what to do."""


@dataclass(frozen=True)
class Prerequisite:
    """One Debian package and the way to see that what it holds is there."""

    package: str
    is_there: Callable[[], bool]


def _library(package: str, *sonames: str) -> Prerequisite:
    def is_there() -> bool:
        try:
            for soname in sonames:
                ctypes.CDLL(soname)
        except OSError:
            return False
        return True

    return Prerequisite(package, is_there)


def _program(package: str, name: str) -> Prerequisite:
    return Prerequisite(package, lambda: shutil.which(name) is not None)


def _has_ensurepip() -> bool:
    # Debian takes ensurepip out of its Python, and with it every `python -m venv`.
    return importlib.util.find_spec("ensurepip") is not None


_PYTHON = f"python3.{sys.version_info.minor}"

_ENVIRONMENT = [Prerequisite(f"{_PYTHON}-venv", _has_ensurepip)]

# Qt's own platform plugins link these; found missing on a bare Debian 12 with Qt 6.11.
_WINDOW = [
    _library("libegl1", "libEGL.so.1"),
    _library("libgl1", "libGL.so.1"),
    _library("libglib2.0-0", "libglib-2.0.so.0", "libgthread-2.0.so.0"),
    _library("libxkbcommon0", "libxkbcommon.so.0"),
    _library("libfontconfig1", "libfontconfig.so.1"),
    _library("libdbus-1-3", "libdbus-1.so.3"),
    _library("libxkbcommon-x11-0", "libxkbcommon-x11.so.0"),
    _library("libxcb-cursor0", "libxcb-cursor.so.0"),
    _library("libxcb-icccm4", "libxcb-icccm.so.4"),
    _library("libxcb-keysyms1", "libxcb-keysyms.so.1"),
    _library("libxcb-shape0", "libxcb-shape.so.0"),
]

if os.environ.get("WAYLAND_DISPLAY"):
    _WINDOW += [
        _library("libwayland-cursor0", "libwayland-cursor.so.0"),
        _library("libwayland-egl1", "libwayland-egl.so.1"),
    ]

_MODEL_SERVER = [_library("libgomp1", "libgomp.so.1")]

_VIRTUAL_SCREEN = [_program("xvfb", "Xvfb"), _program("xauth", "xauth"), _program("openbox", "openbox")]

# A real keyring for the tests of keys, on a message bus of its own.
_KEYRING = [_program("dbus-daemon", "dbus-run-session"), _program("gnome-keyring", "gnome-keyring-daemon")]

# Kills a save at each of its system calls.
_TRACER = [_program("strace", "strace")]

# Runs the tools that exported files are checked with and that are not written in Python.
_NODE = [_program("nodejs", "node"), _program("npm", "npm")]

HAS_DISPLAY = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
"""Whether this Linux has a screen to show windows on."""


def system_python() -> Path | None:
    """Give the Python of Debian and its like that a program is frozen from; None on other systems."""
    if sys.platform != "linux" or shutil.which("dpkg") is None:
        return None
    found = (Path(f"/usr/bin/python3.{minor}") for minor in range(11, 15))
    return next((path for path in found if path.exists()), None)


def _of_the_builder() -> list[Prerequisite]:
    """What freezing needs of the Python that it is done with: its library, and pip for an environment of its own."""
    system = system_python()
    if system is None:
        soname = str(sysconfig.get_config_var("INSTSONAME") or f"lib{_PYTHON}.so.1.0")
        return [_library(f"lib{_PYTHON}", soname)]
    name = system.name
    return [
        Prerequisite(f"{name}-venv", lambda: Path(f"/usr/lib/{name}/ensurepip").is_dir()),
        Prerequisite(f"lib{name}", lambda: any(Path("/usr/lib").glob(f"*/lib{name}.so.1.0"))),
    ]


_BUNDLE = [_program("binutils", "objdump"), _program("chrpath", "chrpath"), *_of_the_builder()]

# Elsewhere the archive is made alone.
_DEBIAN_PACKAGE = [_program("dpkg-dev", "dpkg-shlibdeps")] if shutil.which("dpkg") else []

_WINDOW_LIST = [_program("x11-utils", "xwininfo")]

# What looks at a package, makes a root to install it in, and drives the window there through accessibility.
_PACKAGE_CHECKS = [
    _program("lintian", "lintian"),
    _program("desktop-file-utils", "desktop-file-validate"),
    _program("appstream", "appstreamcli"),
    _program("nsis", "makensis"),
    _program("debootstrap", "debootstrap"),
    _program("man-db", "man"),
    _program("dbus-daemon", "dbus-daemon"),
    Prerequisite("at-spi2-core", lambda: Path("/usr/share/dbus-1/services/org.a11y.Bus.service").is_file()),
    Prerequisite("python3-pyatspi", lambda: Path("/usr/lib/python3/dist-packages/pyatspi").is_dir()),
]

OLDEST_GLIBC = {"x86_64": (2, 34), "aarch64": (2, 39)}
"""What Qt 6.11's wheels are built against: Debian 12, Ubuntu 22.04 and RHEL 9; on ARM Debian 13 and Ubuntu 24.04."""

NEEDS: dict[str, list[Prerequisite]] = {
    "run": [*_ENVIRONMENT, *_WINDOW],
    "demo": [*_ENVIRONMENT, *_WINDOW, *_MODEL_SERVER, *([] if HAS_DISPLAY else _VIRTUAL_SCREEN)],
    "test": [*_ENVIRONMENT, *_WINDOW, *_MODEL_SERVER, *_VIRTUAL_SCREEN, *_KEYRING, *_TRACER],
    "check": [*_ENVIRONMENT, *_WINDOW, *_MODEL_SERVER, *_VIRTUAL_SCREEN, *_KEYRING, *_TRACER],
    "test-packaged": [*_ENVIRONMENT, *_WINDOW, *_MODEL_SERVER, *_VIRTUAL_SCREEN, *_BUNDLE, *_WINDOW_LIST],
    "test-interop": [*_ENVIRONMENT, *_WINDOW, *_MODEL_SERVER],
    "test-interop-node": [*_ENVIRONMENT, *_WINDOW, *_MODEL_SERVER, *_NODE],
    "package": [*_ENVIRONMENT, *_WINDOW, *_BUNDLE, *_DEBIAN_PACKAGE],
    "test-installer": [
        *_ENVIRONMENT,
        *_WINDOW,
        *_MODEL_SERVER,
        *_VIRTUAL_SCREEN,
        *_BUNDLE,
        *_DEBIAN_PACKAGE,
        *_WINDOW_LIST,
        *_PACKAGE_CHECKS,
    ],
}
"""What each command needs of the system, where the system is a Linux."""


def missing(command: str) -> list[str]:
    """Give the Debian names of what `command` needs and does not find; empty on macOS and Windows."""
    if not sys.platform.startswith("linux"):
        return [] if _has_ensurepip() else ["ensurepip"]
    return [need.package for need in NEEDS[command] if not need.is_there()]


def ensure(command: str) -> None:
    """Have everything that `command` needs, by installing it where that may be done without asking.

    Raises:
        PrerequisitesMissing: with the line to run.
    """
    _refuse_an_old_system()
    packages = missing(command)
    if not packages:
        return
    names = " ".join(packages)
    if not shutil.which("apt-get"):
        raise PrerequisitesMissing(f"This system lacks what Debian calls {names}. Install those and try again.")
    prefix = _right_to_install()
    if prefix is None:
        line = f"sudo apt-get update && sudo apt-get install --yes --no-install-recommends {names}"
        raise PrerequisitesMissing(
            f"This system lacks a few packages. Install them with this line, then try again:\n\n{line}\n"
        )
    print(f"Installing what this system lacks: {names}", flush=True)
    for arguments in _apt_calls(packages):
        try:
            subprocess.run([*prefix, *arguments], check=True, stdin=subprocess.DEVNULL)
        except subprocess.CalledProcessError as error:
            raise PrerequisitesMissing(f"apt-get could not install {names}; what it said is above.") from error
    still = missing(command)
    if still:
        raise PrerequisitesMissing(f"These packages are installed and yet not usable: {' '.join(still)}.")


def _refuse_an_old_system() -> None:
    library, version = platform.libc_ver()
    oldest = OLDEST_GLIBC.get(platform.machine())
    if library == "glibc" and oldest and tuple(int(part) for part in version.split(".")[:2]) < oldest:
        needed = ".".join(map(str, oldest))
        raise PrerequisitesMissing(
            f"Qt needs glibc {needed} or newer on {platform.machine()}; this system has {version}."
        )


def _right_to_install() -> list[str] | None:
    """Give what to put before apt-get: nothing for root, sudo on a build machine; None where one must ask."""
    if os.geteuid() == 0:
        return []
    if os.environ.get("CI") and shutil.which("sudo"):
        return ["sudo", "--non-interactive"]
    return None


def _apt_calls(packages: list[str]) -> Iterator[list[str]]:
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    yield [*environment, "apt-get", "update", "--quiet"]
    yield [*environment, "apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages]
