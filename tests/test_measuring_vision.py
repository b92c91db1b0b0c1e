"""What an answer about a picture shows: a number that was read, one that was not, or nothing that tells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.engine import load_litellm
from core.measuring import Report
from core.verdicts import Outcome
from tests.measured import NO, OPEN, YES, measure_registered
from tests.servers.answers import Answer
from tests.servers.capable import Ability
from tests.servers.particular import ParticularServer, has_picture

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.fixture(scope="module", autouse=True)
def litellm_loaded() -> None:
    """The import takes seconds that belong to no measurement."""
    load_litellm()


def report_of(said: Callable[[str], str], *without: Ability) -> Report:
    """The report of a model that says so of the number in a picture."""

    def change(asked: dict[str, Any], _: int, answer: Answer) -> Answer:
        is_read = has_picture(asked) and (answer.content.isdigit() or Ability.VISION in without)
        return replace(answer, content=said(answer.content)) if is_read else answer

    with ParticularServer(change=change, without=without) as server:
        return asyncio.run(measure_registered(server.base_url))


def in_words(digits: str) -> str:
    return " ".join(_WORDS[int(digit)] for digit in digits)


def apart(digits: str) -> str:
    return " ".join(digits)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (lambda n: n, YES),
        (lambda n: f"{n} {n}", YES),
        (lambda n: f"1. {n}", YES),
        (lambda n: f"The 250x90 picture of 2026 shows {n}.", YES),
        (lambda n: f"**{n}**\n\nLet me know!", YES),
        (lambda n: f"$\\boxed{{{n}}}$", YES),
        (apart, YES),
        (lambda n: f"Digits: {apart(n)}. Number: {n}", YES),
        (lambda n: f"{n[0]},{n[1:]}", YES),
        (lambda n: "".join(chr(ord("\uff10") + int(digit)) for digit in n), YES),
        (in_words, OPEN),
        (lambda n: f"{n[:2]} {n[2:]}", OPEN),
        (lambda n: f"{n}{n}", OPEN),
    ],
)
def test_a_number_is_read_in_whatever_form_it_is_said(said: Callable[[str], str], outcome: Outcome) -> None:
    verdict = report_of(said).verdicts["supports_vision"]
    assert verdict.value is outcome, verdict.reason


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("2345 3456 4567 5678", OPEN),
        ("It was a dark and stormy night.", OPEN),
        ("I'm sorry, I can't help with this picture.", OPEN),
        ("I cannot see any image.", NO),
        ("I don't see a picture in your message.", NO),
    ],
)
def test_an_answer_without_the_number_is_a_no_only_where_it_tells(words: str, outcome: Outcome) -> None:
    verdict = report_of(lambda _: words).verdicts["supports_vision"]
    assert verdict.value is outcome, verdict.reason


@pytest.mark.parametrize("guess", ["1234", "The number is 1234.", "1 2 3 4", "12"])
def test_a_model_that_guesses_sees_nothing(guess: str) -> None:
    verdict = report_of(lambda _: guess, Ability.VISION).verdicts["supports_vision"]
    assert verdict.value is NO, verdict.reason
