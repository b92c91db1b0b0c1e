"""What measuring would change: a tree of models and their settings, as they are and as they were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)
from typing_extensions import override

from core.fields import FIELDS, UNSET
from core.resolver import default_for
from core.verdicts import Outcome, Report
from gui.column_header import ColumnHeader
from gui.icons import icon_pixmap
from gui.measured_changes import FieldChange, field_changes
from gui.measuring_batch import Measurement
from gui.roll_items import value_words
from gui.shared_columns import ColumnShare, SharedColumns
from gui.theme import tones
from gui.tick_outlines import with_seen_outline
from gui.verdict_words import OUTCOME_ICONS, measured_words, reason_words
from gui.words import one_line, tr_core


class Column(IntEnum):
    """The tree's columns."""

    SETTING = 0
    NOW = 1
    BEFORE = 2
    MEASURED = 3
    REASON = 4


_Index = QModelIndex | QPersistentModelIndex
_KEY_ROLE = Qt.ItemDataRole.UserRole
_LINE_ROLE = Qt.ItemDataRole.UserRole + 1
_SHARES: Mapping[int, ColumnShare] = {
    Column.SETTING: ColumnShare(28, 3), Column.NOW: ColumnShare(12, 1), Column.BEFORE: ColumnShare(10, 1),
    Column.MEASURED: ColumnShare(12, 1), Column.REASON: ColumnShare(24, 4),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReviewedField:
    """One line of the tree."""

    measurement: Measurement
    change: FieldChange


class _ReviewDelegate(QStyledItemDelegate):
    """Rows as high as in the tables; ticks that are seen."""

    @override
    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        super().initStyleOption(option, index)
        option.palette = with_seen_outline(option.palette)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), round(option.fontMetrics.height() * 1.6))


