"""Noticing that the content behind a path may have changed, on real files."""

import asyncio
import json
import logging
import mmap
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from tests.conftest import eventually
from venom_modeld.config.watcher import watch

DEADLINE = 20.0
NEVER = 3600.0
"""A poll that does not come while a test runs: what is seen is seen by notification."""


class Reader:
    """A consumer that reads the file at each turn, as the daemon does, and keeps what it has read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stop = asyncio.Event()
        self.seen: list[str | None] = []
        self.turn = asyncio.Condition()
        self.free = asyncio.Event()
        self.free.set()

    async def run(self, **seconds: float) -> None:
        """Read once at each turn of the watch."""
        async for _ in watch(self.path, stop=self.stop, **seconds):
            await self.free.wait()
            async with self.turn:
                self.seen.append(content(self.path))
                self.turn.notify_all()

    async def until(self, expected: str | None) -> None:
        """Wait until the last content read is the expected one (None: there was no file)."""
        async with asyncio.timeout(DEADLINE), self.turn:
            await self.turn.wait_for(lambda: bool(self.seen) and self.seen[-1] == expected)


def content(path: Path) -> str | None:
    """Read a file, or give None where there is none."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return None


@asynccontextmanager
async def reading(
    path: Path, *, poll: float = NEVER, debounce: float = 0.03, alert: float = NEVER
) -> AsyncIterator[Reader]:
    """Watch a file while the block runs; the block starts when the first content has been read."""
    reader = Reader(path)
    first = content(path)
    async with asyncio.timeout(3 * DEADLINE), asyncio.TaskGroup() as tasks:
        tasks.create_task(reader.run(poll=poll, debounce=debounce, alert=alert))
        try:
            await reader.until(first)
            yield reader
        finally:
            reader.stop.set()


def replace_by_rename(path: Path, text: str) -> None:
    """Save as editors do: write beside the file, and rename over it."""
    beside = path.with_name("beside.tmp")
    beside.write_text(text)
    beside.replace(path)


def relink(link: Path, target: str) -> None:
    """Do as `ln -sfn` does: make a link beside the old one, and rename it over it."""
    beside = link.with_name("link.tmp")
    beside.symlink_to(target)
    beside.replace(link)


def undecodable(folder: Path, number: int) -> Path:
    """Give a path with a name that is no UTF-8."""
    return folder / os.fsdecode(b"\xff%d" % number)


def in_place(file: Path) -> None:
    """Write into the file."""
    file.write_text("new")


def renamed(file: Path) -> None:
    """Rename another file over it."""
    replace_by_rename(file, "new")


def deleted_and_returned(file: Path) -> None:
    """Delete the file and create it anew."""
    file.unlink()
    file.write_text("new")


def folder_swapped(file: Path) -> None:
    """Move the folder away and another into its place."""
    other = file.parent.with_name("other")
    other.mkdir()
    (other / file.name).write_text("new")
    file.parent.rename(file.parent.with_name("old"))
    other.rename(file.parent)


def grandparent_swapped(file: Path) -> None:
    """Move the folder of the folder away and another into its place, as a checkout may."""
    above = file.parent.parent
    other = above.with_name("other")
    (other / file.parent.name).mkdir(parents=True)
    (other / file.parent.name / file.name).write_text("new")
    above.rename(above.with_name("old"))
    other.rename(above)


@pytest.mark.parametrize(
    "save",
    [in_place, renamed, deleted_and_returned, folder_swapped, grandparent_swapped],
    ids=lambda save: save.__name__,
)
async def test_every_way_to_save_wakes_the_reader(tmp_path: Path, save: Callable[[Path], None]) -> None:
    """However the file gets its new content, the reader reads it; and the same way a second time after a write."""
    file = tmp_path / "above" / "folder" / "models.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("old")
    async with reading(file) as reader:
        save(file)
        await reader.until("new")
        file.write_text("newer")
        await reader.until("newer")
        for name in ("old", "other"):
            shutil.rmtree(tmp_path / name, ignore_errors=True)
            shutil.rmtree(tmp_path / "above" / name, ignore_errors=True)
        save(file)
        await reader.until("new")


