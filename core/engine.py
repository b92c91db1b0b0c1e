"""Running a task on a model. The only module that knows litellm, and only inside functions: its import takes seconds.

A run is streamed from the provider and joined here, so that cancelling it frees the server at once. All of its traffic
goes through `core.exchange`; docs/decisions/0010-the-engine-owns-the-wire.md says why, and what of litellm is used.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import os
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import httpx

from core.answer_assembly import AnswerAssembly, read_answer
from core.attachments import AttachmentSource
from core.call_arguments import call_arguments, is_openai_shaped
from core.errors import MusterError, RunError
from core.exchange import DispatchingTransport, Exchange, endpoint_of
from core.failures import empty_answer, is_sendable, timed_out, unsendable_key
from core.library_failures import classify
from core.parsers import ThinkSplitter
from core.preparation import prepare
from core.redaction import redact
from core.request_building import ChatRequest, build_request, check_run, renamed, warnings_for
from core.run_spec import DEFAULT_TIMEOUT_S, Delta, RunResult, RunSpec

if TYPE_CHECKING:
    from core.entry import UserModelEntry
    from core.registry import Registry

__all__ = ["Delta", "RunError", "RunResult", "ask", "execute", "load_litellm", "prepare", "run_task", "warm_up"]

OnDelta = Callable[[Delta], Awaitable[None] | None]

_ENVIRONMENT: Final = {
    # Without these the import fetches a price map, beta headers and blog posts, and reads .env into the environment.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_MODE": "PRODUCTION",
    # A model that repeats itself is an answer too, not an error of the server.
    "REPEATED_STREAMING_CHUNK_LIMIT": "1000000000",
}
_TALKATIVE: Final = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
_INFORMATIVE: Final = ("httpx", "httpcore", "openai", "botocore")


@cache
def load_litellm() -> ModuleType:
    """litellm, imported once with everything off that would reach the network, print, or log."""
    ignore_litellm_warnings()
    os.environ.update({name: value for name, value in _ENVIRONMENT.items() if name not in os.environ})
    collecting = gc.isenabled()
    gc.disable()
    try:
        import litellm
    finally:
        if collecting:
            gc.enable()
    litellm.suppress_debug_info = True
    litellm.disable_hf_tokenizer_download = True
    litellm.disable_token_counter = True
    litellm.telemetry = False
    litellm.drop_params = False
    litellm.num_retries = 0
    litellm.turn_off_message_logging = True
    litellm.disable_streaming_logging = True
    litellm.aclient_session = httpx.AsyncClient(transport=DispatchingTransport(), trust_env=False)
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL)
    for name in _INFORMATIVE:
        # They log addresses, and an address may carry a key.
        logging.getLogger(name).setLevel(logging.WARNING)
    module: ModuleType = litellm
    return module


@cache
def _native_client() -> object:
    """An HTTP client of litellm's kind, for the routes that do not use the OpenAI library; it holds no connection."""
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    client: object = AsyncHTTPHandler(transport=DispatchingTransport(), follow_redirects=False)
    return client


def ignore_litellm_warnings() -> None:
    """Silences warnings about litellm's own code: where warnings are errors they would break off a run.

    Those of Pydantic's serializer quote the answer, which may hold a key.
    """
    for module in (r"litellm\b", r"pydantic\._internal\b"):
        warnings.filterwarnings("ignore", module=module)
    warnings.filterwarnings("ignore", message="Pydantic serializer warnings")


async def run_task(
    registry: Registry,
    reference: str | UserModelEntry,
    prompt: str,
    schema: dict[str, Any] | None = None,
    *,
    system_prompt: str | None = None,
    images: Sequence[AttachmentSource] = (),
    provider_name: str | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    max_tokens: int | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    on_delta: OnDelta | None = None,
) -> RunResult:
    """What the model answers. To cancel the run, cancel the task.

    `images` are paths, bytes or attachments. `on_delta` is called with each `Delta` as it arrives.

    Raises:
        RunError: the endpoint failed; `.kind` and `.status` say how.
        MusterError: the run could not be started.
    """
    # The keyring may wait until its owner unlocks it, and files may be large: not on the loop.
    spec = await asyncio.to_thread(
        prepare,
        registry,
        reference,
        prompt,
        schema,
        system_prompt=system_prompt,
        images=images,
        provider_name=provider_name,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        timeout_s=timeout_s,
    )
    return await execute(spec, on_delta)


