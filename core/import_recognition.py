"""Which kind of source a file or a text is, by its name and by its shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from core.errors import MusterError
from core.exporters.all_targets import TARGETS
from core.exporters.shape import Format
from core.import_texts import PASTED, Given
from core.row_checks import LEGACY_KEY, PROVIDERS_KEY, REGISTRY_KEY

MUSTER: Final = "muster"
CURL: Final = "curl"
ENVIRONMENT: Final = "environment"
KILN: Final = "kiln"

SHARE_FORMAT: Final = "muster-roll"
"""What a share file says that it is, under “format”."""

OWN_SOURCES: Final[Mapping[str, str]] = MappingProxyType(
    {MUSTER: "Muster", CURL: "curl", ENVIRONMENT: "the environment", KILN: "Kiln"}
)
"""The sources that are not read through a target, with their names."""

_NAMES: Final = (
    ("muster", re.compile(r".*\.muster-roll$")),
    ("kiln", re.compile(r".*/\.kiln_ai/settings\.ya?ml$")),
    ("llm", re.compile(r".*/extra-openai-models\.ya?ml$")),
    ("aider", re.compile(r".*\.aider\.model\.(settings\.ya?ml|metadata\.json)$")),
    ("opencode", re.compile(r".*/opencode\.jsonc?$")),
    ("continue", re.compile(r".*/\.continue/.*config\.ya?ml$")),
    ("goose", re.compile(r".*/custom_providers/[^/]+\.json$")),
    ("librechat", re.compile(r".*/librechat\.ya?ml$")),
    ("vscode", re.compile(r".*/chatlanguagemodels\.json$")),
    ("zed", re.compile(r".*/zed/settings\.json$")),
    ("environment", re.compile(r".*/\.env(\.[\w-]+)?$|.*\.env$")),
    ("pydantic-ai", re.compile(r".*\.py$")),
)
"""By the path with slashes, in lower case."""

_CURL: Final = re.compile(
    r"""
    (?:^|[\n;|&]|\$\(|`)[ \t]*+
    (?:PS[ ][^\s>;|&`(]*+>|[\w.-]++@[^\s$#%>;|&`(]*+[ ]?[$#%>]|[A-Z]:\\[^\s>;|&`(]*+>|[$>%])?+[ \t]*+  # a prompt
    (?:(?:[A-Z_]\w*+=(?:'[^'\n]*+'|"[^"\n]*+"|[^\s'";|&`(])*+|sudo|time|env|command|exec|nohup|nice|timeout|winpty)
        (?:[ \t]++(?:-[^\s;|&`(]++|\d++[smh]?(?!\S)))*+[ \t]++)*+  # variables, and programs that start others
    (?:[^\s;|&`(]*?[/\\])?curl(?:\.exe)?[ \t\\^`]
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""A command as it is pasted. No part goes beyond a character that another try begins at, so that it is linear."""

_ROLL_LINE: Final = re.compile(rf"^(?:{REGISTRY_KEY}|{LEGACY_KEY}|{PROVIDERS_KEY}):(?:\s|$)", re.MULTILINE)
_VARIABLE_LINE: Final = re.compile(r"^\s*(?:export\s+|set\s+|\$env:)?[A-Za-z_][A-Za-z0-9_]*\s*=", re.IGNORECASE)
_AIDER_KEYS: Final = frozenset(
    {"edit_format", "extra_params", "use_repo_map", "weak_model_name", "editor_model_name", "reasoning_tag",
     "accepts_settings", "use_temperature", "streaming", "use_system_prompt", "examples_as_sys_msg"}
)  # fmt: skip


def _rows(tree: Any, *keys: str) -> bool:
    """Whether it is a list in which a mapping has all these keys."""
    return isinstance(tree, list) and any(isinstance(row, dict) and all(key in row for key in keys) for row in tree)


def _has(tree: Any, *keys: str) -> bool:
    return isinstance(tree, dict) and all(key in tree for key in keys)


def _nested(tree: Any, *keys: str) -> Any:
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


_SHAPES: Final[tuple[tuple[str, Callable[[Any], bool]], ...]] = (
    ("muster", lambda tree: _nested(tree, "format") == SHARE_FORMAT),
    ("muster", lambda tree: any(_has(tree, key) for key in (REGISTRY_KEY, LEGACY_KEY, PROVIDERS_KEY))),
    ("litellm", lambda tree: _has(tree, "model_list")),
    ("opencode", lambda tree: "opencode.ai" in str(_nested(tree, "$schema"))),
    ("opencode", lambda tree: isinstance(_nested(tree, "provider"), dict)),
    ("zed", lambda tree: _has(tree, "language_models")),
    ("librechat", lambda tree: isinstance(_nested(tree, "endpoints"), dict)),
    ("goose", lambda tree: _has(tree, "engine", "models")),
    ("vscode", lambda tree: _rows(tree, "vendor")),
    ("llm", lambda tree: _rows(tree, "model_id", "model_name")),
    ("aider", lambda tree: _rows(tree, "name") and any(_AIDER_KEYS & row.keys() for row in tree if type(row) is dict)),
    ("aider", lambda tree: type(tree) is dict and any(_has(row, "litellm_provider") for row in tree.values())),
    ("continue", lambda tree: isinstance(_nested(tree, "models"), list) and _has(tree, "name")),
)
"""What only that tool's files look like, the surest first."""


def title_of(kind: str) -> str:
    """The name of a source, as it is shown."""
    return OWN_SOURCES.get(kind) or (TARGETS[kind].title if kind in TARGETS else kind)


def known_sources() -> tuple[str, ...]:
    """Every source that can be named."""
    return tuple(dict.fromkeys((*TARGETS, *OWN_SOURCES)))


def recognise(given: Given) -> str:
    """The kind of what was given.

    Raises:
        MusterError: it cannot be told, or it cannot be read at all.
    """
    found = _by_name(given.path) if given.path is not None else None
    if found is None and not given.is_folder:
        found = _by_text(given)
    if found is None and given.is_folder and given.path is not None:
        raise MusterError(f"“{given.path.name[:80]}” is a folder.", "Choose a file in it.")
    if found is None:
        raise MusterError(
            f"It cannot be told which program “{given.path.name[:80]}” is for."
            if given.path is not None
            else "It cannot be told what this text is.",
            f"Say what it is: {', '.join(title_of(kind) for kind in known_sources())}.",
        )
    if found not in known_sources():
        raise MusterError(f"Files of {found} cannot be imported.", "Choose another file.")
    return found


def _by_name(path: Path) -> str | None:
    full = "/" + path.absolute().as_posix().lower().lstrip("/")
    if path.is_dir():
        return _by_folder(path)
    return next((kind for kind, pattern in _NAMES if pattern.fullmatch(full)), None)


def _by_folder(folder: Path) -> str | None:
    """The target whose files are in that folder, one of several only where a name says so."""
    folders = [target for target in TARGETS.values() if target.is_folder]
    fixed = [target.id for target in folders if any((folder / file.name).is_file() for file in target.files(()))]
    names = fixed or [target.id for target in folders if _exist(target.id, folder)]
    by_place = [kind for kind in names if TARGETS[kind].default_path().name == folder.name]
    chosen = by_place or names
    return chosen[0] if len(chosen) == 1 else None


def _exist(kind: str, folder: Path) -> bool:
    return any((folder / file.name).is_file() for file in TARGETS[kind].existing_files(folder))


def _by_text(given: Given) -> str | None:
    text = given.text
    if _CURL.search(text) and not text.lstrip().startswith(("{", "[")):
        return CURL
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if lines and all(_VARIABLE_LINE.match(line) for line in lines):
        return ENVIRONMENT
    if re.search(r"^\s*(?:from|import)\s+pydantic_ai\b", text, re.MULTILINE):
        return "pydantic-ai"
    file_format = format_of(given)
    if file_format is Format.YAML and _ROLL_LINE.search(text):  # the first of the shapes, seen without reading it all
        return MUSTER
    tree = given.tree(file_format, f"“{given.path.name}”" if given.path is not None else PASTED)
    return next((kind for kind, fits in _SHAPES if fits(tree)), None)


def format_of(given: Given) -> Format:
    """The format of a text whose kind is not known: JSON where it begins like it."""
    if given.path is not None and given.path.suffix.lower() in (".json", ".jsonc", ".muster-roll"):
        return Format.JSON
    start = re.sub(r"\A(?:\s|//[^\n]*\n|/\*.*?\*/)+", "", given.text[:100_000], flags=re.DOTALL)
    return Format.JSON if start.startswith(("{", "[")) else Format.YAML
