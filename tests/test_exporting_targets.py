"""The whole way of an export, for every target: thirty models that differ in everything an export has to carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from core.export_plan import ExportPlan
from core.exporting import TARGETS, PieceState, export, places_in_use, plan_export, plan_removal, plan_sync, write_plan
from core.registry import Registry
from tests.export_rolls import SECRETS, open_export_roll

SAMPLES = Path(__file__).with_name("interop") / "samples"

FOREIGN: Mapping[str, Mapping[str, str]] = {
    "kiln": {"settings.yaml": "kiln/settings.yaml"},
    "litellm": {"config.yaml": "litellm/config.yaml"},
    "aider": {
        ".aider.model.settings.yml": "aider/.aider.model.settings.yml",
        ".aider.model.metadata.json": "aider/.aider.model.metadata.json",
    },
    "llm": {"extra-openai-models.yaml": "llm/extra-openai-models.yaml"},
    "opencode": {"opencode.json": "opencode/opencode.json"},
    "continue": {"config.yaml": "continue/config.yaml"},
    "librechat": {"librechat.yaml": "librechat/librechat.yaml"},
    "zed": {"settings.json": "zed/settings.json"},
    "vscode": {"chatLanguageModels.json": "vscode/chatLanguageModels.json"},
}
"""Files that a person wrote, with comments where the format has them, by the name under which they stand."""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with open_export_roll(tmp_path / "settings-of-muster.yaml") as roll:
        yield roll


def place_of(target: str, tmp_path: Path) -> Path:
    folder = tmp_path / "tool"
    return folder if TARGETS[target].is_folder else folder / TARGETS[target].default_path().name


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def write_foreign(target: str, tmp_path: Path) -> dict[str, bytes]:
    folder = tmp_path / "tool"
    folder.mkdir()
    for name, sample in FOREIGN[target].items():
        place = folder / name if TARGETS[target].is_folder else place_of(target, tmp_path)
        # Kiln tells models apart by their IDs, which are the same in both rolls.
        text = (SAMPLES / sample).read_text(encoding="utf-8").replace("id: bare", "id: own").replace("Keyless", "Own")
        place.write_bytes(text.encode())
    return contents(folder)


@pytest.mark.parametrize("target", TARGETS)
def test_thirty_models_are_written_without_a_key_and_a_second_export_changes_nothing(
    registry: Registry, tmp_path: Path, target: str
) -> None:
    path = place_of(target, tmp_path)
    report = export(registry, None, target, path)
    before = contents(tmp_path / "tool")
    assert before
    assert set(report.written) == {tmp_path / "tool" / name for name in before}
    assert not [name for name, data in before.items() if any(secret.encode() in data for secret in SECRETS)]
    again = export(registry, None, target, path)
    assert (again.written, again.diff) == ((), "")
    assert contents(tmp_path / "tool") == before


@pytest.mark.parametrize("target", FOREIGN)
def test_what_a_person_wrote_comes_back_byte_for_byte_when_ours_is_taken_out(
    registry: Registry, tmp_path: Path, target: str
) -> None:
    before = write_foreign(target, tmp_path)
    path = place_of(target, tmp_path)
    export(registry, None, target, path)
    after = contents(tmp_path / "tool")
    assert after != before
    for name, data in before.items():
        kept = [line for line in data.splitlines() if line.strip() and line.strip() not in (b"}", b"]", b"},", b"],")]
        now = {line.rstrip(b",") for line in after[name].splitlines()}
        assert [line for line in kept if line.rstrip(b",") not in now] == []
    write_plan(plan_removal(registry, target, path), registry)
    assert contents(tmp_path / "tool") == before
    assert places_in_use() == ()


@pytest.mark.parametrize("target", TARGETS)
def test_models_come_and_go_by_halves(registry: Registry, tmp_path: Path, target: str) -> None:
    path = place_of(target, tmp_path)
    entries = registry.entries()
    halves = entries[::2], entries[1::2]
    for half in halves:
        export(registry, half, target, path)
    assert not plan_export(registry, None, target, path).is_change
    ids = [entry.id for entry in halves[0] if entry.id is not None]
    write_plan(plan_removal(registry, target, path, ids), registry)
    plan = plan_export(registry, halves[1], target, path)
    assert {piece.state for piece in plan.pieces} <= {PieceState.UNCHANGED}
    read = {piece.fragment.entry_id for piece in plan.pieces}
    assert read.isdisjoint(ids)
    write_plan(plan_removal(registry, target, path), registry)
    assert places_in_use() == ()


@pytest.mark.parametrize("target", TARGETS)
def test_sync_takes_out_what_the_roll_lost_and_writes_what_it_changed(
    registry: Registry, tmp_path: Path, target: str
) -> None:
    path = place_of(target, tmp_path)
    export(registry, None, target, path)
    (plan,) = plan_sync(registry)
    assert isinstance(plan, ExportPlan)
    assert not plan.is_change
    registry.remove("user_model::all-yes")
    entry = next(entry for entry in registry.entries() if entry.id == "odd-id")
    registry.replace("odd-id", entry.with_changes(name="Another name", overrides={"supports_vision": True}))
    (plan,) = plan_sync(registry)
    assert isinstance(plan, ExportPlan)
    touched = {piece.fragment.entry_id for piece in plan.pieces if piece.state is not PieceState.UNCHANGED}
    assert "all-yes" in touched
    assert touched <= {"all-yes", "odd-id", ""}
    write_plan(plan, registry)
    (plan,) = plan_sync(registry)
    assert isinstance(plan, ExportPlan)
    assert not plan.is_change


@pytest.mark.parametrize("target", TARGETS)
def test_every_model_is_written_or_its_loss_is_told(registry: Registry, tmp_path: Path, target: str) -> None:
    plan = plan_export(registry, None, target, place_of(target, tmp_path))
    written = {piece.fragment.entry_id for piece in plan.pieces} - {""}
    left_out = {loss.entry for loss in plan.losses if loss.field == "provider"}
    missing = [entry for entry in registry.entries() if entry.id not in written]
    assert {entry.display_name for entry in missing} <= left_out
    assert all(loss.words.endswith(".") and "  " not in loss.words for loss in plan.losses)


OWN_MODELS: Mapping[str, tuple[str, str]] = {
    "zed": ('"available_models": [', '"available_models": [{"name": "mine", "max_tokens": 10},'),
    "opencode": ('"models": {', '"models": {"mine": {"name": "Mine"},'),
    "goose": ('"models": [', '"models": [{"name": "mine"},'),
    "kiln": ("base_url: http://127.0.0.1:18000/v1", "base_url: http://127.0.0.1:18000/v1\n    api_key: mine"),
}
"""What a person adds to a provider that Muster wrote."""


@pytest.mark.parametrize("target", OWN_MODELS)
def test_a_provider_stays_for_the_models_that_a_person_put_there(
    registry: Registry, tmp_path: Path, target: str
) -> None:
    path = place_of(target, tmp_path)
    export(registry, ["user_model::bare"], target, path)
    (name,) = contents(tmp_path / "tool")
    file = tmp_path / "tool" / name
    before, after = OWN_MODELS[target]
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")
    write_plan(plan_removal(registry, target, path), registry)
    left = file.read_text(encoding="utf-8")
    assert "mine" in left
    assert "http://127.0.0.1:18000/v1" in left
    assert "llama3" not in left
    assert places_in_use() == ()
