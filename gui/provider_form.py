"""What the forms of all providers share: credentials, where keys go, a check, and *Save*."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.credentials import KeyPlace
from core.errors import MusterError
from core.providers import ModelListing
from core.registry import Registry
from gui.connection_panel import Checker, CheckRequest, ConnectionPanel
from gui.credential_row import CredentialRow
from gui.field_error import FieldError
from gui.key_place_choice import KeyPlaceChoice
from gui.words import tr_core
from gui.worker import run_in_worker


class ProviderForm(QWidget):
    """What both forms share: a heading, credentials, where keys go, a check, and *Save*."""

    edited = Signal()
    checked = Signal(object)

    def __init__(self, registry: Registry, key: tuple[str, str], *, engine: Checker | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.registry = registry
        self.key = key
        self.rows: list[CredentialRow] = []
        self._is_storing = False
        self.heading = QLabel(self)
        self.heading.setObjectName("provider_heading")
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.heading.setMinimumWidth(1)
        font = self.heading.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.3)
        self.heading.setFont(font)
        self.state_mark = QLabel(self)
        self.state_words = QLabel(self)
        self.state_words.setObjectName("provider_state")
        self.state_words.setMinimumWidth(1)
        self.grid = QGridLayout()
        self.grid.setColumnStretch(1, 1)
        self.grid.setHorizontalSpacing(self.fontMetrics().averageCharWidth() * 2)
        self.grid.setVerticalSpacing(max(2, self.fontMetrics().height() // 6))
        self.place: KeyPlaceChoice | None = None
        self.link: QPushButton | None = None
        self.panel = ConnectionPanel(engine, "provider", self)
        self.refusal = FieldError(self.panel.check_button, parent=self)
        self.save_button = QPushButton(self.tr("&Save"), self)
        self.save_button.setObjectName("save_provider")
        self.action_line = QHBoxLayout()
        self.panel.requested.connect(self._check)
        self.panel.reported.connect(self.checked)
        self.panel.address_suggested.connect(self.take_address)
        self.save_button.clicked.connect(self.save)

    @property
    def title(self) -> str:
        """What the provider is called."""
        return self.heading.text()

    @property
    def is_edited(self) -> bool:
        """Whether something was typed that is not stored."""
        return any(row.is_edited for row in self.rows)

    def arrange(self) -> None:
        """Lay the form out."""
        state = QHBoxLayout()
        state.setSpacing(self.fontMetrics().horizontalAdvance(" "))
        state.addWidget(self.state_mark)
        state.addWidget(self.state_words, 1)
        if self.link is not None:
            state.addWidget(self.link)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.heading)
        layout.addLayout(state)
        layout.addSpacing(self.fontMetrics().height() // 2)
        self.grid.setRowMinimumHeight(self.grid.rowCount(), self.fontMetrics().height() // 2)
        self.grid.addWidget(self.panel, self.grid.rowCount() + 1, 1)
        layout.addLayout(self.grid)
        layout.addWidget(self.refusal)
        layout.addStretch(1)
        self.action_line.addStretch(1)
        self.action_line.addWidget(self.save_button)
        layout.addLayout(self.action_line)

    def add_credential(self, config_key: str, label: str, *, is_secret: bool, hint: str = "") -> CredentialRow:
        """Add a credential's lines to the grid."""
        row = CredentialRow(
            self.registry.credentials, self.key, config_key, label, self, is_secret=is_secret, hint=hint
        )
        row.add_to(self.grid, self.label_width)
        row.edited.connect(self.note_edit)
        row.remove_requested.connect(self._remove_credential)
        self.rows.append(row)
        return row

    @property
    def label_width(self) -> int:
        """The width of the column of labels, the same in every form."""
        return self.fontMetrics().averageCharWidth() * 20

    def add_place(self) -> None:
        """Add the choice of where keys are kept, where there is a key to keep."""
        if not any(row.is_secret for row in self.rows):
            return
        self.place = KeyPlaceChoice(self.registry.credentials, "key_place", self)
        label = QLabel(self.tr("&Keep the key in"), self)
        label.setBuddy(self.place.combo)
        row = self.grid.rowCount()
        self.grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        self.grid.addWidget(self.place, row, 1)
        height = self.place.combo.sizeHint().height()
        label.setMinimumHeight(height)
        self.place.changed.connect(self.note_edit)

    @property
    def tab_widgets(self) -> list[QWidget]:
        """What the Tab key goes through, in order."""
        found: list[QWidget] = [] if self.link is None else [self.link]
        for row in self.rows:
            found += row.tab_widgets
        if self.place is not None:
            found.append(self.place.combo)
        return [*found, *self.panel.tab_widgets, self.save_button]

    def refresh(self) -> None:
        """Show what is stored now; typed text stays."""
        for row in self.rows:
            row.refresh()
        if self.place is not None:
            kept = next((row.state.place for row in self.rows if row.is_secret and row.state.present), None)
            self.place.refresh(kept)
        self.update_buttons()

    def update_buttons(self) -> None:
        """Let *Save* be pressed when there is something to save."""
        self.save_button.setEnabled(not self._is_storing and (self.is_edited or self._moves_key))

    def address(self) -> tuple[str, ModelListing] | None:
        """What a check asks; None where there is nothing to ask."""
        raise NotImplementedError

    def take_address(self, base_url: str) -> None:
        """Use the base URL that a check suggested."""
        raise NotImplementedError

    @Slot()
    def save(self) -> None:
        """Store what was typed; a refusal keeps it and says why."""
        if self._is_storing:
            return
        self.refusal.clear()
        place = self.place.place if self.place is not None else None
        typed = [
            (row, row.text, place if row.is_secret else KeyPlace.SETTINGS_FILE) for row in self.rows if row.is_edited
        ]
        moved = [row for row in self.rows if row.is_secret and not row.is_edited and self._moves_key]
        credentials, key = self.registry.credentials, self.key

        def store() -> None:
            self.before_storing()
            for row, text, where in typed:
                if text:
                    credentials.store(*key, row.config_key, text, where)
                else:
                    credentials.forget(*key, row.config_key)
            for row in moved:
                kept = credentials.value(*key, row.config_key)
                if kept:
                    credentials.store(*key, row.config_key, kept, place)

        self._store(store, self._settle)

    def show_refusal(self, error: MusterError) -> None:
        """Say why nothing was saved."""
        self.refusal.show_problem(tr_core(error.title), tr_core(error.hint))
        self.refusal.announce()

    def before_storing(self) -> None:
        """What has to be durable before a key is; runs on the worker."""

    @property
    def _moves_key(self) -> bool:
        """Whether the person wants a stored key kept elsewhere."""
        if self.place is None or not self.place.is_chosen:
            return False
        return any(row.is_secret and row.state.present and row.state.place is not self.place.place for row in self.rows)

    def _store(self, work: Callable[[], None], done: Callable[[], None]) -> None:
        self._is_storing = True
        self.update_buttons()

        def finish(_: object) -> None:
            self._is_storing = False
            done()
            self.refresh()
            self.edited.emit()

        def refuse(error: MusterError) -> None:
            self._is_storing = False
            self.show_refusal(error)
            self.refresh()

        run_in_worker(self, work, on_done=finish, on_error=refuse)

    def _settle(self) -> None:
        for row in self.rows:
            if row.is_edited:
                row.settle()
        if self.place is not None:
            self.place.settle()

    @Slot()
    def note_edit(self) -> None:
        """Something was typed: the last check and refusal are about something else."""
        self.panel.clear()
        self.refusal.clear()
        self.update_buttons()
        self.edited.emit()

    @Slot(str)
    def _remove_credential(self, config_key: str) -> None:
        credentials, key = self.registry.credentials, self.key
        self.panel.clear()
        self._store(lambda: credentials.forget(*key, config_key), lambda: None)

    @Slot()
    def _check(self) -> None:
        target = self.address()
        if target is None:
            return
        base_url, listing = target
        secret = next((row for row in self.rows if row.is_secret), None)
        typed = secret.text if secret is not None else ""

        def read_key() -> str | None:
            return typed or (secret.read() if secret is not None else None)

        self.panel.start(CheckRequest(base_url, listing, read_key))
