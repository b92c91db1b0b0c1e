"""What went wrong with an endpoint, in plain words: from a status, from the network, from a library's exception.

Libraries cannot be asked: litellm reports a refused connection and an unknown host as status 500, and a 401 as a bad
request with the key in its text (litellm 1.106.2, 2026-11). So the wire itself is judged first (`core.exchange`), then
causes, status, and class (`core.library_failures`).
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any

import httpx

from core.errors import FailureKind, RunError
from core.redaction import redact

_DETAIL_LENGTH = 2000
_WORDS_LENGTH = 4 * _DETAIL_LENGTH
"""Cut to the former only once keys are out: half a key would not be known as one."""

_SOON_S = 7200
"""A wait that is said in seconds."""

_K = FailureKind


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who was asked: the address as the person knows it, the model, and the secrets that no text may show."""

    address: str
    model: str = ""
    secrets: tuple[str, ...] = ()

    def error(
        self,
        kind: FailureKind,
        title: str,
        hint: str,
        *,
        status: int | None = None,
        detail: str = "",
        retry_after_s: float | None = None,
    ) -> RunError:
        """A RunError about this endpoint, every text without keys."""
        shown = redact(detail, self.secrets)
        shown = shown if len(shown) <= _DETAIL_LENGTH else f"{shown[:_DETAIL_LENGTH]}…"
        return RunError(
            redact(title, self.secrets),
            redact(hint, self.secrets),
            kind=kind,
            status=status,
            detail=shown,
            retry_after_s=retry_after_s,
        )


