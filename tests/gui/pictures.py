"""Takes pictures of the window in every state: `python -m tests.gui.pictures FOLDER [STATE …]`.

On an X display they show the screen, elsewhere the window and its dialogs. `QT_SCALE_FACTOR` scales them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QEventLoop, QPoint, QTimer
from PySide6.QtGui import QGuiApplication, QPainter, QPixmap
from PySide6.QtWidgets import QApplication

from core import paths
from core.registry import Registry
from gui.evidence_store import program_evidence
from gui.icons import application_icon
from gui.main_window import MainWindow
from gui.theme import Theme, ThemeChooser
from gui.window_state import WindowState
from tests.gui.measurements import report
from tests.gui.sample_rolls import everyday_roll, strange_roll, write_roll

_SETTLE_MS = 350


def main(arguments: list[str]) -> None:
    """Draws every state, or those that are named, in both themes."""
    folder, wanted = Path(arguments[0]), set(arguments[1:])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ[paths.HOME_VARIABLE] = home
        os.environ.setdefault("OPENAI_API_KEY", "made-up")
        app = QApplication(sys.argv[:1])
        app.setWindowIcon(application_icon())
        themes = ThemeChooser(app)
        suffix = "" if app.devicePixelRatio() == 1 else f"@{app.devicePixelRatio():g}x"
        for theme in (Theme.LIGHT, Theme.DARK):
            themes.choose(theme)
            for name, state in _STATES.items():
                if not wanted or name in wanted:
                    picture = _take(state, themes, Path(home))
                    picture.save(str(folder / f"{name}-{theme}{suffix}.png"))


def _take(state: Callable[[Path], Iterator[MainWindow | Registry]], themes: ThemeChooser, home: Path) -> QPixmap:
    with tempfile.TemporaryDirectory(dir=home) as folder:
        steps = state(Path(folder))
        registry = next(steps)
        assert isinstance(registry, Registry)
        window = MainWindow(registry, themes, WindowState())
        window.resize(1280, 720)
        window.show()
        settle()
        from gui.engine_host import EngineHost

        engine = EngineHost(window)
        window.set_engine(engine)
        for act in _acts.pop(registry):
            act(window)
            settle()
        picture = _screen(window)
        for dialog in QApplication.topLevelWidgets():
            if dialog is not window and dialog.isVisible():
                dialog.close()
        engine.stop()
        window.release()
        window.close()
        registry.close()
        window.deleteLater()
        settle()
        return picture


def settle() -> None:
    """Lets the event loop run for a moment."""
    loop = QEventLoop()
    QTimer.singleShot(_SETTLE_MS, loop.quit)
    loop.exec()


def _screen(window: MainWindow) -> QPixmap:
    if QGuiApplication.platformName() == "xcb":
        shown = [other.frameGeometry() for other in QApplication.topLevelWidgets() if other.isVisible()]
        area = window.frameGeometry()
        for frame in shown:
            area = area.united(frame)
        return QGuiApplication.primaryScreen().grabWindow(0, area.x(), area.y(), area.width(), area.height())
    picture = window.grab()
    painter = QPainter(picture)
    for other in QApplication.topLevelWidgets():
        if other is not window and other.isVisible():
            offset = other.pos() - window.pos() if other.isWindow() else QPoint()
            painter.drawPixmap(offset, other.grab())
    painter.end()
    return picture


Act = Callable[[MainWindow], object]
_acts: dict[Registry, tuple[Act, ...]] = {}


def _state(roll: dict[str, object] | str | None, *acts: Act) -> Callable[[Path], Iterator[MainWindow | Registry]]:
    def prepare(folder: Path) -> Iterator[MainWindow | Registry]:
        path = folder / "settings.yaml"
        if isinstance(roll, str):
            path.write_text(roll, encoding="utf-8")
        elif roll is not None:
            write_roll(path, roll)
        registry = Registry.open(path)
        _acts[registry] = acts
        yield registry

    return prepare


def _select(*rows: int) -> Act:
    return lambda window: window.table.select_keys([window.table_model.item(row).key for row in rows])


def _trigger(name: str) -> Act:
    return lambda window: window.actions_by_name[name].trigger()


def _resize(width: int, height: int) -> Act:
    return lambda window: window.resize(width, height)


def _show_tab(name: str) -> Act:
    def show(window: MainWindow) -> None:
        tabs = {"evidence": window.evidence_tab, "try": window.try_tab, "use": window.use_tab}
        window.details.tabs.setCurrentWidget(tabs[name])

    return show


def _measured(window: MainWindow) -> None:
    item = window.table.current_item()
    assert item is not None
    assert item.row.entry is not None
    program_evidence().keep_report(str(item.row.entry.id), report())


def _search(text: str) -> Act:
    return lambda window: window.search.setText(text)


def _open_menu(window: MainWindow) -> None:
    menu = window.menuBar().actions()[2].menu()
    window.menuBar().setActiveAction(window.menuBar().actions()[2])
    assert menu is not None


_STATES = {
    "full": _state(everyday_roll(), _select(2)),
    "smallest": _state(everyday_roll(), _resize(1, 1), _select(3)),
    "smallest_evidence": _state(everyday_roll(), _resize(1, 1), _select(2), _measured, _show_tab("evidence")),
    "smallest_try": _state(everyday_roll(), _resize(1, 1), _select(2), _show_tab("try")),
    "smallest_use": _state(everyday_roll(), _resize(1, 1), _select(2), _show_tab("use")),
    "evidence": _state(everyday_roll(), _select(2), _measured, _show_tab("evidence")),
    "use": _state(everyday_roll(), _select(2), _show_tab("use")),
    "wide": _state(everyday_roll(), _resize(1900, 1000), _select(2)),
    "empty": _state(None),
    "strange": _state(strange_roll(), _select(1)),
    "strange_end": _state(strange_roll(), lambda window: window.table.scrollToBottom(), _select(18)),
    "broken": _state('user_model_registry:\n  - {provider_type: builtin, name: "half\n'),
    "no_match": _state(everyday_roll(), _search("cap:vision nowhere")),
    "search": _state(everyday_roll(), _search("cap:vision cap:tools"), _select(0)),
    "problem": _state(everyday_roll(), _select(25)),
    "legacy": _state(everyday_roll(), _select(27)),
    "several": _state(everyday_roll(), _select(2, 3, 4)),
    "removed": _state(everyday_roll(), _select(2), _trigger("remove")),
    "menu": _state(everyday_roll(), _select(2), _open_menu),
    "about": _state(everyday_roll(), _trigger("about")),
    "shortcuts": _state(everyday_roll(), _trigger("shortcuts")),
    "add": _state(everyday_roll(), _trigger("add")),
    "edit": _state(everyday_roll(), _select(2), _trigger("edit")),
    "try": _state(everyday_roll(), _select(2), _trigger("try")),
    "providers": _state(everyday_roll(), _trigger("providers")),
}


if __name__ == "__main__":
    main(sys.argv[1:])
