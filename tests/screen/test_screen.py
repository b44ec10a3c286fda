"""The built screen, as files. What it does is tested in a browser (`make browser`)."""

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.screen.schema import schema

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "screen"
BUILT = ROOT / "venom_modeld/screen"

MOST_BYTES = 150_000
"""Of the whole page, compressed."""


@pytest.fixture
def files() -> dict[str, bytes]:
    """Give the built files by their names."""
    if not (BUILT / "index.html").exists():
        pytest.skip("the screen is not built, which needs Node.js: make screen")
    return {path.relative_to(BUILT).as_posix(): path.read_bytes() for path in BUILT.rglob("*") if path.is_file()}


def test_the_types_are_those_of_the_api() -> None:
    """The page is compiled against what the API says of itself now; `make screen-types` brings it up to date."""
    if shutil.which("npm") is None or not (SOURCES / "node_modules").exists():
        pytest.skip("the packages of the screen are not installed, which needs Node.js: make screen")
    command = ["npm", "run", "--silent", "types"]
    made = subprocess.run(command, cwd=SOURCES, input=json.dumps(schema()).encode(), capture_output=True, check=True)
    assert made.stdout.decode() == (SOURCES / "src/api/schema.d.ts").read_text(encoding="utf-8")


def test_the_page_is_light(files: dict[str, bytes]) -> None:
    """All of it together is small enough for a slow line."""
    assert sum(len(gzip.compress(content)) for content in files.values()) < MOST_BYTES


def test_nothing_is_written_into_the_page_itself(files: dict[str, bytes]) -> None:
    """Scripts and styles are files, so that the content policy needs no exception."""
    page = files["index.html"].decode()
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on\w+=", page) == []


def test_everything_comes_from_the_daemon(files: dict[str, bytes]) -> None:
    """What the page loads, it loads from below its own address."""
    loaded = re.findall(r'(?:src|href)="([^"]+)"', files["index.html"].decode())
    assert loaded
    assert {name for name in loaded if name.removeprefix("/models/") not in files} == set()
    assert '<meta http-equiv="x-dns-prefetch-control" content="off"' in files["index.html"].decode()
    styles = b"".join(content for name, content in files.items() if name.endswith(".css"))
    assert re.findall(rb"url\(|@import", styles) == []
