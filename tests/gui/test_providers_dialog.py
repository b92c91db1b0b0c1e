"""The dialog that sets providers up: real files, a keyring in memory, a real engine, real servers on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QElapsedTimer, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot
from typing_extensions import override

from core.credentials import Credentials, KeyPlace
from core.keyring_access import Keyring
from core.providers import PROVIDERS, ProviderRow
from core.registry import Registry
from gui.engine_host import EngineHost
from gui.provider_checks import ProviderChecks
from gui.provider_form import ProviderForm
from gui.provider_forms import CustomProviderForm
from gui.providers_dialog import NEW, ProvidersDialog
from gui.saving import Saver
from gui.worker import wait_for_workers
from tests.rolls import custom, write_roll
from tests.servers.answers import json_reply
from tests.servers.loopback import Connection, LoopbackServer, Request
from tests.servers.misbehaving import MisbehavingServer, send
from tests.servers.misbehaviours import Misbehaviour
from tests.servers.openai_wire import model_list
from tests.servers.recording import RecordingServer

BOX = ("custom", "Box")
OPENAI = ("builtin", "openai")
KEY = "made-up-key-1234"
RUNNING = [row for row in PROVIDERS if row.runs]

OpenDialog = Callable[..., ProvidersDialog]


class MemoryKeyring(Keyring):
    """A keyring that works."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, str] = {}

    @override
    def get(self, account: str) -> str | None:
        return self.held.get(account)

    @override
    def set(self, account: str, password: str) -> None:
        self.held[account] = password

    @override
    def delete(self, account: str) -> None:
        self.held.pop(account, None)


class ServerUnderV1(LoopbackServer):
    """Lists its models at `/v1/models` and knows no other address."""

    @override
    def respond(self, request: Request, connection: Connection) -> None:
        found = request.path == "/v1/models"
        send(connection, model_list("one") if found else json_reply({"error": {"message": "No."}}, status=404))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A roll with one custom provider, two models at it, and OpenAI's key in the environment."""
    path = write_roll(
        tmp_path / "settings.yaml", openai_compatible_providers=[{"name": "Box", "base_url": "http://127.0.0.1:9/v1"}]
    )
    credentials = Credentials(environment={"OPENAI_API_KEY": KEY}, keyring=MemoryKeyring())
    registry = Registry.open(path, credentials=credentials)
    registry.add(custom("one"))
    registry.add(custom("two"))
    return registry


@pytest.fixture(scope="module")
def engine(qapp: QApplication) -> Iterator[EngineHost]:
    """A running engine."""
    host = EngineHost()
    host.start()
    yield host
    host.stop()


@pytest.fixture
def dialog_on(qtbot: QtBot) -> Iterator[OpenDialog]:
    savers: list[Saver] = []

    def open_dialog(
        registry: Registry,
        *,
        engine: EngineHost | None = None,
        select: tuple[str, str] | None = None,
        checks: ProviderChecks | None = None,
    ) -> ProvidersDialog:
        saver = Saver(registry)
        savers.append(saver)
        dialog = ProvidersDialog(registry, engine=engine, saver=saver, select=select, checks=checks)
        qtbot.addWidget(dialog, before_close_func=QWidget.hide)
        dialog.open()
        qtbot.waitExposed(dialog)
        qtbot.waitUntil(lambda: registry.credentials.state(*BOX, "api_key").known)
        return dialog

    yield open_dialog
    assert wait_for_workers()
    for saver in savers:
        qtbot.waitUntil(partial(_is_idle, saver))
        saver.close()


def _is_idle(saver: Saver) -> bool:
    return not saver.is_busy


def form_of(dialog: ProvidersDialog) -> ProviderForm:
    page = dialog.stack.currentWidget()
    assert page is not None
    form = page.findChild(ProviderForm)
    assert isinstance(form, ProviderForm)
    return form


def custom_form(dialog: ProvidersDialog) -> CustomProviderForm:
    form = form_of(dialog)
    assert isinstance(form, CustomProviderForm)
    return form


def text_of(dialog: ProvidersDialog, name: str) -> str:
    label = form_of(dialog).findChild(QLabel, name)
    assert isinstance(label, QLabel)
    return label.text()


def key_line(dialog: ProvidersDialog) -> QLineEdit:
    return next(row.line for row in form_of(dialog).rows if row.is_secret)


