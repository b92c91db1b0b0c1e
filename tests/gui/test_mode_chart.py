"""The chart of output modes and the dialog around it, with a real engine and servers on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from core.registry import Registry
from core.verdicts import ModeResult
from gui.engine_host import EngineHost
from gui.mode_chart import ModeChart, mode_words
from gui.mode_ranking_dialog import RANKED, ModeRankingDialog
from gui.row_glide import RowGlide
from gui.saving import Saver
from gui.theme import Theme, ThemeChooser
from gui.worker import wait_for_workers
from tests.rolls import open_roll, write_roll
from tests.servers.capable import Ability, CapableServer

SCHEMA = '{"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}'
RESULTS = (
    ModeResult("json_schema", 5, 5, median_latency_ms=420.0),
    ModeResult("function_calling", 3, 5, median_latency_ms=840.0, reason="The answer is not JSON."),
    ModeResult("json_instructions", 0, 0),
)


@pytest.fixture(scope="module")
def engine(qapp: QApplication) -> Iterator[EngineHost]:
    """A running engine."""
    host = EngineHost()
    host.start()
    yield host
    host.stop()


@pytest.fixture
def chart(qtbot: QtBot, themes: ThemeChooser) -> ModeChart:
    """A chart on the screen with three modes."""
    shown = ModeChart()
    qtbot.addWidget(shown)
    shown.resize(700, 260)
    shown.show_results(RESULTS, "function_calling")
    shown.show()
    qtbot.waitExposed(shown)
    return shown


OpenRanking = Callable[[str], ModeRankingDialog]


@pytest.fixture
def open_ranking(qtbot: QtBot, tmp_path: Path, engine: EngineHost, themes: ThemeChooser) -> Iterator[OpenRanking]:
    """Opens the dialog on a model of the server with that address."""
    opened: list[tuple[ModeRankingDialog, Saver, Registry]] = []

    def open_on(base_url: str) -> ModeRankingDialog:
        path = write_roll(
            tmp_path / "settings.yaml",
            user_model_registry=[
                {"id": "one", "provider_type": "custom", "provider_id": "Box", "model_id": "model-one", "name": "One"}
            ],
            openai_compatible_providers=[{"name": "Box", "base_url": base_url}],
        )
        registry = open_roll(path)
        saver = Saver(registry)
        dialog = ModeRankingDialog(registry, saver, engine, registry.document.rows[0])
        opened.append((dialog, saver, registry))
        dialog.show()
        qtbot.waitExposed(dialog)
        return dialog

    yield open_on
    for dialog, saver, registry in opened:
        dialog.close()
        dialog.deleteLater()
        qtbot.waitUntil(partial(_is_at_rest, saver))
        saver.close()
        registry.close()
    assert wait_for_workers()
    qtbot.wait(0)


def _is_at_rest(saver: Saver) -> bool:
    return not saver.is_busy


def ranked(qtbot: QtBot, dialog: ModeRankingDialog, trials: int = 2) -> None:
    """Gives a task, presses Rank and waits for the end."""
    dialog.prompt_edit.setPlainText("Say a word.")
    dialog.schema_edit.set_text(SCHEMA)
    dialog.trials_box.setValue(trials)
    dialog.start_button.click()
    qtbot.waitUntil(lambda: not dialog.stop_button.isEnabled() and dialog.trials_box.isEnabled(), timeout=60_000)


# ------------------------------------------------------------------------------------------------------------- chart


def test_what_the_chart_draws_is_also_told_in_words(chart: ModeChart) -> None:
    first, second, third = chart.text.splitlines()
    assert first == "JSON Schema: 5 of 5, true rate 57 to 100 %, 420 ms"
    assert "3 of 5" in second
    assert "in use" in second
    assert "The answer is not JSON." in second
    assert third == "JSON Instructions: not tried"
    interface = QAccessible.queryAccessibleInterface(chart)
    assert interface.text(QAccessible.Text.Description) == chart.text
    assert interface.text(QAccessible.Text.Name) == "Success by mode"


def test_the_best_mode_is_selected_at_first(chart: ModeChart) -> None:
    assert chart.current is not None
    assert chart.current.mode == "json_schema"


def test_no_mode_is_selected_where_none_succeeded(chart: ModeChart) -> None:
    chart.show_results([ModeResult("json_schema", 0, 5)])
    assert chart.current is None


def test_arrow_keys_select_a_line(chart: ModeChart, qtbot: QtBot) -> None:
    chart.setFocus()
    with qtbot.waitSignal(chart.selected):
        QTest.keyClick(chart, Qt.Key.Key_Down)
    assert chart.current is RESULTS[1]
    QTest.keyClick(chart, Qt.Key.Key_End)
    assert chart.current is RESULTS[2]
    QTest.keyClick(chart, Qt.Key.Key_Down)
    assert chart.current is RESULTS[2]


def test_a_click_selects_a_line(chart: ModeChart) -> None:
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=QPoint(40, chart.fontMetrics().height() * 7))
    assert chart.current is RESULTS[1]


def test_a_higher_rate_paints_a_longer_bar(chart: ModeChart) -> None:
    picture = chart.grab().toImage()
    accent = chart.palette().accent().color()
    painted = [sum(picture.pixelColor(x, y) == accent for x in range(picture.width())) for y in range(picture.height())]
    chart.show_results([ModeResult("json_schema", 1, 5)])
    after = chart.grab().toImage()
    shorter = [sum(after.pixelColor(x, y) == accent for x in range(after.width())) for y in range(after.height())]
    assert 0 < max(shorter) < max(painted) / 2


@pytest.mark.parametrize("lines", [4.3, 5.4, 7.0])
def test_in_use_stands_below_the_modes_name_and_apart_from_it(chart: ModeChart, lines: float) -> None:
    line = chart.fontMetrics().height()
    chart.setMinimumSize(1, 1)
    chart.resize(700, round(lines * line))
    chart.show_results([ModeResult("json_schema", 5, 5)], "json_schema")
    picture = chart.grab().toImage()
    inked = [
        y
        for y in range(2 * line, picture.height())
        if any(
            abs(picture.pixelColor(x, y).lightness() - picture.pixelColor(2, y).lightness()) > 60
            for x in range(line, 9 * line)
        )
    ]
    gaps = [later - y - 1 for y, later in pairwise(inked) if later > y + 1]
    assert max(gaps) >= 3


def test_lines_keep_their_places_while_they_fill(chart: ModeChart) -> None:
    chart.show_progress([ModeResult("json_schema", 0, 0), ModeResult("function_calling", 0, 0)])
    assert chart.current is None
    assert chart.text.splitlines() == ["JSON Schema: not tried", f"{mode_words('function_calling')}: not tried, in use"]
    chart.show_progress([ModeResult("json_schema", 0, 1), ModeResult("function_calling", 1, 1, median_latency_ms=90.0)])
    first, second = chart.text.splitlines()
    assert first.startswith("JSON Schema: 0 of 1")
    assert "1 of 1" in second
    assert "90 ms" in second


def test_what_is_ranked_glides_to_its_place(chart: ModeChart, qtbot: QtBot) -> None:
    chart.show_progress([ModeResult("json_schema", 0, 1), ModeResult("function_calling", 1, 1)])
    (glide,) = chart.findChildren(RowGlide)
    with qtbot.waitSignals([glide.moved] * 3):
        chart.show_results([ModeResult("function_calling", 1, 1), ModeResult("json_schema", 0, 1)])
        assert glide.place("function_calling", 0) == 1
    qtbot.waitUntil(lambda: not glide.is_moving)
    assert glide.place("function_calling", 0) == 0
    assert chart.current is not None
    assert chart.current.mode == "function_calling"


def test_the_chart_follows_the_theme(chart: ModeChart, themes: ThemeChooser, qtbot: QtBot) -> None:
    def ground() -> int:
        return chart.grab().toImage().pixelColor(3, chart.height() - 3).lightness()

    assert ground() > 200
    themes.choose(Theme.DARK)
    qtbot.waitUntil(lambda: ground() < 60)


# ------------------------------------------------------------------------------------------------------------ dialog


def test_ranking_needs_a_prompt_and_a_schema(open_ranking: OpenRanking) -> None:
    with CapableServer() as server:
        dialog = open_ranking(server.base_url)
        assert not dialog.start_button.isEnabled()
        dialog.prompt_edit.setPlainText("Say a word.")
        assert not dialog.start_button.isEnabled()
        dialog.schema_edit.set_text('{"type": "objct"}')
        assert not dialog.start_button.isEnabled()
        dialog.schema_edit.set_text(SCHEMA)
        assert dialog.start_button.isEnabled()


def test_the_cost_is_told_before_it_starts(open_ranking: OpenRanking) -> None:
    with CapableServer() as server:
        dialog = open_ranking(server.base_url)
        dialog.trials_box.setValue(4)
        assert dialog.cost_label.text() == f"{len(RANKED)} modes: at most {4 * len(RANKED)} calls"


def test_modes_are_ranked_by_what_the_server_really_does(qtbot: QtBot, open_ranking: OpenRanking) -> None:
    with CapableServer([Ability.SCHEMA]) as server:
        dialog = open_ranking(server.base_url)
        ranked(qtbot, dialog)
        by_mode = {result.mode: result for result in dialog.chart.results}
        assert set(by_mode) == set(RANKED)
        assert by_mode["json_schema"].successes == 0
        assert by_mode["function_calling"].successes == 2
        assert dialog.chart.results[0].mode == "function_calling"
        summary = dialog.findChild(QLabel, "ranking_summary")
        assert summary is not None
        assert summary.text().startswith("Best: Function Calling (Strict): 2 of 2")


def test_the_chart_fills_as_the_trials_end(qtbot: QtBot, open_ranking: OpenRanking) -> None:
    with CapableServer([Ability.SCHEMA], reply_s=0.05) as server:
        dialog = open_ranking(server.base_url)
        drawn: list[tuple[tuple[str, ...], int, QRect]] = []

        def note() -> None:
            chart = dialog.chart
            modes = tuple(result.mode for result in chart.results)
            drawn.append((modes, sum(result.trials for result in chart.results), chart.geometry()))

        dialog.prompt_edit.setPlainText("Say a word.")
        dialog.schema_edit.set_text(SCHEMA)
        dialog.trials_box.setValue(2)
        dialog.start_button.click()
        note()
        assert dialog._job is not None  # noqa: SLF001
        dialog._job.progressed.connect(note)  # noqa: SLF001
        qtbot.waitUntil(dialog.trials_box.isEnabled, timeout=60_000)
        tried = [count for _, count, _ in drawn]
        assert tried == [0, *range(2 * len(RANKED))]
        assert {modes for modes, _, _ in drawn} == {RANKED}
        assert {place for _, _, place in drawn[1:]} == {dialog.chart.geometry()}


def test_what_was_tried_stays_where_the_endpoint_is_gone(qtbot: QtBot, open_ranking: OpenRanking) -> None:
    with CapableServer(reply_s=0.05) as server:
        dialog = open_ranking(server.base_url)
        dialog.prompt_edit.setPlainText("Say a word.")
        dialog.schema_edit.set_text(SCHEMA)
        dialog.trials_box.setValue(50)
        dialog.start_button.click()
        qtbot.waitUntil(lambda: sum(result.trials for result in dialog.chart.results) >= 2, timeout=60_000)
    qtbot.waitUntil(dialog.trials_box.isEnabled, timeout=60_000)
    assert server.base_url.removesuffix("/v1") in dialog.error_box.text
    assert dialog.chart.results[0].successes
    assert dialog.use_button.isEnabled()


def test_the_selected_mode_is_set_by_one_edit_that_can_be_undone(qtbot: QtBot, open_ranking: OpenRanking) -> None:
    with CapableServer() as server:
        dialog = open_ranking(server.base_url)
        ranked(qtbot, dialog, trials=1)
        saver = dialog._saver  # noqa: SLF001
        with qtbot.waitSignal(dialog.applied):
            dialog.use_button.click()
        entry = dialog._registry.entries()[0]  # noqa: SLF001
        assert entry.overrides == {"structured_output_mode": "json_schema"}
        assert "in use" in dialog.chart.text.splitlines()[0]
        assert not dialog.use_button.isEnabled()
        saver.undo_stack.undo()
        assert not dialog._registry.entries()[0].overrides  # noqa: SLF001
        assert dialog.use_button.isEnabled()


def test_a_ranking_that_is_stopped_shows_what_is_known(qtbot: QtBot, open_ranking: OpenRanking) -> None:
    with CapableServer(reply_s=0.1) as server:
        dialog = open_ranking(server.base_url)
        dialog.prompt_edit.setPlainText("Say a word.")
        dialog.schema_edit.set_text(SCHEMA)
        dialog.trials_box.setValue(50)
        dialog.start_button.click()
        qtbot.waitUntil(lambda: dialog.progress.bar.value() >= 2, timeout=60_000)
        dialog.stop_button.click()
        qtbot.waitUntil(dialog.trials_box.isEnabled, timeout=10_000)
        assert 2 <= sum(result.trials for result in dialog.chart.results) < 50 * len(RANKED)


def test_an_endpoint_that_cannot_be_asked_is_told_in_words(qtbot: QtBot, open_ranking: OpenRanking) -> None:
    dialog = open_ranking("http://127.0.0.1:9/v1")
    ranked(qtbot, dialog)
    assert "Nothing answers at" in dialog.error_box.text
    assert dialog.start_button.isEnabled()


def test_closing_gives_the_ranking_up(qtbot: QtBot, open_ranking: OpenRanking) -> None:
    with CapableServer(reply_s=0.2) as server:
        dialog = open_ranking(server.base_url)
        dialog.prompt_edit.setPlainText("Say a word.")
        dialog.schema_edit.set_text(SCHEMA)
        dialog.start_button.click()
        qtbot.waitUntil(lambda: dialog.progress.bar.value() >= 1, timeout=60_000)
        dialog.reject()
        qtbot.waitUntil(dialog.trials_box.isEnabled, timeout=10_000)
        assert dialog.chart.results == ()
