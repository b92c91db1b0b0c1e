"""What the commands about models do: each plans a change with core, commits it, and says what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from core.changes import Change
from core.entry import UserModelEntry
from core.errors import MusterError
from gui.edit_notices import EditNotices
from gui.provider_checks import ProviderChecks
from gui.roll_items import RollItem
from gui.window_commands import WindowCommands
from gui.words import isolated, tr_core

if TYPE_CHECKING:
    from gui.model_dialog import ModelDialog


class RollCommands(WindowCommands):
    """Adds, edits, removes."""

    removed = Signal()

    @override
    def _set_up(self) -> None:
        self._checks = ProviderChecks()
        self._edit_notices = EditNotices(self._notices, self._saver, self)

    def add(self) -> None:
        """Opens the empty form."""
        self._open_form(None, None)

    def edit(self, item: RollItem) -> None:
        """Opens the form with the row's entry."""
        if item.row.entry is not None:
            self._open_form(item.row.entry, item.key)

    def duplicate(self, item: RollItem) -> None:
        """Opens the form with a copy."""
        if item.row.entry is not None:
            self._open_form(item.row.entry, None)

    def remove(self, items: list[RollItem]) -> None:
        """Takes the rows off the roll; the notice has the way back."""
        change = self._plan(lambda: self._registry.plan_remove(*(item.key for item in items)))
        if change is None or not self._commit(change):
            return
        self.removed.emit()
        if len(items) == 1:
            text = self.tr("Removed {name}.").format(name=isolated(items[0].name or items[0].row.text))
        else:
            text = self.tr("Removed {count} models.").format(count=len(items))
        self._edit_notices.show(f"{text} {tr_core(change.notice)}".strip())

    def convert(self, item: RollItem) -> None:
        """Registers a legacy model."""
        self._carry_out(lambda: self._registry.plan_convert(item.key))

    def give_new_id(self, item: RollItem) -> None:
        """Gives the row an ID of its own."""
        self._carry_out(lambda: self._registry.plan_new_id(item.key))

    def copy_model_id(self, item: RollItem) -> None:
        """Puts the model ID on the clipboard."""
        if item.row.entry is not None:
            self._copy(item.row.entry.model_id, self.tr("Copied the model ID."))

    def copy_reference(self, item: RollItem) -> None:
        """Puts the reference on the clipboard."""
        if item.row.entry is not None:
            self._copy(item.row.entry.reference, self.tr("Copied the reference."))

    def open_providers(self, select: tuple[str, str] | None = None, parent: QWidget | None = None) -> None:
        """Opens the providers, at that one if it is named."""
        from gui.providers_dialog import ProvidersDialog

        self._dialogs.open(
            ProvidersDialog(
                self._registry,
                engine=self._engine(),
                saver=self._saver,
                parent=parent or self._window,
                select=select,
                checks=self._checks,
            )
        )

    def _open_form(self, entry: UserModelEntry | None, replacing: str | None) -> None:
        # Imported when first wanted: the form is no part of the first paint.
        from gui.model_dialog import ModelDialog

        dialog = ModelDialog(
            self._registry, entry=entry, replacing=replacing, engine=self._engine(), parent=self._window
        )
        dialog.submitted.connect(lambda submitted: self._submit(dialog, submitted, replacing))
        dialog.providers_requested.connect(lambda: self.open_providers(parent=dialog))
        self._dialogs.open(dialog)

    def _submit(self, dialog: ModelDialog, entry: UserModelEntry, replacing: str | None) -> None:
        try:
            if replacing is None:
                change = self._registry.plan_add(entry)
            else:
                change = self._registry.plan_replace(replacing, entry)
            self._make(change)
        except MusterError as error:
            dialog.show_error(error)
            return
        dialog.accept()
        if change.notice:
            self._edit_notices.show(tr_core(change.notice), offers_undo=False)

    def _carry_out(self, plan: Callable[[], Change]) -> None:
        change = self._plan(plan)
        if change is not None and self._commit(change) and change.notice:
            self._edit_notices.show(tr_core(change.notice), offers_undo=False)

    def _plan(self, plan: Callable[[], Change]) -> Change | None:
        try:
            return plan()
        except MusterError as error:
            self._notices.show_error(error)
            return None

    def _commit(self, change: Change) -> bool:
        try:
            self._make(change)
        except MusterError as error:
            self._notices.show_error(error)
            return False
        return True

    def _make(self, change: Change) -> None:
        if change.base is change.after:
            return  # nothing was changed: nothing to undo, nothing to save
        self._saver.commit(change)
        self.done.emit([entry.id for entry in change.entries if entry.id])

    def _copy(self, text: str, notice: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._notices.show(notice)
