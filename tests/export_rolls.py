"""A roll of thirty models that differ in all that an export has to carry, for tests of targets and of the whole way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from core.evidence import Evidence
from core.exporters.subject import ExportedModel, subjects_of
from core.exporting import TARGETS, export, plan_export
from core.registry import Registry
from core.verdicts import Report
from tests.rolls import BOX, open_roll, write_roll

SECRETS: Final = ("key-of-the-box", "key-of-the-office", "key-of-the-second", "key-of-openai")
"""Keys that this roll holds: none of them may stand in anything that is exported."""

PROVIDERS: Final[Sequence[Mapping[str, Any]]] = (
    BOX,
    {"name": "Keyless", "base_url": "http://127.0.0.1:18001/v1"},
    {"name": "Büro – 模型 ☕", "base_url": "https://llm.example.org/v1/", "api_key": "key-of-the-office"},
    # A bare host: calls go to its /v1.
    {"name": "Acme::EU/1", "base_url": "http://127.0.0.1:18002"},
    {"name": "2nd box", "base_url": "http://127.0.0.1:18003/v1", "api_key": "key-of-the-second"},
    # Its short name is that of "2nd box", too.
    {"name": "2nd: box", "base_url": "http://127.0.0.1:18004/v1"},
)

ENVIRONMENT: Final = {
    "OPENAI_API_KEY": "key-of-openai",
    "AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.example",
    "VERTEX_PROJECT_ID": "my-project",
}
"""The variables of this roll's built-in providers."""

_YES_NO: Final = (
    "supports_structured_output",
    "supports_function_calling",
    "supports_logprobs",
    "supports_vision",
    "reasoning_capable",
)
_LEVELS: Final = {"Off": "none", "Low": "low", "Medium": "medium", "High": "high"}


def _row(entry_id: str, provider_id: str, model_id: str, name: str | None = None, **overrides: Any) -> dict[str, Any]:
    own = any(provider["name"] == provider_id for provider in PROVIDERS)
    row: dict[str, Any] = {
        "id": entry_id,
        "provider_type": "custom" if own else "builtin",
        "provider_id": provider_id,
        "model_id": model_id,
    }
    if name is not None:
        row["name"] = name
    if overrides:
        row["overrides"] = overrides
    return row


