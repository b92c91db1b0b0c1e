"""The right panel: what is known of the selected model. Its settings are the resolver's, with their origins."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QStackedWidget,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core.errors import MusterError
from core.fields import OVERRIDABLE, FieldSpec, Placement
from core.overrides import Origin
from core.registry import Registry
from core.resolver import Resolved, resolve
from gui.badges import CellDelegate
from gui.buttons import push_button
from gui.elided_label import ElidedLabel
from gui.empty_state import EmptyState
from gui.fitting_tabs import FittingTabs
from gui.icons import icon
from gui.problem_box import ProblemBox
from gui.roll_items import RollItem, Standing, value_words
from gui.words import isolated, one_line, tr_core

_VALUE_ROLE = Qt.ItemDataRole.UserRole
_IS_YOURS_ROLE = Qt.ItemDataRole.UserRole + 1


class DetailsPanel(QFrame):
    """Shows one model, or says that none or several are selected. Its signals are about the model that it shows."""

    edit_wanted = Signal()
    convert_wanted = Signal()

    def __init__(self, registry: Registry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("details")
        self.setAccessibleName(self.tr("Details"))
        self._registry = registry
        self._item: RollItem | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.tabs = FittingTabs("details_tabs", self.tr("Details"))
        layout.addWidget(self.tabs)
        self.tabs.add(self._build_settings(), icon("adjustments"), self.tr("Settings"))

    def add_panel(self, panel: QWidget, title: str, icon_name: str) -> int:
        """Puts another panel beside the settings; gives the tab's position."""
        return self.tabs.add(panel, icon(icon_name), title)

    def show_item(self, item: RollItem | None, selected_count: int) -> None:
        """Shows that row; without one, how many are selected."""
        can_write = self._registry.read_only_reason is None
        for button in (self._edit, self._convert):
            button.setEnabled(can_write)
        if item is None or selected_count != 1:
            self._item = None
            self._nothing.set_text(
                self.tr("Select a model to see its settings.")
                if selected_count == 0
                else self.tr("{count} models are selected.").format(count=f"{selected_count:,}")
            )
            self._pages.setCurrentWidget(self._nothing)
            return
        if self._item is not None and self._item.row == item.row:
            return
        self._item = item
        self._pages.setCurrentWidget(self._about)
        self._title.setText(item.name or self.tr("(cannot be read)"))
        self._subtitle.setText(
            f"{isolated(item.provider)} · {isolated(item.model_id)}" if item.row.entry else one_line(item.row.text)
        )
        self._show_problems(item)
        self._convert.setVisible(
            item.standing is Standing.LEGACY or (item.row.source == "legacy" and item.row.entry is not None)
        )
        self._edit.setVisible(item.row.entry is not None and not self._convert.isVisibleTo(self))
        self._fill(item)

    def _build_settings(self) -> QWidget:
        height = self.fontMetrics().height()
        self._pages = QStackedWidget()
        self._nothing = EmptyState("no_selection", "adjustments", "", "", is_quiet=True)
        self._about = QWidget()
        self._about.setBackgroundRole(QPalette.ColorRole.Base)
        self._about.setAutoFillBackground(True)
        layout = QVBoxLayout(self._about)
        layout.setContentsMargins(0, height * 3 // 4, 0, 0)
        layout.setSpacing(height // 2)
        head = QHBoxLayout()
        head.setContentsMargins(height, 0, height, 0)
        words = QVBoxLayout()
        words.setSpacing(height // 6)
        self._title = ElidedLabel("details_title")
        font = QFont(self._title.font())
        font.setPointSizeF(font.pointSizeF() * 1.2)
        font.setWeight(QFont.Weight.DemiBold)
        self._title.setFont(font)
        self._subtitle = ElidedLabel("details_subtitle")
        self._subtitle.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        words.addWidget(self._title)
        words.addWidget(self._subtitle)
        head.addLayout(words, 1)
        self._edit = push_button("details_edit", self.tr("Edit…"), "pencil")
        self._edit.clicked.connect(self.edit_wanted)
        self._convert = push_button("details_convert", self.tr("Convert"), "transform")
        self._convert.setToolTip(self.tr("Register this legacy model, so that it can have settings of its own"))
        self._convert.clicked.connect(self.convert_wanted)
        head.addWidget(self._edit, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._convert, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(head)
        self._problems = ProblemBox("details_problems")
        layout.addWidget(self._problems)
        self.settings = _SettingsTree()
        layout.addWidget(self.settings, 1)
        self._pages.addWidget(self._nothing)
        self._pages.addWidget(self._about)
        return self._pages

    def _show_problems(self, item: RollItem) -> None:
        self._problems.show_texts([tr_core(problem) for problem in item.row.problems])

    def _fill(self, item: RollItem) -> None:
        try:
            resolved = resolve(self._registry, item.row.entry) if item.row.entry else None
        except MusterError:
            resolved = None  # what is wrong stands above already: the row's problems
        self.settings.show_resolved(resolved)


class _SettingsTree(QTreeWidget):
    """Every property with its effective value, grouped by where the value comes from."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("effective_settings")
        self.setAccessibleName(self.tr("Effective settings"))
        self.setHeaderHidden(True)
        self.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.setRootIsDecorated(True)
        self.setIndentation(round(self.fontMetrics().height() * 0.85))
        self.setUniformRowHeights(True)
        self.setTabKeyNavigation(False)
        self.setItemDelegate(_ValueDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setExpandsOnDoubleClick(True)

    def show_resolved(self, resolved: Resolved | None) -> None:
        """Lists the values; nothing where the entry cannot be resolved."""
        folded = {group.text(0) for group in self._groups() if not group.isExpanded()}
        if not self.topLevelItemCount():
            folded = {self._titles()[2]}
        self.clear()
        if resolved is None:
            return
        yours, main, more = [], [], []
        for name, spec in OVERRIDABLE.items():
            if resolved.origins.get(name) is Origin.YOU:
                yours.append(spec)
            elif spec.placement is Placement.ADVANCED:
                main.append(spec)
            else:
                more.append(spec)
        for title, specs in zip(self._titles(), (yours, main, more), strict=True):
            if specs:
                self._add_group(title, specs, resolved, is_yours=specs is yours, is_open=title not in folded)

    def _titles(self) -> tuple[str, str, str]:
        return (self.tr("Set by you"), self.tr("Defaults"), self.tr("More defaults"))

    def _groups(self) -> list[QTreeWidgetItem]:
        return [item for row in range(self.topLevelItemCount()) if (item := self.topLevelItem(row)) is not None]

    def _add_group(
        self, title: str, specs: list[FieldSpec], resolved: Resolved, *, is_yours: bool, is_open: bool
    ) -> None:
        group = QTreeWidgetItem([title])
        group.setData(0, _VALUE_ROLE, f"{len(specs)}")
        group.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{title}, {len(specs)}")
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        group.setFont(0, font)
        self.addTopLevelItem(group)
        for spec in specs:
            label, value = tr_core(spec.label), value_words(spec, getattr(resolved.provider, spec.name))
            origin = title if is_yours else self.tr("Default")
            row = QTreeWidgetItem([label])
            row.setData(0, _VALUE_ROLE, value)
            row.setData(0, _IS_YOURS_ROLE, is_yours)
            row.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{label}: {value}, {origin}")
            row.setToolTip(0, f"{label}: {value} ({origin})\n{tr_core(spec.help)}")
            group.addChild(row)
        group.setExpanded(is_open)


class _ValueDelegate(CellDelegate):
    """Label at the left, value at the right; the label gives way."""

    @override
    def paint_content(
        self,
        painter: QPainter,
        cell: QStyleOptionViewItem,
        rect: QRect,
        text: str,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        rect = rect.adjusted(-cell.fontMetrics.height() // 4, 0, 0, 0)
        role = QPalette.ColorRole.Text if index.data(_IS_YOURS_ROLE) else QPalette.ColorRole.PlaceholderText
        value = str(index.data(_VALUE_ROLE) or "")
        self.paint_pair(painter, cell, rect, text, value, self.text_colour(cell, role))

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, round(option.fontMetrics.height() * 1.65))
