"""Types of files in the few words that tools have for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from core.exporters.shape import Loss, Target, said_back
from core.exporters.subject import ExportedModel

MIME_TYPES_OF: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "pdf": ("application/pdf",),
        "audio": ("audio/mpeg", "audio/wav"),
        "video": ("video/mp4",),
    }
)
"""What a tool's word stands for; pictures are said by Supports Vision everywhere."""


def kind_of(mime_type: str) -> str:
    """The word for a type: text, image, audio, video or pdf."""
    if mime_type == "application/pdf":
        return "pdf"
    family = mime_type.partition("/")[0]
    return family if family in ("text", "image", "audio", "video") else "other"


def kinds_of(mime_types: Iterable[str], known: Iterable[str]) -> list[str]:
    """The known words for these types, in the order of `known`."""
    found = {kind_of(mime_type) for mime_type in mime_types}
    return [kind for kind in known if kind in found]


def mime_types_of(kinds: Any) -> list[str]:
    """The types that the words of a tool's file stand for; empty where they name none but text and pictures."""
    said = [kind for kind in kinds if isinstance(kind, str)] if isinstance(kinds, list) else []
    return [mime_type for kind, types in MIME_TYPES_OF.items() if kind in said for mime_type in types]


def attachment_losses(target: Target, model: ExportedModel, known: Iterable[str]) -> Iterator[Loss]:
    """What becomes of attachment types where a tool has only the words in `known` for some of them."""
    rule = target.rule("multimodal_mime_types")
    mime_types = list(model.value("multimodal_mime_types") or [])
    if rule is None or not mime_types or not model.is_set("multimodal_mime_types"):
        return
    back = said_back(rule, mime_types) or []
    words = []
    lost = [mime_type for mime_type in mime_types if mime_type not in back]
    if unknown := [mime_type for mime_type in lost if kind_of(mime_type) not in {*known, "image"}]:
        words.append(f"{target.title} has no word for {', '.join(unknown)}.")
    if any(kind_of(mime_type) == "image" for mime_type in lost):
        words.append(
            f"{target.title} says only that it takes pictures, and not of which types."
            if model.value("supports_vision")
            else f"{target.title} takes pictures only where Supports Vision is Yes, and it is No."
        )
    more = [mime_type for mime_type in back if mime_type not in mime_types]
    words += [
        f"{target.title} says only {kind}, whichever of its types the model takes."
        for kind in kinds_of([*lost, *more], [kind for kind in known if kind != "image"])
    ]
    yield from (Loss(model.name, "multimodal_mime_types", text) for text in words)
