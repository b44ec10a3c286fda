"""The version comes from git's tags, and there is one wherever the sources lie."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.building import ROOT, copied

GIT = ["git", "-c", "user.name=Alice", "-c", "user.email=alice@example.org", "-c", "commit.gpgSign=false"]
ARCHIVED = (".git_archival.txt", ".gitattributes")


def run(*command: str, folder: Path) -> str:
    """Run a command, and return what it says."""
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def version(folder: Path) -> str:
    """Return the version that a wheel of these sources would have."""
    return run(sys.executable, "-m", "hatchling", "version", folder=folder)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Commit the sources to a repository without a tag."""
    folder = copied(tmp_path / "sources")
    for name in ARCHIVED:
        shutil.copy(ROOT / name, folder / name)
    run("git", "init", "--quiet", folder=folder)
    run(*GIT, "add", ".", folder=folder)
    run(*GIT, "commit", "--quiet", "--message=Begin", folder=folder)
    return folder


def test_a_tag_is_the_version(repository: Path) -> None:
    """After it, it is that of the next one, as a development version that sorts before it."""
    run("git", "tag", "v1.2.3", folder=repository)
    assert version(repository) == "1.2.3"
    run(*GIT, "commit", "--quiet", "--allow-empty", "--message=Go on", folder=repository)
    assert version(repository) == "1.2.4.dev1"


def test_without_a_tag_it_comes_before_the_first(repository: Path) -> None:
    """A checkout that fetched no tags is built all the same."""
    assert re.fullmatch(r"0\.1\.0\.dev\d+", version(repository))


def test_an_archive_of_git_holds_its_tag(repository: Path, tmp_path: Path) -> None:
    """As forges offer it for download."""
    run("git", "tag", "v1.2.3", folder=repository)
    run("git", "archive", "--output", str(tmp_path / "archive.tar"), "HEAD", folder=repository)
    shutil.unpack_archive(tmp_path / "archive.tar", tmp_path / "archive", filter="data")
    assert version(tmp_path / "archive") == "1.2.3"


def test_a_plain_copy_has_a_version_too(tmp_path: Path) -> None:
    """Nobody needs git to install from a folder."""
    assert version(copied(tmp_path / "sources")) == "0.1.0.dev0"
