"""The text of the project speaks of the project alone, and works on any machine."""

import re
from pathlib import Path

import pytest

PATTERNS = {
    "a folder of one machine": r"(?<![\w./$}-])/(?:work|Users|home/[a-z]\w+)/",
    "a number that only one tracker knows": r"(?i)\b(?:issue|ticket|pull request)s?\s+#?\d+\b",
    "a server that packages come from": r"(?i)--(?:extra-)?index-url|\bpypi\.[\w.]+/simple",
}

LOCK_FILES = {"package-lock.json": r'"resolved": "(?!https://registry\.npmjs\.org/)'}
"""Files that may hold addresses to install from, and what must not be among these."""


@pytest.mark.parametrize("what", PATTERNS)
def test_the_text_holds_nothing_of_where_it_was_made(what: str, listed: list[Path]) -> None:
    """Neither code nor documents name a machine, a tracker or a server that readers do not have."""
    own = Path(__file__)
    pattern = re.compile(PATTERNS[what])
    found = [
        f"{path.name}:{number}: {line.strip()[:120]}"
        for path in listed
        if path != own
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_what_is_locked_comes_from_the_public_registries(listed: list[Path]) -> None:
    """A lock file that names a mirror works only where that mirror is."""
    found = [
        path.name for path in listed if path.name in LOCK_FILES and re.search(LOCK_FILES[path.name], path.read_text())
    ]
    assert found == []
