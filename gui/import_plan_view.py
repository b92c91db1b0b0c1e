"""What an import would do: new models, changed ones field by field, what is left out and why, and what needs a yes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core.exporters.shape import label_of
from core.importing import Plan, PlannedItem, PlannedProvider, Redirect
from gui.colours import mixed
from gui.roll_items import provider_name
from gui.theme import dress, tones
from gui.tick_outlines import TickOutline
from gui.words import one_line, tr_core

_ITEM_ROLE: Final = Qt.ItemDataRole.UserRole
_CHECKED, _UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked


class ImportPlanView(QWidget):
    """One plan with a tick for everything that can be done. `changed` tells of another tick."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("import_plan")
        self._plan: Plan | None = None
        height = self.fontMetrics().height()
        self.source_label = QLabel()
        self.source_label.setObjectName("import_source")
        self.source_label.setTextFormat(Qt.TextFormat.PlainText)
        self.source_label.setWordWrap(True)
        self.redirect_box = _RedirectBox(self)
        self.redirect_box.changed.connect(self.changed)
        self.tree = QTreeWidget()
        self.tree.setObjectName("import_items")
        self.tree.setAccessibleName(self.tr("What would be imported"))
        self.tree.setHeaderLabels([self.tr("Model"), self.tr("Provider"), self.tr("What happens")])
        self.tree.setUniformRowHeights(True)
        self.tree.setTabKeyNavigation(False)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.tree.itemChanged.connect(self._take_tick)
        self.note_label = QLabel()
        self.note_label.setObjectName("import_notes")
        self.note_label.setTextFormat(Qt.TextFormat.PlainText)
        self.note_label.setWordWrap(True)
        self.note_label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(height // 2)
        layout.addWidget(self.source_label)
        layout.addWidget(self.redirect_box)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.note_label)

    # --------------------------------------------------------------------------------------------------------- ticks

    @property
    def chosen(self) -> tuple[PlannedItem | PlannedProvider, ...]:
        """Everything that is ticked."""
        return tuple(
            line.data(0, _ITEM_ROLE)
            for line in self._lines()
            if line.data(0, _ITEM_ROLE) is not None and line.checkState(0) is _CHECKED
        )

    @property
    def chosen_items(self) -> tuple[PlannedItem, ...]:
        """The models that are ticked."""
        return tuple(item for item in self.chosen if isinstance(item, PlannedItem))

    @property
    def is_anything_chosen(self) -> bool:
        """Whether importing would do something."""
        return bool(self.chosen)

    @property
    def allowed_redirects(self) -> tuple[str, ...]:
        """The redirects that were said yes to."""
        return self.redirect_box.allowed

    @Slot(QTreeWidgetItem, int)
    def _take_tick(self, _line: QTreeWidgetItem, column: int) -> None:
        if column == 0:
            self.changed.emit()

    def _lines(self) -> Iterable[QTreeWidgetItem]:
        for row in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(row)
            if group is not None:
                lines = (group.child(number) for number in range(group.childCount()))
                yield from (line for line in lines if line is not None)

    # ------------------------------------------------------------------------------------------------------- showing

    def show_plan(self, plan: Plan) -> None:
        """Shows this plan; what it would do is ticked."""
        self._plan = plan
        title = one_line(tr_core(plan.source.title))
        self.source_label.setText(title)
        self.source_label.setVisible(bool(title))
        self.redirect_box.show_redirects(plan.redirects)
        self.tree.blockSignals(True)
        self.tree.clear()
        self._add_group(self.tr("New"), [self._item_line(item) for item in plan.add], tristate=True)
        self._add_group(self.tr("Changed"), [self._item_line(item) for item in plan.replace], tristate=True)
        own = [self._provider_line(provider) for provider in plan.providers if not self._is_needed(provider, plan)]
        self._add_group(self.tr("Providers without models"), own, tristate=True)
        self._add_group(self.tr("Left out"), [self._skipped_line(item) for item in plan.skip], is_open=not plan.items)
        self._add_group(self.tr("Cannot be imported"), [self._problem_line(words) for words in plan.problems])
        self.tree.blockSignals(False)
        for column, share in ((0, 0.36), (1, 0.2)):
            self.tree.setColumnWidth(column, round(self.tree.viewport().width() * share))
        notes = [tr_core(note) for note in plan.notes]
        self.note_label.setText("\n".join(one_line(note) for note in notes))
        self.note_label.setVisible(bool(notes))
        self.changed.emit()

    @staticmethod
    def _is_needed(provider: PlannedProvider, plan: Plan) -> bool:
        return any(item.new_provider == provider.name for item in plan.items)

    def _add_group(
        self, title: str, lines: Sequence[QTreeWidgetItem], *, tristate: bool = False, is_open: bool = True
    ) -> None:
        if not lines:
            return
        group = QTreeWidgetItem([f"{title} ({len(lines):,})"])
        font = QFont(self.tree.font())
        font.setWeight(QFont.Weight.DemiBold)
        group.setFont(0, font)
        group.addChildren(list(lines))
        if tristate:
            group.setFlags(group.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsAutoTristate)
            group.setCheckState(0, _CHECKED)
        self.tree.addTopLevelItem(group)
        group.setFirstColumnSpanned(True)
        group.setExpanded(is_open)

    def _item_line(self, item: PlannedItem) -> QTreeWidgetItem:
        provider = provider_name(item.entry.provider_type, item.entry.provider_id)
        line = QTreeWidgetItem([one_line(item.display_name, 120), one_line(provider, 80), self._what_happens(item)])
        line.setData(0, _ITEM_ROLE, item)
        line.setFlags(line.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        line.setCheckState(0, _CHECKED)
        details = [change.words for change in item.changes] if item.changes else []
        details += [tr_core(note) for note in item.notes]
        if item.not_understood:
            details.append(self.tr("Not understood: {keys}").format(keys=", ".join(item.not_understood)))
        for words in details:
            child = QTreeWidgetItem([one_line(words)])
            child.setToolTip(0, one_line(words))
            child.setFlags(Qt.ItemFlag.ItemIsEnabled)
            line.addChild(child)
            child.setFirstColumnSpanned(True)
        line.setToolTip(0, one_line(item.model_id))
        line.setToolTip(2, "\n".join([tr_core(item.provenance), *map(one_line, details)]))
        return line

    def _what_happens(self, item: PlannedItem) -> str:
        if item.changes:
            words = ", ".join(tr_core(label_of(change.field)) for change in item.changes)
            return self.tr("Changes {fields}").format(fields=words)
        if item.new_provider:
            return self.tr("Added, with the provider")
        return self.tr("Added")

    def _provider_line(self, provider: PlannedProvider) -> QTreeWidgetItem:
        line = QTreeWidgetItem([one_line(provider.name, 120), one_line(provider.base_url, 120), self.tr("Added")])
        line.setData(0, _ITEM_ROLE, provider)
        line.setFlags(line.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        line.setCheckState(0, _CHECKED)
        line.setToolTip(2, "\n".join(tr_core(note) for note in provider.notes))
        return line

    def _skipped_line(self, item: PlannedItem) -> QTreeWidgetItem:
        provider = provider_name(item.entry.provider_type, item.entry.provider_id)
        words = tr_core(item.reason)
        line = QTreeWidgetItem([one_line(item.display_name, 120), one_line(provider, 80), words])
        line.setToolTip(2, words)
        return line

    def _problem_line(self, problem: str) -> QTreeWidgetItem:
        line = QTreeWidgetItem([one_line(tr_core(problem))])
        line.setToolTip(0, one_line(tr_core(problem)))
        return line


class _RedirectBox(QFrame):
    """What would send a key to a host that it does not go to yet. Each needs a yes of its own."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("import_redirects")
        self.setAutoFillBackground(True)
        height = self.fontMetrics().height()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(height * 2 // 3, height // 2, height * 2 // 3, height // 2)
        title = QLabel(self.tr("A key would go to another server"))
        title.setObjectName("import_redirects_title")
        bold = title.font()
        bold.setBold(True)
        title.setFont(bold)
        self._layout.addWidget(title)
        self._boxes: list[tuple[str, QCheckBox]] = []
        self._rows: list[QWidget] = []
        self._ticks: list[TickOutline] = []
        self.hide()
        self._dress()

    @property
    def allowed(self) -> tuple[str, ...]:
        """What is ticked."""
        return tuple(name for name, box in self._boxes if box.isChecked())

    def show_redirects(self, redirects: Sequence[Redirect]) -> None:
        """Lists them, none ticked."""
        for row in self._rows:
            self._layout.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._boxes, self._rows, self._ticks = [], [], []
        for number, redirect in enumerate(redirects):
            words = QLabel(tr_core(redirect.words))
            words.setTextFormat(Qt.TextFormat.PlainText)
            words.setWordWrap(True)
            box = QCheckBox(self.tr("Allow it for {provider}").format(provider=one_line(redirect.provider, 60)))
            box.setObjectName(f"import_redirect_{number}")
            box.toggled.connect(self.changed)
            self._ticks.append(TickOutline(box))
            for widget in (words, box):
                self._layout.addWidget(widget)
                self._rows.append(widget)
            self._boxes.append((redirect.id, box))
        self.setVisible(bool(redirects))

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def _dress(self) -> None:
        palette = QGuiApplication.palette()
        colour = tones(palette).warning
        dress(self, {QPalette.ColorRole.Window: mixed(colour, palette.color(QPalette.ColorRole.Window), 0.12)})
