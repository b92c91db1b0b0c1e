"""Models out of pasted `curl` commands, in every shell's quoting; keys are seen and left where they are."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.curl_commands import read_curl
from core.errors import MusterError
from core.import_plans import Source, SourceModel
from core.import_recognition import recognise
from core.import_texts import Given
from core.importing import plan_import
from tests.rolls import open_roll

KEY = "sk-made-up-1234567890abcdef"

POSIX = """curl https://llm.example.org/v1/chat/completions \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer $MY_LLM_KEY" \\
  -d '{
    "model": "qwen-2.5",
    "messages": [{"role": "user", "content": "It'\\''s \\"quoted\\""}]
  }'
"""
DOUBLE_QUOTED = (
    'curl -sS -X POST "https://llm.example.org/v1/chat/completions" -H "Authorization: Bearer ${MY_LLM_KEY}" '
    '--data "{\\"model\\": \\"qwen-2.5\\", \\"messages\\": []}"'
)
CMD = (
    "curl.exe https://llm.example.org/v1/chat/completions ^\r\n"
    ' -H "Authorization: Bearer %MY_LLM_KEY%" ^\r\n'
    ' -d "{\\"model\\": \\"qwen-2.5\\", \\"messages\\": []}"\r\n'
)
CMD_OF_BROWSERS = (
    'curl ^"https://llm.example.org/v1/chat/completions^" ^\n'
    '  -H ^"authorization: Bearer %MY_LLM_KEY%^" ^\n'
    '  --data-raw ^"^{^\\^"model^\\^":^\\^"qwen-2.5^\\^"^}^"\n'
)
POWERSHELL = (
    "curl.exe https://llm.example.org/v1/chat/completions `\n"
    '  -H "Authorization: Bearer $env:MY_LLM_KEY" `\n'
    '  -d \'{"model": "qwen-2.5", "messages": []}\'\n'
)
POWERSHELL_5 = (
    "curl.exe https://llm.example.org/v1/chat/completions `\n"
    '  -H "Authorization: Bearer ${env:MY_LLM_KEY}" `\n'
    '  -d \'{\\"model\\": \\"qwen-2.5\\"}\'\n'
)
HERE_DOCUMENT = """curl -H "Authorization: Bearer $MY_LLM_KEY" https://llm.example.org/v1/chat/completions -d @- <<'EOF'
{"model": "qwen-2.5"}
EOF
"""
ANSI = (
    "curl 'https://llm.example.org/v1/chat/completions' -H 'authorization: Bearer $MY_LLM_KEY' "
    '--data-raw $\'{"model":"qwen\\u002d2.5"}\''
)
JSON_OPTION = (
    '$ curl --oauth2-bearer $MY_LLM_KEY --json \'{"model": "qwen-2.5"}\' '
    "--url=https://llm.example.org/v1/chat/completions | jq ."
)
ATTACHED = (
    "curl -H'Authorization: Bearer $MY_LLM_KEY' -XPOST -d'{\"model\":\"qwen-2.5\"}' "
    "https://llm.example.org/v1/chat/completions; echo done"
)
FORMS = {
    "posix": POSIX, "double quoted": DOUBLE_QUOTED, "cmd": CMD, "cmd of browsers": CMD_OF_BROWSERS,
    "powershell": POWERSHELL, "powershell 5": POWERSHELL_5, "here document": HERE_DOCUMENT, "ansi": ANSI,
    "json option": JSON_OPTION, "attached": ATTACHED,
}  # fmt: skip


def only(source: Source) -> SourceModel:
    assert source.problems == ()
    (model,) = source.models
    return model


def asking(body: dict[str, Any], url: str = "https://llm.example.org/v1/chat/completions") -> SourceModel:
    return only(read_curl(f"curl {url} -d '{json.dumps({'model': 'qwen-2.5', **body})}'"))


@pytest.mark.parametrize("text", list(FORMS.values()), ids=list(FORMS))
def test_every_shells_form_gives_model_address_and_key_variable(text: str) -> None:
    model = only(read_curl(text))
    assert model.model_id == "qwen-2.5"
    assert model.provider.base_url == "https://llm.example.org/v1"
    assert model.provider.key_variable == "MY_LLM_KEY"
    assert not model.provider.holds_key


@pytest.mark.parametrize("text", list(FORMS.values()), ids=list(FORMS))
def test_every_form_is_recognised_without_being_named(text: str, tmp_path: Path) -> None:
    plan = plan_import(open_roll(tmp_path / "settings.yaml"), text)
    (item,) = plan.add
    assert (item.model_id, item.key_variable, plan.source.kind) == ("qwen-2.5", "MY_LLM_KEY", "curl")


@pytest.mark.parametrize(
    "text",
    [
        f"curl https://llm.example.org/v1/chat/completions -H 'Authorization: Bearer {KEY}' -d '{{\"model\":\"m\"}}'",
        f"curl https://llm.example.org/v1/chat/completions -H 'api-key: {KEY}' -d '{{\"model\":\"m\"}}'",
        f'curl https://llm.example.org/v1/chat/completions?api_key={KEY} -d \'{{"model":"m"}}\'',
        f'curl https://me:{KEY}@llm.example.org/v1/chat/completions -d \'{{"model":"m"}}\'',
        f'curl -u me:{KEY} https://llm.example.org/v1/chat/completions -d \'{{"model":"m"}}\'',
        f'curl --oauth2-bearer {KEY} https://llm.example.org/v1/chat/completions -d \'{{"model":"m"}}\'',
    ],
)
def test_a_key_in_the_command_is_seen_and_never_taken_along(text: str, tmp_path: Path) -> None:
    source = read_curl(text)
    assert only(source).provider.holds_key
    plan = plan_import(open_roll(tmp_path / "settings.yaml"), text)
    assert KEY not in repr(source) + repr(plan) + str(plan) + repr(plan.source)
    (offer,) = plan.keys_offered
    assert offer.variable == ""
    assert offer.place


@pytest.mark.parametrize("key", ["<your key>", "YOUR_API_KEY", "xxxx", "…", "sk-..."])
def test_a_placeholder_is_no_key(key: str) -> None:
    model = only(
        read_curl(f"curl http://x.example/v1/models -H 'Authorization: Bearer {key}' -d '{{\"model\":\"m\"}}'")
    )
    assert not model.provider.holds_key
    assert model.provider.key_variable == ""


@pytest.mark.parametrize(
    ("url", "base_url"),
    [
        ("http://127.0.0.1:8080/v1/chat/completions", "http://127.0.0.1:8080/v1"),
        ("localhost:8080/v1/chat/completions", "http://localhost:8080/v1"),
        ("http://localhost:11434/api/chat", "http://localhost:11434/v1"),
        ("https://llm.example.org/v1/responses", "https://llm.example.org/v1"),
        ("https://llm.example.org/openai/v1/completions/", "https://llm.example.org/openai/v1"),
    ],
)
def test_the_base_url_is_the_address_without_what_is_asked_of_it(url: str, base_url: str) -> None:
    assert asking({}, url).provider.base_url == base_url


def test_a_deployment_in_the_address_is_the_model() -> None:
    text = "curl 'https://x.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=2' -d '{}'"
    assert only(read_curl(text)).model_id == "my-gpt"


def test_geminis_own_form_names_the_model_and_the_key_variable_in_the_address() -> None:
    model = only(
        read_curl(
            'curl "https://generativelanguage.googleapis.com/v1beta/models/gemini-x:generateContent?key=$GEMINI_API_KEY"'
            " -d '{\"contents\": []}'"
        )
    )
    assert model.model_id == "gemini-x"
    assert model.provider.base_url == "https://generativelanguage.googleapis.com/v1beta/openai"
    assert model.provider.key_variable == "GEMINI_API_KEY"


JSON_SCHEMA = {"structured_output_mode": "json_schema", "supports_structured_output": True}
JSON_OBJECT = {"structured_output_mode": "json_mode", "supports_structured_output": True}
IMAGE = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}
FILES = {"role": "user", "content": [{"type": "file"}, {"type": "input_audio"}]}


@pytest.mark.parametrize(
    ("body", "overrides"),
    [
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, JSON_SCHEMA),
        ({"response_format": {"type": "json_object"}}, JSON_OBJECT),
        ({"response_format": {"type": "text"}}, {}),
        ({"tools": [{"type": "function"}], "tool_choice": "auto"}, {"supports_function_calling": True}),
        ({"tools": []}, {}),
        ({"logprobs": True, "top_logprobs": 3}, {"supports_logprobs": True}),
        ({"logprobs": False}, {}),
        ({"messages": [IMAGE]}, {"supports_vision": True}),
        (
            {"messages": [FILES]},
            {"multimodal_capable": True, "multimodal_mime_types": ["application/pdf", "audio/wav"]},
        ),
        (
            {"reasoning_effort": "high"},
            {"available_thinking_levels": {"High": "high"}, "default_thinking_level": "high"},
        ),
        (
            {"reasoning": {"effort": "low"}},
            {"available_thinking_levels": {"Low": "low"}, "default_thinking_level": "low"},
        ),
        ({"thinking": {"type": "enabled", "budget_tokens": 1}}, {"anthropic_extended_thinking": True}),
        ({"enable_thinking": False}, {"siliconflow_enable_thinking": False}),
        ({"stream": True, "temperature": 0.5, "max_tokens": 10, "seed": 1}, {}),
    ],
)
def test_a_request_shows_what_its_model_is_used_with(body: dict[str, Any], overrides: dict[str, Any]) -> None:
    model = asking(body)
    assert model.overrides == overrides
    assert model.not_understood == ()


def test_what_a_request_says_otherwise_is_named() -> None:
    text = (
        "curl https://llm.example.org/v1/chat/completions -H 'X-Team: red' "
        '-d \'{"model": "m", "guided_json": {}, "response_format": {"type": "grammar"}}\''
    )
    assert only(read_curl(text)).not_understood == ("header x-team", "guided_json", "response_format")


def test_a_body_in_a_file_is_not_read(tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"model": "from-the-file"}')
    source = read_curl(f"curl https://llm.example.org/v1/chat/completions -d @{body}")
    assert source.models == ()
    assert "from-the-file" not in repr(source)
    assert [provider.base_url for provider in source.providers] == ["https://llm.example.org/v1"]
    assert "names no model" in source.problems[0]


def test_a_body_that_is_no_json_still_names_its_model() -> None:
    model = only(read_curl('curl http://x.example/v1/chat/completions -d \'{"model": "m", "n": $COUNT}\''))
    assert model.model_id == "m"
    assert "could not be read" in model.notes[0]


def test_several_commands_give_several_models() -> None:
    text = "\n".join(f'curl http://x.example/v1/chat/completions -d \'{{"model":"m{n}"}}\'' for n in range(3))
    assert [model.model_id for model in read_curl(text).models] == ["m0", "m1", "m2"]


@pytest.mark.parametrize(
    "text", ["curl", "curl -d '{}'", "wget http://x.example", "", "curl \\", "echo 'curl http://x.example'"]
)
def test_a_text_without_such_a_command_is_refused_with_words(text: str) -> None:
    with pytest.raises(MusterError):
        read_curl(text)


@pytest.mark.parametrize("address", ["$BASE_URL/chat/completions", "https://$HOST/v1/chat/completions", "http://[x/v1"])
def test_an_address_that_cannot_be_known_is_a_problem_in_words(address: str) -> None:
    source = read_curl(f'curl "{address}" -d \'{{"model":"m"}}\'')
    assert source.models == ()
    assert "address" in source.problems[0].lower()


BODY = '{"model":"qwen-2.5"}'
ADDRESS = "http://x.example/v1/chat/completions"
STARTS = (
    "curl", "$ curl", "> curl", "% curl", "KEY=abc curl", "KEY='a b' OTHER=\"c d\" curl", "sudo time /usr/bin/curl",
    "sudo -E nice -n 10 curl", "env X=1 curl", "env -i X=1 curl", "timeout 30 curl", "command curl", "$ KEY=abc curl",
    "me@host:~/models$ curl", "root@host:/# curl", "PS C:\\Users\\me> curl.exe", "C:\\Users\\me>curl.exe",
    "# what is asked\ncurl", "/usr/bin/curl", "export KEY=abc\ncurl", "cd /tmp && curl", "KEY=abc \\\n  curl",
)  # fmt: skip


@pytest.mark.parametrize("start", STARTS)
def test_a_command_is_recognised_behind_prompts_variables_and_other_programs(start: str, tmp_path: Path) -> None:
    plan = plan_import(open_roll(tmp_path / "settings.yaml"), f"{start} {ADDRESS} -d '{BODY}' | jq .\n")
    assert plan.source.kind == "curl"
    assert [(item.model_id, item.new_provider) for item in plan.add] == [("qwen-2.5", "x.example")]


@pytest.mark.parametrize(
    "text",
    [
        f"echo '{BODY}' | curl {ADDRESS} -d @-",
        f"$ echo -n '{BODY}' |\n  curl {ADDRESS} --data-binary @-",
        f"printf '%s' '{BODY}' | curl {ADDRESS} -d @-",
        f"echo '{BODY}' |& sudo curl {ADDRESS} -d @-",
        f"cat <<EOF | curl {ADDRESS} -d @-\n{BODY}\nEOF\n",
        f"curl {ADDRESS} -d @- <<< '{BODY}'",
        f"curl -d @- <<<'{BODY}' {ADDRESS}",
        f"'{BODY}' | curl.exe {ADDRESS} -d '@-' `\n -s",
    ],
)
def test_a_body_that_is_piped_into_the_command_is_read_where_it_stands(text: str, tmp_path: Path) -> None:
    plan = plan_import(open_roll(tmp_path / "settings.yaml"), text)
    assert [(item.model_id, item.notes) for item in plan.add] == [("qwen-2.5", ())]


@pytest.mark.parametrize("before", ["jq -n '{model: 1}' |", f"echo '{BODY}' ||", f"echo '{BODY}' ;", "cat body.json |"])
def test_what_another_command_would_have_to_write_is_not_known(before: str) -> None:
    source = read_curl(f"{before} curl {ADDRESS} -d @-")
    assert source.models == ()
    assert "names no model" in source.problems[0]


def test_a_key_in_a_variable_that_the_text_itself_sets_stands_in_the_text(tmp_path: Path) -> None:
    for start in (f"MY_LLM_KEY={KEY} ", f"export MY_LLM_KEY='{KEY}'\n"):
        text = f"{start}curl {ADDRESS} -H \"Authorization: Bearer $MY_LLM_KEY\" -d '{BODY}'"
        plan = plan_import(open_roll(tmp_path / "settings.yaml"), text)
        assert KEY not in repr(plan) + repr(plan.source)
        (offer,) = plan.keys_offered
        assert (offer.variable, offer.place) == ("MY_LLM_KEY", "curl, pasted text")


@pytest.mark.parametrize(
    "text", ["model_list:  # curl http://x.example\n  []\n", "# curl http://x/v1\nmodel_list: []\n"]
)
def test_a_command_in_a_files_comment_does_not_make_it_one(text: str, tmp_path: Path) -> None:
    assert plan_import(open_roll(tmp_path / "settings.yaml"), text).source.kind == "litellm"


@pytest.mark.parametrize(
    "part", ["A=;", "A=';", ";a/", "sudo ", "A=x ", "a@;", "-x ", "`a/", "$(a/", "PS a|", "\n$ ", "1s "]
)
def test_no_text_keeps_the_search_for_a_command_busy(part: str) -> None:
    given = Given(f"sudo {part * 200_000}")
    started_s = time.process_time()
    with suppress(MusterError):
        recognise(given)
    assert time.process_time() - started_s < 2


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from(" \n\t\\^`'\"$%{}[]@-<>#;|&:=/.,aurlEOF0é\r"), max_size=200))
def test_any_text_after_curl_is_read_or_refused_with_words(text: str) -> None:
    for start in (
        "curl ",
        "curl http://x.example/v1 -d ",
        "curl.exe http://x.example ^\n",
        "curl http://x.example `\n",
    ):
        with suppress(MusterError):
            read_curl(start + text)
