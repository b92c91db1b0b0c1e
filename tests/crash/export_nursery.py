"""Forks processes that write several files at once, for tests that kill them or leave them no room.

One order a line (JSON) on stdin, one at a time: the folder, whose `kept.yaml` is replaced, `new.yaml` made and
`old.yaml` deleted. On stdout one line each: the exit status, and the error's title if there was one.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import filelock

from core.errors import MusterError
from core.exporters.files import NewText, write_files
from tests.crash.nursery import die_at, say


def main() -> None:
    """Does the orders until stdin ends."""
    assert filelock.__version__  # imported before the fork, as everything else
    assert datetime.strptime("2026", "%Y").year == 2026  # noqa: DTZ007 (this imports too)
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            carry_out(order, writing)
        os.close(writing)
        title = os.read(reading, 1000).decode()
        os.close(reading)
        say(json.dumps([os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), title]))


def carry_out(order: dict[str, Any], writing: int) -> None:
    """Writes the files and ends the process."""
    if "user" in order:
        os.setgid(order["user"])
        os.setuid(order["user"])
    if "largest_bytes" in order:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest_bytes"], order["largest_bytes"]))
    folder = Path(order["folder"])
    texts = [
        NewText(folder / "kept.yaml", "before\n", order.get("after", "after\n")),
        NewText(folder / "deep" / "new.yaml", None, "new\n"),
        NewText(folder / "old.yaml", "old\n", None),
    ]
    if "die_at" in order:
        die_at(order["die_at"], after=order["dies_after"])
    try:
        write_files(texts, Path(order["backups"]))
    except MusterError as error:
        os.write(writing, str(error).encode())
        os._exit(4)
    os._exit(0)


if __name__ == "__main__":
    main()
