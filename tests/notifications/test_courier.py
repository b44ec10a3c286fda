"""Notices that arrive, over real HTTP and through Apprise."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.api.builder import snapshot
from tests.conftest import eventually
from tests.notifications.conftest import Receiver
from tests.notifications.test_news import STALLED, WELL
from venom_modeld.notifications import memory
from venom_modeld.notifications.channel import Channel, NotificationsUnusable
from venom_modeld.notifications.courier import Courier
from venom_modeld.notifications.news import News
from venom_modeld.state.snapshot import RuntimeSnapshot, SnapshotHub

pytest.importorskip("apprise", reason="the extra `notify` is not installed")


class Desk:
    """A hub whose news a courier brings."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.hub = SnapshotHub()
        self._version = 0

    def addresses(self, *lines: str) -> None:
        """Write other addresses; none take the file away."""
        self.file.unlink(missing_ok=True)
        if lines:
            self.file.write_text("\n".join(lines))

    async def remembered(self) -> None:
        """Wait until what was told is on the disk."""
        await eventually((self.file.parent / memory.FILE_NAME).exists)

    def show(self, *shown: RuntimeSnapshot) -> None:
        """Publish a snapshot of these runtimes."""
        self._version += 1
        self.hub.publish(snapshot(*shown, version=self._version))

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Run the courier."""
        courier = Courier(self.hub, Channel(self.file), self.file.parent, pause=0.01)
        task = asyncio.create_task(courier.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_stall_and_its_end_arrive_once_each(addresses: Path, receiver: Receiver) -> None:
    """With the host and the runtime in the title, and the reason in the text; also over a restart of the daemon."""
    desk = Desk(addresses)
    async with desk.at_work():
        desk.show(STALLED)
        await receiver.until(1)
        await desk.remembered()
    async with desk.at_work():
        desk.show(STALLED)
        desk.show(WELL)
        await receiver.until(2)
    assert [(one["title"], one["message"], one["type"]) for one in receiver.taken] == [
        ("lab: ollama is stalled, and needs a change", "install a:latest: no such model", "failure"),
        ("lab: ollama has recovered", "install a:latest: no such model", "success"),
    ]


async def test_a_notice_that_nobody_took_is_brought_again(
    addresses: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """The failure is logged once, by the line of the address, which is a secret itself."""
    receiver.status = 500
    desk = Desk(addresses)
    async with desk.at_work():
        desk.show(STALLED)
        await receiver.until_asked(2)
        receiver.status = 200
        await receiver.until(1)
    lost = [record for record in caplog.records if record.message == "notice could not be delivered"]
    assert [record.detail for record in lost] == ["line 3: refused"]
    assert "secret-path" not in caplog.text


async def test_one_address_that_takes_it_is_enough(addresses: Path, receiver: Receiver) -> None:
    """Nobody gets it twice because another one is down."""
    desk = Desk(addresses)
    desk.addresses("json://127.0.0.1:9/", receiver.url)
    async with desk.at_work():
        desk.show(STALLED)
        await receiver.until(1)
        desk.show(WELL)
        assert [one["type"] for one in await receiver.until(2)] == ["failure", "success"]


async def test_an_address_that_is_none_is_logged_at_the_start(
    addresses: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody should learn of it on the day that something fails."""
    desk = Desk(addresses)
    desk.addresses(receiver.url, "nonsense://somewhere")
    async with desk.at_work():
        desk.show(STALLED)
        await receiver.until(1)
    [record] = [record for record in caplog.records if record.message == "address for notices is not valid"]
    assert (record.line, record.levelname) == (2, "ERROR")


async def test_a_file_that_is_gone_at_the_start_is_logged(
    addresses: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """The daemon goes on, and brings what is news when the file is back."""
    desk = Desk(addresses)
    desk.addresses()
    async with desk.at_work():
        desk.show(STALLED)
        await eventually(lambda: "notice could not be delivered" in caplog.messages)
        desk.addresses(receiver.url)
        await receiver.until(1)


async def test_a_file_that_is_gone_later_is_logged(
    addresses: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """It is read for each message, so it may come back."""
    desk = Desk(addresses)
    async with desk.at_work():
        desk.show(STALLED)
        await receiver.until(1)
        await desk.remembered()
        desk.addresses()
        desk.show(WELL)
        await eventually(lambda: "notice could not be delivered" in caplog.messages)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), ("", "holds no address"), ("# none\n\n", "holds no address")],
)
def test_a_file_without_addresses_is_refused_at_the_start(content: str | None, message: str, tmp_path: Path) -> None:
    """The sentence says what to write."""
    if content is not None:
        (tmp_path / "urls").write_text(content)
    with pytest.raises(NotificationsUnusable, match=message):
        Channel(tmp_path / "urls").require()


def test_a_good_file_is_not_refused(addresses: Path) -> None:
    """Apprise is installed here."""
    Channel(addresses).require()


def test_what_was_told_is_kept_on_the_disk(tmp_path: Path) -> None:
    """Word for word."""
    news = News({})
    [notice] = news.look(snapshot(STALLED), now=0)
    news.tell(notice)
    memory.save(tmp_path, news.told)
    assert memory.load(tmp_path) == news.told


@pytest.mark.parametrize("content", ["", "{}", "[1]", '[{"kind": "odd"}]', '[{"kind": "failed"}]'])
def test_a_damaged_memory_counts_as_none(content: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Being told twice is better than never."""
    (tmp_path / memory.FILE_NAME).write_text(content)
    assert memory.load(tmp_path) == {}
    assert bool(caplog.messages) is (content != "{}")


async def test_a_memory_that_cannot_be_written_ends_nothing(
    addresses: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the next notice is brought all the same."""
    (addresses.parent / memory.FILE_NAME).mkdir()
    desk = Desk(addresses)
    async with desk.at_work():
        desk.show(STALLED)
        await receiver.until(1)
        desk.show(WELL)
        await receiver.until(2)
    assert "told notices cannot be kept" in caplog.messages


def test_the_sender_does_not_need_apprise_to_be_asked_nothing() -> None:
    """It is loaded for an address alone."""
    ended = subprocess.run(
        [sys.executable, "-m", "venom_modeld.notifications.sender"],
        input=json.dumps({"addresses": [], "kind": None}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "[]"
