"""Share files: written without keys, read with tolerance, and everything back on another roll."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import MusterError, ReferenceNotFound
from core.evidence import Evidence, FieldOrigin
from core.importing import IMPORTED_FROM, apply, carry_out, keep_evidence, plan_change, plan_import
from core.registry import Registry
from core.share import SHARE_VERSION, read_share, write_share
from core.verdicts import Outcome, Receipt, Report, Verdict
from tests.rolls import BOX, custom, open_roll, write_roll

KEY = BOX["api_key"]
OPENAI_KEY = "made-up-key-of-openai"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A roll with two providers, keys of theirs, variants, and a row that cannot be read."""
    path = write_roll(
        tmp_path / "settings.yaml",
        open_ai_api_key=OPENAI_KEY,
        user_model_registry=[
            {"id": "id-1", "provider_type": "custom", "provider_id": "Box", "model_id": "m::1/é", "name": "Eins “1”"},
            {
                "id": "id-2",
                "provider_type": "custom",
                "provider_id": "Box",
                "model_id": "m::1/é",
                "overrides": {
                    "supports_vision": True,
                    "structured_output_mode": "json_schema",
                    "multimodal_mime_types": ["image/png"],
                    "available_thinking_levels": {"High": "high"},
                    "default_thinking_level": "high",
                },
            },
            {"id": "id-3", "provider_type": "builtin", "provider_id": "openai", "model_id": "gpt-x"},
            {"id": "broken", "provider_type": "custom"},
        ],
        openai_compatible_providers=[BOX, {"name": "Other", "base_url": "https://other.example/v1"}],
    )
    return open_roll(path)


@pytest.fixture
def evidence(tmp_path: Path) -> Iterator[Evidence]:
    """A store of measurements of its own."""
    with Evidence.open(tmp_path / "evidence.sqlite3") as store:
        yield store


@pytest.fixture
def empty(tmp_path: Path) -> Registry:
    """A roll of somebody else, with nothing on it."""
    return open_roll(tmp_path / "other" / "settings.yaml")


def receipt_of(request: dict[str, Any]) -> Receipt:
    return Receipt(
        "vision", 1, 1, request, f"echo of {KEY}", Outcome.YES, "It saw.", 10, 5, 12.5, "2026-11-12T10:00:00+00:00"
    )


def report_of(**values: Any) -> Report:
    request = {"headers": {"Authorization": "Bearer sk-somebody-elses-key", "x": KEY}, "messages": [{"content": "hi"}]}
    verdict = Verdict(Outcome.YES, True, "It saw the picture.", (receipt_of(request),))
    return Report(
        {"supports_vision": verdict},
        overrides={"supports_vision": True},
        calls=1,
        facts={"tokens_per_second": 30.5, "acceptance": {"value": "yes", "reason": "ok"}},
        fingerprint='{"base_url":"http://127.0.0.1:18000/v1","build":"b1"}',
        at="2026-11-12T10:00:00+00:00",
        **values,
    )


def told(registry: Registry) -> list[dict[str, Any]]:
    return [entry.with_changes(id=None).to_mapping() for entry in registry.entries()]


def shared(tmp_path: Path, **content: Any) -> Path:
    """A share file with that content."""
    path = tmp_path / "made.muster-roll"
    path.write_text(json.dumps({"format": "muster-roll", "version": 1, **content}), encoding="utf-8")
    return path


MODEL = {"provider_type": "custom", "provider_id": "Far", "model_id": "m"}
FAR = {"name": "Far", "base_url": "https://far.example/v1"}

# ------------------------------------------------------------------------------------------------------------- writing


def test_a_shared_roll_is_the_same_on_an_empty_one(registry: Registry, empty: Registry, tmp_path: Path) -> None:
    written = write_share(registry, None, tmp_path / "mine.muster-roll")
    assert (written.models, written.measured, written.notes) == (3, 0, ())
    plan = plan_import(empty, written.path)
    assert (plan.replace, plan.skip, plan.problems, plan.redirects) == ((), (), (), ())
    apply(empty, plan)
    assert told(empty) == told(registry)
    assert [(provider.name, provider.base_url) for provider in empty.providers] == [("Box", BOX["base_url"])]
    assert {entry.id for entry in empty.entries()}.isdisjoint({"id-1", "id-2", "id-3"})


