"""Syncing a roll that has lost its models, or that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from core.exporting import export
from core.registry import Registry
from gui.sync_dialog import SyncDialog
from tests.rolls import BOX, custom, open_roll, write_roll

PATIENCE_MS = 20_000


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A roll of one model, which is in llm's file and in opencode's."""
    rows = [custom("local-1", name="Local One").to_mapping() | {"id": "id-1"}]
    path = write_roll(tmp_path / "settings.yaml", user_model_registry=rows, openai_compatible_providers=[BOX])
    with open_roll(path) as roll:
        export(roll, None, "llm", tmp_path / "llm.yaml")
        export(roll, None, "opencode", tmp_path / "opencode.json")
    return path


def opened(qtbot: QtBot, registry: Registry) -> SyncDialog:
    dialog = SyncDialog(registry)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.place_list.count() > 0 or bool(dialog.error_box.text), timeout=PATIENCE_MS)
    return dialog


def test_a_roll_that_cannot_be_read_is_told_and_nothing_can_be_written(
    qtbot: QtBot, settings: Path, tmp_path: Path
) -> None:
    settings.write_text("user_model_registry: [")
    with open_roll(settings) as roll:
        dialog = opened(qtbot, roll)
        assert "the settings file cannot be read" in dialog.error_box.text
        assert not dialog.write_button.isEnabled()
        dialog.write()
    assert "Local One" in (tmp_path / "llm.yaml").read_text()


@pytest.mark.parametrize(("answer", "is_left"), [("take_out", False), ("leave_them", True)])
def test_a_tool_is_not_emptied_without_a_question(
    qtbot: QtBot, settings: Path, tmp_path: Path, answer: str, is_left: bool
) -> None:
    with open_roll(settings) as roll:
        roll.remove("id-1")
        dialog = opened(qtbot, roll)
        dialog.write_button.click()
        (question,) = dialog.findChildren(QMessageBox, "empty_question")
        assert "llm, opencode" in question.text() or "opencode, llm" in question.text()
        assert (tmp_path / "llm.yaml").exists()
        button = question.findChild(QPushButton, answer)
        assert button is not None
        if is_left:
            button.click()
            qtbot.waitUntil(lambda: not question.isVisible(), timeout=PATIENCE_MS)
        else:
            with qtbot.waitSignal(dialog.written, timeout=PATIENCE_MS):
                button.click()
            qtbot.waitUntil(dialog.empty.isVisible, timeout=PATIENCE_MS)
    text = (tmp_path / "llm.yaml").read_text() if (tmp_path / "llm.yaml").exists() else ""
    assert ("Local One" in text) is is_left
