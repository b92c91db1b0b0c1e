"""The place of the *Evidence* panel, which is built when it is first looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from gui.roll_items import RollItem

if TYPE_CHECKING:
    from gui.evidence_panel import EvidencePanel


class EvidenceTab(QWidget):
    """Holds the panel, which `build` makes, and tells it which model is selected.

    `refused` carries a `MusterError` of an edit; `providers_wanted` asks for the Providers dialog.
    """

    refused = Signal(object)
    providers_wanted = Signal()

    def __init__(self, build: Callable[[], EvidencePanel], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("evidence_tab")
        self._build = build
        self._item: RollItem | None = None
        self.panel: EvidencePanel | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    def show_item(self, item: RollItem | None) -> None:
        """The selected model; None where none or several are."""
        self._item = item
        if self.panel is not None:
            self.panel.show_item(item)

    def measure(self) -> None:
        """Says what measuring the shown model costs, and waits for *Start*."""
        self._built().measure()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        self._built()
        super().showEvent(event)

    def _built(self) -> EvidencePanel:
        if self.panel is None:
            self.panel = self._build()
            self.panel.refused.connect(self.refused)
            self.panel.providers_wanted.connect(self.providers_wanted)
            layout = self.layout()
            if layout is not None:
                layout.addWidget(self.panel)
            self.panel.show_item(self._item)
        return self.panel
