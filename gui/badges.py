"""How the table's cells are drawn: texts with room around them, capability badges, the settings badge, the source.

A badge tells its state by shape as well as colour: filled is yes, an outline is no, dots are not set, a bolt says that
measuring found otherwise.
"""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
)
from typing_extensions import override

from core.fields import BADGES, FieldSpec
from gui.colours import mixed
from gui.icons import paint_icon
from gui.model_table import EFFECTIVE_ROLE, ITEM_ROLE
from gui.roll_items import BadgeState, Effective, RollItem, Standing
from gui.theme import tones
from gui.words import tr_core

_Index = QModelIndex | QPersistentModelIndex
_Role = QPalette.ColorRole

_KEPT_DRAWINGS = 512
FAINT_SHARE = 0.72
"""How much of its colour the icon of an unset capability keeps: the least that can still be told from its ground."""


def row_height(metrics: QFontMetrics) -> int:
    """The height of a row of the table."""
    return round(metrics.height() * 1.9)


def margin(metrics: QFontMetrics) -> int:
    """The room at both sides of a cell's content."""
    return round(metrics.height() * 0.55)


class CellDelegate(QStyledItemDelegate):
    """A text on one line, cut at its end, with room at both sides. Others draw their content instead."""

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        role: QPalette.ColorRole = _Role.Text,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__(parent)
        self._text_role = role
        self._elide = elide

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        text, cell.text = cell.text, ""
        if cell.state & QStyle.StateFlag.State_Selected:
            # The selected row shows where the keyboard is.
            cell.state &= ~QStyle.StateFlag.State_HasFocus
        style = cell.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, cell, painter, cell.widget)
        space = margin(cell.fontMetrics)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(cell.font)
        self.paint_content(painter, cell, cell.rect.adjusted(space, 0, -space, 0), text, index)
        painter.restore()

    def paint_content(
        self,
        painter: QPainter,
        cell: QStyleOptionViewItem,
        rect: QRect,
        text: str,
        index: _Index,  # noqa: ARG002
    ) -> None:
        """Draws what stands in the cell; `rect` is the cell less its margins."""
        self.paint_text(painter, cell, rect, text, self.text_colour(cell, self._text_role))

    def paint_text(self, painter: QPainter, cell: QStyleOptionViewItem, rect: QRect, text: str, colour: QColor) -> None:
        """Draws a text, cut to the width."""
        painter.setPen(colour)
        painter.drawText(
            rect,
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine,
            cell.fontMetrics.elidedText(text, self._elide, rect.width()),
        )

    def paint_pair(
        self, painter: QPainter, cell: QStyleOptionViewItem, rect: QRect, text: str, value: str, colour: QColor
    ) -> None:
        """Draws a value at the right in its colour, and at the left a text, which gives way."""
        metrics = cell.fontMetrics
        shown = metrics.elidedText(value, Qt.TextElideMode.ElideRight, rect.width() * 11 // 20)
        painter.setPen(colour)
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown)
        room = rect.adjusted(0, 0, -metrics.horizontalAdvance(shown) - metrics.height() // 2, 0)
        self.paint_text(painter, cell, room, text, self.text_colour(cell))

    def text_colour(self, cell: QStyleOptionViewItem, role: QPalette.ColorRole = _Role.Text) -> QColor:
        """The colour for text in this cell, selected or not."""
        return cell.palette.color(_Role.HighlightedText if cell.state & QStyle.StateFlag.State_Selected else role)

    def ground(self, cell: QStyleOptionViewItem) -> QColor:
        """The colour behind the cell's content."""
        return cell.palette.color(_Role.Highlight if cell.state & QStyle.StateFlag.State_Selected else _Role.Base)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        width = option.fontMetrics.horizontalAdvance(str(index.data() or "")) + 2 * margin(option.fontMetrics) + 2
        return QSize(width, row_height(option.fontMetrics))


class NameDelegate(CellDelegate):
    """The display name; of a row that cannot be read, that it cannot."""

    @override
    def paint_content(
        self, painter: QPainter, cell: QStyleOptionViewItem, rect: QRect, text: str, index: _Index
    ) -> None:
        item = index.data(ITEM_ROLE)
        readable = isinstance(item, RollItem) and item.row.entry is not None
        if not readable:
            font = cell.font
            font.setItalic(True)
            painter.setFont(font)
        self.paint_text(
            painter, cell, rect, text, self.text_colour(cell, _Role.Text if readable else _Role.PlaceholderText)
        )


class CapabilityDelegate(CellDelegate):
    """One badge for each capability, always at the same place, with its word where the column is wide enough."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._drawn: dict[tuple[object, ...], QPixmap] = {}

    @override
    def paint_content(
        self, painter: QPainter, cell: QStyleOptionViewItem, rect: QRect, text: str, index: _Index
    ) -> None:
        effective = index.data(EFFECTIVE_ROLE)
        if not isinstance(effective, Effective) or rect.isEmpty():
            return
        ratio = painter.device().devicePixelRatioF()
        is_selected = bool(cell.state & QStyle.StateFlag.State_Selected)
        # Few rows differ in all of these: a screenful of badges is drawn once and then copied.
        key = (
            effective.badges,
            effective.conflicts,
            rect.width(),
            rect.height(),
            ratio,
            is_selected,
            cell.palette.cacheKey(),
            cell.font.key(),
        )
        drawn = self._drawn.get(key)
        if drawn is None:
            drawn = self._draw(cell, rect.size(), effective, ratio)
            if len(self._drawn) >= _KEPT_DRAWINGS:
                self._drawn.clear()
            self._drawn[key] = drawn
        painter.drawPixmap(rect.topLeft(), drawn)

    def _draw(self, cell: QStyleOptionViewItem, size: QSize, effective: Effective, ratio: float) -> QPixmap:
        drawing = QPixmap(size * ratio)
        drawing.setDevicePixelRatio(ratio)
        drawing.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawing)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(cell.font)
        rect = QRect(QPoint(0, 0), size)
        for spec, state, slot in zip(BADGES, effective.badges, self._slots(cell.fontMetrics, rect), strict=True):
            if state is not BadgeState.UNKNOWN and slot.right() <= rect.right() + 1:
                self._paint_badge(painter, cell, slot, spec, state)
                if spec.name in effective.conflicts:
                    self._paint_bolt(painter, cell, slot)
        painter.end()
        return drawing

    def _paint_badge(
        self,
        painter: QPainter,
        cell: QStyleOptionViewItem,
        slot: QRect,
        spec: FieldSpec,
        state: BadgeState,
    ) -> None:
        ground, accent = self.ground(cell), cell.palette.color(_Role.Accent)
        muted = self.text_colour(cell, _Role.PlaceholderText)
        holds = state in (BadgeState.YES, BadgeState.UNSET_YES)
        colour = accent if holds else muted
        box = QRectF(slot).adjusted(0.5, 0.5, -0.5, -0.5)
        pen = QPen(mixed(colour, ground, 0.6 if state is BadgeState.NO else 0.45), 1)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if state is BadgeState.YES:
            painter.setBrush(mixed(accent, ground, 0.16))
        elif state in (BadgeState.UNSET_NO, BadgeState.UNSET_YES):
            pen.setStyle(Qt.PenStyle.CustomDashLine)
            pen.setDashPattern([1, 2.4])
        painter.setPen(pen)
        painter.drawRoundedRect(box, slot.height() * 0.28, slot.height() * 0.28)
        side = round(cell.fontMetrics.height() * 0.95)
        inset = (slot.height() - side) // 2
        if spec.badge is None:
            return
        icon_colour = mixed(muted, ground, FAINT_SHARE) if state is BadgeState.UNSET_NO else colour
        paint_icon(painter, spec.badge.icon, QRect(slot.left() + inset, slot.top() + inset, side, side), icon_colour)
        if slot.width() > slot.height():
            painter.setPen(colour)
            painter.drawText(
                slot.adjusted(inset + side + inset, 0, 0, 0),
                Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
                tr_core(spec.badge.word),
            )

    def _paint_bolt(self, painter: QPainter, cell: QStyleOptionViewItem, slot: QRect) -> None:
        """The sign of a conflict, over the badge's lower right corner."""
        side = round(cell.fontMetrics.height() * 0.82)
        spot = QRect(slot.right() - side + side // 3, slot.bottom() - side + side // 4, side, side)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.ground(cell))
        painter.drawEllipse(QRectF(spot).adjusted(-0.5, -0.5, 0.5, 0.5))
        paint_icon(painter, "bolt", spot, tones(cell.palette).warning)

    def _slots(self, metrics: QFontMetrics, rect: QRect) -> list[QRect]:
        """Where the badges stand: with words if all of them fit, else icons alone."""
        height = round(metrics.height() * 1.35)
        gap = round(metrics.height() * 0.25)
        widths = self._wide(metrics, height)
        if sum(widths) + gap * (len(widths) - 1) > rect.width():
            widths = [height] * len(widths)
        top = rect.center().y() - height // 2 + 1
        slots, left = [], rect.left()
        for width in widths:
            slots.append(QRect(left, top, width, height))
            left += width + gap
        return slots

    def width_with_words(self, metrics: QFontMetrics) -> int:
        """The width of a column in which every badge has its word."""
        widths = self._wide(metrics, round(metrics.height() * 1.35))
        return sum(widths) + round(metrics.height() * 0.25) * (len(widths) - 1) + 2 * margin(metrics) + 2

    def _wide(self, metrics: QFontMetrics, height: int) -> list[int]:
        return [
            height + metrics.horizontalAdvance(tr_core(spec.badge.word)) + metrics.height() // 2
            for spec in BADGES
            if spec.badge is not None
        ]

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        metrics = option.fontMetrics
        height, gap = round(metrics.height() * 1.35), round(metrics.height() * 0.25)
        return QSize(len(BADGES) * (height + gap) - gap + 2 * margin(metrics) + 2, row_height(metrics))

    @override
    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: _Index,
    ) -> bool:
        effective = index.data(EFFECTIVE_ROLE)
        if event.type() != QEvent.Type.ToolTip or not isinstance(effective, Effective):
            return super().helpEvent(event, view, option, index)
        space = margin(option.fontMetrics)
        slots = self._slots(option.fontMetrics, option.rect.adjusted(space, 0, -space, 0))
        for spec, state, slot in zip(BADGES, effective.badges, slots, strict=True):
            if slot.contains(event.pos()) and state is not BadgeState.UNKNOWN:
                words = self.state_words(spec, state)
                if spec.name in effective.conflicts:
                    words = self.tr("{state}, measured otherwise").format(state=words)
                QToolTip.showText(event.globalPos(), f"{tr_core(spec.label)}: {words}", view)
                return True
        QToolTip.hideText()
        return True

    def state_words(self, spec: FieldSpec, state: BadgeState) -> str:
        """What the badge says, in words."""
        value = tr_core(spec.describe(state in (BadgeState.YES, BadgeState.UNSET_YES)))
        return value if state in (BadgeState.YES, BadgeState.NO) else self.tr("Default ({value})").format(value=value)


class SettingsDelegate(CellDelegate):
    """The badge of an entry with settings of its own."""

    @override
    def paint_content(
        self, painter: QPainter, cell: QStyleOptionViewItem, rect: QRect, text: str, index: _Index
    ) -> None:
        if not text:
            return
        metrics = cell.fontMetrics
        height = round(metrics.height() * 1.35)
        width = min(rect.width(), _pill_width(metrics, text))
        pill = QRect(rect.left(), rect.center().y() - height // 2 + 1, width, height)
        colour = self.text_colour(cell, _Role.ButtonText)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mixed(colour, self.ground(cell), 0.09))
        painter.drawRoundedRect(QRectF(pill), height / 2, height / 2)
        inset = _pill_inset(metrics)
        self.paint_text(painter, cell, pill.adjusted(inset, 0, -inset + 2, 0), text, colour)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        width = _pill_width(option.fontMetrics, str(index.data() or ""))
        return QSize(width + 2 * margin(option.fontMetrics) + 2, row_height(option.fontMetrics))


class SourceDelegate(CellDelegate):
    """Where the row comes from: an icon and a word."""

    _ICONS: ClassVar = {Standing.LEGACY: "archive", Standing.PROBLEM: "alert-triangle"}

    @override
    def paint_content(
        self, painter: QPainter, cell: QStyleOptionViewItem, rect: QRect, text: str, index: _Index
    ) -> None:
        item = index.data(ITEM_ROLE)
        standing = item.standing if isinstance(item, RollItem) else Standing.REGISTRY
        colour = self.text_colour(cell, _Role.PlaceholderText)
        if standing is Standing.PROBLEM:
            colour = tones(cell.palette).warning
        name = self._ICONS.get(standing)
        if name is not None:
            side = round(cell.fontMetrics.height() * 0.95)
            paint_icon(painter, name, QRect(rect.left(), rect.center().y() - side // 2 + 1, side, side), colour)
            rect = rect.adjusted(side + side // 3, 0, 0, 0)
        self.paint_text(painter, cell, rect, text, colour)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        item = index.data(ITEM_ROLE)
        has_icon = isinstance(item, RollItem) and item.standing in self._ICONS
        return super().sizeHint(option, index) + QSize(round(option.fontMetrics.height() * 1.3) if has_icon else 0, 0)


def _pill_width(metrics: QFontMetrics, text: str) -> int:
    return metrics.horizontalAdvance(text) + 2 * _pill_inset(metrics) if text else 0


def _pill_inset(metrics: QFontMetrics) -> int:
    return round(metrics.height() * 0.6)
