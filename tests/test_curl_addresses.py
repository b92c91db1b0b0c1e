"""Which base URL a pasted command's address gives: the vendors' own commands, and what is no address of a chat."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from core.import_plans import Plan
from core.importing import plan_import
from core.registry import Registry
from core.request_addresses import read_address
from tests.rolls import open_roll, write_roll

# ------------------------------------------------------------------------- commands as they stand in vendors' docs

OPENAI = """curl https://api.openai.com/v1/chat/completions \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer $OPENAI_API_KEY" \\
  -d '{
    "model": "gpt-5.4",
    "messages": [
      {"role": "developer", "content": "You are a helpful assistant."},
      {"role": "user", "content": "Hello!"}
    ]
  }'
"""
ANTHROPIC = """curl https://api.anthropic.com/v1/messages \\
     --header "x-api-key: $ANTHROPIC_API_KEY" \\
     --header "anthropic-version: 2023-06-01" \\
     --header "content-type: application/json" \\
     --data '{"model": "claude-sonnet-4-6", "max_tokens": 1024,
              "messages": [{"role": "user", "content": "Hello, world"}]}'
"""
GEMINI = """curl "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent" \\
  -H "x-goog-api-key: $GEMINI_API_KEY" \\
  -H 'Content-Type: application/json' \\
  -X POST \\
  -d '{"contents": [{"parts": [{"text": "Explain how AI works in a few words"}]}]}'
"""
GEMINI_STREAM = GEMINI.replace(":generateContent", ":streamGenerateContent?alt=sse").replace("v1beta", "v1")
GEMINI_COMPATIBLE = """curl "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions" \\
-H "Content-Type: application/json" \\
-H "Authorization: Bearer $GEMINI_API_KEY" \\
-d '{"model": "gemini-2.5-flash", "messages": [{"role": "user", "content": "Explain to me how AI works"}]}'
"""
VERTEX = """curl -X POST \\
    -H "Authorization: Bearer $(gcloud auth print-access-token)" \\
    -H "Content-Type: application/json; charset=utf-8" \\
    -d @request.json \\
    "https://LOCATION-aiplatform.googleapis.com/v1/projects/PROJECT_ID/locations/LOCATION/publishers/google/models/\
gemini-2.5-pro:generateContent"
"""
VERTEX_CLAUDE = """curl -X POST -H "Authorization: Bearer $(gcloud auth print-access-token)" \\
"https://${LOCATION}-aiplatform.googleapis.com/v1/projects/${PROJECT_ID}/locations/${LOCATION}/publishers/anthropic/\
models/claude-sonnet-4@20250514:streamRawPredict" \\
-d '{"anthropic_version": "vertex-2023-10-16", "messages": [{"role": "user", "content": "Hey"}], "max_tokens": 100}'
"""
BEDROCK = """curl -X POST \\
  "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-haiku-4-5-20251001-v1:0/converse" \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer $AWS_BEARER_TOKEN_BEDROCK" \\
  -d '{"messages": [{"role": "user", "content": [{"text": "Hello"}]}], "inferenceConfig": {"maxTokens": 9}}'
"""
AZURE = """curl $AZURE_OPENAI_ENDPOINT/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21 \\
  -H "Content-Type: application/json" \\
  -H "api-key: $AZURE_OPENAI_API_KEY" \\
  -d '{"messages": [{"role": "system", "content": "You are a helpful assistant."}]}'
"""
AZURE_LITERAL = AZURE.replace("$AZURE_OPENAI_ENDPOINT", "https://my-resource.openai.azure.com")
AZURE_PLACEHOLDER = AZURE.replace("$AZURE_OPENAI_ENDPOINT", "https://YOUR_RESOURCE_NAME.openai.azure.com")
AZURE_VARIABLE_IN_HOST = AZURE.replace("$AZURE_OPENAI_ENDPOINT", "https://${RESOURCE}.openai.azure.com")
AZURE_VERSION_1 = """curl -X POST $AZURE_OPENAI_ENDPOINT/openai/v1/responses -H "api-key: $AZURE_OPENAI_API_KEY" \\
  -d '{"model": "gpt-4o", "input": "This is a test"}'
"""
OLLAMA_CHAT = """curl http://localhost:11434/api/chat -d '{
  "model": "llama3.2", "messages": [{"role": "user", "content": "why is the sky blue?"}]
}'"""
OLLAMA_GENERATE = """curl http://localhost:11434/api/generate \\
  -d '{"model": "llama3.2", "prompt": "Why is the sky blue?"}'"""
