"""The *Evidence* tab: what was measured beside what is set, used as a person uses it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot
from typing_extensions import override

import core.evidence
from core import paths
from core.entry import UserModelEntry
from core.errors import MusterError
from core.evidence import FILE_NAME, Evidence, FieldOrigin
from core.fields import UNSET
from core.fingerprint import Fingerprint
from core.registry import Registry
from core.report_history import IMPORTED_FROM
from core.verdicts import Outcome, Report
from gui.engine_host import EngineHost
from gui.evidence_list import Group
from gui.evidence_panel import EvidencePanel
from gui.evidence_store import EntryEvidence, EvidenceStore, program_evidence
from gui.evidence_tab import EvidenceTab
from gui.measuring_pane import MeasuringPane, PaneState
from gui.roll_items import roll_items
from gui.saving import Saver
from gui.verdict_words import day_words, time_words
from gui.worker import wait_for_workers
from tests.gui.measurements import AT, EARLIER, report, verdict
from tests.rolls import open_roll, write_roll
from tests.servers.llama import LlamaServer
from tests.servers.misbehaving import MisbehavingServer
from tests.servers.misbehaviours import Misbehaviour

LIMIT_MS = 90_000
FOUND = report().verdicts
NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture(scope="module")
def engine(qapp: QApplication) -> Iterator[EngineHost]:
    """A running engine for all tests of this file."""
    host = EngineHost()
    host.start()
    yield host
    host.stop()


class Shown:
    """The tab on a roll of two models, the first one shown."""

    def __init__(self, registry: Registry, engine: EngineHost) -> None:
        self.registry = registry
        self.saver = Saver(registry)
        self.tab = EvidencePanel(registry, self.saver, lambda: engine)
        self.refused: list[MusterError] = []
        self.tab.refused.connect(self.refused.append)
        self.saver.document_changed.connect(lambda _document: self.show(0))
        self.show(0)

    def show(self, number: int | None) -> None:
        items = roll_items(self.registry.document)
        self.tab.show_item(None if number is None else items[number])

    def shows(self, pane: MeasuringPane) -> bool:
        """Whether that measurement is the one to be seen."""
        return self.tab.pane is pane and pane.isVisible()

    @property
    def groups(self) -> dict[str, Group]:
        """Field → the group in which it stands."""
        return {row.spec.name: row.group for row in self.tab.rows}

    @property
    def overrides(self) -> dict[str, Any] | None:
        return self.registry.entries()[0].overrides


ShowOn = Callable[..., Shown]


@pytest.fixture
def show_on(qtbot: QtBot, tmp_path: Path, engine: EngineHost) -> Iterator[ShowOn]:
    made: list[Shown] = []

    def open_tab(base_url: str = NOWHERE, model_id: str = "model-one", **overrides: Any) -> Shown:
        rows = [
            {
                "id": f"id-{number}",
                "provider_type": "custom",
                "provider_id": "Here",
                "model_id": model_id,
                "name": f"Model {number}",
                "overrides": (overrides or None) if number == 1 else None,
            }
            for number in (1, 2)
        ]
        providers = [{"name": "Here", "base_url": base_url}]
        path = write_roll(tmp_path / "settings.yaml", user_model_registry=rows, openai_compatible_providers=providers)
        registry = open_roll(path)
        shown = Shown(registry, engine)
        made.append(shown)
        qtbot.addWidget(shown.tab)
        shown.tab.resize(320, 640)
        shown.tab.show()
        qtbot.waitExposed(shown.tab)
        return shown

    yield open_tab
    for shown in made:
        qtbot.waitUntil(lambda shown=shown: not shown.saver.is_busy)  # type: ignore[misc]  # bound now
        shown.saver.close()
        shown.registry.close()
    assert wait_for_workers()


def keep(*reports: Report, entry_id: str = "id-1") -> None:
    with Evidence.open() as evidence:
        for one in reports:
            evidence.add_report(entry_id, one)


def click(button: QAbstractButton) -> None:
    assert button.isVisible(), button.objectName()
    assert button.isEnabled(), button.objectName()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def wait_for_rows(qtbot: QtBot, shown: Shown) -> None:
    qtbot.waitUntil(lambda: bool(shown.tab.rows))


def choose(shown: Shown, field: str) -> None:
    """Walks to the field by keyboard."""
    listed = shown.tab.page.list
    listed.setFocus()
    QTest.keyClick(listed, Qt.Key.Key_Home)
    for _ in range(40):
        if listed.chosen is not None and listed.chosen.spec.name == field:
            return
        QTest.keyClick(listed, Qt.Key.Key_Down)
    raise AssertionError(f"{field} is not in the list")


# --------------------------------------------------------------------------------------------------------- what it says


def test_without_a_measurement_the_tab_says_what_it_is_for_and_offers_it(show_on: ShowOn, qtbot: QtBot) -> None:
    shown = show_on()
    button = shown.tab.findChild(QAbstractButton, "no_evidence_primary")
    assert isinstance(button, QAbstractButton)
    qtbot.waitUntil(button.isVisible)
    click(button)
    assert shown.tab.pane is not None
    assert shown.tab.pane.state is PaneState.ASKING
    assert "At most 20 calls" in shown.tab.pane.text


class HeldStore(EvidenceStore):
    """Its answers come when the test lets them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.held: list[Callable[[], object]] = []

    @override
    def look_up(
        self, registry: Registry, entry: UserModelEntry, receiver: QObject, on_done: Callable[[EntryEvidence], object]
    ) -> None:
        self.held.append(lambda: super(HeldStore, self).look_up(registry, entry, receiver, on_done))


