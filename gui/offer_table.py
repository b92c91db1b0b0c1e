"""What a provider offers, as a table with a tick for each model that can be added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Final

from PySide6.QtCore import (
    QEvent,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QHelpEvent, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyleOptionViewItem, QWidget
from typing_extensions import override

from core.fields import BADGES, FIELDS
from core.offered_models import OfferComparison, OfferedModel
from gui.badges import CapabilityDelegate, CellDelegate, row_height
from gui.model_table import EFFECTIVE_ROLE
from gui.read_only_table import NumberDelegate, ReadOnlyTableModel, ReadOnlyTableView
from gui.roll_items import BadgeState, Effective, value_words
from gui.tick_outlines import with_seen_outline
from gui.words import one_line, tr_core

_Index = QModelIndex | QPersistentModelIndex
_Role = QPalette.ColorRole
_ROOT = QModelIndex()
_CHECKED, _UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked


class OfferState(StrEnum):
    """How an offered model stands to the roll."""

    NEW = "new"
    REGISTERED = "registered"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of the table. `model` is None where the provider lists it no more."""

    model_id: str
    state: OfferState
    model: OfferedModel | None
    search_text: str


class Column(IntEnum):
    """The table's columns."""

    MODEL_ID = 0
    STATE = 1
    DECLARED = 2
    CONTEXT = 3


_WIDTH_CHARS: Final[Mapping[int, int]] = {Column.STATE: 26, Column.DECLARED: 30, Column.CONTEXT: 10}


def offers_of(comparison: OfferComparison) -> list[Offer]:
    """New models first, then the ones on the roll, then what is gone."""
    found = [_offer(model, OfferState.NEW) for model in comparison.new]
    found += [_offer(model, OfferState.REGISTERED) for model in comparison.registered]
    found += [Offer(model_id, OfferState.GONE, None, model_id.casefold()) for model_id in comparison.gone]
    return found


def _offer(model: OfferedModel, state: OfferState) -> Offer:
    words = [model.model_id]
    words += [tr_core(spec.badge.word) for spec in BADGES if spec.badge is not None and model.declared.get(spec.name)]
    return Offer(model.model_id, state, model, "\n".join(words).casefold())


def badges_of(model: OfferedModel | None) -> Effective:
    """What the endpoint declares, as badges; nothing where it does not say."""
    declared = model.declared if model is not None else {}
    return Effective(tuple(_badge_state(declared.get(spec.name)) for spec in BADGES), ())


def _badge_state(declared: Any) -> BadgeState:
    if declared is None:
        return BadgeState.UNKNOWN
    return BadgeState.YES if declared else BadgeState.NO


