"""The middle of *Discover*: the search, the table, and what stands in its place while there is none."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.errors import MusterError
from core.offered_models import OfferComparison
from gui.buttons import push_button
from gui.combo_boxes import SteadyComboBox
from gui.empty_state import EmptyState
from gui.error_box import ErrorBox
from gui.icons import icon
from gui.offer_table import OfferState, OfferTableModel, OfferTableView, offers_of

_STATES = (None, OfferState.NEW, OfferState.REGISTERED, OfferState.GONE)
_HINT, _WAITING, _TABLE, _NOTHING, _ERROR = range(5)


class OfferPanel(QWidget):
    """Shows one comparison, or that it is waited for, or why there is none.

    `ticked` tells that another choice was made. The other signals are its buttons'.
    """

    ticked = Signal()
    cancel_wanted = Signal()
    again_wanted = Signal()
    providers_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("offer_panel")
        height = self.fontMetrics().height()
        self.model = OfferTableModel(self)
        self.table = OfferTableView(self.model)
        self.search = QLineEdit(self)
        self.search.setObjectName("offer_search")
        self.search.setAccessibleName(self.tr("Filter the models"))
        self.search.setPlaceholderText(self.tr("Filter, such as: llama vision"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(
            icon("search", QPalette.ColorRole.PlaceholderText), QLineEdit.ActionPosition.LeadingPosition
        )
        self.state_box = SteadyComboBox(self)
        self.state_box.setObjectName("offer_state")
        self.state_box.setAccessibleName(self.tr("Which models"))
        self.state_box.setMinimumContentsLength(20)
        self.tick_button = push_button("tick_shown", self.tr("&Tick All Shown"))
        self.untick_button = push_button("untick_all", self.tr("&Untick All"))
        filters = QHBoxLayout()
        filters.setSpacing(height // 2)
        filters.addWidget(self.search, 1)
        for widget in (self.state_box, self.tick_button, self.untick_button):
            filters.addWidget(widget)
        self.error_box = ErrorBox(self)
        self._nothing = EmptyState("discover_nothing", "list", "", "", is_quiet=True)
        self.pages = QStackedWidget(self)
        self.pages.setObjectName("discover_pages")
        self.pages.addWidget(
            EmptyState(
                "discover_hint",
                "search",
                self.tr("What does a provider offer?"),
                self.tr("Choose a provider to list its models, or look for model servers on this computer."),
            )
        )
        self.pages.addWidget(self._build_waiting())
        self.pages.addWidget(self.table)
        self.pages.addWidget(self._nothing)
        self.pages.addWidget(self._build_error())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(height // 2)
        layout.addLayout(filters)
        layout.addWidget(self.pages, 1)
        self.search.textChanged.connect(self._filter)
        self.state_box.currentIndexChanged.connect(self._filter)
        self.tick_button.clicked.connect(self._tick_shown)
        self.untick_button.clicked.connect(self.model.clear_ticks)
        self.model.ticked.connect(self._tell_ticks)
        self.error_box.again_wanted.connect(self.again_wanted)
        self.error_box.providers_wanted.connect(self.providers_wanted)
        self.show_hint()

    def _build_waiting(self) -> QWidget:
        page = QWidget()
        page.setBackgroundRole(QPalette.ColorRole.Base)
        page.setAutoFillBackground(True)
        self._waiting_label = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._waiting_label.setObjectName("discover_waiting")
        bar = QProgressBar()
        bar.setObjectName("discover_progress")
        bar.setAccessibleName(self.tr("Listing"))
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setFixedSize(self.fontMetrics().height() * 14, max(6, self.fontMetrics().height() // 2))
        cancel = push_button("cancel_listing", self.tr("Ca&ncel"))
        cancel.clicked.connect(self.cancel_wanted)
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        for widget in (self._waiting_label, bar, cancel):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        return page

    def _build_error(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.error_box)
        layout.addStretch(1)
        return page

    # ------------------------------------------------------------------------------------------------------ what shows

    @property
    def is_list_shown(self) -> bool:
        """Whether a list stands there, an empty one too."""
        return self.pages.currentIndex() in (_TABLE, _NOTHING)

    def show_hint(self) -> None:
        """No provider is chosen."""
        self.forget()
        self.pages.setCurrentIndex(_HINT)

    def show_waiting(self, words: str) -> None:
        """The provider is being asked."""
        self._waiting_label.setText(words)
        self._allow(can_filter=False)
        self.pages.setCurrentIndex(_WAITING)

    def show_error(self, error: MusterError) -> None:
        """The provider could not be asked."""
        self.error_box.show_error(error)
        self._allow(can_filter=False)
        self.pages.setCurrentIndex(_ERROR)

    def show_comparison(self, comparison: OfferComparison) -> None:
        """What the provider lists; ticks that still make sense stay."""
        self.model.set_offers(offers_of(comparison))
        self._fill_states()
        self._allow(can_filter=True)
        self._show_table()

    def forget(self) -> None:
        """Another provider was chosen."""
        self.model.set_offers(())
        self.search.clear()
        self._fill_states()
        self.state_box.setCurrentIndex(0)
        self._allow(can_filter=False)

    def _allow(self, *, can_filter: bool) -> None:
        for widget in (self.search, self.state_box, self.tick_button, self.untick_button):
            widget.setEnabled(can_filter)
        if can_filter:
            self._tell_ticks()

    def _show_table(self) -> None:
        if self.model.rowCount():
            self.pages.setCurrentIndex(_TABLE)
            return
        self._nothing.set_text(
            self.tr("None of the models is like that.")
            if self.model.count()
            else self.tr("The provider answers, and lists no models.")
        )
        self.pages.setCurrentIndex(_NOTHING)

    def _fill_states(self) -> None:
        words = {
            None: self.tr("All ({count})"),
            OfferState.NEW: self.tr("New ({count})"),
            OfferState.REGISTERED: self.tr("Registered ({count})"),
            OfferState.GONE: self.tr("Gone since last time ({count})"),
        }
        chosen = max(0, self.state_box.currentIndex())
        self.state_box.blockSignals(True)
        self.state_box.clear()
        self.state_box.addItems([words[state].format(count=self.model.count(state)) for state in _STATES])
        self.state_box.setCurrentIndex(chosen)
        self.state_box.blockSignals(False)

    @Slot()
    def _filter(self) -> None:
        self.model.set_filter(self.search.text(), _STATES[max(0, self.state_box.currentIndex())])
        if self.is_list_shown:
            self._show_table()
            self._tell_ticks()

    @Slot()
    def _tick_shown(self) -> None:
        self.model.tick(range(self.model.rowCount()), on=True)

    @Slot()
    def _tell_ticks(self) -> None:
        can_tick = any(self.model.offer(row).state is OfferState.NEW for row in range(self.model.rowCount()))
        self.tick_button.setEnabled(can_tick)
        self.untick_button.setEnabled(bool(self.model.chosen))
        self.ticked.emit()
