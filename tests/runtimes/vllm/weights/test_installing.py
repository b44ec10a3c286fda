"""Installs in a child process: whole, checked, gone on with after a kill, and told in words when they fail."""

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DEADLINE, eventually
from tests.runtimes.conftest import Reports
from tests.runtimes.vllm.weights.conftest import MODEL, MakeWeights, children, is_alive, large, quiet, stored
from venom_modeld.core.errors import PermanentError, TemporaryError
from venom_modeld.core.progress import Phase, Progress
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.weights import locks
from venom_modeld.runtimes.vllm.weights.cache import Weights
from venom_modeld.runtimes.vllm.weights.hub import Hub as Access
from venom_modeld.runtimes.vllm.weights.layout import Place
from venom_modeld.sandbox.hub import Hub, HubFailure
from venom_modeld.sandbox.hub.content import Made
from venom_modeld.sandbox.hub.repositories import small_model

WEIGHTS = f"{MODEL}/model.safetensors"


def _published(hub: Hub, path: str = "model.safetensors") -> bytes:
    content = hub.repositories.named[MODEL].files[path].content
    return content.read(0, content.size)


def _arrived(size: int) -> Callable[[Progress], bool]:
    return lambda progress: progress.completed_bytes > size


async def _begun(weights: Weights, reports: Reports, size: int, **more: Any) -> "asyncio.Task[str]":
    """Start an install and return when so many bytes have arrived."""
    reports.wanted = _arrived(size)
    task = asyncio.create_task(weights.install(MODEL, "main", (), reports, **more))
    async with asyncio.timeout(DEADLINE):
        await reports.came.wait()
    return task


async def test_an_install_is_whole_checked_and_found(hub: Hub, weights: Weights, reports: Reports) -> None:
    """What was chosen is on the disk with the bytes of the Hub, the branch names it, and a scan finds it complete."""
    commit = hub.publish(MODEL, large(300_000, parts=3))
    assert await weights.install(MODEL, "main", (), reports) == commit
    snapshot = (await weights.scan())[MODEL, commit]
    assert (snapshot.complete, snapshot.ours, snapshot.refs) == (True, True, {"main"})
    assert snapshot.path == weights.snapshot_path(MODEL, commit)
    for path in snapshot.sound:
        assert (snapshot.path / path).read_bytes() == _published(hub, path)
    assert not (snapshot.path / "README.md").exists()
    assert children() == []


async def test_progress_counts_every_byte_of_every_file(hub: Hub, weights: Weights, reports: Reports) -> None:
    """The total is known before the first byte, the sum never shrinks, and it ends at the total."""
    hub.publish(MODEL, large(3_000_000, parts=3))
    await weights.install(MODEL, "main", (), reports)
    told = [report for report in reports.seen if report.parts]
    sums = [report.completed_bytes for report in told]
    assert sums == sorted(sums)
    assert sums[-1] == told[-1].total_bytes == told[0].total_bytes
    assert reports.seen[0].phase is Phase.RESOLVING
    assert {Phase.DOWNLOADING, Phase.VERIFYING} <= {report.phase for report in told}
    assert len(told[-1].parts) == 8


async def test_a_complete_install_costs_one_question(hub: Hub, weights: Weights) -> None:
    """What is there already is not fetched or hashed again, and a commit is not even asked for."""
    commit = hub.publish(MODEL)
    await weights.install(MODEL, "main", (), quiet)
    hub.requests.clear()
    assert await weights.install(MODEL, "main", (), quiet) == commit
    assert len(hub.requests) == 1
    assert await weights.install(MODEL, commit, (), quiet) == commit
    assert len(hub.requests) == 1


async def test_a_new_revision_is_installed_beside_the_old(hub: Hub, weights: Weights) -> None:
    """Both commits are complete, the branch names the new one, and what they share was fetched once."""
    old = hub.publish(MODEL, {**large(200_000), "shared.safetensors": b"s" * 5_000})
    await weights.install(MODEL, "main", (), quiet)
    new = hub.publish(MODEL, {**large(200_000, seed="new"), "shared.safetensors": b"s" * 5_000})
    assert await weights.install(MODEL, "main", (), quiet) == new
    found = await weights.scan()
    assert [found[MODEL, commit].complete for commit in (old, new)] == [True, True]
    assert [found[MODEL, commit].refs for commit in (old, new)] == [set(), {"main"}]
    assert hub.traffic.sent[f"{MODEL}/shared.safetensors"] == 5_000
    await weights.point(MODEL, "main", old)
    assert (await weights.scan())[MODEL, old].refs == {"main"}


