"""Serving the roll to others with LiteLLM Proxy: the command, the variables that it reads, and what a client does."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from typing import Final

from core.export_plan import ExportPlan

PORT: Final = 4000
"""LiteLLM Proxy's own default."""
MASTER_KEY: Final = "LITELLM_MASTER_KEY"
"""The variable of the proxy's own key. It does not start without one, nor with one that is short or easy to guess."""

_INSTALL: Final = 'pip install "litellm[proxy]"'
_NEW_KEY: Final = {
    "posix": '"sk-$(openssl rand -hex 32)"',
    "win32": """("sk-" + (python -c "import secrets; print(secrets.token_hex(32))"))""",
}


@dataclass(frozen=True, slots=True)
class Serving:
    """How a config file is served.

    `variables` are the environment variables that have to hold the endpoints' keys first. `master_key` is the line
    that makes the proxy's own key, `lines` all of it in order, for a shell (on Windows, PowerShell).
    """

    install: str
    variables: tuple[str, ...]
    master_key: str
    command: str
    client: str

    @property
    def lines(self) -> tuple[str, ...]:
        """Everything that is typed until the proxy runs."""
        return self.install, *(_assignment(name, "…") for name in self.variables), self.master_key, self.command


def serving_of(plan: ExportPlan, *, port: int = PORT) -> Serving:
    """The proxy on this computer alone, on the file of an export; docs/scale.md says how it serves a team."""
    names = [piece.fragment.name for piece in plan.pieces if piece.fragment.entry_id]
    variables = (variable for model in plan.models for variable in plan.target.variables(model))
    return Serving(
        install=_INSTALL,
        variables=tuple(dict.fromkeys(variables)),
        master_key=_assignment(MASTER_KEY, _NEW_KEY.get(sys.platform, _NEW_KEY["posix"]), is_code=True),
        command=f"litellm --config {_quoted(str(plan.path))} --host 127.0.0.1 --port {port}",
        client=_client(names[0] if names else "MODEL", port),
    )


def _assignment(name: str, value: str, *, is_code: bool = False) -> str:
    if sys.platform == "win32":
        return f"$env:{name} = {value if is_code else _quoted_text(value)}"
    return f"export {name}={value}"


def _quoted_text(text: str) -> str:
    return f'"{text}"'


def _quoted(text: str) -> str:
    if sys.platform == "win32":
        return _quoted_text(text) if " " in text else text
    return shlex.quote(text)


def _client(model: str, port: int) -> str:
    return f"""\
import os

from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:{port}/v1", api_key=os.environ["{MASTER_KEY}"])
answer = client.chat.completions.create(
    model={model!r},
    messages=[{{"role": "user", "content": "Hello"}}],
)
print(answer.choices[0].message.content)
"""
