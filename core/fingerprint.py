"""What tells one configuration of a server and a model from another: `Fingerprint`.

When it changes, what was measured may no longer hold. A part that one side does not know is no difference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Final

from core.offered_models import FINGERPRINT_KEY, OfferedModel
from core.redaction import plain_address

PART_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "base_url": "the address",
        "model": "the model ID",
        "build": "the server's version",
        "weights": "the model's file",
        "chat_template": "the chat template",
        "quantisation": "the quantisation",
        "system_fingerprint": "the server's own fingerprint",
        "other": "the configuration",
    }
)
"""What each part is called on screen."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The parts that are known, as texts; empty where one is not. `chat_template` is the start of its SHA-256."""

    base_url: str = ""
    model: str = ""
    build: str = ""
    weights: str = ""
    chat_template: str = ""
    quantisation: str = ""
    system_fingerprint: str = ""
    other: str = ""

    def to_text(self) -> str:
        """One line, as it stands in a receipt."""
        known = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(known, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Fingerprint:
        """The inverse of `to_text`; a text of another making counts as one part that must be the same."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            return cls(other=text)
        if not isinstance(values, dict):
            return cls(other=text)
        names = {item.name for item in fields(cls)}
        parts = {name: value for name, value in values.items() if name in names and isinstance(value, str)}
        if "base_url" in parts:
            parts["base_url"] = plain_address(parts["base_url"])
        return cls(**parts)

    def differences(self, other: Fingerprint) -> tuple[str, ...]:
        """The names of the parts that both know and that are not the same."""
        pairs = ((item.name, getattr(self, item.name), getattr(other, item.name)) for item in fields(self))
        return tuple(name for name, own, their in pairs if own and their and own != their)


def fingerprint_of(
    base_url: str | None, model_id: str, offered: OfferedModel | None = None, system_fingerprint: str = ""
) -> Fingerprint:
    """The fingerprint of a model at an address, with what its endpoint said about itself.

    It is kept and passed on: a password or a key in the address stays out.
    """
    parts = offered.raw.get(FINGERPRINT_KEY) if offered is not None else None
    told = {name: value for name, value in parts.items() if isinstance(value, str)} if isinstance(parts, dict) else {}
    return Fingerprint(
        base_url=plain_address(base_url or ""),
        model=model_id,
        build=told.get("build", ""),
        weights=told.get("weights", ""),
        chat_template=told.get("chat_template", ""),
        quantisation=told.get("quantisation", ""),
        system_fingerprint=system_fingerprint,
    )
