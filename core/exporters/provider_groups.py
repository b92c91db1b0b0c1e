"""Models by endpoint, for tools that keep a list of models below each provider."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.exporters.edited_trees import EditedTree
from core.exporters.places import Place, find
from core.exporters.shape import Clash, FieldRule, Fragment, OwnPieces, Trees
from core.exporters.subject import ExportedModel
from core.field_specs import UNSET

OF_THE_PROVIDER = frozenset({"base_url", "key"})
"""The fields that such a tool says once for all models of an endpoint."""


@dataclass(frozen=True, slots=True)
class ProviderGroup:
    """The models that stand below one provider; `name` is what the tool tells the provider apart by."""

    name: str
    models: tuple[ExportedModel, ...]

    @property
    def first(self) -> ExportedModel:
        """One of them, for what they have in common."""
        return self.models[0]

    def shared(self, file: str, place: Place, values: Mapping[str, Any]) -> list[Fragment]:
        """What the provider itself says, one fragment a key, so that further keys stay the person's."""
        owners = tuple(model.entry_id for model in self.models)
        return [Fragment(file, (*place, key), value, "", self.name, owners) for key, value in values.items()]


def own_provider_id(model: ExportedModel) -> str:
    """An ID that no tool gives to a provider of its own: it would mix its models and address into ours."""
    return f"muster-{model.provider_slug}"


def provider_groups(
    models: Sequence[ExportedModel],
    name_of: Callable[[ExportedModel], str],
    *,
    between: str = "-",
    parts_same_ids: bool = True,
) -> tuple[ProviderGroup, ...]:
    """The models by endpoint, in their order; no two groups have the same name.

    Where a tool tells models apart by their ID alone, variants of one model go into further groups with a number:
    `parts_same_ids`.
    """
    endpoints: dict[tuple[str, str], list[list[ExportedModel]]] = {}
    met: dict[tuple[str, str, str], int] = {}
    for model in models:
        endpoint = model.provider_type, model.provider_id
        parts = endpoints.setdefault(endpoint, [[]])
        number = met.get((*endpoint, model.model_id), 0) if parts_same_ids else 0
        met[*endpoint, model.model_id] = number + 1
        if number == len(parts):
            parts.append([])
        parts[number].append(model)
    # The plain names first: a number must not take the name of another endpoint.
    taken: set[str] = set()
    named: dict[tuple[str, str], str] = {}
    for endpoint, parts in endpoints.items():
        named[endpoint] = _free_name(name_of(parts[0][0]), between, taken)
    return tuple(
        ProviderGroup(named[endpoint] if number == 0 else _free_name(named[endpoint], between, taken), tuple(part))
        for endpoint, parts in endpoints.items()
        for number, part in enumerate(parts)
    )


def provider_clashes(
    fragments: Iterable[Fragment], trees: Trees, own: OwnPieces, depth: int, unsaid: Sequence[Place] = ()
) -> Iterator[Clash]:
    """Providers of our names that Muster did not write and that lack something of ours, or say what ours do not.

    `depth` is the length of a provider's place; `unsaid` is what counts where ours leave it out, below that place.
    """
    groups: dict[tuple[str, Place], list[Fragment]] = {}
    for fragment in fragments:
        if not fragment.entry_id:
            groups.setdefault((fragment.file, fragment.place[:depth]), []).append(fragment)
    ours = {(file, place[:depth]) for file, place in own}
    held = {file: EditedTree(tree) for file, tree in trees.items()}
    for (file, place), shared in groups.items():
        provider = held[file].find(place) if file in held else UNSET
        if provider is UNSET or not provider:
            continue
        if (file, place) not in ours:
            yield from (Clash(one) for one in shared if not held[file].holds(one.place))
        for below in unsaid:
            if find(provider, below) is not UNSET and not any(_says(one, (*place, *below)) for one in shared):
                yield Clash(shared[0], (*place, *below))


def _says(fragment: Fragment, place: Place) -> bool:
    length = len(fragment.place)
    return place[:length] == fragment.place and find(fragment.value, place[length:]) is not UNSET


def _free_name(base: str, between: str, taken: set[str]) -> str:
    name, number = base, 2
    while name in taken:
        name, number = f"{base}{between}{number}", number + 1
    taken.add(name)
    return name


def rules_of_models(rules: Sequence[FieldRule]) -> tuple[FieldRule, ...]:
    """The rules for what stands at the model itself."""
    return tuple(rule for rule in rules if rule.field not in OF_THE_PROVIDER)
