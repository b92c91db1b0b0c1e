"""What a library's own exception means, where the wire itself did not tell: causes, status, class."""

from __future__ import annotations

import re

import httpx

from core.errors import FailureKind, RunError
from core.failures import Endpoint, causes, failure_of_network, failure_of_status, unreadable

_K = FailureKind

# The first that fits: the special before the general.
_BY_CLASS: tuple[tuple[str, FailureKind, str, str], ...] = (
    ("ImportError", _K.NOT_READY, "A part that this provider needs is not installed.", "Read the details."),
    (
        "DefaultCredentialsError",
        _K.AUTH,
        "Google's credentials were not found on this computer.",
        "Run: gcloud auth application-default login",
    ),
    (
        "UnsupportedParamsError",
        _K.BAD_REQUEST,
        "The provider does not take one of the run's settings.",
        "Read the details, and leave that setting unset.",
    ),
    ("ContextWindowExceededError", _K.BAD_REQUEST, "The prompt is longer than the model can read.", "Shorten it."),
    (
        "AuthenticationError",
        _K.AUTH,
        "The provider's key is missing or was not accepted.",
        "Check the API key in Providers.",
    ),
    ("PermissionDeniedError", _K.AUTH, "The provider's key was not accepted.", "Check the API key in Providers."),
    ("NotFoundError", _K.NOT_FOUND, "The provider does not know this model.", "Check the model ID."),
    ("RateLimitError", _K.RATE_LIMITED, "The endpoint's rate limit is reached.", "Try again later."),
    ("Timeout", _K.TIMEOUT, "The endpoint did not answer in time.", "Try again, or allow more time."),
    ("APITimeoutError", _K.TIMEOUT, "The endpoint did not answer in time.", "Try again, or allow more time."),
    ("JSONDecodeError", _K.NOT_JSON, "The endpoint's answer is not JSON.", "Check the base URL; most end in /v1."),
    ("BadRequestError", _K.BAD_REQUEST, "The provider cannot be asked this way.", "Read the details."),
)


def classify(error: BaseException, endpoint: Endpoint, *, was_sent: bool = True, answered: bool = False) -> RunError:
    """The failure that an exception stands for, where the wire itself did not tell: causes, status, class.

    A status that a library made up for a request that was never sent is not the endpoint's; nor is one for a request
    that was `answered` with success.
    """
    chain = list(causes(error))
    for cause in chain:
        if isinstance(cause, RunError):
            return cause
    network = failure_of_network(endpoint, error)
    if network is not None:
        return network
    for cause in chain:
        response = getattr(cause, "response", None)
        if isinstance(response, httpx.Response) and response.status_code >= 400 and (body := _body_of(response)):
            return failure_of_status(endpoint, response.status_code, body, response.headers)
    if answered:
        return unreadable(endpoint, _library_words(error))
    names = {base.__name__ for cause in chain for base in type(cause).__mro__}
    detail = _library_words(error)
    for name, kind, title, hint in _BY_CLASS:
        if name in names:
            return endpoint.error(kind, title, hint, detail=detail)
    if not was_sent:
        return endpoint.error(
            _K.BAD_REQUEST, "The request could not be written.", "Look for unusual values in it.", detail=detail
        )
    if "APIConnectionError" not in names:  # litellm's word for whatever it does not understand, always with status 500
        statuses = [getattr(cause, "status_code", None) for cause in chain]
        status = next((value for value in statuses if isinstance(value, int) and 400 <= value < 600), None)
        if status is not None:
            return failure_of_status(endpoint, status, detail)
    return endpoint.error(_K.OTHER, "The run failed for an unexpected reason.", "Read the details.", detail=detail)


def _body_of(response: httpx.Response) -> bytes:
    try:
        return response.content
    except httpx.ResponseNotRead:
        return b""


def _library_words(error: BaseException) -> str:
    # litellm appends tracebacks and a request to report a bug.
    return re.split(r"\n(?:Traceback|\n?This looks like a bug)", str(error))[0].replace("litellm.", "").strip()
