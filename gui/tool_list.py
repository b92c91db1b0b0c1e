"""Tools as a list: what each is called, and below it, in words, how it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from gui.icons import icon
from gui.words import isolated

_PLACE_ROLE: Final = Qt.ItemDataRole.UserRole


class ToolList(QListWidget):
    """One line a tool, or a place of it."""

    def __init__(self, name: str, accessible_name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(accessible_name)
        self.setSpacing(1)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def add_tool(self, target: str, path: Path, *, title: str, words: str, icon_name: str) -> None:
        """One more; `target` and `path` say which it is."""
        item = QListWidgetItem(title)
        item.setToolTip(isolated(str(path)))
        item.setData(_PLACE_ROLE, (target, path))
        _say(item, words, icon_name)
        item.setSizeHint(QSize(0, round(self.fontMetrics().height() * 2.6)))
        self.addItem(item)

    def mark_current(self, words: str, icon_name: str) -> None:
        """Says that the chosen one stands otherwise now."""
        item = self.currentItem()
        if item is not None:
            _say(item, words, icon_name)

    @property
    def places(self) -> list[tuple[str, Path]]:
        """Target and path of each line, from top to bottom."""
        return [self._place_at(row) for row in range(self.count())]

    @property
    def current_place(self) -> tuple[str, Path] | None:
        """The chosen one's."""
        row = self.currentRow()
        return self._place_at(row) if row >= 0 else None

    def _place_at(self, row: int) -> tuple[str, Path]:
        target, path = self.item(row).data(_PLACE_ROLE)
        return target, path

    def words_of(self, target: str) -> str:
        """How the first line of that tool says that it stands."""
        row = [name for name, _ in self.places].index(target)
        return self.item(row).text().partition("\n")[2]


def _say(item: QListWidgetItem, words: str, icon_name: str) -> None:
    title = item.text().partition("\n")[0]
    item.setText(f"{title}\n{words}")
    item.setIcon(icon(icon_name))
    item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{title}: {words}")
