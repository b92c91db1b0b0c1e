import os

from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

reasoner = OpenAIChatModel(
    "acme/reasoner-70b",
    provider=OpenAICompatibleProvider("acme", base_url="http://127.0.0.1:9/v1", api_key=os.environ["ACME_API_KEY"]),
    profile=OpenAIModelProfile(
        supports_tools=False,
        supports_json_schema_output=True,
        default_structured_output_mode="native",
        supports_thinking=True,
        thinking_tags=("<thought>", "</thought>"),
        supports_image_input=False,
        openai_unsupported_model_settings=("logprobs", "top_logprobs"),
    ),
)
bare = OpenAIChatModel(
    "tiny", provider=OpenAICompatibleProvider("local", base_url="http://127.0.0.1:8/v1", api_key="none")
)
as_openai = OpenAIChatModel("tiny", provider=OpenAIProvider(base_url="http://127.0.0.1:8/v1", api_key="none"))
