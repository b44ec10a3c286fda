import asyncio
import logging
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venom_modeld.core.events import Event
from venom_modeld.core.inventory import Entry, Inventory
from venom_modeld.core.names import parse_ollama
from venom_modeld.core.observed import InstalledModel, ObservedState
from venom_modeld.core.reasons import Reason
from venom_modeld.state import opening, schema
from venom_modeld.state.database import Database
from venom_modeld.state.errors import StateError, StateUnusable
from venom_modeld.state.records import AcceptedFile
from venom_modeld.state.store import STATE_FILE, Store

NAMES = [parse_ollama(f"model-{number}") for number in range(40)]
WHOLE = Inventory(entries={name: Entry(name=name) for name in NAMES}, kept=frozenset(NAMES[:2]))


async def fill(path: Path) -> None:
    """Begin a state that holds something of every kind."""
    async with await Store.open(path) as store:
        for name in NAMES:
            await store.record("ollama", Entry(name=name))
        await store.keep("ollama", NAMES[:2])
        await store.save_file(AcceptedFile(revision="sha256:1", generation=1, content=b"x" * 3000, accepted_at=1.0))
        installed = {name: InstalledModel(name=name, digest="sha256:d") for name in NAMES}
        await store.save_observation("ollama", ObservedState(installed=installed), at=1.0)
        await store.append_events([Event(at=1.0, type="FileAccepted")])
        await store.note_reconciliation("ollama", "sha256:1", Reason.SUCCEEDED, at=1.0, seconds=0.1)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a whole state that tests copy and must not change."""
    path = tmp_path_factory.mktemp("filled") / STATE_FILE
    with asyncio.Runner() as runner:
        runner.run(fill(path))
    return path


@pytest.fixture
def copy(filled: Path, path: Path) -> Path:
    """Return a whole state of the test's own."""
    shutil.copy(filled, path)
    return path


def execute(path: Path, *statements: str) -> None:
    """Change a state behind the daemon's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


async def read_everything(store: Store) -> Inventory:
    """Read what the tests here wrote, and write something; return the inventory as it was."""
    inventory = await store.load_inventory("ollama")
    await store.load_attempts("ollama")
    await store.load_file()
    await store.load_observation("ollama")
    await store.operations(99)
    await store.reconciliations(99)
    await store.events(99)
    await store.record("ollama", Entry(name=parse_ollama("one-more")))
    return inventory


class TestDamage:
    """Files that are broken."""

    @pytest.mark.parametrize(
        ("damage", "words"),
        [
            (lambda path: path.write_bytes(b"this is no database at all, but long enough"), "not a database"),
            (lambda path: path.write_bytes(path.read_bytes()[:9000]), "malformed"),
            (
                lambda path: path.write_bytes(path.read_bytes().replace(b"CREATE TABLE ev", b"CREATE \xffABLE ev")),
                "utf-8",
            ),
            (
                lambda path: path.write_bytes(path.read_bytes().replace(b"entryollama", b"entryollamb", 1)),
                "missing from index",
            ),
            (lambda path: execute(path, "DROP TABLE events"), "a table is missing"),
            (lambda path: execute(path, "PRAGMA user_version = 0"), "its version cannot be 0"),
            (lambda path: execute(path, "PRAGMA user_version = -5"), "its version cannot be -5"),
            (lambda path: execute(path, "UPDATE remembered SET body = '{' WHERE kind = 'entry'"), "Entry: no JSON"),
            (
                lambda path: execute(path, "UPDATE remembered SET body = x'ff' WHERE kind = 'kept'"),
                "ModelName: no JSON",
            ),
            (
                lambda path: execute(path, "UPDATE remembered SET key = key || '9' WHERE kind = 'entry'"),
                "under the key of another model",
            ),
        ],
        ids=["text", "cut", "schema", "index", "table", "version 0", "version -5", "entry", "kept", "key"],
    )
    async def test_a_damaged_state_is_set_aside_and_a_new_one_begun(
        self, copy: Path, damage: Callable[[Path], object], words: str
    ) -> None:
        """The damaged file is kept under another name, the inventory is empty, and a sentence tells it."""
        damage(copy)
        damaged = snapshot(copy.parent)[STATE_FILE]
        async with await Store.open(copy) as store:
            assert store.recovered is not None
            assert words in store.recovered
            assert f"{STATE_FILE}.corrupt-1 " in store.recovered
            assert await read_everything(store) == Inventory()
        assert snapshot(copy.parent)[f"{STATE_FILE}.corrupt-1"] == damaged
        async with await Store.open(copy) as store:
            assert store.recovered is None

    async def test_each_damaged_file_gets_a_name_of_its_own(self, path: Path) -> None:
        """A second damage does not overwrite what was set aside at the first."""
        for _ in range(3):
            scribble(path)
            async with await Store.open(path) as store:
                assert store.recovered is not None
        assert {f"{STATE_FILE}.corrupt-{number}" for number in (1, 2, 3)} < set(snapshot(path.parent))

    async def test_what_is_set_aside_can_still_be_opened_with_its_log(self, copy: Path) -> None:
        """Where a reader keeps the log from being merged, it is set aside too, under the name that SQLite looks for."""
        async with await Store.open(copy, read_only=True):
            execute(copy, "UPDATE remembered SET body = 'torn' WHERE kind = 'entry'")
            async with await Store.open(copy) as store:
                assert store.recovered is not None
                assert await read_everything(store) == Inventory()
        with closing(sqlite3.connect(f"{copy}.corrupt-1")) as aside:
            bodies = aside.execute("SELECT DISTINCT body FROM remembered WHERE kind = 'entry'").fetchall()
        assert bodies == [("torn",)]

    async def test_a_whole_state_is_not_set_aside(self, copy: Path) -> None:
        """Nothing is told of a state that is as it was left."""
        async with await Store.open(copy) as store:
            assert store.recovered is None
            assert await read_everything(store) == WHOLE

    @settings(max_examples=60)
    @given(data=st.data())
    def test_no_damage_whatever_stops_it_in_an_unknown_way(self, filled: Path, data: st.DataObject) -> None:
        """However bytes are overwritten or cut off, opening works, is refused with a sentence, or begins anew.

        What it then holds of the inventory is all or nothing: no name that was never recorded comes out of it.
        """
        content = bytearray(filled.read_bytes())
        offsets = st.integers(0, 120) | st.integers(0, len(content) - 1)
        for offset, junk in data.draw(st.lists(st.tuples(offsets, st.binary(min_size=1, max_size=40)), max_size=4)):
            content[offset : offset + len(junk)] = junk
        content = content[: data.draw(st.just(len(content)) | st.integers(0, len(content)))]
        with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
            path = Path(folder) / STATE_FILE
            path.write_bytes(content)
            runner.run(self.open_and_read(path))

    async def open_and_read(self, path: Path) -> None:
        """Open what may be damaged, for the CLI and for the daemon, and hold it to what the test says."""
        with suppress(StateError, StateUnusable):
            async with await Store.open(path, read_only=True) as store:
                await store.load_inventory("ollama")
        with suppress(StateError, StateUnusable):
            async with await Store.open(path) as store:
                inventory = await read_everything(store)
                assert set(inventory.entries) <= set(NAMES)
                assert store.recovered is None or inventory == Inventory()

    async def test_a_row_of_the_history_that_cannot_be_read_is_left_out(
        self, copy: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An unreadable event costs that event, with a line in the log, and nothing else."""
        execute(copy, "INSERT INTO events (body) VALUES ('{}')")
        async with await Store.open(copy) as store:
            with caplog.at_level(logging.WARNING):
                assert await store.events(9) == (Event(at=1.0, type="FileAccepted"),)
        assert [record.message for record in caplog.records] == ["unreadable row left out"]


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder with its content."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def scribble(path: Path) -> None:
    """Put something that is no database, and a log of nothing, where the state belongs."""
    path.write_bytes(b"scribble" * 100)
    path.with_name(f"{path.name}-wal").write_bytes(b"scribble")


