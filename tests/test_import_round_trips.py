"""What Muster writes for a tool and reads again: the same models at the same providers, for every target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.exporters.all_targets import TARGETS
from core.exporters.losses import losses_of, losses_together
from core.exporters.shape import PROVIDER_NAME, Target
from core.exporters.subject import ExportedModel, subjects_of
from core.exporters.texts import Put, edit_text
from core.fields import OVERRIDABLE
from core.importing import apply, plan_change, plan_import
from tests.export_rolls import ENVIRONMENT, SECRETS, exported_models, open_export_roll
from tests.rolls import open_roll


@pytest.fixture(params=list(TARGETS))
def target(request: pytest.FixtureRequest) -> Target:
    """Each target in turn."""
    return TARGETS[request.param]


@pytest.fixture
def models(target: Target, tmp_path: Path) -> tuple[ExportedModel, ...]:
    """Those of thirty diverse models that the target can take."""
    return tuple(model for model in exported_models(tmp_path / "roll.yaml") if not target.refuses(model))


@pytest.fixture
def written(target: Target, models: tuple[ExportedModel, ...], tmp_path: Path) -> Path:
    """The target's file, or folder, with these models in it."""
    files = {file.name: file for file in target.files(models)}
    texts = {name: file.empty for name, file in files.items()}
    for fragment in target.fragments(models):
        put = Put(fragment.place, fragment.value)
        texts[fragment.file] = edit_text(texts[fragment.file], files[fragment.file].format, [put])
    folder = tmp_path / "out"
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder if target.is_folder else folder / next(iter(texts))


def test_every_models_place_comes_back_on_an_empty_roll(
    target: Target, models: tuple[ExportedModel, ...], written: Path, tmp_path: Path
) -> None:
    empty = open_roll(tmp_path / "empty.yaml", **ENVIRONMENT)
    plan = plan_import(empty, written, target.id)
    assert (plan.problems, plan.redirects, plan.replace) == ((), (), ())
    apply(empty, plan)
    there = {provider.name: provider.base_url for provider in empty.providers}
    came = {(there.get(entry.provider_id, entry.provider_id), entry.model_id) for entry in empty.entries()}
    assert came == {(model.base_url if model.is_custom else model.provider_id, model.model_id) for model in models}


def came_back(target: Target, written: Path, tmp_path: Path) -> list[ExportedModel]:
    """The models of the file on an empty roll."""
    empty = open_roll(tmp_path / "empty.yaml", **ENVIRONMENT)
    apply(empty, plan_import(empty, written, target.id))
    return list(subjects_of(empty, None)[0])


def test_every_model_comes_back_by_its_name_or_it_is_told(
    target: Target, models: tuple[ExportedModel, ...], written: Path, tmp_path: Path
) -> None:
    told = {loss.entry for loss in losses_together(target, models) if loss.field == "name"}
    there = {(model.model_id, model.name) for model in came_back(target, written, tmp_path)}
    for model in models:
        assert (model.model_id, model.name) in there or model.name in told, model.name


def test_every_provider_comes_back_by_its_name_or_it_is_told(
    target: Target, models: tuple[ExportedModel, ...], written: Path, tmp_path: Path
) -> None:
    there = {(model.base_url, model.provider_name) for model in came_back(target, written, tmp_path)}
    for model in models:
        told = any(loss.field == PROVIDER_NAME for loss in losses_of(target, model))
        assert ((model.base_url, model.provider_name) in there) is not told, model.provider_name


def test_every_setting_comes_back_or_it_is_told(
    target: Target, models: tuple[ExportedModel, ...], written: Path, tmp_path: Path
) -> None:
    back = {(each.base_url, each.model_id): each for each in came_back(target, written, tmp_path)}
    places = [(model.base_url, model.model_id) for model in models]
    for model, place in zip(models, places, strict=True):
        if places.count(place) == 1:
            told = {loss.field for loss in losses_of(target, model)}
            changed = {name for name in OVERRIDABLE if _plain(model.value(name)) != _plain(back[place].value(name))}
            assert changed <= told | _LEFT_OUT.get(target.id, set()), model.name


_LEFT_OUT = {"vscode": {"available_thinking_levels"}}
"""What stands in the file, and no roll can hold without more."""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted(value.values())
    return sorted(value) if isinstance(value, list) else value


def test_what_is_on_the_roll_already_is_known_again(target: Target, written: Path, tmp_path: Path) -> None:
    registry = open_export_roll(tmp_path / "roll.yaml")
    plan = plan_import(registry, written, target.id)
    assert (plan.add, plan.providers, plan.redirects, plan.problems) == ((), (), (), ())
    before = registry.entries()
    registry.commit(plan_change(registry, plan))
    assert [entry.identity for entry in registry.entries()] == [entry.identity for entry in before]


def test_a_file_is_recognised_by_itself(target: Target, written: Path, tmp_path: Path) -> None:
    registry = open_export_roll(tmp_path / "roll.yaml")
    assert plan_import(registry, written).source.kind in (target.id, "muster")
    plan = plan_import(registry, written)
    assert not any(secret in repr(plan) + repr(plan.source) for secret in SECRETS)
