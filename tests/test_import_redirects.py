"""Imports that would make a key go to another host: called out, and not done without a yes of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.credentials import Credentials
from core.errors import MusterError
from core.exporters.shape import ReadProvider
from core.exporters.subject import subjects_of
from core.import_checks import checked_model
from core.import_planning import plan_source
from core.import_plans import Source
from core.importing import Redirect, apply, plan_change, plan_import
from core.registry import Registry
from tests.imports import KEY, llm_file, llm_row, model_of, roll_of_box, rows_of, share_of
from tests.memory_keyring import MemoryKeyring
from tests.rolls import BOX, open_roll, write_roll


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A roll with the provider “Box” and its key, two models of it, and a legacy model."""
    return roll_of_box(tmp_path)


@pytest.fixture
def empty(tmp_path: Path) -> Registry:
    """A roll with nothing on it, and no credentials."""
    return open_roll(tmp_path / "empty" / "settings.yaml")


ELSEWHERE = "https://elsewhere.example/v1"


def test_a_known_provider_at_another_address_is_called_out_and_left_where_it_is(registry: Registry) -> None:
    plan = plan_import(registry, share_of(model_of("m9"), model_of("m1"), Box=ELSEWHERE))
    (redirect,) = plan.redirects
    assert (redirect.provider, redirect.old_url, redirect.new_url) == ("Box", BOX["base_url"], ELSEWHERE)
    assert redirect.moves_provider
    assert "the key of “Box” goes to elsewhere.example" in redirect.words
    assert "2 models" in redirect.words
    apply(registry, plan)
    assert [(provider.name, provider.base_url) for provider in registry.providers] == [
        ("Box", BOX["base_url"]),
        ("Box (elsewhere.example)", ELSEWHERE),
    ]
    assert redirect.instead == "Box (elsewhere.example)"
    assert {row["provider_id"] for row in rows_of(registry)[2:]} == {redirect.instead}
    assert registry.credentials.value("custom", redirect.instead, "api_key") is None
    assert registry.credentials.value("custom", "Box", "api_key") == KEY


def test_a_new_provider_does_not_get_the_key_of_an_earlier_one_of_its_name(tmp_path: Path) -> None:
    keyring, path = MemoryKeyring(), tmp_path / "settings.yaml"
    keyring.held = {f"{path}::custom/Box": "key-of-another-time", f"{path}::custom/Other": "kept"}
    roll = Registry.open(path, credentials=Credentials(environment={}, keyring=keyring))
    apply(roll, plan_import(roll, share_of(model_of("m9"), Box=ELSEWHERE)))
    assert roll.credentials.value("custom", "Box", "api_key") is None
    assert keyring.held == {f"{path}::custom/Other": "kept"}


@pytest.mark.parametrize("by", ["id", "provider", "itself"])
def test_with_a_yes_of_its_own_the_provider_moves_and_one_undo_takes_it_back(by: str, registry: Registry) -> None:
    plan = plan_import(registry, share_of(model_of("m9"), model_of("m1"), Box=ELSEWHERE))
    (redirect,) = plan.redirects
    names: dict[str, str | Redirect] = {"id": redirect.id, "provider": redirect.provider, "itself": redirect}
    before = registry.path.read_bytes()
    change = plan_change(registry, plan, [names[by]])
    registry.commit(change)
    assert [(provider.name, provider.base_url) for provider in registry.providers] == [("Box", ELSEWHERE)]
    assert [row["model_id"] for row in rows_of(registry)] == ["m1", "m2", "m9"]
    assert registry.credentials.value("custom", "Box", "api_key") == KEY
    registry.commit(change.reversed())
    assert registry.path.read_bytes() == before