def words_of(body: bytes | str) -> str:
    """The endpoint's own words in the body of an error: JSON's message, else the text without markup."""
    text = body.decode("utf-8", errors="replace") if isinstance(body, bytes) else body
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        text = re.sub(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>", " ", text)
        return re.sub(r"\s+", " ", text).strip()[:_WORDS_LENGTH]
    found = _message_in(value)
    return found or json.dumps(value, ensure_ascii=False)[:_WORDS_LENGTH]


def _message_in(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(text for text in map(_message_in, value) if text)
    if isinstance(value, dict):
        for key in ("error", "message", "msg", "detail", "errors", "error_description"):
            if value.get(key):
                return _message_in(value[key])
    return ""


_SAYS_KEY = re.compile(
    r"(?i)api[ _-]?key|unauthori[sz]ed|authentication|security token"
    # Not "Invalid 'max_tokens'", nor an invalid tool and its token limit.
    r"|\binvalid[ _-]((auth\w*|access|bearer|security|jwt|oauth|user)[ _-])?"
    r"(token\b(?! (count|limit|budget))|credential)"
)
_SAYS_NO_MODEL = re.compile(
    # Between the word "model" and what is wrong with it stands its name and nothing else: "model m1: unknown parameter"
    # and "for this model tool calling is not available" are about something else.
    r"(?i)\bmodels?\b(?: (?:named|id|with id))?[\s:]*[\"'`“]?[^\s\"'`”]{0,120}[\"'`”]?,?\s*"
    r"(?:(?:is|was|does|could|can) ?)?"
    r"(?:not (?:be )?found|not exist|not available|not loaded|unknown(?! (?:param|field|arg|key|prop|request)))"
    r"|\b(unknown|invalid|no such|no) model\b|not_found_error.{0,40}model|model_not_found"
)
_SAYS_UNSUPPORTED = re.compile(r"(?i)not supported|does not support|unsupported")
_SAYS_TOO_LONG = re.compile(
    r"(?i)context.{0,20}(length|window|size)|too many tokens|prompt is too long|exceed.{0,30}(context|n_ctx)|n_ctx"
)
_SAYS_PAY = re.compile(
    r"(?i)credit balance|out of credits?|insufficient.{0,10}(credit|fund|balance|quota)|billing|insufficient_quota"
    r"|payment (required|method)|budget.{0,20}exceed|exceed.{0,30}(budget|current quota|spending)|spending limit"
    r"|balance is"
)


_ASKS_FOR_PAYMENT = "asks for payment."
_BY_STATUS = {
    402: (_K.OTHER, _ASKS_FOR_PAYMENT, "Check the account's balance."),
    408: (_K.TIMEOUT, "gave up waiting for an answer.", "Try again, or ask for less."),
    504: (_K.TIMEOUT, "gave up waiting for an answer.", "Try again, or ask for less."),
}


def failure_of_status(
    endpoint: Endpoint,
    status: int,
    body: bytes | str = b"",
    headers: Mapping[str, str] | None = None,
) -> RunError:
    """What an HTTP status and its body mean."""
    words = words_of(body)
    where, model = endpoint.address, endpoint.model

    wait_s = retry_after_seconds(headers or {})

    def error(kind: FailureKind, title: str, hint: str) -> RunError:
        return endpoint.error(kind, title, hint, status=status, detail=words, retry_after_s=wait_s)

    known = 402 if status in (400, 403, 422) and _SAYS_PAY.search(words) else status
    if known in _BY_STATUS:
        kind, said, hint = _BY_STATUS[known]
        return error(kind, f"{where} {said}", hint)
    if status == 401 and not endpoint.secrets:
        return error(_K.AUTH, f"{where} wants a key, and none is set.", "Enter its API key in Providers.")
    if status in (401, 403) or (status == 400 and _SAYS_KEY.search(words)):
        return error(_K.AUTH, f"{where} did not accept the key.", "Check the API key in Providers.")
    if status == 404 or (status == 400 and _SAYS_NO_MODEL.search(words)):
        if not model or (words and not _SAYS_NO_MODEL.search(words) and "model" not in words.lower()):
            return error(_K.NOT_FOUND, f"{where} has nothing at this address.", "Check the base URL; most end in /v1.")
        return error(_K.NOT_FOUND, f"{where} has no model {model}.", "Check the model ID, or the base URL.")
    if status == 429:
        hint = f"Try again in {wait_s:.0f} seconds." if wait_s and wait_s < _SOON_S else "Try again later."
        return error(_K.RATE_LIMITED, "The endpoint's rate limit is reached.", hint)
    if status >= 500:
        return error(*_server_error(where, status, words))
    if 300 <= status < 400:
        return error(_K.OTHER, f"{where} sends its callers to another address.", "Enter that address as the base URL.")
    if _SAYS_TOO_LONG.search(words):
        return error(
            _K.BAD_REQUEST, "The prompt is longer than the model can read.", "Shorten it, or allow fewer tokens."
        )
    return error(*_refused(where, status))


def asks_for_payment(failure: RunError) -> bool:
    """Whether the account is at its end, so that nothing more can be asked."""
    return _ASKS_FOR_PAYMENT in failure.title or (failure.status == 429 and bool(_SAYS_PAY.search(failure.detail)))


def is_too_long(failure: RunError) -> bool:
    """Whether the prompt did not fit into the model's context."""
    return "longer than the model" in failure.title


def without_guess(failure: RunError, endpoint: Endpoint) -> RunError:
    """A refusal that is about the key or the model by its words alone, from an endpoint that has taken both before."""
    if failure.status != 400 or failure.kind not in (_K.AUTH, _K.NOT_FOUND):
        return failure
    refusal = _refused(endpoint.address, 400)
    plain = endpoint.error(*refusal, status=400, detail=failure.detail, retry_after_s=failure.retry_after_s)
    plain.request = failure.request
    return plain


def _refused(where: str, status: int) -> tuple[FailureKind, str, str]:
    words = "Read its own words, and change the settings they name."
    return _K.BAD_REQUEST, f"{where} refused the request ({status}).", words


def _server_error(where: str, status: int, words: str) -> tuple[FailureKind, str, str]:
    if _SAYS_UNSUPPORTED.search(words):
        # llama.cpp refuses images so, with status 500.
        return _K.BAD_REQUEST, f"{where} does not support what was asked of it.", "Read its own words."
    if status == 503 and "loading" in words.lower():
        return _K.SERVER_ERROR, f"{where} is still loading the model.", "Try again in a moment."
    return _K.SERVER_ERROR, f"{where} failed with an error of its own ({status}).", "Try again, or look at its log."


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """What Retry-After says, as seconds or as a date; None where it says nothing."""
    value = next((text for name, text in headers.items() if name.lower() == "retry-after"), "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        return seconds if isfinite(seconds) and seconds >= 0 else None
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def failure_of_error_body(endpoint: Endpoint, value: Any) -> RunError:
    """What an error inside an answer with status 200 means, by its own code."""
    error = value.get("error", value) if isinstance(value, dict) else value
    stated = [error.get("code"), error.get("status")] if isinstance(error, dict) else []
    code = next((int(said) for said in map(str, stated) if re.fullmatch(r"[1-5]\d\d", said)), None)
    if code is None:
        named = json.dumps(error, default=str).lower()
        table = (
            ("rate_limit", 429),
            ("rate limit", 429),
            ("authentication", 401),
            ("invalid_api_key", 401),
            ("not_found", 404),
            ("invalid_request", 400),
        )
        code = next((status for word, status in table if word in named), 500)
    return failure_of_status(endpoint, code if 400 <= code < 600 else 500, json.dumps(value, default=str))


def not_json(endpoint: Endpoint, body: bytes | str, content_type: str = "", *, status: int = 200) -> RunError:
    """The endpoint answered with something that is no answer of a model."""
    words = words_of(body)
    page = "html" in content_type.lower() or (
        body[:200].lower().find(b"<html") >= 0 if isinstance(body, bytes) else False
    )
    what = "with a web page" if page else "with something that is not JSON"
    return endpoint.error(
        _K.NOT_JSON,
        f"{endpoint.address} answered {what}, not as a model.",
        "Check the base URL; most end in /v1.",
        status=status,
        detail=words,
    )


def too_large(endpoint: Endpoint) -> RunError:
    """The endpoint sent more than any model answers, whatever it is."""
    return endpoint.error(
        _K.NOT_JSON,
        f"{endpoint.address} sent more than any model answers; it was too large to read.",
        "Check the base URL, and look at the endpoint's log.",
        status=200,
    )


def unreadable(endpoint: Endpoint, detail: str = "") -> RunError:
    """The endpoint reported success, and its answer is of a form that no client takes."""
    return endpoint.error(
        _K.NOT_JSON,
        f"{endpoint.address} answered in a form that cannot be read.",
        "Read the details, and look at the endpoint's log.",
        status=200,
        detail=detail,
    )


def disconnected(endpoint: Endpoint, status: int | None = None) -> RunError:
    """The connection ended before the answer did."""
    return endpoint.error(
        _K.DISCONNECTED,
        f"{endpoint.address} broke the connection before the answer was complete.",
        "Try again, or look at its log.",
        status=status,
    )


def timed_out(endpoint: Endpoint, timeout_s: float) -> RunError:
    """The run's own time limit passed."""
    return endpoint.error(
        _K.TIMEOUT,
        f"{endpoint.address} did not finish within {round(timeout_s, 1):g} seconds.",
        "Allow more time, or ask for a shorter answer.",
    )


def unanswered(endpoint: Endpoint, timeout_s: float) -> RunError:
    """A check's time limit passed."""
    return endpoint.error(
        _K.TIMEOUT,
        f"Nothing answered at {endpoint.address} within {timeout_s:g} seconds.",
        "Check that the server is running, and the base URL.",
    )


def is_sendable(api_key: str) -> bool:
    """Whether a key can stand in a request's head: plain characters on one line."""
    return api_key.isascii() and api_key.isprintable()


def unsendable_key(endpoint: Endpoint) -> RunError:
    """The key holds what no request can carry: often a typographic character or a line end that was pasted along."""
    return endpoint.error(
        _K.AUTH, "The key has characters that no key has.", "Paste it again, without line ends and typographic marks."
    )


def empty_answer(endpoint: Endpoint, finish_reason: str | None = None) -> RunError:
    """The endpoint reported success and sent nothing."""
    hint = "Allow more tokens." if finish_reason == "length" else "Try again, or look at the endpoint's log."
    return endpoint.error(_K.EMPTY_ANSWER, f"{endpoint.address} answered with nothing.", hint, status=200)


def failure_of_network(endpoint: Endpoint, error: BaseException) -> RunError | None:
    """What an exception of the network means, by its causes; None where it is not one."""
    where, chain = endpoint.address, list(causes(error))
    hosted = "://" not in where
    if any(isinstance(cause, socket.gaierror) for cause in chain):
        if hosted:
            return endpoint.error(_K.UNKNOWN_HOST, f"{where} cannot be found on the network.", "Check the connection.")
        host = re.sub(r":\d+$", "", where.partition("://")[2])
        return endpoint.error(
            _K.UNKNOWN_HOST, f"There is no host named {host}.", "Correct the base URL, or check the network."
        )
    if any(isinstance(cause, ssl.SSLError) for cause in chain):
        return endpoint.error(
            _K.TLS,
            f"No secure connection to {where} could be made.",
            "Check its certificate, or use http:// where the server has none.",
        )
    if any(isinstance(cause, ConnectionRefusedError) for cause in chain) and not hosted:
        return endpoint.error(_K.REFUSED, f"Nothing answers at {where}.", "Start the server, or correct the base URL.")
    if any(isinstance(cause, httpx.TimeoutException) for cause in chain):
        return endpoint.error(
            _K.TIMEOUT, f"{where} did not answer in time.", "Check that it is running, or allow more time."
        )
    if any(isinstance(cause, (httpx.ConnectError, ConnectionRefusedError)) for cause in chain):
        return endpoint.error(_K.REFUSED, f"{where} cannot be reached.", "Check the network and the base URL.")
    if any(isinstance(cause, httpx.DecodingError) for cause in chain):
        return not_json(endpoint, b"")
    if any(isinstance(cause, (httpx.UnsupportedProtocol, httpx.InvalidURL)) for cause in chain):
        return endpoint.error(_K.OTHER, "The base URL is not a web address.", "Begin it with http:// or https://.")
    if any(isinstance(cause, (httpx.NetworkError, httpx.ProtocolError)) for cause in chain):
        return disconnected(endpoint)
    return None


def causes(error: BaseException) -> Iterator[BaseException]:
    """An exception, what it wraps, and what was being handled when it arose, nearest first, each once."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [inner for inner in (current.__cause__, current.__context__) if inner is not None]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions
