"""Aider reads its list of models as JSON5: such a file is not broken, and is not Muster's to write anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ExportError, MusterError
from core.exporting import export, plan_removal, plan_sync
from core.importing import plan_import
from core.registry import Registry
from tests.rolls import custom, open_roll, write_roll

NAME = ".aider.model.metadata.json"
UNQUOTED = "{\n  // mine\n  'openai/own': {max_input_tokens: 8192, litellm_provider: 'openai', mode: 'chat',},\n}\n"
SINGLE = '{"openai/own": {"litellm_provider": \'openai\', "max_input_tokens": 0x2000}}\n'


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    box = {"name": "box", "base_url": "http://127.0.0.1:18000/v1"}
    path = write_roll(
        tmp_path / "roll.yaml",
        user_model_registry=[custom("m", name="My Model", provider_id="box").to_mapping()],
        openai_compatible_providers=[box],
    )
    with open_roll(path) as roll:
        yield roll


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where Aider's files are."""
    path = tmp_path / "aider"
    path.mkdir()
    return path


@pytest.mark.parametrize(("text", "line"), [(UNQUOTED, 3), (SINGLE, 1)])
def test_a_file_in_json5_is_called_that_and_left_as_it_is(
    text: str, line: int, registry: Registry, folder: Path
) -> None:
    (folder / NAME).write_text(text, encoding="utf-8")
    with pytest.raises(ExportError) as caught:
        export(registry, None, "aider", folder)
    assert caught.value.title == (f"Aider’s file {NAME} is written as JSON5, which Muster neither reads nor edits.")
    assert f"line {line}" in caught.value.hint
    assert caught.value.hint.startswith("Nothing was written.")
    assert str(folder / NAME) in caught.value.hint
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == {NAME: text}


def test_a_file_that_became_json5_since_is_left_as_it_is(registry: Registry, folder: Path) -> None:
    export(registry, None, "aider", folder)
    assert "openai/m" in json.loads((folder / NAME).read_text(encoding="utf-8"))
    (folder / NAME).write_text(UNQUOTED, encoding="utf-8")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    (synced,) = plan_sync(registry)
    assert isinstance(synced, ExportError)
    with pytest.raises(ExportError) as caught:
        plan_removal(registry, "aider", folder)
    for error in (synced, caught.value):
        assert "is written as JSON5" in error.title
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_comments_and_trailing_commas_are_edited_as_ever(registry: Registry, folder: Path) -> None:
    text = '{\n  // mine\n  "openai/own": {"litellm_provider": "openai",}, /* kept */\n}\n'
    (folder / NAME).write_text(text, encoding="utf-8")
    export(registry, None, "aider", folder)
    after = (folder / NAME).read_text(encoding="utf-8")
    assert after.startswith(text.removesuffix("}\n"))
    assert '"openai/m"' in after


@pytest.mark.parametrize("source", [None, "aider"])
def test_an_import_says_the_same(source: str | None, registry: Registry, folder: Path) -> None:
    path = folder / NAME
    path.write_text(UNQUOTED, encoding="utf-8")
    for what, name in ((path, f"“{NAME}”"), (UNQUOTED, "The text"), *(((folder, f"“{NAME}”"),) if source else ())):
        with pytest.raises(MusterError) as caught:
            plan_import(registry, what, source)
        assert caught.value.title == f"{name} is written as JSON5, which Muster neither reads nor edits."
        assert "line 3: a key in double quotes is needed" in caught.value.hint
    assert path.read_text(encoding="utf-8") == UNQUOTED
