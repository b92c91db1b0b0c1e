"""Every tool that models of this roll stand in, and what brings each up to date."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QMessageBox, QSplitter, QVBoxLayout, QWidget
from typing_extensions import override

from core.errors import MusterError
from core.exporting import TARGETS, ExportPlan, ExportReport, places_in_use, plan_sync, report_of, write_plan
from core.registry import Registry
from gui.buttons import push_button
from gui.elided_label import ElidedLabel
from gui.empty_state import EmptyState
from gui.error_box import ErrorBox
from gui.export_plan_view import ExportPlanView
from gui.export_words import next_words, plan_words
from gui.tool_list import ToolList
from gui.words import tr_core
from gui.work_dialog import WorkDialog
from gui.worker import run_in_worker
from gui.wrapped_label import message_label

_SIZE_LINES = (68, 42)


@dataclass(frozen=True, slots=True)
class _Place:
    """One target at one path: what would be written, or why that cannot be told."""

    target: str
    path: Path
    plan: ExportPlan | None
    report: ExportReport | None
    error: MusterError | None

    @property
    def needs_person(self) -> bool:
        """Whether something is left as it is until the person decides or mends."""
        return self.error is not None or bool(self.plan and (self.plan.conflicts or self.plan.warnings))

    @property
    def is_change(self) -> bool:
        """Whether its files would be written."""
        return self.plan is not None and self.plan.is_change


@dataclass(slots=True)
class _Outcome:
    """What became of the plans that were written."""

    done: list[ExportPlan] = field(default_factory=list)
    failed: list[MusterError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class SyncDialog(WorkDialog):
    """Writes what has changed on the roll to all tools in use. What was changed by hand there is left to the person."""

    written = Signal()
    export_wanted = Signal()

    def __init__(self, registry: Registry, parent: QWidget | None = None) -> None:
        super().__init__("sync", size_lines=_SIZE_LINES, parent=parent)
        self._registry = registry
        self._places: list[_Place] = []
        self._decided: dict[Path, frozenset[str]] = {}
        self._told: list[str] = []
        self._not_written: MusterError | None = None
        self._asked = 0
        self._is_writing = False
        self._emptying: QMessageBox | None = None
        self.setWindowTitle(self.tr("Sync Tools"))
        self._build()
        self.plan_view.show_waiting()
        self.plan_again()

    def _build(self) -> None:
        height = self.fontMetrics().height()
        self.place_list = ToolList("sync_places", self.tr("Tools in use"))
        label = QLabel(self.tr("&Tools in use"))
        label.setBuddy(self.place_list)
        left = QWidget()
        left_layout = QVBoxLayout(left)
        left_layout.setContentsMargins(0, 0, height // 2, 0)
        left_layout.addWidget(label)
        left_layout.addWidget(self.place_list, 1)
        self.path_label = ElidedLabel("sync_path", in_middle=True)
        self.error_box = ErrorBox(self)
        self.plan_view = ExportPlanView("sync", self)
        right = QWidget()
        right_layout = QVBoxLayout(right)
        right_layout.setContentsMargins(height // 2, 0, 0, 0)
        right_layout.setSpacing(height // 2)
        right_layout.addWidget(self.path_label)
        right_layout.addWidget(self.error_box)
        right_layout.addWidget(self.plan_view, 1)
        right_layout.addStretch()
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setObjectName("sync_panels")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(left)
        self.splitter.addWidget(right)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([height * 19, height * 48])
        self.empty = EmptyState(
            "sync_empty",
            "refresh",
            self.tr("No tool knows your models yet"),
            self.tr("Export them to a tool first. From then on, this brings every tool up to date at once."),
            primary=self.tr("Export…"),
            primary_icon="file-export",
        )
        self.empty.hide()
        self.summary = message_label("sync_summary")
        self.summary.setMinimumHeight(self.fontMetrics().lineSpacing() * 2)
        self.summary.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setSpacing(height // 2)
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.summary)
        layout.addWidget(self.empty, 1)
        self.write_button = push_button("sync_write", self.tr("&Write All"), "device-floppy", self)
        self.write_button.setDefault(True)
        layout.addLayout(self.button_row([], [self.write_button]))
        self.place_list.currentRowChanged.connect(self._show_place)
        self.plan_view.decided.connect(self._take_decision)
        self.write_button.clicked.connect(self.write)
        self.error_box.again_wanted.connect(self.plan_again)
        self.empty.primary.connect(self._go_to_export)

    @Slot()
    def _go_to_export(self) -> None:
        self.reject()
        self.export_wanted.emit()

    # ------------------------------------------------------------------------------------------------------ planning

    @Slot()
    def plan_again(self) -> None:
        """Looks at every file anew."""
        self._asked += 1
        registry, decided = self._registry, dict(self._decided)

        def work() -> list[_Place]:
            plans = plan_sync(registry, take_over=decided)
            found = []
            for (target, path), plan in zip(places_in_use(registry), plans, strict=True):
                if isinstance(plan, MusterError):
                    found.append(_Place(target, path, None, None, plan))
                else:
                    found.append(_Place(target, path, plan, report_of(plan, registry), None))
            return found

        self.write_button.setEnabled(False)
        if not self._told:
            self.summary.setText(self.tr("Looking at the files…"))
        asked = self._asked
        run_in_worker(self, work, on_done=partial(self._show_places, asked), on_error=self._show_error)

    def _show_places(self, asked: int, places: list[_Place]) -> None:
        if asked != self._asked:
            return
        row = self.place_list.currentRow()
        if row < 0:  # at first, what there is to look at
            row = next((number for number, place in enumerate(places) if place.needs_person or place.is_change), 0)
        self._places = places
        for widget in (self.splitter, self.summary, self.write_button):
            widget.setVisible(bool(places))
        self.empty.setVisible(not places)
        self.place_list.blockSignals(True)
        self.place_list.clear()
        for place in places:
            self._add_line(place)
        self.place_list.blockSignals(False)
        changed = sum(place.is_change for place in places)
        self.write_button.setEnabled(changed > 0)
        if places:
            self.place_list.setCurrentRow(min(row, len(places) - 1))
            self._show_place(self.place_list.currentRow())
            # After writing, what keeps a tool from reading its files is among what is told.
            warned = [tr_core(text) for place in places if place.report for text in place.report.warnings]
            told = dict.fromkeys([*self._told, *warned])
            self.summary.setText(" ".join([*told, self._summary_words(changed)]))
            if not self.place_list.hasFocus() and self.focusWidget() in (None, self.close_button, self.write_button):
                self.place_list.setFocus()
        else:
            self.empty.primary_button.setFocus()
        self._told = []

    def _summary_words(self, changed: int) -> str:
        waiting = sum(place.needs_person for place in self._places)
        told = []
        if changed:
            told.append(
                self.tr("{changed} of {all} tools would be changed.").format(changed=changed, all=len(self._places))
            )
        if waiting:
            told.append(self.tr("{count} of {all} tools wait for you.").format(count=waiting, all=len(self._places)))
        return " ".join(told) or self.tr("Every tool is up to date.")

    def _add_line(self, place: _Place) -> None:
        words = tr_core(place.error.title) if place.error is not None else plan_words(place.plan) if place.plan else ""
        icon_name = "alert-triangle" if place.needs_person else "refresh" if place.is_change else "circle-check"
        title = TARGETS[place.target].title
        self.place_list.add_tool(place.target, place.path, title=title, words=words, icon_name=icon_name)

    @Slot(int)
    def _show_place(self, row: int) -> None:
        if not 0 <= row < len(self._places):
            return
        place = self._places[row]
        self.path_label.set_path(place.path)
        self.plan_view.setVisible(place.plan is not None)
        if place.error is not None:
            self.error_box.show_error(place.error)
            return
        if self._not_written is not None:
            self.error_box.show_error(self._not_written)
            self._not_written = None
        else:
            self.error_box.clear()
        if place.plan is not None and place.report is not None:
            self.plan_view.set_ticks(self._decided.get(place.path, frozenset()))
            self.plan_view.show_plan(place.plan, place.report)

    def _show_error(self, error: MusterError) -> None:
        self._is_writing = False
        self.summary.setText("")
        self.plan_view.setVisible(bool(self._places))
        self.error_box.show_error(error)

    @Slot()
    def _take_decision(self) -> None:
        row = self.place_list.currentRow()
        if 0 <= row < len(self._places):
            self._decided[self._places[row].path] = self.plan_view.taken_over
            self.plan_again()

    # ------------------------------------------------------------------------------------------------------- writing

    @Slot()
    def write(self) -> None:
        """Writes to every tool what has changed; asks first where that leaves a tool without any of the models."""
        plans = [place.plan for place in self._places if place.plan is not None and place.is_change]
        if not plans or self._is_writing:
            return
        emptied = ", ".join(dict.fromkeys(plan.target.title for plan in plans if plan.takes_all_out))
        if emptied:
            self._ask_to_empty(emptied, plans)
        else:
            self._write(plans)

    def _ask_to_empty(self, titles: str, plans: list[ExportPlan]) -> None:
        text = self.tr("None of the models that {tools} has from this roll are on it any more. Take them all out?")
        box = QMessageBox(QMessageBox.Icon.Question, self.windowTitle(), text.format(tools=titles), parent=self)
        box.setObjectName("empty_question")
        keep = box.addButton(self.tr("&Leave Them"), QMessageBox.ButtonRole.RejectRole)
        keep.setObjectName("leave_them")
        take = box.addButton(self.tr("&Take Out"), QMessageBox.ButtonRole.DestructiveRole)
        take.setObjectName("take_out")
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        take.clicked.connect(lambda: self._write(plans))
        keep.clicked.connect(lambda: self._write([plan for plan in plans if not plan.takes_all_out]))
        self._emptying = box
        box.open()

    def _write(self, plans: list[ExportPlan]) -> None:
        """Writes these; one that cannot be written keeps none of the others back."""
        if not plans:
            return
        self._is_writing = True
        registry = self._registry

        def work() -> _Outcome:
            outcome = _Outcome()
            for plan in plans:
                try:
                    outcome.warnings += write_plan(plan, registry).warnings
                    outcome.done.append(plan)
                except MusterError as error:
                    outcome.failed.append(error)
            return outcome

        self.write_button.setEnabled(False)
        self.summary.setText(self.tr("Writing…"))
        run_in_worker(self, work, on_done=self._tell_written, on_error=self._show_error)

    def _tell_written(self, outcome: _Outcome) -> None:
        self._is_writing = False
        self._decided.clear()
        self._told = [self._written_words(outcome.done)] if outcome.done else []
        self._told += [tr_core(warning) for warning in dict.fromkeys(outcome.warnings)]
        self._not_written = outcome.failed[0] if outcome.failed else None
        self.written.emit()
        self.plan_again()

    def _written_words(self, done: list[ExportPlan]) -> str:
        titles = ", ".join(dict.fromkeys(plan.target.title for plan in done))
        words = [self.tr("Written: {tools}.").format(tools=titles)]
        for plan in done:
            own = [piece for piece in plan.pieces if piece.fragment.entry_id and not piece.is_conflict]
            words += [next_words(plan, own[0])] if len(done) == 1 and own else []
        if len(done) > 1:
            words.append(self.tr("Restart those that are open."))
        return " ".join(words)

    @property
    @override
    def is_working(self) -> bool:
        return self._is_writing

    @override
    def give_up(self) -> None:
        """A write is over in a moment, and is let end."""
