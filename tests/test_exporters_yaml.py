"""The targets with YAML files: thirty models written and read back by each tool's rules, and what is lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.exporters.aider import Aider
from core.exporters.continue_dev import Continue
from core.exporters.kiln import Kiln
from core.exporters.librechat import LibreChat
from core.exporters.litellm_proxy import LitellmProxy
from core.exporters.losses import losses_of
from core.exporters.places import find, value_at, with_value
from core.exporters.shape import Target
from core.exporters.subject import ExportedModel, subjects_of
from core.field_specs import UNSET
from tests.export_rolls import SECRETS, exported_models
from tests.exported_files import (
    EMPTY_TREES,
    YAML_TARGETS,
    entry_of,
    one_model,
    read_back,
    taken_of,
    trees_of,
    with_every_yaml_target,
)
from tests.rolls import custom, open_roll, write_roll


@pytest.fixture
def models(tmp_path: Path) -> tuple[ExportedModel, ...]:
    return exported_models(tmp_path / "settings.yaml")


@with_every_yaml_target
def test_thirty_models_are_read_back_as_muster_resolves_them(target: Target, models: tuple[ExportedModel, ...]) -> None:
    taken = taken_of(target, models)
    assert len(taken) >= 28
    read = read_back(target, taken)
    assert read.keys() == {model.entry_id for model in taken}
    for model in taken:
        found = read[model.entry_id]
        assert list(target.differences(model, found)) == []
        assert found.model_id == model.model_id
        if model.is_custom:
            assert found.provider.base_url == model.base_url
        elif model.provider_id != "azure_openai" or found.provider.provider_id is not None:  # its address is one's own
            assert found.provider.provider_id == model.provider_id
        assert not found.not_understood
        assert not found.provider.holds_key


@with_every_yaml_target
def test_each_field_with_a_key_is_read_as_muster_resolves_it(target: Target, models: tuple[ExportedModel, ...]) -> None:
    """Without `differences`, whose own conversions would hide a mistake in them."""
    taken = taken_of(target, models)
    read = read_back(target, taken)
    for rule in target.rules:
        if rule.key is None or rule.write is not None or rule.field in ("name", "model_id", "base_url", "key"):
            continue
        for model in taken:
            value, found = model.value(rule.field), read[model.entry_id].values.get(rule.field)
            assert found == value or (found is False and value is None), (model.entry_id, rule.field)


@with_every_yaml_target
def test_no_two_fragments_have_one_place_and_shared_ones_name_their_owners(
    target: Target, models: tuple[ExportedModel, ...]
) -> None:
    taken = taken_of(target, models)
    fragments = target.fragments(taken)
    places = [(fragment.file, fragment.place) for fragment in fragments]
    assert len(places) == len(set(places))
    known = {file.name for file in target.files(taken)}
    for fragment in fragments:
        assert fragment.file in known
        assert (fragment.entry_id == "") == bool(fragment.owners)
    assert {fragment.entry_id for fragment in fragments} - {""} == {model.entry_id for model in taken}


def holds(found: Any, value: Any) -> bool:
    if isinstance(value, dict) and isinstance(found, dict):
        return all(holds(found.get(key, UNSET), inner) for key, inner in value.items())
    return bool(found == value)


@with_every_yaml_target
def test_no_fragment_undoes_another(target: Target, models: tuple[ExportedModel, ...]) -> None:
    fragments = target.fragments(taken_of(target, models))
    trees = trees_of(target, fragments)
    for fragment in fragments:
        found = find(trees[fragment.file], fragment.place)
        assert found == fragment.value if fragment.entry_id else holds(found, fragment.value), fragment.place


@with_every_yaml_target
def test_models_exported_one_after_the_other_come_to_the_same(
    target: Target, models: tuple[ExportedModel, ...]
) -> None:
    """Apart from names, which depend on what they have to be told apart from."""
    taken = [model for model in taken_of(target, models) if model.litellm_model not in ("openai/llama3", "openai/twin")]
    trees: dict[str, Any] = {}
    for model in taken:
        for fragment in target.fragments([model]):
            if not fragment.entry_id and find(trees.get(fragment.file), fragment.place) is not UNSET:
                assert holds(find(trees[fragment.file], fragment.place), fragment.value)
                continue
            begun = EMPTY_TREES.get(target.id, UNSET)
            trees[fragment.file] = with_value(trees.get(fragment.file, begun), fragment.place, fragment.value)
    together = trees_of(target, target.fragments(taken))
    assert {found.place: found.values for found in target.read(trees)} == {
        found.place: found.values for found in target.read(together)
    }


@with_every_yaml_target
def test_no_key_is_in_what_is_written(target: Target, models: tuple[ExportedModel, ...]) -> None:
    text = json.dumps([fragment.value for fragment in target.fragments(taken_of(target, models))])
    assert not [secret for secret in SECRETS if secret in text]


@with_every_yaml_target
def test_what_is_written_is_plain_data(target: Target, models: tuple[ExportedModel, ...]) -> None:
    for fragment in target.fragments(taken_of(target, models)):
        assert json.loads(json.dumps(fragment.value)) == fragment.value


# --------------------------------------------------------------------------------------------------------- unset


WRITTEN_KEYS: Mapping[str, Mapping[str, tuple[str, tuple[Any, Any, Any]]]] = {
    # field: (dotted key, what stands there where it is unset, yes, no); UNSET: nothing does
    "kiln": {
        "supports_structured_output": ("overrides.supports_structured_output", (UNSET, True, False)),
        "supports_function_calling": ("overrides.supports_function_calling", (False, True, False)),
        "supports_vision": ("overrides.supports_vision", (UNSET, True, False)),
        "supports_logprobs": ("overrides.supports_logprobs", (UNSET, True, False)),
        "supports_data_gen": ("overrides.supports_data_gen", (UNSET, True, False)),
        "reasoning_capable": ("overrides.reasoning_capable", (UNSET, True, False)),
        "untested_model": ("overrides.untested_model", (UNSET, True, False)),
        "siliconflow_enable_thinking": ("overrides.siliconflow_enable_thinking", (UNSET, True, False)),
    },
    "litellm": {
        "supports_structured_output": ("model_info.supports_response_schema", (False, True, False)),
        "supports_function_calling": ("model_info.supports_function_calling", (False, True, False)),
        "supports_vision": ("model_info.supports_vision", (False, True, False)),
        "reasoning_capable": ("model_info.supports_reasoning", (False, True, False)),
    },
    "aider": {
        "reasoning_capable": ("accepts_settings", (UNSET, ["reasoning_effort"], UNSET)),
    },
    "continue": {
        "supports_function_calling": ("capabilities", ([], ["tool_use"], [])),
        "supports_vision": ("capabilities", ([], ["image_input"], [])),
        "reasoning_capable": ("defaultCompletionOptions.reasoning", (UNSET, True, False)),
    },
}
UNSAYABLE: Mapping[str, tuple[str, ...]] = {
    "kiln": (),
    "litellm": ("supports_logprobs",),
    "aider": ("supports_structured_output", "supports_logprobs"),
    "continue": ("supports_structured_output", "supports_logprobs"),
    "librechat": ("supports_structured_output", "supports_function_calling", "supports_vision", "supports_logprobs"),
}


@pytest.mark.parametrize(
    ("target", "field"),
    [(target, field) for target in YAML_TARGETS for field in WRITTEN_KEYS.get(target.id, {})],
    ids=lambda value: value if isinstance(value, str) else value.id,
)
def test_a_boolean_unset_yes_and_no(target: Target, field: str, tmp_path: Path) -> None:
    key, expected = WRITTEN_KEYS[target.id][field]
    for state, wanted in zip((UNSET, True, False), expected, strict=True):
        overrides = {} if state is UNSET else {field: state}
        model = one_model(tmp_path, **overrides)
        assert value_at(entry_of(target, model), key) == wanted, state
        (found,) = read_back(target, [model]).values()
        effective = model.value(field)
        assert found.values.get(field) == effective
        assert (field in found.stated) == (wanted is not UNSET), state


@pytest.mark.parametrize("state", [UNSET, True, False])
@pytest.mark.parametrize("field", ["supports_function_calling", "supports_vision"])
def test_aider_keeps_capabilities_among_its_metadata(field: str, state: Any, tmp_path: Path) -> None:
    model = one_model(tmp_path, **({} if state is UNSET else {field: state}))
    metadata = [each.value for each in Aider().fragments([model]) if each.file == ".aider.model.metadata.json"]
    assert [each[field] for each in metadata] == [state is True]


@with_every_yaml_target
@pytest.mark.parametrize("state", [UNSET, True, False])
def test_what_is_unset_loses_nothing_that_was_never_said(target: Target, state: Any, tmp_path: Path) -> None:
    """A yes that cannot be said is a loss; a no, or nothing, only where the tool takes it for something else."""
    for field in UNSAYABLE[target.id]:
        losses = losses_of(target, one_model(tmp_path, **({} if state is UNSET else {field: state})))
        assert [loss.field for loss in losses].count(field) == (1 if state is True else 0)


# -------------------------------------------------------------------------------------------------------- losses


def words_of(target: Target, model: ExportedModel) -> dict[str, str]:
    return {loss.field: loss.words for loss in losses_of(target, model)}


def test_kiln_loses_nothing_but_limits_and_keys(models: tuple[ExportedModel, ...]) -> None:
    found = {loss.field for model in models for loss in losses_of(Kiln(), model)}
    assert found == {"supports_function_calling", "context_tokens", "output_tokens", "key"}
    by_id = {model.entry_id: model for model in models}
    assert "written as No" in words_of(Kiln(), by_id["bare"])["supports_function_calling"]
    assert "supports_function_calling" not in words_of(Kiln(), by_id["all-no"])
    assert "key" not in words_of(Kiln(), by_id["elsewhere"])


def test_litellm_says_kinds_of_attachments_only(tmp_path: Path) -> None:
    target = LitellmProxy()
    both = one_model(tmp_path, multimodal_mime_types=["application/pdf", "text/csv", "image/png"])
    told = [loss.words for loss in losses_of(target, both) if loss.field == "multimodal_mime_types"]
    assert told == [
        "LiteLLM Proxy has no word for text/csv.",
        "LiteLLM Proxy takes pictures only where Supports Vision is Yes, and it is No.",
    ]
    texts = one_model(tmp_path, multimodal_mime_types=["text/csv"])
    assert "nothing for" in words_of(target, texts)["multimodal_mime_types"]
    info = entry_of(target, one_model(tmp_path, multimodal_mime_types=["audio/ogg"]))["model_info"]
    assert [info[f"supports_{kind}_input"] for kind in ("pdf", "audio", "video")] == [False, True, False]


def test_aider_tells_of_its_one_key_and_of_its_rules_by_name(models: tuple[ExportedModel, ...]) -> None:
    by_id = {model.entry_id: model for model in models}
    boxed, keyless, openai, azure = (
        words_of(Aider(), by_id[each]) for each in ("bare", "elsewhere", "openai", "azure")
    )
    assert "OPENAI_API_KEY" in boxed["key"]
    assert "edit_format" in boxed["name"]
    assert "key" not in keyless
    assert "key" not in openai
    assert "AZURE_API_BASE" in azure["key"]
    assert "own list" in openai["model_id"]
    assert "model_id" not in boxed


def test_aider_leaves_its_own_rules_on_where_there_is_nothing_to_say(models: tuple[ExportedModel, ...]) -> None:
    claude = next(model for model in models if model.entry_id == "anthropic")
    assert [fragment.file for fragment in Aider().fragments([claude])] == [".aider.model.metadata.json"]


def test_a_keyless_endpoint_is_sent_no_key_of_another(models: tuple[ExportedModel, ...]) -> None:
    by_id = {model.entry_id: model for model in models}
    for entry_id in ("elsewhere", "ollama"):
        assert entry_of(Aider(), by_id[entry_id])["extra_params"]["api_key"] == "NA"
        assert entry_of(LitellmProxy(), by_id[entry_id])["litellm_params"]["api_key"] == "NA"
    assert "api_key" not in entry_of(Aider(), by_id["bare"])["extra_params"]


def test_librechat_tells_of_prices_only_where_somebody_else_is_paid(models: tuple[ExportedModel, ...]) -> None:
    by_id = {model.entry_id: model for model in models}
    assert "context_tokens" in words_of(LibreChat(), by_id["openai"])
    assert "context_tokens" not in words_of(LibreChat(), by_id["bare"])


# ---------------------------------------------------------------------------------------------------- what stands


def test_litellm_entries_hold_references_for_every_credential(models: tuple[ExportedModel, ...]) -> None:
    said = {model.entry_id: entry_of(LitellmProxy(), model)["litellm_params"] for model in models}
    assert said["bare"] == {
        "model": "openai/llama3",
        "api_base": "http://127.0.0.1:18000/v1",
        "api_key": "os.environ/BOX_API_KEY",
    }
    assert said["anthropic"] == {"model": "anthropic/claude-sonnet-4-5", "api_key": "os.environ/ANTHROPIC_API_KEY"}
    assert said["azure"] == {
        "model": "azure/my-deployment",
        "api_key": "os.environ/AZURE_OPENAI_API_KEY",
        "api_base": "os.environ/AZURE_OPENAI_ENDPOINT",
    }
    assert said["bedrock"]["aws_secret_access_key"] == "os.environ/AWS_SECRET_ACCESS_KEY"
    assert said["ollama"]["api_base"] == "http://localhost:11434/v1"
    assert said["levels"]["extra_body"] == {"reasoning_effort": "medium"}
    assert said["levels"]["max_parallel_requests"] == 2
    assert said["router"]["extra_body"] == {"reasoning": {"effort": "high"}}


def test_variants_are_told_apart(models: tuple[ExportedModel, ...]) -> None:
    variants = [model for model in models if model.litellm_model == "openai/llama3"]
    assert len(variants) == 4
    for target in YAML_TARGETS:
        read = read_back(target, variants)
        assert {found.model_id for found in read.values()} == {"llama3"}
        assert len({(found.file, found.place) for found in read.values()}) == 4
    names = [fragment.name for fragment in Aider().fragments(variants) if fragment.file.endswith(".yml")]
    assert names == ["openai/llama3", "openai/Llama 3 (schema)", "openai/Llama 3 (tools)", "openai/llama3 (Keyless)"]


def test_kiln_rows_hold_what_is_set_and_keys_are_never_touched(models: tuple[ExportedModel, ...]) -> None:
    by_id = {model.entry_id: model for model in models}
    assert entry_of(Kiln(), by_id["bare"]) == {
        "id": "bare",
        "provider_type": "custom",
        "provider_id": "Box",
        "model_id": "llama3",
        "overrides": {"supports_function_calling": False},
    }
    start = {"openai_compatible_providers": [{"name": "Box", "base_url": "http://old", "api_key": "theirs"}]}
    tree = trees_of(Kiln(), Kiln().fragments(models), start)["settings.yaml"]
    box, keyless, *_ = tree["openai_compatible_providers"]
    assert box == {"name": "Box", "base_url": "http://127.0.0.1:18000/v1", "api_key": "theirs"}
    assert keyless == {"name": "Keyless", "base_url": "http://127.0.0.1:18001/v1"}


def test_librechat_puts_thinking_models_into_an_endpoint_of_their_own(models: tuple[ExportedModel, ...]) -> None:
    tree = trees_of(LibreChat(), LibreChat().fragments(taken_of(LibreChat(), models)))["librechat.yaml"]
    endpoints = {endpoint["name"]: endpoint for endpoint in tree["endpoints"]["custom"]}
    assert "customParams" not in endpoints["Box"]
    assert endpoints["Box (thinking)"]["customParams"] == {"reasoningFormat": "reasoning_effort"}
    assert endpoints["Box (thinking)"]["models"] == {"fetch": False, "default": ["all-yes-8b", "deepseek-r1:8b"]}
    assert endpoints["Keyless"]["apiKey"] == "NA"
    assert endpoints["Box"]["tokenConfig"] == {"llama3": {"prompt": 0, "completion": 0, "context": 8192}}


def test_librechat_never_takes_the_name_of_one_of_its_own_endpoints(tmp_path: Path) -> None:
    for name in ("openAI", "OpenAI"):
        provider = {"name": name, "base_url": "http://127.0.0.1:1/v1"}
        with open_roll(write_roll(tmp_path / "named.yaml", openai_compatible_providers=[provider])) as registry:
            (model,), _ = subjects_of(registry, [custom("m", provider_id=name, id="m")])
        assert LibreChat().fragments([model])[0].value["name"] == f"{name} (custom)"


# ------------------------------------------------------------------------------------------------- where files are


@pytest.mark.parametrize(
    ("target", "variable", "value", "expected"),
    [
        (Kiln(), "", "", ".kiln_ai/settings.yaml"),
        (Aider(), "", "", "."),
        (Continue(), "", "", ".continue/config.yaml"),
        (Continue(), "CONTINUE_GLOBAL_DIR", "~/elsewhere", "elsewhere/config.yaml"),
        (LitellmProxy(), "", "", "litellm/config.yaml"),
        (LibreChat(), "", "", "LibreChat/librechat.yaml"),
        (LibreChat(), "CONFIG_PATH", "~/chat.yaml", "chat.yaml"),
        (LibreChat(), "CONFIG_PATH", "https://example.org/librechat.yaml", "LibreChat/librechat.yaml"),
    ],
    ids=lambda value: value.id if isinstance(value, Target) else None,
)
def test_where_the_file_is(
    target: Target, variable: str, value: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable:
        monkeypatch.setenv(variable, value)
    assert target.default_path() == Path.home() / expected
