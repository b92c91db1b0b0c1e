"""A piece of code with a heading and a button that copies it."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from gui.buttons import push_button


class CodeView(QWidget):
    """Shows code that can be selected and copied; `lines` is the least height."""

    def __init__(self, name: str, title: str, *, lines: int = 2, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.edit = QPlainTextEdit(self)
        self.edit.setObjectName(f"{name}_text")
        self.edit.setReadOnly(True)
        self.edit.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.edit.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.edit.setTabChangesFocus(True)
        self.edit.setMinimumHeight(self.fontMetrics().lineSpacing() * (lines + 1) + 2 * self.edit.frameWidth())
        self.title = QLabel(title, self)
        self.title.setBuddy(self.edit)
        self.edit.setAccessibleName(title.replace("&", ""))
        self.copy_button = push_button(f"{name}_copy", self.tr("Copy"), "copy", self)
        self.copy_button.clicked.connect(self.copy)
        head = QHBoxLayout()
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.copy_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(self.fontMetrics().height() // 4)
        layout.addLayout(head)
        layout.addWidget(self.edit, 1)

    @property
    def code(self) -> str:
        """What is shown."""
        return self.edit.toPlainText()

    def show_code(self, code: str) -> None:
        """Shows other code."""
        if code != self.code:
            self.edit.setPlainText(code)
        self.copy_button.setEnabled(bool(code))

    @Slot()
    def copy(self) -> None:
        """Puts it on the clipboard."""
        QGuiApplication.clipboard().setText(self.code)
