"""The progress of many measurements as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, ClassVar

from PySide6.QtCore import (
    QCoreApplication,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget
from typing_extensions import override

from core.errors import MusterError, RunError
from core.fields import FIELDS
from core.report_failures import failure_of
from core.verdicts import Outcome, Report
from gui.badges import CellDelegate
from gui.colours import mixed
from gui.icons import paint_icon
from gui.measuring_batch import Measurement, MeasuringState
from gui.read_only_table import NumberDelegate, ReadOnlyTableModel, ReadOnlyTableView
from gui.roll_items import provider_name
from gui.shared_columns import ColumnShare, SharedColumns
from gui.theme import tones
from gui.words import one_line, tr_core

_Index = QModelIndex | QPersistentModelIndex
_Role = QPalette.ColorRole
_ROOT = QModelIndex()
_MEASUREMENT_ROLE = Qt.ItemDataRole.UserRole + 1
_NOTHING = "–"


class Column(IntEnum):
    """The table's columns."""

    MODEL = 0
    PROVIDER = 1
    STATE = 2
    STEP = 3
    CALLS = 4
    TOKENS = 5
    FOUND = 6


_NUMBERS = (Column.CALLS, Column.TOKENS)
_SHARES: Mapping[int, ColumnShare] = {
    Column.MODEL: ColumnShare(18, 3), Column.PROVIDER: ColumnShare(10, 1), Column.STATE: ColumnShare(14),
    Column.STEP: ColumnShare(16, 2), Column.CALLS: ColumnShare(6), Column.TOKENS: ColumnShare(7),
    Column.FOUND: ColumnShare(24, 5),
}  # fmt: skip


