"""What the project promises about itself, read from its files and seen in fresh interpreters."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parent.parent
LOCKS = sorted((PROJECT / "packaging" / "requirements").glob("*.txt"))
WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
NODE_LOCKS = sorted((PROJECT / "packaging" / "npm").glob("*/package-lock.json"))

LONGEST_FILE_LINES = 400
"""Past 350 a file is split by subject; the rest is room for finishing a thought."""

# Written in pieces, because this file is read too.
PACKAGE_HOSTS = [
    f"{name}.{domain}"
    for name, domain in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry.npmjs", "org"),
        ("registry.yarnpkg", "com"),
        ("conda.anaconda", "org"),
        ("crates", "io"),
        ("deb.debian", "org"),
    ]
]
PLACES_OF_ONE_MACHINE = [
    re.compile(rf"(?<![\w.-])/{name}(?![\w-])") for name in ("work/main", "work/shared", "tmp/muster")
]


def tracked_files() -> list[Path]:
    """Give every file that is or would be committed."""
    listing = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.split("\0")
    files = [PROJECT / name for name in names if name]
    return [file for file in files if file.is_file()]


def python_files(*roots: str) -> list[Path]:
    return [file for file in tracked_files() if file.suffix == ".py" and file.relative_to(PROJECT).parts[0] in roots]


def named(file: Path) -> str:
    return file.relative_to(PROJECT).as_posix()


def modules_of(root: str) -> list[str]:
    """Give the names of all modules of a package, as they are imported."""
    parts = [file.relative_to(PROJECT).with_suffix("").parts for file in python_files(root)]
    return sorted(".".join(part for part in names if part != "__init__") for names in parts)


def loaded_by(modules: list[str]) -> set[str]:
    """Import the modules in a fresh interpreter and give the top-level names of all that it then holds."""
    code = f"import importlib, json, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
    code += "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def imports_of(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Give each import statement below `tree` with the top-level name of what it imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node, node.module.partition(".")[0]


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


# ------------------------------------------------------------------------------------------------- who knows whom


def test_all_of_core_is_imported_without_qt() -> None:
    assert loaded_by(modules_of("core")) & {"PySide6", "shiboken6", "gui"} == set()


def test_importing_core_imports_no_litellm() -> None:
    assert loaded_by(modules_of("core")) & {"litellm", "openai", "tiktoken"} == set()


def test_the_window_starts_without_litellm_and_without_a_network_client() -> None:
    heavy = {"litellm", "openai", "httpx", "aiohttp", "requests", "asyncio", "tiktoken", "boto3"}
    assert loaded_by(["gui.app"]) & heavy == set()


def test_all_of_gui_is_imported_without_litellm_and_without_a_network_client() -> None:
    assert loaded_by(modules_of("gui")) & {"litellm", "openai", "httpx", "aiohttp", "requests", "asyncio"} == set()


def test_litellm_is_imported_in_the_engine_only_and_only_inside_functions() -> None:
    wrong = []
    for file in python_files("core", "gui"):
        tree = parsed(file)
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        inside = {id(statement) for function in functions for statement in ast.walk(function)}
        for statement, name in imports_of(tree):
            if name == "litellm" and (named(file) != "core/engine.py" or id(statement) not in inside):
                wrong.append(f"{named(file)}:{statement.lineno}")
    assert wrong == []


# --------------------------------------------------------------------------------------------------------------- Qt


SIGNALS_WITHOUT_END = """
from PySide6.QtCore import QCoreApplication, QObject, Signal

class Sender(QObject):
    toggled = Signal(bool)
    changed = Signal(object)

app = QCoreApplication([])
sender, seen = Sender(), []
sender.toggled.connect(lambda value: None)
sender.changed.connect(lambda value: None)
for _ in range(100_000):
    sender.toggled.emit(True)
    sender.changed.emit(None)
for _ in range(200_000):
    sender.setObjectName("a")