@pytest.mark.parametrize("alert", [0.0, 0.05])
async def test_a_watcher_at_rest_sees_what_happens_and_is_at_rest_again(tmp_path: Path, alert: float) -> None:
    """A save after a long silence is read as the ones in a row are, and a burst is one turn."""
    file = tmp_path / "models.yaml"
    file.write_text("0")
    async with reading(file, debounce=1.0, alert=alert) as reader:
        for round_ in (1, 2):
            for number in range(50):
                file.write_text(f"{round_}.{number}")
            await reader.until(f"{round_}.49")
        assert reader.seen == ["0", "1.49", "2.49"]


async def test_a_watcher_at_rest_looks_less_often(tmp_path: Path) -> None:
    """Of two that watch the same file, the one at rest is woken less in the same time, whatever happens above."""
    file = tmp_path / "models.yaml"
    file.write_text("old")
    async with reading(file, alert=0.05):
        (resting,) = watching_threads()
        async with reading(file):
            (alert,) = watching_threads() - {resting}
            before = wakes(resting), wakes(alert)
            await eventually(lambda: wakes(alert) - before[1] > 50)
            assert wakes(resting) - before[0] < 40
            (tmp_path.parent / "of-somebody-else").touch()
            before = wakes(resting), wakes(alert)
            await eventually(lambda: wakes(alert) - before[1] > 50)
            assert wakes(resting) - before[0] < 40


def watching_threads() -> set[int]:
    """Give the threads of this process that watch a file."""
    return {thread.native_id or 0 for thread in threading.enumerate() if thread.name.startswith("watch")}


def wakes(thread: int) -> int:
    """Tell how often a thread gave up the processor of its own, by what the kernel counts."""
    status = Path(f"/proc/self/task/{thread}/status").read_text()
    return int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])


async def test_a_link_that_is_set_anew_wakes_the_reader(tmp_path: Path) -> None:
    """A link to another file is followed, and so are writes to that file, in whatever folder it is."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "real.yaml").write_text(name)
    (tmp_path / "etc").mkdir()
    link = tmp_path / "etc" / "models.yaml"
    link.symlink_to("../one/real.yaml")
    async with reading(link) as reader:
        relink(link, "../two/real.yaml")
        await reader.until("two")
        replace_by_rename(tmp_path / "two" / "real.yaml", "two, again")
        await reader.until("two, again")
        (tmp_path / "one" / "real.yaml").write_text("one, which nobody reads")
        relink(link, "../one/real.yaml")
        await reader.until("one, which nobody reads")


async def test_a_configmap_that_is_swapped_wakes_the_reader(tmp_path: Path) -> None:
    """The swap of `..data`, by which Kubernetes updates a ConfigMap, is seen each time, old folders removed."""

    def publish(version: str) -> None:
        (tmp_path / f"..{version}").mkdir()
        (tmp_path / f"..{version}" / "models.yaml").write_text(version)
        relink(tmp_path / "..data", f"..{version}")

    publish("1")
    file = tmp_path / "models.yaml"
    file.symlink_to("..data/models.yaml")
    async with reading(file) as reader:
        for version in ("2", "3", "4"):
            publish(version)
            shutil.rmtree(tmp_path / f"..{int(version) - 1}")
            await reader.until(version)


async def test_deletion_and_return_both_wake_the_reader(tmp_path: Path) -> None:
    """A reader learns that the file is gone, and that it is back, also when its whole folder was gone."""
    file = tmp_path / "above" / "folder" / "models.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("old")
    async with reading(file) as reader:
        file.unlink()
        await reader.until(None)
        file.write_text("back")
        await reader.until("back")
        shutil.rmtree(tmp_path / "above")
        await reader.until(None)
        file.parent.mkdir(parents=True)
        file.write_text("back again")
        await reader.until("back again")


async def test_a_file_that_does_not_exist_yet_is_awaited(tmp_path: Path) -> None:
    """A watch may start before the file and all of its folders."""
    file = tmp_path / "a" / "b" / "c" / "models.yaml"
    async with reading(file) as reader:
        assert reader.seen == [None]
        for folder in reversed(file.parents[:3]):
            folder.mkdir()
        file.write_text("there")
        await reader.until("there")


async def test_folders_that_come_and_go_all_the_time_are_followed(tmp_path: Path) -> None:
    """However often the folders vanish while they are to be listened to, the last content is read."""
    file = tmp_path / "above" / "folder" / "models.yaml"

    def come_and_go() -> None:
        for number in range(300):
            file.parent.mkdir(parents=True)
            file.write_text(str(number))
            shutil.rmtree(tmp_path / "above")
        file.parent.mkdir(parents=True)
        file.write_text("stays")

    async with reading(file, debounce=0.001) as reader:
        await asyncio.to_thread(come_and_go)
        await reader.until("stays")


async def test_a_relative_path_is_that_of_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means the file it meant when the watch began, wherever the process goes afterwards."""
    file = tmp_path / "models.yaml"
    file.write_text("old")
    monkeypatch.chdir(tmp_path)
    turns = watch("models.yaml", stop=asyncio.Event(), poll=NEVER)
    async with asyncio.timeout(DEADLINE):
        await anext(turns)
        monkeypatch.chdir("/")
        file.write_text("new")
        await anext(turns)
        await turns.aclose()


