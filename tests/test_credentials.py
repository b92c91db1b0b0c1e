"""Where keys come from and where they go; a real keyring daemon where the machine has one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from core.credentials import Credentials, KeyPlace
from core.errors import CredentialError, SettingsReadOnly
from core.keyring_access import Keyring
from core.registry import Registry
from tests.memory_keyring import MemoryKeyring
from tests.rolls import BOX, open_roll, write_roll

OPENAI = ("builtin", "openai", "open_ai_api_key")
BOX_KEY = ("custom", "Box", "api_key")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A settings file without any key."""
    return write_roll(
        tmp_path / "settings.yaml", openai_compatible_providers=[{"name": "Box", "base_url": BOX["base_url"]}]
    )


def test_the_environment_is_read_as_kiln_does(path: Path) -> None:
    roll = open_roll(path, OPENAI_API_KEY=" key-1 ")
    assert roll.credentials.value(*OPENAI) == "key-1"
    state = roll.credentials.state(*OPENAI)
    assert (state.known, state.present, state.place) == (True, True, KeyPlace.ENVIRONMENT)
    assert "OPENAI_API_KEY" in state.words


def test_the_settings_file_comes_before_the_environment(path: Path) -> None:
    write_roll(path, open_ai_api_key="from-file")
    assert open_roll(path, OPENAI_API_KEY="from-environment").credentials.value(*OPENAI) == "from-file"


def test_without_a_keyring_a_key_is_kept_for_this_run_only(path: Path) -> None:
    roll = open_roll(path)
    assert roll.credentials.store(*BOX_KEY, "key-2") is KeyPlace.SESSION
    assert "key-2" not in path.read_text(encoding="utf-8")
    assert roll.credentials.value(*BOX_KEY) == "key-2"
    assert open_roll(path).credentials.value(*BOX_KEY) == "key-2", "another registry of the same run sees it"
    roll.credentials.forget(*BOX_KEY)
    assert open_roll(path).credentials.value(*BOX_KEY) is None


def test_a_file_that_holds_keys_gets_new_ones_too(path: Path) -> None:
    write_roll(
        path, open_ai_api_key="there", openai_compatible_providers=[{"name": "Box", "base_url": BOX["base_url"]}]
    )
    roll = open_roll(path)
    assert roll.credentials.store(*BOX_KEY, "key-3") is KeyPlace.SETTINGS_FILE
    assert open_roll(path).credentials.value(*BOX_KEY) == "key-3"


def test_a_key_stored_in_one_place_is_gone_from_the_others(path: Path) -> None:
    keyring = MemoryKeyring()
    roll = Registry.open(path, credentials=Credentials(environment={}, keyring=keyring))
    assert roll.credentials.store(*OPENAI, "k1") is KeyPlace.KEYRING
    assert list(keyring.held.values()) == ["k1"]
    roll.credentials.store(*OPENAI, "k2", KeyPlace.SETTINGS_FILE)
    assert keyring.held == {}
    assert "k2" in path.read_text(encoding="utf-8")
    roll.credentials.store(*OPENAI, "k3", KeyPlace.KEYRING)
    assert "k2" not in path.read_text(encoding="utf-8")
    assert roll.credentials.value(*OPENAI) == "k3"


def test_an_account_names_the_roll_and_the_provider(path: Path) -> None:
    keyring = MemoryKeyring()
    Registry.open(path, credentials=Credentials(environment={}, keyring=keyring)).credentials.store(*BOX_KEY, "k")
    assert list(keyring.held) == [f"{path}::custom/Box"]


def test_renaming_a_provider_carries_its_key_in_the_keyring(path: Path) -> None:
    keyring = MemoryKeyring()
    roll = Registry.open(path, credentials=Credentials(environment={}, keyring=keyring))
    roll.credentials.store(*BOX_KEY, "k")
    roll.replace_provider("Box", new_name="Crate")
    assert keyring.held == {f"{path}::custom/Crate": "k"}


