"""Discovering a provider's models in the window: a real engine, servers on loopback, a real roll and real evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from core.evidence import Evidence, FieldOrigin
from core.offered_models import LocalServer, OfferComparison, OfferedModel
from gui.discover_dialog import DiscoverDialog
from gui.engine_host import EngineHost
from gui.model_table import EFFECTIVE_ROLE
from gui.offer_table import Column, OfferState, OfferTableModel, offers_of
from gui.roll_items import BadgeState
from tests.gui.measuring_desk import Desk, desk_on
from tests.servers.answers import json_reply
from tests.servers.declaring import DeclaringServer
from tests.servers.misbehaving import MisbehavingServer
from tests.servers.misbehaviours import Misbehaviour

LIMIT_MS = 20_000

OpenDesk = Callable[..., Desk]


def listing(*model_ids: str) -> dict[str, Any]:
    """A list in OpenRouter's shape: every model takes tools, those named "…-vl" see."""
    return {
        "data": [
            {
                "id": model_id,
                "context_length": 32768,
                "architecture": {"input_modalities": ["text", "image"] if model_id.endswith("-vl") else ["text"]},
                "supported_parameters": ["tools", "tool_choice"],
            }
            for model_id in model_ids
        ]
    }


@pytest.fixture(scope="module")
def engine(qapp: QApplication) -> Iterator[EngineHost]:
    """A running engine."""
    host = EngineHost()
    host.start()
    yield host
    host.stop()


@pytest.fixture
def server() -> Iterator[DeclaringServer]:
    """A server that lists three models."""
    with DeclaringServer({"/v1/models": listing("alpha", "beta-vl", "gamma")}) as running:
        yield running


@pytest.fixture
def open_desk(qtbot: QtBot, tmp_path: Path, engine: EngineHost) -> Iterator[OpenDesk]:
    """Puts a roll with one custom provider and these of its models on the desk."""
    with ExitStack() as stack:

        def open_on(base_url: str, *model_ids: str) -> Desk:
            models = [{"id": f"id-{name}", "provider_id": "Box", "model_id": name} for name in model_ids]
            return stack.enter_context(desk_on(qtbot, engine, tmp_path, {"Box": base_url}, models))

        yield open_on


