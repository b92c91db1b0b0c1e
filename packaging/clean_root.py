"""A fresh Debian in a folder, with nothing beyond its base packages and so without Python, to install a package into.

The base is made once by debootstrap and kept as an archive, with the packages that were fetched for it: the next root
takes seconds. Everything in the root runs by chroot, which needs root's rights, and in a mount namespace of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

PERSON = "ada"
PERSON_ID = 1000
HOME = f"/home/{PERSON}"
_BASE_LIVES_S = 14 * 24 * 3600
"""After this a base is made anew: the packages of an old one are no longer to be had."""

_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


class RootFailed(Exception):
    """What could not be done in the root, with what was said about it."""


def cache_folder() -> Path:
    """Where the base and fetched packages are kept between runs."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(given) if given else Path.home() / ".cache") / "muster-build"


class CleanRoot:
    """A Debian below `folder`; its commands get this machine's clock and nothing of its environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cache = cache_folder()
        self._shared = ""

    def make(self) -> str:
        """Unpacks the base, making it first where none is kept; says which.

        Raises:
            RootFailed: debootstrap or tar failed.
        """
        base = self._cache / f"debian-{_codename()}-{_architecture()}.tar"
        is_kept = base.is_file() and time.time() - base.stat().st_mtime < _BASE_LIVES_S
        if is_kept:
            self.folder.mkdir(parents=True, exist_ok=True)
            _run(["tar", "--extract", "--numeric-owner", "--file", str(base), "--directory", str(self.folder)])
        else:
            mirror = _mirror()
            _run(["debootstrap", "--variant=minbase", _codename(), str(self.folder), *([mirror] if mirror else [])])
            for fetched in (self.folder / "var/cache/apt/archives").glob("*.deb"):
                fetched.unlink()
            self._cache.mkdir(parents=True, exist_ok=True)
            half = base.with_suffix(".half")
            _run(["tar", "--create", "--numeric-owner", "--file", str(half), "--directory", str(self.folder), "."])
            half.replace(base)
        self._name_the_person()
        return "kept from an earlier run" if is_kept else "made by debootstrap"

    def _name_the_person(self) -> None:
        identity = f"{PERSON}:x:{PERSON_ID}:"
        with (self.folder / "etc/passwd").open("a", encoding="utf-8") as file:
            file.write(f"{identity}{PERSON_ID}::{HOME}:/bin/sh\n")
        with (self.folder / "etc/group").open("a", encoding="utf-8") as file:
            file.write(f"{identity}\n")
        home = self.folder / HOME.lstrip("/")
        home.mkdir(parents=True)
        os.chown(home, PERSON_ID, PERSON_ID)
        home.chmod(0o700)

    # ------------------------------------------------------------------------------------------------------ packages

    def fetch(self, package: Path, others: Sequence[str] = ()) -> int:
        """Fetches what the package and the others depend on, so that installing needs no network; gives their number.

        Raises:
            RootFailed: a dependency is not to be had.
        """
        shutil.copyfile(package, self.folder / package.name)
        for name in ("etc/resolv.conf", "etc/hosts"):
            if Path("/", name).is_file():
                shutil.copyfile(Path("/", name), self.folder / name)
        self._follow_the_hosts_sources()
        archives, kept = self.folder / "var/cache/apt/archives", self._cache / "packages"
        kept.mkdir(parents=True, exist_ok=True)
        for file in kept.glob("*.deb"):
            shutil.copyfile(file, archives / file.name)
        self.run(["apt-get", "update", "--quiet", "--quiet"])
        wanted = [f"/{package.name}", *others]
        self.run(["apt-get", "install", "--download-only", *_SWITCHES, *wanted])
        fetched = list(archives.glob("*.deb"))
        for file in fetched:
            shutil.copyfile(file, kept / file.name)
        return len(fetched)

    def _follow_the_hosts_sources(self) -> None:
        """The root asks the same mirror, through the same proxy, as this machine."""
        for name in ("etc/apt/sources.list", "etc/apt/sources.list.d", "etc/apt/apt.conf.d", "etc/apt/trusted.gpg.d"):
            source, target = Path("/", name), self.folder / name
            if source.is_dir():
                for file in source.iterdir():
                    if "docker" not in file.name and file.is_file():
                        shutil.copyfile(file, target / file.name)
            elif source.is_file():
                shutil.copyfile(source, target)

    def install(self, *packages: str) -> None:
        """Installs packages from what was fetched.

        Raises:
            RootFailed: apt-get refused.
        """
        self.run(["apt-get", "install", *_SWITCHES, *packages])

    def purge(self, *packages: str) -> None:
        """Removes packages with their settings, and what was installed for them alone."""
        self.run(["apt-get", "purge", *_SWITCHES, "--auto-remove", *packages])

    # ------------------------------------------------------------------------------------------------------ commands

    def mount(self, shared: Path) -> None:
        """Gives the root what every system has, and one folder of this machine under the same name.

        It is undone with the mount namespace that this process is in.
        """
        for kind, place in (("proc", "proc"), ("tmpfs", "dev/shm")):
            (self.folder / place).mkdir(parents=True, exist_ok=True)
            _run(["mount", "-t", kind, kind, str(self.folder / place)])
        for name in ("null", "zero", "random", "urandom", "tty"):
            device = self.folder / "dev" / name
            device.touch(exist_ok=True)
            _run(["mount", "--bind", f"/dev/{name}", str(device)])
        self._shared = str(shared).lstrip("/")
        inside = self.folder / self._shared
        inside.mkdir(parents=True, exist_ok=True)
        _run(["mount", "--bind", str(shared), str(inside)])

    def command(self, arguments: Sequence[str], *, as_person: bool = False, **environment: str) -> list[str]:
        """What runs a program in the root, with this environment and no other."""
        who = [f"--userspec={PERSON_ID}:{PERSON_ID}"] if as_person else []
        own = {**_QUIET, "HOME": HOME if as_person else "/root", **environment}
        settings = [f"{name}={value}" for name, value in own.items()]
        return ["chroot", *who, str(self.folder), "env", "--ignore-environment", *settings, *arguments]

    def run(self, arguments: Sequence[str], *, as_person: bool = False, **environment: str) -> str:
        """Runs a program in the root to its end; what it wrote.

        Raises:
            RootFailed: it ended with another code than 0.
        """
        return _run(self.command(arguments, as_person=as_person, **environment))

    # --------------------------------------------------------------------------------------------------------- files

    def files(self, below: str = ".") -> set[str]:
        """Every path in the root but what packaging tools keep for themselves and what is no file of its own."""
        found: set[str] = set()
        for folder, folders, names in os.walk(self.folder / below):
            place = Path(folder).relative_to(self.folder)
            folders[:] = [name for name in folders if not self._is_of_the_tools(place / name)]
            found.update((place / name).as_posix() for name in folders)
            found.update((place / name).as_posix() for name in names if not self._is_of_the_tools(place / name))
        return found

    def _is_of_the_tools(self, path: Path) -> bool:
        return path.as_posix() in _NOT_LOOKED_INTO or path.as_posix() == self._shared

    def contents(self) -> dict[str, str]:
        """What each file of the system's settings and programs holds, as a digest; of links where they point."""
        return {path: _digest(self.folder / path) for below in ("etc", "usr") for path in self.files(below)}

    def programs_like(self, prefix: str) -> list[str]:
        """The programs in the root whose name starts so."""
        places = [self.folder / name for name in ("usr/bin", "usr/sbin", "usr/local/bin")]
        return sorted(path.name for place in places for path in place.glob(f"{prefix}*"))


