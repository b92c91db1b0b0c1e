"""A password or a key inside a base URL, written into the file by hand: it is used and kept nowhere else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.engine import load_litellm
from core.evidence import Evidence
from core.fingerprint import Fingerprint, fingerprint_of
from core.redaction import plain_address, secrets_in
from core.verdicts import Limits
from tests.measured import measure_registered
from tests.servers.capable import CapableServer

WORD = "sup3r secret/word"
WRITTEN = "sup3r%20secret%2Fword"


@pytest.fixture(scope="module", autouse=True)
def litellm_loaded() -> None:
    """The import takes seconds that belong to no measurement."""
    load_litellm()


@pytest.mark.parametrize("as_query", [False, True])
def test_what_is_kept_of_a_measurement_has_no_secret_of_the_address(tmp_path: Path, as_query: bool) -> None:
    path = tmp_path / "evidence.sqlite"
    with CapableServer() as server:
        with_user = server.base_url.replace("://", f"://user:{WRITTEN}@")
        address = f"{server.base_url}?api_key={WRITTEN}" if as_query else with_user
        report = asyncio.run(measure_registered(address, limits=Limits(calls=3)))
        assert Fingerprint.from_text(report.fingerprint).base_url == server.base_url
    assert report.calls > 0
    with Evidence.open(path) as evidence:
        evidence.add_report("one", report)
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir()).decode(errors="replace")
    for text in (kept, repr(report.to_wire())):
        assert WORD not in text
        assert WRITTEN not in text


@pytest.mark.parametrize(
    ("address", "plain", "secrets"),
    [
        ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1", ()),
        ("http://user:pass%21word@host/v1", "http://host/v1", ("pass%21word", "pass!word")),
        ("https://token-of-mine@host:8/v1", "https://host:8/v1", ("token-of-mine",)),
        ("https://host/v1?key=abcdef1&v=2&api-version=2024-10-21#x", "https://host/v1", ("abcdef1",)),
        ("http://user:word@[::1/v1?key=abcdef1", "http://[::1/v1", ()),
        ("", "", ()),
    ],
)
def test_an_address_is_known_by_its_place_alone(address: str, plain: str, secrets: tuple[str, ...]) -> None:
    assert plain_address(address) == plain
    assert secrets_in(address) == secrets
    assert fingerprint_of(address, "m").base_url == plain


def test_evidence_that_was_kept_with_a_password_is_not_out_of_date_for_it() -> None:
    before = Fingerprint("http://user:word@host/v1", "m").to_text()
    assert Fingerprint.from_text(before).differences(fingerprint_of("http://user:word@host/v1", "m")) == ()
