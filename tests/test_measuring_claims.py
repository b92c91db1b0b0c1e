"""Claims that a server makes and that are not so, or not always: log probabilities, reasoning, parsers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.acceptance import provider_as_set
from core.engine import load_litellm
from core.measuring import Report
from core.probe_wire import RawAnswer
from core.probes import logprobs
from core.verdicts import Outcome
from tests.measured import NO, OPEN, YES, measure_registered
from tests.run_specs import run_of
from tests.servers.answers import Answer, Reply
from tests.servers.capable import CapableServer
from tests.servers.particular import ParticularServer, with_events

Tokens = list[dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def litellm_loaded() -> None:
    """The import takes seconds that belong to no measurement."""
    load_litellm()


def report_of(server: CapableServer, **how: Any) -> Report:
    with server:
        return asyncio.run(measure_registered(server.base_url, **how))


def token(logprob: float, *alternatives: tuple[str, float]) -> dict[str, Any]:
    return {"token": "a", "logprob": logprob, "top_logprobs": [{"token": t, "logprob": p} for t, p in alternatives]}


REAL = token(-0.4, ("a", -0.4), ("b", -1.5), ("c", -4.0))


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ([REAL, REAL], YES),
        ([REAL, token(-0.1, ("a", -0.1), ("b", -9999.0))], YES),
        ([token(-1e-7, ("a", -1e-7), ("b", -16.1)), REAL], YES),
        ([token(0.0, ("a", 0.0), ("b", -18.5), ("c", -19.5))], YES),
        ([token(0.0)], OPEN),
        ([token(0.0, ("a", 0.0))], OPEN),
        ([token(0.0, ("a", 0.0), ("b", -9999.0))], OPEN),
        ([{"token": "a", "logprob": None, "top_logprobs": None}], NO),
        ([token(0.0, ("a", 0.0), ("b", 0.0))], NO),
        ([token(-0.1, *[("a", -0.1)] * 5)], NO),
        ([token(-0.1, *[(name, -0.1) for name in "abcde"])], NO),
        ([token(-9999.0, ("a", -9999.0), ("b", -9999.0))], NO),
        ([token(-0.2, ("a", -0.2), ("b", -0.3), ("c", -0.4))], NO),
        ([token(-0.4, ("a", -0.4), ("a", -2.0))], NO),
        ([token(-0.4, ("a", -0.4))], NO),
        ([token(0.0, ("a", 0.0), ("b", -3.0))], NO),
        ([token(float("-inf"), ("a", -0.4), ("b", -2.0))], NO),
    ],
)
def test_log_probabilities_must_be_such_as_probabilities_can_be(given: Tokens, outcome: Outcome) -> None:
    answer = RawAnswer(content="a", logprobs=tuple(given), logprobs_seen=True)
    assert logprobs.judge(answer).outcome is outcome


def test_a_server_that_makes_log_probabilities_up_gets_a_no() -> None:
    capable = CapableServer()

    def make_alike(event: dict[str, Any]) -> None:
        for choice in event["choices"]:
            for item in (choice.get("logprobs") or {}).get("content", []):
                item["top_logprobs"] = [{"token": item["token"], "logprob": item["logprob"]}] * 5

    server = ParticularServer(lambda asked, _: with_events(capable.reply(asked), make_alike))
    report = report_of(server)
    assert report.verdicts["supports_logprobs"].value is NO
    assert report.verdicts["supports_vision"].value is YES


def be_certain(asked: dict[str, Any], keep: Callable[[dict[str, Any]], Any]) -> Reply:
    """The capable server's reply with every chosen token certain, and of what stands beside it what `keep` leaves."""

    def change(event: dict[str, Any]) -> None:
        for choice in event["choices"]:
            for item in (choice.get("logprobs") or {}).get("content", []):
                item["logprob"], item["top_logprobs"] = 0.0, keep(item)

    return with_events(CapableServer().reply(asked), change)


def below(item: dict[str, Any]) -> Tokens:
    return [{**given, "logprob": -18.5 - at if at else 0.0} for at, given in enumerate(item["top_logprobs"])]


def test_a_model_that_is_sure_of_itself_gives_log_probabilities_all_the_same() -> None:
    report = report_of(ParticularServer(lambda asked, _: be_certain(asked, below)))
    assert report.verdicts["supports_logprobs"].value is YES


