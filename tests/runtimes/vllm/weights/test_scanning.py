"""What a scan finds: complete or not, ours or not, and only what changed is looked at again."""

import asyncio
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.runtimes.vllm.weights.conftest import MODEL, MakeWeights
from venom_modeld.core.errors import RuntimeUnreachable
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.weights import record
from venom_modeld.runtimes.vllm.weights.cache import Weights
from venom_modeld.runtimes.vllm.weights.files import RemoteFile
from venom_modeld.runtimes.vllm.weights.layout import Place, link, point
from venom_modeld.runtimes.vllm.weights.record import Mark
from venom_modeld.runtimes.vllm.weights.scanning import Key, Scanner
from venom_modeld.runtimes.vllm.weights.snapshot import Snapshot
from venom_modeld.sandbox.hub import Hub

ONE, TWO = "1" * 40, "2" * 40
MODEL_FILES = {"config.json": b"{}", "model.safetensors": b"w" * 100}
SHARDS = {"model-00001-of-00002.safetensors": b"1", "model-00002-of-00002.safetensors": b"2"}


def _put(place: Place, commit: str, files: Mapping[str, bytes], *, ref: str | None = None) -> tuple[RemoteFile, ...]:
    """Lay files into a cache as a client of the Hub does."""
    listed = []
    for path, content in files.items():
        file = RemoteFile(path=path, size=len(content), blob=content.hex()[:40].ljust(40, "0"))
        place.blobs.mkdir(parents=True, exist_ok=True)
        place.blob(file.blob).write_bytes(content)
        link(place, commit, path, file.blob)
        listed.append(file)
    if ref is not None:
        point(place, ref, commit)
    return tuple(listed)


def _list(place: Place, commit: str, files: tuple[RemoteFile, ...]) -> None:
    """Leave a list of files beside a snapshot, as huggingface_hub 2 does."""
    entries = {file.path: {"size": file.size, "blob_id": file.blob} for file in files}
    (place.folder / "trees").mkdir(exist_ok=True)
    kept = {"format_version": 1, "files": entries}
    (place.folder / "trees" / f"{commit}.json").write_text(json.dumps(kept))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Give a place in a cache of a test's own."""
    return Place(tmp_path / "hub", MODEL)


@pytest.fixture
def later(place: Place) -> Iterator[Scanner]:
    """Give a scanner for which every change is old enough to be trusted."""
    return Scanner(place.cache, clock=lambda: time.time() + 60)


def _found(place: Place, commit: str = ONE) -> Snapshot:
    return Scanner(place.cache).scan()[MODEL, commit]


def test_no_cache_is_an_empty_one(tmp_path: Path) -> None:
    """A host on which nothing was downloaded yet has no models, which is no error."""
    assert Scanner(tmp_path / "none").scan() == {}


def test_what_is_no_model_is_passed_over(place: Place) -> None:
    """Data sets, locks, stray files and folders without snapshots are no models."""
    for name in ("datasets--org--x", ".locks", "models--org--empty"):
        (place.cache / name).mkdir(parents=True)
    (place.cache / "models--a--file").write_text("x")
    assert Scanner(place.cache).scan() == {}


@pytest.mark.parametrize(
    ("files", "whole"),
    [
        (MODEL_FILES, True),
        ({"config.json": b"{}"}, False),
        ({"model.safetensors": b"w"}, False),
        ({"config.json": b"{}", **SHARDS}, True),
        ({"config.json": b"{}", "model-00001-of-00002.safetensors": b"1"}, False),
        ({"adapter_config.json": b"{}", "adapter_model.safetensors": b"w"}, True),
        ({**MODEL_FILES, "model.safetensors.index.json": b'{"weight_map": {"a": "model.safetensors"}}'}, True),
        ({**MODEL_FILES, "model.safetensors.index.json": b'{"weight_map": {"a": "other.safetensors"}}'}, False),
        ({**MODEL_FILES, "model.safetensors.index.json": b"half"}, False),
    ],
)
def test_a_download_of_an_old_client_is_judged_by_its_parts(
    place: Place, files: Mapping[str, bytes], whole: bool
) -> None:
    """Without any list of files, a model is complete when its config and all parts of its weights are there."""
    _put(place, ONE, files, ref="main")
    snapshot = _found(place)
    assert (snapshot.complete, snapshot.ours, snapshot.refs) == (whole, False, {"main"})


def test_an_index_that_is_far_too_large_is_not_read(place: Place) -> None:
    """A file that no index can be as large as is not loaded to find that out."""
    listed = _put(place, ONE, {**MODEL_FILES, "model.safetensors.index.json": b"{}"})
    os.truncate(place.blob(listed[2].blob), 2**30)
    assert not _found(place).complete


