"""Buttons of dialogs and panels."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QWidget

from gui.icons import icon


def push_button(name: str, text: str, icon_name: str = "", parent: QWidget | None = None) -> QPushButton:
    """A button that Enter presses only where it has the focus or is made the default."""
    button = QPushButton(text, parent)
    if icon_name:
        button.setIcon(icon(icon_name))
    button.setObjectName(name)
    button.setAutoDefault(False)
    return button
