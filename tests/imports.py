"""Rolls that imports go onto, and files and texts to import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import yaml

from core.importing import Plan
from core.registry import Registry
from tests.rolls import BOX, open_roll, write_roll

KEY: Final = BOX["api_key"]
LLM: Final = "extra-openai-models.yaml"


def roll_of_box(folder: Path) -> Registry:
    """A roll with the provider “Box” and its key, two models of it, and a legacy model."""
    path = write_roll(
        folder / "settings.yaml",
        custom_models=["openai::gpt-old"],
        user_model_registry=[
            {"id": "id-1", "provider_type": "custom", "provider_id": "Box", "model_id": "m1", "note": "kept"},
            {
                "id": "id-2",
                "provider_type": "custom",
                "provider_id": "Box",
                "model_id": "m2",
                "name": "Two",
                "overrides": {"supports_vision": True, "parser": "r1_thinking"},
            },
        ],
        openai_compatible_providers=[BOX],
    )
    return open_roll(path)


def llm_file(folder: Path, *rows: dict[str, Any]) -> Path:
    """A file of the tool `llm`."""
    path = folder / LLM
    path.write_text(yaml.safe_dump(list(rows)), encoding="utf-8")
    return path


def llm_row(model: str = "m9", url: str = BOX["base_url"], **values: Any) -> dict[str, Any]:
    return {"model_id": f"my-{model}", "model_name": model, "api_base": url, **values}


def share_of(*models: dict[str, Any], **providers: str) -> str:
    """The text of a share file with models at those providers."""
    listed = [{"name": name, "base_url": url} for name, url in providers.items()]
    return json.dumps({"format": "muster-roll", "version": 1, "providers": listed, "models": list(models)})


def model_of(model_id: str = "m9", provider_id: str = "Box", **values: Any) -> dict[str, Any]:
    return {"provider_type": "custom", "provider_id": provider_id, "model_id": model_id, **values}


def rows_of(registry: Registry) -> list[dict[str, Any]]:
    loaded = yaml.safe_load(registry.path.read_text(encoding="utf-8"))
    rows = loaded["user_model_registry"]
    assert isinstance(rows, list)
    return rows


def ids(plan: Plan) -> tuple[list[str], list[str], list[str]]:
    lists = (plan.add, plan.replace, plan.skip)
    added, replaced, skipped = ([item.model_id for item in items] for items in lists)
    return added, replaced, skipped
