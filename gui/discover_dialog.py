"""What a provider offers beside what is on the roll; adds many models at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from core.document import Document
from core.entry import UserModelEntry
from core.errors import MusterError
from core.evidence import Evidence, FieldOrigin
from core.fields import OVERRIDABLE
from core.offered_models import OfferedModel, compare_offers
from core.offers import OfferedProvider
from core.registry import Registry
from gui.buttons import push_button
from gui.edit_notices import EditNotices
from gui.measuring_jobs import Asker, PreparedJob, discover_job
from gui.notices import Notices
from gui.offer_panel import OfferPanel
from gui.offer_table import OfferState
from gui.provider_choice import ProviderChoice
from gui.saving import Saver
from gui.server_finder import ServerFinder
from gui.tick_outlines import TickOutline
from gui.verdict_words import count_words
from gui.words import count_models, isolated, tr_core
from gui.work_dialog import WorkDialog

if TYPE_CHECKING:
    from gui.evidence_store import EvidenceStore

_SIZE_LINES = (58, 38)


class DiscoverDialog(WorkDialog):
    """Lists what the chosen provider offers. `added` brings the keys of the rows that were added.

    `providers_wanted` asks for the Providers dialog.
    """

    added = Signal(list)
    providers_wanted = Signal()

    def __init__(
        self,
        registry: Registry,
        saver: Saver,
        engine: Asker,
        *,
        evidence: EvidenceStore | None = None,
        chosen: tuple[str, str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("discover", size_lines=_SIZE_LINES, parent=parent)
        self.setWindowTitle(self.tr("Discover Models"))
        self._registry = registry
        self._saver = saver
        self._engine = engine
        self._evidence = evidence
        self._job: PreparedJob | None = None
        self._provider: OfferedProvider | None = None
        self._listed: tuple[OfferedModel, ...] | None = None
        self._last_seen: tuple[str, ...] | None = None
        self._build()
        self._connect()
        self._offer_providers(chosen)

    # -------------------------------------------------------------------------------------------------------- layout

    def _build(self) -> None:
        height = self.fontMetrics().height()
        self.provider = ProviderChoice(self)
        self.list_button = push_button("list_models", self.tr("&List Again"), "refresh", self)
        self.finder = ServerFinder(self._registry, self._saver, self._engine, self)
        label = QLabel(self.tr("&Provider"), self)
        label.setBuddy(self.provider.combo)
        top = QHBoxLayout()
        top.setSpacing(height // 2)
        top.addWidget(label)
        top.addWidget(self.provider, 1)
        top.addWidget(self.list_button)
        top.addWidget(self.finder.button)
        self.panel = OfferPanel(self)
        self.notices = Notices(self)
        self._edit_notices = EditNotices(self.notices, self._saver, self)
        self.declared_box = QCheckBox(self.tr("Use what the provider &declares as settings"), self)
        self.declared_box.setObjectName("use_declared")
        self.declared_box.setToolTip(self.tr("Writes what is declared into the new models. Declared is not measured."))
        self._ticks = TickOutline(self.declared_box)
        self.count_label = QLabel(self)
        self.count_label.setObjectName("offer_counts")
        self.count_label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.add_button = push_button("add_offers", self.tr("&Add Models"), "plus", self)
        self.add_button.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setSpacing(height // 2)
        layout.addLayout(top)
        layout.addWidget(self.finder)
        layout.addWidget(self.panel, 1)
        layout.addWidget(self.notices.area)
        layout.addLayout(self.button_row([self.declared_box], [self.count_label, self.add_button]))

    def _connect(self) -> None:
        self._saver.document_changed.connect(self._take_document)
        self.provider.changed.connect(self.list_models)
        self.provider.providers_requested.connect(self.providers_wanted)
        self.list_button.clicked.connect(self.list_models)
        self.panel.cancel_wanted.connect(self._cancel)
        self.panel.again_wanted.connect(self.list_models)
        self.panel.providers_wanted.connect(self.providers_wanted)
        self.panel.ticked.connect(self._show_counts)
        self.finder.added.connect(self._choose_custom)
        self.finder.failed.connect(self.notices.show_error)
        self.add_button.clicked.connect(self.add_chosen)

    # ------------------------------------------------------------------------------------------------------- listing

    def _offer_providers(self, chosen: tuple[str, str] | None) -> None:
        self.provider.offer(self._registry.available_providers(wait=False), chosen=chosen)
        self.list_button.setEnabled(self.provider.chosen is not None)
        self._show_counts()

    @Slot(str)
    def _choose_custom(self, name: str) -> None:
        self._offer_providers(("custom", name))

    @Slot()
    def list_models(self) -> None:
        """Asks the chosen provider what it offers."""
        self._cancel()
        provider = self.provider.chosen
        self.list_button.setEnabled(provider is not None)
        if provider != self._provider:
            self.panel.forget()
            self._listed, self._last_seen = None, None
        self._provider = provider
        if provider is None:
            self.panel.show_hint()
            return
        job = discover_job(self._engine, self._registry, provider.provider_type, provider.provider_id, parent=self)
        self._job = job
        job.succeeded.connect(partial(self._take_models, job))
        job.failed.connect(partial(self._fail, job))
        job.finished.connect(job.deleteLater)
        self.panel.show_waiting(self.tr("Asking {name}…").format(name=isolated(provider.display_name)))
        self._show_counts()
        job.start()

    def _take_models(self, job: PreparedJob, models: tuple[OfferedModel, ...]) -> None:
        provider = self._provider
        if job is not self._job or provider is None:
            return
        self._job, self._listed = None, models
        if self._evidence is not None:
            exchange = partial(_exchange_listing, (provider.provider_type, provider.provider_id), models)
            self._evidence.use(exchange, self, partial(self._take_last_seen, models))
            offered = {model.model_id: model for model in models}
            here = (entry for entry in self._registry.entries() if entry.provider_type == provider.provider_type)
            entries = [entry for entry in here if entry.provider_id == provider.provider_id]
            seen = [(entry, offered[entry.model_id]) for entry in entries if entry.model_id in offered]
            self._evidence.keep_seen(self._registry, seen)
        self._compare()

    def _take_last_seen(self, models: tuple[OfferedModel, ...], model_ids: tuple[str, ...] | None) -> None:
        if models is self._listed:
            self._last_seen = model_ids
            self._compare()

    def _fail(self, job: PreparedJob, error: MusterError) -> None:
        if job is self._job:
            self._job = None
            self.panel.show_error(error)
            self._show_counts()

    @Slot()
    def _cancel(self) -> None:
        job, self._job = self._job, None
        if job is None:
            return
        job.cancel()
        if self._listed is not None:
            self._compare()
        else:
            self.panel.show_hint()
            self._show_counts()

    def _compare(self) -> None:
        if self._provider is None or self._listed is None:
            return
        self.panel.show_comparison(
            compare_offers(
                self._registry,
                self._provider.provider_id,
                self._listed,
                self._last_seen,
                provider_type=self._provider.provider_type,
            )
        )
        self._show_counts()

    @Slot(object)
    def _take_document(self, _document: Document) -> None:
        self._offer_again()
        self._compare()

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            # A key may have been set up in the Providers dialog.
            self._offer_again()
        super().changeEvent(event)

    def _offer_again(self) -> None:
        chosen = self.provider.chosen
        self._offer_providers(None if chosen is None else (chosen.provider_type, chosen.provider_id))

    # -------------------------------------------------------------------------------------------------------- adding

    @Slot()
    def add_chosen(self) -> None:
        """Adds what is ticked, in one edit that one undo takes back."""
        provider, chosen = self._provider, self.panel.model.chosen
        if provider is None or not chosen:
            return
        uses_declared = self.declared_box.isChecked()
        entries = [
            UserModelEntry(
                provider_type="custom" if provider.provider_type == "custom" else "builtin",
                provider_id=provider.provider_id,
                model_id=offer.model_id,
                overrides=_declared_overrides(offer.model) if uses_declared and offer.model is not None else None,
            )
            for offer in chosen
        ]
        try:
            change = self._registry.plan_add_many(entries)
            self._saver.commit(change)
        except MusterError as error:
            self.notices.show_error(error)
            return
        if self._evidence is not None and uses_declared:
            self._evidence.use(partial(_note_declared, change.entries), self)
        self.panel.model.clear_ticks()
        self.added.emit([entry.id for entry in change.entries if entry.id])
        text = self.tr("Added {models}.").format(models=count_models(len(entries)))
        self._edit_notices.show(f"{text} {tr_core(change.notice)}".strip())

    @Slot()
    def _show_counts(self) -> None:
        model = self.panel.model
        count = len(model.chosen)
        can_write = self._registry.read_only_reason is None
        self.add_button.setEnabled(count > 0 and can_write)
        self.add_button.setText(
            count_words(count, self.tr("&Add 1 Model"), self.tr("&Add {count} Models"))
            if count
            else self.tr("&Add Models")
        )
        self.declared_box.setEnabled(can_write and model.count(OfferState.NEW) > 0)
        words = "" if can_write else tr_core(self._registry.read_only_reason or "")
        if can_write and self._listed is not None and self.panel.is_list_shown:
            words = self.tr("{new} new, {registered} registered, {gone} gone").format(
                new=model.count(OfferState.NEW),
                registered=model.count(OfferState.REGISTERED),
                gone=model.count(OfferState.GONE),
            )
        self.count_label.setText(words)

    @property
    @override
    def is_working(self) -> bool:
        return self._job is not None or self.finder.is_looking

    @override
    def give_up(self) -> None:
        self._cancel()
        self.finder.stop()


def _exchange_listing(
    provider: tuple[str, str], models: tuple[OfferedModel, ...], evidence: Evidence
) -> tuple[str, ...] | None:
    """What the provider listed before; from now on it is what it lists now."""
    before = evidence.last_seen(*provider)
    evidence.note_listing(*provider, [model.model_id for model in models])
    return before


def _note_declared(entries: tuple[UserModelEntry, ...], evidence: Evidence) -> None:
    for entry in entries:
        if entry.id is not None and entry.overrides:
            origins = dict.fromkeys(entry.overrides, FieldOrigin.DECLARED)
            evidence.record_origins(entry.id, origins, overrides=entry.overrides)


def _declared_overrides(model: OfferedModel) -> dict[str, object] | None:
    return {name: value for name, value in model.declared.items() if name in OVERRIDABLE} or None
