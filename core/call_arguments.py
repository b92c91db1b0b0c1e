"""From a request to the arguments of litellm's call: which prefix wants what where.

Facts about litellm are those of 1.106.2, each found by sending to a server on loopback in November 2026.
"""

from __future__ import annotations

from typing import Any, Final

from core.providers import NATIVE_ROUTES, ModelProviderName
from core.request_building import ChatRequest
from core.run_spec import RunSpec

_OPENAI_CLIENT_ROUTES: Final = frozenset({"openai", "azure", "cerebras", "featherless_ai", "huggingface"})
"""Prefixes that litellm serves through the OpenAI library, whose HTTP client is `litellm.aclient_session`."""

HUGGINGFACE_ROUTER: Final = "https://router.huggingface.co/v1"

_CALL_PARAMETERS: Final = (
    "temperature",
    "top_p",
    "max_tokens",
    "response_format",
    "tools",
    "tool_choice",
    "logprobs",
    "top_logprobs",
    "reasoning_effort",
    "stream_options",
)


def call_arguments(spec: RunSpec, request: ChatRequest, *, with_usage: bool, native_client: object) -> dict[str, Any]:
    """The keyword arguments of litellm's call.

    `native_client` is the HTTP client of the routes that do not use the OpenAI library. For an endpoint with OpenAI's
    API the whole body goes through `extra_body`, so that what was asked is what is sent.
    """
    connection, route = spec.connection, route_of(spec)
    parameters = dict(request.parameters)
    arguments: dict[str, Any] = {
        "model": connection.model,
        "messages": request.messages,
        "stream": True,
        "timeout": spec.timeout_s,
        "no-log": True,
        "_skip_mcp_handler": True,
        **connection.arguments,
        **connection.secrets,
    }
    if with_usage:
        # An argument of litellm's own, or it keeps the count to itself.
        arguments["stream_options"] = {"include_usage": True}
        if route not in NATIVE_ROUTES:
            arguments["allowed_openai_params"] = ["stream_options"]
    if connection.api_base is not None:
        arguments["api_base"] = connection.api_base
    if connection.headers:
        arguments["extra_headers"] = dict(connection.headers)
    if route in _OPENAI_CLIENT_ROUTES:
        arguments["max_retries"] = 0
    else:
        arguments["client"] = native_client
    if route == "bedrock":
        arguments["model"] = f"bedrock/{_bedrock_model(connection.model.partition('/')[2])}"
    if route in NATIVE_ROUTES:
        return arguments | parameters | _native_extensions(route, request.extensions)
    if spec.provider.name is ModelProviderName.openai:
        # OpenAI's own service: litellm knows which of its models want max_completion_tokens or another API.
        arguments |= parameters | {"allowed_openai_params": list(_CALL_PARAMETERS)}
        if request.extensions:
            arguments["extra_body"] = request.extensions
        return arguments
    body: dict[str, Any] = {"messages": request.messages, **parameters, **request.extensions}
    if route == "azure" and "max_tokens" in body:
        arguments["max_tokens"] = body.pop("max_tokens")
    # WORKAROUND litellm (1.106.2): it drops, renames and reroutes by model name ("gpt-5-local" loses its temperature)
    # also for other people's servers. What stands in `extra_body` it leaves alone, messages too; remove when a route
    # leaves requests as they are.
    arguments["_skip_responses_api_bridge"] = True
    if route == "huggingface":
        # WORKAROUND litellm (1.106.2): on its own route it asks huggingface.co about the model, five times a run and in
        # the way of the event loop; remove when it no longer does.
        arguments["model"] = f"openai/{_huggingface_model(connection.model.partition('/')[2])}"
        arguments.setdefault("api_base", HUGGINGFACE_ROUTER)
    arguments["extra_body"] = body
    return arguments


def _huggingface_model(model_id: str) -> str:
    """The router's own form of "together/org/name", which litellm's users know: "org/name:together"."""
    provider, _, rest = model_id.partition("/")
    return f"{rest}:{provider}" if "/" in rest else model_id


_BEDROCK_WAYS: Final = ("converse/", "invoke/", "converse_like/", "llama/", "deepseek_r1/", "openai/", "agent/")


def _bedrock_model(model_id: str) -> str:
    """A Bedrock model by its Converse API, where nothing names another way.

    WORKAROUND litellm (1.106.2): a model that it does not know goes another way, for which it asks huggingface.co about
    prompt templates; remove when it no longer does. Imported models have no Converse API.
    """
    if model_id.startswith(_BEDROCK_WAYS) or ":imported-model/" in model_id:
        return model_id
    return f"converse/{model_id}"


def _native_extensions(route: str, extensions: dict[str, Any]) -> dict[str, Any]:
    """Extensions where the API is not OpenAI's: `thinking` and Gemini's `reasoning` in litellm's terms."""
    rest = dict(extensions)
    arguments: dict[str, Any] = {}
    if "thinking" in rest:
        arguments["thinking"] = rest.pop("thinking")
    if route in ("gemini", "vertex_ai") and rest.pop("reasoning", {}).get("enabled"):
        arguments.setdefault("thinking", {"type": "enabled"})
    if rest:
        arguments["extra_body"] = rest
    return arguments


def route_of(spec: RunSpec) -> str:
    """Litellm's prefix: which of its ways the run takes."""
    return spec.connection.model.partition("/")[0]


def is_openai_shaped(spec: RunSpec) -> bool:
    """Whether the endpoint itself speaks OpenAI's API, so that litellm translates nothing."""
    return route_of(spec) not in NATIVE_ROUTES
