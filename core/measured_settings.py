"""From what the probes found to what the form gets: verdicts for fields, the best mode, and the overrides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from core.field_specs import UNSET
from core.fields import MIME_TYPES, ModelProvider, StructuredOutputMode
from core.overrides import default_for
from core.probe_wire import RawAnswer
from core.probes.reasoning import has_reasoning
from core.probes.trials import Finding
from core.verdicts import Outcome, Receipt, Verdict

_Mode = StructuredOutputMode

BY_STRENGTH: Final = (
    _Mode.json_schema,
    _Mode.function_calling,
    _Mode.function_calling_weak,
    _Mode.json_instruction_and_object,
    _Mode.json_instructions,
)
"""The modes that measuring may choose, the strongest first."""

ENFORCED: Final = BY_STRENGTH[:3]
"""Where the server holds the answer to the schema; in the others the model follows it, or does not."""

FIELDS_MEASURED: Final = (
    "supports_structured_output",
    "structured_output_mode",
    "supports_function_calling",
    "supports_logprobs",
    "supports_vision",
    "reasoning_capable",
    "parser",
    "reasoning_optional_for_structured_output",
)

PROBES_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "supports_structured_output": ("json_schema", "json_schema_strict", "function_calling", "function_calling_weak",
                                   "json_object", "json_instruction_and_object", "json_instructions", "acceptance"),
    "structured_output_mode": ("json_schema", "json_schema_strict", "function_calling", "function_calling_weak",
                               "json_object", "json_instruction_and_object", "json_instructions", "acceptance"),
    "supports_function_calling": ("function_calling_auto",),
    "supports_logprobs": ("logprobs",),
    "supports_vision": ("vision",),
    "reasoning_capable": ("reasoning", "acceptance"),
    "parser": ("reasoning", "acceptance"),
    "reasoning_optional_for_structured_output": ("reasoning", "json_schema", "function_calling",
                                                 "function_calling_weak"),
    "multimodal_mime_types": ("mime_types", "vision"),
    "multimodal_capable": ("mime_types", "vision"),
    "temp_top_p_exclusive": ("temperature_and_top_p",),
}  # fmt: skip
"""Whose receipts stand behind a field."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The structured output mode that was chosen, or why there is none."""

    outcome: Outcome
    reason: str
    mode: StructuredOutputMode | None = None


@dataclass(slots=True)
class Findings:
    """What the probes have found until now; None where one did not run."""

    capable: Finding | None = None
    parser: Finding | None = None
    tools: Finding | None = None
    logprobs: Finding | None = None
    vision: Finding | None = None
    json_object: Finding | None = None
    modes: dict[StructuredOutputMode, Finding] = field(default_factory=dict)
    more: dict[str, Finding] = field(default_factory=dict)
    """Of further fields, by their names."""
    schema_stops_reasoning: bool = False
    """A run with a schema has shown that reasoning may be missing."""

    def choose_mode(self) -> Choice:
        """The mode with the best measured success, of equals the strongest."""
        usable = [mode for mode in BY_STRENGTH if self._is_usable(mode)]
        if usable:
            rates = {mode: self._rate(mode) for mode in usable}
            best = max(usable, key=lambda mode: (rates[mode], -BY_STRENGTH.index(mode)))
            return Choice(Outcome.YES, self.modes[best].reason, best)
        denied = all(self._is_denied(mode) for mode in BY_STRENGTH)
        if denied:
            followed = self.modes.get(_Mode.json_instructions)
            rate = f" {followed.reason}" if followed is not None else ""
            return Choice(Outcome.NO, f"No mode gave JSON of the schema.{rate}")
        open_modes = [
            self.modes[mode].reason for mode in BY_STRENGTH if mode in self.modes and not self._is_denied(mode)
        ]
        return Choice(Outcome.INCONCLUSIVE, open_modes[0] if open_modes else "Not every mode was asked.")

    def _is_usable(self, mode: StructuredOutputMode) -> bool:
        found = self.modes.get(mode)
        if found is None or found.outcome is not Outcome.YES:
            return False
        enforced = self.json_object is not None and self.json_object.outcome is Outcome.YES
        return mode is not _Mode.json_instruction_and_object or enforced

    def _is_denied(self, mode: StructuredOutputMode) -> bool:
        found = self.modes.get(mode)
        if mode is _Mode.json_instruction_and_object and found is None:
            return self.json_object is not None and self.json_object.outcome is Outcome.NO
        return found is not None and found.outcome is Outcome.NO

    def _rate(self, mode: StructuredOutputMode) -> float:
        found = self.modes[mode]
        return found.successes / found.trials if found.trials else 0.0

    @property
    def anything_enforced(self) -> bool:
        """Whether some mode holds answers to the schema."""
        return any(self._is_usable(mode) for mode in ENFORCED)

    def reasoning_under_schema(self, choice: Choice) -> Finding:
        """Whether reasoning may be missing from answers in the chosen mode."""
        if self.capable is None or self.capable.outcome is Outcome.INCONCLUSIVE:
            return Finding(Outcome.INCONCLUSIVE, "It is not known whether the model always reasons.")
        if self.capable.outcome is Outcome.NO:
            return Finding(Outcome.NO, "The model does not always reason, so that none is asked for.")
        if choice.mode is None:
            return Finding(Outcome.INCONCLUSIVE, "No structured output mode works, so that there is none to try.")
        if self.schema_stops_reasoning:
            return Finding(Outcome.YES, "A run with a schema came without reasoning.", True)
        answers: Sequence[RawAnswer] = self.modes[choice.mode].answers
        thought = sum(has_reasoning(answer) for answer in answers)
        words = f"{thought} of {len(answers)} answers with a schema came with reasoning."
        if thought < len(answers):
            return Finding(Outcome.YES, words, True)
        return Finding(Outcome.NO, words, False)


