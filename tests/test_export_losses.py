"""What is told of an export: names, and whatever else a tool makes of a model than a run does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from core.exporters.all_targets import TARGETS
from core.exporters.litellm_proxy import served_name
from core.exporters.losses import losses_of, losses_together
from core.exporters.shape import PROVIDER_NAME, ReadModel
from core.exporters.subject import ExportedModel, names_told_apart, subjects_of
from core.exporters.texts import Put, edit_text, read_tree
from core.exporting import export
from core.importing import plan_import
from tests.rolls import BOX, open_roll, write_roll

FAR = {"name": "日本", "base_url": "http://127.0.0.1:18009/v1"}


def roll_of(folder: Path, *rows: dict[str, Any]) -> tuple[ExportedModel, ...]:
    """The models of a roll with these rows, at the provider “Box” unless they say another."""
    common = {"provider_type": "custom", "provider_id": "Box", "model_id": "m"}
    entries = [{"id": f"e{number}", **common, **row} for number, row in enumerate(rows)]
    path = write_roll(folder / "roll.yaml", openai_compatible_providers=[BOX, FAR], user_model_registry=entries)
    return subjects_of(open_roll(path), None)[0]


def written_and_read(kind: str, models: Sequence[ExportedModel]) -> tuple[ReadModel, ...]:
    """The models as the tool reads them from what is written for it."""
    target = TARGETS[kind]
    files = {file.name: file for file in target.files(models)}
    texts = {name: file.empty for name, file in files.items()}
    for fragment in target.fragments(models):
        put = Put(fragment.place, fragment.value)
        texts[fragment.file] = edit_text(texts[fragment.file], files[fragment.file].format, [put])
    return target.read({name: read_tree(text, files[name].format) for name, text in texts.items()})


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


@pytest.mark.parametrize("kind", ["litellm", "aider", "llm", "continue"])
def test_a_provider_that_cannot_be_named_is_told_once_a_provider(kind: str, tmp_path: Path) -> None:
    models = roll_of(tmp_path, {}, {"model_id": "n"}, {"model_id": "o", "provider_id": "日本"})
    told = {loss.words for model in models for loss in losses_of(TARGETS[kind], model) if loss.field == PROVIDER_NAME}
    assert len(told) == 2
    assert all("not its name" in words for words in told)


@pytest.mark.parametrize(("kind", "name"), [("zed", "openai"), ("librechat", "OpenAI"), ("librechat", "google")])
def test_a_provider_that_is_named_like_the_tools_own_comes_back_by_its_name(
    kind: str, name: str, tmp_path: Path
) -> None:
    path = write_roll(
        tmp_path / "roll.yaml",
        openai_compatible_providers=[{**BOX, "name": name}],
        user_model_registry=[
            {"id": "e", "provider_type": "custom", "provider_id": name, "model_id": "m"},
            {
                "id": "f",
                "provider_type": "custom",
                "provider_id": name,
                "model_id": "n",
                "overrides": {"reasoning_capable": True},
            },
        ],
    )
    file = tmp_path / "exported"
    export(open_roll(path), None, kind, file)
    assert [provider.name for provider in plan_import(open_roll(tmp_path / "empty.yaml"), file, kind).providers] == [
        name
    ]


def test_zed_takes_another_key_for_the_second_group_of_a_provider(tmp_path: Path) -> None:
    models = roll_of(tmp_path, {"name": "First"}, {"name": "Second"}, {"model_id": "n"})
    told = losses_together(TARGETS["zed"], models)
    assert [(loss.entry, loss.field) for loss in told] == [("Second", "key")]
    assert "“Box 2”" in told[0].words
    assert "from BOX_2_API_KEY" in told[0].words
    read = {model.name: model.provider.key_variable for model in written_and_read("zed", models)}
    assert read == {"First": "BOX_API_KEY", "Second": "BOX_2_API_KEY", "n": "BOX_API_KEY"}
