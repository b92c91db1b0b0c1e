"""One environment a tool, made from the locks of the repository and kept below .interop/.

Only the standard library: what is made here is not for the Python that runs this.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / ".interop"
_PYTHON_LOCKS = PROJECT / "packaging" / "requirements"
_NODE_LOCKS = PROJECT / "packaging" / "npm"

PYTHON_TOOLS = ("kiln", "litellm", "llm", "pydantic-ai", "goose", "aider")
NODE_TOOLS = ("continue", "librechat", "opencode")
SCHEMA_TOOLS = ("zed", "vscode")
"""No code of theirs can be had as a package: what their sources say is written down as JSON Schemas."""

TOOLS = (
    "kiln",
    "litellm",
    "llm",
    "pydantic-ai",
    "continue",
    "goose",
    "librechat",
    "opencode",
    "aider",
    "zed",
    "vscode",
)
"""In the order of importance."""

OLDEST_NODE = 18


class EnvironmentMissing(Exception):
    """Why a tool's environment cannot be made here, and what to do."""


@dataclass(frozen=True)
class Environment:
    """Where a tool's own code is; says how its checker is started."""

    tool: str
    folder: Path

    @property
    def python(self) -> Path:
        """The interpreter with the tool's packages; for Zed and VS Code the one that runs this."""
        if self.tool in SCHEMA_TOOLS:
            return Path(sys.executable)
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def checker(self) -> list[str]:
        """The command that checks the file which is added to it."""
        name = f"{self.tool.replace('-', '_')}_checker"
        if self.tool in NODE_TOOLS:
            return [_node(), str(PROJECT / "tests" / "interop" / "checkers" / f"{name}.mjs")]
        return [str(self.python), "-m", f"tests.interop.checkers.{name}"]

    def variables(self, home: Path) -> dict[str, str]:
        """The whole environment of the tool's processes: a throw-away home, no way out of this machine, no key."""
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP") if name in os.environ}
        nowhere = "http://127.0.0.1:9"  # "discard": nothing listens there
        return {
            **kept,
            "HOME": str(home),
            "USERPROFILE": str(home),
            "APPDATA": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local" / "share"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_STATE_HOME": str(home / ".local" / "state"),
            "LC_ALL": "C.UTF-8",
            "PYTHONUTF8": "1",
            "PYTHONPATH": str(PROJECT),
            "MUSTER_TOOL_FOLDER": str(self.folder),
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            "NO_PROXY": "127.0.0.1,localhost",
            **_QUIET.get(self.tool, {}),
            **({"LLM_USER_PATH": str(home / "llm")} if self.tool == "llm" else {}),
        }


_QUIET: Mapping[str, Mapping[str, str]] = {
    "kiln": {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    "litellm": {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "DISABLE_ADMIN_UI": "True"},
    "aider": {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "AIDER_ANALYTICS": "false", "AIDER_CHECK_UPDATE": "false"},
    "opencode": {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1"},
    "continue": {"CONTINUE_TELEMETRY_ENABLED": "0"},
}


def ensure(tool: str) -> Environment:
    """Give the environment of a tool, made first where it is missing or its lock has changed.

    Raises:
        EnvironmentMissing: in words.
    """
    environment = Environment(tool, FOLDER / tool)
    if tool in SCHEMA_TOOLS or is_made(tool):
        return environment
    # A half-made environment has no stamp, so that the next try makes it anew.
    shutil.rmtree(environment.folder, ignore_errors=True)
    if tool in PYTHON_TOOLS:
        _make_python(environment)
    else:
        _make_node(environment)
    _stamp(tool).write_text(_digest(tool), encoding="utf-8")
    return environment


def is_made(tool: str) -> bool:
    """Whether nothing has to be installed for a tool."""
    return tool in SCHEMA_TOOLS or (_stamp(tool).exists() and _stamp(tool).read_text(encoding="utf-8") == _digest(tool))


def _make_python(environment: Environment) -> None:
    venv.create(environment.folder, symlinks=os.name != "nt", with_pip=True)
    lock = _PYTHON_LOCKS / f"interop-{environment.tool}.txt"
    checks = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"]
    # What is not imported need not be compiled: Kiln's and LiteLLM's packages hold 20,000 files.
    command = [str(environment.python), "-m", "pip", "install", "--quiet", "--no-compile", *checks, "-r", str(lock)]
    _run(environment.tool, command, PROJECT)


def _make_node(environment: Environment) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise EnvironmentMissing(f"The check with {environment.tool} needs npm: sudo apt-get install --yes nodejs npm")
    _node()
    if environment.tool == "opencode" and (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise EnvironmentMissing("opencode is checked with its program for Linux on x86-64 alone.")
    environment.folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(_NODE_LOCKS / environment.tool / name, environment.folder / name)
    _run(
        environment.tool,
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        environment.folder,
    )


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        raise EnvironmentMissing("This check needs Node.js: sudo apt-get install --yes nodejs npm")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        raise EnvironmentMissing(f"This check needs Node.js {OLDEST_NODE} or newer; this system has {version}.")
    return node


def _run(tool: str, command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise EnvironmentMissing(f"The packages of {tool} could not be installed. Is there a network?\n{said}")


def _stamp(tool: str) -> Path:
    return FOLDER / tool / "made-from"


def _digest(tool: str) -> str:
    lock = _PYTHON_LOCKS / f"interop-{tool}.txt"
    if tool in NODE_TOOLS:
        lock = _NODE_LOCKS / tool / "package-lock.json"
    # git may have given the file other line ends on another system
    text = f"{sys.version_info[:2]}\n{lock.read_text(encoding='utf-8')}"
    return hashlib.sha256(text.encode()).hexdigest()
