"""What an endpoint offers: `OfferedModel`, where to ask for it (`DiscoverySpec`), and how two listings compare.

Apart from the asking, so that the window reads it without an HTTP client.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from core.providers import PROVIDER_BY_ID, ModelListing
from core.redaction import secrets_in

if TYPE_CHECKING:
    from core.registry import Registry

DISCOVERY_TIMEOUT_S: Final = 10.0
"""A list of models takes a hosted endpoint a second, a sleeping computer in the next room a few."""


FINGERPRINT_KEY: Final = "fingerprint"
"""Under this key of `OfferedModel.raw` stands what tells this configuration of the server from another."""


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """One model that an endpoint lists.

    `declared` maps fields of the schema to what the endpoint says of them; a field that is not there is unknown.
    `limits` holds tokens: `context_tokens` (as it is served now), `trained_context_tokens`, `output_tokens`. `raw` is
    the endpoint's own words, keys out and long texts shortened. `answers_chat` is False where the endpoint says that
    the model only embeds, ranks, draws or transcribes; None where it does not say.
    """

    model_id: str
    declared: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict, repr=False)
    answers_chat: bool | None = None

    def without_words(self) -> OfferedModel:
        """The same without `raw`."""
        return replace(self, raw={})

    def to_wire(self) -> dict[str, Any]:
        """Plain data."""
        return _values(self)

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> OfferedModel:
        """The inverse of `to_wire`."""
        return cls(**values)


@dataclass(frozen=True, slots=True)
class DiscoverySpec:
    """Where a listing is asked for, and with what.

    `base_url` is the address that runs go to; `url` the list's own address where it is not found from that.
    `arguments` are further settings by litellm's keyword, secrets among `secrets` only. `describe` names models that
    more is asked about, where that takes a request for each. Without `asks_more` the list alone is asked for.
    """

    provider_id: str
    listing: ModelListing
    base_url: str
    url: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    arguments: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = DISCOVERY_TIMEOUT_S
    describe: tuple[str, ...] = ()
    provider_type: str = "builtin"
    asks_more: bool = True

    @property
    def api_key(self) -> str | None:
        """The key that goes with the request."""
        return self.secrets.get("api_key")

    @property
    def known_secrets(self) -> tuple[str, ...]:
        """What no text may show: the secrets, and what an address that was written by hand carries of them."""
        return (*self.secrets.values(), *secrets_in(self.base_url))

    def to_wire(self) -> dict[str, Any]:
        """Plain data for the pipe to the engine process, secrets included."""
        return {
            **_values(self),
            "listing": str(self.listing),
            "secrets": dict(self.secrets),
            "arguments": dict(self.arguments),
            "describe": list(self.describe),
        }

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> DiscoverySpec:
        """The inverse of `to_wire`."""
        return cls(**{**values, "listing": ModelListing(values["listing"]), "describe": tuple(values["describe"])})


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server on this computer; `base_url` is what a custom provider would be given."""

    name: str
    base_url: str
    model_ids: tuple[str, ...]

    def to_wire(self) -> dict[str, Any]:
        """Plain data."""
        return {**_values(self), "model_ids": list(self.model_ids)}

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> LocalServer:
        """The inverse of `to_wire`."""
        return cls(values["name"], values["base_url"], tuple(values["model_ids"]))


class OfferComparison(NamedTuple):
    """An endpoint's models against the roll and against the last listing; each in the order of the listing."""

    new: tuple[OfferedModel, ...]
    """Not on the roll."""
    registered: tuple[OfferedModel, ...]
    gone: tuple[str, ...]
    """IDs of the last listing that this one lacks."""


def provider_type_of(registry: Registry, provider: str, provider_type: str | None = None) -> str:
    """Which kind of provider a name means, "builtin" or "custom": as given; else built-in names come first."""
    if provider_type is not None:
        return provider_type
    row = PROVIDER_BY_ID.get(provider)
    return "builtin" if row is not None and (row.runs or provider not in _custom_names(registry)) else "custom"


def compare_offers(
    registry: Registry,
    provider: str,
    offered: Iterable[OfferedModel],
    last_seen: Iterable[str] | None = None,
    *,
    provider_type: str | None = None,
) -> OfferComparison:
    """What is new, what is registered already, and what is gone since the last listing (None: there was none)."""
    kind = provider_type_of(registry, provider, provider_type)
    known = {
        entry.model_id for entry in registry.entries() if (entry.provider_type, entry.provider_id) == (kind, provider)
    }
    models = tuple(offered)
    ids = {model.model_id for model in models}
    return OfferComparison(
        tuple(model for model in models if model.model_id not in known),
        tuple(model for model in models if model.model_id in known),
        tuple(model_id for model_id in dict.fromkeys(last_seen or ()) if model_id not in ids),
    )


def _custom_names(registry: Registry) -> frozenset[str]:
    return frozenset(registry.document.provider_by_name)


def _values(value: Any) -> dict[str, Any]:
    return {item.name: getattr(value, item.name) for item in fields(value)}
