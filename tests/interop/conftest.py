"""Which tools are checked with, and their environments, made before the first test so that no test's time runs out."""

from __future__ import annotations

import os
import time

import pytest

from tests.interop.environments import TOOLS, EnvironmentMissing, ensure, is_made

# Read here, because a test's own environment holds nothing of the project's.
_STATED = [name for name in os.environ.get("MUSTER_INTEROP", "").replace(",", " ").split() if name]
SELECTED = tuple(tool for tool in TOOLS if tool in _STATED) if _STATED else TOOLS

_missing: dict[str, str] = {}
_run: set[str] = set()


def pytest_configure() -> None:
    unknown = [name for name in _STATED if name not in TOOLS]
    if unknown:
        raise pytest.UsageError(f"MUSTER_INTEROP names {', '.join(unknown)}; there are {', '.join(TOOLS)}.")


def _tool_of(item: pytest.Item) -> str | None:
    mark = item.get_closest_marker("tool")
    return str(mark.args[0]) if mark else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if (tool := _tool_of(item)) is not None and tool not in SELECTED]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish(session: pytest.Session) -> None:
    if session.config.option.collectonly:
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    wanted = {tool for item in session.items if (tool := _tool_of(item)) is not None}
    for tool in TOOLS:
        if tool not in wanted:
            continue
        _run.add(tool)
        if is_made(tool):
            continue
        start_s = time.monotonic()
        try:
            ensure(tool)
        except EnvironmentMissing as error:
            _missing[tool] = str(error)
        if reporter:
            said = _missing.get(tool, f"installed in {time.monotonic() - start_s:.0f} s")
            reporter.write_line(f"{tool}: {said}")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _run:
        return
    ran = [tool for tool in TOOLS if tool in _run and tool not in _missing]
    left = [tool for tool in TOOLS if tool not in _run]
    terminalreporter.write_line(f"checked with the code of: {', '.join(ran) or 'none'}")
    terminalreporter.write_line(f"not chosen: {', '.join(left) or 'none'}")
    for tool, words in _missing.items():
        terminalreporter.write_line(f"could not be checked: {tool}: {words}")


@pytest.fixture(autouse=True)
def _environment_is_there(request: pytest.FixtureRequest) -> None:
    """Fails a test whose tool could not be installed, with the words that say what to do."""
    mark = request.node.get_closest_marker("tool")
    if mark and mark.args[0] in _missing:
        pytest.fail(_missing[mark.args[0]], pytrace=False)
