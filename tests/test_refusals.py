"""Refusals in endpoints' own words: which of them say that a feature is not there."""

from __future__ import annotations

import json

import pytest

from core.failures import Endpoint, failure_of_status
from core.fields import StructuredOutputMode
from core.refusals import Feature, Refusal, features_of_mode, refusal_of

F, R = Feature, Refusal


@pytest.mark.parametrize(
    ("status", "words", "feature", "means"),
    [
        (400, "'response_format' is not supported with this model.", F.SCHEMA, R.FEATURE),
        (400, "This model does not support response format `json_schema`.", F.SCHEMA, R.FEATURE),
        (400, "Invalid schema for response_format 'task_response'", F.SCHEMA, R.NONE),
        (400, "Invalid schema for function 'lookup_order'", F.TOOLS, R.NONE),
        (400, "Error in function handler: connection reset by upstream", F.TOOLS, R.NONE),
        (400, "Failed to upload file to object storage: connection reset", F.FILES, R.NONE),
        (400, "failed to write schema cache: disk full", F.SCHEMA, R.NONE),
        (400, "Upstream said: tools are not supported", F.TOOLS, R.BARE),
        (400, "Tools are not available now, try again later", F.TOOLS, R.NONE),
        (400, "The image could not be understood", F.FILES, R.BARE),
        (400, "Invalid tool definition: token limit for tools is 0", F.TOOLS, R.BARE),
        (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser', F.TOOLS, R.FEATURE),
        (400, "For this model tool calling is not available", F.TOOLS, R.FEATURE),
        (404, "No endpoints found that support tool use.", F.TOOLS, R.FEATURE),
        (400, "model m1: unknown parameter: logprobs", F.LOGPROBS, R.FEATURE),
        (500, "image input is not supported - hint: provide an mmproj", F.FILES, R.FEATURE),
        (400, "At most 0 image(s) may be provided in one request.", F.FILES, R.FEATURE),
        (400, "x is not a multimodal model", F.FILES, R.FEATURE),
        (400, "System role not supported", F.SYSTEM, R.FEATURE),
        (400, "Unsupported.", F.TOOLS, R.FEATURE),
        (501, "Not Implemented", F.TOOLS, R.FEATURE),
        (400, "Bad Request", F.TOOLS, R.BARE),
        (405, "", F.SCHEMA, R.BARE),
        (422, "Something", F.FILES, R.BARE),
        (400, "Your credit balance is too low to access the API.", F.TOOLS, R.PAYMENT),
        (400, "Budget has been exceeded! Current cost: 10.2, Max budget: 10.0", F.TOOLS, R.PAYMENT),
        (402, "", F.TOOLS, R.PAYMENT),
        (429, "You exceeded your current quota, please check your plan and billing details.", F.TOOLS, R.PAYMENT),
        (400, "Filtered: Azure OpenAI's content management policy.", F.SCHEMA, R.NONE),
        (400, "Failed to call a function. See 'failed_generation' for more details.", F.TOOLS, R.NONE),
        (400, "Failed to generate JSON. See 'failed_generation' for more details.", F.SCHEMA, R.NONE),
        (400, "requested tokens (300) exceed n_ctx 128", F.TOOLS, R.NONE),
        (400, "Image dimensions too small: must be at least 256x256", F.FILES, R.NONE),
        (400, "top_logprobs must be between 0 and 3", F.LOGPROBS, R.NONE),
        (400, "The model is overloaded, not available now, try later", F.TOOLS, R.NONE),
        (404, "model m1 is not loaded", F.TOOLS, R.NONE),
        (500, "grammar crash", F.SCHEMA, R.NONE),
        (503, "Upstream protocol unsupported, retry", F.SCHEMA, R.NONE),
        *((status, "Image refused", F.FILES, R.NONE) for status in (403, 409, 413, 423, 425, 429, 451)),
    ],
)
def test_a_refusal_is_read_in_the_endpoints_own_words(
    status: int, words: str, feature: Feature, means: Refusal
) -> None:
    body = json.dumps({"error": {"message": words}})
    failure = failure_of_status(Endpoint("http://host", "m1"), status, body)
    assert refusal_of(failure, [feature]) is means


def test_a_refusal_of_a_request_without_features_says_nothing_about_one() -> None:
    failure = failure_of_status(Endpoint("http://host", "m1"), 400, "tools are not supported")
    assert refusal_of(failure, []) is R.NONE


def test_a_mode_asks_for_what_its_runs_send() -> None:
    mode = StructuredOutputMode
    assert features_of_mode(mode.function_calling_weak) == {F.TOOLS}
    assert features_of_mode(mode.json_schema) == features_of_mode(mode.json_instruction_and_object) == {F.SCHEMA}
    assert features_of_mode(mode.json_instructions) == frozenset()
