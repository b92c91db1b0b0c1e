"""The pictures of measuring in the docs, from real dialogs: `python -m tests.demo.measuring_pictures FOLDER`.

Measuring and ranking ask real servers on loopback, two of them with a real model. `--dark` takes them in the dark.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QWidget

from tests.demo.virtual_screen import VirtualScreen
from tests.rolls import open_roll, write_roll
from tests.servers.capable import Ability, CapableServer
from tests.servers.declaring import DeclaringServer
from tests.servers.llama import LlamaServer
from tests.servers.llama_kinds import LlamaKind, options_of
from tests.servers.misbehaving import MisbehavingServer
from tests.servers.misbehaviours import Misbehaviour

PROJECT = Path(__file__).resolve().parents[2]
SIZE = (1160, 690)
PROMPT = "Judge this review: The kettle looks lovely and boils fast, but its lid broke within a week."
SCHEMA = """{
  "type": "object",
  "properties": {
    "sentiment": {"enum": ["good", "bad", "mixed"]},
    "stars": {"type": "integer"}
  },
  "required": ["sentiment", "stars"]
}"""
OFFERED = (
    ("anthropic/claude-sonnet-5", 1_000_000, "tools reasoning structured_outputs", "image"),
    ("deepseek/deepseek-r1-0528", 163_840, "tools reasoning structured_outputs", ""),
    ("deepseek/deepseek-v3.2", 163_840, "tools reasoning structured_outputs logprobs", ""),
    ("google/gemini-3-flash", 1_048_576, "tools reasoning structured_outputs", "image file"),
    ("google/gemma-3-27b-it", 131_072, "tools structured_outputs", "image"),
    ("meta-llama/llama-4-maverick", 1_048_576, "tools structured_outputs", "image"),
    ("mistralai/mistral-medium-3.1", 131_072, "tools structured_outputs", "image"),
    ("moonshotai/kimi-k2", 262_144, "tools structured_outputs logprobs", ""),
    ("nvidia/nemotron-nano-9b-v2", 131_072, "tools reasoning", ""),
    ("openai/gpt-5.1", 400_000, "tools reasoning structured_outputs", "image file"),
    ("openai/gpt-oss-120b", 131_072, "tools reasoning structured_outputs logprobs", ""),
    ("openai/gpt-oss-20b", 131_072, "tools reasoning structured_outputs", ""),
    ("qwen/qwen3-coder", 262_144, "tools structured_outputs logprobs", ""),
    ("qwen/qwen3-vl-30b-a3b", 262_144, "tools structured_outputs", "image"),
    ("x-ai/grok-4-fast", 2_000_000, "tools reasoning structured_outputs logprobs", "image"),
    ("z-ai/glm-4.6", 204_800, "tools reasoning", ""),
)


def _offered(model_id: str, context: int, parameters: str, inputs: str) -> dict[str, object]:
    return {
        "id": model_id,
        "context_length": context,
        "architecture": {"input_modalities": ["text", *inputs.split()]},
        "supported_parameters": ["temperature", *parameters.split()],
    }


def _keep(widget: QWidget, target: Path) -> None:
    from tests.window_driver import let_run

    let_run(700)
    widget.grab().save(str(target))
    with Image.open(target) as taken:
        small = taken.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(target, optimize=True)
    print(target)


def pose(folder: Path, home: Path, *, dark: bool) -> int:
    """Opens each dialog, lets it do its work, and keeps its picture."""
    from core.evidence import Evidence
    from gui.application import make_application
    from gui.discover_dialog import DiscoverDialog
    from gui.engine_host import EngineHost
    from gui.evidence_store import program_evidence
    from gui.main_window import MainWindow
    from gui.measure_dialog import MeasureDialog
    from gui.measuring_pane import PaneState
    from gui.mode_ranking_dialog import ModeRankingDialog
    from gui.model_dialog import ModelDialog
    from gui.saving import Saver
    from gui.scopes import Scope
    from gui.theme import Theme, ThemeChooser
    from gui.window_state import WindowState
    from tests.window_driver import wait_until

    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))
    app = make_application()
    themes = ThemeChooser(app, Theme.DARK if dark else Theme.LIGHT)
    with ExitStack() as stack:
        plain = stack.enter_context(LlamaServer(options_of(LlamaKind.PLAIN)))
        calling = stack.enter_context(LlamaServer(options_of(LlamaKind.TOOLS_CALLED)))
        thinking = stack.enter_context(CapableServer(thought="Let me think.", reasoning_field="reasoning_content"))
        office = stack.enter_context(CapableServer([Ability.VISION, Ability.LOGPROBS]))
        proxy = stack.enter_context(MisbehavingServer(Misbehaviour.IGNORES_RESPONSE_FORMAT))
        locked = stack.enter_context(MisbehavingServer(Misbehaviour.NOT_ALLOWED))
        router = stack.enter_context(DeclaringServer({"/v1/models": {"data": [_offered(*row) for row in OFFERED]}}))
        rows: tuple[tuple[str, str, str, str, dict[str, bool]], ...] = (
            ("This machine", plain.base_url, plain.model, "SmolLM2 135M (this machine)", {"supports_vision": True}),
            ("Tools box", calling.base_url, calling.model, "SmolLM2 with tools", {}),
            ("Workstation", thinking.base_url, "qwen3-32b", "Qwen3 32B (workstation)", {"reasoning_capable": False}),
            ("Office", office.base_url, "gemma-3-27b-it", "Gemma 3 27B (office)", {"supports_vision": True}),
            ("Old proxy", proxy.base_url, "model-one", "Gateway", {"supports_function_calling": True}),
            ("Partner", locked.base_url, "model-one", "Partner endpoint", {}),
            ("Router", router.base_url, "deepseek/deepseek-r1-0528", "DeepSeek R1", {}),
        )
        path = write_roll(
            home / "settings.yaml",
            user_model_registry=[
                {"id": name, "provider_type": "custom", "provider_id": provider, "model_id": model, "name": name,
                 "overrides": overrides or None}
                for provider, _, model, name, overrides in rows
            ],
            openai_compatible_providers=[{"name": provider, "base_url": url} for provider, url, *_ in rows],
        )  # fmt: skip
        registry = open_roll(path)
        saver, engine, evidence = Saver(registry), EngineHost(), program_evidence()
        engine.start()
        with Evidence.open() as before:
            before.note_listing("custom", "Router", ["openai/gpt-4.5-preview", *(row[0] for row in OFFERED[:-2])])

        discover = DiscoverDialog(registry, saver, engine, evidence=evidence, chosen=("custom", "Router"))
        discover.resize(*SIZE)
        discover.show()
        wait_until(lambda: discover.panel.model.count() > len(OFFERED), "the list is compared", 60)
        discover.panel.model.tick([2, 4, 12], on=True)
        discover.panel.table.selectRow(4)
        _keep(discover, folder / "discover.png")
        discover.close()

        scope = registry.document.rows[:-1]
        measure = MeasureDialog(registry, saver, engine, [Scope("Selected (6)", scope)], evidence=evidence)
        measure.resize(*SIZE)
        measure.show()
        measure.start()
        wait_until(lambda: measure.batch.over_count >= 4, "some are measured", 180)
        _keep(measure, folder / "measure.png")
        wait_until(lambda: not measure.batch.is_running, "all are measured", 180)
        _keep(measure, folder / "measure-finished.png")
        measure.close()

        ranking = ModeRankingDialog(registry, saver, engine, registry.document.rows[1])
        ranking.resize(*SIZE)
        ranking.show()
        ranking.prompt_edit.setPlainText(PROMPT)
        ranking.schema_edit.set_text(SCHEMA)
        ranking.start()
        wait_until(ranking.trials_box.isEnabled, "the modes are ranked", 300)
        _keep(ranking, folder / "ranking.png")
        ranking.close()

        # The office's server has been set up anew: it gives logprobs now.
        office.without = frozenset({Ability.VISION})
        entry = registry.entries()[3]
        dialog = ModelDialog(registry, entry=entry, replacing=entry.id, engine=engine)
        dialog.open()
        dialog.measuring.measure()
        dialog.measuring.pane.start()
        wait_until(lambda: dialog.measuring.pane.state is PaneState.DONE, "the model is measured", 180)
        _keep(dialog, folder / "evidence.png")
        dialog.reject()

        window = MainWindow(registry, themes, WindowState())
        window.set_engine(engine)
        window.resize(1280, 660)
        window.show()
        window.table.select_keys(["Gemma 3 27B (office)"])
        window.details.tabs.setCurrentWidget(window.evidence_tab)
        wait_until(lambda: bool(window.evidence_tab.panel and window.evidence_tab.panel.rows), "it is read", 60)
        told = window.table_model
        wait_until(lambda: bool(told.effective(told.item(3)).conflicts), "the table tells of the conflicts", 60)
        _keep(window, folder / "evidence-tab.png")
        window.close()
        engine.stop()
        saver.close()
        registry.close()
        themes.deleteLater()
    return 0


def main() -> int:
    """The exit code."""
    dark = "--dark" in sys.argv
    names = [name for name in sys.argv[1:] if name != "--dark"]
    if len(names) == 2:
        return pose(Path(names[0]), Path(names[1]), dark=dark)
    folder = Path(names[0]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, VirtualScreen(2560, 1440) as screen:
        environment = os.environ | screen.environment | {
            "MUSTER_HOME": home,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "QT_SCALE_FACTOR": "2",
            "LC_ALL": "C.UTF-8",
        }  # fmt: skip
        command = [sys.executable, "-m", "tests.demo.measuring_pictures", str(folder), home, *["--dark"] * dark]
        return subprocess.run(command, env=environment, cwd=PROJECT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
