"""What the Help menu says of Muster."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from core import __version__
from core.bundled_parts import bundled_parts, parts_from, to_text
from gui.about import AboutDialog
from gui.licences_dialog import LicencesDialog


@pytest.fixture
def licences(qtbot: QtBot) -> Iterator[LicencesDialog]:
    about = AboutDialog()
    qtbot.addWidget(about)
    about.show()
    about.licences_button.click()
    shown = about.licences
    assert shown is not None
    qtbot.waitUntil(lambda: shown.list.topLevelItemCount() > 0)
    yield shown
    about.close()


def test_about_says_the_version(qtbot: QtBot) -> None:
    about = AboutDialog()
    qtbot.addWidget(about)
    assert any(label.text() == f"Version {__version__}" for label in about.findChildren(QLabel))


def test_every_part_is_listed_with_its_version_and_its_licence(licences: LicencesDialog) -> None:
    shown = licences.list
    rows = [shown.topLevelItem(row) for row in range(shown.topLevelItemCount())]
    listed = {item.text(0): (item.text(1), item.text(2)) for item in rows if item is not None}
    assert listed["litellm"] == (importlib.metadata.version("litellm"), "MIT")
    assert listed["PySide6_Essentials"][1].startswith("LGPL-3.0-only")
    assert [name for name, (version, licence) in listed.items() if not version or not licence] == []


def test_the_whole_licence_of_the_selected_part_is_shown(licences: LicencesDialog) -> None:
    (item,) = licences.list.findItems("httpx", Qt.MatchFlag.MatchExactly)
    licences.list.setCurrentItem(item)
    assert "Redistribution and use" in licences.text.toPlainText()


def test_parts_read_back_as_they_were_written() -> None:
    parts = bundled_parts()
    assert len(parts) > 60
    assert parts_from(to_text(parts)) == parts
