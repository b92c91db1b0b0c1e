"""Goose's folder: one file that it refuses stops all others, and one without a model must not be left there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ExportError
from core.exporting import export, plan_export, plan_removal, plan_sync, report_of
from core.registry import Registry
from tests.rolls import BOX, builtin, custom, open_roll, write_roll


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    rows = [custom("m", name="Mine"), builtin("gpt-x", name="Hosted")]
    entries = [row.to_mapping() | {"id": f"id-{number}"} for number, row in enumerate(rows)]
    path = write_roll(tmp_path / "roll.yaml", user_model_registry=entries, openai_compatible_providers=[BOX])
    with open_roll(path) as roll:
        yield roll


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "custom_providers"
    found.mkdir()
    return found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"name": ', "Goose’s file theirs.json is broken in line 1"),
        ('{"name": "x"}', "Goose refuses its file theirs.json. “theirs.json” has no engine."),
        ("", "“theirs.json” is not a JSON object"),
        (b"\xff\xfe\xff", "theirs.json"),
    ],
)
def test_another_file_that_goose_refuses_is_told_of_and_ours_are_written(
    registry: Registry, folder: Path, text: str | bytes, words: str
) -> None:
    theirs = folder / "theirs.json"
    theirs.write_bytes(text.encode() if isinstance(text, str) else text)
    before = theirs.read_bytes()
    plan = plan_export(registry, None, "goose", folder)
    for report in (report_of(plan), export(registry, None, "goose", folder)):
        (warning,) = report.warnings
        assert words in warning
        assert "loads no file of that folder" in warning
        assert warning.endswith(str(theirs))
    assert (folder / "muster-box.json").is_file()
    assert theirs.read_bytes() == before
    (synced,) = plan_sync(registry)
    assert not isinstance(synced, ExportError)
    assert synced.warnings == plan.warnings == plan_removal(registry, "goose", folder).warnings


def test_of_many_files_that_goose_refuses_the_first_few_are_told(registry: Registry, folder: Path) -> None:
    for number in range(9):
        (folder / f"a{number}.json").write_text("{")
    assert len(plan_export(registry, None, "goose", folder).warnings) == 3


def test_a_file_of_ours_that_is_broken_is_refused(registry: Registry, folder: Path) -> None:
    (folder / "muster-box.json").write_text("{")
    with pytest.raises(ExportError, match="is broken"):
        export(registry, None, "goose", folder)
    assert [file.name for file in folder.iterdir()] == ["muster-box.json"]


def test_a_folder_in_order_gives_no_warning(registry: Registry, folder: Path) -> None:
    (folder / "notes.txt").write_text("{")
    export(registry, None, "goose", folder)
    assert export(registry, None, "goose", folder).warnings == ()
