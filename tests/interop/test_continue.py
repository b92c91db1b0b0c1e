"""Continue's own parser and validation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.reading import Refused, read

pytestmark = [pytest.mark.interop, pytest.mark.tool("continue"), pytest.mark.timeout(400)]

SAMPLES = Path(__file__).with_name("samples") / "continue"


def test_continue_reads_the_sample() -> None:
    found = read("continue", SAMPLES / "config.yaml")
    full, bare = found["Reasoner"], found["Tiny"]
    assert (full.model_id, full.base_url, full.key_reference) == (
        "acme/reasoner-70b",
        "http://127.0.0.1:9/v1",
        "ACME_API_KEY",
    )
    stated = {
        "provider": "openai",
        "roles": ["chat", "edit"],
        "tool_use": True,
        "image_input": False,
        "contextLength": 32_000,
        "maxTokens": 4_000,
        "reasoning": True,
        "warnings": [],
    }
    assert {key: full.values[key] for key in stated} == stated
    # left out: by the model's name; and a context length at the top is dropped
    assert [bare.values[key] for key in ("capabilities", "tool_use", "image_input", "contextLength")] == [None] * 4


def test_continue_refuses_the_broken_file() -> None:
    with pytest.raises(Refused, match=r"models\.0"):
        read("continue", SAMPLES / "broken.yaml")
