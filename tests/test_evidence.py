"""The evidence store keeps measurements, origins and listings, through whatever befalls its file."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import EvidenceError
from core.evidence import FILE_NAME, MOST_REPORTS, Evidence, FieldOrigin
from core.evidence_tables import TABLES
from core.field_specs import UNSET
from core.fingerprint import Fingerprint, fingerprint_of
from core.offered_models import OfferedModel
from core.paths import data_folder
from core.verdicts import ModeResult, Outcome, Receipt, Report, Verdict
from tests.rolls import custom

KEY = "sk-muster-evidence-0123456789"
YES, NO, UNSURE = Outcome.YES, Outcome.NO, Outcome.INCONCLUSIVE


def receipt(**values: Any) -> Receipt:
    given = {
        "probe": "vision", "probe_version": 1, "trial": 1, "request": {"model": "m"}, "response_excerpt": "4711",
        "outcome": YES, "reason": "It read the number.", "prompt_tokens": 90, "completion_tokens": 4,
        "latency_ms": 12.5, "at": "2026-11-20T10:00:00+00:00", **values,
    }  # fmt: skip
    return Receipt(**given)


def report(at: str = "2026-11-20T10:00:00+00:00", fingerprint: str = "", **verdicts: Any) -> Report:
    """A report with a verdict per field: an outcome, or an outcome with its setting."""
    read = {}
    for name, found in verdicts.items():
        outcome, setting = found if isinstance(found, tuple) else (found, UNSET)
        read[name] = Verdict(outcome, setting, "Because.", (receipt(outcome=outcome),))
    return Report(read, at=at, fingerprint=fingerprint, calls=3, prompt_tokens=10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "evidence.sqlite3"


def test_a_measurement_is_read_back_as_it_was_kept(path: Path) -> None:
    kept = Report(
        {"supports_vision": Verdict(YES, True, "2 of 2.", (receipt(),)), "parser": Verdict(NO, UNSET, "None fits.")},
        modes={"json_schema": ModeResult("json_schema", 3, 3, True, 80.0, "")},
        overrides={"supports_vision": True},
        facts={"streaming": True},
        at="2026-11-20T10:00:00+00:00",
    )
    with Evidence.open(path) as evidence:
        evidence.add_report("one", kept)
    with Evidence.open(path) as evidence:
        stored = evidence.latest("one")
        assert stored is not None
        assert stored.report == kept
        assert stored.report.verdicts["parser"].setting is UNSET
        assert evidence.latest("two") is None
        assert evidence.problem is None


def test_the_default_place_is_the_persons_data_folder() -> None:
    with Evidence.open() as evidence:
        assert evidence.path == data_folder() / FILE_NAME
        assert evidence.path.exists()


def test_history_has_the_newest_first_and_does_not_grow_without_end(path: Path) -> None:
    with Evidence.open(path) as evidence:
        for index in range(MOST_REPORTS + 5):
            evidence.add_report("one", report(at=f"2026-11-20T10:00:{index:02}+00:00"))
        evidence.add_report("two", report())
        history = evidence.history("one")
        assert len(history) == MOST_REPORTS
        assert [stored.number for stored in history] == sorted((stored.number for stored in history), reverse=True)
        assert evidence.measured_at() == {"one": history[0].at, "two": "2026-11-20T10:00:00+00:00"}


def test_drift_names_what_flipped_with_both_receipts(path: Path) -> None:
    with Evidence.open(path) as evidence:
        evidence.add_report("one", report(at="1", supports_vision=(YES, True), supports_logprobs=(NO, False)))
        assert evidence.drift("one") == ()
        evidence.add_report("one", report(at="2", supports_vision=UNSURE, supports_logprobs=(NO, False)))
        assert evidence.drift("one") == ()
        evidence.add_report("one", report(at="3", supports_vision=(NO, False), supports_logprobs=UNSURE))
        (flip,) = evidence.drift("one")
    assert (flip.field, flip.before.value, flip.after.value) == ("supports_vision", YES, NO)
    assert (flip.before_at, flip.after_at) == ("1", "3")
    assert flip.before.receipts
    assert flip.after.receipts


def test_another_best_mode_is_a_flip_too(path: Path) -> None:
    with Evidence.open(path) as evidence:
        evidence.add_report("one", report(at="1", structured_output_mode=(YES, "json_schema")))
        evidence.add_report("one", report(at="2", structured_output_mode=(YES, "function_calling")))
        (flip,) = evidence.drift("one")
    assert (flip.before.setting, flip.after.setting) == ("json_schema", "function_calling")


def test_a_conflict_is_where_you_said_one_thing_and_another_was_measured(path: Path) -> None:
    overrides = {"supports_vision": True, "supports_logprobs": False, "parser": "r1_thinking", "reasoning_capable": ""}
    entry = custom(id="one", overrides=overrides)
    with Evidence.open(path) as evidence:
        assert evidence.conflicts(entry) == ()
        evidence.add_report(
            "one",
            report(
                supports_vision=(NO, False), supports_logprobs=(NO, False), parser=NO, reasoning_capable=(YES, True),
                supports_function_calling=(YES, True),
            ),
        )  # fmt: skip
        found = {conflict.field: conflict for conflict in evidence.conflicts(entry)}
    assert found.keys() == {"supports_vision", "parser"}
    assert (found["supports_vision"].said, found["supports_vision"].measured) == (True, False)
    assert found["supports_vision"].origin is FieldOrigin.YOU
    assert found["supports_vision"].verdict.receipts


def test_what_is_inconclusive_conflicts_with_nothing(path: Path) -> None:
    with Evidence.open(path) as evidence:
        evidence.add_report("one", report(supports_vision=UNSURE))
        assert evidence.conflicts(custom(id="one", overrides={"supports_vision": True})) == ()
        assert evidence.conflicts(custom(overrides={"supports_vision": True})) == ()


def test_a_measurement_that_found_nothing_stands_in_for_none_that_did(path: Path) -> None:
    entry = custom(id="one", overrides={"supports_vision": True})
    told = Fingerprint("http://127.0.0.1:8080/v1", "m").to_text()
    with Evidence.open(path) as evidence:
        evidence.add_report("one", report(at="1", supports_vision=(YES, True)))
        evidence.add_report("one", report(at="2", fingerprint=told, supports_vision=(NO, False)))
        evidence.add_report("one", report(at="3", supports_vision=UNSURE, supports_logprobs=UNSURE))
        latest = evidence.latest("one")
        assert latest is not None
        assert latest.at == "2"
        assert [flip.after_at for flip in evidence.drift("one")] == ["2"]
        assert [conflict.at for conflict in evidence.conflicts(entry)] == ["2"]
        assert not evidence.is_stale("one", told)
        assert [stored.at for stored in evidence.history("one")] == ["3", "2", "1"]


def test_where_nothing_was_ever_found_the_newest_attempt_is_kept(path: Path) -> None:
    with Evidence.open(path) as evidence:
        for at in ("1", "2"):
            evidence.add_report("one", report(at=at, supports_vision=UNSURE))
        latest = evidence.latest("one")
        assert latest is not None
        assert latest.at == "2"


def test_attempts_that_found_nothing_push_out_none_that_did(path: Path) -> None:
    with Evidence.open(path) as evidence:
        evidence.add_report("one", report(at="found", supports_vision=(YES, True)))
        for number in range(MOST_REPORTS + 5):
            evidence.add_report("one", report(at=f"{number}", supports_vision=UNSURE))
        history = evidence.history("one")
        assert (history[0].at, history[-1].at, len(history)) == (f"{MOST_REPORTS + 4}", "found", MOST_REPORTS + 1)


def test_what_an_early_end_did_not_get_to_is_known_from_before(path: Path) -> None:
    entry = custom(id="one", overrides={"supports_vision": True, "supports_logprobs": False})
    part = report(at="2", supports_vision=UNSURE, supports_logprobs=(YES, True))
    with Evidence.open(path) as evidence:
        evidence.add_report("one", report(at="1", supports_vision=(NO, False), supports_logprobs=(NO, False)))
        evidence.add_report("one", replace(part, partial=True))
        known, at = evidence.known("one")
        assert {name: verdict.value for name, verdict in known.verdicts.items()} == {
            "supports_vision": NO,
            "supports_logprobs": YES,
        }
        assert at == {"supports_vision": "1", "supports_logprobs": "2"}
        assert {(conflict.field, conflict.at) for conflict in evidence.conflicts(entry)} == {
            ("supports_vision", "1"),
            ("supports_logprobs", "2"),
        }
        evidence.add_report("one", report(at="3", supports_vision=UNSURE, supports_logprobs=(YES, True)))
        assert evidence.known("one")[0].verdicts["supports_vision"].value is UNSURE


def test_what_was_decided_last_is_told_whichever_measurement_it_is_of(path: Path) -> None:
    with Evidence.open(path) as evidence:
        evidence.add_report("one", report(at="1", supports_vision=(NO, False), supports_logprobs=(NO, False)))
        evidence.add_report("one", report(at="2", supports_vision=UNSURE, supports_logprobs=(YES, True)))
        evidence.add_report("one", replace(report(at="3", supports_logprobs=UNSURE), partial=True))
        decided = evidence.decided("one")
        assert {name: (dated.verdict.value, dated.at) for name, dated in decided.items()} == {
            "supports_vision": (NO, "1"),
            "supports_logprobs": (YES, "2"),
        }
        assert evidence.decided("two") == {}


def test_origins_are_kept_with_their_date_and_a_later_hand_makes_them_yours(path: Path) -> None:
    overrides = {"supports_vision": True, "structured_output_mode": "json_schema", "parser": None}
    with Evidence.open(path) as evidence:
        evidence.record_origins(
            "one",
            {"supports_vision": "measured", "structured_output_mode": FieldOrigin.DECLARED, "parser": "name"},
            overrides=overrides,
        )
        origins = evidence.origins("one")
        assert {name: recorded.origin for name, recorded in origins.items()} == {
            "supports_vision": FieldOrigin.MEASURED,
            "structured_output_mode": FieldOrigin.DECLARED,
            "parser": FieldOrigin.NAME,
        }
        assert origins["supports_vision"].at.startswith("20")
        edited = evidence.origins("one", {**overrides, "supports_vision": False})
        assert edited["supports_vision"].origin is FieldOrigin.YOU
        assert edited["structured_output_mode"].origin is FieldOrigin.DECLARED
        assert "parser" not in edited


def test_an_origin_that_is_none_is_refused_and_nothing_is_written(path: Path) -> None:
    with Evidence.open(path) as evidence:
        with pytest.raises(ValueError, match="guess"):
            evidence.record_origins("one", {"supports_vision": "measured", "parser": "guess"})
        assert evidence.origins("one") == {}


def test_forgetting_a_model_leaves_the_others(path: Path) -> None:
    with Evidence.open(path) as evidence:
        for entry_id in ("one", "two"):
            evidence.add_report(entry_id, report(supports_vision=YES))
            evidence.record_origins(entry_id, {"supports_vision": "measured"})
        evidence.forget("one")
        assert (evidence.latest("one"), evidence.origins("one")) == (None, {})
        assert evidence.latest("two") is not None
        assert evidence.origins("two")


def test_the_last_listing_is_kept_by_provider(path: Path) -> None:
    with Evidence.open(path) as evidence:
        assert evidence.last_seen("custom", "Box") is None
        evidence.note_listing("custom", "Box", ["a", "b::c/ü", "a"])
        evidence.note_listing("builtin", "Box", [])
    with Evidence.open(path) as evidence:
        assert evidence.last_seen("custom", "Box") == ("a", "b::c/ü")
        assert evidence.last_seen("builtin", "Box") == ()


# --------------------------------------------------------------------------------------------------------- fingerprint


def test_evidence_is_stale_when_a_part_of_the_fingerprint_changed(path: Path) -> None:
    raw = {"fingerprint": {"build": "b1", "chat_template": "aa", "quantisation": "Q4_1", "odd": 1}}
    measured = fingerprint_of("http://127.0.0.1:8080/v1/", "m", OfferedModel("m", raw=raw))
    with Evidence.open(path) as evidence:
        assert not evidence.is_stale("one", measured)
        evidence.add_report("one", report(fingerprint=measured.to_text()))
        assert not evidence.is_stale("one", measured)
        assert not evidence.is_stale("one", Fingerprint("http://127.0.0.1:8080/v1", "m"))
        changed = Fingerprint("http://127.0.0.1:8080/v1", "m", build="b2", chat_template="bb", quantisation="Q4_1")
        assert evidence.staleness("one", changed) == ("the server's version", "the chat template")
        assert evidence.is_stale("one", changed.to_text())


def test_what_is_seen_of_a_server_later_makes_evidence_stale_until_it_is_measured_again(path: Path) -> None:
    before = Fingerprint("http://127.0.0.1:8080/v1", "m", build="b1", chat_template="aa")
    after = Fingerprint("http://127.0.0.1:8080/v1", "m", build="b1", chat_template="bb")
    with Evidence.open(path) as evidence:
        evidence.note_seen("one", after)
        evidence.add_report("one", report(fingerprint=before.to_text()))
        assert evidence.staleness("one", before) == ()
        evidence.note_seen("one", before)
        assert evidence.staleness("one", before) == ()
        evidence.note_seen("one", after)
        assert evidence.staleness("one", Fingerprint(before.base_url, "m")) == ("the chat template",)
        evidence.add_report("one", report(fingerprint=after.to_text()))
        assert evidence.staleness("one", Fingerprint(before.base_url, "m")) == ()
        evidence.forget("one")
        evidence.add_report("one", report(fingerprint=before.to_text()))
        assert evidence.staleness("one", before) == ()


@pytest.mark.parametrize("text", ["", "{", "[1]", "12ab34cd", '{"model": 7, "unknown": "x"}'])
def test_any_text_is_read_as_some_fingerprint(text: str) -> None:
    read = Fingerprint.from_text(text)
    assert read.differences(Fingerprint.from_text(text)) == ()
    assert Fingerprint.from_text(Fingerprint("u", "m", build="ü").to_text()) == Fingerprint("u", "m", build="ü")


# --------------------------------------------------------------------------------------------------------------- keys


def test_no_key_reaches_the_file(path: Path) -> None:
    request = {
        "url": f"http://h/v1?key={KEY}", "headers": {"Authorization": f"Bearer {KEY}"}, "api_key": "short",
        "messages": [{"role": "user", "content": f"my key is {KEY}"}],
    }  # fmt: skip
    told = receipt(request=request, response_excerpt=f"wrong key {KEY}", reason=f"{KEY[:4]}…6789 was refused")
    unknown = receipt(request={"headers": {"x-api-key": "0123456789abcdef"}}, response_excerpt="Bearer abcdefgh1234")
    verdict = Verdict(NO, False, "Refused.", (told, unknown))
    with Evidence.open(path) as evidence:
        evidence.add_report("one", Report({"supports_vision": verdict}, facts={"echo": KEY}), secrets=[KEY])
        evidence.add_report("one", Report({"supports_vision": verdict}))
    data = path.read_bytes()
    for secret in (KEY, "short", "0123456789abcdef", "abcdefgh1234"):
        assert secret.encode() not in data


def test_what_is_forgotten_is_gone_from_the_file(path: Path) -> None:
    with Evidence.open(path) as evidence:
        evidence.add_report("one", report(at="needle-in-the-file"))
        evidence.forget("one")
    assert b"needle-in-the-file" not in path.read_bytes()


# --------------------------------------------------------------------------------------------------------------- file


if os.name == "posix":

    def test_the_file_is_for_its_owner_alone(path: Path) -> None:
        with Evidence.open(path) as evidence:
            evidence.add_report("one", report())
            modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
        assert set(modes.values()) == {0o600}

    def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
        Evidence.open(path).close()
        path.chmod(0o644)
        Evidence.open(path).close()
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be read as one" * 100, b"\0" * 5000])
def test_a_broken_file_is_set_aside_in_words_and_a_new_one_begun(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with Evidence.open(path) as evidence:
        assert evidence.problem is not None
        assert "a new one was begun" in evidence.problem.title
        evidence.add_report("one", report())
    (aside,) = path.parent.glob("evidence.broken-*")
    assert aside.read_bytes() == content
    assert str(aside) in evidence.problem.hint
    with Evidence.open(path) as evidence:
        assert evidence.problem is None
        assert evidence.latest("one") is not None


def test_a_file_that_breaks_while_it_is_open_stops_nothing(path: Path) -> None:
    with Evidence.open(path) as evidence:
        for _ in range(30):
            evidence.add_report("one", report(supports_vision=YES))
        with path.open("r+b") as file:
            file.write(b"garbage " * 4000)
        assert evidence.history("one") == ()
        assert evidence.problem is not None
        evidence.add_report("one", report(supports_vision=NO))
        assert evidence.latest("one") is not None
    assert list(path.parent.glob("evidence.broken-*"))


def test_a_file_of_a_newer_program_is_left_alone(path: Path) -> None:
    with Evidence.open(path) as evidence:
        evidence.add_report("one", report())
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {len(TABLES.migrations) + 1}")
    newer.close()
    before = path.read_bytes()
    with Evidence.open(path) as evidence:
        assert evidence.problem is not None
        assert "newer" in evidence.problem.title
        evidence.add_report("one", report())
        assert evidence.latest("one") is not None
    assert path.read_bytes() == before


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_place_that_cannot_be_used_keeps_evidence_for_this_run(tmp_path: Path, what: str) -> None:
    if what == "folder":
        place = tmp_path / "evidence.sqlite3"
        place.mkdir()
    else:
        (tmp_path / "file").write_text("x")
        place = tmp_path / "file" / "evidence.sqlite3"
    with Evidence.open(place) as evidence:
        assert evidence.problem is not None
        assert "this run only" in evidence.problem.title
        evidence.add_report("one", report())
        assert evidence.latest("one") is not None
    if what == "folder":
        assert place.stat().st_mode & 0o700 == 0o700


def test_a_broken_file_that_cannot_be_moved_is_left_and_stops_nothing(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database, and it cannot be moved " * 200)
    moves: list[Path] = []

    def refuse(self: Path, _target: Path) -> Path:
        moves.append(self)
        raise PermissionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with Evidence.open(path) as evidence:
            evidence.add_report("one", report())
            assert evidence.problem is not None
            assert evidence.latest("one") is not None
    assert moves == [path]
    assert path.read_bytes().startswith(b"no database")


def test_origins_of_another_making_are_passed_over(path: Path) -> None:
    with Evidence.open(path) as evidence:
        evidence.record_origins("one", {"parser": "name"})
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("INSERT INTO origins VALUES ('one', 'supports_vision', 'oracle', NULL, 'x')")
    raw.execute("INSERT INTO listings VALUES ('custom', 'Box', 'x', '{')")
    raw.close()
    with Evidence.open(path) as evidence:
        assert evidence.origins("one").keys() == {"parser"}
        assert evidence.last_seen("custom", "Box") is None


def test_a_closed_store_refuses_in_words(path: Path) -> None:
    evidence = Evidence.open(path)
    evidence.close()
    assert evidence.latest("one") is None
    with pytest.raises(EvidenceError):
        evidence.add_report("one", report())


def test_a_row_of_another_making_is_passed_over(path: Path) -> None:
    with Evidence.open(path) as evidence:
        evidence.add_report("one", report(at="good"))
    raw = sqlite3.connect(path, isolation_level=None)
    for text in ("{", "[]", "7", '{"verdicts": {"x": 1}, "modes": {}}', '{"later": true, "verdicts": {}, "modes": {}}'):
        raw.execute("INSERT INTO reports (entry_id, fingerprint, at, report) VALUES ('one', '', 'x', ?)", (text,))
    raw.close()
    with Evidence.open(path) as evidence:
        assert [stored.at for stored in evidence.history("one")] == ["good"]
        latest = evidence.latest("one")
        assert latest is not None
        assert latest.at == "good"


def test_a_file_that_another_process_holds_refuses_in_words(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.sqlite_file._BUSY_TIMEOUT_S", 0.05)
    with Evidence.open(path) as evidence:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(EvidenceError, match="were not kept"):
            evidence.add_report("one", report())
        holder.execute("ROLLBACK")
        holder.close()
        evidence.add_report("one", report())
        assert evidence.latest("one") is not None
    assert not list(path.parent.glob("*broken*"))


def test_many_threads_write_and_read_at_once(path: Path) -> None:
    failures: list[BaseException] = []
    with Evidence.open(path) as evidence:

        def work(entry_id: str) -> None:
            try:
                for _ in range(5):
                    evidence.add_report(entry_id, report(supports_vision=YES))
                    assert evidence.latest(entry_id) is not None
            except BaseException as error:  # noqa: BLE001 (shown by the test's own thread)
                failures.append(error)

        threads = [threading.Thread(target=work, args=(f"entry-{index}",)) for index in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert all(len(evidence.history(f"entry-{index}")) == 5 for index in range(6))


WRITER = """
import sys
from core.evidence import Evidence
from core.verdicts import Report
with Evidence.open(sys.argv[1]) as evidence:
    for index in range(5):
        evidence.add_report(sys.argv[2], Report(at=str(index)))
"""


def test_two_processes_keep_their_measurements_in_one_file(path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(path)]
    processes = [subprocess.Popen([*command, name], cwd=Path(__file__).parents[1]) for name in ("one", "two")]
    assert [process.wait(60) for process in processes] == [0, 0]
    with Evidence.open(path) as evidence:
        assert [len(evidence.history(name)) for name in ("one", "two")] == [5, 5]