class MeasureTableModel(ReadOnlyTableModel):
    """The rows of a batch, in its order."""

    def __init__(self, measurements: Sequence[Measurement], parent: QObject | None = None) -> None:
        super().__init__(Column, numbers=_NUMBERS, parent=parent)
        self._measurements = measurements

    @property
    @override
    def lines(self) -> Sequence[Measurement]:
        return self._measurements

    @override
    def titles(self) -> tuple[str, ...]:
        return (
            self.tr("Model"),
            self.tr("Provider"),
            self.tr("State"),
            self.tr("Step"),
            self.tr("Calls"),
            self.tr("Tokens"),
            self.tr("Found"),
        )

    @override
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        measurement = self._measurements[index.row()]
        if role == _MEASUREMENT_ROLE:
            return measurement
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._text(measurement, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tool_tip(measurement, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in _NUMBERS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _text(self, measurement: Measurement, column: int) -> str:
        match column:
            case Column.MODEL:
                return one_line(measurement.entry.display_name)
            case Column.PROVIDER:
                return one_line(provider_name(measurement.entry.provider_type, measurement.entry.provider_id))
            case Column.STATE:
                return self.state_words(measurement.told_state)
            case Column.STEP:
                return self._step(measurement)
            case Column.CALLS | Column.TOKENS if measurement.progress is None and measurement.report is None:
                return _NOTHING
            case Column.CALLS:
                return QLocale().toString(measurement.calls)
            case Column.TOKENS:
                return QLocale().toString(measurement.tokens)
            case _:
                return self._found(measurement)

    def state_words(self, state: MeasuringState) -> str:
        """How far it is, in a word."""
        return {
            MeasuringState.WAITING: self.tr("Waiting"),
            MeasuringState.RUNNING: self.tr("Measuring"),
            MeasuringState.STOPPING: self.tr("Stopping…"),
            MeasuringState.DONE: self.tr("Measured"),
            MeasuringState.PARTIAL: self.tr("In part"),
            MeasuringState.FAILED: self.tr("Failed"),
            MeasuringState.CANCELLED: self.tr("Not measured"),
        }[state]

    def _step(self, measurement: Measurement) -> str:
        progress = measurement.progress
        if measurement.is_over or progress is None:
            return ""
        return one_line(tr_core(progress.words or progress.probe))

    def _found(self, measurement: Measurement) -> str:
        if measurement.error is not None:
            return one_line(tr_core(measurement.error.title))
        if measurement.report is None:
            return ""
        report = measurement.report
        reason = one_line(tr_core(report.stopped_by)) if report.partial else ""
        if reason and not report.is_decided:
            return reason
        return " · ".join(words for words in (verdict_summary(report), reason) if words) or self.tr("Nothing certain")

    def _tool_tip(self, measurement: Measurement, column: int) -> str:
        if measurement.error is not None:
            return told(measurement.error)
        failure = failure_of(measurement.report) if measurement.report is not None else None
        if column == Column.FOUND and failure is not None:
            return told(failure)
        if column == Column.FOUND and measurement.report is not None:
            return "\n".join(
                f"{tr_core(FIELDS[name].label)}: {tr_core(verdict.reason)}"
                for name, verdict in measurement.report.verdicts.items()
                if name in FIELDS and verdict.reason
            )
        return self._text(measurement, column)


def told(error: MusterError) -> str:
    """All that an error says, in lines: what did not happen, what to do, and the endpoint's own words."""
    detail = one_line(error.detail, 200) if isinstance(error, RunError) else ""
    return "\n".join(filter(None, (tr_core(error.title), tr_core(error.hint), detail)))


def verdict_summary(report: Report) -> str:
    """The capabilities that were found, by their words: "JSON, Tools; no Vision, no Logprobs"."""
    words: dict[Outcome, list[str]] = {outcome: [] for outcome in Outcome}
    for name, spec in FIELDS.items():
        if spec.badge is not None and name in report.verdicts:
            words[report.verdicts[name].value].append(tr_core(spec.badge.word))
    parts = [", ".join(words[Outcome.YES])] if words[Outcome.YES] else []
    if words[Outcome.NO]:
        parts.append(", ".join(_tr("no {name}").format(name=name) for name in words[Outcome.NO]))
    if words[Outcome.INCONCLUSIVE]:
        parts.append(_tr("unclear: {names}").format(names=", ".join(words[Outcome.INCONCLUSIVE])))
    return "; ".join(parts)


def _tr(text: str) -> str:
    return QCoreApplication.translate("measure_table", text)


class StateDelegate(CellDelegate):
    """How far a measurement is: an icon and a word."""

    _ICONS: ClassVar = {
        MeasuringState.WAITING: "circle-dashed",
        MeasuringState.RUNNING: "microscope",
        MeasuringState.STOPPING: "microscope",
        MeasuringState.DONE: "circle-check",
        MeasuringState.PARTIAL: "circle-dot",
        MeasuringState.FAILED: "alert-triangle",
        MeasuringState.CANCELLED: "circle-x",
    }

    @override
    def paint_content(
        self, painter: QPainter, cell: QStyleOptionViewItem, rect: QRect, text: str, index: _Index
    ) -> None:
        measurement = index.data(_MEASUREMENT_ROLE)
        state = measurement.told_state if isinstance(measurement, Measurement) else MeasuringState.WAITING
        colour = self._colour(cell, state)
        side = round(cell.fontMetrics.height() * 0.95)
        place = QRect(rect.left(), rect.center().y() - side // 2 + 1, side, side)
        paint_icon(painter, self._ICONS[state], place, colour)
        self.paint_text(painter, cell, rect.adjusted(side + side // 3, 0, 0, 0), text, colour)

    def _colour(self, cell: QStyleOptionViewItem, state: MeasuringState) -> QColor:
        colours = tones(cell.palette)
        match state:
            case MeasuringState.RUNNING | MeasuringState.STOPPING:
                return self.text_colour(cell, _Role.Text)
            case MeasuringState.DONE:
                return colours.good
            case MeasuringState.PARTIAL | MeasuringState.FAILED:
                return colours.warning
            case _:
                return self.text_colour(cell, _Role.PlaceholderText)


class StepDelegate(CellDelegate):
    """The step under way, above a thin bar that shows how many are behind it."""

    @override
    def paint_content(
        self, painter: QPainter, cell: QStyleOptionViewItem, rect: QRect, text: str, index: _Index
    ) -> None:
        measurement = index.data(_MEASUREMENT_ROLE)
        progress = measurement.progress if isinstance(measurement, Measurement) else None
        if not text or progress is None:
            self.paint_text(painter, cell, rect, text, self.text_colour(cell, _Role.PlaceholderText))
            return
        self.paint_text(painter, cell, rect, text, self.text_colour(cell))
        share = min(1.0, max(0.0, progress.step / progress.of)) if progress.of else 0.0
        height = max(2, cell.fontMetrics.height() // 7)
        bar = QRectF(rect.left(), cell.rect.bottom() - height - 1, rect.width(), height)
        painter.setPen(Qt.PenStyle.NoPen)
        accent = cell.palette.color(_Role.Accent)
        painter.setBrush(mixed(accent, self.ground(cell), 0.22))
        painter.drawRoundedRect(bar, height / 2, height / 2)
        painter.setBrush(accent)
        painter.drawRoundedRect(QRectF(bar.left(), bar.top(), bar.width() * share, height), height / 2, height / 2)


class MeasureTableView(ReadOnlyTableView):
    """Shows a batch; its columns share the width."""

    def __init__(self, model: MeasureTableModel, parent: QWidget | None = None) -> None:
        super().__init__("measure_table", self.tr("Measurements"), parent)
        self.columns.setObjectName("measure_columns")
        quiet = CellDelegate(self, role=_Role.PlaceholderText)
        plain, number = CellDelegate(self), NumberDelegate(self)
        delegates = (plain, quiet, StateDelegate(self), StepDelegate(self), number, number, plain)
        self.show_columns(model, delegates, width_chars={}, stretched=Column.FOUND)
        self._shared = SharedColumns(self, self.columns, _SHARES)
