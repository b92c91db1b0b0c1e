"""Serving the roll: what is typed, what a client asks for, and names that a server can answer to."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from core.exporters.litellm_proxy import LitellmProxy, served_name
from core.exporters.losses import losses_together
from core.exporting import plan_export
from core.serving import serving_of
from tests.export_rolls import SECRETS, exported_models, open_export_roll


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
