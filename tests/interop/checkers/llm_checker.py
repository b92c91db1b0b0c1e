"""What llm makes of an extra-openai-models.yaml: each model as `llm models` has it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.interop.checkers.reporting import model, report


def read(path: Path) -> list[dict[str, Any]]:
    """Give the models that the file brings, in its order."""
    folder = Path(os.environ["LLM_USER_PATH"])
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / "extra-openai-models.yaml")

    import llm

    known = {item.model.model_id: item for item in llm.get_models_with_aliases()}
    found = []
    for row in yaml.safe_load(path.read_text(encoding="utf-8")):
        item = known[row["model_id"]]
        has = item.model
        values = {
            "supports_schema": has.supports_schema,
            "supports_tools": has.supports_tools,
            "vision": has.vision,
            "can_stream": has.can_stream,
            "attachment_types": sorted(has.attachment_types),
            "options": sorted(has.Options.model_fields),
            "aliases": sorted(item.aliases),
            "is_async": item.async_model is not None,
            "kind": type(has).__name__,
        }
        found.append(model(has.model_id, has.model_name or has.model_id, has.api_base, has.needs_key, values))
    return found


if __name__ == "__main__":
    report("llm", read)