def verdicts_of(found: Findings, receipts: Mapping[str, Sequence[Receipt]], otherwise: str) -> dict[str, Verdict]:
    """A verdict for each field; `otherwise` is the reason of those that no probe got to."""
    choice = found.choose_mode()
    structured: dict[str, Finding | None] = {"supports_structured_output": None, "structured_output_mode": None}
    if found.modes:
        yes = choice.outcome is Outcome.YES
        decided = choice.outcome is not Outcome.INCONCLUSIVE
        mode = str(choice.mode or _Mode.json_instructions)
        structured = {
            "supports_structured_output": Finding(choice.outcome, choice.reason, yes if decided else UNSET),
            "structured_output_mode": Finding(choice.outcome, choice.reason, mode if decided else UNSET),
        }
    by_field: dict[str, Finding | None] = {
        **structured,
        "supports_function_calling": _as_switch(found.tools),
        "supports_logprobs": _as_switch(found.logprobs),
        "supports_vision": _as_switch(found.vision),
        "reasoning_capable": found.capable,
        "parser": found.parser,
        "reasoning_optional_for_structured_output": found.reasoning_under_schema(choice) if found.capable else None,
        **found.more,
    }
    return {name: _verdict(name, finding, receipts, otherwise) for name, finding in by_field.items()}


def receipts_of_no_field(receipts: Mapping[str, Sequence[Receipt]], fields: Iterable[str]) -> tuple[Receipt, ...]:
    """The receipts that stand behind none of these fields."""
    behind = {probe for name in fields for probe in PROBES_OF[name]}
    return tuple(receipt for probe, kept in receipts.items() if probe not in behind for receipt in kept)


def findings_of_files(
    found: Mapping[str, Finding], vision: Finding | None, stated: Sequence[str] = ()
) -> dict[str, Finding]:
    """What was read of each type of file, as the findings of the fields about attachments.

    A type that is stated already stays stated unless the model was seen not to read it.
    """
    by_type = {name: finding for name, finding in found.items() if name in MIME_TYPES}
    if vision is not None:
        by_type = {"image/png": vision, **by_type}
    read = [name for name, finding in by_type.items() if finding.outcome is Outcome.YES]
    refused = {name for name, finding in by_type.items() if finding.outcome is Outcome.NO}
    if "image/png" in refused:  # the model sees nothing: no other picture is tried
        refused |= {name for name in stated if name.startswith("image/")}
    kept = [name for name in dict.fromkeys(stated) if name not in read and name not in refused]
    unknown = [finding for finding in by_type.values() if finding.outcome is Outcome.INCONCLUSIVE]
    if not read and unknown:
        nothing = Finding(Outcome.INCONCLUSIVE, unknown[0].reason)
        return {"multimodal_capable": nothing, "multimodal_mime_types": nothing}
    words = f"Read: {', '.join(read) or 'nothing'}."
    if kept:
        words += f" Not known, left as it is set: {', '.join(kept)}."
    outcome = Outcome.YES if read else Outcome.NO
    capable = Finding(outcome, words, bool(read))
    if kept and not read:
        capable = Finding(Outcome.INCONCLUSIVE, words)
    return {
        "multimodal_capable": capable,
        "multimodal_mime_types": Finding(outcome, words, [*read, *kept] or UNSET),
    }


def _as_switch(found: Finding | None) -> Finding | None:
    """The finding of a yes-or-no field: yes writes True, no an explicit False."""
    if found is None or found.outcome is Outcome.INCONCLUSIVE:
        return found
    return replace(found, setting=found.outcome is Outcome.YES)


def _verdict(name: str, found: Finding | None, receipts: Mapping[str, Sequence[Receipt]], otherwise: str) -> Verdict:
    behind = tuple(receipt for probe in PROBES_OF[name] for receipt in receipts.get(probe, ()))
    if found is None:
        return Verdict(Outcome.INCONCLUSIVE, reason=otherwise, receipts=behind)
    setting = UNSET if found.outcome is Outcome.INCONCLUSIVE else found.setting
    return Verdict(found.outcome, setting, found.reason or otherwise, behind)


def overrides_of(verdicts: Mapping[str, Verdict], provider: ModelProvider) -> dict[str, Any]:
    """What "Use all measured" writes over the model's own properties; None clears one that is set there."""
    settings = {name: verdict.setting for name, verdict in verdicts.items() if verdict.setting is not UNSET}
    return {
        name: setting
        for name, setting in settings.items()
        if setting is not None or getattr(provider, name) != default_for(name)
    }
