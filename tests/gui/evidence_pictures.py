"""Takes pictures of evidence: `python -m tests.gui.evidence_pictures FOLDER`, on an X display or off screen.

Draws the model dialog before, while and after measuring a real small model, on an error and with suggestions, a
receipt, the evidence panel with a conflict and a flip, and both with settings that were imported; in both themes.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from core import paths
from core.evidence import Evidence
from core.fingerprint import Fingerprint
from core.registry import Registry
from core.verdicts import Outcome
from gui.engine_host import EngineHost, EngineState
from gui.evidence_panel import EvidencePanel
from gui.measuring_pane import PaneState
from gui.model_dialog import ModelDialog
from gui.roll_items import roll_items
from gui.saving import Saver
from gui.theme import Theme, ThemeChooser
from tests.gui.measurements import EARLIER, report, verdict
from tests.rolls import write_roll
from tests.servers.llama import LlamaServer
from tests.servers.llama_kinds import LlamaKind, options_of
from tests.window_driver import let_run

_PATIENCE_MS = 120_000


class Photographer:
    """Draws widgets into a folder, each name once for each theme."""

    def __init__(self, folder: Path, themes: ThemeChooser) -> None:
        self._folder = folder
        self._themes = themes

    def take(self, name: str, widget: QWidget) -> None:
        """The widget; on an X display the whole screen, as a person sees it."""
        for theme in (Theme.DARK, Theme.LIGHT):
            self._themes.choose(theme)
            let_run(250)
            on_screen = QGuiApplication.platformName() == "xcb"
            picture = QGuiApplication.primaryScreen().grabWindow(0) if on_screen else widget.grab()
            picture.save(str(self._folder / f"{name}-{theme}.png"))


def main(folder: Path) -> None:
    """Draws everything."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, LlamaServer(options_of(LlamaKind.PLAIN)) as server:
        os.environ[paths.HOME_VARIABLE] = home
        app = QApplication(sys.argv[:1])
        photographer = Photographer(folder, ThemeChooser(app))
        engine = EngineHost()
        engine.start()
        _wait(lambda: engine.state is EngineState.READY)
        registry = _roll(Path(home) / "settings.yaml", server)
        _draw_panel(registry, engine, photographer)
        _draw_dialog(registry, engine, photographer)
        _draw_error(registry, engine, photographer)
        _draw_suggestions(registry, engine, photographer)
        _draw_imported(registry, engine, photographer)
        engine.stop()
        registry.close()


def _roll(path: Path, server: LlamaServer) -> Registry:
    def entry(number: int, model_id: str, name: str, **overrides: Any) -> dict[str, Any]:
        ids = {"id": f"id-{number}", "provider_type": "custom", "provider_id": "Laptop", "model_id": model_id}
        return {**ids, "name": name, "overrides": overrides or None}

    rows = [
        entry(1, server.model, "SmolLM2 135M", supports_vision=True),
        entry(2, server.model, "SmolLM2, broken", parser="from the future"),
        entry(3, "deepseek-r1-distill-qwen-7b", "DeepSeek R1 7B"),
        entry(4, "gemma-3-27b-it", "Gemma 3 27B", supports_vision=True, supports_logprobs=True),
        entry(5, "gemma-3-12b-it", "Gemma 3 12B", supports_vision=True, supports_logprobs=True, parser="r1_thinking"),
        entry(6, "gemma-3-4b-it", "Gemma 3 4B", supports_vision=True, supports_function_calling=True),
    ]
    providers = [{"name": "Laptop", "base_url": server.base_url}]
    registry = Registry.open(write_roll(path, user_model_registry=rows, openai_compatible_providers=providers))
    registry.credentials.refresh()
    now = Fingerprint(base_url=server.base_url, model="gemma-3-27b-it", build="b6812", chat_template="94ab12cd")
    had_none = verdict(Outcome.NO, False, "No log probabilities came.", "logprobs", at=EARLIER)
    with Evidence.open() as evidence:
        for one in (report(EARLIER, supports_logprobs=had_none), report()):
            evidence.add_report("id-4", replace(one, fingerprint=now.to_text()))
        evidence.record_origins("id-4", {"supports_logprobs": "measured"}, overrides={"supports_logprobs": True})
        evidence.add_report("id-5", report())
        brought = {"id-5": {"supports_vision": True, "supports_logprobs": True, "parser": "r1_thinking"}}
        brought["id-6"] = {"supports_vision": True, "supports_function_calling": True}
        evidence.note_imported(brought, "llm, ~/.config/io.datasette.llm/extra-openai-models.yaml")
    return registry


