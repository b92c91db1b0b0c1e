"""The parts of packaging that need no build: what they would find, and what they would refuse."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import zipfile
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import brief_window
import bundle_inside
import bundle_places
import clean_root
import debian
import environments
import hello_run
import installers
import loopback_only
import prerequisites
import pytest

from core import __version__
from core.bundled_parts import BundledPart


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of a frozen one, without a program whose archive could be read."""
    monkeypatch.setattr(bundle_places, "modules_of", lambda program: iter([(f"{program.name}:core", b"code")]))
    return tmp_path


# ---------------------------------------------------------------------------------------------------- where it was made


def test_a_file_that_names_the_project_is_found_in_the_open_and_packed(folder: Path) -> None:
    place = str(environments.PROJECT / "core" / "gone.py")
    (folder / "library.so").write_bytes(b"\x7fELF\0" + place.encode() + b"\0")
    with zipfile.ZipFile(folder / "code.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("module.pyc", f"{place} {place}")
    found = bundle_places.places_named(folder, bundle_places.own_places())
    assert found == {"code.zip/module.pyc": [place], "library.so": [place]}


def test_a_module_in_the_programs_archive_that_names_a_place_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_places, "modules_of", lambda _program: iter([("muster:core", str(folder).encode())]))
    assert bundle_places.places_named(folder, [str(folder)]) == {"muster:core": [str(folder)]}


def test_folders_of_those_who_built_the_wheels_are_no_place_of_this_machine(folder: Path) -> None:
    home = bundle_places.home()
    (folder / "library.so").write_text(f"{home}\0{home}/.no-such-cargo/registry/src/lib.rs\0/usr/lib/python3")
    assert bundle_places.places_named(folder, bundle_places.own_places()) == {}


# ------------------------------------------------------------------------------------------------- what it is made with


def test_on_debian_the_program_is_frozen_from_debians_python() -> None:
    system = prerequisites.system_python()
    builder = environments.builders()
    if system is None:
        assert builder is environments.OWN
    else:
        assert builder.is_made_with(system)
        assert builder.maker.resolve().parent == Path("/usr/bin") or builder is environments.OWN


def test_an_environment_of_another_python_is_not_taken_for_one_of_debians(tmp_path: Path) -> None:
    made = environments.Environment(tmp_path / ".venv", tmp_path / "python3.11")
    made.python.parent.mkdir(parents=True)
    other = tmp_path / "other-python"
    other.touch()
    made.python.symlink_to(other)
    assert made.is_made_with(other)
    assert not made.is_made_with(made.maker)


# ----------------------------------------------------------------------------------------------------- whose work it is


@dataclass(frozen=True)
class Paragraph:
    """One of Debian's copyright file: which files it is about, and under which licence they stand."""

    patterns: tuple[str, ...]
    licence: str
    has_text: bool


def paragraphs_of(text: str) -> list[Paragraph]:
    """Read them as policy has it: fields, continued by lines that begin with a blank."""
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(re.findall(r"^([A-Z][\w-]*):((?:.*)(?:\n[ \t].*)*)", block, re.MULTILINE))
        licence, _, rest = fields.get("License", "").strip().partition("\n")
        found.append(Paragraph(tuple(fields.get("Files", "").split()), licence, bool(rest.strip())))
    return found


def licence_of(path: str, paragraphs: list[Paragraph]) -> str:
    """The licence that a path stands under: the last paragraph that matches it holds."""
    return [item.licence for item in paragraphs if any(fnmatchcase(path, pattern) for pattern in item.patterns)][-1]


@pytest.fixture(scope="module")
def paragraphs() -> list[Paragraph]:
    """Those of the package's copyright file."""
    return paragraphs_of(debian.copyright_file([BundledPart("litellm", "1.2.3", "MIT")]))


@pytest.mark.parametrize(
    ("path", "licence"),
    [
        ("usr/bin/muster", "Expat"),
        ("usr/share/metainfo/x.xml", "CC0-1.0"),
        ("usr/lib/muster/muster", "GPL-2+ with Bootloader exception, and various"),
        ("usr/lib/muster/_internal/yaml/_yaml.so", "various"),
        ("usr/lib/muster/_internal/resources/licences.json", "Expat"),
        ("usr/lib/muster/_internal/resources/icons/plus.svg", "Expat"),
        ("usr/lib/muster/_internal/PySide6/QtCore.abi3.so", "LGPL-3"),
        ("usr/lib/muster/_internal/PySide6/Qt/plugins/platforms/libqxcb.so", "LGPL-3"),
        ("usr/lib/muster/_internal/libQt6Core.so.6", "LGPL-3"),
        ("usr/lib/muster/_internal/PySide6/Qt/lib/libicudata.so.73", "Unicode-DFS-2016"),
        ("usr/lib/muster/_internal/libicudata.so.73", "Unicode-DFS-2016"),
        ("usr/lib/muster/_internal/cryptography/hazmat/bindings/_rust.abi3.so", "Apache-2.0"),
    ],
)
def test_the_copyright_file_says_of_each_file_whose_it_is(paragraphs: list[Paragraph], path: str, licence: str) -> None:
    assert licence_of(path, paragraphs) == licence


