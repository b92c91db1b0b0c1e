"""What Kiln makes of a settings.yaml: `find_user_model` for each entry of its registry."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.interop.checkers.reporting import model, report


def read(path: Path) -> list[dict[str, Any]]:
    """Give each entry of `user_model_registry` as the provider that Kiln runs."""
    place = Path.home() / ".kiln_ai" / "settings.yaml"
    place.parent.mkdir(exist_ok=True)
    shutil.copyfile(path, place)

    from kiln_ai.adapters.provider_tools import (
        find_user_model,
        get_all_user_models,
        lite_llm_core_config_for_provider,
    )

    found = []
    for entry in get_all_user_models():
        provider = find_user_model(f"user_model::{entry.id}")
        if provider is None:
            raise ValueError(f"{entry.model_id} has no id of its own, so that nothing can refer to it")
        config = lite_llm_core_config_for_provider(provider.name, provider.openai_compatible_provider_name)
        values = provider.model_dump(mode="json")
        # "NA" stands for no key, because Kiln's client wants one.
        key = (config.additional_body_options or {}).get("api_key") if config else None
        values["has_key"] = key not in {None, "", "NA"}
        values["entry_name"] = entry.name
        base_url = config.base_url if config else None
        found.append(model(str(entry.id), provider.model_id, base_url, None, values))
    return found


if __name__ == "__main__":
    report("kiln-ai", read)