async def test_a_burst_of_writes_wakes_once(tmp_path: Path) -> None:
    """Many writes in a row give one turn, after the last of them."""
    file = tmp_path / "models.yaml"
    file.write_text("0")
    async with reading(file, debounce=1.0) as reader:
        for number in range(1, 200):
            file.write_text(str(number))
        await reader.until("199")
        assert reader.seen == ["0", "199"]


async def test_a_file_that_is_written_without_end_is_read_all_the_same(tmp_path: Path) -> None:
    """Writes without a pause do not keep the reader from reading for ever."""
    file = tmp_path / "models.yaml"
    file.write_text("a")
    done = threading.Event()

    def write_on() -> None:
        while not done.is_set():
            file.write_text("b")

    async with reading(file, debounce=0.03) as reader:
        writer = threading.Thread(target=write_on)
        writer.start()
        try:
            async with asyncio.timeout(DEADLINE), reader.turn:
                await reader.turn.wait_for(lambda: len(reader.seen) > 2)
        finally:
            done.set()
            writer.join()


async def test_other_files_in_the_folder_do_not_wake_the_reader(tmp_path: Path) -> None:
    """What happens beside the file gives no turn, not even a name that is no text."""
    file = tmp_path / "models.yaml"
    file.write_text("old")
    async with reading(file) as reader:
        for number in range(20):
            (tmp_path / f"other-{number}").touch()
        undecodable(tmp_path, 0).touch()
        replace_by_rename(file, "new")
        await reader.until("new")
        assert reader.seen.count("old") == 1


async def test_a_name_that_is_no_text_does_not_end_the_watch(tmp_path: Path) -> None:
    """A file in the folder whose name cannot be decoded leaves later saves to be seen."""
    file = tmp_path / "models.yaml"
    file.write_text("0")
    async with reading(file) as reader:
        for number in range(1, 4):
            undecodable(tmp_path, number).touch()
            file.write_text(str(number))
            await reader.until(str(number))


