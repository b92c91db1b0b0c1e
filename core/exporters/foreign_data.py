"""Plain data of other tools' files, read with care: whatever stands there, the answer is a value, UNSET or words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.exporters.places import value_at
from core.field_specs import UNSET


def mapping_of(tree: Any, words: str = "It is not a mapping of settings.") -> Mapping[str, Any]:
    """The mapping; an empty one where nothing is.

    Raises:
        ValueError: it is something else; `words` say what was expected.
    """
    if tree is None or tree is UNSET:
        return {}
    if not isinstance(tree, Mapping):
        raise ValueError(words)  # noqa: TRY004 (not the caller's mistake)
    return tree


def rows_at(tree: Any, dotted: str) -> list[Any]:
    """The list at a dotted path of keys; an empty one where nothing is.

    Raises:
        ValueError: it is something else.
    """
    keys = dotted.split(".")
    for position in range(1, len(keys)):
        outer = ".".join(keys[:position])
        mapping_of(value_at(tree, outer), f"“{outer}” is not a mapping.")
    found = value_at(tree, dotted)
    if found is None or found is UNSET:
        return []
    if not isinstance(found, list):
        raise ValueError(f"“{dotted}” is not a list.")  # noqa: TRY004 (not the caller's mistake)
    return found


def text_at(entry: Any, dotted: str) -> str:
    """The text at a dotted path of keys, a number as its digits; "" where there is none."""
    found = value_at(entry, dotted)
    if isinstance(found, bool) or not isinstance(found, (str, int, float)):
        return ""
    return str(found)


def read_true(value: Any) -> bool:
    """A capability that counts only when it is literally true."""
    return value is True


def read_tokens(value: Any) -> Any:
    """A number of tokens; UNSET where it is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else UNSET


def read_text(value: Any) -> Any:
    """A text that is not empty; UNSET where it is none."""
    return value if isinstance(value, str) and value else UNSET


def read_boolean(value: Any) -> Any:
    """A yes or no; UNSET for anything else."""
    return value if isinstance(value, bool) else UNSET


def text_in(mapping: Any, key: str) -> str:
    """The text at a key; "" where there is none, whatever stands there."""
    value = mapping.get(key) if isinstance(mapping, Mapping) else None
    return value if isinstance(value, str) else ""


def mapping_in(mapping: Any, key: str) -> Mapping[str, Any]:
    """The mapping at a key; an empty one where there is none, whatever stands there."""
    value = mapping.get(key) if isinstance(mapping, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def list_in(mapping: Any, key: str) -> list[Any]:
    """The list at a key; an empty one where there is none, whatever stands there."""
    value = mapping.get(key) if isinstance(mapping, Mapping) else None
    return value if isinstance(value, list) else []
