"""Measurements of servers on loopback, and what they are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from core.measuring import Limits, MeasureSpec, Report, measure, measure_spec
from core.verdicts import Outcome
from tests.rolls import custom, open_roll, write_roll
from tests.run_specs import KEY, run_of

YES, NO, OPEN = Outcome.YES, Outcome.NO, Outcome.INCONCLUSIVE

Expected = Mapping[str, tuple[Outcome, ...]]
"""The outcomes that a field may have; a field that is not named may be anything but yes."""

FIELDS: Final = (
    "supports_structured_output",
    "structured_output_mode",
    "supports_function_calling",
    "supports_logprobs",
    "supports_vision",
    "reasoning_capable",
    "parser",
    "reasoning_optional_for_structured_output",
)


def spec_of(
    base_url: str, *, model: str = "model-one", key: str = KEY, seed: int | None = 1, **fields: Any
) -> MeasureSpec:
    """The measurement of a model at a base URL."""
    run = run_of(base_url, model=model, key=key, fields=fields)
    return MeasureSpec(run.provider, run.connection, seed)


async def measure_at(base_url: str, *, limits: Limits | None = None, **spec: Any) -> Report:
    """What is found at a base URL."""
    return await measure_spec(spec_of(base_url, **spec), limits=limits)


async def measure_registered(
    base_url: str, *, limits: Limits | None = None, overrides: Mapping[str, Any] | None = None, key: str = KEY
) -> Report:
    """What `measure` finds about a model on a roll of its own."""
    with TemporaryDirectory() as folder:
        provider = {"name": "Box", "base_url": base_url, "api_key": key}
        path = write_roll(Path(folder) / "settings.yaml", openai_compatible_providers=[provider])
        with open_roll(path) as registry:
            entry = registry.add(custom("model-one", overrides=dict(overrides or {}) or None))
            return await measure(registry, entry, limits=limits)


def differences(report: Report, expected: Expected, settings: Mapping[str, Any]) -> list[str]:
    """Where a report is not as expected, in words; a verdict that is open has no setting to compare."""
    wrong = []
    for name in FIELDS:
        verdict = report.verdicts[name]
        allowed = expected.get(name, (NO, OPEN))
        if verdict.value not in allowed:
            wrong.append(f"{name} is {verdict.value}, not {' or '.join(allowed)}: {verdict.reason}")
        elif name in settings and verdict.value is not OPEN and verdict.setting != settings[name]:
            wrong.append(f"{name} would be set to {verdict.setting}, not {settings[name]}")
    return wrong


def thorough_limits(**changes: Any) -> Limits:
    """Limits that the thorough probes fit into."""
    return replace(Limits(calls=60, tokens=40_000, seconds=300, thorough=True), **changes)
