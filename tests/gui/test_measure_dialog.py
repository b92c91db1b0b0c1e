"""Measuring many models in the window: a real engine, servers on loopback, a real roll and real evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from core.field_specs import UNSET
from core.measurement_preparation import THOROUGH, estimate, prepare_measurement
from core.verdicts import Limits, Outcome, Report, Verdict
from gui.engine_host import EngineHost
from gui.measure_dialog import MeasureDialog
from gui.measure_review import Column as ReviewColumn
from gui.measure_table import Column, verdict_summary
from gui.measuring_batch import MeasuringState
from gui.receipt_view import ReceiptDialog
from gui.scopes import Scope
from gui.verdict_words import cost_words
from gui.words import count_models
from tests.gui.measurements import EARLIER, report, verdict
from tests.gui.measuring_desk import Desk, desk_on
from tests.servers.capable import Ability, CapableServer
from tests.servers.misbehaving import MisbehavingServer
from tests.servers.misbehaviours import Misbehaviour

LIMIT_MS = 60_000

OpenDesk = Callable[..., Desk]


@pytest.fixture(scope="module")
def engine(qapp: QApplication) -> Iterator[EngineHost]:
    """A running engine."""
    host = EngineHost()
    host.start()
    yield host
    host.stop()


@pytest.fixture
def open_desk(qtbot: QtBot, tmp_path: Path, engine: EngineHost) -> Iterator[OpenDesk]:
    """Puts a roll on the desk: each provider with one model for each of its overrides."""
    with ExitStack() as stack:

        def open_on(**providers: tuple[str, list[dict[str, object]]]) -> Desk:
            models = [
                {"id": f"{name}-{number}", "provider_id": name, "model_id": f"model-{number}", "overrides": overrides}
                for name, (_, several) in providers.items()
                for number, overrides in enumerate(several)
            ]
            urls = {name: url for name, (url, _) in providers.items()}
            return stack.enter_context(desk_on(qtbot, engine, tmp_path, urls, models))

        yield open_on


def open_dialog(qtbot: QtBot, desk: Desk) -> MeasureDialog:
    """The dialog on all rows of the roll."""
    rows = desk.registry.document.rows
    dialog = MeasureDialog(
        desk.registry, desk.saver, desk.engine, [Scope("All", rows), Scope("First", rows[:1])], evidence=desk.evidence
    )
    desk.widgets.append(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog


def measure_all(qtbot: QtBot, dialog: MeasureDialog) -> None:
    """Presses Measure and waits for the end."""
    dialog.start_button.click()
    qtbot.waitUntil(lambda: not dialog.batch.is_running, timeout=LIMIT_MS)


def cell(dialog: MeasureDialog, row: int, column: Column) -> str:
    """What the table shows."""
    return str(dialog.table_model.index(row, column).data())


def review_lines(dialog: MeasureDialog) -> dict[tuple[str, str], dict[ReviewColumn, str]]:
    """What the review shows, by model and setting."""
    tree, found = dialog.panel.review, {}
    for row in range(tree.topLevelItemCount()):
        model = tree.topLevelItem(row)
        assert model is not None
        for number in range(model.childCount()):
            line = model.child(number)
            assert line is not None
            found[(model.text(0), line.text(0))] = {column: line.text(column) for column in ReviewColumn}
    return found


def select_line(dialog: MeasureDialog, setting: str) -> None:
    """Makes the first model's line of that setting the current one."""
    model = dialog.panel.review.topLevelItem(0)
    assert model is not None
    for number in range(model.childCount()):
        line = model.child(number)
        if line is not None and line.text(0) == setting:
            dialog.panel.review.setCurrentItem(line)
            return
    raise AssertionError(f"no line for {setting}")


def most_of(desk: Desk, limits: Limits, *, models: int) -> str:
    """What so many of the first model may take, in words."""
    calls, tokens = estimate(prepare_measurement(desk.registry, desk.registry.entries()[0]), limits)
    return cost_words(calls * models, tokens * models)


def wait_for_words(qtbot: QtBot, label: QLabel, wanted: str) -> None:
    """Until the label begins so."""
    qtbot.waitUntil(lambda: label.text().startswith(wanted))


