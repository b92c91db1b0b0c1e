"""Files of other tools as text: read into plain data, and edited in place with all else left byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from core.exporters.edits import JSON5_WORDS, BrokenText, CannotEdit, Drop, Put, edited_tree
from core.exporters.json_nodes import parse_json
from core.exporters.json_texts import edit_json, read_json
from core.exporters.python_texts import edit_python, read_python
from core.exporters.shape import Format
from core.exporters.yaml_nodes import parse_yaml
from core.exporters.yaml_texts import edit_yaml, read_yaml
from core.settings_values import same_value
from core.splices import CannotSplice

__all__ = [
    "JSON5_WORDS", "BrokenText", "CannotEdit", "Drop", "Put", "edit_text", "has_no_data", "read_tree", "without_data",
]  # fmt: skip

_BYTE_ORDER_MARK: Final = "\ufeff"
_READERS: Final[Mapping[Format, Callable[[str], Any]]] = MappingProxyType(
    {Format.YAML: read_yaml, Format.JSON: read_json, Format.PYTHON: read_python}
)
_EDITORS: Final[Mapping[Format, Callable[[str, Sequence[Put | Drop]], str]]] = MappingProxyType(
    {Format.YAML: edit_yaml, Format.JSON: edit_json, Format.PYTHON: edit_python}
)


def read_tree(text: str, file_format: Format) -> Any:
    """The plain data of a text; None of an empty one.

    Raises:
        BrokenText: it is not of that format.
    """
    return _READERS[file_format](text.removeprefix(_BYTE_ORDER_MARK))


def without_data(text: str, file_format: Format) -> str:
    """The text with nothing in it but its comments; the same where it has none of its data in one piece."""
    mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
    content = text.removeprefix(mark)
    parse = {Format.YAML: parse_yaml, Format.JSON: parse_json}.get(file_format)
    node = parse(content) if parse is not None else None
    if node is None:
        return text
    head, behind = content[: node.start], content[node.end :]
    if not head or head.endswith("\n"):  # its line goes whole
        behind = behind.removeprefix("\r").removeprefix("\n")
    return mark + head + (behind.lstrip() and behind)


def has_no_data(text: str, file_format: Format) -> bool:
    """Whether a text is empty but for comments."""
    content = text.removeprefix(_BYTE_ORDER_MARK)
    parse = {Format.YAML: parse_yaml, Format.JSON: parse_json}.get(file_format)
    return not content.strip() or (parse is not None and parse(content) is None)


def edit_text(text: str, file_format: Format, edits: Sequence[Put | Drop]) -> str:
    """The text with the edits made. Read again, it gives exactly the data with these edits made; that is checked.

    Raises:
        BrokenText: it is not of that format.
        CannotEdit: it cannot be edited without touching what is not ours.
    """
    mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
    content = text.removeprefix(mark)
    before = read_tree(content, file_format)
    wanted = edited_tree(before, edits)
    if same_value(before, wanted):
        return text
    try:
        edited = _EDITORS[file_format](content, edits)
    except CannotSplice:
        raise CannotEdit("it is written in a way that cannot be changed in place") from None
    try:
        holds = same_value(read_tree(edited, file_format), wanted)
    except BrokenText:
        holds = False
    if not holds:
        raise CannotEdit("the change would be read back differently, or would change what is not Muster’s")
    return mark + edited