def click(button: QAbstractButton) -> None:
    assert button.isEnabled(), button.objectName()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def type_into(line: QLineEdit, text: str) -> None:
    line.setFocus()
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_Delete)
    QTest.keyClicks(line, text)


def choose_place(dialog: ProvidersDialog, label: str) -> None:
    place = form_of(dialog).place
    assert place is not None
    place.combo.setFocus()
    QTest.keyClick(place.combo, Qt.Key.Key_Home)
    while place.combo.currentText() != label:
        before = place.combo.currentIndex()
        QTest.keyClick(place.combo, Qt.Key.Key_Down)
        assert place.combo.currentIndex() > before, f"{label} is not offered"


def state_of(registry: Registry, key: tuple[str, str], config_key: str) -> KeyPlace | None:
    return registry.credentials.state(*key, config_key).place


def lines_of(dialog: ProvidersDialog) -> list[str]:
    return [dialog.list.item(row).text() for row in range(dialog.list.count())]


def mark_of(dialog: ProvidersDialog, name: str) -> str:
    """What the mark beside a provider says to people who cannot see it."""
    items = [dialog.list.item(row) for row in range(dialog.list.count())]
    item = next(item for item in items if item.text() == name)
    return str(item.data(Qt.ItemDataRole.AccessibleTextRole)).removeprefix(f"{name}, ")


# ------------------------------------------------------------------------------------------------------- the list


def test_the_persons_own_providers_come_first_then_every_built_in_one(
    dialog_on: OpenDialog, registry: Registry
) -> None:
    assert lines_of(dialog_on(registry)) == ["Custom", "Box", "Built-in", *(row.display_name for row in RUNNING)]


def test_nobody_is_called_ready_before_a_check(dialog_on: OpenDialog, registry: Registry, qtbot: QtBot) -> None:
    dialog = dialog_on(registry)
    qtbot.waitUntil(lambda: mark_of(dialog, "Anthropic") == "Not set up")
    marks = [mark_of(dialog, name) for name in ("Box", "OpenAI", "Ollama")]
    assert marks == ["Not checked", "Set up", "Not checked"]


def test_a_check_that_succeeded_makes_a_provider_ready_until_it_is_changed(
    dialog_on: OpenDialog, registry: Registry, engine: EngineHost, qtbot: QtBot
) -> None:
    with RecordingServer() as server:
        registry.replace_provider("Box", base_url=server.base_url)
        dialog = dialog_on(registry, engine=engine)
        check(dialog, qtbot)
        assert mark_of(dialog, "Box") == "Ready"
        dialog.close()
        again = dialog_on(registry, engine=engine, checks=dialog.checks)
        assert mark_of(again, "Box") == "Ready"
        registry.replace_provider("Box", base_url="http://127.0.0.1:9/v1")
        qtbot.waitUntil(lambda: mark_of(again, "Box") == "Not checked")


def test_typing_makes_a_failed_check_a_thing_of_the_past(
    dialog_on: OpenDialog, registry: Registry, engine: EngineHost, qtbot: QtBot
) -> None:
    dialog = dialog_on(registry, engine=engine)
    check(dialog, qtbot)
    assert mark_of(dialog, "Box") == "The last check failed"
    QTest.keyClicks(custom_form(dialog).base_url, "2")
    assert mark_of(dialog, "Box (not saved)") == "Not checked"


def test_marks_differ_by_shape_as_well_as_colour(dialog_on: OpenDialog, registry: Registry, qtbot: QtBot) -> None:
    dialog = dialog_on(registry)
    qtbot.waitUntil(lambda: mark_of(dialog, "Anthropic") == "Not set up")
    items = {dialog.list.item(row).text(): dialog.list.item(row) for row in range(dialog.list.count())}
    shapes = [items[name].icon().pixmap(32, 32).toImage().createAlphaMask() for name in ("OpenAI", "Anthropic")]
    assert shapes[0] != shapes[1]


def test_the_dialog_begins_at_the_provider_that_was_asked_for(dialog_on: OpenDialog, registry: Registry) -> None:
    assert dialog_on(registry, select=OPENAI).chosen == OPENAI