def test_a_measured_model_is_never_said_not_to_be_measured_while_its_evidence_is_read(
    show_on: ShowOn, qtbot: QtBot, tmp_path: Path
) -> None:
    keep(report())
    keep(report(), entry_id="id-2")
    shown = show_on(supports_vision=True)
    store = HeldStore(paths.data_folder() / FILE_NAME)
    panel = EvidencePanel(shown.registry, shown.saver, lambda: None, store=store)
    qtbot.addWidget(panel)
    panel.show()

    def page(name: str) -> QWidget:
        found = panel.findChild(QWidget, name)
        assert isinstance(found, QWidget)
        return found

    items = roll_items(shown.registry.document)
    panel.show_item(items[0])
    assert not page("no_evidence").isVisible()
    qtbot.waitUntil(page("evidence_reading").isVisible)
    store.held.pop()()
    qtbot.waitUntil(panel.page.isVisible)
    panel.show_item(items[1])
    assert panel.page.isVisible()
    assert panel.rows == []
    store.held.pop()()
    qtbot.waitUntil(lambda: bool(panel.rows))
    panel.show_item(items[0])
    qtbot.waitUntil(page("evidence_reading").isVisible)
    store.refused.emit(MusterError("The disk refused.", "Look at it."))
    assert page("no_evidence").isVisible()
    panel.show_item(None)
    store.close()


