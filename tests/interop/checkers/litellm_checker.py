"""What LiteLLM Proxy makes of a config.yaml: its schema, its router and the capabilities of each `model_info.id`."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

from tests.interop.checkers.reporting import model, report, variable_of

SHOWN = (
    "max_input_tokens", "max_output_tokens", "mode", "supports_function_calling", "supports_response_schema",
    "supports_vision", "supports_reasoning", "supports_pdf_input", "supports_audio_input", "supports_video_input",
    "supports_system_messages", "supports_tool_choice", "supports_parallel_function_calling",
)  # fmt: skip


def read(path: Path) -> list[dict[str, Any]]:
    """Give each deployment of the router.

    `values` holds the record of its own id; `served` what `/model/info` tells, where another entry of the same
    `litellm_params.model` or LiteLLM's own list has filled in what was left out.
    """
    import litellm
    from litellm import Router
    from litellm.proxy._types import ConfigYAML

    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    ConfigYAML(**copy.deepcopy(config))  # it puts its own objects into what it is given
    router = Router(model_list=config["model_list"])
    if len(router.model_list) != len(config["model_list"]):
        raise ValueError(f"{len(config['model_list'])} entries, {len(router.model_list)} deployments")
    found = []
    for deployment in router.model_list:
        identity = deployment["model_info"]["id"]
        parameters = deployment["litellm_params"]
        own = litellm.get_model_info(identity)
        served = router.get_deployment_model_info(identity, parameters["model"]) or {}
        values = {
            "model_name": deployment["model_name"],
            "model": parameters["model"],
            **{key: own.get(key) for key in SHOWN},
            "served": {key: served.get(key) for key in SHOWN},
            "model_info": {key: value for key, value in deployment["model_info"].items() if value is not None},
        }
        bare = parameters["model"].partition("/")[2]
        key = variable_of(parameters.get("api_key"))
        found.append(model(identity, bare, parameters.get("api_base"), key, values))
    return found


if __name__ == "__main__":
    report("litellm", read)
