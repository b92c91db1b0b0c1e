"""Under which names of a file keys and passwords usually stand, and which values are none."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from core.redaction import PLACEHOLDER_KEYS

_SECRET_WORDS: Final = frozenset(
    {"token", "secret", "secrets", "pass", "password", "passwords", "passwd", "passphrase", "passcode", "pwd", "pin"}
    | {"authorization", "credential", "credentials", "apikey", "apikeys", "cookie", "jwt"}
)
_SECRET_ENDING: Final = re.compile(
    r"(?:token|secrets?|passwords?|passwd|passphrase|passcode|pwd|credentials?|apikeys?|(?<!by)(?<!com)pass)$"
)
"""Of words in one, such as `PGPASSWORD` and `dbpass`."""
_KEY_OF: Final = frozenset({"api", "access", "secret", "private", "auth", "client", "master", "license", "signing"})
_SECTION_WORDS: Final = frozenset({"env", "environ", "environment", "headers"})
_BEHIND_SECTION_WORDS: Final = frozenset({"vars", "variables", "linux", "osx", "windows"})

_REFERENCE: Final = re.compile(
    r"(?:(?:bearer|basic|token)\s+)?"
    r"(?:os\.environ/\w+|os\.environ(?:\.get)?[\[(][\"']\w+[\"'](?:, [\"'](?:\w{0,7}|\w+ is not set)[\"'])?[\])]|"
    r"\$\{\{[^{}]*\}\}|\$\{[^{}]*\}|\$\w+|\{(?:env|file):[^{}]*\}|\{\{[^{}]*\}\}|user_provided|)",
    re.IGNORECASE,
)


def is_key_name(name: str) -> bool:
    """Whether a key usually stands under that name: `api_key`, `apiKey`, `x-api-key`, `token`, `DB_PASS`."""
    parts = _words(name)
    if parts[-1] in _SECRET_WORDS or _SECRET_ENDING.search(parts[-1]):
        return True
    if parts[-1] not in ("key", "keys") or len(parts) < 2:
        return False
    return parts[-2] in _KEY_OF or re.search(r"[_\-.]keys?$", name, re.IGNORECASE) is not None


def is_name_of_section_with_keys(name: str) -> bool:
    """Whether people put keys below that name, whatever they call them: `env`, `extra_headers`, `requestHeaders`."""
    parts = _words(name)
    last = parts[-2] if len(parts) > 1 and parts[-1] in _BEHIND_SECTION_WORDS else parts[-1]
    return last in _SECTION_WORDS


def is_secret(value: Any) -> bool:
    """Whether a value under such a name is to be hidden: one that says nothing and a reference are not."""
    if value is None or isinstance(value, bool) or value in ({}, []):
        return False
    return not isinstance(value, str) or not (_REFERENCE.fullmatch(value.strip()) or value in PLACEHOLDER_KEYS)


@lru_cache(maxsize=1024)
def _words(name: str) -> tuple[str, ...]:
    return tuple(re.split(r"[\W_]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower().strip()))
