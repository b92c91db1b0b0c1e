"""The commands of the project, the same on every system: `python packaging/dev.py run` and so on.

run       open the window on your own roll
demo      the main job on a real small model that it serves itself; needs no key, no server and no screen
test      all tests but those of the frozen program
test-packaged  build the frozen program and run it once through what it is for
test-interop  read exported files with the other tools' own code; MUSTER_INTEROP=kiln,llm chooses tools
test-installer  the same, then package it, install the package in a clean root, use it there and purge it; needs root
hello     run a frozen program once through what it is for: hello dist/muster/muster
lint      ruff, mypy and the import contracts
check     lint, then test
coverage  all tests, with what they reach
package   the program and its installers for this system, below dist/
lock      lock the newest versions that pyproject.toml allows, or with names those packages alone
setup     only install what the commands need

Each makes the folder .venv and installs the locked versions into it first, when they have changed; what is frozen on
Debian comes from Debian's Python, in .venv-package where .venv has another. Further arguments go to the program. The
Makefile calls nothing but this.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import environments
import prerequisites

PROJECT = environments.PROJECT
_PYTHON = environments.OWN.python

_LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"
# It has no `-m`, and the scripts of an environment stop working when its folder is moved.


class Refusal(Exception):
    """Why a command cannot be run here, and what to do."""


# ---------------------------------------------------------------------------------------------------------- commands


def run(arguments: list[str]) -> int:
    """Open the window."""
    if not _has_display():
        raise Refusal(
            "There is no display here, so no window can be opened. `make demo` shows Muster at work on a virtual\n"
            "screen, with pictures of each step; on a machine with a desktop `make run` opens the window."
        )
    _prepare("run", "runtime")
    return _become([str(_PYTHON), "-m", "gui.app", *arguments])


def demo(arguments: list[str]) -> int:
    """Show the main job."""
    _prepare("demo", "demo", "weights")
    return _become([str(_PYTHON), "-m", "tests.demo", *arguments])


def test(arguments: list[str]) -> int:
    """Run the tests, without a screen."""
    _prepare("test", "test", "weights")
    return _call([str(_PYTHON), "-m", "pytest", *arguments])


def test_packaged(arguments: list[str]) -> int:
    """Build the frozen program and run it once through what it is for."""
    _prepare("test-packaged", "package", "test", "weights")
    return _call([str(_PYTHON), "-m", "pytest", "-m", "packaged", *arguments])


def test_interop(arguments: list[str]) -> int:
    """Read exported files with the other tools' own code, installing each tool first where it is missing."""
    chosen = set(os.environ.get("MUSTER_INTEROP", "").replace(",", " ").split())
    needs_node = not chosen or chosen & {"continue", "librechat", "opencode"}
    _prepare("test-interop-node" if needs_node else "test-interop", "test", "weights")
    return _call([str(_PYTHON), "-m", "pytest", "tests/interop", "-m", "interop", *arguments])


def test_installer(arguments: list[str]) -> int:
    """Build the frozen program once, for the checks of it and of the package that is made of it."""
    _prepare("test-installer", "package", "test", "weights")
    return _call([str(_PYTHON), "-m", "pytest", "-m", "packaged or installer", *arguments])


def hello(arguments: list[str]) -> int:
    """Run a frozen program that is there already once through what it is for."""
    _prepare("test-packaged", "test", "weights")
    return _call([str(_PYTHON), str(PROJECT / "packaging" / "hello_run.py"), *arguments])


def coverage(arguments: list[str]) -> int:
    """Run the tests and show which lines and branches they reach."""
    _prepare("test", "test", "weights")
    tool = [str(_PYTHON), "-m", "coverage"]
    _call([*tool, "erase"])
    result = _call([*tool, "run", "-m", "pytest", *arguments])
    _call([*tool, "combine", "--quiet"])
    return _call([*tool, "report"]) or result


