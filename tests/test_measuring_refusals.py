"""What a refusal means: a no in words or shown by a control, else nothing; and what is asked again in another way."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from core.engine import load_litellm
from core.measuring import Report
from tests.measured import NO, OPEN, YES, measure_registered, thorough_limits
from tests.servers.answers import Answer, Reply
from tests.servers.capable import Ability
from tests.servers.particular import Instead, ParticularServer, asks_for_feature, has_picture, refusal

CAPABILITIES = ("supports_structured_output", "supports_function_calling", "supports_logprobs", "supports_vision")

BALANCE = "Your credit balance is too low to access the API. Please go to Plans & Billing."
BUDGET = "Budget has been exceeded! Current cost: 10.2, Max budget: 10.0"
FILTER = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."
FAILED_CALL = "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details."


@pytest.fixture(scope="module", autouse=True)
def litellm_loaded() -> None:
    """The import takes seconds that belong to no measurement."""
    load_litellm()


def report_of(server: ParticularServer, **how: Any) -> Report:
    with server:
        return asyncio.run(measure_registered(server.base_url, **how))


def when(condition: Any, reply: Reply) -> Instead:
    return lambda asked, number: reply if condition(asked, number) else None


def later(asked: dict[str, Any], number: int) -> bool:
    return number > 3


def on_feature(asked: dict[str, Any], number: int) -> bool:
    return asks_for_feature(asked)


@pytest.mark.parametrize("words", [BALANCE, BUDGET])
def test_an_account_at_its_end_stops_the_measurement_and_denies_nothing(words: str) -> None:
    server = ParticularServer(when(later, refusal(400, words)))
    report = report_of(server)
    assert [report.verdicts[name].value for name in CAPABILITIES] == [OPEN] * 4
    assert "asks for payment" in report.stopped_by
    assert server.asked_until_now == 4


@pytest.mark.parametrize("status", [402, 409, 413, 423, 425, 451, 500, 502, 529])
def test_what_is_no_refusal_of_a_feature_denies_none(status: int) -> None:
    report = report_of(ParticularServer(when(on_feature, refusal(status, "Something"))))
    assert NO not in [report.verdicts[name].value for name in CAPABILITIES]


def test_a_content_filter_denies_nothing() -> None:
    report = report_of(ParticularServer(when(later, refusal(400, FILTER))))
    assert [report.verdicts[name].value for name in CAPABILITIES] == [OPEN] * 4


def test_a_call_that_the_model_failed_to_write_is_asked_for_again() -> None:
    def fail_now_and_then(asked: dict[str, Any], number: int) -> bool:
        return "tools" in asked and number % 2 == 1

    report = report_of(ParticularServer(when(fail_now_and_then, refusal(400, FAILED_CALL))))
    assert report.verdicts["supports_function_calling"].value is YES


@pytest.mark.parametrize(
    "words",
    [
        "For this model tool calling is not available",
        "tool calling is not available for this model",
        "Invalid tool definition: token limit for tools is 0",
        '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
    ],
)
def test_a_refusal_that_names_the_feature_is_a_no_and_the_rest_is_measured(words: str) -> None:
    report = report_of(ParticularServer(when(lambda asked, _: "tools" in asked, refusal(400, words))))
    assert report.verdicts["supports_function_calling"].value is NO
    assert [report.verdicts[name].value for name in CAPABILITIES] == [YES, NO, YES, YES]
    assert not report.partial, report.stopped_by


def test_a_parameter_that_is_unknown_to_the_model_is_a_no_and_the_rest_is_measured() -> None:
    words = "model m1: unknown parameter: logprobs"
    report = report_of(ParticularServer(when(lambda asked, _: "logprobs" in asked, refusal(400, words))))
    assert [report.verdicts[name].value for name in CAPABILITIES] == [YES, YES, NO, YES]


def test_a_bare_refusal_is_a_no_where_it_repeats_and_the_same_without_the_feature_is_answered() -> None:
    report = report_of(ParticularServer(when(lambda asked, _: has_picture(asked), refusal(422, "Something"))))
    assert [report.verdicts[name].value for name in CAPABILITIES] == [YES, YES, YES, NO]
    assert "Without it the same was answered." in report.verdicts["supports_vision"].reason


def test_a_bare_refusal_denies_nothing_where_the_same_is_refused_without_the_feature_too() -> None:
    report = report_of(ParticularServer(when(later, refusal(400, "Bad Request"))))
    assert [report.verdicts[name].value for name in CAPABILITIES] == [OPEN] * 4


@pytest.mark.parametrize(
    ("feature", "words", "field"),
    [
        ("tools", "Error in function handler: connection reset by upstream", "supports_function_calling"),
        ("tools", "Invalid schema for function 'lookup_order'", "supports_function_calling"),
        ("tools", "The function was not found in the cache", "supports_function_calling"),
        ("image_url", "Failed to upload file to object storage: connection reset", "supports_vision"),
        ("image_url", "Something is wrong with the image", "supports_vision"),
        ("response_format", "failed to write schema cache: disk full", "supports_structured_output"),
        ("logprobs", "Internal: logprobs buffer was empty", "supports_logprobs"),
    ],
)  # fmt: skip
def test_one_refusal_that_merely_names_the_feature_denies_nothing(feature: str, words: str, field: str) -> None:
    refused = 0

    def refuse_once(asked: dict[str, Any], _: int) -> Reply | None:
        nonlocal refused
        refused += f'"{feature}"' in json.dumps(asked)
        return refusal(400, words) if f'"{feature}"' in json.dumps(asked) and refused == 1 else None

    verdict = report_of(ParticularServer(refuse_once)).verdicts[field]
    assert verdict.value in (YES, OPEN), verdict.reason


def test_refusals_now_and_then_are_no_no() -> None:
    report = report_of(ParticularServer(when(lambda _, number: number in (4, 8, 10), refusal(400, "Bad Request"))))
    assert [report.verdicts[name].value for name in CAPABILITIES] == [YES] * 4
    assert report.overrides["structured_output_mode"] == "json_schema"


def test_a_refusal_after_a_pass_is_a_contradiction_and_no_no() -> None:
    schemas = 0

    def refuse_after_one(asked: dict[str, Any], _: int) -> bool:
        nonlocal schemas
        schemas += "response_format" in asked
        return "response_format" in asked and schemas > 1

    report = report_of(ParticularServer(when(refuse_after_one, refusal(400, "Bad Request"))))
    mode = report.modes["json_schema"]
    assert (mode.successes, mode.trials) == (1, 1)
    assert "It was taken before." in mode.reason
    assert report.overrides["structured_output_mode"] == "function_calling"


@pytest.mark.parametrize(
    "words",
    [
        "max_tokens must be at least 16",
        "Invalid 'max_tokens': integer below minimum value. Expected a value >= 16, but got 4 instead.",
    ],
)
def test_an_endpoint_that_wants_more_tokens_gets_them(words: str) -> None:
    report = report_of(ParticularServer(when(lambda asked, _: asked["max_tokens"] < 16, refusal(400, words))))
    assert [report.verdicts[name].value for name in CAPABILITIES] == [YES] * 4


def test_an_endpoint_that_gives_fewer_alternatives_is_asked_for_fewer() -> None:
    words = "top_logprobs must be between 0 and 3"
    server = ParticularServer(when(lambda asked, _: asked.get("top_logprobs", 0) > 3, refusal(400, words)))
    assert report_of(server).verdicts["supports_logprobs"].value is YES
    assert server.bodies[-1].get("top_logprobs") is None
    assert 3 in [body.get("top_logprobs") for body in server.bodies]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (422, "Input validation error: `temperature` must be strictly positive"),
        (400, "'temperature' must be > 0"),
    ],
)
def test_an_endpoint_that_wants_a_temperature_above_zero_gets_a_small_one(status: int, words: str) -> None:
    server = ParticularServer(when(lambda asked, _: asked.get("temperature") == 0, refusal(status, words)))
    report = report_of(server)
    assert [report.verdicts[name].value for name in CAPABILITIES] == [YES] * 4
    assert report.facts["least_temperature"] == 0.01


def test_an_endpoint_that_wants_max_completion_tokens_gets_them_and_it_is_told() -> None:
    words = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    server = ParticularServer(when(lambda asked, _: "max_tokens" in asked, refusal(400, words)))
    report = report_of(server)
    assert [report.verdicts[name].value for name in CAPABILITIES] == [YES] * 4
    assert report.facts["token_limit_parameter"] == "max_completion_tokens"
    assert sum("max_tokens" in body for body in server.bodies) == 1
    assert report.calls == server.asked_until_now


@pytest.mark.parametrize(
    "words",
    [
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        "Only one of temperature or top_p",
    ],
)
def test_an_endpoint_that_takes_only_one_of_temperature_and_top_p_is_told(words: str) -> None:
    server = ParticularServer(when(lambda asked, _: "top_p" in asked and "temperature" in asked, refusal(400, words)))
    report = report_of(server, limits=thorough_limits())
    assert report.overrides["temp_top_p_exclusive"] is True


def test_a_picture_that_is_too_small_is_sent_again_larger() -> None:
    def is_small(asked: dict[str, Any], _: int) -> bool:
        parts = [part for message in asked["messages"] for part in message["content"] if isinstance(part, dict)]
        urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        return any(min(Image.open(BytesIO(b64decode(url.partition(",")[2]))).size) < 256 for url in urls)

    def refuse(asked: dict[str, Any], number: int) -> Reply | None:
        if "damaged" in json.dumps(asked) or not has_picture(asked):
            return None
        try:
            small = is_small(asked, number)
        except OSError:  # the damaged one
            return None
        return refusal(400, "Image dimensions too small: must be at least 256x256") if small else None

    assert report_of(ParticularServer(refuse)).verdicts["supports_vision"].value is YES


def test_a_wordy_answer_about_a_picture_is_asked_for_with_more_room() -> None:
    def be_wordy(asked: dict[str, Any], _: int, answer: Answer) -> Answer:
        words = (
            "The image shows black digits on a plain white background, read from left to right they are, I am sure: "
        )
        return Answer(content=words * 2 + answer.content) if has_picture(asked) else answer

    assert report_of(ParticularServer(change=be_wordy)).verdicts["supports_vision"].value is YES


def test_a_refusal_of_an_ordinary_schema_takes_the_mode_back_and_the_next_one_is_tried() -> None:
    for status, words in ((400, "Schema keyword 'boolean' is not supported"), (500, "grammar crash")):
        ordinary = when(
            lambda asked, _: "boolean" in json.dumps(asked.get("response_format", "")), refusal(status, words)
        )
        report = report_of(ParticularServer(ordinary))
        assert report.overrides["structured_output_mode"] == "function_calling", status
        assert report.facts["acceptance"]["value"] == "yes"
        assert words in report.modes["json_schema"].reason


def test_without_another_mode_a_refused_ordinary_schema_leaves_structured_output_open() -> None:
    words = "Schema keyword 'boolean' is not supported"
    ordinary = when(lambda asked, _: "boolean" in json.dumps(asked.get("response_format", "")), refusal(400, words))
    lacking = (Ability.FORCED_TOOL, Ability.TOOLS, Ability.JSON_OBJECT, Ability.INSTRUCTIONS)
    report = report_of(ParticularServer(ordinary, without=lacking))
    assert report.verdicts["structured_output_mode"].value is OPEN


def test_lost_connections_do_not_count_against_a_mode() -> None:
    tries = 0

    def fail_once(asked: dict[str, Any], _: int) -> bool:
        nonlocal tries
        tries += "response_format" in asked
        return "response_format" in asked and tries == 2

    report = report_of(ParticularServer(when(fail_once, refusal(502, "Bad gateway"))))
    assert (report.modes["json_schema"].successes, report.modes["json_schema"].trials) == (2, 2)
    assert report.overrides["structured_output_mode"] == "json_schema"