OPENROUTER = """curl https://openrouter.ai/api/v1/chat/completions -H "Authorization: Bearer $OPENROUTER_API_KEY" \\
  -d '{"model": "openai/gpt-5", "messages": [{"role": "user", "content": "What is the meaning of life?"}]}'
"""
TO_BUILT_IN = {
    "OpenAI": (OPENAI, "openai", "gpt-5.4"),
    "Anthropic": (ANTHROPIC, "anthropic", "claude-sonnet-4-6"),
    "Gemini": (GEMINI, "gemini_api", "gemini-2.5-flash"),
    "Gemini, streamed": (GEMINI_STREAM, "gemini_api", "gemini-2.5-flash"),
    "Gemini, compatible": (GEMINI_COMPATIBLE, "gemini_api", "gemini-2.5-flash"),
    "Vertex": (VERTEX, "vertex", "gemini-2.5-pro"),
    "Vertex, Claude": (VERTEX_CLAUDE, "vertex", "claude-sonnet-4@20250514"),
    "Bedrock": (BEDROCK, "amazon_bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
    "Azure": (AZURE, "azure_openai", "gpt-4o"),
    "Azure, literal": (AZURE_LITERAL, "azure_openai", "gpt-4o"),
    "Azure, placeholder": (AZURE_PLACEHOLDER, "azure_openai", "gpt-4o"),
    "Azure, variable in the host": (AZURE_VARIABLE_IN_HOST, "azure_openai", "gpt-4o"),
    "Azure, v1": (AZURE_VERSION_1, "azure_openai", "gpt-4o"),
    "Ollama, chat": (OLLAMA_CHAT, "ollama", "llama3.2"),
    "Ollama, generate": (OLLAMA_GENERATE, "ollama", "llama3.2"),
    "OpenRouter": (OPENROUTER, "openrouter", "openai/gpt-5"),
}

COHERE = """curl --request POST \\
  --url https://api.cohere.com/v2/chat \\
  --header 'accept: application/json' \\
  --header 'content-type: application/json' \\
  --header "Authorization: bearer $CO_API_KEY" \\
  --data '{"model": "command-a-03-2025", "messages": [{"role": "user", "content": "Hello world!"}]}'
"""
COHERE_COMPATIBLE = """curl --request POST --url https://api.cohere.ai/compatibility/v1/chat/completions \\
  --header 'Authorization: Bearer <<apiKey>>' --header 'content-type: application/json' \\
  --data '{"model": "command-a-03-2025", "messages": [{"role": "user", "content": "Generate a haiku"}]}'
"""
VLLM = """curl http://localhost:8000/v1/completions -H "Content-Type: application/json" \\
    -d '{"model": "Qwen/Qwen2.5-1.5B-Instruct", "prompt": "San Francisco is a", "max_tokens": 7, "temperature": 0}'
"""
DATABRICKS = """curl -u token:$DATABRICKS_TOKEN -X POST -H "Content-Type: application/json" \\
  -d '{"messages": [{"role": "user", "content": "What is a mixture of experts model?"}]}' \\
  https://adb-1.2.azuredatabricks.net/serving-endpoints/databricks-meta-llama-3-3-70b-instruct/invocations
"""
CLOUDFLARE = """curl https://api.cloudflare.com/client/v4/accounts/0a1b2c/ai/run/@cf/meta/llama-3.1-8b-instruct \\
  -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" -d '{"prompt": "Where did the phrase come from?"}'
"""
DEEPSEEK = """curl https://api.deepseek.com/chat/completions -H "Authorization: Bearer <DeepSeek API Key>" \\
  -d '{"model": "deepseek-chat", "messages": [], "stream": false}'
"""
FOUNDRY = """curl "https://my-res.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview" \\
  -H "api-key: $AZURE_INFERENCE_CREDENTIAL" -d '{"model": "mistral-large", "messages": []}'
"""
TO_ADDRESS = {
    "Cohere": (COHERE, "https://api.cohere.com/compatibility/v1", "command-a-03-2025"),
    "Cohere, compatible": (COHERE_COMPATIBLE, "https://api.cohere.ai/compatibility/v1", "command-a-03-2025"),
    "vLLM": (VLLM, "http://localhost:8000/v1", "Qwen/Qwen2.5-1.5B-Instruct"),
    "Databricks": (
        DATABRICKS,
        "https://adb-1.2.azuredatabricks.net/serving-endpoints",
        "databricks-meta-llama-3-3-70b-instruct",
    ),
    "Cloudflare": (
        CLOUDFLARE,
        "https://api.cloudflare.com/client/v4/accounts/0a1b2c/ai/v1",
        "@cf/meta/llama-3.1-8b-instruct",
    ),
    "DeepSeek": (DEEPSEEK, "https://api.deepseek.com", "deepseek-chat"),
    "Foundry": (FOUNDRY, "https://my-res.services.ai.azure.com/openai/v1", "mistral-large"),
}


def planned(text: str, folder: Path) -> Plan:
    return plan_import(open_roll(folder / "settings.yaml"), text)


@pytest.mark.parametrize(("text", "provider_id", "model_id"), list(TO_BUILT_IN.values()), ids=list(TO_BUILT_IN))
def test_a_vendors_command_is_a_model_of_its_built_in_provider(
    text: str, provider_id: str, model_id: str, tmp_path: Path
) -> None:
    plan = planned(text, tmp_path)
    assert plan.problems == ()
    assert plan.providers == ()
    assert [(item.entry.provider_id, item.model_id) for item in plan.add] == [(provider_id, model_id)]


@pytest.mark.parametrize(("text", "base_url", "model_id"), list(TO_ADDRESS.values()), ids=list(TO_ADDRESS))
def test_a_vendors_command_is_a_model_at_the_compatible_base_url(
    text: str, base_url: str, model_id: str, tmp_path: Path
) -> None:
    plan = planned(text, tmp_path)
    assert plan.problems == ()
    assert [provider.base_url for provider in plan.providers] == [base_url]
    assert [item.model_id for item in plan.add] == [model_id]


def test_llama_servers_own_form_gives_its_endpoint(tmp_path: Path) -> None:
    text = (
        'curl --request POST --url http://localhost:8080/completion --header "Content-Type: application/json" '
        '--data \'{"prompt": "Building a website can be done in 10 simple steps:", "n_predict": 128}\''
    )
    plan = planned(text, tmp_path)
    assert [provider.base_url for provider in plan.providers] == ["http://localhost:8080/v1"]
    assert plan.problems == ("The command names no model: only its endpoint can be added.",)


WHISPER = (
    'curl https://api.openai.com/v1/audio/transcriptions -H "Authorization: Bearer $OPENAI_API_KEY" '
    '-F file="@/path/to/audio.mp3" -F model="gpt-4o-transcribe"'
)
NO_CHATS = {
    "https://api.openai.com/v1/images/generations": ({"model": "gpt-image-1", "prompt": "A sea otter"}, "images"),
    "https://api.openai.com/v1/audio/speech": ({"model": "gpt-4o-mini-tts", "input": "The fox"}, "audio"),
    "https://api.openai.com/v1/embeddings": (
        {"input": "The food was delicious", "model": "text-embedding-3-small", "encoding_format": "float"},
        "embeddings",
    ),
    "http://localhost:11434/api/embed": ({"model": "all-minilm", "input": "Why is the sky blue?"}, "embeddings"),
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-embedding-001:embedContent": (
        {"content": {"parts": [{"text": "What is the meaning of life?"}]}},
        "embeddings",
    ),
    "https://generativelanguage.googleapis.com/v1beta/models/imagen-4.0-generate-001:predict": (
        {"instances": [{"prompt": "Robot holding a red skateboard"}]},
        "images",
    ),
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.titan-embed-text-v2:0/invoke": (
        {"inputText": "x"},
        "embeddings",
    ),
    "$AZURE_OPENAI_ENDPOINT/openai/deployments/ada/embeddings?api-version=2024-10-21": ({"input": "x"}, "embeddings"),
    "https://x.cloud.databricks.com/serving-endpoints/bge/invocations": ({"input": ["x"]}, "embeddings"),
    "https://llm.example.org/v1": ({"model": "bge-m3", "input": ["x"]}, "embeddings"),
    "https://api.openai.com/v1/moderations": ({"model": "omni-moderation-latest", "input": "x"}, "moderation"),
    "https://api.cohere.com/v2/rerank": ({"model": "rerank-v3.5", "query": "x", "documents": []}, "reranking"),
    "https://api.openai.com/v1/videos": ({"model": "sora-2", "prompt": "otter"}, "videos"),
}


