"""One measurement under way: which probes, in which order, and what is left when it must end early."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from core.acceptance import Acceptance, Fault, accept, provider_as_set
from core.connections import Connection
from core.endpoint_facts import endpoint_facts
from core.fields import ModelProvider, StructuredOutputMode
from core.measured_settings import (
    BY_STRENGTH,
    ENFORCED,
    Findings,
    findings_of_files,
    overrides_of,
    receipts_of_no_field,
    verdicts_of,
)
from core.probe_bench import Bench
from core.probe_limits import Exhausted, Stopped
from core.probes.facts import probe_system_role, probe_temperature_and_top_p
from core.probes.logprobs import probe_logprobs
from core.probes.reasoning import Thinking, probe_reasoning, reach, reconsidered
from core.probes.structured import (
    probe_forced_call,
    probe_instructions,
    probe_json_object,
    probe_json_schema,
)
from core.probes.tools import probe_parallel_tools, probe_tools
from core.probes.trials import Finding
from core.probes.vision import probe_mime_types, probe_vision
from core.verdicts import Limits, ModeResult, OnProgress, Outcome, Report

_Mode = StructuredOutputMode

_ACCEPTANCE_TOKENS: Final = 400
"""Kept back for the last run."""

_USUAL_CALLS: Final = 14
"""That answer in full, after those about reasoning."""
_BESIDE_THINKING_TOKENS: Final = 120
"""Of a call's prompt and answer."""
_LEFT_OUT: Final = "It was left out: the model thinks long, and the tokens were kept for the settings."

_FACTS_S: Final = 2.0
"""For what the endpoint tells beside its answers: welcome, not needed."""

_USUAL_RATE: Final = 2 / 3
"""Below it a mode that is only followed is of no use."""

Step = tuple[str, Callable[[], Awaitable[None]]]


