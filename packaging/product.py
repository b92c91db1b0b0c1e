"""What packages, installers and desktops are told of Muster: each thing once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import requirements

PROJECT = requirements.PROJECT
if str(PROJECT) not in sys.path:
    sys.path.insert(0, str(PROJECT))

from core import __version__  # noqa: E402 - found in the project
from gui.resources import DESKTOP_ID  # noqa: E402

NAME = "muster"
TITLE = "Muster"
VERSION = __version__
ID = DESKTOP_ID
SUMMARY = "Keep a roll of your own language models"
PURPOSE = (
    "Register the language models that no tool ships with, say and measure what each of them can do, and run them with "
    "exactly that."
)
HOMEPAGE = "https://muster.github.io"
"""Goes with the ID. Packages name it as their home, and the pictures of software centres are looked for below it."""

PICTURES = f"{HOMEPAGE}/pictures"
PUBLISHER = "Muster contributors"
MAINTAINER = f"{PUBLISHER} <maintainers@muster.github.io>"
MIME_TYPE = "application/vnd.muster.roll+json"
SHARED_SUFFIX = "muster-roll"
SHARED_DESCRIPTION = "Muster roll"


def released_at_s() -> int:
    """The time that packages carry: the same source makes the same package."""
    stated = os.environ.get("SOURCE_DATE_EPOCH", "")
    if stated.isdigit():
        return int(stated)
    command = ["git", "-c", "safe.directory=*", "log", "-1", "--format=%ct"]
    try:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return int(time.time())
    return int(done.stdout) if done.stdout.strip().isdigit() else int(time.time())


def placeholders() -> dict[str, str]:
    """What templates below packaging/ have between @ signs."""
    return {
        "NAME": NAME,
        "TITLE": TITLE,
        "VERSION": VERSION,
        "ID": ID,
        "SUMMARY": SUMMARY,
        "PURPOSE": PURPOSE,
        "HOMEPAGE": HOMEPAGE,
        "PICTURES": PICTURES,
        "PUBLISHER": PUBLISHER,
        "MIME_TYPE": MIME_TYPE,
        "SHARED_SUFFIX": SHARED_SUFFIX,
        "SHARED_DESCRIPTION": SHARED_DESCRIPTION,
        "DATE": time.strftime("%Y-%m-%d", time.gmtime(released_at_s())),
        "YEAR": time.strftime("%Y", time.gmtime(released_at_s())),
    }


def filled(template: Path, **more: str) -> str:
    """The template with every placeholder filled.

    Raises:
        ValueError: one is left over.
    """
    text = template.read_text(encoding="utf-8")
    for name, value in {**placeholders(), **more}.items():
        text = text.replace(f"@{name}@", value)
    left = [word for word in text.split("@")[1::2] if word.isupper() and word.replace("_", "").isalpha()]
    if left:
        raise ValueError(f"{template.name} asks for {left}, which nobody states.")
    return text
