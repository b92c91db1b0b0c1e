"""llm's own reading of its extra models."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.reading import Refused, read

pytestmark = [pytest.mark.interop, pytest.mark.tool("llm"), pytest.mark.timeout(400)]

SAMPLES = Path(__file__).with_name("samples") / "llm"


def test_llm_reads_the_sample() -> None:
    found = read("llm", SAMPLES / "extra-openai-models.yaml")
    full, bare = found["acme-reasoner"], found["tiny"]
    assert (full.model_id, full.base_url, full.key_reference) == ("acme/reasoner-70b", "http://127.0.0.1:9/v1", "acme")
    assert full.values["aliases"] == ["reasoner"]
    switches = ("supports_schema", "supports_tools", "vision", "can_stream")
    assert [full.values[key] for key in switches] == [True, True, True, False]
    assert {"image/png", "application/pdf", "audio/wav"} <= set(full.values["attachment_types"])
    assert "reasoning_effort" in full.values["options"]
    # "true" as text is no yes
    assert [bare.values[key] for key in switches] == [False, False, False, True]
    assert bare.values["attachment_types"] == []
    assert "reasoning_effort" not in bare.values["options"]
    assert bare.key_reference is None


@pytest.mark.parametrize("text", ["", "- model_id: [", "{}"], ids=["empty", "no YAML", "no list"])
def test_llm_takes_an_empty_mapping_and_refuses_what_is_no_list(tmp_path: Path, text: str) -> None:
    file = tmp_path / "extra-openai-models.yaml"
    file.write_text(text, encoding="utf-8")
    if text == "{}":
        assert read("llm", file).models == ()
    else:
        with pytest.raises(Refused):
            read("llm", file)


def test_llm_refuses_the_broken_file() -> None:
    with pytest.raises(Refused, match="model_name"):
        read("llm", SAMPLES / "broken.yaml")
