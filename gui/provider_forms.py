"""The forms of one provider: built-in, with its credentials, and custom, with its name and address too."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget
from typing_extensions import override

from core.changes import Change
from core.credentials import CUSTOM_KEY
from core.custom_providers import check_base_url, name_in_other_case
from core.errors import InvalidProvider, MusterError
from core.providers import ModelListing, ProviderKind, ProviderRow
from core.registry import Registry
from gui.connection_panel import Checker
from gui.credential_row import CredentialRow
from gui.field_error import FieldError
from gui.icons import icon
from gui.provider_form import ProviderForm
from gui.words import isolated, one_line, tr_core

STAND_IN_URL = "http://localhost/v1"
"""An address that is accepted, for asking what is wrong with a name alone."""


class ChangeTaker(Protocol):
    """What edits of the roll go through: `gui.saving.Saver`."""

    def commit(self, change: Change) -> None:
        """Make the edit."""


class BuiltinProviderForm(ProviderForm):
    """The credentials of a built-in provider."""

    def __init__(self, registry: Registry, row: ProviderRow, *, engine: Checker | None, parent: QWidget) -> None:
        super().__init__(registry, ("builtin", str(row.name)), engine=engine, parent=parent)
        self._row = row
        self.heading.setText(row.display_name)
        for field in row.credentials:
            hint = field.default or ("" if field.required else self.tr("optional"))
            self.add_credential(field.config_key, tr_core(field.label), is_secret=field.secret, hint=hint)
        self.add_place()
        if row.key_page:
            words = self.tr("&Get {name}") if row.kind is ProviderKind.LOCAL else self.tr("&Get a Key")
            self.link = QPushButton(icon("external-link"), words.format(name=row.display_name), self)
            self.link.setObjectName("get_key")
            self.link.setFlat(True)
            self.link.setToolTip(row.key_page)
            self.link.clicked.connect(self._open_key_page)
        if self._listing_base() is None:
            self.panel.check_button.setEnabled(False)
            self.panel.outcome.setText(self.tr("There is no check for this provider. Add a model and try it."))
        self.arrange()
        self.refresh()

    @override
    def address(self) -> tuple[str, ModelListing] | None:
        base_url = self._listing_base()
        if not base_url:
            return None
        return base_url, self._row.listing

    @override
    def take_address(self, base_url: str) -> None:
        row = self._address_row()
        if row is not None:
            row.line.setText(base_url.removesuffix(self._row.base_url_suffix))
            row.line.setFocus()

    def _address_row(self) -> CredentialRow | None:
        field = self._row.base_url_field
        return next((row for row in self.rows if field is not None and row.config_key == field.config_key), None)

    def _listing_base(self) -> str | None:
        """Where the provider lists its models; empty where that is not known yet, None where it has no such list."""
        if self._row.listing in (ModelListing.NONE, ModelListing.BEDROCK, ModelListing.VERTEX):
            return None
        row = self._address_row()
        if row is None:
            return (self._row.listing_url or self._row.base_url or "").removesuffix("/models")
        base_url = (row.text or row.read() or self._row.base_url or "").rstrip("/")
        suffix = self._row.base_url_suffix
        return base_url if not base_url or base_url.endswith(suffix) else base_url + suffix

    @Slot()
    def _open_key_page(self) -> None:
        page = self._row.key_page
        if page and not QDesktopServices.openUrl(QUrl(page)):
            words = self.tr("No browser answered. The page is {page}").format(page=page)
            self.refusal.show_problem(words, blocks=False)


class CustomProviderForm(ProviderForm):
    """Name, base URL and key of a custom provider, new while `name` is None.

    `removal_requested` asks for its removal; `renamed` carries its new key, also when it has just been added.
    """

    removal_requested = Signal()
    renamed = Signal(object)

    def __init__(
        self, registry: Registry, name: str | None, *, saver: ChangeTaker, engine: Checker | None, parent: QWidget
    ) -> None:
        super().__init__(registry, ("custom", name or ""), engine=engine, parent=parent)
        self._saver = saver
        self._name = name
        self._touched: set[str] = set()
        self.name = QLineEdit(self)
        self.name.setObjectName("provider_name")
        self.name.setPlaceholderText(self.tr("e.g. My Server"))
        self.base_url = QLineEdit(self)
        self.base_url.setObjectName("provider_base_url")
        self.base_url.setPlaceholderText(self.tr("e.g. http://127.0.0.1:8080/v1"))
        self.errors = {
            "name": FieldError(self.name, reserved=True, parent=self),
            "base_url": FieldError(self.base_url, reserved=True, parent=self),
        }
        self._shown = ("", "")
        lines = ((self.tr("&Name"), self.name, "name"), (self.tr("&Base URL"), self.base_url, "base_url"))
        for words, line, field in lines:
            label = QLabel(words, self)
            label.setBuddy(line)
            row = self.grid.rowCount()
            self.grid.addWidget(label, row, 0)
            self.grid.addWidget(line, row, 1)
            self.grid.addWidget(self.errors[field], row + 1, 1)
        self.add_credential(CUSTOM_KEY, self.tr("API Ke&y (Optional)"), is_secret=True)
        self.add_place()
        self.remove_button = QPushButton(icon("trash"), self.tr("&Remove Provider"), self)
        self.remove_button.setObjectName("remove_provider")
        self.remove_words = QLabel(self)
        self.remove_words.setObjectName("remove_words")
        self.remove_words.setWordWrap(True)
        self.action_line.addWidget(self.remove_button)
        self.action_line.addWidget(self.remove_words, 1)
        self.arrange()
        self.remove_button.clicked.connect(self.removal_requested)
        self.name.textChanged.connect(self._note_name)
        self.base_url.textChanged.connect(self._note_base_url)
        self.refresh()

    @property
    @override
    def is_edited(self) -> bool:
        return super().is_edited or self._has_new_address

    @property
    def _has_new_address(self) -> bool:
        return (self.name.text(), self.base_url.text()) != self._shown

    @property
    @override
    def tab_widgets(self) -> list[QWidget]:
        *form, save = super().tab_widgets
        return [self.name, self.base_url, *form, self.remove_button, save]

    @override
    def refresh(self) -> None:
        provider = self.registry.document.provider_by_name.get(self._name) if self._name is not None else None
        if not self._has_new_address and provider is not None:
            self.name.setText(provider.name)
            self.base_url.setText(provider.base_url)
            self._shown = (self.name.text(), self.base_url.text())
            self._touched.clear()
        is_new = self._name is None
        self.heading.setText(self.tr("New custom provider") if self._name is None else one_line(self._name, 80))
        self.heading.setToolTip("" if self._name is None else one_line(self._name))
        self.save_button.setText(self.tr("&Add Provider") if is_new else self.tr("&Save"))
        self.remove_button.setVisible(not is_new)
        self.remove_words.setText(self._removal_words())
        super().refresh()
        self._show_problems()

    @override
    def update_buttons(self) -> None:
        super().update_buttons()
        if self._name is None:
            self.save_button.setEnabled(not self._is_storing)

    @override
    def address(self) -> tuple[str, ModelListing] | None:
        self._touched.add("base_url")
        self._show_problems()
        if self.errors["base_url"].blocks:
            self.base_url.setFocus()
            return None
        return self.base_url.text().strip(), ModelListing.OPENAI

    @override
    def take_address(self, base_url: str) -> None:
        self.base_url.setText(base_url)
        self.base_url.setFocus()

    @Slot()
    @override
    def save(self) -> None:
        if self._is_storing:
            return
        self._touched |= {"name", "base_url"}
        self._show_problems()
        for field, line in (("name", self.name), ("base_url", self.base_url)):
            if self.errors[field].blocks:
                line.setFocus()
                self.errors[field].announce()
                return
        if not self._has_new_address:
            super().save()
            return
        typed = (self.name.text(), self.base_url.text())
        try:
            change = self._plan(*typed)
        except MusterError as error:
            self.show_refusal(error)
            return
        name = typed[0].strip()
        if name == self._name:
            self._commit(change, typed)
        else:
            # One that another program took out of the file may have left its key, which is not for this address.
            self._store(lambda: self.registry.forget_earlier_keys([name]), lambda: self._commit(change, typed))

    def _commit(self, change: Change, typed: tuple[str, str]) -> None:
        try:
            if change.base is not change.after:
                self._saver.commit(change)
        except MusterError as error:
            self.show_refusal(error)
            return
        self._follow(typed)
        super().save()

    @override
    def before_storing(self) -> None:
        # The key of a renamed provider follows it in the save; a newly typed one must come after that.
        if any(row.is_edited for row in self.rows):
            self.registry.save()

    def _follow(self, typed: tuple[str, str]) -> None:
        """Stand for the provider under its new name and address."""
        name = typed[0].strip()
        self._name = name
        self.key = ("custom", name)
        self._shown = typed
        for row in self.rows:
            row.rename_owner(name)
        self.renamed.emit(self.key)

    def _plan(self, name: str, base_url: str) -> Change:
        if self._name is None:
            return self.registry.plan_add_provider(name, base_url)
        return self.registry.plan_replace_provider(self._name, new_name=name, base_url=base_url)

    def _problem_of_name(self) -> MusterError | None:
        try:
            self._plan(self.name.text(), STAND_IN_URL)
        except MusterError as error:
            return error
        return None

    def _problem_of_base_url(self) -> MusterError | None:
        if self._name is not None and self.base_url.text() == self._shown[1] and self._shown[1]:
            return None  # a stored one is kept as it is
        try:
            check_base_url(self.base_url.text())
        except InvalidProvider as error:
            return error
        return None

    def _show_problems(self) -> None:
        for field, problem in (("name", self._problem_of_name()), ("base_url", self._problem_of_base_url())):
            if problem is None or (field not in self._touched and self._name is None):
                self.errors[field].clear()
            else:
                self.errors[field].show_problem(tr_core(problem.title), tr_core(problem.hint))
        like = name_in_other_case(self.name.text(), self.registry.document.provider_by_name)
        if like is not None and like != self._name and not self.errors["name"].text:
            words = self.tr("Only upper and lower case tell it from {name}.").format(name=isolated(like))
            self.errors["name"].show_problem(words, self.tr("Both can be used."), blocks=False)

    def _removal_words(self) -> str:
        count = sum(
            entry.provider_type == "custom" and entry.provider_id == self._name for entry in self.registry.entries()
        )
        if not count:
            return ""
        words = self.tr("Its model goes with it.") if count == 1 else self.tr("Its {count} models go with it.")
        return words.format(count=count)

    @Slot()
    def _note_name(self) -> None:
        self._touched.add("name")
        self._note_line()

    @Slot()
    def _note_base_url(self) -> None:
        self._touched.add("base_url")
        self._note_line()

    def _note_line(self) -> None:
        self._show_problems()
        self.note_edit()
