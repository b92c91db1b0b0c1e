"""The variables that an export names for keys: never one that holds the key of somebody else."""

from __future__ import annotations

from pathlib import Path

from core.exporters.subject import subjects_of
from tests.rolls import builtin, custom, open_roll, write_roll


def test_a_custom_provider_never_gets_the_variable_or_the_short_name_of_a_built_in_one(tmp_path: Path) -> None:
    names = ("Gemini", "Fireworks", "Together AI", "OpenAI")
    providers = [{"name": name, "base_url": "http://127.0.0.1:18000/v1", "api_key": "key-of-the-box"} for name in names]
    entries = [custom("m", provider_id=name, name=name, id=name) for name in names]
    entries += [builtin("m", "gemini_api", id="gemini"), builtin("m", "together_ai", id="together")]
    path = write_roll(
        tmp_path / "settings.yaml",
        openai_compatible_providers=providers,
        user_model_registry=[entry.to_mapping() | {"id": entry.id} for entry in entries],
    )
    with open_roll(path, GEMINI_API_KEY="key-of-gemini") as registry:
        models = {model.entry_id: model for model in subjects_of(registry, None)[0]}
    assert models["Gemini"].key_variable == "GEMINI_2_API_KEY"
    assert models["gemini"].key_variable == "GEMINI_API_KEY"
    assert models["Fireworks"].key_variable == "FIREWORKS_2_API_KEY"
    assert models["OpenAI"].key_variable == "OPENAI_2_API_KEY"
    assert len({model.provider_slug for model in models.values()}) == len(models)