def test_every_licence_in_the_copyright_file_has_a_text(paragraphs: list[Paragraph]) -> None:
    with_text = {item.licence for item in paragraphs if item.has_text}
    assert {item.licence for item in paragraphs if item.patterns} - with_text == set()
    assert " litellm 1.2.3: MIT" in debian.copyright_file([BundledPart("litellm", "1.2.3", "MIT")])


def test_each_part_inside_qt_has_its_licence_in_full() -> None:
    parts = bundle_inside.inside_qt("6.11.3")
    assert {"HarfBuzz", "libpng", "PCRE2", "libjpeg-turbo", "FreeType's rasterizer"} <= {part.name for part in parts}
    assert [part.name for part in parts if len(part.text) < 300] == []


@pytest.mark.parametrize("name", ["cryptography", "jiter", "pydantic-core", "rpds-py", "tiktoken", "fastuuid"])
def test_the_crates_in_a_wheel_are_named_with_their_licences_in_full(name: str) -> None:
    files = importlib.metadata.files(name) or []
    libraries = [Path(str(file.locate())) for file in files if file.suffix in {".so", ".pyd"}]
    (part,) = bundle_inside.crates_part(name, libraries)
    assert re.search(r"^pyo3 \d+\.\d+\.\d+ \(Apache-2\.0\)", part.text, re.MULTILINE)
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in part.text


@pytest.mark.parametrize(
    ("crate", "said"),
    [
        (bundle_inside.Crate("new", "1", "CDDL-1.0", "Ada"), "has not"),
        (bundle_inside.Crate("new", "1", "MIT"), "holder"),
    ],
)
def test_a_crate_that_nobody_described_stops_the_build(crate: bundle_inside.Crate, said: str) -> None:
    with pytest.raises(LookupError, match=said):
        bundle_inside.chosen_licences(crate)


def test_of_a_choice_of_licences_one_is_taken_and_what_comes_beside_it_too() -> None:
    crate = bundle_inside.Crate("unicode-ident", "1", "(MIT OR Apache-2.0) AND Unicode-3.0")
    assert bundle_inside.chosen_licences(crate) == ("Apache-2.0", "Unicode-3.0")


# ------------------------------------------------------------------------------------------------- what is made of it


def test_without_debians_tools_the_archive_is_made_alone_and_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "muster").mkdir()
    (tmp_path / "muster" / "muster").write_text("#!/bin/sh\n", encoding="utf-8")
    made = installers.make_installers(tmp_path)
    assert [path.name.partition("-linux-")[0] for path in made] == [f"muster-{__version__}"]
    assert "The archive is made alone" in capsys.readouterr().out


# ------------------------------------------------------------------------------- checks that do not pass by themselves


def test_what_the_engine_complains_about_is_no_success() -> None:
    run = hello_run.HelloRun(checks={"version": ""})
    assert run.is_good
    run.engine_complaints = "Traceback (most recent call last):"
    assert not run.is_good


def test_on_a_build_machine_nobody_watching_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(loopback_only, "way_in", tuple)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "argv", ["hello_run.py", str(tmp_path / "muster")])
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert hello_run.main() == 1
    assert "GITHUB_ACTIONS is set" in capsys.readouterr().err
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert not loopback_only.must_enter()


def test_what_is_left_in_a_root_and_what_was_changed_there_is_seen(tmp_path: Path) -> None:
    root = clean_root.CleanRoot(tmp_path)
    settings = tmp_path / "etc/hosts"
    for path in (settings, tmp_path / "usr/bin/sh", tmp_path / "var/lib/dpkg/status", tmp_path / "tmp/kept"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("as it was", encoding="utf-8")
    files, contents = root.files(), root.contents()
    settings.write_text("changed", encoding="utf-8")
    for name in ("tmp/left", "run/left", "var/log/left", "var/cache/left", "var/cache/apt/book", "var/log/dpkg.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    left = {name for name in root.files() - files if (tmp_path / name).is_file()}
    assert left == {"tmp/left", "run/left", "var/log/left", "var/cache/left"}
    after = root.contents()
    assert {name for name, digest in contents.items() if after[name] != digest} == {"etc/hosts"}


def test_a_window_that_ends_by_itself_is_told_from_one_that_quits(tmp_path: Path) -> None:
    with pytest.raises(brief_window.WindowFailed, match="ended by itself with code 3"):
        brief_window.open_briefly([sys.executable, "-c", "raise SystemExit(3)"], tmp_path, open_s=30.0)
