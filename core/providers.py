"""One frozen row for each provider that a model can come from.

Source of names, configuration keys, environment variables and litellm model strings: kiln-ai 1.2.0, read on 2026-11-12.
Everything else about a provider is a loop over these rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class ModelProviderName(StrEnum):
    """Every provider name that a settings file may hold."""

    openai = "openai"
    groq = "groq"
    amazon_bedrock = "amazon_bedrock"
    ollama = "ollama"
    openrouter = "openrouter"
    fireworks_ai = "fireworks_ai"
    kiln_fine_tune = "kiln_fine_tune"
    kiln_custom_registry = "kiln_custom_registry"
    openai_compatible = "openai_compatible"
    anthropic = "anthropic"
    gemini_api = "gemini_api"
    azure_openai = "azure_openai"
    huggingface = "huggingface"
    vertex = "vertex"
    together_ai = "together_ai"
    siliconflow_cn = "siliconflow_cn"
    cerebras = "cerebras"
    docker_model_runner = "docker_model_runner"
    featherless_ai = "featherless_ai"
    typesafe = "typesafe"


class ProviderKind(StrEnum):
    """Where a provider's models run."""

    HOSTED = "hosted"
    LOCAL = "local"
    VIRTUAL = "virtual"
    UNSUPPORTED = "unsupported"


class ModelListing(StrEnum):
    """How an endpoint tells which models it has."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"
    OLLAMA = "ollama"
    AZURE = "azure"
    BEDROCK = "bedrock"
    VERTEX = "vertex"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One thing that a provider needs to know about the person.

    `config_key` is its key in the settings file, `env_var` the environment variable that holds it too. `argument` is
    the keyword under which litellm takes it. A secret is never shown, logged or exported.
    """

    config_key: str
    env_var: str
    label: str
    argument: str
    secret: bool = True
    required: bool = True
    default: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """What Muster knows of one provider.

    `litellm_prefix` stands before the model ID in litellm's model string, None where a model does not run. `base_url`
    is the address used where the person sets none, None where litellm knows it. `placeholder_key` is sent where the
    endpoint wants no key but the client insists on one. `catalogue_providers` are the names that litellm's model map
    uses for it.
    """

    name: ModelProviderName
    display_name: str
    kind: ProviderKind
    litellm_prefix: str | None
    credentials: tuple[CredentialField, ...] = ()
    base_url: str | None = None
    base_url_suffix: str = ""
    placeholder_key: str | None = None
    key_page: str | None = None
    listing: ModelListing = ModelListing.NONE
    listing_url: str | None = None
    catalogue_providers: tuple[str, ...] = ()
    attribution_headers: bool = False

    @property
    def runs(self) -> bool:
        """Whether a model of this provider can be run directly."""
        return self.kind in (ProviderKind.HOSTED, ProviderKind.LOCAL)

    @property
    def secret_field(self) -> CredentialField | None:
        """The credential that is sent as the key, where there is exactly such a one."""
        return next((field for field in self.credentials if field.argument == "api_key"), None)

    @property
    def base_url_field(self) -> CredentialField | None:
        """The setting that moves the endpoint, where there is one."""
        return next((field for field in self.credentials if field.argument == "api_base"), None)

    def needs(self) -> tuple[CredentialField, ...]:
        """The credentials without which nothing runs."""
        return tuple(field for field in self.credentials if field.required)


def _key(config_key: str, env_var: str, label: str = "API Key") -> CredentialField:
    return CredentialField(config_key, env_var, label, "api_key")


_P = ModelProviderName
_HOSTED = ProviderKind.HOSTED
_LOCAL = ProviderKind.LOCAL
_VIRTUAL = ProviderKind.VIRTUAL

