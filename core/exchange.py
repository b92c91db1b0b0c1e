"""One run's traffic: sent by our own HTTP transport, kept for *Show request*, and judged where it happens.

litellm and the OpenAI library send through `DispatchingTransport`, which hands each request to the `Exchange` of the
run that it belongs to. So what is shown is what was sent; a run's end closes its connections, and with them the
server's work; no connection outlives an event loop; and nothing else in those libraries can reach the network.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextvars import ContextVar, Token
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self
from urllib.request import getproxies, proxy_bypass

import httpx
from typing_extensions import override

from core.errors import RunError
from core.failures import (
    Endpoint,
    disconnected,
    empty_answer,
    failure_of_error_body,
    failure_of_network,
    failure_of_status,
    not_json,
    too_large,
    unreadable,
)
from core.providers import PROVIDER_BY_ID
from core.redaction import hide_secrets, hide_secrets_in
from core.run_spec import RunSpec
from core.wire_bodies import ENCODING, decoded_pieces, plain_line, plain_message

CONNECT_TIMEOUT_S = 15.0
"""A host that is there accepts within this time; a read may take as long as the run."""

_ERROR_BODY_BYTES = 64 * 1024
_LARGEST_ANSWER_BYTES = 16 * 1024 * 1024
"""Of a whole answer, or of one line of a stream; more is no model's answer."""
_MOST_BLANKS_BYTES = 64 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONG_DATA = re.compile(r"^[A-Za-z0-9+/=_-]{1024,}$")
_FINISHED = re.compile(rb'"finish_reason"\s*:\s*"')
_MODEL = re.compile(rb'"model"\s*:\s*("(?:[^"\\]|\\.)*")')

_current: ContextVar[Exchange] = ContextVar("exchange")