@pytest.mark.parametrize("row", RUNNING, ids=lambda row: row.name)
def test_every_built_in_provider_shows_each_of_its_credentials(
    dialog_on: OpenDialog, registry: Registry, row: ProviderRow
) -> None:
    dialog = dialog_on(registry, select=("builtin", str(row.name)))
    form = form_of(dialog)
    assert form.title == row.display_name
    for field in row.credentials:
        line = form.findChild(QLineEdit, f"credential_{field.config_key}")
        assert isinstance(line, QLineEdit)
        assert (line.echoMode() is QLineEdit.EchoMode.Password) is field.secret
    link = form.findChild(QPushButton, "get_key")
    assert isinstance(link, QPushButton)
    assert link.toolTip() == row.key_page


def test_where_no_browser_answers_the_address_is_said(dialog_on: OpenDialog, registry: Registry) -> None:
    form = form_of(dialog_on(registry, select=OPENAI))  # without a screen no browser is found
    assert form.link is not None
    form.link.click()
    assert form.refusal.text == f"No browser answered. The page is {form.link.toolTip()}"


# ----------------------------------------------------------------------------------------------------------- keys


def test_where_a_key_comes_from_is_said_in_words(dialog_on: OpenDialog, registry: Registry) -> None:
    dialog = dialog_on(registry, select=OPENAI)
    assert text_of(dialog, "credential_open_ai_api_key_origin") == "From the environment variable OPENAI_API_KEY."


@pytest.mark.parametrize(
    ("label", "place", "words"),
    [
        ("System keyring", KeyPlace.KEYRING, "In the system keyring."),
        ("This run only", KeyPlace.SESSION, "Kept for this run only."),
        ("Settings file", KeyPlace.SETTINGS_FILE, "In the settings file, readable only by you."),
    ],
    ids=["keyring", "session", "file"],
)
def test_a_key_goes_where_the_person_wants_it_and_nowhere_else(
    dialog_on: OpenDialog, registry: Registry, qtbot: QtBot, label: str, place: KeyPlace, words: str
) -> None:
    dialog = dialog_on(registry, select=("builtin", "anthropic"))
    type_into(key_line(dialog), KEY)
    choose_place(dialog, label)
    QTest.keyClick(key_line(dialog), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: text_of(dialog, "credential_anthropic_api_key_origin") == words)
    assert registry.credentials.value("builtin", "anthropic", "anthropic_api_key") == KEY
    assert state_of(registry, ("builtin", "anthropic"), "anthropic_api_key") is place
    assert (KEY in registry.path.read_text(encoding="utf-8")) is (place is KeyPlace.SETTINGS_FILE)
    qtbot.waitUntil(lambda: key_line(dialog).text() == "")
    qtbot.waitUntil(lambda: mark_of(dialog, "Anthropic") == "Set up")
    registry.credentials.forget("builtin", "anthropic", "anthropic_api_key")


def test_a_key_that_is_typed_is_said_to_be_not_saved_yet(dialog_on: OpenDialog, registry: Registry) -> None:
    dialog = dialog_on(registry, select=OPENAI)
    stored = text_of(dialog, "credential_open_ai_api_key_origin")
    type_into(key_line(dialog), KEY)
    assert text_of(dialog, "credential_open_ai_api_key_origin") == "Not saved yet."
    type_into(key_line(dialog), "")
    assert text_of(dialog, "credential_open_ai_api_key_origin") == stored


def test_choosing_the_settings_file_shows_that_keys_are_plain_text_there(
    dialog_on: OpenDialog, registry: Registry
) -> None:
    dialog = dialog_on(registry, select=OPENAI)
    choose_place(dialog, "Settings file")
    assert "Plain text" in text_of(dialog, "key_place_notice")


def test_a_stored_key_can_be_moved_elsewhere_without_typing_it_again(
    dialog_on: OpenDialog, registry: Registry, qtbot: QtBot
) -> None:
    registry.credentials.store(*BOX, "api_key", KEY, KeyPlace.SETTINGS_FILE)
    dialog = dialog_on(registry)
    choose_place(dialog, "System keyring")
    click(form_of(dialog).save_button)
    qtbot.waitUntil(lambda: text_of(dialog, "credential_api_key_origin") == "In the system keyring.")
    assert registry.credentials.value(*BOX, "api_key") == KEY
    assert KEY not in registry.path.read_text(encoding="utf-8")


