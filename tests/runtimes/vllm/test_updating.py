"""Another commit is installed beside the one in use, proven, and only then the earlier one goes."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.runtimes.vllm.house import A, B, Host, activate, install, model, named, observe
from venom_modeld.core.desired import ModelSpec, Prune, RuntimeSpec
from venom_modeld.core.drift import DriftKind, diff
from venom_modeld.core.errors import PermanentError, RuntimeUnreachable, TemporaryError
from venom_modeld.core.inventory import Entry, Inventory, Role
from venom_modeld.core.observed import ObservedState
from venom_modeld.core.progress import Progress
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.driver import VllmRuntime
from venom_modeld.sandbox.hub.repositories import small_model


async def update(runtime: VllmRuntime, spec: ModelSpec) -> None:
    """Bring a model to what the Hub has now."""
    expect = await runtime.look_up(spec)
    hold = runtime.hold_name(spec.name)
    await runtime.update(spec, expect=expect, hold=hold, report=lambda _: None)


def commits(host: Host, text: str = "alpha") -> set[str]:
    """Return the commits of a model in the cache."""
    return {path.name for path in (host.cache / f"models--acme--{text}/snapshots").iterdir()}


def kinds(spec: RuntimeSpec, state: ObservedState) -> list[tuple[DriftKind, str]]:
    """Return the drift of what is on the disk, as the core sees it."""
    found = diff(spec, state, Inventory())
    return [(one.kind, one.message) for one in found if not one.in_memory]


async def test_a_served_model_is_updated_under_its_names(host: Host) -> None:
    """The new commit is served with the alias and the arguments of before; the old one is gone."""
    spec = model(A, args={"max-model-len": 512})
    runtime = host.runtime(host.spec(spec, active=A, alias="default"))
    await activate(runtime, spec, "default")
    (before,) = commits(host)
    after = host.hub.publish(A, small_model(A, seed="2"))
    await update(runtime, spec)
    assert commits(host) == {after} != {before}
    assert await host.names() == [A, "default"]
    state = await observe(runtime)
    serving = state.serving(named(A))
    assert serving is not None
    assert (serving.digest, serving.context_length) == (after, 512)


async def test_a_commit_that_cannot_be_served_gives_way(host: Host) -> None:
    """The earlier one is served again and in use, the branch names it again, and the other one is taken off."""
    runtime = host.runtime(host.spec(model(A), active=A))
    await activate(runtime, model(A))
    (before,) = commits(host)
    host.hub.publish(A, small_model(A, seed="2"))
    host.fault(refuse={A: "RuntimeError: worse"})
    updating = asyncio.create_task(update(runtime, model(A)))
    await host.until(lambda: "worse" in "".join(_logs(host)))
    host.fault()
    with pytest.raises(PermanentError, match=rf"worse.*{A} is served again as before"):
        await updating
    assert commits(host) == {before}
    assert (host.cache / "models--acme--alpha/refs/main").read_text(encoding="ascii") == before
    state = await observe(runtime)
    assert state.installed[named(A)].digest == before
    assert state.serving(named(A)) is not None


async def test_a_failure_that_may_pass_keeps_what_was_downloaded(host: Host) -> None:
    """The next try need not fetch it again, and the earlier commit is in use until then."""
    runtime = host.runtime(host.spec(model(A), active=A))
    await activate(runtime, model(A))
    (before,) = commits(host)
    after = host.hub.publish(A, small_model(A, seed="2"))
    (host.state / "vllm/gpu/runs").rename(host.state / "aside")
    (host.state / "vllm/gpu/runs").write_text("no folder", encoding="utf-8")
    with pytest.raises(RuntimeUnreachable, match="the record of its servers"):
        await update(runtime, model(A))
    assert commits(host) == {before, after}
    (host.state / "vllm/gpu/runs").unlink()
    (host.state / "aside").rename(host.state / "vllm/gpu/runs")
    assert (await observe(runtime)).installed[named(A)].digest == before


async def test_a_model_that_is_not_served_is_updated_without_a_start(host: Host) -> None:
    """Nothing is started for its sake."""
    runtime = host.runtime(host.spec(model(A), model(B), active=B))
    await activate(runtime, model(B))
    before = host.processes()
    after = host.hub.publish(A, small_model(A, seed="2"))
    await update(runtime, model(A))
    assert commits(host) == {after}
    assert host.processes() == before


async def test_a_daemon_that_died_before_the_proof_shows_both_commits(host: Host) -> None:
    """The earlier one stands under the name of a hold, from which it can be brought back or removed."""
    spec = host.spec(model(A), active=A)
    runtime = host.runtime(spec)
    await activate(runtime, model(A))
    (before,) = commits(host)
    after = host.hub.publish(A, small_model(A, seed="2"))
    host.fault(hang=True)
    updating = asyncio.create_task(update(runtime, model(A)))
    await host.until(lambda: len(list((host.state / "vllm/gpu/runs").iterdir())) == 2)
    updating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await updating
    host.fault()
    hold = runtime.hold_name(named(A))
    second = host.runtime(spec)
    digests = {name: one.digest for name, one in (await observe(second)).installed.items()}
    assert (digests[named(A)], digests[hold]) == (after, before)
    for _ in range(2):
        await second.restore(Entry(name=hold, role=Role.HOLD, holds=named(A)))
        digests = {name: one.digest for name, one in (await observe(second)).installed.items()}
        assert digests[named(A)] == before
        assert hold not in digests
    assert commits(host) == {before}


async def test_a_hold_that_is_no_longer_needed_is_removed_by_itself(host: Host) -> None:
    """Only the earlier commit goes; removing it again is a success."""
    runtime = host.runtime(host.spec(model(A)))
    (before,) = commits(host)
    after = host.hub.publish(A, small_model(A, seed="2"))
    await install(runtime, model(A))
    runtime._choices.choose(named(A), _held(runtime, before, after))
    await runtime._weights.install(A, "main", (), lambda _: None)
    hold = runtime.hold_name(named(A))
    assert (await observe(runtime)).installed[hold].digest == before
    freed = [await runtime.remove(hold) for _ in range(2)]
    assert freed[0] > 0
    assert freed[1] == 0
    assert commits(host) == {after}
    assert hold not in (await observe(runtime)).installed


async def test_another_revision_in_the_file_is_drift_and_an_update(host: Host) -> None:
    """A branch, a tag and a commit may each be asked for; what is there of another one is in use until then."""
    (first,) = commits(host)
    tagged = host.hub.publish(A, small_model(A, seed="2"), branch="next")
    host.hub.repositories.tag(A, "v2", tagged)
    spec = host.spec(model(A, revision="v2"), active=A)
    runtime = host.runtime(spec)
    state = await observe(runtime)
    assert kinds(spec, state) == [(DriftKind.CHANGED, "it is of revision main, the file now says v2")]
    await update(runtime, model(A, revision="v2"))
    state = await observe(runtime)
    assert state.installed[named(A)].digest == tagged
    assert kinds(spec, state) == []
    assert commits(host) == {tagged}
    pinned = host.spec(model(A, revision=first), active=A)
    runtime.follow(pinned)
    assert kinds(pinned, await observe(runtime)) == [
        (DriftKind.OUTDATED, f"installed is {tagged[:12]}, the file pins {first[:12]}")
    ]
    await update(runtime, model(A, revision=first))
    assert kinds(pinned, await observe(runtime)) == []
    assert commits(host) == {first}


async def test_another_choice_of_files_is_drift_and_an_update(host: Host) -> None:
    """Only what is missing is fetched, at the same commit, though its branch moved meanwhile."""
    spec = model(A, files=["*.safetensors", "*.json", "README.md"])
    whole = host.spec(spec)
    runtime = host.runtime(whole)
    before = commits(host)
    assert kinds(whole, await observe(runtime)) == [(DriftKind.CHANGED, "the file now asks for other files of it")]
    host.hub.publish(A, small_model(A, seed="2"))
    await update(runtime, spec)
    assert kinds(whole, await observe(runtime)) == []
    assert commits(host) == before


async def test_a_file_that_was_deleted_by_hand_is_drift_and_mended(host: Host) -> None:
    """The model counts as missing, and is whole again after its installation, at the commit that it had."""
    spec = host.spec(model(A))
    runtime = host.runtime(spec)
    before = commits(host)
    host.hub.publish(A, small_model(A, seed="2"))
    delete_a_file(host)
    assert kinds(spec, await observe(runtime)) == [(DriftKind.MISSING, "declared, not installed")]
    await runtime.install(model(A), expect=await runtime.look_up(model(A)), report=lambda _: None)
    assert kinds(spec, await observe(runtime)) == []
    assert commits(host) == before
    delete_a_file(host)
    await update(runtime, model(A))
    assert commits(host) == before
    assert kinds(spec, await observe(runtime)) == []


async def test_mending_brings_the_newest_commit_where_the_file_follows_it(host: Host) -> None:
    """Nobody wants the old bytes back then; nor where nothing of them is left."""
    followed = model(A, update="always")
    runtime = host.runtime(host.spec(followed))
    second = host.hub.publish(A, small_model(A, seed="2"))
    delete_a_file(host)
    await install(runtime, followed)
    assert (await observe(runtime)).installed[named(A)].digest == second
    third = host.hub.publish(A, small_model(A, seed="3"))
    shutil.rmtree(host.cache / "models--acme--alpha")
    await install(runtime, model(A))
    assert commits(host) == {third}


def delete_a_file(host: Host) -> None:
    """Delete the weights of the one commit that there is."""
    (snapshot,) = (host.cache / "models--acme--alpha/snapshots").iterdir()
    (snapshot / "model.safetensors").resolve().unlink()


def disown(host: Host) -> str:
    """Make a model one that somebody else downloaded, and return its commit."""
    shutil.rmtree(host.state)
    (host.cache / "models--acme--alpha/.venom-modeld.json").unlink()
    (commit,) = commits(host)
    return commit


async def test_what_somebody_else_downloaded_is_neither_taken_nor_removed(host: Host) -> None:
    """A model of another program counts as installed; of its commits only ours go, until the file says `all`."""
    theirs, spec = disown(host), host.spec(model(A))
    runtime = host.runtime(spec)
    assert (await observe(runtime)).installed[named(A)].digest == theirs
    ours = host.hub.publish(A, small_model(A, seed="2"))
    await update(runtime, model(A))
    assert commits(host) == {theirs, ours}
    for is_ours in (True, False):
        assert (await runtime.remove(named(A)) > 0) is is_ours
        assert commits(host) == {theirs}
    runtime.follow(replace(spec, prune=Prune.ALL))
    await runtime.remove(named(A))
    assert not (host.cache / "models--acme--alpha").exists()


async def test_a_cut_download_beside_what_somebody_else_has_is_all_that_goes(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is on record of it but that it began; the model of the other program is whole as before."""
    caplog.set_level("INFO")
    theirs = disown(host)
    runtime = host.runtime(host.spec(model(A)))
    host.hub.publish(A, small_model(A, seed="2", weights=8_000_000))
    await cut_download(host, runtime)
    await runtime.remove(named(A))
    assert commits(host) == {theirs}
    assert (await observe(runtime)).installed[named(A)].digest == theirs
    left = sorted(path.name for path in (host.cache / "models--acme--alpha/blobs").iterdir())
    assert not [name for name in left if name.endswith(".incomplete")]
    (line,) = [record for record in caplog.records if record.message == "weights removed"]
    assert line.__dict__["freed_bytes"] > 1_000_000


