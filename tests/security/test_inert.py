"""What strangers wrote is shown and never run: not by a browser, not by a terminal, not by a log."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import furnished
from tests.api.fakes import FakeCatalogue
from tests.runtimes.conftest import ScriptedServer
from venom_modeld.cli import terminal
from venom_modeld.cli.log_lines import TextLines
from venom_modeld.core.catalogue import CatalogueAnswer, Entry, Listing
from venom_modeld.core.names import Provider
from venom_modeld.trending.limits import Budget, Host
from venom_modeld.trending.recommendations import Recommendations
from venom_modeld.trending.sources import Question
from venom_modeld.trending.wire import Wire

ROOT = Path(__file__).parents[2]
SCREEN = [path for path in sorted((ROOT / "screen/src").rglob("*.ts*")) if "node_modules" not in path.parts]
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
RUNNING = re.compile(
    r"dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|document\.write"
    r"|srcdoc|\beval\(|new Function|javascript:"
)


async def test_markup_of_a_catalogue_is_data() -> None:
    """It comes as JSON that no browser takes for a page, whose policy would run nothing if one did."""
    house = furnished()
    named = Entry(
        provider=Provider.OLLAMA,
        model_name="a",
        display_name=SCRIPT,
        runtime="ollama",
        description=SCRIPT,
        tags=(SCRIPT,),
    )
    house.catalogue = FakeCatalogue(CatalogueAnswer(entries=(named,), error=SCRIPT))
    async with house.open() as client:
        answer = await client.get("/api/v1/models/trending", params={"provider": "ollama"})
        wrong = await client.get(f"/api/v1/models/operations/{SCRIPT}")
    assert answer.json()["models"][0]["description"] == SCRIPT
    for one in (answer, wrong):
        assert "json" in one.headers["content-type"]
        assert one.headers["x-content-type-options"] == "nosniff"
        assert one.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_screen_makes_no_markup_of_words() -> None:
    """Its library writes texts as texts; nothing goes around that."""
    assert SCREEN
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SCREEN
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if RUNNING.search(line)
    ]
    assert found == []


async def test_links_of_entries_are_made_here(server: ScriptedServer) -> None:
    """A runtime that recommends models says their names; where they lead, and that they can be shown, is ours."""
    odd: list[Any] = [
        {"model": "good", "description": f"{ESCAPES}\ud800{SCRIPT}" + "x" * 10_000, "url": "javascript:alert(1)"},
        {"model": "javascript:alert(1)"},
        {"model": ["good"]},
        {"model": "other", "description": ["x"]},
    ]
    server.on("GET /api/experimental/model-recommendations", {"recommendations": odd[:2] + odd[3:]})
    host = Host("local", Budget(burst=9, seconds=0.1), clock=lambda: 0.0)
    wire = Wire(server.url, host, user_agent="test")
    fetched = await Recommendations(lambda: wire).ask(Question(provider=Provider.OLLAMA, listing=Listing.TRENDING))
    await wire.close()
    assert fetched is not None
    assert {entry.url for entry in fetched.entries} == {
        "https://ollama.com/library/good",
        "https://ollama.com/library/other",
    }
    assert all((entry.description or "x").isprintable() for entry in fetched.entries)
    assert max(len(entry.description or "") for entry in fetched.entries) <= 2000


class Screen:
    """Standard output or standard error, as a terminal or as a file."""

    def __init__(self, *, is_terminal: bool) -> None:
        self.written = ""
        self._is_terminal = is_terminal

    def write(self, text: str) -> int:
        """Take a text."""
        self.written += text
        return len(text)

    def flush(self) -> None:
        """Take nothing."""

    def isatty(self) -> bool:
        """Tell which it is."""
        return self._is_terminal


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_terminal_gets_no_command_of_others(*, is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result is shown there with escapes for what a terminal obeys, and goes into a file as it is."""
    screen = Screen(is_terminal=is_terminal)
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setattr("sys.stderr", screen)
    terminal.show(f"\x1b[32mgood\x1b[0m {ESCAPES}")
    assert screen.written.startswith("\x1b[32mgood\x1b[0m ")
    assert ("\x1b]" in screen.written) is not is_terminal
    screen.written = ""
    terminal.remark(ESCAPES)
    assert screen.written.rstrip("\n").isprintable()


@pytest.mark.parametrize("value", [ESCAPES, "a\nlevel=error", "\x7f", "\u2028", "x\x1b[2J", "\ud800", "a\r\nb"])
def test_a_log_line_is_one_line(value: str) -> None:
    """A field cannot end the line, make up another field, or speak to the terminal that it is read on."""
    record = logging.LogRecord("venom_modeld.x", logging.INFO, "", 0, "said", (), None)
    record.detail = value
    line = TextLines().format(record)
    assert line.isprintable()
    assert line.partition("info ")[2].startswith('said detail="')
