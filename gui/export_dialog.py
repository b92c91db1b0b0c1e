"""Writing models into another tool's file: choose the tool, see every change, then write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QPalette
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core.entry import UserModelEntry
from core.errors import MusterError
from core.exporting import (
    TARGETS,
    ExportPlan,
    ExportReport,
    places_in_use,
    plan_export,
    plan_removal,
)
from core.registry import Registry
from gui.buttons import push_button
from gui.combo_boxes import SteadyComboBox
from gui.elided_label import ElidedLabel
from gui.error_box import ErrorBox
from gui.export_plan_view import ExportPlanView
from gui.export_planner import ExportPlanner
from gui.export_words import key_words, plan_words, written_words
from gui.icons import icon
from gui.scopes import Scope
from gui.words import isolated
from gui.work_dialog import WorkDialog
from gui.worker import run_in_worker

_SIZE_LINES = (66, 40)
_TARGET_ROLE: Final = Qt.ItemDataRole.UserRole


class ExportDialog(WorkDialog):
    """Exports to one target after the other. `written` tells that a file was.

    With `removes` it takes entries out again, of the tools that something of ours stands in.
    """

    written = Signal()

    def __init__(
        self,
        registry: Registry,
        scopes: Sequence[Scope],
        *,
        removes: bool = False,
        target: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("export", size_lines=_SIZE_LINES, parent=parent)
        self._registry = registry
        self._scopes = [scope for scope in scopes if scope.rows]
        self._removes = removes
        self._paths: dict[str, Path] = {}
        self._in_use: dict[str, Path] = {}
        self._planner = ExportPlanner(registry, self)
        self.setWindowTitle(self.tr("Remove From Tools") if removes else self.tr("Export"))
        self._build()
        self._connect()
        self._list_targets({})
        self._wanted = target
        run_in_worker(self, lambda: dict(reversed(places_in_use())), on_done=self._take_places)

    # -------------------------------------------------------------------------------------------------------- layout

    def _build(self) -> None:
        height = self.fontMetrics().height()
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setObjectName("export_panels")
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._build_targets())
        splitter.addWidget(self._build_plan())
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([height * 15, height * 50])
        layout = QVBoxLayout(self)
        layout.setSpacing(height // 2)
        layout.addWidget(splitter, 1)
        self.write_button = push_button(
            "export_write", self.tr("&Remove") if self._removes else self.tr("&Write"), "device-floppy", self
        )
        self.write_button.setDefault(True)
        self.open_button = push_button("export_open_folder", self.tr("Open &Folder"), "folder", self)
        self.open_button.hide()
        layout.addLayout(self.button_row([self.open_button], [self.write_button]))

    def _build_targets(self) -> QWidget:
        self.scope_box = SteadyComboBox(self)
        self.scope_box.setObjectName("export_scope")
        self.scope_box.addItems([scope.words for scope in self._scopes])
        scope_label = QLabel(self.tr("Mo&dels"))
        scope_label.setBuddy(self.scope_box)
        self.target_list = QListWidget()
        self.target_list.setObjectName("export_targets")
        self.target_list.setAccessibleName(self.tr("Tools"))
        self.target_list.setSpacing(1)
        label = QLabel(self.tr("&Tool"))
        label.setBuddy(self.target_list)
        panel = QWidget()
        layout = QVBoxLayout(panel)
        layout.setContentsMargins(0, 0, self.fontMetrics().height() // 2, 0)
        layout.addWidget(scope_label)
        layout.addWidget(self.scope_box)
        layout.addSpacing(self.fontMetrics().height() // 2)
        layout.addWidget(label)
        layout.addWidget(self.target_list, 1)
        return panel

    def _build_plan(self) -> QWidget:
        height = self.fontMetrics().height()
        self.path_label = ElidedLabel("export_path")
        self.state_label = QLabel()
        self.state_label.setObjectName("export_state")
        self.state_label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.choose_button = push_button("export_choose", self.tr("&Choose…"), "folder-open")
        self.choose_button.setToolTip(self.tr("Write another file than the one that the tool reads"))
        self.usual_button = push_button("export_usual", self.tr("&Usual Place"))
        self.usual_button.setToolTip(self.tr("The file that the tool reads"))
        place = QVBoxLayout()
        place.setSpacing(height // 6)
        place.addWidget(self.path_label)
        place.addWidget(self.state_label)
        head = QHBoxLayout()
        head.addLayout(place, 1)
        head.addWidget(self.usual_button)
        head.addWidget(self.choose_button)
        self.error_box = ErrorBox(self)
        self.plan_view = ExportPlanView("export", self)
        self.key_label = _quiet_label("export_keys")
        self.summary = QLabel()
        self.summary.setObjectName("export_summary")
        self.summary.setWordWrap(True)
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.summary.setMinimumHeight(self.fontMetrics().lineSpacing() * 2)
        self.summary.setAlignment(Qt.AlignmentFlag.AlignTop)
        panel = QWidget()
        layout = QVBoxLayout(panel)
        layout.setContentsMargins(height // 2, 0, 0, 0)
        layout.setSpacing(height // 2)
        layout.addLayout(head)
        layout.addWidget(self.error_box)
        layout.addWidget(self.plan_view, 1)
        layout.addStretch()
        layout.addWidget(self.key_label)
        layout.addWidget(self.summary)
        return panel

    def _connect(self) -> None:
        self.scope_box.currentIndexChanged.connect(self._plan_again)
        self.target_list.currentItemChanged.connect(self._take_target)
        self.choose_button.clicked.connect(self._choose_path)
        self.usual_button.clicked.connect(self._use_usual_path)
        self.plan_view.decided.connect(self._plan_again)
        self.error_box.again_wanted.connect(self._plan_again)
        self._planner.planned.connect(self._show_plan)
        self._planner.failed.connect(self._show_error)
        self._planner.written.connect(self._tell_written)
        self.write_button.clicked.connect(self.write)
        self.open_button.clicked.connect(self._open_folder)

    # ------------------------------------------------------------------------------------------------------- targets

    def _list_targets(self, in_use: dict[str, Path]) -> None:
        self.target_list.clear()
        size = self.fontMetrics().height()
        for name, target in TARGETS.items():
            if self._removes and name not in in_use:
                continue
            item = QListWidgetItem(target.title)
            item.setData(_TARGET_ROLE, name)
            item.setSizeHint(QSize(0, round(size * 1.9)))
            if name in in_use:
                item.setIcon(icon("circle-check"))
                item.setToolTip(self.tr("Models of yours stand in {path}").format(path=isolated(str(in_use[name]))))
            else:
                item.setIcon(icon("circle"))
            self.target_list.addItem(item)

    def _take_places(self, in_use: dict[str, Path]) -> None:
        self._in_use = in_use
        self._list_targets(in_use)
        names = [str(self.target_list.item(row).data(_TARGET_ROLE)) for row in range(self.target_list.count())]
        if not names:
            self.summary.setText(self.tr("Nothing of yours stands in another tool’s file."))
            return
        first = next((name for name in names if name in in_use), names[0])
        self.target_list.setCurrentRow(names.index(self._wanted if self._wanted in names else first))
        self.target_list.setFocus()

    @property
    def target(self) -> str:
        """The chosen target's ID; empty where none is."""
        item = self.target_list.currentItem()
        return str(item.data(_TARGET_ROLE)) if item is not None else ""

    @Slot()
    def _take_target(self) -> None:
        self.plan_view.forget_ticks()
        self.summary.setText("")
        self.open_button.hide()
        self._plan_again()

    @property
    def path(self) -> Path | None:
        """The file or folder to write; None where no target is chosen."""
        if not self.target:
            return None
        usual = TARGETS[self.target].default_path()
        return self._paths.get(self.target) or (self._in_use.get(self.target) if self._removes else None) or usual

    def set_path(self, path: Path) -> None:
        """Writes another file than the tool reads."""
        self._paths[self.target] = path
        self.plan_view.forget_ticks()
        self._plan_again()

    @Slot()
    def _choose_path(self) -> None:
        target, path = TARGETS[self.target], self.path or Path.home()
        dialog = QFileDialog(self, self.tr("Write To"), str(path if target.is_folder else path.parent))
        dialog.setObjectName("export_file_dialog")
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # what stands there is kept: nothing to ask about
        if target.is_folder:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setFileMode(QFileDialog.FileMode.AnyFile)
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.selectFile(path.name)
        dialog.fileSelected.connect(lambda chosen: self.set_path(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot()
    def _use_usual_path(self) -> None:
        self._paths.pop(self.target, None)
        self.plan_view.forget_ticks()
        self._plan_again()

    # ------------------------------------------------------------------------------------------------------ planning

    def _entries(self) -> list[UserModelEntry]:
        rows = self._scopes[self.scope_box.currentIndex()].rows if self._scopes else ()
        return [row.entry for row in rows if row.entry is not None]

    @Slot()
    def _plan_again(self) -> None:
        name, path, registry = self.target, self.path, self._registry
        if not name or path is None:
            return
        entries, taken_over = self._entries(), self.plan_view.taken_over
        is_whole = bool(self._scopes) and self.scope_box.currentIndex() == len(self._scopes) - 1
        self._show_place(path)
        self.write_button.setEnabled(False)
        if self._removes:
            ids = None if is_whole else [entry.id for entry in entries if entry.id is not None]
            self._planner.ask(lambda: plan_removal(registry, name, path, ids, take_over=taken_over))
        else:
            wanted = None if is_whole else entries
            self._planner.ask(lambda: plan_export(registry, wanted, name, path, take_over=taken_over))

    def _show_place(self, path: Path) -> None:
        self.path_label.setText(str(path))
        self.usual_button.setVisible(self.target in self._paths)
        self.state_label.setText(self.tr("Looking at it…"))

    @Slot(object, object)
    def _show_plan(self, plan: ExportPlan, report: ExportReport) -> None:
        self.error_box.clear()
        self.plan_view.show()
        self.plan_view.show_plan(plan, report)
        self.key_label.setText(key_words(plan))
        self.key_label.setVisible(bool(self.key_label.text()) and not self._removes)
        there = self.tr("It is there.") if plan.path.exists() else self.tr("It will be made.")
        self.state_label.setText(f"{there} {plan_words(plan)}.")
        self.write_button.setEnabled(self._planner.can_write)

    @Slot(object)
    def _show_error(self, error: MusterError) -> None:
        self.error_box.show_error(error)
        self.summary.setText("")
        self.state_label.setText("")
        self.plan_view.setVisible(self._planner.plan is not None)
        self.key_label.setVisible(self._planner.plan is not None)

    # ------------------------------------------------------------------------------------------------------- writing

    @Slot()
    def write(self) -> None:
        """Writes what is shown; what is to be decided and is not ticked stays as it is."""
        if self._planner.can_write:
            self.write_button.setEnabled(False)
            self.summary.setText(self.tr("Writing…"))
            self._planner.write()

    @Slot(object, object)
    def _tell_written(self, plan: ExportPlan, report: ExportReport) -> None:
        self.summary.setText(written_words(plan, report.backups))
        self.open_button.show()
        item = self.target_list.currentItem()
        if item is not None and not self._removes:
            item.setIcon(icon("circle-check"))
        self.written.emit()
        self._plan_again()

    @Slot()
    def _open_folder(self) -> None:
        path = self.path
        if path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path if path.is_dir() else path.parent)))

    @property
    @override
    def is_working(self) -> bool:
        return self._planner.is_writing

    @override
    def give_up(self) -> None:
        """A write is over in a moment, and is let end."""


def _quiet_label(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return label
