"""Goose's own reading of a provider's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.reading import Refused, read

pytestmark = [pytest.mark.interop, pytest.mark.tool("goose"), pytest.mark.timeout(400)]

SAMPLES = Path(__file__).with_name("samples")


def test_goose_reads_the_sample() -> None:
    found = read("goose", SAMPLES / "goose", keys=["ACME_API_KEY"])
    full, bare = found["custom_acme/acme/reasoner-70b"], found["custom_acme/tiny"]
    assert (full.model_id, full.base_url, full.key_reference) == (
        "acme/reasoner-70b",
        "http://127.0.0.1:9/v1",
        "ACME_API_KEY",
    )
    assert (full.values["context_limit"], full.values["reasoning"]) == (32_000, True)
    assert (bare.values["context_limit"], bare.values["reasoning"]) == (128_000, False)
    assert "TOOLS" in bare.values["features"]
    assert full.values["is_file_named_so"] is True


def test_goose_wants_the_key_that_the_file_names() -> None:
    with pytest.raises(Refused, match="ACME_API_KEY"):
        read("goose", SAMPLES / "goose")


def test_one_broken_file_stops_the_folder() -> None:
    with pytest.raises(Refused, match="telepathy"):
        read("goose", SAMPLES / "broken" / "goose", keys=["ACME_API_KEY"])
