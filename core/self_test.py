"""Looks whether this copy of Muster is whole: the checks behind `muster --self-test`.

Each check says one line. They touch nothing of the person's: the roll is one in a temporary folder, the keyring is
named and not opened, and nobody is asked but the endpoint that was given.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from core.bundled_parts import bundled_parts
from core.credentials import Credentials
from core.engine_client import EngineClient
from core.entry import UserModelEntry
from core.errors import FailureKind, MusterError, RunError
from core.evidence import Evidence
from core.exporters.all_targets import TARGETS
from core.exporters.places import Row
from core.exporters.shape import Format
from core.exporters.texts import Put, edit_text
from core.fields import FIELDS
from core.preparation import prepare
from core.redaction import redact
from core.registry import Registry
from core.resolver import resolve
from core.run_spec import RunSpec

ENGINE_LIMIT_S: Final = 120.0
RUN_LIMIT_S: Final = 120.0
_PROVIDER: Final = "Self-test"
_SHOWN_CHARACTERS: Final = 60
_BACKENDS: Final = {
    "linux": ("keyring.backends.SecretService", "keyring.backends.kwallet"),
    "darwin": ("keyring.backends.macOS",),
    "win32": ("keyring.backends.Windows",),
}
"""What must be there for each system's own keyring."""

Say = Callable[[str], None]
Check = Callable[[], str]


class CheckFailed(MusterError):
    """What this copy lacks."""


class NoAnswer(MusterError):
    """What the endpoint that was given did not do: nothing that this copy could help."""


