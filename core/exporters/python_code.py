"""Values as Python code that can be pasted anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

_INDENT: Final = "    "
_SHORT: Final = 80
"""Up to this many characters a mapping stands in one line."""


class Code(str):
    """An expression that stands in the code as it is: `os.environ["X"]`."""

    __slots__ = ()


def environment(variable: str) -> Code:
    """The value of an environment variable, as code."""
    return Code(f"os.environ[{quoted(variable)}]")


def quoted(text: str) -> str:
    """A text as a literal, in double quotes where that needs no escape; nothing invisible stands in it."""
    plain = repr(str(text))
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in text else plain


def literal(value: Any, depth: int = 0) -> str:
    """A value as code; mappings and lists over several lines, the first of them at that depth."""
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping) and value:
        if all(isinstance(item, (str, int, float)) for item in value.values()):
            line = f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
            if len(line) <= _SHORT and "\n" not in line:
                return line
        rows = (f"{literal(key)}: {literal(item, depth + 1)}" for key, item in value.items())
        return _over_lines("{", rows, "}", depth)
    if isinstance(value, list) and value:
        if all(isinstance(item, (str, int, float, bool)) for item in value):
            return f"[{', '.join(map(literal, value))}]"
        return _over_lines("[", (literal(item, depth + 1) for item in value), "]", depth)
    if isinstance(value, tuple) and value:
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, frozenset):
        # It has no order of its own, and the same model must always give the same text.
        return f"frozenset({{{', '.join(map(literal, sorted(value)))}}})" if value else "frozenset()"
    return repr(value)


def call(function: str, arguments: Mapping[str, Any], positional: Sequence[Any] = (), *, depth: int = 0) -> Code:
    """A call with an argument a line, its first line at that depth."""
    rows = [literal(item, depth + 1) for item in positional]
    rows += [f"{name}={literal(item, depth + 1)}" for name, item in arguments.items()]
    return Code(_over_lines(f"{function}(", rows, ")", depth))


def _over_lines(start: str, rows: Iterable[str], end: str, depth: int) -> str:
    inner = _INDENT * (depth + 1)
    return "\n".join((start, *(f"{inner}{row}," for row in rows), f"{_INDENT * depth}{end}"))
