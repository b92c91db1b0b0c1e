"""What VS Code's sources say of its custom endpoints."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.checkers.vscode_checker import request_url, token_limits
from tests.interop.reading import Refused, read

pytestmark = [pytest.mark.interop, pytest.mark.tool("vscode")]

SAMPLES = Path(__file__).with_name("samples") / "vscode"


def test_vscode_reads_the_sample() -> None:
    found = read("vscode", SAMPLES / "chatLanguageModels.json")
    full, bare = found["Acme/acme/reasoner-70b"], found["Acme/tiny"]
    assert (full.model_id, full.key_reference) == ("acme/reasoner-70b", "acme")
    stated = {
        "request_url": "http://127.0.0.1:9/v1/chat/completions",
        "toolCalling": False,
        "vision": True,
        "thinking": True,
        "streaming": True,
        "contextWindow": 32_000,
        "maxInputTokens": 28_000,
        "maxOutputTokens": 4_000,
        "supportsReasoningEffort": ["low", "high"],
    }
    assert {key: full.values[key] for key in stated} == stated
    assert (bare.values["thinking"], bare.values["contextWindow"]) == (False, 2_560)


def test_vscode_refuses_the_broken_file() -> None:
    with pytest.raises(Refused, match="toolCalling"):
        read("vscode", SAMPLES / "broken.json")


@pytest.mark.parametrize(
    ("url", "api_type", "requested"),
    [
        ("http://h", None, "http://h/v1/chat/completions"),
        ("http://h/v1/", "responses", "http://h/v1/responses"),
        ("http://h/api/v2", None, "http://h/api/v2/chat/completions"),
        ("http://h/x/chat/completions", "messages", "http://h/x/chat/completions"),
    ],
)
def test_an_address_without_a_path_of_an_api_gets_one(url: str, api_type: str | None, requested: str) -> None:
    assert request_url(url, api_type) == requested


def test_no_limit_is_larger_than_the_window_leaves_room_for() -> None:
    row = {"contextWindow": 1_000, "maxInputTokens": 5_000, "maxOutputTokens": 400}
    assert token_limits(row) == {"contextWindow": 1_000, "maxInputTokens": 600, "maxOutputTokens": 400}
