"""Where each of the targets with JSON or Python has its file, and what is particular about each."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.exporters.all_targets import TARGETS
from core.exporters.goose import Goose
from core.exporters.opencode import OpenCode
from core.exporters.subject import ExportedModel
from core.exporters.vscode import VsCode, base_of, call_url
from core.exporters.zed import key_variable_of
from tests.export_rolls import exported_models
from tests.export_trees import read_back, trees_of


@pytest.fixture(scope="module")
def by_id(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, ExportedModel]:
    models = exported_models(tmp_path_factory.mktemp("roll") / "settings.yaml")
    return {model.entry_id: model for model in models}


@pytest.mark.parametrize(
    ("kind", "system", "variables", "expected"),
    [
        ("opencode", "linux", {}, "home/.config/opencode/opencode.json"),
        ("opencode", "win32", {}, "home/.config/opencode/opencode.json"),
        ("opencode", "darwin", {"XDG_CONFIG_HOME": "xdg"}, "xdg/opencode/opencode.json"),
        ("zed", "linux", {}, "home/.config/zed/settings.json"),
        ("zed", "linux", {"XDG_CONFIG_HOME": "xdg"}, "xdg/zed/settings.json"),
        ("zed", "darwin", {"XDG_CONFIG_HOME": "xdg"}, "home/.config/zed/settings.json"),
        ("zed", "win32", {"APPDATA": "roaming"}, "roaming/Zed/settings.json"),
        ("vscode", "linux", {}, "home/.config/Code/User/chatLanguageModels.json"),
        ("vscode", "darwin", {}, "home/Library/Application Support/Code/User/chatLanguageModels.json"),
        ("vscode", "win32", {"APPDATA": "roaming"}, "roaming/Code/User/chatLanguageModels.json"),
        ("goose", "linux", {}, "home/.config/goose/custom_providers"),
        ("goose", "darwin", {}, "home/.config/goose/custom_providers"),
        ("goose", "win32", {"APPDATA": "roaming"}, "roaming/Block/goose/config/custom_providers"),
        ("goose", "linux", {"GOOSE_PATH_ROOT": "root"}, "root/config/custom_providers"),
        # Goose takes an absolute path only; "" stands for a relative one.
        ("goose", "linux", {"GOOSE_PATH_ROOT": ""}, "home/.config/goose/custom_providers"),
        ("pydantic-ai", "linux", {}, "home/muster_models.py"),
    ],
)
def test_the_file_is_where_the_tool_looks(
    kind: str, system: str, variables: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CONFIG_HOME", "APPDATA", "GOOSE_PATH_ROOT"):
        monkeypatch.delenv(name, raising=False)
    for name, folder in variables.items():
        monkeypatch.setenv(name, str(tmp_path / folder) if folder else "relative")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.setattr(sys, "platform", system)
    assert TARGETS[kind].default_path() == tmp_path / expected


def test_the_file_that_exists_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    (tmp_path / "opencode").mkdir()
    (tmp_path / "opencode" / "opencode.jsonc").write_text("{}")
    assert OpenCode().default_path().name == "opencode.jsonc"
    (tmp_path / "Code - Insiders" / "User").mkdir(parents=True)
    assert VsCode().default_path().parent == tmp_path / "Code - Insiders" / "User"
    (tmp_path / "Code" / "User").mkdir(parents=True)
    assert VsCode().default_path().parent == tmp_path / "Code" / "User"


# ------------------------------------------------------------------------------------------------------- one by one


def test_goose_reads_every_file_of_its_folder(tmp_path: Path) -> None:
    for name in ("a.json", "b.json", "notes.txt"):
        (tmp_path / name).write_text("{}")
    goose = Goose()
    assert [file.name for file in goose.existing_files(tmp_path)] == ["a.json", "b.json"]
    assert goose.existing_files(tmp_path / "missing") == ()
    assert goose.is_spent({"name": "left-over", "models": []})
    assert not goose.is_spent({"models": [{"name": "tiny"}]})


@pytest.mark.parametrize(
    ("base_url", "called"),
    [
        ("http://x/v1", "http://x/v1"),
        ("http://x/openai/v1/", "http://x/openai/v1/"),
        ("http://x", "http://x/chat/completions"),
        ("http://x/v1beta/openai", "http://x/v1beta/openai/chat/completions"),
        ("http://x/responses/v1", "http://x/responses/v1/chat/completions"),
    ],
)
def test_vs_code_calls_the_same_address(base_url: str, called: str) -> None:
    assert call_url(base_url) == called
    assert base_of(called) == base_url


def test_vs_code_completes_other_addresses_itself() -> None:
    assert base_of("http://x") == "http://x/v1"


@pytest.mark.parametrize(
    ("provider", "variable"),
    [("Acme AI", "ACME_AI_API_KEY"), ("my-box", "MY_BOX_API_KEY"), ("box2", "BOX_2_API_KEY")],
)
def test_zed_names_a_keys_variable_after_the_provider(provider: str, variable: str) -> None:
    assert key_variable_of(provider) == variable


def test_an_endpoint_without_a_version_gets_its_path_in_goose(by_id: Mapping[str, ExportedModel]) -> None:
    tree = trees_of(Goose().fragments([by_id["gemini"]]))["muster-gemini-api.json"]
    assert tree["base_path"] == "v1beta/openai/chat/completions"
    assert tree["requires_auth"] is True
    keyless = trees_of(Goose().fragments([by_id["instructions"]]))["muster-keyless.json"]
    assert "base_path" not in keyless
    assert keyless["requires_auth"] is False


@pytest.mark.parametrize("kind", ["opencode", "pydantic-ai", "goose", "zed", "vscode"])
def test_variants_of_one_model_stay_apart(kind: str, by_id: Mapping[str, ExportedModel]) -> None:
    variants = [by_id[name] for name in ("bare", "variant-1", "variant-2")]
    found = read_back(TARGETS[kind], variants)
    assert {read.model_id for read in found.values()} == {"llama3"}
    assert len({(read.file, read.place) for read in found.values()}) == 3


def test_an_opencode_key_is_the_id_where_only_one_has_it(by_id: Mapping[str, ExportedModel]) -> None:
    provider = trees_of(OpenCode().fragments([by_id["odd-id"], by_id["yes-no"]]))["opencode.json"]["provider"]
    assert provider["muster-acme-eu-1"]["models"].keys() == {"org/family::v2:free", "1.0"}
    assert "id" not in provider["muster-acme-eu-1"]["models"]["1.0"]
    assert "apiKey" not in provider["muster-acme-eu-1"]["options"]
    provider = trees_of(OpenCode().fragments([by_id["bare"], by_id["variant-1"]]))["opencode.json"]["provider"]
    assert provider["muster-box"]["models"].keys() == {"llama3", "Llama 3 (schema)"}
    assert provider["muster-box"]["models"]["Llama 3 (schema)"]["id"] == "llama3"
    assert provider["muster-box"]["options"]["apiKey"] == "{env:BOX_API_KEY}"


@pytest.mark.parametrize(
    ("kind", "entry", "fields"),
    [
        ("opencode", "all-yes", {"output_tokens"}),
        ("opencode", "bare", set()),
        ("zed", "yes-no", {"context_tokens", "key"}),
        ("vscode", "all-yes", {"output_tokens"}),
        ("vscode", "yes-no", {"context_tokens", "output_tokens"}),
        ("goose", "yes-no", {"context_tokens"}),
        ("pydantic-ai", "weak-tools", {"supports_function_calling", "multimodal_mime_types"}),
        ("pydantic-ai", "variant-1", {"supports_structured_output", "multimodal_mime_types"}),
        ("pydantic-ai", "json-mode", {"structured_output_mode", "multimodal_mime_types"}),
        ("pydantic-ai", "r1", {"parser", "multimodal_mime_types"}),
        ("pydantic-ai", "sounds", {"multimodal_mime_types"}),
    ],
)
def test_what_had_to_be_decided_is_told(
    kind: str, entry: str, fields: set[str], by_id: Mapping[str, ExportedModel]
) -> None:
    assert {loss.field for loss in TARGETS[kind].more_losses(by_id[entry])} == fields
