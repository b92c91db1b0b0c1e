"""A server that can do everything it is asked for, or all but what a test takes away from it.

It reads requests the way a strong model on a strict server does, and knows nothing of the probes that ask: values come
from schemas, numbers from pictures, words from files and prompts.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from typing_extensions import override

from tests.servers.answers import Answer, Reply, ToolCall, json_reply
from tests.servers.loopback import Connection, Request
from tests.servers.openai_wire import chat_completion, model_list
from tests.servers.reading import documents_in, numbers_in_pictures
from tests.servers.recording import Exchange, RecordingBase


class Ability(StrEnum):
    """What a server or its model may lack; the docstring under each says what then happens."""

    SCHEMA = "schema"
    """A schema in `response_format` is ignored."""
    SCHEMA_WITHOUT_STRICT = "schema_without_strict"
    """A schema is enforced only with `strict`."""
    JSON_OBJECT = "json_object"
    """`json_object` is ignored."""
    TOOLS = "tools"
    """Tools are dropped in silence."""
    TOOL_RESULTS = "tool_results"
    """The result of a tool is not heeded."""
    FORCED_TOOL = "forced_tool"
    """A forced tool call is ignored."""
    STRICT_TOOLS = "strict_tools"
    """A tool with `strict` is refused with 400."""
    PARALLEL_TOOLS = "parallel_tools"
    """Of several calls only the first is made."""
    INSTRUCTIONS = "instructions"
    """Instructions in the prompt are not followed."""
    LOGPROBS = "logprobs"
    """Log probabilities are not given."""
    VISION = "vision"
    """Pictures are accepted, counted and not seen."""
    DOCUMENTS = "documents"
    """Files other than pictures are accepted and not read."""
    SYSTEM_PROMPT = "system_prompt"
    """The system prompt is not heeded."""
    STREAMING = "streaming"
    """Every answer comes in one piece."""
    USAGE = "usage"
    """Tokens are not counted."""


CHARACTERS_A_TOKEN = 4

_CAPITALS = {
    "France": "Paris", "Japan": "Tokyo", "Italy": "Rome", "Egypt": "Cairo", "Peru": "Lima", "Norway": "Oslo",
    "Kenya": "Nairobi", "Cuba": "Havana",
}  # fmt: skip


class CapableServer(RecordingBase):
    """Answers chat completions as well as it can; `without` takes abilities away, `reply_s` delays each answer.

    After `answers` completions whoever asks for more is kept waiting. `thought` stands before each answer: separated
    into `reasoning_field`, or in `<think>` tags where that is empty.
    """

    def __init__(
        self,
        without: Iterable[Ability] = (),
        *,
        reply_s: float = 0.0,
        answers: int | None = None,
        thought: str = "",
        reasoning_field: str = "",
        thinks_under_schema: bool = True,
    ) -> None:
        super().__init__()
        self.without = frozenset(without)
        self.most_at_once = 0
        self._at_once = 0
        self._counting = threading.Lock()
        self._reply_s = reply_s
        self._answers = answers
        self._asked = 0
        self._thought = thought
        self._reasoning_field = reasoning_field
        self._thinks_under_schema = thinks_under_schema

    @override
    def respond(self, request: Request, connection: Connection) -> None:
        exchange = self._record(request)
        with self._counting:
            self._at_once += 1
            self._asked += request.method == "POST"
            waits = self._answers is not None and self._asked > self._answers
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if waits:
                connection.wait()
            else:
                self._respond(request, connection, exchange)
        finally:
            with self._counting:
                self._at_once -= 1

    def _respond(self, request: Request, connection: Connection, exchange: Exchange) -> None:
        reply = model_list("model-one") if request.method == "GET" else self.reply(request.json)
        if self._reply_s:
            connection.wait(self._reply_s)
        headers = {"Content-Type": reply.content_type, **(reply.headers or {})}
        length_bytes = None if reply.streamed else sum(len(piece) for piece in reply.pieces)
        connection.start(reply.status, headers, length_bytes=length_bytes)
        for piece in reply.pieces:
            self._pass_on(exchange, connection, piece)
        connection.finish()
        self._note(exchange, finished=True)

    def can(self, ability: Ability) -> bool:
        """Whether it was left."""
        return ability not in self.without

    def reply(self, asked: dict[str, Any]) -> Reply:
        """The whole reply to a request."""
        if not self.can(Ability.STRICT_TOOLS) and "strict" in json.dumps(asked.get("tools", [])):
            return json_reply({"error": {"message": "strict is not supported", "code": 400}}, status=400)
        answer, cut_off = self._whole_answer(asked)
        answer = replace(
            answer,
            prompt_tokens=self._prompt_tokens(asked),
            completion_tokens=max(1, _length(answer) // CHARACTERS_A_TOKEN),
            piece_characters=CHARACTERS_A_TOKEN,
            logprobs=bool(asked.get("logprobs")) and self.can(Ability.LOGPROBS),
        )
        # What the request forces was decided here already.
        dropped = {"tool_choice"} | ({"stream"} if not self.can(Ability.STREAMING) else set())
        dropped |= {"stream_options"} if not self.can(Ability.USAGE) else set()
        reply = chat_completion({name: value for name, value in asked.items() if name not in dropped}, answer)
        if not cut_off:
            return reply
        ends = [piece.replace(b'"finish_reason": "stop"', b'"finish_reason": "length"') for piece in reply.pieces]
        return replace(reply, pieces=tuple(ends))

    def tokens_of(self, asked: dict[str, Any]) -> int:
        """What a request and its answer take, as this server counts."""
        return self._prompt_tokens(asked) + max(1, _length(self._whole_answer(asked)[0]) // CHARACTERS_A_TOKEN)

    def _whole_answer(self, asked: dict[str, Any]) -> tuple[Answer, bool]:
        """What goes out, and whether it was cut off at the limit of tokens."""
        answer = self._with_thought(asked, self.answer(asked))
        room = CHARACTERS_A_TOKEN * int(asked.get("max_tokens") or 100_000)
        if _length(answer) <= room:
            return answer, False
        reasoning = answer.reasoning[:room]
        content = answer.content[: room - len(reasoning)]
        return replace(answer, reasoning=reasoning, content=content, tool_calls=()), True

    def answer(self, asked: dict[str, Any]) -> Answer:
        """What the model says."""
        tools = asked.get("tools") if self.can(Ability.TOOLS) else None
        forced = isinstance(asked.get("tool_choice"), dict)
        if asked.get("tools") and forced:
            function = asked["tools"][0]["function"]
            if self.can(Ability.FORCED_TOOL):
                call = ToolCall(name=function["name"], arguments=json.dumps(instance_of(function["parameters"])))
                return Answer(content="", tool_calls=(call,))
        elif tools:
            return self._use_tools(asked, tools)
        wanted = asked.get("response_format") or {}
        if wanted.get("type") == "json_schema" and self._enforces(wanted["json_schema"]):
            return Answer(content=json.dumps(instance_of(wanted["json_schema"]["schema"])))
        instructed = schema_in(_prompt_of(asked)) if self.can(Ability.INSTRUCTIONS) else None
        if wanted.get("type") == "json_object" and self.can(Ability.JSON_OBJECT) and instructed is None:
            return Answer(content='{"sentence": "The sea is wide."}')
        return Answer(content=self._text(asked) if instructed is None else json.dumps(instance_of(instructed)))

    def _enforces(self, wanted: dict[str, Any]) -> bool:
        return self.can(Ability.SCHEMA) and (self.can(Ability.SCHEMA_WITHOUT_STRICT) or bool(wanted.get("strict")))

    def _use_tools(self, asked: dict[str, Any], tools: list[dict[str, Any]]) -> Answer:
        last = asked["messages"][-1]
        if last["role"] == "tool":
            told = str(last["content"]) if self.can(Ability.TOOL_RESULTS) else "nothing"
            return Answer(content=f"The tool says: {told}")
        function = tools[0]["function"]
        (name,) = function["parameters"]["properties"]
        numbers = re.findall(r"\d{3,}", _prompt_of(asked))
        numbers = numbers if self.can(Ability.PARALLEL_TOOLS) else numbers[:1]
        calls = tuple(
            ToolCall(name=function["name"], arguments=json.dumps({name: number}), call_id=f"call_{number}")
            for number in numbers
        )
        return Answer(content="", tool_calls=calls)

    def _text(self, asked: dict[str, Any]) -> str:
        prompt = _prompt_of(asked)
        commanded = re.search(r"answer with the one word (\w+)", _system_of(asked))
        if commanded and self.can(Ability.SYSTEM_PROMPT):
            return commanded[1]
        if "number in the image" in prompt:
            numbers = numbers_in_pictures(asked) if self.can(Ability.VISION) else []
            return " ".join(numbers) or "I see no number."
        if "password" in prompt:
            text = documents_in(asked) if self.can(Ability.DOCUMENTS) else ""
            found = re.search(r"password[\s\w]*?[ ,*]+([a-z]{6,})", text)
            return found[1] if found else "There is no password."
        total = re.search(r"(\d+) \+ (\d+)", prompt)
        if total:
            return str(int(total[1]) + int(total[2]))
        country = next((name for name in _CAPITALS if name in prompt), None)
        return _CAPITALS[country] if country else "The sea is wide and blue."

    def _with_thought(self, asked: dict[str, Any], answer: Answer) -> Answer:
        if not self._thought or ("response_format" in asked and not self._thinks_under_schema):
            return answer
        if self._reasoning_field:
            return replace(answer, reasoning=self._thought, reasoning_field=self._reasoning_field)
        return replace(answer, content=f"<think>\n{self._thought}\n</think>\n\n{answer.content}")

    def _prompt_tokens(self, asked: dict[str, Any]) -> int:
        counted: list[Any] = [_texts_of(asked)]
        if self.can(Ability.TOOLS):
            counted.append(asked.get("tools", ""))
        if "response_format" in asked:
            counted.append(asked["response_format"])
        pictures = json.dumps(asked["messages"]).count('image_url": {')
        return len(json.dumps(counted)) // 4 + 85 * pictures


def _length(answer: Answer) -> int:
    return len(answer.reasoning) + len(answer.content)


def instance_of(schema: dict[str, Any]) -> Any:
    """The plainest value that fits a schema."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: instance_of(inner) for name, inner in schema.get("properties", {}).items()}
    plain: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "array": [], "null": None}
    return plain[kind]


def schema_in(prompt: str) -> dict[str, Any] | None:
    """The JSON Schema that stands in a prompt."""
    if "JSON Schema" not in prompt:
        return None
    start = prompt.index("{", prompt.index("JSON Schema"))
    value, _ = json.JSONDecoder().raw_decode(prompt, start)
    return value if isinstance(value, dict) else None


def _texts_of(asked: dict[str, Any]) -> list[str]:
    texts = []
    for message in asked["messages"]:
        content = message.get("content") or ""
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        texts += [part["text"] for part in parts if part["type"] == "text"]
    return texts


def _prompt_of(asked: dict[str, Any]) -> str:
    users = [message for message in asked["messages"] if message["role"] == "user"]
    content = users[-1]["content"]
    return str(content[0]["text"]) if isinstance(content, list) else str(content)


def _system_of(asked: dict[str, Any]) -> str:
    return " ".join(str(message["content"]) for message in asked["messages"] if message["role"] == "system")
