"""Every tool that models of this roll stand in, and what brings each up to date."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QSplitter, QVBoxLayout, QWidget
from typing_extensions import override

from core.errors import MusterError
from core.exporting import TARGETS, ExportPlan, ExportReport, places_in_use, plan_sync, report_of, write_plan
from core.registry import Registry
from gui.buttons import push_button
from gui.elided_label import ElidedLabel
from gui.empty_state import EmptyState
from gui.error_box import ErrorBox
from gui.export_plan_view import ExportPlanView
from gui.export_words import plan_words
from gui.icons import icon
from gui.words import isolated, tr_core
from gui.work_dialog import WorkDialog
from gui.worker import run_in_worker

_SIZE_LINES = (66, 38)
_PLACE_ROLE: Final = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class _Place:
    """One target at one path: what would be written, or why that cannot be told."""

    target: str
    path: Path
    plan: ExportPlan | None
    report: ExportReport | None
    error: MusterError | None


class SyncDialog(WorkDialog):
    """Writes what has changed on the roll to all tools in use. What was changed by hand there is left to the person."""

    written = Signal()
    export_wanted = Signal()

    def __init__(self, registry: Registry, parent: QWidget | None = None) -> None:
        super().__init__("sync", size_lines=_SIZE_LINES, parent=parent)
        self._registry = registry
        self._places: list[_Place] = []
        self._decided: dict[Path, frozenset[str]] = {}
        self._asked = 0
        self._is_writing = False
        self.setWindowTitle(self.tr("Sync Tools"))
        self._build()
        self.plan_again()

    def _build(self) -> None:
        height = self.fontMetrics().height()
        self.place_list = QListWidget()
        self.place_list.setObjectName("sync_places")
        self.place_list.setAccessibleName(self.tr("Tools in use"))
        self.place_list.setSpacing(1)
        label = QLabel(self.tr("&Tools in use"))
        label.setBuddy(self.place_list)
        left = QWidget()
        left_layout = QVBoxLayout(left)
        left_layout.setContentsMargins(0, 0, height // 2, 0)
        left_layout.addWidget(label)
        left_layout.addWidget(self.place_list, 1)
        self.path_label = ElidedLabel("sync_path")
        self.error_box = ErrorBox(self)
        self.plan_view = ExportPlanView("sync", self)
        right = QWidget()
        right_layout = QVBoxLayout(right)
        right_layout.setContentsMargins(height // 2, 0, 0, 0)
        right_layout.addWidget(self.path_label)
        right_layout.addWidget(self.error_box)
        right_layout.addWidget(self.plan_view, 1)
        self._splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self._splitter.setObjectName("sync_panels")
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(left)
        self._splitter.addWidget(right)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setSizes([height * 20, height * 46])
        self.empty = EmptyState(
            "sync_empty",
            "refresh",
            self.tr("No tool knows your models yet"),
            self.tr("Export them to a tool first. From then on, one click here brings every tool up to date."),
            primary=self.tr("Export…"),
            primary_icon="file",
        )
        self.empty.hide()
        self.summary = QLabel()
        self.summary.setObjectName("sync_summary")
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        layout = QVBoxLayout(self)
        layout.setSpacing(height // 2)
        layout.addWidget(self._splitter, 1)
        layout.addWidget(self.empty, 1)
        self.write_button = push_button("sync_write", self.tr("&Write All"), "device-floppy", self)
        self.write_button.setDefault(True)
        row: QHBoxLayout = self.button_row([self.summary], [self.write_button])
        layout.addLayout(row)
        self.place_list.currentRowChanged.connect(self._show_place)
        self.plan_view.decided.connect(self._take_decision)
        self.write_button.clicked.connect(self.write)
        self.error_box.again_wanted.connect(self.plan_again)
        self.empty.primary.connect(self._go_to_export)

    @Slot()
    def _go_to_export(self) -> None:
        self.export_wanted.emit()
        self.reject()

    # ------------------------------------------------------------------------------------------------------ planning

    @Slot()
    def plan_again(self) -> None:
        """Looks at every file anew."""
        self._asked += 1
        registry, decided = self._registry, dict(self._decided)

        def work() -> list[_Place]:
            places = places_in_use()
            found = []
            for (target, path), plan in zip(places, plan_sync(registry, take_over=decided), strict=True):
                if isinstance(plan, MusterError):
                    found.append(_Place(target, path, None, None, plan))
                else:
                    found.append(_Place(target, path, plan, report_of(plan, registry), None))
            return found

        self.write_button.setEnabled(False)
        run_in_worker(self, work, on_done=partial(self._show_places, self._asked), on_error=self._show_error)

    def _show_places(self, asked: int, places: list[_Place]) -> None:
        if asked != self._asked:
            return
        row = max(0, self.place_list.currentRow())
        self._places = places
        self._splitter.setVisible(bool(places))
        self.empty.setVisible(not places)
        self.write_button.setVisible(bool(places))
        self.place_list.blockSignals(True)
        self.place_list.clear()
        for place in places:
            self.place_list.addItem(self._line(place))
        self.place_list.blockSignals(False)
        changed = sum(place.plan is not None and place.plan.is_change for place in places)
        self.write_button.setEnabled(changed > 0)
        if places:
            self.place_list.setCurrentRow(min(row, len(places) - 1))
            self._show_place(self.place_list.currentRow())
            self.summary.setText(self._summary_words(changed))

    def _summary_words(self, changed: int) -> str:
        waiting = sum(place.error is not None or bool(place.plan and place.plan.conflicts) for place in self._places)
        if changed:
            return self.tr("{changed} of {all} tools would be changed.").format(changed=changed, all=len(self._places))
        if waiting:
            return self.tr("{count} of {all} tools wait for you.").format(count=waiting, all=len(self._places))
        return self.tr("Every tool is up to date.")

    def _line(self, place: _Place) -> QListWidgetItem:
        words = tr_core(place.error.title) if place.error is not None else plan_words(place.plan) if place.plan else ""
        item = QListWidgetItem(f"{TARGETS[place.target].title}\n{words}")
        item.setToolTip(isolated(str(place.path)))
        item.setData(_PLACE_ROLE, str(place.path))
        item.setSizeHint(QSize(0, round(self.fontMetrics().height() * 2.9)))
        needs_person = place.error is not None or (place.plan is not None and bool(place.plan.conflicts))
        is_change = place.plan is not None and place.plan.is_change
        item.setIcon(icon("alert-triangle" if needs_person else "refresh" if is_change else "circle-check"))
        return item

    @Slot(int)
    def _show_place(self, row: int) -> None:
        if not 0 <= row < len(self._places):
            return
        place = self._places[row]
        self.path_label.setText(str(place.path))
        self.plan_view.setVisible(place.plan is not None)
        if place.error is not None:
            self.error_box.show_error(place.error)
            return
        self.error_box.clear()
        if place.plan is not None and place.report is not None:
            self.plan_view.set_ticks(self._decided.get(place.path, frozenset()))
            self.plan_view.show_plan(place.plan, place.report)

    def _show_error(self, error: MusterError) -> None:
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
        """Writes to every tool what has changed; one that cannot be written keeps none of the others back."""
        plans = [place.plan for place in self._places if place.plan is not None and place.plan.is_change]
        if not plans or self._is_writing:
            return
        self._is_writing = True
        registry = self._registry

        def work() -> tuple[int, list[MusterError]]:
            failed: list[MusterError] = []
            for plan in plans:
                try:
                    write_plan(plan, registry)
                except MusterError as error:
                    failed.append(error)
            return len(plans) - len(failed), failed

        self.write_button.setEnabled(False)
        self.summary.setText(self.tr("Writing…"))
        run_in_worker(self, work, on_done=self._tell_written, on_error=self._tell_failed)

    def _tell_written(self, outcome: tuple[int, list[MusterError]]) -> None:
        self._is_writing = False
        _, failed = outcome
        self._decided.clear()
        self.written.emit()
        self.plan_again()
        if failed:
            self.error_box.show_error(failed[0])

    def _tell_failed(self, error: MusterError) -> None:
        self._is_writing = False
        self.error_box.show_error(error)

    @property
    @override
    def is_working(self) -> bool:
        return self._is_writing

    @override
    def give_up(self) -> None:
        """A write is over in a moment, and is let end."""
