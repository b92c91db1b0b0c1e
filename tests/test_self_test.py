"""`muster --self-test`: what it says of a whole copy, and of one that lacks something."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.self_test import SelfTest, check_core
from tests.servers.llama import LlamaServer

ROOT = Path(__file__).resolve().parent.parent
CHECKS = ["Qt", "resources", "licences", "schema", "store", "evidence", "export", "keyring", "engine", "completion"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gui", "--self-test", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)


def verdicts(output: str) -> dict[str, str]:
    """The verdict by the name of the check."""
    found = re.findall(r"^(ok|FAILED|left out)\s+(?:[\d.]+ s)?\s+([\w ]+): ", output, re.MULTILINE)
    return {name: verdict for verdict, name in found}


def test_a_whole_copy_passes_every_check_and_a_real_model_answers(llama: LlamaServer) -> None:
    done = run("--url", llama.base_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert verdicts(done.stdout) == dict.fromkeys(CHECKS, "ok")
    assert "Paris" in done.stdout


def test_without_an_address_nobody_is_asked(isolated_environment: Path) -> None:
    done = run()
    assert done.returncode == 0
    assert verdicts(done.stdout)["completion"] == "left out"
    # Nothing of the person's was touched.
    assert [path.name for path in isolated_environment.iterdir()] == []


def test_an_endpoint_that_does_not_answer_is_told_and_is_the_exit_code() -> None:
    done = run("--url", "http://127.0.0.1:9/v1")
    assert done.returncode == 1
    assert verdicts(done.stdout) == dict.fromkeys(CHECKS, "ok") | {"completion": "FAILED"}
    assert done.stdout.splitlines()[-1] == "This copy of Muster is whole; the endpoint gave no answer."
    assert done.stderr == ""


def test_a_copy_without_its_icons_is_not_whole(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "resources", tmp_path / "resources")
    (tmp_path / "resources" / "icons" / "plus.svg").write_text("<svg", encoding="utf-8")
    said: list[str] = []
    test = SelfTest(said.append)
    check_core(test, tmp_path / "resources")
    assert not test.is_whole
    assert verdicts("\n".join(said))["resources"] == "FAILED"
    assert "plus.svg" in next(line for line in said if "resources" in line)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--url", "http://127.0.0.1:9/v1"], "--self-test"),
        (["--self-test", "--url", "nonsense"], "The base URL is not an http or https address."),
        (["--self-test", "--url", ""], "has no base URL"),
        (["--self-test", "a.muster-roll"], "not with FILE"),
        (["--self-test", "--settings", "a.yaml"], "not with --settings"),
        (["--self-test", "--debug"], "not with --debug"),
        (["--self"], "--self"),
        (["--set", "a.yaml"], "--set"),
    ],
)
def test_arguments_that_make_no_sense_together_are_refused(arguments: list[str], words: str) -> None:
    command = [sys.executable, "-m", "gui", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert words in done.stderr.splitlines()[-1]
    assert done.stdout == ""


@pytest.mark.parametrize("sink", [">&-", ">/dev/full", "| true"])
def test_where_nobody_can_read_the_lines_the_exit_code_still_tells(sink: str) -> None:
    line = f"set -o pipefail; {shlex.quote(sys.executable)} -m gui --self-test {sink}"
    done = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_in_a_terminal_without_utf_8_the_lines_are_all_that_is_said() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUTF8"} | {"LC_ALL": "C"}
    command = [sys.executable, "-m", "gui", "--self-test"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=110, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(CHECKS) + 2
