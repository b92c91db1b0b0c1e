"""What the frozen program holds: the lists that build.spec hands to PyInstaller, each with its reason.

Every list was found with the real calls of all providers, sent to servers on loopback with litellm 1.106.2 in November
2026: which modules they load and which files they open. `packaging/hello_run.py` makes the same calls through the
frozen engine, so that something left out here by mistake shows.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
from pathlib import Path

import requirements

PROJECT = requirements.PROJECT
NAME = "muster"
ENTRY = PROJECT / "gui" / "__main__.py"
START = PROJECT / "packaging" / "bundle_start.py"

Files = list[tuple[str, str]]
"""PyInstaller's pairs of a source and the folder in the bundle that it goes to."""

# ------------------------------------------------------------------------------------------------------------- modules

_PROXY = "litellm.proxy"

PROXY_MODULES = frozenset(
    {
        "litellm.proxy._experimental.mcp_server.stdio_gate",
        "litellm.proxy._types",
        "litellm.proxy.common_utils.config_sync_pubsub",
        "litellm.proxy.common_utils.encrypt_decrypt_utils",
        "litellm.proxy.openai_files_endpoints.common_utils",
        "litellm.proxy.pass_through_endpoints.llm_provider_handlers.typesafe_passthrough_logging_handler",
        "litellm.proxy.spend_tracking.cold_storage_handler",
        "litellm.proxy.spend_tracking.savings",
        "litellm.proxy.types_utils.utils",
    }
)
"""What a call through litellm loads of its own server (62 MB of 107); the rest of that server stays out."""

HIDDEN_MODULES = (
    # found by tiktoken with pkgutil in a namespace package
    "tiktoken_ext",
    "tiktoken_ext.openai_public",
    # found by httpx and anyio by name
    "anyio._backends._asyncio",
    "h2",
    # Bedrock: litellm signs its requests with them, and imports them inside functions
    "boto3.session",
    "botocore.auth",
    "botocore.eventstream",
    # Vertex: the same for its token
    "google.auth.transport.requests",
    "google.oauth2.service_account",
    # attachments: pypdfium2 draws a page into a picture, which Pillow saves
    "PIL.PngImagePlugin",
    "pypdfium2",
    # measuring: digits are drawn into pictures of every kind that is asked about
    "PIL.GifImagePlugin",
    "PIL.ImageFont",
    "PIL.JpegImagePlugin",
    "PIL.WebPImagePlugin",
    "PIL._imagingft",
    "PIL._webp",
)

LEFT_OUT = (
    "tkinter",
    "_tkinter",
    "turtle",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "ensurepip",
    "unittest",
    "doctest",
    "pdb",
    "readline",
    # litellm's second implementation of itself: 37 MB, used only where a setting asks for it
    "litellm.rust_bridge._native",
    # asked of a hub and never of a model server; litellm's tokenizers count nothing here
    "hf_xet",
    "huggingface_hub",
    "tokenizers",
    "fsspec",
    # Pillow's other parts bring 5 MB of libraries
    "PIL._avif",
    "PIL._imagingcms",
    "PIL._imagingtk",
    "PIL.ImageTk",
    "PIL.ImageQt",
    "PIL.ImageShow",
    # unused parts of Qt
    "PySide6.QtConcurrent",
    "PySide6.QtDBus",
    "PySide6.QtOpenGL",
    "PySide6.QtPrintSupport",
    "PySide6.QtQml",
    "PySide6.QtQuick",
    "PySide6.QtSql",
    "PySide6.QtTest",
    "PySide6.QtXml",
)
"""Modules that something imports and nothing that Muster does needs."""

# keyring imports what it has for every system; this asks a C compiler for Apple's libraries wherever one is installed.
_ONLY_ON_MACOS = ("keyring.backends.macOS.api",)


def hidden_modules() -> list[str]:
    """The modules that no analysis of import statements finds.

    Raises:
        ModuleNotFoundError: one of them is not installed.
    """
    for name in HIDDEN_MODULES:
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(f"The bundle needs {name}, which is not installed.", name=name)
    # litellm imports most of itself by name, much of it by the model's: all but its server comes along, 2 kB a module.
    lazy = [name for name in _modules_below("litellm") if not name.startswith(_PROXY)]
    return sorted({*HIDDEN_MODULES, *PROXY_MODULES, *lazy} - {*LEFT_OUT})


def modules_left_out() -> list[str]:
    """The modules that stay out though something imports them."""
    wanted = {parent for name in PROXY_MODULES for parent in _with_parents(name)}
    proxy = [name for name in _modules_below(_PROXY) if name not in wanted]
    of_macos = () if sys.platform == "darwin" else _ONLY_ON_MACOS
    return sorted({*LEFT_OUT, *of_macos, *proxy, *_modules_not_locked()})


def _modules_below(package: str) -> list[str]:
    """All modules of a package, found without importing any: importing litellm's takes seconds and starts things.

    By files, since many of litellm's folders hold no `__init__.py`.
    """
    spec = importlib.util.find_spec(package.partition(".")[0])
    assert spec is not None
    assert spec.submodule_search_locations is not None
    root = Path(spec.submodule_search_locations[0])
    files = root.joinpath(*package.split(".")[1:]).rglob("*.py")
    paths = (file.relative_to(root.parent).with_suffix("") for file in files)
    names = {".".join(path.parts).removesuffix(".__init__") for path in paths}
    return sorted(name for name in names if all(part.isidentifier() for part in name.split(".")))


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: length + 1]) for length in range(len(parts))]


def _modules_not_locked() -> set[str]:
    """Top-level modules of what is installed here by chance: only what the runtime's lock names is shipped."""
    text = (requirements.FOLDER / "runtime.txt").read_text(encoding="utf-8")
    locked = {_canonical(name) for name in requirements.requirements_in(text)}
    by_module = importlib.metadata.packages_distributions()
    return {
        module
        for module, distributions in by_module.items()
        if module.isidentifier() and not any(_canonical(name) in locked for name in distributions)
    }


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# ---------------------------------------------------------------------------------------------------------------- data

LITELLM_DATA = (
    "model_prices_and_context_window_backup.json",  # the catalogue, and litellm's own table of models
    "anthropic_beta_headers_config.json",
    "provider_endpoints_support_backup.json",
    "containers/endpoints.json",
    "integrations/callback_configs.json",
    "integrations/generic_api/generic_api_compatible_callbacks.json",
    "llms/openai_like/providers.json",
    # Without its file a tokenizer would be fetched from the network.
    "litellm_core_utils/tokenizers/9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
    "litellm_core_utils/tokenizers/ec7223a39ce59f226a68acc30dc1af2788490e15",
    "litellm_core_utils/tokenizers/fb374d419588a4632f3f557e76b4b70aebbca790",
    "litellm_core_utils/tokenizers/anthropic_tokenizer.json",
)
"""Files that litellm reads, below its folder."""

METADATA = ("litellm",)
"""Distributions that are asked for their version."""


def data_files() -> Files:
    """The files that are no code: Muster's own pictures and what litellm reads.

    Raises:
        FileNotFoundError: litellm has no such file any more.
    """
    spec = importlib.util.find_spec("litellm")
    assert spec is not None
    assert spec.origin is not None
    litellm = Path(spec.origin).parent
    files = [(str(PROJECT / "resources"), "resources"), (str(PROJECT / "LICENSE"), ".")]
    for name in LITELLM_DATA:
        path = litellm / name
        if not path.is_file():
            raise FileNotFoundError(f"litellm has no file {name} any more: see LITELLM_DATA.")
        files.append((str(path), str(Path("litellm") / Path(name).parent)))
    return files
