"""The parts of packaging that need no build: what they would find, and what they would refuse."""

from __future__ import annotations

import zipfile
from pathlib import Path

import bundle_places
import environments
import prerequisites
import pytest


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
