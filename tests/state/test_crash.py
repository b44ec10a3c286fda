import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from venom_modeld.core.inventory import Entry
from venom_modeld.core.names import parse_ollama
from venom_modeld.core.reasons import Reason
from venom_modeld.state.database import Database
from venom_modeld.state.errors import StateError
from venom_modeld.state.records import AcceptedFile
from venom_modeld.state.store import STATE_FILE, Store

WRITER = """
import asyncio, sys
from pathlib import Path
from venom_modeld.core.events import Event
from venom_modeld.core.inventory import Entry
from venom_modeld.core.names import parse_ollama
from venom_modeld.state.store import Store

async def write(path, first):
    store = await Store.open(path)
    for number in range(first, first + 100_000):
        names = [parse_ollama(f"model-{number}-{part}") for part in range(5)]
        await store.record("ollama", Entry(name=names[0]))
        await store.keep("ollama", names)
        await store.append_events([Event(at=float(number), type="OperationStarted")])
        print(number, flush=True)

asyncio.run(write(Path(sys.argv[1]), int(sys.argv[2])))
"""


def killed_after(path: Path, first: int, acknowledgements: int, env: dict[str, str]) -> int:
    """Write in another process, kill it after so many acknowledgements, and return the last one it printed."""
    # Without a buffer, in which lines would stay that were written by the time of the kill.
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, path, str(first)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env=env,
    )
    assert process.stdout is not None
    for _ in range(acknowledgements):
        assert process.stdout.readline()
    process.kill()
    rest, errors = process.communicate()
    assert errors == b""
    lines = rest.splitlines(keepends=True)
    whole = [int(line) for line in lines if line.endswith(b"\n")]
    return whole[-1] if whole else first + acknowledgements - 1


async def test_no_acknowledged_write_is_lost_to_kill_9(path: Path, unmeasured: dict[str, str]) -> None:
    """Killed at any instant, again and again, the state holds every write whose call returned, and no half of one."""
    last = -1
    recorded: set[int] = set()
    for acknowledgements in (1, 2, 17, 60):
        first = last + 1
        last = await asyncio.to_thread(killed_after, path, first, acknowledgements, unmeasured)
        recorded |= set(range(first, last + 1))
        async with await Store.open(path) as store:
            assert store.recovered is None
            inventory = await store.load_inventory("ollama")
            numbers = {int(name.text.split("-")[1]) for name in inventory.entries}
            assert recorded <= numbers <= recorded | {last + 1}
            assert len(inventory.kept) == 5
            assert {name.text.split("-")[1] for name in inventory.kept} <= {str(last), str(last + 1)}
            events = {event.at for event in await store.events(10_000)}
            assert recorded <= events


FILLER = """
import asyncio, resource, signal, sys
from pathlib import Path
from venom_modeld.state.errors import StateError
from venom_modeld.state.records import AcceptedFile
from venom_modeld.state.store import Store

def file(generation):
    return AcceptedFile(revision="r", generation=generation, content=b"x" * 20_000, accepted_at=1.0)

async def fill(path):
    async with await Store.open(path) as store:
        await store.save_file(file(0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        generation = 0
        try:
            while generation < 1000:
                await store.save_file(file(generation + 1))
                generation += 1
        except StateError as error:
            print(error.reason, error)
        print((await store.load_file()).generation == generation)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await store.save_file(file(generation + 1))
        print((await store.load_file()).generation == generation + 1)

asyncio.run(fill(Path(sys.argv[1])))
"""


def test_a_write_that_the_system_refuses_is_told_and_undone(path: Path) -> None:
    """Where the file may not grow, the write fails with a sentence, the earlier value stands, and later writes work."""
    filler = subprocess.run([sys.executable, "-c", FILLER, path], check=True, capture_output=True, text=True)
    told, *rest = filler.stdout.splitlines()
    assert told.startswith(f"Failed The state in {path} could not be used: disk I/O error. ")
    assert rest == ["True", "True"]
    assert filler.stderr == ""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of one megabyte, where that is allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no right to mount a file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def file(generation: int) -> AcceptedFile:
    """Return a file of about 50 kB."""
    return AcceptedFile(revision="r", generation=generation, content=b"x" * 37_000, accepted_at=1.0)


async def fill_up(store: Store, saved: list[AcceptedFile]) -> None:
    """Write until that fails, noting what was written."""
    for generation in range(1000):
        await store.save_file(file(generation))
        saved.append(file(generation))


async def test_a_full_disk_is_told_and_loses_nothing(small_disk: Path) -> None:
    """On a full disk a write fails with DiskFull and changes nothing; once there is room the store goes on."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 500_000)
    async with await Store.open(small_disk / STATE_FILE) as store:
        saved: list[AcceptedFile] = []
        with pytest.raises(StateError, match="The disk is full; free some space on it") as caught:
            await fill_up(store, saved)
        assert caught.value.reason is Reason.DISK_FULL
        assert await store.load_file() == saved[-1]
        ballast.unlink()
        await store.save_file(file(-1))
        assert await store.load_file() == file(-1)


async def test_a_full_disk_at_the_start_is_told(small_disk: Path) -> None:
    """A state that cannot even be begun gives a sentence with DiskFull."""
    (small_disk / "ballast").write_bytes(b"x" * 1_044_000)
    with pytest.raises(StateError) as caught:
        await Store.open(small_disk / STATE_FILE)
    assert caught.value.reason is Reason.DISK_FULL


class TestAnotherWriter:
    """Another program that has the file open for writing."""

    async def test_the_event_loop_goes_on_while_a_write_waits(self, store: Store, path: Path) -> None:
        """A write waits for the other program on its own thread, and is done as soon as that lets go."""
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            write = asyncio.create_task(store.record("ollama", Entry(name=parse_ollama("qwen3"))))
            done, _ = await asyncio.wait([write], timeout=0.2)
            assert not done
            other.execute("ROLLBACK")
            await write
        assert len((await store.load_inventory("ollama")).entries) == 1

    async def test_one_that_does_not_let_go_is_told(self, store: Store, path: Path) -> None:
        """After a few seconds the write fails with a sentence and is not done; the next one works."""
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StateError, match="Another program holds it"):
                await store.record("ollama", Entry(name=parse_ollama("qwen3")))
            other.execute("ROLLBACK")
        assert not (await store.load_inventory("ollama")).entries
        await store.record("ollama", Entry(name=parse_ollama("llama3")))


async def test_a_change_that_fails_in_the_middle_leaves_nothing_behind(path: Path) -> None:
    """A transaction is done whole or not at all, whatever stops it."""

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO events (body) VALUES ('half')")
        raise RuntimeError("in the middle")

    database = await Database.open(path)
    try:
        with pytest.raises(RuntimeError, match="in the middle"):
            await database.write(broken)
        assert await database.read(lambda found: found.execute("SELECT * FROM events").fetchall()) == []
    finally:
        await database.close()