_SWITCHES = ["--yes", "--quiet", "--quiet", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0"]
_NOT_LOOKED_INTO = {
    *("proc", "sys", "dev", "var/lib/dpkg", "var/lib/apt", "var/cache/apt", "var/cache/debconf", "var/cache/ldconfig"),
    *("var/log/apt", "var/log/dpkg.log", "var/log/alternatives.log"),
}
"""What is no file of the root's own, and the books of the tools that install."""


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def remove(folder: Path) -> None:
    """Takes the root away."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)


def _run(command: Iterable[str]) -> str:
    listed = list(command)
    done = subprocess.run(
        listed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, check=False
    )
    if done.returncode:
        raise RootFailed(f"{' '.join(listed[:6])} … ended with {done.returncode}: {done.stdout[-3000:]}")
    return done.stdout


def _codename() -> str:
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    named = dict(line.split("=", 1) for line in lines if "=" in line)
    return named.get("VERSION_CODENAME", "bookworm").strip('"')


def _architecture() -> str:
    return _run(["dpkg", "--print-architecture"]).strip()


def _mirror() -> str:
    """The address that this machine gets its packages from; empty where apt does not say."""
    form = "$(REPO_URI) $(RELEASE)"
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", form, "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in listed.stdout.splitlines():
        address, _, release = line.partition(" ")
        if address and release == _codename():
            return address
    return ""


if __name__ == "__main__":
    sys.exit("See packaging/installer_run.py.")
