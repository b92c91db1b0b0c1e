"""Measuring: what a server can and cannot do is found out, within limits, and turned into settings."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from core.discovery import origin_here
from core.engine import load_litellm
from core.engine_client import EngineClient
from core.entry import UserModelEntry
from core.errors import RunError
from core.measured_settings import findings_of_files
from core.measuring import Limits, Report, estimate, measure, measure_spec, prepare_measurement, rank_modes
from core.mode_ranking import rank_spec
from core.probes.trials import Finding
from core.verdicts import ModeResult, Outcome, Progress, wilson_interval
from tests.measured import NO, OPEN, YES, measure_at, measure_registered, spec_of, thorough_limits
from tests.rolls import open_roll, write_roll
from tests.run_specs import KEY, SCHEMA, run_of
from tests.servers.answers import Answer, Reply, json_reply
from tests.servers.capable import Ability, CapableServer
from tests.servers.misbehaving import MisbehavingServer
from tests.servers.misbehaviours import Misbehaviour
from tests.servers.openai_wire import chat_completion
from tests.servers.particular import ParticularServer

A = Ability


@pytest.fixture(scope="module", autouse=True)
def litellm_loaded() -> None:
    """The import takes seconds that belong to no measurement."""
    load_litellm()


def report_of(server: CapableServer, limits: Limits | None = None, seed: int = 1) -> Report:
    with server:
        return asyncio.run(measure_at(server.base_url, limits=limits, seed=seed))


def test_a_server_that_can_do_everything_gets_every_yes() -> None:
    report = report_of(CapableServer())
    assert report.overrides == {
        "supports_structured_output": True,
        "structured_output_mode": "json_schema",
        "supports_function_calling": True,
        "supports_logprobs": True,
        "supports_vision": True,
        "reasoning_capable": False,
    }
    assert report.facts["acceptance"]["value"] == "yes"
    assert report.facts["system_role"]["value"] == "yes"
    assert not report.partial


def test_a_server_that_can_do_nothing_gets_no_yes() -> None:
    report = report_of(CapableServer(list(A)))
    assert not [name for name, verdict in report.verdicts.items() if verdict.value is YES]
    assert report.overrides["structured_output_mode"] == "json_instructions"
    assert report.overrides["supports_structured_output"] is False


@pytest.mark.parametrize(
    ("missing", "field"),
    [
        ({A.TOOLS, A.FORCED_TOOL}, "supports_function_calling"),
        ({A.LOGPROBS}, "supports_logprobs"),
        ({A.VISION}, "supports_vision"),
    ],
    ids=str,
)
def test_one_missing_ability_is_one_no(missing: set[Ability], field: str) -> None:
    report = report_of(CapableServer(missing))
    assert [name for name in report.overrides if name.startswith("supports") and not report.overrides[name]] == [field]


def test_tools_that_only_a_forced_call_reaches_are_neither_yes_nor_no() -> None:
    verdict = report_of(CapableServer({A.TOOLS})).verdicts["supports_function_calling"]
    assert verdict.value is OPEN
    assert "when it is forced to" in verdict.reason


@pytest.mark.parametrize(
    ("missing", "mode"),
    [
        (set(), "json_schema"),
        ({A.SCHEMA}, "function_calling"),
        ({A.SCHEMA, A.STRICT_TOOLS}, "function_calling_weak"),
        ({A.SCHEMA, A.FORCED_TOOL}, "json_instruction_and_object"),
        ({A.SCHEMA, A.FORCED_TOOL, A.JSON_OBJECT}, "json_instructions"),
    ],
    ids=str,
)
def test_the_strongest_mode_that_works_is_chosen(missing: set[Ability], mode: str) -> None:
    report = report_of(CapableServer(missing))
    assert report.overrides["structured_output_mode"] == mode
    assert report.overrides["supports_structured_output"] is True
    assert report.facts["acceptance"]["value"] == "yes"


def test_a_schema_enforced_only_with_strict_is_told_and_not_chosen() -> None:
    report = report_of(CapableServer({A.SCHEMA_WITHOUT_STRICT}))
    assert report.overrides["structured_output_mode"] == "function_calling"
    assert report.facts["json_schema_strict"]["value"] == "yes"


def test_a_tool_call_whose_result_is_not_used_is_no_yes() -> None:
    report = report_of(CapableServer({A.TOOL_RESULTS}))
    assert report.verdicts["supports_function_calling"].value is OPEN


@pytest.mark.parametrize("reasoning_field", ["reasoning_content", "reasoning"])
def test_reasoning_that_the_server_separates_needs_no_parser(reasoning_field: str) -> None:
    report = report_of(CapableServer(thought="Let me see.", reasoning_field=reasoning_field))
    assert report.overrides["reasoning_capable"] is True
    assert report.verdicts["parser"].value is NO
    assert "parser" not in report.overrides
    assert report.overrides["reasoning_optional_for_structured_output"] is False


@pytest.mark.parametrize("thinks_under_schema", [True, False])
def test_reasoning_in_tags_gets_the_parser_and_whether_a_schema_stops_it(thinks_under_schema: bool) -> None:
    report = report_of(CapableServer(thought="Let me see.", thinks_under_schema=thinks_under_schema))
    assert report.overrides["parser"] == "r1_thinking"
    assert report.overrides["reasoning_capable"] is True
    assert report.overrides["reasoning_optional_for_structured_output"] is not thinks_under_schema
    assert report.facts["acceptance"]["value"] == "yes"


def test_a_server_that_neither_streams_nor_counts_is_measured_all_the_same() -> None:
    report = report_of(CapableServer({A.STREAMING, A.USAGE}))
    assert report.facts["streaming"] is False
    assert report.overrides["structured_output_mode"] == "json_schema"
    assert report.overrides["supports_vision"] is True


@pytest.mark.parametrize("words", [20, 400, 4000], ids=lambda words: f"{words} words of thinking")
def test_what_the_server_counts_never_exceeds_the_limits(words: int) -> None:
    server = CapableServer(thought="I wonder. " * words)
    report = report_of(server)
    counted = sum(server.tokens_of(body) for body in server.bodies)
    assert len(server.bodies) == report.calls <= 20
    assert counted <= 6000


@pytest.mark.parametrize("calls", [1, 2, 5, 9])
def test_fewer_calls_give_a_partial_report_and_keep_what_is_known(calls: int) -> None:
    server = CapableServer()
    report = report_of(server, Limits(calls=calls))
    assert len(server.bodies) <= calls
    assert report.partial
    assert f"{calls} calls" in report.stopped_by
    # One answer without reasoning is enough to know that it does not come always.
    assert report.verdicts["reasoning_capable"].value is NO
    assert (report.verdicts["parser"].value is NO) is (calls > 1)


def test_no_call_is_made_that_could_exceed_the_tokens() -> None:
    server = CapableServer()
    report = report_of(server, Limits(tokens=300))
    assert report.tokens <= 300
    assert report.partial


def test_the_same_seed_asks_the_same_and_another_seed_something_else() -> None:
    bodies = []
    for seed in (7, 7, 8):
        server = CapableServer()
        report_of(server, seed=seed)
        bodies.append(server.bodies)
    assert bodies[0] == bodies[1]
    assert bodies[0] != bodies[2]


def test_one_request_is_in_flight_at_a_time_also_for_two_models_of_one_local_server() -> None:
    async def measure_two(base_url: str) -> None:
        await asyncio.gather(measure_at(base_url, model="one"), measure_at(base_url, model="two"))

    with CapableServer() as server:
        asyncio.run(measure_two(server.base_url))
    models = [body["model"] for body in server.bodies]
    assert models == sorted(models, key=models.index)
    assert server.most_at_once == 1


@pytest.mark.parametrize("name", ["localhost", "[::1]"])
def test_this_computer_by_another_name_is_the_same_place(name: str) -> None:
    assert origin_here(f"http://{name}:8080/v1") == origin_here("http://127.0.0.1:8080/v1/")
    assert origin_here(f"http://{name}:8081/v1") != origin_here("http://127.0.0.1:8080/v1")


def test_one_request_is_in_flight_at_a_time_whatever_this_computer_is_called() -> None:
    async def measure_two(base_url: str) -> None:
        other = base_url.replace("127.0.0.1", "localhost")
        await asyncio.gather(measure_at(base_url, model="one"), measure_at(other, model="two"))

    with CapableServer(reply_s=0.02) as server:
        asyncio.run(measure_two(server.base_url))
    assert server.most_at_once == 1


@pytest.mark.parametrize("limits", [Limits(), thorough_limits()], ids=["default", "thorough"])
def test_there_is_a_receipt_for_every_call(limits: Limits) -> None:
    report = report_of(CapableServer(), limits)
    assert len(report.receipts) == report.calls
    assert "system_role" in {receipt.probe for receipt in report.receipts}
    assert Report.from_wire(report.to_wire()).receipts == report.receipts


def test_a_server_that_repeats_what_it_is_sent_heeds_no_system_prompt_and_reads_no_file() -> None:
    def repeat(asked: dict[str, Any], _: int) -> Reply:
        texts = []
        for message in asked["messages"]:
            parts = message["content"] if isinstance(message["content"], list) else [{"text": message["content"]}]
            texts += [part.get("text") or part.get("file", {}).get("file_data", "") for part in parts]
        return chat_completion(asked, Answer(content=" ".join(texts)))

    report = report_of(ParticularServer(repeat), thorough_limits())
    assert report.facts["system_role"]["value"] == "inconclusive"
    assert "yes" not in {found["value"] for found in report.facts["mime_types"].values()}
    assert not [name for name, verdict in report.verdicts.items() if verdict.value is YES]


def test_a_measurement_tells_its_progress_in_order() -> None:
    told: list[Progress] = []
    with CapableServer() as server:
        report = asyncio.run(measure_spec(spec_of(server.base_url), told.append))
    assert [progress.step for progress in told] == sorted(progress.step for progress in told)
    assert [progress.calls for progress in told][-1] <= report.calls
    assert all(progress.words and 1 <= progress.step <= progress.of for progress in told)


def test_stopping_keeps_what_is_known() -> None:
    async def stop_at_vision(base_url: str) -> Report:
        stop = asyncio.Event()

        def listen(progress: Progress) -> None:
            if progress.probe == "vision":
                stop.set()

        return await measure_spec(spec_of(base_url), listen, Limits(stop=stop))

    with CapableServer() as server:
        report = asyncio.run(stop_at_vision(server.base_url))
    assert report.partial
    assert report.stopped_by == "It was stopped."
    assert report.overrides["structured_output_mode"] == "json_schema"
    assert report.verdicts["supports_vision"].value is OPEN


def test_stopping_breaks_off_an_answer_that_does_not_come() -> None:
    async def stop_when_asked(server: MisbehavingServer) -> Report:
        stop = asyncio.Event()
        measuring = asyncio.create_task(measure_spec(spec_of(server.base_url), None, Limits(stop=stop)))
        await asyncio.to_thread(server.wait_until, lambda exchanges: len(exchanges) == 1)
        stop.set()
        return await measuring

    with MisbehavingServer(Misbehaviour.NEVER_ANSWERS) as server:
        report = asyncio.run(stop_when_asked(server))
        assert server.wait_until(lambda exchanges: exchanges[0].client_left)
    assert report.partial
    assert {verdict.value for verdict in report.verdicts.values()} == {OPEN}


def test_the_thorough_probes_tell_files_parallel_tools_and_temperature_with_top_p() -> None:
    report = report_of(CapableServer(), thorough_limits())
    assert not report.partial, report.stopped_by
    assert report.overrides["multimodal_capable"] is True
    assert set(report.overrides["multimodal_mime_types"]) == {
        "image/png", "image/jpeg", "application/pdf", "text/plain", "text/markdown", "text/csv", "text/html",
    }  # fmt: skip
    assert report.facts["parallel_tools"]["value"] == "yes"
    assert report.facts["mime_types"]["image/webp"]["value"] == "yes"
    assert report.overrides["temp_top_p_exclusive"] is False
    assert set(report.modes) == {
        "json_schema", "function_calling", "function_calling_weak", "json_instruction_and_object", "json_instructions",
    }  # fmt: skip


def test_files_that_nobody_reads_are_a_no() -> None:
    report = report_of(CapableServer({A.VISION, A.DOCUMENTS, A.PARALLEL_TOOLS}), thorough_limits())
    # The text of a text file stands in the message itself: any model reads that.
    assert report.facts["mime_types"]["application/pdf"]["value"] == "no"
    assert report.facts["parallel_tools"]["value"] == "no"
    assert report.verdicts["supports_vision"].value is NO


class FailingOnJpeg(CapableServer):
    """Has a fault of its own whenever a JPEG picture comes."""

    @override
    def reply(self, asked: dict[str, Any]) -> Reply:
        if "image/jpeg" in json.dumps(asked):
            return json_reply({"error": {"message": "internal"}}, status=500)
        return super().reply(asked)


def test_types_of_files_that_are_set_stay_set_unless_they_are_seen_not_to_be_read() -> None:
    stated = ["image/png", "image/jpeg", "audio/mpeg"]
    overrides = {"multimodal_capable": True, "multimodal_mime_types": stated}
    with FailingOnJpeg() as server:
        report = asyncio.run(measure_registered(server.base_url, limits=thorough_limits(), overrides=overrides))
    assert report.facts["mime_types"]["image/jpeg"]["value"] == "inconclusive"
    measured = report.overrides["multimodal_mime_types"]
    assert set(stated) < set(measured)
    assert len(measured) == len(set(measured))
    assert "image/jpeg, audio/mpeg" in report.verdicts["multimodal_mime_types"].reason


def test_a_type_that_was_seen_not_to_be_read_is_taken_out_and_pictures_go_with_the_eyes() -> None:
    blind, unread = Finding(NO, "It sees nothing."), Finding(NO, "It was not read.")
    stated = ["image/png", "image/jpeg", "application/pdf", "audio/mpeg"]
    found = findings_of_files({"application/pdf": unread, "text/plain": Finding(YES, "It was read.")}, blind, stated)
    assert found["multimodal_mime_types"].setting == ["text/plain", "audio/mpeg"]
    found = findings_of_files({"application/pdf": unread, "text/plain": unread}, blind, stated)
    assert found["multimodal_mime_types"].setting == ["audio/mpeg"]
    assert found["multimodal_capable"].outcome is OPEN
    found = findings_of_files({"application/pdf": unread}, blind, stated[:3])
    assert found["multimodal_capable"].setting is False


def test_what_it_will_cost_is_said_beforehand() -> None:
    spec = spec_of("http://127.0.0.1:9/v1")
    calls, tokens = estimate(spec)
    assert 0 < calls <= 20
    assert 0 < tokens <= 6000
    assert estimate(spec, Limits(calls=5, tokens=900)) == (5, 900)
    assert estimate(spec, thorough_limits())[0] > calls


def test_a_report_survives_the_pipe() -> None:
    report = report_of(CapableServer())
    assert Report.from_wire(report.to_wire()) == report


def test_measuring_by_reference_never_writes_the_roll(tmp_path: Path) -> None:
    with CapableServer() as server:
        provider = {"name": "Box", "base_url": server.base_url, "api_key": KEY}
        path = write_roll(tmp_path / "settings.yaml", openai_compatible_providers=[provider])
        with open_roll(path) as registry:
            entry = registry.add(UserModelEntry(provider_type="custom", provider_id="Box", model_id="m"))
            before = path.read_bytes()
            report = asyncio.run(measure(registry, f"user_model::{entry.id}"))
            prepared = prepare_measurement(registry, entry)
        assert path.read_bytes() == before
    assert report.overrides["structured_output_mode"] == "json_schema"
    assert prepared.provider.model_id == "m"


async def test_the_engine_process_measures_tells_and_stops() -> None:
    told: list[Progress] = []
    stop = asyncio.Event()

    def listen(progress: Progress) -> None:
        told.append(progress)
        if progress.probe == "logprobs":
            stop.set()

    with CapableServer(reply_s=0.05) as server:
        async with EngineClient() as engine:
            whole = await engine.measure(spec_of(server.base_url))
            part = await engine.measure(spec_of(server.base_url), listen, Limits(stop=stop))
            ranked = await engine.rank(run_of(server.base_url, schema=SCHEMA), trials=1, modes=["json_schema"])
    assert whole.overrides["supports_vision"] is True
    assert part.partial
    assert part.stopped_by == "It was stopped."
    assert part.overrides["structured_output_mode"] == "json_schema"
    assert told
    assert [result.rate for result in ranked] == [1.0]


def test_modes_are_ranked_by_success_on_the_persons_own_schema(tmp_path: Path) -> None:
    with CapableServer({A.SCHEMA, A.FORCED_TOOL}) as server:
        provider = {"name": "Box", "base_url": server.base_url, "api_key": KEY}
        path = write_roll(tmp_path / "settings.yaml", openai_compatible_providers=[provider])
        with open_roll(path) as registry:
            entry = registry.add(UserModelEntry(provider_type="custom", provider_id="Box", model_id="m"))
            ranked = asyncio.run(rank_modes(registry, entry, "Name an animal.", SCHEMA, trials=3))
    assert [(result.mode, result.successes, result.trials) for result in ranked] == [
        ("json_instruction_and_object", 3, 3),
        ("json_instructions", 3, 3),
        ("json_schema", 0, 3),
        ("function_calling", 0, 3),
        ("function_calling_weak", 0, 3),
    ]
    assert all(result.median_latency_ms for result in ranked)
    assert ranked[-1].reason == "The model answered with text instead of the tool call."


async def test_a_ranking_tells_what_each_mode_has_achieved_until_then() -> None:
    told: list[Progress] = []
    with CapableServer({A.SCHEMA}) as server:
        async with EngineClient() as engine:
            spec = run_of(server.base_url, schema=SCHEMA)
            await engine.rank(spec, trials=2, modes=["function_calling", "json_schema"], on_progress=told.append)
    achieved = [[(result.mode, result.successes, result.trials) for result in progress.modes] for progress in told]
    assert achieved == [
        [("function_calling", 0, 0), ("json_schema", 0, 0)],
        [("function_calling", 1, 1), ("json_schema", 0, 0)],
        [("function_calling", 1, 1), ("json_schema", 0, 1)],
        [("function_calling", 2, 2), ("json_schema", 0, 1)],
    ]
    assert told[-1].modes[0].median_latency_ms is not None
    assert told[-1].modes[0].interval[0] > told[1].modes[0].interval[0]


def test_a_mode_that_is_refused_is_tried_once() -> None:
    with CapableServer({A.STRICT_TOOLS}) as server:
        spec = run_of(server.base_url, schema=SCHEMA)
        ranked = asyncio.run(rank_spec(spec, trials=3, modes=["function_calling", "json_schema"]))
    assert [(result.mode, result.trials) for result in ranked] == [("json_schema", 3), ("function_calling", 1)]


def test_ranking_an_endpoint_that_refuses_the_key_fails_in_words() -> None:
    with MisbehavingServer(Misbehaviour.NOT_ALLOWED) as server, pytest.raises(RunError, match="did not accept the key"):
        asyncio.run(rank_spec(run_of(server.base_url, schema=SCHEMA)))


def test_the_interval_of_a_rate_is_wilsons() -> None:
    low, high = wilson_interval(3, 3)
    assert (round(low, 3), high) == (0.439, 1.0)
    assert ModeResult("json_schema", 0, 0).interval == (0.0, 1.0)
    assert ModeResult("json_schema", 1, 2).rate == 0.5
    assert Outcome("yes") == "yes"
