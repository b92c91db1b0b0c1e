"""Opening the receipt of what was found for a field."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from gui.field_marks import Finding
from gui.receipt_view import ReceiptDialog


class Receipts(QObject):
    """Opens a receipt in front of a window. `use_wanted` carries the field whose measured value the person wants."""

    use_wanted = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._dialog: ReceiptDialog | None = None

    @property
    def dialog(self) -> ReceiptDialog | None:
        """The receipt that is open."""
        return self._dialog

    def show(self, finding: Finding, *, can_use: bool, window: QWidget) -> None:
        """The receipt of the last measurement, and of the one before where the verdict flipped; nothing without one."""
        shown = [measured for measured in (finding.measured, finding.before) if measured is not None]
        if finding.measured is None:
            return
        self._dialog = ReceiptDialog(shown, can_use=can_use, parent=window)
        self._dialog.use_wanted.connect(self.use_wanted)
        self._dialog.finished.connect(self._dialog.deleteLater)
        self._dialog.finished.connect(self._forget)
        self._dialog.open()

    @Slot()
    def _forget(self) -> None:
        self._dialog = None
