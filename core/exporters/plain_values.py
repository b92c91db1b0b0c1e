"""What stands in somebody else's file, taken for what it should be, or for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.field_specs import UNSET


def text_in(mapping: Any, key: str) -> str:
    """The text at a key; "" where there is none."""
    value = mapping.get(key) if isinstance(mapping, Mapping) else None
    return value if isinstance(value, str) else ""


def mapping_in(mapping: Any, key: str) -> Mapping[str, Any]:
    """The mapping at a key; an empty one where there is none."""
    value = mapping.get(key) if isinstance(mapping, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def list_in(mapping: Any, key: str) -> list[Any]:
    """The list at a key; an empty one where there is none."""
    value = mapping.get(key) if isinstance(mapping, Mapping) else None
    return value if isinstance(value, list) else []


def read_boolean(value: Any) -> Any:
    """A yes or no; UNSET for anything else."""
    return value if isinstance(value, bool) else UNSET


def read_text(value: Any) -> Any:
    """A text that is not empty; UNSET for anything else."""
    return value if isinstance(value, str) and value else UNSET


def read_tokens(value: Any) -> Any:
    """A number of tokens; UNSET for anything else, and for 0, by which tools mean that it is not known."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else UNSET
