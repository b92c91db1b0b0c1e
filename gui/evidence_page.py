"""One model's evidence on a page: when it was measured, what was found, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from core.report_history import imported_from
from gui.buttons import push_button
from gui.elided_label import ElidedLabel
from gui.evidence_list import EvidenceList, EvidenceRow
from gui.evidence_store import EntryEvidence
from gui.icons import icon
from gui.measured_facts import fact_rows, mode_rows
from gui.problem_box import ProblemBox
from gui.verdict_words import cost_words, day_words, fingerprint_words, source_words, time_words
from gui.words import one_line, tr_core


class EvidencePage(QWidget):
    """Shows evidence; what the person wants done goes out as signals, with the field's name where it is about one."""

    measure_wanted = Signal()
    receipt_wanted = Signal(str)
    use_wanted = Signal(str)
    use_all_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("evidence_page")
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        self._can_write = False
        height = self.fontMetrics().height()
        self._when = self._label("evidence_when")
        self._cost = self._label("evidence_cost")
        self._cost.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.measure_button = push_button("evidence_measure", self.tr("Re-measure…"), "refresh")
        self._stale = ProblemBox("evidence_stale")
        self.list = EvidenceList()
        self.receipt_button = push_button("evidence_receipt", self.tr("Receipt…"), "microscope")
        self.use_button = push_button("evidence_use", self.tr("Use Measured"), "check")
        self.use_all_button = push_button("evidence_use_all", self.tr("Use All Measured"), "check")
        self.use_all_button.setToolTip(self.tr("Use all measured values, as one edit that can be undone"))
        self._server = ElidedLabel("evidence_server")
        self._server.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        words = QVBoxLayout()
        words.setSpacing(height // 6)
        words.addWidget(self._when)
        words.addWidget(self._cost)
        head = QGridLayout()
        head.setContentsMargins(height, 0, height, 0)
        head.setVerticalSpacing(height // 6)
        head.setColumnStretch(0, 1)
        head.addLayout(words, 0, 0)
        head.addWidget(self.measure_button, 0, 1, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._server, 1, 0, 1, 2)
        foot = QGridLayout()
        foot.setContentsMargins(height // 2, 0, height // 2, height // 2)
        foot.setSpacing(height // 3)
        foot.addWidget(self.receipt_button, 0, 0)
        foot.addWidget(self.use_button, 0, 1)
        foot.addWidget(self.use_all_button, 1, 0, 1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, height * 3 // 4, 0, 0)
        layout.setSpacing(height // 2)
        layout.addLayout(head)
        layout.addWidget(self._stale)
        layout.addWidget(self.list, 1)
        layout.addLayout(foot)
        self.measure_button.clicked.connect(self.measure_wanted)
        self.list.receipt_wanted.connect(self.receipt_wanted)
        self.list.use_wanted.connect(self.use_wanted)
        self.list.currentItemChanged.connect(self._show_buttons)
        self.receipt_button.clicked.connect(self._want_receipt)
        self.use_button.clicked.connect(self._want_use)
        self.use_all_button.clicked.connect(self.use_all_wanted)

    @property
    def stale_text(self) -> str:
        """What has changed since; empty where nothing has."""
        return "" if self._stale.isHidden() else self._stale.accessibleName()

    def show_evidence(
        self, evidence: EntryEvidence, rows: list[EvidenceRow], *, can_write: bool, can_use_all: bool
    ) -> None:
        """Shows that; what was chosen in the list stays chosen.

        Without a measurement there are only rows, which say where values came from.
        """
        report = evidence.report
        self._can_write = can_write
        self.measure_button.setText(self.tr("Measure…") if report is None else self.tr("Re-measure…"))
        self.measure_button.setIcon(icon("microscope" if report is None else "refresh"))
        for widget in (self._cost, self._server):
            widget.setVisible(report is not None)
        if report is None:
            self._when.setText(self.tr("Not measured yet"))
            self._when.setToolTip("")
            self._stale.show_texts([])
            self.list.show_rows(rows)
            self.use_all_button.setEnabled(False)
            self._show_buttons()
            return
        day, source = day_words(evidence.at), imported_from(report)
        self._when.setText(
            self.tr("Measured elsewhere: {name}, {day}").format(name=source_words(source), day=day)
            if source
            else self.tr("Measured {day}").format(day=day)
        )
        self._when.setToolTip("\n".join(filter(None, (time_words(evidence.at), one_line(source)))))
        partly = self.tr("in part: {reason}").format(reason=tr_core(report.stopped_by)) if report.stopped_by else ""
        cost = cost_words(report.calls, report.tokens)
        self._cost.setText("\n".join(filter(None, (cost, partly))))
        self._server.setText(fingerprint_words(report.fingerprint))
        changes = ", ".join(map(tr_core, evidence.changes))
        stale = self.tr("Outdated. Since then, another is {changes}. Measure again.").format(changes=changes)
        self._stale.show_texts([stale] if changes else [])
        self.list.show_rows(rows, mode_rows(report), fact_rows(report))
        self.use_all_button.setEnabled(can_write and can_use_all)
        self._show_buttons()

    @Slot()
    def _show_buttons(self) -> None:
        row = self.list.chosen
        self.receipt_button.setEnabled(row is not None and row.finding.measured is not None)
        self.use_button.setEnabled(self._can_write and row is not None and row.mark.offer is not None)

    @Slot()
    def _want_receipt(self) -> None:
        row = self.list.chosen
        if row is not None:
            self.receipt_wanted.emit(row.spec.name)

    @Slot()
    def _want_use(self) -> None:
        row = self.list.chosen
        if row is not None:
            self.use_wanted.emit(row.spec.name)

    def _label(self, name: str) -> QLabel:
        label = QLabel()
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        return label
