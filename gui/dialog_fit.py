"""Dialogs whose content scrolls and whose buttons do not, and that grow downwards when something in them opens."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSize, Qt, Slot
from PySide6.QtWidgets import QDialog, QFrame, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from gui.screen_room import screen_room

_FRAME_LINES = 3
"""Lines of text that a window's title bar takes, before there is one to measure."""
_ROOM_LINES = 44
"""Lines of text that a dialog may come to need below its upper edge."""


def edge_margin(widget: QWidget) -> int:
    """The pixels between what scrolls and its scroll bar; what stands below lines up with it."""
    return widget.fontMetrics().height() // 2


class _Content(QWidget):
    """Holds the content of a scroll area, which takes a layout's least size for its height.

    That is the height at the least width; a text that wraps is lower at the width that there is.
    """

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        # Room for the scroll bar to come and go without touching what stands beside it.
        layout.setContentsMargins(0, 0, edge_margin(self), 0)
        layout.addWidget(content)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), 0)


class ContentScroll(QScrollArea):
    """Shows its content as wide as itself and scrolls it up and down; asks for as much height as the content needs."""

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.content = _Content(content)
        self.setWidget(self.content)

    @override
    def sizeHint(self) -> QSize:
        content = self.content
        width = max(self.width(), self.minimumSizeHint().width())
        height = content.heightForWidth(width) if content.hasHeightForWidth() else content.sizeHint().height()
        return QSize(content.sizeHint().width() + self.verticalScrollBar().sizeHint().width(), height)

    @override
    def minimumSizeHint(self) -> QSize:
        width = self.content.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(width, self.fontMetrics().lineSpacing() * 8)


class DialogFit(QObject):
    """Keeps a dialog as tall as its content wants and the screen allows, with its upper edge where it is.

    A height that the person chose is only ever added to.
    """

    def __init__(self, dialog: QDialog, scroll: ContentScroll, *, width_em: int) -> None:
        super().__init__(dialog)
        self._dialog = dialog
        self._scroll = scroll
        self._width = width_em * dialog.fontMetrics().averageCharWidth()
        self._own_height = 0
        dialog.setSizeGripEnabled(True)

    def place(self) -> None:
        """Give the dialog its first size and a place with room below; call it before it shows."""
        self._dialog.ensurePolished()
        screen = screen_room(self._dialog)
        width = min(max(self._width, self._dialog.minimumSizeHint().width()), screen.width())
        self._dialog.resize(width, 1)
        self.grow()
        parent = self._dialog.parentWidget()
        if parent is None:
            return
        line = self._dialog.fontMetrics().lineSpacing()
        owner = parent.window().geometry()
        left = owner.center().x() - width // 2
        top = min(owner.top() + 2 * line, screen.bottom() - (_ROOM_LINES + _FRAME_LINES) * line)
        self._dialog.move(max(screen.left(), min(left, screen.right() - width)), max(screen.top(), top))

    @Slot()
    def grow(self) -> None:
        """Fit the dialog's height to its content."""
        content = self._scroll.content.layout()
        outer = self._dialog.layout()
        if content is None or outer is None:
            return
        content.activate()
        self._scroll.updateGeometry()
        outer.activate()
        room = self._room()
        wanted = min(max(outer.totalSizeHint().height(), self._dialog.minimumSizeHint().height()), room)
        was_own = self._dialog.height() in (self._own_height, 1)
        if wanted > self._dialog.height() or was_own:
            self._dialog.resize(self._dialog.width(), wanted)
            self._own_height = self._dialog.height()
            self._stay_on_screen()

    def _stay_on_screen(self) -> None:
        """Moves the dialog up by what its least height takes beyond the screen's lower edge."""
        frame, screen = self._dialog.frameGeometry(), screen_room(self._dialog)
        beyond = frame.bottom() - screen.bottom()
        if self._dialog.isVisible() and beyond > 0:
            self._dialog.move(frame.left(), max(screen.top(), frame.top() - beyond))

    def _room(self) -> int:
        """The pixels between the dialog's upper edge and the screen's lower one."""
        screen = screen_room(self._dialog)
        line = self._dialog.fontMetrics().lineSpacing()
        if not self._dialog.isVisible():
            return screen.height() - _FRAME_LINES * line
        below_frame = self._dialog.frameGeometry().bottom() - self._dialog.geometry().bottom()
        return screen.bottom() - self._dialog.geometry().top() - below_frame