def test_a_stored_key_is_dots_until_it_is_revealed(dialog_on: OpenDialog, registry: Registry, qtbot: QtBot) -> None:
    dialog = dialog_on(registry, select=OPENAI)
    line = key_line(dialog)
    assert (line.text(), set(line.placeholderText())) == ("", {"•"})
    reveal = form_of(dialog).findChild(QPushButton, "credential_open_ai_api_key_reveal")
    assert isinstance(reveal, QPushButton)
    click(reveal)
    qtbot.waitUntil(lambda: line.text() == KEY)
    assert not form_of(dialog).is_edited
    click(reveal)
    assert line.text() == ""
    assert line.echoMode() is QLineEdit.EchoMode.Password


def test_a_stored_key_can_be_removed(dialog_on: OpenDialog, registry: Registry, qtbot: QtBot) -> None:
    registry.credentials.store(*BOX, "api_key", KEY, KeyPlace.KEYRING)
    dialog = dialog_on(registry)
    remove = form_of(dialog).findChild(QPushButton, "credential_api_key_remove")
    assert isinstance(remove, QPushButton)
    qtbot.waitUntil(remove.isVisible)
    click(remove)
    qtbot.waitUntil(lambda: text_of(dialog, "credential_api_key_origin") == "Not set.")
    assert registry.credentials.value(*BOX, "api_key") is None


def test_a_key_from_the_environment_cannot_be_removed_here(dialog_on: OpenDialog, registry: Registry) -> None:
    dialog = dialog_on(registry, select=OPENAI)
    remove = form_of(dialog).findChild(QPushButton, "credential_open_ai_api_key_remove")
    assert isinstance(remove, QPushButton)
    assert not remove.isVisible()


def test_without_a_keyring_that_place_is_closed_and_says_why(dialog_on: OpenDialog, tmp_path: Path) -> None:
    path = write_roll(
        tmp_path / "other.yaml", openai_compatible_providers=[{"name": "Box", "base_url": "http://127.0.0.1:9/v1"}]
    )
    registry = Registry.open(path, credentials=Credentials(environment={}))
    dialog = dialog_on(registry)
    QApplication.processEvents()
    place = form_of(dialog).place
    assert place is not None
    assert place.place is KeyPlace.SESSION
    assert "No system keyring" in place.notice.text()


def test_a_plain_setting_is_shown_stored_in_the_file_and_cleared(
    dialog_on: OpenDialog, registry: Registry, qtbot: QtBot
) -> None:
    dialog = dialog_on(registry, select=("builtin", "ollama"))
    line = form_of(dialog).rows[0].line
    assert line.placeholderText() == "http://localhost:11434"
    type_into(line, "http://127.0.0.1:9999")
    click(form_of(dialog).save_button)
    qtbot.waitUntil(lambda: text_of(dialog, "credential_ollama_base_url_origin") == "In the settings file.")
    assert "ollama_base_url: http://127.0.0.1:9999" in registry.path.read_text(encoding="utf-8")
    type_into(line, "")
    click(form_of(dialog).save_button)
    qtbot.waitUntil(lambda: "ollama_base_url" not in registry.path.read_text(encoding="utf-8"))


def test_a_refused_save_keeps_the_key_that_was_typed(dialog_on: OpenDialog, registry: Registry, qtbot: QtBot) -> None:
    read_only = Registry.open(registry.path, read_only=True, credentials=Credentials(environment={}))
    dialog = dialog_on(read_only, select=("builtin", "anthropic"))
    type_into(key_line(dialog), KEY)
    choose_place(dialog, "Settings file")
    click(form_of(dialog).save_button)
    qtbot.waitUntil(lambda: form_of(dialog).refusal.text != "")
    assert key_line(dialog).text() == KEY
    assert KEY not in form_of(dialog).refusal.text


# ---------------------------------------------------------------------------------------------- custom providers


def test_a_custom_provider_is_added_with_its_key(dialog_on: OpenDialog, registry: Registry, qtbot: QtBot) -> None:
    dialog = dialog_on(registry)
    click(dialog.add_button)
    form = custom_form(dialog)
    type_into(form.name, "My Server")
    type_into(form.base_url, "http://127.0.0.1:8080/v1")
    type_into(key_line(dialog), KEY)
    QTest.keyClick(form.base_url, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.chosen == ("custom", "My Server"))
    qtbot.waitUntil(lambda: registry.credentials.value("custom", "My Server", "api_key") == KEY)
    qtbot.waitUntil(lambda: not form.is_edited)
    assert "My Server" in registry.path.read_text(encoding="utf-8")
    assert lines_of(dialog)[:3] == ["Custom", "Box", "My Server"]