def lint(arguments: list[str]) -> int:
    """Run what reads the code without running it."""
    _prepare("check", "check", "weights")
    del arguments
    return _all(
        {
            "ruff check": lambda: _call([str(_PYTHON), "-m", "ruff", "check"]),
            "ruff format": lambda: _call([str(_PYTHON), "-m", "ruff", "format", "--check"]),
            "mypy": lambda: _call([str(_PYTHON), "-m", "mypy"]),
            "import contracts": lambda: _call([str(_PYTHON), "-c", _LINT_IMPORTS]),
        }
    )


def check(arguments: list[str]) -> int:
    """Run everything that must hold before a change is taken."""
    _prepare("check", "check", "weights")
    return _all({"lint": lambda: lint([]), "test": lambda: test(arguments)})


def package(arguments: list[str]) -> int:
    """Build the program for this system, and what installs it."""
    builder = environments.builders()
    _prepare("package", "package", of=builder)
    print(f"Freezing with {builder.maker}.", flush=True)
    code = _call([str(builder.python), "-m", "PyInstaller", "--noconfirm", *arguments, "build.spec"])
    return code or _call([str(builder.python), str(PROJECT / "packaging" / "installers.py"), "dist"])


def lock(arguments: list[str]) -> int:
    """Lock the versions anew."""
    _prepare("check", "check")
    return _call([str(_PYTHON), str(PROJECT / "packaging" / "requirements.py"), *arguments])


def setup(arguments: list[str]) -> int:
    """Install what all commands but `package` need."""
    del arguments
    _prepare("check", "check", "weights")
    print("Everything is installed.")
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    command.__name__.replace("_", "-"): command
    for command in (
        run,
        demo,
        test,
        test_packaged,
        test_installer,
        test_interop,
        hello,
        lint,
        check,
        coverage,
        package,
        lock,
        setup,
    )
}


# ------------------------------------------------------------------------------------------------------------- parts


def _prepare(command: str, *locks: str, of: environments.Environment = environments.OWN) -> None:
    try:
        prerequisites.ensure(command)
        of.install(*locks)
    except (prerequisites.PrerequisitesMissing, environments.NotInstalled) as error:
        raise Refusal(str(error)) from error


def _has_display() -> bool:
    if sys.platform in {"darwin", "win32"}:
        return True
    return prerequisites.HAS_DISPLAY or "QT_QPA_PLATFORM" in os.environ


def _environment() -> dict[str, str]:
    """Give the environment of tests and checks: no screen, and the same language and signs everywhere."""
    own = {"QT_QPA_PLATFORM": "offscreen", "PYTHONUTF8": "1", "PYTHONFAULTHANDLER": "1"}
    if sys.platform.startswith("linux"):
        own["LC_ALL"] = "C.UTF-8"
    return {**os.environ, **own}


def _call(command: list[str]) -> int:
    """Run a program and give its exit code."""
    return subprocess.run(command, cwd=PROJECT, env=_environment(), check=False).returncode


def _become(command: list[str]) -> int:
    """Turn into a program, so that signals reach it; where the system cannot, run it and give its exit code."""
    os.chdir(PROJECT)
    if os.name != "nt":
        os.execv(command[0], command)
    return subprocess.run(command, check=False).returncode


def _all(steps: dict[str, Callable[[], int]]) -> int:
    """Run all steps, also after one has failed, and say at the end which did."""
    failed = []
    for name, step in steps.items():
        print(f"── {name}", flush=True)
        if step():
            failed.append(name)
    if failed:
        print(f"── failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


def main(arguments: list[str]) -> int:
    """Run the command that the first argument names."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an older Python is started with
        print("Muster needs Python 3.11 or newer.", file=sys.stderr)
        return 1
    if not arguments or arguments[0] not in COMMANDS:
        print(__doc__)
        return 0 if arguments in (["help"], ["--help"], ["-h"]) else 2
    try:
        return COMMANDS[arguments[0]](arguments[1:])
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
