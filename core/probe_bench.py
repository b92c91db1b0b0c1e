"""Where probes are made: each call within the limits, one at a time, patiently, and with a receipt."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from typing import Any, Final

from core.answer_assembly import AnswerAssembly
from core.call_arguments import is_openai_shaped
from core.connections import Connection
from core.engine import ask
from core.errors import FailureKind, RunError
from core.exchange import endpoint_of
from core.failures import Endpoint, asks_for_payment, without_guess
from core.fields import ModelProvider, StructuredOutputMode
from core.fingerprint import Fingerprint, fingerprint_of
from core.measurement_preparation import THINKING_TOKENS
from core.nonces import Nonces
from core.parsers import CLOSING
from core.probe_dialect import Dialect
from core.probe_limits import (
    Exhausted,
    Pace,
    Prices,
    Spending,
    Stopped,
    T,
    believable,
    limit_that_would_do,
    until_stopped,
)
from core.probe_pictures import enlarged, in_little_detail
from core.probe_wire import RawAnswer, answer_of, exchange_of, send_probe
from core.redaction import fit_to_keep
from core.refusals import Refusal, features_of, refusal_of
from core.request_building import ChatRequest, build_request, renamed
from core.run_spec import Attachment, RunSpec
from core.verdicts import Limits, OnProgress, Outcome, Progress, Receipt
from core.waiting_words import too_long_a_wait

PROBE_VERSION: Final = 3
"""Goes up when a probe asks or judges differently: older evidence is then told apart."""

_RATE_LIMIT_TRIES: Final = 3
_LOADING_PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
_TRANSPORT: Final = frozenset(
    {
        FailureKind.REFUSED,
        FailureKind.UNKNOWN_HOST,
        FailureKind.TIMEOUT,
        FailureKind.DISCONNECTED,
        FailureKind.TLS,
    }
)
_TRANSPORT_FAILURES_IN_A_ROW: Final = 3
_UNUSABLE_AT_FIRST, _UNUSABLE_AFTER_OTHERS = 3, 6
"""Answers in a row that hold nothing: later it may be a feature, badly done, that empties those that ask for it."""
_LATER: Final = frozenset({409, 423, 425, 500, 502, 504, 529})
"""Where Retry-After is worth a wait; with 429 and 503 a wait is worth it anyway."""


@dataclass(frozen=True, slots=True)
class Question:
    """What one call asks. `max_tokens` is for the answer alone; thinking's are added. `extra` are more parameters."""

    prompt: str
    max_tokens: int = 48
    temperature: float | None = 0.0
    schema: dict[str, Any] | None = None
    mode: StructuredOutputMode = StructuredOutputMode.json_instructions
    system_prompt: str | None = None
    images: tuple[Attachment, ...] = ()
    logprobs: bool = False
    top_p: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    messages: tuple[dict[str, Any], ...] = ()
    """Instead of the prompt's own."""
    may_think: bool = True
    """Without, `max_tokens` is all that the answer gets, thinking included."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that was made: what a client reads of its answer (`assembly`), and what came over the wire (`answer`)."""

    spec: RunSpec
    assembly: AnswerAssembly
    answer: RawAnswer
    endpoint: Endpoint