@pytest.mark.parametrize("is_renamed", [False, True], ids=["added", "renamed"])
def test_a_key_that_an_earlier_provider_left_does_not_go_to_the_new_address(
    dialog_on: OpenDialog, tmp_path: Path, qtbot: QtBot, is_renamed: bool
) -> None:
    keyring = MemoryKeyring()
    path = write_roll(
        tmp_path / "settings.yaml",
        openai_compatible_providers=[
            {"name": "Old", "base_url": "http://127.0.0.1:9/v1"}, {"name": "Box", "base_url": "http://127.0.0.1:9/v1"},
        ],
    )  # fmt: skip
    with Registry.open(path, credentials=Credentials(keyring=keyring)) as before:
        before.credentials.store("custom", "Old", "api_key", KEY, KeyPlace.KEYRING)
    assert KEY in keyring.held.values()
    write_roll(path, openai_compatible_providers=[{"name": "Box", "base_url": "http://127.0.0.1:9/v1"}])
    with Registry.open(path, credentials=Credentials(keyring=keyring)) as registry:
        dialog = dialog_on(registry, select=BOX)
        if not is_renamed:
            click(dialog.add_button)
        form = custom_form(dialog)
        type_into(form.name, "Old")
        type_into(form.base_url, "http://elsewhere.example/v1")
        click(form.save_button)
        qtbot.waitUntil(lambda: "Old" in registry.document.provider_by_name)
        qtbot.waitUntil(lambda: not form.is_edited)
        assert registry.credentials.value("custom", "Old", "api_key") is None
        assert keyring.held == {}


def test_a_new_provider_is_listed_by_the_name_that_is_typed(dialog_on: OpenDialog, registry: Registry) -> None:
    dialog = dialog_on(registry)
    click(dialog.add_button)
    type_into(custom_form(dialog).name, "My Server")
    assert lines_of(dialog)[2] == "My Server (not saved)"


def test_the_list_is_wide_enough_for_all_built_in_providers(dialog_on: OpenDialog, registry: Registry) -> None:
    dialog = dialog_on(registry)
    rows = dialog.list
    room = rows.viewport().width() - rows.iconSize().width() - 3 * rows.fontMetrics().averageCharWidth()
    widest = max(rows.fontMetrics().horizontalAdvance(text) for text in lines_of(dialog))
    assert room >= widest or rows.width() == dialog.screen().availableGeometry().width() // 3


@pytest.mark.parametrize(
    ("name", "base_url", "field", "words"),
    [
        ("", "http://a/v1", "provider_name", "no name"),
        ("Box", "http://a/v1", "provider_name", "already"),
        ("New", "", "provider_base_url", "no base URL"),
        ("New", "ftp://a/v1", "provider_base_url", "not an http or https address"),
        ("New", "localhost:8080", "provider_base_url", "not an http or https address"),
        ("New", "http://me:secret@a/v1", "provider_base_url", "user or a password"),
        ("New", "http://a/v1?key=1", "provider_base_url", "“?” or “#”"),
        ("Box", "ftp://a", "provider_name", "already"),
    ],
)
def test_a_mistake_is_told_under_its_field_while_it_is_typed(
    dialog_on: OpenDialog, registry: Registry, name: str, base_url: str, field: str, words: str
) -> None:
    dialog = dialog_on(registry, select=NEW)
    form = custom_form(dialog)
    assert text_of(dialog, f"{field}_error") == ""
    type_into(form.name, "x")
    type_into(form.name, name)
    type_into(form.base_url, "x")
    type_into(form.base_url, base_url)
    assert words in text_of(dialog, f"{field}_error")
    click(form.save_button)
    assert [provider.name for provider in registry.providers] == ["Box"]
    assert (form.name.text(), form.base_url.text()) == (name, base_url)


def test_a_name_that_differs_from_another_only_in_case_is_taken_with_a_warning(
    dialog_on: OpenDialog, registry: Registry, qtbot: QtBot
) -> None:
    dialog = dialog_on(registry, select=NEW)
    form = custom_form(dialog)
    type_into(form.name, "box")
    type_into(form.base_url, "http://127.0.0.1:8080/v1")
    assert "Only upper and lower case tell it from" in text_of(dialog, "provider_name_error")
    click(form.save_button)
    qtbot.waitUntil(lambda: [provider.name for provider in registry.providers] == ["Box", "box"])
    assert "Box" in text_of(dialog, "provider_name_error")
    type_into(custom_form(dialog).name, "crate")
    assert text_of(dialog, "provider_name_error") == ""


