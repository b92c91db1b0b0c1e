"""What changes in a tool's file, as a unified diff in which no key shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import Any, Final

from core.exporters.edits import BrokenText
from core.exporters.json_nodes import parse_json
from core.exporters.nodes import Node, walk
from core.exporters.yaml_nodes import parse_yaml
from core.redaction import HIDDEN, PLACEHOLDER_KEYS, hide_key_shapes, hide_secrets

_CONTEXT_LINES: Final = 3
_EXACT_UP_TO: Final = 4000
"""Lines; beyond that difflib takes lines that are frequent for noise, or it would take minutes."""

_SHORTEST_ANYWHERE: Final = 8
"""What stands under a key's name is hidden elsewhere too, unless it may well be a word of ordinary text."""

_SECRET_WORDS: Final = frozenset(
    {"token", "secret", "secrets", "password", "passwords", "passwd", "passphrase", "authorization", "credential"}
    | {"credentials", "apikey", "apikeys", "cookie"}
)
_KEY_OF: Final = frozenset({"api", "access", "secret", "private", "auth", "client", "master", "license", "signing"})

_REFERENCE: Final = re.compile(
    r"(?:(?:bearer|basic)\s+)?"
    r"(?:os\.environ/\w+|os\.environ(?:\.get)?[\[(][\"']\w+[\"'](?:, [\"'](?:\w{0,7}|\w+ is not set)[\"'])?[\])]|"
    r"\$\{\{[^{}]*\}\}|\$\{[^{}]*\}|\$\w+|\{(?:env|file):[^{}]*\}|\{\{[^{}]*\}\}|user_provided|)",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(
    r"""(?P<head>(?<![\w.\-])(?P<name>[\w.\-]*(?:key|token|secret|passw|passphrase|authoriz|credential|cookie)\w*)["']?\s*[:=]\s*)"""
    r"""(?P<value>os\.environ(?:\.get)?[\[(][^\])\n]*[\])]|"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?"""
    r"""|(?:\{(?:env:|file:|\{)[^{}\n]*\}\}?|[^\s"'{\[#,])(?:\$?\{\{?[^{}\n]*\}\}?|[^,\n{}#])*)""",
    re.IGNORECASE,
)
_PART: Final = 2**14
_CUT: Final = re.compile(r"[^\s:=][^\S\n]*\n(?=[^\S\n]*[^\s:=])")
"""A line break with no colon or equals sign on either side of it."""

_ACCOUNT: Final = re.compile(r"(://[^/\s:@\"']*:)(?!\$|\{)[^/\s@\"']+(?=@)")


def diff_text(name: str, before: str, after: str, secrets: Iterable[str] = ()) -> str:
    """A unified diff of one file.

    Neither these secrets nor what stands under a name such as `api_key` shows in it, in lines that stay neither;
    references to where a key is (`os.environ/X`, `${X}`) do.
    """
    old, new = _lines(before), _lines(after)
    if old == new:
        return ""
    known = {piece for secret in secrets for piece in (secret, *secret.splitlines())}
    shown_old, shown_new = _hidden(before, after, known)
    exact = len(old) + len(new) <= _EXACT_UP_TO
    matcher = SequenceMatcher(None, old, new, autojunk=not exact)
    lines = [f"--- {name}\n+++ {name}\n"]
    for group in matcher.get_grouped_opcodes(_CONTEXT_LINES):
        lines += _hunk(group, shown_old, shown_new)
    return "".join(lines)


def is_key_name(name: str) -> bool:
    """Whether a key usually stands under that name: `api_key`, `apiKey`, `x-api-key`, `token`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    parts = re.split(r"[\W_]+", words.lower().strip())
    if parts[-1] in _SECRET_WORDS:
        return True
    if parts[-1] not in ("key", "keys") or len(parts) < 2:
        return False
    return parts[-2] in _KEY_OF or re.search(r"[_\-.]keys?$", name, re.IGNORECASE) is not None


def _hunk(group: list[Any], old: list[str], new: list[str]) -> Iterator[str]:
    first, last = group[0], group[-1]
    yield f"@@ -{_span(first[1], last[2])} +{_span(first[3], last[4])} @@\n"
    for kind, old_start, old_end, new_start, new_end in group:
        if kind == "equal":
            yield from (_shown(" ", line) for line in old[old_start:old_end])
            continue
        yield from (_shown("-", line) for line in old[old_start:old_end])
        yield from (_shown("+", line) for line in new[new_start:new_end])


def _span(start: int, end: int) -> str:
    count = end - start
    return f"{start + 1}" if count == 1 else f"{start + 1 if count else start},{count}"


def _shown(sign: str, line: str) -> str:
    text = line.rstrip("\r\n")
    return f"{sign}{text}\n" + ("" if line.endswith("\n") else "\\ No newline at end of file\n")


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _hidden(before: str, after: str, secrets: set[str]) -> tuple[list[str], list[str]]:
    """The lines of both texts, as many as they have, without keys."""
    spans = [_secret_spans(text) for text in (before, after)]
    found = {
        str(value)
        for text_spans in spans
        for _, _, value in text_spans
        if isinstance(value, str) and len(value) >= _SHORTEST_ANYWHERE and "\n" not in value
    }
    texts = []
    for text, text_spans in zip((before, after), spans, strict=True):
        pieces: list[str] = []
        place = 0
        for start, end, _ in sorted(text_spans, key=lambda span: span[:2]):
            if start >= place:
                pieces += (text[place:start], HIDDEN + "\n" * text.count("\n", start, end))
                place = end
        shown = "".join((*pieces, text[place:]))
        shown = "".join(_NAMED.sub(_without_value, part) for part in _parts(shown))
        shown = _ACCOUNT.sub(rf"\1{HIDDEN}", hide_key_shapes(shown))
        texts.append(_lines(hide_secrets(shown, secrets | found)))
    return texts[0], texts[1]


def _parts(text: str) -> Iterator[str]:
    """The text in parts of some lines, none of which begins between a name and its value.

    A pattern is looked for in one go, in which no other thread gets its turn: the window would wait for all of a text.
    """
    start = 0
    while start < len(text):
        cut = _CUT.search(text, start + _PART)
        end = cut.end() if cut is not None else len(text)
        yield text[start:end]
        start = end


def _secret_spans(text: str) -> list[tuple[int, int, Any]]:
    """Where values stand under names of keys, whichever lines they take, and what they are."""
    offset = 1 if text.startswith("\ufeff") else 0
    root: Node | None = None
    for parse in (parse_json, parse_yaml):
        try:
            root = parse(text[offset:])
        except BrokenText:
            continue
        break
    spans = []
    for node in walk(root):
        for slot in node.slots or () if node.is_map else ():
            if isinstance(slot.key, str) and is_key_name(slot.key):
                spans += [
                    (held.start + offset, held.end + offset, held.value)
                    for held in walk(slot.node)
                    if held.slots is None and _is_secret(held.value)
                ]
    return spans


def _is_secret(value: Any) -> bool:
    if value is None or isinstance(value, bool) or value in ({}, []):
        return False
    return not isinstance(value, str) or not (_REFERENCE.fullmatch(value.strip()) or value in PLACEHOLDER_KEYS)


def _without_value(found: re.Match[str]) -> str:
    value = found["value"].strip().strip("\"'")
    plain = value in ("null", "~", "true", "false", HIDDEN) or value.startswith(("|", ">", "&", "*"))
    if plain or not is_key_name(found["name"]) or not _is_secret(value):
        return found.group()
    quote = found["value"][0] if found["value"][0] in "\"'" else ""
    return f"{found['head']}{quote}{HIDDEN}{quote}"
