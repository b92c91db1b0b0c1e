"""An imported setting says from where it came, in the model dialog and in the *Evidence* tab, until it is changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from core.entry import UserModelEntry
from core.evidence import FILE_NAME, Evidence, FieldOrigin
from core.fields import FIELDS, UNSET
from core.paths import data_folder
from core.registry import Registry
from gui.evidence_list import Group
from gui.evidence_panel import EvidencePanel
from gui.evidence_store import EntryEvidence, program_evidence
from gui.field_marks import Finding, MarkKind, Measured, SaidValue, mark_of
from gui.import_dialog import ImportDialog
from gui.main_window import MainWindow
from gui.model_dialog import ModelDialog
from gui.roll_items import roll_items
from gui.saving import Saver
from gui.theme import ThemeChooser
from gui.verdict_words import day_words
from gui.window_state import WindowState
from gui.worker import wait_for_workers
from tests.gui.measurements import AT, report
from tests.rolls import BOX, open_roll, write_roll

PATIENCE_MS = 20_000
PLACE = "llm, ~/.config/io.datasette.llm/extra-openai-models.yaml"
FILE = """\
- {model_id: Brought, model_name: brought, api_base: 'http://127.0.0.1:18000/v1', vision: true, supports_tools: true}
"""
VISION = FIELDS["supports_vision"]
FROM_FILE = Finding(origin=SaidValue(True, FieldOrigin.IMPORTED, AT, place=PLACE))
DAY = day_words(AT)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    path = write_roll(tmp_path / "settings.yaml", user_model_registry=[], openai_compatible_providers=[BOX])
    with open_roll(path) as roll:
        yield roll


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, registry: Registry) -> Iterator[MainWindow]:
    made = MainWindow(registry, ThemeChooser(qapp), WindowState())
    qtbot.addWidget(made)
    made.show()
    yield made
    made.release()
    made.close()


Import = Callable[[], UserModelEntry]


@pytest.fixture
def import_file(qtbot: QtBot, window: MainWindow, registry: Registry, tmp_path: Path) -> Import:
    """Imports a tool's file through the window, and gives the model."""

    def take_over() -> UserModelEntry:
        file = tmp_path / "extra-openai-models.yaml"
        file.write_text(FILE, encoding="utf-8")
        window.imports.import_from(file)
        (dialog,) = window.imports.dialogs
        assert isinstance(dialog, ImportDialog)
        qtbot.waitUntil(dialog.import_button.isEnabled, timeout=PATIENCE_MS)
        dialog.import_button.click()
        qtbot.waitUntil(lambda: bool(window.notices.texts), timeout=PATIENCE_MS)
        (entry,) = registry.entries()
        return entry

    return take_over


def looked_up(qtbot: QtBot, registry: Registry, entry: UserModelEntry) -> EntryEvidence:
    found: list[EntryEvidence] = []
    receiver = QObject()
    program_evidence().look_up(registry, entry, receiver, found.append)
    qtbot.waitUntil(lambda: bool(found), timeout=PATIENCE_MS)
    return found[0]


@pytest.fixture
def open_dialog(qtbot: QtBot, registry: Registry) -> Callable[[UserModelEntry], ModelDialog]:
    def opened(entry: UserModelEntry) -> ModelDialog:
        dialog = ModelDialog(registry, entry=entry, replacing=entry.id)
        qtbot.addWidget(dialog, before_close_func=ModelDialog.hide)
        dialog.open()
        return dialog

    return opened


OpenDialog = Callable[[UserModelEntry], ModelDialog]


def test_the_dialog_says_that_a_setting_was_imported_and_from_where(
    qtbot: QtBot, import_file: Import, open_dialog: OpenDialog, tmp_path: Path
) -> None:
    row = open_dialog(import_file()).form.overrides.rows["supports_vision"]
    qtbot.waitUntil(lambda: row.evidence.mark.text() == "Imported", timeout=PATIENCE_MS)
    assert f"Imported from llm, {tmp_path / 'extra-openai-models.yaml'}, on " in row.evidence.mark.toolTip()
    assert row.evidence.mark.accessibleDescription() == row.mark.sentence
    row.editor.load(False)
    assert row.mark.text == "You"
    row.editor.load(True)
    assert row.mark.text == "Imported"


def test_a_setting_is_the_persons_once_they_have_saved_another_one(
    qtbot: QtBot, import_file: Import, open_dialog: OpenDialog, registry: Registry
) -> None:
    entry = import_file()

    def save(*, sees: bool) -> None:
        dialog = open_dialog(registry.entries()[0])
        rows = dialog.form.overrides.rows
        qtbot.waitUntil(lambda: rows["supports_function_calling"].mark.text == "Imported", timeout=PATIENCE_MS)
        rows["supports_vision"].editor.load(sees)
        dialog.submitted.connect(lambda changed: registry.replace(str(entry.id), changed))
        dialog.submitted.connect(dialog.measuring.keep)
        dialog.submitted.emit(dialog.form.draft())
        dialog.hide()

    for sees in (False, True):
        save(sees=sees)
        origins = looked_up(qtbot, registry, registry.entries()[0]).origins
        assert (origins["supports_vision"].origin, origins["supports_vision"].place) == (FieldOrigin.YOU, "")
        assert origins["supports_function_calling"].place.startswith("llm, ")


