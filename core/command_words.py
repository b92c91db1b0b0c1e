"""A command line as it is pasted, split into words as its shell would: POSIX, Windows' cmd, or PowerShell.

Nothing is run and no variable is looked up: “$KEY” stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_HEREDOC: Final = re.compile(r"<<-?\s*(['\"]?)(\w+)\1[^\n]*\n(.*?)\n[ \t]*\2[ \t]*(?:\n|\Z)", re.DOTALL)
_HERE_STRING: Final = re.compile(r"@(['\"])[ \t]*\n(.*?)\n\1@", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}


class Shell(StrEnum):
    """Whose rules of quoting a command follows."""

    POSIX = "posix"
    CMD = "cmd"
    POWERSHELL = "powershell"


def shell_of(text: str) -> Shell:
    """The shell that a command was written for, by how it goes on over lines and what it escapes."""
    if re.search(r"`[ \t]*\n|\$env:|`\"|@['\"][ \t]*\n", text, re.IGNORECASE):
        return Shell.POWERSHELL
    if re.search(r"\^[ \t]*\n|\^\"", text) or (re.search(r"%[A-Za-z_]\w*%", text) and "\\\n" not in text):
        return Shell.CMD
    return Shell.POSIX


def split_heredoc(text: str) -> tuple[str, str | None]:
    """The command without its here-document, and that document; None where it has none."""
    found = _HEREDOC.search(text)
    if found is None:
        return text, None
    # The rest of the line after the mark still belongs to the command.
    rest = text[found.start() : found.start(3)].partition("\n")[0]
    rest = re.sub(r"^<<-?\s*(['\"]?)\w+\1", " ", rest)
    return f"{text[: found.start()]}{rest}\n{text[found.end() :]}", found.group(3)


@dataclass(frozen=True, slots=True)
class Command:
    """The words of one command; `is_piped` says that what it writes is what the next one reads."""

    words: list[str]
    is_piped: bool = False


def split_commands(text: str, shell: Shell) -> Iterator[Command]:
    """Each command in the text; one ends at a line's end, “;”, “|” or “&” outside of quotes."""
    if shell is Shell.POWERSHELL:
        text = _HERE_STRING.sub(lambda found: "'" + found.group(2).replace("'", "''") + "'", text)
    return _Splitter(text, shell).commands()


class _Splitter:
    def __init__(self, text: str, shell: Shell) -> None:
        self._text = text
        self._shell = shell
        self._escape = {Shell.POSIX: "\\", Shell.CMD: "^", Shell.POWERSHELL: "`"}[shell]
        self._at = 0
        self._words: list[str] = []
        self._word: list[str] | None = None

    def commands(self) -> Iterator[Command]:
        text = self._text
        while self._at < len(text):
            character = text[self._at]
            self._at += 1
            if character == self._escape:
                self._escaped()
            elif character == '"' or (character == "'" and self._shell is not Shell.CMD):
                self._quoted(character)
            elif character == "$" and text[self._at : self._at + 1] == "'" and self._shell is Shell.POSIX:
                self._at += 1
                self._ansi()
            elif character == "\\" and self._shell is not Shell.POSIX and text[self._at : self._at + 1] == '"':
                self._add('"')
                self._at += 1
            elif character in " \t\r":
                self._end_word()
            elif character == "#" and self._word is None and self._shell is not Shell.CMD:
                self._skip_line()
            elif character in "\n;|&" and not (character == ";" and self._shell is Shell.CMD):
                self._end_word()
                is_piped = character == "|" and text[self._at : self._at + 1] != "|"
                if self._words:
                    yield Command(self._words, is_piped)
                if character == "|" and text[self._at : self._at + 1] in ("|", "&"):
                    self._at += 1
                self._words = []
            else:
                self._add(character)
        self._end_word()
        if self._words:
            yield Command(self._words)

    def _add(self, text: str) -> None:
        if self._word is None:
            self._word = []
        self._word.append(text)

    def _end_word(self) -> None:
        if self._word is not None:
            self._words.append("".join(self._word))
        self._word = None

    def _skip_line(self) -> None:
        end = self._text.find("\n", self._at)
        self._at = len(self._text) if end < 0 else end

    def _escaped(self) -> None:
        """What stands behind the escape character: the next line goes on, any other character counts as itself."""
        rest = re.compile(r"[ \t]*\r?\n").match(self._text, self._at)
        if rest is not None:
            self._at = rest.end()
        elif self._at < len(self._text):
            character = self._text[self._at]
            self._at += 1
            if self._shell is Shell.CMD and character == '"':
                self._quoted(character)  # “^"” is how browsers write a quote for cmd
            else:
                self._add(character)

    def _quoted(self, quote: str) -> None:
        self._add("")
        text, shell = self._text, self._shell
        while self._at < len(text):
            character = text[self._at]
            self._at += 1
            following = text[self._at : self._at + 1]
            if character == "^" and shell is Shell.CMD:
                if following == quote:
                    self._at += 1
                    return
                if following == "\\" and text[self._at + 1 : self._at + 3] == '^"':
                    self._add(quote)
                    self._at += 3
                else:
                    self._add(following)
                    self._at += 1
            elif character == quote:
                if following == quote and shell is not Shell.POSIX:
                    self._add(quote)
                    self._at += 1
                else:
                    return
            elif character == "\\" and quote == '"' and following in ('"', "\\", "$", "`", "\n"):
                # PowerShell itself keeps the backslash; the program that it starts takes it for an escape.
                self._add("" if following == "\n" else following)
                self._at += 1
            elif character == "`" and quote == '"' and shell is Shell.POWERSHELL:
                self._add(_ESCAPES.get(following, following))
                self._at += 1
            else:
                self._add(character)

    def _ansi(self) -> None:
        """The rest of a text in “$'…'”."""
        self._add("")
        text = self._text
        while self._at < len(text):
            character = text[self._at]
            self._at += 1
            if character == "'":
                return
            if character != "\\":
                self._add(character)
                continue
            code = re.compile(r"x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|([0-7]{1,3})").match(text, self._at)
            if code is not None:
                digits = code.group(1) or code.group(2)
                self._add(chr(int(digits, 16) if digits else int(code.group(3), 8)))
                self._at = code.end()
            else:
                following = text[self._at : self._at + 1]
                self._add(_ESCAPES.get(following, following))
                self._at += 1
