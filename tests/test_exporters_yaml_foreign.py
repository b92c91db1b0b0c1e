"""Files of other people for the tools with YAML: what is read, and that odd shapes are refused in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.exporters.aider import Aider
from core.exporters.continue_dev import Continue
from core.exporters.kiln import Kiln
from core.exporters.librechat import LibreChat
from core.exporters.litellm_proxy import LitellmProxy
from core.exporters.shape import ReadModel, Target
from core.exporters.subject import ExportedModel
from core.fields import OVERRIDABLE
from tests.export_rolls import exported_models
from tests.exported_files import (
    EMPTY_TREES,
    trees_of,
    with_every_yaml_target,
)


@pytest.fixture
def models(tmp_path: Path) -> tuple[ExportedModel, ...]:
    return exported_models(tmp_path / "settings.yaml")


# ------------------------------------------------------------------------------------------- files of other people


@pytest.mark.parametrize(
    ("target", "trees", "words"),
    [
        (Kiln(), {"settings.yaml": []}, "not a mapping"),
        (Kiln(), {"settings.yaml": {"user_model_registry": {"a": 1}}}, "“user_model_registry” is not a list"),
        (LitellmProxy(), {"config.yaml": {"model_list": "x"}}, "“model_list” is not a list"),
        (LitellmProxy(), {"config.yaml": {"model_list": [{"model_name": "x"}]}}, "Entry 1"),
        (LitellmProxy(), {"config.yaml": {"model_list": [7]}}, "Entry 1"),
        (Aider(), {".aider.model.settings.yml": {}}, "not a list"),
        (Aider(), {".aider.model.settings.yml": [{"name": "a"}, {"edit_format": "diff"}]}, "Row 2"),
        (Aider(), {".aider.model.settings.yml": [{"name": "a", "supports_tools": True}]}, "supports_tools"),
        (Aider(), {".aider.model.metadata.json": []}, "metadata"),
        (Continue(), {"config.yaml": {"version": "1.0.0"}}, "no name"),
        (Continue(), {"config.yaml": {"name": "x"}}, "no version"),
        (
            Continue(),
            {"config.yaml": {"name": "x", "version": 1, "models": [{"name": "a"}]}},
            "Model 1 has no provider",
        ),
        (
            Continue(),
            {
                "config.yaml": {
                    "name": "x",
                    "version": "1",
                    "models": [{"name": "a", "provider": "b", "model": "c", "roles": ["x"]}],
                }
            },
            "role",
        ),
        (
            Continue(),
            {
                "config.yaml": {
                    "name": "x",
                    "version": "1",
                    "models": [{"name": "a", "provider": "b", "model": "c", "capabilities": {"tool_use": True}}],
                }
            },
            "not a list",
        ),
        (LibreChat(), {"librechat.yaml": {"endpoints": {}}}, "no version"),
        (
            LibreChat(),
            {"librechat.yaml": {"version": "1", "endpoints": {"custom": {}}}},
            "“endpoints.custom” is not a list",
        ),
        (LibreChat(), {"librechat.yaml": {"version": "1", "endpoints": []}}, "“endpoints” is not a mapping"),
    ],
    ids=lambda value: value.id if isinstance(value, Target) else None,
)
def test_what_the_tool_refuses_is_refused_in_words(target: Target, trees: Mapping[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        target.read(trees)


def read_or_words(target: Target, trees: Mapping[str, Any]) -> tuple[tuple[ReadModel, ...], str]:
    """The models, or why the tool refuses the files."""
    try:
        return target.read(trees), "It is read."
    except ValueError as error:
        return (), str(error)


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
_keys = st.sampled_from(
    [
        "name", "version", "models", "model_list", "model_name", "litellm_params", "model_info", "model", "id",
        "api_base", "api_key", "provider", "capabilities", "defaultCompletionOptions", "contextLength", "endpoints",
        "custom", "default", "apiKey", "baseURL", "tokenConfig", "extra_params", "extra_body", "reasoning",
        "accepts_settings", "user_model_registry", "openai_compatible_providers", "custom_models", "overrides",
        "provider_type", "provider_id", "model_id", "supports_vision", "parser", "max_input_tokens", "roles", "uses",
        "structured_output_mode", "requestOptions", "extraBodyProperties", "customParams", "reasoningFormat",
    ]
)  # fmt: skip
_trees = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys | st.text(max_size=3), inner, max_size=6),
    max_leaves=25,
)


@with_every_yaml_target
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_shape_of_a_file_is_worse_than_words(target: Target, data: st.DataObject) -> None:
    odd = {file.name: data.draw(st.just({}) | _trees) for file in target.files(())}
    for name, tree in odd.items():
        if isinstance(tree, dict):
            odd[name] = {**EMPTY_TREES.get(target.id, {}), **tree}
    found, words = read_or_words(target, odd)
    assert words.endswith(".")
    assert all(isinstance(model.model_id, str) and isinstance(model.name, str) for model in found)


_BAD_VALUES: Sequence[Any] = (None, 7, "x", [], {}, ["x"], {"x": 1}, [None], True, 1.5)


@with_every_yaml_target
def test_no_value_in_the_place_of_another_is_worse_than_words(
    target: Target, models: tuple[ExportedModel, ...]
) -> None:
    """Each value within one entry replaced by what does not belong there."""
    trees = trees_of(target, target.fragments([model for model in models if model.entry_id in ("levels", "papers")]))
    for name, tree in trees.items():
        for path in _paths(tree):
            for bad in _BAD_VALUES:
                _, words = read_or_words(target, {**trees, name: _replaced(tree, path, bad)})
                assert words.endswith("."), (path, bad)


def _paths(tree: Any, before: tuple[Any, ...] = ()) -> Iterable[tuple[Any, ...]]:
    yield before
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield from _paths(value, (*before, key))


def _replaced(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = _replaced(copy[path[0]], path[1:], value)
    return copy


def test_kiln_reads_what_it_runs_with() -> None:
    row = {"id": "a", "provider_type": "custom", "provider_id": "Box", "model_id": "m"}
    rows = [
        {**row, "overrides": {"supports_vision": "yes", "parser": "", "nobody": 1, "structured_output_mode": "odd"}},
        {"provider_type": "custom", "model_id": "has no provider"},
        "not a row",
    ]
    tree = {
        "openai_compatible_providers": [{"name": "Box", "base_url": "http://box/v1", "api_key": "key-of-theirs"}],
        "user_model_registry": rows,
        "custom_models": ["openai::gpt::mine", "nothing", "elsewhere::m"],
        "open_ai_api_key": "key-of-theirs",
    }
    entry, legacy = Kiln().read({"settings.yaml": tree})
    assert entry.values["supports_vision"] is True
    assert entry.values["supports_function_calling"] is True
    assert entry.values["untested_model"] is True
    assert entry.values["structured_output_mode"] == "json_instructions"
    assert entry.stated == {"supports_vision"}
    assert set(entry.not_understood) == {"overrides.nobody", "overrides.structured_output_mode"}
    assert (entry.provider.base_url, entry.provider.holds_key) == ("http://box/v1", True)
    assert (legacy.model_id, legacy.provider.provider_id, legacy.provider.holds_key) == ("gpt::mine", "openai", True)
    assert "key-of-theirs" not in repr((entry, legacy))
    assert set(entry.values) <= set(OVERRIDABLE)


def test_litellm_knows_providers_by_prefix_address_and_list() -> None:
    def read(model: str, **parameters: Any) -> tuple[str, str | None, str]:
        row = {"model_name": "x", "litellm_params": {"model": model, **parameters}}
        (found,) = LitellmProxy().read({"config.yaml": {"model_list": [row]}})
        return found.model_id, found.provider.provider_id, found.provider.base_url

    assert read("anthropic/claude-x") == ("claude-x", "anthropic", "")
    assert read("openai/my/model", api_base="http://box/v1") == ("my/model", None, "http://box/v1")
    assert read("hosted_vllm/m", api_base="http://box/v1") == ("m", None, "http://box/v1")
    assert read("openai/m") == ("m", "openai", "")
    assert read("openai/m", api_base="https://api.siliconflow.cn/v1/")[1] == "siliconflow_cn"
    assert read("ollama_chat/gemma3") == ("gemma3", "ollama", "")
    assert read("gpt-4o") == ("gpt-4o", "openai", "")
    assert read("nobody/knows")[1] is None


def test_a_key_in_a_file_is_seen_and_not_read() -> None:
    secret = "key-of-theirs"
    files: Sequence[tuple[Target, Mapping[str, Any]]] = (
        (
            LitellmProxy(),
            {
                "config.yaml": {
                    "model_list": [{"model_name": "x", "litellm_params": {"model": "openai/m", "api_key": secret}}]
                }
            },
        ),
        (Aider(), {".aider.model.settings.yml": [{"name": "openai/m", "extra_params": {"api_key": secret}}]}),
        (
            Continue(),
            {
                "config.yaml": {
                    "name": "x",
                    "version": "1",
                    "models": [{"name": "a", "provider": "openai", "model": "m", "apiKey": secret}],
                }
            },
        ),
        (
            LibreChat(),
            {
                "librechat.yaml": {
                    "version": "1",
                    "endpoints": {
                        "custom": [
                            {"name": "a", "apiKey": secret, "baseURL": "http://x/v1", "models": {"default": ["m"]}}
                        ]
                    },
                }
            },
        ),
    )
    for target, trees in files:
        (found,) = target.read(trees)
        assert found.provider.holds_key
        assert secret not in repr(found)
