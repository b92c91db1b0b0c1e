"""Why a measurement found nothing: told from the receipts of real measurements of servers that fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import FailureKind
from core.report_failures import failure_of
from core.verdicts import Report
from tests.measured import measure_at
from tests.servers.capable import CapableServer
from tests.servers.loopback import closed_port
from tests.servers.misbehaving import MisbehavingServer
from tests.servers.misbehaviours import Misbehaviour

_M, _K = Misbehaviour, FailureKind


@pytest.mark.parametrize(
    ("kind", "meant", "status", "hint"),
    [
        (_M.NOT_ALLOWED, _K.AUTH, 403, "Check the API key in Providers."),
        (_M.MODEL_NOT_FOUND, _K.NOT_FOUND, 404, "Check the model ID, or the base URL."),
        (_M.HTML, _K.NOT_JSON, 200, "Check the base URL, most end in /v1, or look at its log."),
        (_M.SERVER_ERROR, _K.SERVER_ERROR, 500, "Try again, or look at its log."),
    ],
)
async def test_an_endpoint_that_fails_is_told_with_what_to_do(
    kind: Misbehaviour, meant: FailureKind, status: int, hint: str
) -> None:
    with MisbehavingServer(kind) as server:
        report = await measure_at(server.base_url)
    failure = failure_of(report)
    assert failure is not None
    assert (failure.kind, failure.status, failure.hint) == (meant, status, hint)
    assert failure.title == report.stopped_by


async def test_an_address_where_nothing_listens_is_told() -> None:
    failure = failure_of(await measure_at(f"http://127.0.0.1:{closed_port()}/v1"))
    assert failure is not None
    assert failure.kind is FailureKind.REFUSED
    assert failure.status is None
    assert failure.title.startswith("Nothing answers at")
    assert failure.hint == "Check that the server runs, and its base URL."


async def test_the_endpoints_own_words_come_along_without_the_key() -> None:
    with MisbehavingServer(Misbehaviour.ECHOES_KEY) as server:
        failure = failure_of(await measure_at(server.base_url, key="sk-muster-echoed-0123456789"))
    assert failure is not None
    assert failure.detail
    assert "sk-muster-echoed" not in f"{failure} {failure.detail}"


async def test_what_was_measured_or_stopped_by_the_person_is_no_failure() -> None:
    with CapableServer() as server:
        report = await measure_at(server.base_url)
    assert failure_of(report) is None
    assert failure_of(Report(partial=True, stopped_by="It was stopped.")) is None
    assert failure_of(replace(report, verdicts={}, stopped_by="It was stopped.")) is None
