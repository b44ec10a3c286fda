"""Locks, the record, the layout and the process of the child, each by itself."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.runtimes.conftest import Reply, ScriptedServer
from tests.runtimes.vllm.weights.conftest import MODEL
from venom_modeld.core.progress import Progress
from venom_modeld.runtimes.vllm.weights import layout, locks, plain, process, record, xet
from venom_modeld.runtimes.vllm.weights.checking import check_of
from venom_modeld.runtimes.vllm.weights.contents import Contents
from venom_modeld.runtimes.vllm.weights.files import RemoteFile
from venom_modeld.runtimes.vllm.weights.following import Follower
from venom_modeld.runtimes.vllm.weights.hub import Hub as Access
from venom_modeld.runtimes.vllm.weights.job import Failed, Remove
from venom_modeld.runtimes.vllm.weights.layout import Place
from venom_modeld.runtimes.vllm.weights.plain import Download
from venom_modeld.runtimes.vllm.weights.record import Mark, Record
from venom_modeld.runtimes.vllm.weights.telling import Teller
from venom_modeld.sandbox.hub import Hub, HubFailure

FILE = RemoteFile(path="a.json", size=5, blob="b" * 40)
COMMIT = "1" * 40


def test_a_lock_keeps_others_out(tmp_path: Path) -> None:
    """An exclusive lock lets nobody in, shared ones let each other in, and all end with their block."""
    lock = tmp_path / "deep" / "x.lock"
    assert not locks.is_held(lock)
    with locks.holding(lock):
        assert locks.is_held(lock)
        with pytest.raises(locks.Held), locks.holding(lock, shared=True):
            pass
    with locks.holding(lock, shared=True), locks.holding(lock, shared=True, wait=True):
        assert not locks.is_held(lock)
    with locks.holding(lock):
        assert locks.is_held(lock)


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A lock needs a file, and where there can be none the system's words are told."""
    with pytest.raises(IsADirectoryError), locks.holding(tmp_path):
        pass


def test_a_check_tells_what_is_missing(tmp_path: Path) -> None:
    """A content that vanished before it could be hashed is as wrong as one that was hashed and is wrong."""
    assert Contents(Place(tmp_path, MODEL), COMMIT).check([FILE]) == [FILE]


def test_a_bar_counts_bytes() -> None:
    """The bar that the library drives tells the bytes on the disk, and takes everything else in silence."""
    told: list[int] = []

    class Bar(xet._Bar):
        tell = staticmethod(told.append)

    with Bar("words", initial=5, total=20, unit="B") as bar:
        bar.update(10)
        bar.update(None)
        bar.update_transfer(99)
        bar.set_postfix_str("fast")
        bar.set_transfer_postfix_str("fast")
    assert told == [15, 15]


def test_a_hub_that_is_away_offers_no_xet() -> None:
    """Where nothing can be asked nothing is offered, and the download itself tells why."""
    with httpx2.Client(timeout=5) as client:
        assert not xet.is_offered(client, "http://127.0.0.1:1/x")


def test_unknown_lines_of_a_child_do_no_harm() -> None:
    """A line that means nothing changes nothing in what is shown."""
    seen: list[Progress] = []
    Follower((FILE,), seen.append).listen({"odd": 1})
    assert seen[0].completed_bytes == 0
    assert seen[0].total_bytes == FILE.size


def test_the_record_survives_being_read(tmp_path: Path) -> None:
    """What was put on record is read as it was, and a later commit does not drop an earlier one."""
    place = Place(tmp_path, MODEL)
    record.change(place, lambda known: known.with_marks({FILE.blob: Mark(5, 7)}).with_commit(COMMIT, (FILE,)))
    after = record.change(place, lambda known: known.with_commit("2" * 40, ()))
    assert record.read(place.record) == after
    assert after == Record(commits={COMMIT: (FILE,), "2" * 40: ()}, marks={FILE.blob: Mark(5, 7)})
    assert after.without(frozenset({COMMIT})) == Record(commits={"2" * 40: ()})


@pytest.mark.parametrize("content", [b"", b"half", b"[]", b'{"version":1}', b'{"version":1,"commits":[],"marks":{}}'])
def test_a_record_that_makes_no_sense_is_empty(tmp_path: Path, content: bytes) -> None:
    """A record that cannot be understood claims nothing."""
    path = tmp_path / "record"
    path.write_bytes(content)
    assert record.read(path) == Record()


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    """A write that fails leaves the old content and nothing beside it."""
    path = tmp_path / "a" / "ref"
    layout.replace(path, b"old")
    with pytest.raises(TypeError):
        layout.replace(path, "text")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in path.parent.iterdir()] == ["ref"]


