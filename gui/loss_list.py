"""What a target cannot say, each sentence once and whole, with the models that it is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem
from typing_extensions import override

from core.exporters.shape import Loss, label_of
from gui.words import count_models, one_line, tr_core
from gui.wrapped_cells import WrappedCells

_NAMES_IN_LINE: Final = 2
_NAMES_LISTED: Final = 200
_NAMES_ROLE: Final = Qt.ItemDataRole.UserRole
_SETTING, _WORDS, _MODELS = range(3)


@dataclass(frozen=True, slots=True)
class LossGroup:
    """One sentence about one setting, and the models that it holds for."""

    field: str
    words: str
    models: tuple[str, ...]


def grouped(losses: Iterable[Loss]) -> list[LossGroup]:
    """The losses with those of the same words together, in the order in which they first come."""
    models: dict[tuple[str, str], list[str]] = {}
    for loss in losses:
        models.setdefault((loss.field, loss.words), []).append(loss.entry)
    return [LossGroup(field, words, tuple(names)) for (field, words), names in models.items()]


class LossList(QTreeWidget):
    """Wraps each sentence to its column. Where it is about many models, their names fold out below it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(self.tr("What is lost"))
        self.setHeaderLabels([self.tr("Setting"), self.tr("What is lost"), self.tr("Models")])
        self.setAlternatingRowColors(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_SETTING, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(_WORDS, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_MODELS, QHeaderView.ResizeMode.Interactive)
        WrappedCells(self)
        self.itemExpanded.connect(self._list_names)

    def show_losses(self, groups: Iterable[LossGroup]) -> None:
        """Shows these."""
        self.clear()
        for group in groups:
            line = QTreeWidgetItem([_field_words(group.field), one_line(tr_core(group.words), 2_000), _models(group)])
            if len(group.models) > _NAMES_IN_LINE:
                line.setData(0, _NAMES_ROLE, group.models)
                line.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
            self.addTopLevelItem(line)
        self.setRootIsDecorated(any(len(group.models) > _NAMES_IN_LINE for group in groups))
        char = self.fontMetrics().averageCharWidth()
        self.resizeColumnToContents(_SETTING)
        self.setColumnWidth(_SETTING, min(self.columnWidth(_SETTING), char * 30))
        self.setColumnWidth(_MODELS, char * 26)

    @override
    def sizeHintForColumn(self, column: int) -> int:
        # Of the texts alone: a wrapped cell asks for the width that it has.
        metrics, space = self.fontMetrics(), self.fontMetrics().averageCharWidth() * 3
        lines = (self.topLevelItem(row) for row in range(self.topLevelItemCount()))
        widths = (metrics.horizontalAdvance(line.text(column)) for line in lines if line is not None)
        return max(widths, default=0) + space + (self.indentation() if column == 0 else 0)

    @Slot(QTreeWidgetItem)
    def _list_names(self, line: QTreeWidgetItem) -> None:
        names = line.data(0, _NAMES_ROLE)
        if not names or line.childCount():
            return
        shown = [one_line(name, 80) for name in names[:_NAMES_LISTED]]
        if len(names) > len(shown):
            shown.append(self.tr("{count} more").format(count=f"{len(names) - len(shown):,}"))
        for name in shown:
            child = QTreeWidgetItem(["", name])
            child.setFlags(Qt.ItemFlag.ItemIsEnabled)
            line.addChild(child)


def _models(group: LossGroup) -> str:
    if len(group.models) > _NAMES_IN_LINE:
        return count_models(len(group.models))
    return ", ".join(one_line(name, 60) for name in group.models)


def _field_words(name: str) -> str:
    return tr_core("Provider") if name == "provider" else tr_core(label_of(name))
