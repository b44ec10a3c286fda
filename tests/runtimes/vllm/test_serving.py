"""A model is served, switched, and given back, on the stand-in `vllm` and a real cache."""

import asyncio
import json
import os
import shutil
import signal
from dataclasses import replace
from typing import Any

import pytest

from tests.runtimes.vllm.house import A, B, Host, activate, free_port, install, model, named, observe
from venom_modeld.core.desired import RuntimeSpec
from venom_modeld.core.drift import DriftKind, diff
from venom_modeld.core.errors import PermanentError, RuntimeUnreachable, TemporaryError
from venom_modeld.core.inventory import Inventory
from venom_modeld.core.observed import ObservedState
from venom_modeld.core.progress import Phase, Progress
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.driver import VllmRuntime


async def served(host: Host, *texts: str, **keys: Any) -> VllmRuntime:
    """Give a driver with these models installed, the first of them served."""
    models = [model(text) for text in texts]
    runtime = host.runtime(host.spec(*models, active=texts[0], **keys))
    await install(runtime, *models)
    await activate(runtime, models[0])
    return runtime


def memory_drift(spec: RuntimeSpec, state: ObservedState) -> tuple[DriftKind, str]:
    """Return the one difference of what is served, as the core sees it."""
    (found,) = (one for one in diff(spec, state, Inventory()) if one.in_memory)
    return found.kind, found.message


async def test_an_installed_model_is_served_under_its_name_and_its_alias(host: Host) -> None:
    """Clients reach it under both; the observation says so, and how busy it is."""
    runtime = host.runtime(host.spec(model(A), active=A, alias="default"))
    await install(runtime, model(A))
    reports: list[Progress] = []
    await runtime.activate(model(A), alias=host.spec(alias="default").alias, pin=True, report=reports.append)
    assert await host.names() == [A, "default"]
    assert [report.phase for report in reports] == [Phase.LOADING]
    state = await observe(runtime)
    serving = state.serving(named(A))
    assert serving is not None
    assert serving.pinned
    assert (serving.running_requests, serving.waiting_requests, serving.cache_use) == (0, 0, 0.0)
    assert serving.context_length == 4096
    assert state.version == "0.32.0"
    digests = {name.text: one.digest for name, one in state.installed.items()}
    assert digests[A] == digests["default"] == serving.digest


async def test_another_model_takes_its_place(host: Host) -> None:
    """One server at a time: the second is served, and nothing of the first is left."""
    runtime = await served(host, A, B)
    first = set(host.processes())
    await activate(runtime, model(B))
    assert await host.names() == [B]
    assert not first & set(host.processes())
    assert sorted(host.processes().values()) == ["VLLM::EngineCor", "VLLM::Worker", "python"]


async def test_serving_what_is_served_starts_nothing(host: Host) -> None:
    """An activation whose end is reached already is done, with the same processes."""
    runtime = await served(host, A)
    before = host.processes()
    await activate(runtime, model(A))
    assert host.processes() == before


async def test_a_model_that_cannot_be_loaded_gives_way_to_the_one_before(host: Host) -> None:
    """The engine's own exception is told, and the first model answers again."""
    runtime = await served(host, A, B)
    host.fault(refuse={B: "torch.OutOfMemoryError: out of memory. Tried to allocate 2.00 GiB"})
    with pytest.raises(PermanentError) as caught:
        await activate(runtime, model(B))
    assert caught.value.reason is Reason.LOAD_FAILED
    assert caught.value.message == (
        f"Runtime 'gpu' ({host.url}): serving {B} failed: OutOfMemoryError: out of memory. Tried to allocate 2.00 GiB."
        f" Choose a smaller model, a smaller `max-model-len`, or free memory. {A} is served again as before."
    )
    assert await host.names() == [A]
    assert (await observe(runtime)).serving(named(A)) is not None


