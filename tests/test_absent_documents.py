"""What an endpoint was found not to have is not asked for again for some minutes; what it has is."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from typing_extensions import override

from core.absent_documents import AbsentDocuments
from core.declaration_rules import DocumentKind
from core.discovery import describe_model, discover_spec
from core.endpoint_facts import spec_of
from core.measuring import Limits
from tests.measured import measure_at
from tests.measured import spec_of as measurement_of
from tests.servers.answers import Reply, json_reply
from tests.servers.capable import CapableServer
from tests.servers.declaring import DeclaringServer, openai_list
from tests.servers.loopback import Connection, Request
from tests.servers.openai_wire import model_list


def paths(server: CapableServer, since: int = 0) -> list[str]:
    return [request.path for request in server.requests[since:] if request.method == "GET"]


class SparseServer(CapableServer):
    """Has a list of models and nothing else; each other document is a 404, or hangs."""

    def __init__(self, *, hangs: bool = False) -> None:
        super().__init__()
        self.models = ["model-one"]
        self._hangs = hangs

    @override
    def respond(self, request: Request, connection: Connection) -> None:
        if request.method != "GET":
            super().respond(request, connection)
            return
        self._record(request)
        if self._hangs and not request.path.endswith("/v1/models"):
            connection.wait(30)
            return
        found = request.path == "/v1/models"
        reply: Reply = model_list(*self.models) if found else json_reply({"detail": "Not Found"}, status=404)
        connection.start(reply.status, {"Content-Type": reply.content_type}, length_bytes=len(reply.pieces[0]))
        connection.write(reply.pieces[0])
        connection.finish()


def test_measuring_one_model_after_the_other_asks_for_missing_documents_once() -> None:
    async def measure_two(base_url: str) -> list[int]:
        counts = []
        for _ in range(2):
            before = len(server.requests)
            await measure_at(base_url, limits=Limits(calls=2))
            counts.append(len(paths(server, before)))
        return counts

    with SparseServer() as server:
        first, second = asyncio.run(measure_two(server.base_url))
    assert first > 5
    assert second == 1


def test_looking_for_models_oneself_asks_for_everything_again() -> None:
    with SparseServer() as server:
        measurement = measurement_of(server.base_url)
        spec = replace(spec_of(measurement.provider, measurement.connection), describe=())
        asyncio.run(discover_spec(spec))
        first = len(server.requests)
        asyncio.run(discover_spec(spec))
    assert len(server.requests) == 2 * first > 2


def test_another_server_at_the_same_address_is_asked_anew() -> None:
    with SparseServer() as server:
        measurement = measurement_of(server.base_url)
        spec = spec_of(measurement.provider, measurement.connection)
        asyncio.run(describe_model(spec))
        first = len(server.requests)
        server.models = ["another-model"]
        asyncio.run(describe_model(spec))
    assert len(server.requests) == 2 * first


def test_documents_that_hang_hold_a_measurement_up_for_two_seconds_at_most() -> None:
    with SparseServer(hangs=True) as server:
        started_s = time.monotonic()
        asyncio.run(measure_at(server.base_url, limits=Limits(calls=2)))
        took_s = time.monotonic() - started_s
    assert took_s < 5


def test_what_is_there_is_asked_for_each_time() -> None:
    """A server may be started anew with another template."""
    props = {"chat_template": "one", "default_generation_settings": {"n_ctx": 2048}, "model_alias": "model-one"}
    listed = openai_list({"id": "model-one", "owned_by": "llamacpp"})
    with DeclaringServer({"/v1/models": listed, "/props": props}) as server:
        measurement = measurement_of(server.base_url)
        spec = spec_of(measurement.provider, measurement.connection)
        for _ in range(2):
            asyncio.run(describe_model(spec))
        assert server.paths.count("/props") == 2


def test_it_is_forgotten_after_a_while() -> None:
    now_s = 0.0
    absent = AbsentDocuments(remembered_s=300, clock=lambda: now_s)
    absent.note("http://host", DocumentKind.SGLANG)
    now_s = 299.0
    assert absent.has("http://host", DocumentKind.SGLANG)
    assert not absent.has("http://other", DocumentKind.SGLANG)
    now_s = 300.0
    assert not absent.has("http://host", DocumentKind.SGLANG)
