"""What an import would do, as a tree: groups, below them a line for each model, below that what is to know of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QFont, QGuiApplication
from typing_extensions import override

from core.exporters.shape import label_of
from core.importing import Plan, PlannedItem, PlannedProvider
from gui.roll_items import provider_name
from gui.words import one_line, tr_core

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_CHECKED, _UNCHECKED, _PARTLY = (
    Qt.CheckState.Checked,
    Qt.CheckState.Unchecked,
    Qt.CheckState.PartiallyChecked,
)
_MOST_GROUPS = 8

Planned = PlannedItem | PlannedProvider


class Column(IntEnum):
    """The tree's columns."""

    MODEL = 0
    PROVIDER = 1
    WHAT = 2


class ImportTreeModel(QAbstractItemModel):
    """One plan. What would be done has a tick, and so has the group of it. `ticked` tells of another one."""

    ticked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.groups: list[Group] = []

    def set_plan(self, plan: Plan) -> None:
        """Shows this plan; what it would do is ticked."""
        needed = {item.new_provider for item in plan.items}
        lone = [provider for provider in plan.providers if provider.name not in needed]
        groups = [
            Group(self.tr("New"), [ItemLine(self, item) for item in plan.add], can_tick=True),
            Group(self.tr("Changed"), [ItemLine(self, item) for item in plan.replace], can_tick=True),
            Group(self.tr("Providers without models"), [ProviderLine(self, each) for each in lone], can_tick=True),
            Group(self.tr("Left out"), [ItemLine(self, item) for item in plan.skip]),
            Group(self.tr("Cannot be imported"), [Line(tr_core(words)) for words in plan.problems]),
        ]
        self.beginResetModel()
        self.groups = [group for group in groups if group.lines]
        self.endResetModel()
        self.ticked.emit()

    @property
    def chosen(self) -> tuple[Planned, ...]:
        """Everything that is ticked."""
        return tuple(
            line.planned
            for group in self.groups
            for number, line in enumerate(group.lines)
            if number in group.ticked and line.planned is not None
        )

    # --------------------------------------------------------------------------------------------------------- places

    # An index of a group has the ID 0, one of a line 1 + its group, one of a detail that and 8 times 1 + its line.

    @override
    def index(self, row: int, column: int, parent: _Index = _ROOT) -> QModelIndex:
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        if not parent.isValid():
            return self.createIndex(row, column, 0)
        if parent.internalId() == 0:
            return self.createIndex(row, column, 1 + parent.row())
        return self.createIndex(row, column, parent.internalId() + _MOST_GROUPS * (1 + parent.row()))

    @override
    def parent(self, index: _Index = _ROOT) -> QModelIndex:  # type: ignore[override]
        if not index.isValid() or index.internalId() == 0:
            return QModelIndex()
        line, group = divmod(index.internalId(), _MOST_GROUPS)
        return self.createIndex(line - 1, 0, group) if line else self.createIndex(group - 1, 0, 0)

    def _place(self, index: _Index) -> tuple[Group, Line | None, str | None]:
        if index.internalId() == 0:
            return self.groups[index.row()], None, None
        number, place = divmod(index.internalId(), _MOST_GROUPS)
        group = self.groups[place - 1]
        if number == 0:
            return group, group.lines[index.row()], None
        line = group.lines[number - 1]
        return group, line, line.details[index.row()]

    @override
    def rowCount(self, parent: _Index = _ROOT) -> int:
        if not parent.isValid():
            return len(self.groups)
        if parent.column() != 0:
            return 0
        group, line, detail = self._place(parent)
        if detail is not None:
            return 0
        return len(group.lines) if line is None else len(line.details)

    @override
    def columnCount(self, parent: _Index = _ROOT) -> int:
        return len(Column)

    # ------------------------------------------------------------------------------------------------- what is shown

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return (self.tr("Model"), self.tr("Provider"), self.tr("What happens"))[section]

    @override
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        group, line, detail = self._place(index)
        if role == Qt.ItemDataRole.DisplayRole:
            if line is None:
                return f"{group.title} ({len(group.lines):,})" if index.column() == 0 else None
            if detail is not None:
                return one_line(detail) if index.column() == Column.WHAT else None
            return line.text(index.column())
        if role == Qt.ItemDataRole.ToolTipRole and line is not None:
            return one_line(detail) if detail is not None else line.tool_tip(index.column())
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == 0 and group.can_tick and detail is None:
            return group.state if line is None else _CHECKED if index.row() in group.ticked else _UNCHECKED
        if role == Qt.ItemDataRole.FontRole and line is None:
            font = QFont(QGuiApplication.font())
            font.setWeight(QFont.Weight.DemiBold)
            return font
        return None

    @override
    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if not index.isValid() or index.column() != 0:
            return flags
        group, _line, detail = self._place(index)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if group.can_tick and detail is None else flags

    @override
    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or not self.flags(index) & Qt.ItemFlag.ItemIsUserCheckable:
            return False
        group, line, _detail = self._place(index)
        rows = range(len(group.lines)) if line is None else [index.row()]
        group.tick(rows, on=Qt.CheckState(value) is not _UNCHECKED)
        above = self.index(self.groups.index(group), 0)
        role_changed = [Qt.ItemDataRole.CheckStateRole]
        self.dataChanged.emit(above, above, role_changed)
        self.dataChanged.emit(self.index(rows[0], 0, above), self.index(rows[-1], 0, above), role_changed)
        self.ticked.emit()
        return True


