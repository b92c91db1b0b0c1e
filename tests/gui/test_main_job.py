"""The main job through the window, on a real llama.cpp server: register, see, run, look at the wire, remove."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.log import start_log
from gui.application import Application, Program
from gui.crashes import CrashReports
from gui.model_table import Column
from tests.rolls import open_roll, write_roll
from tests.servers.llama import LlamaServer
from tests.servers.llama_kinds import LlamaKind, LlamaOf
from tests.servers.recording import RecordingProxy
from tests.window_driver import ShownAnswer, WindowDriver, wait_until

KEY = "key-for-the-local-server"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string", "enum": ["Paris", "Rome"]}, "big": {"type": "boolean"}},
    "required": ["city"],
}
QUESTION = "What is the capital of France?"

OpenWindow = Callable[[Path], WindowDriver]


@pytest.fixture
def open_window(qapp: Application, isolated_environment: Path) -> Iterator[OpenWindow]:
    """Opens the program on a roll, with its own engine process, and ends it all after the test."""
    with ExitStack() as stack:

        def open_it(path: Path) -> WindowDriver:
            crashes = CrashReports(isolated_environment / "log")
            program = Program(qapp, crashes, time.monotonic())
            stack.callback(program.close)
            assert program.open(path)
            window = program.window
            assert window is not None
            window.resize(1280, 720)
            wait_until(lambda: program.engine is not None, "the first paint starts the engine", 30.0)
            assert program.engine is not None
            return WindowDriver(window, program.engine)

        yield open_it


@pytest.fixture
def proxy_to() -> Iterator[Callable[[LlamaServer], RecordingProxy]]:
    """Records what goes to a server."""
    with ExitStack() as stack:
        yield lambda server: stack.enter_context(RecordingProxy(server.base_url))


def _closed(schema: dict[str, Any], *, all_required: bool) -> dict[str, Any]:
    closed = {**schema, "additionalProperties": False}
    return {**closed, "required": list(schema["properties"])} if all_required else closed


def _check_json_schema(body: dict[str, Any]) -> None:
    assert body["response_format"]["type"] == "json_schema"
    assert body["response_format"]["json_schema"]["schema"] == _closed(SCHEMA, all_required=True)
    assert "tools" not in body
    assert body["messages"][-1]["content"] == QUESTION


def _check_json_mode(body: dict[str, Any]) -> None:
    assert body["response_format"] == {"type": "json_object"}
    assert "tools" not in body
    assert body["messages"][-1]["content"] == QUESTION


def _check_function_calling(body: dict[str, Any]) -> None:
    (tool,) = body["tools"]
    assert tool["function"]["name"] == "task_response"
    assert tool["function"]["strict"] is True
    assert tool["function"]["parameters"] == _closed(SCHEMA, all_required=True)
    assert body["tool_choice"] == {"type": "function", "function": {"name": "task_response"}}
    assert "response_format" not in body
    assert body["messages"][-1]["content"] == QUESTION


def _check_json_instructions(body: dict[str, Any]) -> None:
    assert "response_format" not in body
    assert "tools" not in body
    text = body["messages"][-1]["content"]
    assert text.startswith(QUESTION)
    assert '"additionalProperties": false' in text
    assert '"city"' in text


MODES: dict[str, tuple[LlamaKind, Callable[[dict[str, Any]], None]]] = {
    "json_schema": (LlamaKind.PLAIN, _check_json_schema),
    "json_mode": (LlamaKind.PLAIN, _check_json_mode),
    "function_calling": (LlamaKind.TOOLS_CALLED, _check_function_calling),
    "json_instructions": (LlamaKind.PLAIN, _check_json_instructions),
}


def _runs(proxy: RecordingProxy) -> list[dict[str, Any]]:
    return [request.json for request in proxy.requests if request.path.endswith("/chat/completions")]


def _check_shown_request(answer: ShownAnswer, body: dict[str, Any]) -> None:
    assert {key: value for key, value in answer.request.items() if key != "url"} == body
    assert KEY not in repr(answer)


@pytest.mark.parametrize("mode", MODES)
def test_a_model_is_registered_run_with_exactly_its_overrides_and_removed(
    mode: str,
    tmp_path: Path,
    open_window: OpenWindow,
    proxy_to: Callable[[LlamaServer], RecordingProxy],
    llama_of: LlamaOf,
) -> None:
    kind, check = MODES[mode]
    server = llama_of(kind)
    proxy = proxy_to(server)
    path = tmp_path / "settings.yaml"
    driver = open_window(path)

    words = driver.add_provider("Local", proxy.base_url, KEY)
    assert "1 model" in words
    driver.add_model(
        "Local",
        server.model,
        "Small",
        {"structured_output_mode": mode, "supports_structured_output": True, "supports_function_calling": True},
    )
    assert driver.rows() == ["Small"]
    assert driver.cell("Small", Column.MODEL_ID) == server.model
    assert driver.cell("Small", Column.PROVIDER) == "Local"
    assert driver.cell("Small", Column.SETTINGS) == "Custom Settings"
    assert driver.cell("Small", Column.SOURCE) == "Registry"
    stored = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert stored["user_model_registry"][0]["overrides"] == {
        "structured_output_mode": mode,
        "supports_structured_output": True,
        "supports_function_calling": True,
    }
    assert KEY not in path.read_text(encoding="utf-8")

    driver.wait_for_engine()
    proxy.clear()
    answer = driver.ask("Small", QUESTION, SCHEMA, max_tokens=120)
    (body,) = _runs(proxy)
    check(body)
    assert body["model"] == server.model
    assert body["max_tokens"] == 120
    assert proxy.requests[-1].carries_key(KEY)
    assert answer.error == ""
    assert answer.text
    if mode in ("json_schema", "function_calling"):
        assert answer.verdict == "✓ Matches the schema"
    _check_shown_request(answer, body)

    driver.remove("Small")
    assert driver.rows() == []
    assert yaml.safe_load(path.read_text(encoding="utf-8")).get("user_model_registry") in ([], None)
    driver.undo()
    assert driver.rows() == ["Small"]
    driver.remove("Small")
    assert open_roll(path).entries() == ()


def test_a_legacy_model_is_shown_run_and_removed(
    tmp_path: Path, open_window: OpenWindow, proxy_to: Callable[[LlamaServer], RecordingProxy], llama: LlamaServer
) -> None:
    proxy = proxy_to(llama)
    root = proxy.base_url.removesuffix("/v1")
    path = write_roll(tmp_path / "settings.yaml", custom_models=[f"ollama::{llama.model}"], ollama_base_url=root)
    driver = open_window(path)
    assert driver.rows() == [llama.model]
    assert driver.cell(llama.model, Column.SOURCE) == "Legacy"
    driver.wait_for_engine()
    answer = driver.ask(llama.model, QUESTION, SCHEMA, max_tokens=60)
    (body,) = _runs(proxy)
    _check_json_instructions(body)
    assert answer.error == ""
    _check_shown_request(answer, body)
    driver.remove(llama.model)
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["custom_models"] == []
    assert open_roll(path).entries() == ()


@pytest.mark.parametrize(
    ("kind", "overrides"),
    [
        (LlamaKind.THINKING_OPENED, {"reasoning_capable": True, "parser": "r1_thinking"}),
        (LlamaKind.THINKING_IN_CONTENT, {"reasoning_capable": True, "parser": "r1_thinking"}),
        (LlamaKind.THINKING_IN_CONTENT, {"parser": "optional_r1_thinking"}),
        (LlamaKind.REASONING_SEPARATED, {"reasoning_capable": True}),
    ],
)
def test_reasoning_is_told_apart_from_the_answer(
    kind: LlamaKind, overrides: dict[str, Any], tmp_path: Path, open_window: OpenWindow, llama_of: LlamaOf
) -> None:
    server = llama_of(kind)
    path = write_roll(
        tmp_path / "settings.yaml", openai_compatible_providers=[{"name": "Local", "base_url": server.base_url}]
    )
    driver = open_window(path)
    driver.add_model("Local", server.model, "Thinker", overrides)
    driver.wait_for_engine()
    answer = driver.ask("Thinker", QUESTION, max_tokens=120)
    assert answer.error == ""
    assert answer.reasoning.strip()
    assert answer.text.strip()
    assert "think>" not in answer.text + answer.reasoning


def test_a_model_that_must_reason_and_does_not_is_an_error_in_words(
    tmp_path: Path, open_window: OpenWindow, llama: LlamaServer
) -> None:
    path = write_roll(
        tmp_path / "settings.yaml", openai_compatible_providers=[{"name": "Local", "base_url": llama.base_url}]
    )
    driver = open_window(path)
    driver.add_model("Local", llama.model, "Not a thinker", {"reasoning_capable": True})
    driver.wait_for_engine()
    answer = driver.ask("Not a thinker", QUESTION, max_tokens=30)
    assert "reasoning" in answer.error.lower()
    assert answer.text.strip(), "what arrived stays visible"


def test_a_missing_think_block_is_an_error_with_the_raw_text_beside_it(
    tmp_path: Path, open_window: OpenWindow, llama: LlamaServer
) -> None:
    path = write_roll(
        tmp_path / "settings.yaml", openai_compatible_providers=[{"name": "Local", "base_url": llama.base_url}]
    )
    driver = open_window(path)
    driver.add_model("Local", llama.model, "No tags", {"parser": "r1_thinking"})
    driver.wait_for_engine()
    answer = driver.ask("No tags", QUESTION, max_tokens=30)
    assert "<think>" in answer.error


def test_keys_never_reach_the_log(
    tmp_path: Path, open_window: OpenWindow, proxy_to: Callable[[LlamaServer], RecordingProxy], llama_of: LlamaOf
) -> None:
    log = start_log(debug=False)
    proxy = proxy_to(llama_of(LlamaKind.NEEDS_KEY))
    driver = open_window(tmp_path / "settings.yaml")
    driver.add_provider("Local", proxy.base_url, "wrong-key-that-is-a-secret")
    driver.add_model("Local", "smollm2", "Small", {})
    driver.wait_for_engine()
    answer = driver.ask("Small", QUESTION, max_tokens=10)
    assert "401" in answer.error or "key" in answer.error.lower()
    assert "wrong-key-that-is-a-secret" not in answer.error
    assert proxy.requests[-1].carries_key("wrong-key-that-is-a-secret")
    assert "wrong-key-that-is-a-secret" not in log.read_text(encoding="utf-8")
