"""What is said beside a field about its value, and the receipt behind it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel
from pytestqt.qtbot import QtBot

from core.evidence import FieldOrigin
from core.fields import FIELDS, UNSET
from core.verdicts import Outcome
from gui.field_marks import NO_FINDING, Finding, MarkKind, Measured, SaidValue, findings_of, mark_of
from gui.override_form import OverrideForm
from gui.receipt_view import ReceiptDialog
from gui.verdict_words import day_words, time_words
from tests.gui.measurements import AT, EARLIER, report, verdict

DAY = day_words(AT)
VISION = FIELDS["supports_vision"]
MODE = FIELDS["structured_output_mode"]
FOUND = findings_of(report())
TAKEN = Finding(FOUND["supports_vision"].measured, origin=SaidValue(False, FieldOrigin.MEASURED, AT))
STALE = Finding(Measured("supports_vision", report().verdicts["supports_vision"], AT, is_stale=True))
BY_NAME = Finding(suggested=SaidValue(True, FieldOrigin.NAME))


@pytest.mark.parametrize(
    ("value", "finding", "kind", "text", "offer"),
    [
        (UNSET, NO_FINDING, MarkKind.DEFAULT, "Default", UNSET),
        (None, NO_FINDING, MarkKind.DEFAULT, "Default", UNSET),
        (True, NO_FINDING, MarkKind.SET, "You", UNSET),
        (True, FOUND["supports_vision"], MarkKind.CONFLICT, "Measured No", False),
        (False, FOUND["supports_vision"], MarkKind.CONFIRMED, "You, confirmed", UNSET),
        (UNSET, FOUND["supports_vision"], MarkKind.CONFIRMED, "Default, confirmed", UNSET),
        (UNSET, FOUND["supports_logprobs"], MarkKind.OFFERED, "Measured Yes", True),
        (True, FOUND["reasoning_capable"], MarkKind.INCONCLUSIVE, "Inconclusive", UNSET),
        (False, TAKEN, MarkKind.CONFIRMED, f"Measured {DAY}", UNSET),
        (True, TAKEN, MarkKind.CONFLICT, "Measured No", False),
        (True, STALE, MarkKind.STALE, "No, outdated", False),
        (UNSET, BY_NAME, MarkKind.OFFERED, "By name: Yes", True),
        (True, BY_NAME, MarkKind.SET, "You", UNSET),
    ],
)
def test_a_mark_says_whose_value_it_is_and_whether_measuring_agrees(
    value: Any, finding: Finding, kind: MarkKind, text: str, offer: Any
) -> None:
    mark = mark_of(VISION, value, finding)
    assert (mark.kind, mark.text) == (kind, text)
    assert (mark.offer.value if mark.offer is not None else UNSET) is offer


def test_a_conflict_is_told_with_both_values_and_the_reason() -> None:
    sentence = mark_of(VISION, True, FOUND["supports_vision"]).sentence
    assert sentence == f"You: Yes. Measured on {DAY}: No. 0 of 2 pictures were read."


def test_a_value_that_was_taken_over_is_yours_again_once_it_is_changed() -> None:
    finding = Finding(origin=SaidValue("json_schema", FieldOrigin.DECLARED))
    assert mark_of(MODE, "json_schema", finding).text == "Declared"
    assert mark_of(MODE, "json_mode", finding).text == "You"


def test_no_parser_is_what_is_measured_where_the_server_separates_reasoning() -> None:
    parser = FIELDS["parser"]
    assert mark_of(parser, UNSET, FOUND["parser"]).text == "Default, confirmed"
    conflict = mark_of(parser, "r1_thinking", FOUND["parser"])
    assert (conflict.kind, conflict.text, conflict.offer) == (MarkKind.CONFLICT, "Measured None", None)


def test_a_day_is_told_short_and_with_its_year_where_that_is_another() -> None:
    assert day_words(f"{datetime.now(UTC).year}-03-05T12:00:00+00:00") == "5 Mar"
    assert day_words("2019-03-05T12:00:00+00:00") == "5 Mar 2019"
    assert day_words("yesterday") == "on an unknown day"
    assert time_words("yesterday") == "yesterday"


# ---------------------------------------------------------------------------------------------------------- the form


@pytest.fixture
def form(qtbot: QtBot) -> OverrideForm:
    form = OverrideForm()
    qtbot.addWidget(form)
    form.load({"supports_vision": True})
    form.show()
    qtbot.waitExposed(form)
    return form


def button(form: OverrideForm, name: str) -> QAbstractButton:
    found = form.findChild(QAbstractButton, name)
    assert isinstance(found, QAbstractButton)
    return found


def test_use_takes_the_measured_value_over_and_says_so(form: OverrideForm, qtbot: QtBot) -> None:
    form.show_findings(FOUND)
    use = button(form, "override_supports_vision_use")
    assert use.isVisible()
    with qtbot.waitSignal(form.changed):
        QTest.mouseClick(use, Qt.MouseButton.LeftButton)
    assert form.overrides() == {"supports_vision": False}
    assert form.rows["supports_vision"].evidence.mark.text() == f"Measured {DAY}"
    assert form.origins == {"supports_vision": SaidValue(False, FieldOrigin.MEASURED, AT)}
    assert not use.isVisible()


def test_a_value_changed_after_it_was_taken_over_is_yours(form: OverrideForm) -> None:
    form.show_findings(FOUND)
    form.rows["supports_vision"].use_offer()
    form.rows["supports_vision"].editor.combo.setCurrentIndex(1)
    assert form.origins == {}
    assert form.rows["supports_vision"].evidence.mark.text() == "Measured No"


def test_a_mark_opens_its_receipt_by_mouse_and_by_keyboard_and_only_where_there_is_one(
    form: OverrideForm, qtbot: QtBot
) -> None:
    mark = button(form, "override_supports_vision_origin")
    assert mark not in form.tab_widgets
    form.show_findings(FOUND)
    assert mark in form.tab_widgets
    wanted: list[str] = []
    form.receipt_wanted.connect(wanted.append)
    QTest.mouseClick(mark, Qt.MouseButton.LeftButton)
    mark.setFocus()
    QTest.keyClick(mark, Qt.Key.Key_Space)
    assert wanted == ["supports_vision", "supports_vision"]
    assert "Measured No" in mark.accessibleName()
    assert "0 of 2 pictures" in mark.accessibleDescription()


def test_nothing_moves_when_evidence_arrives(form: OverrideForm, qtbot: QtBot) -> None:
    def places() -> list[Any]:
        rows = form.rows.values()
        return [row.editor.combo.mapTo(form, row.editor.combo.rect().topRight()) for row in rows]

    before = places()
    form.show_findings(FOUND)
    qtbot.wait(0)
    assert places() == before


# ------------------------------------------------------------------------------------------------------- the receipt


def test_a_receipt_shows_each_call_with_its_request_response_tokens_time_and_fingerprint(qtbot: QtBot) -> None:
    measured = FOUND["supports_vision"].measured
    assert measured is not None
    dialog = ReceiptDialog([measured])
    qtbot.addWidget(dialog)
    dialog.show()
    view = dialog.views[0]
    assert view.headline == "Supports Vision: No"
    assert view.calls.topLevelItemCount() == 2
    view.calls.setCurrentItem(view.calls.topLevelItem(1))  # type: ignore[arg-type]  # it is there
    qtbot.waitUntil(lambda: view.response.toPlainText() == "I see no picture.")
    assert "trial 2" in view.request_view.text
    texts = [view.calls.topLevelItem(1).text(column) for column in range(5)]  # type: ignore[union-attr]  # it is there
    assert texts == ["2", "No", "It saw no picture.", "131 + 9", "412 ms"]
    source = view.findChild(QLabel, "receipt_source")
    assert isinstance(source, QLabel)
    assert "litellm 1.106.2" in source.text()
    assert "b6c41a0f9d32" in source.text()


def test_a_receipt_is_copied_whole(qtbot: QtBot) -> None:
    measured = FOUND["supports_vision"].measured
    assert measured is not None
    dialog = ReceiptDialog([measured])
    qtbot.addWidget(dialog)
    dialog.show()
    QTest.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    copied = json.loads(QGuiApplication.clipboard().text())
    assert copied["field"] == "supports_vision"
    assert [call["response_excerpt"] for call in copied["receipts"]] == ["4711", "I see no picture."]


def test_a_flipped_verdict_shows_both_receipts_and_the_measured_value_can_be_used(qtbot: QtBot) -> None:
    now = Measured("supports_vision", report().verdicts["supports_vision"], AT)
    before = Measured("supports_vision", verdict(Outcome.YES, True, "2 of 2.", "vision", at=EARLIER), EARLIER)
    dialog = ReceiptDialog([now, before], can_use=True)
    qtbot.addWidget(dialog)
    dialog.show()
    titles = [dialog.times.tabText(index) for index in range(2)]
    assert titles == [f"Now: No, {DAY}", f"Before: Yes, {day_words(EARLIER)}"]
    with qtbot.waitSignal(dialog.use_wanted) as used:
        QTest.mouseClick(dialog.use_button, Qt.MouseButton.LeftButton)
    assert used.args == ["supports_vision"]
    assert not dialog.isVisible()
