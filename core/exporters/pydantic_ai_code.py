"""One model as Python code for pydantic-ai, and back from our own code without running it."""

from __future__ import annotations

import ast
import keyword
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from core.exporters.addresses import PLACEHOLDER_KEYS
from core.exporters.python_code import Code, call, quoted
from core.field_specs import UNSET

IMPORTS_BLOCK: Final = "imports"
IMPORTS: Final = """\
# pip install "pydantic-ai-slim[openai]"
import os

from pydantic_ai.models.openai import OpenAIChatModel, OpenAIChatModelSettings
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider"""
"""What every block stands on."""

THINK_TAGS: Final = ("<think>", "</think>")
DOCUMENT_TYPES: Final = ("application/pdf", "text/plain", "text/csv", "text/html", "text/markdown")
"""Those of our types that pydantic-ai has a name for."""
AUDIO_TYPES: Final = frozenset({"audio/mpeg", "audio/wav"})
"""What it sends to such an endpoint."""

_LOGPROBS: Final = ("openai_logprobs", "openai_top_logprobs")
_MODEL: Final = "OpenAIChatModel"
_PROVIDERS: Final = ("OpenAICompatibleProvider", "OpenAIProvider")
_TAKEN_NAMES: Final = frozenset({"os", IMPORTS_BLOCK})


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What a block says. `said` is by the keys of the target's rules."""

    name: str
    provider_name: str
    is_openai: bool
    base_url: str
    key_variable: str
    said: Mapping[str, Any]
    holds_key: bool = False
    not_understood: tuple[str, ...] = field(default=())


def identifiers(names: Sequence[str]) -> list[str]:
    """For each name a Python name like it, no two alike."""
    taken = set(_TAKEN_NAMES)
    found = []
    for name in names:
        plain = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", name).lower()).strip("_")
        if not plain.isidentifier() or keyword.iskeyword(plain) or keyword.issoftkeyword(plain):
            plain = f"model_{plain}" if plain and f"model_{plain}".isidentifier() else "model"
        base, number = plain, 2
        while plain in taken:
            plain, number = f"{base}_{number}", number + 1
        taken.add(plain)
        found.append(plain)
    return found


# ------------------------------------------------------------------------------------------------------------- writing


def write_block(facts: CodeFacts) -> str:
    """The code: a constant with the name of the block, and the model's own name behind it."""
    said = facts.said
    provider: dict[str, Any] = {"base_url": facts.base_url}
    if facts.key_variable:
        # OpenAI's own provider refuses to be made without a key, the other one to be called.
        given = (facts.key_variable, f"{facts.key_variable} is not set") if facts.is_openai else (facts.key_variable,)
        provider["api_key"] = Code(f"os.environ.get({', '.join(map(quoted, given))})")
    arguments = {
        "provider": call(_PROVIDERS[1], provider, depth=1)
        if facts.is_openai
        else call(_PROVIDERS[0], provider, [facts.provider_name], depth=1),
        "profile": call("OpenAIModelProfile", _profile(said), depth=1),
    }
    if "openai_reasoning_effort" in said:
        effort = {"openai_reasoning_effort": said["openai_reasoning_effort"]}
        arguments["settings"] = call("OpenAIChatModelSettings", effort, depth=1)
    return f"{facts.name} = {call(_MODEL, arguments, [said['model_name']])}\n{quoted(said['docstring'])}"


def _profile(said: Mapping[str, Any]) -> dict[str, Any]:
    """The profile's own keys."""
    plain = (
        "supports_tools", "supports_json_schema_output", "supports_thinking", "thinking_tags", "supports_image_input",
        "context_window",
    )  # fmt: skip
    profile = {key: said[key] for key in plain if key in said}
    profile |= _mode_profile(said.get("default_structured_output_mode"))
    types = said["supports_document_input"]
    documents = [item for item in types if item in DOCUMENT_TYPES]
    profile["supports_document_input"] = bool(documents)
    if documents:
        profile["supported_document_media_types"] = frozenset(documents)
    profile["supports_audio_file_input"] = not AUDIO_TYPES.isdisjoint(types)
    if "openai_unsupported_model_settings" in said:
        profile["openai_unsupported_model_settings"] = () if said["openai_unsupported_model_settings"] else _LOGPROBS
    return profile


def _mode_profile(mode: str | None) -> dict[str, Any]:
    if mode is None:
        return {}
    if mode == "json_schema":
        return {"default_structured_output_mode": "native"}
    if mode in ("function_calling", "function_calling_weak"):
        strict = mode == "function_calling"
        return {"default_structured_output_mode": "tool", "openai_supports_strict_tool_definition": strict}
    objects = mode == "json_instruction_and_object"
    return {"default_structured_output_mode": "prompted", "supports_json_object_output": objects}


# ------------------------------------------------------------------------------------------------------------- reading


