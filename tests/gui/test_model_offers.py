"""What the model ID is completed from: the provider's own list, asked for when the person does something."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from typing_extensions import override

from core.entry import UserModelEntry
from core.registry import Registry
from gui.engine_host import EngineHost
from gui.jobs import Job
from gui.measuring_jobs import Read
from gui.model_dialog import ModelDialog
from gui.worker import wait_for_workers
from tests.rolls import open_roll, write_roll
from tests.servers.answers import Reply, json_reply
from tests.servers.declaring import DeclaringServer, paged_list
from tests.servers.loopback import closed_port

LIMIT_MS = 60_000
PAGES = [["alpha-7b", "beta-70b"], ["gamma-1b"]]
ALL = ["alpha-7b", "beta-70b", "gamma-1b"]


class WatchedEngine(EngineHost):
    """The engine, with what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    @override
    def ask(
        self,
        kind: str,
        payload: Mapping[str, Any],
        read: Read,
        *,
        secrets: Sequence[str] = (),
        read_progress: Read | None = None,
    ) -> Job:
        self.asked.append(kind)
        return super().ask(kind, payload, read, secrets=secrets, read_progress=read_progress)


@pytest.fixture(scope="module")
def running_engine(qapp: QApplication) -> Iterator[WatchedEngine]:
    host = WatchedEngine()
    host.start()
    yield host
    host.stop()


@pytest.fixture
def engine(running_engine: WatchedEngine) -> WatchedEngine:
    """A running engine that was asked nothing yet."""
    running_engine.asked.clear()
    return running_engine


@pytest.fixture
def server() -> Iterator[DeclaringServer]:
    with DeclaringServer({"/v1/models": paged_list(PAGES)}) as running:
        yield running


OpenRoll = Callable[..., Registry]
OpenDialog = Callable[..., ModelDialog]


@pytest.fixture
def roll_at(tmp_path: Path) -> Iterator[OpenRoll]:
    """A roll with custom providers at these addresses."""
    rolls: list[Registry] = []

    def open_on(**urls: str) -> Registry:
        providers = [{"name": name, "base_url": url} for name, url in urls.items()]
        registry = open_roll(write_roll(tmp_path / "settings.yaml", openai_compatible_providers=providers))
        registry.credentials.refresh()
        rolls.append(registry)
        return registry

    yield open_on
    assert wait_for_workers()
    for registry in rolls:
        registry.close()


@pytest.fixture
def open_dialog(qtbot: QtBot, engine: WatchedEngine) -> OpenDialog:
    """The dialog, for a model of that provider or for a new one."""

    def open_on(registry: Registry, provider: tuple[str, str] | None = None) -> ModelDialog:
        entry = None
        if provider is not None:
            kind, provider_id = provider
            entry = UserModelEntry(
                provider_type="custom" if kind == "custom" else "builtin", provider_id=provider_id, model_id="mine"
            )
        dialog = ModelDialog(registry, entry=entry, engine=engine)
        qtbot.addWidget(dialog, before_close_func=ModelDialog.hide)
        dialog.open()
        qtbot.waitExposed(dialog)
        return dialog

    return open_on


def choose(dialog: ModelDialog, name: str) -> None:
    """Chooses with the keyboard."""
    combo = dialog.form.provider.combo
    combo.setFocus()
    while combo.currentText() != name:
        before = combo.currentIndex()
        QTest.keyClick(combo, Qt.Key.Key_Down)
        assert combo.currentIndex() > before, f"{name} is not offered"


def click_into(dialog: ModelDialog) -> None:
    QTest.mouseClick(dialog.form.model_id, Qt.MouseButton.LeftButton)


def hint_of(dialog: ModelDialog) -> str:
    return dialog.form.model_id.accessibleDescription()


def test_nobody_is_asked_because_a_dialog_opens(
    roll_at: OpenRoll, open_dialog: OpenDialog, server: DeclaringServer, engine: WatchedEngine
) -> None:
    dialog = open_dialog(roll_at(Box=server.base_url), ("custom", "Box"))
    assert dialog.form.provider.chosen is not None
    assert dialog.focusWidget() is dialog.form.model_id
    assert "when you choose it above or come to this field" in dialog.form.model_id.toolTip()
    assert wait_for_workers()
    assert engine.asked == []
    assert server.requests == []


@pytest.mark.parametrize("come", ["click", "type", "tab"])
def test_the_list_comes_with_all_its_pages_when_the_person_comes_to_the_field(
    roll_at: OpenRoll, open_dialog: OpenDialog, server: DeclaringServer, qtbot: QtBot, come: str
) -> None:
    dialog = open_dialog(roll_at(Box=server.base_url), ("custom", "Box"))
    if come == "type":
        QTest.keyClick(dialog.form.model_id, Qt.Key.Key_X)
    else:
        dialog.form.provider.button.setFocus()
        if come == "click":
            click_into(dialog)
        else:
            QTest.keyClick(dialog.form.provider.button, Qt.Key.Key_Tab)
    qtbot.waitUntil(lambda: dialog.form.model_id.offered == ALL, timeout=LIMIT_MS)
    assert set(server.paths) == {"/v1/models"}


