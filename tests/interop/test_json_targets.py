"""The roll of thirty, exported and then read by the tools' own code: it means there what it means here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.exporters.pydantic_ai_code import AUDIO_TYPES, DOCUMENT_TYPES
from core.exporters.subject import ExportedModel
from tests.export_rolls import export_thirty
from tests.interop.reading import Reading, ToolModel, read

pytestmark = [pytest.mark.interop, pytest.mark.timeout(600)]


def _read_thirty(target: str, folder: Path) -> tuple[Reading, tuple[ExportedModel, ...], Mapping[str, str]]:
    """What the tool reads of an export, the models that stand in it, and by entry ID what the tool calls them."""
    path, models, names = export_thirty(target, folder / "tool")
    found = read(target, path, keys={model.key_variable for model in models if model.key_variable})
    assert len(found.models) == len(models) == 28
    return found, models, names


def _check_place(model: ExportedModel, has: ToolModel) -> None:
    assert has.model_id == model.model_id
    assert (has.base_url or "").rstrip("/") == model.base_url.rstrip("/")
    assert (has.key_reference or "") == model.key_variable


@pytest.mark.tool("opencode")
def test_opencode_has_what_a_run_uses(tmp_path: Path) -> None:
    found, models, names = _read_thirty("opencode", tmp_path)
    for model in models:
        has = found[names[model.entry_id]]
        _check_place(model, has)
        assert has.values["name"] == model.name
        assert has.values["toolcall"] == model.value("supports_function_calling")
        assert has.values["reasoning"] == model.value("reasoning_capable")
        types = model.value("multimodal_mime_types") or []
        assert has.values["input"] == {
            "text": True,
            "image": model.value("supports_vision"),
            "pdf": "application/pdf" in types,
            "audio": any(item.startswith("audio/") for item in types),
            "video": any(item.startswith("video/") for item in types),
        }
        assert has.values["attachment"] == any(
            allowed for kind, allowed in has.values["input"].items() if kind != "text"
        )
        if "context_tokens" in model.limits:
            assert has.values["limit"]["context"] == model.limits["context_tokens"]
        if "output_tokens" in model.limits:
            assert has.values["limit"]["output"] == model.limits["output_tokens"]


@pytest.mark.tool("zed")
def test_zed_has_what_a_run_uses(tmp_path: Path) -> None:
    found, models, names = _read_thirty("zed", tmp_path)
    for model in models:
        has = found[names[model.entry_id]]
        assert (has.model_id, has.base_url) == (model.model_id, model.base_url)
        assert has.values["display_name"] == model.name
        assert has.values["capabilities"]["tools"] == model.value("supports_function_calling")
        assert has.values["capabilities"]["images"] == model.value("supports_vision")
        assert has.values["reasoning_effort"] == model.value("default_thinking_level")
        assert has.values["max_tokens"] == model.limits.get("context_tokens", 32_768)
        assert has.values["max_output_tokens"] == model.limits.get("output_tokens")


@pytest.mark.tool("vscode")
def test_vs_code_has_what_a_run_uses(tmp_path: Path) -> None:
    found, models, names = _read_thirty("vscode", tmp_path)
    for model in models:
        has = found[names[model.entry_id]]
        assert (has.model_id, has.key_reference or "") == (model.model_id, model.key_variable)
        assert has.values["request_url"] == f"{model.base_url.rstrip('/')}/chat/completions"
        assert has.values["toolCalling"] == model.value("supports_function_calling")
        assert has.values["vision"] == model.value("supports_vision")
        assert has.values["thinking"] == model.value("reasoning_capable")
        levels = model.value("available_thinking_levels")
        assert has.values["supportsReasoningEffort"] == (list(levels.values()) if levels else None)
        assert has.values["contextWindow"] == model.limits.get("context_tokens", 32_768)
        assert 0 < has.values["maxOutputTokens"] < has.values["contextWindow"]
        if "output_tokens" in model.limits:
            assert has.values["maxOutputTokens"] == model.limits["output_tokens"]


@pytest.mark.tool("goose")
def test_goose_has_what_a_run_uses(tmp_path: Path) -> None:
    found, models, names = _read_thirty("goose", tmp_path)
    for model in models:
        has = found[names[model.entry_id]]
        _check_place(model, has)
        assert has.values["is_file_named_so"] is True
        assert has.values["reasoning"] == model.value("reasoning_capable")
        assert has.values["context_limit"] == model.limits.get("context_tokens", 128_000)


_MODES: Mapping[str, tuple[str, str, bool]] = {
    "json_schema": ("native", "supports_json_schema_output", True),
    "function_calling": ("tool", "openai_supports_strict_tool_definition", True),
    "function_calling_weak": ("tool", "openai_supports_strict_tool_definition", False),
    "default": ("tool", "openai_supports_strict_tool_definition", False),
    "json_mode": ("prompted", "supports_json_object_output", True),
    "json_instruction_and_object": ("prompted", "supports_json_object_output", True),
    "json_instructions": ("prompted", "supports_json_object_output", False),
    "json_custom_instructions": ("prompted", "supports_json_object_output", False),
}


@pytest.mark.tool("pydantic-ai")
def test_pydantic_ai_has_what_a_run_uses(tmp_path: Path) -> None:
    found, models, names = _read_thirty("pydantic-ai", tmp_path)
    for model in models:
        has = found[names[model.entry_id]]
        _check_place(model, has)
        mode, key, on = _MODES[model.value("structured_output_mode")]
        assert (has.values["default_structured_output_mode"], has.values[key]) == (mode, on)
        # What the mode stands on is there, also where nobody has said so.
        assert has.values["supports_tools"] == (model.value("supports_function_calling") or mode == "tool")
        schemas = model.value("supports_structured_output") or mode == "native"
        assert has.values["supports_json_schema_output"] == schemas
        assert has.values["supports_thinking"] == model.value("reasoning_capable")
        assert has.values["supports_image_input"] == model.value("supports_vision")
        _check_files(model, has.values)
        refused = has.values["openai_unsupported_model_settings"]
        assert bool(refused) != model.value("supports_logprobs")
        assert has.values["context_window"] == model.limits.get("context_tokens")
        assert has.values["settings"].get("openai_reasoning_effort") == model.value("default_thinking_level")


def _check_files(model: ExportedModel, values: Mapping[str, Any]) -> None:
    types = model.value("multimodal_mime_types") or []
    documents = sorted(item for item in types if item in DOCUMENT_TYPES)
    assert values["supports_document_input"] == bool(documents)
    if documents:
        assert values["supported_document_media_types"] == documents
    assert values["supports_audio_file_input"] == bool(AUDIO_TYPES.intersection(types))
    assert values["supports_video_input"] is False
