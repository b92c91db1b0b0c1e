"""Installs the Debian package in a clean root and uses it: `python packaging/installer_run.py dist/muster_….deb`.

The root is a fresh Debian without Python; the program in it is started as a desktop starts it and driven from outside
through accessibility; it adds a model and runs it on a real llama.cpp server; then the package is purged, and nothing
but the person's own files may be left. From installing on, the network ends at this machine and every packet is seen.
Needs root's rights. Prints each check with its time; `--report FILE` writes the same as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / "packaging")]

import clean_root  # noqa: E402 - found beside this file
import loopback_only  # noqa: E402
import newer_package  # noqa: E402
import product  # noqa: E402
from clean_root import HOME, CleanRoot, RootFailed  # noqa: E402
from outside_desktop import DesktopFailed, OutsideDesktop, wait_for  # noqa: E402

from core.entry import UserModelEntry  # noqa: E402
from tests.rolls import BOX, share_roll  # noqa: E402
from tests.servers.llama import LlamaServer  # noqa: E402
from tests.servers.llama_kinds import LlamaKind, options_of  # noqa: E402

DESKTOP_PARTS = ("shared-mime-info", "desktop-file-utils", "libglib2.0-bin")
"""What a desktop has for opening a file by double click; installed late, so that the package cannot lean on them."""

PROVIDER, MODEL_NAME, QUESTION = "Server", "Little one", "What is the capital of France?"
FRIENDS_MODEL = "From a friend"
_OWN_PROXY = """# mine
model_list:
  - model_name: own  # kept
    litellm_params:
      model: openai/own
