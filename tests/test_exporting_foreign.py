"""What a person wrote that ours would be mixed up with: a conflict, left as it is until the person decides."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import ExportConflict
from core.exporting import TARGETS, PieceState, export, plan_export, plan_removal, plan_sync, write_plan
from core.registry import Registry
from tests.rolls import custom, open_roll, write_roll

BOX = {"name": "box", "base_url": "http://127.0.0.1:18000/v1"}
ZED = {"language_models": {"openai_compatible": {"box": {"api_url": "http://foreign", "available_models": []}}}}
VSCODE = [{"name": "box", "vendor": "customendpoint", "apiType": "chat-completions", "apiKey": "x", "models": []}]
OPENCODE = {"npm": "@ai-sdk/openai-compatible", "name": "box", "models": {"q": {"name": "Q"}}}
GOOSE = {
    "name": "muster-box", "engine": "openai", "display_name": "box", "base_url": BOX["base_url"],
    "requires_auth": False, "dynamic_models": False, "models": [{"name": "q"}],
}  # fmt: skip
LIBRECHAT = {"name": "box", "apiKey": "NA", "baseURL": BOX["base_url"], "models": {"default": ["q"], "fetch": False}}
KILN_ROW = {"id": "other", "provider_type": "custom", "provider_id": "box", "model_id": "m", "name": "My Model"}


def opencode(**options: str) -> Any:
    return {"provider": {"muster-box": {**OPENCODE, "options": {"baseURL": BOX["base_url"], **options}}}}


def librechat(**more: Any) -> Any:
    return {"version": "1.2.1", "endpoints": {"custom": [{**LIBRECHAT, **more}]}}


def row(**parameters: Any) -> Any:
    return {"model_list": [{"model_name": "My Model", "litellm_params": {"model": "openai/foreign"}, **parameters}]}


SHARED: Mapping[str, tuple[str, str, Any]] = {
    "zed, another address": ("zed", "settings.json", ZED),
    "vscode, a key": ("vscode", "chatLanguageModels.json", VSCODE),
    "vscode, an address": (
        "vscode",
        "chatLanguageModels.json",
        [{"name": "box", "vendor": "customendpoint", "apiType": "chat-completions", "url": "http://f", "models": []}],
    ),
    "opencode, a key": ("opencode", "opencode.json", opencode(apiKey="{env:F}")),
    "opencode, another address": ("opencode", "opencode.json", opencode(baseURL="http://foreign/v1")),
    "opencode, no address": ("opencode", "opencode.json", {"provider": {"muster-box": OPENCODE}}),
    "goose, a key": ("goose", "muster-box.json", {**GOOSE, "api_key_env": "F"}),
    "goose, a path": ("goose", "muster-box.json", {**GOOSE, "base_path": "v2/chat/completions"}),
    "goose, another address": ("goose", "muster-box.json", {**GOOSE, "base_url": "http://foreign/v1"}),
    "librechat, another address": ("librechat", "librechat.yaml", librechat(baseURL="http://foreign/v1")),
    "librechat, thinking": (
        "librechat", "librechat.yaml", librechat(customParams={"reasoningFormat": "reasoning_effort"}),
    ),
    "kiln, another address": (
        "kiln", "settings.yaml", {"openai_compatible_providers": [{**BOX, "base_url": "http://foreign/v1"}]},
    ),
    "aider, another address": (
        "aider",
        ".aider.model.settings.yml",
        [{"name": "openai/m", "extra_params": {"api_base": "http://foreign/v1"}}],
    ),
}  # fmt: skip
"""Providers and halves of models that a person has under our names."""

ELSEWHERE: Mapping[str, tuple[str, str, Any]] = {
    "litellm, another id": ("litellm", "config.yaml", row(model_info={"id": "theirs"})),
    "litellm, no id": ("litellm", "config.yaml", row()),
    "kiln, another id": ("kiln", "settings.yaml", {"user_model_registry": [KILN_ROW]}),
    "llm, an alias": (
        "llm", "extra-openai-models.yaml", [{"model_id": "z", "model_name": "f", "aliases": ["My Model", "zz"]}],
    ),
}  # fmt: skip
"""What stands in another place, and would be taken for ours or ours for it."""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    rows = [custom("m", name="My Model", provider_id="box").to_mapping() | {"id": "mine"}]
    path = write_roll(tmp_path / "roll.yaml", user_model_registry=rows, openai_compatible_providers=[BOX])
    with open_roll(path) as roll:
        yield roll


def place(tmp_path: Path, target: str, name: str, tree: Any) -> tuple[Path, Path]:
    """The path of an export, and the file in it with that data."""
    folder = tmp_path / "tool"
    folder.mkdir()
    file = folder / name
    file.write_text(json.dumps(tree, indent=2) if name.endswith("json") else yaml.safe_dump(tree, sort_keys=False))
    return (folder if TARGETS[target].is_folder else file), file


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.parent.iterdir()}


@pytest.mark.parametrize("case", [*SHARED, *ELSEWHERE])
def test_what_is_foreign_waits_for_the_persons_word(registry: Registry, tmp_path: Path, case: str) -> None:
    target, name, tree = {**SHARED, **ELSEWHERE}[case]
    path, file = place(tmp_path, target, name, tree)
    before = contents(file)
    with pytest.raises(ExportConflict, match="did not write") as caught:
        export(registry, None, target, path)
    plan = plan_export(registry, None, target, path)
    assert {piece.state for piece in plan.conflicts} == {PieceState.FOREIGN}
    assert not plan.is_change
    assert write_plan(plan, registry).written == ()
    assert contents(file) == before
    assert plan_removal(registry, target, path).pieces == ()
    export(registry, None, target, path, take_over=caught.value.items)
    assert contents(file) != before
    assert "foreign" not in file.read_text()
    again = export(registry, None, target, path)
    assert (again.written, again.diff) == ((), "")


def test_a_foreign_row_that_is_taken_over_goes(registry: Registry, tmp_path: Path) -> None:
    tree = row(model_info={"id": "theirs"})
    tree["model_list"].append({"model_name": "another", "litellm_params": {"model": "openai/a"}})
    _, file = place(tmp_path, "litellm", "config.yaml", tree)
    export(registry, None, "litellm", file, take_over="My Model")
    rows = yaml.safe_load(file.read_text())["model_list"]
    assert [(row["model_name"], row.get("model_info", {}).get("id")) for row in rows] == [
        ("another", None), ("My Model", "mine"),
    ]  # fmt: skip


def test_only_our_name_goes_from_the_aliases_of_another(registry: Registry, tmp_path: Path) -> None:
    _, file = place(tmp_path, *ELSEWHERE["llm, an alias"])
    export(registry, None, "llm", file, take_over="My Model")
    theirs, ours = yaml.safe_load(file.read_text())
    assert theirs == {"model_id": "z", "model_name": "f", "aliases": ["zz"]}
    assert ours["model_name"] == "m"


@pytest.mark.parametrize("code", ["my_model = 1\n", "def my_model(): ...\n", "from x import y as my_model\n"])
def test_a_name_of_the_persons_own_code_is_not_bound_again(registry: Registry, tmp_path: Path, code: str) -> None:
    file = tmp_path / "models.py"
    file.write_text(f"import os\n\n{code}")
    with pytest.raises(ExportConflict, match="“my_model”"):
        export(registry, None, "pydantic-ai", file)
    plan = plan_export(registry, None, "pydantic-ai", file)
    assert not plan.is_change
    export(registry, None, "pydantic-ai", file, take_over="my_model")
    assert code in file.read_text()
    assert not export(registry, None, "pydantic-ai", file).written


def test_names_inside_of_functions_are_no_conflict(registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "models.py"
    file.write_text("def f():\n    my_model = 1\n    return my_model\n")
    assert export(registry, None, "pydantic-ai", file).written == (file,)


@pytest.mark.parametrize(
    ("target", "name", "tree"),
    [
        ("opencode", "opencode.json", opencode()),
        ("goose", "muster-box.json", GOOSE),
        ("kiln", "settings.yaml", {"openai_compatible_providers": [{**BOX, "api_key": "theirs"}]}),
    ],
)
def test_a_provider_that_says_all_of_ours_is_no_conflict(
    registry: Registry, tmp_path: Path, target: str, name: str, tree: Any
) -> None:
    path, file = place(tmp_path, target, name, tree)
    assert export(registry, None, target, path).written == (file,)
    assert not export(registry, None, target, path).written
    write_plan(plan_removal(registry, target, path), registry)
    left = yaml.safe_load(file.read_text())
    assert {key: value for key, value in left.items() if value != []} == tree


def test_a_slash_at_the_end_of_an_address_is_none(registry: Registry, tmp_path: Path) -> None:
    tree = {"openai_compatible_providers": [{**BOX, "base_url": BOX["base_url"] + "/"}]}
    _, file = place(tmp_path, "kiln", "settings.yaml", tree)
    for _ in range(2):
        export(registry, None, "kiln", file)
        assert yaml.safe_load(file.read_text())["openai_compatible_providers"] == tree["openai_compatible_providers"]
    plan = plan_removal(registry, "kiln", file)
    assert not plan.conflicts


def test_what_the_person_adds_to_our_model_and_the_tool_reads_otherwise_is_told(
    registry: Registry, tmp_path: Path
) -> None:
    file = tmp_path / "models.yaml"
    export(registry, None, "llm", file)
    file.write_text(file.read_text().rstrip("\n") + "\n  vision: true\n")
    (piece,) = plan_export(registry, None, "llm", file).conflicts
    assert (piece.state, piece.edited_keys) == (PieceState.EDITED, ("Supports Vision",))
    (plan,) = plan_sync(registry)
    assert not isinstance(plan, Exception)
    assert not plan.is_change
    with pytest.raises(ExportConflict, match="changed in llm"):
        export(registry, None, "llm", file)
    export(registry, None, "llm", file, take_over="My Model")
    assert "vision" not in file.read_text()


def test_a_key_that_the_person_adds_to_our_provider_is_told(registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "opencode.json"
    export(registry, None, "opencode", file)
    config = json.loads(file.read_text())
    config["provider"]["muster-box"]["options"]["apiKey"] = "{env:THEIRS}"
    file.write_text(json.dumps(config))
    (piece,) = plan_export(registry, None, "opencode", file).conflicts
    assert piece.state is PieceState.EDITED
    export(registry, None, "opencode", file, take_over=[piece.fragment.name])
    assert "THEIRS" not in file.read_text()


def test_the_other_models_are_written_beside_a_provider_in_conflict(tmp_path: Path) -> None:
    rows = [
        custom(name, provider_id=provider).to_mapping() | {"id": name} for name, provider in (("m", "box"), ("n", "B2"))
    ]
    providers = [BOX, {"name": "B2", "base_url": "http://127.0.0.1:18001/v1"}]
    path = write_roll(tmp_path / "roll.yaml", user_model_registry=rows, openai_compatible_providers=providers)
    _, file = place(tmp_path, "zed", "settings.json", ZED)
    with open_roll(path) as registry:
        plan = plan_export(registry, None, "zed", file)
        write_plan(plan, registry)
    providers_there = json.loads(file.read_text())["language_models"]["openai_compatible"]
    assert providers_there["box"] == {"api_url": "http://foreign", "available_models": []}
    assert providers_there["B2"]["available_models"][0]["name"] == "n"