async def test_a_path_that_is_no_text_is_polled(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A path that cannot be told to the kernel by this library is looked at by the clock."""
    file = undecodable(tmp_path, 0) / "models.yaml"
    file.parent.mkdir()
    file.write_text("old")
    async with reading(file, poll=0.02) as reader:
        file.write_text("new")
        await reader.until("new")
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        "file watched by polling only"
    ]


async def test_a_change_that_the_kernel_does_not_tell_is_found_by_polling(tmp_path: Path) -> None:
    """Writes by way of a memory map notify nobody, as on a network file system; the poll finds their content."""
    file = tmp_path / "models.yaml"
    file.write_text("old")
    before = file.stat()
    async with reading(file, poll=0.02) as reader:
        write_unnoticed(file, b"new")
        await reader.until("new")
        write_unnoticed(file, b"n\xffw")
        await reader.until("n\ufffdw")
        assert file.stat().st_size == before.st_size


def write_unnoticed(file: Path, text: bytes) -> None:
    """Write into a file without the kernel telling those who listen."""
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), len(text)) as memory:
        memory[:] = text


async def test_many_changes_while_the_reader_is_busy_give_one_turn(tmp_path: Path) -> None:
    """A slow reader gets one turn for all that happened meanwhile, and reads the last of it."""
    file = tmp_path / "models.yaml"
    file.write_text("0")
    async with reading(file) as busy, reading(file) as quick:
        busy.free.clear()
        for number in range(1, 9):
            file.write_text(str(number))
            await quick.until(str(number))
        busy.free.set()
        file.write_text("end")
        await busy.until("end")
        # The turn it was busy with, one for what happened meanwhile, one for what its thread told late, and the last.
        assert len(busy.seen) <= 1 + 4


def held() -> tuple[int, int]:
    """Count the threads and the open files of this process, those of its libraries included."""
    return len(list(Path("/proc/self/task").iterdir())), len(list(Path("/proc/self/fd").iterdir()))


async def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """A watch that was stopped, and one that was left, leave no thread and no open file."""
    file = tmp_path / "models.yaml"
    file.write_text("old")
    threads = threading.active_count()
    before = held()
    async with reading(file):
        assert threading.active_count() > threads
    assert threading.active_count() == threads
    async with asyncio.timeout(DEADLINE):
        async with aclosing(watch(file, stop=asyncio.Event(), poll=NEVER)) as turns:
            async for _ in turns:
                break
        assert threading.active_count() == threads
        while held() > before:  # noqa: ASYNC110  # the library ends its own thread a moment later, and tells nobody
            await asyncio.sleep(0.002)


async def test_a_stop_that_came_first_gives_no_turn(tmp_path: Path) -> None:
    """A watch with a stop that is set already ends at once."""
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(DEADLINE):
        assert [turn async for turn in watch(tmp_path / "models.yaml", stop=stop, poll=NEVER)] == []


async def test_a_cancelled_reader_ends_the_watch(tmp_path: Path) -> None:
    """A reader that is cancelled in the middle of its wait takes the watch's thread with it."""
    threads = threading.active_count()
    reader = Reader(tmp_path / "models.yaml")
    task = asyncio.create_task(reader.run(poll=NEVER))
    await reader.until(None)
    task.cancel()
    async with asyncio.timeout(DEADLINE):
        await asyncio.wait({task})
    assert task.cancelled()
    assert threading.active_count() == threads


async def test_a_failure_of_the_thread_reaches_the_reader() -> None:
    """A path that no system call takes is an error of the reader's, not a silent end."""
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(ValueError, match="null"):
            await anext(watch("a\0b", stop=asyncio.Event()))


WITHOUT_NOTIFICATIONS = """
import asyncio, json, logging, os, resource, sys
from pathlib import Path
from tests.conftest import eventually
from venom_modeld.config.watcher import watch

file, poll = Path(sys.argv[1]), 0.02
spare, told = [], []

class Told(logging.Handler):
    def emit(self, record):
        told.append([record.levelname, record.getMessage(), record.file, record.poll_seconds, record.error])

def hoard():
    # Open files up to the limit of this process, so that the kernel has none left to listen with.
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    while True:
        try:
            spare.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            break
    # One for reading the file, and the three which a notification needs are not there.
    os.close(spare.pop())

def release():
    while spare:
        os.close(spare.pop())

async def main():
    stop, seen = asyncio.Event(), []
    hoard()
    async for _ in watch(file, stop=stop, poll=poll):
        seen.append(file.read_text())
        if seen[-1] == "old":
            file.write_text("polled")
        elif seen[-1] == "polled":
            release()
            while len(told) < 2:
                await asyncio.sleep(0.01)
            file.write_text("notified")
        else:
            stop.set()
    print(json.dumps({"seen": seen, "told": told}))

logging.getLogger("venom_modeld").addHandler(Told())
logging.getLogger("venom_modeld").setLevel(logging.INFO)
asyncio.run(main())
"""


def test_without_notifications_polling_goes_on(tmp_path: Path) -> None:
    """Where the kernel refuses to notify, one warning is logged and the poll goes on, until it notifies again."""
    file = tmp_path / "models.yaml"
    file.write_text("old")
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_NOTIFICATIONS, str(file)],
        check=True,
        capture_output=True,
        text=True,
        timeout=3 * DEADLINE,
    )
    answer = json.loads(run.stdout)
    assert answer["seen"] == ["old", "polled", "notified"]
    (warned, regained) = answer["told"]
    assert warned[:4] == ["WARNING", "file watched by polling only", str(file), 0.02]
    assert "Too many open files" in warned[4]
    assert regained == ["INFO", "file watched by notification again", str(file), 0.02, None]
