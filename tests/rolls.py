"""Rolls for tests: settings files as text, and registries on them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from core.credentials import Credentials
from core.entry import UserModelEntry
from core.registry import Registry
from core.share import write_share

BOX = {"name": "Box", "base_url": "http://127.0.0.1:18000/v1", "api_key": "key-of-the-box"}


def write_roll(path: Path, **values: Any) -> Path:
    """A settings file with these top-level values."""
    path.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def open_roll(path: Path, **environment: str) -> Registry:
    """The roll in that file, with these variables as the whole environment of its credentials."""
    return Registry.open(path, credentials=Credentials(environment=environment))


def custom(model_id: str = "llama3", **values: Any) -> UserModelEntry:
    """A model at the custom provider of `BOX`."""
    return UserModelEntry(**{"provider_type": "custom", "provider_id": "Box", "model_id": model_id, **values})


def builtin(model_id: str = "gpt-x", provider_id: str = "openai", **values: Any) -> UserModelEntry:
    """A model at a built-in provider."""
    return UserModelEntry(**{"provider_type": "builtin", "provider_id": provider_id, "model_id": model_id, **values})


def share_roll(path: Path, *entries: UserModelEntry, base_url: str = BOX["base_url"]) -> Path:
    """A share file of a roll that has these models and the custom provider “Box” at that address."""
    provider = BOX | {"base_url": base_url}
    with TemporaryDirectory() as folder:
        settings = write_roll(Path(folder) / "settings.yaml", openai_compatible_providers=[provider])
        with open_roll(settings) as roll:
            for entry in entries:
                roll.add(entry)
            return write_share(roll, None, path).path
