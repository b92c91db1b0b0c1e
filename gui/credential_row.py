"""One credential of a provider: its field, where it comes from in words, and a way to remove it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from core.credentials import Credentials, CredentialState, KeyPlace
from gui.field_error import FieldError
from gui.secret_edit import SecretEdit
from gui.words import tr_core
from gui.worker import run_in_worker


class CredentialRow(QObject):
    """The widgets of one credential. A secret is typed over dots; a plain value stands in the field as it is stored.

    `remove_requested` carries the config key.
    """

    edited = Signal()
    remove_requested = Signal(str)

    def __init__(
        self,
        credentials: Credentials,
        owner: tuple[str, str],
        config_key: str,
        label: str,
        parent: QWidget,
        *,
        is_secret: bool = True,
        hint: str = "",
    ) -> None:
        super().__init__(parent)
        self._credentials = credentials
        self._owner = owner
        self._hint = hint
        self._shown = ""
        self.config_key = config_key
        self.is_secret = is_secret
        self.state = CredentialState(known=False, present=False, place=None, words="")
        self.label = QLabel(label, parent)
        self.secret: SecretEdit | None = None
        name = f"credential_{config_key}"
        if is_secret:
            self.secret = SecretEdit(name, label.replace("&", ""), parent)
            self.secret.edited.connect(self.edited)
            self.secret.reveal_requested.connect(self._reveal)
            self.line = self.secret.line
        else:
            self.line = QLineEdit(parent)
            self.line.setObjectName(name)
            self.line.textChanged.connect(self.edited)
        self.label.setBuddy(self.line)
        self.words = QLabel(parent)
        self.words.setObjectName(f"credential_{config_key}_origin")
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.remove_button = QPushButton(self.tr("Remove Key") if is_secret else self.tr("Remove"), parent)
        self.remove_button.setObjectName(f"credential_{config_key}_remove")
        self.remove_button.setAccessibleName(self.tr("Remove {label}").format(label=label.replace("&", "")))
        self.remove_button.clicked.connect(self._remove)
        self.edited.connect(self._show_words)
        self.error = FieldError(self.line, parent=parent)
        self.refresh()

    @property
    def text(self) -> str:
        """What was typed."""
        return self.secret.text if self.secret is not None else self.line.text().strip()

    @property
    def is_edited(self) -> bool:
        """Whether the person has typed something that is not stored."""
        return self.secret.is_edited if self.secret is not None else self.line.text().strip() != self._shown

    @property
    def tab_widgets(self) -> list[QWidget]:
        """What the Tab key goes through, in order."""
        reveal = [] if self.secret is None else [self.secret.reveal_button]
        return [self.line, *reveal, self.remove_button]

    def read(self) -> str | None:
        """What was typed, or what is stored. May wait for the keyring."""
        return self.text or self._credentials.value(*self._owner, self.config_key)

    def rename_owner(self, provider_id: str) -> None:
        """Follow a provider that got another name."""
        self._owner = (self._owner[0], provider_id)

    def settle(self) -> None:
        """What was typed is stored now."""
        if self.secret is not None:
            self.secret.clear()
        else:
            self._shown = self.text

    def refresh(self) -> None:
        """Show where the credential is, from what is known; typed text stays."""
        self.state = self._credentials.state(*self._owner, self.config_key)
        is_kept = self.state.present and self.state.place is not None
        if self.secret is not None:
            self.secret.set_kept(is_kept, self._hint)
        elif not self.is_edited:
            stored = self._credentials.value(*self._owner, self.config_key) or ""
            is_foreign = self.state.place is KeyPlace.ENVIRONMENT
            self._shown = "" if is_foreign else stored
            self.line.setPlaceholderText(stored if is_foreign else self._hint)
            self.line.setText(self._shown)
        self._show_words()
        self.remove_button.setVisible(is_kept and self.state.place is not KeyPlace.ENVIRONMENT)

    def add_to(self, grid: QGridLayout, label_width: int) -> None:
        """Take three lines of the grid: the field, where its value comes from, what is wrong."""
        row = grid.rowCount()
        grid.setColumnMinimumWidth(0, label_width)
        line = QHBoxLayout()
        line.addWidget(self.words, 1)
        line.addWidget(self.remove_button)
        policy = self.remove_button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.remove_button.setSizePolicy(policy)
        grid.addWidget(self.label, row, 0)
        grid.addWidget(self.secret or self.line, row, 1)
        grid.addLayout(line, row + 1, 1)
        grid.addWidget(self.error, row + 2, 1)

    @Slot()
    def _show_words(self) -> None:
        self.words.setText(self._words())

    def _words(self) -> str:
        if self.is_edited:
            return self.tr("Not saved yet.")
        if not self.state.known:
            return self.tr("Looking in the system keyring…")
        if self.state.place is KeyPlace.SETTINGS_FILE and self.is_secret:
            return self.tr("In the settings file, readable only by you.")
        if not self.state.present and not self.is_secret and self._hint:
            return self.tr("Not set: {value} is used.").format(value=self._hint)
        return tr_core(self.state.words)

    @Slot()
    def _reveal(self) -> None:
        secret = self.secret
        if secret is not None:
            owner, key = self._owner, self.config_key
            run_in_worker(secret, lambda: self._credentials.value(*owner, key), on_done=secret.show_kept)

    @Slot()
    def _remove(self) -> None:
        self.remove_requested.emit(self.config_key)
