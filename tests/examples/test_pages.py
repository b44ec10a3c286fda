"""The pages show the files of `examples/` as they are."""

import re
from pathlib import Path

import pytest

from tests.examples.conftest import EXAMPLES

DOCS = EXAMPLES.parent / "docs"
SHOWN = re.compile(r"`(examples/[\w./-]+)`[^`\n]*:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`(examples/[\w./-]+)`")
PAGES = sorted(page for page in DOCS.rglob("*.md") if NAMED.search(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_shows_of_a_file_is_the_file(page: Path) -> None:
    """Whoever copies it from the page has what was tested."""
    for name, text in SHOWN.findall(page.read_text(encoding="utf-8")):
        assert text == (EXAMPLES.parent / name).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_is_there(page: Path) -> None:
    """A file or a folder of them."""
    for name in NAMED.findall(page.read_text(encoding="utf-8")):
        assert (EXAMPLES.parent / name).exists(), name


def test_every_example_that_is_not_a_file_of_models_is_shown() -> None:
    """On some page; the hosts of the fleet and what Ansible fills in are shown by their tests alone."""
    shown = {name for page in PAGES for name in NAMED.findall(page.read_text(encoding="utf-8"))}
    folders = [EXAMPLES / name for name in ("gitops", "ansible", "kubernetes", "checks")]
    files = {
        str(file.relative_to(EXAMPLES.parent)) for folder in folders for file in folder.rglob("*") if file.is_file()
    }
    assert {name for name in files - shown if "/hosts/" not in name and "/templates/" not in name} == set()
