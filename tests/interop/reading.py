"""What a tool makes of a file: its own code is run in its own environment and answers with its effective values."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.interop.environments import ensure

LONGEST_S = 180.0
"""LiteLLM takes 20 seconds from a cold start; a busy machine several times that."""


class Refused(Exception):
    """The tool does not take the file; the text is what it says itself."""


@dataclass(frozen=True)
class ToolModel:
    """One model as the tool has it."""

    entry: str
    """What the tool tells it apart by."""
    model_id: str
    """What is sent to the endpoint."""
    base_url: str | None
    key_reference: str | None
    """The variable, secret or stored key that the tool takes its key from, by name."""
    values: Mapping[str, Any]
    """Under the tool's own names, its own defaults put in."""


@dataclass(frozen=True)
class Reading:
    """All models that the tool finds in a file."""

    version: str
    models: tuple[ToolModel, ...]

    def __getitem__(self, entry: str) -> ToolModel:
        """The one model of that entry."""
        found = [model for model in self.models if model.entry == entry]
        assert len(found) == 1, f"{len(found)} of {entry!r} among {[model.entry for model in self.models]}"
        return found[0]


def made_up_key(name: str) -> str:
    """The key that stands in an environment variable while a checker runs."""
    return f"made-up-key-of-{name}"


def read(tool: str, path: Path, *, keys: Iterable[str] = ()) -> Reading:
    """Give what the tool has after it has read the file (or folder, for the tools with several files).

    `keys` are the environment variables that hold a made-up key meanwhile, so that it can be seen which one is used.

    Raises:
        Refused: with the tool's own words.
    """
    environment = ensure(tool)
    with tempfile.TemporaryDirectory(prefix="muster-interop-") as home:
        variables = environment.variables(Path(home)) | {name: made_up_key(name) for name in keys}
        done = subprocess.run(
            [*environment.checker, str(path.resolve())],
            cwd=home,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    try:
        document = json.loads(done.stdout)
    except ValueError:
        raise AssertionError(
            f"The checker of {tool} broke ({done.returncode}):\n{done.stdout}\n{done.stderr}"
        ) from None
    if "error" in document:
        raise Refused(document["error"])
    return Reading(document["version"], tuple(ToolModel(**model) for model in document["models"]))