def test_a_name_that_would_go_to_several_places_is_not_enough(registry: Registry) -> None:
    urls = ("https://one.example/v1", "https://two.example/v1")
    models = tuple(checked_model(f"m-{url}", ReadProvider("Box", url)) for url in urls)
    plan = plan_source(registry, registry.document, Source("opencode", "opencode", models))
    assert [redirect.new_url for redirect in plan.redirects] == list(urls)
    with pytest.raises(MusterError) as caught:
        plan_change(registry, plan, ["Box"])
    assert "several places" in caught.value.title
    registry.commit(plan_change(registry, plan, [plan.redirects[1].id]))
    assert [(provider.name, provider.base_url) for provider in registry.providers] == [
        ("Box", urls[1]),
        ("Box (one.example)", urls[0]),
    ]


def test_a_redirect_that_there_is_not_cannot_be_allowed(registry: Registry) -> None:
    plan = plan_import(registry, share_of(model_of("m9"), Box=BOX["base_url"]))
    with pytest.raises(MusterError):
        apply(registry, plan, allow_redirects=["Box"])


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:18000/v1/",
        "http://127.0.0.1:18000",
        "http://localhost:18000/v1",
        "HTTP://127.0.0.1:18000/v1/chat/completions",
    ],
)
def test_the_same_address_in_other_words_is_the_same_provider(url: str, registry: Registry) -> None:
    plan = plan_import(registry, share_of(model_of("m9", "Another Name"), **{"Another Name": url}))
    assert (plan.redirects, plan.providers) == ((), ())
    assert plan.add[0].entry.provider_id == "Box"


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:18000/v1", "http://127.0.0.1:18001/v1", "http://127.0.0.1.example:18000/v1"]
)
def test_another_scheme_port_or_host_is_another_place(url: str, registry: Registry) -> None:
    plan = plan_import(registry, share_of(model_of("m9"), Box=url))
    assert [redirect.provider for redirect in plan.redirects] == ["Box"]


def test_another_path_at_the_same_host_sends_no_key_elsewhere(registry: Registry) -> None:
    plan = plan_import(registry, share_of(model_of("m9"), Box="http://127.0.0.1:18000/other/v1"))
    assert plan.redirects == ()
    assert [provider.name for provider in plan.providers] == ["Box (127.0.0.1:18000)"]


def test_a_providers_key_asked_for_at_another_host_is_called_out_and_not_offered(
    empty: Registry, tmp_path: Path
) -> None:
    file = llm_file(tmp_path, llm_row("m9", "https://evil.example/v1", api_key_name="OPENAI_API_KEY"))
    plan = plan_import(empty, file)
    (redirect,) = plan.redirects
    assert (redirect.key, redirect.new_url, redirect.moves_provider) == (
        "OPENAI_API_KEY",
        "https://evil.example/v1",
        False,
    )
    assert "OPENAI_API_KEY is the key of OpenAI, and evil.example is not OpenAI’s." in redirect.words
    assert plan.keys_offered == ()
    assert plan.add[0].key_variable == ""
    assert plan.add[0].redirect == redirect.id
    apply(empty, plan)
    assert [entry.provider_id for entry in empty.entries()] == ["evil.example"]


@pytest.mark.parametrize(
    "url", ["http://api.groq.com/v1", "https://api.groq.com.evil.example/v1", "https://notgroq.com"]
)
def test_a_host_that_only_looks_like_a_providers_is_not_its_own(url: str, empty: Registry, tmp_path: Path) -> None:
    plan = plan_import(empty, llm_file(tmp_path, llm_row("m9", url, api_key_name="GROQ_API_KEY")))
    assert len(plan.redirects) == 1


@pytest.mark.parametrize(
    ("url", "variable"),
    [("https://eu.api.openai.com/v1", "OPENAI_API_KEY"), ("https://new.example/v1", "NEW_API_KEY")],
)
def test_a_key_for_its_own_host_is_offered_by_the_variables_name(
    url: str, variable: str, empty: Registry, tmp_path: Path
) -> None:
    plan = plan_import(empty, llm_file(tmp_path, llm_row("m9", url, api_key_name=variable)))
    assert plan.redirects == ()
    assert [offer.variable for offer in plan.keys_offered] == [variable]