class DispatchingTransport(httpx.AsyncBaseTransport):
    """Hands a request to the exchange of the run that sends it; outside of a run there is no network."""

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange = _current.get(None)
        if exchange is None:
            raise httpx.ConnectError("No run is under way.", request=request)
        return await exchange.send(request)


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as it went over the wire."""

    url: str
    headers: dict[str, str]
    body: bytes


class Exchange:
    """The traffic of one run, inside `async with`.

    `openai_shaped` says that answers are OpenAI's: then a plain JSON answer is turned into a stream, and the end of a
    stream is checked. `failure` is what the wire itself told; it counts before anything that a library raised. Once
    `satisfied`, nobody wants the rest of a stream.
    """

    def __init__(self, endpoint: Endpoint, *, openai_shaped: bool) -> None:
        self.endpoint = endpoint
        self.sent: list[SentRequest] = []
        self.failure: RunError | None = None
        self.status: int | None = None
        self.response_model: str | None = None
        self.satisfied = False
        self._closed = False
        self._token: Token[Exchange] | None = None
        self._openai_shaped = openai_shaped
        self._transports: dict[tuple[str, str], httpx.AsyncHTTPTransport] = {}

    async def __aenter__(self) -> Self:
        self._token = _current.set(self)
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, RunError):
            error.request = self.shown_request()
        if self._token is not None:
            _current.reset(self._token)
        while self._transports:
            await self._transports.popitem()[1].aclose()

    @property
    def answered(self) -> bool:
        """Whether the endpoint reported success and speaks OpenAI's API: errors of its own would have been told."""
        return self._openai_shaped and self.status is not None and self.status < 300

    def close(self) -> None:
        """Lets nothing more be sent."""
        self._closed = True

    def allow_another(self) -> None:
        """Lets one more request be sent after one that failed."""
        self.failure, self.status = None, None

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The response to a request of this run, its body judged as it is read."""
        if self._closed or self.failure is not None:
            # litellm tries a lost connection again by itself; a run asks once.
            raise httpx.ConnectError("Nothing more is sent.", request=request)
        body = await request.aread()
        self.sent.append(SentRequest(str(request.url), dict(request.headers), body))
        timeouts = dict(request.extensions.get("timeout", {}))
        timeouts["connect"] = CONNECT_TIMEOUT_S
        request.extensions = {**request.extensions, "timeout": timeouts}
        request.headers["accept-encoding"] = ENCODING
        try:
            response = await self._transport_for(request.url).handle_async_request(request)
            self.status = response.status_code
            return await self._judge(request, response)
        except httpx.HTTPError as error:
            self.failure = failure_of_network(self.endpoint, error)
            raise

    def _transport_for(self, url: httpx.URL) -> httpx.AsyncHTTPTransport:
        key = (url.scheme, url.host)
        if key not in self._transports:
            verify: SSLContext | bool = ssl_context() if url.scheme == "https" else False
            self._transports[key] = httpx.AsyncHTTPTransport(verify=verify, proxy=_proxy_for(url))
        return self._transports[key]

    async def _judge(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if response.status_code >= 300:
            body = await _read_start(response, _ERROR_BODY_BYTES)
            self.failure = failure_of_status(self.endpoint, response.status_code, body, response.headers)
            return _replaced(response, body, request)
        content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type == "text/html":
            raise self.refuse(not_json(self.endpoint, await _read_start(response, _ERROR_BODY_BYTES), content_type))
        if not self._openai_shaped or not request.url.path.endswith("/chat/completions"):
            return response
        pieces = decoded_pieces(response)
        start = await self._start_of(pieces)
        begun = start.lstrip()
        if begun.startswith((b"data:", b"event:", b"error:", b":", b"id:", b"retry:")):
            return httpx.Response(
                response.status_code,
                headers=_without_encoding(response, "text/event-stream"),
                stream=_WatchedStream(self, start, pieces, response),
                request=request,
            )
        whole = bytearray(start)
        async for piece in pieces:
            whole += piece
            if len(whole) > _LARGEST_ANSWER_BYTES:
                raise self.refuse(too_large(self.endpoint))
        await response.aclose()
        return _replaced(response, self._as_event_stream(bytes(whole), content_type), request, "text/event-stream")

    async def _start_of(self, pieces: AsyncIterator[bytes]) -> bytes:
        """What comes until the first character that is no blank; some servers send blanks while they wait."""
        start = bytearray()
        async for piece in pieces:
            start += piece
            if piece.strip():
                break
            if len(start) > _MOST_BLANKS_BYTES:
                raise self.refuse(empty_answer(self.endpoint))
        return bytes(start).removeprefix(_BYTE_ORDER_MARK)

    def _as_event_stream(self, body: bytes, content_type: str) -> bytes:
        """A whole answer as the stream that was asked for: some servers do not know streaming."""
        if not body.strip():
            raise self.refuse(empty_answer(self.endpoint))
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict) or not {"choices", "error"} & answer.keys():
            raise self.refuse(not_json(self.endpoint, body[:_ERROR_BODY_BYTES], content_type))
        if answer.get("error"):
            raise self.refuse(failure_of_error_body(self.endpoint, answer))
        if not (choices := answer["choices"]):
            raise self.refuse(empty_answer(self.endpoint))
        if not isinstance(choices, list) or not isinstance(choices[0], dict):
            raise self.refuse(unreadable(self.endpoint, body[:_ERROR_BODY_BYTES].decode(errors="replace")))
        lines = [b"data: " + json.dumps(chunk).encode() for chunk in _chunks_of(answer)]
        for line in lines:
            self.note_line(line)
        self.response_model = answer.get("model") or None
        return b"".join(line + b"\n\n" for line in [*lines, b"data: [DONE]"])

    def refuse(self, failure: RunError) -> RunError:
        """What to raise; from now on it is why this run failed."""
        self.failure = failure
        return failure

    def note_line(self, line: bytes) -> bool:
        """Looks at one line of a stream; True where it says that the answer is complete."""
        if self.response_model is None and (named := _MODEL.search(line)):
            # litellm replaces the model's name by the one that was asked for.
            self.response_model = json.loads(named[1])
        if b'"error"' in line and line.startswith((b"data:", b"error:")):
            try:
                event = json.loads(line.partition(b":")[2])
            except ValueError:
                raise self.refuse(not_json(self.endpoint, line)) from None
            if isinstance(event, dict) and event.get("error"):
                raise self.refuse(failure_of_error_body(self.endpoint, event))
        return line.startswith(b"data:") and (line[5:].strip() == b"[DONE]" or _FINISHED.search(line) is not None)

    def note_broken(self, error: httpx.HTTPError | None) -> RunError:
        """The stream ended before the answer did."""
        found = failure_of_network(self.endpoint, error) if error is not None else None
        return self.refuse(found or disconnected(self.endpoint, self.status))

    def shown_request(self) -> dict[str, Any]:
        """The last request's JSON body as it was sent, with `url` and `model`; keys out, attachments shortened."""
        if not self.sent:
            return {}
        last = self.sent[-1]
        try:
            body = json.loads(last.body)
        except ValueError:
            body = {}
        shown: dict[str, Any] = {"url": _shown_address(last.url), "model": self.endpoint.model}
        shown |= _shortened(body) if isinstance(body, dict) else {}
        secrets = self.endpoint.secrets
        shown["url"] = hide_secrets(shown["url"], secrets)
        return {key: hide_secrets_in(value, secrets) for key, value in shown.items()}


