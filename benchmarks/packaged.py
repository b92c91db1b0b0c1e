"""What the installed program costs, beside a bare window of Qt's that is packaged the same way, in one run.

    .venv/bin/python -m benchmarks.packaged [--starts 7] [--dist FOLDER]

Freezes both (Muster not, where FOLDER holds it), leaves the libraries of Debian's packages out of both as the package
does, packs both with dpkg-deb, and starts both on a virtual screen with a window manager. A start ends when the manager
lists the window, which it says by itself: nothing is polled meanwhile. For a cold start the program's own files are put
out of memory first; libraries of the system stay there. Prints a table, then one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.append(str(PROJECT / "packaging"))

import debian  # noqa: E402 - found in packaging/
import environments  # noqa: E402
import hello_window  # noqa: E402

_LIMIT_S = 90.0
_SETTLE_S = 3.0
_MB = 1_000_000
_FOREIGN = ("PYTHON", "QT_", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


@dataclass
class Figures:
    """Of one program; times are medians, each with its range."""

    name: str
    frozen_mb: float = 0.0
    installed_mb: float = 0.0
    download_mb: float = 0.0
    warm_ms: list[float] = field(default_factory=list)
    cold_ms: list[float] = field(default_factory=list)
    memory_mb: float = 0.0
    """Of the window's process, three seconds after the window: what is its own, and its share of what is shared."""
    engine_memory_mb: float = 0.0


def freeze(recipe: str, name: str, place: Path) -> Path:
    """The frozen folder."""
    places = ["--distpath", str(place / "dist"), "--workpath", str(place / "build" / name)]
    builder = environments.builders()
    builder.install("package")
    command = [str(builder.python), "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR", *places, recipe]
    subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
    return place / "dist" / name


def size_mb(folder: Path) -> float:
    """Of all files, links not counted."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(path.stat().st_size for path in files) / _MB


def packed_mb(folder: Path, place: Path) -> float:
    """As a Debian package that holds nothing but the folder."""
    root = place / "root"
    (root / "DEBIAN").mkdir(parents=True)
    stated = {"Package": "packed", "Version": "1", "Architecture": "all", "Maintainer": "x <x@x>", "Description": "x"}
    (root / "DEBIAN" / "control").write_text("".join(f"{name}: {value}\n" for name, value in stated.items()))
    shutil.copytree(folder, root / "usr/lib" / folder.name, symlinks=True)
    package = place / "packed.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(root), str(package)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    size = package.stat().st_size / _MB
    shutil.rmtree(root)
    package.unlink()
    return size


# ------------------------------------------------------------------------------------------------------------- starts


@contextmanager
def desktop() -> Iterator[str]:
    """A virtual screen with a window manager; gives its DISPLAY."""
    with hello_window.virtual_screen() as display:
        manager = subprocess.Popen(
            ["openbox", "--sm-disable"], env={**os.environ, "DISPLAY": display}, stderr=subprocess.DEVNULL
        )
        try:
            with listed_windows(display) as listed:
                next(listed)
            yield display
        finally:
            manager.terminate()
            manager.wait()


@contextmanager
def listed_windows(display: str) -> Iterator[Iterator[int]]:
    """Gives how many windows the manager lists, once now and then at each change."""
    command = ["xprop", "-display", display, "-spy", "-root", "_NET_CLIENT_LIST"]
    spy = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert spy.stdout is not None
    try:
        yield (len(re.findall(r"0x[0-9a-f]+", line)) for line in spy.stdout)
    finally:
        spy.kill()
        spy.communicate()


def forget_files(folder: Path) -> None:
    """Puts the folder's files out of memory."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)