async def test_arguments_that_the_engine_refuses_give_way_to_those_before(host: Host) -> None:
    """The same model comes back with the arguments that worked; with the new ones it answers for nothing."""
    runtime = await served(host, A)
    changed = model(A, args={"max-model-len": 100_000})
    runtime.follow(host.spec(changed, active=A))
    assert (await observe(runtime)).serving(named(A)) is None
    with pytest.raises(PermanentError, match=r"max_model_len \(100000\) is greater .*Correct `max-model-len`"):
        await activate(runtime, changed)
    assert await host.names() == [A]
    state = await observe(runtime)
    assert state.serving(named(A)) is None
    assert [loaded.name.text for loaded in state.loaded] == [A]


async def test_changed_arguments_of_the_served_model_start_it_anew(host: Host) -> None:
    """They are drift until then; those of another model change nothing."""
    runtime = await served(host, A, B)
    of_another = host.spec(model(A), model(B, args={"max-model-len": 512}), active=A)
    runtime.follow(of_another)
    state = await observe(runtime)
    assert state.serving(named(A)) is not None
    assert diff(of_another, state, Inventory()) == ()
    changed = model(A, args={"max-model-len": 512, "enforce-eager": True, "enable-prefix-caching": False})
    spec = host.spec(changed, model(B), active=A)
    runtime.follow(spec)
    assert memory_drift(spec, await observe(runtime)) == (
        DriftKind.CHANGED,
        "is served otherwise than the file now says: args (enable-prefix-caching, enforce-eager, max-model-len)",
    )
    await activate(runtime, changed)
    state = await observe(runtime)
    assert state.loaded[0].context_length == 512
    assert state.serving(named(A)) is not None


async def test_a_changed_variable_of_the_server_is_told_without_its_value(host: Host) -> None:
    """The next daemon finds it, and the server that runs is not touched before that is planned."""
    first = await served(host, A)
    await first.close()
    before = host.processes()
    spec = host.spec(model(A), active=A, env={"VLLM_SECRET": "hunter2"}, shutdown_timeout="6s")
    words = "is served otherwise than the file now says: env (VENOM_SANDBOX_VLLM, VLLM_SECRET), shutdown_timeout"
    assert memory_drift(spec, await observe(host.runtime(spec))) == (DriftKind.CHANGED, words)
    assert host.processes() == before


async def test_a_served_model_whose_commit_is_not_the_one_in_use_is_not_active(host: Host) -> None:
    """It is another version, however it was started."""
    runtime = await served(host, A)
    shutil.rmtree(host.cache / "models--acme--alpha")
    spec = host.spec(model(A, args={"seed": 1}), active=A)
    runtime.follow(spec)
    assert memory_drift(spec, await observe(runtime)) == (DriftKind.NOT_ACTIVE, "must be loaded, not installed yet")


async def test_the_first_model_that_cannot_be_loaded_leaves_nothing(host: Host) -> None:
    """With nothing before it, nothing is served, and no process is left."""
    runtime = host.runtime(host.spec(model(A), active=A))
    await install(runtime, model(A))
    host.fault(refuse={A: "RuntimeError: it is broken"})
    with pytest.raises(PermanentError, match=r"it is broken.* Nothing is served now\.$"):
        await activate(runtime, model(A))
    assert host.processes() == {}
    assert (await observe(runtime)).loaded == ()


async def test_where_the_one_before_fails_too_both_reasons_are_told(host: Host) -> None:
    """A person must see that nothing is served."""
    runtime = await served(host, A, B)
    host.fault(refuse={A: "RuntimeError: gone bad", B: "RuntimeError: never good"})
    with pytest.raises(PermanentError, match=rf"never good.* Nothing is served now: {A}.*gone bad"):
        await activate(runtime, model(B))
    assert await host.names() == []


async def test_the_one_before_whose_files_are_gone_is_not_tried(host: Host) -> None:
    """There is nothing to serve it from."""
    runtime = await served(host, A, B)
    host.fault(refuse={B: "RuntimeError: never good"})
    shutil.rmtree(host.cache / "models--acme--alpha")
    with pytest.raises(PermanentError, match=r"Nothing is served now\.$"):
        await activate(runtime, model(B))