def test_the_key_of_a_provider_of_the_roll_asked_for_elsewhere_is_called_out(
    registry: Registry, tmp_path: Path
) -> None:
    plan = plan_import(registry, llm_file(tmp_path, llm_row("m9", ELSEWHERE, api_key_name="BOX_API_KEY")))
    (redirect,) = plan.redirects
    assert "“Box”" in redirect.words


@pytest.mark.parametrize("name", ["Box", "box", "2nd box", "2nd: box", "openai", "日本"])
def test_every_variable_that_exports_name_is_known_as_its_providers(name: str, tmp_path: Path) -> None:
    names = ("Box", "box", "2nd box", "2nd: box", "openai", "日本")
    registry = open_roll(
        write_roll(
            tmp_path / "settings.yaml",
            openai_compatible_providers=[
                {"name": each, "base_url": f"http://10.0.0.{number}/v1", "api_key": "k"}
                for number, each in enumerate(names)
            ],
            user_model_registry=[model_of("m", each) for each in names],
        )
    )
    variables = {model.provider_name: model.key_variable for model in subjects_of(registry, None)[0]}
    assert len(set(variables.values())) == len(names)
    plan = plan_import(registry, llm_file(tmp_path, llm_row("m9", ELSEWHERE, api_key_name=variables[name])))
    (redirect,) = plan.redirects
    assert f"“{name}”" in redirect.words
    assert plan.keys_offered == ()


def test_a_built_in_provider_is_known_by_its_address(empty: Registry, tmp_path: Path) -> None:
    file = llm_file(tmp_path, llm_row("gpt-x", "https://api.openai.com/v1"), llm_row("q", "http://localhost:11434/v1"))
    plan = plan_import(empty, file)
    assert [(item.entry.provider_type, item.entry.provider_id) for item in plan.add] == [
        ("builtin", "openai"),
        ("builtin", "ollama"),
    ]
    assert plan.providers == ()


def test_a_provider_that_is_only_named_like_a_built_in_one_is_told(empty: Registry) -> None:
    plan = plan_import(empty, share_of(model_of("m", "openai"), openai="https://evil.example/v1"))
    assert plan.add[0].notes == ("It is named like OpenAI, and is at evil.example.",)
    assert plan.add[0].entry.provider_type == "custom"


def test_a_redirect_named_alone_is_one_name_and_nothing_named_is_none(registry: Registry) -> None:
    plan = plan_import(registry, share_of(model_of("m9"), Box=ELSEWHERE))
    (redirect,) = plan.redirects
    for alone in ("Box", redirect.id, redirect):
        after = plan_change(registry, plan, alone).after
        assert [provider["base_url"] for provider in after["openai_compatible_providers"]] == [ELSEWHERE]
    nothing: tuple[tuple[str, ...] | None, ...] = (None, ())
    for none in nothing:
        after = plan_change(registry, plan, none).after
        assert [provider["base_url"] for provider in after["openai_compatible_providers"]] == [
            BOX["base_url"],
            ELSEWHERE,
        ]
    apply(registry, plan, allow_redirects="Box")
    assert [(provider.name, provider.base_url) for provider in registry.providers] == [("Box", ELSEWHERE)]


@pytest.mark.parametrize("wrong", [(5,), (None,), 5, True, [["Box"]], "B"])
def test_what_names_no_redirect_is_refused_with_words_and_changes_nothing(wrong: Any, registry: Registry) -> None:
    plan = plan_import(registry, share_of(model_of("m9"), Box=ELSEWHERE))
    before = registry.path.read_bytes()
    with pytest.raises(MusterError):
        apply(registry, plan, allow_redirects=wrong)
    assert registry.path.read_bytes() == before


@pytest.mark.parametrize("wrong", [5, [None], [["m9"]], [7]])
def test_a_choice_of_what_is_no_item_is_refused_with_words(wrong: Any, registry: Registry) -> None:
    plan = plan_import(registry, share_of(model_of("m9"), Box=ELSEWHERE))
    with pytest.raises(MusterError):
        plan_change(registry, plan, chosen=wrong)
