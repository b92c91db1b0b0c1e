"""What the dialogs share that write models into one tool's file: which models, which file, the plan, the writing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QPalette
from PySide6.QtWidgets import QLabel, QWidget
from typing_extensions import override

from core.entry import UserModelEntry
from core.errors import MusterError
from core.exporting import TARGETS, ExportPlan, ExportReport, plan_export
from core.registry import Registry
from gui.buttons import push_button
from gui.combo_boxes import SteadyComboBox
from gui.error_box import ErrorBox
from gui.export_plan_view import ExportPlanView
from gui.export_planner import ExportPlanner
from gui.export_words import key_words, plan_words, written_words
from gui.scopes import Scope
from gui.target_place import TargetPlace
from gui.words import isolated, tr_core
from gui.work_dialog import WorkDialog
from gui.wrapped_label import WrappedLabel, message_label


class TargetDialog(WorkDialog):
    """Plans for `target` at `path` and writes it. `written` tells that a file was.

    What derives from it lays the parts out, and says with `target` which tool it is about.
    """

    written = Signal()

    def __init__(
        self,
        prefix: str,
        registry: Registry,
        scopes: Sequence[Scope],
        *,
        size_lines: tuple[int, int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(prefix, size_lines=size_lines, parent=parent)
        self._registry = registry
        self._scopes = [scope for scope in scopes if scope.rows]
        self._paths: dict[str, Path] = {}
        self._warned = ""
        self.planner = ExportPlanner(registry, self)
        self.scope_box = SteadyComboBox(self)
        self.scope_box.setObjectName(f"{prefix}_scope")
        self.scope_box.addItems([scope.words for scope in self._scopes])
        self.scope_label = QLabel(self.tr("&Models"))
        self.scope_label.setBuddy(self.scope_box)
        self.place = TargetPlace(prefix)
        self.error_box = ErrorBox()
        self.plan_view = ExportPlanView(prefix)
        self.key_label = WrappedLabel(f"{prefix}_keys")
        self.key_label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.key_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.summary = message_label(f"{prefix}_summary")
        # Room for what is told after writing: nothing moves then.
        self.summary.setMinimumHeight(self.fontMetrics().lineSpacing() * 2)
        self.summary.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.open_button = push_button(f"{prefix}_open_folder", self.tr("Open &Folder"), "folder")
        self.open_button.hide()
        self.write_button = push_button(f"{prefix}_write", self.tr("&Write"), "device-floppy")
        self.write_button.setDefault(True)
        self.write_button.setEnabled(False)
        self._connect_parts()

    def _connect_parts(self) -> None:
        self.scope_box.currentIndexChanged.connect(self.plan_again)
        self.place.chosen.connect(self.set_path)
        self.place.usual_wanted.connect(self._use_usual_path)
        self.plan_view.decided.connect(self._plan_decided)
        self.error_box.again_wanted.connect(self.plan_again)
        self.planner.planned.connect(self.show_plan)
        self.planner.failed.connect(self._show_error)
        self.planner.written.connect(self._tell_written)
        self.write_button.clicked.connect(self.write)
        self.open_button.clicked.connect(self._open_folder)

    # ----------------------------------------------------------------------------------------------- what is planned

    @property
    def target(self) -> str:
        """The tool's ID; empty while none is chosen."""
        raise NotImplementedError

    @property
    def path(self) -> Path | None:
        """The file or folder to write; None while no tool is chosen."""
        return self._paths.get(self.target) or self.usual_path

    @property
    def usual_path(self) -> Path | None:
        """The one that is written unless another is chosen."""
        return TARGETS[self.target].default_path() if self.target else None

    @property
    def entries(self) -> list[UserModelEntry]:
        """The chosen models."""
        rows = self._scopes[self.scope_box.currentIndex()].rows if self._scopes else ()
        return [row.entry for row in rows if row.entry is not None]

    @property
    def is_whole_roll(self) -> bool:
        """Whether all models are chosen."""
        return not self._scopes or self.scope_box.currentIndex() == len(self._scopes) - 1

    def set_path(self, path: Path) -> None:
        """Writes another file than the tool reads."""
        self._paths[self.target] = path
        self.begin_anew()

    @Slot()
    def _use_usual_path(self) -> None:
        self._paths.pop(self.target, None)
        self.begin_anew()

    def begin_anew(self) -> None:
        """Another file: nothing that was decided, told or shown holds for it."""
        self.plan_view.forget_ticks()
        self.plan_view.show_waiting()
        self.summary.setText("")
        self.open_button.hide()
        self.plan_again()

    @Slot()
    def plan_again(self) -> None:
        """Looks at the file anew."""
        name, path = self.target, self.path
        if not name or path is None:
            return
        self.place.show_place(TARGETS[name], path, is_usual=path == self.usual_path)
        self.place.show_state(self.tr("Looking at the file…"))
        self.write_button.setEnabled(False)
        self.ask(name, path, self.plan_view.taken_over)

    def ask(self, name: str, path: Path, taken_over: Collection[str]) -> None:
        """Has the plan made."""
        registry, wanted = self._registry, None if self.is_whole_roll else self.entries
        self.planner.ask(lambda: plan_export(registry, wanted, name, path, take_over=taken_over))

    @Slot()
    def _plan_decided(self) -> None:
        self.summary.setText("")
        self.plan_again()

    # ------------------------------------------------------------------------------------------------ what is shown

    @Slot(object, object)
    def show_plan(self, plan: ExportPlan, report: ExportReport) -> None:
        """Shows what would be written."""
        self.error_box.clear()
        self.plan_view.show()
        self.plan_view.show_plan(plan, report)
        self.key_label.setText(key_words(plan))
        self.key_label.setVisible(bool(self.key_label.text()))
        there = self.tr("It is there.") if _is_there(plan) else self.tr("It will be made.")
        self.place.show_state(f"{there} {plan_words(plan)}.")
        if self.summary.text() in ("", self._warned):  # what was told after writing has them too
            self._warned = " ".join(map(tr_core, report.warnings))
            self.summary.setText(self._warned)
        self.write_button.setEnabled(self.planner.can_write)

    @Slot(object)
    def _show_error(self, error: MusterError) -> None:
        self.error_box.show_error(error)
        self.summary.setText("")
        self.place.show_state("")
        is_known = self.planner.plan is not None
        self.plan_view.setVisible(is_known)
        self.key_label.setVisible(is_known)

    # ------------------------------------------------------------------------------------------------------ writing

    @Slot()
    def write(self) -> None:
        """Writes what is shown; what is to be decided and is not ticked stays as it is."""
        if self.planner.can_write:
            self.write_button.setEnabled(False)
            self.summary.setText(self.tr("Writing…"))
            self.planner.write()

    @Slot(object, object)
    def _tell_written(self, plan: ExportPlan, report: ExportReport) -> None:
        self.summary.setText(" ".join((written_words(plan, report.backups), *map(tr_core, report.warnings))))
        self.open_button.setVisible(bool(report.written))
        self.plan_view.forget_ticks()
        self.written.emit()
        self.plan_again()

    @Slot()
    def _open_folder(self) -> None:
        path = self.path
        if path is None:
            return
        folder = path if path.is_dir() else path.parent
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            words = self.tr("No file manager answered. The folder is {path}.")
            self.summary.setText(words.format(path=isolated(str(folder))))

    @property
    @override
    def is_working(self) -> bool:
        return self.planner.is_writing

    @override
    def give_up(self) -> None:
        """A write is over in a moment, and is let end."""


def _is_there(plan: ExportPlan) -> bool:
    return any(change.before is not None for change in plan.changes)