async def test_a_server_that_does_not_get_ready_is_given_up(host: Host) -> None:
    """The time is the declared one, and the processes that hang are gone after it."""
    runtime = host.runtime(host.spec(model(A), active=A, start_timeout="300ms"))
    await install(runtime, model(A))
    host.fault(hang=True)
    with pytest.raises(PermanentError, match=r"it was not ready within 0\.3 s \(`start_timeout`\)"):
        await activate(runtime, model(A))
    assert host.processes() == {}


async def test_a_cancelled_start_leaves_no_process(host: Host) -> None:
    """What the file no longer wants is not started behind its back."""
    runtime = host.runtime(host.spec(model(A), active=A))
    await install(runtime, model(A))
    host.fault(hang=True)
    starting = asyncio.create_task(activate(runtime, model(A)))
    await host.until(lambda: any("Worker" in name for name in host.processes().values()))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert host.processes() == {}


async def test_a_port_that_another_program_has_is_told(host: Host) -> None:
    """The daemon stops no program that it did not start."""
    runtime = host.runtime(host.spec(model(A), active=A))
    await install(runtime, model(A))
    other = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", host.port)
    with pytest.raises(TemporaryError, match=rf"port {host.port} of 127\.0\.0\.1 is taken by another program"):
        await activate(runtime, model(A))
    other.close()
    assert host.processes() == {}


async def test_a_command_that_is_not_there_is_told(host: Host) -> None:
    """The sentence says what to install or to write."""
    runtime = host.runtime(host.spec(model(A), active=A, command="no-such-vllm"))
    await install(runtime, model(A))
    with pytest.raises(PermanentError, match=r"no-such-vllm cannot be started: No such file.* Install vLLM on this"):
        await activate(runtime, model(A))


async def test_a_flag_that_vllm_does_not_know_is_told(host: Host) -> None:
    """The words are those of its command line."""
    wrong = model(A, args={"frobnicate": 3})
    runtime = host.runtime(host.spec(wrong, active=A))
    await install(runtime, wrong)
    with pytest.raises(PermanentError, match=r"unrecognized arguments: --frobnicate 3\. Correct `args`"):
        await activate(runtime, wrong)


async def test_a_corrupt_file_is_found_before_anything_stops(host: Host) -> None:
    """The message names the file, and the first model was never away."""
    host.hub.publish("acme/broken", {"config.json": b'{"model_type": "llama"}', "model.safetensors": b"\xff" * 64})
    runtime = await served(host, A, "acme/broken")
    before = host.processes()
    with pytest.raises(
        PermanentError, match=r"its file model\.safetensors is corrupt .*longer than the file"
    ) as caught:
        await activate(runtime, model("acme/broken"))
    assert caught.value.reason is Reason.CORRUPT
    assert host.processes() == before


async def test_an_embedding_model_is_proven_by_a_vector(host: Host) -> None:
    """A model that completes nothing is asked for what it makes."""
    host.fault(embedding=[A])
    await served(host, A)
    assert await host.names() == [A]


async def test_a_model_that_makes_neither_is_refused_in_the_words_of_the_engine(host: Host) -> None:
    """The first refusal says more than the second."""
    runtime = host.runtime(host.spec(model(A), active=A))
    await install(runtime, model(A))
    host.fault(embedding=["something/else"], refuse={}, silent=[A])
    with pytest.raises(PermanentError, match="generated nothing"):
        await activate(runtime, model(A))


async def test_requests_in_progress_end_before_the_server_does(host: Host) -> None:
    """A switch waits for them, as long as the file says."""
    host.fault(token_seconds=0.1)
    runtime = await served(host, A, B)
    asking = asyncio.create_task(host.ask("/v1/completions", {"model": A, "max_tokens": 8}))
    state = await observe(runtime)
    while state.loaded[0].running_requests == 0:
        state = await observe(runtime)
    await activate(runtime, model(B))
    assert (await asking).status_code == 200


