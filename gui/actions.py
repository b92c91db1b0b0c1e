"""Every command of the window, stated once: its words, its icon, its shortcut, where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QLineEdit, QMainWindow, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from core.document import Source
from gui.icons import icon
from gui.roll_items import RollItem
from gui.theme import Theme

if TYPE_CHECKING:
    from PySide6.QtGui import QUndoStack

_Standard = QKeySequence.StandardKey


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `tip` is shown when it is pointed at; `role` moves it to where the platform wants it."""

    name: str
    text: str
    icon: str = ""
    shortcut: str | QKeySequence.StandardKey = ""
    tip: str = ""
    role: QAction.MenuRole = QAction.MenuRole.NoRole
    checkable: bool = False


_SEPARATOR = None

# The texts are marked for translation here and translated where the actions are made.
_MENUS: tuple[tuple[str, tuple[Command | None, ...]], ...] = (
    (
        "&File",
        (
            Command(
                "open_settings",
                "&Open Settings…",
                "folder-open",
                _Standard.Open,
                "Open the roll in another settings file",
            ),
            Command(
                "open_kiln", "Open &Kiln's Settings", "", "Ctrl+Shift+O", "Open the models that Kiln knows, in place"
            ),
            _SEPARATOR,
            Command("import", "&Import…", "file-import", "Ctrl+I", "Take models over from another tool or a colleague"),
            Command("share", "&Share…", "share", "Ctrl+Shift+H", "Write models into one file, without keys"),
            _SEPARATOR,
            Command("reload", "&Reload", "refresh", "F5", "Read the settings file again"),
            _SEPARATOR,
            Command("quit", "&Quit", "", "Ctrl+Q", role=QAction.MenuRole.QuitRole),
        ),
    ),
    (
        "&Edit",
        (
            _SEPARATOR,
            Command("find", "&Find", "search", _Standard.Find, "Go to the search box"),
        ),
    ),
    (
        "&Model",
        (
            Command("add", "&Add Model…", "plus", _Standard.New, "Register a model"),
            Command("edit", "&Edit…", "pencil", "Ctrl+E", "Change the selected model's settings"),
            Command("duplicate", "&Duplicate…", "copy", "Ctrl+D", "Register a variant of the selected model"),
            Command("remove", "&Remove", "trash", _Standard.Delete, "Take the selected models off the roll"),
            _SEPARATOR,
            Command("try", "&Try it", "player-play", "Ctrl+T", "Send the selected model a prompt"),
            Command("measure", "Mea&sure…", "microscope", "Ctrl+M", "Find out what the selected models can do"),
            Command(
                "measure_again", "Re-meas&ure…", "test-pipe", "Ctrl+Shift+M", "Measure again, and see what has changed"
            ),
            Command(
                "rank", "Ran&k Output Modes…", "chart-bar", "Ctrl+Shift+K", "See which mode works on your own task"
            ),
            _SEPARATOR,
            Command(
                "convert", "Con&vert Legacy Model", "transform", "Ctrl+Shift+L", "Register the selected legacy model"
            ),
            Command(
                "new_id", "Give a New &ID", "fingerprint", "Ctrl+Shift+I", "Give the selected row an ID of its own"
            ),
            _SEPARATOR,
            Command(
                "copy_model_id", "Copy &Model ID", "clipboard", _Standard.Copy, "Copy the provider's name for the model"
            ),
            Command(
                "copy_reference",
                "Copy Re&ference",
                "link",
                "Ctrl+Shift+C",
                "Copy the text that runs exactly this model",
            ),
            _SEPARATOR,
            Command("discover", "Discover M&odels…", "list", "Ctrl+Shift+D", "See what a provider offers, and add it"),
            Command("providers", "&Providers…", "plug-connected", "Ctrl+Shift+P", "Set up keys and custom providers"),
        ),
    ),
    (
        "&Tools",
        (
            Command("export", "&Export…", "file-export", "Ctrl+Shift+E", "Write models into another tool’s file"),
            Command("sync", "&Sync Tools…", "refresh", "Ctrl+Shift+S", "Bring every tool in use up to date"),
            Command(
                "take_out", "&Remove From Tools…", "file-x", "Ctrl+Shift+R", "Take models out of other tools’ files"
            ),
            _SEPARATOR,
            Command(
                "serve",
                "Serve with &LiteLLM Proxy…",
                "server",
                "Ctrl+Shift+X",
                "Write the proxy’s file, and see how to start and use it",
            ),
        ),
    ),
    (
        "&View",
        (
            Command("places", "&Places", "layout-sidebar", "F7", "Show the list of places", checkable=True),
            Command(
                "details",
                "&Details",
                "layout-sidebar-right",
                "F8",
                "Show what is known of the selected model",
                checkable=True,
            ),
            _SEPARATOR,
        ),
    ),
    (
        "&Help",
        (
            Command("shortcuts", "&Keyboard Shortcuts", "keyboard", "F1"),
            Command("open_log", "Open &Log Folder", "folder", "Ctrl+Shift+J", "Show the folder of the log files"),
            _SEPARATOR,
            Command("about", "&About Muster", "info-circle", "Shift+F1", role=QAction.MenuRole.AboutRole),
        ),
    ),
)
_THEMES = {
    Theme.SYSTEM: ("&Follow the System", "sun-moon"),
    Theme.LIGHT: ("&Light", "sun"),
    Theme.DARK: ("&Dark", "moon"),
}
_TOOLBAR = ("add", "measure", "try", "export", "providers")
_CONTEXT_MENU = (
    "edit",
    "duplicate",
    "remove",
    None,
    "try",
    "measure",
    "measure_again",
    "rank",
    "export",
    None,
    "convert",
    "new_id",
    None,
    "copy_model_id",
    "copy_reference",
)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Actions", text)


