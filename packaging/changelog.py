"""What CHANGELOG.md says, in the forms that Debian and software centres read."""

from __future__ import annotations

import calendar
import re
import textwrap
import time
from dataclasses import dataclass
from email.utils import formatdate
from xml.sax.saxutils import escape

import product

CHANGELOG = product.PROJECT / "CHANGELOG.md"
_HEADING = re.compile(r"^## \[?(?P<name>[^\]\s]+)\]?(?: - (?P<date>\d{4}-\d{2}-\d{2}))?\s*$")


@dataclass(frozen=True)
class Release:
    """One version: its notes in Markdown, each one paragraph."""

    version: str
    date: str
    is_out: bool
    notes: tuple[str, ...]


def releases(text: str | None = None) -> list[Release]:
    """The newest first. What is not out yet is the version that the code states, dated as its source.

    Raises:
        ValueError: no version has a note.
    """
    lines = (CHANGELOG.read_text(encoding="utf-8") if text is None else text).splitlines()
    found: list[tuple[re.Match[str], list[str]]] = []
    for line in lines:
        if heading := _HEADING.match(line):
            found.append((heading, []))
        elif found and line.startswith("- "):
            found[-1][1].append(line[2:].strip())
        elif found and found[-1][1] and line.startswith("  "):
            found[-1][1][-1] += f" {line.strip()}"
    today = time.strftime("%Y-%m-%d", time.gmtime(product.released_at_s()))
    made = []
    for heading, notes in found:
        is_out = heading["date"] is not None
        version = heading["name"] if is_out else product.VERSION
        if notes:
            made.append(Release(version, heading["date"] or today, is_out, tuple(notes)))
    if not made:
        raise ValueError("CHANGELOG.md has no version with notes.")
    return made


def plain(note: str) -> str:
    """A note without its Markdown."""
    without_links = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", note)
    without_code = re.sub(r"`([^`]+)`", r"\1", without_links)
    return re.sub(r"\*{1,2}([^*]+)\*{1,2}", r"\1", without_code)


def to_appstream(known: list[Release]) -> str:
    """The `releases` element of the metainfo."""
    parts = ["  <releases>"]
    for release in known:
        kind = "stable" if release.is_out else "development"
        parts.append(f'    <release version="{release.version}" date="{release.date}" type="{kind}">')
        parts += ["      <description>", "        <ul>"]
        parts += [f"          <li>{escape(plain(note))}</li>" for note in release.notes]
        parts += ["        </ul>", "      </description>", "    </release>"]
    parts.append("  </releases>")
    return "\n".join(parts)


def to_debian(known: list[Release]) -> str:
    """The text of debian/changelog."""
    parts = []
    for release in known:
        parts.append(
            f"{product.NAME} ({release.version}) {'stable' if release.is_out else 'UNRELEASED'}; urgency=medium"
        )
        parts.append("")
        for note in release.notes:
            parts += textwrap.wrap(plain(note), 76, initial_indent="  * ", subsequent_indent="    ")
        moment_s = calendar.timegm(time.strptime(release.date, "%Y-%m-%d"))
        parts += ["", f" -- {product.MAINTAINER}  {formatdate(moment_s)}", ""]
    return "\n".join(parts)
