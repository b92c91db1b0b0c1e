"""The proof of a verdict: every call of its probe, with request, response, tokens, time and fingerprint."""

from __future__ import annotations

import json
from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core.fields import FIELDS
from core.verdicts import Outcome, Receipt
from gui.buttons import push_button
from gui.field_marks import Measured
from gui.icons import icon, icon_pixmap
from gui.request_view import RequestView
from gui.run_figures import with_tabular_figures
from gui.stream_text import StreamText
from gui.theme import tones
from gui.verdict_words import (
    OUTCOME_ICONS,
    day_words,
    fingerprint_words,
    measured_words,
    milliseconds_words,
    outcome_words,
    reason_words,
    time_words,
    tokens_words,
)
from gui.words import one_line, tr_core

_SHOWN_CALLS = 5


def field_label(field: str) -> str:
    """The field's label; of what belongs to no field, its name in words."""
    spec = FIELDS.get(field)
    return tr_core(spec.label) if spec is not None else tr_core(field.replace("_", " ").capitalize())


class ReceiptView(QWidget):
    """One verdict with its calls; the selected call's request and response stand below."""

    def __init__(self, measured: Measured, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("receipt_view")
        self._measured = measured
        self._receipts = measured.verdict.receipts
        height = self.fontMetrics().height()
        layout = QVBoxLayout(self)
        layout.setSpacing(height // 2)
        layout.addLayout(self._head())
        self.calls = self._make_calls()
        layout.addWidget(self.calls)
        self.request_view = RequestView(self)
        self.response = StreamText("receipt_response", self.tr("Response"), self, follows_end=False)
        self.response.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.response.setPlaceholderText(self.tr("Nothing was answered."))
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("receipt_tabs")
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName(self.tr("Call"))
        self.tabs.addTab(self.response, self.tr("Res&ponse"))
        self.tabs.addTab(self.request_view, self.tr("Re&quest"))
        layout.addWidget(self.tabs, 1)
        self._source = QLabel(self)
        self._source.setObjectName("receipt_source")
        self._source.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._source.setWordWrap(True)
        self._source.setTextFormat(Qt.TextFormat.PlainText)
        self._source.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(self._source)
        self._dress()
        self.calls.currentItemChanged.connect(self._show_call)
        deciding = self.calls.topLevelItem(self._first_shown())
        if deciding is None:
            self._show_call()
        else:
            self.calls.setCurrentItem(deciding)

    @property
    def text(self) -> str:
        """All of it as JSON, to be kept or sent to somebody."""
        values = {"field": self._measured.field, "at": self._measured.at, **self._measured.verdict.to_wire()}
        return json.dumps(values, indent=2, ensure_ascii=False)

    @property
    def headline(self) -> str:
        """The verdict with its reason."""
        return self._headline.text()

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def _head(self) -> QGridLayout:
        spec, verdict = FIELDS.get(self._measured.field), self._measured.verdict
        self._picture = QLabel(self)
        found = measured_words(spec, verdict)
        words = self.tr("{field}: {value}").format(field=field_label(self._measured.field), value=found)
        self._headline = QLabel(words, self)
        self._headline.setObjectName("receipt_verdict")
        font = self._headline.font()
        font.setBold(True)
        self._headline.setFont(font)
        self._reason = _Paragraph(self._reason_words(), self)
        self._reason.setObjectName("receipt_reason")
        self._reason.setWordWrap(True)
        self._reason.setVisible(bool(self._reason.text()))
        for label in (self._headline, self._reason):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        head = QGridLayout()
        head.setVerticalSpacing(self.fontMetrics().height() // 6)
        head.setColumnStretch(1, 1)
        head.addWidget(self._picture, 0, 0)
        head.addWidget(self._headline, 0, 1)
        head.addWidget(self._reason, 1, 1)
        return head

    def _reason_words(self) -> str:
        words = reason_words(self._measured.verdict)
        if self._measured.is_stale:
            stale = self.tr("The server has changed since: measure again to know.")
            return f"{words}\n{stale}".strip()
        return words

    def _make_calls(self) -> QTreeWidget:
        calls = QTreeWidget(self)
        calls.setObjectName("receipt_calls")
        calls.setAccessibleName(self.tr("Calls"))
        calls.setRootIsDecorated(False)
        calls.setUniformRowHeights(True)
        calls.setAllColumnsShowFocus(True)
        calls.setTabKeyNavigation(False)
        calls.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        calls.setHeaderLabels(
            [self.tr("Call"), self.tr("Result"), self.tr("Why"), self.tr("Tokens in + out"), self.tr("Time")]
        )
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for number, receipt in enumerate(self._receipts, start=1):
            why = one_line(tr_core(receipt.reason), 200)
            texts = [f"{number}", outcome_words(receipt.outcome), why]
            row = QTreeWidgetItem([*texts, tokens_words(receipt), milliseconds_words(receipt.latency_ms)])
            row.setIcon(1, icon(OUTCOME_ICONS[receipt.outcome]))
            row.setToolTip(2, why)
            for column in (3, 4):
                row.setTextAlignment(column, right)
                row.setFont(column, with_tabular_figures(calls.font()))
            calls.addTopLevelItem(row)
        header_item = calls.headerItem()
        if header_item is not None:
            for column in (3, 4):
                header_item.setTextAlignment(column, right)
        header = calls.header()
        header.setStretchLastSection(False)
        for column in range(calls.columnCount()):
            calls.resizeColumnToContents(column)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        shown = min(max(len(self._receipts), 1), _SHOWN_CALLS)
        row_height = max(calls.sizeHintForRow(0), self.fontMetrics().height())
        calls.setFixedHeight(header.sizeHint().height() + shown * row_height + 2 * calls.frameWidth() + 2)
        calls.setVisible(bool(self._receipts))
        return calls

    def _first_shown(self) -> int:
        """The call that decided: the first with the verdict's own outcome."""
        outcome = self._measured.verdict.value
        return next((row for row, receipt in enumerate(self._receipts) if receipt.outcome is outcome), 0)

    @Slot()
    def _show_call(self) -> None:
        index = self.calls.currentIndex()
        receipt = self._receipts[index.row()] if index.isValid() else None
        self.request_view.set_request(receipt.request if receipt is not None else {})
        self.response.clear_text()
        self.response.append_text(receipt.response_excerpt if receipt is not None else "")
        self.tabs.setVisible(receipt is not None)
        self._source.setText(self._source_words(receipt))

    def _source_words(self, receipt: Receipt | None) -> str:
        if receipt is None:
            return self.tr("Measured {time}. No call was made.").format(time=time_words(self._measured.at))
        parts = [self.tr("Measured {time}").format(time=time_words(receipt.at or self._measured.at))]
        parts.append(
            self.tr("probe {name}, version {version}").format(
                name=tr_core(receipt.probe.replace("_", " ")), version=receipt.probe_version
            )
        )
        if receipt.litellm_version:
            parts.append(self.tr("litellm {version}").format(version=receipt.litellm_version))
        if receipt.fingerprint:
            parts.append(fingerprint_words(receipt.fingerprint))
        return " · ".join(parts)

    def _dress(self) -> None:
        outcome = self._measured.verdict.value
        own = tones(self.palette())
        colour = {
            Outcome.YES: own.good,
            Outcome.NO: self.palette().color(QPalette.ColorRole.WindowText),
            Outcome.INCONCLUSIVE: own.warning,
        }[outcome]
        side = round(self.fontMetrics().height() * 1.25)
        self._picture.setPixmap(icon_pixmap(OUTCOME_ICONS[outcome], side, colour, self.devicePixelRatioF()))


class _Paragraph(QLabel):
    """A text of several lines that takes exactly their height: a layout would reserve that of a narrower one."""

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setFixedHeight(max(0, self.heightForWidth(event.size().width())))


class ReceiptDialog(QDialog):
    """The receipts of one field: the last measurement's and, where the verdict flipped, the one's before.

    `use_wanted` carries the field's name when the person wants the measured value; only offered with `can_use`.
    """

    use_wanted = Signal(str)

    def __init__(self, receipts: Sequence[Measured], *, can_use: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("receipt_dialog")
        self._field = receipts[0].field
        self.setWindowTitle(self.tr("Receipt: {field}").format(field=field_label(self._field)))
        self.views = [ReceiptView(measured, self) for measured in receipts]
        self.times = QTabWidget(self)
        self.times.setObjectName("receipt_times")
        self.times.setAccessibleName(self.tr("Measurements"))
        layout = QVBoxLayout(self)
        if len(self.views) == 1:
            self.times.hide()
            layout.addWidget(self.views[0], 1)
            margins = self.views[0].layout()
            if margins is not None:
                margins.setContentsMargins(0, 0, 0, 0)
        else:
            titles = [self.tr("Now: {value}, {day}"), *[self.tr("Before: {value}, {day}")] * (len(self.views) - 1)]
            for title, measured, view in zip(titles, receipts, self.views, strict=True):
                value = measured_words(FIELDS.get(measured.field), measured.verdict)
                self.times.addTab(view, title.format(value=value, day=day_words(measured.at)))
            layout.addWidget(self.times, 1)
        layout.addWidget(_rule(self))
        self._buttons = QDialogButtonBox(self)
        self.close_button = self._buttons.addButton(self.tr("&Close"), QDialogButtonBox.ButtonRole.RejectRole)
        self.close_button.setObjectName("receipt_close")
        self.copy_button = push_button("receipt_copy_all", self.tr("Copy &All"), "clipboard", self)
        self.copy_button.setToolTip(self.tr("Copy the whole receipt as JSON; keys are not in it"))
        self.use_button = push_button("receipt_use", self.tr("&Use Measured"), "check", self)
        for button in (self.copy_button, self.use_button):
            self._buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        self.use_button.setVisible(can_use)
        self._buttons.rejected.connect(self.reject)
        self.copy_button.clicked.connect(self._copy)
        self.use_button.clicked.connect(self._use)
        layout.addWidget(self._buttons)
        line = self.fontMetrics().height()
        self.resize(line * 44, line * 36)
        self.views[0].calls.setFocus()

    @property
    def shown_view(self) -> ReceiptView:
        """The measurement that is looked at."""
        return self.views[self.times.currentIndex()] if len(self.views) > 1 else self.views[0]

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.shown_view.text)

    @Slot()
    def _use(self) -> None:
        self.use_wanted.emit(self._field)
        self.accept()


def _rule(parent: QWidget) -> QFrame:
    rule = QFrame(parent)
    rule.setFrameShape(QFrame.Shape.HLine)
    rule.setFrameShadow(QFrame.Shadow.Sunken)
    return rule
