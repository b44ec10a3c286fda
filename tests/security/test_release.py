"""What a release is tried with is written down whole: every package, its version, and the hashes of its files."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements-release.txt").read_text(encoding="utf-8")
LOCKED = {
    canonicalize_name(name): (version, hashes.split())
    for name, version, hashes in re.findall(r"^([\w.-]+)==(\S+)((?: \\\n    --hash=\S+)+)$", LOCK, re.MULTILINE)
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def needed() -> set[str]:
    """Return the names of all packages that are installed with the program and its extra, as they say themselves."""
    todo = [Requirement(one) for one in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["notify"])]
    found: set[str] = set()
    while todo:
        one = todo.pop()
        name = canonicalize_name(one.name)
        if name in found or not (one.marker is None or one.marker.evaluate({"extra": ""})):
            continue
        try:
            more = requires(one.name) or []
        except PackageNotFoundError:
            continue
        found.add(name)
        extras = one.extras or {""}
        wanted = (Requirement(text) for text in more)
        todo += [
            sub for sub in wanted if sub.marker is None or any(sub.marker.evaluate({"extra": word}) for word in extras)
        ]
    return found


def test_every_line_has_its_hashes() -> None:
    """No line is there that pip would take without looking at what it got."""
    lines = [line for line in LOCK.splitlines() if line and not line.startswith(("#", "    --hash=sha256:"))]
    assert len(lines) == len(LOCKED) > 20
    assert all(
        re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one)
        for _, hashes in LOCKED.values()
        for one in hashes
        if one != "\\"
    )


def test_it_names_no_server() -> None:
    """Where packages come from is the business of whoever installs them."""
    assert "://" not in LOCK
    assert "index" not in LOCK


def test_it_agrees_with_the_pinned_versions() -> None:
    """`make lock` was run since a version was changed."""
    pinned = {
        canonicalize_name(name): version
        for name, version in re.findall(
            r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert {name: version for name, (version, _) in LOCKED.items() if pinned.get(name) != version} == {}


def test_it_is_whole() -> None:
    """Whatever the program, its extra, and what these need would bring along is in it."""
    assert needed() - LOCKED.keys() == set()
