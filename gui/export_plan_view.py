"""What an export would do: the changed lines, what is lost, and what the person has to decide."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QStackedWidget,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.exporters.shape import label_of
from core.exporting import ExportPlan, ExportReport, Loss, Piece
from gui.badges import row_height
from gui.diff_view import DiffView
from gui.empty_state import EmptyState
from gui.export_words import conflict_words
from gui.icons import icon
from gui.words import one_line, tr_core


class ExportPlanView(QTabWidget):
    """Shows one plan. `decided` tells that a tick among the conflicts changed: `taken_over` says what is ticked."""

    decided = Signal()

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_plan")
        self.setDocumentMode(True)
        self.setAccessibleName(self.tr("What would happen"))
        self.tabBar().setAccessibleName(self.tr("What would happen"))
        self.diff = DiffView(f"{prefix}_diff", self.tr("Changes in the file"))
        self._same = EmptyState(f"{prefix}_same", "check", "", self.tr("The file is up to date."), is_quiet=True)
        self._changes = QStackedWidget()
        self._changes.addWidget(self.diff)
        self._changes.addWidget(self._same)
        self.losses = _tree(f"{prefix}_losses", self.tr("What is lost"))
        self.losses.setHeaderLabels([self.tr("Model"), self.tr("Setting"), self.tr("What is lost")])
        self._lossless = EmptyState(
            f"{prefix}_lossless", "circle-check", "", self.tr("Nothing is lost."), is_quiet=True
        )
        self._lost = QStackedWidget()
        self._lost.addWidget(self.losses)
        self._lost.addWidget(self._lossless)
        self.conflicts = _tree(f"{prefix}_conflicts", self.tr("To decide"))
        self.conflicts.setHeaderLabels([self.tr("Entry"), self.tr("Why it is left as it is")])
        self._decide = QWidget()
        layout = QVBoxLayout(self._decide)
        layout.setContentsMargins(0, self.fontMetrics().height() // 2, 0, 0)
        hint = QLabel(self.tr("Tick what Muster shall write all the same. What is not ticked stays as it is."))
        hint.setObjectName(f"{prefix}_decide_hint")
        hint.setWordWrap(True)
        layout.addWidget(hint)
        layout.addWidget(self.conflicts, 1)
        self.addTab(self._changes, icon("file"), self.tr("Changes"))
        self.addTab(self._lost, icon("info-circle"), self.tr("Losses"))
        self.addTab(self._decide, icon("alert-triangle"), self.tr("To decide"))
        self.setTabVisible(2, False)
        self._ticked: set[str] = set()
        self._row_size = QSize(0, row_height(self.fontMetrics()))
        self.conflicts.itemChanged.connect(self._take_tick)

    @property
    def taken_over(self) -> frozenset[str]:
        """The names of what shall be written although it stands there otherwise."""
        return frozenset(self._ticked)

    def forget_ticks(self) -> None:
        """Another file: nothing is decided about it."""
        self._ticked.clear()

    def set_ticks(self, names: Iterable[str]) -> None:
        """What was decided about the plan that is shown next."""
        self._ticked = set(names)

    def show_plan(self, plan: ExportPlan, report: ExportReport) -> None:
        """Shows what this plan would do."""
        self.diff.show_diff(report.diff)
        self._changes.setCurrentWidget(self.diff if report.diff else self._same)
        self._show_losses(plan.losses)
        self._show_conflicts(plan)

    def _show_losses(self, losses: tuple[Loss, ...]) -> None:
        self.losses.clear()
        for loss in losses:
            words = tr_core(loss.words)
            line = QTreeWidgetItem([one_line(loss.entry, 80), _field_words(loss.field), one_line(words)])
            line.setSizeHint(0, self._row_size)
            for column in range(3):
                line.setToolTip(column, words)
            self.losses.addTopLevelItem(line)
        self._lost.setCurrentWidget(self.losses if losses else self._lossless)
        count = f" ({len(losses):,})" if losses else ""
        self.setTabText(1, f"{self.tr('Losses')}{count}")
        for column in range(2):
            self.losses.resizeColumnToContents(column)

    def _show_conflicts(self, plan: ExportPlan) -> None:
        pieces = {piece.fragment.name: piece for piece in plan.conflicts}
        shown = {**dict.fromkeys(self._ticked), **pieces}
        self.conflicts.blockSignals(True)
        self.conflicts.clear()
        for name, piece in sorted(shown.items(), key=lambda pair: pair[0].casefold()):
            self.conflicts.addTopLevelItem(self._conflict_line(name, piece, plan))
        self.conflicts.blockSignals(False)
        self.conflicts.resizeColumnToContents(0)
        self.setTabVisible(2, bool(shown))
        count = len(pieces)
        self.setTabText(2, f"{self.tr('To decide')} ({count:,})" if count else self.tr("Decided"))

    def _conflict_line(self, name: str, piece: Piece | None, plan: ExportPlan) -> QTreeWidgetItem:
        words = self.tr("Muster writes it.") if piece is None else conflict_words(piece, plan.target.title)
        line = QTreeWidgetItem([one_line(name, 80), words])
        line.setData(0, Qt.ItemDataRole.UserRole, name)
        line.setFlags(line.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        line.setCheckState(0, Qt.CheckState.Checked if name in self._ticked else Qt.CheckState.Unchecked)
        line.setToolTip(1, words)
        line.setSizeHint(0, self._row_size)
        return line

    @Slot(QTreeWidgetItem, int)
    def _take_tick(self, line: QTreeWidgetItem, column: int) -> None:
        if column != 0:
            return
        name = str(line.data(0, Qt.ItemDataRole.UserRole))
        if line.checkState(0) is Qt.CheckState.Checked:
            self._ticked.add(name)
        else:
            self._ticked.discard(name)
        self.decided.emit()


def _field_words(name: str) -> str:
    return tr_core("Provider") if name == "provider" else tr_core(label_of(name))


def _tree(name: str, label: str) -> QTreeWidget:
    tree = QTreeWidget()
    tree.setObjectName(name)
    tree.setAccessibleName(label)
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    tree.setAlternatingRowColors(True)
    tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    tree.setTabKeyNavigation(False)
    tree.setTextElideMode(Qt.TextElideMode.ElideRight)
    tree.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    tree.header().setStretchLastSection(True)
    return tree
