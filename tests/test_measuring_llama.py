"""Measured on real llama.cpp servers: every verdict is what the server's configuration makes true, for any seed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from core.engine import load_litellm
from core.fingerprint import Fingerprint
from core.measuring import Report
from core.verdicts import Outcome
from tests.measured import NO, OPEN, YES, Expected, differences, measure_at
from tests.servers.llama import LlamaServer
from tests.servers.llama_kinds import LLAMA_API_KEY, LlamaKind, options_of

pytestmark = pytest.mark.timeout(600)  # the first test waits for the measurements of all

SEEDS = (1, 2, 3, 4, 5)
AT_ONCE = 2
TRIES = 3
OWN_FAULT = "Unexpected empty grammar stack"
"""llama.cpp ends an answer with an error of its own now and then, whatever it is asked."""

Truth = tuple[Expected, Mapping[str, Any]]

# Every kind: llama.cpp gives log probabilities, and refuses pictures without a projector.
COMMON: Expected = {"supports_logprobs": (YES,), "supports_vision": (NO,)}
ENFORCED: Expected = {"supports_structured_output": (YES,), "structured_output_mode": (YES,)}
NO_THINKING: Expected = {
    "reasoning_capable": (NO,),
    "parser": (NO,),
    "reasoning_optional_for_structured_output": (NO,),
}
THINKS: Expected = {"reasoning_capable": (YES,), "parser": (YES,), "reasoning_optional_for_structured_output": (YES,)}
TOOLS_DROPPED: Expected = {"supports_function_calling": (NO,)}

SCHEMA = {"supports_structured_output": True, "structured_output_mode": "json_schema"}
SWITCHES = {"supports_logprobs": True, "supports_vision": False}
IN_CONTENT = {"reasoning_capable": True, "parser": "r1_thinking", "reasoning_optional_for_structured_output": True}

PLAIN: Truth = ({**COMMON, **ENFORCED, **NO_THINKING, **TOOLS_DROPPED}, {**SCHEMA, **SWITCHES})
THINKING: Truth = ({**COMMON, **ENFORCED, **THINKS, **TOOLS_DROPPED}, {**SCHEMA, **SWITCHES, **IN_CONTENT})

TRUTH: dict[LlamaKind, Truth] = {
    LlamaKind.PLAIN: PLAIN,
    LlamaKind.OWN_TEMPLATE: PLAIN,
    LlamaKind.NEEDS_KEY: PLAIN,
    # The server takes tools and does not make the model call one; this model is too weak to do so by itself.
    LlamaKind.TOOLS: ({**PLAIN[0], "supports_function_calling": (YES, OPEN)}, PLAIN[1]),
    LlamaKind.TOOLS_CALLED: ({**PLAIN[0], "supports_function_calling": (YES,)}, PLAIN[1]),
    LlamaKind.THINKING_OPENED: THINKING,
    LlamaKind.THINKING_IN_CONTENT: THINKING,
    LlamaKind.THINKING_THEN_JSON_OPENED: THINKING,
    LlamaKind.THINKING_THEN_JSON_IN_CONTENT: THINKING,
    LlamaKind.REASONING_SEPARATED: (
        {
            **THINKING[0],
            "parser": (NO,),
            "reasoning_optional_for_structured_output": (NO,),
        },
        {**SCHEMA, **SWITCHES, "reasoning_capable": True, "reasoning_optional_for_structured_output": False},
    ),
    # Its schema is refused by configuration. Whether so weak a model thinks each time is its own doing: no grammar
    # holds it, and now and then it closes the tag at once, twice or never. So nothing is expected of its reasoning.
    LlamaKind.THINKING_BREAKS_SCHEMA: (
        {
            **COMMON,
            **TOOLS_DROPPED,
            "supports_structured_output": (NO, OPEN),
            "structured_output_mode": (NO, OPEN),
            "reasoning_capable": (YES, NO, OPEN),
            "parser": (YES, NO, OPEN),
            "reasoning_optional_for_structured_output": (NO, OPEN),
        },
        {"structured_output_mode": "json_instructions"},
    ),
}

ONCE = frozenset(
    {
        LlamaKind.OWN_TEMPLATE,
        LlamaKind.NEEDS_KEY,
        LlamaKind.THINKING_THEN_JSON_OPENED,
        LlamaKind.THINKING_THEN_JSON_IN_CONTENT,
    }
)
"""Kinds that differ from another one only in what no probe looks at: one seed, since five take too long.