async def test_a_cut_download_with_nothing_beside_it_goes_whole(bare_host: Host) -> None:
    """Not even a folder is left."""
    runtime = bare_host.runtime(bare_host.spec(model(A)))
    bare_host.hub.publish(A, small_model(A, weights=8_000_000))
    await cut_download(bare_host, runtime)
    assert (bare_host.cache / "models--acme--alpha").exists()
    await runtime.remove(named(A))
    assert not (bare_host.cache / "models--acme--alpha").exists()


async def cut_download(host: Host, runtime: VllmRuntime) -> None:
    """Have a download cut after its first megabytes."""
    host.hub.faults.rate = 4_000_000
    moving = asyncio.Event()

    def report(progress: Progress) -> None:
        if progress.completed_bytes > 2_000_000:
            moving.set()

    installing = asyncio.create_task(
        runtime.update(model(A, update="always"), expect=None, hold=runtime.hold_name(named(A)), report=report)
    )
    await moving.wait()
    installing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await installing
    host.hub.faults.rate = None


async def test_a_cancelled_download_changes_nothing(host: Host) -> None:
    """The model serves on, and nothing works on its behalf."""
    runtime = host.runtime(host.spec(model(A), active=A))
    await activate(runtime, model(A))
    before, served = commits(host), host.processes()
    host.hub.publish(A, small_model(A, seed="2", weights=8_000_000))
    host.hub.faults.rate = 2_000_000
    moving = asyncio.Event()
    expect = await runtime.look_up(model(A))
    updating = asyncio.create_task(
        runtime.update(
            model(A),
            expect=expect,
            hold=runtime.hold_name(named(A)),
            report=lambda progress: moving.set() if progress.completed_bytes else None,
        )
    )
    await moving.wait()
    updating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await updating
    state = await observe(runtime)
    assert state.installed[named(A)].digest in before
    assert state.serving(named(A)) is not None
    assert host.processes() == served


