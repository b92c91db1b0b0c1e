"""The exact versions that Muster is run, shown and tested with: `python packaging/requirements.py` locks them anew.

So are those of the tools whose own code reads exported files, each for itself (`interop-TOOL.txt`, and npm's locks).

Each file of `packaging/requirements/` holds what its command needs beyond the file that it names in its first line,
with the hashes of every system's wheels and without the name of any host. Plain pip installs them.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).resolve().parent / "requirements"

PARENTS: dict[str, str | None] = {
    "runtime": None,
    "weights": None,
    "demo": "runtime",
    "test": "demo",
    "check": "test",
    "package": "runtime",
}
"""Every lock and the one that it stands on."""

TOOLS: dict[str, list[str]] = {
    "kiln": ["kiln-ai", "mcp<2"],  # mcp 2 has taken away what Kiln imports
    "litellm": ["litellm[proxy]"],
    "llm": ["llm"],
    "pydantic-ai": ["pydantic-ai-slim[openai]"],
    "goose": ["goose-sdk"],  # has pre-releases alone
    "aider": ["aider-chat"],
}
"""The tools written in Python whose own code reads exported files, and what is installed of them."""

_NODE_LOCKS = Path(__file__).resolve().parent / "npm"

_GROUPS = {"runtime": [], **{name: ["--group", name] for name in ("demo", "test", "check", "package")}}
_GROUPS["weights"] = ["--only-group", "weights"]


def chain(name: str) -> list[str]:
    """Give the lock's name after those of all that it stands on."""
    parent = PARENTS[name]
    return [*(chain(parent) if parent else []), name]


def requirements_in(text: str) -> dict[str, str]:
    """Give each requirement's lines, version and hashes, by its name."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    return {block.split("==")[0]: block.rstrip("\n") for block in blocks if "==" in block}


def lock(upgrade: list[str]) -> None:
    """Resolve pyproject.toml for every system and write all files; keeps the versions that it can, but for `upgrade`.

    `upgrade` holds names of packages; empty means all of them.
    """
    uv = [sys.executable, "-m", "uv"]
    with tempfile.TemporaryDirectory() as folder:
        text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
        # A version that has to be read from the code would make uv build the project.
        text = text.replace('dynamic = ["version"]', 'version = "0"')
        kept = [] if not upgrade else _kept_versions(upgrade)
        text = text.replace("[tool.uv]\n", f"[tool.uv]\nconstraint-dependencies = {kept!r}\n")
        (Path(folder) / "pyproject.toml").write_text(text, encoding="utf-8")
        for name in ("README.md", "LICENSE"):
            (Path(folder) / name).touch()
        subprocess.run([*uv, "lock", "--python", sys.executable], cwd=folder, check=True)
        locked = {name: requirements_in(_export(uv, folder, name)) for name in PARENTS}
    FOLDER.mkdir(exist_ok=True)
    for name, parent in PARENTS.items():
        own = {key: block for key, block in locked[name].items() if not parent or key not in locked[parent]}
        head = f"-r {parent}.txt\n" if parent else ""
        body = "\n".join(own[key] for key in sorted(own))
        (FOLDER / f"{name}.txt").write_text(f"{head}{body}\n", encoding="utf-8", newline="\n")
        print(f"packaging/requirements/{name}.txt: {len(own)} packages")


def lock_tools(upgrade: list[str]) -> None:
    """Resolve each tool for itself, for every system, as `lock` does."""
    uv = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    quiet = ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--only-binary", ":all:"]
    which = [f"--upgrade-package={name}" for name in upgrade] or ["--upgrade"]
    for tool, stated in TOOLS.items():
        path = FOLDER / f"interop-{tool}.txt"
        releases = ["--prerelease", "allow" if tool == "goose" else "disallow"]
        command = [*uv, *quiet, *which, *releases, "--output-file", str(path), "-"]
        subprocess.run(command, input="\n".join(stated), text=True, check=True, stdout=subprocess.DEVNULL)
        text = path.read_text(encoding="utf-8")
        print(f"packaging/requirements/{path.name}: {len(requirements_in(text))} packages")


def lock_node_tools() -> None:
    """Lock what stands in each package.json below packaging/npm, whose versions are raised there by hand."""
    npm = shutil.which("npm")
    if npm is None:
        print("packaging/npm is left as it is: there is no npm here.")
        return
    quiet = ["--ignore-scripts", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund", "--loglevel=error"]
    for folder in sorted(path.parent for path in _NODE_LOCKS.glob("*/package.json")):
        subprocess.run([npm, "install", "--package-lock-only", *quiet], cwd=folder, check=True)


def _export(uv: list[str], folder: str, name: str) -> str:
    wanted = ["--no-default-groups", "--no-emit-project", "--no-header", "--no-annotate", *_GROUPS[name]]
    command = [*uv, "export", "--quiet", "--frozen", "--format", "requirements.txt", *wanted]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def _kept_versions(upgrade: list[str]) -> list[str]:
    kept = []
    for name in PARENTS:
        text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
        for key, block in requirements_in(text).items():
            if key not in upgrade:
                kept.append(block.split(" \\")[0].strip())
    return kept


if __name__ == "__main__":
    lock(sys.argv[1:])
    lock_tools(sys.argv[1:])
    lock_node_tools()
