"""What the commands about taking over and handing on do."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from typing_extensions import override

from core.changes import Change
from core.entry import UserModelEntry
from core.errors import MusterError
from core.evidence import Evidence
from core.importing import Plan, keep_evidence
from core.share import write_share
from gui.edit_notices import EditNotices
from gui.evidence_store import program_evidence
from gui.roll_items import RollItem
from gui.window_commands import WindowCommands
from gui.words import count_models, isolated, tr_core


class ImportCommands(WindowCommands):
    """Import, from wherever it may come; share. What could not be kept as evidence is told here too."""

    @override
    def _set_up(self) -> None:
        program_evidence().refused.connect(self._tell_not_kept)
        self._waiting: deque[Path] = deque()

    def import_each(self, files: Sequence[Path]) -> None:
        """Opens the plan of the first file, and that of the next when the one before is closed."""
        self._waiting.extend(files[1:])
        if files:
            self.import_from(files[0])

    def import_from(self, path: Path | None = None, *, text: str = "") -> None:
        """Opens the plan of an import: of that file, of that text, or of what is chosen there."""
        from gui.import_dialog import ImportDialog

        shown = next((each for each in self._dialogs if isinstance(each, ImportDialog)), None)
        if shown is not None and path is not None and not shown.is_applying:
            # Another file was double-clicked: its plan takes the place of the one that stands there.
            shown.open_path(path)
            return
        dialog = ImportDialog(self._registry, self._saver, path=path, parent=self._window)
        if text:
            dialog.paste(text)
        dialog.imported.connect(self._tell_imported)
        self._dialogs.open(dialog)
        dialog.finished.connect(self._import_next, Qt.ConnectionType.QueuedConnection)

    @Slot()
    def _import_next(self) -> None:
        if self._waiting and self._window.isVisible():  # closing the program closes its dialogs too
            self.import_from(self._waiting.popleft())

    @Slot(object, object)
    def _tell_imported(self, plan: Plan, change: Change) -> None:
        self.done.emit([entry.id for entry in change.entries if entry.id])
        store = program_evidence()
        store.use(partial(_keep_evidence, plan, change), self, self._tell_kept)
        text = self.tr("Imported {models}.").format(models=count_models(len(change.entries)))
        EditNotices(self._notices, self._saver, self).show(f"{text} {tr_core(change.notice)}".strip())

    def _tell_kept(self, kept: tuple[Sequence[str], MusterError | None]) -> None:
        entry_ids, problem = kept
        for entry_id in entry_ids:
            program_evidence().tell_changed(entry_id)
        if problem is not None and entry_ids:
            self._tell_not_kept(problem)

    @Slot(object)
    def _tell_not_kept(self, error: MusterError) -> None:
        self._notices.show_error(error)

    def share(self, items: Sequence[RollItem]) -> None:
        """Asks where the share file of these models, or of all, shall go, and whether measurements go along."""
        from gui.share_dialog import ShareDialog

        entries = [item.row.entry for item in items if item.row.entry is not None] or list(self._registry.entries())
        dialog = ShareDialog(len(entries), self._window)
        dialog.chosen.connect(lambda path, with_evidence: self._write_share(entries, path, with_evidence=with_evidence))
        self._dialogs.open(dialog)

    def _write_share(self, entries: Sequence[UserModelEntry], path: Path, *, with_evidence: bool) -> None:
        registry = self._registry

        def work(evidence: Evidence) -> object:
            return write_share(registry, entries, path, evidence if with_evidence else None)

        words = self.tr("Shared {models} in {path}. No key is in it.").format(
            models=count_models(len(entries)), path=isolated(str(path))
        )
        program_evidence().use(work, self, lambda _: self._notices.show(words))


def _keep_evidence(plan: Plan, change: Change, evidence: Evidence) -> tuple[list[str], MusterError | None]:
    """The entries about which there is more to know, and why it is not kept for longer than this run."""
    kept = keep_evidence(evidence, plan, change)
    return [entry.id for entry in change.entries if entry.id and (kept or entry.overrides)], evidence.problem
