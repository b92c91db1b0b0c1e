"""Icons from one set of SVG files, drawn in the colours of the palette that is in force.

`icon(name)` follows a change of theme by itself: what it draws is looked up when it is painted.
"""

from __future__ import annotations

from functools import cache, lru_cache

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from typing_extensions import override

from gui.resources import APPLICATION_ICON, ICONS, SMALL_APPLICATION_ICON, SMALL_ICON_LIMIT_PX

_MISSING = "help-circle"
_APPLICATION_ICON_SIDES_PX = (16, 24, 32, 48, 64, 128, 256)


@cache
def icon(name: str, role: QPalette.ColorRole = QPalette.ColorRole.ButtonText) -> QIcon:
    """The icon of that name in the set, in the colour of that palette role."""
    return QIcon(_PaletteIconEngine(name, role))


@cache
def application_icon() -> QIcon:
    """Muster's own icon, in its own colours, drawn anew for each size that a desktop asks for."""
    made = QIcon()
    for side_px in _APPLICATION_ICON_SIDES_PX:
        made.addPixmap(application_pixmap(side_px))
    return made


def application_pixmap(side_px: int) -> QPixmap:
    """Muster's own icon as a square picture with that many pixels on a side."""
    pixmap = QPixmap(side_px, side_px)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    drawing = SMALL_APPLICATION_ICON if side_px <= SMALL_ICON_LIMIT_PX else APPLICATION_ICON
    QSvgRenderer(str(drawing)).render(painter)
    painter.end()
    return pixmap


def paint_icon(painter: QPainter, name: str, rect: QRect, colour: QColor) -> None:
    """Draws the icon into the rectangle, sharp at the painter's scale."""
    ratio = painter.device().devicePixelRatioF()
    painter.drawPixmap(rect, _drawn(name, round(rect.width() * ratio), round(rect.height() * ratio), colour.rgba()))


def icon_pixmap(name: str, size_px: int, colour: QColor, ratio: float = 1.0) -> QPixmap:
    """The icon as a square picture with that many logical pixels on a side."""
    pixmap = QPixmap(_drawn(name, round(size_px * ratio), round(size_px * ratio), colour.rgba()))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


class _PaletteIconEngine(QIconEngine):
    def __init__(self, name: str, role: QPalette.ColorRole) -> None:
        super().__init__()
        self._name = name
        self._role = role

    @override
    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        paint_icon(painter, self._name, rect, self._colour(mode))

    @override
    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    @override
    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        # `size` is in logical pixels (Qt 6.11.3); the copy keeps the ratio out of what is kept.
        rgba = self._colour(mode).rgba()
        pixmap = QPixmap(_drawn(self._name, round(size.width() * scale), round(size.height() * scale), rgba))
        pixmap.setDevicePixelRatio(scale)
        return pixmap

    @override
    def clone(self) -> QIconEngine:
        return _kept(_PaletteIconEngine(self._name, self._role))

    def _colour(self, mode: QIcon.Mode) -> QColor:
        palette = QGuiApplication.palette()
        if mode is QIcon.Mode.Disabled:
            return palette.color(QPalette.ColorGroup.Disabled, self._role)
        if mode is QIcon.Mode.Selected:
            return palette.color(QPalette.ColorRole.HighlightedText)
        return palette.color(self._role)


_clones: list[QIconEngine] = []


def _kept(engine: QIconEngine) -> QIconEngine:
    """The engine itself, referenced from here: Qt owns a clone without Python knowing."""
    _clones.append(engine)
    return engine


@cache
def _source(name: str) -> str:
    path = ICONS / f"{name}.svg"
    return (path if path.is_file() else ICONS / f"{_MISSING}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=1024)
def _drawn(name: str, width_px: int, height_px: int, rgba: int) -> QPixmap:
    colour = QColor.fromRgba(rgba)
    svg = _source(name).replace("currentColor", colour.name())
    pixmap = QPixmap(max(1, width_px), max(1, height_px))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(colour.alphaF())
    side = min(pixmap.width(), pixmap.height())
    QSvgRenderer(QByteArray(svg.encode())).render(
        painter, QRectF((pixmap.width() - side) / 2, (pixmap.height() - side) / 2, side, side)
    )
    painter.end()
    return pixmap