def test_the_history_of_a_model_is_read_once_for_all_that_is_said_of_it(
    show_on: ShowOn, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(report(EARLIER), replace(report(), partial=True), replace(report(), partial=True))
    read: list[str] = []

    def count(text: str) -> Report | None:
        read.append(text)
        return Report.from_wire(json.loads(text))

    monkeypatch.setattr(core.evidence, "_report_from", count)
    shown = show_on(supports_vision=True)
    wait_for_rows(qtbot, shown)
    qtbot.wait(0)
    assert len(read) == 3


def test_fields_stand_by_what_there_is_to_do_about_them(show_on: ShowOn, qtbot: QtBot) -> None:
    keep(report())
    shown = show_on(supports_vision=True, supports_logprobs=True)
    wait_for_rows(qtbot, shown)
    assert shown.groups == {
        "supports_structured_output": Group.OFFERED,
        "structured_output_mode": Group.OFFERED,
        "supports_logprobs": Group.CONFIRMED,
        "supports_function_calling": Group.CONFIRMED,
        "supports_vision": Group.CONFLICT,
        "reasoning_capable": Group.UNCLEAR,
        "parser": Group.CONFIRMED,
    }


def test_a_conflict_is_read_out_with_both_values_and_the_reason(show_on: ShowOn, qtbot: QtBot) -> None:
    keep(report())
    shown = show_on(supports_vision=True)
    wait_for_rows(qtbot, shown)
    day = day_words(AT)
    assert shown.tab.page.list.texts[:2] == [
        "You said otherwise",
        f"Supports Vision: Yes. Measured No. You: Yes. Measured on {day}: No. 0 of 2 pictures were read.",
    ]


def test_what_flipped_since_the_last_time_is_shown_with_both_receipts(show_on: ShowOn, qtbot: QtBot) -> None:
    saw = verdict(Outcome.YES, True, "2 of 2 pictures were read.", "vision", at=EARLIER)
    keep(report(EARLIER, supports_vision=saw), report())
    shown = show_on()
    wait_for_rows(qtbot, shown)
    assert shown.groups["supports_vision"] is Group.CHANGED
    assert f"Changed since {day_words(EARLIER)}" in shown.tab.page.list.texts
    choose(shown, "supports_vision")
    QTest.keyClick(shown.tab.page.list, Qt.Key.Key_Return)
    receipt = shown.tab.receipt
    assert receipt is not None
    headlines = [view.headline for view in receipt.views]
    assert headlines == ["Supports Vision: No", "Supports Vision: Yes"]


def test_what_flipped_on_one_day_is_told_with_the_time(show_on: ShowOn, qtbot: QtBot) -> None:
    noon = datetime(2026, 11, 12, 12, 0).astimezone()
    first, later = noon.isoformat(), (noon + timedelta(minutes=5)).isoformat()
    saw = verdict(Outcome.YES, True, "2 of 2 pictures were read.", "vision", at=first)
    keep(report(first, supports_vision=saw), report(later))
    shown = show_on()
    wait_for_rows(qtbot, shown)
    assert f"Changed since {time_words(first)}" in shown.tab.page.list.texts
    assert (
        next(row.detail for row in shown.tab.rows if row.spec.name == "supports_vision")
        == f"Yes ({time_words(first)}) → No"
    )


def test_evidence_of_another_server_is_outdated(show_on: ShowOn, qtbot: QtBot) -> None:
    elsewhere = Fingerprint(base_url="http://127.0.0.1:7/v1", model="model-one").to_text()
    keep(replace(report(), fingerprint=elsewhere))
    shown = show_on(supports_vision=True)
    wait_for_rows(qtbot, shown)
    assert "the address" in shown.tab.page.stale_text
    assert shown.groups["supports_vision"] is Group.UNCLEAR
    assert {row.mark.text for row in shown.tab.rows if row.spec.name == "supports_vision"} == {"No, outdated"}


def test_a_measurement_that_ended_early_leaves_what_was_known_before(show_on: ShowOn, qtbot: QtBot) -> None:
    cut = Report(
        verdicts={name: replace(found, value=Outcome.INCONCLUSIVE, setting=UNSET) for name, found in FOUND.items()},
        partial=True,
        stopped_by="It was stopped.",
        calls=1,
        at="2026-11-20T10:00:00+00:00",
    )
    keep(report(), cut)
    shown = show_on(supports_vision=True)
    wait_for_rows(qtbot, shown)
    assert shown.groups["supports_vision"] is Group.CONFLICT
    sentence = next(row.sentence for row in shown.tab.rows if row.spec.name == "supports_vision")
    assert f"Measured on {day_words(AT)}: No." in sentence
    assert shown.tab.page.use_all_button.isEnabled()


def test_what_a_colleague_measured_is_told_apart_until_it_is_measured_here(show_on: ShowOn, qtbot: QtBot) -> None:
    unasked = verdict(Outcome.INCONCLUSIVE, UNSET, "It was stopped.")
    shared = replace(report(EARLIER), facts={IMPORTED_FROM: "Muster, /home/ada/team.muster-roll"})
    keep(shared)
    shown = show_on(supports_vision=True)
    wait_for_rows(qtbot, shown)
    when = shown.tab.findChild(QLabel, "evidence_when")
    assert when is not None
    assert when.text() == f"Measured elsewhere: team.muster-roll, {day_words(EARLIER)}"
    assert "/home/ada/team.muster-roll" in when.toolTip()
    sentences = {row.spec.name: row.sentence for row in shown.tab.rows}
    assert f"Measured elsewhere (team.muster-roll) on {day_words(EARLIER)}: No." in sentences["supports_vision"]
    program_evidence().keep_report("id-1", replace(report(supports_vision=unasked), partial=True))
    qtbot.waitUntil(lambda: when.text() == f"Measured {day_words(AT)}")
    sentences = {row.spec.name: row.sentence for row in shown.tab.rows}
    assert "Measured elsewhere (team.muster-roll)" in sentences["supports_vision"]
    assert f"Measured on {day_words(AT)}: Yes." in sentences["supports_logprobs"]


def test_modes_and_other_facts_stand_below_the_fields(show_on: ShowOn, qtbot: QtBot) -> None:
    facts = {
        "tokens_per_second": 98.6,
        "answers_as_another_model": True,
        "response_model": "other-7b",
        "system_role": {"value": "yes", "reason": "It was heeded."},
    }
    keep(replace(report(), facts=facts))
    shown = show_on()
    wait_for_rows(qtbot, shown)
    texts = shown.tab.page.list.texts
    assert "JSON Schema: 5 of 5. Enforced by the server · 412 ms" in texts
    assert "Speed: 98.6 tok/s." in texts
    assert "System prompt: Yes. It was heeded." in texts
    assert "Answers as: other-7b. That is another model than the one asked for." in texts


def test_the_tab_follows_the_selection(show_on: ShowOn, qtbot: QtBot) -> None:
    keep(report())
    shown = show_on()
    wait_for_rows(qtbot, shown)
    shown.show(1)
    assert shown.tab.rows == []
    shown.show(None)
    hint = shown.tab.findChild(QLabel, "no_evidence_selection_text")
    assert isinstance(hint, QLabel)
    assert hint.isVisible()
    shown.show(0)
    wait_for_rows(qtbot, shown)


# ------------------------------------------------------------------------------------------------------- using values


def test_use_measured_writes_one_value_and_undo_takes_it_back(show_on: ShowOn, qtbot: QtBot) -> None:
    keep(report())
    shown = show_on(supports_vision=True)
    wait_for_rows(qtbot, shown)
    choose(shown, "supports_vision")
    click(shown.tab.page.use_button)
    assert shown.overrides == {"supports_vision": False}
    qtbot.waitUntil(lambda: shown.groups.get("supports_vision") is Group.CONFIRMED)
    shown.saver.undo_stack.undo()
    assert shown.overrides == {"supports_vision": True}
    qtbot.waitUntil(lambda: shown.groups.get("supports_vision") is Group.CONFLICT)


def test_use_all_measured_is_one_edit_and_its_origin_is_kept(show_on: ShowOn, qtbot: QtBot) -> None:
    keep(report())
    shown = show_on(supports_vision=True, supports_data_gen=True)
    wait_for_rows(qtbot, shown)
    click(shown.tab.page.use_all_button)
    assert shown.overrides == {**report().overrides, "supports_data_gen": True}
    assert shown.saver.undo_stack.count() == 1

    def origins() -> dict[str, FieldOrigin]:
        with Evidence.open() as evidence:
            return {name: recorded.origin for name, recorded in evidence.origins("id-1").items()}

    qtbot.waitUntil(lambda: origins() == dict.fromkeys(report().overrides, FieldOrigin.MEASURED))
    assert not shown.tab.page.use_all_button.isEnabled()


def test_a_row_whose_model_is_gone_is_refused_in_words(show_on: ShowOn, qtbot: QtBot) -> None:
    keep(report())
    shown = show_on(supports_vision=True)
    wait_for_rows(qtbot, shown)
    shown.saver.document_changed.disconnect()
    shown.registry.remove("user_model::id-1")
    shown.tab.use_measured("supports_vision")
    assert len(shown.refused) == 1


# ---------------------------------------------------------------------------------------------------------- measuring


def test_a_real_model_is_measured_again_and_the_tab_shows_it(show_on: ShowOn, qtbot: QtBot, llama: LlamaServer) -> None:
    keep(report())
    shown = show_on(llama.base_url, llama.model, supports_vision=True)
    wait_for_rows(qtbot, shown)
    click(shown.tab.page.measure_button)
    pane = shown.tab.pane
    assert pane is not None
    assert "The last time took 11 calls, 850 tokens." in pane.text
    click(pane.start_button)
    qtbot.waitUntil(lambda: pane.state is PaneState.DONE, timeout=LIMIT_MS)

    def count_of_reports() -> int:
        with Evidence.open() as evidence:
            return len(evidence.history("id-1"))

    qtbot.waitUntil(lambda: count_of_reports() == 2)
    qtbot.waitUntil(lambda: shown.groups["reasoning_capable"] is Group.CONFIRMED)
    click(pane.use_button)
    assert (shown.overrides or {})["supports_vision"] is False


def test_a_failure_has_its_room_in_the_narrowest_tab_and_leads_to_the_providers(show_on: ShowOn, qtbot: QtBot) -> None:
    with MisbehavingServer(Misbehaviour.NOT_ALLOWED) as server:
        shown = show_on(server.base_url)
        shown.tab.measure()
        pane = shown.tab.pane
        assert pane is not None
        click(pane.start_button)
        qtbot.waitUntil(lambda: pane.state is PaneState.FAILED, timeout=LIMIT_MS)
        assert shown.tab.minimumSizeHint().width() <= 20 * shown.tab.fontMetrics().height()
        with qtbot.waitSignal(shown.tab.providers_wanted):
            click(pane.providers_button)


def test_a_measurement_goes_on_while_another_model_is_looked_at(show_on: ShowOn, qtbot: QtBot) -> None:
    with MisbehavingServer(Misbehaviour.NEVER_ANSWERS) as server:
        shown = show_on(server.base_url)
        shown.tab.measure()
        pane = shown.tab.pane
        assert pane is not None
        click(pane.start_button)
        qtbot.waitUntil(lambda: any(request.body for request in server.requests), timeout=LIMIT_MS)
        shown.show(1)
        assert not shown.shows(pane)
        shown.show(0)
        assert shown.shows(pane)
        click(pane.stop_button)
        qtbot.waitUntil(lambda: pane.state is PaneState.DONE, timeout=5_000)
        qtbot.waitUntil(lambda: bool(shown.tab.rows))
        assert set(shown.groups.values()) == {Group.UNCLEAR}


def test_the_tab_is_built_when_it_is_first_looked_at_and_shows_the_selected_model(
    show_on: ShowOn, qtbot: QtBot
) -> None:
    keep(report())
    shown = show_on(supports_vision=True)
    tab = EvidenceTab(lambda: EvidencePanel(shown.registry, shown.saver, lambda: None))
    qtbot.addWidget(tab)
    tab.show_item(roll_items(shown.registry.document)[0])
    assert tab.findChildren(EvidencePanel) == []
    tab.show()
    panel = tab.panel
    assert panel is not None
    qtbot.waitUntil(lambda: bool(panel.rows))
    tab.measure()
    assert panel.pane is not None
    pane = panel.pane
    qtbot.waitUntil(lambda: pane.height() >= pane.minimumSizeHint().height())
    click(pane.start_button)
    assert "engine" in panel.pane.text
    assert panel.pane.state is PaneState.FAILED


def test_every_control_of_the_tab_has_a_name(show_on: ShowOn, qtbot: QtBot) -> None:
    keep(report())
    shown = show_on()
    wait_for_rows(qtbot, shown)
    shown.tab.measure()
    for button in shown.tab.findChildren(QAbstractButton):
        assert button.objectName(), button
        assert button.text() or button.accessibleName(), button.objectName()
    assert shown.tab.page.list.accessibleName()