async def test_the_key_reaches_the_server_and_no_command_line(host: Host) -> None:
    """Clients need it, the daemon reads it from its file, and a new key is drift of its own."""
    path = host.folder / "key"
    path.write_text("hunter2\n", encoding="ascii")
    runtime = await served(host, A, api_key_file=str(path))
    assert (await host.ask("/v1/models")).status_code == 401
    assert (await observe(runtime)).serving(named(A)) is not None
    assert not any(b"hunter2" in line for line in host.told("cmdline"))
    assert not any(b"hunter2" in file.read_bytes() for file in host.state.rglob("*") if file.is_file())
    path.write_text("hunter3\n", encoding="ascii")
    state = await observe(runtime)
    assert memory_drift(host.spec(model(A), active=A, api_key_file=str(path)), state) == (
        DriftKind.CHANGED,
        "is served otherwise than the file now says: api_key_file",
    )
    await activate(runtime, model(A))
    assert (await observe(runtime)).serving(named(A)) is not None


@pytest.mark.parametrize("content", [None, b"", b"two words", b"\xff\xfe"])
async def test_a_key_that_cannot_be_used_is_told(host: Host, content: bytes | None) -> None:
    """A server without the key that it should have would be open to everybody."""
    path = host.folder / "key"
    if content is not None:
        path.write_bytes(content)
    runtime = host.runtime(host.spec(model(A), active=A, api_key_file=str(path)))
    await install(runtime, model(A))
    with pytest.raises(PermanentError, match=f"the file with the server's key, {path}, cannot be used") as caught:
        await activate(runtime, model(A))
    assert caught.value.reason is Reason.ACCESS_DENIED
    assert host.processes() == {}


async def test_the_environment_of_a_server_is_its_own(host: Host) -> None:
    """It never asks the Hub, has temporary files of its own, and knows no secret of the daemon."""
    await served(host, A, env={"VENOM_SANDBOX_VLLM": str(host.folder / "faults.json"), "VLLM_LOGGING_LEVEL": "INFO"})
    lines = host.told("environ")[0].decode().strip("\0").split("\0")
    variables = dict(line.split("=", 1) for line in lines)
    assert variables["HF_HUB_OFFLINE"] == "1"
    assert variables["VLLM_LOGGING_LEVEL"] == "INFO"
    assert os.stat(variables["TMPDIR"]).st_mode & 0o777 == 0o700  # noqa: PTH116
    assert "HF_TOKEN" not in variables


async def test_a_crash_is_told_at_once_and_the_next_start_is_immediate(host: Host) -> None:
    """The end of a server wakes the engine; the first crash is followed by a start, a second one by a wait."""
    runtime = await served(host, A)
    changed = asyncio.Event()
    runtime.watch(changed.set)
    for _ in range(2):
        changed.clear()
        os.kill(host.pid_of("VLLM::Worker"), signal.SIGKILL)
        async with asyncio.timeout(20):
            await changed.wait()
        assert (await observe(runtime)).loaded == ()
        assert host.processes() == {}
        if _ == 0:
            await activate(runtime, model(A))
            assert await host.names() == [A]
    with pytest.raises(TemporaryError, match=r"its server ended by itself 2 times: .*It is started again in") as caught:
        await activate(runtime, model(A))
    assert caught.value.retry_after is not None
    assert 5 < caught.value.retry_after <= 10


async def test_a_server_whose_engine_is_dead_is_replaced(host: Host) -> None:
    """Health 503 means that nothing is loaded; activation does not wait for a server that never recovers."""
    runtime = await served(host, A, start_timeout="3s")
    before = set(host.processes())
    host.fault(unhealthy=True)
    assert (await observe(runtime)).loaded == ()
    activating = asyncio.create_task(activate(runtime, model(A)))
    await host.until(lambda: not before & set(host.processes()))
    host.fault()
    await activating
    assert (await observe(runtime)).serving(named(A)) is not None


