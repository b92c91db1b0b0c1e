"""The snippet for pydantic-ai, run with pydantic-ai: it asks the model in the way that a run of Muster's own does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.interop.environments import ensure
from tests.servers.answers import Answer
from tests.servers.llama import LlamaServer
from tests.servers.recording import RecordingServer
from tests.snippet_runs import KEY, MODELS, ODD_ID, open_snippet_roll, own_request, run_python, snippet_of

pytestmark = [pytest.mark.interop, pytest.mark.tool("pydantic-ai"), pytest.mark.timeout(400)]

ASKED = ("plain", "schema", "weak", "tools", "both", "words", "thinker", "bare", ODD_ID)


def test_pydantic_ai_asks_as_a_run_does(tmp_path: Path) -> None:
    python = str(ensure("pydantic-ai").python)
    with (
        RecordingServer(Answer(content='{"answer": "Paris"}')) as server,
        open_snippet_roll(tmp_path / "settings.yaml", server.base_url) as registry,
    ):
        wanted = [own_request(registry, entry_id, server) for entry_id in ASKED]
        server.clear()
        codes = [snippet_of(registry, entry_id, "pydantic-ai").code for entry_id in ASKED]
        printed = run_python(codes, tmp_path, python=python)
        requests = server.requests
    assert len(requests) == len(ASKED)  # nothing had to be asked again
    for entry_id, request, own, text in zip(ASKED, requests, wanted, printed, strict=True):
        body = request.json
        assert body["model"] == own["model"]
        assert _format(body) == _format(own), entry_id
        assert body.get("reasoning_effort") == own.get("reasoning_effort")
        assert body.get("enable_thinking") == own.get("enable_thinking")
        assert request.carries_key(KEY) == (entry_id != "bare")
        question = next(message for message in body["messages"] if message["role"] == "user")["content"]
        assert own["messages"][-1]["content"].startswith(question) or question == own["messages"][-1]["content"]
        structured = MODELS.get(entry_id, MODELS["both"] if entry_id == ODD_ID else {}).get("structured_output_mode")
        assert text == ("answer='Paris'" if structured else '{"answer": "Paris"}')


def _format(body: dict[str, Any]) -> tuple[Any, ...]:
    """How JSON of a shape is asked for; the names of the shape and of the tool are each program's own."""
    tools = [tool["function"].get("strict", False) for tool in body.get("tools", [])]
    shape = body.get("response_format", {})
    properties = list(shape.get("json_schema", {}).get("schema", {}).get("properties", {}))
    return shape.get("type"), properties, tools, "tool_choice" in body


def test_pydantic_ai_gets_an_answer_of_the_real_model(llama: LlamaServer, tmp_path: Path) -> None:
    python = str(ensure("pydantic-ai").python)
    with open_snippet_roll(tmp_path / "settings.yaml", llama.base_url) as registry:
        code = snippet_of(registry, "schema", "pydantic-ai").code
    (printed,) = run_python([code], tmp_path, python=python)
    assert printed.startswith("answer=")
