"""Which file or folder of a tool is written: its path, what is known of it, and another one to choose."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from core.exporters.shape import Target
from gui.buttons import push_button
from gui.elided_label import ElidedLabel


class TargetPlace(QWidget):
    """Shows one place. `chosen` brings another path, `usual_wanted` asks for the one that the tool reads."""

    chosen = Signal(object)
    usual_wanted = Signal()

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._prefix = prefix
        self._target: Target | None = None
        self._path = Path.home()
        height = self.fontMetrics().height()
        self.path_label = ElidedLabel(f"{prefix}_path", in_middle=True)
        self.path_label.setAccessibleDescription(self.tr("The file that is written"))
        self.state_label = ElidedLabel(f"{prefix}_state")
        self.state_label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.usual_button = push_button(f"{prefix}_usual", self.tr("&Usual Place"))
        self.usual_button.setToolTip(self.tr("The file that the tool reads"))
        self.choose_button = push_button(f"{prefix}_choose", self.tr("C&hoose…"), "folder-open")
        self.choose_button.setToolTip(self.tr("Write another file than the one that the tool reads"))
        words = QVBoxLayout()
        words.setSpacing(height // 6)
        words.addWidget(self.path_label)
        words.addWidget(self.state_label)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(height // 2)
        layout.addLayout(words, 1)
        layout.addWidget(self.usual_button)
        layout.addWidget(self.choose_button)
        self.usual_button.clicked.connect(self.usual_wanted)
        self.choose_button.clicked.connect(self.choose)
        self.usual_button.hide()

    def show_place(self, target: Target, path: Path, *, is_usual: bool) -> None:
        """Shows this path of that tool; what is known of it comes with `show_state`."""
        self._target, self._path = target, path
        self.path_label.set_path(path)
        self.usual_button.setVisible(not is_usual)
        self.show_state("")

    def show_state(self, words: str) -> None:
        """Says what is known of the file."""
        self.state_label.setText(words)

    @Slot()
    def choose(self) -> None:
        """Asks for another path."""
        target, path = self._target, self._path
        if target is None:
            return
        dialog = QFileDialog(self, self.tr("Write To"), str(path if target.is_folder else path.parent))
        dialog.setObjectName(f"{self._prefix}_file_dialog")
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # what stands there is kept: nothing to ask about
        if target.is_folder:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setFileMode(QFileDialog.FileMode.AnyFile)
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.selectFile(path.name)
        dialog.fileSelected.connect(lambda chosen: self.chosen.emit(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