async def test_a_state_folder_that_cannot_be_written_stops_an_update(host: Host) -> None:
    """What is in use must be on record before anything is replaced."""
    runtime = host.runtime(host.spec(model(A)))
    host.hub.publish(A, small_model(A, seed="2"))
    before = commits(host)
    (host.state / "vllm/gpu/.chosen.json.tmp").mkdir()
    runtime._choices._known = {}
    with pytest.raises(TemporaryError, match="what is in use of acme/alpha cannot be written down") as caught:
        await update(runtime, model(A))
    assert caught.value.reason is Reason.DISK_FULL
    assert commits(host) == before


async def test_restoring_a_hold_of_nothing_is_a_success(host: Host) -> None:
    """An entry without a model, and a model without a hold, change nothing."""
    runtime = host.runtime()
    before = (await observe(runtime)).installed
    await runtime.restore(Entry(name=runtime.hold_name(named(A)), role=Role.HOLD))
    await runtime.restore(Entry(name=runtime.hold_name(named(A)), role=Role.HOLD, holds=named(A)))
    assert (await observe(runtime)).installed == before


def _held(runtime: VllmRuntime, before: str, after: str) -> "object":
    choice = runtime._choices.of(named(A))
    assert choice is not None
    return replace(choice, commit=after, hold=before)


def _logs(host: Host) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in Path(host.state / "vllm/gpu/runs").glob("*/log")]
