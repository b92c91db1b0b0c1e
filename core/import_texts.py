"""What is to be imported, as text and as plain data: read within bounds, so that no file can stop the program."""

from __future__ import annotations

import json
import os
import re
import stat
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from core.collector import paused_collector
from core.errors import MusterError
from core.exporters.shape import Format
from core.exporters.texts import JSON5_WORDS, BrokenText, read_tree
from core.redaction import redact

LARGEST_BYTES: Final = 32 * 2**20
"""Ten times a roll of 10,000 models; a share file with its receipts has about 100 kB a model."""

LARGEST_YAML_BYTES: Final = 2 * 2**20
"""Also of JSON with comments. Both are read at about 1 MB a second, and nothing could stop that before its end."""

LARGEST_ROLL_BYTES: Final = 4 * 2**20
"""Of a settings file, whose reader is five times as quick; one of 10,000 models has 3 MB."""

MOST_YAML_VALUES: Final = 300_000
"""About; a file of 2 MB that somebody means has half of them."""

DEEPEST: Final = 60
"""How deep values may nest; no file of a tool needs more than ten levels."""

MOST_VALUES: Final = 2_000_000
"""How many values a file may hold, an alias counted as all that it stands for."""

PASTED: Final = "The text"
"""What a text without a file is called."""


_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")
_LONGEST_PATH: Final = 4096
_PATH_LIKE: Final = re.compile(r"^(?:~|\.{0,2}[/\\]|[A-Za-z]:[/\\]|[^\s{}\[\]\"'=]+\.[A-Za-z][\w-]{0,12}$)")
_NO_PATH: Final = re.compile(r"^https?:|\bcurl(?:\.exe)?\s", re.IGNORECASE)
"""An address, or a command, which may begin with a path."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was handed over. `path` is None of a text that was pasted; a folder has no text."""

    text: str = field(default="", repr=False)
    path: Path | None = None
    is_folder: bool = False
    _trees: dict[Format, Any] = field(default_factory=dict, repr=False, compare=False)

    def tree(self, file_format: Format, name: str = PASTED) -> Any:
        """Its plain data, read once; None of an empty text.

        Raises:
            MusterError: it is not of that format, or beyond the bounds.
        """
        if file_format not in self._trees:
            self._trees[file_format] = parse_tree(self.text, file_format, name)
        return self._trees[file_format]

    @property
    def place(self) -> str:
        """Where it is, as it is shown: the file with the home folder shortened, or that it was pasted."""
        return shown_path(self.path) if self.path is not None else "pasted text"


