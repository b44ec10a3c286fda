"""Under `surge` the next server is started beside the present one, and clients never meet a closed port."""

import asyncio
import os
import signal

import httpx2
import pytest

from tests.conftest import PLAIN
from tests.runtimes.vllm.house import A, B, Host, activate, model, named, observe
from venom_modeld.core.errors import PermanentError, TemporaryError
from venom_modeld.runtimes.vllm.server.ports import Address, Relay


async def test_clients_are_answered_all_the_time_of_a_switch(host: Host) -> None:
    """The relay holds the address; both servers run for a moment, one in the end."""
    runtime = host.runtime(host.spec(model(A), model(B), active=A, strategy="surge"))
    await activate(runtime, model(A))
    host.fault(engine_seconds=0.3)
    switching = asyncio.create_task(activate(runtime, model(B)))
    seen: list[list[str]] = []
    while not switching.done():
        seen.append(await host.names())
    assert {tuple(names) for names in seen} <= {(A,), (B,)}
    assert await host.names() == [B]
    assert (await observe(runtime)).serving(named(B)) is not None
    workers = [name for name in host.processes().values() if "Worker" in name]
    assert len(workers) == 1


async def test_a_model_that_cannot_be_loaded_disturbs_nobody(host: Host) -> None:
    """The first server was never stopped."""
    runtime = host.runtime(host.spec(model(A), model(B), active=A, strategy="surge"))
    await activate(runtime, model(A))
    before = host.processes()
    host.fault(refuse={B: "RuntimeError: never"})
    with pytest.raises(PermanentError, match=rf"never\. .*{A} is served as before"):
        await activate(runtime, model(B))
    assert host.processes() == before
    assert await host.names() == [A]


async def test_requests_in_progress_end_on_the_server_that_has_them(host: Host) -> None:
    """A connection stays where it is until it is answered."""
    host.fault(token_seconds=0.1)
    runtime = host.runtime(host.spec(model(A), model(B), active=A, strategy="surge"))
    await activate(runtime, model(A))
    asking = asyncio.create_task(host.ask("/v1/completions", {"model": A, "max_tokens": 6}))
    while not asking.done() and (await observe(runtime)).loaded[0].running_requests == 0:
        pass
    await activate(runtime, model(B))
    assert (await asking).json()["model"] == A


async def test_a_relay_that_died_is_started_again(host: Host) -> None:
    """The next look is enough, and the server is not touched."""
    runtime = host.runtime(host.spec(model(A), active=A, strategy="surge"))
    await activate(runtime, model(A))
    before = host.processes()
    os.kill(_relay(host), signal.SIGKILL)
    await host.until(lambda: not _relays(host))
    assert await host.names() == []
    assert (await observe(runtime)).serving(named(A)) is not None
    await host.reachable()
    assert host.processes() == before


async def test_a_daemon_that_died_in_a_switch_leaves_one_server(host: Host) -> None:
    """What was started beside is ended by the next daemon; what clients reach goes on."""
    spec = host.spec(model(A), model(B), active=B, strategy="surge")
    first = host.runtime(spec)
    await activate(first, model(A))
    before = host.processes()
    host.fault(hang=True)
    switching = asyncio.create_task(activate(first, model(B)))
    await host.until(lambda: len([name for name in host.processes().values() if "Worker" in name]) == 2)
    second = host.runtime(spec)
    state = await observe(second)
    assert [loaded.name.text for loaded in state.loaded] == [A]
    with pytest.raises(PermanentError):
        await switching
    assert host.processes() == before
    assert await host.names() == [A]


async def test_the_strategy_may_change_in_both_directions(host: Host) -> None:
    """The relay goes when a server takes the address itself, and comes when one no longer does."""
    first = host.runtime(host.spec(model(A), model(B), active=A))
    await activate(first, model(A))
    await first.close()
    second = host.runtime(host.spec(model(A), model(B), active=B, strategy="surge"))
    assert (await observe(second)).serving(named(A)) is not None
    await activate(second, model(B))
    assert await host.names() == [B]
    assert _relays(host)
    await second.close()
    third = host.runtime(host.spec(model(A), model(B), active=A))
    assert (await observe(third)).serving(named(B)) is not None
    await activate(third, model(A))
    assert await host.names() == [A]
    assert not _relays(host)


async def test_without_a_server_there_is_no_relay(host: Host) -> None:
    """Deactivation ends both."""
    runtime = host.runtime(host.spec(model(A), active=A, strategy="surge"))
    await activate(runtime, model(A))
    await runtime.deactivate(named(A))
    assert not _relays(host)
    assert host.processes() == {}


async def test_a_relay_without_a_server_behind_it_hangs_up(host: Host) -> None:
    """A client is told by a closed connection, and the relay goes on."""
    address = Address("Runtime 'gpu'", "127.0.0.1", host.port)
    relay = Relay(address, host.folder / "relay")
    relay.point(1)
    async with httpx2.AsyncClient(base_url=host.url, verify=PLAIN) as http:
        for _ in range(2):
            with pytest.raises(httpx2.HTTPError):
                await _patiently(http)
    other = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    relay.point(other.sockets[0].getsockname()[1])
    other.close()
    await relay.stop()
    await relay.stop()


async def test_a_relay_whose_address_is_taken_is_not_started(host: Host) -> None:
    """The message names the port."""
    other = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", host.port)
    relay = Relay(Address("Runtime 'gpu'", "127.0.0.1", host.port), host.folder / "relay")
    with pytest.raises(TemporaryError, match=f"port {host.port} of 127.0.0.1 is taken"):
        relay.point(1)
    other.close()
    with pytest.raises(TemporaryError, match=r"port 1 of 192\.0\.2\.1 cannot be used"):
        Address("Runtime 'gpu'", "192.0.2.1", 1).check()


async def _patiently(http: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await http.get("/health")
            except httpx2.ConnectError:
                await asyncio.sleep(0.02)


def _relays(host: Host) -> list[int]:
    return host.running(b"relay.py")


def _relay(host: Host) -> int:
    (pid,) = _relays(host)
    return pid
