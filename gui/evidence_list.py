"""The list of the *Evidence* tab: every field with its value, who said it, and what measuring says to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QColor, QContextMenuEvent, QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QAbstractItemView, QMenu, QStyle, QStyleOptionViewItem, QTreeWidget, QTreeWidgetItem
from typing_extensions import override

from core.entry import UserModelEntry
from core.fields import OVERRIDABLE, UNSET, FieldSpec
from gui.badges import CellDelegate
from gui.field_marks import ICONS, NO_FINDING, Finding, Mark, MarkKind, imported_words, mark_of
from gui.icons import icon, paint_icon
from gui.measured_facts import FactRow
from gui.roll_items import value_words
from gui.theme import tones
from gui.verdict_words import measured_words, reason_words, since_words, source_words
from gui.words import tr_core

_ROW_ROLE = Qt.ItemDataRole.UserRole


class Group(StrEnum):
    """Where a field stands in the list."""

    CONFLICT = "conflict"
    CHANGED = "changed"
    OFFERED = "offered"
    CONFIRMED = "confirmed"
    UNCLEAR = "unclear"
    UNMEASURED = "unmeasured"


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One field: its effective value in words, its mark, and a second line."""

    spec: FieldSpec
    value: str
    mark: Mark
    finding: Finding
    group: Group
    detail: str

    @property
    def label(self) -> str:
        """The field's label."""
        return tr_core(self.spec.label)

    @property
    def sentence(self) -> str:
        """All of it, for a tool tip and a screen reader."""
        return f"{self.label}: {self.value}. {self.mark.text}. {self.mark.sentence}".strip()


def evidence_rows(entry: UserModelEntry, findings: Mapping[str, Finding]) -> list[EvidenceRow]:
    """A row for each field that something is known about, in the schema's order."""
    stored = entry.overrides or {}
    rows = []
    for name, spec in OVERRIDABLE.items():
        finding = findings.get(name, NO_FINDING)
        if finding.measured is None and finding.origin is None:
            continue
        value = stored.get(name, UNSET)
        mark = mark_of(spec, value, finding)
        is_set = value is not UNSET and value not in (None, "")
        words = value_words(spec, value if is_set else spec.default)
        rows.append(EvidenceRow(spec, words, mark, finding, _group(mark, finding), _detail(spec, value, mark, finding)))
    return rows


def _group(mark: Mark, finding: Finding) -> Group:
    if finding.before is not None:
        return Group.CHANGED
    if finding.measured is None:
        return Group.OFFERED if mark.kind is MarkKind.OFFERED else Group.UNMEASURED
    return {
        MarkKind.CONFLICT: Group.CONFLICT,
        MarkKind.OFFERED: Group.OFFERED,
        MarkKind.INCONCLUSIVE: Group.UNCLEAR,
        MarkKind.STALE: Group.UNCLEAR,
    }.get(mark.kind, Group.CONFIRMED)


def _detail(spec: FieldSpec, value: object, mark: Mark, finding: Finding) -> str:
    if finding.before is not None and finding.measured is not None:
        before, now = finding.before, finding.measured
        then = f"{measured_words(spec, before.verdict)} ({since_words(before.at, now.at)})"
        return f"{then} → {measured_words(spec, now.verdict)}"
    if finding.measured is not None:
        more = reason_words(finding.measured.verdict)
    else:  # the whole of it is in the tool tip
        more = source_words(finding.origin.place) if finding.origin and imported_words(value, finding) else ""
    return " · ".join(filter(None, (mark.text, more)))