def test_certainty_with_nothing_beside_it_is_asked_about_once_more() -> None:
    capable = CapableServer()

    def reply(asked: dict[str, Any], _: int) -> Reply:
        opened = "planet" in json.dumps(asked["messages"])
        return capable.reply(asked) if opened else be_certain(asked, lambda _: [])

    assert report_of(ParticularServer(reply)).verdicts["supports_logprobs"].value is YES
    always = ParticularServer(lambda asked, _: be_certain(asked, lambda _: []))
    assert report_of(always).verdicts["supports_logprobs"].value is NO


def thinking(when: Callable[[int], bool], *, tagged: bool = False) -> ParticularServer:
    """A server whose model thinks in those of its answers."""

    def think(_: dict[str, Any], number: int, answer: Answer) -> Answer:
        if not when(number):
            return answer
        if tagged:
            return replace(answer, content=f"<think>Let me see.</think>{answer.content}")
        return replace(answer, reasoning="Let me see.")

    return ParticularServer(change=think)


@pytest.mark.parametrize("tagged", [False, True])
@pytest.mark.parametrize(
    "when", [lambda number: number % 4 != 0, lambda number: number <= 3], ids=["3 of 4", "first 3"]
)
def test_reasoning_that_stays_away_later_is_no_capability(when: Callable[[int], bool], tagged: bool) -> None:
    report = report_of(thinking(when, tagged=tagged))
    assert report.overrides["reasoning_capable"] is False
    assert "answers came with reasoning" in report.verdicts["reasoning_capable"].reason
    assert report.overrides.get("parser") == ("optional_r1_thinking" if tagged else None)
    assert report.facts["acceptance"]["value"] == "yes"


def test_reasoning_in_every_answer_is_still_a_capability() -> None:
    report = report_of(thinking(lambda _: True))
    assert report.overrides["reasoning_capable"] is True


@pytest.mark.parametrize("parser", ["r1_thinking", "optional_r1_thinking"])
def test_a_wrong_parser_of_the_person_refutes_nothing_and_is_cleared(parser: str) -> None:
    report = report_of(CapableServer(), overrides={"parser": parser})
    assert report.facts["acceptance"]["value"] == "yes"
    assert report.verdicts["parser"].value is NO
    assert report.verdicts["parser"].setting is None
    assert report.overrides["parser"] is None
    assert report.overrides["reasoning_capable"] is False
    assert Report.from_wire(report.to_wire()) == report


def test_where_no_parser_is_set_there_is_none_to_clear() -> None:
    assert "parser" not in report_of(CapableServer()).overrides


def test_a_cleared_override_is_the_default_again() -> None:
    provider = run_of("http://127.0.0.1:9/v1", fields={"parser": "r1_thinking"}).provider
    assert provider_as_set(provider, {"parser": None, "supports_vision": True}).parser is None


def test_reasoning_that_a_schema_stops_only_now_and_then_is_told() -> None:
    """The tries of the mode came with reasoning; the run at the end does not."""

    def think(asked: dict[str, Any], _: int, answer: Answer) -> Answer:
        return answer if "boolean" in json.dumps(asked) else replace(answer, reasoning="Let me see.")

    report = report_of(ParticularServer(change=think))
    assert report.overrides["reasoning_capable"] is True
    assert report.overrides["reasoning_optional_for_structured_output"] is True
    assert report.facts["acceptance"]["value"] == "yes"


def test_thinking_in_parts_of_the_content_is_reasoning() -> None:
    """As Mistral's thinking models answer."""

    capable = CapableServer(thought="Let me see.", reasoning_field="reasoning_content")

    def put_in_parts(event: dict[str, Any]) -> None:
        for delta in (choice["delta"] for choice in event["choices"]):
            thought = delta.pop("reasoning_content", None)
            if thought:
                delta["content"] = [{"type": "thinking", "thinking": [{"type": "text", "text": thought}]}]
            elif delta.get("content"):
                delta["content"] = [{"type": "text", "text": delta["content"]}]

    report = report_of(ParticularServer(lambda asked, _: with_events(capable.reply(asked), put_in_parts)))
    assert report.overrides["reasoning_capable"] is True
    assert report.overrides["structured_output_mode"] == "json_schema"
    assert report.verdicts["supports_vision"].value is YES
    assert report.verdicts["parser"].value is NO
