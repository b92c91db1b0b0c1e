"""A diff shows what changes and never a key, wherever in the file it stands."""

from __future__ import annotations

import json

import pytest

from core.exporters.files import diff_text

KEY = "k3y-of-the-person"


def test_a_diff_is_unified_with_three_lines_around_each_change() -> None:
    before = "".join(f"line {number}\n" for number in range(20))
    assert diff_text("a.yaml", before, before.replace("line 9\n", "line nine\nmore\n")) == (
        "--- a.yaml\n+++ a.yaml\n@@ -7,7 +7,8 @@\n line 6\n line 7\n line 8\n-line 9\n+line nine\n+more\n"
        " line 10\n line 11\n line 12\n"
    )
    assert diff_text("a.yaml", before, before) == ""


def test_new_files_and_missing_line_breaks_are_told() -> None:
    assert diff_text("a.yaml", "", "x\n") == "--- a.yaml\n+++ a.yaml\n@@ -0,0 +1 @@\n+x\n"
    assert diff_text("a", "x", "x\n").endswith("-x\n\\ No newline at end of file\n+x\n")
    assert diff_text("a", "x\n", "") == "--- a\n+++ a\n@@ -1 +0,0 @@\n-x\n"


@pytest.mark.parametrize(
    "line",
    [
        f"api_key: {KEY}",
        f"api_key: '{KEY}' # mine",
        f"apiKey: {KEY}",
        f"'x-api-key': \"{KEY}\"",
        f"some_token: {KEY} with spaces",
        f"api_key: >-\n  {KEY}\n  more of it",
        f"api_key:\n  {KEY}",
        f"secret:\n  deep:\n    - {KEY}",
        f"headers: {{Authorization: Bearer {KEY}, x: 1}}",
        f'{{"a": {{"api_key": "{KEY}"}}}}',
        f"# api_key: {KEY}",
        f"# OPENAI_API_KEY={KEY}",
        f"url: http://me:{KEY}@host/v1",
        f"url: http://host/v1?key={KEY}",
        f"x: &k {KEY}\napi_key: *k",
        f"password: {KEY}\nnote: the same, {KEY}",
        "note: sk-abcdefghijklmnop",
        f"- api_key: {KEY}\n- {{broken",
        "password: 12345678",
        f"DB_PASS: {KEY}",
        f"dbpass: {KEY}",
        f"export PGPASSWORD={KEY}",
        f"# MYSQL_PWD={KEY}",
        f"key_passphrase: {KEY}",
        f"userPasswd: '{KEY}'",
        "pin: 12345678",
        f'{{"mcp": {{"env": {{"ANYTHING": "{KEY}"}}}}}}',
        f'{{"terminal.integrated.env.linux": {{"ANYTHING": "{KEY}"}}}}',
        f"environment:\n  - ANYTHING={KEY}",
        f"environment_variables:\n  ANYTHING: {KEY}",
        f"env:\n  - name: ANYTHING\n    value: {KEY}",
        f"extra_headers:\n  X-Mine: '{KEY}'",
        f"requestOptions: {{headers: {{X-Mine: Token {KEY}}}}}",
        f'[{{"requestHeaders": {{"X-Mine": ["{KEY}"]}}}}]',
        f'// "env": {{"ANYTHING": "{KEY}", "OTHER": 1}}',
        f"# env: {{ANYTHING: {KEY}, OTHER: [",
        f"call(\n    extra_headers={{\n        'X-Mine': f'{KEY}',\n    }},\n)",
    ],
)
def test_a_key_shows_neither_in_lines_that_stay_nor_in_those_that_change(line: str) -> None:
    for before, after in ((f"{line}\n", f"{line}\nnew: 1\n"), (f"{line}\n", "new: 1\n"), ("", f"{line}\n")):
        shown = diff_text("a.yaml", before, after)
        assert not any(part in shown for part in (KEY, "more of it", "sk-abc", "12345678"))
        assert "[key]" in shown
        assert len(shown.splitlines()) > 3


def test_keys_in_json_are_hidden_on_any_line() -> None:
    settings = {"a": {"apiKey": KEY, "max_tokens": 4096}, "list": [{"token": KEY}]}
    for indent in (None, 2, "\t"):
        text = "// mine\n" + json.dumps(settings, indent=indent)
        shown = diff_text("settings.json", text, text + "\n")
        assert KEY not in shown
    text = f'{{\n  "apiKey":\n    "{KEY}",\n  "b": 1\n}}\n'
    assert KEY not in diff_text("settings.json", text, text.replace("1", "2"))


