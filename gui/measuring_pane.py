"""Measuring in place: says what it will cost, runs with progress and Cancel, and offers what was found."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QWidget,
)
from typing_extensions import override

from core.entry import UserModelEntry
from core.errors import MusterError, RunError
from core.measurement_preparation import THOROUGH
from core.registry import Registry
from core.report_failures import failure_of
from core.verdicts import Limits, Progress, Report
from gui.buttons import push_button
from gui.colours import mixed
from gui.error_box import is_about_provider
from gui.icons import icon_pixmap
from gui.measuring_costs import Cost, cost_of, limits_cost
from gui.measuring_jobs import PreparedJob
from gui.run_figures import with_tabular_figures
from gui.theme import tones
from gui.verdict_words import cost_words, report_words
from gui.words import one_line, tr_core
from gui.worker import run_in_worker
from gui.wrapped_label import message_label

_MOST_DETAIL: Final = 200


class PaneState(StrEnum):
    """What the pane shows."""

    HIDDEN = "hidden"
    ASKING = "asking"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


def limits_for(*, thorough: bool) -> Limits:
    """What a measurement may cost."""
    return THOROUGH if thorough else Limits()


class MeasuringPane(QFrame):
    """One measurement after another. Nothing is sent before *Start*, and nothing is written at all.

    `begin` makes the job for limits, or raises why it cannot be; `subject` tells of whom the costs are. `measured`
    brings each `Report`, partial ones too; `use_all_wanted` comes from the button that takes all values over,
    `providers_wanted` from the one that leads to keys and addresses; `resized` when the pane needs another height.
    """

    measured = Signal(object)
    use_all_wanted = Signal()
    providers_wanted = Signal()
    resized = Signal()
    state_changed = Signal(str)

    def __init__(
        self,
        registry: Registry,
        subject: Callable[[], UserModelEntry | None],
        begin: Callable[[Limits], PreparedJob],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("measuring_pane")
        self.setAccessibleName(self.tr("Measuring"))
        self.setAutoFillBackground(True)
        self._registry = registry
        self._subject = subject
        self._begin = begin
        self._asked = 0
        self._state = PaneState.HIDDEN
        self._job: PreparedJob | None = None
        self._last_cost: tuple[int, int] | None = None
        self._picture = QLabel(self)
        self._title = message_label("measuring_title", self)
        bold = self._title.font()
        bold.setBold(True)
        self._title.setFont(bold)
        self._words = message_label("measuring_words", self)
        self._words.setFont(with_tabular_figures(self._words.font()))
        self.bar = QProgressBar(self)
        self.bar.setObjectName("measuring_progress")
        self.bar.setAccessibleName(self.tr("Progress of measuring"))
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(round(self.fontMetrics().height() * 0.7))
        room = self.bar.sizePolicy()
        room.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(room)
        self.thorough = QCheckBox(self.tr("T&horough"), self)
        self.thorough.setObjectName("measuring_thorough")
        self.thorough.setToolTip(
            self.tr("Also asks for attachment types, parallel tools, strict twins and long thinking; costs more")
        )
        self.start_button = push_button("measuring_start", self.tr("S&tart"), "player-play", self)
        self.stop_button = push_button("measuring_stop", self.tr("St&op"), "player-stop", self)
        self.stop_button.setToolTip(self.tr("Stop measuring and keep what was found"))
        self.use_button = push_button("measuring_use_all", self.tr("Use A&ll Measured"), "check", self)
        self.again_button = push_button("measuring_again", self.tr("Tr&y Again"), "refresh", self)
        self.providers_button = push_button("measuring_providers", self.tr("Open Providers…"), "plug-connected", self)
        self.close_button = push_button("measuring_close", self.tr("Close"), "x", self)
        self._lay_out()
        self.thorough.toggled.connect(self._show_cost)
        self.start_button.clicked.connect(self.start)
        self.again_button.clicked.connect(self.start)
        self.stop_button.clicked.connect(self.stop)
        self.use_button.clicked.connect(self._use_all)
        self.providers_button.clicked.connect(self.providers_wanted)
        self.close_button.clicked.connect(self.close_pane)
        self.hide()
        self._dress()

    @property
    def state(self) -> PaneState:
        """What it shows."""
        return self._state

    @property
    def is_running(self) -> bool:
        """Whether a measurement is under way."""
        return self._state is PaneState.RUNNING

    @property
    def text(self) -> str:
        """Title and words as they are shown."""
        return f"{self._title.text()} {self._words.text()}".strip()

    def ask(self) -> None:
        """Say what measuring will cost and wait for *Start*."""
        if self.is_running:
            self.stop_button.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self._show(PaneState.ASKING)
        self._show_cost()
        self.start_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_last_cost(self, calls: int, tokens: int) -> None:
        """What the last measurement of this model took."""
        self._last_cost = (calls, tokens)
        if self._state is PaneState.ASKING:
            self._show_cost()

    @Slot()
    def start(self) -> None:
        """Measure."""
        if self.is_running:
            return
        try:
            job = self._begin(limits_for(thorough=self.thorough.isChecked()))
        except MusterError as error:
            self._fail(error)
            return
        self._job = job
        self.bar.setRange(0, 0)
        self._title.setText(self.tr("Measuring"))
        self._words.setText(self.tr("Preparing…"))
        self._show(PaneState.RUNNING)
        self.stop_button.setEnabled(True)
        self.stop_button.setFocus(Qt.FocusReason.OtherFocusReason)
        job.progressed.connect(self._note_progress)
        job.succeeded.connect(self._note_report)
        job.failed.connect(self._fail)
        job.cancelled.connect(self._note_cancelled)
        job.start()

    @Slot()
    def stop(self) -> None:
        """End the measurement under way, and keep what it found."""
        job = self._job
        if job is None:
            return
        self.stop_button.setEnabled(False)
        self._words.setText(self.tr("Stopping…"))
        job.stop_early()

    def give_up(self) -> None:
        """End the measurement and keep nothing: nobody looks any more."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()
        self._show(PaneState.HIDDEN)

    def hand_over(self) -> PreparedJob | None:
        """The measurement under way, which this pane follows no more; None where there is none."""
        job, self._job = self._job, None
        if job is not None:
            job.disconnect(self)
        self._show(PaneState.HIDDEN)
        return job

    @Slot()
    def close_pane(self) -> None:
        """Hide it, unless it runs."""
        if not self.is_running:
            self._show(PaneState.HIDDEN)

    def show_result(self, title: str, words: str, offer: str = "") -> None:
        """Say what was found; `offer` are the words of the button that takes all of it over, empty for none."""
        had_focus = self._has_focus()
        self._title.setText(title)
        self._words.setText(words)
        self._show(PaneState.DONE)
        self.use_button.setText(offer)
        self.use_button.setVisible(bool(offer))
        if had_focus:
            (self.use_button if offer else self.close_button).setFocus(Qt.FocusReason.OtherFocusReason)
        self._announce()

    @override
    def minimumSizeHint(self) -> QSize:
        # A layout's least height is the one at its least width, many lines high; at the width there is, it is lower.
        width = max(self.width(), self.sizeHint().width())
        return QSize(super().minimumSizeHint().width(), max(0, self.heightForWidth(width)))

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    # -------------------------------------------------------------------------------------------------------- outcome

    @Slot(object)
    def _note_progress(self, progress: Progress) -> None:
        if self._job is None:
            return
        self.bar.setRange(0, max(progress.of, 1))
        self.bar.setValue(min(progress.step, progress.of))
        cost = cost_words(progress.calls, progress.tokens)
        if self.stop_button.isEnabled():
            self._words.setText(f"{tr_core(progress.words)} · {cost}" if progress.words else cost)

    @Slot(object)
    def _note_report(self, report: Report) -> None:
        self._job = None
        failure = failure_of(report)
        if failure is not None:
            self._fail(failure)
        else:
            offer = self.tr("Use A&ll Measured") if report.overrides else ""
            self.show_result(self._report_title(report), report_words(report), offer)
            self.again_button.setVisible(not report.is_decided)
        self.measured.emit(report)

    @Slot(object)
    def _fail(self, error: MusterError) -> None:
        self._job = None
        had_focus = self._has_focus()
        self._title.setText(tr_core(error.title))
        words = one_line(error.detail, _MOST_DETAIL) if isinstance(error, RunError) else ""
        said = self.tr("It says: {words}").format(words=words) if words else ""
        self._words.setText(" ".join(filter(None, (tr_core(error.hint), said))))
        self._show(PaneState.FAILED)
        self.providers_button.setVisible(is_about_provider(error))
        if had_focus:
            self.again_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self._announce()

    @Slot()
    def _note_cancelled(self) -> None:
        self._job = None
        if self._state is PaneState.RUNNING:
            self.show_result(self.tr("Stopped before anything was found."), "")

    def _report_title(self, report: Report) -> str:
        if not report.partial:
            return self.tr("Measured.")
        if not report.is_decided:
            return self.tr("Nothing could be measured.")
        return self.tr("Measured in part.")

    # --------------------------------------------------------------------------------------------------------- looks

    @Slot()
    def _use_all(self) -> None:
        self.use_all_wanted.emit()
        self.close_pane()

    @Slot()
    def _show_cost(self) -> None:
        """Says what the limits allow, and asks on a worker what it will take: a key may take a moment to be read."""
        self._title.setText(self.tr("Measuring asks the model itself, and each call costs."))
        limits, entry = limits_for(thorough=self.thorough.isChecked()), self._subject()
        self._say_cost(limits, limits_cost(1, limits))
        self._asked += 1
        asked = self._asked
        if entry is not None:
            run_in_worker(
                self,
                lambda: cost_of(self._registry, [entry], limits),
                on_done=lambda cost: self._take_cost(asked, limits, cost),
            )

    def _take_cost(self, asked: int, limits: Limits, cost: Cost) -> None:
        if asked == self._asked and self._state is PaneState.ASKING and cost.calls:
            self._say_cost(limits, cost)

    def _say_cost(self, limits: Limits, cost: Cost) -> None:
        words = [self.tr("At most {cost}.").format(cost=cost_words(cost.calls, cost.tokens))]
        # Only an answer tells what a picture costs, or that the endpoint does not heed its length.
        words.append(self.tr("One long answer or costly picture may exceed it."))
        if self._last_cost is not None and not limits.thorough:
            words.append(self.tr("The last time took {cost}.").format(cost=cost_words(*self._last_cost)))
        self._words.setText(" ".join([*words, self.tr("Nothing is changed without a click.")]))

    def _show(self, state: PaneState) -> None:
        self._state = state
        visible = {
            self.thorough: state is PaneState.ASKING,
            self.start_button: state is PaneState.ASKING,
            self.stop_button: state is PaneState.RUNNING,
            self.bar: state is PaneState.RUNNING,
            self.again_button: state is PaneState.FAILED,
            self.providers_button: False,
            self.use_button: state is PaneState.DONE,
            self.close_button: state is not PaneState.RUNNING,
        }
        for widget, is_shown in visible.items():
            widget.setVisible(is_shown)
        self.setVisible(state is not PaneState.HIDDEN)
        self._dress()
        self.state_changed.emit(str(state))
        self.resized.emit()

    def _has_focus(self) -> bool:
        focused = self.window().focusWidget()
        return focused is not None and (focused is self or self.isAncestorOf(focused))

    def _announce(self) -> None:
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self.text))

    def _lay_out(self) -> None:
        height = self.fontMetrics().height()
        buttons = QHBoxLayout()
        buttons.setSpacing(height // 2)
        for widget in (self.thorough, self.start_button, self.again_button, self.use_button, self.stop_button):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        grid = QGridLayout(self)
        grid.setContentsMargins(height * 2 // 3, height // 2, height * 2 // 3, height // 2)
        grid.setHorizontalSpacing(height // 2)
        grid.setVerticalSpacing(height // 3)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._picture, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._title, 0, 1)
        grid.addWidget(self._words, 1, 1)
        grid.addWidget(self.bar, 2, 1)
        grid.addLayout(buttons, 3, 1)
        # On a line of its own: in the details there is no room beside the others.
        grid.addWidget(self.providers_button, 4, 1, Qt.AlignmentFlag.AlignLeft)

    def _dress(self) -> None:
        parent = self.parentWidget()
        palette = QPalette(self.palette() if parent is None else parent.palette())
        failed = self._state is PaneState.FAILED
        colour = tones(palette).error if failed else palette.color(QPalette.ColorRole.Accent)
        palette.setColor(QPalette.ColorRole.Window, mixed(colour, palette.color(QPalette.ColorRole.Window), 0.08))
        self.setPalette(palette)
        bar_palette = QPalette(palette)
        bar_palette.setColor(QPalette.ColorRole.Highlight, colour)
        self.bar.setPalette(bar_palette)
        name = "alert-triangle" if failed else "microscope"
        height = self.fontMetrics().height()
        self._picture.setPixmap(icon_pixmap(name, round(height * 1.2), colour, self.devicePixelRatioF()))
