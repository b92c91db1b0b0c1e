"""How JSON of a given shape is asked for, found in an answer, and checked."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from core.engine import execute
from core.errors import MusterError
from core.fields import StructuredOutputMode
from core.providers import ModelProviderName
from core.run_spec import RunResult
from core.structured_output import (
    TOOL_MODES,
    check_schema,
    close_schema,
    effective_mode,
    read_json,
    schema_instructions,
    structured_request,
    validation_error,
)
from tests.run_specs import run_of
from tests.servers.answers import Answer, ToolCall
from tests.servers.misbehaving import MisbehavingServer
from tests.servers.misbehaviours import Misbehaviour
from tests.servers.recording import RecordingServer

MODES = [mode for mode in StructuredOutputMode if mode is not StructuredOutputMode.unknown]
PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "minimum": {"type": "integer", "minimum": 0, "maximum": 150},
        "homes": {"type": "array", "items": {"$ref": "#/$defs/home"}},
    },
    "required": ["name"],
    "$defs": {"home": {"type": "object", "properties": {"town": {"type": "string"}}}},
}


def run(
    mode: str, answer: Answer, *, schema: dict[str, Any] = PERSON, provider: str = "openai_compatible"
) -> tuple[dict[str, Any], RunResult]:
    """The body on the wire, and the result."""
    with RecordingServer(answer) as server:
        spec = run_of(server.base_url, schema=schema, provider=provider, fields={"structured_output_mode": mode})
        result = asyncio.run(execute(spec))
        return server.last.request.json, result


GOOD = Answer(content='{"name": "Ada"}')


def test_json_schema_sends_the_closed_schema_without_bounds() -> None:
    body, result = run("json_schema", GOOD)
    sent = body["response_format"]["json_schema"]
    assert body["response_format"]["type"] == "json_schema"
    assert sent["name"] == "task_response"
    assert "strict" not in sent
    schema = sent["schema"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["name", "minimum", "homes"]
    assert schema["properties"]["minimum"] == {"type": "integer"}
    assert schema["$defs"]["home"]["additionalProperties"] is False
    assert "tools" not in body
    assert body["messages"] == [{"role": "user", "content": "Say hello."}]
    assert result.parsed == {"name": "Ada"}


@pytest.mark.parametrize(("mode", "strict"), [("function_calling", True), ("function_calling_weak", False)])
def test_function_calling_forces_one_tool_whose_parameters_are_the_schema(mode: str, strict: bool) -> None:
    body, result = run(mode, GOOD)
    assert body["tool_choice"] == {"type": "function", "function": {"name": "task_response"}}
    assert len(body["tools"]) == 1
    function = body["tools"][0]["function"]
    assert function["name"] == "task_response"
    assert function.get("strict") is (True if strict else None)
    assert function["parameters"]["additionalProperties"] is False
    assert function["parameters"]["required"] == (["name", "minimum", "homes"] if strict else ["name"])
    assert function["parameters"]["properties"]["minimum"]["maximum"] == 150
    assert "response_format" not in body
    assert result.parsed == {"name": "Ada"}
    assert result.output == '{"name": "Ada"}'


def test_json_mode_asks_for_an_object_and_does_not_send_the_schema() -> None:
    body, _ = run("json_mode", GOOD)
    assert body["response_format"] == {"type": "json_object"}
    assert body["messages"] == [{"role": "user", "content": "Say hello."}]


@pytest.mark.parametrize("mode", ["json_instructions", "json_instruction_and_object"])
def test_instructions_carry_the_closed_schema_as_json(mode: str) -> None:
    body, result = run(mode, GOOD)
    text = body["messages"][-1]["content"]
    assert text.startswith("Say hello.\n\n")
    assert json.loads(text[text.index("{") :]) == close_schema(PERSON)
    expected = {"type": "json_object"} if mode == "json_instruction_and_object" else None
    assert body.get("response_format") == expected
    assert "tools" not in body
    assert result.parsed == {"name": "Ada"}


def test_custom_instructions_add_nothing() -> None:
    body, _ = run("json_custom_instructions", GOOD)
    assert body["messages"] == [{"role": "user", "content": "Say hello."}]
    assert not {"response_format", "tools", "tool_choice"} & body.keys()


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("ollama", "json_schema"),
        ("docker_model_runner", "json_schema"),
        ("openai", "function_calling"),
        ("openai_compatible", "function_calling_weak"),
        ("groq", "function_calling_weak"),
    ],
)
def test_default_is_the_providers_own_way(provider: str, expected: str) -> None:
    body, result = run("default", GOOD, provider=provider)
    request = structured_request(StructuredOutputMode(expected), PERSON)
    assert {key: body.get(key) for key in request.parameters} == request.parameters
    assert result.parsed == {"name": "Ada"}


def test_a_mode_that_cannot_be_run_is_refused_before_anything_is_sent() -> None:
    with RecordingServer() as server:
        spec = run_of(server.base_url, schema=PERSON, fields={"structured_output_mode": "unknown"})
        with pytest.raises(MusterError, match="Unknown cannot be run"):
            asyncio.run(execute(spec))
        assert server.requests == []


def test_without_a_schema_no_mode_adds_anything() -> None:
    for mode in MODES:
        with RecordingServer() as server:
            asyncio.run(execute(run_of(server.base_url, fields={"structured_output_mode": mode})))
            body = server.last.request.json
        assert not {"response_format", "tools", "tool_choice"} & body.keys()
        assert body["messages"] == [{"role": "user", "content": "Say hello."}]


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_a_mismatch_is_told_with_its_path_and_the_raw_text_stays(mode: str) -> None:
    text = '{"name": "Ada", "homes": [{"town": 7}]}'
    _, result = run(mode, Answer(content=text))
    assert (
        result.validation_error == "The answer does not match the schema: at $.homes[0].town, 7 is not of type string."
    )
    assert result.output == text
    assert result.parsed == {"name": "Ada", "homes": [{"town": 7}]}


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_prose_instead_of_json_is_no_exception(mode: str) -> None:
    _, result = run(mode, Answer(content="The name is Ada."))
    assert result.parsed is None
    calls_a_tool = effective_mode(StructuredOutputMode(mode), ModelProviderName.openai_compatible) in TOOL_MODES
    words = "The model answered with text instead of the tool call." if calls_a_tool else "The answer is not JSON."
    assert result.validation_error == words
    assert result.output == "The name is Ada."


def test_numbers_out_of_bounds_are_found_though_the_bounds_were_not_sent() -> None:
    _, result = run("json_schema", Answer(content='{"name": "Ada", "minimum": 200}'))
    assert result.validation_error is not None
    assert "200 is more than 150" in result.validation_error


def test_a_forced_call_that_is_answered_with_content_is_read_as_content() -> None:
    with MisbehavingServer(Misbehaviour.PROSE_AROUND_JSON) as server:
        schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
        spec = run_of(server.base_url, schema=schema, fields={"structured_output_mode": "function_calling"})
        result = asyncio.run(execute(spec))
    assert result.parsed == {"answer": "Paris"}
    assert result.validation_error is None
    assert result.output.startswith("Sure!")


@pytest.mark.parametrize(
    ("kind", "parsed", "error"),
    [
        (Misbehaviour.DOUBLED_TOOL_CALLS, {"answer": "first"}, None),
        (Misbehaviour.BROKEN_TOOL_ARGUMENTS, None, "not JSON"),
        (Misbehaviour.IGNORES_RESPONSE_FORMAT, None, "text instead of the tool call"),
        (Misbehaviour.TRUNCATED, None, "not JSON. It was cut off at the token limit."),
        (Misbehaviour.ALWAYS_JSON, {"response": "Paris", "confidence": 0.9}, "answer is missing"),
    ],
)
def test_a_wayward_tool_call_is_read_as_far_as_it_goes(kind: Misbehaviour, parsed: Any, error: str | None) -> None:
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    with MisbehavingServer(kind) as server:
        spec = run_of(server.base_url, schema=schema, fields={"structured_output_mode": "function_calling"})
        result = asyncio.run(execute(spec))
    assert result.parsed == parsed
    assert (result.validation_error is None) == (error is None)
    assert error is None or error in str(result.validation_error)


def test_arguments_sent_whole_again_after_their_pieces_count_once() -> None:
    twice = ToolCall(name="task_response", arguments='{"name": "Ada"}{"name": "Ada"}')
    _, result = run("function_calling", Answer(content="", tool_calls=(twice,)))
    assert result.output == '{"name": "Ada"}'
    assert result.validation_error is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('```\n{"a": 1}\n```', {"a": 1}),
        ('Sure:\n```json\n{"a": 1}\n```\nDone.', {"a": 1}),
        ('The answer is {"a": {"b": [1, 2]}}, I hope {you} like it.', {"a": {"b": [1, 2]}}),
        ('Not {this} but {"a": 1}', {"a": 1}),
        ('[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ('```json\n{"code": "```x```"}\n```', {"code": "```x```"}),
        ("7", 7),
    ],
)
def test_json_is_found_bare_fenced_or_between_words(text: str, value: Any) -> None:
    assert read_json(text, lenient=True) == (value, None)


@pytest.mark.parametrize("text", ["{'a': 1}", '{"a": NaN}', '{"a": 1', "nothing", "{" * 5000, "[" * 200_000])
def test_what_is_no_json_is_said_to_be_none(text: str) -> None:
    assert read_json(text, lenient=True) == (None, "The answer is not JSON.")


def test_an_empty_answer_is_said_to_be_empty() -> None:
    assert read_json("  ", lenient=True)[1] == "The answer is empty; JSON was asked for."


def test_only_a_lenient_reading_looks_between_words() -> None:
    assert read_json('Here: {"a": 1}', lenient=False)[0] is None


def test_a_schema_that_is_none_is_refused_before_anything_is_sent() -> None:
    with RecordingServer() as server:
        spec = run_of(server.base_url, schema={"type": "object", "properties": {"a": {"type": "strnig"}}})
        with pytest.raises(MusterError) as caught:
            asyncio.run(execute(spec))
        assert server.requests == []
    assert "$.properties.a.type" in caught.value.title


@pytest.mark.parametrize("schema", [[], "object", {"type": object}, {"a": {1, 2}}, {"const": float("nan")}])
def test_a_schema_of_the_wrong_kind_is_refused_in_words(schema: object) -> None:
    with pytest.raises(MusterError) as caught:
        check_schema(schema)
    assert caught.value.hint


def objects_in(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for item in node for found in objects_in(item)]
    if not isinstance(node, dict):
        return []
    own = [node] if node.get("type") == "object" else []
    return own + [found for item in node.values() for found in objects_in(item)]


def test_every_object_of_a_nested_schema_is_closed() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "list": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "number"}}}},
            "pair": {"type": "array", "prefixItems": [{"type": "object", "properties": {}}]},
            "either": {"anyOf": [{"type": "object", "properties": {"y": {"type": "null"}}}, {"type": "null"}]},
        },
        "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}},
    }
    closed = close_schema(schema, all_required=True, keep_bounds=False)
    Draft202012Validator.check_schema(closed)
    assert all(item["additionalProperties"] is False for item in objects_in(closed))
    assert schema["$defs"]["node"] == {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}


def test_a_property_named_like_a_bound_stays() -> None:
    schema = {"type": "object", "properties": {"maximum": {"type": "number", "maximum": 3}}}
    assert close_schema(schema, keep_bounds=False)["properties"] == {"maximum": {"type": "number"}}


def test_a_value_named_like_a_keyword_stays() -> None:
    schema = {"type": "object", "properties": {"a": {"enum": [{"type": "object"}], "default": {"minimum": 1}}}}
    assert close_schema(schema, keep_bounds=False)["properties"] == schema["properties"]


def test_a_map_stays_a_map() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert close_schema(schema) == schema


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_properties_spread_over_branches_stay_possible(keyword: str) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        keyword: [{"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}],
    }
    assert validation_error({"a": "x", "b": "y"}, close_schema(schema, all_required=True)) is None


def test_the_instructions_are_json_and_not_pythons_repr() -> None:
    text = schema_instructions({"type": "object", "properties": {"ok": {"const": True}}, "description": "Größe"})
    assert '"additionalProperties": false' in text
    assert '"const": true' in text
    assert "Größe" in text


def test_a_schema_that_refers_to_nowhere_leaves_the_answer_unchecked() -> None:
    error = validation_error({"a": 1}, {"$ref": "https://example.invalid/schema"})
    assert error == "The schema refers to another one that cannot be found, so the answer was not checked."
