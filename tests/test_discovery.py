"""Discovery lists what a provider offers, whatever shape its list has, and says in words why it cannot."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import pytest

from core.connections import connection_for
from core.discovery import discover, discover_spec, is_near, prepare_discovery
from core.discovery_preparation import prepare_description
from core.endpoint_facts import endpoint_facts, spec_of
from core.engine_client import EngineClient
from core.errors import FailureKind, MusterError, ProviderNotReady, RunError
from core.model_listing import listing_url
from core.offered_models import DiscoverySpec, OfferedModel, compare_offers
from core.providers import PROVIDERS, ModelListing
from core.resolver import resolve
from tests.rolls import BOX, builtin, custom, open_roll, write_roll
from tests.run_specs import KEY, run_of
from tests.servers.answers import json_reply
from tests.servers.declaring import (
    HOSTED_ENTRIES,
    DeclaringServer,
    Table,
    as_bytes,
    big_list,
    endless_list,
    html,
    lm_studio,
    ollama,
    openai_list,
    paged_list,
    redirect,
    tabby_api,
)
from tests.servers.llama_kinds import LlamaKind, LlamaOf
from tests.servers.loopback import Request, closed_port
from tests.servers.misbehaving import MisbehavingServer
from tests.servers.misbehaviours import Misbehaviour
from tests.servers.provider_addresses import PROJECT, made_up_service_account
from tests.servers.recording import RecordingServer

K, M = FailureKind, Misbehaviour


def box(base_url: str, key: str | None = None, **values: Any) -> DiscoverySpec:
    secrets = {"api_key": key} if key else {}
    return DiscoverySpec("Box", ModelListing.OPENAI, base_url, secrets=secrets, provider_type="custom", **values)


def ids(models: list[OfferedModel]) -> list[str]:
    return [model.model_id for model in models]


# ---------------------------------------------------------------------------------------------------- through the roll


async def test_a_custom_providers_models_are_listed_with_its_key(tmp_path: Path) -> None:
    with RecordingServer() as server:
        providers = [{"name": "Box", "base_url": server.url, "api_key": KEY}]
        registry = open_roll(write_roll(tmp_path / "settings.yaml", openai_compatible_providers=providers))
        models = await discover(registry, "Box")
        assert all(request.carries_key(KEY) for request in server.requests)
    assert ids(models) == ["model-one", "model-two"]
    assert models[0].raw["id"] == "model-one"


async def test_a_local_built_in_provider_needs_no_key(tmp_path: Path) -> None:
    with DeclaringServer(ollama()) as server:
        registry = open_roll(write_roll(tmp_path / "settings.yaml", ollama_base_url=server.url))
        models = await discover(registry, "ollama")
        assert all(not request.credential_places for request in server.requests)
    assert "qwen3:8b" in ids(models)


async def test_the_providers_type_tells_two_of_the_same_name_apart(tmp_path: Path) -> None:
    with RecordingServer() as server:
        providers = [{"name": "ollama", "base_url": server.base_url}]
        registry = open_roll(write_roll(tmp_path / "settings.yaml", openai_compatible_providers=providers))
        assert prepare_discovery(registry, "ollama").provider_type == "builtin"
        assert ids(await discover(registry, "ollama", provider_type="custom")) == ["model-one", "model-two"]


@pytest.mark.parametrize("provider", ["openai", "No such", "kiln_custom_registry", "typesafe"])
async def test_a_provider_that_cannot_be_asked_is_refused_in_words(tmp_path: Path, provider: str) -> None:
    registry = open_roll(tmp_path / "settings.yaml")
    with pytest.raises(ProviderNotReady) as caught:
        await discover(registry, provider)
    assert caught.value.title.endswith(".")
    assert caught.value.hint.endswith((".", "KEY"))


@pytest.mark.parametrize("base_url", ["::::", "http://[bad"])
def test_a_stored_address_that_is_none_is_refused_in_words(tmp_path: Path, base_url: str) -> None:
    providers = [{"name": "Box", "base_url": base_url}]
    registry = open_roll(write_roll(tmp_path / "settings.yaml", openai_compatible_providers=providers))
    with pytest.raises(ProviderNotReady, match="not an http or https address"):
        prepare_discovery(registry, "Box")


def test_every_provider_that_runs_can_be_asked_for_its_models(tmp_path: Path) -> None:
    environment = {field.env_var: "made-up" for row in PROVIDERS for field in row.credentials if not field.default}
    environment["AZURE_OPENAI_ENDPOINT"] = "https://made-up.example"
    registry = open_roll(tmp_path / "settings.yaml", **environment)
    for row in (row for row in PROVIDERS if row.runs):
        spec = prepare_discovery(registry, str(row.name))
        assert spec.base_url.startswith("http"), row.name
        assert spec.listing is not ModelListing.NONE
        assert DiscoverySpec.from_wire(spec.to_wire()) == spec
        assert "made-up-secret" not in repr(spec)


# ------------------------------------------------------------------------------------------------ each kind of listing


@pytest.mark.parametrize(
    ("listing", "path", "place"),
    [
        (ModelListing.OPENAI, "/v1", "authorization"),
        (ModelListing.ANTHROPIC, "/v1", "x-api-key"),
        (ModelListing.GEMINI, "/v1beta", "x-goog-api-key"),
        (ModelListing.OLLAMA, "/v1", "authorization"),
        (ModelListing.AZURE, "", "api-key"),
    ],
)
async def test_each_kind_of_list_is_read_with_the_key_in_its_place(
    listing: ModelListing, path: str, place: str
) -> None:
    with RecordingServer() as server:
        models = await discover_spec(DiscoverySpec("any", listing, server.url + path, secrets={"api_key": KEY}))
        assert {request.credential_places for request in server.requests} == {(place,)}
    assert ids(models) == ["model-one", "model-two"]


async def test_azures_deployments_come_before_its_models() -> None:
    table: Table = {
        "/openai/deployments": {"data": [{"id": "my-deployment", "model": "gpt-4o", "status": "succeeded"}]},
        "/openai/models": {"data": [{"id": "gpt-4o"}]},
    }
    with DeclaringServer(table) as server:
        models = await discover_spec(DiscoverySpec("azure_openai", ModelListing.AZURE, server.url))
    assert ids(models) == ["my-deployment"]


async def test_bedrock_is_asked_with_a_signature_and_its_profiles_know_what_their_models_can() -> None:
    model = {"modelId": "anthropic.claude-x", "inputModalities": ["TEXT", "IMAGE"], "outputModalities": ["TEXT"]}
    table: Table = {
        "/foundation-models": {"modelSummaries": [model, {"modelId": "img", "outputModalities": ["IMAGE"]}]},
        "/inference-profiles": {"inferenceProfileSummaries": [{"inferenceProfileId": "us.anthropic.claude-x"}]},
    }
    secrets = {"aws_access_key_id": "AKIAMADEUP0123456789", "aws_secret_access_key": "made-up-secret"}
    with DeclaringServer(table) as server:
        spec = DiscoverySpec("amazon_bedrock", ModelListing.BEDROCK, server.url, secrets=secrets)
        models = {offered.model_id: offered for offered in await discover_spec(spec)}
        assert all(request.carries_key("AKIAMADEUP0123456789") for request in server.requests)
    assert models["us.anthropic.claude-x"].declared["supports_vision"] is True
    assert models["img"].answers_chat is False


async def test_vertex_is_asked_with_the_persons_own_google_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table: Table = {
        "POST /token": {"access_token": "made-up-token", "expires_in": 3600, "token_type": "Bearer"},
        "/v1beta1/publishers/google/models": {"publisherModels": [{"name": "publishers/google/models/gemini-x"}]},
    }
    with DeclaringServer(table) as server:
        account = tmp_path / "account.json"
        account.write_text(made_up_service_account(f"{server.url}/token"), encoding="utf-8")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
        arguments = {"vertex_project": PROJECT}
        spec = DiscoverySpec("vertex", ModelListing.VERTEX, server.url, arguments=arguments)
        models = await discover_spec(spec)
        assert server.requests[-1].carries_key("made-up-token")
        assert server.requests[-1].headers["x-goog-user-project"] == PROJECT
    assert ids(models) == ["gemini-x"]


async def test_vertex_without_credentials_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(RunError) as caught:
        await discover_spec(DiscoverySpec("vertex", ModelListing.VERTEX, "http://127.0.0.1:9"))
    assert caught.value.kind is K.AUTH
    assert "gcloud" in caught.value.hint


# ----------------------------------------------------------------------------------------------------------- odd lists


@pytest.mark.parametrize("names_last", [True, False])
async def test_every_page_is_read(names_last: bool) -> None:
    pages = [["a", "b"], ["c", "d"], ["e"]]
    with DeclaringServer({"/v1/models": paged_list(pages, names_last=names_last)}) as server:
        assert ids(await discover_spec(box(server.base_url))) == ["a", "b", "c", "d", "e"]


async def test_googles_pages_are_read_too() -> None:
    def answer(request: Request) -> dict[str, Any]:
        if "pageToken" in request.query:
            return {"models": [{"name": "models/second"}]}
        return {"models": [{**HOSTED_ENTRIES["gemini"], "name": "models/first"}], "nextPageToken": "t"}

    with DeclaringServer({"/v1beta/models": answer}) as server:
        models = await discover_spec(DiscoverySpec("gemini_api", ModelListing.GEMINI, f"{server.url}/v1beta"))
    assert ids(models) == ["first", "second"]


async def test_pages_without_end_are_left() -> None:
    with DeclaringServer({"/v1/models": endless_list()}) as server:
        assert ids(await discover_spec(box(server.base_url))) == ["model-one", "model-two"]
        assert server.paths.count("/v1/models") == 2


async def test_a_page_that_fails_is_a_failure_and_not_a_shorter_list() -> None:
    def answer(request: Request) -> Any:
        if "after" in request.query:
            return json_reply({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "3"})
        return openai_list({"id": "a"}, has_more=True, last_id="a")

    with DeclaringServer({"/v1/models": answer}) as server, pytest.raises(RunError) as caught:
        await discover_spec(box(server.base_url))
    assert (caught.value.kind, caught.value.retry_after_s) == (K.RATE_LIMITED, 3)


async def test_ten_thousand_models_take_no_long_time() -> None:
    with DeclaringServer({"/v1/models": big_list(10_000)}) as server:
        started_s = time.perf_counter()
        models = await discover_spec(box(server.base_url))
        taken_s = time.perf_counter() - started_s
    assert len(models) == 10_000
    assert taken_s < 5


SHAPES: list[Any] = [
    ["model-one", "model-two"],
    [{"id": "model-one"}, {"id": "model-two"}],
    {"data": ["model-one", "model-two"]},
    {"models": [{"name": "model-one"}, {"model": "model-two"}]},
    {"data": [{"id": " model-one "}, {"id": "model-two"}, {"id": "model-two"}, {"id": "model-one", "x": 1}]},
    {"data": [{"id": 7}, None, 3, [], {}, {"id": ""}, {"id": "a\nb"}, {"id": "x" * 9000}, "model-one", "model-two"]},
    {"result": [{"name": "model-one"}, {"name": "model-two"}]},
    {"data": [{"id": None, "name": "model-one"}, {"id": "model-two"}], "error": None},
]


@pytest.mark.parametrize("shape", SHAPES, ids=range(len(SHAPES)))
async def test_odd_shapes_are_read_and_each_model_comes_once(shape: Any) -> None:
    with DeclaringServer({"/v1/models": as_bytes(shape)}) as server:
        assert ids(await discover_spec(box(server.base_url))) == ["model-one", "model-two"]


@pytest.mark.parametrize("body", [{"data": []}, [], {"object": "list", "data": None}, {"models": []}])
async def test_an_empty_list_is_no_failure(body: Any) -> None:
    with DeclaringServer({"/v1/models": as_bytes(body)}) as server:
        assert await discover_spec(box(server.base_url)) == []


@pytest.mark.parametrize("body", [b"{}", b"[1, 2", b'{"data": 7}', b'"models"', b"", b"[" * 100_000, b"\xff\xfe"])
async def test_what_is_no_list_of_models_is_not_taken_for_one(body: bytes) -> None:
    with DeclaringServer({"/v1/models": as_bytes(body)}) as server, pytest.raises(RunError) as caught:
        await discover_spec(box(server.base_url))
    assert caught.value.kind is K.NOT_JSON


async def test_an_error_in_an_answer_of_status_200_is_that_error() -> None:
    body = {"error": {"message": "Invalid API key", "code": 401}}
    with DeclaringServer({"/v1/models": as_bytes(body)}) as server, pytest.raises(RunError) as caught:
        await discover_spec(box(server.base_url))
    assert caught.value.kind is K.AUTH


async def test_a_web_page_is_said_to_be_one() -> None:
    with DeclaringServer({}, elsewhere=html()) as server, pytest.raises(RunError) as caught:
        await discover_spec(box(server.base_url))
    assert caught.value.kind is K.NOT_JSON
    assert "web page" in caught.value.title


async def test_an_endless_answer_is_left() -> None:
    huge = as_bytes(b'{"data": [' + b'{"id": "a"},' * 3_000_000)
    with DeclaringServer({"/v1/models": huge}) as server, pytest.raises(RunError) as caught:
        await discover_spec(box(server.base_url))
    assert "MB" in caught.value.title


@pytest.mark.parametrize(("table", "expected"), [(lm_studio(), 3), (tabby_api(), 1), (ollama(), 4)])
async def test_where_the_list_is_missing_the_servers_other_documents_name_its_models(
    table: dict[str, Any], expected: int
) -> None:
    own = {path: value for path, value in table.items() if path != "/v1/models"}
    with DeclaringServer(own) as server:
        assert len(await discover_spec(box(server.base_url))) == expected


async def test_ollamas_address_may_lead_to_another_server() -> None:
    with DeclaringServer({"/v1/models": openai_list({"id": "gguf"})}) as server:
        spec = DiscoverySpec("ollama", ModelListing.OLLAMA, server.base_url)
        assert ids(await discover_spec(spec)) == ["gguf"]


async def test_a_server_without_any_list_says_that_it_can_still_be_used() -> None:
    with DeclaringServer({}) as server, pytest.raises(RunError) as caught:
        await discover_spec(box(server.base_url))
    assert caught.value.kind is K.NOT_FOUND
    assert "answers, but lists no models" in caught.value.title


# ------------------------------------------------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (M.ECHOES_KEY, K.AUTH),
        (M.NOT_ALLOWED, K.AUTH),
        (M.RATE_LIMITED, K.RATE_LIMITED),
        (M.SERVER_ERROR, K.SERVER_ERROR),
        (M.HTML, K.NOT_JSON),
        (M.WRONG_PATH, K.NOT_FOUND),
        (M.DROPS_CONNECTION, K.DISCONNECTED),
        (M.NEVER_ANSWERS, K.TIMEOUT),
        (M.REDIRECTS, K.OTHER),
    ],
)
async def test_a_misbehaving_server_is_named_by_kind_and_never_by_key(
    kind: Misbehaviour, expected: FailureKind, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with MisbehavingServer(kind) as server, pytest.raises(RunError) as caught:
        await discover_spec(box(server.base_url, KEY, timeout_s=0.5))
    assert caught.value.kind is expected
    assert KEY not in str(caught.value) + caught.value.detail + caplog.text


async def test_a_closed_port_is_refused() -> None:
    with pytest.raises(RunError) as caught:
        await discover_spec(box(f"http://127.0.0.1:{closed_port()}/v1"))
    assert caught.value.kind is K.REFUSED


@pytest.mark.parametrize("address", ["", "localhost:8080", "ftp://host/v1", "http://", "http://[::1"])
async def test_what_is_no_web_address_is_said_to_be_none(address: str) -> None:
    with pytest.raises(RunError, match="not a web address"):
        await discover_spec(box(address))


async def test_a_key_that_cannot_be_sent_is_said_to_be_one() -> None:
    with pytest.raises(RunError) as caught:
        await discover_spec(box("http://127.0.0.1:9/v1", "sk-“quoted”"))
    assert caught.value.kind is K.AUTH


async def test_a_redirect_on_the_same_host_is_followed_with_the_key() -> None:
    table: Table = {"/v1/models": redirect("/v1/models/"), "/v1/models/": openai_list({"id": "a", "owned_by": "vllm"})}
    with DeclaringServer(table) as server:
        assert ids(await discover_spec(box(server.base_url, KEY))) == ["a"]
        assert all(request.carries_key(KEY) for request in server.requests)


async def test_a_redirect_in_a_circle_ends() -> None:
    with DeclaringServer({"/v1/models": redirect("/v1/models")}) as server, pytest.raises(RunError) as caught:
        await discover_spec(box(server.base_url, KEY))
    assert "another address" in caught.value.title
    assert len(server.requests) < 20


@pytest.mark.parametrize("target", ["{other}/v1/models", "//{authority}/v1/models", "http://x@{own}/v1/models"])
async def test_a_redirect_to_another_host_is_not_followed(target: str) -> None:
    with RecordingServer() as other, DeclaringServer({}) as server:
        authority = other.url.removeprefix("http://")
        place = target.format(other=other.url, authority=authority, own=server.url.removeprefix("http://"))
        server.elsewhere = redirect(place)
        with pytest.raises(RunError, match="another address"):
            await discover_spec(box(server.base_url, KEY))
        assert other.requests == []


async def test_slow_further_documents_do_not_hold_the_list_up() -> None:
    def never(_request: Request) -> dict[str, Any]:
        server.stopping.wait(20)
        return {}

    table: Table = {"/v1/models": openai_list({"id": "a", "owned_by": "llamacpp"}), "/props": never}
    with DeclaringServer(table) as server:
        assert ids(await discover_spec(box(server.base_url, timeout_s=0.5))) == ["a"]


async def test_a_distant_endpoint_is_asked_for_its_list_alone() -> None:
    with DeclaringServer({"/v1/models": openai_list({"id": "a", "owned_by": "someone"})}) as server:
        await discover_spec(DiscoverySpec("openai", ModelListing.OPENAI, server.base_url))
        assert server.paths == ["/v1/models"]


# ---------------------------------------------------------------------------------------------------- across the pipe


async def test_the_engine_process_discovers_as_this_one_does() -> None:
    with DeclaringServer(lm_studio()) as server:
        async with EngineClient() as client:
            assert await client.discover(box(server.base_url, KEY)) == await discover_spec(box(server.base_url, KEY))
            server.table = {"/v1/models": big_list(1500)}
            many = await client.discover(box(server.base_url))
            assert (len(many), many[0].raw) == (1500, {})
            with pytest.raises(MusterError, match="Nothing answers"):
                await client.discover(box(f"http://127.0.0.1:{closed_port()}/v1"))


# --------------------------------------------------------------------------------------------------------- comparison


def test_offers_are_compared_with_the_roll_and_with_the_last_listing(tmp_path: Path) -> None:
    rows = [custom("known").to_mapping() | {"id": "1"}, builtin("fresh", "ollama").to_mapping() | {"id": "2"}]
    path = write_roll(tmp_path / "settings.yaml", openai_compatible_providers=[BOX], user_model_registry=rows)
    registry = open_roll(path)
    offered = [OfferedModel("fresh"), OfferedModel("known")]
    new, registered, gone = compare_offers(registry, "Box", offered, ["known", "old", "old"])
    assert ids(list(new)) == ["fresh"]
    assert ids(list(registered)) == ["known"]
    assert gone == ("old",)
    assert compare_offers(registry, "Box", offered, None).gone == ()


# ------------------------------------------------------------------------------------------ the run's own endpoint


async def test_a_runs_own_endpoint_tells_of_the_model_and_of_itself(llama_of: LlamaOf) -> None:
    server = llama_of(LlamaKind.TOOLS)
    spec = run_of(server.base_url, model=server.model)
    offered, fingerprint = await endpoint_facts(spec.provider, spec.connection)
    assert offered is not None
    assert offered.limits["context_tokens"] == 2048
    assert (fingerprint.base_url, fingerprint.model) == (server.base_url, server.model)
    assert fingerprint.chat_template
    assert fingerprint.quantisation == "Q4_1"
    other = llama_of(LlamaKind.PLAIN)
    plain = run_of(other.base_url, model=other.model)
    _, another = await endpoint_facts(plain.provider, plain.connection)
    assert fingerprint.differences(another) == ("base_url", "chat_template")


async def test_an_endpoint_that_says_nothing_still_has_a_fingerprint() -> None:
    spec = run_of(f"http://127.0.0.1:{closed_port()}/v1", model="m")
    offered, fingerprint = await endpoint_facts(spec.provider, spec.connection)
    assert offered is None
    assert fingerprint.to_text() == f'{{"base_url":"{spec.connection.api_base}","model":"m"}}'


def test_a_measurement_asks_where_discovery_asks(tmp_path: Path) -> None:
    environment = {field.env_var: "made-up" for row in PROVIDERS for field in row.credentials if not field.default}
    environment["AZURE_OPENAI_ENDPOINT"] = "https://made-up.example"
    registry = open_roll(write_roll(tmp_path / "settings.yaml", openai_compatible_providers=[BOX]), **environment)
    entries = [builtin("model", str(row.name)) for row in PROVIDERS if row.runs] + [custom("model")]
    for entry in entries:
        resolved = resolve(registry, entry)
        asked = spec_of(resolved.provider, connection_for(registry, resolved))
        listed = prepare_description(registry, entry)
        assert (asked.listing, asked.base_url) == (listed.listing, listed.base_url), entry
        assert listing_url(asked) == listing_url(listed)
        assert (asked.secrets, asked.arguments, asked.describe) == (listed.secrets, listed.arguments, ("model",)), entry
        assert (asked.provider_id, asked.provider_type) == (entry.provider_id, entry.provider_type)


async def test_a_private_network_is_near_and_the_world_is_not() -> None:
    near = [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "192.168.1.5",
        "10.0.0.1",
        "box",
        "box.local",
        "model-runner.docker.internal",
    ]
    far = ["api.openai.com", "8.8.8.8", "[2606:4700::1111]"]
    assert [host for host in near if not is_near(f"http://{host}:8080/v1")] == []
    assert [host for host in far if is_near(f"https://{host}/v1")] == []


@pytest.mark.parametrize("location", ["http://[::1", "//", "http://:99999/"])
async def test_a_redirect_to_no_address_is_said_in_words(location: str) -> None:
    with DeclaringServer({"/v1/models": redirect(location)}) as server, pytest.raises(RunError):
        await discover_spec(box(server.base_url, KEY))


async def test_bedrock_without_profiles_still_lists_its_models() -> None:
    table: Table = {"/foundation-models": {"modelSummaries": [{"modelId": "amazon.nova"}]}}
    with DeclaringServer(table) as server:
        models = await discover_spec(DiscoverySpec("amazon_bedrock", ModelListing.BEDROCK, server.url))
    assert ids(models) == ["amazon.nova"]


async def test_pages_that_came_before_the_time_was_over_are_kept() -> None:
    def page(request: Request) -> dict[str, Any]:
        if "after" in request.query:
            server.stopping.wait(10)
        return openai_list({"id": "first"}, {"id": "second"}, has_more=True)

    with DeclaringServer({"/v1/models": page}) as server:
        spec = DiscoverySpec("Box", ModelListing.OPENAI, server.base_url, timeout_s=1, provider_type="custom")
        offered = await discover_spec(spec)
    assert [model.model_id for model in offered] == ["first", "second"]
