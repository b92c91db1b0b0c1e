"""Numbers of tokens for tools that will have one, where no endpoint declared any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from core.exporters.shape import Loss, Target
from core.exporters.subject import ExportedModel

CONTEXT_TOKENS: Final = 32_768
"""What most servers of one's own are started with, or more: a larger number is refused by them, a smaller one cuts."""

OUTPUT_TOKENS: Final = 8_192


def decided_output(context_tokens: int) -> int:
    """The longest answer where only the context is known: a quarter, so that a question fits in as well."""
    return max(1, min(OUTPUT_TOKENS, context_tokens // 4))


def with_output(model: ExportedModel) -> ExportedModel:
    """The model with a longest answer wherever its context is known."""
    context, output = model.limits.get("context_tokens"), model.limits.get("output_tokens")
    if context is None or output is not None:
        return model
    return replace(model, limits={**model.limits, "output_tokens": decided_output(context)})


def with_context(model: ExportedModel) -> ExportedModel:
    """The model with a context, in which its longest answer has room."""
    if "context_tokens" in model.limits:
        return model
    context = max(CONTEXT_TOKENS, 2 * model.limits.get("output_tokens", 0))
    return replace(model, limits={**model.limits, "context_tokens": context})


def with_room(model: ExportedModel) -> ExportedModel:
    """The model with both limits, the answer leaving room for a question: some endpoints declare the same for both."""
    model = with_output(with_context(model))
    context, output = model.limits["context_tokens"], model.limits["output_tokens"]
    if output < context:
        return model
    return replace(model, limits={**model.limits, "output_tokens": decided_output(context)})


def decision_losses(target: Target, model: ExportedModel, decided: ExportedModel) -> Iterator[Loss]:
    """What had to be decided, in words."""
    words = {"context_tokens": "context", "output_tokens": "longest answer"}
    for name, label in words.items():
        was, now = model.limits.get(name), decided.limits.get(name)
        if now is None or was == now:
            continue
        if was is None:
            text = f"The {label} is not known. {target.title} needs a number: {now:,} tokens are written."
        else:
            text = (
                f"The {label} is declared as {was:,} tokens, all of the context. {target.title} needs room for the "
                f"question: {now:,} are written."
            )
        yield Loss(model.name, name, text)
