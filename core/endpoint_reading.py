"""Reading an endpoint's own documents: lists of models, and what it says about itself.

One `EndpointReader` asks one endpoint. The key goes to that endpoint's own host and nowhere else: a redirect is
followed only to the same host, and never from https to http.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx

from core.errors import FailureKind, RunError
from core.exchange import CONNECT_TIMEOUT_S, is_loopback, ssl_context
from core.failures import Endpoint, failure_of_error_body, failure_of_network, failure_of_status, not_json

LARGEST_DOCUMENT_BYTES: Final = 32 * 1024 * 1024
"""OpenRouter's list of 400 models takes 1 MB; a proxy's of 10,000 would take 25."""

_MOST_REDIRECTS: Final = 3


class EndpointReader:
    """Asks one endpoint, inside `async with`. Every request carries `headers`; `at_a_time` are on their way at most."""

    def __init__(
        self,
        endpoint: Endpoint,
        base_url: str,
        headers: Mapping[str, str],
        timeout_s: float,
        *,
        at_a_time: int | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._origin = origin_of(base_url)
        self._headers = dict(headers)
        url = httpx.URL(base_url)
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECT_TIMEOUT_S)),
            limits=httpx.Limits(max_connections=at_a_time),
            follow_redirects=False,
            trust_env=not is_loopback(url.host),
            verify=ssl_context() if url.scheme == "https" or not is_loopback(url.host) else False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def read(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON at an address, asked for with GET, or with POST where there is a body.

        Raises:
            RunError: it could not be had, in words; an error inside an answer of status 200 counts as that error.
        """
        status, content_type, data = await self._fetch(url, params, body, headers)
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            raise not_json(self.endpoint, data, content_type, status=status) from None
        if isinstance(value, dict) and value.get("error") and not _lists(value):
            raise failure_of_error_body(self.endpoint, value)
        return value

    async def read_if_there(
        self, url: str, params: Mapping[str, str] | None = None, *, body: Any = None
    ) -> dict[str, Any] | list[Any] | None:
        """The same; None where there is nothing of use. For what an endpoint need not have."""
        try:
            value = await self.read(url, params, body=body)
        except RunError:
            return None
        return value if isinstance(value, (dict, list)) else None

    async def _fetch(
        self, url: str, params: Mapping[str, str] | None, body: Any, headers: Mapping[str, str] | None
    ) -> tuple[int, str, bytes]:
        address = self._address(url)
        if params:
            address = address.copy_merge_params(dict(params))
        redirects = 0
        while True:
            response, data = await self._exchange(address, body, headers)
            target = _redirect_of(response)
            if target is None or not _same_host(self._origin, target) or redirects == _MOST_REDIRECTS:
                break
            address, redirects = target, redirects + 1
        if response.status_code >= 300:
            raise failure_of_status(self.endpoint, response.status_code, data, response.headers)
        return response.status_code, response.headers.get("content-type", ""), data

    async def _exchange(
        self, address: httpx.URL, body: Any, headers: Mapping[str, str] | None
    ) -> tuple[httpx.Response, bytes]:
        # An address of another host is asked without the key.
        own = self._headers if _same_host(self._origin, address) else {}
        method = "GET" if body is None else "POST"
        try:
            async with self._client.stream(method, address, headers={**own, **(headers or {})}, json=body) as response:
                return response, await self._read_all(response)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise failure_of_network(self.endpoint, error) or self._no_address() from None

    def _address(self, url: str) -> httpx.URL:
        try:
            return httpx.URL(url)
        except (httpx.InvalidURL, UnicodeError):
            raise self._no_address() from None

    def _no_address(self) -> RunError:
        return self.endpoint.error(
            FailureKind.OTHER, "The base URL is not a web address.", "Begin it with http:// or https://."
        )

    async def _read_all(self, response: httpx.Response) -> bytes:
        data = bytearray()
        async for piece in response.aiter_bytes():
            data += piece
            if len(data) > LARGEST_DOCUMENT_BYTES:
                raise self.endpoint.error(
                    FailureKind.OTHER,
                    f"{self.endpoint.address} answered with more than {LARGEST_DOCUMENT_BYTES // 2**20} MB.",
                    "That is no list of models: check the base URL.",
                    status=response.status_code,
                )
        return bytes(data)


def origin_of(address: str) -> str:
    """Scheme, host and port of an address; empty where it is none."""
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, UnicodeError):
        return ""
    if url.scheme not in ("http", "https") or not url.host:
        return ""
    return f"{url.scheme}://{url.netloc.decode('ascii', errors='replace')}"


def _lists(value: Mapping[str, Any]) -> bool:
    return any(isinstance(value.get(key), list) for key in ("data", "models"))


def _redirect_of(response: httpx.Response) -> httpx.URL | None:
    location = response.headers.get("location")
    if response.status_code not in (301, 302, 303, 307, 308) or not location:
        return None
    try:
        return response.url.join(location)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return None


def _same_host(origin: str, target: httpx.URL) -> bool:
    own = httpx.URL(origin)
    if own.host != target.host or target.userinfo:
        return False
    if own.scheme == target.scheme:
        return _port(own) == _port(target)
    return own.scheme == "http" and target.scheme == "https" and (_port(own), _port(target)) == (80, 443)


def _port(url: httpx.URL) -> int | None:
    return url.port or {"http": 80, "https": 443}.get(url.scheme)
