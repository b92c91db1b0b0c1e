"""The bolt on a badge: the table says where a model's settings are not what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from core.evidence import Evidence
from core.field_specs import UNSET
from core.registry import Registry
from core.verdicts import Outcome
from gui.conflicts import ConflictWatch
from gui.evidence_store import program_evidence
from gui.model_table import Column, ModelTableModel
from gui.worker import wait_for_workers
from tests.gui.measurements import report, verdict
from tests.rolls import BOX, open_roll, write_roll


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    rows: list[dict[str, Any]] = [
        {"id": f"id-{number}", "provider_type": "custom", "provider_id": "Box", "model_id": f"model-{number}"}
        for number in (1, 2)
    ]
    rows[0]["overrides"] = {"supports_vision": True, "supports_logprobs": True}
    path = write_roll(tmp_path / "settings.yaml", user_model_registry=rows, openai_compatible_providers=[BOX])
    with open_roll(path) as opened:
        yield opened
    assert wait_for_workers()


class Watched:
    """A table that follows the watch, as the window's does."""

    def __init__(self, registry: Registry) -> None:
        self.table = ModelTableModel(registry)
        self.watch = ConflictWatch()
        self.watch.found.connect(self.table.set_conflicts)
        self.table.set_document(registry.document)
        self.watch.set_document(registry.document)

    def capabilities(self, row: int) -> str:
        return str(self.table.index(row, Column.CAPABILITIES).data())

    def conflicts(self, row: int) -> frozenset[str]:
        return self.table.effective(self.table.item(row)).conflicts


def test_a_conflict_shows_in_the_table_and_is_read_out(registry: Registry, qtbot: QtBot) -> None:
    with Evidence.open() as evidence:
        evidence.add_report("id-1", report())
    watched = Watched(registry)
    with qtbot.waitSignal(watched.table.dataChanged):
        watched.watch.start()
    assert watched.conflicts(0) == {"supports_vision"}
    assert "Vision: yes (measured otherwise)" in watched.capabilities(0)
    assert "Logprobs: yes," in f"{watched.capabilities(0)},"
    assert watched.conflicts(1) == frozenset()


def test_a_conflict_goes_when_the_setting_is_changed(registry: Registry, qtbot: QtBot) -> None:
    with Evidence.open() as evidence:
        evidence.add_report("id-1", report())
    watched = Watched(registry)
    watched.watch.start()
    qtbot.waitUntil(lambda: watched.conflicts(0) == {"supports_vision"})
    (entry, _) = registry.entries()
    registry.replace("id-1", entry.with_changes(overrides={"supports_vision": False, "supports_logprobs": True}))
    watched.table.set_document(registry.document)
    watched.watch.set_document(registry.document)
    qtbot.waitUntil(lambda: not watched.conflicts(0))


def test_a_new_measurement_is_noticed(registry: Registry, qtbot: QtBot) -> None:
    watched = Watched(registry)
    with qtbot.waitSignal(watched.watch.found):
        watched.watch.start()
    assert watched.conflicts(0) == frozenset()
    program_evidence().keep_report("id-1", report())
    qtbot.waitUntil(lambda: watched.conflicts(0) == {"supports_vision"})


def test_a_measurement_that_ended_early_leaves_the_conflicts_that_it_did_not_reach(
    registry: Registry, qtbot: QtBot
) -> None:
    unasked = verdict(Outcome.INCONCLUSIVE, UNSET, "It was stopped.")
    with Evidence.open() as evidence:
        evidence.add_report("id-1", report())
        evidence.add_report("id-1", replace(report(supports_vision=unasked), partial=True))
    watched = Watched(registry)
    watched.watch.start()
    qtbot.waitUntil(lambda: watched.conflicts(0) == {"supports_vision"})