class _WatchedStream(httpx.AsyncByteStream):
    """A stream of events, passed on as it arrives; says so when it ends before the answer does."""

    def __init__(self, exchange: Exchange, start: bytes, rest: AsyncIterator[bytes], response: httpx.Response) -> None:
        self._exchange = exchange
        self._start = start
        self._rest = rest
        self._response = response

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        line, finished = bytearray(), False
        try:
            async for piece in self._pieces():
                head, newline, rest = piece.rpartition(b"\n")
                if newline:
                    lines = [plain_line(complete) for complete in (bytes(line) + head).split(b"\n")]
                    line = bytearray()
                    for complete in lines:
                        finished = self._exchange.note_line(complete) or finished
                    yield b"".join(complete + newline for complete in lines)
                line += rest
                if len(line) > _LARGEST_ANSWER_BYTES:
                    raise self._exchange.refuse(too_large(self._exchange.endpoint))
        except httpx.HTTPError as error:
            if not finished:
                self._exchange.note_broken(error)
                raise
            return
        last = plain_line(bytes(line))
        if last and self._exchange.note_line(last):
            finished = True
        if not finished:
            raise self._exchange.note_broken(None)
        if last:
            yield last

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield self._start
        async for piece in self._rest:
            yield piece

    @override
    async def aclose(self) -> None:
        await self._response.aclose()


def _chunks_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    common = {
        key: answer[key] for key in ("id", "created", "model", "system_fingerprint") if answer.get(key) is not None
    }
    common = {"id": "answer", "created": 0, "model": ""} | common | {"object": "chat.completion.chunk"}
    choice = answer["choices"][0]
    message = choice.get("message") or {"content": choice.get("text", "")}
    delta = {**plain_message(message), "role": "assistant"}
    calls = delta.get("tool_calls")
    if isinstance(calls, list):
        delta["tool_calls"] = [{"index": index, **call} for index, call in enumerate(calls) if isinstance(call, dict)]
    first = {"index": 0, "delta": delta, "finish_reason": None, "logprobs": choice.get("logprobs")}
    last: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": choice.get("finish_reason") or "stop"}
    chunks = [{**common, "choices": [first]}, {**common, "choices": [last]}]
    if answer.get("usage"):
        chunks.append({**common, "choices": [], "usage": answer["usage"]})
    return chunks


async def _read_start(response: httpx.Response, size_bytes: int) -> bytes:
    start = bytearray()
    async for piece in decoded_pieces(response):
        start += piece
        if len(start) >= size_bytes:
            break
    await response.aclose()
    return bytes(start[:size_bytes])


def _without_encoding(response: httpx.Response, content_type: str | None) -> httpx.Headers:
    headers = httpx.Headers(response.headers)
    for name in ("content-encoding", "content-length", "transfer-encoding"):
        headers.pop(name, None)
    if content_type is not None:
        headers["content-type"] = content_type
    return headers


def _replaced(
    response: httpx.Response, body: bytes, request: httpx.Request, content_type: str | None = None
) -> httpx.Response:
    return httpx.Response(
        response.status_code, headers=_without_encoding(response, content_type), content=body, request=request
    )


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item) for item in value]
    if isinstance(value, str) and len(value) > 1024:
        head, comma, data = value.partition(";base64,")
        if comma and head.startswith("data:"):
            return f"{head};base64,… ({len(data) * 3 // 4} bytes)"
        if _LONG_DATA.match(value):
            return f"… ({len(value) * 3 // 4} bytes)"
    return value


def endpoint_of(spec: RunSpec) -> Endpoint:
    """Who is asked, as the person knows it."""
    connection = spec.connection
    if connection.api_base is None:
        address = PROVIDER_BY_ID[str(spec.provider.name)].display_name
    else:
        url = httpx.URL(connection.api_base)
        address = f"{url.scheme}://{url.netloc.decode('ascii', errors='replace')}" if url.host else connection.api_base
    return Endpoint(address, connection.model.partition("/")[2], connection.known_secrets)


@cache
def ssl_context() -> SSLContext:
    """The certificates that httpx ships and those of this computer; made once, since loading them takes 20 ms."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def _shown_address(url: str) -> str:
    """An address without a key in its query or a name and password before its host."""
    return re.sub(r"(?<=//)[^/@]*@", "", re.sub(r"([?&]key=)[^&]*", r"\1[key]", url))


def is_loopback(host: str) -> bool:
    """Whether a host is this computer."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _proxy_for(url: httpx.URL) -> str | None:
    """The proxy that this computer's settings name for an address; never one for this computer itself."""
    if is_loopback(url.host) or proxy_bypass(url.host):
        return None
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return proxy if proxy and proxy.startswith(("http://", "https://")) else None
