"""Whether measurements go into a share file, and where it goes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QFileDialog, QLabel, QVBoxLayout, QWidget

from core.share import SHARE_SUFFIX as SUFFIX
from gui.tick_outlines import TickOutline
from gui.words import count_models


class ShareDialog(QDialog):
    """`chosen` brings the path, and whether measurements are to go along."""

    chosen = Signal(object, bool)

    def __init__(self, count: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("share_dialog")
        self.setWindowTitle(self.tr("Share"))
        text = self.tr(
            "{models} go into one file, with the addresses of their servers and without any key. "
            "Whoever drops it on Muster sees what it would do before anything is taken over."
        )
        words = QLabel(text.format(models=count_models(count)))
        words.setObjectName("share_words")
        words.setWordWrap(True)
        words.setTextFormat(Qt.TextFormat.PlainText)
        self.evidence_box = QCheckBox(self.tr("With &measurements and their receipts"))
        self.evidence_box.setObjectName("share_evidence")
        self._ticks = TickOutline(self.evidence_box)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        save = self._buttons.addButton(self.tr("&Save As…"), QDialogButtonBox.ButtonRole.AcceptRole)
        save.setObjectName("share_save")
        save.setDefault(True)
        self._buttons.accepted.connect(self.choose_path)
        self._buttons.rejected.connect(self.reject)
        height = self.fontMetrics().height()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(height, height, height, height)
        layout.setSpacing(height * 3 // 4)
        layout.addWidget(words)
        layout.addWidget(self.evidence_box)
        layout.addWidget(self._buttons)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 62)

    @Slot()
    def choose_path(self) -> None:
        """Asks where the file shall go."""
        dialog = QFileDialog(self, self.tr("Save Share File"), str(Path.home() / f"models{SUFFIX}"))
        dialog.setObjectName("share_file_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([self.tr("Muster rolls (*{suffix})").format(suffix=SUFFIX)])
        dialog.setDefaultSuffix(SUFFIX.removeprefix("."))
        dialog.fileSelected.connect(self._take_path)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def _take_path(self, path: str) -> None:
        self.chosen.emit(Path(path), self.evidence_box.isChecked())
        self.accept()
