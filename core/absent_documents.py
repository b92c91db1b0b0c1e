"""Which documents an endpoint was found not to have: `ABSENT`, for some minutes, so that nobody asks for them again.

Measuring one model after the other would else ask an unknown server a dozen times each for what is not there. What is
there is asked for each time: a server may be another one by then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from core.declaration_rules import DocumentKind

_REMEMBERED_S: Final = 300.0
_MOST_ENDPOINTS: Final = 1000


class AbsentDocuments:
    """By endpoint and kind, until the time is over."""

    def __init__(self, remembered_s: float = _REMEMBERED_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._remembered_s = remembered_s
        self._clock = clock
        self._until_s: dict[tuple[str, DocumentKind], float] = {}

    def note(self, endpoint: str, kind: DocumentKind) -> None:
        """It was asked for, and nothing of use came."""
        while len(self._until_s) >= _MOST_ENDPOINTS:
            del self._until_s[next(iter(self._until_s))]
        self._until_s[endpoint, kind] = self._clock() + self._remembered_s

    def has(self, endpoint: str, kind: DocumentKind) -> bool:
        """Whether it is known not to be there."""
        return self._until_s.get((endpoint, kind), 0.0) > self._clock()


ABSENT: Final = AbsentDocuments()