async def test_a_killed_server_leaves_no_orphans_and_no_shared_memory(host: Host) -> None:
    """Its engine and its worker would keep the memory for ever; the next look clears them away."""
    runtime = await served(host, A)
    assert len(host.shared_memory()) == 1
    os.kill(host.pid_of("python"), signal.SIGKILL)
    await host.until(lambda: "python" not in host.processes().values())
    assert len(host.processes()) == 2
    assert (await observe(runtime)).loaded == ()
    assert host.processes() == {}
    assert host.shared_memory() == []


async def test_a_removed_model_that_is_not_served_disturbs_nothing(host: Host) -> None:
    """Only the server of that very model is stopped."""
    runtime = await served(host, A, B)
    before = host.processes()
    await runtime.remove(named(B))
    await runtime.deactivate(named(B))
    assert host.processes() == before
    assert named(B) not in (await observe(runtime)).installed


async def test_what_another_runtime_serves_is_not_removed(host: Host) -> None:
    """Two of them may share a cache; each knows what the other one serves, and waits."""
    other = host.runtime(replace(host.spec(model(A), active=A, name="other"), url=f"http://127.0.0.1:{free_port()}"))
    await activate(other, model(A))
    runtime = await served(host, B, A)
    with pytest.raises(TemporaryError, match="serves it now") as caught:
        await runtime.remove(named(A))
    assert caught.value.reason is Reason.PENDING
    assert (await observe(other)).serving(named(A)) is not None
    await other.deactivate(named(A))
    record = host.state / "vllm/other/runs"
    shutil.rmtree(record)
    record.write_text("no folder", encoding="utf-8")
    with pytest.raises(TemporaryError, match="what other runtimes serve cannot be read"):
        await runtime.remove(named(A))
    record.unlink()
    await runtime.remove(named(A))
    assert not (host.cache / "models--acme--alpha").exists()


async def test_what_another_program_serves_at_the_address_is_shown(host: Host) -> None:
    """It is drift, not an error: loaded, but not by us, and so not kept."""
    runtime = host.runtime(host.spec(model(A), active=A))
    await install(runtime, model(A))
    snapshot = next((host.cache / "models--acme--alpha/snapshots").iterdir())
    other = await asyncio.create_subprocess_exec(
        *host.spec().options["server"]["command"],  # type: ignore[index]
        *("serve", str(snapshot), "--port", str(host.port), "--host", "127.0.0.1", "--served-model-name", A),
    )
    try:
        await host.reachable()
        state = await observe(runtime)
        serving = state.serving(named(A))
        assert serving is not None
        assert not serving.pinned
        with pytest.raises(TemporaryError, match="taken by another program"):
            await activate(runtime, model(A))
    finally:
        other.terminate()
        await other.wait()


async def test_a_record_that_cannot_be_read_makes_the_runtime_unknown(host: Host) -> None:
    """Nobody can tell then what runs, so nothing is started."""
    runtime = host.runtime(host.spec(model(A), active=A))
    await install(runtime, model(A))
    (host.state / "vllm/gpu/runs").write_text("no folder", encoding="utf-8")
    with pytest.raises(RuntimeUnreachable, match="the record of its servers"):
        await activate(runtime, model(A))


async def test_the_log_of_a_server_is_kept_and_bounded(host: Host) -> None:
    """Its newest part stays; the folders of older servers go."""
    runtime = await served(host, A, B)
    for text in (B, A, B, A):
        await activate(runtime, model(text))
    runs = sorted((host.state / "vllm/gpu/runs").iterdir())
    assert len(runs) <= 4
    log = runs[-1] / "log"
    with log.open("ab") as file:
        file.truncate(20_000_000)
    await observe(runtime)
    assert log.stat().st_size == 0
    assert (runs[-1] / "log.1").stat().st_size == 1024 * 1024
    assert json.loads((runs[-1] / "run.json").read_bytes())["launch"]["name"] == A


async def test_a_state_that_cannot_be_written_does_not_stop_a_server_that_was_proven(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """What is missed is the way back after the next failure, and the log says so."""
    (host.state / "vllm/gpu/proven.json").mkdir(parents=True)
    runtime = await served(host, A)
    assert (await observe(runtime)).serving(named(A)) is not None
    assert "what was proven cannot be written down" in caplog.text
