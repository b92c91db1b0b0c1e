"""pydantic-ai's own profiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.reading import Refused, read

pytestmark = [pytest.mark.interop, pytest.mark.tool("pydantic-ai"), pytest.mark.timeout(400)]

SAMPLES = Path(__file__).with_name("samples") / "pydantic-ai"


def test_pydantic_ai_reads_the_sample() -> None:
    found = read("pydantic-ai", SAMPLES / "models.py", keys=["ACME_API_KEY"])
    full, bare, as_openai = found["reasoner"], found["bare"], found["as_openai"]
    assert (full.model_id, full.base_url, full.key_reference) == (
        "acme/reasoner-70b",
        "http://127.0.0.1:9/v1/",
        "ACME_API_KEY",
    )
    stated = {
        "supports_tools": False,
        "supports_json_schema_output": True,
        "default_structured_output_mode": "native",
        "supports_thinking": True,
        "thinking_tags": ["<thought>", "</thought>"],
        "supports_image_input": False,
        "openai_unsupported_model_settings": ["logprobs", "top_logprobs"],
    }
    assert {key: full.values[key] for key in stated} == stated
    unset = {
        "supports_tools": True,
        "supports_json_schema_output": True,
        "default_structured_output_mode": "tool",
        "supports_thinking": False,
        "thinking_tags": ["<think>", "</think>"],
        "supports_image_input": True,
        "supports_document_input": True,
        "supports_audio_file_input": True,
        "supports_video_input": False,
        "openai_supports_strict_tool_definition": True,
        "openai_unsupported_model_settings": [],
    }
    assert {key: bare.values[key] for key in unset} == unset
    assert (bare.values["system"], bare.key_reference) == ("local", None)
    # the provider of OpenAI itself takes more for granted
    assert as_openai.values["openai_chat_supports_allowed_tools"] is True
    assert as_openai.values["supports_audio_file_input"] is False


def test_a_snippet_whose_key_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="ACME_API_KEY"):
        read("pydantic-ai", SAMPLES / "models.py")


def test_pydantic_ai_refuses_the_broken_file() -> None:
    with pytest.raises(Refused, match="nobody-has-this-provider"):
        read("pydantic-ai", SAMPLES / "broken.py")
