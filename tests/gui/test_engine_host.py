"""The engine's process in the window: requests, their ends, and the process' own life and death."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import gui.engine_host
from core.connection_report import ConnectionReport
from core.errors import FailureKind, RunError
from core.protocol import RestartRule
from core.run_spec import Attachment, RunResult
from gui.engine_host import EngineHost, EngineState
from gui.jobs import JobState
from tests.gui.job_outcomes import finished, started
from tests.run_specs import KEY, run_of
from tests.servers.llama import LlamaServer
from tests.servers.misbehaving import MisbehavingServer
from tests.servers.misbehaviours import Misbehaviour
from tests.servers.recording import RecordingServer

SAYS_READY = 'import sys; print(\'{"type":"hello","protocol":1}\\n{"type":"ready"}\', flush=True); '


@pytest.fixture(scope="module")
def engine(qapp: QApplication) -> Iterator[EngineHost]:
    """A running engine; a test that kills it leaves the host to start another."""
    host = EngineHost()
    host.start()
    yield host
    host.stop()


@pytest.fixture
def fresh(qapp: QApplication) -> Iterator[EngineHost]:
    """An engine that was not started yet."""
    host = EngineHost()
    yield host
    host.stop()


@pytest.fixture
def script_host(qapp: QApplication) -> Iterator[list[EngineHost]]:
    """Hosts of made-up engines, ended after the test."""
    hosts: list[EngineHost] = []
    yield hosts
    for host in hosts:
        host.stop()


def host_of(hosts: list[EngineHost], *command: str) -> EngineHost:
    host = EngineHost(command=list(command))
    hosts.append(host)
    return host


def test_a_run_asked_for_before_the_engine_is_started_starts_it_and_is_answered(
    fresh: EngineHost, qtbot: QtBot
) -> None:
    states: list[str] = []
    fresh.state_changed.connect(states.append)
    with RecordingServer() as server:
        outcome = finished(qtbot, fresh.run(run_of(server.base_url)))
    assert states == [EngineState.STARTING, EngineState.READY]
    assert isinstance(outcome.results[0], RunResult)
    assert outcome.results[0].output == "Hello from the server."
    assert outcome.count == 1


def test_an_answer_of_a_real_server_arrives_in_pieces(engine: EngineHost, qtbot: QtBot, llama: LlamaServer) -> None:
    outcome = finished(qtbot, engine.run(run_of(llama.base_url, "Write a story.", model=llama.model, max_tokens=60)))
    assert len(outcome.progress) > 1
    assert isinstance(outcome.results[0], RunResult)
    assert outcome.text == outcome.results[0].output


def test_a_stopped_run_is_cancelled_within_200_ms_and_the_server_is_freed(engine: EngineHost, qtbot: QtBot) -> None:
    with MisbehavingServer(Misbehaviour.NEVER_ENDS) as server:
        outcome = started(engine.run(run_of(server.base_url)))
        qtbot.waitUntil(lambda: len(outcome.progress) > 2, timeout=30_000)
        stopped_s = perf_counter()
        outcome.job.cancel()
        qtbot.waitUntil(lambda: outcome.count > 0, timeout=5_000)
        assert outcome.cancellations_s[0] - stopped_s < 0.2
        assert server.wait_until(lambda exchanges: exchanges[-1].client_left, timeout_s=1.0)
    assert outcome.count == 1
    assert outcome.job.state is JobState.CANCELLED


def test_nothing_of_a_cancelled_run_arrives_later(engine: EngineHost, qtbot: QtBot) -> None:
    with MisbehavingServer(Misbehaviour.NEVER_ENDS) as server:
        outcome = started(engine.run(run_of(server.base_url)))
        qtbot.waitUntil(lambda: bool(outcome.progress), timeout=30_000)
        outcome.job.cancel()
        arrived = len(outcome.progress)
        qtbot.waitUntil(lambda: outcome.count > 0, timeout=5_000)
        finished(qtbot, engine.request("ping"))
    assert len(outcome.progress) == arrived


def test_a_killed_engine_fails_its_runs_with_words_and_the_next_run_works(engine: EngineHost, qtbot: QtBot) -> None:
    with MisbehavingServer(Misbehaviour.NEVER_ENDS) as server:
        outcome = started(engine.run(run_of(server.base_url)))
        qtbot.waitUntil(lambda: bool(outcome.progress), timeout=30_000)
        assert engine.process_id is not None
        os.kill(engine.process_id, signal.SIGKILL)
        qtbot.waitUntil(lambda: outcome.count > 0, timeout=5_000)
    error = outcome.errors[0]
    assert isinstance(error, RunError)
    assert error.kind is FailureKind.ENGINE
    assert error.title
    assert error.hint
    with RecordingServer() as server:
        again = finished(qtbot, engine.run(run_of(server.base_url)))
    assert again.results


def test_starting_twice_starts_one_process(engine: EngineHost) -> None:
    process_id = engine.process_id
    engine.start()
    assert engine.process_id == process_id


def test_a_check_reports_what_answers(engine: EngineHost, qtbot: QtBot) -> None:
    with RecordingServer() as server:
        outcome = finished(qtbot, engine.check(server.base_url, KEY))
        assert server.last.request.carries_key(KEY)
    report = outcome.results[0]
    assert isinstance(report, ConnectionReport)
    assert report.ok
    assert report.models == ("model-one", "model-two")


def test_a_large_attachment_arrives_whole(engine: EngineHost, qtbot: QtBot) -> None:
    image = Attachment("image/png", bytes(range(256)) * 8_000, "large.png")
    with RecordingServer() as server:
        spec = run_of(server.base_url, fields={"supports_vision": True}, images=(image,))
        outcome = finished(qtbot, engine.run(spec))
        parts = server.bodies[-1]["messages"][-1]["content"]
    assert outcome.results
    assert parts[-1]["image_url"]["url"] == image.data_url


def test_no_key_is_among_the_engines_arguments(engine: EngineHost, qtbot: QtBot) -> None:
    with RecordingServer() as server:
        finished(qtbot, engine.run(run_of(server.base_url)))
    process = Path(f"/proc/{engine.process_id}")
    assert KEY.encode() not in (process / "cmdline").read_bytes()
    assert KEY.encode() not in (process / "environ").read_bytes()


def test_stopping_cancels_what_is_under_way_and_leaves_no_process(fresh: EngineHost, qtbot: QtBot) -> None:
    with MisbehavingServer(Misbehaviour.NEVER_ENDS) as server:
        outcome = started(fresh.run(run_of(server.base_url)))
        qtbot.waitUntil(lambda: bool(outcome.progress), timeout=30_000)
        process_id = fresh.process_id
        assert process_id is not None
        fresh.stop()
    assert outcome.cancellations_s
    assert fresh.state is EngineState.STOPPED
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)  # a zombie would still be found


def test_an_engine_that_does_not_heed_the_end_of_its_input_is_killed(
    script_host: list[EngineHost], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gui.engine_host, "_GOODBYE_MS", 200)
    host = host_of(script_host, sys.executable, "-c", SAYS_READY + "import threading; threading.Event().wait()")
    host.start()
    qtbot.waitUntil(lambda: host.state is EngineState.READY, timeout=10_000)
    process_id = host.process_id
    assert process_id is not None
    host.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)


def test_an_engine_that_cannot_be_started_says_so_and_is_tried_again(
    script_host: list[EngineHost], qtbot: QtBot, tmp_path: Path
) -> None:
    program = tmp_path / "engine"
    host = host_of(script_host, str(program))
    first = finished(qtbot, host.request("ping"))
    assert host.state is EngineState.FAILED
    assert isinstance(first.errors[0], RunError)
    assert first.errors[0].kind is FailureKind.ENGINE
    program.write_text(f'#!{sys.executable}\nprint(\'{{"type":"pong","id":2}}\', flush=True); input(); input()\n')
    program.chmod(0o700)
    assert finished(qtbot, host.request("ping")).results


def test_an_engine_that_always_dies_is_given_up(
    script_host: list[EngineHost], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RestartRule, "PAUSES_S", (0.0, 0.01, 0.01))
    host = host_of(script_host, sys.executable, "-c", "raise SystemExit(3)")
    host.start()
    qtbot.waitUntil(lambda: host.state is EngineState.FAILED, timeout=10_000)
    assert host.process_id is None


def test_an_engine_that_does_not_confirm_a_cancellation_is_ended(
    script_host: list[EngineHost], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gui.engine_host, "CANCEL_LIMIT_MS", 300)
    host = host_of(script_host, sys.executable, "-c", SAYS_READY + "sys.stdin.read()")
    host.start()
    qtbot.waitUntil(lambda: host.state is EngineState.READY, timeout=10_000)
    hung = host.process_id
    outcome = started(host.request("run", {"spec": {}}))
    stopped_s = perf_counter()
    outcome.job.cancel()
    qtbot.waitUntil(lambda: outcome.count > 0, timeout=2_000)
    assert outcome.cancellations_s[0] - stopped_s < 0.2
    qtbot.waitUntil(lambda: host.process_id not in (None, hung), timeout=5_000)


def test_an_engine_that_writes_no_messages_is_ended(
    script_host: list[EngineHost], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RestartRule, "PAUSES_S", ())
    host = host_of(script_host, sys.executable, "-c", "print('Welcome!', flush=True); input(); input()")
    outcome = finished(qtbot, host.request("ping"))
    assert outcome.errors
    assert host.state is EngineState.FAILED


def test_what_the_engine_says_aside_goes_to_the_log_without_keys(
    script_host: list[EngineHost], qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    said = f"print('Authorization: Bearer {KEY}', file=sys.stderr, flush=True); sys.stdin.read()"
    host = host_of(script_host, sys.executable, "-c", SAYS_READY + said)
    with caplog.at_level(logging.WARNING):
        host.start()
        qtbot.waitUntil(lambda: "Authorization" in caplog.text, timeout=10_000)
    assert KEY not in caplog.text


def test_a_key_in_use_that_looks_like_none_does_not_reach_the_log_either(
    script_host: list[EngineHost], qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    key = "Plain words of 1 endpoint"
    said = f"sys.stdin.readline(); print({'.' * 3_990 + key!r}, 'end', sep='\\n', file=sys.stderr, flush=True); "
    host = host_of(script_host, sys.executable, "-c", SAYS_READY + said + "sys.stdin.read()")
    with caplog.at_level(logging.WARNING):
        started(host.check("http://127.0.0.1:9/v1", key))
        qtbot.waitUntil(lambda: "engine: end" in caplog.text, timeout=10_000)
    assert key[:10] not in caplog.text
    assert "[key]" in caplog.text
