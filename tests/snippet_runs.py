"""Snippets that are really run, and what a run of Muster's own sends for the same model."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.engine import run_task
from core.registry import Registry
from core.snippets import SCHEMA, Snippet, snippets
from tests.rolls import custom, open_roll, write_roll
from tests.servers.recording import RecordingServer

KEY = "sk-made-up-0f1e2d3c"
ODD_PROVIDER = 'Büro "1" – it’s `$HOME`\\'
ODD_ID = 'org/it\'s "quoted" `$HOME` \\n {x} 模型:8b'

MODELS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "schema": {"supports_structured_output": True, "structured_output_mode": "json_schema"},
    "tools": {"supports_structured_output": True, "structured_output_mode": "function_calling"},
    "weak": {"supports_structured_output": True, "structured_output_mode": "function_calling_weak"},
    "object": {"supports_structured_output": True, "structured_output_mode": "json_mode"},
    "both": {"supports_structured_output": True, "structured_output_mode": "json_instruction_and_object"},
    "words": {"supports_structured_output": True, "structured_output_mode": "json_instructions"},
    "thinker": {
        "parser": "optional_r1_thinking",
        "formatter": "qwen3_style_no_think",
        "available_thinking_levels": {"Low": "low", "High": "high"},
        "default_thinking_level": "high",
        "siliconflow_enable_thinking": True,
    },
    # An ID by which litellm would choose another API.
    "o3-pro": {"supports_structured_output": True, "structured_output_mode": "json_schema"},
}


def open_snippet_roll(path: Path, base_url: str) -> Registry:
    """These models at two endpoints, one of which wants a key, and one at a provider with an odd name and ID."""
    providers = [
        {"name": "Keyless", "base_url": base_url},
        {"name": "Box", "base_url": base_url, "api_key": KEY},
        {"name": ODD_PROVIDER, "base_url": f"{base_url}/", "api_key": KEY},
    ]
    entries = [custom(name, provider_id="Box", overrides=dict(values)) for name, values in MODELS.items()]
    entries += [
        custom("bare", provider_id="Keyless"),
        custom(ODD_ID, provider_id=ODD_PROVIDER, name="odd\u202e'\"\\ name", overrides=dict(MODELS["both"])),
    ]
    rows = [{**entry.to_mapping(), "id": entry.model_id} for entry in entries]
    return open_roll(write_roll(path, openai_compatible_providers=providers, user_model_registry=rows))


def snippet_of(registry: Registry, entry_id: str, kind: str) -> Snippet:
    """One kind of code for one model."""
    return next(item for item in snippets(registry, entry_id) if item.kind == kind)


def run_python(codes: Sequence[str], folder: Path, *, python: str = sys.executable) -> list[str]:
    """Runs each code as a program of its own module, all in one process; gives what each printed."""
    paths = []
    for number, code in enumerate(codes):
        path = folder / f"snippet_{number}.py"
        path.write_text(code, encoding="utf-8")
        paths.append(str(path))
    runner = "import runpy, sys\nfor path in sys.argv[1:]:\n    runpy.run_path(path)\n    print('\\0')"
    done = subprocess.run(
        [python, "-c", runner, *paths], env=variables(), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [printed.strip() for printed in done.stdout.split("\0")[:-1]]


def variables() -> dict[str, str]:
    """The environment of a snippet: the keys that it names, and nothing that reaches out of this machine."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT", "NO_PROXY") if name in os.environ}
    keys = dict.fromkeys(("BOX_API_KEY", "BURO_1_ITS_HOME_API_KEY", "BURO_1_IT_S_HOME_API_KEY"), KEY)
    return {**kept, **keys, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"}


def own_request(registry: Registry, entry_id: str, server: RecordingServer) -> dict[str, Any]:
    """The body that a run of Muster's own sends for what the snippet asks."""
    server.clear()
    prompt = next(item for item in snippets(registry, entry_id) if item.kind == "openai").prompt
    overrides = MODELS.get(entry_id, MODELS["both"] if entry_id == ODD_ID else {})
    schema = dict(SCHEMA) if overrides.get("supports_structured_output") else None
    asyncio.run(run_task(registry, entry_id, prompt, schema))
    return asked(server)


def asked(server: RecordingServer) -> dict[str, Any]:
    """The newest request's body, without what only says how the answer comes."""
    body = dict(server.last.request.json)
    for name in ("stream", "stream_options"):
        body.pop(name, None)
    return body
