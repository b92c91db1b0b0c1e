"""Files and texts that are dropped on the window."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QMimeData, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget
from typing_extensions import override

LARGEST_TEXT: Final = 4_000_000
"""In characters: a text is read in one go."""


class FileDrops(QObject):
    """Takes what is dropped on a widget: `path_dropped` brings a file's or folder's path, `text_dropped` a text."""

    path_dropped = Signal(object)
    text_dropped = Signal(str)

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            if self._take(event.mimeData()):
                event.acceptProposedAction()
            return True
        if isinstance(event, QDragEnterEvent):
            data = event.mimeData()
            if any(url.isLocalFile() for url in data.urls()) or data.hasText():
                event.acceptProposedAction()
            return True
        return super().eventFilter(watched, event)

    def _take(self, data: QMimeData) -> bool:
        local = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
        if local:
            self.path_dropped.emit(Path(local[0]))
        elif data.hasText():
            self.text_dropped.emit(data.text()[:LARGEST_TEXT])
        return bool(local) or data.hasText()
