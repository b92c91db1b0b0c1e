from pydantic_ai.models.openai import OpenAIChatModel

model = OpenAIChatModel("tiny", provider="nobody-has-this-provider")
