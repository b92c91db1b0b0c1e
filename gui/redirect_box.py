"""What would send a key to a host that it does not go to yet. Each needs a yes of its own."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPalette, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from core.importing import Redirect
from gui.colours import mixed
from gui.theme import dress, tones
from gui.tick_outlines import TickOutline
from gui.words import one_line, tr_core

_MOST_LINES = 10


class RedirectBox(QFrame):
    """Lists redirects, none of them allowed. `changed` tells that another one is."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("import_redirects")
        self.setAutoFillBackground(True)
        height = self.fontMetrics().height()
        title = QLabel(self.tr("A key would go to another server"))
        title.setObjectName("import_redirects_title")
        bold = title.font()
        bold.setBold(True)
        title.setFont(bold)
        self._area = QScrollArea()
        self._area.setObjectName("import_redirects_area")
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(height * 2 // 3, height // 2, height * 2 // 3, height // 2)
        layout.addWidget(title)
        layout.addWidget(self._area)
        self.boxes: list[QCheckBox] = []
        self._ids: list[str] = []
        self.hide()
        self._dress()

    @property
    def allowed(self) -> tuple[str, ...]:
        """The IDs of those that are ticked."""
        return tuple(name for name, box in zip(self._ids, self.boxes, strict=True) if box.isChecked())

    def show_redirects(self, redirects: Sequence[Redirect]) -> None:
        """Lists them, none ticked."""
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, self.fontMetrics().height() // 2, 0)
        self.boxes, self._ids = [], [redirect.id for redirect in redirects]
        for number, redirect in enumerate(redirects):
            words = QLabel(tr_core(redirect.words))
            words.setObjectName(f"import_redirect_words_{number}")
            words.setTextFormat(Qt.TextFormat.PlainText)
            words.setWordWrap(True)
            box = QCheckBox(self.tr("Allow it for {provider}").format(provider=one_line(redirect.provider, 60)))
            box.setObjectName(f"import_redirect_{number}")
            box.setAccessibleDescription(words.text())
            box.toggled.connect(self.changed)
            TickOutline(box)
            layout.addWidget(words)
            layout.addWidget(box)
            self.boxes.append(box)
        self._area.setWidget(content)
        self.setVisible(bool(redirects))
        self._fit()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        content = self._area.widget()
        if content is not None:
            width = max(1, self._area.viewport().width())
            wanted = content.heightForWidth(width) if content.hasHeightForWidth() else content.sizeHint().height()
            self._area.setFixedHeight(min(wanted, self.fontMetrics().lineSpacing() * _MOST_LINES))

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def _dress(self) -> None:
        palette = QGuiApplication.palette()
        colour = tones(palette).warning
        dress(self, {QPalette.ColorRole.Window: mixed(colour, palette.color(QPalette.ColorRole.Window), 0.12)})
