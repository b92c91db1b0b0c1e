"""One run as the form would have it, over the way that runs take: what shows that the verdicts fit together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from core.answer_assembly import ReadAnswer, read_answer
from core.errors import FailureKind, RunError
from core.failures import empty_answer
from core.fields import ModelProvider, StructuredOutputMode
from core.overrides import default_for
from core.probe_bench import Bench, Question
from core.probe_limits import Exhausted
from core.probe_wire import RawAnswer
from core.probes.structured import ordinary_task
from core.probes.trials import judge_failure
from core.refusals import Refusal, features_of_mode, mentions, refusal_of
from core.verdicts import Outcome

PROBE: Final = "acceptance"
_TOKENS: Final = 96


class Fault(Enum):
    """What was wrong with the run."""

    NONE = auto()
    SHAPE = auto()
    """The answer is not of the schema."""
    REFUSED = auto()
    """The endpoint refused or failed."""
    NO_REASONING = auto()
    """An answer to a schema came without the reasoning that the model is said always to give."""
    UNREAD = auto()
    """The parser could not take the answer apart."""
    OTHER = auto()
    """It tells nothing: lost on the way, cut off, out of the limits."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How the run went."""

    fault: Fault
    reason: str

    @property
    def outcome(self) -> Outcome:
        """Yes, no or inconclusive."""
        if self.fault is Fault.NONE:
            return Outcome.YES
        return Outcome.INCONCLUSIVE if self.fault is Fault.OTHER else Outcome.NO

    def as_fact(self) -> dict[str, str]:
        """Plain data."""
        return {"value": str(self.outcome), "reason": self.reason}


def provider_as_set(provider: ModelProvider, overrides: Mapping[str, Any]) -> ModelProvider:
    """The model as it is after "Use all measured"; None clears what was set."""
    settings = {name: default_for(name) if value is None else value for name, value in overrides.items()}
    return ModelProvider.model_validate({**provider.model_dump(), "multimodal_mime_types": None, **settings})


async def accept(bench: Bench, provider: ModelProvider, mode: StructuredOutputMode | None) -> Acceptance:
    """How a run with these settings goes. What the endpoint refuses or fails at is asked once more.

    Raises:
        Stopped: nothing more can be asked.
    """
    try:
        found, is_final = await _run_once(bench, provider, mode)
        if found.fault is Fault.REFUSED and not is_final:
            found, _ = await _run_once(bench, provider, mode)
    except Exhausted as exhausted:
        return Acceptance(Fault.OTHER, str(exhausted))
    return found


async def _run_once(
    bench: Bench, provider: ModelProvider, mode: StructuredOutputMode | None
) -> tuple[Acceptance, bool]:
    prompt, schema = ordinary_task(bench.nonces)
    question = Question(prompt, _TOKENS, schema=schema if mode is not None else None)
    ran = await bench.run(PROBE, question, provider, "A run as it would be set")
    found, is_final = Acceptance(Fault.NONE, "A run with these settings gave what it should."), True
    if ran.answer.failure is not None:
        found, is_final = _failed(ran.answer, ran.answer.failure, mode)
    elif ran.answer.cut:
        found = Acceptance(Fault.OTHER, "The answer did not end at its limit of tokens.")
    else:
        try:
            if not ran.assembly.content.strip() and not ran.assembly.reasoning.strip() and not ran.assembly.calls:
                raise empty_answer(ran.endpoint, ran.assembly.finish_reason)
            found = _judged(read_answer(ran.spec, ran.assembly), ran.answer)
        except RunError as error:
            found = Acceptance(_UNREADABLE.get(error.kind, Fault.OTHER), error.title)
            if mode is None and found.fault is Fault.NO_REASONING:
                found = Acceptance(Fault.UNREAD, error.title)
    found = Acceptance(found.fault, bench.clean(found.reason))
    bench.note(PROBE, ran.answer, found.outcome, found.reason)
    return found, is_final


_UNREADABLE: Final = {FailureKind.PARSER: Fault.UNREAD, FailureKind.REASONING_MISSING: Fault.NO_REASONING}


def _judged(read: ReadAnswer, answer: RawAnswer) -> Acceptance:
    if read.validation_error is None:
        return Acceptance(Fault.NONE, "A run with these settings gave what it should.")
    return Acceptance(Fault.OTHER if answer.truncated else Fault.SHAPE, read.validation_error)


def _failed(answer: RawAnswer, failure: RunError, mode: StructuredOutputMode | None) -> tuple[Acceptance, bool]:
    """What a failed run means, and whether asking again could tell more."""
    features = features_of_mode(mode) if mode is not None else frozenset()
    refusal = refusal_of(failure, features)
    judgement = judge_failure(answer)
    reason = judgement.reason if judgement is not None else failure.title
    if refusal in (Refusal.FEATURE, Refusal.BARE):
        return Acceptance(Fault.REFUSED, reason), refusal is Refusal.FEATURE
    if (failure.kind is FailureKind.SERVER_ERROR and failure.status != 503) or mentions(failure, features):
        return Acceptance(Fault.REFUSED, reason), False
    return Acceptance(Fault.OTHER, reason), True