def test_renaming_a_provider_carries_its_models_and_its_key_along(
    dialog_on: OpenDialog, registry: Registry, qtbot: QtBot
) -> None:
    registry.credentials.store(*BOX, "api_key", KEY, KeyPlace.KEYRING)
    dialog = dialog_on(registry)
    type_into(custom_form(dialog).name, "Crate")
    click(custom_form(dialog).save_button)
    qtbot.waitUntil(lambda: {entry.provider_id for entry in registry.entries()} == {"Crate"})
    assert dialog.chosen == ("custom", "Crate")
    qtbot.waitUntil(lambda: registry.credentials.value("custom", "Crate", "api_key") == KEY)


def test_a_key_typed_while_renaming_is_the_one_that_stays(
    dialog_on: OpenDialog, registry: Registry, qtbot: QtBot
) -> None:
    registry.credentials.store(*BOX, "api_key", "old-key", KeyPlace.KEYRING)
    dialog = dialog_on(registry)
    form = custom_form(dialog)
    type_into(form.name, "Crate")
    type_into(key_line(dialog), KEY)
    click(form.save_button)
    qtbot.waitUntil(lambda: not form.is_edited)
    assert wait_for_workers()
    assert registry.credentials.value("custom", "Crate", "api_key") == KEY


def test_removing_a_provider_says_what_goes_along_and_can_be_undone(
    dialog_on: OpenDialog, registry: Registry, qtbot: QtBot
) -> None:
    dialog = dialog_on(registry)
    assert text_of(dialog, "remove_words") == "Its 2 models go with it."
    click(custom_form(dialog).remove_button)
    assert registry.entries() == ()
    assert "Custom" not in lines_of(dialog)
    undo = next(button for button in dialog.findChildren(QPushButton) if button.text() == "Undo")
    click(undo)
    qtbot.waitUntil(lambda: lines_of(dialog)[:2] == ["Custom", "Box"])
    assert len(registry.entries()) == 2


def test_a_double_click_removes_one_provider_alone(dialog_on: OpenDialog, registry: Registry, qtbot: QtBot) -> None:
    registry.add_provider("Crate", "http://127.0.0.1:8080/v1")
    dialog = dialog_on(registry, select=BOX)
    click(custom_form(dialog).remove_button)
    assert dialog.chosen == ("custom", "Crate")
    click(custom_form(dialog).remove_button)
    assert [provider.name for provider in registry.providers] == ["Crate"]
    waited = QElapsedTimer()
    waited.start()
    qtbot.waitUntil(lambda: waited.hasExpired(QApplication.doubleClickInterval() + 1))
    click(custom_form(dialog).remove_button)
    assert registry.providers == ()


# --------------------------------------------------------------------------------------------- what was not saved


def test_what_was_typed_stays_while_another_provider_is_looked_at(dialog_on: OpenDialog, registry: Registry) -> None:
    dialog = dialog_on(registry)
    type_into(custom_form(dialog).base_url, "http://127.0.0.1:1")
    dialog.choose(OPENAI)
    assert "Box (not saved)" in lines_of(dialog)
    dialog.choose(BOX)
    assert custom_form(dialog).base_url.text() == "http://127.0.0.1:1"


@pytest.mark.parametrize(("answer", "is_open"), [("keep_editing", True), ("discard", False)], ids=["keep", "discard"])
def test_closing_asks_when_something_was_not_saved(
    dialog_on: OpenDialog, registry: Registry, qtbot: QtBot, answer: str, is_open: bool
) -> None:
    dialog = dialog_on(registry)
    type_into(custom_form(dialog).name, "Crate")
    click(dialog.close_button)
    question = dialog.findChild(QMessageBox, "discard_question")
    assert isinstance(question, QMessageBox)
    assert "Box" in question.text()
    button = question.findChild(QPushButton, answer)
    assert isinstance(button, QPushButton)
    click(button)
    qtbot.waitUntil(lambda: dialog.isVisible() is is_open)


