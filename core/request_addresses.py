"""What the address of a request says: the base URL of its endpoint, and the model where the address names one.

An address that is not known as one of a chat is refused with words: cut off by guessing, it would be no base URL.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from core.errors import MusterError
from core.providers import ModelProviderName

VARIABLE: Final = re.compile(
    r"\$\{(?:env:)?([A-Za-z_]\w*)[^}]*\}|\$env:([A-Za-z_]\w*)|\$([A-Za-z_]\w*)|%([A-Za-z_]\w*)%|\{\{\s*([A-Za-z_]\w*)\s*\}\}",
    re.IGNORECASE,
)
"""A variable, in every shell's form."""

_ENDINGS: Final = re.compile(r"/(?:chat/completions|completions|responses|messages|messages/count_tokens|models)$")
"""What stands behind the base URL in a request to an OpenAI-compatible endpoint, or to Anthropic."""

_BASE: Final = re.compile(r"(?:^|/(?:v\d+\w*|openai|openapi|serving-endpoints))$")
"""How a path ends that is a base URL's itself."""

_LEFT_OUT: Final = (
    (re.compile(r"/(?:images?|txt2img|img2img)(?:/|$)|/imagen[^/]*:\w+$"), "images"),
    (re.compile(r"/(?:audio|speech|text-to-speech|speech-to-text|transcriptions|tts|asr)(?:/|$)"), "audio"),
    (re.compile(r"/videos?(?:/|$)"), "videos"),
    (re.compile(r"/(?:embeddings?|embed)(?:/|$)|:(?:batch)?embedcontents?$|embed[^/]*:predict$"), "embeddings"),
    (re.compile(r"/moderations?(?:/|$)"), "moderation"),
    (re.compile(r"/(?:re-?rank(?:ing)?|score)(?:/|$)"), "reranking"),
)
"""By the path in lower case: what is asked there, and is no chat."""

_OTHER_MODELS: Final = (
    (re.compile(r"embed"), "embeddings"),
    (re.compile(r"rerank"), "reranking"),
    (re.compile(r"image|canvas|stability\."), "images"),
)
"""By the model’s ID, where one address asks models of every kind."""

_AZURE_VARIABLE: Final = re.compile(r"(?i)azure")
_AZURE_HOST: Final = re.compile(r"(?i)\.(?:openai\.azure\.com|cognitiveservices\.azure\.com|services\.ai\.azure\.com)$")
_LONGEST: Final = 4000
"""In characters; no server takes longer ones."""

_GEMINI_BASE: Final = "https://generativelanguage.googleapis.com/v1beta/openai"


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a request goes: to a built-in provider, or to a base URL; `model` is "" where the address names none."""

    base_url: str = ""
    model: str = ""
    provider_id: str | None = None
    is_plain: bool = False
    """Whether the address is the base URL itself, or a list of models: it does not say what is asked."""


def read_address(url: str) -> Asked:
    """What the address of a request says; a user and a query in it are left out.

    Raises:
        MusterError: it cannot be read, stands in a variable, or is not known as the address of a chat.
    """
    if len(url) > _LONGEST:
        raise MusterError("Its address is too long.", "Shorten it and paste it again.")
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host = parts.hostname or ""
    except ValueError:
        raise MusterError("Its address cannot be read.", "Correct it and paste it again.") from None
    path = parts.path.rstrip("/")
    for read in _PROVIDERS:
        if (asked := read(parts, host, path)) is not None:
            return asked
    place = parts.netloc.rpartition("@")[2]
    if VARIABLE.search(parts.netloc) or not place:
        raise MusterError("Its address stands in a variable.", "Write the address into the command.")
    asked_path, model = _compatible(host, path)
    if VARIABLE.search(asked_path):
        raise MusterError("Its address has a variable in it.", "Write the address into the command.")
    is_plain = path in (asked_path, f"{asked_path}/models")
    return Asked(f"{parts.scheme}://{place}{asked_path}", model, is_plain=is_plain)


def refuse_other_than_chat(asked_for: str) -> MusterError:
    """That something was asked for that no chat model gives, as an error to raise."""
    return MusterError(
        f"It asks for {asked_for}, and Muster keeps chat models.", "Paste a command that asks a model to chat."
    )


# ------------------------------------------------------------------------------------------------- built-in providers


def _azure(parts: SplitResult, host: str, path: str) -> Asked | None:
    """A deployment of Azure OpenAI, whose name is the model's ID there."""
    has_form = path.startswith("/openai/deployments/")
    variable = VARIABLE.match(parts.netloc)
    is_open = variable is not None and (has_form or _AZURE_VARIABLE.search(variable.group()) is not None)
    if not is_open and _AZURE_HOST.search(host) is None:
        if has_form:
            raise MusterError(
                "Its address has Azure’s form, and its host is not Azure’s.",
                "Add the provider by its base URL under Providers.",
            )
        return None
    deployment = re.match(r"/openai/deployments/([^/]+)(/(?:extensions/)?(?:chat/)?completions)?(?:/|$)", path)
    model = "" if deployment is None else unquote(deployment.group(1))
    if deployment is not None and deployment.group(2) is None:
        raise _no_chat(path.removeprefix(f"/openai/deployments/{deployment.group(1)}"))
    # The pages that explain it leave the resource open.
    is_open = is_open or not re.fullmatch(r"(?!your[-_]|example\.)[a-z0-9.-]+", host)
    address = "" if is_open else f"https://{host}"
    if deployment is not None or re.fullmatch(r"/openai/(?:chat/completions|responses|models)", path):
        return Asked(address, model, ModelProviderName.azure_openai)
    if not address and re.fullmatch(r"/openai/v1/(?:chat/completions|responses|models)", path):
        return Asked("", "", ModelProviderName.azure_openai)
    if address and re.fullmatch(r"/models/chat/completions", path):
        return Asked(f"{address}/openai/v1")
    return None