def read_block(name: str, code: Any) -> CodeFacts | None:
    """What a block says; None where it defines no model.

    Raises:
        ValueError: it is no Python, or no model's ID can be read.
    """
    try:
        tree = ast.parse(code if isinstance(code, str) else "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"The block {name} is not Python.") from None
    found = next(_models_in(tree.body), None)
    if found is None:
        return None
    statement, made = found
    keywords = _keywords(made)
    model_id = _literal(made.args[0]) if made.args else _literal(keywords.pop("model_name", None))
    if not isinstance(model_id, str):
        raise ValueError(f"The block {name} names no model.")  # noqa: TRY004 (not the caller's mistake)
    provider, profile, settings = (keywords.pop(key, None) for key in ("provider", "profile", "settings"))
    profile_keys, unread_profile = _literals(_keywords(profile), "profile")
    settings_keys, unread_settings = _literals(_keywords(settings), "settings")
    said = {"model_name": model_id, **_said_profile(profile_keys)}
    if "openai_reasoning_effort" in settings_keys:
        said["openai_reasoning_effort"] = settings_keys.pop("openai_reasoning_effort")
    if (title := _docstring(tree.body, statement)) is not None:
        said["docstring"] = title
    further = [f"profile.{key}" for key in profile_keys] + [f"settings.{key}" for key in settings_keys]
    return CodeFacts(
        name=name,
        said=said,
        not_understood=(*keywords, *further, *unread_profile, *unread_settings),
        **_provider_facts(provider),
    )


def _models_in(body: Sequence[ast.stmt]) -> Iterator[tuple[ast.stmt, ast.Call]]:
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _name_of(node.value.func) == _MODEL:
            yield node, node.value


def _name_of(node: ast.AST | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _keywords(call: ast.AST | None) -> dict[str, ast.expr]:
    if not isinstance(call, ast.Call):
        return {}
    return {item.arg: item.value for item in call.keywords if item.arg is not None}


def _literal(node: ast.AST | None) -> Any:
    if isinstance(node, ast.Call) and _name_of(node.func) == "frozenset" and len(node.args) == 1:
        node = node.args[0]
    try:
        # A constant needs no evaluation, which leaves work to the garbage collector every time.
        if isinstance(node, ast.Constant):
            return node.value
        return ast.literal_eval(node) if isinstance(node, ast.expr) else UNSET
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return UNSET


def _literals(keywords: Mapping[str, ast.expr], where: str) -> tuple[dict[str, Any], list[str]]:
    found = {key: _literal(node) for key, node in keywords.items()}
    unread = [f"{where}.{key}" for key, value in found.items() if value is UNSET]
    return {key: value for key, value in found.items() if value is not UNSET}, unread


def _docstring(body: Sequence[ast.stmt], model: ast.stmt) -> str | None:
    behind = body[body.index(model) + 1 :]
    value = _literal(behind[0].value) if behind and isinstance(behind[0], ast.Expr) else None
    return value if isinstance(value, str) and value else None


_FLAGS: Final = ("supports_tools", "supports_json_schema_output", "supports_thinking", "supports_image_input")


def _said_profile(profile: dict[str, Any]) -> dict[str, Any]:
    """By the keys of the rules; what is understood is taken out of `profile`."""
    said: dict[str, Any] = {key: profile.pop(key) for key in _FLAGS if isinstance(profile.get(key), bool)}
    tags = profile.get("thinking_tags")
    if tags == THINK_TAGS:
        said["thinking_tags"] = profile.pop("thinking_tags")
    window = profile.get("context_window")
    if isinstance(window, int) and not isinstance(window, bool) and window > 0:
        said["context_window"] = profile.pop("context_window")
    mode = _read_mode(profile)
    if mode:
        said["default_structured_output_mode"] = mode
    documents, audio = profile.get("supports_document_input"), profile.get("supports_audio_file_input")
    if isinstance(documents, bool) and isinstance(audio, bool):
        narrowed = profile.pop("supported_document_media_types", DOCUMENT_TYPES)
        types = [item for item in DOCUMENT_TYPES if documents and item in narrowed]
        said["supports_document_input"] = [*types, *(sorted(AUDIO_TYPES) if audio else ())]
        del profile["supports_document_input"], profile["supports_audio_file_input"]
    refused = profile.get("openai_unsupported_model_settings")
    if isinstance(refused, (tuple, list)) and set(refused) <= set(_LOGPROBS):
        profile.pop("openai_unsupported_model_settings")
        said["openai_unsupported_model_settings"] = not refused
    return said


def _read_mode(profile: dict[str, Any]) -> str:
    mode = profile.get("default_structured_output_mode")
    if mode not in ("native", "tool", "prompted"):
        return ""
    del profile["default_structured_output_mode"]
    if mode == "native":
        return "json_schema"
    if mode == "tool":
        strict = profile.pop("openai_supports_strict_tool_definition", True)
        return "function_calling" if strict is True else "function_calling_weak"
    objects = profile.pop("supports_json_object_output", False)
    return "json_instruction_and_object" if objects is True else "json_instructions"


def _provider_facts(node: ast.AST | None) -> dict[str, Any]:
    is_call = isinstance(node, ast.Call) and _name_of(node.func) in _PROVIDERS
    keywords = _keywords(node) if is_call else {}
    is_openai = is_call and isinstance(node, ast.Call) and _name_of(node.func) == _PROVIDERS[1]
    first = _literal(node.args[0]) if is_call and isinstance(node, ast.Call) and node.args else UNSET
    base_url = _literal(keywords.get("base_url"))
    key = keywords.get("api_key")
    return {
        "provider_name": "OpenAI" if is_openai else first if isinstance(first, str) else "",
        "is_openai": is_openai,
        "base_url": base_url if isinstance(base_url, str) else "",
        "key_variable": _variable_of(key),
        "holds_key": isinstance(_literal(key), str) and _literal(key) not in ("", *PLACEHOLDER_KEYS),
    }


def _variable_of(node: ast.AST | None) -> str:
    """The variable in `os.environ["X"]`, `os.environ.get("X", …)` and `os.getenv("X", …)`."""
    value: Any = UNSET
    if isinstance(node, ast.Subscript) and _name_of(node.value) == "environ":
        value = _literal(node.slice)
    elif isinstance(node, ast.Call) and _name_of(node.func) in ("get", "getenv") and node.args:
        value = _literal(node.args[0])
    return value if isinstance(value, str) else ""