class Bench:
    """One measurement's way to its endpoint."""

    def __init__(
        self,
        provider: ModelProvider,
        connection: Connection,
        limits: Limits,
        *,
        seed: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.provider = provider
        self.connection = connection
        self.limits = limits
        self.nonces = Nonces(seed)
        self.spending = Spending()
        self.receipts: dict[str, list[Receipt]] = {}
        self.thinking_tokens = self.thought_tokens = 0
        self.is_tight = False
        """Whether the tokens do not suffice for repeats and controls."""
        self.pace = Pace()
        self.response_model: str | None = None
        self.model_id = connection.model.partition("/")[2]
        self.fingerprint = fingerprint_of(connection.api_base, self.model_id)
        self.dialect = Dialect()
        self.plain_answers: list[RawAnswer] = []
        """Whole answers in plain text, to requests that held the model to no shape."""
        self.answered_without: set[tuple[int | None, str]] = set()
        """Refusals without a word about a feature, after which the same without the feature was answered."""
        self.shaped: tuple[Question, int] | None = None
        """The last question with a schema beside the prompt, and what its prompt was counted."""
        self.step, self.steps = 0, 1
        self.ran_out = ""
        self.reserved_calls, self.reserved_tokens = 0, 0
        self._on_progress = on_progress
        self._started_s = time.monotonic()
        self._prices = Prices()
        self._transport_failures = self._unusable = self._enough = 0
        self._any_usable = False

    @property
    def seconds(self) -> float:
        """Wall time since the start."""
        return time.monotonic() - self._started_s

    @property
    def remaining_s(self) -> float:
        """Wall time that is left."""
        return self.limits.seconds - self.seconds

    @property
    def counts_differ(self) -> bool:
        """Whether the endpoint has counted prompts of different lengths differently."""
        return len(self._prices.counts) > 1

    async def ask(self, probe: str, question: Question, words: str) -> RawAnswer:
        """The answer to a question. Rate limits and a model that is still loading are waited for.

        Raises:
            Exhausted: the limits do not allow the call.
            Stopped: no further call makes sense, or the person stopped the measurement.
        """
        pauses = 0
        while True:
            run, request = self._request_for(question)
            images = len(question.images)
            self._check_limits(self._prices.most(request, images) + self._prices.most_of_answer(run.max_tokens or 0))
            await self._tell(probe, words)
            answer = await self._send(run, request, images)
            self._learn(question, request, answer)
            failure = answer.failure
            if failure is None:
                self._stop_if_unusable(probe, answer)
                return answer
            if self.dialect.learn(failure, run):
                self.note(probe, answer, Outcome.INCONCLUSIVE, "It was asked again in a way that the endpoint takes.")
                continue
            pause_s = self._pause_after(failure, pauses)
            if pause_s is None:
                self._stop_if_hopeless(probe, answer, failure)
                return answer
            pauses += 1
            self.note(probe, answer, Outcome.INCONCLUSIVE, failure.title)
            if pause_s >= self.remaining_s:
                raise Stopped(f"{failure.title} {too_long_a_wait(pause_s)}")
            await self.until_stopped(asyncio.sleep(pause_s))

    def note(self, probe: str, answer: RawAnswer, outcome: Outcome, reason: str) -> None:
        """Keeps the receipt of a call."""
        receipts = self.receipts.setdefault(probe, [])
        receipts.append(
            Receipt(
                probe=probe,
                probe_version=PROBE_VERSION,
                trial=len(receipts) + 1,
                request=answer.request,
                response_excerpt=self.clean(answer.excerpt),
                outcome=outcome,
                reason=self.clean(reason),
                prompt_tokens=answer.prompt_tokens,
                completion_tokens=answer.completion_tokens,
                latency_ms=round(answer.latency_ms, 1),
                at=datetime.now(UTC).isoformat(),
                litellm_version=_litellm_version(),
                fingerprint=self.clean(self.fingerprint.to_text()),
            )
        )

    def clean(self, value: Any) -> Any:
        """Plain data as a report may hold it: without the connection's keys, which an endpoint may repeat anywhere."""
        return fit_to_keep(value, self.connection.known_secrets)

    def learn_fingerprint(self, told: Fingerprint) -> None:
        """Takes in what the endpoint told of itself beside its answers, for the receipts until now too."""
        self.fingerprint = replace(told, system_fingerprint=self.fingerprint.system_fingerprint)
        for receipts in self.receipts.values():
            for number, receipt in enumerate(receipts):
                seen = Fingerprint.from_text(receipt.fingerprint).system_fingerprint
                whole = replace(told, system_fingerprint=seen)
                receipts[number] = replace(receipt, fingerprint=self.clean(whole.to_text()))

    def run_spec(self, question: Question, provider: ModelProvider | None = None) -> RunSpec:
        """The run that asks a question."""
        dialect = self.dialect
        allowed = max(dialect.least_tokens, question.max_tokens) + (self.thinking_tokens if question.may_think else 0)
        return RunSpec(
            provider=provider or self._asking_provider(question.mode),
            connection=self.connection,
            prompt=question.prompt,
            schema=question.schema,
            system_prompt=question.system_prompt,
            images=tuple(enlarged(image, dialect.least_picture_side) for image in question.images),
            temperature=dialect.temperature(question.temperature),
            top_p=question.top_p,
            max_tokens=allowed,
            timeout_s=self.deadline_s(allowed),
            logprobs=question.logprobs,
            top_logprobs=dialect.most_alternatives if question.logprobs else None,
        )

    def deadline_s(self, max_tokens: int) -> float:
        """How long a call may take, by what the endpoint has shown of its speed and by what is left."""
        return max(0.05, min(self.pace.deadline_s(max_tokens), self.remaining_s))

    def allow_thinking(self, tokens: int = THINKING_TOKENS) -> None:
        """Gives every answer from now on that many tokens more."""
        self.thinking_tokens = max(self.thinking_tokens, tokens)

    async def run(self, probe: str, question: Question, provider: ModelProvider, words: str) -> Ran:
        """One run of a model with these properties, over the way that runs take; asked once. A failure comes with it.

        Raises:
            Exhausted: the limits do not allow it.
            Stopped: no further call makes sense, or the person stopped the measurement.
        """
        self.reserved_calls, self.reserved_tokens = 0, 0
        run, request = self._request_for(question, provider)
        most = self._prices.most(request, 0)
        self._check_limits(most + self._prices.most_of_answer(run.max_tokens or 0))
        self.spending.calls += 1
        await self._tell(probe, words)
        exchange, started_s = exchange_of(run, to_the_end=True), time.perf_counter()
        failure, assembly = None, exchange.assembly
        try:
            assembly = await self.until_stopped(ask(run, request, exchange, with_usage=self.dialect.counts_when_asked))
        except RunError as error:
            failure = None if exchange.cut else error
        finally:
            seen = exchange.assembly if is_openai_shaped(run) else assembly
            answer = answer_of(exchange, seen, started_s, failure, features_of(request.parameters))
            answer = believable(answer, most, run.max_tokens or 0)
            self.spending.book(answer, self._prices.likely(request, 0), self.limits.tokens)
        if failure is not None:
            self._stop_if_hopeless(probe, answer, failure)
        return Ran(run, assembly, answer, exchange.endpoint)

    async def until_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives.

        Raises:
            Stopped: the person stopped the measurement; the work was cancelled.
        """
        return await until_stopped(self.limits.stop, work)

    def _asking_provider(self, mode: StructuredOutputMode) -> ModelProvider:
        # What is measured replaces what was set; all else goes out as in a run.
        return self.provider.model_copy(
            update={
                "structured_output_mode": mode,
                "parser": None,
                "reasoning_capable": False,
                "multimodal_mime_types": None,
                "multimodal_requires_pdf_as_image": False,
            }
        )

    def _request_for(self, question: Question, provider: ModelProvider | None = None) -> tuple[RunSpec, ChatRequest]:
        run = self.run_spec(question, provider)
        request = build_request(run)
        messages = list(question.messages) or request.messages
        if self.dialect.takes_detail:
            messages = in_little_detail(messages)
        whole = replace(request, messages=messages, parameters=request.parameters | question.extra)
        return run, renamed(whole, "max_tokens", self.dialect.limit_parameter)

    def _check_limits(self, expected_tokens: int) -> None:
        if self.limits.stop is not None and self.limits.stop.is_set():
            raise Stopped("It was stopped.")
        limits, spent = self.limits, self.spending
        if self.remaining_s <= 0:
            raise self._exhausted(f"the {limits.seconds:g} seconds are over")
        if spent.calls + 1 + self.reserved_calls > limits.calls:
            raise self._exhausted(f"the {limits.calls} calls are used")
        if spent.tokens + expected_tokens + self.reserved_tokens > limits.tokens:
            enough = limit_that_would_do(spent.tokens + self.reserved_tokens, expected_tokens)
            how = f"A limit of {enough} would do" + ("" if limits.thorough else ", and measuring thoroughly has more")
            raise self._exhausted(f"another call could exceed the limit of {limits.tokens} tokens. {how}", enough)

    def _exhausted(self, why: str, enough: int = 0) -> Exhausted:
        if not self.ran_out or enough > self._enough:
            self.ran_out, self._enough = why, enough
        return Exhausted(f"Not measured to the end: {why}.")

    async def _tell(self, probe: str, words: str) -> None:
        if self._on_progress is None:
            return
        spent = self.spending
        waiting = self._on_progress(Progress(probe, self.step, self.steps, spent.calls, spent.tokens, words))
        if inspect.isawaitable(waiting):
            await waiting

    async def _send(self, run: RunSpec, request: ChatRequest, images: int) -> RawAnswer:
        self.spending.calls += 1
        likely_tokens = self._prices.likely(request, images)
        try:
            answer = await self.until_stopped(send_probe(run, request, with_usage=self.dialect.counts_when_asked))
        except Stopped:
            self.spending.prompt_tokens += likely_tokens
            raise
        answer = believable(answer, self._prices.most(request, images), run.max_tokens or 0)
        if answer.failure is not None and self.pace.answered:
            answer = replace(answer, failure=without_guess(answer.failure, endpoint_of(run)))
        self.spending.book(answer, likely_tokens, self.limits.tokens)
        self._prices.learn_answer(run.max_tokens or 0, answer.written_tokens)
        return answer

    def _learn(self, question: Question, request: ChatRequest, answer: RawAnswer) -> None:
        if answer.failure is not None:
            return
        self._transport_failures = 0
        self.dialect.notice(answer.request, answer.requests)
        self.pace.learn(answer)
        self.response_model = answer.response_model or self.response_model
        if answer.system_fingerprint:
            self.fingerprint = replace(self.fingerprint, system_fingerprint=answer.system_fingerprint)
        self.dialect.detail_is_known = self.dialect.detail_is_known or bool(question.images)
        thought = answer.reasoning_tokens or answer.reasoning
        if thought:
            self.allow_thinking()
        if thought or CLOSING in answer.content:
            self.thought_tokens = max(self.thought_tokens, answer.written_tokens)
        if answer.prompt_tokens is not None:
            self._prices.learn(request, len(question.images), answer.prompt_tokens)
            if "response_format" in request.parameters:
                self.shaped = question, answer.prompt_tokens
        held = question.schema is not None or "response_format" in question.extra
        if not held and answer.answer and not answer.calls and not answer.truncated and not answer.refused:
            self.plain_answers.append(answer)

    def _pause_after(self, failure: RunError, pauses: int) -> float | None:
        if failure.kind is FailureKind.RATE_LIMITED and pauses < _RATE_LIMIT_TRIES and not asks_for_payment(failure):
            return failure.retry_after_s if failure.retry_after_s is not None else 2.0 * 2**pauses
        waits = failure.status == 503 or (failure.status in _LATER and failure.retry_after_s is not None)
        if waits and pauses < (1 if self.pace.answered else len(_LOADING_PAUSES_S)):
            asked_s = failure.retry_after_s if failure.retry_after_s is not None else 0.0
            return max(asked_s, _LOADING_PAUSES_S[pauses])
        return None

    def _stop_if_unusable(self, probe: str, answer: RawAnswer) -> None:
        nothing = answer.empty and not answer.reasoning and not answer.refused and not answer.truncated
        self._unusable = self._unusable + 1 if nothing else 0
        self._any_usable = self._any_usable or not nothing
        if self._unusable >= (_UNUSABLE_AFTER_OTHERS if self._any_usable else _UNUSABLE_AT_FIRST):
            reason = f"{self._unusable} answers in a row had nothing in them that can be read."
            self.note(probe, answer, Outcome.INCONCLUSIVE, reason)
            raise Stopped(reason)

    def _stop_if_hopeless(self, probe: str, answer: RawAnswer, failure: RunError) -> None:
        self._transport_failures = self._transport_failures + 1 if failure.kind in _TRANSPORT else 0
        refusal = refusal_of(failure, answer.features)
        missing = failure.kind is FailureKind.NOT_FOUND and refusal is not Refusal.FEATURE
        hopeless = failure.kind in (FailureKind.AUTH, FailureKind.RATE_LIMITED) or missing
        if hopeless or refusal is Refusal.PAYMENT or self._transport_failures >= _TRANSPORT_FAILURES_IN_A_ROW:
            self.note(probe, answer, Outcome.INCONCLUSIVE, failure.title)
            raise Stopped(failure.title)


@cache
def _litellm_version() -> str:
    return metadata.version("litellm")