@pytest.mark.parametrize(("url", "body", "asked_for"), [(url, *rest) for url, rest in NO_CHATS.items()])
def test_what_is_no_chat_is_a_problem_in_words_and_nothing_else(
    url: str, body: dict[str, Any], asked_for: str, tmp_path: Path
) -> None:
    _refused(f'curl "{url}" -H "Authorization: Bearer $OPENAI_API_KEY" -d \'{json.dumps(body)}\'', asked_for, tmp_path)


def test_a_form_with_a_file_is_no_chat_either(tmp_path: Path) -> None:
    _refused(WHISPER, "audio", tmp_path)


def _refused(text: str, asked_for: str, folder: Path) -> None:
    plan = planned(text, folder)
    assert plan.is_empty
    assert plan.keys_offered == ()
    (problem,) = plan.problems
    assert f"It asks for {asked_for}, and Muster keeps chat models." in problem


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1/assistants",
        "https://api.openai.com/v1/fine_tuning/jobs",
        "https://api.replicate.com/v1/predictions",
        "https://us-south.ml.cloud.ibm.com/ml/v1/text/chat?version=2024-10-08",
        "https://runtime.example/my-model/invocations",
        "http://localhost:8080/tokenize",
        "https://llm.example.org/v2/chat",
        "https://proxy.example/v1beta/models/gemini-2.5-flash:generateContent",
        "https://api.deepseek.com/anthropic/v1/messages",
        "https://gateway.example/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
    ],
)
def test_an_address_that_is_not_known_as_a_chats_is_a_problem_that_says_what_to_do(url: str, tmp_path: Path) -> None:
    plan = planned(f'curl \'{url}\' -H "Authorization: Bearer $SOME_API_KEY" -d \'{{"model": "m"}}\'', tmp_path)
    assert plan.is_empty
    assert plan.keys_offered == ()
    (problem,) = plan.problems
    assert "base URL under Providers" in problem


