"""LiteLLM's own schema, router and proxy."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.interop.proxy import LiteLlmProxy, ProxyError
from tests.interop.reading import Refused, made_up_key, read
from tests.servers.capable import CapableServer
from tests.servers.llama import LlamaServer

pytestmark = [pytest.mark.interop, pytest.mark.tool("litellm"), pytest.mark.timeout(400)]

SAMPLES = Path(__file__).with_name("samples") / "litellm"


def test_litellm_reads_the_sample() -> None:
    found = read("litellm", SAMPLES / "config.yaml", keys=["ACME_API_KEY", "OTHER_API_KEY"])
    first, second, bare = (found[f"entry-{number}"] for number in (1, 2, 3))
    assert (first.model_id, first.base_url, first.key_reference) == (
        "acme/reasoner-70b",
        "http://127.0.0.1:9/v1",
        "ACME_API_KEY",
    )
    assert (second.base_url, second.key_reference) == ("http://127.0.0.1:8/v1", "OTHER_API_KEY")
    capabilities = ("supports_function_calling", "supports_response_schema", "supports_vision", "supports_reasoning")
    assert [first.values[key] for key in capabilities] == [True, True, False, True]
    assert [second.values[key] for key in capabilities] == [False, False, True, False]
    assert [bare.values[key] for key in capabilities] == [None, None, None, None]
    assert (first.values["max_input_tokens"], first.values["max_output_tokens"]) == (32_000, 4_000)


def test_what_an_entry_leaves_out_is_served_from_another_of_the_same_name() -> None:
    second = read("litellm", SAMPLES / "config.yaml")["entry-2"]
    assert second.values["max_input_tokens"] is None
    assert second.values["served"]["max_input_tokens"] == 32_000
    assert second.values["served"]["supports_vision"] is True


def test_a_key_that_is_not_there_is_none() -> None:
    assert read("litellm", SAMPLES / "config.yaml")["entry-1"].key_reference is None


def test_litellm_refuses_the_broken_file() -> None:
    with pytest.raises(Refused, match="model_list"):
        read("litellm", SAMPLES / "broken.yaml")


def test_the_proxy_answers_from_the_endpoint_with_the_key_of_the_reference(tmp_path: Path, llama: LlamaServer) -> None:
    with CapableServer() as server:
        text = (SAMPLES / "config.yaml").read_text(encoding="utf-8")
        text = text.replace("http://127.0.0.1:9/v1", llama.base_url).replace("http://127.0.0.1:8/v1", server.base_url)
        config = tmp_path / "config.yaml"
        config.write_text(text, encoding="utf-8")
        key = made_up_key("OTHER_API_KEY")
        with (
            LiteLlmProxy(config, keys={"ACME_API_KEY": "none", "OTHER_API_KEY": key}) as proxy,
            httpx.Client(base_url=proxy.url, headers=proxy.headers, trust_env=False, timeout=60.0) as client,
        ):
            question = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8}
            real = client.post("/v1/chat/completions", json={"model": "reasoner", **question})
            assert real.status_code == 200, real.text
            assert real.json()["choices"][0]["message"]["content"]
            other = client.post("/v1/chat/completions", json={"model": "reasoner-elsewhere", **question})
            assert other.status_code == 200, other.text
            listed = {row["model_info"]["id"]: row["model_info"] for row in client.get("/model/info").json()["data"]}
        answered = [(request.method, request.path) for request in server.requests]
        assert answered == [("GET", "/v1/models"), ("POST", "/v1/chat/completions")]
        assert all(request.carries_key(key) for request in server.requests)
    assert listed["entry-1"]["supports_vision"] is False
    assert listed["entry-2"]["supports_vision"] is True


def test_the_proxy_says_why_it_does_not_start() -> None:
    with pytest.raises(ProxyError, match="model_list"), LiteLlmProxy(SAMPLES / "broken.yaml"):
        pass
