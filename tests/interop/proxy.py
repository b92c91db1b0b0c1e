"""The real LiteLLM Proxy on a configuration, on loopback and with no way out of this machine."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.interop.environments import ensure
from tests.servers.loopback import closed_port

_READY = "Uvicorn running on"
_KEPT_LINES = 200


class ProxyError(RuntimeError):
    """The proxy did not start; the text is the end of what it said."""


class LiteLlmProxy:
    """A running proxy: started by `with`, ended by the end of it."""

    def __init__(self, config: Path, *, keys: Mapping[str, str] | None = None, start_timeout_s: float = 180.0) -> None:
        """`keys` are the variables that the configuration's `os.environ/…` name, with their values."""
        self._config = config
        self._keys = dict(keys or {})
        self._start_timeout_s = start_timeout_s
        # It does not start without one, nor with one that is easy to guess.
        self.master_key = f"sk-{secrets.token_hex(32)}"
        self._port = 0
        self._lines: list[str] = []
        self._home: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """What a client is pointed to."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def url(self) -> str:
        """The proxy's root, where `/model/info` is."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def headers(self) -> dict[str, str]:
        """What a client is let in with."""
        return {"Authorization": f"Bearer {self.master_key}"}

    @property
    def log(self) -> str:
        """The last lines of what it said."""
        return "".join(self._lines)

    def __enter__(self) -> Self:
        """Returns once it answers.

        Raises:
            ProxyError: it ended or was not ready in time.
        """
        environment = ensure("litellm")
        self._port = closed_port()
        self._home = tempfile.TemporaryDirectory(prefix="muster-proxy-")
        start = "from litellm import run_server; run_server()"
        place = ["--host", "127.0.0.1", "--port", str(self._port), "--telemetry", "False"]
        self._process = subprocess.Popen(
            [str(environment.python), "-c", start, "--config", str(self._config.resolve()), *place],
            cwd=self._home.name,
            env={
                **environment.variables(Path(self._home.name)),
                "PYTHONUNBUFFERED": "1",
                "LITELLM_MASTER_KEY": self.master_key,
                **self._keys,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        ready = threading.Event()
        self._listener = threading.Thread(target=self._listen, args=(ready,), name="LiteLlmProxy")
        self._listener.start()
        is_in_time = ready.wait(self._start_timeout_s)
        if not is_in_time or not any(_READY in line for line in self._lines):
            said = self.log
            self._stop()
            raise ProxyError(f"LiteLLM Proxy did not start. It said last:\n{said}")
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._stop()

    def _listen(self, ready: threading.Event) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            # The line that it is ready must not be among those that are forgotten before it was seen.
            if _READY in line:
                ready.set()
            elif ready.is_set():
                del self._lines[:-_KEPT_LINES]
        ready.set()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=10.0)
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            if self._listener is not None:
                self._listener.join()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None
        if self._home is not None:
            self._home.cleanup()
            self._home = None
