"""Aider's own registration of models."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.reading import Refused, read

pytestmark = [pytest.mark.interop, pytest.mark.tool("aider"), pytest.mark.timeout(400)]

SAMPLES = Path(__file__).with_name("samples")


def test_aider_reads_the_sample() -> None:
    found = read("aider", SAMPLES / "aider")
    full, bare = found["openai/acme/reasoner-70b"], found["openai/tiny"]
    assert (full.model_id, full.base_url, full.key_reference) == (
        "acme/reasoner-70b",
        "http://127.0.0.1:9/v1",
        "OPENAI_API_KEY",
    )
    assert full.values["reasoning_tag"] == "think"
    assert full.values["accepts_settings"] == ["reasoning_effort"]
    assert (full.values["info"]["max_input_tokens"], full.values["info"]["supports_vision"]) == (32_000, True)
    unset = {
        "edit_format": "whole",
        "use_repo_map": False,
        "use_temperature": True,
        "streaming": True,
        "use_system_prompt": True,
        "reasoning_tag": None,
        "accepts_settings": [],
        "info": {},
    }
    assert {key: bare.values[key] for key in unset} == unset


def test_aider_refuses_a_key_that_it_does_not_know() -> None:
    with pytest.raises(Refused, match="supports_function_calling"):
        read("aider", SAMPLES / "broken" / "aider")
