"""What an export would do: the changed lines, what is lost, and what the person has to decide."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QStackedWidget,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.exporting import ExportPlan, ExportReport, Piece
from gui.diff_view import DiffView
from gui.empty_state import EmptyState
from gui.export_words import conflict_words, same_words
from gui.icons import icon
from gui.loss_list import LossList, grouped
from gui.words import one_line
from gui.wrapped_cells import WrappedCells


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
        self.losses = LossList(f"{prefix}_losses")
        self.same = EmptyState(f"{prefix}_same", "check", "", "", is_quiet=True)
        lossless = EmptyState(f"{prefix}_lossless", "circle-check", "", self.tr("Nothing is lost."), is_quiet=True)
        self._changes = _pages(self.diff, self.same, self._waiting(f"{prefix}_changes_wait"))
        self._lost = _pages(self.losses, lossless, self._waiting(f"{prefix}_losses_wait"))
        self.conflicts = _conflict_tree(f"{prefix}_conflicts", self.tr("To decide"))
        self.conflicts.setHeaderLabels([self.tr("Entry"), self.tr("Why it is left as it is")])
        self._decide = QWidget()
        layout = QVBoxLayout(self._decide)
        layout.setContentsMargins(0, self.fontMetrics().height() // 2, 0, 0)
        self._hint = QLabel(self.tr("Tic&k what Muster is to write all the same. What is not ticked stays as it is."))
        self._hint.setObjectName(f"{prefix}_decide_hint")
        self._hint.setWordWrap(True)
        self._hint.setBuddy(self.conflicts)
        layout.addWidget(self._hint)
        layout.addWidget(self.conflicts, 1)
        self.addTab(self._changes, icon("file"), self.tr("Changes"))
        self.addTab(self._lost, icon("info-circle"), self.tr("Losses"))
        self.addTab(self._decide, icon("alert-triangle"), self.tr("To decide"))
        self.setTabVisible(self.indexOf(self._decide), False)
        self._ticked: set[str] = set()
        self.conflicts.itemChanged.connect(self._take_tick)

    def _waiting(self, name: str) -> EmptyState:
        return EmptyState(name, "clock", "", self.tr("Looking at the file…"), is_quiet=True)

    @property
    def is_waiting(self) -> bool:
        """Whether it says that the plan is waited for."""
        return self._changes.currentIndex() == self._changes.count() - 1

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

    def show_waiting(self) -> None:
        """Nothing is known yet: no other file's plan stands there meanwhile."""
        for pages in (self._changes, self._lost):
            pages.setCurrentIndex(pages.count() - 1)
        self._name_tab(self._lost, self.tr("Losses"))
        self.setTabVisible(self.indexOf(self._decide), False)

    def show_changes(self) -> None:
        """Turns to the changed lines."""
        self.setCurrentWidget(self._changes)

    def show_losses(self) -> None:
        """Turns to what is lost."""
        self.setCurrentWidget(self._lost)

    def show_conflicts(self) -> None:
        """Turns to what is to be decided."""
        self.setCurrentWidget(self._decide)

    def show_plan(self, plan: ExportPlan, report: ExportReport) -> None:
        """Shows what this plan would do."""
        self.diff.show_diff(report.diff)
        self.same.set_text(same_words(plan))
        self._changes.setCurrentWidget(self.diff if report.diff else self.same)
        self.losses.show_losses(grouped(plan.losses))
        self._lost.setCurrentIndex(0 if plan.losses else 1)
        self._name_tab(self._lost, self.tr("Losses"), self.losses.topLevelItemCount())
        self._fill_conflicts(plan)

    def _name_tab(self, page: QWidget, words: str, count: int = 0) -> None:
        self.setTabText(self.indexOf(page), f"{words} ({count:,})" if count else words)

    def _fill_conflicts(self, plan: ExportPlan) -> None:
        pieces = {piece.fragment.name: piece for piece in plan.conflicts}
        shown = {**dict.fromkeys(self._ticked), **pieces}
        lines = [
            self._conflict_line(name, piece, plan)
            for name, piece in sorted(shown.items(), key=lambda pair: pair[0].casefold())
        ]
        current = self.conflicts.currentItem()
        at = self.conflicts.indexOfTopLevelItem(current) if current is not None else -1
        self.conflicts.blockSignals(True)
        self.conflicts.clear()
        self.conflicts.addTopLevelItems(lines)
        self.conflicts.blockSignals(False)
        if 0 <= at < len(lines):
            self.conflicts.setCurrentItem(lines[at])
        self.conflicts.setColumnWidth(0, self.fontMetrics().averageCharWidth() * 38)
        self.setTabVisible(self.indexOf(self._decide), bool(shown))
        self._name_tab(self._decide, self.tr("To decide") if pieces else self.tr("Decided"), len(pieces))

    def _conflict_line(self, name: str, piece: Piece | None, plan: ExportPlan) -> QTreeWidgetItem:
        words = self.tr("Muster writes it.") if piece is None else conflict_words(piece, plan.target.title)
        line = QTreeWidgetItem([one_line(name, 80), words])
        line.setData(0, Qt.ItemDataRole.UserRole, name)
        line.setFlags(line.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        line.setCheckState(0, Qt.CheckState.Checked if name in self._ticked else Qt.CheckState.Unchecked)
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


def _pages(*widgets: QWidget) -> QStackedWidget:
    pages = QStackedWidget()
    for widget in widgets:
        pages.addWidget(widget)
    return pages


def _conflict_tree(name: str, label: str) -> QTreeWidget:
    tree = QTreeWidget()
    tree.setObjectName(name)
    tree.setAccessibleName(label)
    tree.setRootIsDecorated(False)
    WrappedCells(tree)
    tree.setAlternatingRowColors(True)
    tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    tree.setTabKeyNavigation(False)
    tree.header().setStretchLastSection(True)
    return tree
