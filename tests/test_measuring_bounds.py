"""What a measurement costs at most, whatever the endpoint does; and that nothing of its key stays in what is kept."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.engine import load_litellm
from core.evidence import Evidence
from core.measuring import Limits, Report, estimate
from core.waiting_words import too_long_a_wait
from tests.measured import OPEN, YES, measure_at, measure_registered, spec_of, thorough_limits
from tests.run_specs import KEY
from tests.servers.answers import Answer, Reply, ToolCall, event, event_stream, json_reply
from tests.servers.capable import Ability, CapableServer
from tests.servers.openai_wire import chat_completion, chunk
from tests.servers.particular import ParticularServer, has_picture, is_last_run, refusal, with_events

CAPABLE, WHOLE = CapableServer(), CapableServer([Ability.STREAMING])


@pytest.fixture(scope="module", autouse=True)
def litellm_loaded() -> None:
    """The import takes seconds that belong to no measurement."""
    load_litellm()


def report_of(server: CapableServer, **how: Any) -> Report:
    with server:
        return asyncio.run(measure_registered(server.base_url, **how))


@pytest.mark.parametrize("piece", ["word ", " \n"], ids=["words", "blanks"])
def test_the_last_run_obeys_the_limit_of_tokens(piece: str) -> None:
    def go_on(asked: dict[str, Any], _: int) -> Reply | None:
        if not is_last_run(asked):
            return None
        words = [event(chunk(asked, Answer(), {"content": piece})) for _ in range(20_000)]
        return event_stream(*words, event(chunk(asked, Answer(), {}, finish_reason="stop")), event("[DONE]"))

    report = report_of(ParticularServer(go_on))
    assert report.facts["acceptance"]["value"] == "inconclusive"
    assert 1000 < report.tokens <= 6000
    assert report.overrides["structured_output_mode"] == "json_schema"


def test_the_last_run_counts_also_where_it_fails() -> None:
    def fail(asked: dict[str, Any], _: int) -> Reply | None:
        return refusal(429, "Too many requests") if is_last_run(asked) else None

    server = ParticularServer(fail)
    report = report_of(server)
    assert report.calls == server.asked_until_now


@pytest.mark.parametrize("count", [-5000, 10**9, 0, "12", None], ids=["negative", "absurd", "zero", "text", "none"])
def test_counts_that_cannot_be_are_replaced_by_what_was_sent(count: Any) -> None:
    def miscount(found: dict[str, Any]) -> None:
        if found.get("usage"):
            found["usage"] = dict.fromkeys(found["usage"], count)

    report = report_of(ParticularServer(lambda asked, _: with_events(CAPABLE.reply(asked), miscount)))
    assert 500 < report.tokens <= 6000
    assert report.verdicts["supports_vision"].value is YES
    assert report.overrides["structured_output_mode"] == "json_schema"


def test_a_whole_answer_without_a_count_is_booked_by_its_length() -> None:
    def answer_long(asked: dict[str, Any], _: int) -> Reply:
        reply = chat_completion({**asked, "stream": False}, Answer(content="word " * 60))
        return json_reply({**json.loads(reply.pieces[0]), "usage": None})

    server = ParticularServer(answer_long)
    report = report_of(server, limits=Limits(calls=3))
    assert report.completion_tokens >= 3 * 60


def test_an_answer_of_many_pages_uses_up_the_limit_and_no_more() -> None:
    pages = ParticularServer(lambda asked, _: chat_completion({**asked, "stream": False}, Answer(content="w " * 10**6)))
    report = report_of(pages)
    assert report.tokens <= 6000
    assert report.calls == 1


def test_a_wait_that_503_asks_for_is_kept_and_one_that_is_too_long_ends_it_at_once() -> None:
    asked_at: list[float] = []

    def be_busy(seconds: str) -> ParticularServer:
        def reply(_: dict[str, Any], number: int) -> Reply | None:
            asked_at.append(time.monotonic())
            return refusal(503, "Overloaded", Retry_After=seconds) if number == 1 else None

        return ParticularServer(reply)

    report_of(be_busy("2"), limits=Limits(calls=2))
    assert asked_at[1] - asked_at[0] >= 2
    report = report_of(be_busy("3600"))
    assert report.calls == 1
    assert report.seconds < 5
    assert "60 minutes are too long to wait" in report.stopped_by


@pytest.mark.parametrize(
    ("body", "calls", "words"),
    [
        ({"choices": "x"}, 1, "cannot be read"),
        ({"choices": [None]}, 1, "cannot be read"),
        ({"choices": [{"message": {}}]}, 3, "3 answers in a row had nothing in them"),
        ({"choices": [{"message": {"content": "word " * 6_000_000}}]}, 1, "too large to read"),
    ],
    ids=["text", "null", "empty", "30 MB"],
)
def test_answers_that_nobody_can_read_end_it_soon(body: dict[str, Any], calls: int, words: str) -> None:
    report = report_of(ParticularServer(lambda *_: json_reply(body)))
    assert (report.calls, len(report.receipts)) == (calls, calls)
    assert words in report.stopped_by


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(119, "119 seconds"), (3600, "60 minutes"), (9000, "2 hours"), (2e5, "2 days"), (2.3e9, "What it asks to wait")],
)
def test_a_wait_that_is_too_long_is_said_in_a_unit_that_fits(seconds: float, words: str) -> None:
    assert too_long_a_wait(seconds).startswith(words)


def with_prompt_tokens(asked: dict[str, Any], picture_tokens: int) -> Reply:
    def count(found: dict[str, Any]) -> None:
        if found.get("usage") and has_picture(asked):
            found["usage"]["prompt_tokens"] += picture_tokens

    return with_events(CAPABLE.reply(asked), count)


def test_one_costly_picture_is_the_most_that_the_limit_is_exceeded_by() -> None:
    server = ParticularServer(lambda asked, _: with_prompt_tokens(asked, 8500))
    report = report_of(server)
    assert sum(map(has_picture, server.bodies)) == 1
    assert '"detail": "low"' in json.dumps([body for body in server.bodies if has_picture(body)])
    assert report.tokens < 6000 + 8500
    verdict = report.verdicts["supports_vision"]
    assert verdict.value is OPEN
    assert verdict.reason.startswith("1 of 1 numbers were read.")
    said = re.search(r"A limit of (\d+) would do", report.stopped_by)
    assert said is not None
    enough = int(said[1])
    again = report_of(ParticularServer(lambda asked, _: with_prompt_tokens(asked, 8500)), limits=Limits(tokens=enough))
    assert again.verdicts["supports_vision"].value is YES
    assert again.tokens <= enough


def test_an_endpoint_that_refuses_to_be_told_the_detail_is_asked_without() -> None:
    def refuse(asked: dict[str, Any], _: int) -> Reply | None:
        told = '"detail"' in json.dumps(asked["messages"])
        return refusal(400, "image_url: extra inputs are not permitted") if told else None

    assert report_of(ParticularServer(refuse)).verdicts["supports_vision"].value is YES


def test_after_one_answer_that_is_far_too_long_the_next_is_expected_to_be() -> None:
    def reply(asked: dict[str, Any], _: int) -> Reply:
        found = json.loads(WHOLE.reply(asked).pieces[0])
        found["usage"] |= {"completion_tokens": 3500}
        return json_reply(found)

    report = report_of(ParticularServer(reply))
    assert report.tokens <= 6000
    assert "would do" in report.stopped_by
    assert "numbers were read" not in report.verdicts["supports_vision"].reason


@pytest.mark.parametrize("field", ["", "reasoning_content"])
def test_a_model_that_thinks_long_is_measured_as_far_as_it_goes_and_it_is_said(field: str) -> None:
    report = report_of(CapableServer(thought="I wonder about this. " * 100, reasoning_field=field))
    assert report.tokens <= 6000
    assert report.overrides["structured_output_mode"] == "json_schema"
    assert report.overrides["reasoning_capable"] is True
    assert report.overrides["supports_function_calling"] is True
    assert report.facts["acceptance"]["value"] == "yes"
    assert "left out" in report.facts["system_role"]["reason"]
    for verdict in report.verdicts.values():
        assert verdict.value is not OPEN or "would do, and measuring thoroughly has more" in verdict.reason
    assert report.partial


async def test_a_body_of_300_mb_holds_nobody_up() -> None:
    small = gzip.compress(b" " * 300_000_000, 1)
    bomb = replace(json_reply({}), pieces=(small,), headers={"Content-Encoding": "gzip"})
    longest_s, last_s, ends = 0.0, time.perf_counter(), asyncio.Event()

    async def tick() -> None:
        nonlocal longest_s, last_s
        while not ends.is_set():
            await asyncio.sleep(0.005)
            longest_s, last_s = max(longest_s, time.perf_counter() - last_s), time.perf_counter()

    with ParticularServer(lambda *_: bomb) as server:
        await measure_at(server.base_url, limits=Limits(calls=0))
        last_s = time.perf_counter()
        ticking = asyncio.create_task(tick())
        report = await measure_at(server.base_url, limits=Limits(calls=1))
        ends.set()
        await ticking
    assert "answered with nothing" in report.stopped_by
    assert longest_s < 0.5


def test_the_time_is_told_in_whole_words() -> None:
    def wait(asked: dict[str, Any], number: int) -> None:
        server.stopping.wait(10)

    server = ParticularServer(wait)
    assert report_of(server, limits=Limits(seconds=1)).stopped_by.endswith("did not finish within 1 seconds.")


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize(
    ("without", "words"), [((), 0), (tuple(Ability), 0), ((), 100), ((Ability.SCHEMA, Ability.FORCED_TOOL), 100)]
)
def test_no_measurement_takes_more_than_was_said_beforehand(
    without: tuple[Ability, ...], words: int, thorough: bool
) -> None:
    wide = replace(thorough_limits() if thorough else Limits(), calls=500, tokens=500_000)
    server = CapableServer(without, thought="I wonder. " * words)
    report = report_of(server, limits=wide)
    calls, tokens = estimate(spec_of("http://127.0.0.1:9/v1"), wide)
    assert (report.calls <= calls, report.tokens <= tokens) == (True, True), (report.calls, report.tokens)
    assert not report.partial


# ------------------------------------------------------------------------------------------------------------- the key

PLAIN_KEY = "lanbox-hunter2-7f3k9q"
"""Of no shape that anybody would know as a key."""


def put_everywhere(key: str, found: dict[str, Any]) -> None:
    """Writes the key wherever an event of a stream has a place for text."""
    found |= {"model": f"m-{key}", "system_fingerprint": f"fp-{key}\ud800"}
    for choice in found["choices"]:
        delta = choice["delta"]
        if delta.get("content"):
            delta["content"] += f" {key} "
            delta["reasoning_content"] = f"Thinking of {key}"
        for call in delta.get("tool_calls", []):
            call["id"] = key
        for item in (choice.get("logprobs") or {}).get("content", []):
            item["token"] = key


@pytest.mark.parametrize("key", [KEY, PLAIN_KEY])
@pytest.mark.parametrize("place", ["events", "long", "tools", "json"])
def test_a_key_that_comes_back_in_good_answers_is_kept_nowhere(key: str, place: str, tmp_path: Path) -> None:
    def reply(asked: dict[str, Any], _: int) -> Reply | None:
        called = ToolCall(name=key, arguments=json.dumps({key: key}))
        if place == "events":
            return with_events(CAPABLE.reply(asked), lambda found: put_everywhere(key, found))
        if place == "long":
            # So that the excerpt would cut it in two.
            return chat_completion(asked, Answer(content="x" * 593 + key, piece_characters=1000))
        if place == "tools" and "tools" in asked:
            return chat_completion(asked, Answer(content="", tool_calls=(called,)))
        return chat_completion(asked, Answer(content=json.dumps({key: key}))) if place == "json" else None

    report = report_of(ParticularServer(reply), key=key)
    texts = json.dumps(report.to_wire(), ensure_ascii=False)
    texts.encode()
    assert report.calls > 1
    assert key not in texts
    assert key[:7] not in texts
    with Evidence.open(tmp_path / "evidence.sqlite3") as evidence:
        evidence.add_report("one", report)
        assert evidence.latest("one") is not None
    assert key.encode() not in (tmp_path / "evidence.sqlite3").read_bytes()
