"""`trending` and `search`: tables of what the daemon knows, and how they end."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.api.builder import installed, observation, runtime, snapshot, spec
from tests.api.conftest import House, serving
from tests.cli.conftest import Program
from venom_modeld.cli.exits import ExitCode
from venom_modeld.cli.render.catalogue_text import catalogue_text
from venom_modeld.cli.render.paint import Paint
from venom_modeld.core.catalogue import CatalogueAnswer, Entry
from venom_modeld.core.names import Provider

HERON = Entry(
    provider=Provider.OLLAMA,
    model_name="heron",
    display_name="heron",
    runtime="ollama",
    size_bytes=2_020_000_000,
    downloads=43_100_000,
    updated_at=1_700_000_000.0,
)
GATED = replace(HERON, model_name="Org/Wren", runtime="vllm", gated=True, likes=1_204, url="https://hub.test/Org/Wren")
KNOWN = CatalogueAnswer(entries=(HERON, GATED), fetched_at=1_760_000_000.0)


@asynccontextmanager
async def daemon(found: CatalogueAnswer) -> AsyncIterator[tuple[str, House]]:
    """Serve an application whose catalogue answers so; give its address."""
    house = House()
    house.catalogue.known = found
    house.hub.publish(snapshot(runtime(spec("owl"), observation(installed("heron:8b"))), version=1))
    async with serving(house.app()) as port:
        yield f"127.0.0.1:{port}", house


async def test_what_is_popular_is_a_table(program: Program) -> None:
    """By default of both providers, ten of each."""
    async with daemon(KNOWN) as (address, house):
        ended = await program("trending", "--address", address)
    assert (ended.code, ended.err) == (0, "")
    first, second = ended.out.split("\n\n")
    assert first.startswith("Ollama  read ")
    assert second.startswith("Hugging Face  read ")
    rows = [line.split("  ") for line in first.splitlines()[1:]]
    assert [[cell.strip() for cell in row if cell.strip()] for row in rows[:2]] == [
        ["model", "runtime", "size", "downloads", "likes", "age"],
        ["heron", "ollama", "2.0 GB", "43.1 M", "-", rows[1][-2].strip(), "installed"],
    ]
    assert "gated: https://hub.test/Org/Wren" in first.splitlines()[3]
    assert sorted(house.catalogue.asked) == [("trending", "huggingface"), ("trending", "ollama")]


async def test_one_provider_and_fewer_rows_can_be_asked_for(program: Program) -> None:
    """The daemon is asked once then."""
    async with daemon(KNOWN) as (address, house):
        ended = await program("trending", "--provider", "ollama", "--limit", "1", "--address", address)
    assert [line.split()[0] for line in ended.out.splitlines()] == ["Ollama", "model", "heron"]
    assert house.catalogue.asked == [("trending", "ollama")]


@pytest.mark.parametrize("command", [["trending"], ["search", "small heron"]], ids=" ".join)
async def test_json_is_what_the_daemon_answers(program: Program, command: list[str]) -> None:
    """By provider."""
    async with daemon(KNOWN) as (address, house):
        ended = await program(*command, "--address", address, "--format", "json")
    assert ended.code == 0
    assert [(name, one["provider"], one["count"]) for name, one in ended.json.items()] == [
        ("ollama", "ollama", 2),
        ("huggingface", "huggingface", 2),
    ]
    assert {words[2:] for words in house.catalogue.asked} == {tuple(command[1:])}


async def test_old_lists_are_shown_with_the_reason(program: Program) -> None:
    """That is a success, and the reason stands on standard error."""
    async with daemon(replace(KNOWN, stale=True, error="b.test cannot be reached.")) as (address, _):
        ended = await program("search", "heron", "--provider", "huggingface", "--address", address)
    assert ended.code == 0
    assert ended.out.splitlines()[0].endswith(" ago, stale")
    assert ended.err == "huggingface: b.test cannot be reached.\n"


@pytest.mark.parametrize("form", ["text", "json"])
async def test_nothing_known_of_any_is_a_failure(program: Program, form: str) -> None:
    """An outage is never an empty list."""
    async with daemon(CatalogueAnswer(stale=True, error="No data yet.")) as (address, _):
        ended = await program("trending", "--address", address, "--format", form)
    assert ended.code == ExitCode.FAILED
    assert ended.out == "" if form == "text" else ended.json["ollama"]["models"] == []
    assert ended.err.splitlines() == [
        "ollama: No data yet.",
        "huggingface: No data yet.",
        "Nothing is known of the catalogues now; the reasons stand above.",
    ]


async def test_nothing_found_is_an_answer(program: Program) -> None:
    """The exit code is 0."""
    async with daemon(CatalogueAnswer(fetched_at=1_760_000_000.0)) as (address, _):
        ended = await program("search", "auk", "--provider", "ollama", "--address", address)
    assert (ended.code, ended.err, ended.out.splitlines()[1:]) == (0, "", ["  nothing found"])


async def test_a_query_that_is_too_short_is_told(program: Program) -> None:
    """In the daemon's words."""
    async with daemon(KNOWN) as (address, _):
        ended = await program("search", "a", "--address", address)
    assert (ended.code, ended.out) == (ExitCode.FAILED, "")
    assert "query" in ended.err