PROVIDERS: tuple[ProviderRow, ...] = (
    ProviderRow(
        _P.openai,
        "OpenAI",
        _HOSTED,
        "openai",
        (_key("open_ai_api_key", "OPENAI_API_KEY"),),
        key_page="https://platform.openai.com/api-keys",
        listing=ModelListing.OPENAI,
        listing_url="https://api.openai.com/v1/models",
        catalogue_providers=("openai",),
    ),
    ProviderRow(
        _P.groq,
        "Groq",
        _HOSTED,
        "groq",
        (_key("groq_api_key", "GROQ_API_KEY"),),
        key_page="https://console.groq.com/keys",
        listing=ModelListing.OPENAI,
        listing_url="https://api.groq.com/openai/v1/models",
        catalogue_providers=("groq",),
    ),
    ProviderRow(
        _P.amazon_bedrock,
        "Amazon Bedrock",
        _HOSTED,
        "bedrock",
        (
            CredentialField("bedrock_access_key", "AWS_ACCESS_KEY_ID", "Access Key ID", "aws_access_key_id"),
            CredentialField(
                "bedrock_secret_key", "AWS_SECRET_ACCESS_KEY", "Secret Access Key", "aws_secret_access_key"
            ),
        ),
        key_page="https://console.aws.amazon.com/iam/home#/security_credentials",
        listing=ModelListing.BEDROCK,
        catalogue_providers=("bedrock_converse", "bedrock"),
    ),
    ProviderRow(
        _P.ollama,
        "Ollama",
        _LOCAL,
        "openai",
        (
            CredentialField(
                "ollama_base_url",
                "OLLAMA_BASE_URL",
                "Base URL",
                "api_base",
                secret=False,
                required=False,
                default="http://localhost:11434",
            ),
        ),
        base_url="http://localhost:11434",
        base_url_suffix="/v1",
        placeholder_key="NA",
        key_page="https://ollama.com/download",
        listing=ModelListing.OLLAMA,
    ),
    ProviderRow(
        _P.openrouter,
        "OpenRouter",
        _HOSTED,
        "openrouter",
        (_key("open_router_api_key", "OPENROUTER_API_KEY"),),
        base_url="https://openrouter.ai/api/v1",
        key_page="https://openrouter.ai/settings/keys",
        listing=ModelListing.OPENAI,
        listing_url="https://openrouter.ai/api/v1/models",
        catalogue_providers=("openrouter",),
        attribution_headers=True,
    ),
    ProviderRow(
        _P.fireworks_ai,
        "Fireworks AI",
        _HOSTED,
        "fireworks_ai",
        (
            _key("fireworks_api_key", "FIREWORKS_API_KEY"),
            CredentialField("fireworks_account_id", "FIREWORKS_ACCOUNT_ID", "Account ID", "", secret=False),
        ),
        key_page="https://fireworks.ai/account/api-keys",
        listing=ModelListing.OPENAI,
        listing_url="https://api.fireworks.ai/inference/v1/models",
        catalogue_providers=("fireworks_ai",),
    ),
    ProviderRow(_P.kiln_fine_tune, "Fine Tuned Models", _VIRTUAL, None),
    ProviderRow(_P.kiln_custom_registry, "Custom Models", _VIRTUAL, None),
    ProviderRow(
        _P.openai_compatible, "OpenAI Compatible", _VIRTUAL, "openai", placeholder_key="NA", listing=ModelListing.OPENAI
    ),
    ProviderRow(
        _P.anthropic,
        "Anthropic",
        _HOSTED,
        "anthropic",
        (_key("anthropic_api_key", "ANTHROPIC_API_KEY"),),
        key_page="https://console.anthropic.com/settings/keys",
        listing=ModelListing.ANTHROPIC,
        listing_url="https://api.anthropic.com/v1/models",
        catalogue_providers=("anthropic",),
    ),
    ProviderRow(
        _P.gemini_api,
        "Gemini API",
        _HOSTED,
        "gemini",
        (_key("gemini_api_key", "GEMINI_API_KEY"),),
        key_page="https://aistudio.google.com/apikey",
        listing=ModelListing.GEMINI,
        listing_url="https://generativelanguage.googleapis.com/v1beta/models",
        catalogue_providers=("gemini",),
    ),
    ProviderRow(
        _P.azure_openai,
        "Azure OpenAI",
        _HOSTED,
        "azure",
        (
            _key("azure_openai_api_key", "AZURE_OPENAI_API_KEY"),
            CredentialField("azure_openai_endpoint", "AZURE_OPENAI_ENDPOINT", "Endpoint URL", "api_base", secret=False),
        ),
        key_page="https://portal.azure.com/#view/Microsoft_Azure_ProjectOxford/CognitiveServicesHub/~/OpenAI",
        listing=ModelListing.AZURE,
        catalogue_providers=("azure",),
    ),
    ProviderRow(
        _P.huggingface,
        "Hugging Face",
        _HOSTED,
        "huggingface",
        (_key("huggingface_api_key", "HUGGINGFACE_API_KEY"),),
        key_page="https://huggingface.co/settings/tokens",
        listing=ModelListing.OPENAI,
        listing_url="https://router.huggingface.co/v1/models",
    ),
    ProviderRow(
        _P.vertex,
        "Gemini Enterprise Agent Platform (formerly Vertex AI)",
        _HOSTED,
        "vertex_ai",
        (
            CredentialField("vertex_project_id", "VERTEX_PROJECT_ID", "Project ID", "vertex_project", secret=False),
            CredentialField(
                "vertex_location",
                "VERTEX_LOCATION",
                "Location",
                "vertex_location",
                secret=False,
                required=False,
                default="us-central1",
            ),
        ),
        key_page="https://console.cloud.google.com/vertex-ai",
        listing=ModelListing.VERTEX,
        catalogue_providers=("vertex_ai-language-models", "vertex_ai"),
    ),
    ProviderRow(
        _P.together_ai,
        "Together AI",
        _HOSTED,
        "together_ai",
        (_key("together_api_key", "TOGETHERAI_API_KEY"),),
        key_page="https://api.together.ai/settings/api-keys",
        listing=ModelListing.OPENAI,
        listing_url="https://api.together.xyz/v1/models",
        catalogue_providers=("together_ai",),
    ),
    ProviderRow(
        _P.siliconflow_cn,
        "SiliconFlow",
        _HOSTED,
        "openai",
        (_key("siliconflow_cn_api_key", "SILICONFLOW_CN_API_KEY"),),
        base_url="https://api.siliconflow.cn/v1",
        key_page="https://cloud.siliconflow.cn/account/ak",
        listing=ModelListing.OPENAI,
        listing_url="https://api.siliconflow.cn/v1/models",
        attribution_headers=True,
    ),
    ProviderRow(
        _P.cerebras,
        "Cerebras",
        _HOSTED,
        "cerebras",
        (_key("cerebras_api_key", "CEREBRAS_API_KEY"),),
        key_page="https://cloud.cerebras.ai/platform",
        listing=ModelListing.OPENAI,
        listing_url="https://api.cerebras.ai/v1/models",
        catalogue_providers=("cerebras",),
    ),
    ProviderRow(
        _P.docker_model_runner,
        "Docker Model Runner",
        _LOCAL,
        "openai",
        (
            CredentialField(
                "docker_model_runner_base_url",
                "DOCKER_MODEL_RUNNER_BASE_URL",
                "Base URL",
                "api_base",
                secret=False,
                required=False,
                default="http://localhost:12434/engines/llama.cpp",
            ),
        ),
        base_url="http://localhost:12434/engines/llama.cpp",
        base_url_suffix="/v1",
        placeholder_key="DMR",
        key_page="https://docs.docker.com/ai/model-runner/",
        listing=ModelListing.OPENAI,
    ),
    ProviderRow(
        _P.featherless_ai,
        "Featherless AI",
        _HOSTED,
        "featherless_ai",
        (_key("featherless_ai_api_key", "FEATHERLESS_AI_API_KEY"),),
        key_page="https://featherless.ai/account/api-keys",
        listing=ModelListing.OPENAI,
        listing_url="https://api.featherless.ai/v1/models",
        catalogue_providers=("featherless_ai",),
        attribution_headers=True,
    ),
    ProviderRow(
        _P.typesafe, "TypeSafe AI", ProviderKind.UNSUPPORTED, None, (_key("typesafe_api_key", "TYPESAFE_API_KEY"),)
    ),
)

NATIVE_ROUTES: Final = frozenset({"anthropic", "gemini", "vertex_ai", "bedrock"})
"""Prefixes whose API is not OpenAI's: litellm translates."""

PROVIDER_BY_ID = MappingProxyType({str(row.name): row for row in PROVIDERS})

CREDENTIAL_FIELDS = MappingProxyType({field.config_key: field for row in PROVIDERS for field in row.credentials})
"""Every credential's description by its key in the settings file."""

SECRET_CONFIG_KEYS: frozenset[str] = frozenset(
    {field.config_key for field in CREDENTIAL_FIELDS.values() if field.secret}
    | {"wandb_api_key", "kiln_copilot_api_key", "mcp_secrets"}
)
"""Top-level keys of a settings file whose values are secret (Kiln's `sensitive` keys)."""
