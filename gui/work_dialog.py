"""A dialog that does something which takes a while."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QMessageBox, QPushButton, QWidget
from typing_extensions import override

from gui.buttons import push_button
from gui.screen_room import screen_room

_SHARE_OF_SCREEN = 0.94


class WorkDialog(QDialog):
    """Ends its work when it closes. Where something would be lost by that it asks first.

    What derives from it says with `is_working` whether something is under way, ends that in `give_up`, and has the
    question, if any, in `stop_question`. `prefix` begins the object names, `size_lines` are width and height in lines
    of text.
    """

    close_button: QPushButton

    def __init__(self, prefix: str, *, size_lines: tuple[int, int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._prefix = prefix
        self._question: QMessageBox | None = None
        self.setObjectName(f"{prefix}_dialog")
        height = self.fontMetrics().height()
        room = screen_room(self).size() * _SHARE_OF_SCREEN
        self.resize(QSize(*(height * lines for lines in size_lines)).boundedTo(room))

    @property
    def is_working(self) -> bool:
        """Whether something is under way."""
        raise NotImplementedError

    def give_up(self) -> None:
        """Ends what is under way: nobody looks at it any more."""
        raise NotImplementedError

    def stop_question(self) -> str:
        """What to ask before closing ends the work; empty to end it without a question."""
        return ""

    def button_row(self, left: Sequence[QWidget], right: Sequence[QWidget]) -> QHBoxLayout:
        """The lowest row: what belongs to the work at the left; at the right what follows it, and last *Close*."""
        # Made here: Tab comes by in the order of making.
        self.close_button = push_button(f"{self._prefix}_close", self.tr("&Close"), parent=self)
        self.close_button.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(self.fontMetrics().height() // 2)
        for widget in left:
            row.addWidget(widget)
        row.addStretch(1)
        for widget in (*right, self.close_button):
            row.addWidget(widget)
        return row

    @override
    def reject(self) -> None:
        """Closes; asks first where there is a question to it."""
        text = self.stop_question() if self.is_working else ""
        if not text:
            super().reject()
            return
        box = QMessageBox(QMessageBox.Icon.Question, self.windowTitle(), text, parent=self)
        box.setObjectName("stop_question")
        stop = box.addButton(self.tr("&Stop and Close"), QMessageBox.ButtonRole.DestructiveRole)
        stop.setObjectName("stop_and_close")
        keep = box.addButton(self.tr("&Go On"), QMessageBox.ButtonRole.RejectRole)
        keep.setObjectName("go_on")
        box.setDefaultButton(keep)
        stop.clicked.connect(self._stop_and_close)
        self._question = box
        box.open()

    @Slot()
    def _stop_and_close(self) -> None:
        self.give_up()
        super().reject()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        if not event.spontaneous() and self.is_working:
            self.give_up()
        super().hideEvent(event)
