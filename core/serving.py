"""Serving the roll to others with LiteLLM Proxy: the command, the variables that it reads, and what a client does."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.exporters.subject import ExportedModel, names_told_apart

PORT: Final = 4000
"""LiteLLM Proxy's own default."""

_INSTALL: Final = 'pip install "litellm[proxy]"'


@dataclass(frozen=True, slots=True)
class Serving:
    """How a config file is served. `variables` are the environment variables that have to hold keys first."""

    install: str
    command: str
    variables: tuple[str, ...]
    client: str


def serving_of(path: Path, models: Sequence[ExportedModel], *, port: int = PORT) -> Serving:
    """The proxy on this computer alone; docs/scale.md says how it serves a team."""
    names = names_told_apart(models)
    first = names[models[0].entry_id] if models else "MODEL"
    return Serving(
        install=_INSTALL,
        command=f"litellm --config {_quoted(str(path))} --host 127.0.0.1 --port {port}",
        variables=tuple(dict.fromkeys(model.key_variable for model in models if model.key_variable)),
        client=_client(first, port),
    )


def _quoted(text: str) -> str:
    if sys.platform == "win32":
        return f'"{text}"' if " " in text else text
    return shlex.quote(text)


def _client(model: str, port: int) -> str:
    return f"""\
from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:{port}/v1", api_key="anything")
answer = client.chat.completions.create(
    model={model!r},
    messages=[{{"role": "user", "content": "Hello"}}],
)
print(answer.choices[0].message.content)
"""
