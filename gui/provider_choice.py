"""The combo box of providers that are ready, with the way to the others."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from core.offers import OfferedProvider
from gui.combo_boxes import SteadyComboBox
from gui.words import one_line, tr_core


class ProviderChoice(QWidget):
    """Chooses a provider among those that are ready, built-in and custom apart.

    Where none is ready a sentence stands in the combo's place. `providers_requested` asks for the Providers dialog;
    `picked` tells that the person chose, where `changed` may come from what is offered.
    """

    changed = Signal()
    picked = Signal()
    focused = Signal()
    providers_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offered: list[OfferedProvider | None] = []
        """What each item of the combo stands for; None for headings and lines between."""
        self.combo = SteadyComboBox(self)
        self.combo.setObjectName("provider")
        self.combo.setPlaceholderText(self.tr("Choose a provider"))
        self.combo.setMaxVisibleItems(20)
        self.empty = QLabel(self.tr("No provider is set up yet."), self)
        self.empty.setObjectName("no_provider")
        self.empty.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.button = QPushButton(self.tr("Set &Up a Provider…"), self)
        self.button.setObjectName("set_up_provider")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.combo, 1)
        layout.addWidget(self.empty, 1)
        layout.addWidget(self.button)
        self.empty.hide()
        self.combo.currentIndexChanged.connect(self._note_choice)
        self.combo.activated.connect(self._note_pick)
        self.combo.focused.connect(self.focused)
        self.button.clicked.connect(self.providers_requested)

    @property
    def chosen(self) -> OfferedProvider | None:
        """The provider that is chosen."""
        index = self.combo.currentIndex()
        return self._offered[index] if 0 <= index < len(self._offered) else None

    @property
    def focus_target(self) -> QWidget:
        """Where the focus goes when a provider is missing."""
        return self.button if self.combo.isHidden() else self.combo

    def offer(self, providers: Iterable[OfferedProvider], *, chosen: tuple[str, str] | None) -> None:
        """Show these providers; `chosen` is chosen when it is among them.

        Without it a single one is, or the one that was not there before: the person has just set it up.
        """
        found = tuple(providers)
        known = {_key(provider) for provider in self._offered if provider is not None}
        new = [provider for provider in found if known and _key(provider) not in known]
        ready = [provider for provider in found if provider.ready]
        self.combo.blockSignals(True)
        before = self.chosen
        self.combo.clear()
        self._offered.clear()
        groups = (
            (self.tr("Not ready"), [provider for provider in found if not provider.ready]),
            (self.tr("Custom"), [provider for provider in ready if provider.provider_type == "custom"]),
            (self.tr("Built-in"), [provider for provider in ready if provider.provider_type == "builtin"]),
        )
        for heading, members in groups:
            if members:
                self._add_group(heading, members)
        index = next((i for i, provider in enumerate(self._offered) if provider and _key(provider) == chosen), -1)
        if chosen is None and 1 in (len(found), len(new)):
            index = self._offered.index(found[0] if len(found) == 1 else new[0])
        self.combo.setCurrentIndex(index)
        self.combo.blockSignals(False)
        self.combo.setVisible(bool(found))
        self.empty.setVisible(not found)
        if _key(before) != _key(self.chosen):
            self.changed.emit()

    def _add_group(self, heading: str, providers: list[OfferedProvider]) -> None:
        if self._offered:
            self.combo.insertSeparator(self.combo.count())
            self._offered.append(None)
        self.combo.addItem(heading)
        self._offered.append(None)
        model = self.combo.model()
        if isinstance(model, QStandardItemModel):
            item = model.item(self.combo.count() - 1)
            item.setFlags(item.flags() & ~(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable))
        for provider in providers:
            label = one_line(provider.display_name, 80)
            self.combo.addItem(label if provider.ready else self.tr("{name} (not ready)").format(name=label))
            if provider.reason:
                self.combo.setItemData(self.combo.count() - 1, tr_core(provider.reason), Qt.ItemDataRole.ToolTipRole)
            self._offered.append(provider)

    @Slot()
    def _note_pick(self) -> None:
        self.picked.emit()

    @Slot()
    def _note_choice(self) -> None:
        self.changed.emit()


def _key(provider: OfferedProvider | None) -> tuple[str, str] | None:
    return None if provider is None else (provider.provider_type, provider.provider_id)