class EvidenceList(QTreeWidget):
    """Fields by what there is to do about them, and below them what else was found.

    `receipt_wanted` and `use_wanted` carry the field's name.
    """

    receipt_wanted = Signal(str)
    use_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("evidence_list")
        self.setAccessibleName(self.tr("Evidence"))
        self.setHeaderHidden(True)
        self.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.setIndentation(round(self.fontMetrics().height() * 0.85))
        self.setTabKeyNavigation(False)
        self.setItemDelegate(_RowDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setExpandsOnDoubleClick(False)
        self._folded: set[str] = set()
        self.itemActivated.connect(self._activate)
        self.itemCollapsed.connect(self._note_folded)
        self.itemExpanded.connect(self._note_opened)

    def show_rows(self, rows: list[EvidenceRow], modes: Sequence[FactRow] = (), facts: Sequence[FactRow] = ()) -> None:
        """Show these; the field that was chosen stays chosen, else the first one is."""
        chosen = self.chosen
        self.clear()
        titles = self._titles(rows)
        for group, title in titles.items():
            members = [row for row in rows if row.group is group]
            if members:
                self._add_group(title, members, chosen.spec.name if chosen is not None else "")
        for title, found in ((self.tr("Structured output modes"), modes), (self.tr("Also measured"), facts)):
            if found:
                self._add_group(title, found, "")
        if self.chosen is None:
            self.setCurrentIndex(self.model().index(0, 0, self.model().index(0, 0)))

    @property
    def chosen(self) -> EvidenceRow | None:
        """The row that the keyboard is on."""
        item = self.currentItem()
        row = item.data(0, _ROW_ROLE) if item is not None else None
        return row if isinstance(row, EvidenceRow) else None

    @property
    def texts(self) -> list[str]:
        """What a screen reader reads, top to bottom."""
        model, role = self.model(), Qt.ItemDataRole.AccessibleTextRole
        found = []
        for number in range(model.rowCount()):
            group = model.index(number, 0)
            found.append(str(group.data()))
            found += [str(model.index(row, 0, group).data(role)) for row in range(model.rowCount(group))]
        return found

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        row = self.chosen
        if row is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        show = QAction(icon("microscope"), self.tr("Show &Receipt"), menu)
        show.setEnabled(row.finding.measured is not None)
        show.triggered.connect(lambda: self.receipt_wanted.emit(row.spec.name))
        use = QAction(icon("check"), self.tr("&Use Measured"), menu)
        use.setEnabled(row.mark.offer is not None)
        use.triggered.connect(lambda: self.use_wanted.emit(row.spec.name))
        menu.addActions([show, use])
        menu.popup(event.globalPos())

    def _titles(self, rows: list[EvidenceRow]) -> dict[Group, str]:
        found = next((row.finding for row in rows if row.finding.before is not None), None)
        since = ""
        if found is not None and found.before is not None:
            now = found.measured.at if found.measured is not None else ""
            since = self.tr("Changed since {day}").format(day=since_words(found.before.at, now))
        conflicts = [row for row in rows if row.group is Group.CONFLICT]
        is_imported = any(row.finding.origin is not None and row.finding.origin.place for row in conflicts)
        return {
            Group.CONFLICT: self.tr("Set otherwise") if is_imported else self.tr("You said otherwise"),
            Group.CHANGED: since,
            Group.OFFERED: self.tr("Can be set"),
            Group.CONFIRMED: self.tr("Agrees"),
            Group.UNCLEAR: self.tr("Not decided"),
            Group.UNMEASURED: self.tr("Set, not measured"),
        }

    def _add_group(self, title: str, rows: Sequence[EvidenceRow | FactRow], chosen: str) -> None:
        group = QTreeWidgetItem([title])
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        group.setFont(0, font)
        group.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{title}, {len(rows)}")
        self.addTopLevelItem(group)
        for row in rows:
            item = QTreeWidgetItem([row.label])
            item.setData(0, _ROW_ROLE, row)
            item.setData(0, Qt.ItemDataRole.AccessibleTextRole, row.sentence)
            item.setToolTip(0, row.sentence)
            group.addChild(item)
            if isinstance(row, EvidenceRow) and row.spec.name == chosen:
                self.setCurrentItem(item)
        group.setExpanded(title not in self._folded)

    @Slot(QTreeWidgetItem)
    def _note_folded(self, group: QTreeWidgetItem) -> None:
        self._folded.add(group.text(0))

    @Slot(QTreeWidgetItem)
    def _note_opened(self, group: QTreeWidgetItem) -> None:
        self._folded.discard(group.text(0))

    @Slot(QTreeWidgetItem, int)
    def _activate(self, item: QTreeWidgetItem, _column: int) -> None:
        row = item.data(0, _ROW_ROLE)
        if item.childCount():
            item.setExpanded(not item.isExpanded())
        elif isinstance(row, EvidenceRow) and row.finding.measured is not None:
            self.receipt_wanted.emit(row.spec.name)


class _RowDelegate(CellDelegate):
    """Label and value on one line; below, smaller and with its icon, what measuring says."""

    @override
    def paint_content(
        self,
        painter: QPainter,
        cell: QStyleOptionViewItem,
        rect: QRect,
        text: str,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        row = index.data(_ROW_ROLE)
        metrics = cell.fontMetrics
        rect = rect.adjusted(-metrics.height() // 4, 0, 0, 0)
        if not isinstance(row, EvidenceRow | FactRow):
            self.paint_text(painter, cell, rect, text, self.text_colour(cell))
            return
        top = QRect(rect)
        if row.detail:
            top.adjust(0, metrics.height() // 4, 0, 0)
            top.setHeight(metrics.height())
        self.paint_pair(painter, cell, top, text, row.value, self.text_colour(cell))
        if row.detail:
            self._paint_detail(painter, cell, top.translated(0, metrics.height() + metrics.height() // 8), row)

    def _paint_detail(
        self, painter: QPainter, cell: QStyleOptionViewItem, rect: QRect, row: EvidenceRow | FactRow
    ) -> None:
        colour = self._colour(cell, row)
        small = QFont(cell.font)
        small.setPointSizeF(small.pointSizeF() * 0.9)
        metrics = QFontMetrics(small)
        side = round(metrics.height() * 0.95)
        room = rect
        if isinstance(row, EvidenceRow):
            name = "refresh" if row.group is Group.CHANGED else ICONS.get(row.mark.kind, "pencil")
            paint_icon(painter, name, QRect(rect.left(), rect.center().y() - side // 2 + 1, side, side), colour)
            room = rect.adjusted(side * 4 // 3, 0, 0, 0)
        painter.setFont(small)
        painter.setPen(colour)
        painter.drawText(
            room,
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            metrics.elidedText(row.detail, Qt.TextElideMode.ElideRight, room.width()),
        )

    def _colour(self, cell: QStyleOptionViewItem, row: EvidenceRow | FactRow) -> QColor:
        if cell.state & QStyle.StateFlag.State_Selected:
            return self.text_colour(cell)
        if isinstance(row, FactRow):
            return self.text_colour(cell, QPalette.ColorRole.PlaceholderText)
        own = tones(cell.palette)
        if row.group in (Group.CONFLICT, Group.CHANGED):
            return own.warning
        if row.group is Group.OFFERED:
            return cell.palette.color(QPalette.ColorRole.Accent)
        return self.text_colour(cell, QPalette.ColorRole.PlaceholderText)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        row = index.data(_ROW_ROLE)
        has_detail = isinstance(row, EvidenceRow | FactRow) and bool(row.detail)
        return QSize(0, round(option.fontMetrics.height() * (2.75 if has_detail else 1.65)))