def test_sharing_it_again_says_that_all_is_there(registry: Registry, empty: Registry, tmp_path: Path) -> None:
    written = write_share(registry, None, tmp_path / "mine.muster-roll")
    apply(empty, plan_import(empty, written.path))
    plan = plan_import(empty, written.path)
    assert plan.is_empty
    assert [item.reason for item in plan.skip] == ["It is on the roll already, with the same settings."] * 3


def test_only_what_was_chosen_is_in_the_file_with_its_provider_alone(registry: Registry, tmp_path: Path) -> None:
    written = write_share(registry, ["id-3"], tmp_path / "one")
    assert written.path.name == "one.muster-roll"
    content = json.loads(written.path.read_text(encoding="utf-8"))
    assert (content["format"], content["version"]) == ("muster-roll", SHARE_VERSION)
    assert content["providers"] == []
    assert [model["model_id"] for model in content["models"]] == ["gpt-x"]


def test_no_key_is_in_a_share_file(registry: Registry, evidence: Evidence, tmp_path: Path) -> None:
    registry.replace_provider("Box", base_url="http://127.0.0.1:18000/v1")
    registry.add(custom(f"model-{KEY}", name=f"Named {KEY}", overrides={"provider_finetune_id": KEY}))
    evidence.add_report("id-2", report_of())
    path = write_share(registry, None, tmp_path / "mine.muster-roll", evidence).path
    text = path.read_text(encoding="utf-8")
    for secret in (KEY, OPENAI_KEY, "sk-somebody-elses-key"):
        assert secret not in text


def test_a_key_in_a_base_url_is_left_out_and_told(tmp_path: Path) -> None:
    providers = [{"name": "Odd", "base_url": "https://me:hidden-word@odd.example/v1?api_key=another-word"}]
    models = [{"provider_type": "custom", "provider_id": "Odd", "model_id": "m"}]
    registry = open_roll(
        write_roll(tmp_path / "s.yaml", user_model_registry=models, openai_compatible_providers=providers)
    )
    written = write_share(registry, None, tmp_path / "odd.muster-roll")
    text = written.path.read_text(encoding="utf-8")
    assert "hidden-word" not in text
    assert "another-word" not in text
    assert "left out" in written.notes[0]


