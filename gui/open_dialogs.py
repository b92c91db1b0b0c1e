"""The dialogs that are open: held while they are, let go when they close."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QDialog


class OpenDialogs:
    """Opens dialogs, and holds each until it is closed."""

    def __init__(self) -> None:
        self._dialogs: list[QDialog] = []

    def __iter__(self) -> Iterator[QDialog]:
        """Those that are open, the oldest first."""
        return iter(tuple(self._dialogs))

    def open(self, dialog: QDialog) -> None:
        """Shows it in front of its window, and returns at once."""
        self._dialogs.append(dialog)
        dialog.finished.connect(lambda _result: self._let_go(dialog))
        dialog.open()

    def _let_go(self, dialog: QDialog) -> None:
        if dialog in self._dialogs:
            self._dialogs.remove(dialog)
        dialog.deleteLater()
