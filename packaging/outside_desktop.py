"""A desktop for a program in a clean root.

A virtual screen with a window manager, and a message bus that carries accessibility and nothing else. All of it runs on
this machine, as the person whom the root knows.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import clean_root

_DRIVER = Path(__file__).resolve().with_name("outside_driver.py")
_SYSTEM_PYTHON = "/usr/bin/python3"
_LIMIT_S = 90.0
_POLL_S = 0.05
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <servicedir>{services}</servicedir>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
_SERVICE = "/usr/share/dbus-1/services/org.a11y.Bus.service"


class DesktopFailed(Exception):
    """What the desktop or the program on it did not do."""


@dataclass(frozen=True)
class ShownWindow:
    """A window as the X server and its manager know it."""

    window_id: str
    title: str
    instance: str
    class_name: str
    desktop_file: str
    icon_sides_px: tuple[int, ...]


class OutsideDesktop:
    """Inside `with`. `shared` is a folder that the root sees under the same name."""

    def __init__(self, root: clean_root.CleanRoot, shared: Path) -> None:
        self._root = root
        self._shared = shared
        self._processes: list[subprocess.Popen[bytes]] = []
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        reading, writing = os.pipe()
        server = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1360x820x24", "-nolisten", "tcp", "-noreset"]
        self._start([*server, "-ac"], pass_fds=(writing,))
        os.close(writing)
        with os.fdopen(reading) as numbers:
            number = numbers.readline().strip()
        if not number:
            raise DesktopFailed("Xvfb did not start.")
        address = f"unix:path={self._shared}/bus"
        self.environment = {
            "DISPLAY": f":{number}",
            "DBUS_SESSION_BUS_ADDRESS": address,
            "XDG_RUNTIME_DIR": str(self._shared),
        }
        self._start(["openbox", "--sm-disable"])
        services = self._shared / "services"
        services.mkdir()
        # No keyring and nothing else of this machine: a program in the root finds what a bare desktop has.
        (services / Path(_SERVICE).name).write_bytes(Path(_SERVICE).read_bytes())
        settings = self._shared / "bus.conf"
        settings.write_text(_BUS.format(address=address, services=services), encoding="utf-8")
        self._start(["dbus-daemon", f"--config-file={settings}", "--nofork", "--nopidfile"])
        wait_for((self._shared / "bus").exists, "the message bus")
        self.do("attend")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            process.terminate()
            process.wait(timeout=10)

    def _start(self, command: list[str], *, pass_fds: tuple[int, ...] = ()) -> None:
        self._processes.append(
            subprocess.Popen(
                command,
                env=self._own_environment(),
                cwd="/",
                user=clean_root.PERSON_ID,
                group=clean_root.PERSON_ID,
                extra_groups=[],
                pass_fds=pass_fds,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )

    def _own_environment(self) -> dict[str, str]:
        own = {"PATH": "/usr/bin:/bin", "HOME": str(self._shared), "LC_ALL": "C.UTF-8"}
        return {**own, **self.environment}

    # ---------------------------------------------------------------------------------------------------- the program

    def launch(self, *command: str) -> subprocess.Popen[bytes]:
        """Starts a program of the root as a desktop does: no terminal, no input, nobody who reads what it writes."""
        return subprocess.Popen(
            self._root.command(command, as_person=True, **self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
        )

    def do(self, step: str, *arguments: str) -> Any:
        """Has the driver do a step; what it found.

        Raises:
            DesktopFailed: something was not where it should be.
        """
        done = subprocess.run(
            [_SYSTEM_PYTHON, "-", step, *arguments],
            input=_DRIVER.read_text(encoding="utf-8"),
            capture_output=True,
            text=True,
            env=self._own_environment(),
            cwd="/",
            user=clean_root.PERSON_ID,
            group=clean_root.PERSON_ID,
            extra_groups=[],
            timeout=_LIMIT_S * 3,
            check=False,
        )
        try:
            said = json.loads(done.stdout.splitlines()[-1])
        except (ValueError, IndexError):
            raise DesktopFailed(f"{step}: {done.stderr[-1500:]}") from None
        if "missing" in said:
            raise DesktopFailed(f"{step}: missed {said['missing']}; there was {json.dumps(said['shown'])[:3000]}")
        return said["found"]

    def window(self) -> ShownWindow:
        """Muster's window.

        Raises:
            DesktopFailed: there is none.
        """
        found: list[ShownWindow] = wait_for(self._windows, "a window of Muster")
        return found[0]

    def _windows(self) -> list[ShownWindow]:
        listed = self._ask_x("xprop", "-root", "_NET_CLIENT_LIST")
        windows = [self._described(identity) for identity in re.findall(r"0x[0-9a-f]+", listed)]
        return [window for window in windows if "muster" in window.class_name.lower()]

    def _described(self, identity: str) -> ShownWindow:
        names = ("WM_CLASS", "_NET_WM_NAME", "_KDE_NET_WM_DESKTOP_FILE")
        known = {name: re.findall(r'"([^"]*)"', self._ask_x("xprop", "-id", identity, name)) for name in names}
        instance, class_name = [*known["WM_CLASS"], "", ""][:2]
        icon = self._ask_x("xprop", "-id", identity, "-notype", "32c", "_NET_WM_ICON").partition("=")[2]
        return ShownWindow(
            identity,
            "".join(known["_NET_WM_NAME"]),
            instance,
            class_name,
            "".join(known["_KDE_NET_WM_DESKTOP_FILE"]),
            _icon_sides([int(number) for number in re.findall(r"\d+", icon)]),
        )

    def _ask_x(self, *command: str) -> str:
        environment = {**os.environ, **self.environment}
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False).stdout

    def picture(self, path: Path) -> None:
        """Saves what the screen shows."""
        from PIL import ImageGrab

        ImageGrab.grab(xdisplay=self.environment["DISPLAY"]).save(path)


def _icon_sides(numbers: list[int]) -> tuple[int, ...]:
    """The widths of the pictures in a window's icon: width, height and that many pixels, one after another."""
    sides = []
    while len(numbers) > 2 and numbers[0]:
        sides.append(numbers[0])
        numbers = numbers[2 + numbers[0] * numbers[1] :]
    return tuple(sides)


def wait_for(look: Callable[[], Any], what: str, limit_s: float = _LIMIT_S) -> Any:
    """What `look` gives as soon as it gives something.

    Raises:
        DesktopFailed: it took too long.
    """
    deadline_s = time.monotonic() + limit_s
    while not (found := look()):
        if time.monotonic() > deadline_s:
            raise DesktopFailed(f"waited {limit_s:.0f} s in vain for {what}")
        time.sleep(_POLL_S)
    return found


if __name__ == "__main__":
    sys.exit("See packaging/installer_run.py.")