def test_a_file_in_the_way_is_replaced_whole_and_only_its_owner_can_read_it(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "mine.muster-roll"
    path.write_text("old" * 10_000)
    write_share(registry, ["id-1"], path)
    assert json.loads(path.read_text(encoding="utf-8"))["version"] == 1
    assert [item.name for item in tmp_path.iterdir() if item.name.endswith(".tmp")] == []
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0


def test_what_cannot_be_shared_is_refused_and_nothing_written(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(ReferenceNotFound):
        write_share(registry, ["nobody"], tmp_path / "x.muster-roll")
    with pytest.raises(ReferenceNotFound):
        write_share(registry, ["row:3"], tmp_path / "x.muster-roll")
    with pytest.raises(MusterError):
        write_share(registry, None, tmp_path / "no" / "folder" / "x.muster-roll")
    assert not (tmp_path / "x.muster-roll").exists()


# ------------------------------------------------------------------------------------------------------------ evidence


def test_evidence_comes_along_under_the_new_id_and_says_where_from(
    registry: Registry, empty: Registry, evidence: Evidence, tmp_path: Path
) -> None:
    evidence.add_report("id-2", report_of())
    evidence.record_origins("id-2", {"supports_vision": "measured"}, overrides={"supports_vision": True})
    written = write_share(registry, None, tmp_path / "mine.muster-roll", evidence)
    assert written.measured == 1
    with Evidence.open(tmp_path / "theirs.sqlite3") as theirs:
        apply(empty, plan_import(empty, written.path), evidence=theirs)
        entry = next(entry for entry in empty.entries() if entry.overrides)
        assert entry.id is not None
        stored = theirs.latest(entry.id)
        assert stored is not None
        assert (stored.at, stored.fingerprint) == ("2026-11-12T10:00:00+00:00", report_of().fingerprint)
        assert stored.report.facts[IMPORTED_FROM].endswith("mine.muster-roll")
        verdict = stored.report.verdicts["supports_vision"]
        assert (verdict.value, verdict.setting, len(verdict.receipts)) == (Outcome.YES, True, 1)
        assert verdict.receipts[0].request["messages"] == [{"content": "hi"}]
        assert theirs.origins(entry.id, entry.overrides)["supports_vision"].origin is FieldOrigin.MEASURED
        assert theirs.latest("id-2") is None


def test_evidence_goes_to_the_persons_own_place_where_none_is_given(
    registry: Registry, empty: Registry, evidence: Evidence, tmp_path: Path
) -> None:
    evidence.add_report("id-1", report_of())
    apply(empty, plan_import(empty, write_share(registry, ["id-1"], tmp_path / "a", evidence).path))
    with Evidence.open() as own:
        assert own.latest(empty.entries()[0].id or "") is not None


def test_evidence_is_found_again_where_an_undone_import_is_done_again(
    registry: Registry, empty: Registry, evidence: Evidence, tmp_path: Path
) -> None:
    evidence.add_report("id-1", report_of())
    plan = plan_import(empty, write_share(registry, ["id-1"], tmp_path / "a", evidence).path)
    with Evidence.open(tmp_path / "theirs.sqlite3") as theirs:
        change = carry_out(empty, plan, evidence=theirs)
        empty.commit(change.reversed())
        assert not empty.entries()
        empty.commit(change)
        (entry,) = empty.entries()
        assert len(theirs.history(entry.id or "")) == 1


def test_what_was_measured_here_is_kept_where_a_file_says_otherwise(
    registry: Registry, empty: Registry, evidence: Evidence, tmp_path: Path
) -> None:
    evidence.add_report("id-2", report_of())
    written = write_share(registry, ["id-2"], tmp_path / "mine", evidence)
    empty.add_provider("Box", BOX["base_url"])
    own = empty.add(custom("m::1/é"))
    with Evidence.open(tmp_path / "theirs.sqlite3") as theirs:
        theirs.add_report(own.id or "", Report(at="2026-01-01T00:00:00+00:00"))
        plan = plan_import(empty, written.path)
        change = plan_change(empty, plan)
        empty.commit(change)
        assert keep_evidence(theirs, plan, change) == 0
        assert len(theirs.history(own.id or "")) == 1


@pytest.mark.parametrize(
    "report",
    [
        1,
        {},
        {"verdicts": []},
        {"verdicts": {"supports_vision": {"value": "maybe"}}},
        {"verdicts": {"supports_vision": {"value": "yes", "receipts": [{"probe": 1}]}}},
        {"calls": "many"},
        {"modes": {"json_schema": {"mode": "json_schema", "successes": [], "trials": 1}}},
    ],
)
def test_a_measurement_that_is_none_is_told_and_the_model_comes_in(
    report: Any, empty: Registry, tmp_path: Path
) -> None:
    path = shared(tmp_path, providers=[FAR], models=[{**MODEL, "evidence": {"reports": [report], "origins": 5}}])
    plan = plan_import(empty, path)
    (item,) = plan.add
    if report != {}:
        assert item.notes == ("A measurement that comes with it cannot be read.",)
    apply(empty, plan)
    assert len(empty.entries()) == 1


# ------------------------------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"version": 2}, "newer"),
        ({"version": 10**30}, "newer"),
        ({"version": "1"}, "version"),
        ({"version": True}, "version"),
        ({"version": 0}, "version"),
        ({"version": None}, "version"),
        ({"format": "other"}, "told"),
    ],
)
def test_a_file_of_another_making_is_refused_with_words(
    content: dict[str, Any], words: str, empty: Registry, tmp_path: Path
) -> None:
    path = shared(tmp_path, **content)
    path = path.rename(path.with_suffix(".json"))
    with pytest.raises(MusterError) as caught:
        plan_import(empty, path)
    assert words in caught.value.title


