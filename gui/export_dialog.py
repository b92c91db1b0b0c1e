"""Writing models into another tool's file: choose the tool, see every change, then write."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget
from typing_extensions import override

from core.errors import MusterError
from core.exporting import TARGETS, plan_removal
from core.registry import Registry
from gui.empty_state import EmptyState
from gui.known_places import KnownPlaces
from gui.scopes import Scope
from gui.target_dialog import TargetDialog
from gui.tool_list import ToolList
from gui.worker import run_in_worker

_SIZE_LINES = (68, 42)


class ExportDialog(TargetDialog):
    """Exports to one target after the other.

    With `removes` it takes entries out again, of the places that something of ours stands in.
    """

    def __init__(
        self,
        registry: Registry,
        scopes: Sequence[Scope],
        *,
        removes: bool = False,
        target: str = "",
        parent: QWidget | None = None,
    ) -> None:
        self._removes = removes
        self._places = KnownPlaces()
        self._wanted = target
        super().__init__("export", registry, scopes, size_lines=_SIZE_LINES, parent=parent)
        self.setWindowTitle(self.tr("Remove From Tools") if removes else self.tr("Export"))
        if removes:
            self.write_button.setText(self.tr("&Remove"))
        self._build()
        self.target_list.currentItemChanged.connect(self._take_target)
        self.written.connect(self._mark_used)
        self.plan_view.show_waiting()
        if self._scopes or removes:
            look = partial(KnownPlaces.look, registry)
            run_in_worker(self, look, on_done=self._take_places, on_error=self._tell_no_places)
        else:
            self._show_nothing()

    # -------------------------------------------------------------------------------------------------------- layout

    def _build(self) -> None:
        height = self.fontMetrics().height()
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setObjectName("export_panels")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self._build_targets())
        self.splitter.addWidget(self._build_plan())
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([height * 15, height * 52])
        self.nothing = EmptyState("export_nothing", "file-export", "", "")
        self.nothing.hide()
        layout = QVBoxLayout(self)
        layout.setSpacing(height // 2)
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.nothing, 1)
        layout.addLayout(self.button_row([self.open_button], [self.write_button]))

    def _build_targets(self) -> QWidget:
        self.target_list = ToolList("export_targets", self.tr("Tools"))
        label = QLabel(self.tr("&Tool"))
        label.setBuddy(self.target_list)
        panel = QWidget()
        layout = QVBoxLayout(panel)
        layout.setContentsMargins(0, 0, self.fontMetrics().height() // 2, 0)
        layout.addWidget(self.scope_label)
        layout.addWidget(self.scope_box)
        layout.addSpacing(self.fontMetrics().height() // 2)
        layout.addWidget(label)
        layout.addWidget(self.target_list, 1)
        return panel

    def _build_plan(self) -> QWidget:
        height = self.fontMetrics().height()
        panel = QWidget()
        layout = QVBoxLayout(panel)
        layout.setContentsMargins(height // 2, 0, 0, 0)
        layout.setSpacing(height // 2)
        layout.addWidget(self.place)
        layout.addWidget(self.error_box)
        layout.addWidget(self.plan_view, 1)
        layout.addStretch()
        layout.addWidget(self.key_label)
        layout.addWidget(self.summary)
        return panel

    # ------------------------------------------------------------------------------------------------------- targets

    def _take_places(self, places: KnownPlaces) -> None:
        self._places = places
        if self._removes:
            for name, path in places.in_use:
                title = TARGETS[name].title
                self.target_list.add_tool(name, path, title=title, words=path.name, icon_name="circle-check")
        else:
            for name, target in TARGETS.items():
                words, icon_name = self._state_of(name)
                path = places.used(name) or places.usual[name]
                self.target_list.add_tool(name, path, title=target.title, words=words, icon_name=icon_name)
        names = [name for name, _ in self.target_list.places]
        if not names:
            self._show_nothing()
        else:
            first = next((name for name in names if places.used(name)), None)
            first = first or next((name for name in names if name in places.found), names[0])
            self.target_list.setCurrentRow(names.index(self._wanted if self._wanted in names else first))
            self.target_list.setFocus()

    def _state_of(self, name: str) -> tuple[str, str]:
        if self._places.used(name) is not None:
            return self.tr("In use"), "circle-check"
        if name in self._places.found:
            return self.tr("Its file is there"), "file"
        return self.tr("No file yet"), "circle-dashed"

    @Slot()
    def _mark_used(self) -> None:
        words = self.tr("Nothing of yours any more") if self._removes else self.tr("In use")
        self.target_list.mark_current(words, "circle-dashed" if self._removes else "circle-check")

    def _tell_no_places(self, error: MusterError) -> None:
        self.error_box.show_error(error)
        self.plan_view.hide()

    def _show_nothing(self) -> None:
        self.splitter.hide()
        self.write_button.hide()
        text = (
            self.tr("Nothing of yours stands in another tool’s file.")
            if self._removes
            else self.tr("There is no model on the roll to export. Add one, or import what another tool has.")
        )
        self.nothing.set_text(text)
        self.nothing.setAccessibleName(text)
        self.nothing.show()
        self.close_button.setDefault(True)
        self.close_button.setFocus()

    @property
    @override
    def target(self) -> str:
        place = self.target_list.current_place
        return place[0] if place is not None else ""

    @property
    @override
    def usual_path(self) -> Path | None:
        place = self.target_list.current_place
        return place[1] if place is not None else None

    @Slot()
    def _take_target(self) -> None:
        if self.target_list.current_place is not None:
            self.begin_anew()

    # ------------------------------------------------------------------------------------------------------ planning

    @override
    def ask(self, name: str, path: Path, taken_over: Collection[str]) -> None:
        if not self._removes:
            super().ask(name, path, taken_over)
            return
        registry = self._registry
        # All means also those that the roll has lost since.
        ids = None if self.is_whole_roll else [entry.id for entry in self.entries if entry.id is not None]
        self.planner.ask(lambda: plan_removal(registry, name, path, ids, take_over=taken_over))