def test_a_download_in_progress_is_not_complete(place: Place) -> None:
    """While a download of an old client is unfinished, what is there is not taken for a whole model."""
    _put(place, ONE, MODEL_FILES)
    unfinished = place.blobs / "abc.01234567.incomplete"
    unfinished.write_bytes(b"half")
    assert not _found(place).complete
    unfinished.unlink()
    assert _found(place).complete


def test_patterns_of_an_unlisted_download_need_a_match_each(place: Place) -> None:
    """Without a list, globs are satisfied by any file that each of them matches."""
    _put(place, ONE, MODEL_FILES)
    assert _found(place).complete_with(["*.json", "*.safetensors"])
    assert not _found(place).complete_with(["*.json", "*.gguf"])


def test_the_list_of_a_new_client_is_believed(place: Place) -> None:
    """With the list that huggingface_hub 2 keeps, every file of it that serving needs must be there in its size."""
    listed = _put(place, ONE, MODEL_FILES)
    missing = RemoteFile(path="tokenizer.json", size=5, blob="f" * 40)
    readme = RemoteFile(path="README.md", size=5, blob="e" * 40)
    _list(place, ONE, (*listed, readme))
    assert _found(place).complete
    assert not _found(place).complete_with(["README.md"])
    _list(place, ONE, (*listed, missing))
    assert not _found(place).complete
    _list(place, ONE, (*listed[:1], RemoteFile(path="model.safetensors", size=99, blob="0" * 40)))
    assert not _found(place).complete
    _list(place, ONE, (RemoteFile(path="a.gguf", size=1, blob="0" * 40),))
    assert not _found(place).complete


@pytest.mark.parametrize("content", ["", "[]", '{"format_version": 2, "files": {"a": {"size": 1, "blob_id": "x"}}}'])
def test_a_list_that_makes_no_sense_is_none(place: Place, content: str) -> None:
    """A list that cannot be read leaves the judgement to the parts of the weights."""
    _put(place, ONE, MODEL_FILES)
    (place.folder / "trees").mkdir()
    (place.folder / "trees" / f"{ONE}.json").write_text(content)
    assert _found(place).listing is None
    assert _found(place).complete


def test_a_file_that_was_deleted_is_missing(place: Place) -> None:
    """A link whose content is gone, and a link that is gone, both make a model incomplete."""
    listed = _put(place, ONE, MODEL_FILES)
    _list(place, ONE, listed)
    content = place.blob(listed[1].blob)
    content.rename(content.with_suffix(".away"))
    assert not _found(place).complete
    content.with_suffix(".away").rename(content)
    assert _found(place).complete
    place.pointer(ONE, "model.safetensors").unlink()
    assert not _found(place).complete


def test_ours_is_complete_while_nothing_was_touched(place: Place) -> None:
    """On record, each content must look as it did when it was checked; another size or time makes it unchecked."""
    listed = _put(place, ONE, MODEL_FILES)
    marks = {file.blob: Mark.of(place.blob(file.blob)) for file in listed}
    record.change(place, lambda known: known.with_marks(marks).with_commit(ONE, listed))
    assert (_found(place).complete, _found(place).ours) == (True, True)
    content = place.blob(listed[1].blob)
    os.utime(content, ns=(0, content.stat().st_mtime_ns + 1))
    assert not _found(place).complete
    os.utime(content, ns=(0, marks[listed[1].blob].changed))
    assert _found(place).complete


def test_sizes_count_shared_contents_once(place: Place) -> None:
    """Two files with one content weigh what one of them weighs, and the newest content tells the time."""
    listed = _put(place, ONE, {"config.json": b"{}", "model.safetensors": b"w" * 50})
    link(place, ONE, "copy.safetensors", listed[1].blob)
    os.utime(place.blob(listed[1].blob), (0, 4_000_000_000))
    snapshot = _found(place)
    assert (snapshot.size_bytes, snapshot.modified) == (52, 4_000_000_000.0)


def test_branches_and_tags_are_told_with_their_commits(place: Place) -> None:
    """Refs with slashes are refs, and those that lead nowhere are passed over."""
    _put(place, ONE, MODEL_FILES, ref="main")
    _put(place, TWO, MODEL_FILES, ref="refs/pr/1")
    point(place, "v1", ONE)
    point(place, "gone", "9" * 40)
    place.ref("bytes").write_bytes(b"\xff")
    found = Scanner(place.cache).scan()
    assert {commit: snapshot.refs for (_, commit), snapshot in found.items()} == {
        ONE: {"main", "v1"},
        TWO: {"refs/pr/1"},
    }


