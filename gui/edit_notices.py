"""What is told of an edit, with the way back."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from gui.notices import Notice, Notices
from gui.saving import Saver


class EditNotices(QObject):
    """Tells of one edit after another. What is told of one goes when it is undone or another is made.

    Its Undo would undo something else then.
    """

    def __init__(self, notices: Notices, saver: Saver, parent: QObject) -> None:
        super().__init__(parent)
        self._notices = notices
        self._undo_stack = saver.undo_stack
        self._last: Notice | None = None
        self._undo_stack.indexChanged.connect(self._forget)

    def show(self, text: str, *, offers_undo: bool = True) -> None:
        """Says what the edit that was just made has done."""
        if offers_undo:
            self._last = self._notices.show(text, action_text=self.tr("Undo"), on_action=self._undo_stack.undo)
        else:
            self._last = self._notices.show(text)

    @Slot()
    def _forget(self) -> None:
        notice, self._last = self._last, None
        if notice is not None:
            self._notices.dismiss(notice)