def test_closing_does_not_ask_when_all_is_saved(dialog_on: OpenDialog, registry: Registry) -> None:
    dialog = dialog_on(registry)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


# --------------------------------------------------------------------------------------------- Check connection


def check(dialog: ProvidersDialog, qtbot: QtBot) -> str:
    panel = form_of(dialog).panel
    click(panel.check_button)
    assert panel.is_checking
    qtbot.waitUntil(lambda: not panel.is_checking, timeout=60_000)
    return panel.outcome.text()


def test_a_check_says_how_many_models_answer_and_takes_the_key_along(
    dialog_on: OpenDialog, registry: Registry, engine: EngineHost, qtbot: QtBot
) -> None:
    with RecordingServer() as server:
        dialog = dialog_on(registry, engine=engine)
        type_into(custom_form(dialog).base_url, server.base_url)
        type_into(key_line(dialog), KEY)
        said = check(dialog, qtbot)
        assert said.startswith("Connected to ")
        assert server.last.request.carries_key(KEY)
    assert custom_form(dialog).base_url.text().startswith("http://127.0.0.1")
    assert key_line(dialog).text() == KEY


def test_a_check_of_a_stored_key_uses_it(
    dialog_on: OpenDialog, registry: Registry, engine: EngineHost, qtbot: QtBot
) -> None:
    registry.credentials.store(*BOX, "api_key", KEY, KeyPlace.KEYRING)
    with RecordingServer() as server:
        registry.replace_provider("Box", base_url=server.base_url)
        check(dialog_on(registry, engine=engine), qtbot)
        assert server.last.request.carries_key(KEY)


def test_an_address_where_nothing_listens_is_told_and_marked(
    dialog_on: OpenDialog, registry: Registry, engine: EngineHost, qtbot: QtBot
) -> None:
    dialog = dialog_on(registry, engine=engine)
    assert check(dialog, qtbot).startswith("Nothing answers at http://127.0.0.1:9.")
    assert mark_of(dialog, "Box") == "The last check failed"


def test_a_refused_key_is_told_without_the_key(
    dialog_on: OpenDialog, registry: Registry, engine: EngineHost, qtbot: QtBot
) -> None:
    with MisbehavingServer(Misbehaviour.ECHOES_KEY) as server:
        dialog = dialog_on(registry, engine=engine)
        type_into(custom_form(dialog).base_url, server.base_url)
        type_into(key_line(dialog), KEY)
        said = check(dialog, qtbot)
    assert "key" in said.lower()
    assert KEY not in said


def test_a_base_url_without_its_v1_is_corrected_with_one_click(
    dialog_on: OpenDialog, registry: Registry, engine: EngineHost, qtbot: QtBot
) -> None:
    with ServerUnderV1() as server:
        dialog = dialog_on(registry, engine=engine)
        type_into(custom_form(dialog).base_url, server.url)
        said = check(dialog, qtbot)
        assert server.base_url in said
        click(form_of(dialog).panel.use_button)
        assert custom_form(dialog).base_url.text() == server.base_url


def test_a_check_can_be_given_up_at_once_and_leaves_what_was_typed(
    dialog_on: OpenDialog, registry: Registry, engine: EngineHost, qtbot: QtBot
) -> None:
    with MisbehavingServer(Misbehaviour.NEVER_ANSWERS) as server:
        dialog = dialog_on(registry, engine=engine)
        type_into(custom_form(dialog).base_url, server.base_url)
        panel = form_of(dialog).panel
        click(panel.check_button)
        qtbot.waitUntil(lambda: bool(server.exchanges), timeout=60_000)
        click(panel.cancel_button)
        assert not panel.is_checking
        assert panel.outcome.text() == "The check was cancelled."
        assert custom_form(dialog).base_url.text() == server.base_url
        assert panel.check_button.isEnabled()


def test_a_check_of_an_address_that_is_none_asks_nothing(
    dialog_on: OpenDialog, registry: Registry, engine: EngineHost
) -> None:
    dialog = dialog_on(registry, engine=engine)
    type_into(custom_form(dialog).base_url, "nonsense")
    click(form_of(dialog).panel.check_button)
    assert not form_of(dialog).panel.is_checking
    assert "not an http or https address" in text_of(dialog, "provider_base_url_error")