"""
_END_LIMIT_S = 30.0


class CheckFailed(Exception):
    """What was not as it must be."""


@dataclass
class InstallerRun:
    """The checks that were made, and what they took."""

    checks: dict[str, str] = field(default_factory=dict)
    """Name to what was wrong; empty where nothing was."""
    figures: dict[str, float] = field(default_factory=dict)
    cut_off: bool = False
    """Whether it ran where the network ends at this machine."""

    def check(self, name: str, work: Callable[[], str]) -> None:
        """Does the work, prints what came of it, and goes on."""
        started_s = time.perf_counter()
        try:
            said, fault = work(), ""
        except (CheckFailed, RootFailed, DesktopFailed, OSError, subprocess.SubprocessError) as error:
            said = fault = str(error) or type(error).__name__
        self.checks[name] = fault
        seconds = time.perf_counter() - started_s
        print(f"{'FAILED' if fault else 'ok':6} {seconds:6.2f} s  {name}: {said}", flush=True)

    @property
    def is_good(self) -> bool:
        """Whether every check passed."""
        return bool(self.checks) and not any(self.checks.values())


def _expect(is_so: bool, what: str) -> None:
    if not is_so:
        raise CheckFailed(what)


class Use:
    """One package in one root, from its installation to its end."""

    def __init__(self, run: InstallerRun, root: CleanRoot, package: str, pictures: Path | None) -> None:
        self._run = run
        self._root = root
        self._package = package
        self._pictures = pictures
        self._files_before: set[str] = set()
        self._contents_before: dict[str, str] = {}

    def make_all_checks(self, shared: Path) -> None:
        """From the bare root and back to it."""
        check, root = self._run.check, self._root
        self._files_before, self._contents_before = root.files(), root.contents()
        check("the root is clean", self._is_clean)
        check("the package installs", self._install)
        check("version", self._version)
        # The window's runs state no temperature unless the person does.
        with LlamaServer(replace(options_of(LlamaKind.PLAIN), temperature=0.0)) as server:
            check("self-test", lambda: self._self_test(server))
            with OutsideDesktop(root, shared) as desktop:
                self._use(desktop, server)
        check("purging leaves the person's files alone", self._purge)

    # ------------------------------------------------------------------------------------------------------- the root

    def _is_clean(self) -> str:
        found = self._root.programs_like("python")
        _expect(not found, f"Python is there: {found}")
        return f"{len(self._files_before)} files, no Python"

    def _install(self) -> str:
        self._root.install(f"/{self._package}")
        found = self._root.programs_like("python")
        _expect(not found, f"a dependency brought Python along: {found}")
        added = len(self._root.files() - self._files_before)
        return f"{added} files with what it depends on, still no Python"

    def _version(self) -> str:
        said = self._root.run(["muster", "--version"], as_person=True).strip()
        _expect(said == f"{product.TITLE} {product.VERSION}", f"it says {said!r}")
        return said

    def _self_test(self, server: LlamaServer) -> str:
        said = self._root.run(["muster", "--self-test", "--url", server.base_url], as_person=True)
        lines = [line for line in said.splitlines() if line.startswith("ok ")]
        _expect("FAILED" not in said and "Paris" in said, said)
        _expect(not self._root.folder.joinpath(HOME[1:], ".config").exists(), "it wrote into the person's home")
        return f"{len(lines)} checks, {lines[-1].partition('completion: ')[2]}"

    # -------------------------------------------------------------------------------------------------------- the use

    def _use(self, desktop: OutsideDesktop, server: LlamaServer) -> None:
        check = self._run.check
        started_s = time.perf_counter()
        program = desktop.launch(*self._command_of_the_desktop_file())
        check("it shows its window", lambda: self._window(desktop, started_s))
        check("one tree of two processes, without a terminal", self._processes)
        check("a provider is added and checked", lambda: self._provider(desktop, server))
        check("a model is added", lambda: self._model(desktop, server))
        check("the model answers", lambda: self._answer(desktop))
        self._take_picture(desktop, "installed")
        check("a second start hands its file to the first", lambda: self._second_start(desktop))
        check("a double click opens the file in it", lambda: self._double_click(desktop, server))
        self._take_picture(desktop, "double-click")
        check("what the file holds is imported", lambda: self._import(desktop))
        check("it is exported to another tool", lambda: self._export(desktop))
        self._take_picture(desktop, "exported")
        check("it ends when asked to, and leaves no process", lambda: self._leave(desktop, program))
        check("a newer version is installed over it, and the roll is kept", lambda: self._upgrade(desktop))

    def _command_of_the_desktop_file(self) -> list[str]:
        path = self._root.folder / "usr/share/applications" / f"{product.ID}.desktop"
        lines = path.read_text(encoding="utf-8").splitlines()
        command = next(line.partition("=")[2] for line in lines if line.startswith("Exec="))
        return [word for word in command.split() if not word.startswith("%")]

    def _window(self, desktop: OutsideDesktop, started_s: float) -> str:
        window = desktop.window()
        self._run.figures["window_listed_ms"] = (time.perf_counter() - started_s) * 1000
        path = self._root.folder / "usr/share/applications" / f"{product.ID}.desktop"
        stated = f"StartupWMClass={window.class_name}"
        _expect(stated in path.read_text(encoding="utf-8"), f"the desktop file does not have {stated}")
        _expect(window.desktop_file == product.ID, f"the window says it is {window.desktop_file!r}")
        _expect({16, 32, 48, 64} <= set(window.icon_sides_px), f"its icon comes in {window.icon_sides_px}")
        icons = sorted((self._root.folder / "usr/share/icons/hicolor").rglob(f"{product.ID}.*"))
        return f"“{window.title}”, class {window.class_name}, icon in {len(icons)} sizes"

    def _running(self) -> dict[int, tuple[int, str]]:
        """Every process in the root: its parent and its command."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (entry / "root").readlink() == self._root.folder:
                    status = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                    command = (entry / "cmdline").read_text(encoding="utf-8").replace("\0", " ").strip()
                    if status[0] != "Z":
                        found[int(entry.name)] = (int(status[1]), command)
                        _expect(status[4] == "0", f"{command} has a terminal")
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        return found

    def _processes(self) -> str:
        running = wait_for(lambda: len(found := self._running()) > 1 and found, "the engine's process")
        engines = {number for number, (_parent, command) in running.items() if command.endswith("--engine")}
        others = set(running) - engines
        _expect(len(others) == 1 and len(engines) == 1, f"there are {sorted(running.values())}")
        (engine,), (window,) = engines, others
        _expect(running[engine][0] == window, "the engine is no child of the window's process")
        return ", ".join(command for _parent, command in running.values())

    def _provider(self, desktop: OutsideDesktop, server: LlamaServer) -> str:
        said = str(desktop.do("add_provider", PROVIDER, server.base_url))
        _expect("1 model" in said, f"the check says {said!r}")
        return said

    def _model(self, desktop: OutsideDesktop, server: LlamaServer) -> str:
        shown = str(desktop.do("add_model", PROVIDER, server.model, MODEL_NAME))
        path = self._settings()
        wait_for(lambda: path.is_file() and MODEL_NAME in path.read_text(encoding="utf-8"), "the saved model", 20.0)
        return f"the table shows “{shown}”, and {path.name} has it"

    def _settings(self) -> Path:
        return self._root.folder / HOME[1:] / ".config/muster/settings.yaml"

    def _answer(self, desktop: OutsideDesktop) -> str:
        found = desktop.do("ask", QUESTION)
        _expect("Paris" in found["answer"], f"the answer is {found!r}")
        return f"“{' '.join(found['answer'].split())[:60]}”, {found['status']}"

    def _second_start(self, desktop: OutsideDesktop) -> str:
        second = desktop.launch("muster", "/no such place/gone.muster-roll")
        code = second.wait(timeout=_END_LIMIT_S)
        _expect(code == 0, f"the second start ended with {code}")
        return str(desktop.do("wait_for", "There is no file “gone.muster-roll”."))

    def _double_click(self, desktop: OutsideDesktop, server: LlamaServer) -> str:
        self._root.install(*DESKTOP_PARTS)
        shared = self._root.folder / HOME[1:] / f"from a friend.{product.SHARED_SUFFIX}"
        model = UserModelEntry(
            provider_type="custom",
            provider_id=BOX["name"],
            model_id=f"{server.model}-friend",
            name=FRIENDS_MODEL,
            overrides={"supports_vision": False},
        )
        share_roll(shared, model, base_url=f"{server.base_url}/")
        shared.chmod(0o644)
        path = f"{HOME}/{shared.name}"
        said = self._root.run(["gio", "info", "--attributes=standard::content-type", path], as_person=True)
        _expect(product.MIME_TYPE in said, f"the file is taken for {said}")
        opened = desktop.launch("gio", "open", path)
        _expect(opened.wait(timeout=_END_LIMIT_S) == 0, "gio could not open it")
        desktop.do("wait_for", f"Muster, ~/{shared.name}")
        return f"{product.MIME_TYPE}: its plan shows {desktop.do('wait_for', FRIENDS_MODEL)}"

    def _import(self, desktop: OutsideDesktop) -> str:
        _expect(FRIENDS_MODEL not in self._settings().read_text(encoding="utf-8"), "it was imported unasked")
        said = desktop.do("take_over")
        _expect("1 model" in said["button"] and "1 model" in said["notice"], f"it says {said}")
        shown = str(desktop.do("row_of", FRIENDS_MODEL))
        wait_for(lambda: FRIENDS_MODEL in self._settings().read_text(encoding="utf-8"), "the imported model", 20.0)
        return f"{said['notice']} The table shows “{shown}”"

    def _export(self, desktop: OutsideDesktop) -> str:
        path = self._root.folder / HOME[1:] / "litellm/config.yaml"
        path.parent.mkdir()
        path.write_text(_OWN_PROXY, encoding="utf-8")
        for part in (path.parent, path):
            os.chown(part, clean_root.PERSON_ID, clean_root.PERSON_ID)
        said = desktop.do("export", "litellm", f"litellm/{path.name}")
        text = path.read_text(encoding="utf-8")
        _expect(text.startswith(_OWN_PROXY.rstrip()), f"what stood there has changed: {text}")
        added = text.removeprefix(_OWN_PROXY.rstrip())
        # The imported model is the one that is selected now.
        _expect(added.count("model_name: ") == 1 and FRIENDS_MODEL in added, f"the model is not in it: {text}")
        _expect("It is there." in said["planned"] and "1 model" in said["written"], f"it says {said}")
        return f"{said['planned']} {said['written']}"

    def _leave(self, desktop: OutsideDesktop, program: subprocess.Popen[bytes]) -> str:
        desktop.do("leave")
        _out, errors = program.communicate(timeout=_END_LIMIT_S)
        _expect(program.returncode == 0 and not errors.strip(), f"code {program.returncode}: {errors.decode()[-2000:]}")
        wait_for(lambda: not self._running(), "the end of its processes", 20.0)
        log = (self._root.folder / HOME[1:] / ".local/state/muster/log/muster.log").read_text(encoding="utf-8")
        wrong = [line for line in log.splitlines() if " ERROR " in line or line.startswith("Traceback")]
        _expect(not wrong, f"its log says {wrong[:5]}")
        return "code 0, nothing on standard error, no error in its log"

    def _upgrade(self, desktop: OutsideDesktop) -> str:
        before = self._settings().read_bytes()
        self._root.run(["dpkg", "--install", f"/{newer_package.FILE}"])
        version = self._root.run(["dpkg-query", "--show", "--showformat=${Version} ${Status}", product.NAME])
        _expect(version == f"{newer_package.VERSION} install ok installed", f"dpkg says {version}")
        _expect(self._settings().read_bytes() == before, "the roll has changed")
        program = desktop.launch(*self._command_of_the_desktop_file())
        desktop.window()
        shown = [str(desktop.do("row_of", name)) for name in (MODEL_NAME, FRIENDS_MODEL)]
        left = self._leave(desktop, program)
        _expect(self._settings().read_bytes() == before, "the newer version has changed the roll by starting")
        return f"{version.split()[0]} shows {len(shown)} models as before; {left}"

    def _take_picture(self, desktop: OutsideDesktop, name: str) -> None:
        if self._pictures is not None:
            self._pictures.mkdir(parents=True, exist_ok=True)
            desktop.picture(self._pictures / f"{name}.png")

    # -------------------------------------------------------------------------------------------------------- the end

    def _purge(self) -> str:
        self._root.purge(product.NAME, *DESKTOP_PARTS)
        left = self._root.files() - self._files_before
        own = {name for name in left if name.startswith(HOME[1:])}
        foreign = sorted(left - own)
        _expect(not foreign, f"these are left: {foreign[:20]}")
        gone = sorted(self._files_before - self._root.files())
        _expect(not gone, f"these were taken along: {gone[:20]}")
        contents = self._root.contents()
        changed = sorted(path for path, digest in self._contents_before.items() if contents.get(path) != digest)
        _expect(not changed, f"these hold something else than before: {changed[:20]}")
        _expect(MODEL_NAME in self._settings().read_text(encoding="utf-8"), "the roll is gone")
        return (
            f"nothing but {len(own)} paths in the person's home, the roll among them; {len(contents)} others as before"
        )