async def execute(
    spec: RunSpec, on_delta: OnDelta | None = None, *, on_cancelled: Callable[[dict[str, Any]], None] | None = None
) -> RunResult:
    """What the model answers to a prepared run.

    Waiting for a free place at the model does not count towards the time limit. `on_cancelled` is told the request as
    it was sent where the run is cancelled after that.

    Raises:
        RunError: the endpoint failed.
        MusterError: the run cannot be asked as it is.
    """
    check_run(spec)
    # Drawing the pages of a PDF takes a while: not on the loop, where other runs wait for it.
    request = await asyncio.to_thread(build_request, spec) if spec.images else build_request(spec)
    load_litellm()
    ignore_litellm_warnings()  # again: whoever sets warning filters for a while drops ours
    endpoint = endpoint_of(spec)
    if not is_sendable(spec.connection.secrets.get("api_key", "")):
        raise unsendable_key(endpoint)
    exchange = Exchange(endpoint, openai_shaped=is_openai_shaped(spec))
    async with _place_at(spec), exchange:
        run = _Run(spec, on_delta)
        try:
            await _carry_out(run, exchange, request)
        except asyncio.CancelledError:
            if on_cancelled is not None and exchange.sent:
                on_cancelled(exchange.shown_request())
            raise
        return run.result(exchange)


async def ask(spec: RunSpec, request: ChatRequest, exchange: Exchange, *, with_usage: bool = True) -> AnswerAssembly:
    """The answer to a request as it arrived, asked as `execute` asks and not read any further: what measuring judges.

    Without `with_usage` the endpoint is not asked to count.

    Raises:
        RunError: the endpoint failed.
    """
    load_litellm()
    ignore_litellm_warnings()
    if not is_sendable(spec.connection.secrets.get("api_key", "")):
        raise unsendable_key(exchange.endpoint)
    async with _place_at(spec), exchange:
        run = _Run(spec, None)
        await _carry_out(run, exchange, request, with_usage=with_usage)
        return run.answer


async def _carry_out(run: _Run, exchange: Exchange, request: ChatRequest, *, with_usage: bool = True) -> None:
    try:
        async with asyncio.timeout(run.spec.timeout_s):
            await run.stream(exchange, request, with_usage=with_usage)
    except TimeoutError:
        raise timed_out(exchange.endpoint, run.spec.timeout_s) from None
    except MusterError:
        raise
    except _ListenerFailedError as failed:
        raise failed.error from None
    except Exception as error:  # noqa: BLE001 - litellm raises anything; each becomes a RunError with words
        raise exchange.failure or classify(
            error, exchange.endpoint, was_sent=bool(exchange.sent), answered=exchange.answered
        ) from None
    if exchange.failure is not None:
        raise exchange.failure