class MeasureReview(QTreeWidget):
    """Each change can be left out by its tick. `ticked` tells that one was set or taken away.

    `receipts_wanted` brings the `ReviewedField` whose receipts are asked for.
    """

    ticked = Signal()
    receipts_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("measure_review")
        self.setAccessibleName(self.tr("What would change"))
        self._shows_all = False
        self._measurements: list[Measurement] = []
        self._lines: list[ReviewedField] = []
        self._left_out: set[tuple[str, str]] = set()
        self._folded: set[str] = set()
        self.setColumnCount(len(Column))
        self.setHeaderLabels(
            [self.tr("Setting"), self.tr("Now"), self.tr("Last time"), self.tr("Measured"), self.tr("Why")]
        )
        self.setUniformRowHeights(True)
        side = round(self.fontMetrics().height() * 0.95)
        self.setIconSize(QSize(side, side))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setExpandsOnDoubleClick(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = ColumnHeader(self)
        self.setHeader(header)
        header.setSectionsClickable(False)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setObjectName("review_columns")
        header.setAccessibleName(self.tr("Columns"))
        header.setSectionsMovable(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.setColumnHidden(Column.BEFORE, True)
        self._shared = SharedColumns(self, header, _SHARES)
        self.setItemDelegate(_ReviewDelegate(self))
        self.itemChanged.connect(self._take_tick)
        self.itemActivated.connect(self._activate)

    # ------------------------------------------------------------------------------------------------------- content

    def show_measurement(self, measurement: Measurement) -> None:
        """Adds what was measured of one model, or shows it anew."""
        if measurement.report is None:
            return
        self._measurements = [one for one in self._measurements if one.key != measurement.key] + [measurement]
        is_known = any(self._key_of(row) == measurement.key for row in range(self.topLevelItemCount()))
        if is_known:
            self._fill()
            return
        self._show_last_time()
        self._add_model(measurement, measurement.report, None)

    def show_again(self) -> None:
        """Shows the same measurements, whose entries may be others by now."""
        if self._measurements:
            self._fill()

    def show_nothing(self) -> None:
        """Forgets everything."""
        self._measurements, self._left_out, self._folded = [], set(), set()
        self._fill()

    def show_all(self, shows_all: bool) -> None:
        """Whether lines stand there that change nothing."""
        self._shows_all = shows_all
        self._fill()

    def chosen(self) -> dict[str, list[FieldChange]]:
        """The ticked changes by the key of their row, without the models that have none."""
        found: dict[str, list[FieldChange]] = {}
        for measurement in self._measurements:
            if measurement.report is None:
                continue
            changes = field_changes(measurement.entry, measurement.report, measurement.before)
            kept = [one for one in changes if one.is_change and (measurement.key, one.name) not in self._left_out]
            if kept:
                found[measurement.key] = kept
        return found

    def flip_count(self) -> int:
        """How many verdicts are another than last time."""
        return sum(
            change.is_flipped
            for one in self._measurements
            if one.report is not None
            for change in field_changes(one.entry, one.report, one.before)
        )

    @property
    def current(self) -> ReviewedField | None:
        """The selected line, None where none or a model's is selected."""
        return self._line_of(self.currentItem())

    # ------------------------------------------------------------------------------------------------------- drawing

    def _fill(self) -> None:
        selected = self.current
        top = self.verticalScrollBar().value()
        self._folded = {self._key_of(row) for row in range(self.topLevelItemCount()) if not self._is_expanded(row)}
        self.blockSignals(True)
        self.clear()
        self._lines = []
        self._show_last_time()
        for measurement in self._measurements:
            if measurement.report is not None:
                self._add_model(measurement, measurement.report, selected)
        self.blockSignals(False)
        self.verticalScrollBar().setValue(top)

    def _show_last_time(self) -> None:
        self.setColumnHidden(Column.BEFORE, all(one.before is None for one in self._measurements))
        self._shared.share_out()

    def _key_of(self, row: int) -> str:
        item = self.topLevelItem(row)
        return "" if item is None else str(item.data(0, _KEY_ROLE))

    def _is_expanded(self, row: int) -> bool:
        item = self.topLevelItem(row)
        return item is not None and item.isExpanded()

    def _line_of(self, item: QTreeWidgetItem | None) -> ReviewedField | None:
        number = item.data(0, _LINE_ROLE) if item is not None else None
        return self._lines[number] if isinstance(number, int) else None

    def _add_model(self, measurement: Measurement, report: Report, selected: ReviewedField | None) -> None:
        changes = field_changes(measurement.entry, report, measurement.before)
        shown = [one for one in changes if self._shows_all or one.is_change or one.is_flipped]
        if not shown:
            return
        model = QTreeWidgetItem()
        model.setData(0, _KEY_ROLE, measurement.key)
        name = one_line(measurement.entry.display_name)
        model.setText(Column.SETTING, name)
        bold = self.font()
        bold.setBold(True)
        model.setFont(Column.SETTING, bold)
        words = self._model_words(changes)
        model.setText(Column.REASON, words)
        model.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{name}: {words}")
        model.setForeground(Column.REASON, self.palette().color(QPalette.ColorRole.PlaceholderText))
        current = None
        for change in shown:
            item = self._field_item(measurement, change)
            model.addChild(item)
            if selected and (selected.measurement.key, selected.change.name) == (measurement.key, change.name):
                current = item
        was_blocked = self.blockSignals(True)
        self.addTopLevelItem(model)
        model.setExpanded(measurement.key not in self._folded)
        if current is not None:
            self.setCurrentItem(current)
        self.blockSignals(was_blocked)

    def _model_words(self, changes: Sequence[FieldChange]) -> str:
        count = sum(change.is_change for change in changes)
        conflicts = sum(change.is_conflict for change in changes)
        flips = sum(change.is_flipped for change in changes)
        words = [
            self.tr("Nothing would change")
            if count == 0
            else self.tr("1 change")
            if count == 1
            else self.tr("{count} changes").format(count=count)
        ]
        if conflicts:
            words.append(self.tr("{count} against your setting").format(count=conflicts))
        if flips:
            words.append(self.tr("{count} flipped since last time").format(count=flips))
        return " · ".join(words)

    def _field_item(self, measurement: Measurement, change: FieldChange) -> QTreeWidgetItem:
        item = QTreeWidgetItem()
        item.setData(0, _LINE_ROLE, len(self._lines))
        self._lines.append(ReviewedField(measurement, change))
        spec = FIELDS[change.name]
        item.setText(Column.SETTING, tr_core(spec.label))
        if change.is_change:
            left_out = (measurement.key, change.name) in self._left_out
            item.setCheckState(Column.SETTING, Qt.CheckState.Unchecked if left_out else Qt.CheckState.Checked)
        item.setText(Column.NOW, self._now_words(change))
        if change.before is not None:
            item.setText(Column.BEFORE, measured_words(spec, change.before.verdict))
            item.setIcon(Column.BEFORE, self._outcome_icon(change.before.verdict.value))
        item.setText(Column.MEASURED, self._measured_words(change))
        if change.verdict is not None:
            item.setIcon(Column.MEASURED, self._outcome_icon(change.verdict.value))
        marks = self._marks(change)
        reason = one_line(reason_words(change.verdict)) if change.verdict is not None else ""
        item.setText(Column.REASON, " · ".join([*marks, reason] if reason else marks))
        if marks:
            name = "bolt" if change.is_conflict else "refresh" if change.is_flipped else "info-circle"
            item.setIcon(Column.REASON, self._tinted(name, tones(self.palette()).warning))
        for column in Column:
            item.setToolTip(column, item.text(column))
        if not change.is_change:
            quiet = self.palette().color(QPalette.ColorRole.PlaceholderText)
            for column in (Column.SETTING, Column.NOW):
                item.setForeground(column, quiet)
        return item

    def _outcome_icon(self, outcome: Outcome) -> QIcon:
        quiet = self.palette().color(QPalette.ColorRole.PlaceholderText)
        return self._tinted(OUTCOME_ICONS[outcome], tones(self.palette()).good if outcome is Outcome.YES else quiet)

    def _tinted(self, name: str, colour: QColor) -> QIcon:
        return QIcon(icon_pixmap(name, self.iconSize().height(), colour, self.devicePixelRatioF()))

    def _now_words(self, change: FieldChange) -> str:
        spec = FIELDS[change.name]
        if change.now is not UNSET:
            return value_words(spec, change.now)
        return self.tr("Default ({value})").format(value=value_words(spec, default_for(change.name)))

    def _measured_words(self, change: FieldChange) -> str:
        spec = FIELDS[change.name]
        if change.measured is not UNSET:
            return value_words(spec, change.measured)
        return measured_words(spec, change.verdict) if change.verdict is not None else ""

    def _marks(self, change: FieldChange) -> list[str]:
        marks = []
        if change.is_conflict:
            marks.append(self.tr("You said {now}").format(now=value_words(FIELDS[change.name], change.now)))
        if change.is_flipped:
            marks.append(self.tr("Flipped since last time"))
        elif change.verdict is not None and change.verdict.value is Outcome.INCONCLUSIVE:
            marks.append(self.tr("Left as it is"))
        return marks

    # -------------------------------------------------------------------------------------------------------- events

    @Slot(QTreeWidgetItem, int)
    def _take_tick(self, item: QTreeWidgetItem, column: int) -> None:
        line = self._line_of(item)
        if line is None or column != Column.SETTING or not line.change.is_change:
            return
        name = (line.measurement.key, line.change.name)
        if item.checkState(Column.SETTING) is Qt.CheckState.Checked:
            self._left_out.discard(name)
        else:
            self._left_out.add(name)
        self.ticked.emit()

    @Slot(QTreeWidgetItem, int)
    def _activate(self, item: QTreeWidgetItem, _column: int) -> None:
        line = self._line_of(item)
        if line is not None:
            self.receipts_wanted.emit(line)

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and getattr(self, "_measurements", None):
            self._fill()
        super().changeEvent(event)
