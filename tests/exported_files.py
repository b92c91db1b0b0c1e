"""What targets make of models, as files' plain data, and what they read from it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.exporters.aider import Aider
from core.exporters.continue_dev import Continue
from core.exporters.kiln import Kiln
from core.exporters.librechat import LibreChat
from core.exporters.litellm_proxy import LitellmProxy
from core.exporters.places import with_value
from core.exporters.shape import Fragment, ReadModel, Target
from core.exporters.subject import ExportedModel, subjects_of
from core.field_specs import UNSET
from tests.rolls import BOX, custom, open_roll, write_roll

YAML_TARGETS: Sequence[Target] = (Kiln(), LitellmProxy(), Aider(), Continue(), LibreChat())
EMPTY_TREES: Mapping[str, Any] = {"continue": {"name": "Main", "version": "1.0.0"}, "librechat": {"version": "1.3.17"}}
"""What a new file of those tools begins as, which need something at its top."""

with_every_yaml_target = pytest.mark.parametrize("target", YAML_TARGETS, ids=lambda target: str(target.id))


def one_model(path: Path, **overrides: Any) -> ExportedModel:
    """A model of the box with these overrides."""
    entry = custom("some-model", name="Some Model", overrides=overrides, id="some")
    with open_roll(write_roll(path / "one.yaml", openai_compatible_providers=[BOX])) as registry:
        (model,), _ = subjects_of(registry, [entry], {"some": {}})
    return model


def taken_of(target: Target, models: Iterable[ExportedModel]) -> list[ExportedModel]:
    return [model for model in models if not target.refuses(model)]


def trees_of(target: Target, fragments: Iterable[Fragment], start: Any = UNSET) -> dict[str, Any]:
    """The files' plain data with these fragments put into them, one after the other."""
    trees: dict[str, Any] = {}
    for fragment in fragments:
        begun = EMPTY_TREES.get(target.id, UNSET) if start is UNSET else start
        trees[fragment.file] = with_value(trees.get(fragment.file, begun), fragment.place, fragment.value)
    return trees


def read_back(target: Target, models: Sequence[ExportedModel]) -> dict[str, ReadModel]:
    """Entry ID → what the target reads at the place of one of its fragments."""
    fragments = target.fragments(models)
    read = {(found.file, found.place): found for found in target.read(trees_of(target, fragments))}
    found: dict[str, ReadModel] = {}
    for fragment in fragments:
        if (fragment.file, fragment.place) in read and fragment.entry_id:
            found.setdefault(fragment.entry_id, read[fragment.file, fragment.place])
    return found


def entry_of(target: Target, model: ExportedModel) -> Any:
    """The value of a model's own first fragment."""
    return next(fragment.value for fragment in target.fragments([model]) if fragment.entry_id)
