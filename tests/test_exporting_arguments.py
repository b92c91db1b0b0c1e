"""Exports that are asked for in odd ways, and files that no export may touch."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import ExportError
from core.export_ledger import FILE_NAME
from core.exporting import export, plan_export, plan_removal
from core.paths import data_folder
from core.registry import Registry
from tests.rolls import BOX, custom, open_roll, write_roll


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    rows = [custom(name).to_mapping() | {"id": f"id-{name}"} for name in ("one", "two")]
    path = write_roll(tmp_path / "settings.yaml", user_model_registry=rows, openai_compatible_providers=[BOX])
    with open_roll(path) as roll:
        yield roll


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("a\0b", "NUL"),
        ("", "empty"),
        ("  ", "empty"),
        ("x" * 300, "too long"),
        ("~nobody-of-that-name/x.yaml", "home folder of “nobody-of-that-name”"),
        (5, "int"),
        (b"abc", "bytes"),
    ],
)
def test_a_path_that_is_none_is_refused_in_words(registry: Registry, path: Any, words: str) -> None:
    with pytest.raises(ExportError, match=words):
        export(registry, None, "llm", path)


@pytest.mark.parametrize("target", [None, 5, "", b"llm", ["llm"]])
def test_a_target_that_is_none_is_refused_in_words(registry: Registry, tmp_path: Path, target: Any) -> None:
    with pytest.raises(ExportError, match="There is no target"):
        export(registry, None, target, tmp_path / "x")


def test_one_reference_and_one_name_may_come_alone(registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "models.yaml"
    file.write_text("- {model_id: one, model_name: another}\n")
    export(registry, "user_model::id-two", "llm", file)
    assert [row["model_id"] for row in yaml.safe_load(file.read_text())] == ["one", "two"]
    export(registry, "user_model::id-one", "llm", file, take_over="one")
    assert [row["model_name"] for row in yaml.safe_load(file.read_text())] == ["one", "two"]
    assert not plan_removal(registry, "llm", file, take_over="one").conflicts


@pytest.mark.parametrize(("target", "name"), [("llm", "models.yaml"), ("goose", ""), ("aider", ".aider.model")])
def test_an_export_of_nothing_tells_where_it_would_be(
    registry: Registry, tmp_path: Path, target: str, name: str
) -> None:
    path = tmp_path / "tool" if target != "llm" else tmp_path / "tool" / name
    report = export(registry, [], target, path)
    assert report.paths
    assert all(str(found).startswith(str(path)) and name in str(found) for found in report.paths)
    assert (report.diff, report.written, path.exists()) == ("", (), False)


def test_a_roll_is_not_exported_into_itself(registry: Registry, tmp_path: Path) -> None:
    before = registry.path.read_bytes()
    link = tmp_path / "link.yaml"
    link.symlink_to(registry.path)
    for path in (registry.path, link):
        with pytest.raises(ExportError, match="This is the roll itself"):
            plan_export(registry, None, "kiln", path)
    assert registry.path.read_bytes() == before


def test_what_cannot_be_noted_is_a_warning_since_the_file_is_written(registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "models.yaml"
    ledger = data_folder() / FILE_NAME
    ledger.mkdir(parents=True)
    (ledger / "in-the-way").touch()
    report = export(registry, None, "llm", file)
    assert report.written == (file,)
    assert "- model_id: one" in file.read_text()
    (warning,) = report.warnings
    assert warning.endswith("Muster will not know again what it wrote into llm’s file.")


def test_a_ledger_that_may_not_be_written_is_a_warning(registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "models.yaml"
    export(registry, "user_model::id-one", "llm", file)
    with closing(sqlite3.connect(data_folder() / FILE_NAME)) as connection:
        connection.execute(
            "CREATE TRIGGER refusal BEFORE INSERT ON written BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    report = export(registry, None, "llm", file)
    assert report.written == (file,)
    assert len(report.warnings) == 1
    assert "- model_id: two" in file.read_text()
