"""What catalogues said is kept, bounded, beside everything else in the state, also in one of an earlier version."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from venom_modeld.core.catalogue import Entry, KeptAnswer, KeptSize, Listing, Question
from venom_modeld.core.events import Event
from venom_modeld.core.inventory import Entry as Installed
from venom_modeld.core.names import Provider, parse_ollama
from venom_modeld.core.reasons import Reason
from venom_modeld.state import inventory, schema
from venom_modeld.state.errors import StateUnusable
from venom_modeld.state.records import Retention
from venom_modeld.state.store import Store

ENTRY = Entry(
    provider=Provider.HUGGINGFACE,
    model_name="hf.co/Org/Repo-GGUF",
    display_name="Org/Repo-GGUF",
    runtime="ollama",
    size_bytes=4_000_000_000,
    tags=("gguf", "license:mit"),
    downloads=7,
    likes=1,
    description="Zażółć gęślą jaźń",
    capabilities=("vision",),
    sizes=("7b",),
    updated_at=1_700_000_000.5,
    url="https://huggingface.co/Org/Repo-GGUF",
    gated=True,
)


def kept(query: str = "", *, source: str = "hub", listing: Listing = Listing.TRENDING) -> KeptAnswer:
    """Return an answer with everything in it."""
    return KeptAnswer(
        source=source,
        question=Question(provider=Provider.HUGGINGFACE, listing=listing, query=query),
        entries=(ENTRY,),
        fetched_at=1.0,
        validator='W/"1"',
        attempted_at=2.0,
        wait=300.0,
        failures=3,
        reason=Reason.UNREACHABLE,
        error="huggingface.co cannot be reached.",
    )


async def test_an_answer_comes_back_as_it_was_kept(path: Path) -> None:
    """All of it survives the process, and a newer answer to the same question takes its place."""
    async with await Store.open(path) as store:
        await store.save_catalogue(KeptAnswer(source="hub", question=kept().question))
        await store.save_catalogue(kept())
        await store.save_catalogue(kept(source="website"))
    async with await Store.open(path, read_only=True) as store:
        assert await store.load_catalogue() == (kept(), kept(source="website"))


async def test_searches_are_bounded_and_lists_are_not(path: Path) -> None:
    """The oldest search goes first; one that was asked again is not the oldest; a list is never dropped."""
    async with await Store.open(path, retention=Retention(queries=2)) as store:
        await store.save_catalogue(kept())
        for query in ("one", "two", "one", "three"):
            await store.save_catalogue(kept(query, listing=Listing.SEARCH))
        assert [answer.question.query for answer in await store.load_catalogue()] == ["", "one", "three"]


async def test_sizes_are_bounded(path: Path) -> None:
    """Of the sizes, those that were looked up last are kept."""
    sizes = [KeptSize(name=f"m{number}", digest=None, size_bytes=number, checked_at=1.0) for number in range(4)]
    async with await Store.open(path, retention=Retention(sizes=2)) as store:
        await store.save_sizes(sizes[:3])
        await store.save_sizes([sizes[3], sizes[1]])
        assert await store.load_sizes() == (sizes[3], sizes[1])


async def test_what_cannot_be_read_is_left_out(store: Store, path: Path) -> None:
    """A row of another making costs that row alone."""
    await store.save_catalogue(kept())
    await store.save_catalogue(kept(source="website"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE catalogue SET body = '{}' WHERE source = 'hub'")
    assert await store.load_catalogue() == (kept(source="website"),)


def make_version_1(path: Path) -> None:
    """Write a state as the first version did, with something in it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        schema.migrate(connection, schema.STEPS[:1])
        inventory.record(connection, "ollama", Installed(name=parse_ollama("llama3.2")))
        connection.execute('INSERT INTO events (body) VALUES (\'{"at":1.0,"type":"FileAccepted"}\')')


async def test_a_state_of_version_1_is_brought_up_to_date(path: Path) -> None:
    """It keeps what it holds, and catalogues can be kept in it from then on."""
    make_version_1(path)
    async with await Store.open(path) as store:
        assert store.recovered is None
        assert set((await store.load_inventory("ollama")).entries) == {parse_ollama("llama3.2")}
        assert await store.events(9) == (Event(at=1.0, type="FileAccepted"),)
        assert await store.load_catalogue() == ()
        await store.save_catalogue(kept())
        await store.save_sizes([KeptSize(name="a", digest="sha256:1", size_bytes=None, checked_at=1.0)])
    with closing(sqlite3.connect(path)) as connection:
        assert schema.version(connection) == len(schema.STEPS)


async def test_a_reader_leaves_a_state_of_version_1_as_it_is(path: Path) -> None:
    """Only the daemon changes the file; a reader says what brings it up to date."""
    make_version_1(path)
    with pytest.raises(StateUnusable, match="Start the daemon of this version once"):
        await Store.open(path, read_only=True)
    with closing(sqlite3.connect(path)) as connection:
        assert schema.version(connection) == 1
