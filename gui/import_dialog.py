"""Taking models over from a file, from a pasted text or from the environment: see the plan, then import."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QPlainTextEdit,
    QRadioButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core.changes import Change
from core.errors import MusterError
from core.exporting import TARGETS
from core.importing import Plan, PlannedItem, new_providers, plan_change, plan_import
from core.registry import Registry
from gui.buttons import push_button
from gui.elided_label import ElidedLabel
from gui.empty_state import EmptyState
from gui.error_box import ErrorBox
from gui.file_drops import LARGEST_TEXT, FileDrops
from gui.import_plan_view import ImportPlanView
from gui.known_places import KnownPlaces
from gui.saving import Saver
from gui.tick_outlines import TickOutline
from gui.words import count_models, tr_core
from gui.work_dialog import WorkDialog
from gui.worker import run_in_worker
from gui.wrapped_label import message_label, quiet_label

_SIZE_LINES: Final = (62, 42)
_TYPING_PAUSE_MS: Final = 350
_PATIENCE_MS: Final = 200
"""How long what is shown stays while something else is read."""
_FILE, _TEXT, _ENVIRONMENT = range(3)
_TEXT_LINES: Final = 7


class ImportDialog(WorkDialog):
    """Shows what an import would do, and does what is ticked as one edit. `imported` brings the plan and the edit."""

    imported = Signal(object, object)

    def __init__(
        self, registry: Registry, saver: Saver, *, path: Path | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__("import", size_lines=_SIZE_LINES, parent=parent)
        self._registry = registry
        self._saver = saver
        self._path = path
        self._kind: str | None = None
        self._plan: Plan | None = None
        self._asked = 0
        self._is_planning = False
        self.setWindowTitle(self.tr("Import"))
        self._drops = FileDrops(self)
        self.is_applying = False
        """Whether what was ticked is being taken over, so that no other plan may be shown."""
        self._build()
        self._connect()
        self._choose_source(_FILE)
        run_in_worker(self, partial(KnownPlaces.look, registry), on_done=self._offer_tools)

    # -------------------------------------------------------------------------------------------------------- layout

    def _build(self) -> None:
        height = self.fontMetrics().height()
        layout = QVBoxLayout(self)
        layout.setSpacing(height // 2)
        layout.addLayout(self._build_sources())
        layout.addWidget(self._build_source_pages())
        self.error_box = ErrorBox(self)
        layout.addWidget(self.error_box)
        self.plan_view = ImportPlanView(self)
        self.hint = EmptyState(
            "import_hint",
            "file-import",
            self.tr("Bring your models along"),
            self.tr(
                "From Kiln, LiteLLM, Aider, Continue, llm, opencode, Goose, LibreChat, Zed, VS Code or another roll: "
                "choose its file, or drop it here. A curl command works too. Nothing changes before you have seen it."
            ),
            primary=self.tr("Choose File…"),
            primary_icon="folder-open",
        )
        self.pages = QStackedWidget()
        waiting = EmptyState("import_wait", "clock", "", self.tr("Reading…"), is_quiet=True)
        self.pages.addWidget(self.hint)
        self.pages.addWidget(waiting)
        self.pages.addWidget(self.plan_view)
        layout.addWidget(self.pages, 1)
        self.summary = message_label("import_summary")
        self.import_button = push_button("import_apply", self.tr("&Import"), "file-import", self)
        self.import_button.setDefault(True)
        self.import_button.setEnabled(False)
        layout.addWidget(self.summary)
        layout.addLayout(self.button_row([], [self.import_button]))

    def _build_sources(self) -> QHBoxLayout:
        self.sources = QButtonGroup(self)
        row = QHBoxLayout()
        words = {
            _FILE: (self.tr("From a &file"), "import_from_file"),
            _TEXT: (self.tr("From a pasted &text"), "import_from_text"),
            _ENVIRONMENT: (self.tr("From &environment variables"), "import_from_environment"),
        }
        self._ticks = []
        for number, (text, name) in words.items():
            button = QRadioButton(text, self)
            button.setObjectName(name)
            self._ticks.append(TickOutline(button))
            self.sources.addButton(button, number)
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _build_source_pages(self) -> QStackedWidget:
        self.path_label = ElidedLabel("import_path", in_middle=True)
        self.tools_button = push_button("import_tools", self.tr("F&ound Here"), "tool")
        self.tools_button.setToolTip(self.tr("The files of other tools that are on this computer"))
        self.tools_button.setMenu(QMenu(self.tools_button))
        self.tools_button.setEnabled(False)
        self.choose_button = push_button("import_choose", self.tr("C&hoose…"), "folder-open")
        file_page = QWidget()
        row = QHBoxLayout(file_page)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.path_label, 1)
        row.addWidget(self.tools_button)
        row.addWidget(self.choose_button)
        self.text_edit = QPlainTextEdit()
        self.text_edit.setObjectName("import_text")
        self.text_edit.setAccessibleName(self.tr("Pasted text"))
        self.text_edit.setPlaceholderText(self.tr("Paste a curl command, or what stands in a tool’s file."))
        self.text_edit.setTabChangesFocus(True)
        # What is dropped on it is the dialog's: a file is read, not its address typed.
        self.text_edit.setAcceptDrops(False)
        around = 2 * (self.text_edit.frameWidth() + round(self.text_edit.document().documentMargin()))
        self.text_edit.setFixedHeight(self.text_edit.fontMetrics().lineSpacing() * _TEXT_LINES + around)
        text = self.tr("Which providers have their keys in this program’s environment. Keys are not copied.")
        told = quiet_label("import_environment_words", text)
        self.source_pages = QStackedWidget()
        self._source_widgets = (file_page, self.text_edit, told)
        for page in self._source_widgets:
            self.source_pages.addWidget(page)
        return self.source_pages

    def _connect(self) -> None:
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_PAUSE_MS)
        self._typing.timeout.connect(self._plan_again)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(lambda: self.pages.setCurrentIndex(1))
        self._drops.path_dropped.connect(self.open_path)
        self._drops.text_dropped.connect(self.paste)
        self.sources.idClicked.connect(self._choose_source)
        self.choose_button.clicked.connect(self.choose_file)
        self.hint.primary.connect(self.choose_file)
        self.text_edit.textChanged.connect(self._typing.start)
        self.plan_view.changed.connect(self._allow)
        self.import_button.clicked.connect(self.apply)
        self.error_box.again_wanted.connect(self._plan_again)

    # ------------------------------------------------------------------------------------------------------- sources

    @Slot(int)
    def _choose_source(self, number: int) -> None:
        button = self.sources.button(number)
        button.setChecked(True)
        self.source_pages.setCurrentIndex(number)
        page = self._source_widgets[number]
        # As high as the page that is shown: a file takes one line.
        height = (
            page.heightForWidth(self.source_pages.width()) if page.hasHeightForWidth() else page.sizeHint().height()
        )
        height = max(height, page.minimumHeight())
        self.source_pages.setFixedHeight(min(height, page.maximumHeight()))
        if number == _TEXT:
            pasted = QGuiApplication.clipboard().text()
            if not self.text_edit.toPlainText() and pasted.lstrip().startswith("curl "):
                self.text_edit.setPlainText(pasted[:LARGEST_TEXT])
            self.text_edit.setFocus()
        self._plan_again()

    @Slot()
    def choose_file(self) -> None:
        """Asks for a file."""
        start = self._path.parent if self._path is not None else Path.home()
        dialog = QFileDialog(self, self.tr("Import From"), str(start))
        dialog.setObjectName("import_file_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda chosen: self.open_path(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _offer_tools(self, places: KnownPlaces) -> None:
        menu = self.tools_button.menu()
        for name in places.usual:
            if name in places.found:
                action = menu.addAction(TARGETS[name].title)
                action.setObjectName(f"import_tool_{name}")
                action.setToolTip(str(places.usual[name]))
                action.triggered.connect(partial(self.open_path, places.usual[name], name))
        self.tools_button.setEnabled(not menu.isEmpty())

    def open_path(self, path: Path, kind: str | None = None, _is_checked: object = None) -> None:
        """Reads that file or folder; `kind` says whose it is where that is known."""
        self._path, self._kind = path, kind
        self._choose_source(_FILE)

    def paste(self, text: str) -> None:
        """Reads that text."""
        self.text_edit.setPlainText(text[:LARGEST_TEXT])
        self._choose_source(_TEXT)

    # ------------------------------------------------------------------------------------------------------ planning

    @Slot()
    def _plan_again(self) -> None:
        number = self.sources.checkedId()
        registry, path, kind, text = self._registry, self._path, self._kind, self.text_edit.toPlainText()
        if path is not None:
            self.path_label.set_path(path)
        else:
            self.path_label.setText(self.tr("No file is chosen."))
        is_ready = {_FILE: path is not None, _TEXT: bool(text.strip()), _ENVIRONMENT: True}[number]
        self._asked += 1
        self._plan = None
        self.error_box.clear()
        self.summary.setText(tr_core(registry.read_only_reason or ""))
        self.summary.setVisible(bool(self.summary.text()))
        self._is_planning = is_ready
        self._allow()
        self._patience.stop()
        if not is_ready:
            self.hint.primary_button.setVisible(number == _FILE)
            self.pages.setCurrentWidget(self.hint)
            return

        def work() -> Plan:
            if number == _ENVIRONMENT:
                return plan_import(registry, "", "environment")
            if number == _FILE and path is not None:
                return plan_import(registry, path, kind)
            return plan_import(registry, text)

        self._patience.start()
        run_in_worker(self, work, on_done=partial(self._take, self._asked), on_error=partial(self._fail, self._asked))

    def _take(self, asked: int, plan: Plan) -> None:
        if asked != self._asked:
            return
        self._patience.stop()
        self._plan, self._is_planning = plan, False
        self.plan_view.show_plan(plan)
        self.pages.setCurrentWidget(self.plan_view)
        self._allow()

    def _fail(self, asked: int, error: MusterError) -> None:
        if asked != self._asked:
            return
        self._patience.stop()
        self._is_planning = False
        self.error_box.show_error(error)
        self.hint.primary_button.setVisible(self.sources.checkedId() == _FILE)
        self.pages.setCurrentWidget(self.hint)
        self._allow()

    @Slot()
    def _allow(self) -> None:
        can_write = self._registry.read_only_reason is None
        chosen = self.plan_view.chosen if self._plan is not None else ()
        count = sum(isinstance(planned, PlannedItem) for planned in chosen)
        self.import_button.setEnabled(bool(chosen) and can_write and not self.is_applying)
        self.import_button.setText(
            self.tr("&Import {models}").format(models=count_models(count)) if count else self.tr("&Import")
        )

    # ------------------------------------------------------------------------------------------------ taking over

    @Slot()
    def apply(self) -> None:
        """Imports what is ticked, as one edit that one undo takes back."""
        plan = self._plan
        if plan is None:
            return
        registry = self._registry
        allowed, chosen = self.plan_view.allowed_redirects, self.plan_view.chosen

        def work() -> Change:
            change = plan_change(registry, plan, allow_redirects=allowed, chosen=chosen)
            # A provider that comes from elsewhere must not find the key of an earlier one of its name.
            registry.forget_earlier_keys(new_providers(change))
            return change

        self.is_applying = True
        self._allow()
        run_in_worker(self, work, on_done=partial(self._commit, plan), on_error=self._tell_refused)

    def _commit(self, plan: Plan, change: Change) -> None:
        self.is_applying = False
        try:
            self._saver.commit(change)
        except MusterError as error:
            self._tell_refused(error)
            return
        self.imported.emit(plan, change)
        self.accept()

    def _tell_refused(self, error: MusterError) -> None:
        self.is_applying = False
        self.error_box.show_error(error)
        self._allow()

    @property
    @override
    def is_working(self) -> bool:
        return self._is_planning

    @override
    def give_up(self) -> None:
        self._asked += 1
        self._is_planning = False
