"""Exporting, syncing and serving from the window: real files, and nothing written that was not shown."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTreeWidgetItem
from pytestqt.qtbot import QtBot

from core.export_ledger import FILE_NAME
from core.exporting import TARGETS, export
from core.paths import data_folder
from core.registry import Registry
from gui.export_dialog import ExportDialog
from gui.scopes import Scope
from gui.serve_dialog import ServeDialog
from gui.sync_dialog import SyncDialog
from tests.rolls import BOX, builtin, custom, open_roll, write_roll

KEY = "sk-made-up-0123456789"
PATIENCE_MS = 20_000


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    entries = [
        custom(
            "local-1", name="Local One", overrides={"supports_vision": True, "structured_output_mode": "json_schema"}
        ),
        custom("local-2", name="Local Two"),
        builtin("gpt-x", name="Hosted", overrides={"supports_function_calling": True}),
    ]
    rows = [entry.to_mapping() | {"id": f"id-{number}"} for number, entry in enumerate(entries, start=1)]
    path = write_roll(tmp_path / "settings.yaml", user_model_registry=rows, openai_compatible_providers=[BOX])
    with open_roll(path, OPENAI_API_KEY=KEY) as roll:
        yield roll


def scopes_of(registry: Registry) -> list[Scope]:
    rows = registry.document.rows
    return [Scope("Local One", rows[:1]), Scope("All models (3)", rows)]


@pytest.fixture
def open_export(qtbot: QtBot, registry: Registry) -> Callable[..., ExportDialog]:
    def open_dialog(target: str, path: Path | None = None, *, removes: bool = False) -> ExportDialog:
        dialog = ExportDialog(registry, scopes_of(registry), removes=removes, target=target)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: dialog.target == target, timeout=PATIENCE_MS)
        if path is not None:
            dialog.set_path(path)
        dialog.scope_box.setCurrentIndex(1)
        settle(qtbot, dialog)
        return dialog

    return open_dialog


def settle(qtbot: QtBot, dialog: ExportDialog | ServeDialog) -> None:
    qtbot.waitUntil(
        lambda: not dialog.planner.is_writing and (dialog.planner.plan is not None or bool(dialog.error_box.text)),
        timeout=PATIENCE_MS,
    )


def write(qtbot: QtBot, dialog: ExportDialog | ServeDialog) -> None:
    with qtbot.waitSignal(dialog.written, timeout=PATIENCE_MS):
        dialog.write_button.click()
    settle(qtbot, dialog)


def place_of(target: str, tmp_path: Path) -> Path:
    return tmp_path / "tool" / ("" if TARGETS[target].is_folder else TARGETS[target].default_path().name)


def conflict_lines(dialog: ExportDialog | SyncDialog) -> list[QTreeWidgetItem]:
    tree = dialog.plan_view.conflicts
    return [line for row in range(tree.topLevelItemCount()) if (line := tree.topLevelItem(row)) is not None]


@pytest.mark.parametrize("target", TARGETS)
def test_three_models_go_into_every_tools_file_and_what_was_shown_is_what_is_written(
    qtbot: QtBot, open_export: Callable[..., ExportDialog], tmp_path: Path, target: str
) -> None:
    dialog = open_export(target, place_of(target, tmp_path))
    assert not (tmp_path / "tool").exists()
    shown = dialog.plan_view.diff.text
    assert "local-1" in shown
    assert KEY not in shown
    assert dialog.write_button.isEnabled()
    write(qtbot, dialog)
    files = [path.read_text(encoding="utf-8") for path in sorted((tmp_path / "tool").rglob("*")) if path.is_file()]
    added = [line[1:] for line in shown.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert [line for line in added if not any(line in text for text in files)] == []
    assert "3 models" in dialog.summary.text()
    assert not dialog.write_button.isEnabled()
    assert dialog.target_list.words_of(target) == "In use"


def test_where_no_file_manager_answers_the_folder_is_said(
    qtbot: QtBot, open_export: Callable[..., ExportDialog], tmp_path: Path
) -> None:
    dialog = open_export("litellm", place_of("litellm", tmp_path))
    write(qtbot, dialog)
    dialog.open_button.click()  # without a screen no file manager is found
    assert dialog.summary.text().startswith("No file manager answered. The folder is ")
    assert str(tmp_path / "tool") in dialog.summary.text()


def test_what_the_tool_cannot_say_is_listed_before_anything_is_written(
    open_export: Callable[..., ExportDialog], tmp_path: Path
) -> None:
    dialog = open_export("llm", place_of("llm", tmp_path))
    losses = dialog.plan_view.losses
    line = losses.topLevelItem(0)
    assert losses.topLevelItemCount() == 2
    assert line is not None
    assert [line.text(column) for column in range(3)] == [
        "Structured Output Mode", "llm cannot say Structured Output Mode: json_schema.", "Local One",
    ]  # fmt: skip


def test_a_foreign_entry_waits_for_the_persons_word_and_the_others_are_written(
    qtbot: QtBot, open_export: Callable[..., ExportDialog], tmp_path: Path
) -> None:
    path = place_of("llm", tmp_path)
    path.parent.mkdir()
    path.write_text("- {model_id: Local One, model_name: mine}\n", encoding="utf-8")
    dialog = open_export("llm", path)
    (line,) = conflict_lines(dialog)
    assert "not written from this roll" in line.text(1)
    write(qtbot, dialog)
    names = {row["model_id"]: row["model_name"] for row in yaml.safe_load(path.read_text(encoding="utf-8"))}
    assert names == {"Local One": "mine", "Local Two": "local-2", "Hosted": "gpt-x"}
    (line,) = conflict_lines(dialog)
    line.setCheckState(0, Qt.CheckState.Checked)
    qtbot.waitUntil(dialog.write_button.isEnabled, timeout=PATIENCE_MS)
    write(qtbot, dialog)
    names = {row["model_id"]: row["model_name"] for row in yaml.safe_load(path.read_text(encoding="utf-8"))}
    assert names["Local One"] == "local-1"


def test_only_keys_of_what_is_written_are_asked_for(
    qtbot: QtBot, open_export: Callable[..., ExportDialog], tmp_path: Path
) -> None:
    path = place_of("llm", tmp_path)
    path.parent.mkdir()
    path.write_text("- {model_id: Hosted, model_name: mine}\n", encoding="utf-8")
    dialog = open_export("llm", path)
    assert "BOX_API_KEY" in dialog.key_label.text()
    assert "OPENAI_API_KEY" not in dialog.key_label.text()
    (line,) = conflict_lines(dialog)
    line.setCheckState(0, Qt.CheckState.Checked)
    qtbot.waitUntil(lambda: "OPENAI_API_KEY" in dialog.key_label.text(), timeout=PATIENCE_MS)


def test_a_broken_file_is_told_in_words_and_stays_as_it_is(
    open_export: Callable[..., ExportDialog], tmp_path: Path
) -> None:
    path = place_of("continue", tmp_path)
    path.parent.mkdir()
    path.write_text("models: [", encoding="utf-8")
    dialog = open_export("continue", path)
    assert "is broken" in dialog.error_box.text
    assert not dialog.write_button.isEnabled()
    assert path.read_text(encoding="utf-8") == "models: ["


def test_a_file_that_changes_between_the_look_and_the_click_is_not_written_over(
    qtbot: QtBot, open_export: Callable[..., ExportDialog], tmp_path: Path
) -> None:
    path = place_of("llm", tmp_path)
    dialog = open_export("llm", path)
    path.parent.mkdir()
    path.write_text("- {model_id: just now, model_name: x}\n", encoding="utf-8")
    dialog.write_button.click()
    qtbot.waitUntil(lambda: bool(dialog.error_box.text), timeout=PATIENCE_MS)
    assert path.read_text(encoding="utf-8") == "- {model_id: just now, model_name: x}\n"


def test_models_are_taken_out_again(
    qtbot: QtBot, open_export: Callable[..., ExportDialog], registry: Registry, tmp_path: Path
) -> None:
    path = place_of("llm", tmp_path)
    path.parent.mkdir()
    path.write_text("# mine\n- {model_id: own, model_name: x}\n", encoding="utf-8")
    export(registry, None, "llm", path)
    dialog = open_export("llm", removes=True)
    assert dialog.path == path
    write(qtbot, dialog)
    assert path.read_text(encoding="utf-8") == "# mine\n- {model_id: own, model_name: x}\n"


def test_closing_while_a_plan_is_made_disturbs_nothing(qtbot: QtBot, registry: Registry, tmp_path: Path) -> None:
    dialog = ExportDialog(registry, scopes_of(registry), target="zed")
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.target == "zed", timeout=PATIENCE_MS)
    dialog.reject()
    assert not dialog.isVisible()
    assert not list(tmp_path.glob("tool"))


def test_an_empty_roll_says_what_to_do(qtbot: QtBot, tmp_path: Path) -> None:
    with open_roll(tmp_path / "none.yaml") as roll:
        dialog = ExportDialog(roll, [Scope("All models (0)", ())])
        qtbot.addWidget(dialog)
        dialog.show()
        assert dialog.nothing.isVisible()
        assert not dialog.write_button.isVisible()


def open_sync(qtbot: QtBot, registry: Registry) -> SyncDialog:
    dialog = SyncDialog(registry)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.place_list.count() > 0 or dialog.empty.isVisible(), timeout=PATIENCE_MS)
    return dialog


def test_sync_says_that_no_tool_knows_the_roll_yet(qtbot: QtBot, registry: Registry) -> None:
    dialog = open_sync(qtbot, registry)
    assert dialog.empty.isVisible()
    with qtbot.waitSignal(dialog.export_wanted):
        dialog.empty.primary_button.click()


def test_sync_writes_what_changed_to_every_tool_and_leaves_what_was_changed_by_hand(
    qtbot: QtBot, registry: Registry, tmp_path: Path
) -> None:
    llm, opencode = tmp_path / "llm.yaml", tmp_path / "opencode.json"
    export(registry, None, "llm", llm)
    export(registry, None, "opencode", opencode)
    llm.write_text(llm.read_text(encoding="utf-8").replace("local-2", "by-hand"), encoding="utf-8")
    registry.replace("id-1", custom("local-1", name="Local One", overrides={"supports_function_calling": True}))
    dialog = open_sync(qtbot, registry)
    assert {target for target, _ in dialog.place_list.places} == {"llm", "opencode"}
    with qtbot.waitSignal(dialog.written, timeout=PATIENCE_MS):
        dialog.write_button.click()
    qtbot.waitUntil(lambda: "wait for you" in dialog.summary.text(), timeout=PATIENCE_MS)
    rows = {row["model_id"]: row for row in yaml.safe_load(llm.read_text(encoding="utf-8"))}
    assert rows["Local One"]["supports_tools"] is True
    assert rows["Local Two"]["model_name"] == "by-hand"
    assert '"tool_call": true' in opencode.read_text(encoding="utf-8")


def test_what_keeps_a_tool_from_reading_its_files_is_told_before_and_after_writing(
    qtbot: QtBot, open_export: Callable[..., ExportDialog], registry: Registry, tmp_path: Path
) -> None:
    folder = tmp_path / "goose"
    folder.mkdir()
    (folder / "theirs.json").write_text("{", encoding="utf-8")
    dialog = open_export("goose", folder)
    assert dialog.summary.text().count("theirs.json is broken") == 1
    write(qtbot, dialog)
    assert "3 models" in dialog.summary.text()
    assert dialog.summary.text().count("theirs.json is broken") == 1
    sync = open_sync(qtbot, registry)
    assert "1 of 1 tools wait for you." in sync.summary.text()
    assert sync.summary.text().count("theirs.json is broken") == 1
    (folder / "theirs.json").unlink()
    dialog.begin_anew()
    settle(qtbot, dialog)
    assert dialog.summary.text() == ""
    sync.plan_again()
    qtbot.waitUntil(lambda: sync.summary.text() == "Every tool is up to date.", timeout=PATIENCE_MS)


def test_sync_tells_that_what_it_wrote_could_not_be_noted(qtbot: QtBot, registry: Registry, tmp_path: Path) -> None:
    llm = tmp_path / "llm.yaml"
    export(registry, None, "llm", llm)
    registry.replace("id-1", custom("local-1", name="Local One", overrides={"supports_function_calling": True}))
    dialog = open_sync(qtbot, registry)
    with closing(sqlite3.connect(data_folder() / FILE_NAME)) as connection:
        connection.execute(
            "CREATE TRIGGER refusal BEFORE INSERT ON written BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    with qtbot.waitSignal(dialog.written, timeout=PATIENCE_MS):
        dialog.write_button.click()
    qtbot.waitUntil(lambda: "will not know again" in dialog.summary.text(), timeout=PATIENCE_MS)
    assert "supports_tools" in llm.read_text(encoding="utf-8")


def test_what_ours_would_be_mixed_up_with_is_named(
    qtbot: QtBot, open_export: Callable[..., ExportDialog], tmp_path: Path
) -> None:
    path = place_of("llm", tmp_path)
    path.parent.mkdir()
    path.write_text("- {model_id: other, model_name: mine, aliases: [Local One]}\n", encoding="utf-8")
    dialog = open_export("llm", path)
    (line,) = conflict_lines(dialog)
    assert line.text(0) == "Local One"
    assert "mixed up with what stands at \u2068other/aliases/Local One\u2069" in line.text(1)


def test_serving_writes_the_proxys_file_and_shows_how_it_is_started(
    qtbot: QtBot, registry: Registry, tmp_path: Path
) -> None:
    dialog = ServeDialog(registry, scopes_of(registry))
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.set_path(tmp_path / "config.yaml")
    settle(qtbot, dialog)
    assert f"litellm --config {tmp_path / 'config.yaml'} --host 127.0.0.1" in dialog.command.code
    assert "BOX_API_KEY" in dialog.command.code
    assert KEY not in dialog.command.code + dialog.client.code
    compile(dialog.client.code, "client", "exec")
    write(qtbot, dialog)
    served = yaml.safe_load((tmp_path / "config.yaml").read_text(encoding="utf-8"))
    assert {model["model_info"]["id"] for model in served["model_list"]} >= {"id-1", "id-2", "id-3"}
