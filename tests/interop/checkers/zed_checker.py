"""What Zed makes of a settings.json, by what its sources say: crates/settings_content/src/language_model.rs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.interop.checkers.commented_json import parse
from tests.interop.checkers.reporting import model, report

SCHEMA = Path(__file__).resolve().parents[1] / "schemas" / "zed.json"

# What `Default` gives where the whole group is left out; within the group only the last two have one.
CAPABILITIES = {
    "tools": True,
    "images": False,
    "parallel_tool_calls": False,
    "prompt_cache_key": False,
    "chat_completions": True,
    "interleaved_reasoning": False,
}
OPTIONAL = ("display_name", "max_output_tokens", "max_completion_tokens", "reasoning_effort")


def read(path: Path) -> list[dict[str, Any]]:
    """Give the models of every OpenAI-compatible provider."""
    settings = parse(path.read_text(encoding="utf-8"))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    errors = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(settings)]
    if errors:
        raise ValueError("; ".join(errors))
    found = []
    for name, provider in settings.get("language_models", {}).get("openai_compatible", {}).items():
        for row in provider["available_models"]:
            values = {
                "max_tokens": row["max_tokens"],
                **{key: row.get(key) for key in OPTIONAL},
                "capabilities": {**CAPABILITIES, **row.get("capabilities", {})},
            }
            found.append(model(f"{name}/{row['name']}", row["name"], provider["api_url"], key_variable(name), values))
    return found


def key_variable(provider: str) -> str:
    """The environment variable that Zed reads a provider's key from: the name in upper snake case, then _API_KEY."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", f"{provider}_API_KEY")
    return "_".join(words).upper()


if __name__ == "__main__":
    report("jsonschema", read)
