"""Whether an endpoint can be used, in plain words: reached, with so many models, or what is wrong and what to do."""

from __future__ import annotations

import asyncio
import json
import time

import httpx

from core.connection_report import ConnectionReport
from core.errors import FailureKind, RunError
from core.exchange import is_loopback, ssl_context
from core.failures import (
    Endpoint,
    failure_of_network,
    failure_of_status,
    is_sendable,
    not_json,
    unanswered,
    unsendable_key,
)
from core.model_listing import entries_of
from core.providers import ModelListing

_LARGEST_LIST_BYTES = 16 * 1024 * 1024
_ANTHROPIC_VERSION = "2023-06-01"


async def check_connection(
    base_url: str,
    api_key: str | None = None,
    *,
    listing: ModelListing = ModelListing.OPENAI,
    timeout_s: float = 10.0,
) -> ConnectionReport:
    """What answers at a base URL, by asking for its list of models. Never raises for what an endpoint does.

    Where there is no list at the address but there is one under `/v1`, that address is suggested. Redirects are not
    followed: the key would go along.
    """
    base_url = base_url.strip().rstrip("/")
    started_s = time.perf_counter()
    endpoint = Endpoint(_address_of(base_url), secrets=(api_key,) if api_key else ())
    if not base_url.startswith(("http://", "https://")) or not _address_of(base_url):
        return _failed(
            endpoint.error(
                FailureKind.OTHER, "The base URL is not a web address.", "Begin it with http:// or https://."
            ),
            0.0,
        )
    if api_key is not None and not is_sendable(api_key):
        return _failed(unsendable_key(endpoint), 0.0)
    try:
        async with asyncio.timeout(timeout_s), _client(base_url, timeout_s) as client:
            try:
                found = await _list_models(client, endpoint, base_url, api_key, listing)
            except RunError as error:
                other = await _other_address(client, endpoint, base_url, api_key, listing, error)
                if other is None:
                    return _judged(error, base_url, _since(started_s))
                suggested, models = other
                return ConnectionReport(
                    False,
                    error.kind,
                    f"The models are at {suggested}, not at {base_url}.",
                    f"Use {suggested} as the base URL.",
                    models,
                    error.status,
                    _since(started_s),
                    suggested,
                    error.detail,
                )
    except TimeoutError:
        return _failed(unanswered(endpoint, timeout_s), _since(started_s))
    return _reached(endpoint, found, _since(started_s))


def _reached(endpoint: Endpoint, models: tuple[str, ...], latency_ms: float) -> ConnectionReport:
    count = len(models)
    title = f"Connected to {endpoint.address}: {count} {'model' if count == 1 else 'models'}."
    hint = "" if models else "The endpoint answers but lists no model: load one, or type the model's ID yourself."
    return ConnectionReport(True, None, title, hint, models, 200, latency_ms)


def _failed(error: RunError, latency_ms: float) -> ConnectionReport:
    return ConnectionReport(
        False, error.kind, error.title, error.hint, status=error.status, latency_ms=latency_ms, detail=error.detail
    )


def _judged(error: RunError, base_url: str, latency_ms: float) -> ConnectionReport:
    """A missing list alone does not make an endpoint unusable: some have none."""
    if error.status in (404, 405, 501) and error.kind in (
        FailureKind.NOT_FOUND,
        FailureKind.BAD_REQUEST,
        FailureKind.SERVER_ERROR,
    ):
        return ConnectionReport(
            False,
            FailureKind.NOT_FOUND,
            f"{_address_of(base_url)} answers, but lists no models at this address.",
            "Check the base URL; most end in /v1. An endpoint without a list can still be used.",
            status=error.status,
            latency_ms=latency_ms,
            detail=error.detail,
        )
    return _failed(error, latency_ms)


async def _other_address(
    client: httpx.AsyncClient,
    endpoint: Endpoint,
    base_url: str,
    api_key: str | None,
    listing: ModelListing,
    error: RunError,
) -> tuple[str, tuple[str, ...]] | None:
    """A likely address that does list models: with /v1 added, or without the path of a single call."""
    if (
        error.kind not in (FailureKind.NOT_FOUND, FailureKind.NOT_JSON, FailureKind.BAD_REQUEST)
        or listing is not ModelListing.OPENAI
    ):
        return None
    trimmed = base_url
    for ending in ("/chat/completions", "/completions", "/models", "/responses"):
        trimmed = trimmed.removesuffix(ending)
    candidates = [trimmed] if trimmed != base_url else []
    if not trimmed.endswith("/v1"):
        candidates.append(f"{trimmed}/v1")
    for candidate in candidates:
        try:
            models = await _list_models(client, endpoint, candidate, api_key, listing)
        except RunError:
            continue
        return candidate, models
    return None


async def _list_models(
    client: httpx.AsyncClient,
    endpoint: Endpoint,
    base_url: str,
    api_key: str | None,
    listing: ModelListing,
) -> tuple[str, ...]:
    url, headers, params = _list_request(base_url, api_key, listing)
    body = bytearray()
    try:
        async with client.stream("GET", url, headers=headers, params=params) as response:
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > _LARGEST_LIST_BYTES:
                    break
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        failure = failure_of_network(endpoint, error)
        raise failure or endpoint.error(
            FailureKind.OTHER, "The base URL is not a web address.", "Begin it with http:// or https://."
        ) from None
    if response.status_code >= 300:
        raise failure_of_status(endpoint, response.status_code, bytes(body), response.headers) from None
    content_type = response.headers.get("content-type", "")
    try:
        value = json.loads(bytes(body))
    except (ValueError, RecursionError):
        raise not_json(endpoint, bytes(body), content_type, status=response.status_code) from None
    entries = entries_of(value)
    if entries is None:
        raise not_json(endpoint, bytes(body), content_type, status=response.status_code)
    return tuple(entries)


def _list_request(
    base_url: str, api_key: str | None, listing: ModelListing
) -> tuple[str, dict[str, str], dict[str, str]]:
    """Address, headers and query of the list of models."""
    url = f"{base_url}/models"
    match listing:
        case ModelListing.OLLAMA:
            return f"{base_url.removesuffix('/v1')}/api/tags", _bearer(api_key), {}
        case ModelListing.ANTHROPIC:
            headers = {"anthropic-version": _ANTHROPIC_VERSION} | ({"x-api-key": api_key} if api_key else {})
            return url, headers, {"limit": "1000"}
        case ModelListing.GEMINI:
            return url, {"x-goog-api-key": api_key} if api_key else {}, {"pageSize": "1000"}
        case ModelListing.AZURE:
            return f"{base_url}/openai/models", {"api-key": api_key} if api_key else {}, {"api-version": "2024-10-21"}
        case _:
            return url, _bearer(api_key), {}


def _bearer(api_key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


def _client(base_url: str, timeout_s: float) -> httpx.AsyncClient:
    url = httpx.URL(base_url)
    verify = ssl_context() if url.scheme == "https" else False
    return httpx.AsyncClient(
        timeout=timeout_s, follow_redirects=False, trust_env=not is_loopback(url.host), verify=verify
    )


def _address_of(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, UnicodeError):
        return ""
    return f"{url.scheme}://{url.netloc.decode('ascii', errors='replace')}" if url.host else ""


def _since(started_s: float) -> float:
    return (time.perf_counter() - started_s) * 1000