# ----------------------------------------------------------------------------------------------------------------- all


def _stay_inside(run: InstallerRun, use: Use, shared: Path) -> None:
    """All checks, with every packet watched where the network ends at this machine."""
    watch = loopback_only.Watch() if run.cut_off else None
    with watch or nullcontext():
        use.make_all_checks(shared)
    if watch is not None:

        def stayed() -> str:
            _expect(not watch.asked, f"asked outside this machine: {sorted(watch.asked)}")
            _expect(watch.packets > 0, "no packet at all was seen")
            return f"{watch.packets} packets, all of them on this machine"

        run.check("the network", stayed)


def _inside(options: argparse.Namespace) -> int:
    run = InstallerRun(cut_off=loopback_only.is_inside())
    if run.cut_off:
        loopback_only.lay_routes()
    else:
        print(loopback_only.NOT_WATCHED, flush=True)
    root = CleanRoot(options.inside)
    # Short, because the names of sockets are.
    shared = Path(tempfile.mkdtemp(prefix="muster-", dir="/tmp"))
    try:
        os.chown(shared, clean_root.PERSON_ID, clean_root.PERSON_ID)
        root.mount(shared)
        _stay_inside(run, Use(run, root, options.package.name, options.pictures), shared)
    finally:
        shutil.rmtree(shared, ignore_errors=True)
    if options.report:
        options.report.write_text(json.dumps(asdict(run), indent=1), encoding="utf-8")
    return 0 if run.is_good else 1


