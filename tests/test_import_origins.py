"""From where an imported setting came, which stays to be seen as long as the setting is as it came."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.entry import UserModelEntry
from core.errors import EvidenceError
from core.evidence import Evidence, FieldOrigin, RecordedOrigin
from core.evidence_tables import TABLES
from core.importing import apply, carry_out, plan_import
from core.registry import Registry
from core.share import write_share
from core.verdicts import Outcome, Report, Verdict
from tests.imports import llm_file, llm_row, model_of, roll_of_box, share_of

KEY = "sk-made-up-1234567890abcdef"
CURL = """curl http://127.0.0.1:9321/v1/chat/completions \\
  -d '{"model": "from-curl", "messages": [], "response_format": {"type": "json_object"}}'"""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with roll_of_box(tmp_path) as roll:
        yield roll


@pytest.fixture
def evidence(tmp_path: Path) -> Iterator[Evidence]:
    with Evidence.open(tmp_path / "evidence.sqlite3") as store:
        yield store


def entry_of(registry: Registry, model_id: str) -> UserModelEntry:
    return next(entry for entry in registry.entries() if entry.model_id == model_id)


def origins_of(evidence: Evidence, entry: UserModelEntry) -> dict[str, RecordedOrigin]:
    assert entry.id is not None
    return evidence.origins(entry.id, entry.overrides)


def with_override(registry: Registry, model_id: str, **overrides: Any) -> UserModelEntry:
    """The entry after the person has set these."""
    entry = entry_of(registry, model_id)
    changed = entry.with_changes(overrides={**(entry.overrides or {}), **overrides})
    registry.replace(str(entry.id), changed)
    return entry_of(registry, model_id)


ROLL = """user_model_registry:
- {id: theirs, provider_type: custom, provider_id: Box, model_id: m9, overrides: {supports_vision: true}}
openai_compatible_providers:
- {name: Box, base_url: 'http://127.0.0.1:18000/v1'}
"""


def test_a_tools_file_is_named_with_its_place_for_each_setting_that_it_gave(
    registry: Registry, evidence: Evidence, tmp_path: Path
) -> None:
    file = llm_file(tmp_path, llm_row(vision=True, supports_tools=True))
    apply(registry, plan_import(registry, file), evidence=evidence)
    origins = origins_of(evidence, entry_of(registry, "m9"))
    assert origins.keys() == {"supports_vision", "supports_function_calling"}
    assert {(origin.origin, origin.place) for origin in origins.values()} == {(FieldOrigin.IMPORTED, f"llm, {file}")}
    assert all(origin.at for origin in origins.values())


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("", CURL, "curl, pasted text"),
        ("other.yaml", ROLL, "Muster, {path}"),
        (
            "",
            share_of(model_of(overrides={"supports_vision": True}), Box="http://127.0.0.1:18000/v1"),
            "Muster, pasted",
        ),
    ],
    ids=["curl", "another roll", "pasted share"],
)
def test_every_source_is_named(
    registry: Registry, evidence: Evidence, tmp_path: Path, name: str, text: str, place: str
) -> None:
    path = tmp_path / name
    if name:
        path.write_text(text, encoding="utf-8")
    plan = plan_import(registry, path if name else text)
    apply(registry, plan, evidence=evidence)
    (item,) = plan.items
    origins = origins_of(evidence, entry_of(registry, item.model_id))
    assert origins.keys() == set(item.stated)
    assert all(origin.place.startswith(place.format(path=path)) for origin in origins.values())


def test_without_a_store_it_goes_into_the_persons_own(registry: Registry, tmp_path: Path) -> None:
    apply(registry, plan_import(registry, llm_file(tmp_path, llm_row(vision=True))))
    with Evidence.open() as own:
        assert origins_of(own, entry_of(registry, "m9"))["supports_vision"].origin is FieldOrigin.IMPORTED


def test_on_a_model_of_the_roll_only_what_the_import_changed_came_with_it(
    registry: Registry, evidence: Evidence, tmp_path: Path
) -> None:
    file = llm_file(tmp_path, llm_row("m2", vision=True, supports_tools=True))
    apply(registry, plan_import(registry, file), evidence=evidence)
    entry = entry_of(registry, "m2")
    assert (entry.overrides or {}).keys() == {"supports_vision", "parser", "supports_function_calling"}
    assert origins_of(evidence, entry).keys() == {"supports_function_calling"}


def test_what_the_person_changes_is_theirs_and_undoing_that_gives_it_back(
    registry: Registry, evidence: Evidence, tmp_path: Path
) -> None:
    apply(registry, plan_import(registry, llm_file(tmp_path, llm_row(vision=True))), evidence=evidence)
    imported = entry_of(registry, "m9")
    changed = with_override(registry, "m9", supports_vision=False)
    assert "supports_vision" not in origins_of(evidence, changed)
    evidence.record_origins(str(changed.id), {"supports_vision": FieldOrigin.YOU}, overrides=changed.overrides)
    assert origins_of(evidence, changed)["supports_vision"].place == ""
    assert origins_of(evidence, imported)["supports_vision"].place.startswith("llm, ")


def test_what_was_said_of_the_same_value_since_is_said_of_it(
    registry: Registry, evidence: Evidence, tmp_path: Path
) -> None:
    apply(registry, plan_import(registry, llm_file(tmp_path, llm_row(vision=True))), evidence=evidence)
    entry = entry_of(registry, "m9")
    for origin in (FieldOrigin.MEASURED, FieldOrigin.YOU):
        evidence.record_origins(str(entry.id), {"supports_vision": origin}, overrides=entry.overrides)
        found = origins_of(evidence, entry)["supports_vision"]
        assert (found.origin, found.place) == (origin, "")


def test_an_import_over_a_measured_value_says_so_and_its_undo_gives_that_back(
    registry: Registry, evidence: Evidence, tmp_path: Path
) -> None:
    before = with_override(registry, "m1", supports_vision=False)
    evidence.record_origins("id-1", {"supports_vision": "measured"}, overrides=before.overrides)
    file = llm_file(tmp_path, llm_row("m1", vision=True))
    change = carry_out(registry, plan_import(registry, file), evidence=evidence)
    assert origins_of(evidence, entry_of(registry, "m1"))["supports_vision"].origin is FieldOrigin.IMPORTED
    registry.commit(change.reversed())
    found = origins_of(evidence, entry_of(registry, "m1"))["supports_vision"]
    assert (found.origin, found.place) == (FieldOrigin.MEASURED, "")


def test_measuring_is_compared_with_what_was_imported(registry: Registry, evidence: Evidence, tmp_path: Path) -> None:
    apply(registry, plan_import(registry, llm_file(tmp_path, llm_row(vision=True))), evidence=evidence)
    entry = entry_of(registry, "m9")
    no = Verdict(Outcome.NO, False, "It saw nothing.", ())
    evidence.add_report(str(entry.id), Report(verdicts={"supports_vision": no}, calls=1))
    (conflict,) = evidence.conflicts(entry)
    assert (conflict.said, conflict.measured, conflict.origin) == (True, False, FieldOrigin.IMPORTED)


def test_what_a_share_file_says_of_its_values_is_kept_beside_the_file(
    registry: Registry, evidence: Evidence, tmp_path: Path
) -> None:
    shared = model_of(overrides={"supports_vision": True, "supports_logprobs": True})
    shared["evidence"] = {"origins": {"supports_vision": "measured", "supports_logprobs": "imported"}}
    file = tmp_path / "team.muster-roll"
    file.write_text(share_of(shared, Box="http://127.0.0.1:18000/v1"), encoding="utf-8")
    apply(registry, plan_import(registry, file), evidence=evidence)
    origins = origins_of(evidence, entry_of(registry, "m9"))
    assert {name: origin.origin for name, origin in origins.items()} == {
        "supports_vision": FieldOrigin.MEASURED,
        "supports_logprobs": FieldOrigin.IMPORTED,
    }
    assert {origin.place for origin in origins.values()} == {f"Muster, {file}"}


def test_from_where_something_came_is_not_handed_on(registry: Registry, evidence: Evidence, tmp_path: Path) -> None:
    apply(registry, plan_import(registry, llm_file(tmp_path, llm_row(vision=True))), evidence=evidence)
    written = write_share(registry, None, tmp_path / "mine.muster-roll", evidence)
    text = written.path.read_text(encoding="utf-8")
    assert "imported" not in text
    assert "extra-openai-models" not in text
    assert json.loads(text)["models"]


def test_no_key_gets_into_the_store(registry: Registry, evidence: Evidence, tmp_path: Path) -> None:
    folder = tmp_path / KEY
    folder.mkdir()
    file = llm_file(folder, llm_row(vision=True, api_key=KEY))
    apply(registry, plan_import(registry, file), evidence=evidence)
    place = origins_of(evidence, entry_of(registry, "m9"))["supports_vision"].place
    assert place.startswith("llm, ")
    assert "[key]" in place
    assert KEY.encode() not in evidence.path.read_bytes()
    evidence.note_imported({"one": {"parser": KEY}}, f"a\n{KEY}")
    assert KEY.encode() not in evidence.path.read_bytes()
    assert evidence.origins("one", {"parser": KEY})["parser"].origin is FieldOrigin.IMPORTED


def test_a_store_that_cannot_be_written_leaves_the_models_in_and_is_told(
    registry: Registry, evidence: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.sqlite_file._BUSY_TIMEOUT_S", 0.05)
    with Evidence.open(tmp_path / "held.sqlite3") as held:
        holder = sqlite3.connect(held.path, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        plan = plan_import(registry, llm_file(tmp_path, llm_row(vision=True)))
        with pytest.raises(EvidenceError, match="The models are imported"):
            apply(registry, plan, evidence=held)
        holder.execute("ROLLBACK")
        holder.close()
    assert entry_of(registry, "m9").overrides == {"supports_vision": True}


def test_an_import_without_settings_asks_for_no_store(registry: Registry, tmp_path: Path) -> None:
    with Evidence.open(tmp_path / "closed.sqlite3") as closed:
        pass
    apply(registry, plan_import(registry, llm_file(tmp_path, llm_row())), evidence=closed)
    assert entry_of(registry, "m9").overrides is None


def test_what_was_kept_by_the_version_before_stays(tmp_path: Path) -> None:
    path = tmp_path / "before.sqlite3"
    raw = sqlite3.connect(path, isolation_level=None)
    for migrate in TABLES.migrations[:2]:
        migrate(raw)
    raw.execute("PRAGMA user_version = 2")
    raw.execute(
        "INSERT INTO origins VALUES ('one', 'supports_vision', 'measured', 'true', '2026-11-12T09:30:00+00:00')"
    )
    raw.close()
    with Evidence.open(path) as evidence:
        assert evidence.problem is None
        assert evidence.origins("one", {"supports_vision": True})["supports_vision"].origin is FieldOrigin.MEASURED
        evidence.note_imported({"one": {"parser": "r1_thinking"}}, "llm, here")
        assert evidence.origins("one", {"parser": "r1_thinking"})["parser"].place == "llm, here"
        evidence.forget("one")
        assert evidence.origins("one") == {}
