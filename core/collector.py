"""The garbage collector, held back while much is made that is no rubbish, or where it must not run."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_holders = 0
_was_enabled = True


def hold_collector() -> None:
    """No garbage collection from now on, on any thread, until everybody who holds it has let go of it."""
    global _holders, _was_enabled  # noqa: PLW0603 (there is one collector)
    with _lock:
        if _holders == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _holders += 1


def release_collector() -> None:
    """Lets go of it. The thread of the last one to do so is likely to collect next."""
    global _holders  # noqa: PLW0603 (there is one collector)
    with _lock:
        _holders -= 1
        if _holders == 0 and _was_enabled:
            gc.enable()


@contextmanager
def paused_collector() -> Iterator[None]:
    """No garbage collection meanwhile: with it a parse takes longer and stalls the window three times as long."""
    hold_collector()
    try:
        yield
    finally:
        release_collector()