def test_what_is_not_known_is_named_and_passed_over(empty: Registry, tmp_path: Path) -> None:
    path = shared(
        tmp_path,
        providers=[{**FAR, "colour": "red"}],
        models=[{**MODEL, "rating": 5, "overrides": {"supports_vision": True, "supports_smell": True, "parser": 3}}],
        signature="…",
    )
    plan = plan_import(empty, path)
    (item,) = plan.add
    assert item.entry.overrides == {"supports_vision": True}
    assert item.not_understood == ("rating", "supports_smell", "parser")
    assert "Output Parser" in item.notes[0]
    assert plan.notes == ("Not understood in the file: signature.",)


@pytest.mark.parametrize(
    "model",
    [
        None,
        "m",
        [],
        {},
        {**MODEL, "model_id": ""},
        {**MODEL, "model_id": 4},
        {**MODEL, "model_id": "a\nb"},
        {**MODEL, "model_id": "a\0b"},
        {**MODEL, "model_id": "\ud800"},
        {**MODEL, "model_id": "x" * 10_000},
        {**MODEL, "provider_type": "stolen"},
        {**MODEL, "provider_id": "Nowhere"},
        {**MODEL, "provider_id": ["Far"]},
        {**MODEL, "provider_type": "builtin", "provider_id": "nobody"},
        {**MODEL, "provider_type": "builtin", "provider_id": "kiln_fine_tune"},
    ],
)
def test_a_model_that_cannot_be_used_is_a_problem_and_the_others_come_in(
    model: Any, empty: Registry, tmp_path: Path
) -> None:
    path = shared(tmp_path, providers=[FAR], models=[model, {**MODEL, "model_id": "good"}])
    plan = plan_import(empty, path)
    assert [item.model_id for item in plan.add] == ["good"]
    assert len(plan.problems) == 1


@pytest.mark.parametrize(
    "address",
    ["", "ftp://x", "javascript:alert(1)", "https://", "http://a b/", "http://x:0/v1", 5, None, "file:///etc/passwd"],
)
def test_an_address_that_is_none_takes_its_models_along(address: Any, empty: Registry, tmp_path: Path) -> None:
    path = shared(tmp_path, providers=[{"name": "Far", "base_url": address}], models=[MODEL])
    plan = plan_import(empty, path)
    assert (plan.add, plan.providers) == ((), ())
    assert plan.problems


def test_names_are_put_on_one_line_and_name_no_path(empty: Registry, tmp_path: Path) -> None:
    name = "../../etc\x1b[31m/passwd\r\nX"
    path = shared(
        tmp_path,
        providers=[{"name": name, "base_url": FAR["base_url"]}],
        models=[{**MODEL, "provider_id": name, "name": "a\x00b\nc"}],
    )
    apply(empty, plan_import(empty, path))
    assert [provider.name for provider in empty.providers] == ["../../etc [31m/passwd X"]
    assert [entry.name for entry in empty.entries()] == ["a b c"]
    assert sorted(item.name for item in tmp_path.iterdir()) == ["made.muster-roll", "other"]


def test_an_address_of_the_writers_own_network_is_told(registry: Registry, empty: Registry, tmp_path: Path) -> None:
    plan = plan_import(empty, write_share(registry, ["id-1"], tmp_path / "a").path)
    assert "network of whoever wrote the file" in plan.add[0].notes[0]


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["format", "version", "providers", "models", "name", "base_url", "provider_type", "provider_id",
                     "model_id", "overrides", "evidence", "reports", "origins", "supports_vision", "id"]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=30,
    )
)  # fmt: skip
def test_any_content_is_read_or_refused_with_words(content: Any) -> None:
    models = content if isinstance(content, list) else [content]
    for tree in (content, {"format": "muster-roll", "version": 1, "providers": models, "models": models}):
        with suppress(MusterError):
            read_share(tree, "a file")
