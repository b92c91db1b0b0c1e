"""What is measured and what it may cost, chosen before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from core.document import Row
from core.measurement_preparation import THOROUGH
from core.registry import Registry
from core.verdicts import Limits
from gui.combo_boxes import SteadyComboBox
from gui.measuring_costs import Cost, cost_of, limits_cost
from gui.scopes import Scope
from gui.tick_outlines import TickOutline
from gui.verdict_words import cost_words, count_words
from gui.worker import run_in_worker

_MOST_AT_ONCE = 4


class MeasureOptions(QWidget):
    """Which models, how many at once, how thoroughly; and below it the most that it can cost.

    `scope_chosen` and `at_once_chosen` tell of another choice.
    """

    scope_chosen = Signal()
    at_once_chosen = Signal(int)

    def __init__(self, registry: Registry, scopes: Sequence[Scope], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("measure_options")
        self._registry = registry
        self._asked = 0
        self._scopes = [scope for scope in scopes if scope.rows]
        height = self.fontMetrics().height()
        self.scope_box = SteadyComboBox(self)
        self.scope_box.setObjectName("measure_scope")
        self.scope_box.addItems([scope.words for scope in self._scopes])
        self.scope_box.setSizeAdjustPolicy(SteadyComboBox.SizeAdjustPolicy.AdjustToContents)
        self.at_once_box = QSpinBox(self)
        self.at_once_box.setObjectName("measure_at_once")
        self.at_once_box.setRange(1, _MOST_AT_ONCE)
        self.at_once_box.setValue(2)
        self.thorough_box = QCheckBox(self.tr("&Thorough"), self)
        self.thorough_box.setObjectName("measure_thorough")
        self.thorough_box.setToolTip(self.tr("Also file types, parallel tools and long thinking"))
        self._ticks = TickOutline(self.thorough_box)
        self.cost_label = QLabel(self)
        self.cost_label.setObjectName("measure_cost")
        self.cost_label.setWordWrap(True)
        self.cost_label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        row = QHBoxLayout()
        row.setSpacing(height // 2)
        scope_label, self._at_once_label = QLabel(self.tr("Mo&dels")), QLabel(self.tr("At &once per provider"))
        for label, box in ((scope_label, self.scope_box), (self._at_once_label, self.at_once_box)):
            label.setBuddy(box)
            row.addWidget(label)
            row.addWidget(box)
            row.addSpacing(height)
        row.addWidget(self.thorough_box)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(height // 2)
        layout.addLayout(row)
        layout.addWidget(self.cost_label)
        self.scope_box.currentIndexChanged.connect(self._tell_scope)
        self.thorough_box.toggled.connect(self._show_cost)
        self.at_once_box.valueChanged.connect(self.at_once_chosen)
        self._show_cost()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of the chosen scope."""
        return self._scopes[self.scope_box.currentIndex()].rows if self._scopes else ()

    @property
    def limits(self) -> Limits:
        """What each model may cost."""
        return THOROUGH if self.thorough_box.isChecked() else Limits()

    @property
    def at_once(self) -> int:
        """How many models of one provider are measured at the same time."""
        return self.at_once_box.value()

    def lock(self, locked: bool) -> None:
        """What was begun keeps its models and its limits."""
        self.scope_box.setEnabled(not locked)
        self.thorough_box.setEnabled(not locked)

    @Slot()
    def _tell_scope(self) -> None:
        self._show_cost()
        self.scope_chosen.emit()

    @Slot()
    def _show_cost(self) -> None:
        """Says what is known at once, and asks for the rest on a worker: addresses and keys may take a moment."""
        self._asked += 1
        entries = [row.entry for row in self.rows if row.entry is not None]
        self._show(limits_cost(len(entries), self.limits), len(entries))
        run_in_worker(
            self,
            partial(cost_of, self._registry, entries, self.limits),
            on_done=partial(self._take_cost, self._asked, len(entries)),
        )

    def _take_cost(self, asked: int, count: int, cost: Cost) -> None:
        if asked == self._asked:
            self._show(cost, count)

    def _show(self, cost: Cost, count: int) -> None:
        each = cost_words(cost.calls_each, cost.tokens_each)
        if count == 1:
            words = [self.tr("At most {each}.").format(each=each)]
        else:
            whole = cost_words(cost.calls, cost.tokens)
            words = [self.tr("At most {each} for each model; {whole} in all.").format(each=each, whole=whole)]
        # Only an answer tells what a picture costs, or that the endpoint does not heed its length.
        words.append(self.tr("One long answer or costly picture may exceed it."))
        if cost.unready:
            words = [] if cost.unready == count else words
            words.append(
                count_words(
                    cost.unready,
                    self.tr("1 model cannot be measured as it is set up."),
                    self.tr("{count} models cannot be measured as they are set up."),
                )
            )
        all_here = cost.here > 0 and cost.here + cost.unready == count
        if cost.here and count > 1:
            words.append(self.tr("A server on this computer measures one model at a time."))
        self.cost_label.setText(" ".join(words))
        self._at_once_label.setEnabled(not all_here)
        self.at_once_box.setEnabled(not all_here)
        self.at_once_box.setToolTip(
            self.tr("A server on this computer gets one at a time.")
            if all_here
            else self.tr("How many models of one provider are measured at the same time")
        )
