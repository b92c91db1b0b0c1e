"""Plans of imports and what carrying them out does to a roll: one change, and nothing else."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import keyring
import keyring.backend
import pytest
from typing_extensions import override

from core.credentials import Credentials
from core.errors import MusterError, SettingsConflict, SettingsReadOnly
from core.importing import apply, carry_out, plan_change, plan_import
from core.registry import Registry
from tests.imports import KEY, ids, llm_file, llm_row, model_of, roll_of_box, rows_of, share_of
from tests.rolls import BOX, builtin, custom, open_roll, write_roll


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A roll with the provider “Box” and its key, two models of it, and a legacy model."""
    return roll_of_box(tmp_path)


@pytest.fixture
def empty(tmp_path: Path) -> Registry:
    """A roll with nothing on it, and no credentials."""
    return open_roll(tmp_path / "empty" / "settings.yaml")


def test_a_plan_says_what_is_added_what_is_otherwise_and_what_is_there(registry: Registry, tmp_path: Path) -> None:
    text = share_of(
        model_of("m1"),
        model_of("m2", name="Two", overrides={"supports_vision": False, "supports_logprobs": True}),
        model_of("m9", overrides={"reasoning_capable": True}),
        Box=BOX["base_url"],
    )
    plan = plan_import(registry, text)
    assert ids(plan) == (["m9"], ["m2"], ["m1"])
    (replaced,) = plan.replace
    assert [(change.field, change.before, change.after) for change in replaced.changes] == [
        ("supports_vision", True, False),
        ("supports_logprobs", None, True),
    ]
    assert replaced.changes[0].words == "Supports Vision: Yes → No"
    assert replaced.replaces is not None
    assert replaced.replaces.id == "id-2"
    assert replaced.entry.overrides == {"supports_vision": False, "parser": "r1_thinking", "supports_logprobs": True}
    assert plan.add[0].stated == ("reasoning_capable",)
    assert "Muster" in plan.add[0].provenance
    assert plan.providers == ()


