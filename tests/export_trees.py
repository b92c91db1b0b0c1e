"""A target's files as plain data, as they are after an export into nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.exporters.places import with_value
from core.exporters.shape import Fragment, ReadModel, Target
from core.exporters.subject import ExportedModel


def writable(target: Target, models: Sequence[ExportedModel]) -> list[ExportedModel]:
    """The models that the target takes."""
    return [model for model in models if not target.refuses(model)]


def trees_of(fragments: Sequence[Fragment]) -> dict[str, Any]:
    """File name → what stands in it, with nothing but these fragments."""
    trees: dict[str, Any] = {}
    for fragment in fragments:
        begun: Any = {} if isinstance(fragment.place[0], str) else []
        trees[fragment.file] = with_value(trees.get(fragment.file, begun), fragment.place, fragment.value)
    return trees


def read_back(target: Target, models: Sequence[ExportedModel]) -> Mapping[str, ReadModel]:
    """Entry ID → what the target makes of the entry that was written for it."""
    fragments = target.fragments(models)
    found = {(read.file, read.place): read for read in target.read(trees_of(fragments))}
    own = {fragment.entry_id: fragment for fragment in fragments if fragment.entry_id}
    return {entry_id: found[fragment.file, fragment.place] for entry_id, fragment in own.items()}
