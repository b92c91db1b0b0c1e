"""No form of a key stays in a text, and the rest of the text does."""

from __future__ import annotations

import logging
import sys
from base64 import b64encode
from urllib.parse import quote

import pytest

from core.redaction import RedactionFilter, hide_secrets_in, redact, without_keys

KEY = "sk-Ab3+/x=Zq9 w%7890"


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        quote(KEY, safe=""),
        quote(KEY),
        b64encode(KEY.encode()).decode(),
        b64encode(f"user:{KEY}".encode()).decode()[-12:] and KEY,
        f"Bearer {KEY}",
        f"https://host/v1?key={quote(KEY, safe='')}&x=1",
    ],
)
def test_every_form_of_a_known_key_is_hidden(form: str) -> None:
    text = redact(f"before {form} after", [KEY])
    assert form not in text
    assert KEY[5:12] not in text
    assert text.startswith("before ")
    assert text.endswith(" after")


@pytest.mark.parametrize("echo", ["sk-Ab***7890", "sk-Ab****************", "sk-Ab3...890", "sk-A…7890"])
def test_a_shortened_echo_of_a_key_is_hidden(echo: str) -> None:
    assert redact(f"Incorrect API key provided: {echo}.", ["sk-Ab3xyz7890"]) == "Incorrect API key provided: [key]."


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdef123456",
        "{'api_key': 'abcdef123456'}",
        "x-api-key: abcdef123456",
        "sk-proj-abcdefabcdef123456",
        "https://host/path?key=abcdef123456",
        "AIzaSyA1234567890abcdefghijklmno",
        "DB_PASS=abcdef123456",
        "PGPASSWORD='abcdef123456'",
        "PASSWORD=abcdef123456",
    ],
)
def test_what_looks_like_a_key_is_hidden_though_it_is_not_known(text: str) -> None:
    assert "123456" not in redact(text)


def test_a_short_secret_is_hidden_only_where_it_stands_alone() -> None:
    assert redact("abc is in abcdef, and: abc.", ["abc"]) == "[key] is in abcdef, and: [key]."


@pytest.mark.parametrize("secret", ["", " ", "NA", "DMR"])
def test_what_is_no_secret_hides_nothing(secret: str) -> None:
    assert redact("NA and DMR are words here", [secret]) == "NA and DMR are words here"


def test_ordinary_text_stays_as_it_is() -> None:
    text = "The model `gpt-4` does not exist; see https://host/docs?page=2. Task sk-1 is done."
    assert redact(text, [KEY]) == text


def test_the_longer_of_two_keys_is_hidden_whole() -> None:
    assert redact("secret-long", ["secret", "secret-long"]) == "[key]"


def test_nothing_is_kept_under_the_name_of_a_key_or_password() -> None:
    names = ("Authorization", "x-api-key", "DB_PASS", "password", "smtp-passwd", "key_passphrase", "MYSQL_PWD")
    assert without_keys(dict.fromkeys(names, "words")) == dict.fromkeys(names, "[key]")
    assert without_keys({"pass": "words", "passed": 3, "bypass": "words"}) == {
        "pass": "words",
        "passed": 3,
        "bypass": "words",
    }
    assert redact("The password: words of an answer") == "The password: words of an answer"


def test_plain_data_loses_its_keys_everywhere() -> None:
    value = {KEY: [KEY, {"a": f"x{KEY}"}], "n": 1}
    assert hide_secrets_in(value, [KEY]) == {"[key]": ["[key]", {"a": "x[key]"}], "n": 1}


def test_a_log_record_loses_its_keys_in_message_arguments_and_traceback(caplog: pytest.LogCaptureFixture) -> None:
    hidden = RedactionFilter()
    hidden.learn([KEY])
    record: logging.LogRecord
    try:
        raise ValueError(KEY)
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "bad %s", (KEY,), sys.exc_info())
    assert hidden.filter(record)
    text = logging.Formatter().format(record)
    assert KEY not in text
    assert "bad [key]" in text
    assert "ValueError" in text