def test_a_removed_providers_key_stays_until_its_undo_is_gone(path: Path) -> None:
    keyring = MemoryKeyring()
    with Registry.open(path, credentials=Credentials(environment={}, keyring=keyring)) as roll:
        roll.credentials.store(*BOX_KEY, "k")
        change = roll.plan_remove_provider("Box")
        roll.commit(change)
        assert keyring.held
        roll.commit(change.reversed())
    assert keyring.held, "it was brought back"
    with Registry.open(path, credentials=Credentials(environment={}, keyring=keyring)) as roll:
        roll.remove_provider("Box")
    assert keyring.held == {}


def test_a_rename_that_could_not_be_saved_leaves_the_key_where_it_was(path: Path) -> None:
    keyring = MemoryKeyring()
    roll = Registry.open(path, credentials=Credentials(environment={}, keyring=keyring))
    roll.credentials.store(*BOX_KEY, "k")
    before = path.read_bytes()
    change = roll.plan_replace_provider("Box", new_name="Crate")
    path.write_bytes(b"broken: [")
    with pytest.raises(SettingsReadOnly):
        roll.commit(change)
    path.write_bytes(before)
    roll.add_provider("Third", "http://127.0.0.1:18003/v1")
    assert keyring.held == {f"{path}::custom/Box": "k"}


def test_a_removal_that_was_not_saved_leaves_the_key_to_the_provider_in_the_file(path: Path) -> None:
    keyring = MemoryKeyring()
    with Registry.open(path, credentials=Credentials(environment={}, keyring=keyring)) as roll:
        roll.credentials.store(*BOX_KEY, "k")
        roll.apply(roll.plan_remove_provider("Box"))
    assert keyring.held == {f"{path}::custom/Box": "k"}


ELSEWHERE = "http://127.0.0.1:18999/v1"


@pytest.mark.parametrize("place", [KeyPlace.SETTINGS_FILE, KeyPlace.KEYRING, KeyPlace.SESSION])
def test_a_new_provider_does_not_inherit_the_key_of_a_removed_one_of_its_name(place: KeyPlace, path: Path) -> None:
    roll = Registry.open(path, credentials=Credentials(environment={}, keyring=MemoryKeyring()))
    roll.credentials.store(*BOX_KEY, "key-of-the-first", place)
    roll.remove_provider("Box")
    roll.add_provider("Box", ELSEWHERE)
    assert roll.credentials.value(*BOX_KEY) is None
    assert "key-of-the-first" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("place", [KeyPlace.SETTINGS_FILE, KeyPlace.KEYRING, KeyPlace.SESSION])
def test_redoing_an_added_provider_brings_its_key_back(place: KeyPlace, path: Path) -> None:
    roll = Registry.open(path, credentials=Credentials(environment={}, keyring=MemoryKeyring()))
    change = roll.plan_add_provider("Crate", ELSEWHERE)
    roll.commit(change)
    roll.credentials.store("custom", "Crate", "api_key", "key-of-the-crate", place)
    roll.commit(change.reversed())
    roll.commit(change)
    assert roll.credentials.value("custom", "Crate", "api_key") == "key-of-the-crate"


def test_a_save_keeps_the_keys_of_rows_without_a_name_and_of_rows_that_share_one(path: Path) -> None:
    rows = [
        {"base_url": "http://a/v1", "api_key": "k1"}, {"base_url": "http://a/v1", "api_key": "k2"},
        {"name": None, "api_key": "k3"}, {"name": ["x"], "api_key": "k4"}, {"name": "", "api_key": "k5"},
        {"name": "Box", "base_url": "http://b/v1", "api_key": "k6"},
        {"name": "Box", "base_url": "http://c/v1", "api_key": "k7"},
    ]  # fmt: skip
    write_roll(path, openai_compatible_providers=rows)
    roll = open_roll(path)
    roll.add_provider("Crate", ELSEWHERE)
    stored = yaml.safe_load(path.read_text(encoding="utf-8"))["openai_compatible_providers"]
    assert stored == [*rows, {"name": "Crate", "base_url": ELSEWHERE}]
    change = roll.plan_remove_provider("Box")
    roll.commit(change)
    stored = yaml.safe_load(path.read_text(encoding="utf-8"))["openai_compatible_providers"]
    assert stored == [*rows[:5], rows[6], {"name": "Crate", "base_url": ELSEWHERE}]
    roll.commit(change.reversed())
    stored = yaml.safe_load(path.read_text(encoding="utf-8"))["openai_compatible_providers"]
    assert {row["base_url"]: row["api_key"] for row in stored[5:7]} == {"http://b/v1": "k6", "http://c/v1": "k7"}


