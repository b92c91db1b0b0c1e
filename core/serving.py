"""Serving the roll to others with LiteLLM Proxy: the command, the variables that it reads, and what a client does."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass
from typing import Any, Final

from core.export_plan import ExportPlan
from core.exporters.places import value_at
from core.exporters.shape import Format
from core.exporters.texts import read_tree
from core.field_specs import UNSET

PORT: Final = 4000
"""LiteLLM Proxy's own default."""
MASTER_KEY: Final = "LITELLM_MASTER_KEY"
"""The variable of the proxy's own key. It does not start without one, nor with one that is short or easy to guess."""

_INSTALL: Final = 'pip install "litellm[proxy]"'
_REFERENCE: Final = re.compile(r"os\.environ/(\w+)")


@dataclass(frozen=True, slots=True)
class Serving:
    """How a config file is served.

    `variables` are the environment variables that have to hold the endpoints' keys first. `master_key` names that of
    the proxy's own key; `has_key_in_file` says that the file itself holds one. `lines` is all of it in order, for a
    shell (on Windows, PowerShell): what is set already stays, what is not is asked for, the proxy's own key made.
    """

    install: str
    variables: tuple[str, ...]
    master_key: str
    has_key_in_file: bool
    command: str
    client: str

    @property
    def lines(self) -> tuple[str, ...]:
        """Everything that is typed until the proxy runs."""
        own = () if self.has_key_in_file else _new_key(self.master_key)
        wanted = (_wanted(name) for name in self.variables if name != self.master_key)
        return self.install, *wanted, *own, self.command


def serving_of(plan: ExportPlan, *, port: int = PORT) -> Serving:
    """The proxy on this computer alone, on the file of an export; docs/scale.md says how it serves a team."""
    names = [piece.fragment.name for piece in plan.pieces if piece.fragment.entry_id]
    variables = (variable for model in plan.models for variable in plan.target.variables(model))
    key = _master_key_in(plan)
    found = _REFERENCE.fullmatch(key) if isinstance(key, str) else None
    master_key = found[1] if found is not None else MASTER_KEY
    return Serving(
        install=_INSTALL,
        variables=tuple(dict.fromkeys(variables)),
        master_key=master_key,
        has_key_in_file=bool(key) and found is None,
        command=f"litellm --config {_quoted(str(plan.path))} --host 127.0.0.1 --port {port}",
        client=_client(names[0] if names else "MODEL", port, master_key),
    )


def _master_key_in(plan: ExportPlan) -> Any:
    """What the file gives as the proxy's own key, or where that is; None where it says nothing."""
    text = plan.changes[0].after if plan.changes else None
    found = value_at(read_tree(text, Format.YAML), "general_settings.master_key") if text else UNSET
    return None if found is UNSET else found


def _wanted(name: str) -> str:
    """Says that a variable has no value; one that has some is handed on."""
    if sys.platform == "win32":
        return f'if (-not $env:{name}) {{ Write-Error "{name} is not set" }}'
    return f'export {name}="${{{name}:?is not set}}"'


def _new_key(name: str) -> tuple[str, str]:
    """Makes a key unless there is one, and shows it: clients in other terminals need it."""
    if sys.platform == "win32":
        made = """"sk-" + (python -c "import secrets; print(secrets.token_hex(32))")"""
        return f"if (-not $env:{name}) {{ $env:{name} = {made} }}", f'"{name}=$env:{name}"'
    return f'export {name}="${{{name}:-sk-$(openssl rand -hex 32)}}"', f'echo "{name}=${name}"'


def _quoted_text(text: str) -> str:
    return f'"{text}"'


def _quoted(text: str) -> str:
    if sys.platform == "win32":
        return _quoted_text(text) if " " in text else text
    return shlex.quote(text)


def _client(model: str, port: int, master_key: str) -> str:
    return f"""\
import os

from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:{port}/v1", api_key=os.environ["{master_key}"])
answer = client.chat.completions.create(
    model={model!r},
    messages=[{{"role": "user", "content": "Hello"}}],
)
print(answer.choices[0].message.content)
"""