All 55 were measured so in November 2026, and every verdict was right.
"""

CASES = [(kind, seed) for kind in LlamaKind for seed in (SEEDS[:1] if kind in ONCE else SEEDS)]


def failed_by_itself(report: Report) -> bool:
    """Whether the server failed meanwhile by a fault of its own, which says nothing of its configuration.

    What it failed at is not known then, and never a no.
    """
    faults = [verdict for verdict in report.verdicts.values() if OWN_FAULT in verdict.reason]
    assert all(verdict.value is Outcome.INCONCLUSIVE for verdict in faults)
    return bool(faults)


Reports = Mapping[tuple[LlamaKind, int], Report]


@pytest.fixture(scope="session")
def llama_reports() -> Reports:
    """All measurements: two servers at a time, since each computes on one core."""
    return asyncio.run(_measure_all())


async def _measure_all() -> Reports:
    load_litellm()
    places, reports = asyncio.Semaphore(AT_ONCE), dict[tuple[LlamaKind, int], Report]()

    async def measure_kind(kind: LlamaKind) -> None:
        async with places:
            server = await asyncio.to_thread(LlamaServer(options_of(kind)).start)
            try:
                for seed in (seed for one, seed in CASES if one is kind):
                    for _ in range(TRIES):
                        reports[kind, seed] = await measure_at(
                            server.base_url, model=server.model, key=LLAMA_API_KEY, seed=seed
                        )
                        if not failed_by_itself(reports[kind, seed]):
                            break
            finally:
                await asyncio.to_thread(server.stop)

    # The slowest first, so that it does not end alone.
    await asyncio.gather(*map(measure_kind, sorted(TRUTH, key=lambda kind: kind is not LlamaKind.TOOLS_CALLED)))
    return reports


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_every_verdict_is_what_the_servers_configuration_makes_true(
    llama_reports: Reports, kind: LlamaKind, seed: int
) -> None:
    expected, settings = TRUTH[kind]
    report = llama_reports[kind, seed]
    assert differences(report, expected, settings) == []
    # Where all is refused the calls may just not do for the last thing that is looked at, which is no field.
    assert not report.partial or kind is LlamaKind.THINKING_BREAKS_SCHEMA, report.stopped_by


def test_a_measurement_of_a_local_model_stays_within_its_limits(llama_reports: Reports) -> None:
    for report in llama_reports.values():
        assert report.calls <= 20
        assert report.tokens <= 6000


def test_the_best_mode_is_shown_by_a_run_of_its_own(llama_reports: Reports) -> None:
    for (kind, seed), report in llama_reports.items():
        assert report.facts["acceptance"]["value"] == "yes", (kind, seed, report.facts["acceptance"])


def test_forced_calls_are_told_from_tools_that_the_model_calls_by_itself(llama_reports: Reports) -> None:
    for seed in SEEDS:
        assert llama_reports[LlamaKind.TOOLS_CALLED, seed].modes["function_calling"].enforced
        assert not llama_reports[LlamaKind.TOOLS, seed].modes["function_calling"].enforced


def test_dropped_tools_are_explained_by_the_prompts_tokens(llama_reports: Reports) -> None:
    reason = llama_reports[LlamaKind.PLAIN, 1].verdicts["supports_function_calling"].reason
    assert reason.startswith("The tools were dropped: the prompt had ")


def test_a_refused_picture_is_a_no_with_the_servers_own_words(llama_reports: Reports) -> None:
    verdict = llama_reports[LlamaKind.PLAIN, 1].verdicts["supports_vision"]
    assert "image input is not supported" in verdict.reason
    assert verdict.receipts[0].outcome is NO


def test_every_verdict_has_receipts_without_the_key(llama_reports: Reports) -> None:
    report = llama_reports[LlamaKind.NEEDS_KEY, 1]
    for name, verdict in report.verdicts.items():
        assert verdict.receipts, name
    assert LLAMA_API_KEY not in repr(report.to_wire())


def test_speed_streaming_and_the_models_name_are_told(llama_reports: Reports) -> None:
    facts = llama_reports[LlamaKind.PLAIN, 1].facts
    assert facts["streaming"] is True
    assert facts["tokens_per_second"] > 1
    assert facts["first_token_ms"] > 0
    assert facts["answers_as_another_model"] is False


def test_a_measurement_tells_the_declared_limits_and_what_the_server_is(llama_reports: Reports) -> None:
    plain, tools = llama_reports[LlamaKind.PLAIN, 1], llama_reports[LlamaKind.TOOLS, 1]
    assert plain.facts["declared_limits"]["context_tokens"] == 2048
    before, after = (Fingerprint.from_text(report.fingerprint) for report in (plain, tools))
    assert "chat_template" in before.differences(after)
    assert {receipt.fingerprint for receipt in plain.receipts} == {plain.fingerprint}
