"""The one document that a checker prints; nothing but the standard library, because it runs in every environment."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any


def model(
    entry: str, model_id: str, base_url: str | None, key_reference: str | None, values: Mapping[str, Any]
) -> dict[str, Any]:
    """One model as the tool has it; `entry` is what the tool tells it apart by."""
    return {
        "entry": entry,
        "model_id": model_id,
        "base_url": base_url,
        "key_reference": key_reference,
        "values": dict(values),
    }


def variable_of(key: object) -> str | None:
    """Name the environment variable whose value the tool has put in; None where there is none."""
    return next((name for name, value in os.environ.items() if value and value == key), None)


def report(distribution: str, read: Callable[[Path], list[dict[str, Any]]]) -> None:
    """Print what `read` makes of the file in the first argument, and nothing of what the tool itself prints.

    Ends the process at once: a tool's threads and its last words are of no use here.
    """
    with contextlib.redirect_stdout(sys.stderr):
        try:
            document = {"version": version(distribution), "models": read(Path(sys.argv[1]))}
        except Exception as error:  # noqa: BLE001 - whatever the tool refuses the file with is the answer
            document = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(document, default=sorted), flush=True)  # noqa: T201 - the answer
    sys.stderr.flush()
    os._exit(0)