def test_choosing_a_provider_asks_it(
    roll_at: OpenRoll, open_dialog: OpenDialog, server: DeclaringServer, engine: WatchedEngine, qtbot: QtBot
) -> None:
    registry = roll_at(Box=server.base_url, Other=f"http://127.0.0.1:{closed_port()}/v1")
    dialog = open_dialog(registry)
    choose(dialog, "Box")
    qtbot.waitUntil(lambda: dialog.form.model_id.offered == ALL, timeout=LIMIT_MS)
    QTest.keyClicks(dialog.form.model_id, "70")
    assert dialog.form.model_id.completer().currentCompletion() == "beta-70b"
    assert engine.asked == ["discover"]
    choose(dialog, "Other")
    assert dialog.form.model_id.offered == []


def test_a_list_is_kept_for_the_next_dialog_as_long_as_the_address_stays(
    roll_at: OpenRoll, open_dialog: OpenDialog, server: DeclaringServer, engine: WatchedEngine, qtbot: QtBot
) -> None:
    registry = roll_at(Box=server.base_url)
    first = open_dialog(registry, ("custom", "Box"))
    QTest.keyClick(first.form.model_id, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: first.form.model_id.offered == ALL, timeout=LIMIT_MS)
    first.hide()
    second = open_dialog(registry, ("custom", "Box"))
    assert second.form.model_id.offered == ALL
    QTest.keyClick(second.form.model_id, Qt.Key.Key_X)
    assert engine.asked == ["discover"]
    second.hide()
    with DeclaringServer({"/v1/models": paged_list([["delta"]])}) as moved:
        registry.replace_provider("Box", base_url=moved.base_url)
        third = open_dialog(registry, ("custom", "Box"))
        assert third.form.model_id.offered == []
        QTest.keyClick(third.form.model_id, Qt.Key.Key_X)
        qtbot.waitUntil(lambda: third.form.model_id.offered == ["delta"], timeout=LIMIT_MS)


def test_the_down_key_shows_the_list_when_it_comes(
    roll_at: OpenRoll, open_dialog: OpenDialog, server: DeclaringServer, qtbot: QtBot
) -> None:
    dialog = open_dialog(roll_at(Box=server.base_url), ("custom", "Box"))
    QTest.keyClick(dialog.form.model_id, Qt.Key.Key_Down)
    popup = dialog.form.model_id.completer().popup()
    assert popup is not None
    assert not popup.isVisible()
    qtbot.waitUntil(popup.isVisible, timeout=LIMIT_MS)
    assert popup.model().rowCount() == len(ALL)


def test_a_failure_is_a_quiet_hint_and_is_not_repeated_with_every_letter(
    roll_at: OpenRoll, open_dialog: OpenDialog, engine: WatchedEngine, qtbot: QtBot
) -> None:
    refusal: Reply = json_reply({"error": {"message": "Out of order"}}, status=500)
    with DeclaringServer({"/v1/models": refusal}) as server:
        dialog = open_dialog(roll_at(Box=server.base_url), ("custom", "Box"))
        QTest.keyClick(dialog.form.model_id, Qt.Key.Key_X)
        qtbot.waitUntil(lambda: hint_of(dialog).startswith("No list to complete from."), timeout=LIMIT_MS)
        assert not dialog.form.errors["model_id"].blocks
        QTest.keyClicks(dialog.form.model_id, "yz")
        assert engine.asked == ["discover"]
        server.table = {"/v1/models": paged_list(PAGES)}
        QTest.keyClick(dialog.form.model_id, Qt.Key.Key_Down)
        qtbot.waitUntil(lambda: dialog.form.model_id.offered == ALL, timeout=LIMIT_MS)
        assert hint_of(dialog) == ""


def test_a_provider_without_its_key_is_not_asked(
    roll_at: OpenRoll, open_dialog: OpenDialog, engine: WatchedEngine, qtbot: QtBot
) -> None:
    dialog = open_dialog(roll_at(), ("builtin", "openai"))
    qtbot.waitUntil(lambda: "gpt-4o-mini" in dialog.form.model_id.offered)
    click_into(dialog)
    QTest.keyClick(dialog.form.model_id, Qt.Key.Key_X)
    QTest.keyClick(dialog.form.model_id, Qt.Key.Key_Down)
    assert wait_for_workers()
    assert engine.asked == []
