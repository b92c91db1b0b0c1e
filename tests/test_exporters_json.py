"""The targets whose files are JSON or Python: what is written, and what each tool makes of it by its own rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.exporters.all_targets import TARGETS
from core.exporters.goose import Goose
from core.exporters.losses import losses_of
from core.exporters.opencode import OpenCode
from core.exporters.pydantic_ai import PydanticAi
from core.exporters.shape import LIMIT_FIELDS, PLACE_FIELDS, ReadModel, Target
from core.exporters.subject import ExportedModel
from core.exporters.vscode import VsCode
from core.exporters.zed import Zed
from core.fields import OVERRIDABLE
from core.structured_output import effective_mode
from tests.export_rolls import SECRETS, exported_models
from tests.export_trees import read_back, trees_of, writable

KINDS: tuple[Target, ...] = (OpenCode(), PydanticAi(), Goose(), Zed(), VsCode())
FILES = {"opencode": "opencode.json", "zed": "settings.json", "vscode": "chatLanguageModels.json"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[ExportedModel, ...]:
    return exported_models(tmp_path_factory.mktemp("roll") / "settings.yaml")


@pytest.fixture(params=KINDS, ids=lambda target: target.id)
def target(request: pytest.FixtureRequest) -> Target:
    chosen: Target = request.param
    return chosen


def test_each_target_is_offered(target: Target) -> None:
    assert type(TARGETS[target.id]) is type(target)


def test_every_model_is_read_back_as_it_is(target: Target, models: tuple[ExportedModel, ...]) -> None:
    taken = writable(target, models)
    assert len(taken) == 28  # Bedrock and Vertex have no address of OpenAI's kind
    found = read_back(target, taken)
    assert found.keys() == {model.entry_id for model in taken}
    for model in taken:
        read = found[model.entry_id]
        assert list(target.differences(model, read)) == []
        assert read.not_understood == ()
        assert (read.model_id, read.provider.base_url) == (model.model_id, model.base_url)


def test_what_is_read_back_otherwise_is_told_as_a_loss(target: Target, models: tuple[ExportedModel, ...]) -> None:
    """Independent of how a target compares: every field that the tool has, against what a run uses."""
    for model in writable(target, models):
        told = {loss.field for loss in losses_of(target, model)}
        read = read_back(target, [model])[model.entry_id]
        for name in [*OVERRIDABLE, *LIMIT_FIELDS]:
            if name == "multimodal_capable" or name in told:
                continue
            value = model.value(name)
            if value == "default":
                value = effective_mode(model.provider.structured_output_mode, model.provider.name)
            if name in read.values:
                assert _plain(read.values[name]) == _plain(value) or value is None, (target.id, model.name, name)
            else:
                assert not (value and model.is_set(name)), (target.id, model.name, name)


def _plain(value: Any) -> Any:
    # A tool keeps the levels and not the labels that we have for them; pictures are said by Supports Vision.
    if isinstance(value, dict):
        return sorted(value.values())
    return sorted(item for item in value if not item.startswith("image/")) if isinstance(value, list) else value


def test_no_two_pieces_have_one_place(target: Target, models: tuple[ExportedModel, ...]) -> None:
    fragments = target.fragments(writable(target, models))
    assert len({(fragment.file, fragment.place) for fragment in fragments}) == len(fragments)


def test_what_models_share_knows_whose_it_is(target: Target, models: tuple[ExportedModel, ...]) -> None:
    taken = writable(target, models)
    shared = [fragment for fragment in target.fragments(taken) if not fragment.entry_id]
    assert shared
    assert all(fragment.owners for fragment in shared)
    assert {owner for fragment in shared for owner in fragment.owners} == {model.entry_id for model in taken}


def test_no_key_is_written(target: Target, models: tuple[ExportedModel, ...]) -> None:
    text = json.dumps(trees_of(target.fragments(writable(target, models))), ensure_ascii=False)
    assert not [secret for secret in SECRETS if secret in text]


def test_what_is_written_names_its_files(target: Target, models: tuple[ExportedModel, ...]) -> None:
    taken = writable(target, models)
    assert {file.name for file in target.files(taken)} == {fragment.file for fragment in target.fragments(taken)}


def test_the_whole_roll_has_nothing_to_say_where_there_is_no_model(target: Target) -> None:
    assert target.fragments(()) == ()
    assert target.read({}) == ()


# ----------------------------------------------------------------------------------------------------- what unset means

UNSET: Mapping[str, Mapping[str, Any]] = {
    "opencode": {
        "supports_function_calling": True,
        "reasoning_capable": False,
        "supports_vision": False,
    },
    "zed": {"supports_function_calling": True, "supports_vision": False, "context_tokens": 2048},
    "vscode": {
        "supports_function_calling": False,
        "supports_vision": False,
        "reasoning_capable": False,
        "context_tokens": 2560,
        "output_tokens": 512,
    },
    "goose": {"supports_function_calling": True, "reasoning_capable": False, "context_tokens": 128_000},
    "pydantic-ai": {
        "supports_function_calling": True,
        "supports_structured_output": True,
        "structured_output_mode": "function_calling",
        "reasoning_capable": False,
        "supports_vision": True,
        "multimodal_capable": True,
        "supports_logprobs": True,
    },
}
BARE: Mapping[str, Any] = {
    "opencode": {"opencode.json": {"provider": {"acme": {"models": {"tiny": {}}}}}},
    "zed": {
        "settings.json": {
            "language_models": {
                "openai_compatible": {
                    "acme": {"api_url": "http://x/v1", "available_models": [{"name": "tiny", "max_tokens": 2048}]}
                }
            }
        }
    },
    "vscode": {
        "chatLanguageModels.json": [
            {
                "vendor": "customendpoint",
                "name": "acme",
                "models": [
                    {"id": "tiny", "name": "tiny", "url": "http://x", "maxInputTokens": 2048, "maxOutputTokens": 512}
                ],
            }
        ]
    },
    "goose": {
        "acme.json": {
            "name": "acme",
            "engine": "openai",
            "display_name": "Acme",
            "base_url": "http://x/v1",
            "models": [{"name": "tiny"}],
        }
    },
    "pydantic-ai": {
        "muster_models.py": {
            "tiny": 'tiny = OpenAIChatModel("tiny", provider=OpenAICompatibleProvider("acme", base_url="http://x/v1"))'
        }
    },
}


def test_what_a_file_leaves_out_is_what_the_tool_takes_it_for(target: Target) -> None:
    (read,) = target.read(BARE[target.id])
    assert read.model_id == read.name == "tiny"
    assert read.stated <= {"model_id", "name", "context_tokens", "output_tokens", "multimodal_capable"}
    values = {name: value for name, value in read.values.items() if name not in PLACE_FIELDS}
    assert values == UNSET[target.id]


# ------------------------------------------------------------------------------------------------- other people's files


def _mutations(tree: Any) -> list[tuple[Any, ...]]:
    """The paths to everything in a tree."""
    paths: list[tuple[Any, ...]] = [()]
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        paths += [(key, *path) for path in _mutations(value)]
    return paths


def _replaced(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = _replaced(tree[path[0]], path[1:], value)
    return copy


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("{env:X}"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), odd=ODD)
def test_odd_files_are_read_or_refused_in_words(
    target: Target, models: tuple[ExportedModel, ...], data: st.DataObject, odd: Any
) -> None:
    few = [model for model in writable(target, models) if model.entry_id in ("papers", "levels", "bare", "r1")]
    trees = trees_of(target.fragments(few))
    path = data.draw(st.sampled_from([path for path in _mutations(trees) if path]))
    broken = _replaced(trees, path, odd)
    try:
        found = target.read(broken)
    except ValueError as error:
        words = str(error)
    else:
        words = "It is fine."
        assert all(isinstance(read, ReadModel) and isinstance(read.model_id, str) for read in found)
    assert words.endswith(".")
    assert "Traceback" not in words


def _zed(row: Any) -> dict[str, Any]:
    return {"language_models": {"openai_compatible": {"a": {"api_url": "http://x", "available_models": [row]}}}}


@pytest.mark.parametrize(
    ("kind", "tree", "words"),
    [
        ("opencode", [], "not a JSON object"),
        ("opencode", {"provider": {"a": {"models": {"m": {"limit": {"context": 1}}}}}}, "both context and output"),
        ("opencode", {"provider": {"a": {"models": {"m": {"tool_call": "yes"}}}}}, "tool_call” is not true or false"),
        ("opencode", {"provider": {"a": {"models": {"m": {"modalities": {"input": "text"}}}}}}, "input” is not a list"),
        ("opencode", {"provider": {"a": {"models": {"m": {"modalities": {"input": ["smell"]}}}}}}, "does not know"),
        ("zed", [], "not a JSON object"),
        ("zed", _zed({"name": "m"}), "no max_tokens for m"),
        ("zed", _zed({"name": "m", "max_tokens": 1, "capabilities": {"tools": True}}), "all capabilities of m"),
        ("zed", _zed("odd"), "a model without a name"),
        ("zed", {"language_models": {"openai_compatible": {"a": {"available_models": []}}}}, "no api_url"),
        ("vscode", {}, "not a list of groups"),
        ("goose", {"name": "a"}, "has no engine"),
        ("goose", BARE["goose"]["acme.json"] | {"engine": "telepathy"}, "engine that Goose does not know"),
        ("goose", BARE["goose"]["acme.json"] | {"models": [{"name": "m", "context_limit": "1"}]}, "whole number"),
        ("goose", BARE["goose"]["acme.json"] | {"models": [], "dynamic_models": False}, "has no model"),
        ("pydantic-ai", {"broken": "model = OpenAIChatModel("}, "not Python"),
    ],
)
def test_what_the_tool_refuses_as_a_whole_is_refused(kind: str, tree: Any, words: str) -> None:
    file = FILES.get(kind) or {"goose": "acme.json", "pydantic-ai": "muster_models.py"}[kind]
    with pytest.raises(ValueError, match=words):
        TARGETS[kind].read({file: tree})


def test_a_key_in_the_file_is_seen_and_not_read() -> None:
    provider = {"options": {"baseURL": "http://x/v1", "apiKey": "sk-secret"}, "models": {"m": {}}}
    (read,) = OpenCode().read({"opencode.json": {"provider": {"acme": provider}}})
    assert (read.provider.holds_key, read.provider.key_variable) == (True, "")
    assert "sk-secret" not in repr(read)
    code = 'm = OpenAIChatModel("m", provider=OpenAICompatibleProvider("a", base_url="http://x", api_key="sk-secret"))'
    (read,) = PydanticAi().read({"muster_models.py": {"m": code}})
    assert (read.provider.holds_key, read.provider.key_variable) == (True, "")
    assert "sk-secret" not in repr(read)


def test_a_group_with_an_address_of_its_own_has_no_other_models() -> None:
    (group,) = BARE["vscode"]["chatLanguageModels.json"]
    assert VsCode().read({"chatLanguageModels.json": [{**group, "url": "http://x/v1"}]}) == ()


def test_a_built_in_provider_is_known_by_its_address(target: Target, models: tuple[ExportedModel, ...]) -> None:
    (openai,) = (model for model in models if model.entry_id == "openai")
    (bare,) = (model for model in models if model.entry_id == "bare")
    found = read_back(target, [openai, bare])
    assert found["openai"].provider.provider_id == "openai"
    assert found["bare"].provider.provider_id is None


def test_opencodes_own_providers_fill_what_is_left_out() -> None:
    (read,) = OpenCode().read({"opencode.json": {"provider": {"google": {"models": {"gemini": {"reasoning": True}}}}}})
    assert (read.provider.provider_id, read.provider.base_url) == ("gemini_api", "")
    assert dict(read.values) == {"reasoning_capable": True, "name": "gemini", "model_id": "gemini"}


def test_what_is_not_understood_is_named() -> None:
    model = {"cost": {"input": 1}, "limit": {"context": 1, "output": 1, "input": 5}, "attachment": True}
    (read,) = OpenCode().read({"opencode.json": {"provider": {"acme": {"models": {"m": model}}}}})
    assert read.not_understood == ("cost", "limit.input")
