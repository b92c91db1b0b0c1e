"""What environment variables say about providers: which are ready, and which endpoints could be added.

Keys are looked for by name; their values are never taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from core.errors import MusterError
from core.exporters.shape import ReadProvider
from core.import_checks import checked_place
from core.import_plans import Source
from core.providers import PROVIDERS, CredentialField, ProviderRow

KNOWN_ENDPOINTS: Final = (
    ("DeepSeek", "https://api.deepseek.com/v1", ("DEEPSEEK_API_KEY",)),
    ("Mistral", "https://api.mistral.ai/v1", ("MISTRAL_API_KEY",)),
    ("Moonshot", "https://api.moonshot.ai/v1", ("MOONSHOT_API_KEY",)),
    ("Nebius", "https://api.studio.nebius.ai/v1", ("NEBIUS_API_KEY",)),
    ("Novita", "https://api.novita.ai/v3/openai", ("NOVITA_API_KEY",)),
    ("Perplexity", "https://api.perplexity.ai", ("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY")),
    ("SambaNova", "https://api.sambanova.ai/v1", ("SAMBANOVA_API_KEY",)),
    ("DeepInfra", "https://api.deepinfra.com/v1/openai", ("DEEPINFRA_API_KEY",)),
    ("xAI", "https://api.x.ai/v1", ("XAI_API_KEY",)),
)
"""OpenAI-compatible hosts that are no built-in provider, and the variables of their keys (litellm 1.106, 2026-11)."""

_ADDRESSES: Final = (
    ("OPENAI_BASE_URL", "", "OPENAI_API_KEY"),
    ("OPENAI_API_BASE", "", "OPENAI_API_KEY"),
    ("LITELLM_PROXY_API_BASE", "LiteLLM Proxy", "LITELLM_PROXY_API_KEY"),
    ("LM_STUDIO_API_BASE", "LM Studio", "LM_STUDIO_API_KEY"),
    ("HOSTED_VLLM_API_BASE", "vLLM", "HOSTED_VLLM_API_KEY"),
    ("OLLAMA_BASE_URL", "Ollama", ""),
    ("OLLAMA_API_BASE", "Ollama", ""),
    ("OLLAMA_HOST", "Ollama", ""),
)
"""Variables that hold an address: what it is called, and which variable holds its key."""

_LINE: Final = re.compile(
    r"^\s*(?:export\s+|set\s+|setx\s+|\$env:)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*;?\s*$", re.IGNORECASE
)


def read_variables(text: str) -> dict[str, str]:
    """The variables of a `.env` file, or of lines that set some; of several of one name the last."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = None if line.lstrip().startswith("#") else _LINE.match(line)
        if match is not None:
            name, value = match.groups()
            if value[:1] in ('"', "'") and value.find(value[0], 1) > 0:
                value = value[1 : value.find(value[0], 1)]
            else:
                value = value.partition(" #")[0].strip()
            found[name] = value
    return found


def read_environment(
    variables: Mapping[str, str], title: str, *, own: Mapping[str, str] | None = None, place: str = "the environment"
) -> Source:
    """The endpoints that the variables lead to; which built-in providers are ready is told in the notes.

    `own` is this program's environment where the variables are those of a text, which is called `place`: a key that
    stands only there is none that a run would find.
    """
    providers: list[ReadProvider] = []
    problems: list[str] = []
    for variable, name, key in _ADDRESSES:
        address = variables.get(variable, "").strip()
        if not address:
            continue
        if name == "Ollama":
            address = ollama_address(address)
        try:
            found = key if _is_set(variables, key) else ""
            holds_key = _stands_only_there(found, own)
            providers.append(checked_place(ReadProvider(name, address, None, found, holds_key=holds_key))[0])
        except MusterError as error:
            problems.append(f"{variable}: {error.title}")
    providers += [
        ReadProvider(name, address, None, key, holds_key=_stands_only_there(key, own))
        for name, address, keys in KNOWN_ENDPOINTS
        for key in keys
        if _is_set(variables, key)
    ]
    notes: list[str] = []
    for row in PROVIDERS:
        if row.runs and any(_is_set(variables, field.env_var) for field in row.needs()):
            standing = [field for field in row.needs() if own is not None and not _is_set(own, field.env_var)]
            there = [field for field in standing if _is_set(variables, field.env_var)]
            asked = variables if own is None else own
            notes.append(_standing_words(row, there, standing, place) if there else _ready_words(row, asked))
            secret = next((field.env_var for field in there if field.secret), "")
            if secret:
                providers.append(ReadProvider("", "", str(row.name), secret, holds_key=True))
    if not (providers or notes or problems):
        problems.append(
            f"{place[:1].upper()}{place[1:]} names no endpoint, and no key of a provider that Muster knows."
        )
    return Source("environment", title, (), tuple(dict.fromkeys(providers)), tuple(problems), tuple(notes))


def _ready_words(row: ProviderRow, variables: Mapping[str, str]) -> str:
    """Whether the variables have what the provider needs."""
    needed = [field.env_var for field in row.needs()]
    missing = [name for name in needed if not _is_set(variables, name)]
    if missing:
        return f"{row.display_name} is not ready: {_listed(missing, 'is', 'are')} not set."
    return f"{row.display_name} is ready: {_listed(needed, 'is', 'are')} set."


def _standing_words(
    row: ProviderRow, there: Sequence[CredentialField], standing: Sequence[CredentialField], place: str
) -> str:
    """What of the provider's needs stands in a text only, and what not even there."""
    is_one = len(there) == 1
    words = (
        f"{_listed([field.env_var for field in there], 'stands', 'stand')} in {place} and {'is' if is_one else 'are'}"
    )
    missing = [field.env_var for field in standing if field not in there]
    more = f" {_listed(missing, 'is', 'are')} not set." if missing else ""
    return f"{row.display_name}: {words} not taken over.{more}"


def _listed(names: Sequence[str], one: str, several: str) -> str:
    return f"{' and '.join(names)} {one if len(names) == 1 else several}"


def _is_set(variables: Mapping[str, str], name: str) -> bool:
    return bool(name and variables.get(name, "").strip())


def _stands_only_there(name: str, own: Mapping[str, str] | None) -> bool:
    return bool(name) and own is not None and not _is_set(own, name)


def ollama_address(host: str) -> str:
    """The OpenAI-compatible address of an Ollama server, from what `OLLAMA_HOST` may say: a host, a port, or both."""
    text = host.strip().rstrip("/")
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    place, slash, path = rest.partition("/")
    if re.fullmatch(r":?\d+", place):
        place = f"127.0.0.1:{place.lstrip(':')}"
    elif not re.search(r":\d+$", place) and scheme == "http":
        place = f"{place}:11434"
    # The address to listen on, seen from a client.
    place = re.sub(r"^(?:0\.0\.0\.0|\[::\])(?=:|$)", "127.0.0.1", place)
    base = f"{scheme}://{place}{slash}{path}"
    return base if base.endswith("/v1") else f"{base}/v1"
