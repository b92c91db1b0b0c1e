"""*Check Connection*: asks an endpoint through the engine and says in plain words what happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from core.connection_report import ConnectionReport
from core.errors import MusterError
from core.providers import ModelListing
from gui.icons import icon, icon_pixmap
from gui.jobs import Job
from gui.theme import tones
from gui.words import tr_core
from gui.worker import run_in_worker
from gui.wrapped_label import message_label


class Checker(Protocol):
    """What can check a connection: the engine's host."""

    def check(self, base_url: str, api_key: str | None = None, *, listing: ModelListing = ...) -> Job:
        """The check as a job that brings a `ConnectionReport`."""


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What is to be checked. `read_key` may wait for the keyring, so it is called on a worker."""

    base_url: str
    listing: ModelListing
    read_key: Callable[[], str | None]


class ConnectionPanel(QWidget):
    """A button, then a spinner with *Cancel*, then what came of it, in space that is there from the start.

    `reported` carries a `ConnectionReport`; `address_suggested` an address that the person took over with *Use it*.
    """

    requested = Signal()
    reported = Signal(object)
    address_suggested = Signal(str)
    outdated = Signal()
    """The last outcome is about something else by now."""

    def __init__(self, engine: Checker | None, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._job: Job | None = None
        self._round = 0
        """Counts the checks, so that the answer to one that was given up is not taken for the next one's."""
        self._tone: str = ""
        self._suggested = ""
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._make_head(name)
        self._make_outcome(name)
        self.check_button.clicked.connect(self.requested)
        self.cancel_button.clicked.connect(self.cancel)
        self.use_button.clicked.connect(self._use_suggestion)

    @property
    def is_checking(self) -> bool:
        """Whether an answer is awaited."""
        return not self.spinner.isHidden()

    @property
    def tab_widgets(self) -> list[QWidget]:
        """What the Tab key goes through, in order."""
        return [self.check_button, self.cancel_button, self.use_button]

    def start(self, request: CheckRequest) -> None:
        """Check, unless a check is under way."""
        if self.is_checking or self._engine is None:
            return
        self._round += 1
        this_round = self._round
        self._show("", "")
        self._show_busy(True)

        def ask(key: str | None) -> None:
            if this_round == self._round and self._engine is not None:
                self._begin(self._engine.check(request.base_url, key, listing=request.listing))

        def give_up(error: MusterError) -> None:
            if this_round == self._round:
                self._fail(error)

        run_in_worker(self, request.read_key, on_done=ask, on_error=give_up)

    @Slot()
    def cancel(self) -> None:
        """Give the check up."""
        if not self.is_checking:
            return
        self._round += 1
        job, self._job = self._job, None
        if job is not None:
            job.succeeded.disconnect(self._succeed)
            job.failed.disconnect(self._fail)
            job.cancel()
        self._show_busy(False)
        self._show(self.tr("The check was cancelled."), "")
        self.check_button.setFocus()

    def clear(self) -> None:
        """Take the last outcome back: it is about something else by now."""
        if not self.is_checking:
            self._show("", "")
        self.outdated.emit()

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._paint_mark()
        super().changeEvent(event)

    def _begin(self, job: Job) -> None:
        self._job = job
        job.succeeded.connect(self._succeed)
        job.failed.connect(self._fail)
        job.start()

    @Slot(object)
    def _succeed(self, report: ConnectionReport) -> None:
        self._job = None
        self._show_busy(False)
        self._show(f"{tr_core(report.title)} {tr_core(report.hint)}".strip(), "good" if report.ok else "error")
        self._suggested = report.suggested_base_url or ""
        self.use_button.setVisible(bool(self._suggested))
        self.reported.emit(report)

    @Slot(object)
    def _fail(self, error: MusterError) -> None:
        self._job = None
        self._show_busy(False)
        self._show(f"{tr_core(error.title)} {tr_core(error.hint)}".strip(), "error")

    @Slot()
    def _use_suggestion(self) -> None:
        suggested = self._suggested
        self._show("", "")
        self.address_suggested.emit(suggested)

    def _show_busy(self, is_busy: bool) -> None:
        had_focus = self.check_button.hasFocus() or self.cancel_button.hasFocus()
        self.spinner.setVisible(is_busy)
        self.cancel_button.setVisible(is_busy)
        self.check_button.setEnabled(not is_busy)
        if had_focus:
            (self.cancel_button if is_busy else self.check_button).setFocus()

    def _show(self, words: str, tone: str) -> None:
        self.outcome.setText(words)
        self.check_button.setAccessibleDescription(words)
        self._suggested = ""
        self.use_button.hide()
        self._tone = tone
        self._paint_mark()

    def _paint_mark(self) -> None:
        self._mark.setVisible(bool(self._tone))
        if self._tone:
            good = self._tone == "good"
            colour = tones(self.palette()).good if good else tones(self.palette()).error
            name = "circle-check" if good else "alert-triangle"
            self._mark.setPixmap(icon_pixmap(name, self.fontMetrics().height(), colour, self.devicePixelRatioF()))

    def _make_head(self, name: str) -> None:
        self.check_button = QPushButton(icon("plug-connected"), self.tr("Check C&onnection"), self)
        self.check_button.setObjectName(f"{name}_check")
        self.check_button.setEnabled(self._engine is not None)
        if self._engine is None:
            self.check_button.setToolTip(self.tr("The engine is not running."))
        self.spinner = QProgressBar(self)
        self.spinner.setObjectName(f"{name}_checking")
        self.spinner.setAccessibleName(self.tr("Checking the connection"))
        self.spinner.setRange(0, 0)
        self.spinner.setTextVisible(False)
        self.spinner.setMaximumWidth(self.fontMetrics().averageCharWidth() * 16)
        self.spinner.setMaximumHeight(self.fontMetrics().height())
        self.cancel_button = QPushButton(self.tr("&Cancel"), self)
        self.cancel_button.setObjectName(f"{name}_check_cancel")
        for widget in (self.spinner, self.cancel_button):
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            widget.setSizePolicy(policy)
            widget.hide()
        head = QHBoxLayout()
        head.addWidget(self.check_button)
        head.addWidget(self.spinner)
        head.addWidget(self.cancel_button)
        head.addStretch(1)
        self._layout.addLayout(head)

    def _make_outcome(self, name: str) -> None:
        self._mark = QLabel(self)
        self.outcome = message_label(f"{name}_check_outcome", self)
        self.outcome.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.outcome.setMinimumHeight(self.fontMetrics().lineSpacing() * 3)
        self.use_button = QPushButton(self.tr("&Use It"), self)
        self.use_button.setObjectName(f"{name}_use_suggestion")
        self.use_button.hide()
        line = QHBoxLayout()
        line.setSpacing(self.fontMetrics().horizontalAdvance(" "))
        line.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.outcome, 1)
        line.addWidget(self.use_button, 0, Qt.AlignmentFlag.AlignTop)
        self._layout.addLayout(line)
