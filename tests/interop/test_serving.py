"""What *Serve with LiteLLM Proxy* shows, typed as it is: the proxy starts, and the shown client gets an answer."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from core.exporting import plan_export, write_plan
from core.serving import Serving, serving_of
from tests.interop.environments import ensure
from tests.rolls import BOX, custom, open_roll, write_roll
from tests.servers.capable import CapableServer
from tests.servers.loopback import closed_port

pytestmark = [
    pytest.mark.interop,
    pytest.mark.tool("litellm"),
    pytest.mark.timeout(400),
]

_READY = "Uvicorn running on"


def served(folder: Path, base_url: str) -> Serving:
    """The file, written, and what is shown for it."""
    path = write_roll(folder / "settings.yaml", openai_compatible_providers=[{**BOX, "base_url": base_url}])
    with open_roll(path) as registry:
        registry.add(custom("some-model", name="It’s mine"))
        plan = plan_export(registry, None, "litellm", folder / "a folder" / "config.yaml")
        write_plan(plan, registry)
    return serving_of(plan, port=closed_port())


def test_the_shown_commands_serve_and_the_shown_client_is_answered(tmp_path: Path) -> None:
    environment = ensure("litellm")
    with CapableServer() as server:
        serving = served(tmp_path, server.base_url)
        assert serving.variables == ("BOX_API_KEY",)
        _install, *typed, command = serving.lines
        (tmp_path / "client.py").write_text(serving.client, encoding="utf-8")
        script = f"""
set -e
{chr(10).join(typed)}
{command} > proxy.log 2>&1 &
proxy=$!
trap 'kill $proxy; wait $proxy || true' EXIT
for _ in $(seq 240); do
  kill -0 $proxy || {{ cat proxy.log; exit 1; }}
  ! grep -q "{_READY}" proxy.log || break
  sleep 0.5
done
{environment.python} client.py
"""
        variables = environment.variables(tmp_path)
        variables["PATH"] = f"{environment.python.parent}:{variables['PATH']}"
        variables["BOX_API_KEY"] = str(BOX["api_key"])
        done = subprocess.run(
            ["sh", "-c", script], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
        key_line, answer = done.stdout.strip().splitlines()[:2]
        assert re.fullmatch(r"LITELLM_MASTER_KEY=sk-[0-9a-f]{64}", key_line)
        assert answer
        asked = [request for request in server.requests if request.path.endswith("/chat/completions")]
    assert [request.json["model"] for request in asked] == ["some-model"]
    assert asked[0].carries_key(str(BOX["api_key"]))


def test_without_its_key_the_proxy_does_not_start(tmp_path: Path) -> None:
    environment = ensure("litellm")
    serving = served(tmp_path, "http://127.0.0.1:9/v1")
    variables = environment.variables(tmp_path)
    variables["PATH"] = f"{environment.python.parent}:{variables['PATH']}"
    done = subprocess.run(
        ["sh", "-c", serving.command],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    said = done.stdout + done.stderr
    assert _READY not in said
    assert "no master key is set" in said