async def test_patterns_choose_other_files(hub: Hub, weights: Weights) -> None:
    """With globs exactly those files are installed, which is complete for them and not for serving."""
    commit = hub.publish(MODEL)
    await weights.install(MODEL, "main", ["*.json", "README.md"], quiet)
    snapshot = (await weights.scan())[MODEL, commit]
    assert snapshot.complete_with(["README.md", "*.json"])
    assert not snapshot.complete_with(["*.bin"])
    assert not snapshot.complete
    await weights.install(MODEL, "main", (), quiet)
    assert (await weights.scan())[MODEL, commit].complete
    assert hub.traffic.sent[f"{MODEL}/config.json"] == len(_published(hub, "config.json"))


async def test_a_cancelled_install_is_over_at_once(hub: Hub, weights: Weights, reports: Reports) -> None:
    """When the task has ended, its process is gone, and what arrived is kept."""
    hub.publish(MODEL, large())
    hub.faults.rate = 20e6
    task = await _begun(weights, reports, 2_000_000)
    (child,) = children()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_alive(child)
    assert (await weights.scan()).get((MODEL, "x")) is None
    assert any(path.stat().st_size > 1_000_000 for path in weights.hub.cache.rglob("*.incomplete"))


async def test_a_killed_download_goes_on_where_it_was(
    hub: Hub, weights: Weights, reports: Reports, place: Place
) -> None:
    """After `kill -9` of the child no whole file is fetched again, and a large one goes on from the middle."""
    commit = hub.publish(MODEL, large())
    hub.faults.rate = 20e6
    task = await _begun(weights, reports, 4_000_000)
    os.kill(children()[0], signal.SIGKILL)
    with pytest.raises(TemporaryError, match="was killed \\(SIGKILL\\)") as caught:
        await task
    assert caught.value.reason is Reason.FAILED
    assert not (await weights.scan()).get((MODEL, commit))
    hub.faults.reset()
    hub.requests.clear()
    await weights.install(MODEL, "main", (), quiet)
    assert (await weights.scan())[MODEL, commit].complete
    assert [start for name, start in hub.traffic.starts if name == WEIGHTS][-1] >= 3_000_000
    assert hub.requests.count(path="*config.json") == 0
    assert list(place.blobs.glob("*.incomplete")) == []
    assert (weights.snapshot_path(MODEL, commit) / "model.safetensors").read_bytes() == _published(hub)


async def test_kills_at_any_instant_cost_only_time(hub: Hub, weights: Weights) -> None:
    """However often and whenever the child is killed, what is whole is not fetched again, and the end is right."""
    commit = hub.publish(MODEL, large(6_000_000, parts=3))
    hub.faults.rate = 40e6
    for wanted in (2, 12, 17, 22, 27):
        count = iter(range(1000))

        def kill(_progress: Progress, *, count: Iterator[int] = count, wanted: int = wanted) -> None:
            if next(count) == wanted:
                os.kill(children()[0], signal.SIGKILL)

        with suppress(TemporaryError):
            await weights.install(MODEL, "main", (), kill)
    await weights.install(MODEL, "main", (), quiet)
    snapshot = (await weights.scan())[MODEL, commit]
    assert snapshot.complete
    for path in snapshot.sound:
        assert (snapshot.path / path).read_bytes() == _published(hub, path)
    assert sum(hub.traffic.sent.values()) < 1.7 * snapshot.size_bytes


async def test_a_download_dies_with_the_daemon(hub: Hub, access: Access, tmp_path: Path) -> None:
    """After `kill -9` of the daemon its child is gone too, and a new daemon finishes the install."""
    hub.publish(MODEL, large())
    hub.faults.rate = 5e6
    program = Path(__file__).with_name("installing_daemon.py")
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, str(program), str(access.cache), access.endpoint, MODEL
    )
    await eventually(lambda: bool(children(daemon.pid)) and any(access.cache.rglob("*.incomplete")))
    (child,) = children(daemon.pid)
    daemon.kill()
    await daemon.wait()
    await eventually(lambda: not is_alive(child))


