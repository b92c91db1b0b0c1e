"""Measuring and suggesting in the model dialog, through the real engine and on real servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

import gui.dialog_fit
from core.entry import UserModelEntry
from core.evidence import Evidence, FieldOrigin
from core.fields import Placement
from core.measurement_preparation import THOROUGH, estimate, prepare_measurement
from core.registry import Registry
from core.verdicts import Limits
from gui.engine_host import EngineHost
from gui.field_marks import MarkKind
from gui.measuring_pane import MeasuringPane, PaneState
from gui.model_dialog import ModelDialog
from gui.verdict_words import cost_words
from gui.worker import wait_for_workers
from tests.gui.measurements import report
from tests.rolls import open_roll, write_roll
from tests.servers.capable import CapableServer
from tests.servers.llama import LlamaServer
from tests.servers.misbehaving import MisbehavingServer
from tests.servers.misbehaviours import Misbehaviour
from tests.servers.recording import RecordingServer

LIMIT_MS = 90_000


@pytest.fixture(scope="module")
def engine(qapp: QApplication) -> Iterator[EngineHost]:
    """A running engine for all tests of this file."""
    host = EngineHost()
    host.start()
    yield host
    host.stop()


class Opened:
    """A dialog on a roll with one model at a server; what it submits is put on the roll, as the window does."""

    def __init__(self, registry: Registry, dialog: ModelDialog, replacing: str | None) -> None:
        self.registry = registry
        self.dialog = dialog
        self._replacing = replacing
        dialog.submitted.connect(self._put_on_roll)

    def mark(self, field: str) -> tuple[MarkKind, str]:
        shown = self.dialog.form.overrides.rows[field].evidence.mark
        return shown.kind, shown.text()

    def _put_on_roll(self, entry: UserModelEntry) -> None:
        if self._replacing is None:
            self.registry.add(entry)
        else:
            self.registry.replace(self._replacing, entry)
        self.dialog.accept()


OpenAt = Callable[..., Opened]


@pytest.fixture
def open_at(qtbot: QtBot, tmp_path: Path, engine: EngineHost) -> Iterator[OpenAt]:
    rolls: list[Registry] = []

    def open_dialog(base_url: str, model_id: str = "model-one", *, is_new: bool = False, **overrides: Any) -> Opened:
        entry = {
            "id": "id-1",
            "provider_type": "custom",
            "provider_id": "Here",
            "model_id": model_id,
            "name": "Mine",
            "overrides": overrides or None,
        }
        path = write_roll(
            tmp_path / "settings.yaml",
            user_model_registry=[] if is_new else [entry],
            openai_compatible_providers=[{"name": "Here", "base_url": base_url}],
        )
        registry = open_roll(path)
        rolls.append(registry)
        registry.credentials.refresh()
        stored = None if is_new else registry.entries()[0]
        dialog = ModelDialog(registry, entry=stored, replacing=None if is_new else "id-1", engine=engine)
        qtbot.addWidget(dialog, before_close_func=ModelDialog.hide)
        dialog.open()
        qtbot.waitExposed(dialog)
        if is_new:
            dialog.form.provider.combo.setCurrentText("Here")
            dialog.form.model_id.setText(model_id)
        return Opened(registry, dialog, None if is_new else "id-1")

    yield open_dialog
    assert wait_for_workers()
    for registry in rolls:
        registry.close()


def click(button: QAbstractButton) -> None:
    assert button.isEnabled(), button.objectName()
    assert button.isVisible(), button.objectName()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def wait_for_words(qtbot: QtBot, pane: MeasuringPane, wanted: str) -> None:
    qtbot.waitUntil(lambda: wanted in pane.text)


def measure(qtbot: QtBot, opened: Opened) -> None:
    pane = opened.dialog.measuring.pane
    click(opened.dialog.measuring.measure_button)
    click(pane.start_button)
    qtbot.waitUntil(lambda: pane.state in (PaneState.DONE, PaneState.FAILED), timeout=LIMIT_MS)


# --------------------------------------------------------------------------------------------------------- measuring


def test_what_it_costs_is_said_and_nothing_is_sent_before_start(open_at: OpenAt, qtbot: QtBot) -> None:
    with RecordingServer() as server:
        opened = open_at(server.base_url)
        click(opened.dialog.measuring.measure_button)
        pane = opened.dialog.measuring.pane
        assert pane.state is PaneState.ASKING
        spec = prepare_measurement(opened.registry, opened.registry.entries()[0])
        for limits in (Limits(), THOROUGH):
            wait_for_words(qtbot, pane, f"At most {cost_words(*estimate(spec, limits))}.")
            click(pane.thorough)
        click(pane.close_button)
        assert not pane.isVisible()
        assert [request for request in server.requests if request.body] == []


def test_a_real_model_is_measured_into_marks_and_written_only_by_use_all_and_save(
    open_at: OpenAt, qtbot: QtBot, llama: LlamaServer
) -> None:
    opened = open_at(llama.base_url, llama.model, supports_vision=True)
    measure(qtbot, opened)
    dialog = opened.dialog
    assert opened.mark("supports_vision") == (MarkKind.CONFLICT, "Measured No")
    assert opened.mark("structured_output_mode") == (MarkKind.OFFERED, "Measured JSON Schema")
    assert opened.mark("supports_function_calling") == (MarkKind.CONFIRMED, "Default, confirmed")
    assert not dialog.is_edited
    click(dialog.measuring.pane.use_button)
    overrides = dialog.form.draft().overrides or {}
    assert (overrides["supports_vision"], overrides["structured_output_mode"]) == (False, "json_schema")
    assert opened.mark("supports_vision")[0] is MarkKind.CONFIRMED
    assert opened.registry.entries()[0].overrides == {"supports_vision": True}
    click(dialog.ok_button)
    assert opened.registry.entries()[0].overrides == overrides
    assert wait_for_kept(qtbot, "id-1")["supports_vision"] is FieldOrigin.MEASURED
    with Evidence.open() as evidence:
        kept = evidence.latest("id-1")
        assert kept is not None
        assert kept.report.overrides == overrides


def wait_for_kept(qtbot: QtBot, entry_id: str) -> dict[str, FieldOrigin]:
    """Where the values came from, once that is kept."""
    found: dict[str, FieldOrigin] = {}

    def is_kept() -> bool:
        with Evidence.open() as evidence:
            found.update({name: recorded.origin for name, recorded in evidence.origins(entry_id).items()})
        return bool(found)

    qtbot.waitUntil(is_kept)
    return found


def test_a_model_that_is_not_on_the_roll_yet_is_measured_and_its_evidence_kept_when_it_is_added(
    open_at: OpenAt, qtbot: QtBot, llama: LlamaServer
) -> None:
    opened = open_at(llama.base_url, llama.model, is_new=True)
    measure(qtbot, opened)
    click(opened.dialog.form.overrides.rows["supports_logprobs"].evidence.use)
    click(opened.dialog.ok_button)
    (entry,) = opened.registry.entries()
    assert entry.overrides == {"supports_logprobs": True}
    assert entry.id is not None
    assert wait_for_kept(qtbot, entry.id) == {"supports_logprobs": FieldOrigin.MEASURED}
    with Evidence.open() as evidence:
        assert evidence.latest(entry.id) is not None


def test_stop_keeps_what_was_found(open_at: OpenAt, qtbot: QtBot) -> None:
    with MisbehavingServer(Misbehaviour.NEVER_ANSWERS) as server:
        opened = open_at(server.base_url, supports_vision=True)
        pane = opened.dialog.measuring.pane
        click(opened.dialog.measuring.measure_button)
        click(pane.start_button)
        qtbot.waitUntil(lambda: "call" in pane.text, timeout=LIMIT_MS)
        assert not opened.dialog.measuring.measure_button.isEnabled()
        click(pane.stop_button)
        qtbot.waitUntil(lambda: pane.state is PaneState.DONE, timeout=5_000)
        assert "Nothing could be measured." in pane.text
        assert pane.again_button.isVisible()
        assert opened.mark("supports_vision") == (MarkKind.INCONCLUSIVE, "Inconclusive")
        assert not pane.use_button.isVisible()
        assert opened.dialog.form.draft().overrides == {"supports_vision": True}


def test_a_draft_that_cannot_be_run_is_refused_in_words_with_the_way_on(open_at: OpenAt, qtbot: QtBot) -> None:
    opened = open_at("http://127.0.0.1:9/v1", parser="from the future")
    pane = opened.dialog.measuring.pane
    click(opened.dialog.measuring.measure_button)
    click(pane.start_button)
    qtbot.waitUntil(lambda: pane.state is PaneState.FAILED)
    assert "Output Parser" in pane.text
    assert pane.again_button.isVisible()


def test_a_refused_key_is_told_with_what_to_do_and_can_be_mended_and_tried_again(open_at: OpenAt, qtbot: QtBot) -> None:
    with MisbehavingServer(Misbehaviour.NOT_ALLOWED) as server:
        opened = open_at(server.base_url)
        pane = opened.dialog.measuring.pane
        measure(qtbot, opened)
        assert pane.state is PaneState.FAILED
        assert "did not accept the key. Check the API key in Providers." in pane.text
        assert "It says: " in pane.text
        with qtbot.waitSignal(opened.dialog.providers_requested):
            click(pane.providers_button)
        server.kind = Misbehaviour.OTHER_MODEL
        click(pane.again_button)
        qtbot.waitUntil(lambda: pane.state is PaneState.DONE, timeout=LIMIT_MS)
        assert not pane.providers_button.isVisible()
        assert opened.mark("supports_function_calling")[0] is not MarkKind.DEFAULT


def test_a_failure_that_no_provider_setting_mends_offers_none(open_at: OpenAt, qtbot: QtBot) -> None:
    with MisbehavingServer(Misbehaviour.MODEL_NOT_FOUND) as server:
        opened = open_at(server.base_url)
        measure(qtbot, opened)
        pane = opened.dialog.measuring.pane
        assert "Check the model ID" in pane.text
        assert pane.again_button.isVisible()
        assert not pane.providers_button.isVisible()


def test_measuring_needs_a_model_id_and_says_so_beside_the_field(open_at: OpenAt) -> None:
    opened = open_at("http://127.0.0.1:9/v1", "", is_new=True)
    click(opened.dialog.measuring.measure_button)
    assert opened.dialog.measuring.pane.state is PaneState.HIDDEN
    assert "blank" in opened.dialog.form.errors["model_id"].text
    assert opened.dialog.focusWidget() is opened.dialog.form.model_id


def test_closing_the_dialog_ends_the_measurement_and_keeps_what_it_found(open_at: OpenAt, qtbot: QtBot) -> None:
    with MisbehavingServer(Misbehaviour.NEVER_ANSWERS) as server:
        opened = open_at(server.base_url)
        click(opened.dialog.measuring.measure_button)
        click(opened.dialog.measuring.pane.start_button)
        qtbot.waitUntil(lambda: any(request.body for request in server.requests), timeout=LIMIT_MS)
        QTest.keyClick(opened.dialog, Qt.Key.Key_Escape)
        assert not opened.dialog.isVisible()
        qtbot.waitUntil(lambda: server.exchanges[-1].client_left, timeout=10_000)

        def is_kept() -> bool:
            with Evidence.open() as evidence:
                return evidence.latest("id-1") is not None

        qtbot.waitUntil(is_kept)


# ----------------------------------------------------------------------------------------------------------- evidence


@pytest.fixture
def kept() -> None:
    """A measurement of the model that the tests open."""
    with Evidence.open() as evidence:
        evidence.add_report("id-1", report())
        evidence.record_origins("id-1", {"supports_logprobs": "measured"}, overrides={"supports_logprobs": True})


def test_what_was_measured_before_stands_beside_the_fields(open_at: OpenAt, qtbot: QtBot, kept: None) -> None:
    opened = open_at("http://127.0.0.1:9/v1", supports_vision=True, supports_logprobs=True)
    qtbot.waitUntil(lambda: opened.mark("supports_vision") == (MarkKind.CONFLICT, "Measured No"))
    assert opened.mark("supports_logprobs")[0] is MarkKind.CONFIRMED
    assert opened.mark("supports_logprobs")[1].startswith("Measured ")


def test_a_measurement_that_could_tell_nothing_leaves_what_was_known(open_at: OpenAt, qtbot: QtBot, kept: None) -> None:
    with MisbehavingServer(Misbehaviour.NOT_ALLOWED) as server:
        opened = open_at(server.base_url, supports_vision=True)
        qtbot.waitUntil(lambda: opened.mark("supports_vision") == (MarkKind.CONFLICT, "Measured No"))
        measure(qtbot, opened)
        assert opened.dialog.measuring.pane.state is PaneState.FAILED
        assert opened.mark("supports_vision") == (MarkKind.CONFLICT, "Measured No")


def test_evidence_is_out_of_sight_while_another_model_id_stands_there(
    open_at: OpenAt, qtbot: QtBot, kept: None
) -> None:
    opened = open_at("http://127.0.0.1:9/v1", supports_vision=True)
    qtbot.waitUntil(lambda: opened.mark("supports_vision") == (MarkKind.CONFLICT, "Measured No"))
    opened.dialog.form.model_id.setText("another-model")
    assert opened.mark("supports_vision") == (MarkKind.SET, "You")
    opened.dialog.form.model_id.setText("model-one")
    assert opened.mark("supports_vision") == (MarkKind.CONFLICT, "Measured No")


def test_a_click_on_the_mark_opens_the_receipt_and_its_value_can_be_used(
    open_at: OpenAt, qtbot: QtBot, kept: None
) -> None:
    opened = open_at("http://127.0.0.1:9/v1", supports_vision=True)
    opened.dialog.form.advanced.set_open(True)
    mark = opened.dialog.form.overrides.rows["supports_vision"].evidence.mark
    qtbot.waitUntil(lambda: mark.has_receipt)
    click(mark)
    receipt = opened.dialog.measuring.receipt
    assert receipt is not None
    assert receipt.shown_view.headline == "Supports Vision: No"
    click(receipt.use_button)
    assert opened.dialog.form.draft().overrides == {"supports_vision": False}


# -------------------------------------------------------------------------------------------------------- suggestions


def test_suggestions_say_where_they_come_from_and_are_taken_only_by_a_click(open_at: OpenAt, qtbot: QtBot) -> None:
    opened = open_at("http://127.0.0.1:9/v1", "deepseek-r1-distill-qwen-7b")
    dialog = opened.dialog
    click(dialog.measuring.suggest_button)
    qtbot.waitUntil(lambda: dialog.measuring.pane.state is PaneState.DONE, timeout=LIMIT_MS)
    offered = {name: row.mark for name, row in dialog.form.overrides.rows.items() if row.mark.offer is not None}
    assert offered
    assert all(mark.text.startswith("By name: ") for mark in offered.values())
    assert "Not measured." in next(iter(offered.values())).sentence
    assert dialog.form.draft().overrides is None
    click(dialog.measuring.pane.use_button)
    assert set(dialog.form.draft().overrides or {}) == set(offered)
    click(dialog.ok_button)
    assert set(wait_for_kept(qtbot, "id-1").values()) == {FieldOrigin.NAME}


def test_all_that_one_click_takes_over_is_seen_before(open_at: OpenAt, qtbot: QtBot) -> None:
    opened = open_at("http://127.0.0.1:9/v1", "qwen2.5-vl-7b")
    dialog = opened.dialog
    click(dialog.measuring.suggest_button)
    qtbot.waitUntil(lambda: dialog.measuring.pane.state is PaneState.DONE, timeout=LIMIT_MS)
    rows = dialog.form.overrides.rows
    offered = [row for row in rows.values() if row.mark.offer is not None]
    folded = [row for row in offered if row.spec.placement is Placement.MORE]
    assert folded
    assert len(folded) < len(offered)
    assert dialog.measuring.pane.text.startswith(f"{len(offered)} suggestions.")
    assert all(row.editor.isVisible() for row in offered)
    assert dialog.form.overrides.more.summary == f"{len(folded)} can be used"
    dialog.form.overrides.more.set_open(False)
    click(dialog.measuring.pane.use_button)
    assert all(row.editor.isVisible() for row in folded)
    assert dialog.form.overrides.more.summary == f"{len(folded)} set"


def test_a_suggestion_is_read_also_where_measuring_could_not_tell(open_at: OpenAt, qtbot: QtBot) -> None:
    with MisbehavingServer(Misbehaviour.NOT_ALLOWED) as server:
        opened = open_at(server.base_url, "qwen2.5-vl-7b")
        measure(qtbot, opened)
        assert opened.mark("supports_vision") == (MarkKind.INCONCLUSIVE, "Inconclusive")
        click(opened.dialog.measuring.suggest_button)
        qtbot.waitUntil(lambda: opened.dialog.measuring.pane.state is PaneState.DONE, timeout=LIMIT_MS)
        assert opened.mark("supports_vision") == (MarkKind.OFFERED, "By name: Yes")
        sentence = opened.dialog.form.overrides.rows["supports_vision"].mark.sentence
        assert "Inconclusive" in sentence


def test_the_options_that_are_folded_open_only_for_what_was_measured_of_them(open_at: OpenAt, qtbot: QtBot) -> None:
    with CapableServer() as plain, CapableServer(thought="Let me think.") as thinking:
        for server, opens in ((plain, False), (thinking, True)):
            opened = open_at(server.base_url)
            measure(qtbot, opened)
            more = opened.dialog.form.overrides.more
            measured = opened.dialog.form.overrides.rows["reasoning_optional_for_structured_output"]
            assert more.is_open is opens
            assert measured.editor.isVisible() is opens
            click(opened.dialog.measuring.pane.use_button)
            assert measured.editor.is_set is opens
            opened.dialog.hide()


def test_the_first_field_that_can_be_set_comes_into_sight(open_at: OpenAt, qtbot: QtBot) -> None:
    opened = open_at("http://127.0.0.1:9/v1", "deepseek-r1-distill-qwen-7b")
    dialog = opened.dialog
    dialog.form.advanced.set_open(True)
    dialog.resize(dialog.width(), dialog.minimumSizeHint().height())
    click(dialog.measuring.suggest_button)
    qtbot.waitUntil(lambda: dialog.measuring.pane.state is PaneState.DONE, timeout=LIMIT_MS)
    offered = next(row for row in dialog.form.overrides.rows.values() if row.mark.offer is not None)
    assert offered.evidence.visibleRegion().boundingRect().height() == offered.evidence.height()


def test_what_an_endpoint_declares_is_suggested(open_at: OpenAt, qtbot: QtBot, llama_tools: LlamaServer) -> None:
    opened = open_at(llama_tools.base_url, llama_tools.model)
    click(opened.dialog.measuring.suggest_button)
    qtbot.waitUntil(lambda: opened.dialog.measuring.pane.state is PaneState.DONE, timeout=LIMIT_MS)
    assert opened.mark("supports_function_calling") == (MarkKind.OFFERED, "Declared Yes")


# ------------------------------------------------------------------------------------------------------- for everyone


def test_measuring_keeps_the_dialogs_manners(open_at: OpenAt, qtbot: QtBot, kept: None) -> None:
    opened = open_at("http://127.0.0.1:9/v1", supports_vision=True)
    dialog = opened.dialog
    click(dialog.measuring.measure_button)
    labelled = {label.buddy() for label in dialog.findChildren(QLabel)}
    for kind in (QComboBox, QLineEdit, QAbstractButton):
        for widget in dialog.findChildren(kind):
            if widget.objectName().startswith("qt_") or isinstance(widget.parent(), QLineEdit | QComboBox):
                continue  # parts of Qt's own controls
            assert widget.objectName(), widget
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            assert widget in labelled or widget.accessibleName() or text, widget.objectName()
    assert dialog.height() <= 720
    assert dialog.width() <= 1280
    assert dialog.focusWidget() is dialog.measuring.pane.start_button


def test_the_tab_key_comes_by_a_mark_and_its_use_after_the_field(open_at: OpenAt, qtbot: QtBot, kept: None) -> None:
    opened = open_at("http://127.0.0.1:9/v1", supports_vision=True)
    opened.dialog.form.advanced.set_open(True)
    row = opened.dialog.form.overrides.rows["supports_vision"]
    qtbot.waitUntil(lambda: row.evidence.mark.has_receipt)
    row.editor.combo.setFocus()
    seen = []
    for _ in range(2):
        focused = opened.dialog.focusWidget()
        assert focused is not None
        QTest.keyClick(focused, Qt.Key.Key_Tab)
        seen.append(opened.dialog.focusWidget())
    assert seen == [row.evidence.mark, row.evidence.use]


@pytest.mark.parametrize("room", [QRect(0, 0, 1000, 640), QRect(0, 0, 1280, 720)])
def test_save_stays_on_a_small_screen_while_a_measured_model_is_measured_again(
    qtbot: QtBot, open_at: OpenAt, monkeypatch: pytest.MonkeyPatch, room: QRect
) -> None:
    monkeypatch.setattr(gui.dialog_fit, "screen_room", lambda _widget: room)
    with Evidence.open() as evidence:
        evidence.add_report("id-1", report())
    opened = open_at("http://127.0.0.1:9/v1", supports_vision=True)
    qtbot.waitUntil(lambda: opened.mark("supports_vision")[0] is MarkKind.CONFLICT)
    pane = opened.dialog.measuring.pane

    def lowest() -> int:
        button = opened.dialog.ok_button
        qtbot.waitUntil(lambda: pane.height() >= pane.heightForWidth(pane.width()))
        return button.mapToGlobal(button.rect().bottomLeft()).y()

    click(opened.dialog.measuring.measure_button)
    qtbot.waitUntil(lambda: pane.state is PaneState.ASKING and pane.isVisible())
    assert lowest() <= room.bottom()
    click(pane.start_button)
    qtbot.waitUntil(lambda: pane.state is PaneState.FAILED, timeout=LIMIT_MS)
    assert lowest() <= room.bottom()
    assert opened.dialog.frameGeometry().bottom() <= room.bottom()
