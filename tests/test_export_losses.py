"""What is told of an export: names, and whatever else a tool makes of a model than a run does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.exporters.all_targets import TARGETS
from core.exporters.litellm_proxy import served_name
from core.exporters.losses import losses_together
from core.exporters.subject import ExportedModel, names_told_apart, subjects_of
from tests.rolls import BOX, open_roll, write_roll

FAR = {"name": "日本", "base_url": "http://127.0.0.1:18009/v1"}


def roll_of(folder: Path, *rows: dict[str, Any]) -> tuple[ExportedModel, ...]:
    """The models of a roll with these rows, at the provider “Box” unless they say another."""
    common = {"provider_type": "custom", "provider_id": "Box", "model_id": "m"}
    entries = [{"id": f"e{number}", **common, **row} for number, row in enumerate(rows)]
    path = write_roll(folder / "roll.yaml", openai_compatible_providers=[BOX, FAR], user_model_registry=entries)
    return subjects_of(open_roll(path), None)[0]


def names_told(kind: str, models: tuple[ExportedModel, ...]) -> list[tuple[str, str]]:
    losses = losses_together(TARGETS[kind], models)
    return [(loss.entry, loss.words) for loss in losses if loss.field == "name"]


@pytest.mark.parametrize("kind", ["llm", "continue", "litellm"])
def test_a_name_that_was_changed_to_tell_models_apart_is_told(kind: str, tmp_path: Path) -> None:
    models = roll_of(tmp_path, {"name": "Same"}, {"name": "Same", "provider_id": "日本"}, {"name": "Other"})
    ((entry, words),) = names_told(kind, models)
    assert entry == "Same"
    there = TARGETS[kind].names_there(models)["e1"]
    assert there not in ("Same", "Same ()")
    assert f"tells models apart by their names. It is “{there}” there." in words


def test_a_name_among_the_rest_of_the_roll_is_told_for_what_is_written_alone(tmp_path: Path) -> None:
    models = roll_of(tmp_path, {"name": "Same"}, {"name": "Same", "provider_id": "日本"})
    told = losses_together(TARGETS["llm"], models[1:], models)
    assert [loss.words for loss in told if loss.field == "name"] == [
        "llm tells models apart by their names. It is “Same (日本)” there."
    ]


def test_no_two_names_are_one_even_where_nothing_can_be_spelled(tmp_path: Path) -> None:
    models = roll_of(tmp_path, *({"id": each, "name": "Same", "provider_id": "日本"} for each in "一二三"))
    assert list(names_told_apart(models, served_name).values()) == ["Same", "Same (2)", "Same (3)"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("goose", "Goose shows it as “m”."),
        ("librechat", "LibreChat shows it as “m”."),
        ("aider", "Aider calls it by its ID, “m”."),
    ],
)
def test_a_display_name_that_the_tool_has_no_place_for_is_told(kind: str, words: str, tmp_path: Path) -> None:
    models = roll_of(tmp_path, {"name": "Mine"}, {"model_id": "n"})
    assert names_told(kind, models) == [("Mine", words)]


def test_a_variant_keeps_its_name_in_aider(tmp_path: Path) -> None:
    models = roll_of(tmp_path, {}, {"name": "Variant"})
    assert names_told("aider", models) == []
