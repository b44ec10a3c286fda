"""What one daemon started, the next one finds: it adopts what lives, and clears away what is left of the dead."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from tests.runtimes.vllm.house import A, B, Host, activate, model, named, observe
from venom_modeld.core.drift import diff
from venom_modeld.core.errors import PermanentError
from venom_modeld.core.inventory import Inventory
from venom_modeld.core.operations import ActivateModel
from venom_modeld.core.plan import Situation, make_plan
from venom_modeld.runtimes.vllm.server import ending
from venom_modeld.runtimes.vllm.server.runs import Run, Runs


def runs(host: Host) -> list[Run]:
    """Return what is on record of servers."""
    return Runs(host.state / "vllm/gpu/runs").all()


async def test_a_server_that_outlived_its_daemon_is_adopted(host: Host) -> None:
    """The next daemon serves on with the same processes, and knows how they were started."""
    spec = host.spec(model(A), active=A)
    first = host.runtime(spec)
    await activate(first, model(A))
    before = host.processes()
    await first.close()
    second = host.runtime(spec)
    assert (await observe(second)).serving(named(A)) is not None
    await activate(second, model(A))
    assert host.processes() == before


async def test_a_server_with_other_arguments_is_adopted_and_then_replaced(host: Host) -> None:
    """The file may have changed while no daemon was there."""
    first = host.runtime(host.spec(model(A), active=A))
    await activate(first, model(A))
    await first.close()
    changed = model(A, args={"max-model-len": 512})
    second = host.runtime(host.spec(changed, active=A))
    state = await observe(second)
    assert [loaded.name.text for loaded in state.loaded] == [A]
    assert state.serving(named(A)) is None
    await activate(second, changed)
    assert (await observe(second)).serving(named(A)) is not None
    assert len(host.processes()) == 3


async def test_a_server_that_was_being_started_is_waited_for(host: Host) -> None:
    """A daemon that died in the middle of a start has not started a second server by its return."""
    host.fault(engine_seconds=0.6)
    spec = host.spec(model(A), active=A)
    first = host.runtime(spec)
    starting = asyncio.create_task(activate(first, model(A)))
    await host.until(lambda: "VLLM::Worker" in host.processes().values())
    before = host.processes()
    second = host.runtime(spec)
    with host.paused():
        assert (await observe(second)).loaded == ()
    await activate(second, model(A))
    assert host.processes() == before
    await starting


async def test_a_server_that_was_being_started_and_fails_gives_way(host: Host) -> None:
    """The launch that was proven before the daemon died comes back."""
    spec = host.spec(model(A), model(B), active=B)
    first = host.runtime(spec)
    await activate(first, model(A))
    host.fault(engine_seconds=0.6, refuse={B: "RuntimeError: never"})
    starting = asyncio.create_task(activate(first, model(B)))
    await host.until(lambda: any(run.launch.name == B and run.members() for run in runs(host)))
    starting.get_loop().call_soon(starting.cancel)
    second = host.runtime(spec)
    with pytest.raises(asyncio.CancelledError):
        await starting
    with pytest.raises(PermanentError, match=rf"never\. .*{A} is served again as before"):
        await activate(second, model(B))


async def test_what_a_dead_server_left_is_cleared_away(host: Host) -> None:
    """Orphans, shared memory, sockets and temporary files are gone after the first look of the next daemon."""
    spec = host.spec(model(A), active=A)
    first = host.runtime(spec)
    await activate(first, model(A))
    await first.close()
    assert len(host.shared_memory()) == 1
    (run,) = runs(host)
    assert list(run.temporary.iterdir())
    os.kill(host.pid_of("python"), signal.SIGKILL)
    await host.until(lambda: len(host.processes()) == 2)
    second = host.runtime(spec)
    assert (await observe(second)).loaded == ()
    assert host.processes() == {}
    assert host.shared_memory() == []
    assert not run.temporary.exists()
    await activate(second, model(A))
    assert await host.names() == [A]


async def test_a_number_that_another_process_has_now_is_left_alone(host: Host) -> None:
    """A record from before, whose number was given again, leads to nobody's death."""
    runtime = host.runtime(host.spec(model(A), active=A))
    await activate(runtime, model(A))
    await runtime.deactivate(named(A))
    other = await asyncio.create_subprocess_exec("sleep", "60", start_new_session=True)
    for boot, ticks in ((None, 1), ("another boot", None)):
        (run, *_) = runs(host)
        stat = Path(f"/proc/{other.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        record = {"boot": boot or boot_id, "pid": other.pid, "ticks": ticks or int(stat[19])}
        run.process.write_text(json.dumps(record), encoding="utf-8")
        assert (await observe(host.runtime(host.spec(model(A), active=A)))).loaded == ()
        assert not run.process.exists()
    assert other.returncode is None
    other.kill()
    await other.wait()


async def test_a_record_that_makes_no_sense_is_thrown_away(host: Host) -> None:
    """Half a folder, from a daemon that died while it made it, is rubbish."""
    folder = host.state / "vllm/gpu/runs"
    for name, content in (("1", None), ("2", "no json"), ("3", '{"launch": {"name": 1}}'), ("4", "[]")):
        (folder / name).mkdir(parents=True)
        if content is not None:
            (folder / name / "run.json").write_text(content, encoding="utf-8")
    assert (await observe(host.runtime())).loaded == ()
    assert list(folder.iterdir()) == []


async def test_a_server_that_is_deaf_is_killed_with_its_group(host: Host) -> None:
    """After two requests without effect the whole group goes, and its shared memory with it."""
    runtime = host.runtime(host.spec(model(A), active=A))
    await activate(runtime, model(A))
    assert len(host.shared_memory()) == 1
    host.fault(deaf=True)
    (run,) = runs(host)
    await ending.end(run, patience=0.1)
    assert host.processes() == {}
    assert host.shared_memory() == []


async def test_a_server_that_ended_while_nobody_watched_is_no_zombie(host: Host) -> None:
    """A daemon that lets go of a runtime and takes it up again takes away what is left of its child."""
    spec = host.spec(model(A), active=A)
    first = host.runtime(spec)
    await activate(first, model(A))
    pid = host.pid_of("python")
    await first.close()
    os.kill(pid, signal.SIGTERM)
    await host.until(lambda: pid not in host.processes())
    await observe(host.runtime(spec))
    assert not Path(f"/proc/{pid}").exists()


async def test_ending_what_never_began_is_nothing(host: Host) -> None:
    """A start whose process never wrote down who it is has none."""
    host.runtime()
    folder = Runs(host.state / "vllm/gpu/runs")
    runtime = host.runtime(host.spec(model(A), active=A))
    await activate(runtime, model(A))
    (run,) = folder.all()
    await runtime.deactivate(named(A))
    assert run.identity() is None
    assert run.members() == ()
    await ending.end(run, patience=0.1)
    await ending.clear(run)


async def test_a_daemon_that_lost_its_inventory_switches_by_one_start(host: Host) -> None:
    """The second name of a server is no model of somebody else, so it moves along with the first one."""
    runtime = host.runtime(host.spec(model(A), model(B), active=A, alias="default"))
    await activate(runtime, model(A), "default")
    spec, lost = host.spec(model(A), model(B), active=B, alias="default"), Inventory()
    runtime.follow(spec)
    state = await observe(runtime)
    drift = diff(spec, state, lost, can_unload=runtime.capabilities.unload)
    now = Situation(spec=spec, observed=state, inventory=lost, drift=drift, capabilities=runtime.capabilities)
    (step,) = make_plan(now).steps
    assert step.block is None
    assert isinstance(step.operation, ActivateModel)
    await runtime.activate(step.operation.spec, alias=step.operation.alias, pin=True, report=lambda _: None)
    state = await observe(runtime)
    assert await host.names() == [B, "default"]
    assert diff(spec, state, lost, can_unload=runtime.capabilities.unload) == ()


async def test_a_command_that_only_looks_leaves_a_switch_alone(host: Host) -> None:
    """It sees what clients reach; the server that a daemon is starting beside that lives on, and so does its folder."""
    spec = host.spec(model(A), model(B), active=B, strategy="surge")
    daemon = host.runtime(spec)
    await activate(daemon, model(A))
    before = host.processes()
    host.fault(engine_seconds=1.0)
    switching = asyncio.create_task(activate(daemon, model(B)))
    await host.until(lambda: len(host.processes()) == 6 and list(host.processes().values()).count("VLLM::Worker") == 2)
    coming = host.state / "vllm/gpu/runs/ffffffffffffffff"
    coming.mkdir()
    with host.paused(*before):
        state = await observe(host.runtime(spec, may_act=False))
    assert [loaded.name.text for loaded in state.loaded] == [A]
    assert coming.exists()
    await switching
    assert await host.names() == [B]


async def test_a_command_that_only_looks_clears_nothing_up(host: Host) -> None:
    """What is left of a dead server is the daemon's to end, and its relay the daemon's to start."""
    spec = host.spec(model(A), active=A, strategy="surge")
    daemon = host.runtime(spec)
    await activate(daemon, model(A))
    (relay,) = host.running(b"relay.py")
    os.kill(relay, signal.SIGKILL)
    await host.until(lambda: not host.running(b"relay.py"))
    looking = host.runtime(spec, may_act=False)
    assert (await observe(looking)).serving(named(A)) is not None
    assert not host.running(b"relay.py")
    os.kill(host.pid_of("python"), signal.SIGKILL)
    await host.until(lambda: len(host.processes()) == 2)
    assert (await observe(host.runtime(spec, may_act=False))).loaded == ()
    assert len(host.processes()) == 2
    assert (await observe(daemon)).loaded == ()
    assert host.processes() == {}
