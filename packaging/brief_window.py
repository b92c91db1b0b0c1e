"""Opens the window on the system's own desktop for ten seconds and quits it: `python packaging/brief_window.py muster`.

For systems without a virtual X screen, where `hello_run.py` leaves the window out. Its own home is a new folder. Gives
1 where it ended early, did not paint or did not get its engine ready, did not quit when asked to, or logged an error.
Only the standard library, because the program brings everything else.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OPEN_S = 10.0
READY_LIMIT_S = 90.0
END_LIMIT_S = 30.0
_POLL_S = 0.25
_READY = ("first paint", "engine is ready")


class WindowFailed(Exception):
    """What the window did not do."""


def open_briefly(command: list[str], home: Path, open_s: float = OPEN_S) -> str:
    """Open the window, leave it open, and quit it; what it logged.

    Raises:
        WindowFailed: with what it logged until then.
    """
    log = home / "log" / "muster.log"
    process = subprocess.Popen(command, env={**os.environ, "MUSTER_HOME": str(home)}, stdin=subprocess.DEVNULL)
    try:
        _stay(process, open_s, log)
        deadline_s = time.monotonic() + READY_LIMIT_S
        while missing := [words for words in _READY if words not in _logged(log)]:
            if time.monotonic() > deadline_s:
                raise WindowFailed(f"its log never said {missing}:\n{_logged(log)}")
            _stay(process, _POLL_S, log)
        _quit(process)
        code = process.wait(timeout=END_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise WindowFailed(f"it did not quit within {END_LIMIT_S:.0f} s:\n{_logged(log)}") from None
    finally:
        process.kill()
        process.wait()
    wrong = [line for line in _logged(log).splitlines() if re.search(r" (ERROR|CRITICAL) |^Traceback", line)]
    if code or wrong:
        raise WindowFailed(f"it ended with code {code} and logged {wrong[:5]}:\n{_logged(log)}")
    return _logged(log)


def _stay(process: subprocess.Popen[bytes], seconds: float, log: Path) -> None:
    """Let it run that long."""
    try:
        code = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return
    raise WindowFailed(f"it ended by itself with code {code}:\n{_logged(log)}")


def _quit(process: subprocess.Popen[bytes]) -> None:
    """Ask the window to close as the system does when a person logs off."""
    if sys.platform == "win32":
        # without /F it sends the window WM_CLOSE
        subprocess.run(["taskkill", "/PID", str(process.pid)], check=True)
    else:
        process.send_signal(signal.SIGTERM)


def _logged(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""


def main() -> int:
    """Run and give the exit code."""
    with tempfile.TemporaryDirectory(prefix="muster-window-", ignore_cleanup_errors=True) as home:
        try:
            open_briefly([str(Path(sys.argv[1]).resolve())], Path(home))
        except WindowFailed as failed:
            print(failed, file=sys.stderr)
            return 1
    print(f"The window was open for {OPEN_S:.0f} s, painted, with its engine ready, and quit with code 0.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
