"""The table: keyboard, columns, and a selection that outlives a change of the rows."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QTableView, QWidget
from typing_extensions import override

from gui.badges import (
    CapabilityDelegate,
    CellDelegate,
    NameDelegate,
    SettingsDelegate,
    SourceDelegate,
    row_height,
)
from gui.model_table import Column, ModelTableModel
from gui.read_only_table import ReadOnlyTableView
from gui.roll_items import RollItem

# Average characters that a column gets at most and at least when it is sized from its content. What is missing in
# the width is taken from the columns in the order of `_GIVING_WAY`.
_WIDEST = {Column.MODEL: 38, Column.MODEL_ID: 34, Column.PROVIDER: 22}
_NARROWEST = {Column.MODEL: 22, Column.MODEL_ID: 16, Column.PROVIDER: 13}
_GIVING_WAY = (Column.MODEL_ID, Column.MODEL, Column.PROVIDER)
_MEASURED_ROWS = 200
_SHARE_OF_SPARE = 4


class ModelTableView(ReadOnlyTableView):
    """Shows the roll. `item_activated` brings the key of the row that Enter or a double click opens."""

    selection_changed = Signal()
    item_activated = Signal(str)

    def __init__(self, model: ModelTableModel, parent: QWidget | None = None) -> None:
        super().__init__("models", self.tr("Models"), parent)
        self._model = model
        self._kept_keys: list[str] = []
        self._hidden_keys: list[str] = []
        """What was selected and is not shown now; whoever selects anew forgets it."""
        self._kept_row = 0
        self._kept_current: str | None = None
        self._has_own_columns = False
        self._measured: dict[Column, int] = {}
        self._capabilities = CapabilityDelegate(self)
        self.setModel(model)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        delegates = {
            Column.MODEL: NameDelegate(self),
            Column.MODEL_ID: CellDelegate(
                self, role=QPalette.ColorRole.PlaceholderText, elide=Qt.TextElideMode.ElideMiddle
            ),
            Column.PROVIDER: CellDelegate(self),
            Column.CAPABILITIES: self._capabilities,
            Column.SETTINGS: SettingsDelegate(self),
            Column.SOURCE: SourceDelegate(self),
        }
        for column, delegate in delegates.items():
            self.setItemDelegateForColumn(column, delegate)
        header = self.columns
        header.dragged.connect(self.keep_columns)
        header.setObjectName("model_columns")
        header.setSectionsClickable(True)
        header.setSectionsMovable(True)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setMinimumSectionSize(self.fontMetrics().averageCharWidth() * 6)
        header.setSortIndicatorClearable(True)
        self.setSortingEnabled(True)
        model.modelAboutToBeReset.connect(self._keep_selection)
        model.modelReset.connect(self._restore_selection)
        self.selectionModel().selectionChanged.connect(self._tell_selection)
        self.doubleClicked.connect(self._activate)

    def selected_items(self) -> list[RollItem]:
        """What is selected, from top to bottom."""
        return [self._model.item(row) for row in self.selected_rows()]

    def current_item(self) -> RollItem | None:
        """The one row that the details are about: the current one if selected, else the first selected."""
        current = self.currentIndex()
        if current.isValid() and self.selectionModel().isRowSelected(current.row()):
            return self._model.item(current.row())
        return next(iter(self.selected_items()), None)

    def select_keys(self, keys: list[str], *, scroll: bool = True) -> None:
        """Selects these rows, as far as they are visible, and brings the first of them into view."""
        rows = [row for row in (self._model.position_of(key) for key in keys) if row is not None]
        selection = QItemSelection()
        for row in rows:
            selection.select(self._model.index(row, 0), self._model.index(row, len(Column) - 1))
        flags = QItemSelectionModel.SelectionFlag
        if rows:
            self.selectionModel().setCurrentIndex(self._model.index(rows[0], 0), flags.NoUpdate)
        self.selectionModel().select(selection, flags.ClearAndSelect)
        if rows and scroll:
            self.scrollTo(self._model.index(rows[0], 0))

    def select_next(self) -> None:
        """Selects the row that has taken the place of the selected ones that are gone."""
        row = min(self._kept_row, self._model.rowCount() - 1)
        if row >= 0 and not self.selectionModel().hasSelection():
            self.selectRow(row)

    @property
    def has_own_columns(self) -> bool:
        """Whether the person gave the columns their widths."""
        return self._has_own_columns

    def keep_columns(self) -> None:
        """The columns have the person's widths: they are theirs from now on."""
        self._has_own_columns = True

    def size_columns(self) -> None:
        """Measures the columns' content, once, and fits them into the room as long as the person has not sized them."""
        if self._has_own_columns or not self._model.rowCount() or not self.isVisible():
            return
        if not self._measured:
            header, width = self.horizontalHeader(), self.fontMetrics().averageCharWidth()
            header.setResizeContentsPrecision(_MEASURED_ROWS)
            for column in Column:
                wanted = max(self.sizeHintForColumn(column), header.sectionSizeHint(column))
                widest = _WIDEST.get(column)
                self._measured[column] = (
                    wanted if widest is None else max(_NARROWEST[column] * width, min(wanted, widest * width))
                )
        self._fit_columns(dict(self._measured))

    def _fit_columns(self, sizes: dict[Column, int]) -> None:
        spare = self.viewport().width() - sum(sizes.values())
        for column in _GIVING_WAY if spare < 0 else ():
            given = max(0, min(-spare, sizes[column] - _NARROWEST[column] * self.fontMetrics().averageCharWidth()))
            sizes[column] -= given
            spare += given
        more = self._capabilities.width_with_words(self.fontMetrics()) - sizes[Column.CAPABILITIES]
        if 0 < more <= spare:
            sizes[Column.CAPABILITIES] += more
            spare -= more
        if spare > 0:
            for column in (Column.MODEL, Column.MODEL_ID):
                sizes[column] += spare // _SHARE_OF_SPARE
        for column, size in sizes.items():
            self.horizontalHeader().resizeSection(column, size)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.size_columns()

    def _keep_selection(self) -> None:
        self._kept_keys = [*(item.key for item in self.selected_items()), *self._hidden_keys]
        self._kept_row = min((index.row() for index in self.selectionModel().selectedRows()), default=0)
        current = self.current_item()
        self._kept_current = current.key if current else None

    def _restore_selection(self) -> None:
        keys = self._kept_keys
        if self._kept_current in keys:
            keys = (
                [self._kept_current, *(key for key in keys if key != self._kept_current)]
                if self._kept_current
                else keys
            )
        self.select_keys(keys, scroll=False)
        self._hidden_keys = [key for key in keys if self._model.position_of(key) is None]
        self.selection_changed.emit()

    def _tell_selection(self) -> None:
        self._hidden_keys = []
        self.selection_changed.emit()

    def _activate(self, index: QModelIndex) -> None:
        if index.isValid():
            self.item_activated.emit(self._model.item(index.row()).key)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if (
            event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        ):
            item = self.current_item()
            if item is not None:
                self.item_activated.emit(item.key)
                return
        super().keyPressEvent(event)

    @override
    def sizeHint(self) -> QSize:
        width = self.fontMetrics().averageCharWidth()
        return QSize(width * 100, row_height(self.fontMetrics()) * 14)
