"""Measured on servers that misbehave: no wrong yes, and what can be told is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from core.engine import load_litellm
from core.measuring import Limits, Report
from core.verdicts import Outcome
from tests.measured import FIELDS, NO, OPEN, YES, Expected, differences, measure_registered
from tests.run_specs import KEY
from tests.servers.misbehaving import MisbehavingServer
from tests.servers.misbehaviours import Misbehaviour

pytestmark = pytest.mark.timeout(180)  # the first test waits for the measurements of all

M = Misbehaviour

SECONDS = 25.0
"""For the servers of which one waits in vain, instead of the usual three minutes."""

WAITED_FOR_IN_VAIN = frozenset({M.NEVER_ANSWERS, M.STALLS_MID_STREAM, M.NEVER_ENDS, M.OVERLOADED, M.SLOW_FIRST_TOKEN})

REFUSED: Expected = dict.fromkeys(FIELDS, (OPEN,))
"""Of an endpoint that never answered: nothing is known, and nothing is a no."""

PROSE: Expected = {
    "supports_structured_output": (NO,),
    "structured_output_mode": (NO,),
    # Its prompts are counted 7 tokens each, which tells nothing of the tools.
    "supports_function_calling": (OPEN,),
    "supports_logprobs": (NO,),
    # An answer that has nothing to do with the picture may be of a model that answers so to everything.
    "supports_vision": (OPEN,),
    "reasoning_capable": (NO,),
    "parser": (NO,),
}
ANSWERS_NOTHING: Expected = {
    **REFUSED,
    "supports_function_calling": (OPEN,),
    "supports_vision": (OPEN, NO),
}
CALLS_WRONGLY: Expected = {**PROSE, "supports_logprobs": (OPEN,)}

CAPABLE: Expected = {
    "supports_structured_output": (YES,),
    "structured_output_mode": (YES,),
    "supports_function_calling": (YES,),
    "supports_logprobs": (YES,),
    "supports_vision": (YES,),
    "reasoning_capable": (NO,),
    "parser": (NO,),
}


def capable_but(**fields: tuple[Outcome, ...]) -> Expected:
    """All that a good server can do, but for these fields."""
    return {**CAPABLE, **fields}


NO_LOGPROBS = capable_but(supports_logprobs=(NO,))
NO_VISION = capable_but(supports_vision=(NO,))
CALLS_NOW_AND_THEN = capable_but(supports_function_calling=(YES, OPEN))
NOT_IN_TIME: Expected = {}
"""What is measured before the time is over is right; whatever is open may be open."""

TABLE: dict[Misbehaviour, Expected] = {
    M.ECHOES_KEY: REFUSED,
    M.NOT_ALLOWED: REFUSED,
    M.MODEL_NOT_FOUND: REFUSED,
    M.WRONG_PATH: REFUSED,
    M.RATE_LIMITED: REFUSED,
    M.SERVER_ERROR: REFUSED,
    M.OVERLOADED: REFUSED,
    M.CONTEXT_TOO_LONG: REFUSED,
    M.ERROR_IN_200: REFUSED,
    M.ERROR_IN_STREAM: REFUSED,
    M.HTML: REFUSED,
    M.DROPS_CONNECTION: REFUSED,
    M.DROPS_MID_STREAM: REFUSED,
    M.NEVER_ANSWERS: REFUSED,
    M.STALLS_MID_STREAM: REFUSED,
    M.REDIRECTS: REFUSED,
    M.REFUSES_PARAMETER: {**PROSE, "supports_function_calling": (NO,)},
    M.WRONG_CONTENT_TYPE: PROSE,
    M.IGNORES_RESPONSE_FORMAT: PROSE,
    M.PROSE_AROUND_JSON: PROSE,
    M.ALWAYS_JSON: PROSE,
    M.OTHER_MODEL: PROSE,
    M.ODD_FRAMING: PROSE,
    M.SLOW_FIRST_TOKEN: NOT_IN_TIME,
    M.NEVER_ENDS: NOT_IN_TIME,
    M.GIGANTIC_LINE: NOT_IN_TIME,
    M.EMPTY_CHOICES: ANSWERS_NOTHING,
    M.EMPTY_CONTENT: ANSWERS_NOTHING,
    M.REASONING_ONLY: ANSWERS_NOTHING,
    M.TRUNCATED: {**ANSWERS_NOTHING, "supports_logprobs": (NO,)},
    M.DOUBLED_TOOL_CALLS: CALLS_WRONGLY,
    M.BROKEN_TOOL_ARGUMENTS: CALLS_WRONGLY,
    M.WRONG_TOOL: CALLS_WRONGLY,
    M.IGNORES_TOOLS: capable_but(supports_function_calling=(NO,)),
    M.NULL_LOGPROBS: NO_LOGPROBS,
    M.LEGACY_LOGPROBS: NO_LOGPROBS,
    M.CERTAIN_LOGPROBS: NO_LOGPROBS,
    M.IGNORES_IMAGES: NO_VISION,
    M.DROPS_IMAGES: NO_VISION,
    M.INVENTS_TOOL_CALLS: capable_but(supports_function_calling=(OPEN,)),
    M.DOUBLES_GOOD_CALLS: CAPABLE,
    M.RATE_LIMITED_AT_FIRST: CAPABLE,
    M.LOADS_FIRST: CAPABLE,
    M.SLOW_TO_LOAD: CAPABLE,
    # Only what needs no feature can be shown: the model follows instructions.
    M.FAILS_ON_FEATURES: capable_but(
        supports_function_calling=(OPEN,), supports_logprobs=(OPEN,), supports_vision=(OPEN,)
    ),
    M.IGNORES_TOKEN_LIMIT: capable_but(reasoning_capable=(OPEN,), parser=(OPEN,)),
    M.SOMETIMES_THINKS: capable_but(parser=(YES,)),
    M.COUNTS_HIDDEN_REASONING: CAPABLE,
    M.OTHER_THINKING_TAGS: CAPABLE,
    M.COUNTS_NOTHING: CALLS_NOW_AND_THEN,
    M.COUNTS_ALIKE: CALLS_NOW_AND_THEN,
    M.COUNTS_MESSAGES: CALLS_NOW_AND_THEN,
    M.COUNTS_MESSAGES_WITHOUT_CALLS: capable_but(supports_function_calling=(OPEN,)),
}

Reports = Mapping[Misbehaviour, Report]


@pytest.fixture(scope="session")
def misbehaving_reports() -> Reports:
    """All measurements, at once: most of their time is waiting."""
    return asyncio.run(_measure_all())


async def _measure_all() -> Reports:
    load_litellm()
    reports = await asyncio.gather(*map(_measure, Misbehaviour))
    return dict(zip(Misbehaviour, reports, strict=True))


async def _measure(kind: Misbehaviour) -> Report:
    limits = Limits(seconds=SECONDS) if kind in WAITED_FOR_IN_VAIN else None
    with MisbehavingServer(kind) as server:
        return await measure_registered(server.base_url, limits=limits)


@pytest.mark.parametrize("kind", list(Misbehaviour), ids=str)
def test_a_misbehaving_server_gets_the_verdicts_that_it_deserves(
    misbehaving_reports: Reports, kind: Misbehaviour
) -> None:
    assert differences(misbehaving_reports[kind], TABLE[kind], {}) == []


def test_no_misbehaviour_exceeds_the_limits_or_tells_the_key(misbehaving_reports: Reports) -> None:
    for kind, report in misbehaving_reports.items():
        assert report.calls <= 20, kind
        assert report.tokens <= 6000, kind
        assert KEY not in repr(report.to_wire()), kind


def test_an_endpoint_that_refuses_the_key_is_asked_once_and_leaves_everything_open(
    misbehaving_reports: Reports,
) -> None:
    for kind in (M.ECHOES_KEY, M.NOT_ALLOWED, M.MODEL_NOT_FOUND):
        report = misbehaving_reports[kind]
        assert report.calls == 1
        assert report.partial
        assert report.stopped_by
        assert report.overrides == {}


def test_a_rate_limit_that_passes_is_waited_for(misbehaving_reports: Reports) -> None:
    report = misbehaving_reports[M.RATE_LIMITED_AT_FIRST]
    assert report.seconds >= 2
    assert not report.partial


def test_a_model_that_takes_30_seconds_to_load_is_waited_for(misbehaving_reports: Reports) -> None:
    report = misbehaving_reports[M.SLOW_TO_LOAD]
    assert report.seconds >= 30
    assert not report.partial


def test_a_server_that_answers_as_another_model_is_told(misbehaving_reports: Reports) -> None:
    assert misbehaving_reports[M.OTHER_MODEL].facts["answers_as_another_model"] is True


def test_reasoning_that_comes_now_and_then_gets_the_lenient_parser(misbehaving_reports: Reports) -> None:
    report = misbehaving_reports[M.SOMETIMES_THINKS]
    assert report.overrides["parser"] == "optional_r1_thinking"
    assert report.overrides["reasoning_capable"] is False


def test_what_is_not_measured_in_time_is_open_and_what_is_known_is_kept(misbehaving_reports: Reports) -> None:
    report = misbehaving_reports[M.SLOW_FIRST_TOKEN]
    assert report.partial
    assert "seconds are over" in report.stopped_by
    assert report.verdicts["reasoning_capable"].value is NO
