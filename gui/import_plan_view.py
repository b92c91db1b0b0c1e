"""What an import would do: new models, changed ones field by field, what is left out and why, and what needs a yes."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHeaderView, QLabel, QScrollArea, QTreeView, QVBoxLayout, QWidget
from typing_extensions import override

from core.importing import KeyOffer, Plan, PlannedItem
from gui.import_tree import Column, ImportTreeModel, Planned
from gui.redirect_box import RedirectBox
from gui.tick_outlines import TickDelegate
from gui.words import one_line, tr_core
from gui.wrapped_label import WrappedLabel

_SHOWN_NOTE_LINES = 5
_OPENED_ITEMS = 12
"""Changed models up to that many show their fields without being asked."""


class ImportPlanView(QWidget):
    """One plan with a tick for everything that can be done. `changed` tells of another tick."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("import_plan")
        height = self.fontMetrics().height()
        self.source_label = QLabel()
        self.source_label.setObjectName("import_source")
        self.source_label.setTextFormat(Qt.TextFormat.PlainText)
        self.source_label.setWordWrap(True)
        self.redirect_box = RedirectBox(self)
        self.redirect_box.changed.connect(self.changed)
        self.model = ImportTreeModel(self)
        self.model.ticked.connect(self.changed)
        self.tree = QTreeView()
        self.tree.setObjectName("import_items")
        self.tree.setAccessibleName(self.tr("What would be imported"))
        self.tree.setModel(self.model)
        self.tree.setItemDelegate(TickDelegate(self.tree))
        self.tree.setUniformRowHeights(True)
        self.tree.setAlternatingRowColors(True)
        self.tree.setTabKeyNavigation(False)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.notes = _NotesArea()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(height // 2)
        layout.addWidget(self.source_label)
        layout.addWidget(self.redirect_box)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.notes)

    @property
    def chosen(self) -> tuple[Planned, ...]:
        """Everything that is ticked."""
        return self.model.chosen

    @property
    def chosen_items(self) -> tuple[PlannedItem, ...]:
        """The models that are ticked."""
        return tuple(item for item in self.chosen if isinstance(item, PlannedItem))

    @property
    def allowed_redirects(self) -> tuple[str, ...]:
        """The redirects that were said yes to."""
        return self.redirect_box.allowed

    def show_plan(self, plan: Plan) -> None:
        """Shows this plan; what it would do is ticked, and no redirect is."""
        title = one_line(tr_core(plan.source.title))
        self.source_label.setText(title)
        self.source_label.setVisible(bool(title))
        self.redirect_box.show_redirects(plan.redirects)
        self.model.set_plan(plan)
        for row, group in enumerate(self.model.groups):
            above = self.model.index(row, 0)
            self.tree.setFirstColumnSpanned(row, self.tree.rootIndex(), True)
            self.tree.setExpanded(above, group.can_tick or plan.is_empty or len(group.lines) <= _OPENED_ITEMS)
            if all(line.planned is None for line in group.lines):
                for number in range(len(group.lines[:500])):
                    self.tree.setFirstColumnSpanned(number, above, True)
            if group.can_tick and len(group.lines) <= _OPENED_ITEMS:
                for number, line in enumerate(group.lines):
                    self.tree.setExpanded(self.model.index(number, 0, above), bool(line.details))
        if self.isVisible():
            self._size_columns()
        notes = [one_line(tr_core(note)) for note in plan.notes] + [
            self._key_words(offer) for offer in plan.keys_offered
        ]
        self.notes.show_text("\n".join(notes))

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QTimer.singleShot(0, self._size_columns)  # when it has its room

    @Slot()
    def _size_columns(self) -> None:
        width = self.tree.viewport().width()
        for column, share in ((Column.MODEL, 0.36), (Column.PROVIDER, 0.2)):
            self.tree.setColumnWidth(column, round(width * share))

    def _key_words(self, offer: KeyOffer) -> str:
        provider = one_line(offer.provider, 80)
        if offer.variable and offer.place:
            text = self.tr(
                "The key of “{provider}” stands there as {variable} and is not taken over. Set it up under Providers"
                " before it can run."
            )
            return text.format(provider=provider, variable=one_line(offer.variable, 80))
        if offer.variable:
            text = self.tr("“{provider}” reads its key from {variable}. Set it up under Providers before it can run.")
            return text.format(provider=provider, variable=one_line(offer.variable, 80))
        text = self.tr("The key of “{provider}” is not taken over. Set it up under Providers before it can run.")
        return text.format(provider=provider)


class _NotesArea(QScrollArea):
    """What else there is to know, as high as its words up to a few lines, and gone where there are none."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("import_notes_area")
        self.label = WrappedLabel("import_notes")
        self.label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setWidget(self.label)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.label.setAutoFillBackground(False)

    def show_text(self, text: str) -> None:
        """Shows another text."""
        self.label.setText(text)
        self.setVisible(bool(text))
        self._fit()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        most = self.fontMetrics().lineSpacing() * _SHOWN_NOTE_LINES
        self.setFixedHeight(min(max(1, self.label.heightForWidth(self.viewport().width())), most))
