"""What Goose makes of a provider's file, or of a folder of them: one that it refuses stops them all."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.interop.checkers.reporting import model, report


def read(path: Path) -> list[dict[str, Any]]:
    """Give the models of every provider, as its own parser and `list_models` have them."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    return [found for file in files for found in asyncio.run(_models_of(file.stem, file.read_text(encoding="utf-8")))]


async def _models_of(stem: str, text: str) -> list[dict[str, Any]]:
    import goose

    provider = goose.declarative_provider_from_json(text)
    # The SDK does not show all that it has read, and has just taken the file.
    stated = json.loads(text)
    found = []
    # Without a list of its own that is final, the SDK would ask the endpoint.
    listed = {item.name: item for item in await provider.list_models()} if stated.get("dynamic_models") is False else {}
    for row in stated["models"]:
        item = listed.get(row["name"])
        values = {
            "context_limit": await provider.context_limit(goose.ProviderModelConfig(model_name=row["name"])),
            "reasoning": item.supports_reasoning if item else None,
            "features": sorted(feature.name for feature in provider.supported_features()),
            "provider": provider.name(),
            "is_file_named_so": stem == provider.name(),
            "dynamic_models": stated.get("dynamic_models"),
        }
        key = stated.get("api_key_env") or None
        found.append(model(f"{provider.name()}/{row['name']}", row["name"], stated["base_url"], key, values))
    return found


if __name__ == "__main__":
    report("goose-sdk", read)
