"""opencode's own listing of its models."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.reading import Refused, read

pytestmark = [pytest.mark.interop, pytest.mark.tool("opencode"), pytest.mark.timeout(400)]

SAMPLES = Path(__file__).with_name("samples") / "opencode"


def test_opencode_reads_the_sample() -> None:
    found = read("opencode", SAMPLES / "opencode.json", keys=["ACME_API_KEY"])
    full, bare = found["acme/reasoner"], found["acme/tiny"]
    assert (full.model_id, full.base_url, full.key_reference) == (
        "acme/reasoner-70b",
        "http://127.0.0.1:9/v1",
        "ACME_API_KEY",
    )
    stated = {
        "toolcall": False,
        "reasoning": True,
        "temperature": True,
        "attachment": True,
        "interleaved": {"field": "reasoning_content"},
        "limit": {"context": 32_000, "output": 4_000},
        "name": "Reasoner",
    }
    assert {key: full.values[key] for key in stated} == stated
    assert full.values["input"] == {"text": True, "audio": False, "image": True, "video": False, "pdf": True}
    assert bare.model_id == "tiny"
    unset = {
        "toolcall": True,
        "reasoning": False,
        "temperature": False,
        "interleaved": False,
        "limit": {"context": 0, "output": 0},
    }
    assert {key: bare.values[key] for key in unset} == unset
    # attachments alone let no picture in
    assert (bare.values["attachment"], bare.values["input"]["image"]) == (True, False)


def test_opencode_refuses_the_broken_file() -> None:
    with pytest.raises(Refused, match=r"limit\.output"):
        read("opencode", SAMPLES / "broken.json")
