"""Thirty models as the targets with YAML files write them, read by the code of the tools themselves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.entry import UserModelEntry
from core.exporters.aider import Aider
from core.exporters.subject import ExportedModel
from core.exporting import export
from tests.export_rolls import export_thirty
from tests.interop.proxy import LiteLlmProxy
from tests.interop.reading import Reading, ToolModel, read
from tests.rolls import open_roll, write_roll
from tests.servers.llama import LlamaServer

pytestmark = [pytest.mark.interop, pytest.mark.timeout(400)]

_AZURE_ADDRESS = "AZURE_OPENAI_ENDPOINT"


def read_thirty(target: str, folder: Path, *more: str) -> tuple[Reading, tuple[ExportedModel, ...], Mapping[str, str]]:
    """What the tool reads of an export, the models that stand in it, and by entry ID what the tool calls them."""
    path, models, names = export_thirty(target, folder / "tool")
    keys = {model.key_variable for model in models} - {""}
    found = read(target, path, keys=[*keys, *more])
    assert len(found.models) == len(models) >= 28
    return found, models, names


def check_place(model: ExportedModel, found: ToolModel, *, key: bool = True) -> None:
    assert found.model_id == model.model_id
    if model.is_custom:
        assert found.base_url == model.base_url
    if key:
        assert (found.key_reference or "") == model.key_variable


@pytest.mark.tool("kiln")
def test_kiln_resolves_thirty_models_as_muster_does(tmp_path: Path) -> None:
    found, models, _names = read_thirty("kiln", tmp_path)
    for model in models:
        tool = found[model.entry_id]
        check_place(model, tool, key=False)
        assert {name: tool.values[name] for name in model.values} == model.values, model.entry_id
        assert (tool.values["entry_name"] or tool.model_id) == model.name


@pytest.mark.tool("litellm")
def test_litellm_keeps_thirty_models_apart(tmp_path: Path) -> None:
    found, models, _names = read_thirty("litellm", tmp_path, _AZURE_ADDRESS)
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
    assert found["papers"].values["model_name"] == 'Sieht & liest: "alles"'


@pytest.mark.tool("aider")
def test_aider_takes_thirty_models(tmp_path: Path) -> None:
    found, models, names = read_thirty("aider", tmp_path, "OPENAI_API_KEY")
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
def test_continue_takes_thirty_models(tmp_path: Path) -> None:
    found, models, names = read_thirty("continue", tmp_path)
    for model in models:
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
def test_librechat_takes_thirty_models(tmp_path: Path) -> None:
    found, models, names = read_thirty("librechat", tmp_path)
    for model in models:
        tool = found[names[model.entry_id]]
        check_place(model, tool)
        assert tool.base_url == model.base_url
        assert tool.values["context"] == model.value("context_tokens")
        assert tool.values["fetch"] is False
        wanted = "reasoning_effort" if model.value("reasoning_capable") else None
        assert (tool.values["customParams"] or {}).get("reasoningFormat") == wanted


@pytest.mark.tool("llm")
def test_llm_takes_thirty_models(tmp_path: Path) -> None:
    found, models, names = read_thirty("llm", tmp_path)
    for model in models:
        tool = found[names[model.entry_id]]
        check_place(model, tool)
        assert tool.base_url == model.base_url
        assert tool.values["supports_tools"] == model.value("supports_function_calling")
        assert tool.values["supports_schema"] == model.value("supports_structured_output")
        assert tool.values["vision"] == model.value("supports_vision")
        assert ("reasoning_effort" in tool.values["options"]) == model.value("reasoning_capable")


@pytest.mark.tool("litellm")
def test_the_proxy_serves_an_exported_roll_and_a_real_model_answers(tmp_path: Path, llama: LlamaServer) -> None:
    entry = UserModelEntry(provider_type="custom", provider_id="Here", model_id=llama.model, name="SmolLM2 – small ☕")
    providers = [{"name": "Here", "base_url": llama.base_url}]
    rows = [entry.to_mapping() | {"id": "smol"}]
    path = write_roll(tmp_path / "roll.yaml", user_model_registry=rows, openai_compatible_providers=providers)
    with open_roll(path) as registry:
        export(registry, None, "litellm", tmp_path / "config.yaml")
    with LiteLlmProxy(tmp_path / "config.yaml", keys={}) as proxy:
        asked = {"model": "SmolLM2 - small", "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8}
        answer = httpx.post(f"{proxy.base_url}/chat/completions", headers=proxy.headers, json=asked, timeout=120)
        told = httpx.get(f"{proxy.url}/model/info", headers=proxy.headers, timeout=60).json()["data"]
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"]
    assert [(model["model_name"], model["model_info"]["id"]) for model in told] == [("SmolLM2 - small", "smol")]
