"""Takes pictures of exporting: `python -m tests.gui.export_pictures FOLDER`, on an X display or off screen.

Draws the export dialog with a new file, with foreign entries, with something to decide, with a broken file and after
writing; the sync dialog; serving; importing; in both themes.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from core import paths
from core.registry import Registry
from gui.export_dialog import ExportDialog
from gui.scopes import Scope
from gui.sync_dialog import SyncDialog
from gui.theme import ThemeChooser
from tests.gui.evidence_pictures import Photographer
from tests.gui.sample_rolls import everyday_roll, write_roll

_FOREIGN = """\
# my own models
- model_id: old-friend
  model_name: gpt-3.5   # still works
  api_base: http://127.0.0.1:9/v1
"""
_SETTLE_MS = 700


def main(folder: Path) -> None:
    """Draws everything."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ[paths.HOME_VARIABLE] = home
        os.environ["HOME"] = home
        os.environ.setdefault("OPENAI_API_KEY", "made-up")
        app = QApplication(sys.argv[:1])
        photographer = Photographer(folder, ThemeChooser(app))
        path = Path(home) / "settings.yaml"
        write_roll(path, everyday_roll())
        with Registry.open(path) as registry:
            rows = tuple(row for row in registry.document.rows if row.entry is not None)
            scopes = [Scope("Selected (3)", rows[:3]), Scope(f"All models ({len(rows)})", rows)]
            _draw(registry, scopes, photographer, Path(home))


def _draw(registry: Registry, scopes: list[Scope], photographer: Photographer, home: Path) -> None:
    sync = SyncDialog(registry)
    sync.show()
    QTest.qWait(_SETTLE_MS)
    photographer.take("sync-empty", sync)
    sync.reject()
    dialog = ExportDialog(registry, scopes, target="llm")
    dialog.show()
    QTest.qWait(_SETTLE_MS)
    photographer.take("export-new", dialog)
    file = home / "llm" / "extra-openai-models.yaml"
    file.parent.mkdir()
    file.write_text(_FOREIGN, encoding="utf-8")
    dialog.set_path(file)
    QTest.qWait(_SETTLE_MS)
    dialog.plan_view.setCurrentIndex(0)
    photographer.take("export-changes", dialog)
    dialog.plan_view.setCurrentIndex(1)
    photographer.take("export-losses", dialog)
    dialog.write()
    QTest.qWait(_SETTLE_MS)
    dialog.plan_view.setCurrentIndex(0)
    photographer.take("export-written", dialog)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("supports_tools: true", "supports_tools: false"), encoding="utf-8")
    dialog.scope_box.setCurrentIndex(1)
    QTest.qWait(_SETTLE_MS)
    dialog.plan_view.setCurrentIndex(2)
    photographer.take("export-decide", dialog)
    dialog.resize(1, 1)
    photographer.take("export-smallest", dialog)
    file.write_text("- model_id: [", encoding="utf-8")
    dialog.set_path(file)
    QTest.qWait(_SETTLE_MS)
    photographer.take("export-broken", dialog)
    dialog.reject()
    file.write_text(text.replace("supports_tools: true", "supports_tools: false", 1), encoding="utf-8")
    sync = SyncDialog(registry)
    sync.show()
    QTest.qWait(_SETTLE_MS)
    sync.plan_view.setCurrentIndex(2)
    photographer.take("sync", sync)
    sync.reject()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