def test_the_outcome_goes_when_the_address_changes(
    dialog_on: OpenDialog, registry: Registry, engine: EngineHost, qtbot: QtBot
) -> None:
    dialog = dialog_on(registry, engine=engine)
    assert check(dialog, qtbot)
    QTest.keyClicks(custom_form(dialog).base_url, "2")
    assert form_of(dialog).panel.outcome.text() == ""


def test_a_local_provider_is_checked_at_the_address_that_is_typed(
    dialog_on: OpenDialog, registry: Registry, engine: EngineHost, qtbot: QtBot
) -> None:
    with RecordingServer() as server:
        dialog = dialog_on(registry, engine=engine, select=("builtin", "docker_model_runner"))
        type_into(form_of(dialog).rows[0].line, server.url)
        assert check(dialog, qtbot).startswith("Connected to ")
        assert server.last.request.path == "/v1/models"


# -------------------------------------------------------------------------------------------------- accessibility


@pytest.mark.parametrize("select", [BOX, OPENAI, NEW, ("builtin", "azure_openai")], ids=lambda key: key[1] or "new")
def test_every_control_is_named_and_no_two_share_a_mnemonic(
    dialog_on: OpenDialog, registry: Registry, select: tuple[str, str]
) -> None:
    dialog = dialog_on(registry, select=select)
    visible = [widget for widget in dialog.findChildren(QWidget) if widget.isVisible()]
    labelled = {label.buddy() for label in visible if isinstance(label, QLabel)}
    for widget in visible:
        if isinstance(widget, QComboBox | QLineEdit | QAbstractButton) and not widget.objectName().startswith("qt_"):
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            assert widget in labelled or widget.accessibleName() or text, widget.objectName()
            assert widget.objectName() or widget.toolTip(), widget
    texts = [widget.text() for widget in visible if isinstance(widget, QLabel | QAbstractButton)]
    letters = [text[text.index("&") + 1].lower() for text in texts if "&" in text]
    assert sorted(letters) == sorted(set(letters))


@pytest.mark.parametrize("select", [BOX, OPENAI, NEW], ids=lambda key: key[1] or "new")
def test_the_tab_key_leads_through_the_list_the_form_and_the_buttons(
    dialog_on: OpenDialog, registry: Registry, select: tuple[str, str]
) -> None:
    dialog = dialog_on(registry, select=select)
    form = form_of(dialog)
    wanted = [dialog.list, dialog.add_button, *form.tab_widgets, dialog.close_button]
    dialog.list.setFocus()
    seen = [dialog.focusWidget()]
    for _ in range(len(wanted)):
        focused = dialog.focusWidget()
        assert focused is not None
        QTest.keyClick(focused, Qt.Key.Key_Tab)
        seen.append(dialog.focusWidget())
    reachable = [widget for widget in wanted if widget.isVisible() and widget.isEnabled()]
    assert seen[: len(reachable) + 1] == [*reachable, dialog.list]


# ------------------------------------------------------------------------------------------------- odd rolls


def test_a_stored_provider_without_a_name_can_be_given_one(dialog_on: OpenDialog, tmp_path: Path, qtbot: QtBot) -> None:
    rows = [{"name": "", "base_url": "http://127.0.0.1:9/v1"}]
    path = write_roll(tmp_path / "other.yaml", openai_compatible_providers=rows)
    registry = Registry.open(path, credentials=Credentials(environment={}))
    dialog = dialog_on(registry, select=("custom", ""))
    assert lines_of(dialog)[1] == "(no name)"
    type_into(custom_form(dialog).name, "Named")
    click(custom_form(dialog).save_button)
    qtbot.waitUntil(lambda: [provider.name for provider in registry.providers] == ["Named"])


def test_a_name_of_a_thousand_letters_does_not_widen_the_dialog(dialog_on: OpenDialog, tmp_path: Path) -> None:
    rows = [{"name": "n" * 1000, "base_url": f"http://127.0.0.1:9/{'p' * 1000}"}]
    path = write_roll(tmp_path / "other.yaml", openai_compatible_providers=rows)
    dialog = dialog_on(Registry.open(path, credentials=Credentials(environment={})))
    assert dialog.width() <= 1280
    assert dialog.minimumSizeHint().width() <= dialog.width()


def test_a_provider_that_is_not_there_is_not_chosen(dialog_on: OpenDialog, registry: Registry) -> None:
    assert dialog_on(registry, select=("custom", "Gone")).chosen == BOX
