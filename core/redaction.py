"""Taking keys out of texts, in every form in which an endpoint or a library may echo them."""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit, urlunsplit

from typing_extensions import override

HIDDEN: Final = "[key]"

PLACEHOLDER_KEYS: Final = frozenset({"NA", "DMR", "EMPTY", "none", "dummy"})
"""What is sent where an endpoint wants no key: not secret, and a word of ordinary text."""

_SHORTEST_ANYWHERE = 6
"""A shorter secret is hidden only where it stands alone: hiding "abc" everywhere would make texts unreadable."""

_SHOWN_START = 4

_NAMES_A_KEY: Final = re.compile(
    r"(?i)^((proxy-)?(authorization|(x-)?(goog-)?api[-_]?key|aws_(access|secret)\w*key\w*)"
    r"|(\w+[-_])?(password|passwd|passphrase|pwd)|\w+[-_]pass)$"
)
"""Names under which a request carries a key: whatever stands there is not kept."""

_PATTERNS: Final = (
    # What a request or an error may say about a key that is none of ours: other programs' keys, fragments.
    (re.compile(r"(?i)\b(bearer|basic)\s+(?!\[key\])[A-Za-z0-9._~+/=*\-]{6,}"), r"\1 " + HIDDEN),
    (
        re.compile(
            r"(?i)\b((?:x-)?api[-_]?key|x-goog-api-key|authorization|access[-_]token|aws_secret_access_key)"
            r"([\"']?\s*[:=]\s*[\"']?)(?!\[key\]|bearer|basic)[^\s\"',;&}]{6,}"
        ),
        r"\1\2" + HIDDEN,
    ),
    # Variables of an environment; a word such as "password" in a sentence or a model's answer is none.
    (
        re.compile(r"\b((?:[A-Z][A-Z0-9_]*)?(?:PASS(?:WORD|WD|PHRASE)?|PWD)=[\"']?)(?!\[key\])[^\s\"',;&}]{4,}"),
        r"\1" + HIDDEN,
    ),
)

_SHAPES: Final = (
    (re.compile(r"(?i)([?&](?:key|api[-_]?key|token)=)(?!\[key\])[^\s&\"']+"), r"\1" + HIDDEN),
    (re.compile(r"\bsk-[A-Za-z0-9_\-*.]{8,}|\b(?:gsk_|hf_|fw_|csk-|tgp_|xai-)[A-Za-z0-9_\-*.]{16,}"), HIDDEN),
    (re.compile(r"\bAIza[A-Za-z0-9_\-]{20,}"), HIDDEN),
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the secrets: raw, URL-encoded, in base64, and shortened with stars or dots in the middle."""
    text = hide_secrets(text, secrets)
    for pattern, replacement in (*_PATTERNS, *_SHAPES):
        text = pattern.sub(replacement, text)
    return text


def secrets_in(address: str | None) -> tuple[str, ...]:
    """What an address that was written by hand carries of a name, a password or a key, as it stands and decoded."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return ()
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    # A short value is a switch or a version, and a word of ordinary text.
    asked = [value for _, value in parse_qsl(parts.query) if len(value) >= _SHORTEST_ANYWHERE and not _is_date(value)]
    return tuple(dict.fromkeys(form for text in (password or user, *asked) if text for form in (text, unquote(text))))


def _is_date(value: str) -> bool:
    """Whether it is the version of an API."""
    return re.match(r"\d{4}-\d{2}-\d{2}", value) is not None


def plain_address(address: str) -> str:
    """An address without the name and password before its host, and without what is asked after its path."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return re.sub(r"(?<=//)[^/?#]*@|[?#].*", "", address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")).rstrip("/")


def hide_key_shapes(text: str) -> str:
    """The text without what is a key by its looks alone, and without those in addresses."""
    for pattern, replacement in _SHAPES:
        text = pattern.sub(replacement, text)
    return text


def hide_secrets(text: str, secrets: Iterable[str]) -> str:
    """The text without just these secrets; what only looks like a key stays."""
    known = {secret for secret in secrets if secret.strip() and secret not in PLACEHOLDER_KEYS}
    for secret in sorted(known, key=len, reverse=True):
        text = _hide(text, secret)
    return text


def _hide(text: str, secret: str) -> str:
    if len(secret) < _SHORTEST_ANYWHERE:
        return re.sub(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])", HIDDEN, text)
    encoded = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), repr(secret)[1:-1]}
    encoded |= {b64encode(form.encode()).decode().rstrip("=") for form in (secret, f":{secret}", f"{secret}:")}
    for form in sorted(encoded, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    # "sk-ab***yz", "sk-abcd…wxyz", "sk-ab...": the beginning of the key and then stars or dots.
    start = re.escape(secret[:_SHOWN_START])
    return re.sub(rf"{start}[A-Za-z0-9_\-]*(?:\*{{2,}}|\.{{3,}}|…)+[A-Za-z0-9_\-]*", HIDDEN, text)


def hide_secrets_in(value: Any, secrets: Iterable[str]) -> Any:
    """Plain data with the secrets out of every text in it, keys of mappings included."""
    known = tuple(secrets)
    if isinstance(value, str):
        return hide_secrets(value, known)
    if isinstance(value, dict):
        return {hide_secrets_in(key, known): hide_secrets_in(item, known) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [hide_secrets_in(item, known) for item in value]
    return value


def without_keys(value: Any, secrets: Iterable[str] = ()) -> Any:
    """Plain data fit to be kept or passed on: no secret, nothing that looks like a key, nothing under a key's name."""
    known = tuple(secrets)
    if isinstance(value, str):
        return redact(value, known)
    if isinstance(value, Mapping):
        return {
            hide_secrets(str(key), known): HIDDEN if _NAMES_A_KEY.match(str(key)) else without_keys(item, known)
            for key, item in value.items()
        }
    return [without_keys(item, known) for item in value] if isinstance(value, (list, tuple)) else value


def fit_to_keep(value: Any, secrets: Iterable[str] = ()) -> Any:
    """Plain data as it may be kept and passed on: the secrets out, and no half of a surrogate pair in any text."""
    known = tuple(secrets)
    if isinstance(value, str):
        return hide_secrets(_without_surrogates(value), known)
    if isinstance(value, dict):
        return {fit_to_keep(key, known): fit_to_keep(item, known) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [fit_to_keep(item, known) for item in value]
    return value


def _without_surrogates(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class RedactionFilter(logging.Filter):
    """Takes the secrets it was told about, and whatever looks like a key, out of every record that passes."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = {secret for secret in secrets if secret}

    def learn(self, secrets: Iterable[str]) -> None:
        """More secrets to hide from now on."""
        self._secrets |= {secret for secret in secrets if secret}

    def hide(self, text: str) -> str:
        """The text as a record would have it."""
        return redact(text, tuple(self._secrets))

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Always True: the record is changed, never dropped."""
        record.msg = self.hide(record.getMessage())
        record.args = ()
        if record.exc_info:
            record.exc_text = self.hide(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        elif record.exc_text:
            record.exc_text = self.hide(record.exc_text)
        return True
