"""The dialog in which providers are set up: keys of the built-in ones, names and addresses of the person's own."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from PySide6.QtCore import QElapsedTimer, QEvent, QSize, Qt, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core.connection_report import ConnectionReport
from core.errors import FailureKind, MusterError
from core.providers import PROVIDER_BY_ID, PROVIDERS
from core.registry import Registry
from gui.connection_panel import Checker
from gui.dialog_fit import ContentScroll, edge_margin
from gui.discard_question import ask_to_discard
from gui.edit_notices import EditNotices
from gui.icons import icon
from gui.notices import Notices
from gui.provider_checks import ProviderChecks
from gui.provider_form import ProviderForm
from gui.provider_forms import BuiltinProviderForm, CustomProviderForm
from gui.provider_states import provider_state, state_icon, state_words
from gui.roll_watch import RollWatch
from gui.saving import Saver
from gui.screen_room import screen_room
from gui.words import isolated, one_line, tr_core
from gui.worker import run_in_worker

Key = tuple[str, str]
NEW: Final[Key] = ("new", "")
"""Stands for the custom provider that is being typed."""


class ProvidersDialog(QDialog):
    """Providers at the left with their state, the chosen one's form at the right. Forms keep what was typed into them.

    `select` is the (provider type, provider ID) to begin with; `NEW` begins a new one.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        engine: Checker | None,
        saver: Saver,
        parent: QWidget | None = None,
        select: Key | None = None,
        checks: ProviderChecks | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("providers_dialog")
        self.setWindowTitle(self.tr("Providers"))
        self._registry = registry
        self._engine = engine
        self._saver = saver
        self.checks = ProviderChecks() if checks is None else checks
        self._forms: dict[Key, ProviderForm] = {}
        self._scrolls: dict[Key, ContentScroll] = {}
        self._keys: list[Key | None] = []
        """What each line of the list stands for; None for headings."""
        self._question: QMessageBox | None = None
        self._removed = QElapsedTimer()
        """Runs since a provider was last removed."""
        self._watch = RollWatch(registry, self._refresh, self)
        self._build()
        self._list_providers()
        first = next(key for key in self._keys if key is not None)
        self.choose(select if select is not None and (select == NEW or select in self._keys) else first)

    @property
    def chosen(self) -> Key | None:
        """The provider whose form shows."""
        row = self.list.currentRow()
        return self._keys[row] if 0 <= row < len(self._keys) else None

    def choose(self, key: Key) -> None:
        """Show that provider's form."""
        if key not in self._keys:
            if key != NEW:
                return
            self._form_of(NEW)
            self._list_providers()
        self.list.setCurrentRow(self._keys.index(key))

    @override
    def reject(self) -> None:
        """Close; asks first if something was typed and not saved."""
        edited = [form.title for form in self._forms.values() if form.is_edited]
        if not edited:
            super().reject()
            return
        names = ", ".join(isolated(name) for name in edited)
        text = self.tr("Discard what you typed for {names}?").format(names=names)
        self._question = ask_to_discard(self, text, self._discard)

    @Slot()
    def _discard(self) -> None:
        super().reject()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        if not event.spontaneous() and not self._watch.is_watching:
            self._watch.start()
            run_in_worker(self, self._registry.credentials.refresh)
        super().showEvent(event)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        if not event.spontaneous():
            self._watch.stop()
            for form in self._forms.values():
                form.panel.cancel()
        super().hideEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and self._keys:
            self._show_states()
        super().changeEvent(event)

    def _build(self) -> None:
        height = self.fontMetrics().height()
        self.list = QListWidget(self)
        self.list.setObjectName("provider_list")
        self.list.setAccessibleName(self.tr("Providers"))
        self.list.setIconSize(QSize(height, height))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        screen = screen_room(self)
        names = max(self.fontMetrics().horizontalAdvance(row.display_name) for row in PROVIDERS if row.runs)
        self.list.setFixedWidth(min(names + height * 4, screen.width() // 3))
        self.add_button = QPushButton(icon("plus"), self.tr("Add Custom &Provider"), self)
        self.add_button.setObjectName("add_provider")
        self.stack = QStackedWidget(self)
        self._notices = Notices(self)
        self._notices.area.setObjectName("provider_notices")
        self._edit_notices = EditNotices(self._notices, self._saver, self)
        self.buttons = QDialogButtonBox(self)
        self.buttons.setContentsMargins(0, 0, edge_margin(self), 0)
        self.close_button = self.buttons.addButton(self.tr("C&lose"), QDialogButtonBox.ButtonRole.RejectRole)
        self.close_button.setObjectName("close")
        left = QVBoxLayout()
        left.addWidget(self.list, 1)
        left.addWidget(self.add_button)
        middle = QHBoxLayout()
        middle.setSpacing(height)
        middle.addLayout(left)
        middle.addWidget(self.stack, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(middle, 1)
        layout.addWidget(self._notices.area)
        layout.addWidget(self.buttons)
        self.setSizeGripEnabled(True)
        width = min(self.fontMetrics().averageCharWidth() * 96 + self.list.width(), screen.width())
        self.resize(width, min(height * 40, screen.height() - 3 * height))
        self.list.currentRowChanged.connect(self._show_form)
        self.add_button.clicked.connect(self._begin_new)
        self.buttons.rejected.connect(self.reject)
        self._saver.failed.connect(self._notices.show_error)

    def _list_providers(self) -> None:
        chosen = self.chosen
        custom = [("custom", provider.name) for provider in self._registry.document.provider_by_name.values()]
        if NEW in self._forms:
            custom.append(NEW)
        builtin = [("builtin", str(row.name)) for row in PROVIDERS if row.runs]
        self.list.blockSignals(True)
        self.list.clear()
        self._keys.clear()
        for heading, keys in ((self.tr("Custom"), custom), (self.tr("Built-in"), builtin)):
            if keys:
                self._add_heading(heading)
            for key in keys:
                item = QListWidgetItem()
                item.setSizeHint(QSize(0, self.fontMetrics().height() * 3 // 2))
                self.list.addItem(item)
                self._keys.append(key)
        if chosen in self._keys:
            self.list.setCurrentRow(self._keys.index(chosen))
        self.list.blockSignals(False)
        self._show_states()

    def _add_heading(self, words: str) -> None:
        item = QListWidgetItem(words)
        item.setSizeHint(QSize(0, self.fontMetrics().height() * 2))
        item.setTextAlignment(Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        font = item.font()
        font.setBold(True)
        item.setFont(font)
        item.setForeground(self.palette().brush(self.list.foregroundRole()))
        self.list.addItem(item)
        self._keys.append(None)

    def _name_of(self, key: Key) -> str:
        if key == NEW:
            form = self._forms.get(NEW)
            typed = one_line(form.name.text(), 80).strip() if isinstance(form, CustomProviderForm) else ""
            return typed or self.tr("New custom provider")
        if key[0] == "builtin":
            return PROVIDER_BY_ID[key[1]].display_name
        return one_line(key[1], 80) if key[1].strip() else self.tr("(no name)")

    def _show_states(self) -> None:
        size, ratio = self.fontMetrics().height(), self.devicePixelRatioF()
        for row, key in enumerate(self._keys):
            item = self.list.item(row)
            if key is None:
                item.setForeground(self.list.palette().text())
                continue
            state = provider_state(self._registry, key, self.checks)
            name, words = self._name_of(key), state_words(state)
            form = self._forms.get(key)
            is_edited = form is not None and form.is_edited
            item.setText(self.tr("{name} (not saved)").format(name=name) if is_edited else name)
            item.setIcon(state_icon(state, self.palette(), size, ratio))
            item.setToolTip(f"{name}: {words}")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{item.text()}, {words}")
            if form is not None:
                form.state_words.setText(self._state_sentence(key, words))
                form.state_mark.setPixmap(
                    state_icon(state, self.palette(), size, ratio).pixmap(QSize(size, size), ratio)
                )

    def _state_sentence(self, key: Key, words: str) -> str:
        for provider in self._registry.all_providers():
            if (provider.provider_type, provider.provider_id) == key and provider.reason:
                return tr_core(provider.reason)
        return words

    def _form_of(self, key: Key) -> ProviderForm:
        if key not in self._forms:
            self._forms[key] = self._make_form(key)
            self._show_states()
        return self._forms[key]

    def _make_form(self, key: Key) -> ProviderForm:
        form: ProviderForm
        if key[0] == "builtin":
            form = BuiltinProviderForm(self._registry, PROVIDER_BY_ID[key[1]], engine=self._engine, parent=self)
        else:
            custom = CustomProviderForm(
                self._registry, None if key == NEW else key[1], saver=self._saver, engine=self._engine, parent=self
            )
            custom.removal_requested.connect(self._remove_chosen)
            custom.renamed.connect(lambda new_key: self._follow_renamed(custom, new_key))
            form = custom
        form.edited.connect(self._show_states)
        form.panel.outdated.connect(lambda: self._forget_check(form))
        form.checked.connect(lambda report: self._note_check(form, report))
        scroll = ContentScroll(form, self)
        scroll.setObjectName("provider_scroll")
        self._scrolls[key] = scroll
        self.stack.addWidget(scroll)
        return form

    @Slot(int)
    def _show_form(self, row: int) -> None:
        key = self._keys[row] if 0 <= row < len(self._keys) else None
        if key is None:
            return
        form = self._form_of(key)
        self.stack.setCurrentWidget(self._scrolls[key])
        form.save_button.setDefault(True)
        # Forms are made when they are first shown; Qt would put them behind Close.
        for before, after in pairwise([self.list, self.add_button, *form.tab_widgets, self.close_button]):
            self.setTabOrder(before, after)

    @Slot()
    def _begin_new(self) -> None:
        self.choose(NEW)
        form = self._form_of(NEW)
        if isinstance(form, CustomProviderForm):
            form.name.setFocus()

    @Slot()
    def _refresh(self) -> None:
        gone = [
            key for key in self._forms if key[0] == "custom" and key[1] not in self._registry.document.provider_by_name
        ]
        for key in gone:
            self._drop_form(key)
        if [key for key in self._keys if key is not None] != self._wanted_keys():
            self._list_providers()
        if self.chosen is None:
            self.choose(next(key for key in self._keys if key is not None))
        for form in self._forms.values():
            form.refresh()
        self._show_states()

    def _wanted_keys(self) -> list[Key]:
        custom = [("custom", provider.name) for provider in self._registry.document.provider_by_name.values()]
        new = [NEW] if NEW in self._forms else []
        return [*custom, *new, *(("builtin", str(row.name)) for row in PROVIDERS if row.runs)]

    def _drop_form(self, key: Key) -> None:
        self._forms.pop(key, None)
        scroll = self._scrolls.pop(key, None)
        if scroll is not None:
            self.stack.removeWidget(scroll)
            scroll.deleteLater()

    def _follow_renamed(self, form: ProviderForm, key: Key) -> None:
        """A form stands for another provider now: it was renamed, or has just been added."""
        old = self._key_of(form)
        if old is None or old == key:
            return
        self._forms = {key if known == old else known: held for known, held in self._forms.items()}
        self._scrolls = {key if known == old else known: held for known, held in self._scrolls.items()}
        self.checks.forget(old)
        self._list_providers()
        self.choose(key)

    @Slot()
    def _remove_chosen(self) -> None:
        key = self.chosen
        # The next provider's button comes to stand under the pointer: a double click must not remove that one too.
        is_second_click = self._removed.isValid() and not self._removed.hasExpired(QApplication.doubleClickInterval())
        if key is None or is_second_click:
            return
        self._removed.start()
        try:
            change = self._registry.plan_remove_provider(key[1])
            self._saver.commit(change)
        except MusterError as error:
            self._notices.show_error(error)
            return
        self._drop_form(key)
        self._refresh()
        text = self.tr("Removed {name}.").format(name=isolated(key[1]))
        self._edit_notices.show(f"{text} {tr_core(change.notice)}".strip())
        self.list.setFocus()

    def _note_check(self, form: ProviderForm, report: ConnectionReport) -> None:
        key = self._key_of(form)
        if key is None or key == NEW:
            return
        address = form.base_url.text().strip() if isinstance(form, CustomProviderForm) else ""
        # One that answers without a list of models may well run them: neither ready nor failed.
        if report.kind is FailureKind.NOT_FOUND and not report.suggested_base_url:
            self.checks.forget(key)
        else:
            self.checks.note(key, address, succeeded=report.ok)
        self._show_states()

    def _forget_check(self, form: ProviderForm) -> None:
        key = self._key_of(form)
        if key is not None:
            self.checks.forget(key)

    def _key_of(self, form: ProviderForm) -> Key | None:
        return next((known for known, held in self._forms.items() if held is form), None)
