"""Code to use a model: for litellm, openai, pydantic-ai and curl, asking as a run here asks.

Nothing is mapped a second time: the call is the one that `core.request_building` and `core.call_arguments` make, with
the environment's variables where the keys would stand.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from core.call_arguments import call_arguments, route_of
from core.connections import NO_KEY, Connection, builtin_connection
from core.exporters.pydantic_ai import PydanticAi
from core.exporters.pydantic_ai_code import IMPORTS
from core.exporters.python_code import Code, call, environment, literal
from core.exporters.subject import ExportedModel, subjects_of
from core.model_values import StructuredOutputMode
from core.providers import NATIVE_ROUTES, PROVIDER_BY_ID
from core.request_building import ChatRequest, build_request, check_run, warnings_for
from core.run_spec import RunSpec
from core.structured_output import JSON_OBJECT_MODES, TOOL_MODES, effective_mode

if TYPE_CHECKING:
    from core.entry import UserModelEntry
    from core.registry import Registry

SnippetKind = Literal["litellm", "openai", "pydantic-ai", "curl"]

PROMPT: Final = "What is the capital of France?"
SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
}
"""A small shape, asked for where a model supports structured output."""
IN_WORDS: Final = 'Answer with JSON like {"answer": "…"}.'
"""The shape in the prompt, for the modes in which nothing else tells it."""

_OF_THE_ENGINE: Final = frozenset(
    {
        "stream", "timeout", "no-log", "_skip_mcp_handler", "client", "max_retries", "extra_headers",
        "allowed_openai_params",
    }
)  # fmt: skip
"""Arguments that Muster's own runs need beside what is asked."""

_UNTOLD: Final = frozenset({StructuredOutputMode.json_mode, StructuredOutputMode.json_custom_instructions})

_KEY_COMMENT: Final = "The endpoint wants no key."


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code that runs as it is. `language` is python or bash; `note` says what it needs, in words.

    `prompt` is what it asks, before anything that a mode or a formatter adds.
    """

    kind: SnippetKind
    title: str
    language: str
    code: str
    note: str
    prompt: str = PROMPT


def snippets(registry: Registry, reference: str | UserModelEntry) -> tuple[Snippet, ...]:
    """Code for that model; only litellm's where the provider has no OpenAI-compatible address.

    Keys are named and never written. May wait for the keyring, which is asked whether there is a key.

    Raises:
        MusterError: the reference, or what is set for the model, cannot be used.
    """
    (model,), _failed = subjects_of(registry, [reference])
    spec = _run_of(registry, model)
    check_run(spec)
    request = build_request(spec)
    found = [_litellm(model, spec, request)]
    if model.base_url:
        found += [_openai(model, spec, request), _pydantic_ai(model, spec), _curl(model, spec, request)]
    return tuple(found)


def _run_of(registry: Registry, model: ExportedModel) -> RunSpec:
    provider = model.provider
    asks = provider.supports_structured_output and provider.structured_output_mode is not StructuredOutputMode.unknown
    untold = asks and provider.structured_output_mode in _UNTOLD
    prompt = f"{PROMPT} {IN_WORDS}" if untold else PROMPT
    return RunSpec(provider, _connection_of(registry, model), prompt, dict(SCHEMA) if asks else None)


def _connection_of(registry: Registry, model: ExportedModel) -> Connection:
    """As a run's, with the names of variables in the place of keys."""
    if model.is_custom:
        key = environment(model.key_variable) if model.key_variable else NO_KEY
        return Connection(model.litellm_model, model.base_url, {"api_key": key})
    row = PROVIDER_BY_ID[str(model.provider.name)]
    values: dict[str, str] = {}
    for credential in row.credentials:
        known = (
            None if credential.secret else registry.credentials.value("builtin", str(row.name), credential.config_key)
        )
        value = known or credential.default or (environment(credential.env_var) if credential.required else "")
        if credential.argument and value:
            values[credential.argument] = value
    return builtin_connection(row, model.model_id, values)


# ----------------------------------------------------------------------------------------------------------- the kinds


def _litellm(model: ExportedModel, spec: RunSpec, request: ChatRequest) -> Snippet:
    arguments = call_arguments(spec, request, with_usage=False, native_client=None)
    arguments = {name: value for name, value in arguments.items() if name not in _OF_THE_ENGINE}
    body = arguments.pop("extra_body", {})
    # There it stands so that litellm leaves it alone; here the text is what it is.
    body = {name: value for name, value in body.items() if name != "messages"}
    if body:
        arguments["extra_body"] = body
    code = _python(["litellm"], f"response = {call('litellm.completion', arguments)}", model, spec)
    return Snippet("litellm", "LiteLLM", "python", code, _note(model, spec, "pip install litellm"), spec.prompt)


def _openai(model: ExportedModel, spec: RunSpec, request: ChatRequest) -> Snippet:
    key = environment(model.key_variable) if model.key_variable else NO_KEY
    client = call("OpenAI", {"base_url": model.base_url, "api_key": key})
    arguments: dict[str, Any] = {"model": _sent_id(model, spec, request), "messages": request.messages}
    arguments |= request.parameters
    if request.extensions:
        arguments["extra_body"] = request.extensions
    asking = f"client = {client}\nresponse = {call('client.chat.completions.create', arguments)}"
    code = _python(["from openai import OpenAI"], asking, model, spec)
    return Snippet(
        "openai", "OpenAI", "python", code, _note(model, spec, "pip install openai", native=True), spec.prompt
    )


