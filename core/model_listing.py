"""How each kind of endpoint lists its models: the request, the pages, and the entries in whatever shape they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from core.connections import BEDROCK_REGION
from core.endpoint_reading import EndpointReader
from core.errors import FailureKind, RunError
from core.failures import Endpoint, not_json
from core.offered_models import DiscoverySpec
from core.providers import ModelListing

ANTHROPIC_VERSION: Final = "2023-06-01"
AZURE_VERSION: Final = "2024-10-21"
AZURE_DEPLOYMENTS_VERSION: Final = "2023-03-15-preview"
"""The last version of Azure's data plane that lists deployments, which are what a run names."""

_MOST_PAGES: Final = 200
_MOST_MODELS: Final = 50_000
_LONGEST_ID: Final = 500

Entries = dict[str, dict[str, Any]]
"""Model ID → what the list says of it, in the list's order."""


@dataclass(frozen=True, slots=True)
class Paging:
    """How the next page is asked for: `token` takes it from a page, `parameter` carries it."""

    parameter: str
    token: Callable[[Mapping[str, Any]], Any]


def _last_id(page: Mapping[str, Any]) -> Any:
    if page.get("has_more") is not True:
        return None
    items = page.get("data")
    last = items[-1] if isinstance(items, list) and items else None
    return page.get("last_id") or (last.get("id") if isinstance(last, dict) else None)


_PAGING: Final[Mapping[ModelListing, Paging]] = MappingProxyType(
    {
        ModelListing.OPENAI: Paging("after", _last_id),
        ModelListing.ANTHROPIC: Paging("after_id", _last_id),
        ModelListing.GEMINI: Paging("pageToken", lambda page: page.get("nextPageToken")),
        ModelListing.VERTEX: Paging("pageToken", lambda page: page.get("nextPageToken")),
        ModelListing.BEDROCK: Paging("nextToken", lambda page: page.get("nextToken")),
    }
)

_PARAMETERS: Final[Mapping[ModelListing, Mapping[str, str]]] = MappingProxyType(
    {
        ModelListing.ANTHROPIC: {"limit": "1000"},
        ModelListing.GEMINI: {"pageSize": "1000"},
        ModelListing.VERTEX: {"pageSize": "300"},
        ModelListing.AZURE: {"api-version": AZURE_VERSION},
    }
)


def request_headers(spec: DiscoverySpec, token: str | None = None) -> dict[str, str]:
    """The headers that every request to the endpoint carries, the key among them."""
    key = spec.api_key
    match spec.listing:
        case ModelListing.ANTHROPIC:
            return {"anthropic-version": ANTHROPIC_VERSION} | ({"x-api-key": key} if key else {})
        case ModelListing.GEMINI:
            return {"x-goog-api-key": key} if key else {}
        case ModelListing.AZURE:
            return {"api-key": key} if key else {}
        case ModelListing.VERTEX:
            project = spec.arguments.get("vertex_project")
            bearer = {"Authorization": f"Bearer {token}"} if token else {}
            return bearer | ({"x-goog-user-project": project} if project else {})
        case ModelListing.BEDROCK:
            return {}
        case _:
            return {"Authorization": f"Bearer {key}"} if key else {}


def listing_url(spec: DiscoverySpec) -> str:
    """The address of the list of models."""
    if spec.url:
        return spec.url
    base_url = spec.base_url.rstrip("/")
    match spec.listing:
        case ModelListing.OLLAMA:
            return f"{base_url.removesuffix('/v1')}/api/tags"
        case ModelListing.AZURE:
            return f"{base_url}/openai/models"
        case ModelListing.BEDROCK:
            return f"{base_url}/foundation-models"
        case ModelListing.VERTEX:
            return f"{base_url}/v1beta1/publishers/google/models"
        case _:
            return f"{base_url}/models"


async def list_entries(reader: EndpointReader, spec: DiscoverySpec, found: Entries) -> None:
    """Adds the models that the endpoint lists, every page of it as it comes: what came stays where it is broken off.

    Raises:
        RunError: there is no such list, or a page of it could not be had.
    """
    if spec.listing is ModelListing.AZURE:
        found |= await _azure_deployments(reader, spec)
        if found:
            return
    await _add_pages(reader, spec, listing_url(spec), found)
    if spec.listing is ModelListing.BEDROCK and not spec.url:
        found |= await _bedrock_profiles(reader, spec, found)


