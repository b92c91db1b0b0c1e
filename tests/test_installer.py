"""What a person installs: made of the frozen program that is built once, looked at with Debian's tools, and used."""

from __future__ import annotations

import gzip
import json
import plistlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import artwork
import changelog
import environments
import loopback_only
import macos_app
import product
import pytest
import windows_installer
import windows_version
from PIL import Image

from core import __version__
from core.bundled_parts import parts_from
from core.share import SHARE_MIME, SHARE_SUFFIX
from tests.conftest import GIVEN_DIST

PROJECT = Path(__file__).resolve().parent.parent
pytestmark = [pytest.mark.installer, pytest.mark.timeout(900)]

LARGEST_MB = {".deb": 80, ".tar.gz": 105}
"""Of a download: the package measured 67, the archive 94."""

CHECKS = [
    "the root is clean",
    "the package installs",
    "version",
    "self-test",
    "it shows its window",
    "one tree of two processes, without a terminal",
    "a provider is added and checked",
    "a model is added",
    "the model answers",
    "a second start hands its file to the first",
    "a double click opens the file in it",
    "what the file holds is imported",
    "it is exported to another tool",
    "it ends when asked to, and leaves no process",
    "a newer version is installed over it, and the roll is kept",
    "purging leaves the person's files alone",
]


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    listed = [str(part) for part in command]
    return subprocess.run(
        listed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd=PROJECT, **options
    )


@pytest.fixture(scope="session")
def installers(bundle: Path) -> list[Path]:
    """What `make package` makes of the frozen folder, or made of it where the folder is given."""
    if GIVEN_DIST is None:
        done = run(environments.builders().python, "packaging/installers.py", bundle.parent)
        assert done.returncode == 0, done.stdout[-4000:]
    return sorted(path for path in bundle.parent.iterdir() if path.is_file())


@pytest.fixture(scope="session")
def package(installers: list[Path]) -> Path:
    """The Debian package."""
    return next(path for path in installers if path.suffix == ".deb")


