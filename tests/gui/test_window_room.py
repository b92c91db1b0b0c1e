"""What has its room in the window, also in a small one, and keeps its place."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QApplication, QLabel, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from core.errors import FailureKind, RunError
from gui.engine_host import EngineHost
from gui.main_window import MainWindow
from gui.model_table import Column
from gui.try_panel import TryPanel
from tests.gui.conftest import OpenWindow


@pytest.fixture
def tried(window: MainWindow, qtbot: QtBot) -> TryPanel:
    """The panel *Try it* of the window, whose engine does not run."""
    window.set_engine(EngineHost(window))
    window.actions_by_name["try"].trigger()
    panel = window.try_tab.panel
    assert panel is not None
    qtbot.waitUntil(lambda: panel.picker.picked_model is not None)
    return panel


def _seen_part(widget: QWidget, window: MainWindow) -> QRect:
    seen = window.rect()
    above: QWidget | None = widget
    while above is not None and above is not window:
        seen &= QRect(above.mapTo(window, QPoint()), above.size())
        above = above.parentWidget()
    return seen


def test_places_keep_room_for_names_and_get_theirs_back(window: MainWindow, open_window: OpenWindow) -> None:
    line = window.fontMetrics().height()
    window.resize(window.minimumSize())
    window.splitter.setSizes([1, 600, 600])
    QApplication.processEvents()
    assert window.places.width() >= 10 * line
    window.resize(1280, 760)
    QApplication.processEvents()
    assert window.places.width() >= 10 * line
    window.resize(window.minimumSize())
    window.close()
    again = open_window()
    again.resize(1280, 760)
    QApplication.processEvents()
    assert again.places.width() >= 10 * line


def test_the_prompt_can_be_typed_in_the_smallest_window(window: MainWindow, tried: TryPanel) -> None:
    window.resize(window.minimumSize())
    QApplication.processEvents()
    edit = tried.inputs.prompt_edit
    assert _seen_part(edit, window).height() >= edit.height() - 1


def test_the_answer_comes_into_view_when_a_run_begins_in_the_smallest_window(
    window: MainWindow, tried: TryPanel
) -> None:
    window.resize(window.minimumSize())
    QApplication.processEvents()
    tried.began.emit()
    assert _seen_part(tried.answer.answer_text, window).height() >= 2 * window.fontMetrics().height()


def test_what_is_wrong_with_a_model_is_read_whole_in_the_smallest_window(
    window: MainWindow, tried: TryPanel, qtbot: QtBot
) -> None:
    window.resize(window.minimumSize())
    item = next(item for item in window.table_model.items if item.name == "O1 Preview")
    window.table.select_keys([item.key])
    line = tried.findChild(QLabel, "model_line")
    assert isinstance(line, QLabel)
    qtbot.waitUntil(lambda: line.text().startswith("⚠"))
    QApplication.processEvents()
    assert line.height() >= line.heightForWidth(line.width()) > line.fontMetrics().height()


def test_an_error_takes_no_room_from_the_question(window: MainWindow, tried: TryPanel) -> None:
    window.resize(1280, 720)
    QApplication.processEvents()
    top = tried.answer.tabs.mapTo(window, QPoint())
    tried.answer.show_error(RunError("The key was refused.", "Set another one.", kind=FailureKind.AUTH, status=401))
    QApplication.processEvents()
    assert tried.answer.tabs.mapTo(window, QPoint()) == top


def test_opening_try_it_moves_no_column(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(1280, 760)
    QApplication.processEvents()
    header = window.table.horizontalHeader()
    before = [header.sectionPosition(column) for column in Column]
    sizes = window.splitter.sizes()
    window.set_engine(EngineHost(window))
    window.actions_by_name["try"].trigger()
    QApplication.processEvents()
    assert [header.sectionPosition(column) for column in Column] == before
    assert window.splitter.sizes() == sizes


def test_the_headers_of_the_groups_are_whole_at_first(window: MainWindow, tried: TryPanel) -> None:
    window.resize(1280, 700)
    QApplication.processEvents()
    area = tried.findChild(QScrollArea, "try_inputs_area")
    assert isinstance(area, QScrollArea)
    assert area.verticalScrollBar().maximum() == 0


@pytest.mark.parametrize("width", [1280, 900, 1], ids=["usual", "narrow", "smallest"])
def test_every_tab_of_the_details_is_in_sight_and_says_its_name(window: MainWindow, width: int) -> None:
    window.resize(width, 720)
    QApplication.processEvents()
    tabs = window.details.tabs
    bar = tabs.tabBar()
    names = ["Settings", "Evidence", "Try it", "Use"]
    for current in range(bar.count()):
        tabs.setCurrentIndex(current)
        QApplication.processEvents()
        assert bar.tabText(current) == names[current]
        for number, name in enumerate(names):
            assert bar.rect().contains(bar.tabRect(number))
            assert name in (bar.tabText(number), bar.tabToolTip(number))
            assert bar.accessibleTabName(number) == name
            assert bar.tabText(number) or not bar.tabIcon(number).isNull()


def test_tabs_get_their_icons_back_where_there_is_room_again(window: MainWindow) -> None:
    bar = window.details.tabs.tabBar()
    window.details.tabs.setCurrentIndex(0)
    window.resize(window.minimumSize())
    QApplication.processEvents()
    assert any(bar.tabIcon(number).isNull() or not bar.tabText(number) for number in range(bar.count()))
    window.resize(1280, 720)
    QApplication.processEvents()
    assert all(not bar.tabIcon(number).isNull() and bar.tabText(number) for number in range(bar.count()))


def test_code_and_its_note_have_their_room_in_the_smallest_window(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(window.minimumSize())
    window.table.selectRow(2)
    tab = window.use_tab
    window.details.tabs.setCurrentWidget(tab)
    qtbot.waitUntil(lambda: bool(tab.code.code) and tab.note.isVisible())
    QApplication.processEvents()
    edit = tab.code.edit
    assert _seen_part(edit, window).height() == edit.height()
    assert edit.mapTo(window, edit.rect().bottomLeft()).y() < tab.note.mapTo(window, QPoint()).y()
    assert tab.note.height() >= tab.note.heightForWidth(tab.note.width())
