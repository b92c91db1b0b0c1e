"""Runs the frozen program once through what it is for: `python packaging/hello_run.py dist/muster/muster`.

Its engine answers in every structured mode and streamed, on a real llama.cpp server and on every provider's wire; its
window opens on a virtual screen and closes. All of it where the network ends at this machine, when such a place may be
made here. Prints each check with its time; `--report FILE` writes the same as JSON. Builds nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / "packaging")]

import hello_window  # noqa: E402 - found beside this file
import loopback_only  # noqa: E402

from core import __version__  # noqa: E402
from core.connections import Connection  # noqa: E402
from core.engine_client import EngineClient  # noqa: E402
from core.errors import MusterError, RunError  # noqa: E402
from core.fields import ModelProvider, StructuredOutputMode  # noqa: E402
from core.run_spec import Attachment, Delta, RunResult, RunSpec  # noqa: E402
from tests.measured import spec_of, thorough_limits  # noqa: E402
from tests.servers.answers import Answer  # noqa: E402
from tests.servers.capable import CapableServer  # noqa: E402
from tests.servers.llama import LlamaOptions, LlamaServer  # noqa: E402
from tests.servers.llama_kinds import JSON_ANSWER_RULE, LlamaKind, options_of, template  # noqa: E402
from tests.servers.provider_addresses import ADDRESSES, call_arguments  # noqa: E402
from tests.servers.recording import RecordingServer  # noqa: E402

READY_LIMIT_S = 90.0
RUN_LIMIT_S = 90.0
_SHOWN_CHARACTERS = 3000
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"answer": {"type": "string", "maxLength": 24}},
    "required": ["answer"],
}
_SECRETS = frozenset({"api_key", "aws_access_key_id", "aws_secret_access_key", "vertex_credentials"})
_SOME_JSON = frozenset({StructuredOutputMode.json_mode, StructuredOutputMode.json_instruction_and_object})
"""The modes in which the server holds a model to JSON and not to the schema: the small one is let off the schema."""
_ABILITIES = ("supports_structured_output", "supports_function_calling", "supports_logprobs", "supports_vision")
_KINDS = frozenset({"image/jpeg", "image/webp", "image/gif", "application/pdf", "text/plain"})
_FOREIGN = ("PYTHON", "QT_", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
"""What of this process' surroundings would help the frozen program along; a person's machine has none of it."""


class CheckFailed(Exception):
    """What was not as it must be."""


@dataclass
class HelloRun:
    """The checks that were made, and the figures measured on the way."""

    checks: dict[str, str] = field(default_factory=dict)
    """Name to what was wrong; empty where nothing was."""
    figures: dict[str, float] = field(default_factory=dict)
    cut_off: bool = False
    """Whether it ran where the network ends at this machine."""
    asked_outside: list[str] = field(default_factory=list)
    engine_complaints: str = ""
    """What the engine wrote to standard error; nothing, when all is well."""
    warnings: list[str] = field(default_factory=list)
    """What the window wrote to its log without being in trouble."""

    async def check(self, name: str, work: Callable[[], Awaitable[str]]) -> None:
        """Does the work, prints what came of it, and goes on."""
        started_s = time.perf_counter()
        try:
            said, fault = await work(), ""
        except (CheckFailed, MusterError, hello_window.WindowFailed, OSError, TimeoutError) as error:
            said = fault = _words(error)
        self.checks[name] = fault
        seconds = time.perf_counter() - started_s
        print(f"{'FAILED' if fault else 'ok':6} {seconds:6.2f} s  {name}: {said}", flush=True)

    @property
    def is_good(self) -> bool:
        """Whether every check passed, nothing outside was asked, and the engine had nothing to complain about."""
        wrong = (any(self.checks.values()), self.asked_outside, self.engine_complaints.strip())
        return bool(self.checks) and not any(wrong)


def _words(error: BaseException) -> str:
    detail = f" {error.detail}" if isinstance(error, RunError) and error.detail else ""
    return f"{str(error) or type(error).__name__}{detail}"


# -------------------------------------------------------------------------------------------------------------- engine


def _expect(is_so: bool, what: str) -> None:
    if not is_so:
        raise CheckFailed(what)


def _plain_spec(server: LlamaServer, mode: StructuredOutputMode, **asked: Any) -> RunSpec:
    fields = {"name": "openai_compatible", "model_id": server.model, "structured_output_mode": mode}
    connection = Connection(f"openai/{server.model}", server.base_url, {"api_key": "NA"})
    return RunSpec(ModelProvider.model_validate(fields), connection, timeout_s=RUN_LIMIT_S, **asked)


async def _structured(engine: EngineClient, server: LlamaServer, mode: StructuredOutputMode) -> str:
    asked = "Answer with one short word."
    if mode in (StructuredOutputMode.json_custom_instructions, StructuredOutputMode.json_mode):
        # Nothing else tells the model what is wanted.
        asked += ' Answer as JSON: {"answer": "…"}.'
    result = await engine.run(_plain_spec(server, mode, prompt=asked, schema=SCHEMA, temperature=0.0, max_tokens=300))
    _expect(isinstance(result.parsed, dict), f"no JSON object in {result.output!r}")
    if mode not in _SOME_JSON:
        _expect(result.validation_error is None, f"{result.validation_error} {result.output!r}")
    return " ".join(result.output.split())[:60]


async def _streamed(engine: EngineClient, server: LlamaServer) -> str:
    pieces: list[str] = []

    def take(delta: Delta) -> None:
        pieces.append(delta.text)

    prompt = "What is the capital of France?"
    spec = _plain_spec(server, StructuredOutputMode.json_schema, prompt=prompt, temperature=0.0, max_tokens=40)
    result = await engine.run(spec, take)
    _expect("Paris" in result.output, f"the answer is {result.output!r}")
    _expect("".join(pieces) == result.output, f"the pieces {pieces!r} are not the answer {result.output!r}")
    _expect(len(pieces) > 1, "the answer came in one piece")
    return f"{result.output.strip()!r} in {len(pieces)} pieces"


async def _pdf(engine: EngineClient, server: RecordingServer) -> str:
    fields = {
        "name": "openai_compatible",
        "model_id": "model-one",
        "structured_output_mode": "json_schema",
        "multimodal_capable": True,
        "multimodal_mime_types": ["application/pdf"],
        "multimodal_requires_pdf_as_image": True,
    }
    connection = Connection("openai/model-one", server.base_url, {"api_key": "NA"})
    attachment = Attachment("application/pdf", _empty_pdf(), "page.pdf")
    await engine.run(
        RunSpec(ModelProvider.model_validate(fields), connection, "Look.", images=(attachment,), timeout_s=RUN_LIMIT_S)
    )
    _expect("data:image/png;base64," in json.dumps(server.bodies[-1]), "no picture of the page was sent")
    return "a page was sent as a picture"


async def _measured(engine: EngineClient) -> str:
    with CapableServer() as server:
        report = await engine.measure(spec_of(server.base_url), limits=thorough_limits())
    missing = [name for name in _ABILITIES if report.overrides.get(name) is not True]
    _expect(not missing, f"a server that can do everything was found without {missing}: {report.stopped_by}")
    kinds = report.facts.get("mime_types", {})
    unread = {kind: found["reason"] for kind, found in kinds.items() if found["value"] != "yes"}
    _expect(kinds.keys() >= _KINDS and not unread, f"of the kinds of files {sorted(kinds)} it found unread: {unread}")
    return f"{report.calls} calls: every ability, and {len(kinds)} kinds of files"


def _empty_pdf() -> bytes:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] >>",
    ]
    text = b"%PDF-1.4\n"
    for number, item in enumerate(objects, 1):
        text += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    return text + b"trailer\n<< /Root 1 0 R /Size 4 >>\n%%EOF\n"


async def _provider(engine: EngineClient, server: RecordingServer, provider_id: str) -> str:
    arguments = call_arguments(provider_id, server.url)
    model, base_url = arguments.pop("model"), arguments.pop("api_base", None)
    secrets = {name: value for name, value in arguments.items() if name in _SECRETS}
    rest = {name: value for name, value in arguments.items() if name not in _SECRETS}
    fields = {
        "name": provider_id,
        "model_id": model.partition("/")[2],
        "structured_output_mode": "json_instructions",
    }
    spec = RunSpec(
        ModelProvider.model_validate(fields),
        Connection(model, base_url, secrets, rest),
        "Say hello.",
        schema=SCHEMA,
        timeout_s=RUN_LIMIT_S,
    )
    server.clear()
    result: RunResult = await engine.run(spec)
    _expect(result.parsed == {"answer": "hello"}, f"the answer is {result.output!r}")
    path = ADDRESSES[provider_id].path
    _expect(server.last.request.path == path, f"{server.last.request.path} was asked, not {path}")
    return path


async def _start_engine(run: HelloRun, engine: EngineClient, started_s: float) -> str:
    async with asyncio.timeout(READY_LIMIT_S):
        await engine.ready.wait()
    run.figures["engine_ready_ms"] = (time.perf_counter() - started_s) * 1000
    run.figures |= {f"engine_{name}": float(value) for name, value in engine.timings.items()}
    run.figures["engine_ping_ms"] = await engine.ping()
    run.figures["engine_memory_mb"] = _memory_mb(engine.process_id)
    return f"ready after {run.figures['engine_ready_ms']:.0f} ms, {run.figures['engine_memory_mb']:.0f} MB"


def _memory_mb(process_id: int | None) -> float:
    try:
        status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return next(int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmRSS"))


def _server_for(mode: StructuredOutputMode, plain: LlamaServer, tools: LlamaServer, held: LlamaServer) -> LlamaServer:
    """The one of three real servers whose small model can answer in this mode."""
    match mode:
        # "default" forces a tool too
        case (
            StructuredOutputMode.default
            | StructuredOutputMode.function_calling
            | StructuredOutputMode.function_calling_weak
        ):
            return tools
        case StructuredOutputMode.json_instructions | StructuredOutputMode.json_custom_instructions:
            return held
        case _:
            return plain


def _engine_command(program: Path, complaints: Path) -> list[str]:
    """The engine, its complaints in a file where the system has a shell for that."""
    if os.name == "nt":
        return [str(program), "--engine"]
    return ["/bin/sh", "-c", 'exec "$0" --engine 2>>"$1"', str(program), str(complaints)]


async def run_engine(run: HelloRun, program: Path, complaints: Path) -> None:
    """Everything that goes through the frozen engine, which writes what it complains about to a file."""
    with ExitStack() as stack:
        servers = [
            stack.enter_context(LlamaServer(options))
            for options in (
                options_of(LlamaKind.PLAIN),
                options_of(LlamaKind.TOOLS_CALLED),
                LlamaOptions(chat_template=template("chatml"), grammar=f"root ::= {JSON_ANSWER_RULE}"),
            )
        ]
        recording = stack.enter_context(RecordingServer(Answer(content='{"answer": "hello"}')))
        started_s = time.perf_counter()
        async with EngineClient(_engine_command(program, complaints)) as engine:
            await run.check("the engine starts", lambda: _start_engine(run, engine, started_s))
            if not engine.ready.is_set():
                return
            for mode in StructuredOutputMode:
                if mode is not StructuredOutputMode.unknown:
                    server = _server_for(mode, *servers)
                    await run.check(f"structured: {mode}", lambda m=mode, s=server: _structured(engine, s, m))  # type: ignore[misc]  # mypy infers no type for a lambda with defaults
            await run.check("streamed", lambda: _streamed(engine, servers[0]))
            await run.check("PDF as pictures", lambda: _pdf(engine, recording))
            await run.check("measured", lambda: _measured(engine))
            for name in ADDRESSES:
                await run.check(f"provider: {name}", lambda n=name: _provider(engine, recording, n))  # type: ignore[misc]  # as above
            run.figures["engine_memory_after_runs_mb"] = _memory_mb(engine.process_id)
            _expect(engine.starts == 1, f"the engine was started {engine.starts} times")


# ----------------------------------------------------------------------------------------------------------------- all


async def _version(program: Path) -> str:
    done = await asyncio.to_thread(
        subprocess.run, [str(program), "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    _expect(done.stdout.strip() == f"Muster {__version__}", f"it says {done.stdout!r} {done.stderr!r}")
    return done.stdout.strip()


async def _window(run: HelloRun, program: Path, home: Path) -> str:
    shown = await asyncio.to_thread(hello_window.open_and_close, program, home)
    run.figures |= shown.figures
    run.warnings = shown.warnings
    return f"“{shown.title}” after {shown.figures['window_first_paint_ms']:.0f} ms"


async def say_hello(program: Path, *, with_window: bool) -> HelloRun:
    """Makes all checks."""
    run = HelloRun(cut_off=loopback_only.is_inside())
    with tempfile.TemporaryDirectory(prefix="muster-hello-") as folder:
        home, complaints = Path(folder), Path(folder) / "engine-complaints"
        _forget_surroundings(home)
        watch = loopback_only.Watch() if run.cut_off else None
        with watch or nullcontext():
            await run.check("version", lambda: _version(program))
            await run_engine(run, program, complaints)
            if complaints.exists():
                run.engine_complaints = complaints.read_text(encoding="utf-8", errors="replace")
            if with_window:
                await run.check("the window opens and closes", lambda: _window(run, program, home))
        if watch is not None:
            run.asked_outside = sorted(watch.asked)

            async def stayed() -> str:
                _expect(not watch.asked, f"asked outside this machine: {sorted(watch.asked)}")
                _expect(watch.packets > 0, "no packet at all was seen")
                return f"{watch.packets} packets, all of them on this machine"

            await run.check("the network", stayed)
    return run


def _forget_surroundings(home: Path) -> None:
    for name in list(os.environ):
        if name.startswith(_FOREIGN):
            del os.environ[name]
    os.environ |= {"HOME": str(home), "MUSTER_HOME": str(home / "muster"), "NO_PROXY": "127.0.0.1,localhost"}


def main() -> int:
    """Runs and gives the exit code."""
    parser = argparse.ArgumentParser(description="Run the frozen program once through what it is for.")
    parser.add_argument("program", type=Path)
    parser.add_argument("--report", type=Path, metavar="FILE", help="write checks and figures as JSON")
    parser.add_argument("--no-window", action="store_true", help="leave the window out, as on a machine without Xvfb")
    options = parser.parse_args()
    program = options.program.resolve()
    if not loopback_only.is_inside():
        if way := loopback_only.way_in():
            return loopback_only.enter([sys.executable, *sys.argv], way)
        if loopback_only.must_enter():
            print(loopback_only.NOT_WATCHED_IN_CI, file=sys.stderr)
            return 1
        print(loopback_only.NOT_WATCHED, flush=True)
    else:
        loopback_only.lay_routes()
    run = asyncio.run(say_hello(program, with_window=not options.no_window))
    for name, value in run.figures.items():
        print(f"{value:10.1f}  {name}")
    if run.engine_complaints:
        print(f"The engine said:\n{run.engine_complaints[-_SHOWN_CHARACTERS:]}")
    for line in run.warnings:
        print(f"logged: {line}")
    if options.report:
        options.report.write_text(json.dumps(asdict(run), indent=1), encoding="utf-8")
    return 0 if run.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