class TestVersions:
    """Files of other versions and of other programs."""

    async def test_an_older_state_is_brought_up_to_date_with_what_it_holds(self, copy: Path) -> None:
        """Every step from the file's version on is taken once, and nothing is lost on the way."""
        newer = (
            *schema.STEPS,
            ("ALTER TABLE events ADD COLUMN mood TEXT", "UPDATE events SET mood = 'calm'"),
            ("CREATE TABLE moods (mood TEXT)", "INSERT INTO moods SELECT mood FROM events"),
        )
        for _ in range(2):
            database = await Database.open(copy, steps=newer)
            assert database.recovered is None
            found = await database.read(lambda connection: connection.execute("SELECT mood FROM moods").fetchall())
            version = await database.read(schema.version)
            await database.close()
            assert (found, version) == ([("calm",)], len(newer))

    async def test_a_step_that_fails_leaves_the_file_at_its_version(self, copy: Path) -> None:
        """A migration is all or nothing."""
        broken = (
            *schema.STEPS,
            ("CREATE TABLE moods (mood TEXT NOT NULL)", "INSERT INTO moods VALUES (NULL)"),
        )
        with pytest.raises(StateError, match="NOT NULL constraint failed"):
            await Database.open(copy, steps=broken)
        async with await Store.open(copy) as store:
            assert store.recovered is None
            assert await read_everything(store) == WHOLE

    @pytest.mark.parametrize("read_only", [False, True])
    async def test_a_newer_state_is_refused_and_left_alone(self, copy: Path, *, read_only: bool) -> None:
        """A file of a newer version is not touched; the error tells both versions and what to do."""
        execute(copy, "PRAGMA user_version = 9")
        before = snapshot(copy.parent)[STATE_FILE]
        with pytest.raises(StateUnusable, match=r"newer version .*its version is 9, this program knows up to 2"):
            await Store.open(copy, read_only=read_only)
        assert snapshot(copy.parent)[STATE_FILE] == before

    @pytest.mark.parametrize("read_only", [False, True])
    async def test_a_database_of_another_program_is_refused_and_left_alone(
        self, path: Path, *, read_only: bool
    ) -> None:
        """A database that is not ours is neither written to nor set aside."""
        execute(path, "CREATE TABLE bookmarks (url TEXT)")
        before = snapshot(path.parent)
        with pytest.raises(StateUnusable, match="database of another program"):
            await Store.open(path, read_only=read_only)
        assert snapshot(path.parent) == before

    def test_tables_that_another_process_makes_meanwhile_are_not_taken_for_foreign(self, path: Path) -> None:
        """Whose file it is and of which version is one look, so nobody can make the tables in between."""

        class Overtaken(sqlite3.Connection):
            """Another process goes first, if it can, before the version is read."""

            def execute(self, sql: str, *args: object) -> sqlite3.Cursor:
                if "user_version" in sql:
                    other = sqlite3.connect(path, isolation_level=None, timeout=0.0)
                    with suppress(sqlite3.OperationalError), closing(other):
                        schema.migrate(other)
                return super().execute(sql, *args)

        with closing(sqlite3.connect(path, isolation_level=None, factory=Overtaken)) as connection:
            assert opening._checked_version(connection, path, schema.STEPS) in {0, len(schema.STEPS)}

    async def test_reading_does_not_migrate(self, copy: Path) -> None:
        """A file of an earlier version is not changed by a reader; the error says how it becomes readable."""
        newer = (*schema.STEPS, ("CREATE TABLE moods (mood TEXT)",))
        with pytest.raises(StateUnusable, match="Start the daemon of this version once"):
            await Database.open(copy, read_only=True, steps=newer)