class Line:
    """One line of a group: words alone."""

    planned: Planned | None = None

    def __init__(self, words: str) -> None:
        self._words = words

    def text(self, column: int) -> str:
        """What stands in that column."""
        return one_line(self._words) if column == 0 else ""

    def tool_tip(self, column: int) -> str:
        """What is told when it is pointed at."""
        return self.text(column)

    @property
    def details(self) -> tuple[str, ...]:
        """What folds out below it."""
        return ()


class ItemLine(Line):
    """A model, and what becomes of it."""

    def __init__(self, model: ImportTreeModel, item: PlannedItem) -> None:
        super().__init__(item.display_name)
        self._model = model
        self._item = item
        self.planned = item

    @override
    def text(self, column: int) -> str:
        item = self._item
        match column:
            case Column.MODEL:
                return one_line(item.display_name, 120)
            case Column.PROVIDER:
                return one_line(provider_name(item.entry.provider_type, item.entry.provider_id), 80)
            case _:
                return self._what_happens()

    @override
    def tool_tip(self, column: int) -> str:
        if column == Column.WHAT:
            return "\n".join([tr_core(self._item.provenance), self._what_happens(), *map(one_line, self.details)])
        return one_line(self._item.model_id) if column == 0 else self.text(column)

    @property
    @override
    def details(self) -> tuple[str, ...]:
        return self._details

    @cached_property
    def _details(self) -> tuple[str, ...]:
        item = self._item
        told = [change.words for change in item.changes]
        told += [tr_core(note) for note in item.notes]
        if item.not_understood:
            told.append(self._model.tr("Not understood: {keys}").format(keys=", ".join(item.not_understood)))
        return tuple(told)

    def _what_happens(self) -> str:
        item = self._item
        if item.reason:
            return tr_core(item.reason)
        if item.changes:
            words = ", ".join(tr_core(label_of(change.field)) for change in item.changes)
            return self._model.tr("Changes {fields}").format(fields=words)
        return self._model.tr("Added, with its provider") if item.new_provider else self._model.tr("Added")


class ProviderLine(Line):
    """A provider that has no models here."""

    def __init__(self, model: ImportTreeModel, provider: PlannedProvider) -> None:
        super().__init__(provider.name)
        self._model = model
        self._provider = provider
        self.planned = provider

    @override
    def text(self, column: int) -> str:
        match column:
            case Column.MODEL:
                return one_line(self._provider.name, 120)
            case Column.PROVIDER:
                return one_line(self._provider.base_url, 120)
            case _:
                return self._model.tr("Added")

    @property
    @override
    def details(self) -> tuple[str, ...]:
        return tuple(tr_core(note) for note in self._provider.notes)


@dataclass(slots=True, eq=False)
class Group:
    """Lines of one kind. `ticked` holds the numbers of those that are ticked: at first all that can be."""

    title: str
    lines: Sequence[Line]
    can_tick: bool = False
    ticked: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.can_tick:
            self.ticked = set(range(len(self.lines)))

    def tick(self, rows: Iterable[int], *, on: bool) -> None:
        """Sets or takes away those ticks."""
        self.ticked = self.ticked | set(rows) if on else self.ticked - set(rows)

    @property
    def state(self) -> Qt.CheckState:
        """The group's own tick."""
        if not self.ticked:
            return _UNCHECKED
        return _CHECKED if len(self.ticked) == len(self.lines) else _PARTLY
