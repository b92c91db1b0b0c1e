"""What is read of every kind of source: tools’ files, rolls, variables; and what nobody should have written."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import MusterError
from core.exporters.all_targets import TARGETS
from core.exporters.shape import Format
from core.import_texts import parse_tree
from core.importing import KeyOffer, apply, known_sources, plan_change, plan_import
from core.registry import Registry
from tests.imports import KEY, LLM, llm_file, llm_row, model_of, roll_of_box, share_of
from tests.rolls import BOX, open_roll, write_roll


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A roll with the provider “Box” and its key, two models of it, and a legacy model."""
    return roll_of_box(tmp_path)


@pytest.fixture
def empty(tmp_path: Path) -> Registry:
    """A roll with nothing on it, and no credentials."""
    return open_roll(tmp_path / "empty" / "settings.yaml")


def test_only_what_a_tools_file_states_becomes_an_override(empty: Registry, tmp_path: Path) -> None:
    file = llm_file(
        tmp_path,
        llm_row("m1", "https://new.example/v1", supports_tools=True, vision=False, can_stream=False, aliases=["x"]),
        llm_row("m2", "https://new.example/v1"),
    )
    plan = plan_import(empty, file)
    assert [item.entry.overrides for item in plan.add] == [
        {"supports_function_calling": True, "supports_vision": False},
        None,
    ]
    assert plan.add[0].stated == ("supports_vision", "supports_function_calling") or set(plan.add[0].stated) == {
        "supports_vision",
        "supports_function_calling",
    }
    assert set(plan.add[0].not_understood) == {"can_stream", "aliases"}
    assert plan.add[0].provenance == f"llm, {file}"
    assert [(provider.name, provider.base_url) for provider in plan.providers] == [
        ("new.example", "https://new.example/v1")
    ]


def test_a_tools_name_for_a_model_on_the_roll_does_not_make_it_another(registry: Registry, tmp_path: Path) -> None:
    plan = plan_import(registry, llm_file(tmp_path, llm_row("m2", supports_tools=True)))
    (item,) = plan.replace
    assert [change.field for change in item.changes] == ["supports_function_calling"]
    assert item.entry.name == "Two"
    assert "It is called “my-m2” there." in item.notes


def test_a_key_in_a_tools_file_is_not_taken_for_a_variables_name(empty: Registry, tmp_path: Path) -> None:
    for secret in ("sk-made-up-1234567890", "abcdef0123456789abcdef", "AKIAIOSFODNN7EXAMPLE"):
        plan = plan_import(empty, llm_file(tmp_path, llm_row("m1", "https://new.example/v1", api_key_name=secret)))
        assert secret not in repr(plan) + str(plan) + repr(plan.source)
        assert plan.add[0].key_variable == ""


def test_a_file_that_its_tool_would_refuse_is_refused_with_words(empty: Registry, tmp_path: Path) -> None:
    for rows in ([{"model_id": "a"}], {"a": 1}, "text", [1]):
        path = tmp_path / LLM
        path.write_text(yaml.safe_dump(rows))
        with pytest.raises(MusterError) as caught:
            plan_import(empty, path)
        assert "llm" in str(caught.value)


def test_kilns_settings_are_read_with_what_is_wrong_in_them(empty: Registry, tmp_path: Path) -> None:
    path = write_roll(
        tmp_path / "settings.yaml",
        open_ai_api_key="made-up-key-of-openai",
        wandb_api_key="made-up-key-of-wandb",
        custom_models=["openai::gpt-old", "nobody::x"],
        user_model_registry=[
            model_of("m1", name="One", overrides={"supports_vision": True, "adapter": "jev", "colour": 1}),
            model_of("m2", "Gone"),
            {"provider_type": "custom"},
            7,
        ],
        openai_compatible_providers=[BOX, {"name": "Spare", "base_url": "https://spare.example/v1"}, {"name": "Odd"}],
    )
    plan = plan_import(empty, path, "kiln")
    assert [(item.display_name, item.entry.overrides) for item in plan.add] == [
        ("One", {"supports_vision": True}),
        ("gpt-old", None),
    ]
    assert plan.add[0].not_understood == ("adapter", "colour")
    assert [provider.name for provider in plan.providers] == ["Box", "Spare"]
    assert len(plan.problems) == 5
    assert "OpenAI’s API Key, wandb_api_key, the key of “Box”" in plan.notes[0]
    said = repr(plan) + repr(plan.source) + repr(plan.document)
    assert not any(secret in said for secret in ("made-up-key", KEY))
    apply(empty, plan)
    assert [provider.name for provider in empty.providers] == ["Box", "Spare"]
    assert "made-up-key" not in empty.path.read_text(encoding="utf-8")


