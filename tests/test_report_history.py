"""What several measurements say together: one that failed hides nothing that was known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.evidence import Evidence
from core.fingerprint import Fingerprint
from core.report_history import declared_limits
from core.verdicts import Report, Verdict
from tests.measured import NO, OPEN, YES
from tests.rolls import custom

SERVER = Fingerprint(base_url="http://host/v1", model="m", build="b1")


def report(at: str, fingerprint: Fingerprint = SERVER, facts: dict[str, Any] | None = None, **fields: Any) -> Report:
    verdicts = {name: Verdict(*found) for name, found in fields.items()}
    overrides = {name: found[1] for name, found in fields.items() if len(found) > 1}
    return Report(
        verdicts,
        overrides=overrides,
        at=at,
        fingerprint=fingerprint.to_text(),
        calls=1,
        facts=facts or {},
        partial=True,
    )


@pytest.fixture
def evidence(tmp_path: Path) -> Any:
    with Evidence.open(tmp_path / "evidence.sqlite3") as opened:
        yield opened


GOOD = report("1", supports_vision=(YES, True), supports_logprobs=(NO, False))
FAILED = report("2", supports_vision=(OPEN,), supports_logprobs=(OPEN,))


def test_a_measurement_that_failed_hides_no_conflict(evidence: Evidence) -> None:
    entry = custom("m", id="one", overrides={"supports_vision": False, "supports_logprobs": False})
    evidence.add_report("one", GOOD)
    before = evidence.conflicts(entry)
    evidence.add_report("one", FAILED)
    assert evidence.conflicts(entry) == before
    assert [(conflict.field, conflict.said, conflict.measured, conflict.at) for conflict in before] == [
        ("supports_vision", False, True, "1")
    ]


def test_each_field_has_its_newest_verdict_that_decided_it(evidence: Evidence) -> None:
    evidence.add_report("one", GOOD)
    evidence.add_report("one", report("2", supports_vision=(NO, False), supports_logprobs=(OPEN,)))
    evidence.add_report("one", report("3", supports_vision=(OPEN,), supports_logprobs=(OPEN,), parser=(OPEN,)))
    known, dates = evidence.known("one")
    assert (known.verdicts["supports_vision"].value, dates["supports_vision"]) == (NO, "2")
    assert (known.verdicts["supports_logprobs"].value, dates["supports_logprobs"]) == (NO, "1")
    assert known.overrides == {"supports_vision": False, "supports_logprobs": False}
    assert evidence.known("two") == (Report(), {})


def test_what_was_measured_on_another_server_does_not_stand_in(evidence: Evidence) -> None:
    other = Fingerprint(base_url="http://host/v1", model="m", build="b2")
    evidence.add_report("one", GOOD)
    evidence.add_report("one", report("2", other, supports_vision=(OPEN,), parser=(NO, None)))
    known, _ = evidence.known("one")
    assert known.verdicts["supports_vision"].value is OPEN
    assert "supports_logprobs" not in known.verdicts


def test_limits_that_were_declared_stay_known(evidence: Evidence) -> None:
    evidence.add_report("one", report("1", facts={"declared_limits": {"context_tokens": 2048, "output_tokens": "x"}}))
    evidence.add_report("one", FAILED)
    assert declared_limits(stored.report for stored in evidence.history("one")) == {"context_tokens": 2048}
    assert declared_limits(()) == {}


def test_a_measured_none_is_in_conflict_with_a_value_and_not_with_nothing(evidence: Evidence) -> None:
    evidence.add_report("one", report("1", parser=(NO, None)))
    (conflict,) = evidence.conflicts(custom("m", id="one", overrides={"parser": "r1_thinking"}))
    assert (conflict.said, conflict.measured) == ("r1_thinking", None)
    assert evidence.conflicts(custom("m", id="one", overrides={"supports_vision": True})) == ()
    stored = evidence.latest("one")
    assert stored is not None
    assert stored.report.verdicts["parser"].setting is None


def test_half_of_a_surrogate_pair_keeps_no_measurement_out(evidence: Evidence) -> None:
    kept = report(
        "1", Fingerprint(base_url="http://host/v1", system_fingerprint="fp\ud800"), supports_vision=(YES, True)
    )
    evidence.add_report("one", kept)
    stored = evidence.latest("one")
    assert stored is not None
    assert "fp\ufffd" in stored.fingerprint
