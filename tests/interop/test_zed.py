"""What Zed's sources say of its settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.checkers.zed_checker import key_variable
from tests.interop.reading import Refused, read

pytestmark = [pytest.mark.interop, pytest.mark.tool("zed")]

SAMPLES = Path(__file__).with_name("samples") / "zed"


def test_zed_reads_the_sample() -> None:
    found = read("zed", SAMPLES / "settings.json")
    full, bare = found["Acme AI/acme/reasoner-70b"], found["Acme AI/tiny"]
    assert (full.model_id, full.base_url, full.key_reference) == (
        "acme/reasoner-70b",
        "http://127.0.0.1:9/v1",
        "ACME_AI_API_KEY",
    )
    assert (full.values["max_tokens"], full.values["max_output_tokens"]) == (32_000, 4_000)
    assert full.values["capabilities"] == {
        "tools": False,
        "images": True,
        "parallel_tool_calls": False,
        "prompt_cache_key": False,
        "chat_completions": True,
        "interleaved_reasoning": False,
    }
    assert (bare.values["capabilities"]["tools"], bare.values["capabilities"]["images"]) == (True, False)


def test_zed_refuses_the_broken_file() -> None:
    with pytest.raises(Refused, match="images"):
        read("zed", SAMPLES / "broken.json")


@pytest.mark.parametrize(
    ("provider", "variable"),
    [("acme", "ACME_API_KEY"), ("Acme AI", "ACME_AI_API_KEY"), ("jianyueLab", "JIANYUE_LAB_API_KEY")],
)
def test_the_variable_of_a_key_is_the_providers_name_in_snake_case(provider: str, variable: str) -> None:
    assert key_variable(provider) == variable
