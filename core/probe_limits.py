"""What a measurement may still spend, and how long and how much a call is likely to take."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from core.errors import FailureKind
from core.probe_wire import RawAnswer
from core.request_building import ChatRequest

FIRST_CALL_S: Final = 150.0
"""A local server may load the model first; between 120 and 180 s, where people give up too."""

SHORTEST_DEADLINE_S: Final = 20.0
LONGEST_DEADLINE_S: Final = 180.0
_DEADLINE_FACTOR: Final = 4.0
"""The same server gave 80 and 0.6 tokens a second within an hour; a busy one is not a broken one."""

_CHARACTERS_A_TOKEN: Final = 3.0
"""Fewer than in any language model's English, so that the estimate is above the truth."""

_UNKNOWN_OVERHEAD_TOKENS: Final = 60
_TOOLS_OVERHEAD_TOKENS: Final = 250
"""What a template may add around tools (up to 200 were seen), until it is known."""

_IMAGE_TOKENS: Final = 1100
"""The most that a small image was seen to cost, until it is known."""

_USUAL_IMAGE_TOKENS: Final = 256

_DISBELIEF_FACTOR: Final = 10
_DISBELIEF_TOKENS: Final = 4000
"""More than a server was seen to put before a prompt, or to think beyond its limit."""

_SLIGHTLY_LONGER_TOKENS: Final = 100
"""Beyond its limit: what a stream has on the way when it is broken off."""

T = TypeVar("T")


class Exhausted(Exception):
    """What is left of the limits does not suffice for the call. A smaller one may still fit."""


class Stopped(Exception):
    """Nothing more can or may be asked; the text says why."""


@dataclass(slots=True)
class Spending:
    """What the measurement has cost."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        """In and out together."""
        return self.prompt_tokens + self.completion_tokens

    def book(self, answer: RawAnswer, likely_prompt_tokens: int, most_tokens: int) -> None:
        """Adds what a call took; where the endpoint did not count, what is likely and is left of `most_tokens`.

        Who sends a hundred pages although it was told to send a line has used up the rest, whatever they were.
        """
        self.calls += answer.requests - 1
        waited = answer.failure is not None and answer.failure.kind is FailureKind.TIMEOUT
        guessed = likely_prompt_tokens if answer.failure is None or answer.pieces or waited else 0
        self.prompt_tokens += guessed if answer.prompt_tokens is None else answer.prompt_tokens
        counted = bool(answer.completion_tokens)
        left = max(0, most_tokens - self.tokens)
        self.completion_tokens += answer.written_tokens if counted else min(answer.written_tokens, left)


@dataclass(slots=True)
class Pace:
    """How fast the endpoint has shown itself: its slowest, since it may be busy again."""

    tokens_per_second: float | None = None
    first_token_s: float = 0.0
    answered: bool = False

    def learn(self, answer: RawAnswer) -> None:
        """Takes an answer's times in."""
        self.answered = True
        first_s = (answer.first_token_ms or answer.latency_ms) / 1000
        count = answer.completion_tokens or answer.pieces
        # A whole answer in one piece tells only how long all of it took.
        writing_s = answer.latency_ms / 1000 - (first_s if answer.pieces > 1 else 0.0)
        self.first_token_s = max(self.first_token_s, first_s)
        if count >= 4 and writing_s > 0:
            speed = count / writing_s
            self.tokens_per_second = speed if self.tokens_per_second is None else min(self.tokens_per_second, speed)

    def deadline_s(self, max_tokens: int) -> float:
        """How long a call with so many tokens may take."""
        if not self.answered or self.tokens_per_second is None:
            return FIRST_CALL_S
        expected_s = self.first_token_s + max_tokens / max(self.tokens_per_second, 0.1)
        return min(LONGEST_DEADLINE_S, max(SHORTEST_DEADLINE_S, _DEADLINE_FACTOR * expected_s))


@dataclass(slots=True)
class Prices:
    """What prompts take in tokens: first at most, then as the endpoint counts them."""

    overhead_tokens: int = _UNKNOWN_OVERHEAD_TOKENS
    tools_tokens: int = _TOOLS_OVERHEAD_TOKENS
    image_tokens: int = _IMAGE_TOKENS
    answer_tokens: int = 0
    """The longest answer that went far beyond what it was allowed: the next one may as well."""
    counts: set[int] = field(default_factory=set)

    def most(self, request: ChatRequest, images: int) -> int:
        """What the prompt takes at most."""
        tokens = text_tokens(request) + self.overhead_tokens + self.image_tokens * images
        return tokens + (self.tools_tokens if "tools" in request.parameters else 0)

    def most_of_answer(self, allowed_tokens: int) -> int:
        """What an answer takes at most."""
        return max(allowed_tokens, self.answer_tokens)

    def learn_answer(self, allowed_tokens: int, written_tokens: int) -> None:
        """Takes in how long an answer was."""
        if written_tokens > allowed_tokens + _SLIGHTLY_LONGER_TOKENS:
            self.answer_tokens = max(self.answer_tokens, written_tokens)

    @staticmethod
    def likely(request: ChatRequest, images: int) -> int:
        """What is booked where the endpoint does not count."""
        return text_tokens(request) + _USUAL_IMAGE_TOKENS * images

    def learn(self, request: ChatRequest, images: int, counted: int) -> None:
        """Takes in what the endpoint counted."""
        self.counts.add(counted)
        more = counted - self.most(request, images)
        if images:
            self.image_tokens = max(64, self.image_tokens + more // images + 16)
        elif "tools" in request.parameters:
            self.tools_tokens += max(0, more)
        else:
            self.overhead_tokens += max(0, more)


def believable(answer: RawAnswer, most_prompt_tokens: int, allowed_tokens: int) -> RawAnswer:
    """The answer without counts that cannot be: some servers fill in whatever comes to hand."""
    prompt, written = answer.prompt_tokens, answer.completion_tokens
    if prompt is not None and prompt > _DISBELIEF_FACTOR * most_prompt_tokens + _DISBELIEF_TOKENS:
        prompt = None
    if written is not None and written > max(_DISBELIEF_FACTOR * allowed_tokens + _DISBELIEF_TOKENS, answer.characters):
        written = None
    return replace(answer, prompt_tokens=prompt, completion_tokens=written)


def limit_that_would_do(spent_tokens: int, call_tokens: int) -> int:
    """A limit in whole thousands that lets one more such call be made, and another one after it."""
    return -(-(spent_tokens + 2 * call_tokens) // 1000) * 1000


async def until_stopped(stop: asyncio.Event | None, work: Coroutine[Any, Any, T]) -> T:
    """What the work gives, unless the event is set first.

    Raises:
        Stopped: it was set; the work was cancelled.
    """
    if stop is None:
        return await work
    task, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise Stopped("It was stopped.")
    finally:
        for waiting in (task, stopping):
            waiting.cancel()
        await asyncio.gather(task, stopping, return_exceptions=True)


def text_tokens(request: ChatRequest) -> int:
    """The tokens of a request's texts, rather too many than too few."""
    asked = request.parameters
    texts = _without_images([request.messages, asked.get("tools"), asked.get("response_format")])
    return round(len(json.dumps(texts)) / _CHARACTERS_A_TOKEN)


def _without_images(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_images(item) for key, item in value.items() if key not in ("url", "data", "file_data")}
    if isinstance(value, list):
        return [_without_images(item) for item in value]
    return value
