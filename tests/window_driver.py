"""Uses the window as a person does, with mouse and keyboard; for the tests of the main job and for the demo."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QTabBar,
    QTabWidget,
    QToolButton,
    QWidget,
)

from core.fields import FIELDS
from gui.engine_host import EngineHost, EngineState
from gui.main_window import MainWindow
from gui.model_table import Column
from gui.try_panel import TryPanel

WidgetKind = TypeVar("WidgetKind", bound=QWidget)

ENGINE_LIMIT_S = 90.0
ANSWER_LIMIT_S = 90.0


class StepFailed(AssertionError):
    """The window did not do what was expected of it."""


def let_run(time_ms: int) -> None:
    """Lets the event loop run, and other threads with it: `QTest.qWait` keeps them from running any Python."""
    loop = QEventLoop()
    QTimer.singleShot(time_ms, loop.quit)
    loop.exec()


def wait_until(is_so: Callable[[], bool], what: str, limit_s: float = 10.0) -> None:
    """Lets the event loop run until something is so.

    Raises:
        StepFailed: it took too long.
    """
    deadline = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() > deadline:
            raise StepFailed(f"waited {limit_s:.0f} s in vain: {what}")
        let_run(5)


@dataclass(frozen=True)
class ShownAnswer:
    """What *Try it* shows of a finished run."""

    status: str
    text: str
    reasoning: str
    verdict: str
    notes: str
    error: str
    request: dict[str, Any]


class WindowDriver:
    """One window and its engine. `picture` is called with a name and a widget after each step that is worth a look."""

    def __init__(
        self, window: MainWindow, engine: EngineHost, picture: Callable[[str, QWidget], None] | None = None
    ) -> None:
        self.window = window
        self.engine = engine
        self._picture = picture or (lambda _name, _widget: None)

    # ------------------------------------------------------------------------------------------------ small things

    def wait(self, is_so: Callable[[], bool], what: str, limit_s: float = 10.0) -> None:
        """Lets the window live until something is so; `StepFailed` where it takes too long."""
        wait_until(is_so, what, limit_s)

    def picture(self, name: str, widget: QWidget | None = None) -> None:
        """Lets the window draw itself and shows it to whoever collects pictures."""
        let_run(60)
        self._picture(name, widget or self.window)

    def find(self, kind: type[WidgetKind], name: str, inside: QWidget | None = None) -> WidgetKind:
        """The one visible widget of that name.

        Raises:
            StepFailed: there is none, or several.
        """
        found = [widget for widget in (inside or self.window).findChildren(kind, name) if widget.isVisible()]
        if len(found) != 1:
            raise StepFailed(f"{len(found)} visible widgets are called {name}")
        return found[0]

    def click(self, button: QAbstractButton) -> None:
        """A click into the middle of a button."""
        if not button.isEnabled():
            raise StepFailed(f"the button {button.objectName()} is disabled")
        spot = QPoint(min(10, button.width() // 2), button.height() // 2)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=spot)

    def type_into(self, edit: QLineEdit | QPlainTextEdit, text: str) -> None:
        """Replaces what stands there, by keyboard."""
        edit.setFocus()
        QTest.keyClick(edit, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(edit, Qt.Key.Key_Delete)
        if text:
            QTest.keyClicks(edit, text)

    def choose(self, box: QComboBox, label: str) -> None:
        """Walks through a combo box by keyboard until it shows the label."""
        box.setFocus()
        QTest.keyClick(box, Qt.Key.Key_Home)
        for _ in range(box.count()):
            if box.currentText() == label:
                return
            QTest.keyClick(box, Qt.Key.Key_Down)
        offered = [box.itemText(index) for index in range(box.count())]
        raise StepFailed(f"{box.objectName()} offers {offered}, not {label}")

    def open(self, group: str, inside: QWidget) -> None:
        """Opens a collapsible group."""
        toggle = self.find(QToolButton, f"{group}_toggle", inside)
        if not toggle.isChecked():
            self.click(toggle)

    def fold(self, group: str, inside: QWidget) -> None:
        """Folds a collapsible group."""
        toggle = self.find(QToolButton, f"{group}_toggle", inside)
        if toggle.isChecked():
            self.click(toggle)

    def toolbar(self, name: str) -> None:
        """A click on a button of the toolbar."""
        self.click(self.find(QToolButton, f"toolbar_{name}"))

    def dialog(self, name: str) -> QDialog:
        """The open dialog of that name."""
        self.wait(lambda: any(d.isVisible() for d in self.window.findChildren(QDialog, name)), f"{name} opens")
        return self.find(QDialog, name)

    def activate(self) -> None:
        """Makes the window the active one, as it must be for its shortcuts."""
        self.window.activateWindow()
        self.wait(self.window.isActiveWindow, "the window is active")

    def wait_for_engine(self) -> None:
        """Waits until the engine answers."""
        self.wait(lambda: self.engine.state is EngineState.READY, "the engine gets ready", ENGINE_LIMIT_S)

    def wait_until_saved(self) -> None:
        """Waits until the roll is on the disk."""
        self.wait(lambda: not self.window.registry.is_dirty, "the roll is saved")

    # ---------------------------------------------------------------------------------------------------- the job

    def add_provider(self, name: str, base_url: str, key: str = "") -> str:
        """Adds a custom provider and checks the connection; what the check said."""
        self.toolbar("providers")
        dialog = self.dialog("providers_dialog")
        self.click(self.find(QAbstractButton, "add_provider", dialog))
        self.type_into(self.find(QLineEdit, "provider_name", dialog), name)
        self.type_into(self.find(QLineEdit, "provider_base_url", dialog), base_url)
        if key:
            self.type_into(self.find(QLineEdit, "credential_api_key", dialog), key)
        self.click(self.find(QAbstractButton, "save_provider", dialog))
        self.wait(lambda: name in self.window.registry.document.provider_by_name, "the provider is added")
        self.wait_until_saved()
        return self._check_shown_provider(dialog)

    def check_provider(self, name: str) -> str:
        """Checks the connection of a provider that is there; what the check said."""
        self.toolbar("providers")
        dialog = self.dialog("providers_dialog")
        listed = self.find(QListWidget, "provider_list", dialog)
        (item,) = listed.findItems(name, Qt.MatchFlag.MatchExactly)
        middle = listed.visualItemRect(item).center()
        QTest.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, pos=middle)
        return self._check_shown_provider(dialog)

    def _check_shown_provider(self, dialog: QDialog) -> str:
        self.click(self.find(QAbstractButton, "provider_check", dialog))
        outcome = self.find(QLabel, "provider_check_outcome", dialog)
        self.wait(lambda: bool(outcome.text()), "the connection is checked", ENGINE_LIMIT_S)
        self.picture("providers", dialog)
        words = outcome.text()
        self.click(self.find(QAbstractButton, "close", dialog))
        self.wait(lambda: not dialog.isVisible(), "the dialog closes")
        return words

    def add_model(self, provider: str, model_id: str, name: str, overrides: Mapping[str, Any]) -> None:
        """Registers a model with overrides, chosen by their words."""
        self.toolbar("add")
        dialog = self.dialog("model_dialog")
        self.choose(self.find(QComboBox, "provider", dialog), provider)
        self.type_into(self.find(QLineEdit, "model_id", dialog), model_id)
        self.type_into(self.find(QLineEdit, "display_name", dialog), name)
        if overrides:
            self.open("advanced", dialog)
        for field, value in overrides.items():
            self.choose(self.find(QComboBox, f"override_{field}", dialog), FIELDS[field].describe(value))
        self.picture("add_model", dialog)
        self.click(self.find(QAbstractButton, "ok", dialog))
        self.wait(lambda: not dialog.isVisible(), "the model is added")
        self.wait_until_saved()

    def rows(self) -> list[str]:
        """The display names in the table, top to bottom."""
        return self._column(Column.MODEL)

    def _column(self, column: Column) -> list[str]:
        model = self.window.table_model
        return [str(model.index(row, column).data() or "") for row in range(model.rowCount())]

    def cell(self, name: str, column: Column) -> str:
        """What the table shows of a model in that column."""
        return self._column(column)[self.rows().index(name)]

    def select(self, name: str) -> None:
        """Clicks on the model's row."""
        table, row = self.window.table, self.rows().index(name)
        index = self.window.table_model.index(row, Column.MODEL)
        table.scrollTo(index)
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(index).center())
        self.wait(lambda: [item.row.display_name for item in table.selected_items()] == [name], f"{name} is selected")

    def open_try_it(self, name: str) -> TryPanel:
        """Opens *Try it* on that model."""
        self.select(name)
        self.toolbar("try")
        panels = self.window.findChildren
        self.wait(lambda: any(panel.isVisible() for panel in panels(TryPanel, "try_panel")), "Try it opens")
        panel = self.find(TryPanel, "try_panel")
        self.wait(lambda: panel.picker.picked_model is not None, "the model is picked")
        picked = panel.picker.picked_model
        if picked is None or picked.label != name:
            raise StepFailed(f"Try it shows {picked and picked.label}, not {name}")
        return panel

    def ask(
        self, name: str, prompt: str, schema: dict[str, Any] | None = None, *, max_tokens: int | None = None
    ) -> ShownAnswer:
        """Runs a task on that model and waits for the end."""
        panel = self.open_try_it(name)
        self.type_into(panel.inputs.prompt_edit, prompt)
        self.open("schema_group", panel)
        self.type_into(self.find(QPlainTextEdit, "schema_text", panel), "")
        if schema is not None:
            self.find(QPlainTextEdit, "schema_text", panel).insertPlainText(json.dumps(schema, indent=2))
        if max_tokens is not None:
            self._set_max_tokens(panel, max_tokens)
        self.click(self.find(QAbstractButton, "run_button", panel))
        if panel.complaint:
            raise StepFailed(panel.complaint)
        self.wait(lambda: bool(panel.answer.answer_text.text) or not panel.is_running, "text arrives", ANSWER_LIMIT_S)
        self.picture("streaming")
        self.wait(lambda: not panel.is_running, "the run ends", ANSWER_LIMIT_S)
        return self.shown_answer(panel)

    def _set_max_tokens(self, panel: TryPanel, max_tokens: int) -> None:
        self.open("run_options", panel)
        box = self.find(QDoubleSpinBox, "max_tokens", panel)
        edit = box.findChild(QLineEdit)
        if edit is None:
            raise StepFailed("max_tokens has no line to type into")
        self.type_into(edit, str(max_tokens))

    def shown_answer(self, panel: TryPanel) -> ShownAnswer:
        """What the panel shows now."""
        answer = panel.answer
        errors = [label.text() for label in answer.error_box.findChildren(QLabel) if label.isVisible()]
        request = answer.request_view.text
        return ShownAnswer(
            status=answer.status,
            text=answer.answer_text.text,
            reasoning=answer.reasoning_text.text,
            verdict=answer.verdict,
            notes=answer.notes,
            error="\n".join(errors) if answer.error_box.isVisible() else "",
            request=json.loads(request) if request.startswith("{") else {},
        )

    def show_request(self) -> None:
        """Turns to *Request* in *Try it*."""
        panel = self.find(TryPanel, "try_panel")
        tabs = self.find(QTabWidget, "answer_tabs", panel)
        bar = tabs.tabBar()
        self._click_tab(bar, tabs.indexOf(panel.answer.request_view))

    def _click_tab(self, bar: QTabBar, index: int) -> None:
        QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(index).center())
        self.wait(lambda: bar.currentIndex() == index, "the tab turns")

    def remove(self, name: str) -> None:
        """Takes a model off the roll, by keyboard."""
        self.select(name)
        self.activate()
        self.window.table.setFocus()
        QTest.keyClick(self.window.table, Qt.Key.Key_Delete)
        self.wait(lambda: name not in self.rows(), f"{name} is removed")
        self.wait_until_saved()

    def undo(self) -> None:
        """Undoes the last edit, by its shortcut."""
        before = self.rows()
        self.activate()
        QTest.keyClick(self.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        self.wait(lambda: self.rows() != before, "the undo shows")
        self.wait_until_saved()
