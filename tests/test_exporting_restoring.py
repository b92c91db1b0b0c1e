"""A file that ours were taken out of is what it was before, byte for byte, whatever it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from core.exporting import TARGETS, export, places_in_use, plan_removal, write_plan
from core.registry import Registry
from tests.rolls import BOX, builtin, custom, open_roll, write_roll

NAMES = {"kiln": "settings.yaml", "aider": ".aider.model.settings.yml", "goose": "mine.json"}
YAML = ("kiln", "litellm", "llm", "continue", "librechat")
JSON = ("opencode", "zed", "vscode")
SECTIONS = {
    "kiln": ["user_name: bob\n", "user_model_registry: []\n", "# c\r\nuser_name: bob\r\n", "{user_name: bob}\n"],
    "litellm": ["litellm_settings:\n  drop_params: true\n# tail\n", "model_list: []\nx: 1\n"],
    "continue": [
        "models:\n- {name: x, provider: p, model: m}\n\n- {name: y, provider: p, model: m}\nname: a\nversion: 1.0.0\n",
        "name: a\nversion: 1.0.0\nrules: |\n  be nice",
        "name: a\nversion: 1.0.0\n",
        "name: a\nversion: 1.0.0\nmodels: []\n",
    ],
    "librechat": ["version: 1.2.1\n", "version: 1.2.1\nendpoints:\n  agents:\n    disableBuilder: false\n"],
    "opencode": ['{\n  "theme": "x"\n}\n', '{\r\n  "theme": "x" // c\r\n}\r\n', '{"provider": {}}', "{}"],
    "zed": [
        '{\n\t"a": 1,\n\t"b": [1,2, 3 ],\n}',
        '{\n  "a": 1\n}\n',
        '{\n  "language_models": {}, // c\n  "b": 2\n}\n',
    ],
    "vscode": ["[]", "[\n  // nothing\n]\n"],
    "llm": ["- model_id: a\n  model_name: b\n"],
}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    rows = [custom("m", name="My Model", overrides={"reasoning_capable": True}), builtin("gpt-x", name="Hosted")]
    entries = [row.to_mapping() | {"id": f"id-{number}"} for number, row in enumerate(rows)]
    path = write_roll(tmp_path / "roll.yaml", user_model_registry=entries, openai_compatible_providers=[BOX])
    with open_roll(path) as roll:
        yield roll


def place_of(target: str, tmp_path: Path) -> tuple[Path, Path]:
    folder = tmp_path / "tool"
    folder.mkdir()
    file = folder / NAMES.get(target, TARGETS[target].default_path().name)
    return (folder if TARGETS[target].is_folder else file), file


def export_and_remove(registry: Registry, target: str, path: Path, file: Path) -> bytes:
    """What stood in the file in between."""
    export(registry, ["user_model::id-0"], target, path)
    export(registry, None, target, path)
    between = file.read_bytes()
    write_plan(plan_removal(registry, target, path, ["id-1"]), registry)
    write_plan(plan_removal(registry, target, path), registry)
    assert places_in_use() == ()
    return between


@pytest.mark.parametrize(("target", "text"), [(target, text) for target, texts in SECTIONS.items() for text in texts])
def test_sections_that_were_made_go_and_others_stay(registry: Registry, tmp_path: Path, target: str, text: str) -> None:
    path, file = place_of(target, tmp_path)
    file.write_bytes(text.encode())
    assert export_and_remove(registry, target, path, file) != text.encode()
    assert file.read_bytes() == text.encode()


@pytest.mark.parametrize("target", [*YAML, *JSON])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("rest", ["", "{} only a comment\n", "{} only a comment\r\n"])
def test_a_file_without_data_keeps_its_comments_and_is_filled_below_them(
    registry: Registry, tmp_path: Path, target: str, mark: str, rest: str
) -> None:
    path, file = place_of(target, tmp_path)
    before = (mark + rest.replace("{}", "#" if target in YAML else "//")).encode()
    file.write_bytes(before)
    between = export_and_remove(registry, target, path, file)
    assert between.startswith(before)
    assert b"gpt-x" in between
    assert between.count(b"\n") == between.count(b"\r\n") or b"\r\n" not in before
    if target in ("continue", "librechat"):
        assert "version" in yaml.safe_load(between.decode("utf-8-sig"))
    assert file.read_bytes() == before


@pytest.mark.parametrize("target", YAML)
@pytest.mark.parametrize(
    "text", ["---\n# mine\n...\n", "---\n# mine\n...", "%YAML 1.2\n---\n...\n", "---\r\n# mine\r\n...\r\n# end\r\n"]
)
def test_a_document_without_data_is_filled_before_the_mark_of_its_end(
    registry: Registry, tmp_path: Path, target: str, text: str
) -> None:
    path, file = place_of(target, tmp_path)
    file.write_bytes(text.encode())
    between = export_and_remove(registry, target, path, file)
    assert b"gpt-x" in between[: between.index(b"\n...")]
    assert file.read_bytes() == text.encode()


@pytest.mark.parametrize("target", ["kiln", "litellm", "llm"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_marks_of_a_document_without_data_stay(
    registry: Registry, tmp_path: Path, target: str, newline: str
) -> None:
    path, file = place_of(target, tmp_path)
    before = "---\n# mine\n...\n".replace("\n", newline).encode()
    file.write_bytes(before)
    export_and_remove(registry, target, path, file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("text", ["", "# only mine\n", "# mine\n- name: openai/mine # c\n  edit_format: diff\n"])
def test_aiders_own_file_of_a_person_is_never_deleted(registry: Registry, tmp_path: Path, text: str) -> None:
    path, file = place_of("aider", tmp_path)
    file.write_text(text)
    export_and_remove(registry, "aider", path, file)
    assert file.read_text() == text
    assert [found.name for found in path.iterdir()] == [file.name]


def test_comments_in_a_file_of_ours_stay(registry: Registry, tmp_path: Path) -> None:
    path, file = place_of("aider", tmp_path)
    export(registry, None, "aider", path)
    file.write_text("# mine by now\n" + file.read_text())
    write_plan(plan_removal(registry, "aider", path), registry)
    assert file.read_text().startswith("# mine by now\n")
    assert [found.name for found in path.iterdir()] == [file.name]


def test_a_section_that_the_person_uses_by_now_stays(registry: Registry, tmp_path: Path) -> None:
    path, file = place_of("opencode", tmp_path)
    file.write_text("{}")
    export(registry, None, "opencode", path)
    config = json.loads(file.read_text())
    config["provider"]["mine"] = {"name": "Mine", "models": {"m": {"name": "M"}}}
    file.write_text(json.dumps(config))
    write_plan(plan_removal(registry, "opencode", path), registry)
    assert json.loads(file.read_text()) == {"provider": {"mine": config["provider"]["mine"]}}


def test_a_provider_that_the_person_had_before_stays(registry: Registry, tmp_path: Path) -> None:
    path, file = place_of("kiln", tmp_path)
    text = f"openai_compatible_providers:\n- name: Box\n  base_url: {BOX['base_url']}/\n"
    file.write_text(text)
    export_and_remove(registry, "kiln", path, file)
    assert file.read_text() == text
