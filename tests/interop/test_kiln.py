"""Kiln's own `find_user_model`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.reading import Refused, read

pytestmark = [pytest.mark.interop, pytest.mark.tool("kiln"), pytest.mark.timeout(400)]

SAMPLES = Path(__file__).with_name("samples") / "kiln"


def test_kiln_reads_the_sample() -> None:
    found = read("kiln", SAMPLES / "settings.yaml")
    full, bare, builtin = found["full"], found["bare"], found["builtin"]
    assert (full.model_id, full.base_url, full.values["has_key"]) == (
        "acme/reasoner-70b",
        "http://127.0.0.1:9/v1",
        True,
    )
    stated = {
        "supports_structured_output": True,
        "structured_output_mode": "json_schema",
        "supports_function_calling": False,
        "supports_logprobs": True,
        "reasoning_capable": True,
        "parser": "r1_thinking",
        "supports_vision": True,
        "multimodal_capable": True,
        "multimodal_mime_types": ["image/png", "application/pdf"],
        "entry_name": "Reasoner",
    }
    assert {key: full.values[key] for key in stated} == stated
    assert "nobody_knows_this" not in full.values
    unset = {
        "supports_structured_output": False,
        "structured_output_mode": "json_instructions",
        "supports_function_calling": True,
        "supports_logprobs": False,
        "reasoning_capable": False,
        "parser": None,
        "untested_model": True,
        "openai_compatible_provider_name": "Keyless",
        "has_key": False,
    }
    assert {key: bare.values[key] for key in unset} == unset
    assert (builtin.values["name"], builtin.values["structured_output_mode"]) == ("openrouter", "function_calling")


def test_kiln_leaves_out_a_row_that_is_no_entry() -> None:
    found = read("kiln", SAMPLES / "settings.yaml")
    assert [model.entry for model in found.models] == ["full", "bare", "builtin"]


def test_kiln_refuses_the_broken_file() -> None:
    with pytest.raises(Refused, match="structured_output_mode"):
        read("kiln", SAMPLES / "broken.yaml")
