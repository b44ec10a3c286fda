"""Taking weights off the disk: only what is meant, never what somebody else uses, however damaged the cache is."""

import asyncio
from pathlib import Path

import pytest

from tests.runtimes.conftest import Reports
from tests.runtimes.vllm.weights.conftest import MODEL, large, quiet, stored
from venom_modeld.core.errors import PermanentError, TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.weights import locks, record
from venom_modeld.runtimes.vllm.weights.cache import Weights
from venom_modeld.runtimes.vllm.weights.layout import Place, point
from venom_modeld.sandbox.hub import Hub


async def test_a_repository_goes_whole(hub: Hub, weights: Weights, place: Place) -> None:
    """Nothing of it is left but locks, and the bytes that went are told."""
    hub.publish(MODEL, large(500_000))
    commit = stored(hub, place)
    size = (await weights.scan())[MODEL, commit].size_bytes
    (place.blobs / "abc.01234567.incomplete").write_bytes(b"x" * 1000)
    assert await weights.remove(MODEL) == size + 1000
    assert not place.folder.exists()
    assert await weights.scan() == {}
    assert await weights.remove(MODEL) == 0


async def test_one_commit_goes_and_shared_contents_stay(hub: Hub, weights: Weights, place: Place) -> None:
    """An old revision goes with what only it used; the new one is as complete as before."""
    hub.publish(MODEL, {**large(200_000), "shared.safetensors": b"s" * 5_000})
    old = stored(hub, place)
    gone = place.pointer(old, "model.safetensors").resolve()
    hub.publish(MODEL, {**large(200_000, seed="new"), "shared.safetensors": b"s" * 5_000})
    new = stored(hub, place)
    assert await weights.remove(MODEL, [old]) == gone_size(hub, old)
    assert not gone.exists()
    found = await weights.scan()
    assert set(found) == {(MODEL, new)}
    assert found[MODEL, new].complete
    assert set(record.read(place.record).commits) == {new}
    assert await weights.remove(MODEL, [old]) == 0


def gone_size(hub: Hub, commit: str) -> int:
    """Return the size of the weights of a commit, which no other commit shares."""
    return hub.repositories.named[MODEL].commits[commit]["model.safetensors"].content.size


async def test_the_last_commit_takes_the_repository_along(hub: Hub, weights: Weights, place: Place) -> None:
    """Where no commit is left, nothing of the repository is."""
    hub.publish(MODEL)
    commit = stored(hub, place)
    assert await weights.remove(MODEL, [commit]) > 0
    assert not place.folder.exists()


async def test_a_commit_whose_folder_somebody_deleted_is_forgotten(hub: Hub, weights: Weights, place: Place) -> None:
    """Otherwise its repository would count as ours for ever, and what others have there would never go."""
    hub.publish(MODEL, large(100_000))
    ours = stored(hub, place)
    theirs = "1" * 40
    await asyncio.to_thread(place.snapshot(ours).rename, place.snapshot(theirs))
    assert await weights.began(MODEL)
    await weights.remove(MODEL, ())
    assert not await weights.began(MODEL)
    assert set(await weights.scan()) == {(MODEL, theirs)}


async def test_a_copy_with_the_same_commit_stays(hub: Hub, weights: Weights, place: Place) -> None:
    """A repository that was duplicated with its history has the same commits, and is not touched."""
    hub.publish(MODEL)
    commit = stored(hub, place)
    copied = Place(weights.hub.cache, "an/other")
    await asyncio.to_thread(_copy, Place(weights.hub.cache, MODEL).folder, copied.folder)
    await weights.remove(MODEL, [commit])
    assert set(await weights.scan()) == {("an/other", commit)}
    assert (await weights.scan())["an/other", commit].size_bytes > 0


def _copy(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        there = target / path.relative_to(source)
        there.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            there.symlink_to(path.readlink())
        elif path.is_file():
            there.write_bytes(path.read_bytes())


async def test_what_is_ours_is_told_from_what_is_not(
    hub: Hub, weights: Weights, reports: Reports, place: Place
) -> None:
    """An install that was cut leaves a mark, so that its removal takes what it left and nothing of others."""
    foreign = hub.publish(MODEL, large(100_000))
    stored(hub, place)
    place.record.unlink()
    assert not await weights.began(MODEL)
    hub.publish(MODEL, large(seed="new"))
    hub.faults.rate = 20e6
    reports.wanted = lambda progress: progress.completed_bytes > 1_000_000
    task = asyncio.create_task(weights.install(MODEL, "main", (), reports))
    await reports.came.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await weights.began(MODEL)
    assert await weights.remove(MODEL, ()) > 500_000
    assert not await weights.began(MODEL)
    assert [commit for _, commit in await weights.scan()] == [foreign]
    assert (await weights.scan())[MODEL, foreign].complete


async def test_contents_of_xet_are_freed_once_nobody_shares_them(hub: Hub, weights: Weights) -> None:
    """What two repositories share stays until the second one goes, and is counted then."""
    hub.publish(MODEL, large(300_000), xet=True)
    hub.publish("an/other", large(300_000), xet=True)
    await weights.install(MODEL, "main", (), quiet)
    await weights.install("an/other", "main", (), quiet)
    assert await weights.remove(MODEL) < 10_000
    assert await weights.remove("an/other") > 300_000


async def test_what_a_failed_download_left_can_be_removed(weights: Weights, place: Place) -> None:
    """Branches that name nothing, links that lead nowhere and unfinished files do not keep a repository."""
    place.snapshot("1" * 40).mkdir(parents=True)
    place.pointer("1" * 40, "config.json").symlink_to("../../blobs/none")
    point(place, "main", "2" * 40)
    place.blobs.mkdir()
    (place.blobs / "abc.01234567.incomplete").write_bytes(b"x" * 10)
    assert await weights.remove(MODEL) == 10
    assert not place.folder.exists()


async def test_a_damaged_commit_can_be_removed_beside_a_whole_one(hub: Hub, weights: Weights, place: Place) -> None:
    """A commit goes though another one of its repository has lost a file."""
    hub.publish(MODEL, large(100_000))
    old = stored(hub, place)
    hub.publish(MODEL, large(100_000, seed="new"))
    new = stored(hub, place)
    place.pointer(new, "model.safetensors").resolve().unlink()
    point(place, "gone", "9" * 40)
    assert await weights.remove(MODEL, [old]) > 100_000
    assert set(await weights.scan()) == {(MODEL, new)}


async def test_what_is_being_downloaded_stays(hub: Hub, weights: Weights, place: Place) -> None:
    """While an install of ours, or anybody's download, is under way, nothing is removed, and it is tried again."""
    hub.publish(MODEL, large(500_000))
    commit = stored(hub, place)
    with locks.holding(place.installing, shared=True), pytest.raises(TemporaryError, match="just now") as caught:
        await weights.remove(MODEL)
    assert caught.value.reason is Reason.PENDING
    with locks.holding(place.lock("a" * 40)), pytest.raises(TemporaryError, match="somebody is downloading org/model"):
        await weights.remove(MODEL, [commit])
    assert (await weights.scan())[MODEL, commit].complete


async def test_what_cannot_be_removed_is_told(weights: Weights, place: Place) -> None:
    """A snapshot that the cache tools cannot see is not said to be gone."""
    place.snapshot("1" * 40).mkdir(parents=True)
    (place.folder / "snapshots" / "stray").write_text("x")
    with pytest.raises(TemporaryError, match="cannot be deleted"):
        await weights.remove(MODEL, ["1" * 40])
    with pytest.raises(PermanentError, match="no repository"):
        await weights.remove("model")
