"""Exports into files that other tools and their people write too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from core.entry import UserModelEntry
from core.errors import ExportConflict, ExportError, MusterError
from core.exporting import (
    ExportPlan,
    PieceState,
    export,
    places_in_use,
    plan_export,
    plan_removal,
    plan_sync,
    targets,
    write_plan,
)
from core.registry import Registry
from tests.rolls import BOX, builtin, custom, open_roll, write_roll

KEY = "sk-made-up-0123456789"

FOREIGN = """\
# mine, by hand
- model_id: old-friend   # the first one
  model_name: gpt-3.5
  api_base: 'http://127.0.0.1:9/v1'

- {model_id: inline, model_name: x}
"""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    entries = [
        custom("local-1", name="Local One", overrides={"supports_vision": True, "supports_function_calling": True}),
        custom("local-2", name="Local Two"),
        builtin("gpt-x", name="Hosted", overrides={"supports_structured_output": True}),
    ]
    rows = [entry.to_mapping() | {"id": f"id-{number}"} for number, entry in enumerate(entries, start=1)]
    path = write_roll(tmp_path / "settings.yaml", user_model_registry=rows, openai_compatible_providers=[BOX])
    with open_roll(path, OPENAI_API_KEY=KEY) as roll:
        yield roll


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tool" / "extra-openai-models.yaml"


def rows_of(file: Path) -> dict[str, dict[str, object]]:
    return {row["model_id"]: row for row in yaml.safe_load(file.read_text())}


def only_plan(registry: Registry) -> ExportPlan:
    (plan,) = plan_sync(registry)
    assert isinstance(plan, ExportPlan)
    return plan


def test_a_new_file_holds_every_model_and_no_key(registry: Registry, file: Path) -> None:
    report = export(registry, None, "llm", file)
    assert report.written == report.paths == (file,)
    assert report.backups == ()
    rows = rows_of(file)
    assert rows["Local One"] == {
        "model_id": "Local One",
        "model_name": "local-1",
        "api_base": BOX["base_url"],
        "api_key_name": "BOX_API_KEY",
        "supports_tools": True,
        "vision": True,
    }
    assert rows["Hosted"]["supports_schema"] is True
    assert rows["Hosted"]["api_key_name"] == "OPENAI_API_KEY"
    assert KEY not in file.read_text() + report.diff


def test_a_dry_run_tells_and_writes_nothing(registry: Registry, file: Path) -> None:
    report = export(registry, None, "llm", file, dry_run=True)
    assert "+- model_id: Local One" in report.diff
    assert report.paths == (file,)
    assert report.written == ()
    assert not file.exists()
    assert places_in_use() == ()


def test_what_the_person_wrote_stays_byte_for_byte(registry: Registry, file: Path) -> None:
    file.parent.mkdir()
    file.write_text(FOREIGN)
    report = export(registry, None, "llm", file)
    assert file.read_text().startswith(FOREIGN)
    assert [backup.read_text() for backup in report.backups] == [FOREIGN]
    before = file.read_bytes()
    again = export(registry, None, "llm", file)
    assert (again.diff, again.written, file.read_bytes()) == ("", (), before)


def test_taking_everything_out_again_leaves_the_file_as_it_was(registry: Registry, file: Path) -> None:
    file.parent.mkdir()
    file.write_text(FOREIGN)
    export(registry, None, "llm", file)
    plan = plan_removal(registry, "llm", file)
    assert {piece.state for piece in plan.pieces} == {PieceState.REMOVED}
    write_plan(plan, registry)
    assert file.read_text() == FOREIGN
    assert places_in_use() == ()


def test_a_foreign_entry_of_the_same_name_is_a_conflict_and_nothing_is_written(registry: Registry, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("- {model_id: Local One, model_name: another}\n")
    before = file.read_bytes()
    with pytest.raises(ExportConflict) as caught:
        export(registry, None, "llm", file)
    assert caught.value.items == ("Local One",)
    assert "did not write" in caught.value.title
    assert file.read_bytes() == before
    export(registry, None, "llm", file, take_over=["Local One"])
    assert rows_of(file)["Local One"]["model_name"] == "local-1"


def test_a_foreign_entry_that_says_the_same_is_taken_for_ours(registry: Registry, file: Path) -> None:
    export(registry, ["user_model::id-2"], "llm", file)
    written = file.read_text()
    plan_removal(registry, "llm", file)
    file.write_text(written + "  aliases: [two]\n")
    report = export(registry, ["user_model::id-2"], "llm", file)
    assert (report.written, report.diff) == ((), "")


def test_what_was_changed_by_hand_is_a_conflict_until_it_is_taken_over(registry: Registry, file: Path) -> None:
    export(registry, None, "llm", file)
    file.write_text(file.read_text().replace("vision: true", "vision: false"))
    registry.replace("id-1", custom("local-1", name="Local One", overrides={"supports_vision": False}))
    by_hand = file.read_bytes()
    assert export(registry, ["user_model::id-2"], "llm", file).written == ()
    registry.replace("id-1", custom("local-1", name="Local One", overrides={"supports_structured_output": True}))
    with pytest.raises(ExportConflict, match="changed in llm since Muster wrote them: “Local One”"):
        export(registry, None, "llm", file)
    assert file.read_bytes() == by_hand
    (piece,) = plan_export(registry, None, "llm", file).conflicts
    assert piece.edited_keys == ("vision",)
    export(registry, None, "llm", file, take_over=["Local One"])
    assert rows_of(file)["Local One"].get("supports_schema") is True


def test_what_the_person_added_to_our_entry_stays(registry: Registry, file: Path) -> None:
    export(registry, None, "llm", file)
    file.write_text(file.read_text().replace("  vision: true", "  vision: true\n  aliases: [one] # short"))
    registry.replace("id-1", custom("local-1", name="Local One", overrides={"supports_vision": True}))
    export(registry, None, "llm", file)
    assert "aliases: [one] # short" in file.read_text()
    assert "supports_tools" not in rows_of(file)["Local One"]


def test_sync_writes_only_what_changed_and_leaves_hand_made_changes_to_the_person(
    registry: Registry, file: Path
) -> None:
    export(registry, None, "llm", file)
    assert not only_plan(registry).is_change
    file.write_text(file.read_text().replace("model_name: local-2", "model_name: by-hand"))
    registry.replace("id-1", custom("local-1", name="Local One"))
    registry.remove("user_model::id-3")
    plan = only_plan(registry)
    states = {piece.fragment.name: piece.state for piece in plan.pieces}
    assert states == {"Local One": PieceState.CHANGED, "Local Two": PieceState.EDITED, "Hosted": PieceState.REMOVED}
    write_plan(plan, registry)
    rows = rows_of(file)
    assert set(rows) == {"Local One", "Local Two"}
    assert rows["Local Two"]["model_name"] == "by-hand"
    assert "vision" not in rows["Local One"]


def test_sync_does_not_put_back_what_was_removed_in_the_tool(registry: Registry, file: Path) -> None:
    export(registry, ["user_model::id-2", "user_model::id-1"], "llm", file)
    text = file.read_text()
    file.write_text(text[: text.index("- model_id: Local Two")])
    (piece,) = only_plan(registry).conflicts
    assert (piece.fragment.name, piece.state) == ("Local Two", PieceState.TAKEN_OUT)
    write_plan(only_plan(registry), registry)
    assert set(rows_of(file)) == {"Local One"}
    export(registry, ["user_model::id-2"], "llm", file)
    assert set(rows_of(file)) == {"Local One", "Local Two"}


def test_a_renamed_model_moves(registry: Registry, file: Path) -> None:
    export(registry, None, "llm", file)
    registry.replace("id-2", custom("local-2", name="Second"))
    export(registry, None, "llm", file)
    assert set(rows_of(file)) == {"Local One", "Second", "Hosted"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- model_id: a\n  model_name: [", "is broken"),
        ("- {model_id: a, model_name: b}\n- {model_id: c}\n", "Row 2 has no model_id or no model_name"),
        ("model_id: a\n", "It is not a list of models"),
        ("- \x00\n", "is broken"),
    ],
)
def test_a_file_that_the_tool_would_refuse_is_refused_with_words_and_untouched(
    registry: Registry, file: Path, text: str, words: str
) -> None:
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(ExportError) as caught:
        export(registry, None, "llm", file)
    assert words in caught.value.title
    assert str(file) in caught.value.hint
    assert file.read_text() == text


def test_an_unknown_target_and_an_unknown_model_are_refused(registry: Registry, file: Path) -> None:
    with pytest.raises(ExportError, match="Known: "):
        export(registry, None, "emacs", file)
    with pytest.raises(MusterError):
        export(registry, ["no-such-model"], "llm", file)
    assert not file.exists()


def test_what_cannot_be_resolved_is_left_out_and_told(tmp_path: Path, file: Path) -> None:
    rows = [
        custom("good").to_mapping() | {"id": "1"},
        custom("bad", overrides={"parser": "nonsense"}).to_mapping() | {"id": "2"},
        UserModelEntry(provider_type="custom", provider_id="Gone", model_id="m").to_mapping() | {"id": "3"},
    ]
    path = write_roll(tmp_path / "settings.yaml", user_model_registry=rows, openai_compatible_providers=[BOX])
    with open_roll(path) as roll:
        report = export(roll, None, "llm", file)
    assert set(rows_of(file)) == {"good"}
    assert {loss.entry for loss in report.losses if loss.field == "provider"} == {"bad", "m"}


def test_losses_say_what_is_lost_and_what_was_decided(registry: Registry, file: Path) -> None:
    registry.replace(
        "id-1",
        custom(
            "local-1",
            name="Local One",
            overrides={"structured_output_mode": "json_schema", "max_parallel_requests": 2, "supports_logprobs": True},
        ),
    )
    losses = export(registry, ["user_model::id-1"], "llm", file, dry_run=True).losses
    unsayable = {"structured_output_mode", "max_parallel_requests", "supports_logprobs"}
    assert {loss.field for loss in losses} == {*unsayable, "provider_name"}
    assert all(loss.words.startswith("llm cannot say ") for loss in losses if loss.field in unsayable)


def test_a_link_is_written_through(registry: Registry, file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "llm.yaml"
    real.parent.mkdir()
    real.write_text(FOREIGN)
    file.parent.mkdir()
    file.symlink_to(real)
    export(registry, None, "llm", file)
    assert file.is_symlink()
    assert real.read_text().startswith(FOREIGN)


def test_every_target_of_the_public_surface_is_there() -> None:
    assert targets() == (
        "kiln", "litellm", "aider", "llm", "opencode", "pydantic-ai", "continue", "goose", "librechat", "zed", "vscode",
    )  # fmt: skip
