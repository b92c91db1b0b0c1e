"""Types of files in the few words that tools have for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from core.exporters.shape import Loss, Target
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
    """What becomes of attachment types where a tool knows only the words in `known`."""
    if not model.is_set("multimodal_mime_types"):
        return
    mime_types = list(model.value("multimodal_mime_types") or [])
    sayable = {"text", "image", *known}
    lost = [mime_type for mime_type in mime_types if kind_of(mime_type) not in sayable]
    if lost:
        yield Loss(model.name, "multimodal_mime_types", f"{target.title} has no word for {', '.join(lost)}.")
    if any(kind_of(mime_type) == "image" for mime_type in mime_types) and not model.value("supports_vision"):
        words = f"{target.title} takes pictures only where Supports Vision is Yes, and it is No."
        yield Loss(model.name, "multimodal_mime_types", words)
    for kind in kinds_of(mime_types, [kind for kind in known if kind in MIME_TYPES_OF]):
        more = [mime_type for mime_type in MIME_TYPES_OF[kind] if mime_type not in mime_types]
        others = [item for item in mime_types if kind_of(item) == kind and item not in MIME_TYPES_OF[kind]]
        if more or others:
            words = f"{target.title} says only {kind}, whichever of its types the model takes."
            yield Loss(model.name, "multimodal_mime_types", words)