def _again_inside(folder: Path) -> int:
    """This program once more, with mounts of its own and, where that may be, a network of its own."""
    command = [sys.executable, *sys.argv, "--inside", str(folder)]
    for switches, is_cut_off in ((["--mount", "--net"], True), (["--mount"], False)):
        if not is_cut_off and loopback_only.must_enter():
            print(loopback_only.NOT_WATCHED_IN_CI, file=sys.stderr)
            return 2
        if subprocess.run(["unshare", *switches, "true"], capture_output=True, check=False).returncode == 0:
            return loopback_only.enter(command, ["unshare", *switches], inside=is_cut_off)
    print("Mounts of its own may not be made here; a clean root needs them.", file=sys.stderr)
    return 2


def main() -> int:
    """Runs and gives the exit code: 1 where a check failed, 2 where none could be made."""
    parser = argparse.ArgumentParser(description="Install the package in a clean root, use it there, and purge it.")
    parser.add_argument("package", type=Path)
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the checks as JSON")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="save pictures of the screen")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.package = options.package.resolve()
    if options.inside is not None:
        return _inside(options)
    if os.geteuid() != 0:
        print("A clean root needs root's rights: run it by sudo, or as root in a container.", file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="muster-root-"))
    folder.chmod(0o755)
    try:
        started_s = time.perf_counter()
        root = CleanRoot(folder)
        how = root.make()
        count = root.fetch(options.package, DESKTOP_PARTS)
        newer_package.make(options.package, folder)
        print(f"A clean root, {how}, and {count} packages for it after {time.perf_counter() - started_s:.0f} s")
        return _again_inside(folder)
    except RootFailed as failed:
        print(failed, file=sys.stderr)
        return 2
    finally:
        clean_root.remove(folder)


if __name__ == "__main__":
    sys.exit(main())