def test_the_evidence_tab_says_it_before_anything_was_measured(
    qtbot: QtBot, import_file: Import, registry: Registry
) -> None:
    import_file()
    saver = Saver(registry)
    panel = EvidencePanel(registry, saver, lambda: None)
    qtbot.addWidget(panel)
    panel.show_item(roll_items(registry.document)[0])
    panel.show()
    qtbot.waitUntil(panel.page.isVisible, timeout=PATIENCE_MS)
    assert {row.spec.name: row.group for row in panel.rows} == {
        "supports_vision": Group.UNMEASURED,
        "supports_function_calling": Group.UNMEASURED,
    }
    assert {row.detail for row in panel.rows} == {"Imported · extra-openai-models.yaml"}
    when = panel.findChild(QLabel, "evidence_when")
    assert when is not None
    assert when.text() == "Not measured yet"
    assert panel.page.measure_button.text() == "Measure…"
    assert not panel.page.use_all_button.isEnabled()
    assert any("Imported from llm, " in text for text in panel.page.list.texts)
    saver.close()


def test_the_evidence_tab_does_not_call_it_yours_where_measuring_disagrees(
    qtbot: QtBot, import_file: Import, registry: Registry
) -> None:
    entry = import_file()
    program_evidence().keep_report(str(entry.id), report())
    saver = Saver(registry)
    panel = EvidencePanel(registry, saver, lambda: None)
    qtbot.addWidget(panel)
    panel.show_item(roll_items(registry.document)[0])
    panel.show()
    qtbot.waitUntil(lambda: bool(panel.page.list.texts), timeout=PATIENCE_MS)
    assert panel.page.list.texts[0] == "Set otherwise"
    assert {row.group for row in panel.rows if row.finding.origin is not None} == {Group.CONFLICT}
    saver.close()


def test_a_store_that_cannot_be_written_leaves_the_models_in_and_is_told(
    qtbot: QtBot, import_file: Import, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.sqlite_file._BUSY_TIMEOUT_S", 0.05)
    with Evidence.open():
        pass
    holder = sqlite3.connect(data_folder() / FILE_NAME, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    entry = import_file()
    assert entry.overrides == {"supports_vision": True, "supports_function_calling": True}
    qtbot.waitUntil(lambda: any("cannot be opened" in text for text in window.notices.texts), timeout=PATIENCE_MS)
    holder.execute("ROLLBACK")
    holder.close()
    assert wait_for_workers()


def test_a_store_that_refuses_is_told_in_the_window(
    qtbot: QtBot, import_file: Import, window: MainWindow, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.sqlite_file._BUSY_TIMEOUT_S", 0.05)
    any_entry = UserModelEntry(provider_type="custom", provider_id="Box", model_id="x", id="any")
    looked_up(qtbot, registry, any_entry)  # the store is open from now on
    holder = sqlite3.connect(data_folder() / FILE_NAME, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    import_file()
    words = "The models are imported; where their settings came from was not kept."
    qtbot.waitUntil(lambda: any(words in text for text in window.notices.texts), timeout=PATIENCE_MS)
    holder.execute("ROLLBACK")
    holder.close()
    assert registry.entries()


# --------------------------------------------------------------------------------------------------------------- words


def measured(name: str) -> Finding:
    verdict = report().verdicts[name]
    return Finding(Measured(name, verdict, AT), origin=FROM_FILE.origin)


def test_an_imported_value_is_compared_with_what_was_measured_like_ones_own() -> None:
    mark = mark_of(VISION, True, measured("supports_vision"))
    assert (mark.kind, mark.text, mark.offer and mark.offer.value) == (MarkKind.CONFLICT, "Measured No", False)
    assert mark.sentence == (
        f"Imported from {PLACE}, on {DAY}. The setting is Yes. Measured on {DAY}: No. 0 of 2 pictures were read."
    )


def test_an_imported_value_that_was_measured_is_confirmed() -> None:
    mark = mark_of(FIELDS["supports_logprobs"], True, measured("supports_logprobs"))
    assert (mark.kind, mark.text) == (MarkKind.CONFIRMED, "Imported, confirmed")
    assert mark.sentence.startswith(f"Imported from {PLACE}, on {DAY}. Measured on {DAY}: Yes.")


def test_an_imported_value_says_what_its_source_said_of_it() -> None:
    there = Finding(origin=SaidValue(True, FieldOrigin.MEASURED, AT, place="Muster, ~/team.muster-roll"))
    mark = mark_of(VISION, True, there)
    assert (mark.kind, mark.text) == (MarkKind.SET, "Imported")
    assert mark.sentence == f"Imported from Muster, ~/team.muster-roll, on {DAY}. It was measured there."


@pytest.mark.parametrize("value", [False, UNSET])
def test_another_value_was_not_imported(value: object) -> None:
    mark = mark_of(VISION, value, FROM_FILE)
    assert mark.text == ("Default" if value is UNSET else "You")
    assert mark.sentence == ""