class Measurement:
    """Asks what `Report` then tells."""

    def __init__(
        self,
        provider: ModelProvider,
        connection: Connection,
        limits: Limits,
        seed: int | None,
        on_progress: OnProgress | None,
    ) -> None:
        self._bench = Bench(provider, connection, limits, seed=seed, on_progress=on_progress)
        self._thorough = limits.thorough
        self._found = Findings()
        self._facts: dict[str, Any] = {}
        self._modes: dict[str, ModeResult] = {}
        self._stopped_by = ""
        self._reasoning_answers = 0

    async def run(self) -> Report:
        """Goes through the probes; ends early without losing what is known."""
        await self._go_through_the_probes()
        if not self._stopped_by:
            await self._learn_about_the_endpoint()
        return self._report()

    async def _go_through_the_probes(self) -> None:
        steps: tuple[Step, ...] = (
            ("reasoning", self._reasoning),
            ("json_schema", self._json_schema),
            ("function_calling", self._tools),
            ("forced_calls", self._forced_calls),
            ("instructions", self._instructions),
            ("logprobs", self._logprobs),
            ("vision", self._vision),
            ("system_role", self._system_role),
            *(self._thorough_steps() if self._thorough else ()),
            ("acceptance", self._acceptance),
        )
        bench = self._bench
        bench.steps = len(steps)
        for number, (_, step) in enumerate(steps, start=1):
            bench.step = number
            try:
                await step()
            except Exhausted:
                continue
            except Stopped as stopped:
                self._stopped_by = str(stopped)
                break
            finally:
                self._reconsider_reasoning()

    async def _learn_about_the_endpoint(self) -> None:
        """What the endpoint tells beside its answers: the rest of the fingerprint, and limits.

        Last, since one request is in flight at a time and the limit of time belongs to the probes first.
        """
        bench = self._bench
        if bench.remaining_s <= 0:
            return
        try:
            async with asyncio.timeout(min(_FACTS_S, bench.remaining_s)):
                offered, fingerprint = await bench.until_stopped(endpoint_facts(bench.provider, bench.connection))
        except (TimeoutError, Stopped):
            return
        bench.learn_fingerprint(fingerprint)
        if offered is None:
            return
        if offered.limits:
            self._facts["declared_limits"] = dict(offered.limits)
        tools = self._found.tools
        if tools is not None and tools.doubted and offered.declared.get("supports_function_calling") is False:
            reason = f"{tools.doubted} The endpoint says as well that it takes none."
            self._found.tools = replace(tools, outcome=Outcome.NO, reason=reason)

    async def _reasoning(self) -> None:
        bench = self._bench
        try:
            first = await reach(bench)
        except Exhausted as exhausted:
            raise Stopped(str(exhausted)) from None
        self._keep_back(calls=1)
        thinking = await probe_reasoning(bench, first)
        self._found.capable, self._found.parser = thinking.capable, thinking.parser
        self._reasoning_answers = len(bench.plain_answers)
        self._facts["streaming"] = first.streamed
        whole = bench.spending.tokens + _USUAL_CALLS * self._share
        bench.is_tight = bench.thought_tokens > 0 and whole > bench.limits.tokens

    def _reconsider_reasoning(self) -> None:
        """Each answer in plain text tells whether reasoning comes always, whatever it was asked for."""
        found, later = self._found, self._bench.plain_answers[self._reasoning_answers :]
        if found.capable is not None and found.parser is not None:
            thinking = reconsidered(Thinking(found.capable, found.parser), later)
            found.capable, found.parser = thinking.capable, thinking.parser

    @property
    def _share(self) -> int:
        """What one answer takes, as long as the model was seen to think."""
        return self._bench.thought_tokens + _BESIDE_THINKING_TOKENS

    def _keep_back(self, *, calls: int, answers: int = 1) -> None:
        """Leaves calls for later probes, and tokens for the last run; where they are tight, for so many answers."""
        # Only where there is enough to share: with two calls in all the first probes matter more.
        bench = self._bench
        bench.reserved_calls = calls if bench.limits.calls >= 8 else 0
        wanted = _ACCEPTANCE_TOKENS + bench.thinking_tokens
        bench.reserved_tokens = wanted if bench.limits.tokens >= 4 * wanted else 0
        if bench.is_tight:
            bench.reserved_tokens = answers * self._share

    async def _json_schema(self) -> None:
        # One call each for logprobs, vision and the last run.
        self._keep_back(calls=3, answers=3)
        found = await probe_json_schema(self._bench)
        self._add_mode(_Mode.json_schema, found)
        ignored = found.outcome is Outcome.NO and found.last is not None and found.last[1].failure is None
        if ignored or self._thorough:
            strict = await probe_json_schema(self._bench, strict=True)
            self._facts["json_schema_strict"] = _fact(strict)
            if ignored and strict.outcome is Outcome.YES:
                self._found.modes[_Mode.json_schema] = replace(
                    found, reason="The schema is enforced only with strict, which runs do not send."
                )

    async def _tools(self) -> None:
        self._keep_back(calls=3, answers=2)
        self._found.tools = await probe_tools(self._bench)

    async def _forced_calls(self) -> None:
        if self._bench.is_tight and self._found.anything_enforced:
            return
        for mode in (_Mode.function_calling, _Mode.function_calling_weak):
            found = await probe_forced_call(self._bench, mode)
            self._add_mode(mode, found)
            if found.outcome is Outcome.YES:
                self._doubt_dropped_tools()
                if not self._thorough:
                    break

    def _doubt_dropped_tools(self) -> None:
        """Takes a no back that a forced call contradicts: so the tools do reach the model, or may."""
        tools = self._found.tools
        was_refused = tools is not None and tools.last is not None and tools.last[1].failure is not None
        if tools is not None and tools.outcome is Outcome.NO and not was_refused:
            reason = "The model calls a tool when it is forced to, and called none by itself."
            self._found.tools = replace(tools, outcome=Outcome.INCONCLUSIVE, reason=reason)

    async def _instructions(self) -> None:
        if self._found.anything_enforced and not self._thorough:
            return
        bench, found = self._bench, self._found
        found.json_object = await probe_json_object(bench)
        self._facts["json_object"] = _fact(found.json_object)
        if found.json_object.outcome is not Outcome.NO:
            self._add_mode(_Mode.json_instruction_and_object, await probe_instructions(bench, with_object=True))
        if found.choose_mode().mode is None or self._thorough:
            self._add_mode(_Mode.json_instructions, await probe_instructions(bench, with_object=False))

    async def _logprobs(self) -> None:
        self._keep_back(calls=2, answers=2)
        self._found.logprobs = await probe_logprobs(self._bench)

    async def _vision(self) -> None:
        self._keep_back(calls=1)
        self._found.vision = await probe_vision(self._bench)

    async def _system_role(self) -> None:
        if self._bench.is_tight:
            self._facts["system_role"] = _fact(Finding(Outcome.INCONCLUSIVE, _LEFT_OUT))
            return
        self._facts["system_role"] = _fact(await probe_system_role(self._bench))

    def _thorough_steps(self) -> tuple[Step, ...]:
        return (
            ("parallel_tools", self._parallel_tools),
            ("temperature_and_top_p", self._temperature_and_top_p),
            ("mime_types", self._mime_types),
        )

    async def _parallel_tools(self) -> None:
        tools = self._found.tools
        if tools is not None and tools.outcome is Outcome.YES:
            self._facts["parallel_tools"] = _fact(await probe_parallel_tools(self._bench))

    async def _temperature_and_top_p(self) -> None:
        self._found.more["temp_top_p_exclusive"] = await probe_temperature_and_top_p(self._bench)

    async def _mime_types(self) -> None:
        vision = self._found.vision
        sees = vision is not None and vision.outcome is Outcome.YES
        found = await probe_mime_types(self._bench, sees=sees)
        self._facts["mime_types"] = {mime_type: _fact(finding) for mime_type, finding in found.items()}
        stated = self._bench.provider.multimodal_mime_types or ()
        self._found.more |= findings_of_files(found, vision, stated)

    def _add_mode(self, mode: StructuredOutputMode, found: Finding) -> None:
        self._found.modes[mode] = found
        enforced = mode in ENFORCED and found.outcome is Outcome.YES
        self._modes[str(mode)] = found.as_mode(str(mode), enforced=enforced)

    async def _acceptance(self) -> None:
        """Runs as the form would then have it; what such a run shows to be wrong is taken back, and the next tried."""
        bench = self._bench
        for _ in BY_STRENGTH:
            mode = self._found.choose_mode().mode
            overrides = overrides_of(verdicts_of(self._found, {}, ""), bench.provider)
            accepted = await accept(bench, provider_as_set(bench.provider, overrides), mode)
            self._facts["acceptance"] = accepted.as_fact()
            if not self._take_back(mode, accepted):
                return
            if mode is not None and self._found.choose_mode().mode is None:
                with suppress(Exhausted):
                    await self._instructions()
                if self._found.choose_mode().mode is None:
                    return

    def _take_back(self, mode: StructuredOutputMode | None, accepted: Acceptance) -> bool:
        """Whether the run showed something to be wrong that was found, so that another run may go better."""
        found, reason = self._found, f"A run with it failed. {accepted.reason}"
        if accepted.fault is Fault.UNREAD:
            found.capable = found.parser = Finding(Outcome.INCONCLUSIVE, reason)
            return False
        if accepted.fault is Fault.NO_REASONING and not found.schema_stops_reasoning:
            found.schema_stops_reasoning = True
            return True
        if mode is None or accepted.fault not in (Fault.SHAPE, Fault.REFUSED):
            return False
        known = found.modes[mode]
        trials = known.trials + (accepted.fault is Fault.SHAPE)
        if accepted.fault is Fault.SHAPE and mode not in ENFORCED and known.successes / trials >= _USUAL_RATE:
            return False
        self._add_mode(mode, replace(known, outcome=Outcome.INCONCLUSIVE, trials=trials, reason=reason))
        return True

    def _report(self) -> Report:
        bench, found = self._bench, self._found
        stopped_by = self._stopped_by or (f"Not everything was measured: {bench.ran_out}." if bench.ran_out else "")
        verdicts = verdicts_of(found, bench.receipts, stopped_by or "It was not asked.")
        speed = bench.pace.tokens_per_second
        dialect = bench.dialect
        facts = {
            "takes_temperature": dialect.takes_temperature,
            "least_temperature": dialect.least_temperature or None,
            "token_limit_parameter": dialect.limit_parameter,
            "tokens_per_second": round(speed, 1) if speed else None,
            "first_token_ms": round(bench.pace.first_token_s * 1000, 1) or None,
            "response_model": bench.response_model,
            "answers_as_another_model": bench.response_model not in (None, bench.model_id),
            **self._facts,
        }
        clean = bench.clean
        verdicts = {name: replace(verdict, reason=clean(verdict.reason)) for name, verdict in verdicts.items()}
        return Report(
            verdicts=verdicts,
            modes={name: replace(result, reason=clean(result.reason)) for name, result in self._modes.items()},
            overrides=overrides_of(verdicts, bench.provider),
            partial=bool(stopped_by),
            stopped_by=stopped_by,
            calls=bench.spending.calls,
            prompt_tokens=bench.spending.prompt_tokens,
            completion_tokens=bench.spending.completion_tokens,
            seconds=round(bench.seconds, 3),
            facts=clean(facts),
            fingerprint=clean(bench.fingerprint.to_text()),
            at=datetime.now(UTC).isoformat(),
            more_receipts=receipts_of_no_field(bench.receipts, verdicts),
        )


def nothing_measured(reason: str) -> Report:
    """The report of a measurement that was stopped before its first call."""
    verdicts = verdicts_of(Findings(), {}, reason)
    return Report(verdicts, partial=True, stopped_by=reason, at=datetime.now(UTC).isoformat())


def _fact(found: Finding) -> dict[str, str]:
    return {"value": str(found.outcome), "reason": found.reason}
