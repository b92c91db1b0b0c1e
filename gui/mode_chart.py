"""How often each structured output mode succeeded, where its true rate lies, and how long it took: a chart."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QLocale, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QStyle, QStyleOptionFocusRect, QToolTip, QWidget
from typing_extensions import override

from core.fields import FIELDS
from core.verdicts import ModeResult
from gui.colours import mixed
from gui.roll_items import value_words
from gui.row_glide import RowGlide
from gui.run_figures import with_tabular_figures
from gui.verdict_words import milliseconds_words
from gui.words import one_line, tr_core

_Role = QPalette.ColorRole
_NAME_GAP_PX = 2
_GRID = (0.0, 0.5, 1.0)
_MOST_LABEL_CHARS = 36
_ROW_LINES = (2.3, 4.6)
_LINES_WITH_REASON = (3.2, 4.2)
"""From how many lines of height on a row has one line for its reason, and from how many on two."""


def mode_words(mode: str) -> str:
    """A mode as the form calls it."""
    return value_words(FIELDS["structured_output_mode"], mode)


class ModeChart(QWidget):
    """One line for each mode: a bar for the rate, a whisker for its interval, a bar for the latency.

    While they are tried the lines stay in their places and fill; what is ranked stands with the best first, and the
    lines glide there. Arrow keys and clicks select a line; `selected` tells. What is drawn is also its accessible
    description.
    """

    selected = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mode_chart")
        self.setAccessibleName(self.tr("Success by mode"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setBackgroundRole(_Role.Base)
        self.setAutoFillBackground(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        self._results: tuple[ModeResult, ...] = ()
        self._is_ranked = False
        self._current = -1
        self._mode_now = ""
        self._glide = RowGlide(self)
        self._glide.moved.connect(self.update)

    def show_results(self, results: Sequence[ModeResult], mode_now: str = "") -> None:
        """Draws these, the best first; `mode_now` is marked as the one in use.

        The first is selected where it succeeded at all.
        """
        self._glide.start([result.mode for result in self._results], [result.mode for result in results])
        self._is_ranked, self._mode_now = True, mode_now
        self._show(results, 0 if results and results[0].successes else -1)

    def show_progress(self, results: Sequence[ModeResult]) -> None:
        """Draws what is known until now, in the order in which the modes are tried; nothing is selected."""
        self._glide.stop()
        self._is_ranked = False
        self._show(results, -1)

    def _show(self, results: Sequence[ModeResult], current: int) -> None:
        if len(results) != len(self._results):
            self.updateGeometry()
        self._results = tuple(results)
        self.setAccessibleDescription(self.text)
        self.update()
        if current != self._current or self._is_ranked:
            self._current = current
            self.selected.emit()

    def mark_in_use(self, mode: str) -> None:
        """Marks another mode as the one in use."""
        self._mode_now = mode
        self.setAccessibleDescription(self.text)
        self.update()

    @property
    def results(self) -> tuple[ModeResult, ...]:
        """What is drawn."""
        return self._results

    @property
    def current(self) -> ModeResult | None:
        """The selected line."""
        return self._results[self._current] if 0 <= self._current < len(self._results) else None

    @property
    def text(self) -> str:
        """The chart in words, a line for each mode."""
        return "\n".join(self.line_words(result) for result in self._results)

    def line_words(self, result: ModeResult) -> str:
        """One line in words."""
        words = [f"{mode_words(result.mode)}: {self._count_words(result)}"]
        if result.trials:
            low, high = (QLocale().toString(round(100 * bound)) for bound in result.interval)
            words.append(self.tr("true rate {low} to {high} %").format(low=low, high=high))
        if result.median_latency_ms is not None:
            words.append(milliseconds_words(result.median_latency_ms))
        if result.mode == self._mode_now:
            words.append(self.tr("in use"))
        if result.reason:
            words.append(one_line(tr_core(result.reason)))
        return ", ".join(words)

    def _count_words(self, result: ModeResult) -> str:
        if not result.trials:
            return self.tr("not tried")
        locale = QLocale()
        return self.tr("{successes} of {trials}").format(
            successes=locale.toString(result.successes), trials=locale.toString(result.trials)
        )

    # -------------------------------------------------------------------------------------------------------- sizes

    def _row_height(self) -> int:
        line = self.fontMetrics().height()
        room = (self.height() - self._head_height()) / max(1, len(self._results))
        return round(max(_ROW_LINES[0] * line, min(room, _ROW_LINES[1] * line)))

    def _head_height(self) -> int:
        return round(self.fontMetrics().height() * 1.9)

    @override
    def sizeHint(self) -> QSize:
        width = self.fontMetrics().averageCharWidth() * 90
        rows = max(5, len(self._results)) * _ROW_LINES[0] * self.fontMetrics().height()
        return QSize(width, self._head_height() + round(rows))

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 62, self.sizeHint().height())

    def _row_rect(self, place: float) -> QRect:
        height = self._row_height()
        return QRect(0, self._head_height() + round(place * height), self.width(), height)

    def _columns(self, rect: QRect) -> tuple[QRect, QRect, QRect, QRect, QRect]:
        """Where in a line the name, the rate, its count, the latency and its number stand."""
        metrics = self.fontMetrics()
        space = metrics.height()
        name = min(metrics.averageCharWidth() * _MOST_LABEL_CHARS, rect.width() // 3)
        count = metrics.horizontalAdvance(self.tr("not tried")) + space // 2
        number = metrics.horizontalAdvance(milliseconds_words(88_888)) + space // 2
        rest = rect.width() - name - count - number - 5 * space
        rate, latency = round(rest * 0.68), round(rest * 0.32)
        left, found = rect.left() + space, []
        for width, gap in ((name, space), (rate, space // 2), (count, space), (latency, space // 2), (number, 0)):
            found.append(QRect(left, rect.top(), max(1, width), rect.height()))
            left += width + gap
        return found[0], found[1], found[2], found[3], found[4]

    # ------------------------------------------------------------------------------------------------------ drawing

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_head(painter)
        slowest = max((result.median_latency_ms or 0.0 for result in self._results), default=0.0)
        # The selected line last: on its way it passes over the others.
        for row in sorted(range(len(self._results)), key=lambda row: row == self._current):
            self._paint_row(painter, row, self._results[row], slowest)
        if self.hasFocus() and self.current is None:
            option = QStyleOptionFocusRect()
            option.initFrom(self)
            self.style().drawPrimitive(QStyle.PrimitiveElement.PE_FrameFocusRect, option, painter, self)
        painter.end()

    def _paint_head(self, painter: QPainter) -> None:
        head = QRect(0, 0, self.width(), self._head_height())
        name, rate, _, latency, number = self._columns(head)
        quiet, palette = self._quiet(), self.palette()
        painter.setPen(quiet)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(name, Qt.AlignmentFlag.AlignLeft | middle, self.tr("Mode"))
        painter.drawText(latency.united(number), Qt.AlignmentFlag.AlignLeft | middle, self.tr("Median time"))
        bottom = self._row_rect(len(self._results) - 1).bottom() if self._results else self.height()
        line = mixed(palette.color(_Role.Text), palette.color(_Role.Base), 0.14)
        wide = self.fontMetrics().height() * 3
        for share in _GRID:
            x = rate.left() + share * rate.width()
            painter.setPen(QPen(line, 1))
            painter.drawLine(QPointF(x, head.bottom()), QPointF(x, bottom))
            painter.setPen(quiet)
            words = self.tr("{percent} %").format(percent=QLocale().toString(round(share * 100)))
            painter.drawText(QRectF(x - wide, head.top(), 2 * wide, head.height()), Qt.AlignmentFlag.AlignCenter, words)

    def _paint_row(self, painter: QPainter, row: int, result: ModeResult, slowest: float) -> None:
        rect, palette = self._row_rect(self._glide.place(result.mode, row)), self.palette()
        is_current = row == self._current
        if is_current:
            group = QPalette.ColorGroup.Active if self.hasFocus() else QPalette.ColorGroup.Inactive
            painter.fillRect(rect, palette.color(group, _Role.Highlight))
        elif self._glide.is_moving:
            painter.fillRect(rect, palette.color(_Role.Base))
        text = palette.color(_Role.HighlightedText if is_current else _Role.Text)
        columns = self._columns(rect)
        line = self.fontMetrics().height()
        lines = sum(rect.height() >= least * line for least in _LINES_WITH_REASON)
        if lines:
            if result.reason:
                ground = self._ground(is_current=is_current)
                self._paint_reason(painter, columns[1].united(columns[4]), result, text, ground, lines)
            # Kept free where there is no reason: a line must not move when it gets one.
            columns = self._columns(rect.adjusted(0, 0, 0, -round((lines - 0.5) * line)))
        name, rate, count, latency, number = columns
        self._paint_name(painter, name, result, text)
        if result.trials:
            self._paint_rate(painter, rate, result, is_best=self._is_ranked and row == 0 and result.successes > 0)
        painter.setFont(with_tabular_figures(self.font()))
        painter.setPen(text if result.trials else self._quiet())
        painter.drawText(count, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._count_words(result))
        if result.median_latency_ms is not None:
            self._paint_bar(
                painter, latency, result.median_latency_ms / slowest if slowest else 0.0,
                mixed(text, self._ground(is_current=is_current), 0.35),
            )  # fmt: skip
            painter.setPen(text)
            words = milliseconds_words(result.median_latency_ms)
            painter.drawText(number, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_name(self, painter: QPainter, rect: QRect, result: ModeResult, colour: QColor) -> None:
        painter.setFont(self.font())
        painter.setPen(colour)
        metrics = QFontMetrics(self.font())
        name = metrics.elidedText(mode_words(result.mode), Qt.TextElideMode.ElideRight, rect.width())
        if result.mode != self._mode_now:
            painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
            return
        both = QRect(rect.left(), 0, rect.width(), 2 * metrics.lineSpacing() + _NAME_GAP_PX)
        both.moveCenter(rect.center())
        painter.drawText(both, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, name)
        painter.setPen(mixed(colour, self.palette().color(_Role.Base), 0.72))
        painter.drawText(both, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, self.tr("in use"))

    def _paint_reason(
        self, painter: QPainter, rect: QRect, result: ModeResult, colour: QColor, ground: QColor, lines: int
    ) -> None:
        """What was wrong the last time, below the bars."""
        metrics = self.fontMetrics()
        lower = rect.adjusted(0, rect.height() - round(metrics.height() * (lines + 0.45)), 0, 0)
        painter.fillRect(lower.adjusted(-2, 0, 0, -2), ground)
        painter.setPen(mixed(colour, ground, 0.72))
        # A line that is broken between words leaves some of its width empty.
        room = round(lower.width() * (1 + 0.85 * (lines - 1)))
        words = metrics.elidedText(one_line(tr_core(result.reason)), Qt.TextElideMode.ElideRight, room)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(lower, int(flags), words)

    def _paint_rate(self, painter: QPainter, rect: QRect, result: ModeResult, *, is_best: bool) -> None:
        accent = self.palette().color(_Role.Accent)
        bar = accent if is_best else mixed(accent, self.palette().color(_Role.Base), 0.5)
        self._paint_bar(painter, rect, result.rate or 0.0, bar)
        low, high = result.interval
        y, cap = rect.center().y() + 0.5, self.fontMetrics().height() * 0.3
        left, right = rect.left() + low * rect.width(), rect.left() + high * rect.width()
        # A rim of the ground's colour keeps the whisker apart from the bar below it.
        for pen in (QPen(self.palette().color(_Role.Base), 4.0), QPen(self.palette().color(_Role.Text), 1.4)):
            painter.setPen(pen)
            painter.drawLine(QPointF(left, y), QPointF(right, y))
            for x in (left, right):
                painter.drawLine(QPointF(x, y - cap), QPointF(x, y + cap))

    def _paint_bar(self, painter: QPainter, rect: QRect, share: float, colour: QColor) -> None:
        height = round(self.fontMetrics().height() * 0.9)
        bar = QRectF(rect.left(), rect.center().y() - height / 2 + 0.5, max(2.0, share * rect.width()), height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(bar, 2, 2)

    def _quiet(self) -> QColor:
        return self.palette().color(_Role.PlaceholderText)

    def _ground(self, *, is_current: bool) -> QColor:
        return self.palette().color(_Role.Highlight if is_current else _Role.Base)

    # ----------------------------------------------------------------------------------------------------- selecting

    def _select(self, row: int) -> None:
        if 0 <= row < len(self._results) and row != self._current:
            self._current = row
            self.update()
            self.selected.emit()

    def _row_at(self, y: float) -> int:
        return int((y - self._head_height()) // self._row_height())

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._select(self._row_at(event.position().y()))
        super().mousePressEvent(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Up: self._current - 1, Qt.Key.Key_Down: self._current + 1, Qt.Key.Key_Home: 0}
        moves[Qt.Key.Key_End] = len(self._results) - 1
        if event.key() in moves:
            self._select(moves[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            row = self._row_at(event.pos().y())
            if 0 <= row < len(self._results):
                QToolTip.showText(event.globalPos(), self.line_words(self._results[row]), self)
            else:
                QToolTip.hideText()
            return True
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)
