"""A combo box over the available models, whose list opens with a filter: `ModelPicker`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListView, QVBoxLayout, QWidget
from typing_extensions import override

from gui.combo_boxes import SteadyComboBox
from gui.icons import icon
from gui.model_rows import ModelRowDelegate, ModelRows
from gui.screen_room import screen_room

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.offers import ModelGroup, OfferedModel

_ROWS_SHOWN: Final = 14
_MOVING_KEYS: Final = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class ModelPicker(SteadyComboBox):
    """Which model to use. `picked` carries the `OfferedModel`, or None, whenever another one is chosen."""

    picked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("model_picker")
        self.setAccessibleName(self.tr("Model"))
        self.setPlaceholderText(self.tr("Choose a model"))
        self.setMinimumContentsLength(12)
        self._rows = ModelRows(self)
        self.setModel(self._rows)
        self._popup: _ModelPopup | None = None
        self._groups: tuple[ModelGroup, ...] = ()
        self.currentIndexChanged.connect(self._tell)

    @property
    def picked_model(self) -> OfferedModel | None:
        """The chosen model."""
        return self._rows.model_at(self.currentIndex())

    @property
    def picked_group(self) -> str:
        """The title under which the chosen model stands."""
        return self._rows.group_at(self.currentIndex())

    @property
    def has_models(self) -> bool:
        """Whether there is anything to choose."""
        return self._rows.first_row() >= 0

    def set_groups(self, groups: Iterable[ModelGroup]) -> None:
        """Offer other models. The chosen one stays chosen where it is still among them, else the first one is."""
        before = self.picked_model
        self._groups = tuple(groups)
        self.blockSignals(True)
        self._rows.set_groups(self._groups)
        row = -1
        if before is not None:
            row = self._rows.row_of(before.reference, before.provider_name)
        self.setCurrentIndex(row if row >= 0 else self._rows.first_row())
        self.blockSignals(False)
        self._tell()

    def select(self, reference: str, provider_name: str | None = None) -> bool:
        """Choose the model with that reference; False where it is not offered."""
        row = self._rows.row_of(reference, provider_name)
        if row >= 0:
            self.setCurrentIndex(row)
        return row >= 0

    @override
    def showPopup(self) -> None:
        if self._popup is None:
            self._popup = _ModelPopup(self)
            self._popup.chosen.connect(self._take)
        current = self.picked_model
        self._popup.open_below(self, self._groups, current)

    @override
    def hidePopup(self) -> None:
        if self._popup is not None:
            self._popup.hide()
        super().hidePopup()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        typed = event.text()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier
        if typed.strip() and typed.isprintable() and plain:
            self.showPopup()
            if self._popup is not None:
                self._popup.filter_edit.setText(typed)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            self.showPopup()
        else:
            super().keyPressEvent(event)

    @Slot(object)
    def _take(self, model: OfferedModel) -> None:
        self.select(model.reference, model.provider_name)
        self.setFocus()

    @Slot()
    def _tell(self) -> None:
        model = self.picked_model
        self.setToolTip("" if model is None else f"{model.label}\n{model.model_id}")
        self.picked.emit(model)


class _ModelPopup(QFrame):
    """The list with its filter; `chosen` carries an `OfferedModel`."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("model_picker_popup")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.filter_edit = QLineEdit(self)
        self.filter_edit.setObjectName("model_filter")
        self.filter_edit.setAccessibleName(self.tr("Filter models"))
        self.filter_edit.setPlaceholderText(self.tr("Filter by name, ID or provider"))
        self.filter_edit.setClearButtonEnabled(True)
        self.filter_edit.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.filter_edit.installEventFilter(self)
        self._rows = ModelRows(self)
        self._list = QListView(self)
        self._list.setObjectName("model_list")
        self._list.setAccessibleName(self.tr("Models"))
        self._list.setModel(self._rows)
        self._list.setItemDelegate(ModelRowDelegate(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setMouseTracking(True)
        self._nothing = QLabel(self)
        self._nothing.setWordWrap(True)
        self._nothing.setObjectName("model_list_empty")
        gap = self.fontMetrics().height() // 3
        self._nothing.setMargin(gap)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(gap, gap, gap, gap)
        layout.setSpacing(gap)
        layout.addWidget(self.filter_edit)
        layout.addWidget(self._nothing)
        layout.addWidget(self._list, 1)
        self.filter_edit.textChanged.connect(self._filter)
        self._list.clicked.connect(self._choose)
        self._list.entered.connect(self._list.setCurrentIndex)

    def open_below(self, box: QWidget, groups: tuple[ModelGroup, ...], current: OfferedModel | None) -> None:
        """Show the models under `box`, the current one marked."""
        self._rows.set_groups(groups)
        self.filter_edit.clear()
        row = -1 if current is None else self._rows.row_of(current.reference, current.provider_name)
        self._mark(row if row >= 0 else self._rows.first_row())
        self._say_nothing_found()
        metrics = self.fontMetrics()
        rows = max(4, min(_ROWS_SHOWN, self._rows.rowCount() + 1))
        height = round(metrics.height() * 1.7) * rows + self.filter_edit.sizeHint().height() + metrics.height() * 2
        width = max(box.width(), metrics.averageCharWidth() * 46)
        self.setGeometry(_placed(box, QSize(width, height)))
        self.show()
        self.filter_edit.setFocus()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in _MOVING_KEYS:
                self._move(event)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose(self._list.currentIndex())
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.hide()
                return True
        return super().eventFilter(watched, event)

    def _move(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_PageUp: -_ROWS_SHOWN,
            Qt.Key.Key_PageDown: _ROWS_SHOWN,
        }[Qt.Key(event.key())]
        count = self._rows.rowCount()
        row = max(0, min(count - 1, self._list.currentIndex().row() + step))
        direction = 1 if step > 0 else -1
        while 0 <= row < count and self._rows.model_at(row) is None:
            row += direction
        if 0 <= row < count:
            self._mark(row)

    def _mark(self, row: int) -> None:
        index = self._rows.index(row)
        self._list.setCurrentIndex(index)
        self._list.scrollTo(index)

    def _say_nothing_found(self) -> None:
        found = self._rows.first_row() >= 0
        self._nothing.setVisible(not found)
        if self.filter_edit.text():
            self._nothing.setText(self.tr("No model has these words."))
        else:
            self._nothing.setText(self.tr("There is no model yet. Add one, or set up a provider."))

    @Slot(str)
    def _filter(self, text: str) -> None:
        self._rows.filter_by(text)
        self._mark(self._rows.first_row())
        self._say_nothing_found()

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        model = self._rows.model_at(index.row()) if index.isValid() else None
        if model is not None:
            self.hide()
            self.chosen.emit(model)


def _placed(box: QWidget, size: QSize) -> QRect:
    """Below the box, or above it where the screen ends; never beyond the screen's edges."""
    screen = screen_room(box)
    below = box.mapToGlobal(QPoint(0, box.height()))
    width, height = min(size.width(), screen.width()), min(size.height(), screen.height())
    top = below.y()
    if top + height > screen.bottom():
        above = below.y() - box.height() - height
        top = above if above >= screen.top() else screen.bottom() - height
    left = max(screen.left(), min(below.x(), screen.right() - width))
    return QRect(left, top, width, height)
