"""The frozen program, built here once (a minute or two), does what the program from source does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import brief_window
import bundle_licences
import bundle_places
import environments
import hello_window
import loopback_only
import pytest

from core.bundled_parts import parts_from
from core.fields import StructuredOutputMode
from tests.servers.provider_addresses import ADDRESSES

PROJECT = Path(__file__).resolve().parent.parent
LARGEST_MB = 230
"""Measured 209 on Debian 12; much more would be something that came along unasked."""

FEWEST_MODULES = 4000
"""Measured 5,084; fewer would mean that the archive of code was not read."""

FEWEST_LIBRARIES = 150
"""Measured 186."""

pytestmark = [pytest.mark.packaged, pytest.mark.timeout(900)]


@pytest.fixture(scope="session")
def report(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What packaging/hello_run.py found."""
    path = tmp_path_factory.mktemp("hello") / "report.json"
    command = [sys.executable, "packaging/hello_run.py", str(bundle / "muster"), "--report", str(path)]
    done = subprocess.run(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    sys.stdout.write(done.stdout)
    assert path.exists(), done.stdout[-4000:]
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def faults(report: dict[str, Any], names: list[str]) -> dict[str, str]:
    """What was wrong by the name of the check; a check that was not made is wrong too."""
    checks = report["checks"]
    return {name: checks.get(name, "was not made") for name in names if checks.get(name, "was not made")}


def test_the_frozen_program_knows_its_version(report: dict[str, Any]) -> None:
    assert faults(report, ["version"]) == {}


def test_the_frozen_engine_answers_in_every_structured_mode(report: dict[str, Any]) -> None:
    modes = [f"structured: {mode}" for mode in StructuredOutputMode if mode is not StructuredOutputMode.unknown]
    assert faults(report, ["the engine starts", *modes]) == {}


def test_the_frozen_engine_has_nothing_to_complain_about(report: dict[str, Any]) -> None:
    assert report["engine_complaints"] == ""


def test_the_frozen_engine_streams(report: dict[str, Any]) -> None:
    assert faults(report, ["streamed"]) == {}


def test_the_frozen_engine_draws_the_pages_of_a_pdf(report: dict[str, Any]) -> None:
    assert faults(report, ["PDF as pictures"]) == {}


def test_the_frozen_engine_measures_every_ability_and_kind_of_file(report: dict[str, Any]) -> None:
    assert faults(report, ["measured"]) == {}


def test_the_frozen_engine_speaks_to_every_provider(report: dict[str, Any]) -> None:
    assert faults(report, [f"provider: {name}" for name in ADDRESSES]) == {}


def test_the_frozen_window_opens_with_its_engine_and_closes(report: dict[str, Any]) -> None:
    assert faults(report, ["the window opens and closes"]) == {}


def test_the_frozen_window_stays_open_and_quits_as_the_workflows_ask_of_it(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM")
    with hello_window.virtual_screen() as display:
        monkeypatch.setenv("DISPLAY", display)
        logged = brief_window.open_briefly([str(bundle / "muster")], tmp_path, open_s=1.0)
    assert "engine is ready" in logged


def test_the_frozen_program_asks_nobody_outside_this_machine(report: dict[str, Any]) -> None:
    assert report["asked_outside"] == []
    # Where no network namespace may be made the run says so and nobody watches; where GITHUB_ACTIONS is set it may be.
    assert report["cut_off"] or not loopback_only.must_enter()
    assert not report["cut_off"] or faults(report, ["the network"]) == {}


def test_the_bundle_holds_no_link_to_nowhere(bundle: Path) -> None:
    assert [link for link in bundle.rglob("*") if link.is_symlink() and not link.exists()] == []


def test_the_bundle_tells_nothing_of_the_machine_that_froze_it(bundle: Path) -> None:
    # PyInstaller reads its own archives; it is where the program is frozen.
    builder = environments.builders()
    builder.install("package")
    command = [str(builder.python), "packaging/bundle_places.py", str(bundle), *bundle_places.own_places()]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    counted = re.search(r"(\d+) modules of the archive", done.stdout)
    assert counted is not None
    assert int(counted[1]) > FEWEST_MODULES


def libraries_in(bundle: Path) -> dict[str, Path]:
    """Every library by its path in the bundle, links left out."""
    inside = bundle / "_internal"
    files = (file for file in inside.rglob("*") if ".so" in file.name and file.is_file() and not file.is_symlink())
    return {file.relative_to(inside).as_posix(): file for file in files}


def parts_named(bundle: Path) -> set[str]:
    text = (bundle / "_internal/resources/licences.json").read_text(encoding="utf-8")
    return {part.name for part in parts_from(text)}


def test_every_library_in_the_bundle_belongs_to_a_part_whose_licence_is_shown(bundle: Path) -> None:
    parts, libraries = parts_named(bundle), libraries_in(bundle)
    assert len(libraries) > FEWEST_LIBRARIES
    assert {
        path: bundle_licences.part_of(path) for path in libraries if bundle_licences.part_of(path) not in parts
    } == {}


def test_what_was_linked_into_a_library_is_a_part_too(bundle: Path) -> None:
    parts = parts_named(bundle)
    with_crates = [path for path, file in libraries_in(bundle).items() if b"cargo/registry" in file.read_bytes()]
    named = {f"Rust crates in {bundle_licences.part_of(path)}" for path in with_crates}
    assert len(named) >= len({"cryptography", "jiter", "pydantic_core", "rpds-py", "tiktoken", "fastuuid"})
    assert named | {"OpenSSL", "ICU", "HarfBuzz", "libpng", "PCRE2", "libjpeg-turbo"} <= parts


def test_the_bundle_is_not_larger_than_it_was(bundle: Path) -> None:
    files = [file for file in bundle.rglob("*") if file.is_file() and not file.is_symlink()]
    assert sum(file.stat().st_size for file in files) / 1_000_000 < LARGEST_MB


def test_the_bundle_needs_no_newer_system_than_debian_12(bundle: Path) -> None:
    objects = [file for file in bundle.rglob("*") if file.is_file() and (".so" in file.name or file.name == "muster")]
    versions = subprocess.run(
        ["objdump", "-T", *map(str, objects)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": "C"},
    ).stdout
    asked = {line.split("GLIBC_2.")[1].split(")")[0].split()[0] for line in versions.splitlines() if "GLIBC_2." in line}
    assert max(int(version.split(".")[0]) for version in asked) <= 36