@pytest.fixture(scope="session")
def lintian(package: Path) -> Iterator[subprocess.Popen[str]]:
    """Debian's checker, at work while other tests run."""
    command = ["lintian", "--allow-root", "--fail-on", "error,warning", str(package)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    yield process
    process.kill()
    process.communicate()


@pytest.fixture(scope="session")
def laid(package: Path, lintian: subprocess.Popen[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's files in a folder."""
    assert lintian.args
    folder = tmp_path_factory.mktemp("laid")
    done = run("dpkg-deb", "--extract", package, folder)
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture(scope="session")
def use(package: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What packaging/installer_run.py found in a clean root."""
    path = tmp_path_factory.mktemp("use") / "report.json"
    done = run(sys.executable, "packaging/installer_run.py", package, "--report", path)
    sys.stdout.write(done.stdout)
    assert path.exists(), done.stdout[-4000:]
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


# ---------------------------------------------------------------------------------------------- what Debian's tools say


def test_the_desktop_file_is_valid(laid: Path) -> None:
    done = run("desktop-file-validate", laid / f"usr/share/applications/{product.ID}.desktop")
    assert (done.returncode, done.stdout) == (0, "")


def test_the_metainfo_is_valid_to_the_last_hint(laid: Path) -> None:
    done = run(
        "appstreamcli", "validate", "--pedantic", "--no-net", laid / f"usr/share/metainfo/{product.ID}.metainfo.xml"
    )
    assert done.returncode == 0, done.stdout
    assert re.findall(r"^[EWIP]: .*", done.stdout, re.MULTILINE) == []


def test_the_metainfo_matches_what_is_installed(laid: Path) -> None:
    done = run("appstreamcli", "validate-tree", "--no-net", laid)
    assert done.returncode == 0, done.stdout


def test_the_metainfo_has_a_screenshot_and_the_notes_of_the_changelog(laid: Path) -> None:
    tree = ET.parse(laid / f"usr/share/metainfo/{product.ID}.metainfo.xml")
    picture = tree.find("screenshots/screenshot/image")
    assert picture is not None
    with Image.open(PROJECT / "docs/pictures" / str(picture.text).rpartition("/")[2]) as drawn:
        assert (int(picture.get("width", 0)), int(picture.get("height", 0))) == drawn.size
    release = tree.find("releases/release")
    assert release is not None
    assert release.get("version") == __version__
    newest = changelog.releases()[0]
    assert [item.text for item in release.iter("li")] == [changelog.plain(note) for note in newest.notes]


def test_lintian_has_neither_errors_nor_warnings(lintian: subprocess.Popen[str]) -> None:
    said, _ = lintian.communicate(timeout=600)
    assert re.findall(r"^[EW]: .*", said, re.MULTILINE) == []
    assert lintian.returncode == 0, said


def test_the_manual_page_is_well_formed_and_knows_every_option(laid: Path, bundle: Path) -> None:
    page = laid / "usr/share/man/man1/muster.1.gz"
    shown = run(
        "man", "--warnings", "--local-file", page, env={"LC_ALL": "C.UTF-8", "MANWIDTH": "80", "PATH": "/usr/bin:/bin"}
    )
    assert shown.returncode == 0
    assert "warning" not in shown.stdout
    text = gzip.decompress(page.read_bytes()).decode().replace("\\-", "-")
    offered = set(re.findall(r"--[a-z-]+", run(bundle / "muster", "--help").stdout))
    assert {"--settings", "--self-test", "--url", "--debug", "--version"} <= offered
    assert [option for option in sorted(offered) if option not in text] == []


def test_icons_are_there_in_all_sizes(laid: Path) -> None:
    icons = laid / "usr/share/icons/hicolor"
    sizes = {}
    for path in icons.glob(f"*/apps/{product.ID}.png"):
        with Image.open(path) as picture:
            sizes[path.parent.parent.name] = f"{picture.width}x{picture.height}"
    assert sizes == {f"{side}x{side}": f"{side}x{side}" for side in artwork.LINUX_SIDES_PX}
    assert (icons / f"scalable/apps/{product.ID}.svg").read_bytes() == (PROJECT / "resources/muster.svg").read_bytes()


def test_dependencies_are_what_the_files_link_and_debian_holds(laid: Path, package: Path) -> None:
    stated = run("dpkg-deb", "--field", package, "Depends").stdout
    named = {item.split()[0] for item in stated.strip().split(", ")}
    assert {"libc6", "libegl1", "libfontconfig1", "libxcb-cursor0", "libssl3", "libdbus-1-3"} <= named
    assert not {name for name in named if name.startswith(("python", "libpython"))}
    # A browser for links is opened by xdg-open.
    assert "xdg-utils" in run("dpkg-deb", "--field", package, "Recommends").stdout.strip().split(", ")
    # What is a dependency is not brought along as well.
    brought = {path.name for path in (laid / "usr/lib/muster/_internal").glob("lib*.so*")}
    assert not {name for name in brought if name.startswith(("libssl", "libX11", "libdbus-1", "libfontconfig"))}


def test_the_package_says_whose_work_it_holds(laid: Path) -> None:
    parts = parts_from((laid / "usr/lib/muster/_internal/resources/licences.json").read_text(encoding="utf-8"))
    assert {"Python", "Qt", "litellm", "Tabler Icons", "PyInstaller's loader"} <= {part.name for part in parts}
    assert [part.name for part in parts if not part.version or not part.licence] == []
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in next(part.text for part in parts if part.name == "Qt")
    copyright_file = (laid / "usr/share/doc/muster/copyright").read_text(encoding="utf-8")
    assert [part.name for part in parts if f"{part.name} {part.version}: " not in copyright_file] == []


def test_the_frozen_program_lists_the_libraries_of_the_systems_that_it_brings(bundle: Path) -> None:
    parts = parts_from((bundle / "_internal/resources/licences.json").read_text(encoding="utf-8"))
    libraries = {part.name for part in parts if part.kind.startswith("library")}
    assert {"libssl3", "libx11-6", "libfontconfig1"} <= libraries


# ------------------------------------------------------------------------------------------------ what others are given


def test_no_file_tells_where_it_was_built(bundle: Path) -> None:
    libraries = [path for path in bundle.rglob("*.so*") if path.is_file() and not path.is_symlink()]
    places = run("chrpath", "--list", *libraries).stdout
    assert "PATH=/" not in places
    assert ":/" not in "".join(re.findall(r"PATH=(\S+)", places))


def test_the_archive_runs_where_it_is_unpacked(installers: list[Path], tmp_path: Path) -> None:
    archive = next(path for path in installers if path.name.endswith(".tar.gz"))
    place = tmp_path / "a place of one's own"
    place.mkdir()
    assert run("tar", "--extract", "--file", archive, "--directory", place).returncode == 0
    (folder,) = place.iterdir()
    assert folder.name == f"muster-{__version__}"
    assert "./muster" in (folder / "README.txt").read_text(encoding="utf-8")
    done = run(folder / "muster", "--self-test")
    assert done.returncode == 0, done.stdout
    assert "FAILED" not in done.stdout


def test_downloads_are_not_larger_than_they_were(installers: list[Path]) -> None:
    sizes_mb = {
        suffix: path.stat().st_size / 1_000_000
        for path in installers
        for suffix in LARGEST_MB
        if path.name.endswith(suffix)
    }
    assert sizes_mb.keys() == LARGEST_MB.keys()
    assert {suffix: size for suffix, size in sizes_mb.items() if size >= LARGEST_MB[suffix]} == {}


def test_the_installer_for_windows_compiles_without_a_warning(tmp_path: Path) -> None:
    # A stand-in for what a build on Windows freezes: the script is what is compiled here.
    payload = tmp_path / "muster"
    (payload / "_internal").mkdir(parents=True)
    (payload / "muster.exe").write_bytes(b"MZ")
    (payload / "_internal" / "base_library.zip").write_bytes(b"PK")
    installer = windows_installer.make_installer(payload, tmp_path / "out")
    assert installer.read_bytes()[:2] == b"MZ"
    assert installer.name == f"muster-{__version__}-setup.exe"
    assert b"Nullsoft.NSIS" in installer.read_bytes()


def test_windows_is_told_the_version_in_a_form_that_pyinstaller_reads(tmp_path: Path) -> None:
    text = windows_version.write(tmp_path / "version.txt").read_text(encoding="utf-8")
    names = {name: (lambda *given, **named: (given, named)) for name in re.findall(r"\b([A-Z]\w+)\(", text)}
    ((), stated) = eval(text, names)
    numbers = stated["ffi"][1]["filevers"]
    assert numbers == (*(int(number) for number in __version__.split(".")), 0)


def test_the_icons_for_windows_and_macos_hold_all_their_sizes(tmp_path: Path) -> None:
    with Image.open(artwork.draw_ico(tmp_path)) as icon:
        assert icon.info["sizes"] == {(side, side) for side in artwork.WINDOWS_SIDES_PX}
    with Image.open(artwork.draw_icns(tmp_path)) as icon:
        assert {width * scale for width, _height, scale in icon.info["sizes"]} >= {32, 256, 512, 1024}


def test_macos_is_told_which_files_are_musters() -> None:
    stated = plistlib.loads(plistlib.dumps(macos_app.info_plist()))
    (exported,) = stated["UTExportedTypeDeclarations"]
    assert exported["UTTypeTagSpecification"]["public.filename-extension"] == ["muster-roll"]
    assert stated["CFBundleDocumentTypes"][0]["LSItemContentTypes"] == [exported["UTTypeIdentifier"]]


def test_systems_are_told_the_name_and_the_type_that_share_files_have() -> None:
    assert (f".{product.SHARED_SUFFIX}", product.MIME_TYPE) == (SHARE_SUFFIX, SHARE_MIME)


# ------------------------------------------------------------------------------------------------------ in a clean root


@pytest.mark.parametrize("name", CHECKS)
def test_in_a_clean_root_without_python(use: dict[str, Any], name: str) -> None:
    assert use["checks"].get(name, "was not made") == ""


def test_the_installed_program_asks_nobody_outside_this_machine(use: dict[str, Any]) -> None:
    # Where no network namespace may be made the run says so and nobody watches; where GITHUB_ACTIONS is set it may be.
    assert use["cut_off"] or not loopback_only.must_enter()
    assert not use["cut_off"] or use["checks"].get("the network", "was not made") == ""
