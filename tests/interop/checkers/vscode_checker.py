"""What VS Code makes of a chatLanguageModels.json, by what its sources say: extensions/copilot/src/extension/byok."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.interop.checkers.commented_json import parse
from tests.interop.checkers.reporting import model, report

SCHEMA = Path(__file__).resolve().parents[1] / "schemas" / "vscode.json"
VENDOR = "customendpoint"
PATHS = {"chat-completions": "/chat/completions", "responses": "/responses", "messages": "/messages"}
INPUT = re.compile(r"^\$\{input:(.+)\}$")


def read(path: Path) -> list[dict[str, Any]]:
    """Give the models of every group of custom endpoints."""
    groups = parse(path.read_text(encoding="utf-8"))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    errors = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(groups)]
    if errors:
        raise ValueError("; ".join(errors))
    found = []
    for group in groups:
        if group["vendor"] != VENDOR:
            continue
        key = INPUT.match(group.get("apiKey", ""))
        for row in group.get("models", []):
            values = {
                "name": row["name"],
                "request_url": request_url(row["url"], row.get("apiType", group.get("apiType"))),
                **token_limits(row),
                "toolCalling": row["toolCalling"],
                "vision": row["vision"],
                "thinking": row.get("thinking", False),
                "streaming": row.get("streaming", True),
                "supportsReasoningEffort": row.get("supportsReasoningEffort"),
                "reasoningEffortFormat": row.get("reasoningEffortFormat"),
                "zeroDataRetentionEnabled": row.get("zeroDataRetentionEnabled"),
            }
            entry = f"{group['name']}/{row['id']}"
            found.append(model(entry, row["id"], row["url"], key[1] if key else None, values))
    return found


def request_url(url: str, api_type: str | None) -> str:
    """Where a request goes: an address with a path of an API stays, any other gets one."""
    if any(path in url for path in PATHS.values()):
        return url
    url = url.removesuffix("/")
    path = PATHS[api_type or "chat-completions"]
    return f"{url}{path}" if re.search(r"/v\d+$", url) else f"{url}/v1{path}"


def token_limits(row: dict[str, Any]) -> dict[str, int]:
    """The three limits as they are used: none is larger than the window leaves room for."""
    window = row.get("contextWindow", row.get("maxInputTokens", 0) + row["maxOutputTokens"])
    output = min(row["maxOutputTokens"], window)
    room = max(0, window - output)
    return {
        "contextWindow": window,
        "maxInputTokens": min(row.get("maxInputTokens", room), room),
        "maxOutputTokens": output,
    }


if __name__ == "__main__":
    report("jsonschema", read)