def test_a_roll_imported_into_an_empty_one_is_the_same(registry: Registry, empty: Registry) -> None:
    apply(empty, plan_import(empty, registry.path))
    assert [entry.with_changes(id=None) for entry in empty.entries()] == [
        entry.with_changes(id=None) for entry in registry.entries()
    ]


def test_a_kind_of_source_that_there_is_not_is_refused(empty: Registry) -> None:
    with pytest.raises(MusterError) as caught:
        plan_import(empty, "{}", "emacs")
    assert "curl" in caught.value.hint
    assert set(known_sources()) >= {*TARGETS, "muster", "kiln", "curl", "environment"}


@pytest.mark.parametrize(
    ("given_text", "words"),
    [
        ("", "cannot be told"),
        ("hello there", "cannot be told"),
        ("{}", "cannot be told"),
        ("[1, 2]", "cannot be told"),
        ("/no/such/place/settings.yaml", "There is no file"),
        ("missing.yaml", "There is no file"),
        ("a: 1\n\0", "control character"),
        ('{"format": ', "cannot be read"),
    ],
)
def test_what_cannot_be_told_is_refused_with_words(given_text: str, words: str, empty: Registry) -> None:
    with pytest.raises(MusterError) as caught:
        plan_import(empty, given_text)
    assert words in str(caught.value)


def test_files_that_are_no_text_are_refused_with_words(empty: Registry, tmp_path: Path) -> None:
    for name, data in (("a.yaml", b"\x80\x81\xff"), ("b.yaml", b"a: \x00"), ("c.yaml", b"\x1b[2J")):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(MusterError):
            plan_import(empty, path)
    with pytest.raises(MusterError):
        plan_import(empty, tmp_path)
    with pytest.raises(MusterError):
        plan_import(empty, tmp_path / "nothing")


# ------------------------------------------------------------------------------------------------------ the environment


def test_the_environment_says_which_providers_are_ready_and_which_endpoints_there_are(tmp_path: Path) -> None:
    roll = open_roll(
        tmp_path / "s.yaml",
        GROQ_API_KEY="made-up-key-of-groq",
        AWS_ACCESS_KEY_ID="made-up-key-of-aws",
        DEEPSEEK_API_KEY="made-up-key-of-deepseek",
        OLLAMA_HOST="0.0.0.0:11500",
        LM_STUDIO_API_BASE="http://localhost:1234/v1",
    )
    plan = plan_import(roll, "", "environment")
    assert "Groq is ready: GROQ_API_KEY is set." in plan.notes
    assert "Amazon Bedrock is not ready: AWS_SECRET_ACCESS_KEY is not set." in plan.notes
    assert [(provider.name, provider.base_url) for provider in plan.providers] == [
        ("LM Studio", "http://localhost:1234/v1"),
        ("Ollama", "http://127.0.0.1:11500/v1"),
        ("DeepSeek", "https://api.deepseek.com/v1"),
    ]
    assert [(offer.provider, offer.variable) for offer in plan.keys_offered] == [("DeepSeek", "DEEPSEEK_API_KEY")]
    assert "made-up-key" not in repr(plan) + repr(plan.source)
    change = plan_change(roll, plan, chosen=["DeepSeek"])
    assert change.text == "Import provider “DeepSeek”"
    roll.commit(change)
    assert [provider.name for provider in roll.providers] == ["DeepSeek"]


