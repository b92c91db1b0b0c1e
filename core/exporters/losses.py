"""What a target cannot say about a model, and what had to be decided for it, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core.exporters.shape import (
    CAPABILITIES,
    LIMIT_FIELDS,
    PROVIDER_NAME,
    FieldRule,
    Loss,
    Target,
    Unset,
    label_of,
    said_back,
)
from core.exporters.subject import ExportedModel
from core.field_specs import UNSET
from core.fields import OVERRIDABLE

_FOLLOWS = "multimodal_capable"
"""What is said by saying which attachments a model takes."""


def losses_of(target: Target, model: ExportedModel) -> tuple[Loss, ...]:
    """Everything that is lost or decided when this model is written for this target."""
    refusal = target.refuses(model)
    if refusal:
        return (Loss(model.name, "provider", f"It is left out. {refusal}"),)
    decided = target.decided(model)
    names = [*CAPABILITIES, *LIMIT_FIELDS]
    names += [name for name in OVERRIDABLE if name not in names and model.is_set(name)]
    if _says_attachments(target, model):
        names = [name for name in names if name != _FOLLOWS]
    names = [name for name in names if decided.value(name) == model.value(name)]
    found = [
        Loss(model.name, name, words) for name in names for words in _losses(target, target.rule(name), model, name)
    ]
    if model.is_custom and not target.names_providers:
        words = f"{target.title} keeps the provider’s address, and not its name, “{model.provider_name}”."
        found.append(Loss(model.name, PROVIDER_NAME, words))
    return (*found, *target.more_losses(model))


def losses_together(
    target: Target, models: Sequence[ExportedModel], roll: Sequence[ExportedModel] = ()
) -> tuple[Loss, ...]:
    """What these models lose because they, and the rest of the roll, stand in one place: names above all."""
    written = {model.entry_id: model for model in (*roll, *models) if not target.refuses(model)}
    wanted = {model.entry_id for model in models} & written.keys()
    together = tuple(written.values())
    names = target.names_there(together)
    found = [loss for key in written if key in wanted for loss in _name_losses(target, written[key], names[key])]
    return (*found, *(loss for key, loss in target.losses_together(together) if key in wanted))


def _name_losses(target: Target, model: ExportedModel, name: str) -> Iterator[Loss]:
    if name == model.name:
        return
    if name == target.names_there([model])[model.entry_id]:
        words = target.name_words.format(title=target.title, name=name)
    else:
        words = f"{target.title} tells models apart by their names. It is “{name}” there."
    yield Loss(model.name, "name", words)


def _losses(target: Target, rule: FieldRule | None, model: ExportedModel, name: str) -> Iterator[str]:
    value, is_set, label = model.value(name), model.is_set(name), label_of(name)
    if value is None:
        return
    note = f" {rule.note}" if rule is not None and rule.note else ""
    if rule is None or rule.key is None:
        yield from (f"{words}{note}" for words in _unsayable(target, rule, value, is_set=is_set, name=name))
        return
    written = value if rule.write is None else rule.write(value)
    if written is UNSET:
        if is_set and value != OVERRIDABLE[name].default:
            yield f"{target.title} has nothing for {label} “{_shown(value)}”.{note}"
    elif isinstance(value, bool) and not is_set:
        if rule.unset is Unset.GUESSED:
            yield f"{label} is not set. It is written as {_shown(value)}, since {target.title} would guess."
        elif rule.unset.value_assumed not in (None, value):
            assumed = _shown(rule.unset.value_assumed)
            yield (
                f"{label} is not set. It is written as {_shown(value)}, since {target.title} takes what is left out "
                f"for {assumed}."
            )
        elif rule.always:
            yield f"{label} is not set. It is written as {_shown(value)}, since {rule.since}."


def _unsayable(target: Target, rule: FieldRule | None, value: Any, *, is_set: bool, name: str) -> Iterator[str]:
    label, default = label_of(name), OVERRIDABLE[name].default if name in OVERRIDABLE else None
    assumed = rule.unset.value_assumed if rule is not None else None
    if not isinstance(value, bool):
        if is_set and value not in ([], {}):
            yield f"{target.title} cannot say {label}: {_shown(value)}."
    elif assumed is None:
        if is_set and (value != default or (rule is not None and rule.unset is Unset.GUESSED)):
            guesses = " It guesses." if rule is not None and rule.unset is Unset.GUESSED else ""
            yield f"{target.title} cannot say {label}: {_shown(value)}.{guesses}"
    elif assumed != value:
        said = "" if is_set else " It is not set here."
        yield f"{target.title} cannot say {label}, and always takes it for {_shown(assumed)}.{said}"
    elif is_set and value:
        yield f"{target.title} always takes {label} for Yes, and cannot say that it was set."


def _says_attachments(target: Target, model: ExportedModel) -> bool:
    """Whether the types of attachments are read back from what is written, and with them that there are any."""
    rule, types = target.rule("multimodal_mime_types"), model.value("multimodal_mime_types")
    return rule is not None and bool(types) and bool(said_back(rule, types))


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "Yes", False: "No", None: "nothing"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return ", ".join(value) if isinstance(value, dict) else str(value)