@pytest.mark.parametrize(
    ("url", "base_url"),
    [
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://localhost:1234/v1", "http://localhost:1234/v1"),
        ("http://localhost:1234/v1/models", "http://localhost:1234/v1"),
        ("http://localhost:1234/models", "http://localhost:1234"),
        ("https://llm.example.org/team/openai/v1/", "https://llm.example.org/team/openai/v1"),
        ("https://open.bigmodel.example/api/paas/v4/chat/completions", "https://open.bigmodel.example/api/paas/v4"),
        ("http://localhost:11434/api/tags", "http://localhost:11434/v1"),
        ("http://localhost:3000/ollama/api/chat", "http://localhost:3000/ollama/v1"),
        ("http://localhost:3000/api/chat/completions", "http://localhost:3000/api"),
        ("http://localhost:12434/engines/llama.cpp/v1/chat/completions", "http://localhost:12434/engines/llama.cpp/v1"),
        ("http://localhost:8080/v1/completion", "http://localhost:8080/v1"),
        ("https://api.anthropic.com/v1/messages/count_tokens", "https://api.anthropic.com/v1"),
        (
            "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1/chat/completions",
            "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1",
        ),
        ("https://api.cohere.com/v1/models", "https://api.cohere.com/compatibility/v1"),
        ("https://my-res.openai.azure.com/openai/v1/chat/completions", "https://my-res.openai.azure.com/openai/v1"),
        (
            "https://generativelanguage.googleapis.com/v1beta/models",
            "https://generativelanguage.googleapis.com/v1beta/openai",
        ),
    ],
)
def test_a_base_url_and_a_list_of_models_are_addresses_of_endpoints(url: str, base_url: str) -> None:
    assert read_address(url).base_url == base_url


def test_no_address_is_too_long_to_be_refused_at_once(tmp_path: Path) -> None:
    started_s = time.process_time()
    for part in ("embed", "/images", "${a", "/api/chat"):
        plan = planned(f"curl 'http://x.example/{part * 100_000}:p' -d '{{}}'", tmp_path)
        assert "too long" in plan.problems[0]
    assert time.process_time() - started_s < 2


def test_a_body_in_a_file_is_told_where_the_command_names_no_model_too(tmp_path: Path) -> None:
    plan = planned("curl http://h:8000/v1/chat/completions -d @body.json", tmp_path)
    assert plan.notes == ("The request stands in a file of its own, which was not read.",)
    (item,) = planned(VERTEX, tmp_path).add
    assert "The request stands in a file of its own, which was not read." in item.notes


def azure_roll(folder: Path, endpoint: str) -> Registry:
    return open_roll(write_roll(folder / "settings.yaml", azure_openai_endpoint=endpoint))


def test_a_deployment_says_at_which_azure_it_is(tmp_path: Path) -> None:
    (item,) = planned(AZURE_LITERAL, tmp_path).add
    assert "Its Endpoint URL is https://my-resource.openai.azure.com." in item.notes
    (item,) = plan_import(azure_roll(tmp_path, "https://other.openai.azure.com/"), AZURE_LITERAL).add
    assert item.notes[0] == (
        "Azure OpenAI is set up at other.openai.azure.com on this roll, "
        "and this model is at my-resource.openai.azure.com."
    )


@pytest.mark.parametrize("endpoint", ["https://my-resource.openai.azure.com", "https://MY-resource.openai.azure.com/"])
def test_a_deployment_of_the_azure_that_is_set_up_needs_no_word(endpoint: str, tmp_path: Path) -> None:
    (item,) = plan_import(azure_roll(tmp_path, endpoint), AZURE_LITERAL).add
    assert not any("my-resource" in note for note in item.notes)


def test_the_variable_of_a_token_that_stands_as_a_password_is_offered(tmp_path: Path) -> None:
    (offer,) = planned(DATABRICKS, tmp_path).keys_offered
    assert (offer.variable, offer.place) == ("DATABRICKS_TOKEN", "")
