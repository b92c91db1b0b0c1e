"""What Aider makes of a folder with its two files: `Model(name)` for each model that they name."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from tests.interop.checkers.reporting import model, report

SETTINGS = ".aider.model.settings.yml"
METADATA = ".aider.model.metadata.json"


def read(path: Path) -> list[dict[str, Any]]:
    """Give each model that one of the files names."""
    # Aider would fetch a list of prices: it takes one from here that is not older than a day.
    cache = Path.home() / ".aider" / "caches" / "model_prices_and_context_window.json"
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text('{"sample_spec": {}}', encoding="utf-8")

    import json5
    import yaml
    from aider import models

    models.register_models([str(path / SETTINGS)])
    models.register_litellm_models([str(path / METADATA)])
    names: dict[str, None] = {}
    if (path / SETTINGS).exists():
        rows = yaml.safe_load((path / SETTINGS).read_text(encoding="utf-8")) or []
        names |= dict.fromkeys(row["name"] for row in rows)
    if (path / METADATA).exists():
        names |= dict.fromkeys(json5.loads((path / METADATA).read_text(encoding="utf-8")))
    fields = [field.name for field in dataclasses.fields(models.ModelSettings)]
    found = []
    for name in names:
        has = models.Model(name, weak_model=False)
        values = {key: getattr(has, key) for key in fields} | {"info": dict(has.info)}
        base_url = (has.extra_params or {}).get("api_base")
        missing = has.validate_environment()["missing_keys"]
        found.append(model(name, name.partition("/")[2], base_url, missing[0] if missing else None, values))
    return found


if __name__ == "__main__":
    report("aider-chat", read)
