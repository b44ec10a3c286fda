"""A server that somebody else starts is looked at; what differs is said in words for that somebody."""

import asyncio
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.runtimes.vllm.house import STAND_IN, A, B, Host, activate, install, model, named, observe
from venom_modeld.core.errors import PermanentError, RuntimeUnreachable, TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.driver import VllmRuntime
from venom_modeld.sandbox.hub.repositories import small_model

Serve = Callable[..., Awaitable[Process]]


@pytest.fixture
async def serve(host: Host) -> AsyncIterator[Serve]:
    """Start servers that are not ours."""
    started: list[Process] = []

    async def start(text: str, *more: str) -> Process:
        folder = next((host.cache / f"models--{text.replace('/', '--')}/snapshots").iterdir())
        words = (*STAND_IN, "serve", str(folder), "--host", "127.0.0.1", "--port", str(host.port), *more)
        process = await asyncio.create_subprocess_exec(*words, stderr=DEVNULL)
        started.append(process)
        await host.reachable()
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def looking(host: Host, alias: str | None = None) -> VllmRuntime:
    """Give a driver that only looks."""
    return host.runtime(host.spec(model(A), model(B), active=A, alias=alias, control="external"))


async def test_a_server_that_serves_what_is_wanted_is_held(host: Host, serve: Serve) -> None:
    """It is proven like one of ours, and nothing is started."""
    await serve(A, "--served-model-name", A, "default")
    runtime = looking(host, "default")
    await activate(runtime, model(A), "default")
    state = await observe(runtime)
    serving = state.serving(named(A))
    assert serving is not None
    assert serving.pinned
    assert {"default", A} <= {name.text for name in state.installed}
    assert not runtime.capabilities.unload


async def test_a_server_that_serves_something_else_is_drift(host: Host, serve: Serve) -> None:
    """A person is told what to start, with all that the file says."""
    await serve(B, "--served-model-name", B)
    runtime = looking(host, "default")
    state = await observe(runtime)
    assert [loaded.name.text for loaded in state.loaded] == [B]
    assert state.serving(named(A)) is None
    with pytest.raises(PermanentError) as caught:
        await activate(runtime, model(A, args={"max-model-len": 512}), "default")
    assert caught.value.reason is Reason.NOT_VERIFIED
    assert f"the server serves {B}, the file says {A} and default" in caught.value.message
    assert f"--served-model-name {A} default --shutdown-timeout 5 --max-model-len 512." in caught.value.message


async def test_a_server_of_a_folder_that_nobody_knows_is_shown_as_it_calls_itself(host: Host, serve: Serve) -> None:
    """It serves no installed model, and that is no error."""
    await serve(A, "--served-model-name", "strange")
    state = await observe(looking(host))
    assert [(loaded.name.text, loaded.serves) for loaded in state.loaded] == [(A, frozenset())]
    (host.cache / "models--acme--alpha").rename(host.cache / "aside")
    state = await observe(looking(host))
    assert [loaded.name.text for loaded in state.loaded] == ["strange"]


async def test_a_server_that_is_away_is_unknown(host: Host, serve: Serve) -> None:
    """Nobody but its owner can start it."""
    with pytest.raises(RuntimeUnreachable, match="cannot be reached: connection refused"):
        await observe(looking(host))


async def test_a_server_that_is_ill_serves_nothing(host: Host, serve: Serve) -> None:
    """Its engine is dead, which is an observation."""
    process = await asyncio.create_subprocess_exec(*STAND_IN, "serve", "--bad", stderr=DEVNULL)
    assert await process.wait() == 2
    await _unhealthy(host)
    assert (await observe(looking(host))).loaded == ()


async def _unhealthy(host: Host) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    host.servers.append(await asyncio.start_server(answer, "127.0.0.1", host.port))


async def test_a_model_that_is_served_is_not_removed(host: Host, serve: Serve) -> None:
    """The files under a server that is not ours are left alone."""
    await serve(A, "--served-model-name", A)
    runtime = looking(host)
    await install(runtime, model(A))
    with pytest.raises(PermanentError, match=f"{A} is still served, and `control: external` leaves that to you"):
        await runtime.remove(named(A))
    with pytest.raises(PermanentError, match="is still served"):
        await runtime.deactivate(named(A))
    await runtime.remove(named(B))
    assert [name.text for name in (await observe(runtime)).installed if name.text in (A, B)] == [A]


async def test_a_commit_that_an_external_server_serves_outlives_its_update(host: Host, serve: Serve) -> None:
    """The new one is in use, the old one is shown beside it, and goes once that server serves something else."""
    process = await serve(A, "--served-model-name", A)
    runtime = looking(host)
    (snapshots,) = {path.parent for path in host.cache.glob("models--acme--alpha/snapshots/*")}
    (before,) = (path.name for path in snapshots.iterdir())
    after = host.hub.publish(A, small_model(A, seed="2"))
    hold = runtime.hold_name(named(A))
    await runtime.update(model(A, update="always"), expect=None, hold=hold, report=lambda _: None)
    assert {path.name for path in snapshots.iterdir()} == {before, after}
    installed = (await observe(runtime)).installed
    assert (installed[named(A)].digest, installed[hold].digest) == (after, before)
    with pytest.raises(TemporaryError, match="serves it now") as caught:
        await runtime.remove(hold)
    assert caught.value.reason is Reason.PENDING
    process.terminate()
    await process.wait()
    await serve(B, "--served-model-name", B)
    await runtime.remove(hold)
    assert [path.name for path in snapshots.iterdir()] == [after]


async def test_an_external_server_is_given_up_to_nobody(host: Host, serve: Serve) -> None:
    """A failed proof leaves it as it is."""
    await serve(A, "--served-model-name", A)
    runtime = looking(host)
    await activate(runtime, model(A))
    wrong = model(A, adapters=[{"name": "style", "path": "/nowhere"}])
    with pytest.raises(PermanentError, match="has no folder /nowhere"):
        await activate(runtime, wrong)
    assert await host.names() == [A]
    ending = asyncio.ensure_future((await runtime._server.begin(_launch(runtime, host), beside=False)).ended())
    await asyncio.sleep(0)
    assert not ending.done()
    ending.cancel()


def _launch(runtime: VllmRuntime, host: Host) -> "object":
    from venom_modeld.runtimes.vllm.server.launch import Launch  # noqa: PLC0415

    return Launch(name=A, commit="c", path=str(host.folder))