def _gemini(_parts: SplitResult, host: str, path: str) -> Asked | None:
    found = re.fullmatch(r"(?:/v\d\w*(?:/models(?:/([^/:]+):(?:streamG|g)enerateContent)?)?)?", path)
    if found is None or host != "generativelanguage.googleapis.com":
        return None
    model = unquote(found.group(1) or "")
    return Asked(_GEMINI_BASE, model, ModelProviderName.gemini_api, is_plain=not model)


def _vertex(_parts: SplitResult, host: str, path: str) -> Asked | None:
    found = re.fullmatch(
        r"/v\d\w*(?:/projects/[^/]+/locations/[^/]+)?/publishers/(?:google|anthropic)/models/([^/:]+)"
        r":(?:streamG|g)enerateContent"
        r"|/v\d\w*/projects/[^/]+/locations/[^/]+/publishers/anthropic/models/([^/:]+):(?:streamR|r)awPredict",
        path,
    )
    if found is None or not re.search(r"(?:^|[-.}])aiplatform\.googleapis\.com$", host):
        return None
    return Asked("", unquote(found.group(1) or found.group(2)), ModelProviderName.vertex)


def _bedrock(_parts: SplitResult, host: str, path: str) -> Asked | None:
    found = re.fullmatch(r"/model/(.+)/(converse(?:-stream)?|invoke(?:-with-response-stream)?)", path)
    if found is None or not re.fullmatch(r"bedrock-runtime\S*\.amazonaws\.com(?:\.cn)?", host):
        return None
    model = unquote(found.group(1))
    for pattern, asked_for in _OTHER_MODELS if found.group(2).startswith("invoke") else ():
        if pattern.search(model.lower()):
            raise refuse_other_than_chat(asked_for)
    return Asked("", model, ModelProviderName.amazon_bedrock)


_PROVIDERS: Final[tuple[Callable[[SplitResult, str, str], Asked | None], ...]] = (_azure, _gemini, _vertex, _bedrock)
"""Endpoints whose own form is not OpenAI’s. Which of them it is says the host, in part also one with a variable."""


# ------------------------------------------------------------------------------------------------ compatible endpoints

_OWN_FORMS: Final = (
    # Ollama’s own API; https://docs.ollama.com/api/openai-compatibility
    (re.compile(r""), re.compile(r"(.*)/api/(?:chat|generate|tags|show|ps|version)"), r"\1/v1"),
    # llama-server’s; tools/server/README.md of llama.cpp
    (re.compile(r""), re.compile(r"((?:/.*)?)/completion"), r"\1/v1"),
    # https://docs.cohere.com/docs/compatibility-api
    (re.compile(r"^api\.cohere\.(?:com|ai)$"), re.compile(r"(?:/v\d+(?:/(?:chat|models))?)?"), r"/compatibility/v1"),
    # https://docs.databricks.com/aws/en/machine-learning/model-serving/score-foundation-models
    (
        re.compile(r"\.(?:databricks\.com|azuredatabricks\.net)$"),
        re.compile(r"/serving-endpoints/(?P<model>[^/]+)/invocations"),
        r"/serving-endpoints",
    ),
    # https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility
    (
        re.compile(r"^api\.cloudflare\.com$"),
        re.compile(r"(/client/v4/accounts/[^/]+/ai)/run/(?P<model>@\w+/.+)"),
        r"\1/v1",
    ),
)
"""Host, path, and the path of the base URL at which the same server answers like OpenAI."""


def _compatible(host: str, path: str) -> tuple[str, str]:
    """The path of the base URL, and the model in the address."""
    if re.search(r"/anthropic(?:/v\d+)?(?:/messages(?:/count_tokens)?)?$", path):
        raise MusterError(
            "Its address takes requests in Anthropic’s form, which Muster sends to Anthropic alone.",
            "Add the provider by its OpenAI-compatible base URL under Providers.",
        )
    for hosts, form, base in _OWN_FORMS:
        if hosts.search(host) and (found := form.fullmatch(path)) is not None:
            base_path, model = found.expand(base), found.groupdict().get("model", "")
            return (base_path if not base_path.endswith("/v1/v1") else base_path.removesuffix("/v1")), unquote(model)
    if (ending := _ENDINGS.search(path)) is not None:
        return path[: ending.start()], ""
    if _BASE.search(path):
        return path, ""
    raise _no_chat(path)


def _no_chat(path: str) -> MusterError:
    for pattern, asked_for in _LEFT_OUT:
        if pattern.search(path.lower()):
            return refuse_other_than_chat(asked_for)
    return MusterError(
        "This is not the address of a chat.",
        "Paste a command whose address ends in /chat/completions, or give the base URL under Providers.",
    )
