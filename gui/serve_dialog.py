"""Serving models to others: writes LiteLLM Proxy's file, and shows the command and a client."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFileDialog, QFormLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from core.errors import MusterError
from core.exporting import TARGETS, ExportPlan, ExportReport, plan_export
from core.registry import Registry
from core.serving import serving_of
from gui.buttons import push_button
from gui.code_view import CodeView
from gui.combo_boxes import SteadyComboBox
from gui.elided_label import ElidedLabel
from gui.error_box import ErrorBox
from gui.export_plan_view import ExportPlanView
from gui.export_planner import ExportPlanner
from gui.export_words import plan_words, written_words
from gui.scopes import Scope
from gui.work_dialog import WorkDialog

_SIZE_LINES = (60, 42)
_TARGET = "litellm"


class ServeDialog(WorkDialog):
    """One file, one command, one snippet. `written` tells that the file was."""

    written = Signal()

    def __init__(self, registry: Registry, scopes: Sequence[Scope], parent: QWidget | None = None) -> None:
        super().__init__("serve", size_lines=_SIZE_LINES, parent=parent)
        self._registry = registry
        self._scopes = [scope for scope in scopes if scope.rows]
        self._path = TARGETS[_TARGET].default_path()
        self._planner = ExportPlanner(registry, self)
        self._told = ""
        self.setWindowTitle(self.tr("Serve with LiteLLM Proxy"))
        self._build()
        self.scope_box.setCurrentIndex(len(self._scopes) - 1)
        self.scope_box.currentIndexChanged.connect(self.plan_again)
        self.plan_again()

    def _build(self) -> None:
        height = self.fontMetrics().height()
        self.scope_box = SteadyComboBox(self)
        self.scope_box.setObjectName("serve_scope")
        self.scope_box.addItems([scope.words for scope in self._scopes])
        self.path_label = ElidedLabel("serve_path")
        self.choose_button = push_button("serve_choose", self.tr("&Choose…"), "folder-open")
        place = QHBoxLayout()
        place.addWidget(self.path_label, 1)
        place.addWidget(self.choose_button)
        form = QFormLayout()
        form.addRow(self.tr("Mo&dels"), self.scope_box)
        form.addRow(self.tr("File"), place)
        self.state_label = QLabel()
        self.state_label.setObjectName("serve_state")
        self.state_label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.state_label.setWordWrap(True)
        self.state_label.setTextFormat(Qt.TextFormat.PlainText)
        form.addRow("", self.state_label)
        self.error_box = ErrorBox(self)
        self.plan_view = ExportPlanView("serve", self)
        self.command = CodeView("serve_command", self.tr("Start it with"), lines=3)
        self.client = CodeView("serve_client", self.tr("Use it with"), lines=5)
        self.write_button = push_button("serve_write", self.tr("&Write File"), "device-floppy", self)
        self.write_button.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setSpacing(height // 2)
        layout.addLayout(form)
        layout.addWidget(self.error_box)
        layout.addWidget(self.plan_view, 2)
        layout.addWidget(self.command)
        layout.addWidget(self.client, 1)
        layout.addLayout(self.button_row([], [self.write_button]))
        self.choose_button.clicked.connect(self._choose_path)
        self.write_button.clicked.connect(self.write)
        self.plan_view.decided.connect(self.plan_again)
        self.error_box.again_wanted.connect(self.plan_again)
        self._planner.planned.connect(self._show)
        self._planner.failed.connect(self._show_error)
        self._planner.written.connect(self._tell_written)

    @Slot()
    def plan_again(self) -> None:
        """Looks at the file anew."""
        path, registry, taken_over = self._path, self._registry, self.plan_view.taken_over
        rows = self._scopes[self.scope_box.currentIndex()].rows if self._scopes else ()
        entries = [row.entry for row in rows if row.entry is not None]
        self.path_label.setText(str(path))
        self.write_button.setEnabled(False)
        self._planner.ask(lambda: plan_export(registry, entries, _TARGET, path, take_over=taken_over))

    @Slot(object, object)
    def _show(self, plan: ExportPlan, report: ExportReport) -> None:
        self.error_box.clear()
        self.plan_view.show()
        self.plan_view.show_plan(plan, report)
        self.state_label.setText(self._told or f"{plan_words(plan)}.")
        self._told = ""
        self.write_button.setEnabled(self._planner.can_write)
        serving = serving_of(plan)
        self.command.show_code("\n".join(serving.lines))
        self.client.show_code(serving.client)

    @Slot(object)
    def _show_error(self, error: MusterError) -> None:
        self.plan_view.setVisible(self._planner.plan is not None)
        self.error_box.show_error(error)

    @Slot()
    def _choose_path(self) -> None:
        dialog = QFileDialog(self, self.tr("Write To"), str(self._path.parent))
        dialog.setObjectName("serve_file_dialog")
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(self._path.name)
        dialog.fileSelected.connect(lambda chosen: self.set_path(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def set_path(self, path: Path) -> None:
        """Another file."""
        self._path = path
        self.plan_view.forget_ticks()
        self.plan_again()

    @Slot()
    def write(self) -> None:
        """Writes the file that is shown."""
        self.write_button.setEnabled(False)
        self._planner.write()

    @Slot(object, object)
    def _tell_written(self, plan: ExportPlan, report: ExportReport) -> None:
        self._told = written_words(plan, report.backups)
        self.written.emit()
        self.plan_again()

    @property
    @override
    def is_working(self) -> bool:
        return self._planner.is_writing

    @override
    def give_up(self) -> None:
        """A write is over in a moment, and is let end."""
