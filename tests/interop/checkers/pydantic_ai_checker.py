"""What pydantic-ai makes of a snippet: executes it and reads the profile of each model that it leaves behind."""

from __future__ import annotations

import runpy
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.interop.checkers.reporting import model, report, variable_of

SHOWN = (
    "supports_tools", "supports_json_schema_output", "supports_json_object_output", "default_structured_output_mode",
    "supports_thinking", "thinking_tags", "supports_image_input", "supports_document_input",
    "supported_document_media_types", "supports_audio_file_input", "supports_video_input", "context_window",
    "openai_supports_strict_tool_definition", "openai_unsupported_model_settings", "openai_supports_reasoning",
    "openai_chat_thinking_field", "openai_chat_supports_max_completion_tokens", "openai_chat_supports_allowed_tools",
    "native_output_requires_schema_in_instructions",
)  # fmt: skip

# What the documentation of the profile's fields says is used where they are left out, and no profile holds it.
DEFAULTS = {
    "openai_supports_strict_tool_definition": True,
    "openai_unsupported_model_settings": (),
    "openai_chat_supports_max_completion_tokens": True,
    "openai_chat_supports_allowed_tools": False,
}


def read(path: Path) -> list[dict[str, Any]]:
    """Give each model that is in a variable of the snippet, in a dict or list of one, or in an agent."""
    from pydantic_ai.profiles import DEFAULT_PROFILE

    namespace = runpy.run_path(str(path))
    found = []
    seen: set[int] = set()
    for name, item in _models_in(namespace.items()):
        if id(item) in seen:
            continue
        seen.add(id(item))
        profile = {**DEFAULT_PROFILE, **DEFAULTS, **item.profile}
        values = {key: profile.get(key) for key in SHOWN}
        values |= {"system": item.system, "kind": type(item).__name__, "settings": dict(item.settings or {})}
        key = variable_of(item.provider.client.api_key) if item.provider is not None else None
        found.append(model(name, item.model_name, item.base_url, key, values))
    return found


def _models_in(items: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    from pydantic_ai import Agent
    from pydantic_ai.models import Model

    for name, value in items:
        if isinstance(value, Agent):
            value = value.model  # noqa: PLW2901
        if isinstance(value, Model):
            yield name, value
        elif isinstance(value, dict) and not name.startswith("__"):
            yield from _models_in((str(key), inner) for key, inner in value.items())
        elif isinstance(value, list | tuple):
            yield from _models_in((f"{name}[{index}]", inner) for index, inner in enumerate(value))


if __name__ == "__main__":
    report("pydantic-ai-slim", read)