print("alive")
"""


@pytest.mark.timeout(60)
def test_two_hundred_thousand_signals_and_calls_do_not_abort_the_process() -> None:
    # PySide6 6.12.0 on Python 3.11 loses a reference to None or True on each of them and aborts after about 570.
    done = subprocess.run([sys.executable, "-c", SIGNALS_WITHOUT_END], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr


RUNS_THE_PROGRAM = frozenset({"gui/app.py", "gui/application.py"})

FORBIDDEN_CALLS = {
    "processEvents": "it runs other handlers in the middle of this one",
    "terminate": "a thread that is cut off leaves its locks held",
    "setStyleSheet": "a style sheet drops the native style and ignores a change of palette",
}


def test_the_window_runs_no_nested_event_loop_and_sets_no_style_sheet() -> None:
    wrong = []
    for file in python_files("gui"):
        for node in ast.walk(parsed(file)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            name = node.func.attr
            if name in FORBIDDEN_CALLS:
                wrong.append(f"{named(file)}:{node.lineno}: {name}: {FORBIDDEN_CALLS[name]}")
            if name in {"exec", "exec_"} and named(file) not in RUNS_THE_PROGRAM:
                wrong.append(f"{named(file)}:{node.lineno}: {name}: use open() and signals")
    assert wrong == []


SHOWS_ITS_TEXT = frozenset(
    {
        "QAction", "QCheckBox", "QDockWidget", "QGroupBox", "QLabel", "QLineEdit", "QMenu", "QPushButton",
        "QRadioButton", "QToolBar", "QUndoCommand", "addAction", "addButton", "addItem", "addMenu", "addRow",
        "addTab", "addToolBar", "critical", "information", "question", "setAccessibleDescription",
        "setAccessibleName", "setInformativeText", "setPlaceholderText", "setStatusTip", "setText", "setTitle",
        "setToolTip", "setWhatsThis", "setWindowTitle", "showMessage", "warning",
    }
)  # fmt: skip
"""Qt's names whose texts a person reads; `log.warning` and its like are told apart by their receiver."""

TRANSLATES = frozenset({"tr", "translate"})