def _pydantic_ai(model: ExportedModel, spec: RunSpec) -> Snippet:
    _imports, own = PydanticAi().fragments([model])
    plain = build_request(replace(spec, schema=None))
    agent: dict[str, Any] = {}
    shape = ""
    if spec.schema is not None:
        agent["output_type"] = Code("Answer")
        shape = "\nclass Answer(BaseModel):\n    answer: str\n\n\n"
    if plain.extensions:
        agent["model_settings"] = {"extra_body": plain.extensions}
    block = own.value.rpartition("\n")[0]  # without the name behind it
    made = f"agent = {call('Agent', agent, [Code(own.name)])}"
    asked = f"print(agent.run_sync({literal(plain.messages[-1]['content'])}).output)"
    imports = list(_needed_imports(block, with_schema=spec.schema is not None))
    code = "\n".join(imports) + f"\n\n{shape}{block}\n\n{made}\n{asked}\n"
    note = _note(model, spec, 'pip install "pydantic-ai-slim[openai]"', native=True)
    return Snippet("pydantic-ai", "pydantic-ai", "python", code, note, spec.prompt)


def _needed_imports(block: str, *, with_schema: bool) -> Iterator[str]:
    if "os.environ" in block:
        yield "import os\n"
    if with_schema:
        yield "from pydantic import BaseModel"
    yield "from pydantic_ai import Agent"
    for line in IMPORTS.splitlines():
        module, found, names = line.partition(" import ")
        if not found:
            continue
        needed = [name for name in names.split(", ") if f"{name}(" in block]
        if needed:
            yield f"{module} import {', '.join(needed)}"


def _curl(model: ExportedModel, spec: RunSpec, request: ChatRequest) -> Snippet:
    body = {
        "model": _sent_id(model, spec, request),
        "messages": request.messages,
        **request.parameters,
        **request.extensions,
    }
    url = f"{model.base_url.rstrip('/')}/chat/completions"
    lines = [
        f"curl -sS --globoff {shlex.quote(url)}",
        "-H 'Content-Type: application/json'",
    ]
    before = ""
    if model.key_variable:
        # Through a pipe, or everybody on the machine could read the key among the arguments of the program.
        before = f"printf 'Authorization: Bearer %s' \"${model.key_variable}\" |\n  "
        lines.append("-H @-")
    lines.append(f"--data-binary {shlex.quote(json.dumps(body, ensure_ascii=False, indent=2))}")
    code = before + " \\\n  ".join(lines) + "\n"
    shell = "For a POSIX shell; on Windows, Git Bash or WSL."
    return Snippet("curl", "curl", "bash", code, _note(model, spec, shell, native=True), spec.prompt)


# --------------------------------------------------------------------------------------------------------- what is said


def _sent_id(model: ExportedModel, spec: RunSpec, request: ChatRequest) -> str:
    """The model's ID as it goes over the wire of an OpenAI-compatible address."""
    if route_of(spec) in NATIVE_ROUTES:
        return model.model_id
    arguments = call_arguments(spec, request, with_usage=False, native_client=None)
    return str(arguments["model"]).partition("/")[2]


def _python(imports: Iterable[str], asking: str, model: ExportedModel, spec: RunSpec) -> str:
    reading, needs_json = _reading(model, spec)
    plain = sorted([*(["json"] if needs_json else []), *(["os"] if "os.environ[" in asking else [])])
    lines = [f"import {name}" for name in plain]
    own = [line if " " in line else f"import {line}" for line in imports]
    head = "\n".join(lines) + ("\n\n" if lines else "") + "\n".join(own)
    return f"{head}\n\n{asking}\n{reading}\n"


def _reading(model: ExportedModel, spec: RunSpec) -> tuple[str, bool]:
    """The lines that take the answer out of the response, as a run reads it."""
    provider = model.provider
    lines = ["message = response.choices[0].message"]
    mode = effective_mode(provider.structured_output_mode, provider.name) if spec.schema is not None else None
    if mode in TOOL_MODES:
        lines.append("answer = message.tool_calls[0].function.arguments if message.tool_calls else message.content")
    else:
        lines.append("answer = message.content")
    if provider.parser is not None:
        lines.append('thinking, tag, rest = answer.partition("</think>")')
        lines.append("answer = rest.strip() if tag else answer")
    elif provider.reasoning_capable:
        lines.append('print(getattr(message, "reasoning_content", None))')
    is_json = mode in TOOL_MODES or mode in JSON_OBJECT_MODES or mode is StructuredOutputMode.json_schema
    lines.append("print(json.loads(answer))" if is_json else "print(answer)")
    return "\n".join(lines), is_json


def _note(model: ExportedModel, spec: RunSpec, first: str, *, native: bool = False) -> str:
    """What the code needs, and what a run would be warned of."""
    words = [first if first.endswith(".") else f"{first}."]
    names = [name for name in _variables(model, spec) if name]
    if names:
        words.append(f"Set {' and '.join(names)} first.")
    else:
        words.append(_KEY_COMMENT)
    if native and route_of(spec) in NATIVE_ROUTES:
        words.append("It goes to the provider’s OpenAI-compatible address; Muster’s own runs use its own API.")
    words += warnings_for(spec)
    return " ".join(words)


def _variables(model: ExportedModel, spec: RunSpec) -> list[str]:
    if model.key_variable:
        return [model.key_variable]
    row = PROVIDER_BY_ID[str(model.provider.name)]
    values = {**spec.connection.secrets, **spec.connection.arguments}
    return [item.env_var for item in row.credentials if isinstance(values.get(item.argument), Code)]