def test_openais_key_at_another_address_of_the_environment_is_a_redirect(tmp_path: Path) -> None:
    roll = open_roll(tmp_path / "s.yaml", OPENAI_API_KEY="made-up", OPENAI_BASE_URL="https://proxy.example/v1")
    plan = plan_import(roll, "", "environment")
    assert [redirect.key for redirect in plan.redirects] == ["OPENAI_API_KEY"]
    assert plan.keys_offered == ()
    assert plan_import(roll, "OPENAI_BASE_URL=https://api.openai.com/v1\nOPENAI_API_KEY=x").providers == ()


def test_a_file_of_variables_is_read_like_the_environment(empty: Registry, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(
        '# mine\nexport LITELLM_PROXY_API_BASE="http://proxy.example:4000"\nLITELLM_PROXY_API_KEY=sk-1234567\n'
    )
    plan = plan_import(empty, path)
    assert [(provider.name, provider.base_url) for provider in plan.providers] == [
        ("LiteLLM Proxy", "http://proxy.example:4000")
    ]
    assert [offer.variable for offer in plan.keys_offered] == ["LITELLM_PROXY_API_KEY"]
    assert "sk-1234567" not in repr(plan) + repr(plan.source)


def test_a_key_that_stands_in_a_text_only_makes_no_provider_ready(tmp_path: Path) -> None:
    text = "export GROQ_API_KEY='made-up-of-groq'\nAWS_ACCESS_KEY_ID=made-up-id\nDEEPSEEK_API_KEY=made-up-of-deepseek\n"
    roll = open_roll(tmp_path / "s.yaml")
    plan = plan_import(roll, text)
    assert plan.notes == (
        "Groq: GROQ_API_KEY stands in the text and is not taken over.",
        "Amazon Bedrock: AWS_ACCESS_KEY_ID stands in the text and is not taken over. AWS_SECRET_ACCESS_KEY is not set.",
    )
    place = "the environment, pasted text"
    assert KeyOffer("Groq", "GROQ_API_KEY", place) in plan.keys_offered
    assert KeyOffer("DeepSeek", "DEEPSEEK_API_KEY", place) in plan.keys_offered
    assert plan.problems == ()
    assert [provider.name for provider in plan.providers] == ["DeepSeek"]
    assert "made-up" not in repr(plan) + repr(plan.source)
    path = tmp_path / ".env"
    path.write_text(text)
    assert "Groq: GROQ_API_KEY stands in “.env” and is not taken over." in plan_import(roll, path).notes


def test_a_key_that_stands_in_a_text_and_in_the_environment_is_one_of_the_environment(tmp_path: Path) -> None:
    roll = open_roll(tmp_path / "s.yaml", GROQ_API_KEY="made-up", DEEPSEEK_API_KEY="made-up")
    plan = plan_import(roll, "GROQ_API_KEY=other\nDEEPSEEK_API_KEY=other\n")
    assert plan.notes == ("Groq is ready: GROQ_API_KEY is set.",)
    assert plan.keys_offered == (KeyOffer("DeepSeek", "DEEPSEEK_API_KEY"),)


def test_anothers_key_in_a_text_is_not_offered_for_the_address_beside_it(empty: Registry) -> None:
    plan = plan_import(empty, "OPENAI_API_KEY=made-up\nOPENAI_BASE_URL=https://proxy.example/v1\n")
    assert [redirect.key for redirect in plan.redirects] == ["OPENAI_API_KEY"]
    assert [offer.provider for offer in plan.keys_offered] == ["OpenAI"]


@pytest.mark.parametrize(("text", "source"), [("FOO=bar\n", None), ("", "environment")])
def test_variables_that_say_nothing_are_told_to_say_nothing(text: str, source: str | None, empty: Registry) -> None:
    plan = plan_import(empty, text, source)
    assert plan.is_empty
    (problem,) = plan.problems
    assert "names no endpoint, and no key" in problem


@pytest.mark.parametrize(
    "text",
    [
        "model_list: []",
        '{"language_models": {}}',
        "OPENAI_BASE_URL=https://api.openai.com/v1\n",
        '{"format": "muster-roll", "version": 1}',
        "user_model_registry: []",
    ],
)
def test_an_empty_plan_says_why(text: str, empty: Registry) -> None:
    plan = plan_import(empty, text)
    assert plan.is_empty
    assert plan.problems or plan.notes


# ------------------------------------------------------------------------------------------------------- hostile input


@pytest.mark.parametrize("what", [None, 5, ["a"], b"abc", {"a": 1}, object()])
def test_what_is_neither_a_path_nor_a_text_is_refused_with_words(what: Any, empty: Registry) -> None:
    with pytest.raises(MusterError, match="neither a path nor a text"):
        plan_import(empty, what)


@pytest.mark.parametrize("source", [7, "nope", ["llm"], b"llm"])
def test_a_source_that_there_is_not_is_refused_with_words(source: Any, empty: Registry) -> None:
    with pytest.raises(MusterError, match="There is no source"):
        plan_import(empty, "model_list: []", source)


@pytest.mark.parametrize("kind", [None, "llm"])
@pytest.mark.parametrize(
    "name", ["a\0b", "x" * 300 + ".yaml", "/" + "x/" * 3000 + "y.yaml", "~nobody-here/a.yaml", "\ud800"]
)
def test_a_path_that_no_file_can_have_is_refused_with_words(name: str, kind: str | None, empty: Registry) -> None:
    for what in (name, Path(name)):
        with pytest.raises(MusterError):
            plan_import(empty, what, kind)


def test_a_path_of_somebody_who_is_not_there_is_no_file(empty: Registry) -> None:
    with pytest.raises(MusterError, match=r"There is no file “a\.yaml”"):
        plan_import(empty, "~nobody-here/a.yaml")


def test_ten_thousand_models_are_planned_within_a_second(empty: Registry, tmp_path: Path) -> None:
    models = [model_of(f"m-{n}", f"P{n % 20}", overrides={"supports_vision": n % 2 == 0}) for n in range(10_000)]
    path = tmp_path / "many.muster-roll"
    path.write_text(share_of(*models, **{f"P{n}": f"https://p{n}.example/v1" for n in range(20)}))
    started_s = time.process_time()
    plan = plan_import(empty, path)
    assert time.process_time() - started_s < 1.0
    assert len(plan.add) == 10_000


def test_aliases_that_stand_for_millions_are_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    started_s = time.process_time()
    with pytest.raises(MusterError):
        parse_tree("\n".join(lines), Format.YAML)
    assert time.process_time() - started_s < 1.0


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 100_000, "[" * 200 + "]" * 200, "- " * 500 + "a", "a: &a [*a]", "// x\n" + "[" * 9999],
)
def test_nesting_without_end_is_refused_with_words(text: str, empty: Registry) -> None:
    with pytest.raises(MusterError):
        plan_import(empty, text)


