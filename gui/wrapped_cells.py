"""Cells of a tree whose texts are shown whole, on as many lines as they need."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QTreeView
from typing_extensions import override

from gui.badges import row_height
from gui.tick_outlines import TickDelegate

_Index = QModelIndex | QPersistentModelIndex


class WrappedCells(TickDelegate):
    """Breaks texts at the width of their column. Qt's own trees ask for the height of one line alone."""

    def __init__(self, tree: QTreeView) -> None:
        super().__init__(tree)
        self._tree = tree
        tree.setWordWrap(True)
        tree.setItemDelegate(self)
        # A text takes more lines in a narrower column.
        tree.header().sectionResized.connect(lambda *_: tree.scheduleDelayedItemsLayout())

    @override
    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        super().initStyleOption(option, index)
        option.displayAlignment = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        metrics, width = option.fontMetrics, self._text_width(index)
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        flags = int(Qt.AlignmentFlag.AlignLeft) | int(Qt.TextFlag.TextWordWrap)
        wrapped = metrics.boundingRect(QRect(0, 0, width, 1 << 20), flags, text)
        space = row_height(metrics) - metrics.height()
        return QSize(super().sizeHint(option, index).width(), wrapped.height() + space)

    def _text_width(self, index: _Index) -> int:
        style = self._tree.style()
        width = self._tree.columnWidth(index.column()) - 2 * (
            style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin) + 1
        )
        if index.column() == 0:
            levels = int(self._tree.rootIsDecorated())
            above = index.parent()
            while above.isValid():
                levels, above = levels + 1, above.parent()
            width -= self._tree.indentation() * levels
        if index.data(Qt.ItemDataRole.CheckStateRole) is not None:
            width -= style.pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth) * 2
        return max(width, self._tree.fontMetrics().averageCharWidth() * 8)
