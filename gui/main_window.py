"""The window: puts the parts together and passes on what they say to each other. It decides nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QSplitter, QVBoxLayout, QWidget
from typing_extensions import override

from core.document import Document
from core.errors import MusterError
from core.registry import Registry
from gui.about import AboutDialog, ShortcutsDialog
from gui.actions import Actions
from gui.broken_file import BrokenFileBanner
from gui.conflicts import ConflictWatch
from gui.details import DetailsPanel
from gui.discard_question import ask_to_discard
from gui.evidence_tab import EvidenceTab
from gui.export_commands import ExportCommands
from gui.file_drops import FileDrops
from gui.import_commands import ImportCommands
from gui.measuring_commands import MeasuringCommands
from gui.model_table import ModelTableModel
from gui.notices import Notices
from gui.open_dialogs import OpenDialogs
from gui.places import Place, PlacesList
from gui.roll_commands import RollCommands
from gui.roll_files import RollFiles
from gui.roll_items import RollItem
from gui.roll_pages import RollPages
from gui.saving import Saver
from gui.screen_room import screen_room
from gui.search import parse_query
from gui.search_box import SearchBox
from gui.status_line import StatusLine
from gui.table_view import ModelTableView
from gui.theme import Theme, ThemeChooser
from gui.try_tab import TryTab
from gui.use_tab import UseTab
from gui.watcher import SettingsWatcher
from gui.window_state import WindowState
from gui.words import one_line, tr_core

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMessageBox

    from gui.engine_host import EngineHost
    from gui.evidence_panel import EvidencePanel

# The window's first size, where the screen has room, and its panels' shares of it, in heights of a line.
_FIRST_SIZE_LINES = (96, 54)
_PANEL_LINES = (11, 54, 28)
_LEAST_LINES = (10, 16, 20)
_SHARE_OF_SCREEN = 0.92

_log = logging.getLogger(__name__)


class MainWindow(QMainWindow):
    """One roll on the screen. `first_painted` comes once; `roll_wanted` asks for another file's roll."""

    first_painted = Signal()
    roll_wanted = Signal(object)

    def __init__(self, registry: Registry, themes: ThemeChooser, state: WindowState) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.registry = registry
        self.engine: EngineHost | None = None
        self._themes = themes
        self._state = state
        self._is_painted = False
        self._is_released = False
        self._dialogs = OpenDialogs()
        self._question: QMessageBox | None = None
        self.saver = Saver(registry, self)
        self.notices = Notices(self)
        self.table_model = ModelTableModel(registry, self)
        self.commands = RollCommands(registry, self.saver, self.notices, lambda: self.engine, self)
        self.measuring = MeasuringCommands(registry, self.saver, self.notices, lambda: self.engine, self)
        self.exports = ExportCommands(registry, self.saver, self.notices, lambda: self.engine, self)
        self.imports = ImportCommands(registry, self.saver, self.notices, lambda: self.engine, self)
        self.drops = FileDrops(self)
        self.files = RollFiles(registry, self.notices, self)
        self.conflicts = ConflictWatch(self)
        self.watcher = SettingsWatcher(registry.path, self)
        self.actions_by_name = Actions(self, self.saver.undo_stack, themes.theme, self._choose_theme)
        self._build()
        self._connect()
        self._show_document(registry.document)
        self._restore()

    # ------------------------------------------------------------------------------------------------- composition

    def _make_evidence(self) -> EvidencePanel:
        from gui.evidence_panel import EvidencePanel

        return EvidencePanel(self.registry, self.saver, lambda: self.engine)

    def _build(self) -> None:
        self.search = SearchBox()
        self.toolbar = self.actions_by_name.build_toolbar(self.search)
        self.places = PlacesList()
        self.table = ModelTableView(self.table_model)
        self.pages = RollPages(self.table)
        self.banner = BrokenFileBanner()
        self.details = DetailsPanel(self.registry)
        self.evidence_tab = EvidenceTab(self._make_evidence)
        self.details.add_panel(self.evidence_tab, self.tr("Evidence"), "microscope")
        self.try_tab = TryTab(self.registry, lambda: self.engine)
        self.details.add_panel(self.try_tab, self.tr("Try it"), "player-play")
        self.use_tab = UseTab(self.registry)
        self.details.add_panel(self.use_tab, self.tr("Use"), "code")
        self.status = StatusLine(self.registry, self.saver)
        self.setStatusBar(self.status)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setObjectName("panels")
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        panels: tuple[QWidget, ...] = (self.places, self.pages, self.details)
        for panel, lines in zip(panels, _LEAST_LINES, strict=True):
            panel.setMinimumWidth(self.fontMetrics().height() * lines)
            self.splitter.addWidget(panel)
        self.splitter.setStretchFactor(1, 1)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banner)
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.notices.area)
        self.setCentralWidget(body)
        QWidget.setTabOrder(self.search, self.places)
        QWidget.setTabOrder(self.places, self.table)

    def _connect(self) -> None:
        saver, table, model = self.saver, self.table, self.table_model
        saver.document_changed.connect(self._show_document)
        saver.state_changed.connect(self._show_saving)
        saver.noticed.connect(lambda text: self.notices.show(tr_core(text)))
        saver.failed.connect(self._tell_not_saved)
        saver.reload_failed.connect(self.notices.show_error)
        saver.undo_failed.connect(self.notices.show_error)
        saver.replayed.connect(self._show_rows)
        self.watcher.changed.connect(saver.reload)
        self.commands.done.connect(self._show_rows)
        self.measuring.done.connect(self._show_rows)
        self.measuring.providers_wanted.connect(lambda dialog: self.commands.open_providers(parent=dialog))
        self.imports.done.connect(self._show_rows)
        self.drops.path_dropped.connect(self.imports.import_from)
        self.drops.text_dropped.connect(lambda text: self.imports.import_from(text=text))
        self.commands.removed.connect(self.table.select_next)
        self.files.chosen.connect(self.roll_wanted)
        self.places.chosen.connect(model.set_place)
        self.search.textChanged.connect(lambda text: model.set_query(parse_query(text)))
        self.search.left_downwards.connect(self._go_to_rows)
        model.filtered.connect(self._show_counts)
        table.selection_changed.connect(self._show_selection)
        table.item_activated.connect(lambda _key: self._edit())
        table.customContextMenuRequested.connect(self._open_row_menu)
        self.pages.add_wanted.connect(self.commands.add)
        self.pages.providers_wanted.connect(self.commands.open_providers)
        self.pages.everything_wanted.connect(self._show_everything)
        self.banner.backup_wanted.connect(self.files.open_backup)
        self.banner.other_wanted.connect(self.files.start_elsewhere)
        self.banner.reload_wanted.connect(saver.reload)
        self.details.edit_wanted.connect(self._edit)
        self.details.convert_wanted.connect(self._convert)
        self.evidence_tab.refused.connect(self.notices.show_error)
        self.conflicts.found.connect(model.set_conflicts)
        self.first_painted.connect(self.conflicts.start)
        self.try_tab.providers_wanted.connect(self.commands.open_providers)
        self.evidence_tab.providers_wanted.connect(self.commands.open_providers)
        self._connect_actions()

    def _connect_actions(self) -> None:
        self.actions_by_name.connect(
            {
                "open_settings": self.files.open_another,
                "open_kiln": self.files.open_kiln,
                "import": self.imports.import_from,
                "share": lambda: self.imports.share(self.table.selected_items()),
                "reload": self.saver.reload,
                "quit": self.close,
                "find": self._find,
                "add": self.commands.add,
                "edit": self._edit,
                "duplicate": lambda: self._with_one(self.commands.duplicate),
                "remove": lambda: self.commands.remove(self.table.selected_items()),
                "try": self._try,
                "measure": lambda: self.measuring.measure(self.table.selected_items()),
                "measure_again": lambda: self.measuring.measure_again(self.table.selected_items()),
                "rank": lambda: self._with_one(self.measuring.rank),
                "discover": lambda: self.measuring.discover(self.table.current_item()),
                "export": lambda: self.exports.export(self.table.selected_items()),
                "sync": self.exports.sync,
                "take_out": lambda: self.exports.export(self.table.selected_items(), removes=True),
                "serve": lambda: self.exports.serve(self.table.selected_items()),
                "convert": self._convert,
                "new_id": lambda: self._with_one(self.commands.give_new_id),
                "copy_model_id": lambda: self._with_one(self.commands.copy_model_id),
                "copy_reference": lambda: self._with_one(self.commands.copy_reference),
                "providers": self.commands.open_providers,
                "shortcuts": lambda: self._dialogs.open(ShortcutsDialog(self.actions_by_name.listed(), self)),
                "open_log": self.files.open_log_folder,
                "about": lambda: self._dialogs.open(AboutDialog(self)),
            }
        )
        self.actions_by_name["places"].toggled.connect(self.places.setVisible)
        self.actions_by_name["details"].toggled.connect(self.details.setVisible)
        self.actions_by_name["open_kiln"].setVisible(self.files.has_kiln)

    def _restore(self) -> None:
        line = self.fontMetrics().height()
        room = screen_room(self).size() * _SHARE_OF_SCREEN
        self.resize(QSize(*(line * lines for lines in _FIRST_SIZE_LINES)).boundedTo(room))
        self.splitter.setSizes([line * lines for lines in _PANEL_LINES])
        self._state.restore_geometry(self)
        self._state.restore_splitter(self.splitter)
        if self._state.restore_columns(self.table.horizontalHeader()):
            self.table.keep_columns()
        for name, panel in (("places", self.places), ("details", self.details)):
            self.actions_by_name[name].setChecked(self._state.is_shown(name))
            panel.setVisible(self._state.is_shown(name))
        self._restore_place()
        self.setMinimumSize(line * 48, line * 24)
        self.table.setFocus()

    def _restore_place(self) -> None:
        selected, tab = self._state.selected_in(self.registry.path), self._state.tab
        if self.table_model.position_of(selected) is not None:
            self.table.select_keys([selected])
        elif self.table_model.rowCount():
            self.table.selectRow(0)
        tabs = self.details.tabs
        looked_at = self.details.findChild(QWidget, tab) if tab else None
        if looked_at is not None and tabs.indexOf(looked_at) >= 0:
            tabs.setCurrentWidget(looked_at)

    # ------------------------------------------------------------------------------------------- what is passed on

    def set_engine(self, engine: EngineHost) -> None:
        """Gives the window the engine that runs and checks go to."""
        self.engine = engine
        self.status.follow_engine(engine)
        self.try_tab.follow_engine()

    def tell_crash(self) -> None:
        """Says that something went wrong that nobody expected."""
        self.notices.show(
            self.tr("Something went wrong inside Muster. Your roll is safe; the log has the details."),
            kind="error",
            action_text=self.tr("Open Log Folder"),
            on_action=self.files.open_log_folder,
        )

    def come_to_front(self) -> None:
        """Shows the window before the others."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def open_shared_files(self, files: Sequence[Path]) -> None:
        """Opens shared rolls that were double-clicked, dropped on the program or named on the command line."""
        for path in files:
            _log.info("A shared roll was opened: %s", path.name)
        self.imports.import_each(files)

    def release(self) -> None:
        """Lets go of the roll without a question: another window has its place, or the program ends."""
        self._is_released = True
        self.saver.close()

    def _show_document(self, document: Document) -> None:
        self.table_model.set_document(document)
        self.conflicts.set_document(document)
        self.places.show_items(self.table_model.items)
        self.table.size_columns()
        self.banner.show_state(self.registry)
        self.setWindowTitle(f"{one_line(self.registry.path.name)}[*]")
        self._show_saving()
        self._show_selection()

    def _show_saving(self) -> None:
        self.setWindowModified(self.saver.has_unsaved)
        self.banner.show_state(self.registry)
        self.status.refresh()

    def _show_counts(self, shown: int, total: int) -> None:
        self.status.set_counts(shown, total)
        self.pages.show_counts(shown, total, can_add=self.registry.read_only_reason is None)

    def _show_selection(self) -> None:
        items = self.table.selected_items()
        item = self.table.current_item()
        self.actions_by_name.allow(items, can_write=self.registry.read_only_reason is None)
        self.details.show_item(item, len(items))
        self.evidence_tab.show_item(item if len(items) == 1 else None)
        self.try_tab.show_item(item)
        self.use_tab.show_item(item if len(items) == 1 else None)

    def _show_rows(self, keys: list[str]) -> None:
        """Selects what a command made; where the search or the place hides it, shows everything."""
        if keys and all(self.table_model.position_of(key) is None for key in keys):
            if not any(item.key in keys for item in self.table_model.items):
                return
            self._show_everything()
        if keys:
            self.table.select_keys(keys)

    def _show_everything(self) -> None:
        self.search.clear()
        self.places.go_to(Place())

    def _go_to_rows(self) -> None:
        self.table.setFocus(Qt.FocusReason.TabFocusReason)
        if not self.table.selected_items() and self.table_model.rowCount():
            self.table.selectRow(0)

    def _with_one(self, command: Callable[[RollItem], object]) -> None:
        item = self.table.current_item()
        if item is not None:
            command(item)

    def _edit(self) -> None:
        self._with_one(self.commands.edit)

    def _convert(self) -> None:
        self._with_one(self.commands.convert)

    def _find(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _try(self) -> None:
        self.actions_by_name["details"].setChecked(True)
        self.details.tabs.setCurrentWidget(self.try_tab)
        self.try_tab.take_focus()

    def _open_row_menu(self, position: QPoint) -> None:
        if self.table.selected_items():
            self.actions_by_name.context_menu(self.table).popup(self.table.viewport().mapToGlobal(position))

    def _choose_theme(self, theme: Theme) -> None:
        self._themes.choose(theme)
        self._state.theme = theme

    def _tell_not_saved(self, error: MusterError) -> None:
        self.notices.show_error(error, action_text=self.tr("Try Again"), on_action=self.saver.save)

    # ------------------------------------------------------------------------------------------------------ events

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self.first_painted.emit)

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.watcher.look()
        super().changeEvent(event)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._is_released and self.saver.is_busy:
            # The edit is on its way into the file: the window closes when it is there.
            event.ignore()
            self.saver.idle.connect(self.close, Qt.ConnectionType.SingleShotConnection)
            return
        if not self._is_released and self.saver.has_unsaved:
            event.ignore()
            self._question = ask_to_discard(
                self, self.tr("The last edits could not be saved. Close and lose them?"), self._close_anyway
            )
            return
        shown = {name: self.actions_by_name[name].isChecked() for name in ("places", "details")}
        header, own_columns = self.table.horizontalHeader(), self.table.has_own_columns
        current, tab = self.table.current_item(), self.details.tabs.currentWidget()
        self._state.save_place(
            self.registry.path,
            tab=tab.objectName() if tab is not None else "",
            selected=current.key if current is not None else "",
        )
        self._state.save(self, self.splitter, header, own_columns=own_columns, shown=shown)
        super().closeEvent(event)

    def _close_anyway(self) -> None:
        self.release()
        self.close()