def test_known_secrets_are_hidden_under_any_name() -> None:
    shown = diff_text("a.yaml", "note: pa55word here\n", "note: pa55word there\n", ["pa55word", "two\nlined-secret"])
    assert "pa55word" not in shown
    assert "note: [key] there" in shown


@pytest.mark.parametrize(
    "line",
    [
        "api_key: os.environ/OPENAI_API_KEY",
        "apiKey: ${{ secrets.OPENAI_API_KEY }}",
        "apiKey: '${OPENAI_API_KEY}'",
        '{"apiKey": "{env:OPENAI_API_KEY}"}',
        '{"apiKey": "${input:key}", "x": 1}',
        "apiKey: user_provided",
        "api_key_name: my-local",
        '{"api_key_env": "LOCAL_KEY"}',
        "api_key: null",
        "api_key: NA",
        "max_tokens: 4096",
        "tokenConfig: {context: 4096}",
        "reasoningKey: reasoning_content",
        "Authorization: Bearer ${KEY}",
        "key: value",
        "supports_vision: true",
        "bypass: localhost",
        "passed: 3 of 4",
        "environment: production",
        "env: [OPENAI_API_KEY]",
        '{"env": {"A": "${env:A}", "B": 8080, "C": true, "D": ""}}',
        "env: {A: os.environ/A, B: $B}",
        "headers: {Authorization: 'Bearer ${{ secrets.A }}', X-Mine: '{env:B}', Y: null}",
        "extra_headers = {'X-Mine': '${MINE}', 'Authorization': os.environ['MINE']}",
        "# env = {",
    ],
)
def test_references_to_keys_and_what_is_none_stay_visible(line: str) -> None:
    assert f"+{line}\n" in diff_text("a.yaml", "", f"{line}\n")
    assert f" {line}\n" in diff_text("a.yaml", f"{line}\n", f"{line}\n# x\n")


def test_what_stands_below_env_and_headers_is_hidden_there_alone() -> None:
    text = '{"env": {"HOST": "http://127.0.0.1:8080/v1"}, "url": "http://127.0.0.1:8080/v1"}\n'
    assert diff_text("a.json", "", text).endswith('+{"env": {"HOST": [key]}, "url": "http://127.0.0.1:8080/v1"}\n')
    text = "env:\n- name: DATABASE\n  value: words\n"
    assert diff_text("a.yaml", "", text).endswith("+env:\n+- name: DATABASE\n+  value: [key]\n")


def test_a_brace_that_is_never_closed_hides_no_more_than_its_line() -> None:
    text = "# env: {A: words\nmodel: gpt\nbase_url: 'http://h/v1'\n" * 300
    assert diff_text("a.yaml", "", text).count("+model: gpt\n+base_url: 'http://h/v1'\n") == 300
    assert "words" not in diff_text("a.yaml", "", text)


def test_a_diff_of_a_long_file_stays_quick_and_true() -> None:
    rows = [f"- id: m{number}\n  supports_vision: true\n  api_base: http://h/v1\n" for number in range(5000)]
    changed = [*rows[:2500], "- id: new\n  supports_vision: true\n", *rows[2500:]]
    shown = diff_text("a.yaml", "".join(rows), "".join(changed))
    assert [line for line in shown.splitlines()[2:] if line[0] in "+-"] == ["+- id: new", "+  supports_vision: true"]


@pytest.mark.parametrize("reference", ['os.environ["BOX_API_KEY"]', "os.environ.get('BOX_API_KEY')"])
def test_where_python_reads_a_key_from_is_no_key(reference: str) -> None:
    assert f"+    api_key={reference}," in diff_text("m.py", "", f"call(\n    api_key={reference},\n)\n")
    assert "made-up" not in diff_text("m.py", "", 'call(\n    api_key="made-up-key-of-somebody",\n)\n')


@pytest.mark.parametrize("written", [f"api_key:\n\n  {KEY}\n", f"api_key\n  : {KEY}\n", f'"api_key" =\n"{KEY}"\n'])
def test_a_key_is_hidden_wherever_in_a_long_text_that_nothing_can_read_it_stands(written: str) -> None:
    for shift in range(2**14 - 40, 2**14 + 40):
        before = "{" + "x" * (shift - 2) + "\n"
        after = before + written + "}\n" * 2
        assert KEY not in diff_text("a.txt", before, after), shift
