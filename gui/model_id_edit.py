"""The field for a model ID, which can be typed or picked from what the provider offers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QStringListModel, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QWidget
from typing_extensions import override

from gui.icons import icon

_BY_THE_PERSON: Final = (
    Qt.FocusReason.MouseFocusReason,
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class ModelIdEdit(QLineEdit):
    """Completes what is typed; the arrow at its end, or the Down key, shows all that is offered.

    `wanted` tells that the person came to the field, typed, or (True) asked to be shown what there is: it is worth
    asking for it. What the program does, such as giving it the focus when a dialog opens, is not told.
    """

    wanted = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offered = QStringListModel(self)
        self._completer = QCompleter(self._offered, self)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._completer.setMaxVisibleItems(12)
        self.setCompleter(self._completer)
        self._pick = self.addAction(icon("chevron-down"), QLineEdit.ActionPosition.TrailingPosition)
        self._pick.setToolTip(self.tr("Show the provider's models"))
        self._pick.setVisible(False)
        self._can_ask = self._is_awaited = False
        self._pick.triggered.connect(self._show_all)
        self.textEdited.connect(self._note_typing)

    @property
    def offered(self) -> list[str]:
        """What can be picked."""
        return self._offered.stringList()

    def offer(self, model_ids: Iterable[str]) -> None:
        """Offer these to pick from."""
        offered = sorted(set(model_ids), key=str.casefold)
        if offered != self.offered:
            self._offered.setStringList(offered)
        self._show_pick()
        if offered and self._is_awaited and self.hasFocus():
            self._show_all()

    def set_can_ask(self, can_ask: bool) -> None:
        """Whether there is somebody to ask for what can be offered, so that the arrow makes sense before."""
        self._can_ask = can_ask
        self._is_awaited = False
        self._show_pick()

    def _show_pick(self) -> None:
        self._pick.setVisible(self._can_ask or bool(self.offered))

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in _BY_THE_PERSON:
            self.wanted.emit(False)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and not event.modifiers() and self._pick.isVisible():
            self._show_all()
        else:
            super().keyPressEvent(event)

    @Slot()
    def _note_typing(self) -> None:
        self._is_awaited = False
        self.wanted.emit(False)

    @Slot()
    def _show_all(self) -> None:
        self.setFocus()
        self._is_awaited = not self.offered
        if self._is_awaited:
            self.wanted.emit(True)
            return
        self._completer.setCompletionPrefix("")
        self._completer.complete()
