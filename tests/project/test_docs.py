"""What is written about the project is true of it."""

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

from venom_modeld.config.desired_file import parse_models
from venom_modeld.core.conditions import ConditionType
from venom_modeld.core.events import EVENT_TYPES
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.registry import kinds

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^(?:\$ )?make ([a-z-]+)", re.MULTILINE)
SHELL = re.compile(r"^```(?:console|sh|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    """Return a file as a test shows it."""
    return str(path.relative_to(ROOT))


def rows(page: Path) -> list[str]:
    """Return the words in code type that begin the rows of a page's tables."""
    return re.findall(r"^\| `([^`]+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE)


def links(page: Path) -> list[str]:
    """Return where a page links to within the project."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [link for link in LINK.findall(text) if "://" not in link and not link.startswith(("#", "mailto:"))]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as the usual hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """To a file that is there, and to a heading in it where one is named."""
    for link in links(page):
        place, _, anchor = unquote(link).partition("#")
        target = (page.parent / place).resolve()
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_table_of_contents_is_whole() -> None:
    """Every page of the documentation is linked from its index."""
    index = DOCS / "index.md"
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in links(index)}
    assert {page for page in PAGES if page.is_relative_to(DOCS) and page != index} - linked == set()


@pytest.mark.parametrize("words", [Reason, ConditionType, EVENT_TYPES], ids=["reasons", "conditions", "events"])
def test_every_word_of_the_status_is_explained(words: type[Reason] | type[ConditionType] | tuple[str, ...]) -> None:
    """Scripts match on these words, so each has its row in the reference."""
    assert {str(word) for word in words} - set(rows(DOCS / "reference/conditions.md")) == set()


def test_no_word_is_explained_that_is_not_there() -> None:
    """A row of the reference that nothing can show would mislead."""
    known = {*map(str, Reason), *map(str, ConditionType), *EVENT_TYPES}
    assert set(rows(DOCS / "reference/conditions.md")) - known == set()


def test_dependencies_are_those_that_were_decided() -> None:
    """Each package that is installed with the program, or beside it by an extra, has its reason."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(one for name in extras if name != "dev" for one in extras[name])]
    packages = {re.split(r"[<>=\[ ]", one)[0] for one in wanted}
    assert set(rows(DOCS / "decisions/0002-dependencies.md")) == packages


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_examples_are_valid(example: Path) -> None:
    """They are what people begin with."""
    assert parse_models(example.read_bytes(), path=str(example), kinds=kinds()).runtimes


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_are_shown_are_valid(page: Path) -> None:
    """Whoever copies one from a page has a good file."""
    for text in YAML.findall(page.read_text(encoding="utf-8")):
        if re.search(r"^version: 1$", text, re.MULTILINE):
            parse_models(text.encode(), path=name_of(page), kinds=kinds())


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_knows_what_the_pages_call(page: Path) -> None:
    """A command that is shown can be run."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    called = set(re.findall(r"`make ([a-z-]+)", text))
    called |= {name for block in SHELL.findall(text) for name in CALL.findall(block)}
    assert called - targets == set()


def test_the_readme_shows_the_two_commands() -> None:
    """One to try it and one to check it; each sets up what it needs."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {"make run", "make test"} <= set(re.findall(r"^(?:\$ )?(make \w+)", text, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^run: \$\(STAMP\)( screen)?\n\t.*venom_modeld try$", makefile, re.MULTILINE)
    assert re.search(r"^test: lint types imports .*unit", makefile, re.MULTILINE)


def test_tests_that_the_documentation_names_are_there() -> None:
    """Whoever looks a promise up finds its test under that name."""
    pages = "\n".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", pages)
    assert len(named) >= 13
    missing = [f"{file}::{name}" for file, name in named if f"def {name}(" not in (ROOT / file).read_text()]
    assert missing == []
