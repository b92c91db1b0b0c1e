"""The program's front door. It reads the arguments; Qt is imported only when a window is wanted."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Sequence
from pathlib import Path

from core import __version__

ENGINE_ARGUMENT = "--engine"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the program."""
    multiprocessing.freeze_support()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == [ENGINE_ARGUMENT]:
        # The same executable is the engine: no Qt in that process.
        from core import engine_process

        engine_process.main()
        return 0
    parser = _parser()
    options = parser.parse_args(given)
    if options.self_test:
        others = {"FILE": options.files, "--settings": options.settings, "--debug": options.debug}
        given_too = [name for name, value in others.items() if value]
        if given_too:
            parser.error(f"--self-test goes with --url alone, not with {given_too[0]}")
        from gui.self_test import run_self_test

        return run_self_test(options.url)
    if options.url is not None:
        parser.error("--url goes with --self-test")
    from gui.application import run

    return run(options.settings, debug=options.debug, shared_files=options.files)


def _base_url(text: str) -> str:
    from core.custom_providers import check_base_url
    from core.errors import MusterError

    try:
        return check_base_url(text)
    except MusterError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="muster", description="Keep a roll of your own language models.", allow_abbrev=False
    )
    parser.add_argument("files", nargs="*", metavar="FILE", type=Path, help="shared rolls (.muster-roll) to take in")
    parser.add_argument("--settings", metavar="FILE", type=Path, help="open the roll in this file instead of your own")
    parser.add_argument("--debug", action="store_true", help="write more to the log, and to the terminal too")
    parser.add_argument("--self-test", action="store_true", help="check that this copy of Muster is whole, and end")
    parser.add_argument(
        "--url", metavar="URL", type=_base_url, help="with --self-test: ask the endpoint at this base URL once"
    )
    parser.add_argument("--version", action="version", version=f"Muster {__version__}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