@pytest.mark.parametrize("command", [["trending"], ["search", "heron"]], ids=" ".join)
async def test_without_a_daemon_nobody_is_asked(program: Program, command: list[str], nobody: str) -> None:
    """The sentence says what to do."""
    ended = await program(*command, "--address", nobody)
    assert (ended.code, ended.out) == (ExitCode.UNREACHABLE, "")
    assert ended.err.startswith(f"No daemon answers at http://{nobody}")


def model(**more: Any) -> dict[str, Any]:
    """Return an entry of which nothing is known but the name."""
    blank = dict.fromkeys(("size_bytes", "downloads", "likes", "updated_at", "fits"))
    flags = {"installed": False, "declared": False, "gated": False}
    return {"model_name": "m", "runtime": "vllm", "url": "https://hub.test/m", **blank, **flags, **more}


def cells(**more: Any) -> list[str]:
    """Return the cells of a row after its name and runtime, at one moment."""
    answer = {"models": [model(**more)], "fetched_at": None, "stale": True}
    line = catalogue_text({"ollama": answer}, Paint(), now=1_800_000_000.0).splitlines()[2]
    return [cell.strip() for cell in line.split("  ") if cell.strip()][2:]


@pytest.mark.parametrize(
    ("more", "row"),
    [
        ({}, ["-", "-", "-", "-"]),
        ({"size_bytes": 0, "downloads": 0, "likes": 999}, ["0 B", "0", "999", "-"]),
        ({"downloads": 1_000, "likes": 5_020_000_000}, ["-", "1.0 k", "5.0 B", "-"]),
        ({"updated_at": "2027-01-15T07:59:59Z"}, ["-", "-", "-", "now"]),
        ({"updated_at": "2027-01-15T06:00:00Z"}, ["-", "-", "-", "2 h"]),
        ({"updated_at": "2027-01-01T08:00:00Z"}, ["-", "-", "-", "14 d"]),
        ({"updated_at": "2026-10-01T08:00:00Z"}, ["-", "-", "-", "3 mo"]),
        ({"updated_at": "2024-10-01T08:00:00Z"}, ["-", "-", "-", "2 y"]),
        ({"declared": True, "gated": True}, ["-", "-", "-", "-", "declared"]),
        ({"installed": True, "declared": True}, ["-", "-", "-", "-", "installed"]),
        ({"gated": True}, ["-", "-", "-", "-", "gated: https://hub.test/m"]),
        ({"fits": False}, ["-", "-", "-", "-", "does not fit"]),
        ({"fits": True}, ["-", "-", "-", "-"]),
    ],
)
def test_a_row_says_what_is_known(more: dict[str, Any], row: list[str]) -> None:
    """What is not known is a dash, never 0; the last word is what stands between a person and the model."""
    assert cells(**more) == row


def test_a_list_says_how_old_it_is() -> None:
    """Or that it is made of others; one of which nothing is known is left out."""
    now = time.time()
    answers: dict[str, dict[str, Any]] = {
        "ollama": {"models": [model()], "fetched_at": None, "stale": True},
        "huggingface": {"models": [], "fetched_at": None, "stale": True},
        "other": {"models": [], "fetched_at": "2026-01-01T00:00:00Z", "stale": False},
    }
    first, *_, other, nothing = catalogue_text(answers, Paint(), now=now).splitlines()
    assert first == "Ollama  from the lists that were read before"
    assert (other.split()[0], nothing) == ("other", "  nothing found")
