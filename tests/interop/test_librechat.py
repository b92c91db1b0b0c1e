"""LibreChat's own strict schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.reading import Refused, read

pytestmark = [pytest.mark.interop, pytest.mark.tool("librechat"), pytest.mark.timeout(400)]

SAMPLES = Path(__file__).with_name("samples") / "librechat"


def test_librechat_reads_the_sample() -> None:
    found = read("librechat", SAMPLES / "librechat.yaml")
    # an endpoint without a key is passed over
    assert [model.entry for model in found.models] == ["Acme/acme/reasoner-70b", "Acme/tiny"]
    full, bare = found.models
    assert (full.model_id, full.base_url, full.key_reference) == (
        "acme/reasoner-70b",
        "http://127.0.0.1:9/v1",
        "ACME_API_KEY",
    )
    assert (full.values["context"], bare.values["context"]) == (32_000, None)
    assert full.values["dropParams"] == ["logprobs", "top_logprobs"]
    assert full.values["customParams"] == {
        "defaultParamsEndpoint": "custom",
        "reasoningFormat": "reasoning_effort",
        "reasoningKey": "reasoning_content",
    }


def test_librechat_refuses_the_broken_file() -> None:
    with pytest.raises(Refused, match=r"endpoints\.custom\.0\.models\.default"):
        read("librechat", SAMPLES / "broken.yaml")