class SelfTest:
    """Makes checks one after another; each is one line to `say`.

    `is_whole` is what they came to of this copy, `is_answered` of the endpoint.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self.is_whole = True
        self.is_answered = True

    def check(self, name: str, work: Check) -> None:
        """Does the work and says what it gave, or why it failed."""
        started_s = time.perf_counter()
        try:
            self._tell("ok", name, work(), started_s)
        except Exception as error:  # noqa: BLE001 (whatever is missing in a copy of the program shows as anything)
            self._fail(name, error, started_s)

    async def check_later(self, name: str, work: Callable[[], Awaitable[str]]) -> None:
        """The same for work that waits."""
        started_s = time.perf_counter()
        try:
            self._tell("ok", name, await work(), started_s)
        except Exception as error:  # noqa: BLE001 (as above)
            self._fail(name, error, started_s)

    def leave_out(self, name: str, reason: str) -> None:
        """Says that a check was not made, and how it is."""
        self._say(f"left out            {name}: {reason}")

    def _tell(self, verdict: str, name: str, words: str, started_s: float) -> None:
        self._say(f"{verdict:8} {time.perf_counter() - started_s:6.2f} s  {name}: {words}")

    def _fail(self, name: str, error: Exception, started_s: float) -> None:
        if isinstance(error, NoAnswer):
            self.is_answered = False
        else:
            self.is_whole = False
        words = str(error) if isinstance(error, MusterError) else f"{type(error).__name__}: {error}"
        self._tell("FAILED", name, redact(" ".join(words.split())), started_s)


def check_core(test: SelfTest, resources: Path, *, url: str | None = None) -> None:
    """All checks that need no Qt: files, schema, stores, keyring, and the engine with one completion."""
    test.check("resources", lambda: _resources(resources))
    test.check("licences", _licences)
    test.check("schema", _schema)
    with tempfile.TemporaryDirectory(prefix="muster-self-test-") as folder:
        test.check("store", lambda: _store(Path(folder)))
        test.check("evidence", lambda: _evidence(Path(folder)))
    test.check("export", _export)
    test.check("keyring", _keyring)
    asyncio.run(_check_engine(test, url))


def _resources(folder: Path) -> str:
    icons = sorted((folder / "icons").glob("*.svg"))
    drawings = [folder / "muster.svg", folder / "muster-small.svg", *icons]
    damaged = [file.name for file in drawings if "</svg>" not in file.read_text(encoding="utf-8")]
    if damaged or not icons:
        raise CheckFailed(f"Pictures are missing or damaged in {folder}: {', '.join(damaged) or 'all icons'}.")
    return f"{len(icons)} icons and Muster's own"


def _licences() -> str:
    parts = bundled_parts()
    silent = [part.name for part in parts if not part.licence]
    if silent or not parts:
        raise CheckFailed(f"No licence is known of {', '.join(silent) or 'anything'}.")
    return f"{len(parts)} parts with their licences"


def _schema() -> str:
    with tempfile.TemporaryDirectory(prefix="muster-self-test-") as folder:
        registry = Registry.open(Path(folder) / "settings.yaml", credentials=Credentials(environment={}))
        registry.add_provider(_PROVIDER, "http://127.0.0.1:1/v1")
        entry = registry.add(UserModelEntry(provider_type="custom", provider_id=_PROVIDER, model_id="model"))
        resolved = resolve(registry, entry)
        registry.close()
    missing = set(FIELDS) - set(resolved.origins)
    if missing:
        raise CheckFailed(f"These properties do not resolve: {', '.join(sorted(missing))}.")
    return f"{len(FIELDS)} properties resolve"


def _store(folder: Path) -> str:
    path = folder / "settings.yaml"
    entry = UserModelEntry(
        provider_type="custom", provider_id=_PROVIDER, model_id="model", overrides={"supports_vision": True}
    )
    with Registry.open(path, credentials=Credentials(environment={})) as registry:
        registry.add_provider(_PROVIDER, "http://127.0.0.1:1/v1")
        stored = registry.add(entry)
    with Registry.open(path, credentials=Credentials(environment={})) as registry:
        read = registry.entries()
    if [item.to_mapping() for item in read] != [stored.to_mapping()]:
        raise CheckFailed("A model that was stored reads back as another.")
    return f"a model was stored and read again ({path.stat().st_size} bytes)"


def _evidence(folder: Path) -> str:
    with Evidence.open(folder / "evidence.sqlite") as evidence:
        evidence.note_listing("custom", _PROVIDER, ["model"])
        if evidence.last_seen("custom", _PROVIDER) != ("model",):
            raise CheckFailed("What was stored of an endpoint reads back as something else.")
    return "a listing was stored and read again"


def _export() -> str:
    # Pairs without braces: what Muster's own editor of YAML leaves to the library.
    text = "# mine\nrows: [id: a, id: b] # yours\n"
    edited = edit_text(text, Format.YAML, [Put(("rows", Row.of(id="a"), "id"), "c")])
    if edited != text.replace("id: a", "id: c"):
        raise CheckFailed("A value in a YAML file cannot be changed without changing more.")
    return f"{len(TARGETS)} tools’ files can be written"


def _keyring() -> str:
    for name in _BACKENDS.get(sys.platform, _BACKENDS["linux"]):
        importlib.import_module(name)
    import keyring

    backend = keyring.get_keyring()
    kind = f"{type(backend).__module__}.{type(backend).__name__}"
    if kind.startswith("keyring.backends.fail"):
        return "its parts are there; none answers here, so keys are kept for the run or in the settings file"
    return kind


# -------------------------------------------------------------------------------------------------------------- engine


async def _check_engine(test: SelfTest, url: str | None) -> None:
    async with AsyncExitStack() as stack:
        engine: EngineClient | None = None

        async def start() -> str:
            nonlocal engine
            engine = await stack.enter_async_context(EngineClient())
            async with asyncio.timeout(ENGINE_LIMIT_S):
                await engine.ready.wait()
            spent = ", ".join(f"{name} {value}" for name, value in engine.timings.items())
            return f"litellm is imported in a process of its own ({spent})"

        await test.check_later("engine", start)
        if url is None:
            test.leave_out("completion", "give --url http://…/v1 to ask an endpoint")
        elif engine is not None and engine.ready.is_set():
            await test.check_later("completion", lambda: _complete(engine, url))


async def _complete(engine: EngineClient, url: str) -> str:
    report = await engine.check(url)
    if not report.ok:
        raise NoAnswer(report.title, report.hint)
    if not report.models:
        raise NoAnswer(f"{url} lists no model.")
    model = report.models[0]
    with tempfile.TemporaryDirectory(prefix="muster-self-test-") as folder:
        spec = await asyncio.to_thread(_spec, Path(folder), url, model)
        try:
            result = await engine.run(spec)
        except RunError as error:
            if error.kind in (FailureKind.ENGINE, FailureKind.OTHER):
                raise
            raise NoAnswer(error.title, error.hint) from None
    answer = " ".join(result.output.split())
    if not answer:
        raise NoAnswer(f"{model} gave an empty answer.")
    return f"{model} answered “{answer[:_SHOWN_CHARACTERS]}”"


def _spec(folder: Path, url: str, model: str) -> RunSpec:
    """The run as the window would prepare it."""
    with Registry.open(folder / "settings.yaml", credentials=Credentials(environment={})) as registry:
        registry.add_provider(_PROVIDER, url)
        entry = registry.add(UserModelEntry(provider_type="custom", provider_id=_PROVIDER, model_id=model))
        asked = "What is the capital of France?"
        return prepare(registry, entry, asked, temperature=0.0, max_tokens=24, timeout_s=RUN_LIMIT_S)
