"""Serving models to others: writes LiteLLM Proxy's file, and shows the command and a client."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFormLayout, QVBoxLayout, QWidget
from typing_extensions import override

from core.exporting import ExportPlan, ExportReport
from core.registry import Registry
from core.serving import serving_of
from gui.code_view import CodeView
from gui.empty_state import EmptyState
from gui.icons import icon
from gui.scopes import Scope
from gui.target_dialog import TargetDialog
from gui.wrapped_label import WrappedLabel

_SIZE_LINES = (64, 42)


class ServeDialog(TargetDialog):
    """One file, one command, one snippet."""

    def __init__(self, registry: Registry, scopes: Sequence[Scope], parent: QWidget | None = None) -> None:
        super().__init__("serve", registry, scopes, size_lines=_SIZE_LINES, parent=parent)
        self.setWindowTitle(self.tr("Serve with LiteLLM Proxy"))
        self._build()
        self.scope_box.setCurrentIndex(len(self._scopes) - 1)
        if self._scopes:
            self.begin_anew()
        else:
            self._show_nothing()

    def _build(self) -> None:
        height = self.fontMetrics().height()
        self.command = CodeView("serve_command", self.tr("&Start it with"), lines=4)
        self.client = CodeView("serve_client", self.tr("&Use it with"), lines=5)
        self.hint = WrappedLabel("serve_hint")
        self.hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        running = QWidget()
        page = QVBoxLayout(running)
        page.setContentsMargins(0, height // 2, 0, 0)
        page.setSpacing(height // 2)
        page.addWidget(self.command)
        page.addWidget(self.hint)
        page.addWidget(self.key_label)
        page.addWidget(self.client, 1)
        self.plan_view.insertTab(0, running, icon("server"), self.tr("Start and use"))
        self.plan_view.setCurrentIndex(0)
        self.panel = QWidget()
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.scope_label, self.scope_box)
        form.addRow(self.tr("File"), self.place)
        body = QVBoxLayout(self.panel)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(height // 2)
        body.addLayout(form)
        body.addWidget(self.error_box)
        body.addWidget(self.plan_view, 1)
        body.addStretch()
        body.addWidget(self.summary)
        text = self.tr("There is no model on the roll to serve. Add one first.")
        self.nothing = EmptyState("serve_nothing", "server", "", text)
        self.nothing.hide()
        layout = QVBoxLayout(self)
        layout.setSpacing(height // 2)
        layout.addWidget(self.panel, 1)
        layout.addWidget(self.nothing, 1)
        layout.addLayout(self.button_row([self.open_button], [self.write_button]))

    def _show_nothing(self) -> None:
        self.panel.hide()
        self.write_button.hide()
        self.nothing.show()
        self.close_button.setDefault(True)

    @property
    @override
    def target(self) -> str:
        return "litellm"

    @Slot(object, object)
    @override
    def show_plan(self, plan: ExportPlan, report: ExportReport) -> None:
        super().show_plan(plan, report)
        serving = serving_of(plan)
        self.command.show_code("\n".join(serving.lines))
        self.client.show_code(serving.client)
        if serving.has_key_in_file:
            text = self.tr("The proxy’s own key stands in the file. Clients send it: give it to them as {variable}.")
        else:
            text = self.tr(
                "The proxy has a key of its own, {variable}, and does not start without it. Keep it: clients send it."
            )
        self.hint.setText(text.replace("{variable}", serving.master_key))
