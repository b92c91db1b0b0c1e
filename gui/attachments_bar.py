"""The files that go with a prompt: chosen, dropped or pasted, and shown with a way to take each back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QMimeDatabase, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QImageReader, QImageWriter, QPalette, QPixmap
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from core.attachments import read_attachment
from core.errors import MusterError
from core.fields import MIME_TYPES, ModelProvider
from core.run_spec import Attachment
from gui.field_error import FieldError
from gui.icons import icon, icon_pixmap
from gui.words import one_line, tr_core
from gui.worker import run_in_worker

_IMAGE_TYPES: Final = ("image/png", "image/jpeg")
_LARGEST_PICTURE: Final = 12_000
"""Pixels on a side; a larger picture gets no thumbnail, since reading it would take seconds."""


def offered_types(provider: ModelProvider | None) -> tuple[str, ...]:
    """The types that can be attached for that model: its own list, else all where it takes files, else pictures."""
    if provider is None:
        return _IMAGE_TYPES
    if provider.multimodal_mime_types is not None:
        return tuple(provider.multimodal_mime_types)
    return MIME_TYPES if provider.multimodal_capable else _IMAGE_TYPES


@dataclass(frozen=True, slots=True)
class _Loaded:
    attachment: Attachment
    thumbnail: QImage


class AttachmentsBar(QWidget):
    """A button, and one line for each attached file. `changed` is emitted when a file comes or goes."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("attachments_bar")
        self._types: tuple[str, ...] = _IMAGE_TYPES
        self._lines: list[_AttachmentLine] = []
        self._dialog: QFileDialog | None = None
        self.attach_button = QPushButton(icon("paperclip"), "", self)
        self.attach_button.setObjectName("attach_button")
        self.attach_button.setAutoDefault(False)
        self._hint = QLabel(self)
        self._hint.setObjectName("attach_hint")
        self._hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._error = FieldError(self.attach_button, parent=self)
        head = QHBoxLayout()
        head.addWidget(self.attach_button)
        head.addWidget(self._hint, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(self.fontMetrics().height() // 4)
        self._column.addLayout(head)
        self._column.addWidget(self._error)
        self.attach_button.clicked.connect(self.open_dialog)
        self._show_offer()

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What goes with the prompt, in the order of attaching."""
        return tuple(line.attachment for line in self._lines)

    @property
    def problem(self) -> str:
        """Why the last file could not be attached; empty where all is well."""
        return self._error.text

    def set_provider(self, provider: ModelProvider | None) -> None:
        """Offer what that model takes. What is attached stays."""
        self._types = offered_types(provider)
        self._show_offer()

    @Slot()
    def open_dialog(self) -> None:
        """Ask for files."""
        if self._dialog is None:
            self._dialog = QFileDialog(self, self.tr("Attach Files"))
            self._dialog.setObjectName("attach_dialog")
            self._dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
            self._dialog.filesSelected.connect(self.attach_files)
        self._dialog.setNameFilters([self._name_filter(), self.tr("All files (*)")])
        self._dialog.open()

    @Slot(list)
    def attach_files(self, paths: Sequence[str | Path]) -> None:
        """Read those files and attach them."""
        self._error.clear()
        for path in paths:
            run_in_worker(self, partial(_load_file, Path(path)), on_done=self._attach, on_error=self._tell_problem)

    def attach_image(self, image: QImage) -> None:
        """Attach a picture that was pasted."""
        self._error.clear()
        load = partial(_load_image, image, self.tr("Pasted image"))
        run_in_worker(self, load, on_done=self._attach, on_error=self._tell_problem)

    def can_take(self, data: QMimeData) -> bool:
        """Whether dropped or pasted data holds something to attach."""
        return data.hasImage() or any(url.isLocalFile() for url in data.urls())

    def take(self, data: QMimeData) -> None:
        """Attach what dropped or pasted data holds."""
        paths = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
        image = data.imageData()
        if paths:
            self.attach_files(paths)
        elif isinstance(image, QImage):
            self.attach_image(image)
        elif isinstance(image, QPixmap):
            self.attach_image(image.toImage())

    @Slot()
    def clear(self) -> None:
        """Take every file back."""
        for line in tuple(self._lines):
            self._remove(line)

    def _attach(self, loaded: _Loaded) -> None:
        line = _AttachmentLine(loaded.attachment, loaded.thumbnail, self)
        line.removed.connect(self._remove_sender)
        self._lines.append(line)
        self._column.addWidget(line)
        self._show_offer()
        self.changed.emit()

    def _tell_problem(self, error: MusterError) -> None:
        self._error.show_problem(tr_core(error.title), tr_core(error.hint))
        self._error.announce()

    @Slot(object)
    def _remove_sender(self, line: _AttachmentLine) -> None:
        self._remove(line)
        self.attach_button.setFocus()

    def _remove(self, line: _AttachmentLine) -> None:
        self._lines.remove(line)
        self._column.removeWidget(line)
        line.hide()
        line.deleteLater()
        self._error.clear()
        self._show_offer()
        self.changed.emit()

    def _show_offer(self) -> None:
        only_images = all(mime_type.startswith("image/") for mime_type in self._types)
        self.attach_button.setEnabled(bool(self._types))
        words = self.tr("Attach &Image…") if only_images else self.tr("Attach &File…")
        self.attach_button.setText(words)
        self.attach_button.setAccessibleName(words.replace("&", "").replace("…", ""))
        offered = ", ".join(self._types) if self._types else self.tr("This model takes no files.")
        self.attach_button.setToolTip(offered)
        self._hint.setText("" if self._lines else self.tr("or drop or paste one"))
        self._hint.setVisible(bool(self._types))

    def _name_filter(self) -> str:
        database = QMimeDatabase()
        patterns = [pattern for name in self._types for pattern in database.mimeTypeForName(name).globPatterns()]
        return self.tr("Files that the model takes ({patterns})").format(patterns=" ".join(patterns) or "*")


class _AttachmentLine(QFrame):
    """A thumbnail, the name, the size, and a button that takes the file back; `removed` carries the line itself."""

    removed = Signal(object)

    def __init__(self, attachment: Attachment, thumbnail: QImage, parent: QWidget) -> None:
        super().__init__(parent)
        self.attachment = attachment
        self.setObjectName("attachment")
        side = round(self.fontMetrics().height() * 1.8)
        picture = QLabel(self)
        picture.setFixedSize(side, side)
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        if thumbnail.isNull():
            picture.setPixmap(icon_pixmap("file", side // 2, self.palette().text().color(), self.devicePixelRatioF()))
        else:
            mode = Qt.AspectRatioMode.KeepAspectRatio
            scaled = thumbnail.scaled(QSize(side, side), mode, Qt.TransformationMode.SmoothTransformation)
            picture.setPixmap(QPixmap.fromImage(scaled))
        name = one_line(attachment.name, 60)
        label = QLabel(self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setText(self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, side * 6))
        label.setToolTip(f"{name}\n{attachment.mime_type}")
        size = QLabel(_size_words(len(attachment.data)), self)
        size.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        remove = QToolButton(self)
        remove.setObjectName("attachment_remove")
        remove.setIcon(icon("x"))
        remove.setAutoRaise(True)
        remove.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        remove.setAccessibleName(self.tr("Remove {name}").format(name=name))
        remove.setToolTip(remove.accessibleName())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(picture)
        layout.addWidget(label)
        layout.addWidget(size)
        layout.addStretch(1)
        layout.addWidget(remove)
        remove.clicked.connect(self._ask_removal)

    @Slot()
    def _ask_removal(self) -> None:
        self.removed.emit(self)


def _load_file(path: Path) -> _Loaded:
    attachment = read_attachment(path)
    return _Loaded(attachment, _thumbnail(attachment))


def _load_image(image: QImage, name: str) -> _Loaded:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    attachment = Attachment("image/png", bytes(data.data()), f"{name}.png")
    return _Loaded(attachment, _thumbnail(attachment))


def _thumbnail(attachment: Attachment) -> QImage:
    """A small picture, or none where it is no picture; at 128 pixels sharp at every scale."""
    if not attachment.mime_type.startswith("image/"):
        return QImage()
    buffer = QBuffer()
    buffer.setData(attachment.data)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    size = reader.size()
    if not size.isValid() or max(size.width(), size.height()) > _LARGEST_PICTURE:
        return QImage()
    reader.setScaledSize(size.scaled(128, 128, Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()


def _size_words(size_bytes: int) -> str:
    if size_bytes < 1000:
        return f"{size_bytes} B"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1000:.0f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"
