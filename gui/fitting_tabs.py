"""Tabs that stay in sight however narrow their place is: first without icons, then with words on the current alone."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QEvent, Slot
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import QTabBar, QTabWidget, QWidget
from typing_extensions import override


class _Look(StrEnum):
    """What tabs show, from the widest to the narrowest."""

    BOTH = "both"
    WORDS = "words"
    ICONS = "icons"


class _Bar(QTabBar):
    @property
    def wanted_width(self) -> int:
        """What all tabs take beside each other."""
        return sum(self.tabSizeHint(number).width() for number in range(self.count()))


class FittingTabs(QTabWidget):
    """Add with `add`; what a tab does not show in words it tells when it is pointed at, and to a screen reader."""

    def __init__(self, name: str, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bar = _Bar(self)
        self._tabs: list[tuple[QIcon, str]] = []
        self._look = _Look.BOTH
        self._widths: dict[_Look, int] = {}
        self.setTabBar(self._bar)
        self.setObjectName(name)
        self.setAccessibleName(accessible_name)
        self._bar.setObjectName(f"{name}_bar")
        self._bar.setAccessibleName(accessible_name)
        self.setDocumentMode(True)
        self.currentChanged.connect(self._follow_current)

    def add(self, page: QWidget, icon: QIcon, title: str) -> int:
        """Puts a page behind the others; gives its position."""
        self._tabs.append((icon, title))
        number = self.addTab(page, icon, title)
        self._bar.setAccessibleTabName(number, title)
        self._widths.clear()
        self._fit()
        return number

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and hasattr(self, "_widths"):
            self._widths.clear()
            self._fit()

    @Slot()
    def _follow_current(self) -> None:
        if self._look is _Look.ICONS:
            self._show(self._look)

    def _fit(self) -> None:
        if not self._widths:
            for look in _Look:
                self._show(look)
                self._widths[look] = self._bar.wanted_width
            self._look = _Look.ICONS
        fitting = (look for look in _Look if self._widths[look] <= self.width())
        look = next(fitting, _Look.ICONS)
        if look is not self._look:
            self._show(look)

    def _show(self, look: _Look) -> None:
        self._look = look
        for number, (icon, title) in enumerate(self._tabs):
            has_words = look is not _Look.ICONS or number == self.currentIndex()
            self.setTabIcon(number, QIcon() if look is _Look.WORDS else icon)
            self.setTabText(number, title if has_words else "")
            self.setTabToolTip(number, "" if has_words else title)
