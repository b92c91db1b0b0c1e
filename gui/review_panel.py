"""The lower half of measuring: what would change, with the receipts; a hint until something was measured."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from gui.buttons import push_button
from gui.empty_state import EmptyState
from gui.field_marks import Measured
from gui.measure_review import MeasureReview, ReviewedField
from gui.measuring_batch import Measurement
from gui.receipt_view import ReceiptDialog
from gui.tick_outlines import TickOutline


class ReviewPanel(QStackedWidget):
    """Shows the review once there is one. `changed` tells that a tick or the selection did."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("review_panel")
        self._receipts: ReceiptDialog | None = None
        self.review = MeasureReview()
        height = self.fontMetrics().height()
        heading = QLabel(self.tr("What &would change"))
        heading.setBuddy(self.review)
        bold = heading.font()
        bold.setBold(True)
        heading.setFont(bold)
        self.all_box = QCheckBox(self.tr("Show &everything"))
        self.all_box.setObjectName("measure_show_all")
        self.all_box.setToolTip(self.tr("Also what is as measured already, and what could not be told"))
        self._ticks = TickOutline(self.all_box)
        self.receipts_button = push_button("measure_receipts", self.tr("&Receipts…"), "clipboard-list")
        self.receipts_button.setEnabled(False)
        self.receipts_button.setToolTip(self.tr("What was asked and answered for the selected setting"))
        head = QHBoxLayout()
        head.addWidget(heading)
        head.addStretch(1)
        head.addWidget(self.all_box)
        head.addSpacing(height // 2)
        head.addWidget(self.receipts_button)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, height // 2, 0, 0)
        layout.setSpacing(height // 3)
        layout.addLayout(head)
        hint = EmptyState(
            "measure_hint",
            "clipboard-list",
            "",
            self.tr("What is measured stands here beside your settings. Nothing changes until you apply it."),
            is_quiet=True,
        )
        self._as_measured = EmptyState(
            "measure_as_measured", "check", "", self.tr("Nothing would change."), is_quiet=True
        )
        self._inner = QStackedWidget()
        self._inner.addWidget(self.review)
        self._inner.addWidget(self._as_measured)
        layout.addWidget(self._inner, 1)
        self.addWidget(hint)
        self.addWidget(page)
        self.all_box.toggled.connect(self._show_all)
        self.review.ticked.connect(self.changed)
        self.review.currentItemChanged.connect(self._allow)
        self.review.receipts_wanted.connect(self._open_receipts)
        self.receipts_button.clicked.connect(self._open_current)

    def show_measurement(self, measurement: Measurement) -> None:
        """Adds what was measured of one model, or shows it anew."""
        self.review.show_measurement(measurement)
        if measurement.report is not None:
            self.setCurrentIndex(1)
        self._allow()

    def show_again(self) -> None:
        """Compares with the settings and the last measurements as they are now."""
        self.review.show_again()
        self._allow()

    def clear(self) -> None:
        """Nothing was measured."""
        self.review.show_nothing()
        self.setCurrentIndex(0)

    @Slot(bool)
    def _show_all(self, shows_all: bool) -> None:
        self.review.show_all(shows_all)
        self._allow()

    @Slot()
    def _allow(self) -> None:
        self._inner.setCurrentIndex(0 if self.review.topLevelItemCount() else 1)
        line = self.review.current
        self.receipts_button.setEnabled(line is not None and line.change.verdict is not None)

    @Slot()
    def _open_current(self) -> None:
        line = self.review.current
        if line is not None:
            self._open_receipts(line)

    @Slot(object)
    def _open_receipts(self, line: ReviewedField) -> None:
        change, measurement = line.change, line.measurement
        if change.verdict is None or measurement.report is None:
            return
        shown = [Measured(change.name, change.verdict, measurement.report.at)]
        if change.before is not None:
            shown.append(Measured(change.name, change.before.verdict, change.before.at))
        self._receipts = ReceiptDialog(shown, parent=self.window())
        self._receipts.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._receipts.open()