def test_planning_changes_nothing_and_asks_no_network_and_no_keyring(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Watched(keyring.backend.KeyringBackend):
        priority = 1

        @override
        def get_password(self, service: str, username: str) -> str | None:
            asked.append(username)
            return None

        @override
        def set_password(self, service: str, username: str, password: str) -> None:
            raise AssertionError("the keyring was written")

        @override
        def delete_password(self, service: str, username: str) -> None:
            raise AssertionError("the keyring was written")

    keyring.set_keyring(Watched())  # type: ignore[no-untyped-call]

    def refuse(*_: object) -> None:
        asked.append("the network")
        raise OSError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    roll = Registry.open(registry.path, credentials=Credentials(environment={}))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    file = llm_file(tmp_path, llm_row("m1"), llm_row("m9", "https://new.example/v1", api_key_name="NEW_KEY"))
    before[file] = file.read_bytes()
    document = roll.document
    plan_import(roll, file)
    plan_import(roll, share_of(model_of(), Box="https://elsewhere.example/v1"))
    plan_import(roll, "", "environment")
    assert asked == []
    assert roll.document is document
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    roll.credentials.refresh([("custom", "Far", "api_key")])
    assert asked, "it would have been noticed"


def test_an_import_is_one_change_that_one_undo_takes_back(registry: Registry) -> None:
    before = registry.path.read_bytes()
    text = share_of(
        model_of("m2", name="Two", overrides={"supports_vision": False}),
        model_of("far", "Far"),
        {"provider_type": "builtin", "provider_id": "openai", "model_id": "gpt-old"},
        Box=BOX["base_url"],
        Far="https://far.example/v1",
    )
    change = plan_change(registry, plan_import(registry, text))
    assert change.text == "Import 2 models"
    registry.commit(change)
    assert [row["model_id"] for row in rows_of(registry)] == ["m1", "m2", "far"]
    assert [provider.name for provider in registry.providers] == ["Box", "Far"]
    registry.commit(change.reversed())
    assert registry.path.read_bytes() == before


def test_an_applied_import_is_taken_back_whole_by_one_step(registry: Registry) -> None:
    registry.path.write_text("# mine\n" + registry.path.read_text(encoding="utf-8"), encoding="utf-8")
    registry.reload()
    before = registry.path.read_bytes()
    text = share_of(
        model_of("m1", name="One"),
        model_of("m2", name="Two", overrides={"supports_vision": False, "parser": None}),
        model_of("far", "Far"),
        model_of("near", "Near"),
        Box="https://box.elsewhere.example/v1",
        Far="https://far.example/v1",
        Near="https://near.example/v1",
    )
    plan = plan_import(registry, text)
    change = carry_out(registry, plan, allow_redirects=plan.redirects)
    imported = registry.path.read_bytes()
    assert [row["model_id"] for row in rows_of(registry)] == ["m1", "m2", "m1", "far", "near"]
    assert registry.providers[0].base_url == "https://box.elsewhere.example/v1"
    assert [provider.name for provider in registry.providers] == ["Box", "Far", "Near"]
    registry.commit(change.reversed())
    assert registry.path.read_bytes() == before
    registry.commit(change)
    assert registry.path.read_bytes() == imported


def test_undoing_an_import_leaves_what_was_written_since(registry: Registry) -> None:
    change = carry_out(registry, plan_import(registry, share_of(model_of("far", "Far"), Far="https://far.example/v1")))
    other = open_roll(registry.path)
    other.add(custom("later", provider_id="Box"))
    registry.commit(change.reversed())
    assert [row["model_id"] for row in rows_of(registry)] == ["m1", "m2", "later"]
    assert [provider.name for provider in registry.providers] == ["Box"]


def test_undoing_an_import_refuses_where_its_model_was_changed_since(registry: Registry) -> None:
    change = carry_out(registry, plan_import(registry, share_of(model_of("far", "Far"), Far="https://far.example/v1")))
    (far,) = [entry for entry in registry.entries() if entry.model_id == "far"]
    registry.replace(far.reference, far.with_changes(name="Mine"))
    before = registry.path.read_bytes()
    with pytest.raises(SettingsConflict):
        registry.commit(change.reversed())
    assert registry.path.read_bytes() == before


def test_where_there_is_nothing_to_import_nothing_is_undone(registry: Registry) -> None:
    before = registry.path.read_bytes()
    change = carry_out(registry, plan_import(registry, share_of(model_of("m1"), Box=BOX["base_url"])))
    registry.commit(change.reversed())
    assert registry.path.read_bytes() == before


def test_apply_is_on_the_disk_when_it_returns_and_keeps_what_is_not_its_own(registry: Registry) -> None:
    apply(registry, plan_import(registry, share_of(model_of(), Box=BOX["base_url"])))
    rows = rows_of(registry)
    assert [row["model_id"] for row in rows] == ["m1", "m2", "m9"]
    assert rows[0]["note"] == "kept"
    assert KEY in registry.path.read_text(encoding="utf-8")


def test_a_part_of_a_plan_can_be_chosen(empty: Registry) -> None:
    text = share_of(
        model_of("a", "Far"), model_of("b", "Near"), Far="https://f.example/v1", Near="https://n.example/v1"
    )
    plan = plan_import(empty, text)
    change = plan_change(empty, plan, chosen=[plan.add[1]])
    assert change.text == "Import “b”"
    empty.commit(change)
    assert [entry.model_id for entry in empty.entries()] == ["b"]
    assert [provider.name for provider in empty.providers] == ["Near"]
    with pytest.raises(MusterError):
        plan_change(empty, plan, chosen=[99])
    assert plan_change(empty, plan, chosen=[]).after is plan_change(empty, plan, chosen=[]).base


def test_a_failed_save_leaves_everything_as_it_was(registry: Registry) -> None:
    plan = plan_import(registry, share_of(model_of(), Box=BOX["base_url"]))
    with Registry.open(registry.path, read_only=True, credentials=registry.credentials) as reader:
        with pytest.raises(SettingsReadOnly):
            apply(reader, plan)
        assert len(reader.entries()) == 3


def test_a_model_without_credentials_comes_in_and_says_what_is_missing(empty: Registry) -> None:
    empty.credentials.refresh()
    text = share_of({"provider_type": "builtin", "provider_id": "openai", "model_id": "gpt-x"})
    plan = plan_import(empty, text)
    assert plan.add[0].notes == ("Set up OpenAI’s API Key under Providers before it can run.",)
    apply(empty, plan)
    assert [entry.model_id for entry in empty.entries()] == ["gpt-x"]


def test_the_same_model_twice_is_taken_once(empty: Registry) -> None:
    text = share_of(
        model_of("a", "Far"),
        model_of("a", "Far"),
        model_of("a", "Far", overrides={"supports_vision": True}),
        model_of("a", "Far", name="Variant"),
        Far="https://far.example/v1",
    )
    plan = plan_import(empty, text)
    assert [item.display_name for item in plan.add] == ["a", "Variant"]
    assert [item.reason for item in plan.skip] == [
        "It is there twice with the same settings.",
        "It is there twice, with other settings; the first one counts.",
    ]
    apply(empty, plan)
    assert len(empty.entries()) == 2


def test_an_entry_that_was_renamed_is_known_by_its_id(registry: Registry) -> None:
    plan = plan_import(registry, share_of(model_of("m2", id="id-2", name="Zwei"), Box=BOX["base_url"]))
    (item,) = plan.replace
    assert [change.words for change in item.changes] == ["Display Name: Two → Zwei"]


def test_an_id_of_another_model_does_not_make_it_that_model(registry: Registry) -> None:
    assert ids(plan_import(registry, share_of(model_of("m9", id="id-2"), Box=BOX["base_url"]))) == (["m9"], [], [])


def test_a_rule_across_fields_leaves_out_what_breaks_it(registry: Registry) -> None:
    text = share_of(
        model_of("m1", overrides={"openrouter_reasoning_object": True, "supports_vision": True}),
        model_of("m9", overrides={"available_thinking_levels": {"High": "high"}, "default_thinking_level": "low"}),
        model_of("m8", overrides={"openrouter_reasoning_object": True}),
        Box=BOX["base_url"],
    )
    plan = plan_import(registry, text)
    assert [(item.model_id, item.entry.overrides) for item in plan.items] == [
        ("m1", {"supports_vision": True}),
        ("m9", None),
        ("m8", None),
    ]
    assert "openrouter_reasoning_object" in plan.replace[0].not_understood
    apply(registry, plan)
    assert registry.problems == ()


def test_what_a_file_says_as_it_is_by_default_changes_nothing(registry: Registry) -> None:
    text = share_of(
        model_of("m1", overrides={"supports_vision": False, "structured_output_mode": "json_instructions"}),
        model_of("m9", overrides={"supports_vision": False}),
        Box=BOX["base_url"],
    )
    plan = plan_import(registry, text)
    assert ids(plan) == (["m9"], [], ["m1"])
    assert plan.add[0].entry.overrides == {"supports_vision": False}


def test_values_that_mean_the_same_are_no_change(tmp_path: Path) -> None:
    rows = [model_of("m1", overrides={"supports_vision": "yes", "supports_logprobs": None, "parser": ""})]
    roll = open_roll(write_roll(tmp_path / "s.yaml", user_model_registry=rows, openai_compatible_providers=[BOX]))
    assert ids(plan_import(roll, share_of(model_of("m1", overrides={"supports_vision": True}), Box=BOX["base_url"])))[
        2
    ] == ["m1"]


def test_an_entry_of_a_built_in_provider_of_the_roll_is_known(registry: Registry) -> None:
    legacy = builtin("gpt-old")
    text = share_of(
        {"provider_type": "builtin", "provider_id": "openai", "model_id": legacy.model_id,
         "overrides": {"supports_vision": True}}
    )  # fmt: skip
    plan = plan_import(registry, text)
    assert ids(plan) == ([], ["gpt-old"], [])
    apply(registry, plan)
    assert registry.document.legacy_rows == ()
    assert rows_of(registry)[-1]["overrides"] == {"supports_vision": True}


# ------------------------------------------------------------------------------------------------------- a changed roll


def test_what_was_added_meanwhile_is_not_added_twice(registry: Registry) -> None:
    plan = plan_import(registry, share_of(model_of("m9"), model_of("m8"), Box=BOX["base_url"]))
    with Registry.open(registry.path, credentials=registry.credentials) as other:
        other.add(custom("m9"))
    apply(registry, plan)
    assert [row["model_id"] for row in rows_of(registry)] == ["m1", "m2", "m9", "m8"]


def test_what_was_changed_meanwhile_is_not_overwritten_unseen(registry: Registry) -> None:
    text = share_of(
        model_of("m9", overrides={"supports_vision": True}),
        model_of("m2", name="Two", overrides={"supports_vision": False}),
        Box=BOX["base_url"],
    )
    plan = plan_import(registry, text)
    registry.add(custom("m9", overrides={"supports_vision": False}))
    before = registry.path.read_bytes()
    with pytest.raises(SettingsConflict) as caught:
        apply(registry, plan)
    assert caught.value.conflicts == ("m9",)
    assert registry.path.read_bytes() == before
    apply(registry, plan_import(registry, text))
    assert all((entry.overrides or {}).get("supports_vision") is not None for entry in registry.entries()[1:3])


def test_a_redirect_that_came_up_since_is_not_followed_unseen(empty: Registry) -> None:
    plan = plan_import(empty, share_of(model_of("m9"), Box="https://new.example/v1"))
    empty.add_provider("Box", "https://old.example/v1", "key-of-old")
    with pytest.raises(SettingsConflict):
        apply(empty, plan)
    assert [provider.base_url for provider in empty.providers] == ["https://old.example/v1"]


def vscode_file(folder: Path, *levels: str) -> Path:
    """A file of VS Code with one model at “Box”, which thinks in these levels and states no default."""
    row = {"id": "m1", "name": "m1", "url": BOX["base_url"], "toolCalling": False, "vision": False,
           "supportsReasoningEffort": list(levels)}  # fmt: skip
    group = {"vendor": "customendpoint", "name": "Box", "models": [row]}
    path = folder / "chatLanguageModels.json"
    path.write_text(json.dumps([group]), encoding="utf-8")
    return path


def test_thinking_levels_without_a_default_are_left_out_in_so_many_words(empty: Registry, tmp_path: Path) -> None:
    (item,) = plan_import(empty, vscode_file(tmp_path, "low", "high"), "vscode").add
    assert "available_thinking_levels" not in (item.entry.overrides or {})
    assert "available_thinking_levels" in item.not_understood
    assert "Thinking Levels was left out: none of the levels is said to be the default." in item.notes


def test_thinking_levels_join_the_default_that_the_roll_has(registry: Registry, tmp_path: Path) -> None:
    (known,) = [entry for entry in registry.entries() if entry.model_id == "m1"]
    stored = {"available_thinking_levels": {"Little": "low", "Much": "high"}, "default_thinking_level": "low"}
    registry.replace(str(known.id), known.with_changes(overrides=stored))
    same = plan_import(registry, vscode_file(tmp_path, "high", "low"), "vscode")
    assert [change.field for item in same.replace for change in item.changes] == []
    (item,) = plan_import(registry, vscode_file(tmp_path, "low", "medium", "high"), "vscode").replace
    assert item.entry.overrides == {
        **stored,
        "available_thinking_levels": {"low": "low", "medium": "medium", "high": "high"},
    }
    (item,) = plan_import(registry, vscode_file(tmp_path, "medium"), "vscode").skip
    assert item.entry.overrides == stored


def test_blanks_around_a_model_id_go_and_that_is_said(registry: Registry) -> None:
    (item,) = plan_import(registry, share_of(model_of("m9 "), Box=BOX["base_url"])).add
    assert item.entry.model_id == "m9"
    assert "Blanks around its model ID are left out." in item.notes
