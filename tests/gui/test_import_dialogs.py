"""Taking models over and handing them on, from the window: nothing changes unseen, and one undo takes it back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from core.evidence import Evidence
from core.importing import plan_import
from core.registry import Registry
from core.share import write_share
from gui.import_dialog import ImportDialog
from gui.main_window import MainWindow
from gui.saving import Saver
from gui.share_dialog import ShareDialog
from gui.theme import ThemeChooser
from gui.use_tab import UseTab
from gui.window_state import WindowState
from tests.gui.measurements import report
from tests.rolls import BOX, builtin, custom, open_roll, write_roll

KEY = "key-of-the-box"
PATIENCE_MS = 20_000
CURL = """curl http://127.0.0.1:9321/v1/chat/completions -H "Authorization: Bearer $OTHER_API_KEY" \\
  -d '{"model": "from-curl", "messages": [], "response_format": {"type": "json_object"}}'"""
LLM_FILE = """\
- {model_id: Local One, model_name: local-1, api_base: 'http://127.0.0.1:18000/v1', vision: true}
- {model_id: Brought, model_name: brought, api_base: 'http://127.0.0.1:9555/v1', supports_tools: true}
"""
MOVED = {"format": "muster-roll", "version": 1, "providers": [{"name": "Box", "base_url": "https://evil.example/v1"}]}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    rows = [custom("local-1", name="Local One").to_mapping() | {"id": "id-1"}]
    path = write_roll(tmp_path / "settings.yaml", user_model_registry=rows, openai_compatible_providers=[BOX])
    with open_roll(path, OPENAI_API_KEY="sk-made-up-0123456789") as roll:
        yield roll


@pytest.fixture
def saver(registry: Registry) -> Iterator[Saver]:
    made = Saver(registry)
    yield made
    made.close()


@pytest.fixture
def dialog(qtbot: QtBot, registry: Registry, saver: Saver) -> ImportDialog:
    opened = ImportDialog(registry, saver)
    qtbot.addWidget(opened)
    opened.show()
    return opened


def planned(qtbot: QtBot, dialog: ImportDialog) -> None:
    qtbot.waitUntil(
        lambda: not dialog.is_working and (bool(dialog.error_box.text) or dialog.plan_view.isVisible()),
        timeout=PATIENCE_MS,
    )


def take_over(qtbot: QtBot, dialog: ImportDialog) -> None:
    with qtbot.waitSignal(dialog.imported, timeout=PATIENCE_MS):
        dialog.import_button.click()


def names(registry: Registry) -> set[str]:
    return {entry.display_name for entry in registry.entries()}


def test_a_tools_file_is_shown_field_by_field_taken_over_as_one_edit_and_undone(
    qtbot: QtBot, dialog: ImportDialog, registry: Registry, saver: Saver, tmp_path: Path
) -> None:
    file = tmp_path / "extra-openai-models.yaml"
    file.write_text(LLM_FILE, encoding="utf-8")
    before = registry.document.value
    dialog.open_path(file)
    planned(qtbot, dialog)
    assert {item.model_id for item in dialog.plan_view.chosen if hasattr(item, "model_id")} == {"local-1", "brought"}
    assert registry.document.value == before
    take_over(qtbot, dialog)
    assert names(registry) == {"Local One", "Brought"}
    entry = next(entry for entry in registry.entries() if entry.id == "id-1")
    assert entry.overrides == {"supports_vision": True}
    saver.undo_stack.undo()
    assert registry.document.value == before


def test_a_pasted_command_becomes_a_model_and_its_endpoint(
    qtbot: QtBot, dialog: ImportDialog, registry: Registry
) -> None:
    dialog.paste(CURL)
    planned(qtbot, dialog)
    take_over(qtbot, dialog)
    entry = next(entry for entry in registry.entries() if entry.model_id == "from-curl")
    assert registry.document.provider_by_name[entry.provider_id].base_url == "http://127.0.0.1:9321/v1"
    assert "OTHER_API_KEY" not in json.dumps(entry.to_mapping())


def test_a_key_does_not_go_to_another_server_without_a_yes_of_its_own(
    qtbot: QtBot, dialog: ImportDialog, registry: Registry
) -> None:
    models = [{"provider_type": "custom", "provider_id": "Box", "model_id": "moved"}]
    dialog.paste(json.dumps({**MOVED, "models": models}))
    planned(qtbot, dialog)
    (box,) = dialog.plan_view.redirect_box.boxes
    assert not box.isChecked()
    take_over(qtbot, dialog)
    assert registry.document.provider_by_name["Box"].base_url == BOX["base_url"]
    entry = next(entry for entry in registry.entries() if entry.model_id == "moved")
    assert entry.provider_id != "Box"
    assert registry.credentials.value("custom", entry.provider_id, "api_key") is None


def test_with_a_yes_the_provider_moves(qtbot: QtBot, dialog: ImportDialog, registry: Registry) -> None:
    models = [{"provider_type": "custom", "provider_id": "Box", "model_id": "moved"}]
    dialog.paste(json.dumps({**MOVED, "models": models}))
    planned(qtbot, dialog)
    dialog.plan_view.redirect_box.boxes[0].setChecked(True)
    take_over(qtbot, dialog)
    assert registry.document.provider_by_name["Box"].base_url == "https://evil.example/v1"


@pytest.mark.parametrize("text", ["{", "no such thing", "- [1, 2", '{"format": "muster-roll", "version": 99}'])
def test_what_cannot_be_read_is_told_and_the_text_stays(
    qtbot: QtBot, dialog: ImportDialog, registry: Registry, text: str
) -> None:
    before = registry.document.value
    dialog.paste(text)
    planned(qtbot, dialog)
    assert dialog.error_box.text
    assert dialog.text_edit.toPlainText() == text
    assert not dialog.import_button.isEnabled()
    assert registry.document.value == before


def test_the_environment_says_which_providers_are_ready(qtbot: QtBot, dialog: ImportDialog) -> None:
    button = dialog.sources.button(2)
    assert button is not None
    button.click()
    planned(qtbot, dialog)
    assert not dialog.error_box.text
    assert "sk-made-up" not in dialog.plan_view.notes.label.text()


def test_what_is_not_ticked_is_not_taken_over(
    qtbot: QtBot, dialog: ImportDialog, registry: Registry, tmp_path: Path
) -> None:
    file = tmp_path / "extra-openai-models.yaml"
    file.write_text(LLM_FILE, encoding="utf-8")
    dialog.open_path(file)
    planned(qtbot, dialog)
    model = dialog.plan_view.model
    row = next(row for row in range(model.rowCount()) if "Changed" in str(model.index(row, 0).data()))
    model.setData(model.index(row, 0), Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    take_over(qtbot, dialog)
    assert registry.entries()[0].overrides is None
    assert len(registry.entries()) == 2


def drop(widget: QWidget, data: QMimeData) -> None:
    how = Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entering = QDragEnterEvent(widget.rect().center(), *how)
    dropped = QDropEvent(QPointF(widget.rect().center()), *how)
    for event in (entering, dropped):
        QApplication.sendEvent(widget, event)
        assert event.isAccepted()


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, registry: Registry) -> Iterator[MainWindow]:
    made = MainWindow(registry, ThemeChooser(qapp), WindowState())
    qtbot.addWidget(made)
    made.show()
    yield made
    made.release()
    made.close()


def opened_import(window: MainWindow) -> ImportDialog:
    (dialog,) = window.imports.dialogs
    assert isinstance(dialog, ImportDialog)
    return dialog


@pytest.mark.parametrize("is_file", [True, False], ids=["file", "text"])
def test_what_is_dropped_on_the_window_opens_the_plan_and_the_new_model_is_selected(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, is_file: bool
) -> None:
    data = QMimeData()
    if is_file:
        file = tmp_path / "extra-openai-models.yaml"
        file.write_text(LLM_FILE, encoding="utf-8")
        data.setUrls([QUrl.fromLocalFile(str(file))])
    else:
        data.setText(CURL)
    drop(window, data)
    dialog = opened_import(window)
    planned(qtbot, dialog)
    take_over(qtbot, dialog)
    qtbot.waitUntil(lambda: bool(window.notices.texts), timeout=PATIENCE_MS)
    assert "Imported" in window.notices.texts[-1]
    item = window.table.current_item()
    assert item is not None
    assert item.model_id in ("brought", "from-curl", "local-1")


def test_a_share_file_goes_to_a_colleague_with_measurements_and_without_keys(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    with Evidence.open() as evidence:
        evidence.add_report("id-1", report())
    window.table.select_keys(["id-1"])
    window.actions_by_name["share"].trigger()
    (dialog,) = window.imports.dialogs
    assert isinstance(dialog, ShareDialog)
    dialog.evidence_box.setChecked(True)
    target = tmp_path / "mine.muster-roll"
    dialog.chosen.emit(target, dialog.evidence_box.isChecked())
    dialog.accept()
    qtbot.waitUntil(target.exists, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: bool(window.notices.texts), timeout=PATIENCE_MS)
    text = target.read_text(encoding="utf-8")
    assert KEY not in text
    assert json.loads(text)["models"][0]["evidence"]["reports"]
    with open_roll(tmp_path / "colleague.yaml") as other:
        plan = plan_import(other, target)
    assert [item.model_id for item in plan.add] == ["local-1"]


def test_a_shared_file_that_is_opened_from_outside_comes_to_the_plan(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    with open_roll(
        write_roll(tmp_path / "friend.yaml", user_model_registry=[builtin("gpt-y").to_mapping() | {"id": "f"}])
    ) as friend:
        write_share(friend, None, tmp_path / "friend.muster-roll")
    window.open_shared_files([tmp_path / "friend.muster-roll"])
    dialog = opened_import(window)
    planned(qtbot, dialog)
    assert [item.model_id for item in dialog.plan_view.chosen if hasattr(item, "model_id")] == ["gpt-y"]


@pytest.fixture
def use_tab(qtbot: QtBot, registry: Registry) -> Callable[[], UseTab]:
    def make() -> UseTab:
        tab = UseTab(registry)
        qtbot.addWidget(tab)
        tab.resize(600, 500)
        tab.show()
        return tab

    return make


def test_the_details_show_code_that_uses_the_model_and_copy_it(
    qtbot: QtBot, window: MainWindow, qapp: QApplication
) -> None:
    window.details.tabs.setCurrentWidget(window.use_tab)
    window.table.select_keys(["id-1"])
    tab = window.use_tab
    qtbot.waitUntil(lambda: "local-1" in tab.code.code, timeout=PATIENCE_MS)
    kinds = [tab.kind_box.itemText(row) for row in range(tab.kind_box.count())]
    assert len(kinds) == 4
    for row in range(4):
        tab.kind_box.setCurrentIndex(row)
        assert "local-1" in tab.code.code
        assert KEY not in tab.code.code
    tab.code.copy_button.click()
    assert qapp.clipboard().text() == tab.code.code


def test_without_a_model_the_tab_says_what_it_is_for(use_tab: Callable[[], UseTab]) -> None:
    tab = use_tab()
    tab.show_item(None)
    assert not tab.code.isVisible()
    assert tab.isVisible()


@pytest.mark.parametrize("width_lines", [62, 30])
def test_what_else_there_is_to_know_is_seen(qtbot: QtBot, dialog: ImportDialog, width_lines: int) -> None:
    dialog.resize(dialog.fontMetrics().averageCharWidth() * width_lines, dialog.height())
    dialog.paste(
        'curl https://far.example/v1/chat/completions -H "Authorization: Bearer $FAR_KEY" -d \'{"model": "m"}\''
    )
    planned(qtbot, dialog)
    notes = dialog.plan_view.notes
    assert (
        notes.label.text() == "“far.example” reads its key from FAR_KEY. Set it up under Providers before it can run."
    )
    qtbot.waitUntil(lambda: notes.height() == notes.label.height())
    assert notes.isVisible()
    assert notes.label.height() >= notes.label.heightForWidth(notes.viewport().width()) > 0
    assert not notes.verticalScrollBar().isVisible()


def test_a_source_takes_no_more_room_than_it_needs(dialog: ImportDialog) -> None:
    for number, page in enumerate((dialog.source_pages.widget(0), dialog.text_edit, dialog.source_pages.widget(2))):
        button = dialog.sources.button(number)
        assert button is not None
        button.click()
        assert page is dialog.source_pages.currentWidget()
        most = dialog.fontMetrics().lineSpacing() * (9 if number == 1 else 3)
        assert dialog.source_pages.height() <= most
