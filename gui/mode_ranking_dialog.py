"""Which structured output mode works best on a person's own prompt and schema."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QLocale, Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSpinBox,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core.document import Row
from core.entry import UserModelEntry
from core.errors import MusterError
from core.fields import FIELDS
from core.registry import Registry
from core.resolver import resolve
from core.verdicts import ModeResult, Progress, best_first
from gui.buttons import push_button
from gui.empty_state import EmptyState
from gui.error_box import ErrorBox
from gui.measuring_jobs import Asker, PreparedJob, rank_job
from gui.mode_chart import ModeChart, mode_words
from gui.progress_line import ProgressLine
from gui.saving import Saver
from gui.schema_edit import SchemaEdit
from gui.verdict_words import cost_words, count_words
from gui.words import isolated
from gui.work_dialog import WorkDialog

MODE_FIELD: Final = "structured_output_mode"
RANKED: Final = tuple(
    choice.value
    for choice in FIELDS[MODE_FIELD].choices
    if choice.offered and choice.value not in ("json_mode", "json_custom_instructions")
)
"""The modes in which the schema reaches the model, the strongest first."""

_TRIALS = 5
_MOST_TRIALS = 50
_SIZE_LINES = (70, 40)
_HINT, _CHART = range(2)


class ModeRankingDialog(WorkDialog):
    """Tries each mode some times and draws how often it gave JSON of the schema.

    `applied` brings the key of the row whose mode was changed; `providers_wanted` asks for the Providers dialog.
    """

    applied = Signal(list)
    providers_wanted = Signal()

    def __init__(
        self, registry: Registry, saver: Saver, engine: Asker, row: Row, parent: QWidget | None = None
    ) -> None:
        super().__init__("ranking", size_lines=_SIZE_LINES, parent=parent)
        self._registry = registry
        self._saver = saver
        self._engine = engine
        self._key = row.key
        self._job: PreparedJob | None = None
        name = row.entry.display_name if row.entry is not None else ""
        self.setWindowTitle(self.tr("Rank Output Modes: {name}").format(name=isolated(name)))
        self._build()
        self._connect()
        self._show_cost()
        self._allow()

    # -------------------------------------------------------------------------------------------------------- layout

    def _build(self) -> None:
        height = self.fontMetrics().height()
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setObjectName("ranking_panels")
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._build_task())
        splitter.addWidget(self._build_results())
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 3)
        layout = QVBoxLayout(self)
        layout.setSpacing(height // 2)
        layout.addWidget(splitter, 1)
        layout.addLayout(self._build_buttons())

    def _build_task(self) -> QWidget:
        height = self.fontMetrics().height()
        self.prompt_edit = QPlainTextEdit()
        self.prompt_edit.setObjectName("ranking_prompt")
        self.prompt_edit.setPlaceholderText(self.tr("What the model shall do, such as one of your real inputs."))
        self.prompt_edit.setTabChangesFocus(True)
        self.schema_edit = SchemaEdit()
        self.schema_edit.editor.setPlaceholderText(self.tr("The schema that the answer shall have."))
        prompt_label, schema_label = QLabel(self.tr("Pro&mpt")), QLabel(self.tr("JSON &schema"))
        prompt_label.setBuddy(self.prompt_edit)
        schema_label.setBuddy(self.schema_edit.editor)
        self.trials_box = QSpinBox()
        self.trials_box.setObjectName("ranking_trials")
        self.trials_box.setRange(1, _MOST_TRIALS)
        self.trials_box.setValue(_TRIALS)
        trials_label = QLabel(self.tr("&Tries for each mode"))
        trials_label.setBuddy(self.trials_box)
        self.cost_label = QLabel()
        self.cost_label.setObjectName("ranking_cost")
        self.cost_label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        trials = QHBoxLayout()
        trials.addWidget(trials_label)
        trials.addWidget(self.trials_box)
        trials.addSpacing(height // 2)
        trials.addWidget(self.cost_label, 1)
        panel = QWidget()
        layout = QVBoxLayout(panel)
        layout.setContentsMargins(0, 0, height // 2, 0)
        layout.addWidget(prompt_label)
        layout.addWidget(self.prompt_edit, 2)
        layout.addWidget(schema_label)
        layout.addWidget(self.schema_edit, 3)
        layout.addLayout(trials)
        return panel

    def _build_results(self) -> QWidget:
        height = self.fontMetrics().height()
        self.error_box = ErrorBox(self)
        self.chart = ModeChart()
        self.summary = QLabel()
        self.summary.setObjectName("ranking_summary")
        self.summary.setWordWrap(True)
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.summary.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.summary.setMinimumHeight(self.fontMetrics().lineSpacing() * 4)
        shown = QWidget()
        chart_layout = QVBoxLayout(shown)
        chart_layout.setContentsMargins(0, 0, 0, 0)
        chart_layout.setSpacing(height // 2)
        chart_layout.addWidget(self.chart, 1)
        chart_layout.addWidget(self.summary)
        self._hint = EmptyState(
            "ranking_hint",
            "chart-bar",
            self.tr("Which mode works on your task?"),
            self.tr("Give a prompt and a schema. Each mode is tried some times, by turns; the chart shows how often it "
                    "gave an answer of that schema, and how long it took."),
        )  # fmt: skip
        self.pages = QStackedWidget()
        self.pages.addWidget(self._hint)
        self.pages.addWidget(shown)
        self.progress = ProgressLine("ranking")
        panel = QWidget()
        layout = QVBoxLayout(panel)
        layout.setContentsMargins(height // 2, 0, 0, 0)
        layout.setSpacing(height // 2)
        layout.addWidget(self.error_box)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.progress)
        return panel

    def _build_buttons(self) -> QHBoxLayout:
        self.stop_button = push_button("ranking_stop", self.tr("St&op"), "player-stop", self)
        self.start_button = push_button("ranking_start", self.tr("&Rank"), "chart-bar", self)
        self.start_button.setDefault(True)
        self.use_button = push_button("ranking_use", self.tr("&Use Selected Mode"), "check", self)
        return self.button_row([self.stop_button], [self.start_button, self.use_button])

    def _connect(self) -> None:
        self.prompt_edit.textChanged.connect(self._allow)
        self.schema_edit.checked.connect(self._allow)
        self.trials_box.valueChanged.connect(self._show_cost)
        self.chart.selected.connect(self._allow)
        self.start_button.clicked.connect(self.start)
        self.stop_button.clicked.connect(self.stop)
        self.use_button.clicked.connect(self.use_selected)
        self.error_box.again_wanted.connect(self.start)
        self.error_box.providers_wanted.connect(self.providers_wanted)
        self._saver.document_changed.connect(self._take_document)

    # ------------------------------------------------------------------------------------------------------- ranking

    @property
    def _entry(self) -> UserModelEntry | None:
        row = self._registry.document.row(self._key)
        return row.entry if row is not None else None

    @Slot()
    def start(self) -> None:
        """Tries the modes."""
        entry, schema, prompt = self._entry, self.schema_edit.schema, self.prompt_edit.toPlainText().strip()
        if self._job is not None or entry is None or schema is None or not prompt:
            return
        self.error_box.clear()
        job = rank_job(
            self._engine, self._registry, entry, prompt, schema,
            trials=self.trials_box.value(), modes=RANKED, parent=self,
        )  # fmt: skip
        self._job = job
        job.progressed.connect(self._show_progress)
        job.succeeded.connect(self._show_results)
        job.failed.connect(self._show_error)
        job.cancelled.connect(self._show_nothing)
        job.finished.connect(self._end)
        self.progress.bar.setRange(0, len(RANKED) * self.trials_box.value())
        self.progress.bar.setValue(0)
        self.progress.label.setText(self.tr("Waiting for the engine…"))
        self.summary.clear()
        self.chart.show_progress([ModeResult(mode, 0, 0) for mode in RANKED])
        self.chart.mark_in_use(self._mode_now())
        self.pages.setCurrentIndex(_CHART)
        self._allow()
        job.start()

    @Slot()
    def stop(self) -> None:
        """Ends it, and shows what is known until now."""
        if self._job is not None:
            self._job.stop_early()
            self.progress.label.setText(self.tr("Stopping…"))
            self._allow()

    @Slot(object)
    def _show_progress(self, progress: Progress) -> None:
        self.chart.show_progress(progress.modes)
        if self._job is None or self._job.is_stopping:
            return
        self.progress.bar.setRange(0, progress.of)
        self.progress.bar.setValue(progress.calls)
        self.progress.label.setText(
            self.tr("Trying {mode} · {cost}").format(
                mode=mode_words(progress.probe), cost=cost_words(progress.calls, progress.tokens)
            )
        )

    @Slot(object)
    def _show_results(self, results: tuple[ModeResult, ...]) -> None:
        self.chart.show_results(results, self._mode_now())
        tried = sum(result.trials for result in results)
        self.progress.bar.setValue(self.progress.bar.maximum())
        self.progress.label.setText(count_words(tried, self.tr("1 try"), self.tr("{count} tries")))
        self._show_summary()
        self._tell_ended_early(results)
        self.chart.setFocus()

    def _tell_ended_early(self, results: tuple[ModeResult, ...]) -> None:
        """Says why a mode that works was not tried to the end; who stops it knows."""
        if self._job is None or self._job.is_stopping:
            return
        wanted = self.trials_box.value()
        ended = next((result for result in results if result.successes and result.trials < wanted), None)
        if ended is not None:
            self.error_box.show_error(MusterError(self.tr("Not every try was made."), ended.reason))

    @Slot(object)
    def _show_error(self, error: MusterError) -> None:
        self.error_box.show_error(error)
        if any(result.trials for result in self.chart.results):
            self.chart.show_results(best_first(self.chart.results), self._mode_now())
            self._show_summary()
        else:
            self._show_nothing()
        self.progress.label.setText("")
        self.progress.bar.setValue(0)

    @Slot()
    def _show_nothing(self) -> None:
        """Has the hint stand where nothing was tried."""
        self.chart.show_results(())
        self.pages.setCurrentIndex(_HINT)

    @Slot()
    def _end(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.deleteLater()
        self._allow()

    def _mode_now(self) -> str:
        entry = self._entry
        if entry is None:
            return ""
        try:
            return str(resolve(self._registry, entry).provider.structured_output_mode)
        except MusterError:
            return ""

    @Slot(object)
    def _take_document(self, _document: object) -> None:
        if self.chart.results:
            self.chart.mark_in_use(self._mode_now())
        self._allow()

    @Slot()
    def use_selected(self) -> None:
        """Sets the model's mode to the selected one; undoable like every edit."""
        entry, result = self._entry, self.chart.current
        if entry is None or result is None:
            return
        overrides = {**(entry.overrides or {}), MODE_FIELD: result.mode}
        try:
            change = self._registry.plan_replace(self._key, entry.with_changes(overrides=overrides))
            if change.base is not change.after:
                self._saver.commit(change)
        except MusterError as error:
            self.error_box.show_error(error)
            return
        self.applied.emit([self._key])

    # ------------------------------------------------------------------------------------------------------- showing

    @Slot()
    def _show_cost(self) -> None:
        count = len(RANKED) * self.trials_box.value()
        words = self.tr("{modes} modes: at most {count} calls")
        locale = QLocale()
        self.cost_label.setText(words.format(modes=locale.toString(len(RANKED)), count=locale.toString(count)))

    def _show_summary(self) -> None:
        best = self.chart.results[0] if self.chart.results else None
        if best is None or not best.successes:
            self.summary.setText(self.tr("No mode gave an answer of that schema."))
            return
        words = self.tr("Best: {line}").format(line=self.chart.line_words(best))
        help_words = self.tr("The whisker shows where the true rate lies (95 %); more tries make it shorter.")
        self.summary.setText(f"{words}\n{help_words}")

    @Slot()
    def _allow(self) -> None:
        is_running = self._job is not None
        can_start = bool(self.prompt_edit.toPlainText().strip()) and self.schema_edit.schema is not None
        self.start_button.setEnabled(can_start and not is_running and self._entry is not None)
        self.start_button.setToolTip("" if can_start else self.tr("A prompt and a schema are needed"))
        self.stop_button.setEnabled(is_running and self._job is not None and not self._job.is_stopping)
        for widget in (self.prompt_edit, self.schema_edit.editor):
            widget.setReadOnly(is_running)
        self.trials_box.setEnabled(not is_running)
        current = self.chart.current
        can_write = self._registry.read_only_reason is None
        self.use_button.setEnabled(
            current is not None and not is_running and can_write and current.mode != self._mode_now()
        )

    @property
    @override
    def is_working(self) -> bool:
        return self._job is not None

    @override
    def give_up(self) -> None:
        if self._job is not None:
            self._job.cancel()
