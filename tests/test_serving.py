"""Serving the roll: what is typed, what a client asks for, and names that a server can answer to."""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path

import pytest

from core.exporters.litellm_proxy import LitellmProxy, served_name
from core.exporters.losses import losses_together
from core.exporting import plan_export
from core.serving import serving_of
from tests.export_rolls import SECRETS, exported_models, open_export_roll
from tests.rolls import builtin, open_roll, write_roll


def test_each_variable_that_the_file_refers_to_is_set_before_the_proxy_starts(tmp_path: Path) -> None:
    with open_export_roll(tmp_path / "settings.yaml") as registry:
        plan = plan_export(registry, None, "litellm", tmp_path / "config.yaml")
    text = plan.changes[0].after
    assert text is not None
    serving = serving_of(plan)
    referred = {word.removeprefix("os.environ/") for word in text.split() if word.startswith("os.environ/")}
    assert referred == set(serving.variables)
    assert {"AZURE_OPENAI_ENDPOINT", "BOX_API_KEY", "OPENAI_API_KEY"} <= referred
    *before, command = serving.lines
    assert command.startswith("litellm --config ")
    assert all(any(name in line for line in before) for name in (*referred, "LITELLM_MASTER_KEY"))
    assert not any(secret in "\n".join([*serving.lines, serving.client]) for secret in SECRETS)


@pytest.mark.parametrize(
    ("said", "variable", "is_made"),
    [
        ("", "LITELLM_MASTER_KEY", True),
        ("general_settings:\n  master_key: os.environ/PROXY_KEY\n", "PROXY_KEY", True),
        ("general_settings:\n  master_key: sk-of-the-team\n", "LITELLM_MASTER_KEY", False),
        ("general_settings: {}\n", "LITELLM_MASTER_KEY", True),
    ],
)
def test_the_proxys_own_key_is_the_one_that_its_file_names(
    tmp_path: Path, said: str, variable: str, is_made: bool
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(said)
    with open_export_roll(tmp_path / "settings.yaml") as registry:
        serving = serving_of(plan_export(registry, None, "litellm", file))
    assert f'api_key=os.environ["{variable}"]' in serving.client
    assert serving.has_key_in_file is not is_made
    assert any("openssl" in line or "secrets" in line for line in serving.lines) is is_made
    assert "sk-of-the-team" not in "\n".join([*serving.lines, serving.client])


def test_the_page_about_teams_shows_the_same_lines(tmp_path: Path) -> None:
    with open_roll(write_roll(tmp_path / "settings.yaml"), OPENAI_API_KEY="made-up") as registry:
        registry.add(builtin("gpt-x", name="Hosted"))
        plan = plan_export(registry, None, "litellm", tmp_path / "config.yaml")
    page = (Path(__file__).parents[1] / "docs" / "scale.md").read_text(encoding="utf-8")
    block = page.split("```\n")[1].splitlines()
    shown = [line.replace(str(tmp_path / "config.yaml"), "config.yaml") for line in serving_of(plan).lines]
    assert block == shown


def test_pasted_twice_the_lines_keep_what_is_set_and_say_what_is_not(tmp_path: Path) -> None:
    with open_export_roll(tmp_path / "settings.yaml") as registry:
        _install, *typed, _command = serving_of(plan_export(registry, None, "litellm", tmp_path / "config.yaml")).lines
    script = "\n".join([*typed, *typed, "echo $OPENAI_API_KEY"])
    variables = {"PATH": os.environ["PATH"], "OPENAI_API_KEY": "made-up"}
    done = subprocess.run(  # as in a window of a terminal: a line that fails ends nothing
        ["bash", "-i"], input=script, env=variables, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    made = [line for line in done.stdout.splitlines() if line.startswith("LITELLM_MASTER_KEY=sk-")]
    assert len(made) == 2
    assert made[0] == made[1]
    assert done.stdout.rstrip().splitlines()[-1] in ("made-up", "exit")
    assert "made-up" in done.stdout
    assert "BOX_API_KEY: is not set" in done.stderr


def test_a_client_asks_for_a_name_of_the_file_also_where_it_is_one_of_two(tmp_path: Path) -> None:
    with open_export_roll(tmp_path / "settings.yaml") as registry:
        # Its twin is not exported, and yet the name is told apart from it.
        plan = plan_export(registry, ["twin-2"], "litellm", tmp_path / "config.yaml")
    (piece,) = [piece for piece in plan.pieces if piece.fragment.entry_id]
    assert piece.fragment.value["model_name"] == "Twin (2nd: box)"
    client = serving_of(plan).client
    ast.parse(client)
    assert "model='Twin (2nd: box)'" in client


@pytest.mark.parametrize(
    ("name", "served"),
    [
        ("It’s “mine” – ok…", 'It\'s "mine" - ok...'),
        (" Büro\n 1 ", "Büro 1"),
        ("模型 8B", "8B"),
        ("模型 🎧", ""),
        ("a/b::c # d", "a/b::c # d"),
    ],
)
def test_a_name_is_spelled_so_that_a_header_can_carry_it(name: str, served: str) -> None:
    assert served_name(name) == served


def test_every_served_name_can_be_in_a_header_and_no_two_are_the_same(tmp_path: Path) -> None:
    models = exported_models(tmp_path / "settings.yaml")
    target = LitellmProxy()
    names = [fragment.name for fragment in target.fragments([model for model in models if not target.refuses(model)])]
    assert len(set(names)) == len(names)
    for name in names:
        assert name == name.strip()
        name.encode("latin-1")
    (sounds,) = [model for model in models if model.entry_id == "sounds"]
    assert ["omni/-7b@q4" in loss.words for loss in losses_together(target, [sounds])] == [True]
