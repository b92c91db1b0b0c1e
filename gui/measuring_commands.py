"""What the commands about measuring do: each opens its dialog and passes on what that did."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal

from core.document import Row
from core.evidence import Evidence
from core.offers import OfferedProvider
from gui.evidence_store import EvidenceStore, program_evidence
from gui.roll_items import ProviderKey, RollItem
from gui.scopes import Scope, scopes_of
from gui.window_commands import WindowCommands


class MeasuringCommands(WindowCommands):
    """Measure, measure again, rank modes, discover.

    `providers_wanted` asks for the Providers dialog, in front of the dialog that it carries.
    """

    providers_wanted = Signal(object)

    @property
    def evidence(self) -> EvidenceStore:
        """Where measurements are kept."""
        return program_evidence()

    def measure(self, items: Sequence[RollItem]) -> None:
        """Measures the selected models, or more of them."""
        self._open_measuring(scopes_of(items, self._registry.document.rows), is_again=False)

    def measure_again(self, items: Sequence[RollItem]) -> None:
        """Measures what was measured before, and tells what flipped."""
        self.evidence.use(_measured_ids, self, partial(self._measure_again, list(items)))

    def _measure_again(self, items: Sequence[RollItem], measured: frozenset[str]) -> None:
        def was_measured(row: Row) -> bool:
            return row.entry is not None and row.entry.id in measured

        rows = [row for row in self._registry.document.rows if was_measured(row)]
        if not rows:
            self._notices.show(self.tr("Nothing was measured yet: choose Measure first."))
            return
        self._open_measuring(scopes_of([item for item in items if was_measured(item.row)], rows), is_again=True)

    def discover(self, item: RollItem | None) -> None:
        """Shows what a provider offers, first that of the row."""
        engine = self._engine()
        if engine is None:
            return
        from gui.discover_dialog import DiscoverDialog

        key = item.provider_key if item is not None else None
        ready = self._registry.available_providers(wait=False)
        chosen = next(((one.provider_type, one.provider_id) for one in ready if key == _key(one)), None)
        dialog = DiscoverDialog(
            self._registry, self._saver, engine, evidence=self.evidence, chosen=chosen, parent=self._window
        )
        dialog.added.connect(self.done)
        dialog.providers_wanted.connect(lambda: self.providers_wanted.emit(dialog))
        self._dialogs.open(dialog)

    def rank(self, item: RollItem) -> None:
        """Tries the output modes of a model on the person's own task."""
        engine = self._engine()
        if engine is None or item.row.entry is None:
            return
        from gui.mode_ranking_dialog import ModeRankingDialog

        dialog = ModeRankingDialog(self._registry, self._saver, engine, item.row, self._window)
        dialog.applied.connect(self.done)
        dialog.providers_wanted.connect(lambda: self.providers_wanted.emit(dialog))
        self._dialogs.open(dialog)

    def _open_measuring(self, scopes: Sequence[Scope], *, is_again: bool) -> None:
        engine = self._engine()
        if engine is None:
            return
        from gui.measure_dialog import MeasureDialog

        dialog = MeasureDialog(
            self._registry,
            self._saver,
            engine,
            scopes,
            is_again=is_again,
            evidence=self.evidence,
            parent=self._window,
        )
        dialog.applied.connect(self.done)
        self._dialogs.open(dialog)


def _measured_ids(evidence: Evidence) -> frozenset[str]:
    return frozenset(evidence.measured_at())


def _key(provider: OfferedProvider) -> ProviderKey:
    return ProviderKey(provider.provider_type, provider.provider_id)
