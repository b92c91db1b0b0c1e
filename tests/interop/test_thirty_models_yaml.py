"""Thirty models as the targets with YAML files write them, read by the code of the tools themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.exporters.aider import Aider
from core.exporters.continue_dev import Continue
from core.exporters.kiln import Kiln
from core.exporters.librechat import LibreChat
from core.exporters.litellm_proxy import LitellmProxy
from core.exporters.shape import Target
from core.exporters.subject import ExportedModel
from tests.export_rolls import exported_models
from tests.exported_files import taken_of, trees_of
from tests.interop.reading import Reading, ToolModel, read

pytestmark = [pytest.mark.interop, pytest.mark.timeout(400)]

_AZURE_ADDRESS = "AZURE_OPENAI_ENDPOINT"


@pytest.fixture
def models(tmp_path: Path) -> tuple[ExportedModel, ...]:
    return exported_models(tmp_path / "roll.yaml")


def written(target: Target, models: Sequence[ExportedModel], folder: Path) -> Path:
    """The target's files in that folder; the path that the tool is given."""
    place = folder / target.id
    place.mkdir()
    for name, tree in trees_of(target, target.fragments(models)).items():
        is_json = name.endswith(".json")
        text = json.dumps(tree, ensure_ascii=False) if is_json else yaml.safe_dump(tree, allow_unicode=True)
        (place / name).write_text(text, encoding="utf-8")
    return place if target.is_folder else place / target.files(models)[0].name


def variables_of(models: Sequence[ExportedModel]) -> set[str]:
    return {model.key_variable for model in models} - {""}


def read_written(target: Target, models: Sequence[ExportedModel], folder: Path, *more: str) -> Reading:
    return read(target.id, written(target, models, folder), keys=[*variables_of(models), *more])


def own_fragment_names(target: Target, models: Sequence[ExportedModel]) -> Mapping[str, str]:
    """Entry ID → what the tool calls it."""
    return {each.entry_id: each.name for each in target.fragments(models) if each.entry_id}


def check_place(model: ExportedModel, found: ToolModel, *, key: bool = True) -> None:
    assert found.model_id == model.model_id
    if model.is_custom:
        assert found.base_url == model.base_url
    if key:
        assert (found.key_reference or "") == model.key_variable


@pytest.mark.tool("kiln")
def test_kiln_resolves_thirty_models_as_muster_does(models: Sequence[ExportedModel], tmp_path: Path) -> None:
    found = read_written(Kiln(), models, tmp_path)
    assert len(found.models) == len(models)
    for model in models:
        tool = found[model.entry_id]
        check_place(model, tool, key=False)
        assert {name: tool.values[name] for name in model.values} == model.values, model.entry_id
        assert (tool.values["entry_name"] or tool.model_id) == model.name


@pytest.mark.tool("litellm")
def test_litellm_keeps_thirty_models_apart(models: Sequence[ExportedModel], tmp_path: Path) -> None:
    found = read_written(LitellmProxy(), models, tmp_path, _AZURE_ADDRESS)
    assert len(found.models) == len(models)
    keys: Mapping[str, str] = {
        "supports_function_calling": "supports_function_calling",
        "supports_structured_output": "supports_response_schema",
        "supports_vision": "supports_vision",
        "reasoning_capable": "supports_reasoning",
    }
    for model in models:
        tool = found[model.entry_id]
        check_place(model, tool)
        for field, key in keys.items():
            assert tool.values[key] == model.value(field), (model.entry_id, key)
            assert tool.values["served"][key] == model.value(field), (model.entry_id, key)
        types = model.value("multimodal_mime_types") or []
        for kind in ("pdf", "audio", "video"):
            accepts = any(kind in mime.replace("/", " ").split() for mime in types)
            assert tool.values["served"][f"supports_{kind}_input"] == accepts, (model.entry_id, kind)
        for field, key in (("context_tokens", "max_input_tokens"), ("output_tokens", "max_output_tokens")):
            if model.value(field) is not None:
                assert tool.values[key] == model.value(field)
    assert found["papers"].values["model_name"] == "Sieht & liest: “alles”"


@pytest.mark.tool("aider")
def test_aider_takes_thirty_models(models: Sequence[ExportedModel], tmp_path: Path) -> None:
    found = read_written(Aider(), models, tmp_path, "OPENAI_API_KEY")
    names = own_fragment_names(Aider(), models)
    assert len(found.models) == len(models)
    for model in models:
        tool = found[names[model.entry_id]]
        extra: Mapping[str, Any] = tool.values["extra_params"] or {}
        assert extra.get("model", names[model.entry_id]) == model.litellm_model
        if model.is_custom:
            assert tool.base_url == model.base_url
            assert tool.values["reasoning_tag"] == ("think" if model.value("parser") else None)
            assert ("reasoning_effort" in tool.values["accepts_settings"]) == model.value("reasoning_capable")
            assert extra.get("extra_body", {}).get("reasoning_effort") == model.value("default_thinking_level")
        if any(loss.field == "model_id" for loss in Aider().more_losses(model)):
            continue  # what it knows itself comes first once litellm is loaded
        info = tool.values["info"]
        for field in ("supports_vision", "supports_function_calling"):
            assert info[field] == model.value(field), (model.entry_id, field)
        for field, key in (("context_tokens", "max_input_tokens"), ("output_tokens", "max_output_tokens")):
            assert info.get(key) == model.value(field), (model.entry_id, key)


@pytest.mark.tool("continue")
def test_continue_takes_thirty_models(models: Sequence[ExportedModel], tmp_path: Path) -> None:
    taken = taken_of(Continue(), models)
    found = read_written(Continue(), taken, tmp_path)
    names = own_fragment_names(Continue(), taken)
    assert len(found.models) == len(taken)
    for model in taken:
        tool = found[names[model.entry_id]]
        check_place(model, tool)
        assert tool.base_url == model.base_url
        assert tool.values["tool_use"] == model.value("supports_function_calling")
        assert tool.values["image_input"] == model.value("supports_vision")
        assert bool(tool.values["reasoning"]) == model.value("reasoning_capable")
        assert tool.values["contextLength"] == model.value("context_tokens")
        assert tool.values["maxTokens"] == model.value("output_tokens")
        assert tool.values["warnings"] == []
    body = found["GPT OSS"].values["model"]["requestOptions"]["extraBodyProperties"]
    assert body == {"reasoning_effort": "medium"}


@pytest.mark.tool("librechat")
def test_librechat_takes_thirty_models(models: Sequence[ExportedModel], tmp_path: Path) -> None:
    taken = taken_of(LibreChat(), models)
    found = read_written(LibreChat(), taken, tmp_path)
    names = own_fragment_names(LibreChat(), taken)
    assert len(found.models) == len(taken)
    for model in taken:
        tool = found[names[model.entry_id]]
        check_place(model, tool)
        assert tool.base_url == model.base_url
        assert tool.values["context"] == model.value("context_tokens")
        assert tool.values["fetch"] is False
        wanted = "reasoning_effort" if model.value("reasoning_capable") else None
        assert (tool.values["customParams"] or {}).get("reasoningFormat") == wanted
