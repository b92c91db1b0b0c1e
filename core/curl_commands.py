"""A model out of a `curl` command: where it is, what it is called, and what the request says that it can do.

The command is never run, files that it names are not read, and a key that stands in it is seen and left there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from core.command_words import Command, shell_of, split_commands, split_heredoc
from core.errors import MusterError
from core.exporters.shape import ReadProvider
from core.import_checks import checked_model, is_variable_name, named_keys
from core.import_plans import Source
from core.request_addresses import VARIABLE, Asked, read_address, refuse_other_than_chat

_WITH_VALUE: Final = frozenset("AbCcDdEeFHhKmoPQrTtUuwXxYyz")
"""curl's short options that take a value (curl 8; “-h” a category)."""

_LONG_WITH_VALUE: Final = frozenset(
    {
        "aws-sigv4", "cacert", "capath", "cert", "cert-type", "ciphers", "config", "connect-timeout", "connect-to",
        "cookie", "cookie-jar", "data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "dump-header",
        "form", "form-string", "header", "interface", "json", "keepalive-time", "key", "key-type", "limit-rate",
        "max-redirs", "max-time", "noproxy", "oauth2-bearer", "output", "pass", "proxy", "proxy-header", "proxy-user",
        "range", "referer", "request", "resolve", "retry", "retry-delay", "retry-max-time", "speed-limit",
        "speed-time", "stderr", "tls-max", "trace", "trace-ascii", "unix-socket", "upload-file", "url", "url-query",
        "user", "user-agent", "write-out",
    }
)  # fmt: skip

