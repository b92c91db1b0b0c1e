"""The real llama.cpp servers that the other tests stand on behave as their kinds say."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import httpx
import pytest

from tests.servers.asking import FORCED, FRANCE, SCHEMA_FORMAT, message_of, post, stream_text
from tests.servers.llama import LlamaOptions, LlamaServer, LlamaServerError
from tests.servers.llama_kinds import LLAMA_API_KEY, LlamaKind, LlamaOf


def test_llama_answers_a_chat_completion(llama: LlamaServer) -> None:
    assert "Paris" in message_of(llama.base_url)["content"]


def test_a_server_can_answer_the_same_whenever_no_temperature_is_asked_for() -> None:
    asked = {"prompt": "Tell a story.", "temperature": None, "max_tokens": 40}
    with LlamaServer(LlamaOptions(temperature=0.0)) as server:
        answers = {message_of(server.base_url, **asked)["content"] for _ in range(3)}
    assert len(answers) == 1


def test_llama_lists_its_model_by_the_alias(llama: LlamaServer) -> None:
    listed = httpx.get(f"{llama.base_url}/models").json()["data"]
    assert [model["id"] for model in listed] == [llama.model]


def test_llama_streams(llama: LlamaServer) -> None:
    assert "Paris" in stream_text(llama.base_url)


def test_llama_enforces_a_schema_that_the_prompt_does_not_mention(llama: LlamaServer) -> None:
    content = message_of(llama.base_url, response_format=SCHEMA_FORMAT)["content"]
    assert json.loads(content)["zork"] in {"blip", "quam"}


def test_llama_gives_log_probabilities(llama: LlamaServer) -> None:
    choice = post(llama.base_url, logprobs=True, top_logprobs=3, max_tokens=3).json()["choices"][0]
    assert len(choice["logprobs"]["content"][0]["top_logprobs"]) == 3


def test_a_plain_template_drops_tools_in_silence(llama: LlamaServer) -> None:
    with_tools = post(llama.base_url, max_tokens=4, **FORCED).json()
    without = post(llama.base_url, max_tokens=4).json()
    assert with_tools["usage"]["prompt_tokens"] == without["usage"]["prompt_tokens"]


def test_the_tools_template_renders_tools(llama_of: LlamaOf) -> None:
    url = llama_of(LlamaKind.TOOLS).base_url
    with_tools = post(url, max_tokens=4, **FORCED).json()
    without = post(url, max_tokens=4).json()
    assert with_tools["usage"]["prompt_tokens"] > 2 * without["usage"]["prompt_tokens"]


@pytest.mark.parametrize("prompt", [FRANCE, "hi", "Tell me a joke"])
def test_the_calling_template_calls_the_tool_with_arguments_of_its_schema(
    llama_tools: LlamaServer, prompt: str
) -> None:
    (call,) = message_of(llama_tools.base_url, prompt=prompt, **FORCED)["tool_calls"]
    assert call["function"]["name"] == "task_response"
    assert json.loads(call["function"]["arguments"])["zork"] in {"blip", "quam"}


@pytest.mark.parametrize("prompt", [FRANCE, "hi"])
def test_an_opened_thought_shows_the_closing_tag_only(llama_thinking: LlamaServer, prompt: str) -> None:
    content = message_of(llama_thinking.base_url, prompt=prompt)["content"]
    thought, answer = content.split("</think>")
    assert "<think>" not in content
    assert thought.strip()
    assert answer.strip()


def test_a_thought_in_the_content_shows_both_tags(llama_thinking_in_content: LlamaServer) -> None:
    content = message_of(llama_thinking_in_content.base_url)["content"]
    assert content.startswith("<think>")
    assert content.count("</think>") == 1
    assert content.split("</think>")[1].strip()


@pytest.mark.parametrize("kind", [LlamaKind.THINKING_THEN_JSON_OPENED, LlamaKind.THINKING_THEN_JSON_IN_CONTENT])
def test_json_can_follow_a_thought_in_the_content(llama_of: LlamaOf, kind: LlamaKind) -> None:
    content = message_of(llama_of(kind).base_url)["content"]
    assert isinstance(json.loads(content.split("</think>")[1])["answer"], str)


@pytest.mark.parametrize("prompt", [FRANCE, "What is 17 + 25?"])
def test_a_server_can_separate_the_thought(llama_reasoning_separated: LlamaServer, prompt: str) -> None:
    message = message_of(llama_reasoning_separated.base_url, prompt=prompt)
    assert message["reasoning_content"].strip()
    assert message["content"].strip()
    assert "think>" not in message["content"]


def test_a_separated_thought_comes_before_enforced_json(llama_reasoning_separated: LlamaServer) -> None:
    message = message_of(llama_reasoning_separated.base_url, response_format=SCHEMA_FORMAT)
    assert message["reasoning_content"].strip()
    assert json.loads(message["content"])["zork"] in {"blip", "quam"}


def test_a_server_can_refuse_a_schema_because_its_template_thinks(llama_of: LlamaOf) -> None:
    url = llama_of(LlamaKind.THINKING_BREAKS_SCHEMA).base_url
    assert message_of(url)["content"].startswith("<think>")
    assert post(url, response_format=SCHEMA_FORMAT).status_code == 400


def test_a_server_can_need_a_key(llama_of: LlamaOf) -> None:
    url = llama_of(LlamaKind.NEEDS_KEY).base_url
    assert post(url, max_tokens=2).status_code == 401
    assert post(url, max_tokens=2, key=LLAMA_API_KEY).status_code == 200


def test_a_failed_start_shows_the_log() -> None:
    server = LlamaServer(LlamaOptions(grammar="this is no grammar", chat_template="{% if"))
    with pytest.raises(LlamaServerError, match="log ends with"), server:
        post(server.base_url)


def test_a_server_ends_with_the_process_that_started_it() -> None:
    script = (
        "import os; from tests.servers.llama import LlamaServer\n"
        "print(LlamaServer().start().base_url, flush=True); os.kill(os.getpid(), 9)"
    )
    parent = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{parent.stdout.strip()}/models", timeout=1.0)
        except httpx.TransportError:
            return
    pytest.fail("the server outlived its parent")


def test_the_servers_do_without_the_test_framework() -> None:
    modules = ["llama_kinds", "misbehaving", "recording"]
    script = (
        f"import sys; [__import__('tests.servers.' + name) for name in {modules}]; assert 'pytest' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
