"""Goose's folder: one file that it refuses stops all others, and one without a model must not be left there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ExportError
from core.exporting import (
    PieceState,
    export,
    places_in_use,
    plan_export,
    plan_removal,
    plan_sync,
    report_of,
    write_plan,
)
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
        assert warning.endswith(f"({theirs}).")
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


def add_to(file: Path, added: str = '"headers": {"X-My": "mine"}, "timeout_seconds": 900') -> str:
    """What stands in the file once the person has added something to the provider."""
    file.write_text(file.read_text().replace('"dynamic_models": false', f'"dynamic_models": false, {added}'))
    return file.read_text()


@pytest.mark.parametrize("syncs", [False, True])
def test_a_file_that_the_person_has_added_to_goes_only_on_their_word(
    registry: Registry, folder: Path, *, syncs: bool
) -> None:
    export(registry, None, "goose", folder)
    file = folder / "muster-box.json"
    before = add_to(file)
    if syncs:
        registry.remove("user_model::id-0")
        (plan,) = plan_sync(registry)
        assert not isinstance(plan, ExportError)
    else:
        plan = plan_removal(registry, "goose", folder)
    (piece,) = plan.conflicts
    assert (piece.state, piece.edited_keys) == (PieceState.EDITED, ("headers", "timeout_seconds"))
    assert PieceState.LEFT not in {each.state for each in plan.pieces}
    write_plan(plan, registry)
    assert file.read_text() == before
    assert (folder / "muster-openai.json").exists() is syncs
    write_plan(plan_removal(registry, "goose", folder, take_over=[piece.fragment.name]), registry)
    assert list(folder.iterdir()) == []
    assert places_in_use() == ()


def test_a_provider_that_was_changed_by_hand_keeps_its_models(registry: Registry, folder: Path) -> None:
    export(registry, None, "goose", folder)
    file = folder / "muster-box.json"
    file.write_text(file.read_text().replace('"requires_auth": true', '"requires_auth": false'))
    before = file.read_text()
    plan = plan_removal(registry, "goose", folder, ["id-0"])
    assert [piece.place_words for piece in plan.conflicts] == ["requires_auth"]
    assert not plan.is_change
    assert file.read_text() == before


def test_a_provider_whose_models_went_one_after_the_other_goes_with_the_last_and_is_asked_for(
    registry: Registry, folder: Path
) -> None:
    registry.add(custom("n", name="Second"))
    export(registry, None, "goose", folder)
    file = folder / "muster-box.json"
    registry.remove(registry.entries()[-1])
    (plan,) = plan_sync(registry)
    assert not isinstance(plan, ExportError)
    write_plan(plan, registry)
    before = add_to(file)
    plan = plan_removal(registry, "goose", folder)
    assert [piece.edited_keys for piece in plan.conflicts] == [("headers", "timeout_seconds")]
    write_plan(plan, registry)
    assert file.read_text() == before


def test_a_provider_in_conflict_keeps_the_last_model_that_stands_there(registry: Registry, folder: Path) -> None:
    export(registry, None, "goose", folder)
    file = folder / "muster-box.json"
    file.write_text(file.read_text().replace('"requires_auth": true', '"requires_auth": false'))
    before = {each.name: each.read_text() for each in folder.iterdir()}
    registry.remove("user_model::id-0")
    registry.replace("id-1", custom("n", name="Hosted"))  # which waits, since its new provider is in conflict
    (plan,) = plan_sync(registry)
    assert not isinstance(plan, ExportError)
    assert [piece.place_words for piece in plan.conflicts] == ["requires_auth"]
    write_plan(plan, registry)
    assert {each.name: each.read_text() for each in folder.iterdir()} == before


def test_what_says_nothing_is_no_reason_to_ask(registry: Registry, folder: Path) -> None:
    export(registry, None, "goose", folder)
    add_to(folder / "muster-box.json", '"headers": {}')
    write_plan(plan_removal(registry, "goose", folder), registry)
    assert list(folder.iterdir()) == []


def test_a_provider_that_moves_to_another_file_leaves_none_of_the_persons_behind_unasked(
    registry: Registry, folder: Path
) -> None:
    export(registry, None, "goose", folder)
    before = add_to(folder / "muster-box.json")
    registry.replace_provider("Box", new_name="Crate")
    (plan,) = plan_sync(registry)
    assert not isinstance(plan, ExportError)
    assert [piece.fragment.name for piece in plan.conflicts] == ["muster-box"]
    write_plan(plan, registry)
    assert (folder / "muster-box.json").read_text() == before
    assert not (folder / "muster-crate.json").exists()
    export(registry, None, "goose", folder, take_over=["muster-box"])
    assert sorted(file.name for file in folder.iterdir()) == ["muster-crate.json", "muster-openai.json"]


def test_a_file_that_is_gone_already_is_no_matter(registry: Registry, folder: Path) -> None:
    export(registry, None, "goose", folder)
    (folder / "muster-box.json").unlink()
    write_plan(plan_removal(registry, "goose", folder), registry)
    assert places_in_use() == ()
