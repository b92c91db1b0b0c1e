"""Which models a provider offers, and what it declares about each: `discover`."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

import httpx

from core.absent_documents import ABSENT, AbsentDocuments
from core.declaration_rules import DocumentKind
from core.declared import offered_model
from core.discovery_preparation import prepare_discovery
from core.endpoint_documents import Documents, ask_documents
from core.endpoint_reading import EndpointReader, origin_of
from core.errors import FailureKind, RunError
from core.exchange import is_loopback
from core.failures import Endpoint, is_sendable, unanswered, unsendable_key
from core.model_listing import Entries, google_token, list_entries, request_headers
from core.offered_models import DISCOVERY_TIMEOUT_S, DiscoverySpec, OfferedModel, compare_offers
from core.providers import PROVIDER_BY_ID, ModelListing, ProviderKind

if TYPE_CHECKING:
    from core.registry import Registry

__all__ = ["OfferedModel", "compare_offers", "describe_model", "discover", "discover_spec", "prepare_discovery"]

_DOCUMENTS_TIMEOUT_S: Final = 5.0
"""For everything beside the list: a server that says something says it at once."""

_AT_A_TIME: Final = 100
"""Models that are read before others on the loop get their turn: about 10 ms."""

_WITHOUT_LIST: Final = frozenset({FailureKind.NOT_FOUND, FailureKind.NOT_JSON, FailureKind.BAD_REQUEST})


async def discover(
    registry: Registry,
    provider: str,
    *,
    provider_type: str | None = None,
    timeout_s: float = DISCOVERY_TIMEOUT_S,
) -> list[OfferedModel]:
    """The models that a provider lists, in its order, each once, with what the endpoint declares about it.

    `provider` is a built-in provider's ID or a custom one's name; where both exist, `provider_type` ("builtin",
    "custom") tells which.

    Raises:
        ProviderNotReady: a credential, the base URL or the provider itself is missing.
        RunError: the endpoint could not be asked; `.kind` and `.status` say how.
    """
    spec = await asyncio.to_thread(
        prepare_discovery, registry, provider, provider_type=provider_type, timeout_s=timeout_s
    )
    return await discover_spec(spec)


async def discover_spec(spec: DiscoverySpec) -> list[OfferedModel]:
    """The same, of a listing that was prepared.

    Raises:
        RunError: the endpoint could not be asked.
    """
    documents = await _documents_of(spec)
    secrets = spec.known_secrets
    offered = []
    for number, name in enumerate(documents.names(), start=1):
        offered.append(offered_model(name, documents.of(name), secrets))
        if number % _AT_A_TIME == 0:
            await asyncio.sleep(0)
    return offered


async def describe_model(spec: DiscoverySpec) -> OfferedModel | None:
    """What the endpoint declares about the one model that the spec names; None where it says nothing. Never raises.

    One request is in flight at a time, and none for what is known not to be there: a measurement asks, while others may
    use the server.
    """
    endpoint = spec.base_url
    if ABSENT.has(endpoint, DocumentKind.LISTING):
        return None
    is_there = False
    try:
        documents = await _documents_of(spec, absent=ABSENT)
        is_there = True
    except RunError:
        return None
    finally:
        if not is_there:
            ABSENT.note(endpoint, DocumentKind.LISTING)
    name = next((name for asked in spec.describe if (name := documents.meant_by(asked)) is not None), None)
    return offered_model(name, documents.of(name), spec.known_secrets) if name is not None else None


async def _documents_of(spec: DiscoverySpec, *, absent: AbsentDocuments | None = None) -> Documents:
    endpoint = Endpoint(_address_of(spec), secrets=spec.known_secrets)
    if not origin_of(spec.base_url):
        raise endpoint.error(
            FailureKind.OTHER, "The base URL is not a web address.", "Begin it with http:// or https://."
        )
    if not all(is_sendable(secret) for secret in spec.secrets.values()):
        raise unsendable_key(endpoint)
    documents = Documents()
    token, at_a_time = "", None if absent is None else 1
    try:
        async with asyncio.timeout(spec.timeout_s):
            if spec.listing is ModelListing.VERTEX:
                token = await google_token(endpoint)
            headers = request_headers(spec, token)
            async with EndpointReader(endpoint, spec.base_url, headers, spec.timeout_s, at_a_time=at_a_time) as reader:
                failure = await _list(reader, spec, documents.listed)
                with suppress(TimeoutError):  # what it says beside its list is welcome, not needed
                    async with asyncio.timeout(_DOCUMENTS_TIMEOUT_S):
                        await ask_documents(reader, spec, documents, is_near=is_near(spec.base_url), absent=absent)
    except TimeoutError:
        if not documents.names():
            raise unanswered(endpoint, spec.timeout_s) from None
        failure = None
    if failure is not None and not documents.names():
        raise failure
    return documents


async def _list(reader: EndpointReader, spec: DiscoverySpec, listed: Entries) -> RunError | None:
    """Fills the list; gives why there is none although the endpoint answers: other documents may name its models."""
    try:
        await list_entries(reader, spec, listed)
    except RunError as error:
        if error.kind not in _WITHOUT_LIST or spec.listing not in (ModelListing.OPENAI, ModelListing.OLLAMA):
            raise
        if spec.listing is ModelListing.OLLAMA:
            # The address of Ollama may lead to another server.
            compatible = replace(spec, listing=ModelListing.OPENAI, url=None)
            with suppress(RunError):
                await list_entries(reader, compatible, listed)
                return None
        return _without_list(error, reader.endpoint)
    return None


def _without_list(error: RunError, endpoint: Endpoint) -> RunError:
    if error.kind is not FailureKind.NOT_FOUND:
        return error
    return endpoint.error(
        FailureKind.NOT_FOUND,
        f"{endpoint.address} answers, but lists no models at this address.",
        "Check the base URL; most end in /v1. An endpoint without a list can still be used.",
        status=error.status,
        detail=error.detail,
    )


def is_near(base_url: str) -> bool:
    """Whether an address is of this computer or its own network, where a few more questions disturb nobody."""
    host = httpx.URL(base_url).host
    bare = "." not in host.strip(".") and ":" not in host
    if is_loopback(host) or bare or host.endswith((".local", ".internal")):
        return True
    try:
        return ip_address(host.strip("[]")).is_private
    except ValueError:
        return False


def origin_here(base_url: str) -> str:
    """The host and port that an address leads to, the same for all names of this computer."""
    url = httpx.URL(base_url)
    host = "localhost" if is_loopback(url.host) or url.host == "0.0.0.0" else url.host.lower()  # noqa: S104 - reads it
    return f"{host}:{url.port or (443 if url.scheme == 'https' else 80)}"


def _address_of(spec: DiscoverySpec) -> str:
    row = PROVIDER_BY_ID.get(spec.provider_id) if spec.provider_type == "builtin" else None
    if row is not None and row.kind is ProviderKind.HOSTED and spec.listing is not ModelListing.AZURE:
        return row.display_name
    return origin_of(spec.base_url)
