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


def told_of(kind: str, folder: Path, **overrides: Any) -> dict[str, list[str]]:
    """What the target tells of a model with these overrides, by field."""
    (model,) = roll_of(folder, {"overrides": overrides})
    told: dict[str, list[str]] = {}
    for loss in losses_of(TARGETS[kind], model):
        told.setdefault(loss.field, []).append(loss.words)
    return told


def read_of(kind: str, folder: Path, **overrides: Any) -> ReadModel:
    """The model with these overrides as the tool reads it."""
    (read,) = written_and_read(kind, roll_of(folder, {"overrides": overrides}))
    return read


def test_a_yes_that_the_tool_takes_for_granted_is_told(tmp_path: Path) -> None:
    assert told_of("goose", tmp_path, supports_function_calling=True)["supports_function_calling"] == [
        "Goose always takes Supports Function Calling for Yes, and cannot say that it was set."
    ]


@pytest.mark.parametrize(
    "kind", ["litellm", "aider", "llm", "continue", "goose", "librechat", "zed", "vscode", "opencode", "pydantic-ai"]
)
def test_attachments_without_their_types_cannot_be_said(kind: str, tmp_path: Path) -> None:
    assert "multimodal_capable" in told_of(kind, tmp_path, multimodal_capable=True, supports_vision=True)
    assert "multimodal_capable" not in told_of(kind, tmp_path, supports_vision=True)


@pytest.mark.parametrize("kind", ["opencode", "pydantic-ai", "litellm"])
def test_attachments_are_said_by_their_types(kind: str, tmp_path: Path) -> None:
    said = {"multimodal_capable": True, "multimodal_mime_types": ["application/pdf"]}
    assert "multimodal_capable" not in told_of(kind, tmp_path, **said)
    read = read_of(kind, tmp_path, **said)
    assert {name: read.values[name] for name in said} == said
    assert said.keys() <= read.stated


@pytest.mark.parametrize("kind", ["opencode", "pydantic-ai", "zed", "vscode"])
def test_pictures_alone_do_not_state_attachments(kind: str, tmp_path: Path) -> None:
    read = read_of(kind, tmp_path, supports_vision=True)
    assert "supports_vision" in read.stated
    assert "multimodal_capable" not in read.stated


def test_litellm_tells_of_pictures_types_and_of_audio_that_was_widened(tmp_path: Path) -> None:
    types = ["image/png", "application/pdf", "audio/wav", "video/mp4"]
    told = told_of("litellm", tmp_path, supports_vision=True, multimodal_mime_types=types)
    assert told["multimodal_mime_types"] == [
        "LiteLLM Proxy says only that it takes pictures, and not of which types.",
        "LiteLLM Proxy says only audio, whichever of its types the model takes.",
    ]


def test_texts_that_opencode_has_one_word_for_are_told(tmp_path: Path) -> None:
    told = told_of("opencode", tmp_path, multimodal_mime_types=["text/csv", "application/pdf"])
    assert told["multimodal_mime_types"] == ["opencode says only text, whichever of its types the model takes."]


def test_pydantic_ai_tells_what_the_default_mode_is_written_as(tmp_path: Path) -> None:
    told = told_of("pydantic-ai", tmp_path, structured_output_mode="default")
    assert told["structured_output_mode"] == [
        "The provider’s default is written as what it is now: function_calling_weak."
    ]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (
            "litellm",
            {
                "supports_function_calling",
                "supports_structured_output",
                "reasoning_capable",
                "supports_vision",
                "multimodal_mime_types",
            },
        ),
        ("aider", {"supports_function_calling", "supports_vision"}),
        ("vscode", {"supports_function_calling", "supports_vision"}),
        ("zed", {"supports_function_calling", "supports_vision"}),
        ("pydantic-ai", {"reasoning_capable"}),
    ],
)
def test_a_no_that_is_written_for_what_is_unset_is_told(kind: str, fields: set[str], tmp_path: Path) -> None:
    told = told_of(kind, tmp_path)
    for field in fields:
        (words,) = told[field]
        assert " is not set. " in words
        assert "written as No, since " in words
    said = dict.fromkeys(fields - {"multimodal_mime_types"}, False)
    assert told_of(kind, tmp_path, **said).keys().isdisjoint(said)


@pytest.mark.parametrize("kind", list(TARGETS))
def test_no_yes_or_no_is_written_for_what_is_unset_without_a_word(kind: str, tmp_path: Path) -> None:
    """Whatever a tool's file states of a bare model, as the tool reads it."""
    told = told_of(kind, tmp_path)
    read = read_of(kind, tmp_path)
    assert {name for name in read.stated if isinstance(read.values[name], bool)} <= told.keys()
