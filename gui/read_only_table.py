"""What the tables share that a person selects in and does not type in: titles, numbers at the right, columns, keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    Qt,
)
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)
from typing_extensions import override

from gui.badges import CellDelegate, margin, row_height
from gui.column_header import ColumnHeader
from gui.run_figures import with_tabular_figures

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ReadOnlyTableModel(QAbstractTableModel):
    """A table model with a line for each item of `lines`. What derives from it says what stands in a cell with `data`.

    `columns` numbers the columns from 0; those in `numbers` stand at the right.
    """

    def __init__(self, columns: type[IntEnum], *, numbers: Collection[int] = (), parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._column_count = len(columns)
        self._numbers = frozenset(numbers)

    @property
    def lines(self) -> Sequence[object]:
        """What the rows are about, from top to bottom."""
        raise NotImplementedError

    def titles(self) -> Sequence[str]:
        """The columns' titles, in their order."""
        raise NotImplementedError

    def tell_changed(self, row: int) -> None:
        """That row has news."""
        self.dataChanged.emit(self.index(row, 0), self.index(row, self._column_count - 1))

    @override
    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.lines)

    @override
    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else self._column_count

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Vertical or not 0 <= section < self._column_count:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.titles()[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section in self._numbers:
            return _RIGHT
        return None


class NumberDelegate(CellDelegate):
    """A number at the right, in figures of one width."""

    @override
    def paint_text(self, painter: QPainter, cell: QStyleOptionViewItem, rect: QRect, text: str, colour: QColor) -> None:
        painter.setFont(with_tabular_figures(cell.font))
        painter.setPen(colour)
        painter.drawText(rect, _RIGHT, text)


class ReadOnlyTableView(QTableView):
    """A quiet table of whole rows: no grid, no editing, and Tab leaves it."""

    def __init__(self, name: str, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible_name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(1)
        rows.setDefaultSectionSize(row_height(self.fontMetrics()))
        self.columns = ColumnHeader(self)
        self.columns.setAccessibleName(self.tr("Columns"))
        self.columns.setHighlightSections(False)
        self.columns.setSectionsClickable(False)
        self.columns.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setHorizontalHeader(self.columns)

    def show_columns(
        self,
        model: QAbstractItemModel,
        delegates: Sequence[QStyledItemDelegate],
        *,
        width_chars: Mapping[int, int],
        stretched: int,
    ) -> None:
        """Shows the model: a delegate for each column, a width for all but the one that takes the room that is left."""
        self.setModel(model)
        for column, delegate in enumerate(delegates):
            self.setItemDelegateForColumn(column, delegate)
        char, space = self.fontMetrics().averageCharWidth(), margin(self.fontMetrics())
        for column, chars in width_chars.items():
            self.columns.resizeSection(column, chars * char + 2 * space)
        if stretched == len(delegates) - 1:
            self.columns.setStretchLastSection(True)  # keeps its width where the others leave none
        else:
            self.columns.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)

    def selected_rows(self) -> list[int]:
        """What is selected, from top to bottom."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())