def text_in(node: ast.expr) -> str:
    """Give the letters that are written into an expression: of a string, and between the braces of an f-string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_in(part) for part in node.values)
    return ""


def test_every_text_on_screen_is_translatable() -> None:
    wrong = []
    for file in python_files("gui"):
        for node in ast.walk(parsed(file)):
            if not isinstance(node, ast.Call):
                continue
            receiver, _, name = ast.unparse(node.func).rpartition(".")
            if name in SHOWS_ITS_TEXT and "log" not in receiver.lower():
                texts = [
                    text for text in map(text_in, node.args) if re.search(r"[A-Za-z]{2}", text) and text != "Muster"
                ]
                wrong += [f"{named(file)}:{node.lineno}: {name}({text!r})" for text in texts]
            if name in TRANSLATES and any(isinstance(argument, ast.JoinedStr) for argument in node.args):
                wrong.append(f"{named(file)}:{node.lineno}: an f-string is another text every time and is never found")
    assert wrong == []


# ------------------------------------------------------------------------------------------------------------- files


def test_no_file_names_a_package_host_or_a_place_of_one_machine() -> None:
    wrong = []
    for file in tracked_files():
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found = [host for host in PACKAGE_HOSTS if host in text]
        found += [place.pattern for place in PLACES_OF_ONE_MACHINE if place.search(text)]
        wrong += [f"{named(file)}: {what}" for what in found]
    assert wrong == []


def test_files_are_short_enough_to_read_in_one_sitting() -> None:
    lengths = {named(file): len(file.read_text(encoding="utf-8").splitlines()) for file in python_files("core", "gui")}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE_LINES} == {}


def test_no_file_is_named_after_nothing_of_the_domain() -> None:
    empty = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "base"}
    assert [named(file) for file in python_files("core", "gui", "tests") if file.stem in empty] == []


def test_no_test_is_skipped_expected_to_fail_or_sleeping() -> None:
    wrong = []
    for file in python_files("tests"):
        for node in ast.walk(parsed(file)):
            if not isinstance(node, ast.Attribute):
                continue
            text = ast.unparse(node)
            if text in {"pytest.skip", "pytest.xfail", "pytest.importorskip", "time.sleep"} or re.fullmatch(
                r"pytest\.mark\.(skip|skipif|xfail)", text
            ):
                wrong.append(f"{named(file)}:{node.lineno}: {text}")
    assert wrong == []


# ------------------------------------------------------------------------------------------------------------- locks


def locked_versions() -> dict[str, str]:
    pattern = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
    # Each of the tools that read exported files has its own versions.
    own = [file for file in LOCKS if not file.stem.startswith("interop-")]
    pairs = [pair for file in own for pair in pattern.findall(file.read_text(encoding="utf-8"))]
    return {canonicalize_name(name): version for name, version in pairs}


def stated_requirements() -> list[Requirement]:
    stated = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = [*stated["project"]["dependencies"]]
    for group in stated["dependency-groups"].values():
        lines += [line for line in group if isinstance(line, str)]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("requirement", stated_requirements(), ids=lambda requirement: requirement.name)
def test_every_stated_requirement_is_locked_at_a_version_that_it_allows(requirement: Requirement) -> None:
    assert requirement.specifier.contains(locked_versions()[canonicalize_name(requirement.name)])


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_locked_version_has_a_hash(lock: Path) -> None:
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [block for block in blocks if "==" in block and "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("lock", NODE_LOCKS, ids=lambda lock: lock.parent.name)
def test_every_locked_package_of_npm_has_a_hash_and_no_host(lock: Path) -> None:
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert installed
    assert [name for name, package in installed.items() if not package.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, package in installed.items() if "resolved" in package] == []


def test_the_version_is_written_in_one_place() -> None:
    stated = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in stated["project"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", _version_of_core())


def _version_of_core() -> str:
    code = "import core; print(core.__version__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


# --------------------------------------------------------------------------------------------------------- workflows

OFFERED_MACHINES = frozenset({"ubuntu-24.04", "windows-2025", "macos-15", "macos-15-intel"})
"""Each names a system and its version; those called latest change under a release, and macos-13 and -14 are gone."""

FIRST_MAJORS_ON_NODE_24 = {"actions/checkout": 5, "actions/setup-python": 6, "actions/upload-artifact": 6}
"""Those before them ran on Node 20, which the machines no longer have."""


def jobs_of(workflow: Path) -> dict[str, dict[str, Any]]:
    jobs: dict[str, dict[str, Any]] = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return jobs


def machines_of(job: dict[str, Any]) -> set[str]:
    """Give the labels that a job runs on, those of its matrix among them."""
    matrix = job.get("strategy", {}).get("matrix", {})
    listed = {*matrix.get("os", ()), *(row["os"] for row in matrix.get("include", ()) if "os" in row)}
    return listed if "matrix." in job["runs-on"] else {job["runs-on"]}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.stem)
def test_workflows_run_on_machines_that_are_offered_and_state_their_version(workflow: Path) -> None:
    asked = {name: machines_of(job) for name, job in jobs_of(workflow).items()}
    assert all(asked.values())
    assert {
        name: sorted(labels - OFFERED_MACHINES) for name, labels in asked.items() if labels - OFFERED_MACHINES
    } == {}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.stem)
def test_every_action_is_pinned_by_its_commit_and_runs_on_a_node_that_is_there(workflow: Path) -> None:
    used = re.findall(r"\buses: *(.*)", workflow.read_text(encoding="utf-8"))
    pinned = [re.fullmatch(r"([\w.-]+/[\w./-]+)@[0-9a-f]{40} # v(\d+)\.\d+\.\d+", line) for line in used]
    assert used
    assert [line for line, found in zip(used, pinned, strict=True) if found is None] == []
    assert [found[0] for found in pinned if found and int(found[2]) < FIRST_MAJORS_ON_NODE_24[found[1]]] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.stem)
def test_one_machine_of_a_matrix_does_not_stop_the_others(workflow: Path) -> None:
    several = {name: job["strategy"] for name, job in jobs_of(workflow).items() if "matrix" in job.get("strategy", {})}
    assert {name: strategy.get("fail-fast") for name, strategy in several.items()} == dict.fromkeys(several, False)


def test_workflows_install_stated_versions_and_upload_what_they_tested() -> None:
    text = "".join(workflow.read_text(encoding="utf-8") for workflow in WORKFLOWS)
    assert [line for line in re.findall(r"choco install .*", text) if not re.search(r"--version=\d+\.\d+", line)] == []
    (tested,) = [
        step for step in jobs_of(WORKFLOWS[-1])["linux"]["steps"] if "make test-installer" in step.get("run", "")
    ]
    assert tested["env"] == {"MUSTER_DIST": "dist"}