ROWS: Final[Sequence[Mapping[str, Any]]] = (
    _row("bare", "Box", "llama3"),
    _row("all-yes", "Box", "all-yes-8b", "All: yes", **dict.fromkeys(_YES_NO, True)),
    _row("all-no", "Box", "all-no-8b", "All: no # not a comment", **dict.fromkeys(_YES_NO, False)),
    # Variants of one model: of "bare" above, and of each other.
    _row("variant-1", "Box", "llama3", "Llama 3 (schema)", structured_output_mode="json_schema"),
    _row("variant-2", "Box", "llama3", "Llama 3 (tools)", supports_function_calling=True),
    _row("0e0c2f5e-5a4e-4a55-9d1b-9f6d2b6f1c11", "Box", "strict-tools", structured_output_mode="function_calling"),
    _row("weak-tools", "Box", "weak-tools", "Weak tools", structured_output_mode="function_calling_weak"),
    _row("json-mode", "Box", "json-mode", None, structured_output_mode="json_mode", supports_structured_output=True),
    _row("json-both", "Keyless", "json-both", None, structured_output_mode="json_instruction_and_object"),
    _row("instructions", "Keyless", "instructions", None, structured_output_mode="json_instructions"),
    _row("own-words", "Keyless", "own-words", None, structured_output_mode="json_custom_instructions"),
    _row("by-default", "Keyless", "by-default", None, structured_output_mode="default"),
    # The same model elsewhere, which can do other things.
    _row("elsewhere", "Keyless", "llama3", None, supports_vision=True, supports_function_calling=True),
    _row("r1", "Box", "deepseek-r1:8b", "R1", reasoning_capable=True, parser="r1_thinking"),
    _row(
        "r1-optional",
        "Keyless",
        "qwen3:8b",
        "Qwen 3",
        parser="optional_r1_thinking",
        formatter="qwen3_style_no_think",
        reasoning_optional_for_structured_output=True,
    ),
    _row(
        "levels",
        "2nd box",
        "gpt-oss-20b",
        "GPT OSS",
        reasoning_capable=True,
        available_thinking_levels=_LEVELS,
        default_thinking_level="medium",
        max_parallel_requests=2,
    ),
    _row(
        "papers",
        "Büro – 模型 ☕",
        "vl-7b",
        "Sieht & liest: “alles”",
        supports_vision=True,
        multimodal_capable=True,
        multimodal_mime_types=["image/png", "image/jpeg", "application/pdf"],
        multimodal_requires_pdf_as_image=True,
    ),
    _row(
        "sounds",
        "Büro – 模型 ☕",
        "omni/模型-7b@q4",
        "模型 🎧",
        multimodal_capable=True,
        multimodal_mime_types=["audio/wav", "audio/mpeg", "video/mp4"],
    ),
    _row("odd-id", "Acme::EU/1", "org/family::v2:free", "a/b::c", supports_logprobs=True),
    # Texts that YAML takes for something else unless they are quoted.
    _row("yes-no", "Acme::EU/1", "1.0", "no", uncensored=True),
    _row("twin-1", "2nd box", "twin", "Twin", temp_top_p_exclusive=True),
    _row("twin-2", "2nd: box", "twin", "Twin", supports_data_gen=True, untested_model=False),
    _row("openai", "openai", "gpt-4o", "GPT-4o", supports_function_calling=True, supports_vision=True),
    _row("anthropic", "anthropic", "claude-sonnet-4-5", "Claude", anthropic_extended_thinking=True),
    _row("gemini", "gemini_api", "gemini-2.5-flash", None, gemini_reasoning_enabled=True),
    _row(
        "router",
        "openrouter",
        "deepseek/deepseek-r1:free",
        "R1 by OpenRouter",
        openrouter_reasoning_object=True,
        require_openrouter_reasoning=True,
        available_thinking_levels={"Low": "low", "High": "high"},
        default_thinking_level="high",
    ),
    _row("azure", "azure_openai", "my-deployment", "Azure’s", structured_output_mode="json_schema"),
    _row("bedrock", "amazon_bedrock", "anthropic.claude-3-5-sonnet-20241022-v2:0"),
    _row("ollama", "ollama", "gemma3:4b", "Gemma\u00a03", supports_vision=True),
)
"""The registry's rows; together with `LEGACY` thirty models."""

LEGACY: Final = ("vertex::gemini-2.5-pro-mine",)
"""Models in the form in which a settings file held them before there were entries."""

LIMITS: Final[Mapping[str, Mapping[str, int]]] = {
    "bare": {"context_tokens": 8192, "output_tokens": 2048},
    "all-yes": {"context_tokens": 131072},
    "elsewhere": {"context_tokens": 4096, "output_tokens": 1024},
    "sounds": {"output_tokens": 512},
    "twin-1": {"context_tokens": 1_000_000, "output_tokens": 64_000},
}
"""What endpoints declared, by entry ID."""


def open_export_roll(path: Path) -> Registry:
    """The roll of thirty, in that file."""
    values = {"openai_compatible_providers": list(PROVIDERS), "user_model_registry": list(ROWS)}
    return open_roll(write_roll(path, **values, custom_models=list(LEGACY)), **ENVIRONMENT)


def exported_models(path: Path) -> tuple[ExportedModel, ...]:
    """All thirty models as a target is given them, the roll being in that file."""
    with open_export_roll(path) as registry:
        models, failed = subjects_of(registry, None, LIMITS)
    assert not failed, failed
    assert len(models) == 30
    return models


def export_thirty(target: str, folder: Path) -> tuple[Path, tuple[ExportedModel, ...], Mapping[str, str]]:
    """All thirty exported into that folder: what the tool is given, the models it took, and their names there."""
    with Evidence.open() as evidence:
        for entry_id, limits in LIMITS.items():
            evidence.add_report(entry_id, Report(calls=1, facts={"declared_limits": dict(limits)}))
    path = folder if TARGETS[target].is_folder else folder / TARGETS[target].default_path().name
    with open_export_roll(folder.parent / "roll-of-thirty.yaml") as registry:
        export(registry, None, target, path)
        plan = plan_export(registry, None, target, path)
        models, _ = subjects_of(registry, None, LIMITS)
    names: dict[str, str] = {}
    for piece in plan.pieces:
        if piece.fragment.entry_id:
            names.setdefault(piece.fragment.entry_id, piece.fragment.name)
    assert not plan.is_change
    return path, tuple(model for model in models if model.entry_id in names), names
