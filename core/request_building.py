"""From a run to what is asked of the endpoint: messages, parameters, and the warnings that belong to them.

The parameters bear OpenAI's names; `core.engine` hands them to litellm, which translates for the providers that speak
otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from core.attachments import check_attachments, content_parts
from core.errors import MusterError
from core.fields import ModelFormatterID, StructuredOutputMode
from core.providers import ModelProviderName
from core.run_spec import RunSpec
from core.structured_output import (
    JSON_OBJECT_MODES,
    TOOL_MODES,
    StructuredRequest,
    check_schema,
    effective_mode,
    structured_request,
)

ANTHROPIC_THINKING_TOKENS: Final = 4000
NO_THINK: Final = "/no_think"


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked: `parameters` that OpenAI's API has too, and `extensions` that only some endpoints know."""

    messages: list[dict[str, Any]]
    parameters: dict[str, Any]
    extensions: dict[str, Any]
    forces_tool: bool = False


def check_run(spec: RunSpec) -> None:
    """Refuses, before anything is sent, what cannot be asked.

    Raises:
        MusterError: in words.
    """
    provider = spec.provider
    if spec.schema is not None:
        check_schema(spec.schema)
        effective_mode(provider.structured_output_mode, provider.name)
    if provider.temp_top_p_exclusive and spec.temperature is not None and spec.top_p is not None:
        raise MusterError(
            "Temperature and Top P are both set, and this model takes only one of them.", "Clear one of the two."
        )
    if not spec.timeout_s > 0:  # NaN too
        raise MusterError("The time limit is not above zero.", "Give the run some seconds.")
    if spec.thinking_level is not None and provider.available_thinking_levels is not None:
        known = list(provider.available_thinking_levels.values())
        if spec.thinking_level not in known:
            raise MusterError(
                f"This model has no thinking level {spec.thinking_level}.",
                f"Choose one of: {', '.join(known) or 'none'}.",
            )
    check_attachments(provider, spec.images)


def renamed(request: ChatRequest, name: str, other: str) -> ChatRequest:
    """The request with a parameter under another name."""
    parameters = {other if key == name else key: value for key, value in request.parameters.items()}
    return replace(request, parameters=parameters)


_WITHOUT_JSON_MODE: Final = frozenset({ModelProviderName.anthropic, ModelProviderName.amazon_bedrock})
"""Their APIs know schemas and tools, and no `json_object` (docs/wire-coverage.md)."""


def _mode_of(spec: RunSpec) -> StructuredOutputMode | None:
    mode, name = spec.provider.structured_output_mode, spec.provider.name
    return None if spec.schema is None or mode is StructuredOutputMode.unknown else effective_mode(mode, name)


def warnings_for(spec: RunSpec) -> tuple[str, ...]:
    """What a run asks for and the model is not marked as able to do: said before the run and in its result."""
    provider = spec.provider
    families = {image.mime_type.partition("/")[0] for image in spec.images}
    warnings = []
    if spec.schema is not None and not provider.supports_structured_output:
        warnings.append(
            "This model is not marked as supporting structured output: it may not answer with JSON of this shape."
        )
    mode = _mode_of(spec)
    if mode in JSON_OBJECT_MODES and provider.name in _WITHOUT_JSON_MODE:
        warnings.append("This provider has no JSON mode: that part of the request is left out.")
    if mode in TOOL_MODES and not provider.supports_function_calling:
        warnings.append(
            "This model is not marked as supporting function calling, which its structured output mode uses."
        )
    if "image" in families and not provider.supports_vision:
        warnings.append("This model is not marked as supporting vision: it may not see the image.")
    if families - {"image", "text"} and not provider.multimodal_capable:
        warnings.append("This model is not marked as accepting attachments: it may not read the file.")
    if spec.logprobs and not provider.supports_logprobs:
        warnings.append("This model is not marked as supporting logprobs: it may return none.")
    return tuple(warnings)


def build_request(spec: RunSpec) -> ChatRequest:
    """What goes to the endpoint for a run that `check_run` has passed."""
    provider = spec.provider
    structured = StructuredRequest()
    if spec.schema is not None:
        structured = structured_request(effective_mode(provider.structured_output_mode, provider.name), spec.schema)
    chosen = {
        "temperature": spec.temperature,
        "top_p": spec.top_p,
        "max_tokens": spec.max_tokens,
        "logprobs": True if spec.logprobs else None,
        "top_logprobs": spec.top_logprobs if spec.logprobs else None,
    }
    parameters = {name: value for name, value in chosen.items() if value is not None} | structured.parameters
    extensions = _extensions(spec)
    effort = _effort(spec)
    if effort is not None and not _uses_reasoning_object(spec):
        parameters["reasoning_effort"] = effort
    return ChatRequest(_messages(spec, structured.instructions), parameters, extensions, structured.forces_tool)


def _messages(spec: RunSpec, instructions: str) -> list[dict[str, Any]]:
    text = f"{spec.prompt}\n\n{instructions}" if instructions else spec.prompt
    text = _FORMATTERS[spec.provider.formatter](text)
    attached = content_parts(spec.provider, spec.images)
    content: str | list[dict[str, Any]] = [{"type": "text", "text": text}, *attached] if attached else text
    messages: list[dict[str, Any]] = []
    if spec.system_prompt and spec.system_prompt.strip():
        messages.append({"role": "system", "content": spec.system_prompt})
    messages.append({"role": "user", "content": content})
    return messages


_FORMATTERS: Final[dict[ModelFormatterID | None, Callable[[str], str]]] = {
    None: lambda text: text,
    ModelFormatterID.qwen3_style_no_think: lambda text: f"{text}\n\n{NO_THINK}",
}


def _effort(spec: RunSpec) -> str | None:
    level = spec.thinking_level if spec.thinking_level is not None else spec.provider.default_thinking_level
    if spec.provider.name is ModelProviderName.anthropic and level == "none":
        return None
    return level or None


def _uses_reasoning_object(spec: RunSpec) -> bool:
    return spec.provider.openrouter_reasoning_object and spec.provider.name is ModelProviderName.openrouter


def _extensions(spec: RunSpec) -> dict[str, Any]:
    provider, effort = spec.provider, _effort(spec)
    reasoning: dict[str, Any] = {}
    if effort is not None and _uses_reasoning_object(spec):
        reasoning["effort"] = effort
    if provider.require_openrouter_reasoning:
        reasoning["exclude"] = False
    if provider.gemini_reasoning_enabled:
        reasoning["enabled"] = True

    thinking: dict[str, Any] = {}
    if provider.anthropic_extended_thinking:
        thinking = {"type": "enabled", "budget_tokens": ANTHROPIC_THINKING_TOKENS}
    if provider.anthropic_summarized_thinking and effort is not None:
        thinking = {"type": "adaptive", "display": "summarized"}

    routing: dict[str, Any] = {}
    if provider.r1_openrouter_options:
        routing |= {"require_parameters": True, "order": ["fireworks", "together"], "ignore": ["deepinfra"]}
    if provider.logprobs_openrouter_options and spec.logprobs:
        routing |= {"require_parameters": True, "ignore": ["deepinfra"]}
    if provider.openrouter_skip_required_parameters:
        routing["require_parameters"] = False

    maps = {"reasoning": reasoning, "thinking": thinking, "provider": routing}
    extensions: dict[str, Any] = {name: value for name, value in maps.items() if value}
    if provider.siliconflow_enable_thinking is not None:
        extensions["enable_thinking"] = provider.siliconflow_enable_thinking
    return extensions