class TestReading:
    """The read-only opening of the CLI."""

    async def test_a_reader_sees_what_a_writer_wrote_meanwhile(self, store: Store, path: Path) -> None:
        """A reader beside a daemon sees every write that has returned, also those after it opened."""
        await store.record("ollama", Entry(name=NAMES[0]))
        async with await Store.open(path, read_only=True) as reader:
            assert set((await reader.load_inventory("ollama")).entries) == {NAMES[0]}
            await store.record("ollama", Entry(name=NAMES[1]))
            assert set((await reader.load_inventory("ollama")).entries) == set(NAMES[:2])

    @pytest.mark.parametrize("content", [None, b""], ids=["missing", "just created"])
    async def test_where_nothing_is_yet_the_state_is_empty(self, path: Path, content: bytes | None) -> None:
        """A reader that comes before the first daemon finds an empty state and creates nothing."""
        if content is not None:
            path.write_bytes(content)
        before = snapshot(path.parent)
        async with await Store.open(path, read_only=True) as reader:
            assert await reader.load_inventory("ollama") == Inventory()
            assert await reader.operations(9) == ()
            assert await reader.load_file() is None
        assert snapshot(path.parent) == before

    async def test_a_missing_folder_is_an_empty_state_for_a_reader(self, tmp_path: Path) -> None:
        """A reader asks for no folder; a daemon needs one and says so."""
        path = tmp_path / "missing" / STATE_FILE
        async with await Store.open(path, read_only=True) as reader:
            assert await reader.events(9) == ()
        with pytest.raises(StateUnusable, match="cannot be opened: No such file or directory"):
            await Store.open(path)

    async def test_a_reader_cannot_write(self, copy: Path, tmp_path: Path) -> None:
        """Writing through a reader is an error, also where nothing is there yet, and reading goes on."""
        for path in (copy, tmp_path / "missing.db"):
            async with await Store.open(path, read_only=True) as reader:
                with pytest.raises(StateError, match="not open for writing"):
                    await reader.record("ollama", Entry(name=NAMES[0]))
                await reader.load_inventory("ollama")

    async def test_a_damaged_state_is_told_to_a_reader_and_left_alone(self, path: Path) -> None:
        """A reader sets nothing aside; it says that the daemon will."""
        scribble(path)
        before = snapshot(path.parent)[STATE_FILE]
        with pytest.raises(StateError, match="Start the daemon again") as caught:
            await Store.open(path, read_only=True)
        assert caught.value.reason is Reason.CORRUPT
        assert snapshot(path.parent)[STATE_FILE] == before

    @pytest.mark.parametrize("read_only", [False, True])
    async def test_a_folder_in_place_of_the_file_is_told(self, tmp_path: Path, *, read_only: bool) -> None:
        """A path that is a folder gives a sentence and keeps its rights."""
        with pytest.raises(StateError, match="could not be used"):
            await Store.open(tmp_path, read_only=read_only)
        assert snapshot(tmp_path) == {}

    async def test_a_folder_with_strange_letters_can_be_read(self, tmp_path: Path) -> None:
        """Letters that mean something in an address do not in a path."""
        path = tmp_path / "what? 100% #1"
        await fill(path)
        async with await Store.open(path, read_only=True) as reader:
            assert await reader.load_inventory("ollama") == WHOLE
