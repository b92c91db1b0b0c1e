"""What an endpoint says beside its list of models: which documents are asked for, and to which models they belong.

Hints in the list tell whose server it is. Where they do not and the server is near, each known document is asked for
once; its shape then tells. A distant server is asked for no more than what its list or its provider suggests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from core.absent_documents import AbsentDocuments
from core.declaration_rules import DocumentKind, values_at
from core.declared import ENTRIES, RECOGNISED, Document
from core.endpoint_reading import EndpointReader, origin_of
from core.model_listing import Entries, entries_of, usable_id
from core.offered_models import DiscoverySpec
from core.providers import ModelListing, ModelProviderName

_AT_ONCE: Final = 6
"""Requests under way at one server for what it says of single models."""

_MOST_DESCRIBED: Final = 500

_K = DocumentKind

PLACES: Final[Mapping[DocumentKind, tuple[str, ...]]] = MappingProxyType(
    {
        _K.LLAMA_CPP: ("/props",),
        _K.SGLANG: ("/model_info", "/get_model_info"),
        _K.TABBY_API: ("/v1/model",),
        _K.LM_STUDIO: ("/api/v1/models", "/api/v0/models"),
        _K.LITELLM_PROXY: ("/model/info", "/v1/model/info"),
        _K.DOCKER: ("/models",),
        _K.VERSION: ("/version", "/api/version"),
    }
)
"""Where each document stands below the server's root, the first that has its shape counting."""

OWNERS: Final[Mapping[str, tuple[DocumentKind, ...]]] = MappingProxyType(
    {
        "llamacpp": (_K.LLAMA_CPP,),
        "vllm": (_K.VERSION,),
        "sglang": (_K.SGLANG,),
        "tabbyapi": (_K.TABBY_API,),
        "organization_owner": (_K.LM_STUDIO,),
        "docker": (_K.DOCKER,),
        "library": (_K.OLLAMA, _K.VERSION),
    }
)
"""Whose server it is, by `owned_by` in its list (in lower case), and which documents that one has."""

_NEAR: Final = (
    _K.LLAMA_CPP, _K.SGLANG, _K.TABBY_API, _K.LM_STUDIO, _K.LITELLM_PROXY, _K.OLLAMA, _K.VERSION,
)  # fmt: skip

_OF_THE_SERVER: Final = frozenset({_K.SGLANG, _K.VERSION})
"""Documents that hold for every model of the server."""


@dataclass(slots=True)
class Documents:
    """What was found out about an endpoint's models until now."""

    listed: Entries = field(default_factory=dict)
    shared: list[Document] = field(default_factory=list)
    single: dict[str, list[Document]] = field(default_factory=dict)

    def names(self) -> list[str]:
        """The models: those of the list, or where there is none, those that other documents name."""
        return list(self.listed or self.single)

    def of(self, model_id: str) -> list[Document]:
        """Everything that is said of one model, the list's entry first."""
        entry = self.listed.get(model_id)
        own = [(_K.LISTING, entry)] if entry is not None else []
        return [*own, *self.shared, *self.single.get(model_id, ())]

    def meant_by(self, model_id: str) -> str | None:
        """The name under which the endpoint lists what it runs for that model ID; None where it cannot be told.

        Ollama takes a name without a tag for its latest. A server of one model, which is not Ollama, runs that one
        whatever it is called.
        """
        names = {**self.listed, **self.single}
        if model_id in names:
            return model_id
        latest = f"{model_id}:latest"
        if latest in names:
            return latest
        sole = next(iter(names), None)
        if sole is None or len(names) > 1:
            return None
        chooses_by_name = any("digest" in document or kind is _K.OLLAMA for kind, document in self.of(sole))
        return None if chooses_by_name else sole

    def add(self, model_id: str, kind: DocumentKind, document: Mapping[str, Any]) -> None:
        """A document about one model; ignored where a list is there that does not name it."""
        if not self.listed or model_id in self.listed:
            self.single.setdefault(model_id, []).append((kind, document))


async def ask_documents(
    reader: EndpointReader,
    spec: DiscoverySpec,
    documents: Documents,
    *,
    is_near: bool,
    absent: AbsentDocuments | None = None,
) -> None:
    """Adds what the endpoint says beside its list. What arrived stays where this is broken off.

    With `absent` the documents are asked for one after the other, and those known not to be there not at all.
    """
    if not spec.asks_more:
        return
    if spec.provider_id == ModelProviderName.cerebras and spec.provider_type == "builtin":
        await _ask_public_list(reader, spec, documents)
    elif spec.provider_id == ModelProviderName.openrouter and spec.provider_type == "builtin":
        await _ask_hosts(reader, spec, documents)
    elif spec.listing in (ModelListing.OPENAI, ModelListing.OLLAMA) and _may_say_more(spec):
        kinds = _kinds_to_ask(spec, documents.listed, is_near=is_near)
        if absent is None:
            await asyncio.gather(*(_ask(reader, spec, documents, kind) for kind in kinds))
            return
        for kind in kinds:
            await _ask_unless_absent(reader, spec, documents, kind, absent)


async def _ask_unless_absent(
    reader: EndpointReader, spec: DiscoverySpec, documents: Documents, kind: DocumentKind, absent: AbsentDocuments
) -> None:
    # Another server may be at the address by the next time: it lists other models.
    endpoint = f"{root_of(spec.base_url)} {sorted(documents.listed)}"
    if absent.has(endpoint, kind):
        return
    found = False
    try:
        found = await _ask(reader, spec, documents, kind)
    finally:
        if not found:
            absent.note(endpoint, kind)


