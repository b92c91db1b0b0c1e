"""Every way in which an endpoint fails has a kind, plain words, and no key in them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from core.engine import execute
from core.errors import FailureKind, RunError
from core.failures import Endpoint, failure_of_status, retry_after_seconds, words_of
from core.library_failures import classify
from core.run_spec import RunSpec
from tests.run_specs import KEY, SCHEMA, run_of
from tests.servers.loopback import closed_port
from tests.servers.misbehaving import MisbehavingServer
from tests.servers.misbehaviours import Misbehaviour
from tests.servers.recording import RecordingServer

M, K = Misbehaviour, FailureKind

FAILURES: dict[Misbehaviour, tuple[FailureKind, int | None]] = {
    M.ECHOES_KEY: (K.AUTH, 401),
    M.NOT_ALLOWED: (K.AUTH, 403),
    M.MODEL_NOT_FOUND: (K.NOT_FOUND, 404),
    M.WRONG_PATH: (K.NOT_FOUND, 404),
    M.RATE_LIMITED: (K.RATE_LIMITED, 429),
    M.SERVER_ERROR: (K.SERVER_ERROR, 500),
    M.OVERLOADED: (K.SERVER_ERROR, 503),
    M.CONTEXT_TOO_LONG: (K.BAD_REQUEST, 400),
    M.ERROR_IN_200: (K.SERVER_ERROR, 502),
    M.ERROR_IN_STREAM: (K.SERVER_ERROR, 500),
    M.HTML: (K.NOT_JSON, 200),
    M.DROPS_CONNECTION: (K.DISCONNECTED, None),
    M.DROPS_MID_STREAM: (K.DISCONNECTED, None),
    M.EMPTY_CHOICES: (K.EMPTY_ANSWER, 200),
    M.EMPTY_CONTENT: (K.EMPTY_ANSWER, 200),
    M.REDIRECTS: (K.OTHER, 307),
}


def failure_of(spec: RunSpec) -> RunError:
    """What a run that must fail raises."""
    with pytest.raises(RunError) as caught:
        asyncio.run(execute(spec))
    return caught.value


def texts_of(error: BaseException) -> str:
    """All that could be shown or logged of an error."""
    detail = error.detail if isinstance(error, RunError) else ""
    formatted = logging.Formatter().formatException((type(error), error, error.__traceback__))
    return "\n".join([str(error), repr(error), detail, formatted])


@contextmanager
def misbehaving(kind: Misbehaviour) -> Iterator[MisbehavingServer]:
    with MisbehavingServer(kind) as server:
        yield server


@pytest.mark.parametrize("kind", list(FAILURES), ids=str)
def test_a_misbehaving_endpoint_gives_its_kind_of_failure_once(kind: Misbehaviour) -> None:
    with misbehaving(kind) as server:
        error = failure_of(run_of(server.base_url))
        asked = len(server.requests)
    assert (error.kind, error.status) == FAILURES[kind], error.detail
    assert error.title.endswith(".")
    assert error.hint.endswith(".")
    assert asked == 1


@pytest.mark.parametrize("kind", list(Misbehaviour), ids=str)
def test_no_text_of_any_misbehaviour_holds_the_key(
    kind: Misbehaviour, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = ""
    with misbehaving(kind) as server:
        try:
            result = asyncio.run(execute(run_of(server.base_url, schema=SCHEMA, timeout_s=3.0)))
            shown = repr(result)[:200_000]
        except RunError as error:
            shown = texts_of(error)
    captured = capfd.readouterr()
    for text in (shown, caplog.text, captured.out, captured.err):
        assert KEY not in text
        assert KEY[3:] not in text


def test_a_refused_connection_says_that_nothing_answers_there() -> None:
    port = closed_port()
    error = failure_of(run_of(f"http://127.0.0.1:{port}/v1"))
    assert error.kind is FailureKind.REFUSED
    assert error.title == f"Nothing answers at http://127.0.0.1:{port}."
    assert error.hint == "Start the server, or correct the base URL."
    assert error.status is None


def test_an_unknown_host_is_told_from_a_refused_connection() -> None:
    error = failure_of(run_of("http://no-such-host.invalid/v1"))
    assert error.kind is FailureKind.UNKNOWN_HOST
    assert error.title == "There is no host named no-such-host.invalid."


def test_https_to_a_server_without_it_is_a_failure_of_the_secure_connection() -> None:
    with RecordingServer() as server:
        error = failure_of(run_of(server.base_url.replace("http://", "https://")))
    assert error.kind is FailureKind.TLS


@pytest.mark.parametrize("kind", [M.NEVER_ANSWERS, M.STALLS_MID_STREAM, M.NEVER_ENDS], ids=str)
def test_an_answer_that_does_not_end_in_time_is_a_timeout(kind: Misbehaviour) -> None:
    with misbehaving(kind) as server:
        error = failure_of(run_of(server.base_url, timeout_s=0.4))
        left = server.wait_until(lambda exchanges: exchanges[-1].client_left, timeout_s=2.0)
    assert error.kind is FailureKind.TIMEOUT
    assert "0.4 seconds" in error.title
    assert left


def test_a_rate_limit_says_when_to_try_again() -> None:
    with misbehaving(M.RATE_LIMITED) as server:
        error = failure_of(run_of(server.base_url))
    assert error.retry_after_s == 7
    assert error.hint == "Try again in 7 seconds."


def test_the_endpoints_own_words_are_kept_as_detail() -> None:
    with misbehaving(M.CONTEXT_TOO_LONG) as server:
        error = failure_of(run_of(server.base_url))
    assert "exceeds the available context size" in error.detail
    assert "exceeds the available context size" not in error.title


def test_a_key_that_is_echoed_is_taken_out_and_the_rest_stays() -> None:
    with misbehaving(M.ECHOES_KEY) as server:
        error = failure_of(run_of(server.base_url))
    assert error.detail == "Incorrect API key provided: [key]."


def test_a_parameter_that_the_endpoint_refuses_is_its_words() -> None:
    with misbehaving(M.REFUSES_PARAMETER) as server:
        error = failure_of(run_of(server.base_url, schema=SCHEMA, fields={"structured_output_mode": "json_schema"}))
    assert error.kind is FailureKind.BAD_REQUEST
    assert "response_format" in error.detail


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, '{"error": {"message": "API key not valid. Please pass a valid API key."}}', K.AUTH),
        (400, '{"error": {"message": "The model `x` does not exist"}}', K.NOT_FOUND),
        (400, '{"error": "model \\"x\\" not found, try pulling it first"}', K.NOT_FOUND),
        (400, '{"error": {"message": "Model Not Exist"}}', K.NOT_FOUND),
        (400, '{"error": {"message": "Invalid model: x"}}', K.NOT_FOUND),
        (400, '{"error": {"message": "Invalid token."}}', K.AUTH),
        (400, '{"error": {"message": "Invalid \'max_tokens\': integer below minimum value."}}', K.BAD_REQUEST),
        (400, '{"error": {"message": "Invalid tool definition: token limit for tools is 0"}}', K.BAD_REQUEST),
        (400, '{"error": {"message": "For this model tool calling is not available"}}', K.BAD_REQUEST),
        (400, '{"error": {"message": "tool calling is not available for this model"}}', K.BAD_REQUEST),
        (400, '{"error": {"message": "model m1: unknown parameter: logprobs"}}', K.BAD_REQUEST),
        (400, '{"error": {"message": "The model is overloaded, not available now"}}', K.BAD_REQUEST),
        (400, '{"error": {"message": "Your credit balance is too low to access the API."}}', K.OTHER),
        (400, '{"error": {"message": "Budget has been exceeded! Max budget: 10.0"}}', K.OTHER),
        (404, '{"detail": "Not Found"}', K.NOT_FOUND),
        (404, "", K.NOT_FOUND),
        (402, '{"error": "Insufficient credits"}', K.OTHER),
        (408, "", K.TIMEOUT),
        (422, '{"detail": [{"msg": "field required"}]}', K.BAD_REQUEST),
        (500, '{"error": {"message": "image input is not supported - hint: provide an mmproj"}}', K.BAD_REQUEST),
        (529, '{"error": {"type": "overloaded_error"}}', K.SERVER_ERROR),
    ],
)
def test_a_status_and_its_words_make_a_kind(status: int, body: str, kind: FailureKind) -> None:
    error = failure_of_status(Endpoint("http://host", "x"), status, body)
    assert error.kind is kind
    assert error.status == status


def test_a_server_that_is_overloaded_says_when_to_try_again() -> None:
    error = failure_of_status(Endpoint("http://host", "x"), 503, b"Overloaded", {"Retry-After": "5"})
    assert error.retry_after_s == 5


def test_a_key_at_the_end_of_long_words_is_not_cut_before_it_is_hidden() -> None:
    body = "x" * (2000 - len(KEY) // 2) + KEY
    error = failure_of_status(Endpoint("http://host", "x", (KEY,)), 500, body)
    assert KEY[:8] not in error.detail


def test_retry_after_may_be_seconds_or_a_date_or_nonsense() -> None:
    assert retry_after_seconds({"Retry-After": "1.5"}) == 1.5
    assert retry_after_seconds({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert retry_after_seconds({"retry-after": "soon"}) is None
    assert retry_after_seconds({"retry-after": "-5"}) is None
    assert retry_after_seconds({"retry-after": "inf"}) is None
    assert retry_after_seconds({"retry-after": "nan"}) is None
    assert retry_after_seconds({}) is None


def test_words_are_found_in_json_and_in_markup() -> None:
    assert words_of('{"error": {"message": "No."}}') == "No."
    assert words_of('{"detail": [{"msg": "a"}, {"msg": "b"}]}') == "a; b"
    assert words_of("<html><style>p{}</style><p>Sign in</p></html>") == "Sign in"


def test_a_cause_deep_in_the_chain_is_found() -> None:
    try:
        try:
            try:
                raise ConnectionRefusedError(111, "refused")
            except OSError as error:
                raise httpx.ConnectError("All connection attempts failed") from error
        except httpx.HTTPError:
            raise RuntimeError(f"InternalServerError with {KEY}")  # noqa: B904 - as a library does it
    except RuntimeError as error:
        found = classify(error, Endpoint("http://host", secrets=(KEY,)))
    assert found.kind is FailureKind.REFUSED


@pytest.mark.parametrize("asked", [{"temperature": float("nan")}, {"prompt": "\ud800"}])
def test_a_request_that_cannot_be_written_is_not_laid_at_the_servers_door(asked: dict[str, Any]) -> None:
    with RecordingServer() as server, pytest.raises(RunError) as failed:
        asyncio.run(execute(run_of(server.base_url, **asked)))
    assert (failed.value.kind, failed.value.status) == (K.BAD_REQUEST, None)
    assert failed.value.title == "The request could not be written."


def test_an_unknown_exception_is_told_without_its_key() -> None:
    found = classify(ValueError(f"bad header Bearer {KEY}"), Endpoint("http://host", secrets=(KEY,)))
    assert found.kind is FailureKind.OTHER
    assert KEY not in str(found) + found.detail


@pytest.mark.parametrize(
    ("error", "kind", "title"),
    [
        (httpx.ConnectError("no route"), K.REFUSED, "OpenAI cannot be reached."),
        (ConnectionRefusedError(), K.REFUSED, "OpenAI cannot be reached."),
        (httpx.ConnectTimeout("slow"), K.TIMEOUT, "OpenAI did not answer in time."),
        (httpx.UnsupportedProtocol("ftp"), K.OTHER, "The base URL is not a web address."),
        (ImportError("google"), K.NOT_READY, "A part that this provider needs is not installed."),
        (ExceptionGroup("all", [httpx.ReadError("cut")]), K.DISCONNECTED,
         "OpenAI broke the connection before the answer was complete."),
    ],
)  # fmt: skip
def test_a_hosted_provider_is_named_by_its_name(error: Exception, kind: FailureKind, title: str) -> None:
    found = classify(error, Endpoint("OpenAI"))
    assert (found.kind, found.title) == (kind, title)


def test_a_librarys_status_counts_where_nothing_else_tells() -> None:
    error = RuntimeError("Overloaded")
    error.status_code = 529  # type: ignore[attr-defined]  # as the libraries' own exceptions have it
    assert classify(error, Endpoint("Anthropic")).kind is FailureKind.SERVER_ERROR


def test_a_librarys_response_is_read_where_it_has_one() -> None:
    error = RuntimeError("400")
    error.response = httpx.Response(400, text='{"error": "the context length is exceeded"}')  # type: ignore[attr-defined]
    found = classify(error, Endpoint("Anthropic"))
    assert (found.kind, found.title) == (FailureKind.BAD_REQUEST, "The prompt is longer than the model can read.")


def test_a_missing_key_is_told_from_a_refused_one() -> None:
    without = failure_of_status(Endpoint("https://box.example"), 401)
    assert (without.kind, without.title) == (K.AUTH, "https://box.example wants a key, and none is set.")
    refused = failure_of_status(Endpoint("https://box.example", secrets=(KEY,)), 401)
    assert refused.title == "https://box.example did not accept the key."