def test_what_is_not_known_yet_refuses_nothing(path: Path) -> None:
    roll = open_roll(path)
    assert roll.credentials.state(*OPENAI).known is False
    assert roll.credentials.missing("openai") == ()
    roll.credentials.refresh([OPENAI])
    assert roll.credentials.missing("openai") == ("open_ai_api_key",)


class SilentKeyring:
    """What a locked keyring does: it waits for its owner."""

    priority = 1

    def __init__(self) -> None:
        self.answer = threading.Event()
        self.asked = 0

    def get_password(self, _service: str, _account: str) -> str | None:
        self.asked += 1
        self.answer.wait(10)
        return None


def test_a_locked_keyring_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring

    silent = SilentKeyring()
    monkeypatch.setattr(keyring, "get_password", silent.get_password)
    keyring_of_ours = Keyring(limit_s=0.05)
    with pytest.raises(CredentialError, match="did not answer"):
        keyring_of_ours.get("account")
    silent.answer.set()
    with pytest.raises(CredentialError, match="did not answer"):
        keyring_of_ours.get("account")
    assert silent.asked == 1, "a run does not wait for it again"
    keyring_of_ours.ask_again()
    assert keyring_of_ours.get("account") is None


def test_a_keyring_that_keeps_nothing_is_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backends.null import Keyring as Null

    keyring.set_keyring(Null())  # type: ignore[no-untyped-call]
    with pytest.raises(CredentialError, match="No system keyring"):
        Keyring().set("account", "word")


@pytest.mark.parametrize("value", ["", "  \n"])
def test_a_blank_key_is_refused(value: str, path: Path) -> None:
    with pytest.raises(CredentialError, match="blank"):
        open_roll(path).credentials.store(*OPENAI, value)


REAL_KEYRING = """
import sys
from core.credentials import Credentials, KeyPlace
from core.registry import Registry
path = sys.argv[1]
with Registry.open(path, credentials=Credentials(environment={})) as roll:
    print(roll.credentials.store("custom", "Box", "api_key", "a secret for the ring"))
with Registry.open(path, credentials=Credentials(environment={})) as roll:
    assert roll.credentials.state("custom", "Box", "api_key").known is False
    roll.credentials.refresh()
    assert roll.credentials.state("custom", "Box", "api_key").place is KeyPlace.KEYRING
    assert roll.credentials.value("custom", "Box", "api_key") == "a secret for the ring"
    roll.replace_provider("Box", new_name="Crate")
    assert roll.credentials.value("custom", "Crate", "api_key") == "a secret for the ring"
    roll.remove_provider("Crate")
with Registry.open(path, credentials=Credentials(environment={})) as roll:
    assert roll.credentials.value("custom", "Crate", "api_key") is None
print("done")
"""


if sys.platform == "linux":  # the Secret Service is Linux desktops' keyring

    def test_a_key_lives_in_a_real_keyring_and_never_in_the_file(path: Path, tmp_path: Path) -> None:
        missing = [name for name in ("dbus-run-session", "gnome-keyring-daemon") if shutil.which(name) is None]
        assert not missing, f"install {' and '.join(missing)} (Debian: dbus, gnome-keyring)"
        runtime = tmp_path / "run"
        runtime.mkdir(mode=0o700)
        script = tmp_path / "use_keyring.py"
        script.write_text(REAL_KEYRING, encoding="utf-8")
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHON_KEYRING_BACKEND"}
        environment = inherited | {
            "XDG_RUNTIME_DIR": str(runtime), "XDG_DATA_HOME": str(tmp_path / "data"),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }  # fmt: skip
        command = (
            'printf "word\\n" | gnome-keyring-daemon --unlock --components=secrets >/dev/null && '
            f'exec "{sys.executable}" "{script}" "{path}"'
        )
        done = subprocess.run(
            ["dbus-run-session", "--", "sh", "-c", command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout.split() == ["keyring", "done"], done.stderr[-2000:]
        assert "a secret for the ring" not in path.read_text(encoding="utf-8") + done.stderr
