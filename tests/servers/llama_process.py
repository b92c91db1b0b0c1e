"""The child process of `LlamaServer`: llama.cpp's own HTTP server with one small model.

Start it as `python -m tests.servers.llama_process`. The first line of standard input is the configuration as JSON
(so that no key is ever an argument); the first line of standard output is `{"url": …}` once the model is loaded.
It lives until standard input ends, so it never outlives the process that started it, on any system.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import xllamacpp

REASONING_FORMATS = {
    "none": xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE,
    "auto": xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_AUTO,
    "deepseek": xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_DEEPSEEK,
    "deepseek-legacy": xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_DEEPSEEK_LEGACY,
}


def parameters_of(config: dict[str, Any]) -> xllamacpp.CommonParams:
    """Llama.cpp's parameters for a configuration as `LlamaServer` writes it."""
    params = xllamacpp.CommonParams()
    params.model.path = config["model_path"]
    params.model_alias = {config["alias"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    # One thread is ten times faster than two on a busy machine with two cores.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.n_threads_http = 4
    params.n_ctx = config["context_tokens"]
    params.n_parallel = 1
    params.cache_ram_mib = 0
    params.fit_params = False
    params.ui = False
    params.use_jinja = config["jinja"]
    params.reasoning_format = REASONING_FORMATS[config["reasoning_format"]]
    if config["chat_template"]:
        params.chat_template = config["chat_template"]
    if config["api_key"]:
        params.api_keys = [config["api_key"]]
    if config["grammar"]:
        params.sampling.grammar = xllamacpp.CommonGrammar(
            xllamacpp.common_grammar_type.COMMON_GRAMMAR_TYPE_USER, config["grammar"]
        )
    if config["temperature"] is not None:
        params.sampling.temp = config["temperature"]
    if config["thinking_tokens"] is not None:
        params.sampling.reasoning_budget_tokens = config["thinking_tokens"]
    return params


def main() -> None:
    """Serves until standard input ends."""
    config = json.loads(sys.stdin.buffer.readline())
    # llama.cpp may print to fd 1: the protocol gets a copy of it, and prints go to the log on fd 2.
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    server = xllamacpp.Server(parameters_of(config))
    print(json.dumps({"url": server.listening_address}), file=protocol, flush=True)
    sys.stdin.buffer.read()
    # An orderly end waits for the answer under way; nobody is left to read it.
    os._exit(0)


if __name__ == "__main__":
    main()
