"""The generated pages say what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.exporters.all_targets import TARGETS
from core.fields import OVERRIDABLE
from tests.reference_pages import PAGES, coverage_page

NOTES = Path(__file__).parent.parent / "docs" / "interop.md"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.name))
def test_a_generated_page_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path](), "run: python -m tests.reference_pages"


def test_targets_are_checked_with_the_versions_that_the_notes_on_the_tools_name() -> None:
    rows = {
        cells[0]: cells[1]
        for line in NOTES.read_text(encoding="utf-8").splitlines()
        if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 3
    }
    for target in TARGETS.values():
        version = target.verified_with.rpartition(" ")[2]
        assert version in rows[target.title] or "*source*" in rows[target.title], target.title


def test_every_property_that_acts_is_exercised() -> None:
    assert "**not exercised**" not in coverage_page()
    assert all(f"| {spec.label} |" in coverage_page() for spec in OVERRIDABLE.values())