async def test_corrupt_bytes_are_found_and_fetched_again(hub: Hub, weights: Weights) -> None:
    """Wrong bytes of the right size are no success; what was right stays, and the next try mends the rest."""
    commit = hub.publish(MODEL)
    hub.faults.corrupt = [WEIGHTS]
    with pytest.raises(TemporaryError, match=r"model\.safetensors arrived with other bytes") as caught:
        await weights.install(MODEL, "main", (), quiet)
    assert caught.value.reason is Reason.CORRUPT
    assert (MODEL, commit) not in await weights.scan()
    hub.faults.reset()
    await weights.install(MODEL, "main", (), quiet)
    assert (await weights.scan())[MODEL, commit].complete
    assert hub.traffic.sent[WEIGHTS] == 2 * len(_published(hub))


async def test_a_cut_connection_is_made_again(hub: Hub, weights: Weights) -> None:
    """A file whose connection breaks off goes on from there within the same install."""
    commit = hub.publish(MODEL)
    hub.faults.cut_at, hub.faults.cut_times = 40_000, 2
    await weights.install(MODEL, "main", ["model.safetensors"], quiet)
    assert (await weights.scan())[MODEL, commit].complete_with(["*.safetensors"])
    assert len([start for name, start in hub.traffic.starts if name == WEIGHTS and start > 0]) >= 1


async def test_a_gated_repository_tells_where_to_ask(hub: Hub, make_weights: MakeWeights) -> None:
    """Its page can be looked up by everybody, its files cannot, and the message names the page."""
    hub.publish(MODEL, gated="manual")
    hub.repositories.login("hf_out", "out")
    hub.repositories.login("hf_in", "in", MODEL)
    for token, words in ((None, "give the daemon a token"), ("hf_out", "with the account of the token")):
        with pytest.raises(PermanentError, match=f"Ask for access at {hub.url}/{MODEL}, {words}") as caught:
            await make_weights(token=token).install(MODEL, "main", (), quiet)
        assert caught.value.reason is Reason.GATED
    await make_weights(token="hf_in").install(MODEL, "main", (), quiet)
    assert not any(path.startswith("/cdn/") for path in hub.traffic.with_token)


@pytest.mark.parametrize(
    ("failure", "reason", "words"),
    [
        (
            HubFailure(path="/org/*", method="GET", status=429, headers={"Retry-After": "33"}),
            Reason.RATE_LIMITED,
            "fewer requests",
        ),
        (HubFailure(path="/cdn/*", status=503, times=99), Reason.REGISTRY_ERROR, "the Hub is in trouble"),
        (HubFailure(path="/cdn/*", status=404, body="<html>"), Reason.NOT_FOUND, "no such repository"),
    ],
)
async def test_refusals_of_files_are_told(
    hub: Hub, weights: Weights, failure: HubFailure, reason: Reason, words: str
) -> None:
    """What the Hub refuses in the middle of an install has the reasons of any other refusal."""
    hub.publish(MODEL)
    hub.faults.failures = [failure]
    with pytest.raises((TemporaryError, PermanentError), match=words) as caught:
        await weights.install(MODEL, "main", (), quiet)
    assert caught.value.reason is reason
    if isinstance(caught.value, TemporaryError) and reason is Reason.RATE_LIMITED:
        assert caught.value.retry_after == 33


async def test_passing_refusals_are_waited_out(hub: Hub, weights: Weights) -> None:
    """A few errors of the server in the middle of an install do not end it."""
    commit = hub.publish(MODEL)
    hub.faults.failures = [HubFailure(path="/cdn/*", status=502, times=3)]
    await weights.install(MODEL, "main", (), quiet)
    assert (await weights.scan())[MODEL, commit].complete