_SHORT_NAMES: Final = {"H": "header", "d": "data", "X": "request", "u": "user", "F": "form"}
_DATA: Final = frozenset({"data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "json"})
_KEY_HEADERS: Final = frozenset({"authorization", "api-key", "x-api-key", "x-goog-api-key", "proxy-authorization"})
_PLAIN_HEADERS: Final = frozenset({"content-type", "accept", "anthropic-version", "user-agent", "accept-encoding"})
_ASSIGNMENT: Final = re.compile(r"(?:\$env:)?([A-Za-z_]\w*)=", re.IGNORECASE)
_PROMPT: Final = re.compile(r"[$>%]")
_MOST_BEFORE: Final = 12
"""How many words may stand before “curl” itself."""

_PLACEHOLDER: Final = re.compile(
    r"(?i)^(?:<[^>]*>|\[[^\]]*\]|your[-_ ].*|x{3,}|\.{3,}|…|sk-\.{3}|none|na|empty|no-key)$"
)
_OF_ONE_REQUEST: Final = frozenset(
    {
        "model", "messages", "prompt", "input", "instructions", "system", "contents", "generationConfig", "stream",
        "stream_options", "temperature", "top_p", "top_k", "min_p", "max_tokens", "max_completion_tokens",
        "max_output_tokens", "n", "stop", "seed", "user", "frequency_penalty", "presence_penalty", "logit_bias",
        "store", "metadata", "options", "keep_alive", "inferenceConfig", "anthropic_version", "api_version",
    }
)  # fmt: skip
"""What a request says about itself and not about its model."""

_OF_A_CHAT: Final = frozenset({"messages", "prompt", "contents", "instructions", "conversation"})
_INPUTS: Final = frozenset({"input", "inputs", "texts"})
_OF_EMBEDDINGS: Final = frozenset({"encoding_format", "dimensions", "input_type", "embedding_types"})
"""What only a request for embeddings says, unless it says something of a chat."""


@dataclass(slots=True)
class _Request:
    url: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    bearer: str = ""
    user: str = ""
    files: list[str] = field(default_factory=list)
    assigned: frozenset[str] = frozenset()
    """The variables that the text itself sets."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What is known of a key: the variable that holds it, and that it stands in the command itself."""

    variable: str = ""
    place: str = ""


def read_curl(text: str, title: str = "curl") -> Source:
    """The models that the commands in a text ask.

    Raises:
        MusterError: there is no `curl` command in it that says an address.
    """
    command, document = split_heredoc(text.replace("\r\n", "\n"))
    requests = [request for request in _requests(split_commands(command, shell_of(command)), document) if request.url]
    if not requests:
        raise MusterError(
            "There is no curl command with an address in this text.", "Paste the whole command, from “curl” to its end."
        )
    models, providers, problems, places = [], [], [], []
    unread: dict[str, None] = {}
    for request in requests:
        try:
            asked, key = _place(request)
            notes: list[str] = []
            body = _body(request, notes)
            _refuse_embeddings(request.url, body, is_plain=asked.is_plain)
            model = asked.model or body.get("model", "")
            provider = ReadProvider("", asked.base_url, asked.provider_id, key.variable, holds_key=bool(key.place))
            if key.place:
                places.append(key.place)
            if not isinstance(model, str) or not model.strip() or VARIABLE.fullmatch(model):
                checked_model("x", provider)  # for the address
                unread |= dict.fromkeys(notes)
                if asked.provider_id is not None:
                    problems.append("The command names no model.")
                    continue
                providers.append(provider)
                problems.append("The command names no model: only its endpoint can be added.")
                continue
            overrides, unknown = capabilities_of(body)
            models.append(
                checked_model(
                    model, provider, overrides=overrides, not_understood=(*_odd_headers(request), *unknown), notes=notes
                )
            )
        except MusterError as error:
            problems.append(f"The command cannot be used. {error}")
    key_places = tuple(dict.fromkeys(places))
    return Source("curl", title, tuple(models), tuple(providers), tuple(problems), tuple(unread), key_places)


def _refuse_embeddings(url: str, body: Mapping[str, Any], *, is_plain: bool) -> None:
    """Raises MusterError where the request asks for embeddings at an address that does not say so."""
    if not _OF_A_CHAT.isdisjoint(body):
        return
    names_one = not _OF_EMBEDDINGS.isdisjoint(body)
    if names_one or (not _INPUTS.isdisjoint(body) and (is_plain or "/invocations" in url or "/invoke" in url)):
        raise refuse_other_than_chat("embeddings")


def _requests(commands: Iterable[Command], document: str | None) -> Iterator[_Request]:
    """What each curl in the text asks; a request may stand in the command that is piped into it."""
    assigned: set[str] = set()
    written: str | None = None
    for command in commands:
        at = _curl_at(command.words)
        before = command.words[:at]
        assigned |= {found.group(1).upper() for word in before if (found := _ASSIGNMENT.match(word)) is not None}
        if at < len(command.words):
            yield _request(command.words[at + 1 :], document if document is not None else written, assigned)
        written = _written_by(command.words) if command.is_piped else None


def _curl_at(words: Sequence[str]) -> int:
    """Where a command says curl, behind a prompt, variables and programs that start others; its length if nowhere."""
    names = (re.split(r"[/\\>]", word.lower())[-1].lstrip("$(`") for word in words[:_MOST_BEFORE])
    return next((at for at, name in enumerate(names) if name in ("curl", "curl.exe")), len(words))


def _written_by(words: Sequence[str]) -> str | None:
    """What a command writes for the next one, where that is to be seen; None where it would have to be run."""
    words = [word for word in words if not _PROMPT.fullmatch(word)]
    if words and words[0] in ("echo", "Write-Output"):
        return " ".join(word for word in words[1:] if word not in ("-n", "-e", "-E", "-ne", "-en"))
    if words and words[0] == "printf":
        return words[-1]
    return words[0] if len(words) == 1 and words[0].startswith("{") else None  # PowerShell pipes a text by itself


def _request(arguments: Sequence[str], document: str | None, assigned: Collection[str]) -> _Request:
    request = _Request(assigned=frozenset(assigned))
    here = next((at for at, word in enumerate(arguments) if word.startswith("<<<")), None)
    if here is not None:
        string = arguments[here].removeprefix("<<<")
        document = string or "".join(arguments[here + 1 : here + 2])
        arguments = [*arguments[:here], *arguments[here + (1 if string else 2) :]]
    for name, value in _options(arguments):
        if name in _DATA:
            if value == "@-" and document is not None:
                request.data.append(document)
            elif value.startswith("@") and name != "data-raw":
                request.files.append(value[1:])
            else:
                request.data.append(value)
        elif name == "header":
            header, _, content = value.partition(":")
            request.headers.append((header.strip().lower(), content.strip()))
        elif name == "oauth2-bearer":
            request.bearer = value
        elif name == "user":
            request.user = value
        elif name in ("", "url") and not request.url:
            request.url = value.strip()
    return request


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each option with its value, “” as the name of what is none."""
    rest = iter(arguments)
    for word in rest:
        if word.startswith("--") and len(word) > 2:
            name, equals, value = word[2:].partition("=")
            takes = name in _LONG_WITH_VALUE
            yield name, value if equals else next(rest, "") if takes else ""
        elif word.startswith("-") and len(word) > 1:
            for at, letter in enumerate(word[1:], start=1):
                if letter in _WITH_VALUE:
                    attached = word[at + 1 :]
                    yield _SHORT_NAMES.get(letter, letter), attached or next(rest, "")
                    break
        else:
            yield "", word


def _place(request: _Request) -> tuple[Asked, _Key]:
    """Where the request goes, and what is known of the key."""
    asked = read_address(request.url)
    parts = urlsplit(request.url if "://" in request.url else f"http://{request.url}")
    return asked, _key_of(request, parts.query, "@" in parts.netloc)


def _key_of(request: _Request, query: str, has_user: bool) -> _Key:
    found = [(value, f"the {name} header of the command") for name, value in request.headers if name in _KEY_HEADERS]
    found += [
        (request.bearer, "the bearer token of the command"),
        (request.user.removeprefix("token:"), "the user of the command"),  # as Databricks’ pages write it
    ]
    found += [
        (value, "the address in the command")
        for name, value in parse_qsl(query)
        if re.fullmatch(r"(?i)key|api[-_]?key|(access_)?token", name)
    ]
    for value, place in found:
        bare = re.sub(r"(?i)^(bearer|basic)\s+", "", value).strip()
        if not bare:
            continue
        variable = VARIABLE.fullmatch(bare)
        if variable is not None:
            name = next(group for group in variable.groups() if group)
            known = name.upper() if is_variable_name(name.upper()) else ""
            return _Key(known, "a variable of the command" if name.upper() in request.assigned else "")
        if not _PLACEHOLDER.match(bare):
            return _Key(place=place)
    return _Key(place="the address in the command") if has_user else _Key()


def _odd_headers(request: _Request) -> Iterator[str]:
    return (f"header {name}" for name, _ in request.headers if name not in _KEY_HEADERS and name not in _PLAIN_HEADERS)


def _body(request: _Request, notes: list[str]) -> dict[str, Any]:
    if request.files:
        notes.append("The request stands in a file of its own, which was not read.")
    text = "&".join(request.data).strip()
    if not text:
        return {}
    # PowerShell 5 wants its quotes with backslashes also between single quotes.
    for candidate in (text, text.replace('\\"', '"')):
        try:
            body = json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
        return body if isinstance(body, dict) else {}
    # A variable without quotes, or a comment: what names the model is still to be had.
    model = re.search(r'\\?"model\\?"\s*:\s*\\?"([^"\\]+)\\?"', text)
    notes.append("The request could not be read as JSON; only the model’s ID was taken from it.")
    return {"model": model.group(1)} if model is not None else {}


def capabilities_of(body: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The overrides that a chat request shows its model to be used with, and the keys that say something else."""
    found: dict[str, Any] = {}
    understood = set(_OF_ONE_REQUEST)
    for keys, read in _READERS:
        values = {key: body[key] for key in keys if key in body}
        if values and (more := read(values)) is not None:
            found |= more
            understood |= values.keys()
    found |= _attachments(body.get("messages"))
    return found, named_keys(key for key in body if key not in understood)


def _response_format(values: Mapping[str, Any]) -> dict[str, Any] | None:
    wanted = values["response_format"]
    mode = {"json_schema": "json_schema", "json_object": "json_mode"}.get(
        str(wanted.get("type")) if isinstance(wanted, dict) else ""
    )
    if mode is None:
        return {} if isinstance(wanted, dict) and wanted.get("type") == "text" else None
    return {"structured_output_mode": mode, "supports_structured_output": True}


def _tools(values: Mapping[str, Any]) -> dict[str, Any] | None:
    given = next((values[key] for key in ("tools", "functions") if key in values), None)
    return {"supports_function_calling": True} if isinstance(given, list) and given else {}


def _logprobs(values: Mapping[str, Any]) -> dict[str, Any] | None:
    return {"supports_logprobs": True} if values.get("logprobs") else {}


def _effort(values: Mapping[str, Any]) -> dict[str, Any] | None:
    effort = values.get("reasoning_effort")
    if "reasoning" in values:
        wanted = values["reasoning"]
        effort = wanted.get("effort") if isinstance(wanted, dict) else None
    if not isinstance(effort, str) or not effort.strip():
        return None
    return {"available_thinking_levels": {effort.capitalize(): effort}, "default_thinking_level": effort}


def _thinking(values: Mapping[str, Any]) -> dict[str, Any] | None:
    wanted = values["thinking"]
    enabled = isinstance(wanted, dict) and wanted.get("type") == "enabled"
    return {"anthropic_extended_thinking": True} if enabled else None


def _enable_thinking(values: Mapping[str, Any]) -> dict[str, Any] | None:
    wanted = values["enable_thinking"]
    return {"siliconflow_enable_thinking": wanted} if isinstance(wanted, bool) else None


_READERS: Final = (
    (("response_format",), _response_format),
    (("tools", "functions", "tool_choice", "function_call", "parallel_tool_calls"), _tools),
    (("logprobs", "top_logprobs"), _logprobs),
    (("reasoning_effort", "reasoning"), _effort),
    (("thinking",), _thinking),
    (("enable_thinking",), _enable_thinking),
)
"""Keys of a request, and what they show; None where a value of theirs is not understood."""


def _attachments(messages: Any) -> dict[str, Any]:
    """What the parts of the messages show: images, and files by their types."""
    types: dict[str, None] = {}
    sees = False
    for message in messages if isinstance(messages, list) else []:
        parts = message.get("content") if isinstance(message, dict) else None
        for part in parts if isinstance(parts, list) else []:
            kind = part.get("type") if isinstance(part, dict) else None
            if kind in ("image_url", "input_image", "image"):
                sees = True
            elif kind == "file":
                types["application/pdf"] = None
            elif kind == "input_audio":
                audio = part.get("input_audio")
                audio_format = audio.get("format") if isinstance(audio, dict) else None
                types["audio/mpeg" if audio_format == "mp3" else "audio/wav"] = None
    found: dict[str, Any] = {"supports_vision": True} if sees else {}
    if types:
        found |= {"multimodal_capable": True, "multimodal_mime_types": list(types)}
    return found
