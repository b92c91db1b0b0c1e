"""The running program: one window on one roll, the engine behind it, and what both need at their start and end."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QLibraryInfo, QLocale, QObject, QTimer, QTranslator, Signal, Slot
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication
from typing_extensions import override

from core import __version__, paths
from core.log import start_log
from core.registry import Registry
from gui.crashes import CrashReports
from gui.display import missing_display
from gui.icons import application_icon
from gui.main_window import MainWindow
from gui.program_file import load_everything, own_program_file
from gui.resources import DESKTOP_ID
from gui.single_instance import PATIENCE_MS, Claim, SingleInstance
from gui.theme import ThemeChooser
from gui.window_state import WindowState
from gui.worker import run_in_worker, wait_for_workers

if TYPE_CHECKING:
    from gui.engine_host import EngineHost

_log = logging.getLogger("muster")

GRACE_MS = 3_000
"""How long a window may still ask something after a signal to end."""

LAST_WAIT_MS = 10_000
"""How long the end waits for what is still being written or asked."""

_SWITCH_PATIENCE_MS = 1_000
"""How long a window waits for another one that has the roll it shall show."""


class Application(QApplication):
    """The application object, which hears of files that the system hands over."""

    file_wanted = Signal(str)
    """macOS names no file among the arguments: it sends the running program an event."""

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent) and event.file():
            self.file_wanted.emit(event.file())
            return True
        return super().event(event)

    def quit_anyway(self) -> None:
        """Ends the event loop, whatever a window says of it."""
        self.exit(0)


def run(settings: Path | None, *, debug: bool = False, shared_files: Sequence[Path] = ()) -> int:
    """Opens the window on that roll, with shared rolls to take in, and stays until it is closed; the exit code."""
    started = time.monotonic()
    if missing := missing_display() or paths.missing_home():
        _say(missing)
        return 1
    log_path = start_log(debug=debug)
    crashes = CrashReports(log_path)
    crashes.install()
    app = make_application()
    program = Program(app, crashes, started)
    shared = [_absolute(file) for file in shared_files]
    if not program.open(_absolute(settings or paths.settings_file()), shared):
        return 0
    _let_interrupts_through(app)
    code = app.exec()
    has_ended = program.close()
    crashes.uninstall()
    if not has_ended:
        # Qt would wait for its threads without limit. What is written is whole at any time.
        _log.warning(
            "Something still waits, perhaps the keyring or a folder on the network; the program ends without it."
        )
        logging.shutdown()
        os._exit(code)
    return code


class Program(QObject):
    """Holds the window, and swaps it for another when another roll is opened."""

    def __init__(self, app: Application, crashes: CrashReports, started: float) -> None:
        super().__init__(app)
        self._app = app
        self._started = started
        self.state = WindowState()
        self.themes = ThemeChooser(app, self.state.theme)
        self.window: MainWindow | None = None
        self.engine: EngineHost | None = None
        self._instance: SingleInstance | None = None
        crashes.caught.connect(self._tell_crash)
        self._program_file = own_program_file(self)
        if self._program_file is not None:
            self._program_file.replaced.connect(self._tell_replaced)
            # A dialog that opens takes the focus, and so does the window to which somebody comes back.
            app.focusWindowChanged.connect(self._program_file.look)
        app.file_wanted.connect(lambda path: self._open_files([Path(path)]))

    def open(self, path: Path, shared_files: Sequence[Path] = ()) -> bool:
        """Shows the roll in that file; False where another window shows it already and was brought to the front.

        Either of them opens the shared files.
        """
        old, old_instance = self.window, self._instance
        instance = SingleInstance(path, self)
        claim = Claim.OURS
        if old_instance is not None and old_instance.name == instance.name:
            instance = old_instance  # the same file by another path
        else:
            claim = instance.claim(shared_files, patience_ms=PATIENCE_MS if old is None else _SWITCH_PATIENCE_MS)
        if claim is Claim.HANDED_OVER:
            return False
        registry = Registry.open(path)
        window = MainWindow(registry, self.themes, self.state)
        if instance is not old_instance:
            instance.raise_wanted.connect(self._come_to_front)
            instance.open_wanted.connect(self._open_files)
        window.first_painted.connect(self._after_first_paint)
        window.roll_wanted.connect(self._open_another)
        self.window, self._instance = window, instance
        if old is not None:
            window.setGeometry(old.geometry())
        window.show()
        if old is not None:
            self._release(old)
        if old_instance is not None and instance is not old_instance:
            old_instance.close()
        if claim is Claim.UNANSWERED:
            self._tell_unanswered(window)
        self._open_files(shared_files)
        return True

    def _tell_unanswered(self, window: MainWindow) -> None:
        _log.warning("Another Muster has this roll open and does not answer.")
        window.notices.show(
            self.tr("This roll is open in another Muster window, which does not answer. Edits of both are kept."),
            kind="warning",
            stays=True,
        )

    def close(self) -> bool:
        """Ends the engine and everything that still writes; False where something waits for what does not come."""
        if self._instance is not None:
            self._instance.close()
        if self.engine is not None:
            self.engine.stop()
        if self.window is not None:
            self._release(self.window)
            self.window = None
        return wait_for_workers(LAST_WAIT_MS)

    @Slot()
    def _come_to_front(self) -> None:
        if self.window is not None:
            self.window.come_to_front()

    @Slot(list)
    def _open_files(self, files: Sequence[Path]) -> None:
        if self.window is not None and files:
            self.window.open_shared_files(files)

    def _open_another(self, path: Path) -> None:
        if self.window is not None and path == self.window.registry.path:
            return
        old, self._started = self.window, time.monotonic()
        is_open = self.open(_absolute(path))
        if self.window is None:
            return
        if not is_open:
            self.window.notices.show(self.tr("That roll is open in another window, which was brought to the front."))
        elif old is not None and old.files.restored is not None:
            self.window.files.tell_restored(old.files.restored, is_put_back=old.files.is_put_back)

    def _release(self, window: MainWindow) -> None:
        registry = window.registry
        window.release()
        window.close()
        window.deleteLater()
        # May wait for the keyring, so not here.
        run_in_worker(self, registry.close)

    def _after_first_paint(self) -> None:
        _log.info("Muster %s: first paint after %d ms", __version__, (time.monotonic() - self._started) * 1000)
        window = self.window
        if window is None:
            return
        run_in_worker(self, window.registry.credentials.refresh)
        # What lives as long as the program is not looked through by the collector again; and the first look at Try it
        # need not wait for its import. A frozen program must not lean on its file, which an update may replace.
        gc.freeze()
        is_frozen = self._program_file is not None
        run_in_worker(self, load_everything if is_frozen else partial(import_module, "gui.try_panel"))
        if self.engine is None:
            from gui.engine_host import EngineHost

            self.engine = EngineHost(self)
            if self._program_file is not None:
                self.engine.state_changed.connect(self._program_file.look)  # said before it is started again
        window.set_engine(self.engine)
        self.engine.start()

    def _tell_crash(self) -> None:
        if self._program_file is not None:
            self._program_file.look()
            if self._program_file.is_replaced:
                self._tell_replaced()
                return
        if self.window is not None:
            self.window.tell_crash()

    @Slot()
    def _tell_replaced(self) -> None:
        if self.window is not None:
            self.window.notices.show(self.tr("Muster was updated. Restart it to go on."), kind="warning", stays=True)


def make_application() -> Application:
    """The application object: its names, icon and Qt's own translations."""
    # Python gives a waiting thread its turn after 5 ms by default: a window that asks for ten turns would lose 50.
    sys.setswitchinterval(0.001)
    QApplication.setApplicationName("muster")
    QApplication.setApplicationDisplayName("Muster")
    QApplication.setApplicationVersion(__version__)
    QApplication.setDesktopFileName(DESKTOP_ID)
    app = Application(sys.argv[:1])
    app.setWindowIcon(application_icon())
    translator = QTranslator(app)
    if translator.load("qtbase_" + _language(), QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(translator)
    return app


def _language() -> str:
    return QLocale.system().name()


def _let_interrupts_through(app: Application) -> None:
    """Ctrl+C in the terminal and a request to end close the window, or end the program where it asks for too long.

    Python sees a signal only while it runs, so it runs now and then.
    """

    def end(*_: object) -> None:
        # Not at once: a signal comes in the middle of anything.
        QTimer.singleShot(0, app, app.closeAllWindows)
        QTimer.singleShot(GRACE_MS, app, app.quit_anyway)

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    timer = QTimer(app, interval=500)
    timer.timeout.connect(_do_nothing)
    timer.start()


def _do_nothing() -> None:
    """Runs Python."""


def _absolute(path: Path) -> Path:
    """The path from the root, links kept: the store writes behind a link by itself."""
    return path.expanduser().absolute()


def _say(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"{text}\n")