async def test_a_hub_that_goes_away_is_told(hub: Hub, weights: Weights, reports: Reports) -> None:
    """Where the Hub vanishes in the middle, the message says so after a few tries, and it is tried again later."""
    hub.publish(MODEL, large())
    hub.faults.rate = 20e6
    task = await _begun(weights, reports, 2_000_000)
    await hub.stop()
    with pytest.raises(TemporaryError, match="gives no answer: Connection refused") as caught:
        await task
    assert caught.value.reason is Reason.REGISTRY_UNREACHABLE


async def test_what_does_not_fit_is_not_begun(hub: Hub, weights: Weights) -> None:
    """A model larger than the disk is refused before a byte of it is fetched, with what it needs and what there is."""
    huge = Made(10**15, "huge", sha256="e" * 64)
    hub.publish(MODEL, {"config.json": b"{}", "model.safetensors": huge})
    with pytest.raises(TemporaryError, match=r"it needs 1000 TB and 1\.0 GB to spare, .* free") as caught:
        await weights.install(MODEL, "main", (), quiet)
    assert caught.value.reason is Reason.DISK_FULL
    assert hub.traffic.starts == []


async def test_what_the_system_refuses_is_told(hub: Hub, weights: Weights) -> None:
    """A write that the system refuses in the middle of a file ends the install, with the system's own words."""
    hub.publish(MODEL, large(2_000_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(TemporaryError, match="File too large"):
            await weights.install(MODEL, "main", (), quiet)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_cache_that_cannot_be_written_needs_a_person(hub: Hub, make_weights: MakeWeights) -> None:
    """A cache below a file is no place for weights, and the message names the place."""
    hub.publish(MODEL)
    with pytest.raises(TemporaryError, match="/proc/version"):
        await make_weights(cache=Path("/proc/version/hub")).install(MODEL, "main", (), quiet)
    with pytest.raises((TemporaryError, PermanentError), match="/proc/1/hub"):
        await make_weights(cache=Path("/proc/1/hub")).install(MODEL, "main", (), quiet)


async def test_xet_is_used_where_the_hub_offers_it(hub: Hub, weights: Weights, reports: Reports) -> None:
    """A large file comes by the Hub's own protocol, with progress, is hashed, and is found complete."""
    commit = hub.publish(MODEL, large(20_000_000), xet=True)
    await weights.install(MODEL, "main", (), reports)
    assert (await weights.scan())[MODEL, commit].complete
    assert hub.requests.count(path="/cas/terms/*") == 2
    assert WEIGHTS not in hub.traffic.sent
    assert reports.seen[-1].completed_bytes == reports.seen[-1].total_bytes


async def test_a_failure_of_xet_is_survived(hub: Hub, weights: Weights) -> None:
    """Where the Hub's own protocol fails, plain HTTP brings the file in the same install."""
    commit = hub.publish(MODEL, xet=True)
    hub.faults.xet_status = 404
    await weights.install(MODEL, "main", (), quiet)
    assert (await weights.scan())[MODEL, commit].complete
    assert hub.requests.count(path="/cas/*") > 0
    assert hub.traffic.sent[WEIGHTS] == len(_published(hub))


async def test_corrupt_bytes_by_xet_are_found(hub: Hub, weights: Weights) -> None:
    """What xet brings is hashed like everything else; what is wrong is deleted wherever it is shared."""
    hub.publish(MODEL, xet=True)
    hub.faults.corrupt = [WEIGHTS]
    with pytest.raises(TemporaryError, match=r"model\.safetensors is not what the Hub announced") as caught:
        await weights.install(MODEL, "main", (), quiet)
    assert caught.value.reason is Reason.CORRUPT
    hub.faults.reset()
    commit = await weights.install(MODEL, "main", (), quiet)
    assert (await weights.scan())[MODEL, commit].complete


async def test_a_cut_xet_download_goes_on_plainly(hub: Hub, weights: Weights, reports: Reports) -> None:
    """After an install was cut while it used xet, which cannot go on in the middle, the next uses plain HTTP."""
    commit = hub.publish(MODEL, large(), xet=True)
    hub.faults.stall_at = 1
    task = asyncio.create_task(weights.install(MODEL, "main", (), reports))
    await eventually(lambda: hub.requests.count(path="/cas/terms/*") > 0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    hub.faults.reset()
    hub.requests.clear()
    await weights.install(MODEL, "main", (), quiet)
    assert (await weights.scan())[MODEL, commit].complete
    assert hub.requests.count(path="/cas/*") == 0


async def test_xet_can_be_switched_off(hub: Hub, make_weights: MakeWeights) -> None:
    """With xet off, nobody even asks whether the Hub offers it."""
    hub.publish(MODEL, xet=True)
    await make_weights(xet=False).install(MODEL, "main", (), quiet)
    assert hub.requests.count(method="HEAD") == 0


async def test_a_file_that_was_deleted_comes_back(hub: Hub, weights: Weights, place: Place) -> None:
    """A content that somebody deleted makes the snapshot incomplete, and only that is fetched again."""
    hub.publish(MODEL)
    commit = stored(hub, place)
    place.pointer(commit, "model.safetensors").resolve().unlink()
    assert not (await weights.scan())[MODEL, commit].complete
    hub.traffic.clear()
    hub.requests.clear()
    await weights.install(MODEL, commit, (), quiet)
    assert (await weights.scan())[MODEL, commit].complete
    assert list(hub.traffic.sent) == [WEIGHTS]
    assert hub.requests.count(path="/api/*") == 0


async def test_a_file_that_was_changed_is_mended(hub: Hub, weights: Weights, place: Place) -> None:
    """Content that somebody wrote into is unchecked, and wrong, and is fetched again; the rest is only hashed."""
    hub.publish(MODEL)
    commit = stored(hub, place)
    weights_file = place.pointer(commit, "model.safetensors").resolve()
    weights_file.write_bytes(b"X" * weights_file.stat().st_size)
    place.pointer(commit, "config.json").resolve().write_bytes(b"cut")
    os.utime(place.pointer(commit, "tokenizer.json").resolve())
    assert not (await weights.scan())[MODEL, commit].complete
    hub.traffic.clear()
    await weights.install(MODEL, "main", (), quiet)
    assert (await weights.scan())[MODEL, commit].complete
    assert set(hub.traffic.sent) == {WEIGHTS, f"{MODEL}/config.json"}
    assert weights_file.read_bytes() == _published(hub)


async def test_a_touched_file_is_checked_without_the_hub(hub: Hub, weights: Weights, place: Place) -> None:
    """A commit that is on record is checked again offline, from the hashes that were kept."""
    hub.publish(MODEL)
    commit = stored(hub, place)
    os.utime(place.pointer(commit, "model.safetensors").resolve())
    assert not (await weights.scan())[MODEL, commit].complete
    await hub.stop()
    await weights.install(MODEL, commit, (), quiet)
    assert (await weights.scan())[MODEL, commit].complete


async def test_what_another_client_is_fetching_is_waited_for(
    hub: Hub, weights: Weights, reports: Reports, place: Place
) -> None:
    """While somebody else holds a file's lock its bytes on the disk are told, and then it is taken as it is."""
    commit = hub.publish(MODEL, large(500_000))
    content = _published(hub)
    blob = hub.repositories.named[MODEL].files["model.safetensors"].etag
    with locks.holding(place.lock(blob)):
        place.blobs.mkdir(parents=True)
        (place.blobs / f"{blob}.01234567.incomplete").write_bytes(content[:300_000])
        task = await _begun(weights, reports, 299_999)
        place.blob(blob).write_bytes(content)
    assert await task == commit
    assert (await weights.scan())[MODEL, commit].complete
    assert WEIGHTS not in hub.traffic.sent


async def test_two_installs_of_one_model_share_the_work(hub: Hub, make_weights: MakeWeights) -> None:
    """Two runtimes on one cache fetch a file once between them."""
    commit = hub.publish(MODEL, large(1_000_000))
    hub.faults.rate = 10e6
    one, two = make_weights(), make_weights()
    found = await asyncio.gather(*(each.install(MODEL, "main", (), quiet) for each in (one, two)))
    assert found == [commit, commit]
    assert hub.traffic.sent[WEIGHTS] == len(_published(hub))


async def test_few_files_are_fetched_at_a_time(hub: Hub, make_weights: MakeWeights) -> None:
    """No more than the allowed number of files is on its way at once."""
    hub.publish(MODEL, large(2_000_000, parts=8))
    await make_weights(parallel=1).install(MODEL, "main", (), quiet)
    order = [name for name, _ in hub.traffic.starts]
    assert len(order) == len(set(order)) == 13
    assert order == sorted(order)


async def test_a_commit_can_be_installed_by_itself(hub: Hub, weights: Weights) -> None:
    """A pinned commit is installed without a branch being moved to it."""
    first = hub.publish(MODEL, small_model(MODEL, seed="first"))
    hub.publish(MODEL, small_model(MODEL, seed="second"))
    assert await weights.install(MODEL, first, (), quiet) == first
    assert (await weights.scan())[MODEL, first].refs == set()


async def test_the_token_is_in_no_command_line(hub: Hub, make_weights: MakeWeights, reports: Reports) -> None:
    """Neither the arguments nor the environment of the child hold the token, which it sends all the same."""
    hub.repositories.login("hf_secret", "ann", MODEL)
    hub.publish(MODEL, large(), gated="auto")
    hub.faults.rate = 20e6
    task = await _begun(make_weights(token="hf_secret"), reports, 1_000_000)
    folder = Path(f"/proc/{children()[0]}")
    assert b"hf_secret" not in (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert any(path.startswith("/org/") for path in hub.traffic.with_token)


async def test_the_record_can_be_lost(hub: Hub, weights: Weights, place: Place) -> None:
    """Without a readable record nothing is claimed, and an install puts it back from the hashes of the Hub."""
    hub.publish(MODEL)
    commit = stored(hub, place)
    place.record.write_text(json.dumps({"version": 99}))
    hub.traffic.clear()
    assert not (await weights.scan())[MODEL, commit].ours
    await weights.install(MODEL, "main", (), quiet)
    assert (await weights.scan())[MODEL, commit].ours
    assert hub.traffic.sent == {}


async def test_a_model_without_links_is_taken_as_it_is(hub: Hub, weights: Weights, place: Place) -> None:
    """Where another client left whole files in the snapshot itself, they are checked and used there."""
    commit = hub.publish(MODEL)
    for path in hub.repositories.named[MODEL].files:
        place.pointer(commit, path).parent.mkdir(parents=True, exist_ok=True)
        place.pointer(commit, path).write_bytes(_published(hub, path))
    await weights.install(MODEL, "main", (), quiet)
    snapshot = (await weights.scan())[MODEL, commit]
    assert (snapshot.complete, snapshot.ours) == (True, True)
    assert hub.traffic.sent == {}


async def test_the_hubs_own_client_finds_what_was_installed(hub: Hub, weights: Weights) -> None:
    """What is installed is found offline by huggingface_hub under its branch, and its cache tools find no fault."""
    from huggingface_hub import scan_cache_dir, snapshot_download  # noqa: PLC0415 - it is slow to load

    commit = hub.publish(MODEL, large(100_000, parts=2))
    await weights.install(MODEL, "main", (), quiet)
    found = await asyncio.to_thread(
        snapshot_download, MODEL, cache_dir=weights.hub.cache, local_files_only=True, tqdm_class=None
    )
    assert Path(found) == weights.snapshot_path(MODEL, commit)
    seen = await asyncio.to_thread(scan_cache_dir, weights.hub.cache)
    assert [(repository.repo_id, list(repository.refs)) for repository in seen.repos] == [(MODEL, ["main"])]
    assert (seen.warnings, seen.incomplete_files) == ([], frozenset())


async def test_a_branch_that_cannot_be_written_is_told(hub: Hub, weights: Weights, place: Place) -> None:
    """A branch below another branch has no place on the disk, and the message says what is in the way."""
    hub.publish(MODEL)
    commit = stored(hub, place)
    with pytest.raises(TemporaryError, match=r"switching org/model \(main/below\) failed: .*refs/main"):
        await weights.point(MODEL, "main/below", commit)


async def test_a_child_that_cannot_be_started_is_told(
    hub: Hub, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system starts no process, the install is tried again later."""
    hub.publish(MODEL)
    monkeypatch.setenv("FAR_TOO_LONG", "x" * 200_000)
    with pytest.raises(TemporaryError, match="no process for it"):
        await weights.install(MODEL, "main", (), quiet)