def _may_say_more(spec: DiscoverySpec) -> bool:
    return spec.provider_type == "custom" or spec.provider_id in (
        ModelProviderName.ollama,
        ModelProviderName.docker_model_runner,
    )


def _kinds_to_ask(spec: DiscoverySpec, listed: Entries, *, is_near: bool) -> tuple[DocumentKind, ...]:
    if spec.listing is ModelListing.OLLAMA and any("digest" in entry for entry in listed.values()):
        return (_K.OLLAMA, _K.VERSION)
    if spec.provider_id == ModelProviderName.docker_model_runner and spec.provider_type == "builtin":
        return (_K.DOCKER,)
    owners = {str(entry.get("owned_by", "")).lower() for entry in listed.values()}
    hinted = [kind for owner in sorted(owners) for kind in OWNERS.get(owner, ())]
    if hinted:
        return tuple(dict.fromkeys(hinted))
    # LiteLLM's proxy calls everything OpenAI's.
    return _NEAR if is_near else (_K.LITELLM_PROXY,) if owners == {"openai"} else ()


async def _ask(reader: EndpointReader, spec: DiscoverySpec, documents: Documents, kind: DocumentKind) -> bool:
    """Adds that document; whether it is there."""
    root = root_of(spec.base_url)
    if kind is _K.OLLAMA:
        return await _ask_ollama(reader, root, documents, spec)
    for place in PLACES[kind]:
        value = await reader.read_if_there(f"{root}{place}")
        if kind in ENTRIES:
            entries = ENTRIES[kind](value) if value is not None else {}
            for name, entry in entries.items():
                documents.add(name, kind, entry)
            if entries:
                return True
        elif isinstance(value, dict) and RECOGNISED[kind](value):
            _take(documents, kind, value)
            return True
    return False


def _take(documents: Documents, kind: DocumentKind, value: dict[str, Any]) -> None:
    """A document that names no model, or one: it belongs to all, or to that one."""
    if kind in _OF_THE_SERVER:
        documents.shared.append((kind, value))
        return
    named = [value.get(key) for key in ("id", "model_alias") if isinstance(value.get(key), str)]
    name = next((text for text in named if text in documents.listed), None)
    if name is None and len(documents.listed) == 1:
        name = next(iter(documents.listed))
    if name is None and not documents.listed:
        name = next((usable for text in named if isinstance(text, str) and (usable := usable_id(text))), None)
    if name is not None:
        documents.add(name, kind, value)


async def _ask_ollama(reader: EndpointReader, root: str, documents: Documents, spec: DiscoverySpec) -> bool:
    """/api/show of each model; /api/tags first where the list came from elsewhere. Whether it is Ollama."""
    names = list(documents.listed)
    if not any("digest" in entry for entry in documents.listed.values()):
        tags = await reader.read_if_there(f"{root}/api/tags")
        entries = entries_of(tags) or {}
        if not any("digest" in entry for entry in entries.values()):
            return False
        names = [name for name in entries if name in documents.listed] if documents.listed else list(entries)
        for name in names:
            documents.add(name, _K.LISTING, entries[name])
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def show(name: str) -> None:
        async with at_once:
            value = await reader.read_if_there(f"{root}/api/show", body={"model": name})
        if isinstance(value, dict) and RECOGNISED[_K.OLLAMA](value):
            documents.add(name, _K.OLLAMA, value)

    described = {meant for name in spec.describe for meant in (name, f"{name}:latest")}
    wanted = [name for name in names if not spec.describe or name in described]
    await asyncio.gather(*(show(name) for name in wanted[:_MOST_DESCRIBED]))
    return True


async def _ask_public_list(reader: EndpointReader, spec: DiscoverySpec, documents: Documents) -> None:
    """Cerebras says what its models can do in a list of its own, beside the one of the account."""
    entries = entries_of(await reader.read_if_there(f"{origin_of(spec.base_url)}/public/v1/models")) or {}
    for name, entry in entries.items():
        documents.add(name, _K.LISTING, entry)


async def _ask_hosts(reader: EndpointReader, spec: DiscoverySpec, documents: Documents) -> None:
    """OpenRouter's hosts of the described models: a run may go to any of them."""
    for name in spec.describe:
        entry = documents.listed.get(name)
        value = await reader.read_if_there(f"{spec.base_url.rstrip('/')}/models/{quote(name, safe='/:')}/endpoints")
        hosts = [host for host in values_at(value, "data.endpoints.*") if isinstance(host, dict)]
        if entry is not None and hosts:
            documents.listed[name] = narrowed(entry, hosts)


def narrowed(entry: Mapping[str, Any], hosts: list[dict[str, Any]]) -> dict[str, Any]:
    """OpenRouter's entry, which names what some host can, held to what each of them can.

    Tools are left as they are unless tested to fail: OpenRouter sends a run with tools only to hosts that take them.
    """
    lists = [host["supported_parameters"] for host in hosts if isinstance(host.get("supported_parameters"), list)]
    stated = entry.get("supported_parameters")
    parameters = list(stated) if isinstance(stated, list) else []
    if lists:
        parameters = [name for name in parameters if name == "tools" or all(name in known for known in lists)]
    choices = [host.get("supports_tool_choice") for host in hosts]
    tested = [choice for choice in choices if isinstance(choice, dict)]
    if tested and len(tested) == len(hosts) and not any(choice.get("auto") is True for choice in tested):
        parameters = [name for name in parameters if name != "tools"]
    return {**entry, "supported_parameters": parameters, "endpoints": hosts}


def root_of(base_url: str) -> str:
    """The server's root below which its own documents stand: the base URL without its version or engine."""
    root = base_url.rstrip("/").removesuffix("/v1").removesuffix("/api")
    head, found, _ = root.partition("/engines")
    return head if found else root
