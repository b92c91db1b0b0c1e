"""The bounds within which texts are read, whatever somebody puts into them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import yaml

from core.errors import MusterError
from core.import_texts import LARGEST_ROLL_BYTES, LARGEST_YAML_BYTES, MOST_YAML_VALUES
from core.importing import plan_import
from core.registry import Registry
from tests.imports import LLM, model_of
from tests.rolls import open_roll

LONG: str = "x" * 1000
"""A value that takes long to be written and none to be read."""


@pytest.fixture
def empty(tmp_path: Path) -> Registry:
    """A roll with nothing on it, and no credentials."""
    return open_roll(tmp_path / "empty" / "settings.yaml")


def _yaml_beyond(size_bytes: int, start: str = "") -> str:
    return start + f"- {LONG}\n" * (size_bytes // len(LONG) + 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(_yaml_beyond(LARGEST_YAML_BYTES), "larger than 2 MB", id="long YAML"),
        pytest.param("- a\n" * MOST_YAML_VALUES, "more than 300,000 values", id="rows"),
        pytest.param(f"a: [{'1,' * MOST_YAML_VALUES}1]", "more than 300,000 values", id="between brackets"),
        pytest.param("- " * MOST_YAML_VALUES + "- a", "more than 300,000 values", id="dashes"),
        pytest.param("a: " + "[" * MOST_YAML_VALUES + "[]", "more than 300,000 values", id="brackets"),
        pytest.param("a: " + "{" * MOST_YAML_VALUES + "{}", "more than 300,000 values", id="braces"),
        pytest.param(_yaml_beyond(LARGEST_ROLL_BYTES, "custom_models:\n"), "larger than 4 MB", id="long roll"),
        pytest.param("custom_models:\n" + "- a\n" * MOST_YAML_VALUES, "more than 300,000 values", id="rows of a roll"),
        pytest.param(
            json.dumps({"custom_models": [LONG] * (LARGEST_ROLL_BYTES // len(LONG))}),
            "larger than 4 MB",
            id="long roll in JSON",
        ),
        pytest.param(
            "// a comment\n" + json.dumps([LONG] * (LARGEST_YAML_BYTES // len(LONG) + 1)),
            "larger than 2 MB",
            id="long JSON with a comment",
        ),
        pytest.param("[" + "1," * MOST_YAML_VALUES, "more than 300,000 values", id="JSON that is cut off"),
    ],
)
def test_a_text_that_would_take_long_to_be_read_is_refused_before_it_is_read(
    text: str, words: str, empty: Registry, tmp_path: Path
) -> None:
    path = tmp_path / ("given.json" if text[0] in "{[/" else "given.yaml")
    path.write_text(text, encoding="utf-8")
    for what, name in ((path, f"“{path.name}”"), (text, "The text")):
        started_s = time.process_time()
        with pytest.raises(MusterError) as caught:
            plan_import(empty, what)
        assert time.process_time() - started_s < 0.5
        assert caught.value.title.startswith(name)
        assert words in caught.value.title
        assert caught.value.hint == "Import it in parts."


def test_a_tools_file_beyond_the_bounds_is_refused_by_its_name_and_in_its_folder(
    empty: Registry, tmp_path: Path
) -> None:
    path = tmp_path / LLM
    path.write_text(_yaml_beyond(LARGEST_YAML_BYTES), encoding="utf-8")
    for what, source in ((path, None), (path, "llm")):
        with pytest.raises(MusterError, match="larger than 2 MB"):
            plan_import(empty, what, source)
    settings = tmp_path / ".aider.model.settings.yml"
    settings.write_text(_yaml_beyond(LARGEST_YAML_BYTES), encoding="utf-8")
    with pytest.raises(MusterError, match=r"“\.aider\.model\.settings\.yml” is larger than 2 MB"):
        plan_import(empty, tmp_path, "aider")


def test_a_settings_file_of_ten_thousand_models_is_imported(empty: Registry, tmp_path: Path) -> None:
    overrides = {
        "supports_vision": True,
        "supports_function_calling": True,
        "structured_output_mode": "json_schema",
        "supports_structured_output": True,
        "reasoning_capable": False,
    }
    rows = [
        {"id": f"id-{n}", **model_of(f"makers/model-{n}", f"P{n % 20}", name=f"Model {n}", overrides=dict(overrides))}
        for n in range(10_000)
    ]
    providers = [{"name": f"P{n}", "base_url": f"https://p{n}.example/v1"} for n in range(20)]
    tree = {"user_model_registry": rows, "openai_compatible_providers": providers}
    text = yaml.dump(tree, Dumper=yaml.CSafeDumper, sort_keys=False)
    assert 2.5e6 < len(text) < LARGEST_ROLL_BYTES
    path = tmp_path / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    plan = plan_import(empty, path)
    assert len(plan.add) == 10_000
    assert not plan.problems
    assert plan.add[-1].entry.overrides == overrides
    assert len(plan.providers) == 20


@pytest.mark.parametrize("key", ["user_model_registry", "custom_models", "openai_compatible_providers"])
def test_a_roll_is_known_by_a_line_wherever_it_stands(key: str, empty: Registry) -> None:
    for text in (f"{key}: []\n", f"open_ai_api_key: ''\n\n{key}:\n- x\n", f"# a comment\r\nother: 1\r\n{key}:\r\n"):
        assert plan_import(empty, text).source.kind == "muster"


def test_what_only_looks_like_a_line_of_a_roll_is_read_as_what_it_is(empty: Registry) -> None:
    text = "model_list:\n- model_name: a\n  litellm_params:\n    model: openai/a\n    custom_models: x\n"
    assert plan_import(empty, text).source.kind == "litellm"


# ---------------------------------------------------------------------------------------------------- keys given twice

SHARE_TWICE = """{
  "format": "muster-roll", "version": 1,
  "providers": [{"name": "Box", "base_url": "https://box.example/v1"}],
  "models": [{"provider_type": "custom", "provider_id": "Box", "model_id": "a"}],
  "models": []
}
"""


@pytest.mark.parametrize(
    ("name", "text", "key", "line"),
    [
        ("a.muster-roll", SHARE_TWICE, "models", 5),
        (
            "settings.json",
            '{"custom_models": [],\n"user_model_registry": [{"model_id": "a",\n"model_id": "b"}]}',
            "model_id",
            3,
        ),
        ("opencode.json", '{"provider": {"a": {}},\n "provider": {}}', "provider", 2),
        ("opencode.jsonc", '// mine\n{"provider": {"a": {},\n /* again */ "a": {}},}', "a", 3),
        (".aider.model.metadata.json", '{"openai/x": {},\n"openai/x": {"mode": "chat"}}', "openai/x", 2),
        ("chatLanguageModels.json", '[{"vendor": "a", "vendor": "a"}]', "vendor", 1),
    ],
)
def test_a_key_that_is_there_twice_is_refused_by_its_name(
    name: str, text: str, key: str, line: int, empty: Registry, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    for what, named in ((path, f"“{name}”"), (text, "The text")):
        with pytest.raises(MusterError) as caught:
            plan_import(empty, what)
        assert caught.value.title == f"{named} cannot be read (line {line})."
        assert caught.value.hint.startswith(f"The key “{key}” is given twice. ")


def test_a_key_that_is_there_twice_in_a_long_file_is_named_too(empty: Registry, tmp_path: Path) -> None:
    path = tmp_path / "long.muster-roll"
    for many in ([LONG] * 3000, [1] * (MOST_YAML_VALUES + 1)):
        path.write_text(f'{{"format": "muster-roll", "x": {json.dumps(many)}, "version": 1, "version": 2}}')
        with pytest.raises(MusterError) as caught:
            plan_import(empty, path)
        assert caught.value.title == "“long.muster-roll” cannot be read."
        assert caught.value.hint.startswith("The key “version” is given twice. ")


def test_a_key_in_a_settings_file_that_is_there_twice_is_told(empty: Registry) -> None:
    text = (
        "openai_compatible_providers:\n- name: Box\n  base_url: https://box.example/v1\n"
        "user_model_registry:\n- provider_type: custom\n  provider_id: Box\n  model_id: a\n  model_id: b\n"
    )
    plan = plan_import(empty, text)
    assert [item.model_id for item in plan.add] == ["b"]
    assert plan.notes == ("The key 'model_id' is given twice (lines 7 and 8): the last one is read.",)