class OfferTableModel(ReadOnlyTableModel):
    """The offers that the search and the chosen state let through. `ticked` tells that the ticks changed."""

    ticked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(Column, numbers=(Column.CONTEXT,), parent=parent)
        self._offers: list[Offer] = []
        self._shown: list[Offer] = []
        self._ticked: set[str] = set()
        self._words: tuple[str, ...] = ()
        self._state: OfferState | None = None

    def set_offers(self, offers: Sequence[Offer]) -> None:
        """Shows these, with no tick but those that were set on models that are still new."""
        self._offers = list(offers)
        self._ticked &= {offer.model_id for offer in offers if offer.state is OfferState.NEW}
        self._filter()
        self.ticked.emit()

    def set_filter(self, text: str, state: OfferState | None) -> None:
        """Lets through what has all words and that state."""
        self._words, self._state = tuple(text.casefold().split()), state
        self._filter()

    def _filter(self) -> None:
        self.beginResetModel()
        self._shown = [
            offer
            for offer in self._offers
            if (self._state is None or offer.state is self._state)
            and all(word in offer.search_text for word in self._words)
        ]
        self.endResetModel()

    def offer(self, row: int) -> Offer:
        """What stands in that visible row."""
        return self._shown[row]

    def count(self, state: OfferState | None = None) -> int:
        """How many there are in that state, hidden ones too."""
        return sum(state is None or offer.state is state for offer in self._offers)

    @property
    def chosen(self) -> tuple[Offer, ...]:
        """The ticked ones, hidden ones too, in the provider's order."""
        return tuple(offer for offer in self._offers if offer.model_id in self._ticked)

    def tick(self, rows: Iterable[int], *, on: bool) -> None:
        """Sets or takes away the ticks of these visible rows, where they can have one."""
        names = {self._shown[row].model_id for row in rows if self._shown[row].state is OfferState.NEW}
        before = set(self._ticked)
        if on:
            self._ticked |= names
        else:
            self._ticked -= names
        if self._ticked != before:
            self._tell_ticks()

    def clear_ticks(self) -> None:
        """Takes all ticks away."""
        if self._ticked:
            self._ticked.clear()
            self._tell_ticks()

    def _tell_ticks(self) -> None:
        if self._shown:
            first, last = self.index(0, 0), self.index(len(self._shown) - 1, 0)
            self.dataChanged.emit(first, last, [Qt.ItemDataRole.CheckStateRole])
        self.ticked.emit()

    @override
    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        can_tick = index.column() == Column.MODEL_ID and self._shown[index.row()].state is OfferState.NEW
        return flags | Qt.ItemFlag.ItemIsUserCheckable if can_tick else flags

    @property
    @override
    def lines(self) -> Sequence[Offer]:
        return self._shown

    @override
    def titles(self) -> tuple[str, ...]:
        return self.tr("Model ID"), self.tr("On your roll"), self.tr("Declares"), self.tr("Context")

    @override
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        offer = self._shown[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._text(offer, index.column())
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == Column.MODEL_ID:
            if offer.state is OfferState.NEW:
                return _CHECKED if offer.model_id in self._ticked else _UNCHECKED
        elif role == EFFECTIVE_ROLE:
            return badges_of(offer.model)
        elif role == Qt.ItemDataRole.ToolTipRole:
            return self._tool_tip(offer)
        return None

    @override
    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != Column.MODEL_ID:
            return False
        self.tick([index.row()], on=Qt.CheckState(value) is _CHECKED)
        return True

    def _text(self, offer: Offer, column: int) -> str:
        match column:
            case Column.MODEL_ID:
                return one_line(offer.model_id)
            case Column.STATE:
                return self._state_words(offer)
            case Column.DECLARED:
                return self._declared_words(offer)
            case _:
                context = offer.model.limits.get("context_tokens") if offer.model is not None else None
                return QLocale().toString(context) if context else ""

    def _state_words(self, offer: Offer) -> str:
        if offer.model is not None and offer.model.answers_chat is False:
            return {
                OfferState.NEW: self.tr("New, not for chat"),
                OfferState.REGISTERED: self.tr("Registered, not for chat"),
            }[offer.state]
        return {
            OfferState.NEW: self.tr("New"),
            OfferState.REGISTERED: self.tr("Registered"),
            OfferState.GONE: self.tr("Gone since last time"),
        }[offer.state]

    def _declared_words(self, offer: Offer) -> str:
        declared = offer.model.declared if offer.model is not None else {}
        return ", ".join(
            f"{tr_core(spec.badge.word)}: {tr_core(spec.describe(declared[spec.name]))}"
            for spec in BADGES
            if spec.badge is not None and spec.name in declared
        )

    def _tool_tip(self, offer: Offer) -> str:
        if offer.model is None:
            return self.tr("The provider listed it before and does so no more.")
        lines = [one_line(offer.model_id)]
        lines += [
            f"{tr_core(FIELDS[name].label)}: {value_words(FIELDS[name], value)}"
            for name, value in offer.model.declared.items()
            if name in FIELDS
        ]
        return "\n".join(lines)


class _TickDelegate(CellDelegate):
    """A model ID after its tick; what is gone is struck out."""

    @override
    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        super().initStyleOption(option, index)
        option.palette = with_seen_outline(option.palette)

    @override
    def paint_content(
        self, painter: QPainter, cell: QStyleOptionViewItem, rect: QRect, text: str, index: _Index
    ) -> None:
        style = cell.widget.style()
        box = style.pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth, cell, cell.widget)
        state = index.data(Qt.ItemDataRole.CheckStateRole)
        if state is None:
            font = cell.font
            model = index.model()
            font.setStrikeOut(isinstance(model, OfferTableModel) and model.offer(index.row()).state is OfferState.GONE)
            painter.setFont(font)
        role = _Role.PlaceholderText if state is None else _Role.Text
        self.paint_text(painter, cell, rect.adjusted(box, 0, 0, 0), text, self.text_colour(cell, role))

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return super().sizeHint(option, index) + QSize(row_height(option.fontMetrics), 0)


class _DeclaredDelegate(CapabilityDelegate):
    """Badges; pointed at, each says what the endpoint declares."""

    @override
    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: _Index
    ) -> bool:
        if event.type() == QEvent.Type.ToolTip and not index.data():
            return False
        return super().helpEvent(event, view, option, index)


class OfferTableView(ReadOnlyTableView):
    """Shows the offers; Space sets or takes away the ticks of the selected rows."""

    def __init__(self, model: OfferTableModel, parent: QWidget | None = None) -> None:
        super().__init__("offers", self.tr("Models that the provider offers"), parent)
        self.columns.setObjectName("offer_columns")
        self._model = model
        delegates = (
            _TickDelegate(self),
            CellDelegate(self, role=_Role.PlaceholderText),
            _DeclaredDelegate(self),
            NumberDelegate(self),
        )
        self.show_columns(model, delegates, width_chars=_WIDTH_CHARS, stretched=Column.MODEL_ID)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        rows = self.selected_rows()
        if event.key() != Qt.Key.Key_Space or not rows:
            super().keyPressEvent(event)
            return
        ticked = {offer.model_id for offer in self._model.chosen}
        can_tick = [row for row in rows if self._model.offer(row).state is OfferState.NEW]
        self._model.tick(can_tick, on=any(self._model.offer(row).model_id not in ticked for row in can_tick))
