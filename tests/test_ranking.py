"""Ranking the structured output modes on an endpoint that is not always there: bounded, and nothing known is lost."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from core.engine import load_litellm
from core.errors import RunError
from core.measuring import Limits
from core.mode_ranking import DEFAULT_MAX_TOKENS, rank_spec
from core.verdicts import ModeResult
from tests.run_specs import SCHEMA, run_of
from tests.servers.answers import Answer, Reply
from tests.servers.openai_wire import chat_completion
from tests.servers.particular import Instead, ParticularServer, refusal

TWO = ("json_schema", "function_calling")


@pytest.fixture(scope="module", autouse=True)
def litellm_loaded() -> None:
    """The import takes seconds that belong to no ranking."""
    load_litellm()


def ranked(server: ParticularServer, **how: Any) -> dict[str, ModeResult]:
    with server:
        results = asyncio.run(rank_spec(run_of(server.base_url, schema=SCHEMA), **{"modes": TWO, "trials": 3, **how}))
    return {result.mode: result for result in results}


def counts(results: dict[str, ModeResult]) -> list[tuple[int, int]]:
    return [(results[mode].successes, results[mode].trials) for mode in TWO]


def only(numbers: set[int], reply: Reply) -> Instead:
    return lambda _, number: reply if number in numbers else None


@pytest.mark.parametrize("status", [429, 502])
def test_a_try_that_was_lost_is_made_again(status: int) -> None:
    server = ParticularServer(only({2, 3, 5}, refusal(status, "Slow down", Retry_After="0")))
    assert counts(ranked(server)) == [(3, 3), (3, 3)]
    assert server.asked_until_now == 9


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_is_too_long_ends_it_with_what_is_known(status: int) -> None:
    started_s = time.monotonic()
    results = ranked(ParticularServer(only({4}, refusal(status, "Slow down", Retry_After="3600"))))
    assert time.monotonic() - started_s < 10
    assert counts(results) == [(2, 2), (1, 1)]
    assert "60 minutes are too long to wait" in results["function_calling"].reason


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (refusal(401, "The key was revoked"), "did not accept the key"),
        (refusal(400, "Your credit balance is too low"), "asks for payment"),
        (refusal(402, "Insufficient credits"), "asks for payment"),
    ],
    ids=["key", "balance", "payment"],
)
def test_an_endpoint_that_takes_no_more_ends_it_with_what_is_known(refused: Reply, words: str) -> None:
    server = ParticularServer(lambda _, number: refused if number > 3 else None)
    results = ranked(server)
    assert counts(results) == [(2, 2), (1, 1)]
    assert words in results["json_schema"].reason
    assert server.asked_until_now == 4


def test_an_endpoint_that_asks_for_payment_at_once_fails_in_words() -> None:
    with pytest.raises(RunError, match="asks for payment"):
        ranked(ParticularServer(lambda *_: refusal(402, "Insufficient credits")))


def test_a_mode_that_is_refused_without_a_word_is_told_from_one_that_was_lost() -> None:
    server = ParticularServer(lambda asked, _: refusal(422, "Something") if "tools" in asked else None)
    results = ranked(server)
    assert counts(results) == [(3, 3), (0, 1)]
    assert server.asked_until_now == 6


def test_an_answer_that_was_cut_off_says_nothing_of_its_mode() -> None:
    def cut_off(asked: dict[str, Any], _: int) -> Reply | None:
        if "tools" in asked:
            return None
        reply = chat_completion(asked, Answer(content='{"answer": "it was'))
        ends = [piece.replace(b'"finish_reason": "stop"', b'"finish_reason": "length"') for piece in reply.pieces]
        return Reply(pieces=tuple(ends), content_type=reply.content_type, streamed=reply.streamed)

    results = ranked(ParticularServer(cut_off))
    assert counts(results) == [(0, 0), (3, 3)]
    assert "cut off" in results["json_schema"].reason


def test_every_try_has_a_limit_of_tokens() -> None:
    server = ParticularServer()
    ranked(server)
    assert {body.get("max_tokens") for body in server.bodies} == {DEFAULT_MAX_TOKENS}


def test_calls_and_seconds_end_it_with_what_is_known() -> None:
    results = ranked(ParticularServer(), limits=Limits(calls=3))
    assert counts(results) == [(2, 2), (1, 1)]
    assert "3 calls" in results["function_calling"].reason
    server = ParticularServer(reply_s=0.3)
    results = ranked(server, limits=Limits(seconds=1))
    assert server.asked_until_now <= 5
    assert any("seconds" in result.reason for result in results.values())
