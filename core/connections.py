"""Where a run goes and what it takes along: address, credentials and headers for one resolved model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from core.credentials import CUSTOM_KEY
from core.custom_providers import call_address, is_web_address
from core.errors import ProviderNotReady, UnresolvableEntry
from core.providers import PROVIDER_BY_ID, ModelProviderName, ProviderRow
from core.redaction import secrets_in

if TYPE_CHECKING:
    from core.registry import Registry
    from core.resolver import Resolved

NO_KEY: Final = "NA"
"""Sent where an endpoint wants no key but the client insists on one (kiln-ai 1.2.0 sends the same)."""

BEDROCK_REGION: Final = "us-west-2"
"""Where Bedrock's models run (kiln-ai 1.2.0 uses the same; there is no setting for it in the file)."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What litellm needs beside the messages.

    `model` is litellm's model string ("openai/llama3"). `secrets` and `arguments` are keyword arguments of the call
    (`api_key`, `aws_access_key_id`, … and `vertex_project`, …); secrets never show in `repr`. `api_base` is None
    where litellm knows the address.
    """

    model: str
    api_base: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    arguments: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def known_secrets(self) -> tuple[str, ...]:
        """What no text may show: the secrets, and what an address that was written by hand carries of them."""
        return (*self.secrets.values(), *secrets_in(self.api_base))

    def to_wire(self) -> dict[str, Any]:
        """Plain data for the pipe to the engine process, secrets included."""
        return {
            "model": self.model,
            "api_base": self.api_base,
            "secrets": dict(self.secrets),
            "arguments": dict(self.arguments),
            "headers": dict(self.headers),
        }

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> Connection:
        """The inverse of `to_wire`."""
        return cls(
            data["model"], data["api_base"], dict(data["secrets"]), dict(data["arguments"]), dict(data["headers"])
        )


def credential_values(registry: Registry, provider_id: str) -> dict[str, str]:
    """The built-in provider's credentials by litellm keyword; secrets among them. May wait for the keyring.

    Raises:
        ProviderNotReady: a required one is missing.
    """
    row = PROVIDER_BY_ID[provider_id]
    found: dict[str, str] = {}
    for credential in row.credentials:
        value = registry.credentials.value("builtin", provider_id, credential.config_key)
        if value is None and credential.required:
            raise ProviderNotReady(
                f"{row.display_name} has no {credential.label}.",
                f"Set it under Providers, or in {credential.env_var}.",
                provider_id=provider_id,
            )
        if credential.argument and (value or credential.default):
            found[credential.argument] = value or credential.default or ""
    return found


def custom_endpoint(registry: Registry, name: str) -> tuple[str, str | None]:
    """Address and key of a custom provider, None where it has no key. May wait for the keyring.

    Raises:
        ProviderNotReady: there is none of that name, or its base URL is missing or no address.
    """
    provider = registry.document.provider_by_name.get(name)
    if provider is None:
        raise ProviderNotReady(f"There is no custom provider “{name}”.", "Add it under Providers.", provider_id=name)
    if not provider.base_url.strip():
        raise ProviderNotReady(
            f"The custom provider “{name}” has no base URL.", "Add it under Providers.", provider_id=name
        )
    address = call_address(provider.base_url)
    _check_address(address, f"the custom provider “{name}”", name)
    return address, registry.credentials.value("custom", name, CUSTOM_KEY)


def _custom_connection(registry: Registry, name: str, model_id: str) -> Connection:
    address, key = custom_endpoint(registry, name)
    return Connection(f"openai/{model_id}", address, {"api_key": key or NO_KEY})


def _check_address(address: str, whose: str, provider_id: str) -> None:
    if not is_web_address(address):
        raise ProviderNotReady(
            f"The base URL of {whose} is not an http or https address.",
            "Correct it under Providers.",
            provider_id=provider_id,
        )


def connection_for(registry: Registry, resolved: Resolved) -> Connection:
    """Where a run of this model goes. May wait for the keyring.

    Raises:
        ProviderNotReady: a credential, the base URL or the custom provider is missing.
        UnresolvableEntry: the provider's models do not run here, or there is no model ID.
    """
    provider = resolved.provider
    model_id = (provider.model_id or "").strip()
    if not model_id:
        raise UnresolvableEntry(
            "The model has no ID.", "Edit it and type the exact ID that the provider uses.", field="model_id"
        )
    if provider.name is ModelProviderName.openai_compatible and provider.openai_compatible_provider_name is not None:
        return _custom_connection(registry, provider.openai_compatible_provider_name, model_id)
    row = PROVIDER_BY_ID[str(provider.name)]
    if not row.runs or row.litellm_prefix is None:
        raise UnresolvableEntry(
            f"{row.display_name} models cannot be run here.", "Choose a model of another provider.", field="provider_id"
        )
    return builtin_connection(row, model_id, credential_values(registry, str(provider.name)))


def builtin_connection(row: ProviderRow, model_id: str, values: Mapping[str, str]) -> Connection:
    """Where a run at a built-in provider goes, with credentials by litellm keyword.

    Raises:
        ProviderNotReady: its base URL is no address.
    """
    values = dict(values)
    base_url = values.pop("api_base", None) or row.base_url
    if base_url is not None:
        base_url = base_url.rstrip("/")
        if row.base_url_suffix and not base_url.endswith(row.base_url_suffix):
            base_url += row.base_url_suffix
        _check_address(base_url, row.display_name, str(row.name))
    secret_arguments = {credential.argument for credential in row.credentials if credential.secret}
    secrets = {name: value for name, value in values.items() if name in secret_arguments}
    if row.placeholder_key and "api_key" not in secrets:
        secrets["api_key"] = row.placeholder_key
    arguments = {name: value for name, value in values.items() if name not in secret_arguments}
    if row.name is ModelProviderName.amazon_bedrock:
        arguments["aws_region_name"] = BEDROCK_REGION
    headers = {"X-Title": "Muster"} if row.attribution_headers else {}
    return Connection(f"{row.litellm_prefix}/{model_id}", base_url, secrets, arguments, headers)
