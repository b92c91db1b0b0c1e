"""Work on a thread of the pool, and what becomes of it when the program ends meanwhile."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from core.errors import MusterError
from gui.worker import WorkerJob, run_in_worker, wait_for_workers

ROOT = Path(__file__).resolve().parents[2]
_ENDING = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from gui.worker import run_in_worker, wait_for_workers

app = QApplication([])
run_in_worker(app, sys.stdin.readline, on_done=print)
QTimer.singleShot(0, app.quit)
app.exec()
assert not wait_for_workers(1)
print("ends", flush=True)
"""
"""A program that ends while its worker waits for a line."""


def test_what_a_worker_found_is_told_on_the_callers_thread(qtbot: QtBot) -> None:
    parent, told = QObject(), []
    run_in_worker(parent, lambda: 6 * 7, on_done=lambda value: told.append((value, threading.current_thread())))
    qtbot.waitUntil(lambda: bool(told))
    assert told == [(42, threading.current_thread())]


def test_what_a_worker_could_not_do_is_told_in_words(qtbot: QtBot) -> None:
    def refuse() -> None:
        raise MusterError("The disk is full.")

    parent, told = QObject(), []
    run_in_worker(parent, refuse, on_error=lambda error: told.append(str(error)))
    qtbot.waitUntil(lambda: bool(told))
    assert told == ["The disk is full."]


def test_no_worker_collects_garbage_which_may_hold_widgets(qtbot: QtBot) -> None:
    threads: set[threading.Thread] = set()

    def note(phase: str, _: object) -> None:
        threads.add(threading.current_thread())

    def litter() -> None:
        for _ in range(20_000):
            rubbish: list[object] = []
            rubbish.append(rubbish)

    parent, told = QObject(), list[object]()
    gc.callbacks.append(note)
    try:
        for _ in range(3):
            run_in_worker(parent, litter, on_done=told.append)
        qtbot.waitUntil(lambda: len(told) == 3)
        assert gc.isenabled()
        litter()
    finally:
        gc.callbacks.remove(note)
    assert threads == {threading.current_thread()}


def test_work_that_ends_after_whoever_asked_for_it_is_told_to_nobody(
    qtbot: QtBot, capfd: pytest.CaptureFixture[str]
) -> None:
    gone = threading.Event()
    told: list[object] = []
    job = WorkerJob(lambda: gone.wait(10.0))
    job.succeeded.connect(told.append)
    job.start()
    delete(job)
    gone.set()
    assert wait_for_workers()
    qtbot.wait(0)
    assert told == []
    assert capfd.readouterr().err == ""
    assert gc.isenabled()


def test_a_program_that_ends_while_a_worker_waits_has_nothing_to_complain_about() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _ENDING],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ends\n"
        # Qt waits for its threads only after it has taken all objects away.
        said, complaints = process.communicate("a line\n", timeout=60)
    finally:
        process.kill()
    assert (process.returncode, said, complaints) == (0, "", "")
