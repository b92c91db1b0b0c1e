"""Which listed model a model ID means where the list has it under another name, and what is then known of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.discovery import describe_model
from core.endpoint_facts import endpoint_facts
from core.evidence import Evidence
from core.fingerprint import Fingerprint
from core.offered_models import DiscoverySpec
from core.providers import ModelListing
from tests.gui.measurements import report
from tests.run_specs import run_of
from tests.servers.declaring import OLLAMA_SHOWN, DeclaringServer, Table, llama_cpp, ollama, openai_list
from tests.servers.llama import LlamaServer
from tests.servers.loopback import closed_port


async def fingerprint_at(base_url: str, model_id: str) -> Fingerprint:
    spec = run_of(base_url, model=model_id)
    return (await endpoint_facts(spec.provider, spec.connection))[1]


@pytest.mark.parametrize("model_id", ["gemma", "what I call it"])
async def test_another_template_makes_evidence_stale_whatever_the_servers_one_model_is_called(
    tmp_path: Path, model_id: str
) -> None:
    with DeclaringServer(llama_cpp()) as server, Evidence.open(tmp_path / "evidence.sqlite") as evidence:
        measured = await fingerprint_at(server.base_url, model_id)
        evidence.add_report("one", replace(report(), fingerprint=measured.to_text()))
        assert evidence.staleness("one", await fingerprint_at(server.base_url, model_id)) == ()
        server.table = llama_cpp(chat_template="{{ messages }} without tools")
        changed = await fingerprint_at(server.base_url, model_id)
        assert evidence.staleness("one", changed) == ("the chat template",)


async def test_a_real_server_tells_of_itself_under_any_name(llama: LlamaServer) -> None:
    own, other = [await fingerprint_at(llama.base_url, name) for name in (llama.model, "local")]
    assert own.chat_template
    assert own.differences(other) == ("model",)
    spec = run_of(llama.base_url, model="local")
    offered, _ = await endpoint_facts(spec.provider, spec.connection)
    assert offered is not None
    assert offered.limits["context_tokens"] > 0


async def test_a_name_without_a_tag_is_ollamas_latest() -> None:
    shown = {"details": {"quantization_level": "Q8_0"}, "model_info": {}, "template": "{{ .Prompt }}"}
    OLLAMA_SHOWN["llama3:latest"] = {"capabilities": ["completion"], **shown}
    try:
        with DeclaringServer(ollama()) as server:
            short, full = [await fingerprint_at(server.base_url, name) for name in ("llama3", "llama3:latest")]
    finally:
        del OLLAMA_SHOWN["llama3:latest"]
    assert short.quantisation == "Q8_0"
    assert short.differences(full) == ("model",)


async def test_a_name_that_a_server_of_several_or_ollama_does_not_list_is_none_of_theirs() -> None:
    one = {"models": [{"name": "qwen3:8b", "model": "qwen3:8b", "digest": "1", "size": 1}]}
    listed = openai_list({"id": "qwen3:8b", "owned_by": "library"})
    only_one: Table = {**ollama(), "/api/tags": one, "/v1/models": listed}
    several: Table = {"/v1/models": openai_list({"id": "one"}, {"id": "two"})}
    for table in (only_one, several):
        with DeclaringServer(table) as server:
            spec = DiscoverySpec(
                "Box", ModelListing.OPENAI, server.base_url, provider_type="custom", describe=("other",)
            )
            assert await describe_model(spec) is None


async def test_nothing_is_known_of_a_server_that_is_away() -> None:
    fingerprint = await fingerprint_at(f"http://127.0.0.1:{closed_port()}/v1", "local")
    assert fingerprint.chat_template == ""
