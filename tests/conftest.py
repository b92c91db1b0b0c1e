"""What every test gets: a home and an environment of its own, no thread left behind, and real servers on demand."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import environments
import keyring
import keyring.core
import pytest

from tests.servers.llama import LlamaServer
from tests.servers.llama_kinds import LlamaKind, LlamaOf, options_of

PROJECT = Path(__file__).resolve().parent.parent
DATA = PROJECT / "tests" / "data"

# Before anything imports Qt: a test never opens a window on the person's screen.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# A key, a base URL or a region in the environment of whoever runs the tests would change what they measure.
FOREIGN_PREFIXES = (
    "ANTHROPIC_", "AWS_", "AZURE_", "CEREBRAS_", "DOCKER_MODEL_RUNNER_", "FEATHERLESS_", "FIREWORKS_", "GEMINI_",
    "GOOGLE_", "GROQ_", "HF_", "HUGGINGFACE_", "KILN_", "MUSTER_", "OLLAMA_", "OPENAI_", "OPENROUTER_",
    "OR_", "SILICONFLOW_", "TOGETHER", "TYPESAFE_", "VERTEX", "WANDB_",
)  # fmt: skip
KEPT = frozenset({"MUSTER_SHARED_DATA"})
PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})

# Read here, because a test's own environment has neither.
GIVEN_DIST = os.environ.get("MUSTER_DIST")


@pytest.fixture(autouse=True)
def isolated_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own home folder: no key, no settings and no keyring of the person who runs the tests is in reach."""
    for name in list(os.environ):
        if name not in KEPT and (name.upper().startswith(FOREIGN_PREFIXES) or name.lower() in PROXIES):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("MUSTER_HOME", str(home))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return home


@pytest.fixture(autouse=True)
def no_keyring() -> None:
    """This process' keyring is one that always fails; a test that wants another sets it, for itself alone."""
    keyring.set_keyring(keyring.core.load_keyring("keyring.backends.fail.Keyring"))


@pytest.fixture(autouse=True)
def no_thread_left_behind() -> Iterator[None]:
    """Fails a test that leaves a thread running; one that is just ending gets five seconds."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and not _is_shared(thread)]
    for thread in left:
        thread.join(timeout=5.0)
    alive = [thread.name for thread in left if thread.is_alive()]
    assert not alive, f"threads left running: {alive}"


def _is_shared(thread: threading.Thread) -> bool:
    """Threads that outlive a test on purpose: executors of asyncio and litellm, and Qt's own, known as dummies."""
    return thread.name.startswith(("asyncio_", "aws-signing_", "litellm-", "ThreadPoolExecutor-", "Dummy-"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the tests' data."""
    return DATA


@pytest.fixture(scope="session")
def llama_of() -> Iterator[LlamaOf]:
    """A llama.cpp server of a kind, started at its first use (0.3 s, 100 MB) and kept for the session."""
    running: dict[LlamaKind, LlamaServer] = {}
    with ExitStack() as stack:

        def get(kind: LlamaKind) -> LlamaServer:
            if kind not in running:
                running[kind] = stack.enter_context(LlamaServer(options_of(kind)))
            return running[kind]

        yield get


@pytest.fixture(scope="session")
def llama(llama_of: LlamaOf) -> LlamaServer:
    """A real server with no tools and no thinking that enforces JSON schemas."""
    return llama_of(LlamaKind.PLAIN)


@pytest.fixture(scope="session")
def llama_tools(llama_of: LlamaOf) -> LlamaServer:
    """A real server that renders tools, whose model calls the first one with arguments that fit its schema."""
    return llama_of(LlamaKind.TOOLS_CALLED)


@pytest.fixture(scope="session")
def llama_thinking(llama_of: LlamaOf) -> LlamaServer:
    """A real server whose content is `thought</think>answer`: the template opened the tag."""
    return llama_of(LlamaKind.THINKING_OPENED)


@pytest.fixture(scope="session")
def llama_thinking_in_content(llama_of: LlamaOf) -> LlamaServer:
    """A real server whose content is `<think>thought</think>answer`."""
    return llama_of(LlamaKind.THINKING_IN_CONTENT)


@pytest.fixture(scope="session")
def llama_reasoning_separated(llama_of: LlamaOf) -> LlamaServer:
    """A real server that moves its thinking to `reasoning_content`."""
    return llama_of(LlamaKind.REASONING_SEPARATED)


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the frozen program: built once for all tests (a minute or two), or one that is given.

    With MUSTER_DIST it is what `make package` left there, so that what is tested is what is shipped.
    """
    if GIVEN_DIST is not None:
        folder = (PROJECT / GIVEN_DIST).resolve() / "muster"
        assert folder.is_dir(), (
            f"MUSTER_DIST is {GIVEN_DIST}, and there is no folder {folder}: run `make package` first"
        )
        return folder
    builder = environments.builders()
    builder.install("package")
    place = tmp_path_factory.mktemp("bundle")
    places = ["--distpath", str(place / "dist"), "--workpath", str(place / "build")]
    command = [str(builder.python), "-m", "PyInstaller", "--noconfirm", *places, "build.spec"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return place / "dist" / "muster"
