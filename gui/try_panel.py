"""Trying a model: choose it, ask it something, watch the answer arrive, see what was sent."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QPalette, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSplitter, QVBoxLayout, QWidget
from typing_extensions import override

from core.errors import MusterError
from core.offers import ModelGroup, OfferedModel
from core.preparation import prepare
from core.registry import Registry
from core.run_spec import RunSpec
from gui.engine_host import EngineHost, EngineState
from gui.icons import icon
from gui.jobs import Job
from gui.model_picker import ModelPicker
from gui.theme import tones
from gui.try_answer import TryAnswer
from gui.try_inputs import TryInputs, TryRequest
from gui.words import one_line, tr_core
from gui.worker import run_in_worker
from gui.wrapped_label import WrappedLabel

_RELOAD_DELAY_MS: Final = 100
_WIDE_CHARACTERS: Final = 110
"""From this many characters on question and answer stand side by side."""


class TryPanel(QWidget):
    """The panel *Try it*. `providers_wanted` is emitted where a run failed for something that is set up there."""

    providers_wanted = Signal()

    began = Signal()
    """A run begins: its answer is to be seen."""

    _roll_changed = Signal()  # the roll tells on whichever thread changed it; a signal finds the way here

    def __init__(self, registry: Registry, *, engine: EngineHost, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("try_panel")
        self._registry = registry
        self._engine = engine
        self._jobs: list[Job] = []  # the run under way; a list, so that it can be stopped when the panel is gone
        self._stoppable: Job | None = None  # the run that is shown, also after it was stopped
        self._had_schema = False
        self._attempt = 0  # which press of Run is the current one; what an older one prepared is dropped
        self._is_running = False
        self._wanted: tuple[str, str | None] | None = None  # to be chosen as soon as it is offered
        self._loading = 0  # which look at the roll is the current one
        self._takes_models = False

        self.picker = ModelPicker(self)
        self._model_line = WrappedLabel("model_line", self)
        self._model_line.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.inputs = TryInputs(self)
        self.run_button = QPushButton(icon("player-play"), self.tr("&Run"), self)
        self.run_button.setObjectName("run_button")
        self.run_button.setToolTip(self.tr("Ask the model (Ctrl+Return)"))
        self.stop_button = QPushButton(icon("player-stop"), self.tr("S&top"), self)
        self.stop_button.setObjectName("stop_button")
        self.stop_button.setToolTip(self.tr("Stop the run (Escape)"))
        self.answer = TryAnswer(self)  # after the buttons: Tab comes by in the order of making
        self._complaint = QLabel(self)
        self._complaint.setObjectName("run_complaint")
        self._complaint.setWordWrap(True)
        self._complaint.setTextFormat(Qt.TextFormat.PlainText)
        self._complaint.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._splitter = QSplitter(Qt.Orientation.Vertical, self)
        self._splitter.setObjectName("try_splitter")
        self._reload_timer = QTimer(self)
        self._reload_timer.setSingleShot(True)
        self._reload_timer.setInterval(_RELOAD_DELAY_MS)
        self._lay_out()
        self._connect()
        self._reload_models()
        self._show_running(is_running=False)

    @property
    def is_running(self) -> bool:
        """Whether a run is under way or being prepared."""
        return self._is_running

    @property
    def complaint(self) -> str:
        """Why the last press of Run did nothing; empty where it did."""
        return self._complaint.text()

    def select(self, reference: str, provider_name: str | None = None) -> None:
        """Choose that model, now or as soon as it is offered. What was typed stays."""
        if not self.picker.select(reference, provider_name):
            self._wanted = (reference, provider_name)

    @Slot()
    def run(self) -> None:
        """Ask the chosen model what is typed, unless a run is under way."""
        if self._is_running:
            return
        model = self.picker.picked_model
        if model is None:
            self.picker.setFocus()
            words = self.tr("Choose a model first.") if self.picker.has_models else self.tr("Add a model first.")
            self._complain(words)
            return
        problem = self.inputs.find_problem()
        self._complain(problem)
        if problem:
            return
        self._attempt += 1
        self._stoppable = None
        asked = self.inputs.request
        self.answer.begin(one_line(model.label, 36))
        self._show_running(is_running=True)
        self.began.emit()
        self._say_what_is_waited_for()
        run_in_worker(
            self,
            partial(_prepare, self._registry, model, asked),
            on_done=partial(self._send, self._attempt),
            on_error=partial(self._note_refusal, self._attempt),
        )

    @Slot()
    def stop(self) -> None:
        """Give the run up."""
        if self._jobs:
            self._jobs[0].cancel()
        elif self._is_running:
            self._attempt += 1
            self._note_cancelled()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= _WIDE_CHARACTERS * self.fontMetrics().averageCharWidth()
        orientation = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self._splitter.orientation() is not orientation:
            self._splitter.setOrientation(orientation)
            question = round(self.width() * 0.4) if wide else self._question.sizeHint().height()
            extent = self.width() if wide else self.height()
            self._splitter.setSizes([question, max(0, extent - question)])

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._complain(self.complaint)
        super().changeEvent(event)

    @override
    def sizeHint(self) -> QSize:
        unit = self.fontMetrics().height()
        return QSize(unit * 26, unit * 44)

    def _lay_out(self) -> None:
        gap = self.fontMetrics().height() // 2
        label = QLabel(self.tr("Mo&del"), self)
        label.setBuddy(self.picker)
        head = QHBoxLayout()
        head.addWidget(label)
        head.addWidget(self.picker, 1)
        bar = QHBoxLayout()
        bar.addWidget(self.run_button)
        bar.addWidget(self.stop_button)
        bar.addWidget(self._complaint, 1)
        self._question = question = QWidget(self)
        question.setObjectName("try_question")
        column = QVBoxLayout(question)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(gap)
        column.addLayout(head)
        column.addWidget(self._model_line)
        column.addWidget(self.inputs, 1)
        column.addLayout(bar)
        self._splitter.addWidget(question)
        self._splitter.addWidget(self.answer)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(2 * gap)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(gap, gap, gap, gap)
        whole.addWidget(self._splitter)

    def _connect(self) -> None:
        self.picker.picked.connect(self._note_model)
        self.inputs.changed.connect(self._forget_complaint)
        self.run_button.clicked.connect(self.run)
        self.stop_button.clicked.connect(self.stop)
        self.answer.again_wanted.connect(self.run)
        self.answer.providers_wanted.connect(self.providers_wanted)
        self._engine.state_changed.connect(self._note_engine)
        self._roll_changed.connect(self._reload_timer.start)
        self._reload_timer.timeout.connect(self._reload_models)
        for sequence, action in (("Ctrl+Return", self.run), ("Ctrl+Enter", self.run), ("Escape", self.stop)):
            shortcut = QShortcut(QKeySequence(sequence), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)
            if action == self.stop:
                self._escape = shortcut
        tell = self._roll_changed.emit
        ends = (self._registry.subscribe(lambda _document: tell()), self._registry.credentials.subscribe(tell))
        jobs = self._jobs
        self.destroyed.connect(lambda: [end() for end in (*ends, *(job.cancel for job in jobs))])

    # -------------------------------------------------------------------------------------------------------- models

    @Slot()
    def _reload_models(self) -> None:
        # On a worker thread: the catalogue takes 100 ms when it is read the first time.
        self._loading += 1
        look = partial(self._registry.available_models, wait=False)
        run_in_worker(self, look, on_done=partial(self._take_models, self._loading))

    def _take_models(self, loading: int, groups: tuple[ModelGroup, ...]) -> None:
        if loading != self._loading:
            return
        self._takes_models = True
        self.picker.set_groups(groups)
        wanted, self._wanted = self._wanted, None
        if wanted is not None and not self.picker.select(*wanted):
            self._wanted = wanted
        self._takes_models = False

    @Slot(object)
    def _note_model(self, model: OfferedModel | None) -> None:
        if not self._takes_models:
            self._wanted = None  # the person chose another one
        self.inputs.set_provider(None if model is None else model.provider)
        self._forget_complaint()
        self._describe(model)

    def _describe(self, model: OfferedModel | None) -> None:
        if model is None:
            words = ""
        elif model.problem:
            words = f"⚠ {one_line(tr_core(model.problem), 400)}"
        else:
            group = self.picker.picked_group
            words = group if model.model_id == model.label else f"{group} · {one_line(model.model_id, 120)}"
        self._model_line.setText(words)
        self._model_line.setToolTip(words)

    # ----------------------------------------------------------------------------------------------------------- run

    def _send(self, attempt: int, spec: RunSpec) -> None:
        if attempt != self._attempt or not self._is_running:
            return
        job = self._engine.run(spec)
        self._jobs.append(job)
        self._stoppable = job
        self._had_schema = spec.schema is not None
        job.progressed.connect(self._note_progress)
        job.succeeded.connect(self._note_result)
        job.failed.connect(self._note_failure)
        job.cancelled.connect(self._note_cancelled)
        job.sent_reported.connect(self._note_sent)
        job.start()

    def _note_refusal(self, attempt: int, error: MusterError) -> None:
        if attempt == self._attempt:
            self._note_failure(error)

    @Slot(object)
    def _note_progress(self, deltas: Any) -> None:
        self.answer.wait_for(self.tr("answering…"))
        self.answer.add_deltas(deltas)

    @Slot(object)
    def _note_result(self, result: Any) -> None:
        self._show_running(is_running=False)
        shown = self.inputs.warnings
        known = [text for text in result.warnings if tr_core(text) in shown]
        self.answer.show_result(result, had_schema=self._had_schema, known_warnings=known)

    @Slot(object)
    def _note_failure(self, error: Any) -> None:
        self._show_running(is_running=False)
        self.answer.show_error(error)

    @Slot()
    def _note_cancelled(self) -> None:
        self._show_running(is_running=False)
        self.answer.show_stopped()

    @Slot(object)
    def _note_sent(self, request: Any) -> None:
        if self.sender() is self._stoppable:
            self.answer.show_request(request)

    @Slot(str)
    def _note_engine(self, _state: str) -> None:
        if self._is_running:
            self._say_what_is_waited_for()

    def _say_what_is_waited_for(self) -> None:
        if self._engine.state is EngineState.READY:
            self.answer.wait_for(self.tr("waiting for the answer…"))
        else:
            self.answer.wait_for(self.tr("starting the engine…"))

    def _show_running(self, *, is_running: bool) -> None:
        had_focus = self.stop_button.hasFocus() or self.run_button.hasFocus()
        self._is_running = is_running
        if not is_running:
            self._jobs.clear()
        self.run_button.setEnabled(not is_running)
        self.stop_button.setEnabled(is_running)
        self._escape.setEnabled(is_running)
        if had_focus:
            (self.stop_button if is_running else self.run_button).setFocus()

    def _complain(self, words: str) -> None:
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, tones(palette).error)
        self._complaint.setPalette(palette)
        self._complaint.setText(words)

    @Slot()
    def _forget_complaint(self) -> None:
        if self.complaint:
            self._complain("")


def _prepare(registry: Registry, model: OfferedModel, asked: TryRequest) -> RunSpec:
    return prepare(
        registry,
        model.reference,
        asked.prompt,
        asked.schema,
        system_prompt=asked.system_prompt,
        images=asked.images,
        provider_name=model.provider_name,
        temperature=asked.temperature,
        top_p=asked.top_p,
        max_tokens=asked.max_tokens,
        thinking_level=asked.thinking_level,
    )
