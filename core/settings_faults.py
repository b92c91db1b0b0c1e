"""Words for a settings file that cannot be parsed: what is wrong and where, never the parser's own text."""

from __future__ import annotations

import re

import yaml

from core.errors import BrokenSettings

MAX_DEPTH = 100
"""libyaml crashes the process on deep nesting; no settings need more than five levels."""

HINT = "The file was left as it is. Correct it in a text editor and reload, or open the last good backup."

_MARKERS = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: .*)?\r?$", re.MULTILINE)
_UNPRINTABLE = re.compile("[^\x09\x0a\x0d\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

# The parser's problem (libyaml's and PyYAML's words for it) → ours. The first that matches counts.
_PROBLEMS = (
    (("unexpected end of stream",), "a quote that is opened here is never closed"),
    (("found undefined tag handle", "found undefined tag"), "a tag is used that the file does not define"),
    (("could not find expected ':'",), "a key without a colon behind it"),
    (("mapping values are not allowed",), "a colon where no value can stand; a text that holds ': ' needs quotes"),
    (("did not find expected ',' or", "expected ',' or"), "a bracket that is opened here is never closed"),
    (("expected node content", "expected the node content"), "a value is missing, as in a file that was cut off"),
    (("did not find expected '-' indicator",), "a line that is indented otherwise than the list around it"),
    (("did not find expected key", "expected <block end>"), "a line indented otherwise than those around it"),
    (("cannot start any token",), "a character that no value can start with; use quotes, and spaces for indenting"),
    (("escape",), "a backslash in double quotes with something behind it that YAML does not know"),
    (("incompatible YAML document",), "it asks for a YAML version that is not known"),
    (("block sequence entries are not allowed", "sequence entries are not allowed"), "a dash where no list can stand"),
    (("duplicate anchor", "anchor"), "an anchor or alias (& or *) without a proper name"),
    (("expected a single document", "document start"), "a second document (---) in one file"),
)


def broken_at(what: str, line: int | None, column: int | None = None, *, hint: str = HINT) -> BrokenSettings:
    """The error for what is wrong at a line and column, both from 1."""
    where = "" if line is None else f" (line {line})" if column is None else f" (line {line}, column {column})"
    return BrokenSettings(f"The settings file cannot be read{where}: {what}.", hint, line=line, column=column)


def position_at(text: str, index: int) -> tuple[int, int]:
    """Line and column, from 1, of a character."""
    return text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1


def broken_bytes(data: bytes, start: int) -> BrokenSettings:
    """The error for bytes that are no UTF-8 text."""
    before = data[:start]
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    return broken_at(f"byte {start} (0x{data[start]:02X}) is no UTF-8 text", line, column)


def check_characters(text: str, data: bytes) -> None:
    """Raises BrokenSettings for a character that no YAML file may hold, NUL above all."""
    found = unprintable_in(text)
    if found is None:
        return
    index, what = found
    line, column = position_at(text, index)
    if not data.strip(b"\0"):
        raise broken_at("it holds nothing but NUL bytes, as after a power failure", line, column)
    offset = len(text[:index].encode("utf-8", "surrogatepass"))
    raise broken_at(f"{what} at byte {offset}", line, column)


def unprintable_in(text: str) -> tuple[int, str] | None:
    """Where the first character stands that no YAML file may hold, and what it is."""
    found = _UNPRINTABLE.search(text)
    if found is None:
        return None
    name = "a NUL byte" if found.group() == "\0" else f"the control character U+{ord(found.group()):04X}"
    return found.start(), name


def check_markers(text: str) -> None:
    """Raises BrokenSettings when a version control program left its conflict markers in a file that is no YAML."""
    found = _MARKERS.search(text)
    if found is not None:
        line, column = position_at(text, found.start())
        marker = found.group()[:7]
        raise broken_at(
            f"an unresolved merge conflict starts with '{marker}'",
            line,
            column,
            hint="Keep one side of the conflict, delete the marker lines (<<<<<<<, =======, >>>>>>>) and reload.",
        )


def fault_of(error: yaml.YAMLError, text: str) -> BrokenSettings:
    """The error in our words for one of the parser's."""
    try:
        check_markers(text)
    except BrokenSettings as markers:
        return markers
    return broken_at(*problem_of(error))


def problem_of(error: yaml.YAMLError) -> tuple[str, int | None, int | None]:
    """The parser's error in our words, with line and column, from 1, where they are known."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return "it is not valid YAML", None, None
    problem = f"{error.problem or ''} {error.context or ''}"
    what = next((words for parts, words in _PROBLEMS if any(part in problem for part in parts)), "it is not valid YAML")
    opened = "opened here" in what or "without a colon" in what
    mark = error.context_mark if opened and error.context_mark is not None else error.problem_mark
    if mark is None:
        return what, None, None
    return what, mark.line + 1, mark.column + 1


def too_deep(mark: yaml.Mark) -> BrokenSettings:
    """The error for nesting that would crash the parser."""
    return broken_at(f"values are nested more than {MAX_DEPTH} deep", mark.line + 1, mark.column + 1)
