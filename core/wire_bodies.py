"""Bodies of answers as they arrive: decompressed a little at a time, and messages in parts made plain."""

from __future__ import annotations

import asyncio
import json
import re
import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import httpx

ENCODING: Final = "gzip"
"""What is asked for: the one encoding that is decompressed here, so that 300 MB in 300 kB hold nobody up."""

_PIECE_BYTES: Final = 64 * 1024
_GZIP_WINDOW: Final = 31
_CONTENT_IN_PARTS = re.compile(rb'"content"\s*:\s*\[')


async def decoded_pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body in small pieces; others on the loop get their turn between them.

    Raises:
        httpx.HTTPError: the connection broke, or what came is not what it calls itself.
    """
    if response.headers.get("content-encoding", "").strip().lower() != ENCODING:
        async for piece in response.aiter_bytes():
            yield piece
        return
    inflating = zlib.decompressobj(_GZIP_WINDOW)
    async for raw in response.aiter_raw():
        waiting = raw
        while waiting and not inflating.eof:
            try:
                piece = inflating.decompress(waiting, _PIECE_BYTES)
            except zlib.error as error:
                raise httpx.DecodingError(str(error)) from error
            waiting = inflating.unconsumed_tail
            if piece:
                yield piece
                await asyncio.sleep(0)


def plain_line(line: bytes) -> bytes:
    """A line of a stream with content in parts as text, which is what clients read (Mistral's thinking models)."""
    if not line.startswith(b"data:") or not _CONTENT_IN_PARTS.search(line):
        return line
    try:
        event = json.loads(line[5:])
    except (ValueError, RecursionError):
        return line
    choices = event.get("choices") if isinstance(event, dict) else None
    for choice in choices if isinstance(choices, list) else ():
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if isinstance(delta, dict):
            choice["delta"] = plain_message(delta)
    return b"data: " + json.dumps(event).encode()


def plain_message(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message or a piece of one whose content is a list of parts, with it as text and its thinking apart."""
    content = message.get("content")
    if not isinstance(content, list):
        return dict(message)
    parts = [part for part in content if isinstance(part, Mapping)]
    texts = [part["text"] for part in parts if isinstance(part.get("text"), str)]
    thoughts = [_thought(part["thinking"]) for part in parts if "thinking" in part]
    plain = {**message, "content": "".join(texts)}
    if any(thoughts) and not message.get("reasoning_content"):
        plain["reasoning_content"] = "".join(thoughts)
    return plain


def _thought(value: object) -> str:
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else ()
    return "".join(part["text"] for part in parts if isinstance(part, Mapping) and isinstance(part.get("text"), str))