async def _add_pages(reader: EndpointReader, spec: DiscoverySpec, url: str, found: Entries) -> None:
    paging = _PAGING.get(spec.listing)
    parameters = dict(_PARAMETERS.get(spec.listing, {}))
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        page = await reader.read(url, parameters, headers=_signed(spec, url, parameters))
        entries = entries_of(page)
        if entries is None:
            raise not_json(reader.endpoint, b"")
        before = len(found)
        for model_id, entry in list(entries.items())[: _MOST_MODELS - before]:
            found.setdefault(model_id, entry)
        token = paging.token(page) if paging is not None and isinstance(page, dict) else None
        if not isinstance(token, str) or not token or token in seen or len(found) >= _MOST_MODELS:
            return
        if entries and len(found) == before:
            return  # the same page again: a server that does not know the parameter
        seen.add(token)
        if paging is not None:
            parameters[paging.parameter] = token


def entries_of(value: Any) -> Entries | None:
    """The entries of a list of models by ID, in any of the shapes in use; None where it is no such list."""
    items = value
    if isinstance(value, dict):
        keys = ("data", "models", "modelSummaries", "publisherModels", "inferenceProfileSummaries", "result")
        items = next((value[key] for key in keys if isinstance(value.get(key), list)), None)
        if items is None and value.get("object") == "list" and value.get("data", ()) is None:
            items = []  # Go's empty list
        if items is None and value.keys() <= {"nextPageToken"} and value:
            items = []  # Google leaves an empty list out
    if not isinstance(items, list):
        return None
    found: Entries = {}
    for model_id, entry in _named(items):
        found.setdefault(model_id, entry)
    return found


def _named(items: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in items:
        if isinstance(item, str):
            model_id: Any = item
            entry: dict[str, Any] = {}
        elif isinstance(item, dict):
            names = ("id", "model", "key", "modelId", "inferenceProfileId", "model_name", "name")
            model_id = next((item[key] for key in names if isinstance(item.get(key), str) and item[key].strip()), None)
            entry = item
        else:
            continue
        if isinstance(model_id, str) and (usable := usable_id(model_id)):
            yield usable, entry


def usable_id(text: str) -> str | None:
    """A model's ID as a run names it; None where no run could."""
    if text.startswith("publishers/"):
        text = text.rpartition("/")[2]
    text = text.strip().removeprefix("models/")
    return text if text and len(text) <= _LONGEST_ID and text.isprintable() else None


async def _azure_deployments(reader: EndpointReader, spec: DiscoverySpec) -> Entries:
    """What is deployed, which is what a run names; empty where the resource does not tell."""
    url = f"{spec.base_url.rstrip('/')}/openai/deployments"
    page = await reader.read_if_there(url, {"api-version": AZURE_DEPLOYMENTS_VERSION})
    return (entries_of(page) or {}) if page is not None else {}


async def _bedrock_profiles(reader: EndpointReader, spec: DiscoverySpec, models: Entries) -> Entries:
    """Inference profiles, under which Bedrock serves its newer models, each with what its model can do."""
    url = f"{spec.base_url.rstrip('/')}/inference-profiles"
    profiles: Entries = {}
    try:
        await _add_pages(reader, spec, url, profiles)
    except RunError:
        return {}
    return {name: {**models.get(name.partition(".")[2], {}), **entry} for name, entry in profiles.items()}


# ---------------------------------------------------------------------------------------------------------- credentials


def _signed(spec: DiscoverySpec, url: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """AWS' signature for a GET request; nothing for the others."""
    access, secret = spec.secrets.get("aws_access_key_id"), spec.secrets.get("aws_secret_access_key")
    if spec.listing is not ModelListing.BEDROCK or not access or not secret:
        return {}
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(parameters.items()))
    request = AWSRequest("GET", f"{url}?{query}" if query else url)
    region = spec.arguments.get("aws_region_name", BEDROCK_REGION)
    SigV4Auth(Credentials(access, secret), "bedrock", region).add_auth(request)
    return dict(request.headers.items())


async def google_token(endpoint: Endpoint) -> str:
    """A token of the person's own Google credentials. Asks Google for one, in a thread.

    Raises:
        RunError: there are none, or Google refused them.
    """
    token = await asyncio.to_thread(_google_token)
    if token is None:
        raise endpoint.error(
            FailureKind.AUTH,
            "Google's credentials were not found on this computer.",
            "Run: gcloud auth application-default login",
        )
    return token


def _google_token() -> str | None:
    import google.auth
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    credentials: Any
    try:
        credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
        credentials.refresh(Request())
    except GoogleAuthError:
        return None
    return credentials.token if isinstance(credentials.token, str) else None
