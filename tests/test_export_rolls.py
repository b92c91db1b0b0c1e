"""Several rolls and one tool: what a roll wrote is its own, and what cannot be read on it is not lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import ExportConflict, ExportError
from core.export_ledger import FILE_NAME
from core.exporting import ExportPlan, PieceState, export, places_in_use, plan_removal, plan_sync, write_plan
from core.paths import data_folder
from core.registry import Registry
from tests.rolls import BOX, open_roll, write_roll


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"id-{number}",
        "provider_type": "custom",
        "provider_id": "Box",
        "model_id": f"m{number}",
        "name": f"Model {number}",
    } | changes


def roll_in(path: Path, *rows: dict[str, Any]) -> Registry:
    return open_roll(write_roll(path, user_model_registry=list(rows), openai_compatible_providers=[BOX]))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tool" / "extra-openai-models.yaml"


@pytest.fixture
def settings(tmp_path: Path, file: Path) -> Path:
    """A roll whose two models are in llm's file."""
    path = tmp_path / "settings.yaml"
    with roll_in(path, row(1), row(2)) as roll:
        export(roll, None, "llm", file)
    return path


def names_in(file: Path) -> list[str]:
    return [found["model_id"] for found in yaml.safe_load(file.read_text())]


def states_of(plan: object) -> set[PieceState]:
    assert isinstance(plan, ExportPlan)
    return {piece.state for piece in plan.pieces}


def test_a_roll_that_cannot_be_read_takes_nothing_out(settings: Path, file: Path) -> None:
    settings.write_text("user_model_registry: [")
    with open_roll(settings) as roll, pytest.raises(ExportError, match="cannot be read"):
        plan_sync(roll)
    assert names_in(file) == ["Model 1", "Model 2"]


def test_a_roll_whose_file_is_gone_takes_nothing_out(settings: Path) -> None:
    settings.unlink()
    with open_roll(settings) as roll, pytest.raises(ExportError, match="is gone"):
        plan_sync(roll)


def test_a_row_that_cannot_be_read_is_not_lost(settings: Path, file: Path) -> None:
    with roll_in(settings, row(1, provider_type="customm")) as roll:
        (plan,) = plan_sync(roll)
        assert isinstance(plan, ExportPlan)
        assert [(piece.fragment.name, piece.state) for piece in plan.pieces] == [("Model 2", PieceState.REMOVED)]
        assert not plan.takes_all_out or len(plan.pieces) == 1
        write_plan(plan, roll)
    assert names_in(file) == ["Model 1"]


def test_where_a_row_without_an_id_cannot_be_read_nothing_counts_as_lost(settings: Path) -> None:
    with roll_in(settings, {"provider_type": "customm", "model_id": "m1"}) as roll:
        (plan,) = plan_sync(roll)
        assert isinstance(plan, ExportPlan)
        assert not plan.is_change


def test_another_roll_has_no_say_over_what_this_one_wrote(settings: Path, tmp_path: Path, file: Path) -> None:
    before = file.read_bytes()
    with roll_in(tmp_path / "other.yaml", row(7, name="Model 1")) as other:
        assert places_in_use(other) == ()
        assert plan_sync(other) == ()
        assert not plan_removal(other, "llm", file).is_change
        with pytest.raises(ExportConflict, match="Model 1"):
            export(other, None, "llm", file)
        assert file.read_bytes() == before
        export(other, None, "llm", file, take_over=["Model 1"])
        assert yaml.safe_load(file.read_text())[0]["model_name"] == "m7"
    with open_roll(settings) as roll:
        assert places_in_use(roll) == (("llm", file),)
        (plan,) = plan_sync(roll)
        assert states_of(plan) == {PieceState.UNCHANGED}  # of the model that is still this roll's
        write_plan(plan_removal(roll, "llm", file), roll)
    assert names_in(file) == ["Model 1"]


def test_two_rolls_share_a_providers_section_and_neither_takes_it_from_the_other(tmp_path: Path) -> None:
    file = tmp_path / "opencode.json"
    with roll_in(tmp_path / "a.yaml", row(1)) as a, roll_in(tmp_path / "b.yaml", row(7)) as b:
        export(a, None, "opencode", file)
        export(b, None, "opencode", file)
        write_plan(plan_removal(b, "opencode", file), b)
        (provider,) = yaml.safe_load(file.read_text())["provider"].values()
        assert list(provider["models"]) == ["m1"]
        assert provider["options"]["baseURL"] == BOX["base_url"]
        (plan,) = plan_sync(a)
        assert isinstance(plan, ExportPlan)
        assert not plan.is_change


def test_a_roll_that_was_moved_keeps_what_it_wrote(settings: Path, tmp_path: Path, file: Path) -> None:
    moved = settings.rename(tmp_path / "moved.yaml")
    with open_roll(moved) as roll:
        roll.remove("id-2")
        (plan,) = plan_sync(roll)
        write_plan(plan, roll) if isinstance(plan, ExportPlan) else pytest.fail(str(plan))
    assert names_in(file) == ["Model 1"]


def test_a_model_that_was_never_on_the_roll_stays_at_a_sync(settings: Path, tmp_path: Path) -> None:
    file = tmp_path / "other-tool.yaml"
    with open_roll(settings, OPENAI_API_KEY="made-up") as roll:
        export(roll, ["openai::gpt-4o"], "llm", file)
        plans = {plan.path: plan for plan in plan_sync(roll) if isinstance(plan, ExportPlan)}
        assert not plans[file].is_change
        write_plan(plan_removal(roll, "llm", file), roll)
    assert not file.exists() or names_in(file) == []


def test_a_list_of_an_earlier_version_gets_its_rolls(settings: Path, file: Path) -> None:
    with closing(sqlite3.connect(data_folder() / FILE_NAME)) as connection, connection:
        connection.execute("ALTER TABLE written DROP COLUMN roll")
        connection.execute("PRAGMA user_version = 2")
    with open_roll(settings) as roll:
        assert places_in_use(roll) == (("llm", file),)
        roll.replace("id-2", roll.entries()[1].with_changes(overrides={"supports_vision": True}))
        (plan,) = plan_sync(roll)
        assert states_of(plan) == {PieceState.UNCHANGED, PieceState.CHANGED}
