"""Other tools' files are replaced all or none, with copies, and nothing that another program wrote is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import ExportConflict, ExportError
from core.exporters.files import NewText, read_file, write_files

PROJECT = Path(__file__).parents[1]


class Nursery:
    """A process that forks writers; see crash/export_nursery.py."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.export_nursery"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def write(self, folder: Path, **order: Any) -> tuple[int, str]:
        """The exit status of a writer, and what it said."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        print(json.dumps({"folder": str(folder), "backups": str(folder / "backups"), **order}), file=stdin, flush=True)
        status, said = json.loads(stdout.readline())
        return status, said

    def end(self) -> None:
        self._process.communicate(timeout=30)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.end()


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    return tmp_path / "data" / "backups"


def scene(folder: Path) -> Path:
    """A fresh folder with the files that the nursery's writers expect."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "kept.yaml").write_text("before\n")
    (folder / "old.yaml").write_text("old\n")
    return folder


def files_in(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "backups" not in path.parts
    }


BEFORE = {"kept.yaml": "before\n", "old.yaml": "old\n"}
AFTER = {"deep/new.yaml": "new\n", "kept.yaml": "after\n"}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ------------------------------------------------------------------------------------------------------------- reading


def test_a_text_is_read_as_it_is_and_a_missing_file_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    assert read_file(path) is None
    assert read_file(path / "below.yaml") is None
    path.write_bytes("\ufeffä: 1\r\n".encode())
    assert read_file(path) == "\ufeffä: 1\r\n"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("a: 1\n".encode("utf-16"), "UTF-16"),
        ("a: 1\n".encode("utf-16-be"), "UTF-16"),
        (b"a: 1\nb: \xe4\n", "no UTF-8 text (line 2)"),
        (b"x" * (16 * 2**20 + 1), "larger than 16 MB"),
    ],
)
def test_what_is_no_text_is_refused_with_words(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(data)
    with pytest.raises(ExportError) as caught:
        read_file(path)
    assert words in caught.value.title


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for name, words in (("folder", "a folder"), ("pipe", "a named pipe"), ("circle", "a link that leads back")):
        with pytest.raises(ExportError, match=words):
            read_file(tmp_path / name)


# ------------------------------------------------------------------------------------------------------------- writing


def test_files_are_replaced_made_and_deleted_with_copies_of_what_they_were(tmp_path: Path, backups: Path) -> None:
    folder = scene(tmp_path / "tool")
    texts = [
        NewText(folder / "kept.yaml", "before\n", "after\n"),
        NewText(folder / "deep" / "new.yaml", None, "new\n"),
        NewText(folder / "old.yaml", "old\n", None),
        NewText(folder / "same.yaml", "same\n", "same\n"),
    ]
    written, copies = write_files(texts, backups)
    assert written == tuple(text.path for text in texts[:3])
    assert files_in(folder) == AFTER
    assert [copy.read_text() for copy in copies] == ["before\n", "old\n"]
    assert all(copy.is_relative_to(backups) and mode_of(copy) == 0o600 for copy in copies)
    assert mode_of(folder / "deep" / "new.yaml") == 0o600


def test_a_file_keeps_its_mode_its_owner_and_the_link_that_leads_to_it(tmp_path: Path, backups: Path) -> None:
    target, link = tmp_path / "dotfiles" / "config.yaml", tmp_path / "config.yaml"
    target.parent.mkdir()
    target.write_text("a\n")
    target.chmod(0o644)
    if os.getuid() == 0:
        os.chown(target, 65534, 65534)
    owner = target.stat().st_uid
    link.symlink_to(target)
    assert write_files([NewText(link, "a\n", "b\n")], backups)[0] == (link,)
    assert link.is_symlink()
    assert (target.read_text(), mode_of(target), target.stat().st_uid) == ("b\n", 0o644, owner)


def test_the_newest_twenty_copies_of_each_file_are_kept(tmp_path: Path, backups: Path) -> None:
    one, other = tmp_path / "one" / "a.yaml", tmp_path / "other" / "a.yaml"
    for path in (one, other):
        path.parent.mkdir()
        path.write_text("0")
    write_files([NewText(other, "0", "1")], backups)
    copies: tuple[Path, ...] = ()
    for number in range(25):
        _, copies = write_files([NewText(one, str(number), str(number + 1))], backups)
        assert copies[0].read_text() == str(number)
    kept = sorted(path.read_text() for path in copies[0].parent.iterdir())
    assert kept == sorted(map(str, range(5, 25)))
    assert len(list(backups.rglob("*.yaml"))) == 21


@pytest.mark.parametrize(
    ("before", "there", "words"),
    [("mine\n", "theirs\n", "changed meanwhile"), (None, "theirs\n", "is there by now"), ("mine\n", None, "is gone")],
)
def test_a_file_that_changed_meanwhile_is_a_conflict_and_nothing_is_written(
    tmp_path: Path, backups: Path, before: str | None, there: str | None, words: str
) -> None:
    folder = scene(tmp_path / "tool")
    path = folder / "other.yaml"
    if there is not None:
        path.write_text(there)
    found = files_in(folder)
    with pytest.raises(ExportConflict, match=words) as caught:
        write_files([NewText(folder / "kept.yaml", "before\n", "after\n"), NewText(path, before, "new\n")], backups)
    assert caught.value.items == (str(path),)
    assert files_in(folder) == found


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_failure_in_the_middle_puts_back_what_was_there(
    tmp_path: Path, backups: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    folder = scene(tmp_path / "tool")
    texts = [
        NewText(folder / "old.yaml", "old\n", None),
        NewText(folder / "kept.yaml", "before\n", "after\n"),
        NewText(folder / "deep" / "er" / "new.yaml", None, "new\n"),
        NewText(folder / "last.yaml", None, "last\n"),
    ]
    replace, calls = os.replace, 0

    def failing_replace(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(5, "the disk is broken")
        replace(*arguments)

    monkeypatch.setattr(os, "replace", failing_replace)
    with pytest.raises(ExportError, match="The disk refused") as caught:
        write_files(texts, backups)
    assert "Nothing was written" in caught.value.hint
    assert files_in(folder) == BEFORE
    assert not (folder / "deep").exists()


def test_a_file_that_is_marked_read_only_stays(tmp_path: Path, backups: Path) -> None:
    folder = scene(tmp_path / "tool")
    (folder / "old.yaml").chmod(0o444)
    texts = [NewText(folder / "kept.yaml", "before\n", "after\n"), NewText(folder / "old.yaml", "old\n", "x\n")]
    with pytest.raises(ExportError, match="read-only"):
        write_files(texts, backups)
    assert files_in(folder) == BEFORE


def test_two_names_of_one_file_are_refused(tmp_path: Path, backups: Path) -> None:
    folder = scene(tmp_path / "tool")
    (folder / "link.yaml").symlink_to(folder / "kept.yaml")
    texts = [NewText(folder / name, "before\n", name) for name in ("kept.yaml", "link.yaml")]
    with pytest.raises(ExportError, match="is a link"):
        write_files(texts, backups)
    assert files_in(folder)["kept.yaml"] == "before\n"


def test_a_folder_that_may_not_be_written_is_said_in_words(tmp_path: Path, nursery: Nursery) -> None:
    folder = scene(tmp_path / "tool")
    backups = tmp_path / "backups"
    backups.mkdir(mode=0o777)
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o755)
    backups.chmod(0o777)
    (folder / "kept.yaml").chmod(0o666)
    folder.chmod(0o555)
    nobody = {"user": 65534} if os.getuid() == 0 else {}  # root may write everywhere
    status, said = nursery.write(folder, backups=str(backups), **nobody)
    assert status == 4
    assert "kept.yaml may not be written. Nothing was written." in said
    assert files_in(folder) == BEFORE


def test_a_full_disk_is_said_in_words(tmp_path: Path, nursery: Nursery) -> None:
    folder = scene(tmp_path / "tool")
    status, said = nursery.write(folder, after="x" * 5000, largest_bytes=4096)
    assert status == 4
    assert said.startswith("There is no room left on the disk for kept.yaml. Nothing was written.")
    assert files_in(folder) == BEFORE


@pytest.mark.parametrize("dies_after", [False, True], ids=["before", "after"])
def test_a_death_at_every_call_leaves_every_file_as_it_was_or_as_it_is_to_be(
    tmp_path: Path, nursery: Nursery, dies_after: bool
) -> None:
    for number in range(1, 400):
        folder = scene(tmp_path / "tool")
        status, _ = nursery.write(folder, die_at=number, dies_after=dies_after)
        found = {name: text for name, text in files_in(folder).items() if not name.endswith(".tmp")}
        for name in {*BEFORE, *AFTER}:
            assert found.get(name) in (BEFORE.get(name), AFTER.get(name))
        if status == 0:
            break
        assert status == -signal.SIGKILL
        again = [NewText(folder / name, found.get(name), f"{name} again") for name in (*BEFORE, *AFTER)]
        write_files(list({text.path: text for text in again}.values()), folder / "backups")
        assert set(files_in(folder)) == {*BEFORE, *AFTER}, "temporaries are cleared away"
    assert 40 < number < 399, "it makes fewer calls than that: the test proves nothing"