def _draw_panel(registry: Registry, engine: EngineHost, photographer: Photographer) -> None:
    saver = Saver(registry)
    panel = EvidencePanel(registry, saver, lambda: engine)
    panel.resize(360, 720)
    panel.show_item(roll_items(registry.document)[3])
    panel.show()
    _wait(lambda: bool(panel.rows))
    photographer.take("evidence", panel)
    panel.show_receipt("supports_logprobs")
    receipt = panel.receipt
    if receipt is not None:
        photographer.take("receipt-flipped", receipt)
        receipt.reject()
    panel.close()
    saver.close()


def _open_dialog(registry: Registry, engine: EngineHost, number: int) -> ModelDialog:
    entry = registry.entries()[number]
    dialog = ModelDialog(registry, entry=entry, replacing=entry.id, engine=engine)
    dialog.open()
    let_run(300)
    return dialog


def _draw_dialog(registry: Registry, engine: EngineHost, photographer: Photographer) -> None:
    dialog = _open_dialog(registry, engine, 0)
    pane = dialog.measuring.pane
    dialog.measuring.measure_button.click()
    photographer.take("dialog-asking", dialog)
    pane.start_button.click()
    _wait(lambda: pane.bar.maximum() > 0 and pane.bar.value() > 2)
    photographer.take("dialog-measuring", dialog)
    _wait(lambda: pane.state is PaneState.DONE)
    photographer.take("dialog-measured", dialog)
    dialog.form.overrides.rows["supports_vision"].evidence.mark.click()
    receipt = dialog.measuring.receipt
    if receipt is not None:
        photographer.take("receipt", receipt)
        receipt.reject()
    pane.use_button.click()
    photographer.take("dialog-used", dialog)
    dialog.hide()


def _draw_error(registry: Registry, engine: EngineHost, photographer: Photographer) -> None:
    dialog = _open_dialog(registry, engine, 1)
    dialog.measuring.measure_button.click()
    dialog.measuring.pane.start_button.click()
    _wait(lambda: dialog.measuring.pane.state is PaneState.FAILED)
    photographer.take("dialog-error", dialog)
    dialog.hide()


def _draw_suggestions(registry: Registry, engine: EngineHost, photographer: Photographer) -> None:
    dialog = _open_dialog(registry, engine, 2)
    dialog.measuring.suggest_button.click()
    _wait(lambda: dialog.measuring.pane.state is PaneState.DONE)
    photographer.take("dialog-suggestions", dialog)
    dialog.hide()


def _draw_imported(registry: Registry, engine: EngineHost, photographer: Photographer) -> None:
    dialog = _open_dialog(registry, engine, 4)
    _wait(lambda: dialog.form.overrides.rows["supports_logprobs"].mark.text == "Imported, confirmed")
    dialog.form.advanced.set_open(True)
    let_run(200)
    dialog.setGeometry(20, 20, dialog.minimumSizeHint().width(), 600)
    photographer.take("dialog-imported", dialog)
    dialog.hide()
    saver = Saver(registry)
    panel = EvidencePanel(registry, saver, lambda: engine)
    panel.resize(300, 560)
    panel.show()
    for number, name in ((4, "evidence-imported"), (5, "evidence-imported-unmeasured")):
        panel.show_item(roll_items(registry.document)[number])
        _wait(lambda: bool(panel.rows))
        photographer.take(name, panel)
    panel.close()
    saver.close()


def _wait(is_so: Callable[[], bool]) -> None:
    waited_ms = 0
    while not is_so():
        let_run(50)
        waited_ms += 50
        if waited_ms > _PATIENCE_MS:
            raise TimeoutError


if __name__ == "__main__":
    main(Path(sys.argv[1]))
