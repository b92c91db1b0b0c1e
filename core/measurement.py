"""One measurement under way: which probes, in which order, and what is left when it must end early."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from core.connections import Connection
from core.endpoint_facts import endpoint_facts
from core.engine import execute
from core.errors import FailureKind, RunError
from core.fields import ModelProvider, StructuredOutputMode
from core.measured_settings import ENFORCED, Findings, findings_of_files, overrides_of, verdicts_of
from core.probe_bench import Bench, Question
from core.probe_limits import Exhausted, Stopped
from core.probe_wire import RawAnswer
from core.probes.facts import probe_system_role, probe_temperature_and_top_p
from core.probes.logprobs import probe_logprobs
from core.probes.reasoning import probe_reasoning, reach
from core.probes.structured import (
    ordinary_task,
    probe_forced_call,
    probe_instructions,
    probe_json_object,
    probe_json_schema,
)
from core.probes.tools import probe_parallel_tools, probe_tools
from core.probes.trials import Finding
from core.probes.vision import probe_mime_types, probe_vision
from core.run_spec import RunResult
from core.verdicts import Limits, ModeResult, OnProgress, Outcome, Report

_Mode = StructuredOutputMode

_ACCEPTANCE_TOKENS: Final = 400
"""Kept back for the last run."""

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

    async def _learn_about_the_endpoint(self) -> None:
        """What the endpoint tells beside its answers: the rest of the fingerprint, and limits.

        Last, since one request is in flight at a time and the limit of time belongs to the probes first.
        """
        bench = self._bench
        try:
            async with asyncio.timeout(max(0.0, bench.remaining_s)):
                offered, fingerprint = await bench.until_stopped(endpoint_facts(bench.provider, bench.connection))
        except (TimeoutError, Stopped):
            return
        bench.learn_fingerprint(fingerprint)
        if offered is not None and offered.limits:
            self._facts["declared_limits"] = dict(offered.limits)

    async def _reasoning(self) -> None:
        bench = self._bench
        try:
            first = await reach(bench)
        except Exhausted as exhausted:
            raise Stopped(str(exhausted)) from None
        self._keep_back(calls=1)
        thinking = await probe_reasoning(bench, first)
        self._found.capable, self._found.parser = thinking.capable, thinking.parser
        self._facts["streaming"] = first.streamed
        self._facts["takes_temperature"] = bench.takes_temperature

    def _keep_back(self, *, calls: int) -> None:
        # Only where there is enough to share: with two calls in all the first probes matter more.
        bench = self._bench
        bench.reserved_calls = calls if bench.limits.calls >= 8 else 0
        wanted = _ACCEPTANCE_TOKENS + bench.thinking_tokens
        bench.reserved_tokens = wanted if bench.limits.tokens >= 4 * wanted else 0

    async def _json_schema(self) -> None:
        # One call each for logprobs, vision and the last run.
        self._keep_back(calls=3)
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
        self._found.tools = await probe_tools(self._bench)

    async def _forced_calls(self) -> None:
        for mode in (_Mode.function_calling, _Mode.function_calling_weak):
            found = await probe_forced_call(self._bench, mode)
            self._add_mode(mode, found)
            if found.outcome is Outcome.YES and not self._thorough:
                break

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
        self._keep_back(calls=2)
        self._found.logprobs = await probe_logprobs(self._bench)

    async def _vision(self) -> None:
        self._keep_back(calls=1)
        self._found.vision = await probe_vision(self._bench)

    async def _system_role(self) -> None:
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
        self._found.more |= findings_of_files(found, vision)

    def _add_mode(self, mode: StructuredOutputMode, found: Finding) -> None:
        self._found.modes[mode] = found
        enforced = mode in ENFORCED and found.outcome is Outcome.YES
        self._modes[str(mode)] = found.as_mode(str(mode), enforced=enforced)

    async def _acceptance(self) -> None:
        """One run as the form would then have it: the only thing that shows that the verdicts fit together."""
        bench = self._bench
        verdicts = verdicts_of(self._found, {}, "")
        provider = bench.provider.model_copy(update={"multimodal_mime_types": None})
        provider = ModelProvider.model_validate({**provider.model_dump(), **overrides_of(verdicts)})
        mode = self._found.choose_mode().mode
        prompt, schema = ordinary_task(bench.nonces)
        question = Question(prompt, 96, schema=schema if mode is not None else None)
        spec = bench.run_spec(question, provider)
        await bench.spend_on_run(
            "acceptance", "A run as it would be set", _ACCEPTANCE_TOKENS // 2 + (spec.max_tokens or 0)
        )
        try:
            result: RunResult = await bench.until_stopped(execute(spec))
        except RunError as error:
            self._note_failed_run(error)
            return
        bench.spending.prompt_tokens += result.usage.prompt_tokens or 0
        bench.spending.completion_tokens += result.usage.completion_tokens or 0
        complaint = result.validation_error
        cut_off = result.finish_reason == "length"
        outcome = Outcome.YES if complaint is None else Outcome.INCONCLUSIVE if cut_off else Outcome.NO
        reason = complaint or "A run with these settings gave what it should."
        bench.note("acceptance", _as_answer(result), outcome, reason)
        self._facts["acceptance"] = {"value": str(outcome), "reason": reason}
        if mode is not None and outcome is Outcome.NO:
            self._take_back(mode, reason)

    def _note_failed_run(self, error: RunError) -> None:
        unread = error.kind in (FailureKind.PARSER, FailureKind.REASONING_MISSING)
        outcome = Outcome.NO if unread else Outcome.INCONCLUSIVE
        self._bench.note("acceptance", RawAnswer(request=error.request, failure=error), outcome, error.title)
        self._facts["acceptance"] = {"value": str(outcome), "reason": error.title}
        if unread:
            for name in ("capable", "parser"):
                setattr(self._found, name, Finding(Outcome.INCONCLUSIVE, f"A run with it failed. {error.title}"))

    def _take_back(self, mode: StructuredOutputMode, reason: str) -> None:
        found = self._found.modes[mode]
        trials = found.trials + 1
        if mode not in ENFORCED and found.successes / trials >= _USUAL_RATE:
            return
        self._add_mode(
            mode,
            replace(found, outcome=Outcome.INCONCLUSIVE, trials=trials, reason=f"A run with it failed. {reason}"),
        )

    def _report(self) -> Report:
        bench, found = self._bench, self._found
        stopped_by = self._stopped_by or (f"Not everything was measured: {bench.ran_out}." if bench.ran_out else "")
        verdicts = verdicts_of(found, bench.receipts, stopped_by or "It was not asked.")
        speed = bench.pace.tokens_per_second
        facts = {
            "tokens_per_second": round(speed, 1) if speed else None,
            "first_token_ms": round(bench.pace.first_token_s * 1000, 1) or None,
            "response_model": bench.response_model,
            "answers_as_another_model": bench.response_model not in (None, bench.model_id),
            **self._facts,
        }
        return Report(
            verdicts=verdicts,
            modes=self._modes,
            overrides=overrides_of(verdicts),
            partial=bool(stopped_by),
            stopped_by=stopped_by,
            calls=bench.spending.calls,
            prompt_tokens=bench.spending.prompt_tokens,
            completion_tokens=bench.spending.completion_tokens,
            seconds=round(bench.seconds, 3),
            facts=facts,
            fingerprint=bench.fingerprint.to_text(),
            at=datetime.now(UTC).isoformat(),
        )


def nothing_measured(reason: str) -> Report:
    """The report of a measurement that was stopped before its first call."""
    verdicts = verdicts_of(Findings(), {}, reason)
    return Report(verdicts, partial=True, stopped_by=reason, at=datetime.now(UTC).isoformat())


def _fact(found: Finding) -> dict[str, str]:
    return {"value": str(found.outcome), "reason": found.reason}


def _as_answer(result: RunResult) -> RawAnswer:
    return RawAnswer(
        content=result.output,
        reasoning=result.reasoning or "",
        prompt_tokens=result.usage.prompt_tokens,
        completion_tokens=result.usage.completion_tokens,
        latency_ms=result.latency_ms,
        request=result.request,
    )
