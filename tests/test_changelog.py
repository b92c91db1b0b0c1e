"""The changelog as packages and software centres are told it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import changelog
import pytest

from core import __version__

TEXT = """# Changelog

## Unreleased

### Added

- A *first* thing, with `code_in_it` and
  a [link](https://example.org/a_b).

## [0.0.9] - 2026-02-03

### Fixed

- Less < more & other things.
"""


def test_what_is_not_out_yet_is_the_version_of_the_code() -> None:
    newest, older = changelog.releases(TEXT)
    assert (newest.version, newest.is_out) == (__version__, False)
    assert (older.version, older.date, older.is_out) == ("0.0.9", "2026-02-03", True)


def test_notes_are_one_paragraph_without_markdown() -> None:
    newest, _older = changelog.releases(TEXT)
    assert [changelog.plain(note) for note in newest.notes] == ["A first thing, with code_in_it and a link."]


def test_software_centres_get_well_formed_notes() -> None:
    tree = ET.fromstring(changelog.to_appstream(changelog.releases(TEXT)))
    assert [release.get("type") for release in tree.iter("release")] == ["development", "stable"]
    assert [item.text for item in tree.iter("li")][1] == "Less < more & other things."


def test_debian_gets_an_entry_for_each_version() -> None:
    text = changelog.to_debian(changelog.releases(TEXT))
    assert re.findall(r"^muster \((\S+)\) (\w+); urgency=medium$", text, re.MULTILINE) == [
        (__version__, "UNRELEASED"),
        ("0.0.9", "stable"),
    ]
    assert " -- Muster contributors <maintainers@muster.github.io>  Tue, 03 Feb 2026 00:00:00 -0000" in text


def test_a_changelog_without_notes_is_refused() -> None:
    with pytest.raises(ValueError, match="no version with notes"):
        changelog.releases("# Changelog\n\n## Unreleased\n")


def test_the_projects_own_changelog_has_notes_without_leftovers_of_markdown() -> None:
    notes = [changelog.plain(note) for release in changelog.releases() for note in release.notes]
    assert len(notes) > 5
    assert [note for note in notes if "`" in note or "](" in note or "*" in note] == []