def test_a_link_takes_the_place_of_whatever_was_there(tmp_path: Path) -> None:
    """A link to another content, or a file, gives way; the right link is left alone."""
    place = Place(tmp_path, MODEL)
    place.pointer(COMMIT, "a.json").parent.mkdir(parents=True)
    place.pointer(COMMIT, "a.json").write_text("file")
    for blob in ("one", "two", "two"):
        layout.link(place, COMMIT, "a.json", blob)
        assert place.pointer(COMMIT, "a.json").readlink() == Path("../../blobs") / blob
    assert len(list(place.snapshot(COMMIT).iterdir())) == 1


def test_lines_about_a_file_are_few() -> None:
    """Of many steps the first and the last are told, and those between only now and then."""
    lines: list[str] = []
    teller = Teller(lines.append)
    file = RemoteFile(path="a", size=10_000, blob="")
    for size in range(0, 10_001, 10):
        teller.arrived(file, size)
    assert lines[0] == '{"file":"a","bytes":0}'
    assert lines[-1] == '{"file":"a","bytes":10000}'
    assert len(lines) < 100


def test_a_hash_stops_after_the_file(tmp_path: Path) -> None:
    """What is far too long is not read to its end to find that it is wrong."""
    path = tmp_path / "long"
    path.write_bytes(b"x" * 5_000_000)
    check = check_of(FILE, path)
    assert check.size < 2_000_000
    assert not check.right