def test_a_file_without_end_is_refused(empty: Registry, tmp_path: Path) -> None:
    path = tmp_path / "huge.muster-roll"
    with path.open("wb") as file:
        file.truncate(40 * 2**20)
    with pytest.raises(MusterError) as caught:
        plan_import(empty, path)
    assert "too large" in caught.value.title


JSON_KEYS = st.sampled_from(
    ["model_list", "models", "provider", "providers", "name", "model_id", "model_name", "api_base", "api_key_name",
     "vision", "supports_tools", "vendor", "language_models", "endpoints", "custom", "user_model_registry",
     "openai_compatible_providers", "custom_models", "base_url", "overrides", "provider_type", "provider_id", "id",
     "engine", "litellm_params", "model_info", "options", "baseURL", "npm", "version", "format", "extra_params"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | JSON_KEYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(JSON_KEYS | st.text(max_size=6), inner, max_size=5),
    max_leaves=25,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=VALUES)
def test_any_plain_data_is_planned_or_refused_with_words_as_every_kind(value: Any, registry: Registry) -> None:
    texts = [json.dumps(value), yaml.safe_dump(value)]
    for text in texts:
        for kind in (None, "muster", "kiln", *TARGETS):
            with suppress(MusterError):
                plan_change(registry, plan_import(registry, text, kind))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=80))
def test_any_text_is_planned_or_refused_with_words(text: str, registry: Registry) -> None:
    for kind in (None, *known_sources()):
        with suppress(MusterError):
            plan_change(registry, plan_import(registry, text + "\n", kind))
