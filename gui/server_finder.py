"""*Find Local Servers*: looks at the well-known ports of this computer, only when asked, and adds what it finds."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from core.custom_providers import call_address
from core.errors import MusterError
from core.offered_models import LocalServer
from core.registry import Registry
from gui.buttons import push_button
from gui.measuring_jobs import Asker, PreparedJob, find_servers_job
from gui.saving import Saver
from gui.words import count_models, isolated, one_line
from gui.worker import run_in_worker


class ServerFinder(QFrame):
    """The servers that were found, each with a button that adds it; hidden until somebody asks.

    `button` asks; it stands wherever the dialog puts it. `added` brings the new provider's name, `failed` an error.
    """

    added = Signal(str)
    chosen = Signal(str)
    failed = Signal(object)

    def __init__(self, registry: Registry, saver: Saver, engine: Asker, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("server_finder")
        self.setAccessibleName(self.tr("Servers on this computer"))
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        self._registry = registry
        self._saver = saver
        self._engine = engine
        self._job: PreparedJob | None = None
        self._servers: tuple[LocalServer, ...] = ()
        self.button = push_button("find_servers", self.tr("&Find Local Servers"), "server")
        self.button.setToolTip(self.tr("Look for model servers on this computer, at the ports that they use"))
        self._words = QLabel(self)
        self._words.setObjectName("servers_found")
        self._rows = QWidget(self)
        self._grid = QGridLayout(self._rows)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(2, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(self._words)
        layout.addWidget(self._rows)
        self.button.clicked.connect(self.look)
        self.hide()

    @Slot()
    def look(self) -> None:
        """Looks now."""
        if self._job is not None:
            return
        self._job = find_servers_job(self._engine, parent=self)
        self._job.succeeded.connect(self.show_servers)
        self._job.failed.connect(self._fail)
        self._job.finished.connect(self._end)
        self.button.setEnabled(False)
        self._clear()
        self._words.setText(self.tr("Looking at the well-known ports of this computer…"))
        self.show()
        self._job.start()

    @property
    def is_looking(self) -> bool:
        """Whether it looks now."""
        return self._job is not None

    def stop(self) -> None:
        """Looks no more."""
        if self._job is not None:
            self._job.cancel()

    @property
    def words(self) -> str:
        """What is said above the servers."""
        return self._words.text()

    @Slot(object)
    def show_servers(self, servers: tuple[LocalServer, ...]) -> None:
        """Shows these."""
        self._servers = servers
        self._list()
        self.show()

    @Slot(object)
    def _fail(self, error: MusterError) -> None:
        self.hide()
        self.failed.emit(error)

    @Slot()
    def _end(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.deleteLater()
        self.button.setEnabled(True)
        if not self._servers and not self.isHidden():
            self._words.setText(self.tr("No model server answers at the well-known ports of this computer."))

    def _list(self) -> None:
        self._clear()
        count = len(self._servers)
        self._words.setText(
            self.tr("1 server on this computer")
            if count == 1
            else self.tr("{count} servers on this computer").format(count=count)
        )
        for row, server in enumerate(self._servers):
            self._add_row(row, server)

    def _add_row(self, row: int, server: LocalServer) -> None:
        known = self._known_as(server)
        models = count_models(len(server.model_ids))
        name, address = QLabel(one_line(server.name)), QLabel(f"{one_line(server.base_url)} · {models}")
        address.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        if known is None:
            button = push_button(f"add_server_{row}", self.tr("Add as Provider"), "plus")
            button.setAccessibleName(self.tr("Add {name} as a provider").format(name=server.name))
            button.clicked.connect(lambda: self._add(server))
        else:
            button = push_button(f"add_server_{row}", self.tr("List Its Models"))
            button.setAccessibleName(self.tr("List the models of {name}").format(name=known))
            button.setToolTip(self.tr("It is set up as {name}").format(name=isolated(known)))
            button.clicked.connect(lambda: self.added.emit(known))
        for column, widget in enumerate((name, address)):
            self._grid.addWidget(widget, row, column)
        self._grid.addWidget(button, row, 3)

    def _known_as(self, server: LocalServer) -> str | None:
        address = call_address(server.base_url)
        for provider in self._registry.providers:
            if provider.available and call_address(provider.base_url) == address:
                return provider.name
        return None

    def _add(self, server: LocalServer) -> None:
        taken = {provider.name.casefold() for provider in self._registry.providers}
        name, number = server.name, 2
        while name.casefold() in taken:
            name, number = f"{server.name} {number}", number + 1
        # An earlier provider of that name may have left its key, which is not for this server.
        run_in_worker(
            self,
            lambda: self._registry.forget_earlier_keys([name]),
            on_done=lambda _: self._commit(name, server.base_url),
            on_error=self.failed.emit,
        )

    def _commit(self, name: str, base_url: str) -> None:
        try:
            self._saver.commit(self._registry.plan_add_provider(name, base_url))
        except MusterError as error:
            self.failed.emit(error)
            return
        self._list()
        self.added.emit(name)

    def _clear(self) -> None:
        while item := self._grid.takeAt(0):
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
