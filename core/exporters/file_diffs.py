"""What changes in a tool's file, as a unified diff in which no key shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import Any, Final

from core.exporters.edits import BrokenText
from core.exporters.json_nodes import parse_json
from core.exporters.key_names import is_key_name, is_name_of_section_with_keys, is_secret
from core.exporters.nodes import Node, walk
from core.exporters.yaml_nodes import parse_yaml
from core.redaction import HIDDEN, hide_key_shapes, hide_secrets

_CONTEXT_LINES: Final = 3
_EXACT_UP_TO: Final = 4000
"""Lines; beyond that difflib takes lines that are frequent for noise, or it would take minutes."""

_SHORTEST_ANYWHERE: Final = 8
"""What stands under a key's name is hidden elsewhere too, unless it may well be a word of ordinary text."""

_NAMED: Final = re.compile(
    r"""(?P<head>(?<![\w.\-])(?P<name>[\w.\-]*(?:key|token|secret|pass|pwd|pin|jwt|authoriz|credential|cookie)\w*)["']?\s*[:=]\s*)"""
    r"""(?P<value>os\.environ(?:\.get)?[\[(][^\])\n]*[\])]|"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?"""
    r"""|(?:\{(?:env:|file:|\{)[^{}\n]*\}\}?|[^\s"'{\[#,])(?:\$?\{\{?[^{}\n]*\}\}?|[^,\n{}#])*)""",
    re.IGNORECASE,
)
_SECTION: Final = re.compile(
    r"(?:env(?:ironment)?(?:_?(?:vars|variables))?|environ|headers)[\"']?\s*[:=]\s*\{", re.IGNORECASE
)
_IN_BRACES: Final = re.compile(
    r"""(?P<bracket>[{}])|(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')\s*:(?=[^:])"""
    r"""|(?P<quoted>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
    r"""|(?<=[:=])[^\S\n]*(?P<plain>(?:\$?\{\{?[^{}\n]*\}\}?|[^\s"',{}])(?:\$?\{\{?[^{}\n]*\}\}?|[^,{}\n])*)"""
)
_NO_TEXT: Final = re.compile(r"[-+]?[\d.]+|true|false|null|~|none|[|>&*].*", re.IGNORECASE)
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]*")

_LONGEST_SECTION: Final = 4096
"""Characters in which a brace of code or of a comment is closed."""
_MOST_UNCLOSED: Final = 200
"""Braces that may be looked through in vain; of further ones only their lines are, each so far."""
_LONGEST_LINE: Final = 256

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
        shown = _without_sections("".join((*pieces, text[place:])))
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
                    if held.slots is None and is_secret(held.value)
                ]
            elif isinstance(slot.key, str) and is_name_of_section_with_keys(slot.key):
                # Their values are hidden where they stand alone: some are addresses and words of ordinary text.
                spans += [(held.start + offset, held.end + offset, None) for held in _texts_of_section(slot.node)]
    return spans


def _texts_of_section(section: Node | None) -> Iterator[Node]:
    """The texts below `env` or `headers` that may be keys: not the names of variables, and no references to them."""
    rows: set[int] = set()
    for node in walk(section):
        for slot in node.slots or ():
            held = slot.node
            if held is None:
                continue
            if not node.is_map:
                rows.add(id(held))
                is_name = isinstance(held.value, str) and _VARIABLE.fullmatch(held.value) is not None
            else:
                is_name = slot.key == "name" and id(node) in rows
            if held.slots is None and isinstance(held.value, str) and is_secret(held.value) and not is_name:
                yield held


def _without_sections(text: str) -> str:
    """The text without what stands in braces behind such a name, where nothing can read it: in code and comments."""
    pieces: list[str] = []
    place = closed = unclosed = 0
    for section in _SECTION.finditer(text):
        if section.end() < closed:
            continue
        line_end = text.find("\n", section.end()) % (len(text) + 1)
        is_patient = unclosed < _MOST_UNCLOSED
        limit = section.end() + _LONGEST_SECTION if is_patient else min(line_end, section.end() + _LONGEST_LINE)
        values, end = _values_in_braces(text, section.end(), limit)
        if end is None:
            unclosed += 1
            values = [value for value in values if value[1] <= line_end]
        else:
            closed = end
        for start, value_end, quote in values:
            if start >= place:
                pieces += (text[place:start], quote, HIDDEN, quote)
                place = value_end
    return "".join((*pieces, text[place:]))


def _values_in_braces(text: str, start: int, limit: int) -> tuple[list[tuple[int, int, str]], int | None]:
    """The texts behind an opening brace with the quotes around them, and where it is closed; None where it is not."""
    values: list[tuple[int, int, str]] = []
    depth = 1
    for found in _IN_BRACES.finditer(text, start, limit):
        if found["bracket"]:
            depth += 1 if found["bracket"] == "{" else -1
            if depth == 0:
                return values, found.end()
            continue
        kind = "quoted" if found["quoted"] else "plain"
        value = (found[kind] or "").rstrip()
        quote = value[0] if found["quoted"] else ""
        is_text = bool(quote) or not (value == HIDDEN or _NO_TEXT.fullmatch(value))
        if value and is_text and is_secret(value.strip(quote) if quote else value):
            values.append((found.start(kind), found.start(kind) + len(value), quote))
    return values, None


def _without_value(found: re.Match[str]) -> str:
    value = found["value"].strip().strip("\"'")
    plain = value in ("null", "~", "true", "false", HIDDEN) or value.startswith(("|", ">", "&", "*"))
    if plain or not is_key_name(found["name"]) or not is_secret(value):
        return found.group()
    quote = found["value"][0] if found["value"][0] in "\"'" else ""
    return f"{found['head']}{quote}{HIDDEN}{quote}"
