"""An error where it happened: what did not happen, what to do, the details folded, and the way on."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QGuiApplication, QPalette
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QWidget
from typing_extensions import override

from core.errors import FailureKind, MusterError, ProviderNotReady, RunError
from gui.collapsible import CollapsibleGroup
from gui.colours import mixed
from gui.icons import icon, icon_pixmap
from gui.theme import dress, tones
from gui.words import tr_core

_ABOUT_PROVIDER = (
    FailureKind.AUTH,
    FailureKind.REFUSED,
    FailureKind.UNKNOWN_HOST,
    FailureKind.TLS,
    FailureKind.NOT_JSON,
    FailureKind.NOT_READY,
)


def is_about_provider(error: MusterError) -> bool:
    """Whether what went wrong is mended in the Providers dialog: a key, or an address."""
    return isinstance(error, ProviderNotReady) or (isinstance(error, RunError) and error.kind in _ABOUT_PROVIDER)


class ErrorBox(QFrame):
    """Hidden until `show_error`. `again_wanted` and `providers_wanted` are emitted by its buttons."""

    again_wanted = Signal()
    providers_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("error_box")
        self.setAutoFillBackground(True)
        height = self.fontMetrics().height()
        self._picture = QLabel(self)
        self._title = self._label("error_title")
        bold = self._title.font()
        bold.setBold(True)
        self._title.setFont(bold)
        self._hint = self._label("error_hint")
        self._details = CollapsibleGroup(self.tr("&Details"), "error_details", self)
        self._detail_text = QPlainTextEdit(self._details.body)
        self._detail_text.setObjectName("error_detail_text")
        self._detail_text.setAccessibleName(self.tr("What the endpoint said"))
        self._detail_text.setReadOnly(True)
        self._detail_text.setFixedHeight(6 * height)
        body = QHBoxLayout(self._details.body)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self._detail_text)
        self._again = QPushButton(icon("refresh"), self.tr("Try &Again"), self)
        self._again.setObjectName("try_again")
        self._providers = QPushButton(self.tr("Open &Providers…"), self)
        self._providers.setObjectName("open_providers")
        for button in (self._again, self._providers):
            button.setAutoDefault(False)
        buttons = QHBoxLayout()
        buttons.addWidget(self._again)
        buttons.addWidget(self._providers)
        buttons.addStretch(1)
        grid = QGridLayout(self)
        grid.setContentsMargins(height * 2 // 3, height // 2, height * 2 // 3, height // 2)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._picture, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._title, 0, 1)
        grid.addWidget(self._hint, 1, 1)
        grid.addLayout(buttons, 2, 1)
        grid.addWidget(self._details, 3, 1)
        self._again.clicked.connect(self.again_wanted)
        self._providers.clicked.connect(self.providers_wanted)
        self.hide()
        self._dress()

    @property
    def text(self) -> str:
        """Title and hint as they are shown; empty while there is no error."""
        return "" if self.isHidden() else f"{self._title.text()} {self._hint.text()}".strip()

    @property
    def detail(self) -> str:
        """The endpoint's own words, keys taken out."""
        return self._detail_text.toPlainText()

    def show_error(self, error: MusterError) -> None:
        """Say it, and have a screen reader say it."""
        self._title.setText(tr_core(error.title))
        self._hint.setText(tr_core(error.hint))
        self._hint.setVisible(bool(error.hint))
        detail = error.detail if isinstance(error, RunError) else ""
        if isinstance(error, RunError) and error.status is not None:
            detail = f"HTTP {error.status}\n{detail}".strip()
        self._detail_text.setPlainText(detail)
        self._details.set_open(isinstance(error, RunError) and error.kind is FailureKind.BAD_REQUEST)
        self._details.setVisible(bool(detail))
        self._providers.setVisible(is_about_provider(error))
        self.setAccessibleName(f"{self._title.text()} {self._hint.text()}".strip())
        self.show()
        event = QAccessibleAnnouncementEvent(self, self.accessibleName())
        event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
        QAccessible.updateAccessibility(event)

    @Slot()
    def clear(self) -> None:
        """All is well again."""
        self.hide()

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def _label(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _dress(self) -> None:
        palette = QGuiApplication.palette()
        color = tones(palette).error
        dress(self, {QPalette.ColorRole.Window: mixed(color, palette.color(QPalette.ColorRole.Window), 0.10)})
        size = self.fontMetrics().height()
        self._picture.setPixmap(icon_pixmap("alert-triangle", size, color, self.devicePixelRatioF()))