def shown_path(path: Path) -> str:
    """A path as it is shown, the home folder as “~”."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)


def read_given(path_or_text: str | os.PathLike[str]) -> Given:
    """What a path or a text stands for. May wait for the disk.

    Raises:
        MusterError: it is neither, there is no such file, or it cannot be read as text.
    """
    if not isinstance(path_or_text, str):
        try:
            given = os.fspath(path_or_text)
        except TypeError:
            given = None
        if not isinstance(given, str):
            raise MusterError("What is to be imported is neither a path nor a text.", "Give one of them as text.")
        return _read_path(Path(given))
    if path := _path_of(path_or_text):
        return _read_path(path)
    if len(path_or_text) > LARGEST_BYTES:
        raise _too_large(PASTED)
    return Given(checked_text(path_or_text.removeprefix("\ufeff"), PASTED))


def _path_of(text: str) -> Path | None:
    """The path that a text is; None where it is content."""
    stripped = text.strip()
    if not stripped or len(stripped) > _LONGEST_PATH or "\n" in stripped or "\0" in stripped:
        return None
    path = Path(text if os.path.lexists(text) else stripped)
    if path.parts and path.parts[0].startswith("~"):
        with suppress(RuntimeError):  # there is nobody of that name: no such file either
            path = path.expanduser()
    if os.path.lexists(path):
        return path
    return path if _PATH_LIKE.match(stripped) and not _NO_PATH.search(stripped) else None


def _read_path(path: Path) -> Given:
    try:
        status = path.stat()
    except (OSError, ValueError):
        raise MusterError(f"There is no file “{_shortened(path.name)}”.", "Choose another file.") from None
    if stat.S_ISDIR(status.st_mode):
        return Given(path=path, is_folder=True)
    return Given(read_file(path), path)


def read_file(path: Path) -> str:
    """The text of a file. May wait for the disk.

    Raises:
        MusterError: it is no regular file, too large, no text, or the disk refused.
    """
    name = f"“{_shortened(path.name)}”"
    try:  # never waits, should it be a pipe
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise MusterError(f"{name} is not a file.", "Choose a regular file.")
            data = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise MusterError(
            f"{name} could not be read.", f"{error.strerror or 'The disk refused'}. Choose another file."
        ) from None
    if len(data) > LARGEST_BYTES:
        raise _too_large(name)
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise MusterError(f"{name} is no text.", "Choose a file in UTF-8.") from None
    return checked_text(text, name)


def checked_text(text: str, name: str) -> str:
    """The text itself.

    Raises:
        MusterError: it holds characters that no such text has, NUL above all.
    """
    found = _UNPRINTABLE.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        raise MusterError(
            f"{name} has a control character in it (U+{ord(found.group()):04X}, line {line}).",
            "It may be damaged, or no text at all. Choose another file.",
        )
    return text


def parse_tree(text: str, file_format: Format, name: str = PASTED) -> Any:
    """The plain data of a text, within bounds; None of an empty one.

    Plain JSON is read by the standard library, which is ten times as quick as the reader of JSON with comments.

    Raises:
        MusterError: it is not of that format, or nested too deep, or too large.
    """
    if file_format is Format.YAML:
        check_yaml_size(text, name)
    try:
        with paused_collector():
            tree = _parsed(text, file_format, name)
    except BrokenText as broken:
        words = _said(broken.words)
        if broken.is_json5:
            raise MusterError(
                f"{name} {JSON5_WORDS}.", f"Write it as JSON (line {broken.line}: {words}), or choose another file."
            ) from None
        where = "" if broken.line is None else f" (line {broken.line})"
        raise MusterError(f"{name} cannot be read{where}.", f"{as_sentence(words)} {mend_hint(name)}") from None
    except (RecursionError, MemoryError):
        raise _too_deep(name) from None
    except ValueError:
        raise MusterError(f"{name} cannot be read.", mend_hint(name)) from None
    _check_bounds(tree, name)
    return tree


def mend_hint(name: str) -> str:
    """What to do about a text that cannot be read, by what it is called."""
    return "Correct it here." if name == PASTED else "Correct it in a text editor, or choose another file."


def check_yaml_size(
    text: str, name: str = PASTED, kind: str = "a YAML file", largest_bytes: int = LARGEST_YAML_BYTES
) -> None:
    """Raises MusterError where a text would take longer to be read as YAML than anybody waits for it."""
    if len(text) > largest_bytes:
        raise MusterError(
            f"{name} is larger than {largest_bytes // 2**20} MB, which is too large for {kind}.",
            "Import it in parts.",
        )
    if sum(map(text.count, ("\n", ",", "- ", "[", "{"))) > MOST_YAML_VALUES:
        raise MusterError(
            f"{name} holds more than {MOST_YAML_VALUES:,} values, which is too much for {kind}.",
            "Import it in parts.",
        )


def _parsed(text: str, file_format: Format, name: str) -> Any:
    if file_format is Format.JSON and text.strip():
        with suppress(json.JSONDecodeError, _NoNumber):  # with comments, or broken: read below, with words for it
            try:
                return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_mapping)
            except _GivenTwice as twice:
                try:
                    check_yaml_size(text)
                except MusterError:  # else it is read once more below, to say in which line
                    raise BrokenText(f"the key “{twice.key}” is given twice") from None
        check_yaml_size(text, name, "JSON with comments, or with a mistake in it")
    return read_tree(text, file_format)


class _GivenTwice(Exception):
    """A key that an object has twice: one of its values would be lost without a word."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise _GivenTwice(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return mapping


class _NoNumber(ValueError):
    """A number that JSON has no word for."""


def _refuse_constant(constant: str) -> Any:
    raise _NoNumber(constant)


def _check_bounds(tree: Any, name: str) -> None:
    """Refuses data that nests too deep or holds too much; shared parts are counted wherever they stand."""
    level: list[Any] = [tree]
    total = 0
    for _ in range(DEEPEST + 1):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            if total + len(below) > MOST_VALUES:
                raise _too_large(name)
        if not below:
            return
        total += len(below)
        level = below
    raise _too_deep(name)


def as_sentence(words: str) -> str:
    """The words with a capital letter at their start and a full stop at their end."""
    text = words.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?', '…')) else '.'}"


def _said(words: str) -> str:
    """What is wrong with a text, in one line and without what looks like a key."""
    return redact(_shortened(words, 300)).rstrip(".")


def _shortened(text: str, longest: int = 80) -> str:
    plain = "".join(character if character.isprintable() else "?" for character in text[: longest + 1])
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def _too_large(name: str) -> MusterError:
    return MusterError(
        f"{name} is too large to be imported.",
        f"At most {LARGEST_BYTES // 2**20} MB and {MOST_VALUES // 1_000_000} million values are read. Import a part.",
    )


def _too_deep(name: str) -> MusterError:
    return MusterError(
        f"{name} cannot be read: its values are nested more than {DEEPEST} deep.", "Choose another file."
    )
