"""Code to use a model, run for real: it asks what a run of Muster's own asks."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ReferenceNotFound
from core.registry import Registry
from core.snippets import snippets
from tests.export_rolls import SECRETS, open_export_roll
from tests.rolls import custom, open_roll, write_roll
from tests.servers.answers import Answer
from tests.servers.llama import LlamaServer
from tests.servers.recording import RecordingServer
from tests.snippet_runs import (
    KEY,
    MODELS,
    ODD_ID,
    asked,
    open_snippet_roll,
    own_request,
    run_python,
    snippet_of,
    variables,
)

ALL = [*MODELS, "bare", ODD_ID]


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    with RecordingServer(Answer(content='{"answer": "Paris"}')) as running:
        yield running


@pytest.fixture
def registry(server: RecordingServer, tmp_path: Path) -> Iterator[Registry]:
    with open_snippet_roll(tmp_path / "settings.yaml", server.base_url) as roll:
        yield roll


@pytest.mark.parametrize("kind", ["litellm", "openai"])
def test_python_asks_as_a_run_does(kind: str, registry: Registry, server: RecordingServer, tmp_path: Path) -> None:
    wanted = [own_request(registry, entry_id, server) for entry_id in ALL]
    server.clear()
    printed = run_python([snippet_of(registry, entry_id, kind).code for entry_id in ALL], tmp_path)
    sent = [
        {name: value for name, value in body.items() if name not in ("stream", "stream_options")}
        for body in server.bodies
    ]
    assert sent == wanted
    for entry_id, text in zip(ALL, printed, strict=True):
        is_read = MODELS.get(entry_id, MODELS["both"]).get("structured_output_mode", "json_instructions")
        if entry_id == "bare" or is_read == "json_instructions":
            assert text == '{"answer": "Paris"}'
        else:
            assert text == "{'answer': 'Paris'}"
    keyed = [request.carries_key(KEY) for request in server.requests]
    assert keyed == [entry_id != "bare" for entry_id in ALL]


@pytest.mark.parametrize("entry_id", ALL)
def test_curl_asks_as_a_run_does(entry_id: str, registry: Registry, server: RecordingServer) -> None:
    wanted = own_request(registry, entry_id, server)
    server.clear()
    code = snippet_of(registry, entry_id, "curl").code
    shell = shutil.which("sh")  # Git for Windows has one, too
    assert shell is not None
    done = subprocess.run(
        [shell, "-c", code], env=variables(), capture_output=True, text=True, encoding="utf-8", timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Paris" in done.stdout
    assert asked(server) == wanted
    assert len(server.requests) == 1
    assert server.last.request.carries_key(KEY) == (entry_id != "bare")
    assert server.last.request.path == "/v1/chat/completions"


def test_the_code_runs_on_a_real_server(llama: LlamaServer, tmp_path: Path) -> None:
    overrides = {"supports_structured_output": True, "structured_output_mode": "json_schema"}
    path = write_roll(
        tmp_path / "settings.yaml",
        openai_compatible_providers=[{"name": "Local", "base_url": llama.base_url}],
        user_model_registry=[
            {**custom(llama.model, provider_id="Local", overrides=overrides).to_mapping(), "id": "small"}
        ],
    )
    with open_roll(path) as registry:
        codes = {item.kind: item.code for item in snippets(registry, "small")}
    for printed in run_python([codes["openai"], codes["litellm"]], tmp_path):
        assert isinstance(ast.literal_eval(printed)["answer"], str)


def test_thinking_is_taken_off_the_answer(tmp_path: Path) -> None:
    with RecordingServer(Answer(content="<think>Which city?</think>\n\nParis")) as server:
        with open_snippet_roll(tmp_path / "settings.yaml", server.base_url) as registry:
            code = snippet_of(registry, "thinker", "openai").code
        assert run_python([code], tmp_path) == ["Paris"]


def test_no_key_stands_in_any_code(registry: Registry, tmp_path: Path) -> None:
    texts = [f"{item.code}{item.note}" for entry_id in ALL for item in snippets(registry, entry_id)]
    assert not [text for text in texts if KEY in text]
    with open_export_roll(tmp_path / "thirty.yaml") as thirty:
        for entry in thirty.entries():
            for item in snippets(thirty, entry):
                assert not [secret for secret in SECRETS if secret in item.code + item.note]


def test_all_python_is_python(tmp_path: Path) -> None:
    with open_export_roll(tmp_path / "thirty.yaml") as thirty:
        found = {entry.id: snippets(thirty, entry) for entry in thirty.entries()}
    for items in found.values():
        for item in items:
            if item.language == "python":
                compile(item.code, "<snippet>", "exec")
    # Their APIs are not OpenAI's: only litellm speaks them.
    assert [item.kind for item in found["bedrock"]] == ["litellm"]
    assert [item.kind for item in found["bare"]] == ["litellm", "openai", "pydantic-ai", "curl"]


def test_nothing_invisible_stands_in_the_code(registry: Registry) -> None:
    for item in snippets(registry, ODD_ID):
        assert item.language == "bash" or all(letter.isprintable() or letter == "\n" for letter in item.code)


def test_the_note_says_what_is_needed_and_what_a_run_warns_of(registry: Registry) -> None:
    assert "Set BOX_API_KEY first." in snippet_of(registry, "tools", "openai").note
    assert "not marked as supporting function calling" in snippet_of(registry, "tools", "openai").note
    assert "wants no key" in snippet_of(registry, "bare", "litellm").note
    assert "Windows" in snippet_of(registry, "bare", "curl").note


def test_the_key_of_curl_is_no_argument_of_a_program(registry: Registry) -> None:
    code = snippet_of(registry, "plain", "curl").code
    assert code.startswith("printf 'Authorization: Bearer %s' \"$BOX_API_KEY\" |")
    assert "BOX_API_KEY" not in code.partition("|")[2]


def test_a_reference_to_nothing_is_refused(registry: Registry) -> None:
    with pytest.raises(ReferenceNotFound):
        snippets(registry, "nobody")