def open_dialog(qtbot: QtBot, desk: Desk, chosen: tuple[str, str] | None = ("custom", "Box")) -> DiscoverDialog:
    """The dialog, asking that provider at once."""
    dialog = DiscoverDialog(desk.registry, desk.saver, desk.engine, evidence=desk.evidence, chosen=chosen)
    desk.widgets.append(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog


def listed(qtbot: QtBot, desk: Desk) -> DiscoverDialog:
    """The dialog with its list, compared with the last one."""
    dialog = open_dialog(qtbot, desk)
    qtbot.waitUntil(lambda: dialog.panel.model.count() > 0, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: _is_noted(desk))
    return dialog


def _is_noted(desk: Desk) -> bool:
    with Evidence.open(desk.folder / "evidence.sqlite") as evidence:
        return evidence.last_seen("custom", "Box") is not None


def shown(dialog: DiscoverDialog) -> dict[str, str]:
    """The visible models with what is said of each."""
    model = dialog.panel.model
    return {
        str(model.index(row, Column.MODEL_ID).data()): str(model.index(row, Column.STATE).data())
        for row in range(model.rowCount())
    }


def registered_ids(desk: Desk) -> list[str]:
    return [entry.model_id for entry in desk.registry.entries()]


def test_new_and_registered_models_are_told_apart(qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk) -> None:
    dialog = listed(qtbot, open_desk(server.base_url, "gamma"))
    assert shown(dialog) == {"alpha": "New", "beta-vl": "New", "gamma": "Registered"}


def test_nothing_is_ticked_at_first_and_nothing_can_be_added(
    qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk
) -> None:
    dialog = listed(qtbot, open_desk(server.base_url))
    assert dialog.panel.model.chosen == ()
    assert not dialog.add_button.isEnabled()


def test_what_is_gone_since_the_last_time_is_shown(qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk) -> None:
    desk = open_desk(server.base_url)
    listed(qtbot, desk)
    server.table = {"/v1/models": listing("alpha", "delta")}
    dialog = open_dialog(qtbot, desk)
    qtbot.waitUntil(lambda: dialog.panel.model.count(OfferState.GONE) == 2, timeout=LIMIT_MS)
    assert shown(dialog)["gamma"] == "Gone since last time"
    assert dialog.panel.state_box.itemText(3) == "Gone since last time (2)"


def test_many_models_are_added_by_one_edit_that_one_undo_takes_back(
    qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk
) -> None:
    desk = open_desk(server.base_url, "gamma")
    before = desk.registry.path.read_text()
    dialog = listed(qtbot, desk)
    dialog.panel.tick_button.click()
    assert dialog.add_button.text().replace("&", "") == "Add 2 Models"
    with qtbot.waitSignal(dialog.added) as added:
        dialog.add_button.click()
    assert len(added.args[0]) == 2
    assert registered_ids(desk) == ["gamma", "alpha", "beta-vl"]
    assert set(shown(dialog).values()) == {"Registered"}
    assert all(not entry.overrides for entry in desk.registry.entries())
    desk.saver.undo_stack.undo()
    qtbot.waitUntil(lambda: desk.registry.path.read_text() == before)
    assert shown(dialog)["alpha"] == "New"


def test_declared_values_are_written_only_when_asked_and_with_their_origin(
    qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk
) -> None:
    desk = open_desk(server.base_url)
    dialog = listed(qtbot, desk)
    dialog.panel.model.tick([1], on=True)
    dialog.declared_box.setChecked(True)
    dialog.add_button.click()
    (entry,) = desk.registry.entries()
    assert (entry.overrides or {})["supports_vision"] is True
    entry_id = str(entry.id)

    def origin() -> FieldOrigin | None:
        with Evidence.open(desk.folder / "evidence.sqlite") as evidence:
            recorded = evidence.origins(entry_id).get("supports_vision")
            return recorded.origin if recorded is not None else None

    qtbot.waitUntil(lambda: origin() is FieldOrigin.DECLARED)


def test_the_list_is_searched_by_name_and_by_what_is_declared(
    qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk
) -> None:
    dialog = listed(qtbot, open_desk(server.base_url))
    dialog.panel.search.setText("ALP")
    assert list(shown(dialog)) == ["alpha"]
    dialog.panel.search.setText("vision")
    assert list(shown(dialog)) == ["beta-vl"]
    dialog.panel.search.setText("nowhere")
    assert shown(dialog) == {}
    assert not dialog.panel.tick_button.isEnabled()


def test_a_tick_outlives_a_search_that_hides_it(qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk) -> None:
    dialog = listed(qtbot, open_desk(server.base_url))
    dialog.panel.model.tick([0], on=True)
    dialog.panel.search.setText("gamma")
    assert [offer.model_id for offer in dialog.panel.model.chosen] == ["alpha"]
    assert dialog.add_button.isEnabled()


def test_space_sets_and_takes_away_the_ticks_of_the_selected_rows(
    qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk
) -> None:
    dialog = listed(qtbot, open_desk(server.base_url, "gamma"))
    dialog.panel.table.selectAll()
    QTest.keyClick(dialog.panel.table, Qt.Key.Key_Space)
    assert [offer.model_id for offer in dialog.panel.model.chosen] == ["alpha", "beta-vl"]
    QTest.keyClick(dialog.panel.table, Qt.Key.Key_Space)
    assert dialog.panel.model.chosen == ()


def test_a_click_on_the_box_ticks(qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk) -> None:
    dialog = listed(qtbot, open_desk(server.base_url))
    table = dialog.panel.table
    place = table.visualRect(dialog.panel.model.index(0, Column.MODEL_ID))
    spot = place.topLeft()
    spot.setX(spot.x() + 10)
    spot.setY(place.center().y())
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert [offer.model_id for offer in dialog.panel.model.chosen] == ["alpha"]


def test_what_the_endpoint_declares_is_shown_as_badges(
    qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk
) -> None:
    dialog = listed(qtbot, open_desk(server.base_url))
    model = dialog.panel.model
    assert "Vision: Yes" in str(model.index(1, Column.DECLARED).data())
    assert BadgeState.YES in model.index(1, Column.DECLARED).data(EFFECTIVE_ROLE).badges


def test_a_server_that_does_not_answer_is_told_in_words_and_can_be_asked_again(
    qtbot: QtBot, open_desk: OpenDesk
) -> None:
    dialog = open_dialog(qtbot, open_desk("http://127.0.0.1:9/v1"))
    qtbot.waitUntil(lambda: bool(dialog.panel.error_box.text), timeout=LIMIT_MS)
    assert "Nothing answers at" in dialog.panel.error_box.text
    assert dialog.list_button.isEnabled()


def test_no_counts_stand_under_an_error(qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk) -> None:
    dialog = listed(qtbot, open_desk(server.base_url))
    qtbot.waitUntil(lambda: dialog.count_label.text() == "3 new, 0 registered, 0 gone")
    server.elsewhere, server.table = json_reply({"error": "It is asleep."}, status=500), {}
    dialog.list_button.click()
    assert dialog.count_label.text() == ""
    qtbot.waitUntil(lambda: bool(dialog.panel.error_box.text), timeout=LIMIT_MS)
    assert dialog.count_label.text() == ""


def test_a_server_that_takes_too_long_is_told_with_what_can_be_done(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with MisbehavingServer(Misbehaviour.NEVER_ANSWERS) as silent:
        dialog = open_dialog(qtbot, open_desk(silent.base_url))
        qtbot.waitUntil(lambda: bool(dialog.panel.error_box.text), timeout=LIMIT_MS)
        assert "Check that the server is running" in dialog.panel.error_box.text
        assert "answer" not in dialog.panel.error_box.text.replace("Nothing answered", "")


def test_a_server_without_models_says_so(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with DeclaringServer({"/v1/models": {"data": []}}) as empty:
        dialog = open_dialog(qtbot, open_desk(empty.base_url))
        nothing = dialog.findChild(QLabel, "discover_nothing_text")
        assert nothing is not None
        qtbot.waitUntil(nothing.isVisible, timeout=LIMIT_MS)
        assert nothing.text() == "The provider answers, and lists no models."


def test_no_server_is_looked_for_until_somebody_asks(
    qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk
) -> None:
    dialog = listed(qtbot, open_desk(server.base_url))
    assert dialog.finder.isHidden()
    assert dialog.finder.words == ""


def test_a_server_that_was_found_becomes_a_provider_and_is_listed(
    qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk
) -> None:
    with DeclaringServer({"/v1/models": listing("local-one")}) as local:
        desk = open_desk(server.base_url)
        dialog = listed(qtbot, desk)
        dialog.finder.show_servers((LocalServer("llama.cpp", local.base_url, ("local-one",)),))
        button = dialog.findChild(QPushButton, "add_server_0")
        assert button is not None
        button.click()
        qtbot.waitUntil(lambda: "llama.cpp" in desk.registry.document.provider_by_name)
        qtbot.waitUntil(lambda: list(shown(dialog)) == ["local-one"], timeout=LIMIT_MS)


def test_a_server_that_is_set_up_already_is_listed_and_not_added_again(
    qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk
) -> None:
    desk = open_desk(server.base_url)
    dialog = open_dialog(qtbot, desk, chosen=None)
    dialog.finder.show_servers((LocalServer("llama.cpp", server.base_url, ("alpha",)),))
    button = dialog.findChild(QPushButton, "add_server_0")
    assert button is not None
    button.click()
    assert len(desk.registry.providers) == 1
    qtbot.waitUntil(lambda: "alpha" in shown(dialog), timeout=LIMIT_MS)


def test_looking_for_servers_ends_with_words(qtbot: QtBot, server: DeclaringServer, open_desk: OpenDesk) -> None:
    dialog = listed(qtbot, open_desk(server.base_url))
    dialog.finder.button.click()
    assert not dialog.finder.isHidden()
    qtbot.waitUntil(dialog.finder.button.isEnabled, timeout=LIMIT_MS)
    assert "this computer" in dialog.finder.words


def test_five_thousand_offers_are_filtered(qapp: QApplication) -> None:
    model = OfferTableModel()
    offered = tuple(OfferedModel(f"vendor/model-{number}") for number in range(5_000))
    model.set_offers(offers_of(OfferComparison(offered, (), ())))
    model.set_filter("model-49", None)
    assert model.rowCount() == 111