class _Downloads:
    """Downloads one file of a Hub into a folder, in a thread."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.partial = folder / "partial"
        self._hub = hub

    async def run(self) -> list[int]:
        commit = self._hub.repositories.named[MODEL].refs["main"]
        stored = self._hub.repositories.named[MODEL].files["a.bin"]
        file = RemoteFile(path="a.bin", size=stored.content.size, blob=stored.etag)
        told: list[int] = []

        def work() -> None:
            with httpx2.Client(follow_redirects=True, timeout=5) as client:
                url = f"{self._hub.url}/{MODEL}/resolve/{commit}/a.bin"
                Download(client, url, file, self.partial, pause=0.001).run(told.append)

        await asyncio.to_thread(work)
        return told


@pytest.fixture
def downloads(hub: Hub, tmp_path: Path) -> _Downloads:
    """Publish a file and give its download."""
    hub.publish(MODEL, {"a.bin": b"0123456789" * 10_000})
    return _Downloads(hub, tmp_path)


async def test_a_download_goes_on_from_what_is_there(hub: Hub, downloads: _Downloads) -> None:
    """Bytes that are there are not asked for again."""
    downloads.partial.write_bytes(b"0123456789" * 4_000)
    assert (await downloads.run())[0] == 40_000
    assert hub.traffic.starts == [(f"{MODEL}/a.bin", 40_000)]
    assert downloads.partial.read_bytes() == b"0123456789" * 10_000


@pytest.mark.parametrize("there", [b"0123456789" * 11_000, b"x" * 100_000])
async def test_what_cannot_be_gone_on_with_is_begun_anew(downloads: _Downloads, there: bytes) -> None:
    """What is too long, or as long and wrong, is dropped."""
    downloads.partial.write_bytes(there)
    await downloads.run()
    assert downloads.partial.read_bytes() == b"0123456789" * 10_000


async def test_a_server_without_ranges_begins_anew(hub: Hub, downloads: _Downloads) -> None:
    """A server that sends the whole file again is believed, and the file is right."""
    downloads.partial.write_bytes(b"0123456789" * 4_000)
    hub.faults.no_ranges = True
    await downloads.run()
    assert downloads.partial.read_bytes() == b"0123456789" * 10_000


async def test_wrong_beginnings_are_found(hub: Hub, downloads: _Downloads) -> None:
    """A part that was wrong makes the whole wrong, which is deleted and told."""
    downloads.partial.write_bytes(b"x" * 10)
    with pytest.raises(Failed, match="arrived with other bytes"):
        await downloads.run()
    assert not downloads.partial.exists()


async def test_another_size_is_told(hub: Hub, downloads: _Downloads) -> None:
    """A file that is said to have another size than the Hub announced is not even fetched."""
    hub.faults.short = ["*"]
    with pytest.raises(Failed, match="comes with 99990 bytes, and the Hub announced 100000"):
        await downloads.run()


async def test_a_page_is_no_file(hub: Hub, downloads: _Downloads) -> None:
    """A sign-in page in place of a file is told as one."""
    hub.faults.portal = True
    with pytest.raises(Failed, match="a page instead of") as caught:
        await downloads.run()
    assert caught.value.line["failed"] == "nonsense"


async def _download(server: ScriptedServer, path: Path) -> None:
    def work() -> None:
        with httpx2.Client(timeout=5) as client:
            Download(client, f"{server.url}/a", FILE, path, pause=0.001).run(lambda _size: None)

    await asyncio.to_thread(work)


async def test_a_server_that_forgets_a_part_is_given_up(server: ScriptedServer, tmp_path: Path) -> None:
    """A server that breaks off every time, and knows nothing of the rest, is not asked for ever."""
    turns = [Reply(body=b"0", headers={"Content-Length": "5"}, end="cut"), Reply(status=416)] * 20
    server.on("GET /a", *turns)
    with pytest.raises(Failed, match="from the middle at one time and not at another"):
        await _download(server, tmp_path / "a")
    assert len(server.asked) < 20


async def test_a_file_without_end_is_cut(server: ScriptedServer, tmp_path: Path) -> None:
    """An answer that tells no size and brings more than the file is wrong as soon as it does."""
    server.on("GET /a", Reply(body=[b"012", b"3456789", b"and so on"]))
    with pytest.raises(Failed, match="comes with more than 5 bytes"):
        await _download(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b""


async def test_a_long_refusal_is_cut(hub: Hub, downloads: _Downloads) -> None:
    """A refusal that talks and talks is read only so far."""
    hub.faults.failures = [HubFailure(path="/cdn/*", status=403, body="no " * 100_000)]
    with pytest.raises(Failed, match="no no no"):
        await downloads.run()


async def test_a_connection_that_brings_nothing_is_given_up(hub: Hub, downloads: _Downloads) -> None:
    """After so many fruitless tries in a row the download fails, with the words of the system."""
    await hub.stop()
    with pytest.raises(Failed, match="Connection refused"):
        await downloads.run()


def test_words_of_an_error_are_its_own_where_the_system_said_nothing() -> None:
    """An error without words is named by its kind."""
    assert plain.words_of(httpx2.ReadTimeout("too slow")) == "too slow"
    assert plain.words_of(httpx2.ReadTimeout("")) == "ReadTimeout"


async def _run(hub: Access, job: Any) -> Mapping[str, Any]:
    return await process.run(job, hub, lambda _line: None)


async def test_a_child_that_dies_tells_its_last_words(tmp_path: Path) -> None:
    """A child that ends without a result is told with its status and the last line it wrote."""

    class Odd(Remove):
        def as_json(self) -> dict[str, object]:
            return {"do": "remove"}

    with pytest.raises(process.Died, match=r"ended with status 1: KeyError"):
        await _run(Access(cache=tmp_path), Odd(cache=str(tmp_path), repository=MODEL, commits=None))


def test_a_silent_death_is_told_too() -> None:
    """Without any words the status is all there is to tell."""
    assert process._how(3, b"") == "the process that does it ended with status 3: it said nothing"
    assert "SIGKILL" in process._how(-9, b"ignored")


async def test_what_libraries_print_is_passed_over() -> None:
    """A line that is no object of JSON is nothing that a child says."""
    assert process._parse(b"Downloading...\n") == {}
    assert process._parse(b"[1]\n") == {}


def test_a_child_without_its_daemon_ends_itself() -> None:
    """A child whose daemon ended before it could be bound to it is killed by itself."""
    program = "from venom_modeld.runtimes.vllm.weights.child import die_with; die_with(1); print('alive')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == -9
    assert done.stdout == b""


async def test_the_childs_environment_has_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens and offline switches of the daemon's environment are kept from the child, the Hub is told to it."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE"):
        monkeypatch.setenv(name, "secret")
    environ = process._environment(Access(cache=tmp_path / "hub", endpoint="https://hub.lan"))
    assert "secret" not in environ.values()
    assert environ["HF_ENDPOINT"] == "https://hub.lan"
    assert environ["HF_HUB_CACHE"] == str(tmp_path / "hub")