class Actions:
    """The window's actions by name, and its menus made of them."""

    def __init__(
        self, window: QMainWindow, undo_stack: QUndoStack, theme: Theme, choose_theme: Callable[[Theme], None]
    ) -> None:
        self._window = window
        self.by_name: dict[str, QAction] = {}
        self._menus: list[QMenu] = []
        for title, commands in _MENUS:
            menu = window.menuBar().addMenu(_tr(title))
            menu.setToolTipsVisible(True)
            self._menus.append(menu)
            if title == "&Edit":
                self._add_undo(menu, undo_stack)
            for command in commands:
                if command is None:
                    menu.addSeparator()
                else:
                    menu.addAction(self._make(command))
            if title == "&View":
                self._add_themes(menu, theme, choose_theme)

    def __getitem__(self, name: str) -> QAction:
        """The action of that name."""
        return self.by_name[name]

    def connect(self, handlers: dict[str, Callable[[], object]]) -> None:
        """Says what the commands do."""
        for name, handler in handlers.items():
            self.by_name[name].triggered.connect(_without_arguments(handler))

    def allow(self, items: list[RollItem], *, can_write: bool) -> None:
        """Allows what can be done with the selected rows."""
        one = items[0] if len(items) == 1 else None
        readable = one is not None and one.row.entry is not None
        is_legacy = readable and one is not None and one.row.source is Source.LEGACY
        allowed = {
            "add": can_write,
            "edit": readable and can_write,
            "duplicate": readable and can_write,
            "remove": bool(items) and can_write,
            "measure": any(item.row.entry is not None for item in items),
            "rank": readable,
            "convert": is_legacy and can_write,
            "new_id": readable and not is_legacy and can_write,
            "copy_model_id": readable,
            "copy_reference": readable,
        }
        for name, is_allowed in allowed.items():
            self.by_name[name].setEnabled(is_allowed)

    def build_toolbar(self, search: QLineEdit) -> QToolBar:
        """The bar below the menus: the few commands of every day, and the search box at its end."""
        bar = QToolBar(_tr("Toolbar"), self._window)
        bar.setObjectName("toolbar")
        bar.setAccessibleName(_tr("Toolbar"))
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        height = bar.fontMetrics().height()
        bar.setIconSize(QSize(round(height * 1.15), round(height * 1.15)))
        for name in _TOOLBAR:
            action = self.by_name[name]
            bar.addAction(action)
            button = bar.widgetForAction(action)
            if isinstance(button, QToolButton):
                button.setObjectName(f"toolbar_{name}")
                button.setAccessibleName(action.iconText())
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(space)
        bar.addWidget(search)
        self._window.addToolBar(bar)
        return bar

    def context_menu(self, parent: QWidget) -> QMenu:
        """The menu of a row."""
        menu = QMenu(parent)
        menu.setObjectName("row_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in _CONTEXT_MENU:
            if name is None:
                menu.addSeparator()
            else:
                menu.addAction(self.by_name[name])
        return menu

    def listed(self) -> list[tuple[str, str, str]]:
        """Menu, command and shortcut of everything that has one, for the list of shortcuts."""
        found = []
        for menu in self._menus:
            title = menu.title().replace("&", "")
            for action in menu.actions():
                keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                if keys:
                    found.append((title, action.text().replace("&", "").rstrip("…"), keys))
        return found

    def _make(self, command: Command) -> QAction:
        action = QAction(_tr(command.text), self._window)
        action.setObjectName(command.name)
        if command.icon:
            action.setIcon(icon(command.icon))
        if command.shortcut:
            action.setShortcut(QKeySequence(command.shortcut))
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        tip = _tr(command.tip) if command.tip else action.text().replace("&", "")
        action.setToolTip(f"{tip} ({keys})" if keys else tip)
        action.setMenuRole(command.role)
        action.setCheckable(command.checkable)
        self.by_name[command.name] = action
        return action

    def _add_undo(self, menu: QMenu, undo_stack: QUndoStack) -> None:
        for name, action, key, picture in (
            ("undo", undo_stack.createUndoAction(self._window, _tr("&Undo")), _Standard.Undo, "arrow-back-up"),
            ("redo", undo_stack.createRedoAction(self._window, _tr("&Redo")), _Standard.Redo, "arrow-forward-up"),
        ):
            action.setObjectName(name)
            action.setShortcut(QKeySequence(key))
            action.setIcon(icon(picture))
            menu.addAction(action)
            self.by_name[name] = action

    def _add_themes(self, menu: QMenu, theme: Theme, choose_theme: Callable[[Theme], None]) -> None:
        themes = menu.addMenu(icon("sun-moon"), _tr("&Theme"))
        group = QActionGroup(self._window)
        for each, (text, picture) in _THEMES.items():
            action = QAction(icon(picture), _tr(text), self._window)
            action.setObjectName(f"theme_{each}")
            action.setCheckable(True)
            action.setChecked(each is theme)
            action.triggered.connect(_without_arguments(partial(choose_theme, each)))
            group.addAction(action)
            themes.addAction(action)
            self.by_name[f"theme_{each}"] = action


def _without_arguments(handler: Callable[[], object]) -> Callable[[], None]:
    def call() -> None:
        handler()

    return call
