"""What a person adds to entries of ours: it goes with none of them, and moves along where they move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from core.exporting import (
    TARGETS,
    ExportPlan,
    Piece,
    PieceState,
    export,
    plan_export,
    plan_removal,
    plan_sync,
    write_plan,
)
from core.registry import Registry
from tests.rolls import BOX, custom, open_roll, write_roll

ADDED: Mapping[str, tuple[str, str, str, tuple[str, ...]]] = {
    "llm": ("extra-openai-models.yaml", "  model_name: m1\n", "  aliases: [mine]   # short\n", ("aliases",)),
    "continue": ("config.yaml", "    model: m1\n", "    roles: [chat]   # mine\n", ("roles",)),
    "litellm": ("config.yaml", "      model: openai/m1\n", "      rpm: 7\n", ("litellm_params.rpm",)),
    "kiln": ("settings.yaml", "    model_id: m1\n", "    note: mine\n", ("note",)),
    "aider": (".aider.model.settings.yml", "- name: openai/m1\n", "  edit_format: diff   # mine\n", ("edit_format",)),
    "opencode": ("opencode.json", '"name": "One"', ', "cost": {"input": 1, "output": 2}', ("cost",)),
    "zed": (
        "settings.json",
        '"display_name": "One",',
        '"max_completion_tokens": 7,  // mine\n',
        ("max_completion_tokens",),
    ),
    "vscode": ("chatLanguageModels.json", '"name": "One",', '"streaming": false,  // mine\n', ("streaming",)),
    "goose": ("muster-box.json", '"name": "m1"', ', "input_token_cost": 0.5', ("input_token_cost",)),
}
"""The file of each target, what of ours the person adds something behind, what that is, and the keys that are told."""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    entries = [custom("m1", name="One", overrides={"supports_vision": True}), custom("m2", name="Two")]
    rows = [entry.to_mapping() | {"id": f"id-{number}"} for number, entry in enumerate(entries, start=1)]
    path = write_roll(tmp_path / "roll.yaml", user_model_registry=rows, openai_compatible_providers=[BOX])
    with open_roll(path) as roll:
        yield roll


def exported(registry: Registry, tmp_path: Path, target: str) -> tuple[Path, Path]:
    """The path of an export, and the file that the person has added something in since."""
    folder = tmp_path / "tool"
    name, behind, added, _ = ADDED[target]
    path, file = folder if TARGETS[target].is_folder else folder / name, folder / name
    export(registry, None, target, path)
    assert file.read_text().count(behind) == 1
    file.write_text(file.read_text().replace(behind, behind + added))
    return path, file


def synced(registry: Registry) -> ExportPlan:
    (plan,) = plan_sync(registry)
    assert isinstance(plan, ExportPlan)
    return plan


def states_of(plan: ExportPlan) -> dict[str, PieceState]:
    return {piece.place_words: piece.state for piece in plan.pieces if piece.state is not PieceState.UNCHANGED}


def rename(registry: Registry, **changes: str) -> None:
    registry.replace("id-1", registry.entries()[0].with_changes(**changes))


@pytest.mark.parametrize("target", ADDED)
def test_an_entry_that_the_person_has_added_to_goes_only_on_their_word(
    registry: Registry, tmp_path: Path, target: str
) -> None:
    path, file = exported(registry, tmp_path, target)
    before = {each.name: each.read_bytes() for each in file.parent.iterdir()}
    for entry in registry.entries():
        registry.remove(entry)
    for plan in (synced(registry), plan_removal(registry, target, path)):
        (piece,) = plan.conflicts
        assert (piece.state, piece.edited_keys) == (PieceState.EDITED, ADDED[target][3])
        assert all(each.state is PieceState.REMOVED for each in plan.pieces if "m2" in each.fragment.name)
    write_plan(synced(registry), registry)
    assert ADDED[target][2].strip() in file.read_text()
    assert all(other.name in before for other in file.parent.iterdir())
    left = synced(registry)
    assert not left.is_change
    (piece,) = left.conflicts
    write_plan(plan_removal(registry, target, path, take_over=[piece.fragment.name]), registry)
    assert not file.exists() or ADDED[target][2].strip() not in file.read_text()
    assert plan_removal(registry, target, path).pieces == ()


@pytest.mark.parametrize("target", ["llm", "continue"])
def test_a_row_that_is_renamed_keeps_what_was_added_its_comments_and_its_place(
    registry: Registry, tmp_path: Path, target: str
) -> None:
    path, file = exported(registry, tmp_path, target)
    before = file.read_text()
    rename(registry, name="Another")
    plan = synced(registry)
    assert set(states_of(plan).values()) == {PieceState.NEW, PieceState.REMOVED}
    write_plan(plan, registry)
    assert file.read_text() == before.replace(": One\n", ": Another\n")
    assert not synced(registry).is_change
    assert not synced(registry).conflicts
    registry.remove("user_model::id-1")
    assert [piece.edited_keys for piece in plan_removal(registry, target, path).conflicts] == [ADDED[target][3]]


@pytest.mark.parametrize("target", ["aider", "opencode", "zed", "vscode", "goose"])
def test_what_was_added_moves_with_a_model_whose_id_changes(registry: Registry, tmp_path: Path, target: str) -> None:
    _, file = exported(registry, tmp_path, target)
    before = file.read_text()
    rename(registry, model_id="m9")
    write_plan(synced(registry), registry)
    text = file.read_text()
    assert "m1" not in text
    assert ADDED[target][3][0] in text
    if target in ("aider", "zed", "vscode", "goose"):  # rows of a list, which are changed where they stand
        assert text == before.replace("m1", "m9")
    assert not synced(registry).is_change
    assert not synced(registry).conflicts


def test_both_of_aiders_halves_keep_what_was_added(registry: Registry, tmp_path: Path) -> None:
    path, _ = exported(registry, tmp_path, "aider")
    metadata = path / ".aider.model.metadata.json"
    metadata.write_text(
        metadata.read_text().replace('"mode": "chat",', '"mode": "chat", "input_cost_per_token": 7,', 1)
    )
    rename(registry, model_id="m9")
    write_plan(synced(registry), registry)
    assert yaml.safe_load(metadata.read_text())["openai/m9"]["input_cost_per_token"] == 7
    (row,) = [row for row in yaml.safe_load((path / ".aider.model.settings.yml").read_text()) if "edit_format" in row]
    assert row["name"] == "openai/m9"


def test_what_was_changed_in_a_row_that_moves_is_to_be_decided_and_nothing_moves_before(
    registry: Registry, tmp_path: Path
) -> None:
    path, file = exported(registry, tmp_path, "llm")
    file.write_text(file.read_text().replace("model_name: m1", "model_name: by-hand"))
    before = file.read_text()
    rename(registry, name="Another")
    plan = synced(registry)
    assert states_of(plan) == {"One": PieceState.EDITED, "Another": PieceState.WAITING}
    assert plan.conflicts[0].edited_keys == ("model_name", "aliases")
    write_plan(plan, registry)
    assert file.read_text() == before
    export(registry, None, "llm", path, take_over=["One"])
    rows = {row["model_id"]: row for row in yaml.safe_load(file.read_text())}
    assert rows.keys() == {"Another", "Two"}
    assert rows["Another"]["aliases"] == ["mine"]
    assert rows["Another"]["model_name"] == "m1"


def test_what_was_added_and_the_tool_reads_otherwise_is_told_of_a_row_that_moves_too(
    registry: Registry, tmp_path: Path
) -> None:
    path, file = exported(registry, tmp_path, "llm")
    file.write_text(file.read_text().replace("aliases: [mine]", "reasoning: true"))
    before = file.read_text()
    rename(registry, name="Another")
    plan = synced(registry)
    assert states_of(plan) == {"One": PieceState.WAITING, "Another": PieceState.EDITED}
    assert not plan.is_change
    export(registry, None, "llm", path, take_over=["Another"])
    assert file.read_text() == before.replace("One", "Another").replace("  reasoning: true   # short\n", "")


def test_a_model_stays_where_it_is_for_as_long_as_its_new_place_is_taken(registry: Registry, tmp_path: Path) -> None:
    path, file = exported(registry, tmp_path, "llm")
    file.write_text(file.read_text() + "- {model_id: Another, model_name: theirs}\n")
    before = file.read_text()
    rename(registry, name="Another")
    plan = plan_export(registry, None, "llm", path)
    assert plan.conflicts
    assert not plan.is_change
    assert file.read_text() == before


def test_a_model_that_was_taken_out_in_the_tool_is_not_put_back_under_another_name(
    registry: Registry, tmp_path: Path
) -> None:
    path, file = exported(registry, tmp_path, "llm")
    file.write_text("- model_id: Two" + file.read_text().partition("- model_id: Two")[2])
    rename(registry, name="Another")
    plan = synced(registry)
    assert states_of(plan) == {"One": PieceState.WAITING, "Another": PieceState.TAKEN_OUT}
    assert not plan.is_change
    export(registry, None, "llm", path)
    assert [row["model_id"] for row in yaml.safe_load(file.read_text())] == ["Two", "Another"]


@pytest.mark.parametrize(("first", "second"), [("Two", "One"), ("Two", "Three"), ("Three", "One")])
@pytest.mark.parametrize("target", ["llm", "continue"])
def test_names_that_change_hands_lose_nothing(
    registry: Registry, tmp_path: Path, target: str, first: str, second: str
) -> None:
    _, file = exported(registry, tmp_path, target)
    registry.replace("id-2", registry.entries()[1].with_changes(name="for a moment"))
    rename(registry, name=first)
    registry.replace("id-2", registry.entries()[1].with_changes(name=second))
    for _ in range(2):
        write_plan(synced(registry), registry)
        assert ADDED[target][2].strip() in file.read_text()


@pytest.mark.parametrize("half", [".aider.model.settings.yml", ".aider.model.metadata.json"])
def test_of_a_model_of_aiders_that_was_changed_by_hand_neither_half_goes(
    registry: Registry, tmp_path: Path, half: str
) -> None:
    path = tmp_path / "aider"
    export(registry, None, "aider", path)
    first = path / half
    text = first.read_text()
    changed = text.replace("127.0.0.1", "localhost", 1).replace(
        '"supports_vision": true', '"supports_vision": false', 1
    )
    assert changed != text
    first.write_text(changed)
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    removal = plan_removal(registry, "aider", path, ["id-1"])
    names = [piece.fragment.name for piece in removal.conflicts]
    registry.remove("user_model::id-1")
    for plan in (removal, synced(registry)):
        assert sorted(piece.state for piece in plan.pieces if piece.goes) == [PieceState.EDITED, PieceState.WAITING]
        assert not plan.is_change
    write_plan(synced(registry), registry)
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before
    write_plan(plan_removal(registry, "aider", path, ["id-1"], take_over=names), registry)
    assert all("m1" not in file.read_text() for file in path.iterdir())


def test_a_provider_stays_ours_for_as_long_as_a_model_of_ours_stays_below_it(
    registry: Registry, tmp_path: Path
) -> None:
    path, file = exported(registry, tmp_path, "zed")
    for entry in registry.entries():
        registry.remove(entry)
    plan = synced(registry)
    shared: list[Piece] = [piece for piece in plan.pieces if not piece.fragment.entry_id]
    assert [piece.state for piece in shared] == [PieceState.WAITING]
    write_plan(plan, registry)
    assert "Box" in file.read_text()
    write_plan(plan_removal(registry, "zed", path, take_over=[plan.conflicts[0].fragment.name]), registry)
    assert not file.exists() or "Box" not in file.read_text()