class _ListenerFailedError(Exception):
    """The caller's own listener raised: that is no failure of the endpoint."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class _Run:
    """One run under way: what has arrived, and when."""

    def __init__(self, spec: RunSpec, on_delta: OnDelta | None) -> None:
        self.spec = spec
        self._on_delta = on_delta
        self._splitter = ThinkSplitter(spec.provider.parser)
        self.answer = AnswerAssembly(self._splitter)
        self._started_s = time.perf_counter()
        self._first_token_ms: float | None = None
        self._ended_s = self._started_s

    async def stream(self, exchange: Exchange, request: ChatRequest, *, with_usage: bool = True) -> None:
        """Sends the request and takes the answer in; once more in other words where the endpoint asks for that."""
        while True:
            try:
                await self._stream_once(exchange, request, with_usage=with_usage)
            except Exception:
                words = exchange.failure.detail if exchange.failure and exchange.failure.status in (400, 422) else ""
                if with_usage and "stream_options" in words:
                    with_usage = False
                elif "max_tokens" in request.parameters and "max_completion_tokens" in words:
                    request = renamed(request, "max_tokens", "max_completion_tokens")
                else:
                    raise
                exchange.allow_another()
            else:
                break
        for delta in self._splitter.finish():
            await self._tell(delta)
        self._ended_s = time.perf_counter()

    async def _stream_once(self, exchange: Exchange, request: ChatRequest, *, with_usage: bool) -> None:
        arguments = call_arguments(self.spec, request, with_usage=with_usage, native_client=_native_client())
        stream = await self._open(exchange, arguments)
        try:
            async for chunk in stream:
                for delta in self.answer.add(chunk.model_dump()):
                    if self._first_token_ms is None:
                        self._first_token_ms = (time.perf_counter() - self._started_s) * 1000
                    await self._tell(delta)
                if exchange.satisfied:
                    break
        finally:
            await stream.aclose()

    async def _open(self, exchange: Exchange, arguments: dict[str, Any]) -> Any:
        """The stream. Cancelled before anything was sent, litellm is let come to the point of sending and no further.

        It prepares a call in a thread for some milliseconds; broken off there it leaves a coroutine that nobody awaits.
        """
        opening = asyncio.create_task(load_litellm().acompletion(**arguments))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            if exchange.sent:
                opening.cancel()
            else:
                exchange.close()
            await asyncio.gather(opening, return_exceptions=True)
            raise

    async def _tell(self, delta: Delta) -> None:
        if self._on_delta is None:
            return
        try:
            waiting = self._on_delta(delta)
            if inspect.isawaitable(waiting):
                await waiting
        except Exception as error:
            raise _ListenerFailedError(error) from error

    def result(self, exchange: Exchange) -> RunResult:
        """The finished run.

        Raises:
            RunError: nothing arrived, or the answer cannot be read as the settings say.
        """
        answer = self.answer
        if not answer.content.strip() and not answer.reasoning.strip() and not answer.calls:
            raise empty_answer(exchange.endpoint, answer.finish_reason)
        try:
            read = read_answer(self.spec, answer)
        except RunError as error:
            error.detail = redact(error.detail, exchange.endpoint.secrets)
            raise
        return RunResult(
            output=read.output,
            parsed=read.parsed,
            reasoning=read.reasoning,
            validation_error=read.validation_error,
            usage=answer.usage,
            latency_ms=(self._ended_s - self._started_s) * 1000,
            first_token_ms=self._first_token_ms,
            request=exchange.shown_request(),
            warnings=warnings_for(self.spec),
            finish_reason=answer.finish_reason,
            response_model=exchange.response_model,
            logprobs=answer.logprobs or None,
        )


_places: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str, int], asyncio.Semaphore]] = (
    WeakKeyDictionary()
)


@asynccontextmanager
async def _place_at(spec: RunSpec) -> AsyncIterator[None]:
    """One of the model's parallel places on this event loop, held until the run ends."""
    limit = spec.provider.max_parallel_requests
    if limit is None or limit <= 0:
        yield
        return
    key = (spec.connection.api_base or str(spec.provider.name), spec.connection.model, limit)
    places = _places.setdefault(asyncio.get_running_loop(), {})
    async with places.setdefault(key, asyncio.Semaphore(limit)):
        yield


async def warm_up() -> None:
    """One made-up completion without a network: the first real one is 0.4 s faster for it."""
    stream = await load_litellm().acompletion(
        model="openai/model",
        messages=[{"role": "user", "content": "Hello"}],
        mock_response="Hello",
        stream=True,
        api_key="NA",
        api_base="http://127.0.0.1:9/v1",
    )
    async for chunk in stream:
        chunk.model_dump()