@contextmanager
def started(program: Path, home: Path, display: str) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """The program with its window on the screen, and the milliseconds that took; it is closed afterwards."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    environment |= {"DISPLAY": display, "MUSTER_HOME": str(home), "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    environment |= {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
    with listed_windows(display) as listed:
        next(listed)
        started_s = time.perf_counter()
        process = subprocess.Popen([str(program)], env=environment, stderr=subprocess.DEVNULL)
        while next(listed) == 0:
            pass
        took_ms = (time.perf_counter() - started_s) * 1000
        try:
            yield process, took_ms
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
            while next(listed) > 0:
                pass


def memory_mb(process_id: int) -> float:
    """The process' own memory and its share of what it shares (PSS)."""
    lines = Path(f"/proc/{process_id}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 / _MB for line in lines if line.startswith("Pss:"))


def children_of(process_id: int) -> list[int]:
    """The processes that it started."""
    return [int(number) for number in Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()]


def wait_until_ready(home: Path) -> None:
    """Waits until the engine has said that it is ready."""
    log = home / "log" / "muster.log"
    deadline_s = time.monotonic() + _LIMIT_S
    while "engine is ready" not in (log.read_text(encoding="utf-8") if log.exists() else ""):
        if time.monotonic() > deadline_s:
            raise SystemExit("The engine did not get ready.")
        time.sleep(0.1)


def measure_size(name: str, folder: Path, place: Path) -> Figures:
    """The sizes of one frozen folder; what Debian's packages hold is taken out of it."""
    figures = Figures(name, frozen_mb=size_mb(folder))
    debian.leave_to_debian(folder)
    figures.installed_mb = size_mb(folder)
    figures.download_mb = packed_mb(folder, place)
    return figures


def measure_starts(programs: dict[Path, Figures], place: Path, display: str, starts: int) -> None:
    """Starts the programs in turn, so that what else the machine does meets them alike."""
    homes = (place / f"home-{number}" for number in range(1_000_000))
    for number in range(starts + 1):
        for folder, figures in programs.items():
            with started(folder / folder.name, next(homes), display) as (_process, took_ms):
                if number:  # the first reads its files
                    figures.warm_ms.append(took_ms)
    for _number in range(starts):
        for folder, figures in programs.items():
            forget_files(folder)
            with started(folder / folder.name, next(homes), display) as (_process, took_ms):
                figures.cold_ms.append(took_ms)


def measure_memory(folder: Path, figures: Figures, home: Path, display: str) -> None:
    """What the program holds three seconds after its window, and its engine three seconds after it is ready."""
    with started(folder / folder.name, home, display) as (process, _took_ms):
        time.sleep(_SETTLE_S)
        engines = children_of(process.pid)
        if engines:
            wait_until_ready(home)
            time.sleep(_SETTLE_S)
            figures.engine_memory_mb = sum(memory_mb(engine) for engine in engines)
        figures.memory_mb = memory_mb(process.pid)


def _span(times_ms: list[float]) -> str:
    return f"{statistics.median(times_ms):.0f} ({min(times_ms):.0f} to {max(times_ms):.0f})"


def table(measured: list[Figures]) -> str:
    """The figures as docs/packaging.md has them."""
    rows = {
        "frozen folder, as in the archive (MB)": [f"{item.frozen_mb:.0f}" for item in measured],
        "installed by the package (MB)": [f"{item.installed_mb:.0f}" for item in measured],
        "download, xz (MB)": [f"{item.download_mb:.0f}" for item in measured],
        "start to the window, warm (ms)": [_span(item.warm_ms) for item in measured],
        "start to the window, cold (ms)": [_span(item.cold_ms) for item in measured],
        "memory of the window's process (MB)": [f"{item.memory_mb:.0f}" for item in measured],
        "memory of the engine's process, ready (MB)": [f"{item.engine_memory_mb or 0:.0f}" for item in measured],
    }
    lines = [f"| | {' | '.join(item.name for item in measured)} |", f"|---|{'---|' * len(measured)}"]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items())])


def main() -> None:
    """Measures both and prints."""
    parser = argparse.ArgumentParser(description="What the installed program costs, beside a bare window.")
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--dist", type=Path, help="the folder in which `make package` left the frozen program")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="muster-packaged-") as folder, desktop() as display:
        place = Path(folder)
        bare = freeze("benchmarks/bare_window.spec", "bare", place)
        if options.dist is None:
            muster = freeze("build.spec", "muster", place)
        else:
            muster = place / "dist" / "muster"
            shutil.copytree(options.dist / "muster", muster, symlinks=True)
        programs = {
            folder: measure_size(name, folder, place) for name, folder in (("bare window", bare), ("Muster", muster))
        }
        measure_starts(programs, place, display, options.starts)
        for frozen, figures in programs.items():
            measure_memory(frozen, figures, place / f"memory-{frozen.name}", display)
        measured = list(programs.values())
    print(table(measured))
    print(json.dumps([asdict(item) for item in measured]))


if __name__ == "__main__":
    main()