def test_nothing_is_looked_at_twice(place: Place, later: Scanner) -> None:
    """While nothing changes a scan gives the very same value; a change in one repository leaves the others alone."""
    other = Place(place.cache, "org/other")
    _put(place, ONE, MODEL_FILES)
    _put(other, ONE, MODEL_FILES)
    first = later.scan()
    assert later.scan() is first
    _put(place, TWO, MODEL_FILES)
    second = later.scan()
    assert set(second) - set(first) == {(MODEL, TWO)}
    assert second["org/other", ONE] is first["org/other", ONE]


CHANGES = {
    "a content is deleted": lambda place, blob: place.blob(blob).unlink(),
    "a content is cut": lambda place, blob: place.blob(blob).write_bytes(b""),
    "a link is deleted": lambda place, _: place.pointer(ONE, "sub/b.json").unlink(),
    "a branch moves": lambda place, _: place.ref("main").write_text(TWO),
    "the record is lost": lambda place, _: place.record.unlink(),
    "the snapshot goes": lambda place, _: place.snapshot(ONE).rename(place.folder / "away"),
    "a whole file appears": lambda place, _: place.pointer(ONE, "x.json").write_text("{}"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(place: Place, later: Scanner, change: str) -> None:
    """Whatever somebody does to a repository by hand, the next scan tells another value."""
    listed = _put(place, ONE, {**MODEL_FILES, "sub/b.json": b"[]"}, ref="main")
    record.change(place, lambda known: known.with_commit(ONE, listed))
    first = later.scan()
    CHANGES[change](place, listed[1].blob)
    assert later.scan() != first


def test_fresh_times_are_not_trusted(place: Place, later: Scanner) -> None:
    """A change that falls into the same tick of the file system's clock as the one before it is seen."""
    _put(place, ONE, MODEL_FILES)
    fresh = Scanner(place.cache)
    assert fresh.scan() == later.scan()
    folder = place.snapshot(ONE)
    times = folder.stat()
    place.pointer(ONE, "model.safetensors").unlink()
    os.utime(folder, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert not fresh.scan()[MODEL, ONE].complete
    assert later.scan()[MODEL, ONE].complete


async def test_a_cache_that_cannot_be_read_is_unknown(make_weights: MakeWeights, tmp_path: Path) -> None:
    """A cache that is there and cannot be read is not taken for an empty one."""
    (tmp_path / "file").write_text("x")
    weights = make_weights(cache=tmp_path / "file")
    with pytest.raises(RuntimeUnreachable, match="cannot be read") as caught:
        await weights.scan()
    assert caught.value.reason is Reason.ACCESS_DENIED


async def test_scans_do_not_hold_up_the_daemon(weights: Weights) -> None:
    """Scans that are asked for at the same time come one after another and agree."""
    _put(Place(weights.hub.cache, MODEL), ONE, MODEL_FILES)
    found: list[Mapping[Key, Snapshot]] = await asyncio.gather(*(weights.scan() for _ in range(4)))
    assert all(one == found[0] for one in found)


async def test_the_disk_of_the_cache_is_told(weights: Weights) -> None:
    """The disk is that of the cache, also before the cache is there."""
    disk = await weights.disk()
    assert disk.path == str(weights.hub.cache)
    assert 0 < disk.free_bytes <= disk.total_bytes


async def test_a_disk_that_cannot_be_asked_is_unknown(make_weights: MakeWeights, tmp_path: Path) -> None:
    """A path that no disk can have is told, and not taken for a full disk or an empty one."""
    with pytest.raises(RuntimeUnreachable, match="cannot be asked"):
        await make_weights(cache=tmp_path / ("x" * 300)).disk()


async def test_a_download_of_the_hubs_own_client_is_recognised(
    hub: Hub, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody downloaded by huggingface_hub counts as complete, and not as ours."""
    from huggingface_hub import close_session, constants, snapshot_download  # noqa: PLC0415 - it is slow to load

    harnesses = weights.hub.cache.parent / "harnesses.json"
    harnesses.parent.mkdir()
    harnesses.write_text("{}")
    monkeypatch.setattr(constants, "AGENT_HARNESSES_PATH", str(harnesses))  # else it asks the public Hub for them
    commit = hub.publish(MODEL)
    await asyncio.to_thread(snapshot_download, MODEL, cache_dir=weights.hub.cache, endpoint=hub.url, token=False)
    close_session()
    snapshot = (await weights.scan())[MODEL, commit]
    assert (snapshot.complete, snapshot.ours, snapshot.refs) == (True, False, {"main"})
    assert snapshot.listing is not None
    snapshot.path.joinpath("model.safetensors").resolve().unlink()
    assert not (await weights.scan())[MODEL, commit].complete
