"""Takes pictures of exports and imports: `python -m tests.gui.export_pictures FOLDER [NAME …]`.

Draws each dialog in every state, in both themes, with files of its own below a throw-away home. On an X display the
pictures show the screen. A name limits it to the states that begin so.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication, QMenu, QWidget

from core import paths
from core.registry import Registry
from gui.export_dialog import ExportDialog
from gui.import_dialog import ImportDialog
from gui.main_window import MainWindow
from gui.saving import Saver
from gui.scopes import Scope
from gui.serve_dialog import ServeDialog
from gui.share_dialog import ShareDialog
from gui.sync_dialog import SyncDialog
from gui.target_dialog import TargetDialog
from gui.theme import Theme, ThemeChooser
from gui.window_state import WindowState
from tests.gui.evidence_pictures import Photographer
from tests.gui.sample_rolls import everyday_roll, write_roll
from tests.window_driver import let_run, wait_until

_FOREIGN = """\
# my own models
- model_id: old-friend
  model_name: gpt-3.5   # still works
  api_base: http://127.0.0.1:9/v1
- model_id: DeepSeek R1
  model_name: r1
  api_base: http://127.0.0.1:9/v1
"""
_CURL = """curl https://api.example.org/v1/chat/completions -H "Authorization: Bearer $EXAMPLE_API_KEY" \\
  -d '{"model": "example-large", "reasoning_effort": "low", "messages": []}'"""
_REDIRECTS = """{"format": "muster-roll", "version": 1,
 "providers": [{"name": "Workstation", "base_url": "https://somewhere-else.example/v1"},
               {"name": "Office vLLM", "base_url": "https://models.partner.example/v1"}],
 "models": [{"provider_type": "custom", "provider_id": "Workstation", "model_id": "qwen3-coder-30b"},
            {"provider_type": "custom", "provider_id": "Office vLLM", "model_id": "acme/contracts-lora-v8",
             "overrides": {"supports_vision": true}}]}"""
SMALLEST = (980, 600)


class Studio:
    """Poses dialogs on one roll, and takes those pictures that are wanted."""

    def __init__(self, photographer: Photographer, registry: Registry, home: Path, wanted: tuple[str, ...]) -> None:
        self.photographer = photographer
        self.registry = registry
        self.saver = Saver(registry)
        self.home = home
        self._wanted = wanted
        rows = tuple(row for row in registry.document.rows if row.entry is not None)
        self.scopes = [Scope("Selected (3)", rows[:3]), Scope(f"All models ({len(rows)})", rows)]

    def take(self, name: str, widget: QWidget) -> None:
        """The picture, where it is wanted."""
        if not self._wanted or name.startswith(self._wanted):
            self.photographer.take(name, widget)

    def planned(self, dialog: TargetDialog) -> TargetDialog:
        """The dialog, shown, once it has its plan or says why it has none."""
        if not dialog.isVisible():
            dialog.show()
        wait_until(lambda: not dialog.plan_view.is_waiting or bool(dialog.error_box.text), "the plan is there", 30)
        settled(lambda: dialog.plan_view.diff.is_settled and bool(dialog.planner.plan or dialog.error_box.text))
        return dialog


def settled(is_so: Callable[[], bool]) -> None:
    """Waits for that, and lets the window draw."""
    let_run(60)
    wait_until(is_so, "it is settled", 30)
    let_run(60)


def main(arguments: list[str]) -> None:
    """Draws everything that is wanted."""
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        os.environ[paths.HOME_VARIABLE] = str(home / "muster")
        os.environ["HOME"] = str(home)
        os.environ.pop("XDG_CONFIG_HOME", None)
        os.environ["OPENAI_API_KEY"] = "made-up"
        app = QApplication(sys.argv[:1])
        themes = ThemeChooser(app)
        photographer = Photographer(folder, themes)
        path = home / "settings.yaml"
        write_roll(path, everyday_roll())
        with Registry.open(path) as registry:
            studio = Studio(photographer, registry, home, tuple(arguments[1:]))
            for draw in (_sync_empty, _export, _sync, _remove, _serve, _import, _share, _window):
                draw(studio)
        with Registry.open(home / "empty.yaml") as nothing:
            empty = Studio(photographer, nothing, home, tuple(arguments[1:]))
            for name, dialog in (
                ("export-no-models", ExportDialog(nothing, [])),
                ("serve-no-models", ServeDialog(nothing, [])),
            ):
                dialog.show()
                let_run(100)
                empty.take(name, dialog)
                dialog.reject()
        themes.choose(Theme.SYSTEM)


def _sync_empty(studio: Studio) -> None:
    dialog = SyncDialog(studio.registry)
    dialog.show()
    studio.take("sync-wait", dialog)
    settled(dialog.empty.isVisible)
    studio.take("sync-empty", dialog)
    dialog.reject()
    removal = ExportDialog(studio.registry, studio.scopes, removes=True)
    removal.show()
    settled(removal.nothing.isVisible)
    studio.take("remove-empty", removal)
    removal.reject()


def _export(studio: Studio) -> None:
    file = studio.home / ".config" / "io.datasette.llm" / "extra-openai-models.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(_FOREIGN, encoding="utf-8")
    dialog = ExportDialog(studio.registry, studio.scopes, target="llm")
    dialog.show()
    studio.take("export-wait", dialog)
    studio.planned(dialog)
    studio.take("export-changes", dialog)
    dialog.plan_view.show_losses()
    studio.take("export-losses", dialog)
    dialog.plan_view.show_conflicts()
    studio.take("export-decide", dialog)
    dialog.plan_view.show_changes()
    dialog.write()
    settled(lambda: dialog.open_button.isVisible() and dialog.planner.plan is not None)
    studio.take("export-written", dialog)
    dialog.resize(*SMALLEST)
    studio.take("export-small", dialog)
    dialog.resize(1, 1)
    let_run(100)
    studio.take("export-smallest", dialog)
    text = file.read_text(encoding="utf-8")
    file.write_text("- model_id: [", encoding="utf-8")
    dialog.resize(980, 600)
    dialog.begin_anew()
    settled(lambda: bool(dialog.error_box.text))
    studio.take("export-broken", dialog)
    file.write_text(text, encoding="utf-8")
    dialog.scope_box.setCurrentIndex(1)
    for row, (name, _) in enumerate(dialog.target_list.places):
        dialog.target_list.setCurrentRow(row)
        studio.planned(dialog)
        studio.take(f"export-all-{name}", dialog)
        dialog.plan_view.show_losses()
        studio.take(f"export-all-{name}-losses", dialog)
        dialog.plan_view.show_changes()
        if name in ("goose", "continue"):
            dialog.write()
            settled(lambda: dialog.open_button.isVisible() and dialog.planner.plan is not None)
    dialog.reject()
    edited = text.replace("supports_tools: true", "supports_tools: false", 1)
    file.write_text(edited, encoding="utf-8")


def _sync(studio: Studio) -> None:
    entry = studio.registry.entries()[0]
    studio.registry.replace(
        entry.id or "", entry.with_changes(overrides={**(entry.overrides or {}), "supports_vision": False})
    )
    (studio.home / ".continue" / "config.yaml").write_text("models: {", encoding="utf-8")
    dialog = SyncDialog(studio.registry)
    dialog.show()
    settled(lambda: dialog.place_list.count() > 0)
    studio.take("sync", dialog)
    for row in range(dialog.place_list.count()):
        dialog.place_list.setCurrentRow(row)
        settled(lambda: dialog.plan_view.diff.is_settled)
        studio.take(f"sync-{dialog.place_list.places[row][0]}", dialog)
    dialog.resize(1, 1)
    let_run(100)
    studio.take("sync-smallest", dialog)
    dialog.resize(*SMALLEST)
    if dialog.write_button.isEnabled():
        dialog.write()
        settled(lambda: not dialog.is_working and dialog.summary.text().startswith("Written"))
        studio.take("sync-written", dialog)
    dialog.reject()


def _remove(studio: Studio) -> None:
    dialog = ExportDialog(studio.registry, studio.scopes, removes=True)
    studio.planned(dialog)
    studio.take("remove", dialog)
    dialog.scope_box.setCurrentIndex(1)
    dialog.target_list.setCurrentRow(dialog.target_list.count() - 1)
    studio.planned(dialog)
    dialog.write()
    settled(lambda: dialog.open_button.isVisible() and dialog.planner.plan is not None)
    studio.take("remove-done", dialog)
    dialog.reject()


def _serve(studio: Studio) -> None:
    dialog = ServeDialog(studio.registry, studio.scopes)
    studio.planned(dialog)
    studio.take("serve", dialog)
    dialog.resize(1, 1)
    let_run(100)
    studio.take("serve-smallest", dialog)
    dialog.resize(980, 600)
    dialog.write()
    settled(lambda: dialog.open_button.isVisible() and dialog.planner.plan is not None)
    studio.take("serve-written", dialog)
    dialog.reject()


def _import(studio: Studio) -> None:
    dialog = ImportDialog(studio.registry, studio.saver)
    dialog.show()
    let_run(200)
    studio.take("import-hint", dialog)
    file = studio.home / ".config" / "io.datasette.llm" / "extra-openai-models.yaml"
    dialog.open_path(file)
    settled(dialog.import_button.isEnabled)
    studio.take("import-file", dialog)
    dialog.paste(_CURL)
    settled(dialog.import_button.isEnabled)
    studio.take("import-curl", dialog)
    dialog.paste(_REDIRECTS)
    settled(dialog.plan_view.redirect_box.isVisible)
    studio.take("import-redirects", dialog)
    dialog.resize(1, 1)
    let_run(100)
    studio.take("import-smallest", dialog)
    dialog.resize(980, 600)
    dialog.paste("hello: [")
    settled(lambda: bool(dialog.error_box.text))
    studio.take("import-error", dialog)
    dialog.sources.button(2).click()
    settled(lambda: dialog.pages.currentWidget() is dialog.plan_view)
    studio.take("import-environment", dialog)
    kiln = studio.home / "kiln.yaml"
    write_roll(kiln, everyday_roll())
    kiln.write_text(kiln.read_text(encoding="utf-8").replace("supports_vision: true", "supports_vision: false"))
    dialog.open_path(kiln)
    settled(lambda: dialog.pages.currentWidget() is dialog.plan_view)
    studio.take("import-changes", dialog)
    dialog.reject()


def _share(studio: Studio) -> None:
    dialog = ShareDialog(3)
    dialog.show()
    let_run(100)
    studio.take("share", dialog)
    dialog.reject()


def _window(studio: Studio) -> None:
    window = MainWindow(studio.registry, ThemeChooser(QApplication.instance()), WindowState())  # type: ignore[arg-type]
    for size in ((1280, 720), (1000, 640)):
        window.resize(*size)
        window.show()
        window.details.tabs.setCurrentWidget(window.use_tab)
        for row, name in ((2, "custom"), (0, "builtin"), (25, "problem"), (27, "legacy")):
            window.table.select_keys([window.table_model.item(row).key])
            let_run(500)
            studio.take(f"use-{size[0]}-{name}", window)
    window.table.selectAll()
    let_run(200)
    studio.take("use-several", window)
    menu = window.findChild(QMenu, "tools_menu") or window.menuBar().findChildren(QMenu)[3]
    window.menuBar().setActiveAction(window.menuBar().actions()[3])
    let_run(100)
    studio.take("tools-menu", menu)
    menu.close()
    window.release()
    window.close()


if __name__ == "__main__":
    main(sys.argv[1:])
