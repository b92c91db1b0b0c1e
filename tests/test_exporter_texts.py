from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.exporters.places import Place, Row
from core.exporters.shape import Format
from core.exporters.texts import Drop, Put, edit_text, read_tree
from tests.text_documents import (
    KEYS,
    ROWS,
    VALUES,
    Document,
    changed,
    has_in_order,
    json_documents,
    yaml_documents,
)


@st.composite
def edits_of(draw: st.DrawFn, ids: list[str]) -> tuple[list[Put | Drop], set[str]]:
    """Edits of rows of `models`, and the IDs of those they touch."""
    edits: list[Put | Drop] = []
    touched = set()
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from([*ids, "new", "newer"]))
        row: Place = ("models", Row.of(id=name))
        kind = draw(st.sampled_from(["row", "field", "drop", "drop field"]))
        if kind == "row":
            edits.append(Put(row, {"id": name, **draw(ROWS)}))
        elif kind == "field":
            edits.append(Put((*row, draw(KEYS)), draw(VALUES)))
        elif kind == "drop":
            edits.append(Drop(row))
        else:
            edits.append(Drop((*row, draw(KEYS))))
        touched.add(name)
    return edits, touched


def check_edits(document: Document, file_format: Format, edits: list[Put | Drop], touched: set[str]) -> None:
    edited = changed(document.text, *edits, file_format=file_format)
    assert has_in_order(edited, document.lines_of_others(touched | {"models"}))
    assert edited.startswith(document.start)
    if document.newlines == ("\r\n",):
        assert "\n" not in edited.replace("\r\n", "")
    elif document.newlines == ("\n",):
        assert "\r" not in edited
    before: Any = read_tree(document.text, file_format)
    if before["models"]:
        check_round_trip(document.text, file_format)


def check_round_trip(text: str, file_format: Format) -> None:
    """Rows that come, one after the other or at once, leave no trace when they go, in whichever order."""
    one, two = (("models", Row.of(id=name)) for name in ("brand new", "newer still"))
    put_one, put_two = Put(one, {"id": "brand new", "x": {"y": [1]}}), Put(two, {"id": "newer still"})
    with_one = edit_text(text, file_format, [put_one])
    assert edit_text(with_one, file_format, [Drop(one)]) == text
    with_both = edit_text(with_one, file_format, [put_two])
    assert edit_text(text, file_format, [put_one, put_two]) == with_both
    assert edit_text(with_both, file_format, [Drop(one), Drop(two)]) == text
    for first, second in ((one, two), (two, one)):
        assert edit_text(edit_text(with_both, file_format, [Drop(first)]), file_format, [Drop(second)]) == text


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=200)
@given(st.data())
def test_any_edit_of_yaml_leaves_every_other_line_as_it_was(data: st.DataObject) -> None:
    document, ids = data.draw(yaml_documents())
    edits, touched = data.draw(edits_of(ids))
    check_edits(document, Format.YAML, edits, touched)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=200)
@given(st.data())
def test_any_edit_of_json_leaves_every_other_line_as_it_was(data: st.DataObject) -> None:
    document, ids = data.draw(json_documents())
    edits, touched = data.draw(edits_of(ids))
    last = {f"{ids[-1]} end"} if ids else set()  # gets or loses a comma when rows come or go
    check_edits(document, Format.JSON, edits, touched | last | {ids[-2]} if len(ids) > 1 else touched | last)
