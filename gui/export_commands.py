"""What the commands about other tools do: each opens its dialog."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Slot

from gui.roll_items import RollItem
from gui.scopes import scopes_of
from gui.window_commands import WindowCommands


class ExportCommands(WindowCommands):
    """Export, sync, take out again."""

    def export(self, items: Sequence[RollItem], *, target: str = "", removes: bool = False) -> None:
        """Writes models into a tool's file, or takes them out of it again."""
        from gui.export_dialog import ExportDialog

        scopes = scopes_of(items, self._registry.document.rows)
        self._dialogs.open(ExportDialog(self._registry, scopes, removes=removes, target=target, parent=self._window))

    def sync(self) -> None:
        """Brings every tool in use up to date."""
        from gui.sync_dialog import SyncDialog

        dialog = SyncDialog(self._registry, self._window)
        dialog.export_wanted.connect(self._export_all)
        self._dialogs.open(dialog)

    def serve(self, items: Sequence[RollItem]) -> None:
        """Writes LiteLLM Proxy's file and shows how it is served."""
        from gui.serve_dialog import ServeDialog

        self._dialogs.open(ServeDialog(self._registry, scopes_of(items, self._registry.document.rows), self._window))

    @Slot()
    def _export_all(self) -> None:
        self.export([])