def test_the_cost_is_told_before_it_starts(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer() as server:
        desk = open_desk(Box=(server.base_url, [{}, {}, {}]))
        dialog = open_dialog(qtbot, desk)
        label = dialog.options.cost_label
        for limits, is_thorough in ((Limits(), False), (THOROUGH, True)):
            dialog.options.thorough_box.setChecked(is_thorough)
            each, whole = most_of(desk, limits, models=1), most_of(desk, limits, models=3)
            wanted = f"At most {each} for each model; {whole} in all."
            wait_for_words(qtbot, label, wanted)
        dialog.options.scope_box.setCurrentIndex(1)
        alone = f"At most {most_of(desk, THOROUGH, models=1)}. One long answer or costly picture may exceed it."
        qtbot.waitUntil(lambda: label.text() == alone)
        assert server.exchanges == []


def test_a_model_that_cannot_be_measured_is_counted_apart(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer() as server:
        desk = open_desk(Box=(server.base_url, [{}, {"parser": "from the future"}]))
        dialog = open_dialog(qtbot, desk)
        label = dialog.options.cost_label
        qtbot.waitUntil(lambda: "1 model cannot be measured as it is set up." in label.text())
        assert f"{most_of(desk, Limits(), models=1)} in all." in label.text()


def test_servers_on_this_computer_are_measured_one_by_one_and_the_dialog_says_so(
    qtbot: QtBot, open_desk: OpenDesk
) -> None:
    with CapableServer() as server:
        dialog = open_dialog(qtbot, open_desk(Box=(server.base_url, [{}, {}])))
        box, label = dialog.options.at_once_box, dialog.options.cost_label
        qtbot.waitUntil(lambda: not box.isEnabled())
        assert label.text().endswith("A server on this computer measures one model at a time.")


def test_elsewhere_the_person_chooses_how_many_at_once(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer() as server:
        desk = open_desk(Box=(server.base_url, [{}, {}]), Far=("https://models.example/v1", [{}, {}]))
        dialog = open_dialog(qtbot, desk)
        box, label = dialog.options.at_once_box, dialog.options.cost_label
        qtbot.waitUntil(lambda: "on this computer" in label.text())
        assert box.isEnabled()


def test_a_model_that_waits_for_its_turn_is_said_to_wait(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer(reply_s=0.05) as server:
        dialog = open_dialog(qtbot, open_desk(Box=(server.base_url, [{}, {}])))
        dialog.start_button.click()
        first, second = dialog.batch.measurements
        qtbot.waitUntil(lambda: first.calls >= 2, timeout=LIMIT_MS)
        assert second.state is MeasuringState.RUNNING
        assert [cell(dialog, row, Column.STATE) for row in range(2)] == ["Measuring", "Waiting"]
        assert cell(dialog, 1, Column.STEP) == ""
        qtbot.waitUntil(lambda: cell(dialog, 1, Column.STATE) == "Measuring", timeout=LIMIT_MS)
        dialog.stop_all_button.click()
        qtbot.waitUntil(lambda: not dialog.batch.is_running, timeout=LIMIT_MS)


@pytest.mark.parametrize("width", [0, 940, 1500], ids=["as it opens", "on a small screen", "wide"])
def test_the_columns_share_the_room_and_nothing_is_scrolled_sideways(
    qtbot: QtBot, open_desk: OpenDesk, width: int
) -> None:
    with CapableServer([Ability.VISION]) as server:
        dialog = open_dialog(qtbot, open_desk(Box=(server.base_url, [{"supports_vision": True}])))
        if width:
            dialog.resize(width, 600)
        screen = dialog.screen().availableGeometry()
        assert dialog.width() <= max(width, screen.width())
        measure_all(qtbot, dialog)
        character = dialog.fontMetrics().averageCharWidth()
        for view, columns, last in (
            (dialog.table, dialog.table.columns, Column.FOUND),
            (dialog.panel.review, dialog.panel.review.header(), ReviewColumn.REASON),
        ):
            assert view.horizontalScrollBar().maximum() == 0
            assert columns.sectionSize(last) >= 24 * character
            assert columns.length() == view.viewport().width()


def test_a_column_that_the_person_sized_keeps_its_width(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer() as server:
        dialog = open_dialog(qtbot, open_desk(Box=(server.base_url, [{}])))
        columns = dialog.table.columns
        edge = QPoint(columns.sectionViewportPosition(0) + columns.sectionSize(0) - 1, columns.height() // 2)
        QTest.mousePress(columns.viewport(), Qt.MouseButton.LeftButton, pos=edge)
        QTest.mouseMove(columns.viewport(), edge + QPoint(30, 0))
        QTest.mouseRelease(columns.viewport(), Qt.MouseButton.LeftButton, pos=edge + QPoint(30, 0))
        width = columns.sectionSize(0)
        dialog.resize(dialog.width() + 200, dialog.height())
        assert columns.sectionSize(0) == width


def test_another_scope_shows_other_rows(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer() as server:
        dialog = open_dialog(qtbot, open_desk(Box=(server.base_url, [{}, {}, {}])))
        assert dialog.table_model.rowCount() == 3
        dialog.options.scope_box.setCurrentIndex(1)
        assert dialog.table_model.rowCount() == 1


def test_many_models_are_measured_and_one_edit_applies_all(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer([Ability.VISION]) as able, CapableServer([Ability.TOOLS, Ability.FORCED_TOOL]) as toolless:
        desk = open_desk(Able=(able.base_url, [{}]), Toolless=(toolless.base_url, [{}]))
        before = desk.registry.path.read_text()
        dialog = open_dialog(qtbot, desk)
        measure_all(qtbot, dialog)
        assert [cell(dialog, row, Column.STATE) for row in range(2)] == ["Measured", "Measured"]
        assert "no Vision" in cell(dialog, 0, Column.FOUND)
        with qtbot.waitSignal(dialog.applied):
            dialog.apply_button.click()
        assert desk.overrides("Able-0")["supports_function_calling"] is True
        assert desk.overrides("Able-0")["supports_vision"] is False
        assert desk.overrides("Toolless-0")["supports_function_calling"] is False
        assert desk.saver.undo_stack.count() == 1
        desk.saver.undo_stack.undo()
        qtbot.waitUntil(lambda: desk.registry.path.read_text() == before)


def test_every_report_is_kept_as_evidence(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer() as server:
        desk = open_desk(Box=(server.base_url, [{}]))
        with qtbot.waitSignal(desk.evidence.changed, timeout=LIMIT_MS) as kept:
            measure_all(qtbot, open_dialog(qtbot, desk))
        assert kept.args == ["Box-0"]
        report = desk.last_report("Box-0")
        assert report is not None
        assert report.verdicts["supports_function_calling"].setting is True


def test_a_contradiction_to_what_the_person_said_is_marked(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer([Ability.VISION]) as server:
        dialog = open_dialog(qtbot, open_desk(Box=(server.base_url, [{"supports_vision": True}])))
        measure_all(qtbot, dialog)
        line = review_lines(dialog)["model-0", "Supports Vision"]
        assert (line[ReviewColumn.NOW], line[ReviewColumn.MEASURED]) == ("Yes", "No")
        assert line[ReviewColumn.REASON].startswith("You said Yes")


def test_a_change_whose_tick_is_taken_away_is_left_out(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer([Ability.VISION]) as server:
        desk = open_desk(Box=(server.base_url, [{"supports_vision": True}]))
        dialog = open_dialog(qtbot, desk)
        measure_all(qtbot, dialog)
        select_line(dialog, "Supports Vision")
        QTest.keyClick(dialog.panel.review, Qt.Key.Key_Space)
        dialog.apply_button.click()
        assert desk.overrides("Box-0")["supports_vision"] is True
        assert desk.overrides("Box-0")["supports_function_calling"] is True


def test_what_flipped_since_last_time_is_shown_with_both_receipts(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer() as server:
        desk = open_desk(Box=(server.base_url, [{}]))
        with qtbot.waitSignal(desk.evidence.changed, timeout=LIMIT_MS):
            measure_all(qtbot, open_dialog(qtbot, desk))
        server.without = frozenset({Ability.LOGPROBS})
        dialog = open_dialog(qtbot, desk)
        qtbot.waitUntil(lambda: dialog.batch.measurements[0].before is not None)
        measure_all(qtbot, dialog)
        line = review_lines(dialog)["model-0", "Supports Logprobs"]
        assert (line[ReviewColumn.BEFORE], line[ReviewColumn.MEASURED]) == ("Yes", "No")
        assert "Flipped since last time" in line[ReviewColumn.REASON]
        assert not dialog.panel.review.isColumnHidden(ReviewColumn.BEFORE)
        select_line(dialog, "Supports Logprobs")
        dialog.panel.receipts_button.click()
        (receipts,) = dialog.findChildren(ReceiptDialog)
        now, before = (view.headline for view in receipts.views)
        assert now != before
        receipts.close()


def test_a_flip_is_told_also_where_a_measurement_between_did_not_reach_the_field(
    qtbot: QtBot, open_desk: OpenDesk
) -> None:
    unasked = verdict(Outcome.INCONCLUSIVE, UNSET, "It was stopped.")
    with CapableServer([Ability.LOGPROBS]) as server:
        desk = open_desk(Box=(server.base_url, [{}]))
        desk.evidence.keep_report("Box-0", report(EARLIER))
        desk.evidence.keep_report("Box-0", replace(report(supports_logprobs=unasked), partial=True))
        dialog = open_dialog(qtbot, desk)
        qtbot.waitUntil(lambda: dialog.batch.measurements[0].before is not None)
        measure_all(qtbot, dialog)
        line = review_lines(dialog)["model-0", "Supports Logprobs"]
        assert (line[ReviewColumn.BEFORE], line[ReviewColumn.MEASURED]) == ("Yes", "No")
        select_line(dialog, "Supports Logprobs")
        dialog.panel.receipts_button.click()
        (receipts,) = dialog.findChildren(ReceiptDialog)
        assert EARLIER in receipts.views[1].text
        receipts.close()


def test_one_model_is_stopped_and_keeps_what_it_found(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer(reply_s=0.15) as slow, CapableServer() as fast:
        desk = open_desk(Slow=(slow.base_url, [{}]), Fast=(fast.base_url, [{}]))
        dialog = open_dialog(qtbot, desk)
        dialog.start_button.click()
        qtbot.waitUntil(lambda: dialog.batch.measurements[0].calls >= 4, timeout=LIMIT_MS)
        dialog.table.selectRow(0)
        dialog.stop_button.click()
        qtbot.waitUntil(lambda: not dialog.batch.is_running, timeout=LIMIT_MS)
        stopped, whole = dialog.batch.measurements
        assert stopped.state is MeasuringState.PARTIAL
        assert stopped.report is not None
        assert stopped.report.calls >= 3
        assert whole.state is MeasuringState.DONE


def test_stop_all_begins_nothing_more(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer(reply_s=0.1) as server:
        dialog = open_dialog(qtbot, open_desk(Box=(server.base_url, [{}, {}, {}, {}])))
        dialog.options.at_once_box.setValue(1)
        dialog.start_button.click()
        qtbot.waitUntil(lambda: dialog.batch.measurements[0].calls >= 1, timeout=LIMIT_MS)
        dialog.stop_all_button.click()
        qtbot.waitUntil(lambda: not dialog.batch.is_running, timeout=LIMIT_MS)
        states = [one.state for one in dialog.batch.measurements]
        assert states[0] in (MeasuringState.PARTIAL, MeasuringState.CANCELLED)
        assert states[1:] == [MeasuringState.CANCELLED] * 3
        assert dialog.start_button.isEnabled()
        assert dialog.start_button.text().replace("&", "") == "Measure the Rest"
        again = sum(one.state is MeasuringState.CANCELLED for one in dialog.batch.measurements)
        assert dialog.start_button.toolTip() == f"Again only what failed or was stopped: {count_models(again)}"


def test_each_capability_that_was_not_found_has_its_own_no() -> None:
    nothing = Verdict(Outcome.NO)
    found = Report(dict.fromkeys(("supports_logprobs", "supports_function_calling", "supports_vision"), nothing))
    assert verdict_summary(found) == "no Logprobs, no Tools, no Vision"


def test_no_more_models_of_one_provider_are_measured_at_once_than_was_chosen(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer() as server:
        dialog = open_dialog(qtbot, open_desk(Box=(server.base_url, [{}, {}, {}])))
        dialog.options.at_once_box.setValue(1)
        most = 0

        def count(_row: int) -> None:
            nonlocal most
            most = max(most, sum(one.state is MeasuringState.RUNNING for one in dialog.batch.measurements))

        dialog.batch.changed.connect(count)
        measure_all(qtbot, dialog)
        assert most == 1
        assert dialog.batch.over_count == 3


def test_an_endpoint_that_refuses_the_key_says_so_and_can_be_tried_again(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with MisbehavingServer(Misbehaviour.NOT_ALLOWED) as server:
        desk = open_desk(Box=(server.base_url, [{"supports_vision": True}]))
        dialog = open_dialog(qtbot, desk)
        measure_all(qtbot, dialog)
        assert cell(dialog, 0, Column.STATE) == "Failed"
        assert "did not accept the key" in cell(dialog, 0, Column.FOUND)
        tip = str(dialog.table_model.index(0, Column.FOUND).data(Qt.ItemDataRole.ToolTipRole))
        assert "Check the API key in Providers." in tip.splitlines()
        assert not dialog.apply_button.isEnabled()
        qtbot.waitUntil(lambda: desk.last_report("Box-0") is not None)
        server.kind = Misbehaviour.OTHER_MODEL
        measure_all(qtbot, dialog)
        assert cell(dialog, 0, Column.STATE) == "Measured"


def test_a_measurement_that_could_tell_nothing_takes_the_place_of_none_that_could(
    qtbot: QtBot, open_desk: OpenDesk
) -> None:
    with MisbehavingServer(Misbehaviour.OTHER_MODEL) as server:
        desk = open_desk(Box=(server.base_url, [{}]))
        with qtbot.waitSignal(desk.evidence.changed, timeout=LIMIT_MS):
            measure_all(qtbot, open_dialog(qtbot, desk))
        found = desk.last_report("Box-0")
        server.kind = Misbehaviour.NOT_ALLOWED
        with qtbot.waitSignal(desk.evidence.changed, timeout=LIMIT_MS):
            measure_all(qtbot, open_dialog(qtbot, desk))
        assert found is not None
        assert desk.last_report("Box-0") == found


def test_a_model_whose_provider_was_renamed_is_measured_all_the_same(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer() as server:
        desk = open_desk(Box=(server.base_url, [{}]))
        dialog = open_dialog(qtbot, desk)
        desk.saver.commit(desk.registry.plan_replace_provider("Box", new_name="Crate"))
        measure_all(qtbot, dialog)
        assert cell(dialog, 0, Column.STATE) == "Measured"


def test_closing_while_it_measures_asks_first_and_keeps_what_was_found(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer(reply_s=0.1) as server:
        desk = open_desk(Box=(server.base_url, [{}]))
        dialog = open_dialog(qtbot, desk)
        dialog.start_button.click()
        qtbot.waitUntil(lambda: dialog.batch.measurements[0].calls >= 1, timeout=LIMIT_MS)
        dialog.close_button.click()
        assert dialog.isVisible()
        (question,) = dialog.findChildren(QMessageBox, "stop_question")
        stop = question.findChild(QPushButton, "stop_and_close")
        assert stop is not None
        stop.click()
        qtbot.waitUntil(lambda: not dialog.isVisible())
        qtbot.waitUntil(lambda: desk.last_report("Box-0") is not None, timeout=LIMIT_MS)


def test_closing_keeps_what_each_model_had_told_until_then_and_asks_no_other(qtbot: QtBot, open_desk: OpenDesk) -> None:
    with CapableServer() as fast, CapableServer(answers=4) as slow, CapableServer(answers=4) as stopped:
        desk = open_desk(Fast=(fast.base_url, [{}]), Slow=(slow.base_url, [{}, {}]), Stopped=(stopped.base_url, [{}]))
        dialog = open_dialog(qtbot, desk)
        dialog.start_button.click()
        done, running, waiting, ending = dialog.batch.measurements
        qtbot.waitUntil(lambda: done.is_over and running.calls >= 4 and ending.calls >= 4, timeout=LIMIT_MS)
        dialog.table.selectRow(3)
        dialog.stop_button.click()
        dialog.close_button.click()
        (question,) = dialog.findChildren(QMessageBox, "stop_question")
        assert "What was measured until now is kept as evidence" in question.text()
        stop = question.findChild(QPushButton, "stop_and_close")
        assert stop is not None
        stop.click()
        qtbot.waitUntil(lambda: desk.last_report(running.key) is not None, timeout=LIMIT_MS)
        qtbot.waitUntil(lambda: desk.last_report(ending.key) is not None, timeout=LIMIT_MS)
        for key in (running.key, ending.key):
            kept = desk.last_report(key)
            assert kept is not None
            assert kept.partial
            assert kept.is_decided
        assert desk.last_report(done.key) is not None
        assert desk.last_report(waiting.key) is None
        assert not [one for one in slow.requests if b"model-1" in one.body]


def test_what_was_measured_cannot_be_applied_to_a_roll_that_may_not_be_written(
    qtbot: QtBot, open_desk: OpenDesk
) -> None:
    with CapableServer() as server:
        desk = open_desk(Box=(server.base_url, [{}]))
        dialog = open_dialog(qtbot, desk)
        measure_all(qtbot, dialog)
        assert dialog.apply_button.isEnabled()
        desk.registry.path.write_text("a: [", encoding="utf-8")
        desk.saver.reload()
        qtbot.waitUntil(lambda: not dialog.apply_button.isEnabled())
