"""The contract of `runtimes.base`, for every driver: what the engine relies on, whatever the runtime.

A driver joins by a `Subject` of its own in `subject`: a runtime that is really spoken to, and the few things about it
that tests must arrange from outside.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.runtimes.vllm.house import Host, bare_host, hub, model
from venom_modeld.core.desired import ModelSpec
from venom_modeld.core.errors import ModeldError, PermanentError, RuntimeUnreachable, TemporaryError
from venom_modeld.core.inventory import Entry, Role
from venom_modeld.core.names import ModelName, parse_ollama
from venom_modeld.core.observed import ObservedState
from venom_modeld.core.progress import Phase, Progress
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.base import Report, Runtime
from venom_modeld.runtimes.vllm.kind import parse_alias
from venom_modeld.sandbox import Sandbox
from venom_modeld.sandbox.hub.repositories import small_model

__all__ = ["bare_host", "hub"]

DEADLINE = 20.0

SLOW = 50e6
"""Bytes per second at which a download can be cancelled on its way."""

WORDS = "the runner process died"
"""What a runtime says that cannot load a model."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A runtime under test, with two models that its provider has, and what a test does behind its back."""

    runtime: Runtime
    first: ModelSpec
    second: ModelSpec
    missing: ModelSpec
    alias: ModelName
    stop: Callable[[], Awaitable[None]]
    start: Callable[[], Awaitable[None]]
    move: Callable[[ModelSpec], object]
    """Publish another version of a model."""
    pace: Callable[[float | None], None]
    """Make downloads as fast as so many bytes per second, or as fast as can be."""
    break_loading: Callable[[ModelSpec], None]
    silence: Callable[[ModelSpec], None]
    """Make a model load and generate nothing."""
    working: Callable[[], bool]
    """Whether the runtime downloads anything now."""
    tells_version: bool = True
    """It tells its version though it serves nothing."""

    async def state(self, *interest: ModelSpec) -> ObservedState:
        """Observe, caring for some models."""
        return await self.runtime.observe([spec.name for spec in interest])

    async def digests(self) -> Mapping[ModelName, str]:
        """Return what is installed."""
        return {name: model.digest for name, model in (await self.state()).installed.items()}

    async def install(self, *specs: ModelSpec) -> None:
        """Install models, without caring for progress."""
        for spec in specs:
            await self.runtime.install(spec, expect=None, report=lambda _: None)

    async def update(self, spec: ModelSpec, report: Report = lambda _: None) -> None:
        """Update a model to what its provider has now."""
        expect = await self.runtime.look_up(spec)
        hold = self.runtime.hold_name(spec.name)
        await self.runtime.update(spec, expect=expect, hold=hold, report=report)

    async def activate(self, spec: ModelSpec, alias: ModelName | None = None) -> None:
        """Activate a model and keep it loaded."""
        await self.runtime.activate(spec, alias=alias, pin=True, report=lambda _: None)
        if alias is not None:
            await self.runtime.point(alias, spec.name)


def _named(text: str) -> ModelSpec:
    return ModelSpec(name=parse_ollama(text))


def _ollama(sandbox: Sandbox, runtime: Runtime) -> Subject:
    def set_rate(rate: float | None) -> None:
        sandbox.faults.rate = rate

    return Subject(
        runtime=runtime,
        first=_named("qwen3:0.6b"),
        second=_named("llama3.2:1b"),
        missing=_named("no-such-model:1b"),
        alias=parse_ollama("default"),
        stop=sandbox.stop_ollama,
        start=sandbox.start_ollama,
        move=lambda spec: sandbox.move_tag(spec.name.text),
        pace=set_rate,
        break_loading=lambda spec: sandbox.faults.load_errors.update({spec.name.text: WORDS}),
        silence=lambda spec: sandbox.faults.load_silent.append(spec.name.text),
        working=lambda: any(transfer.touched == 0 for transfer in sandbox.store.transfers.values()),
    )


def _vllm(host: Host) -> Subject:
    """Return a vLLM that the daemon starts itself; it is away when its cache cannot be read."""
    first, second, alias = model("acme/alpha"), model("acme/beta"), parse_alias("default")
    versions = iter(range(100))

    def move(spec: ModelSpec) -> str:
        contents = small_model(spec.name.text, weights=24_000_000, seed=str(next(versions)))
        return host.hub.publish(spec.name.text, contents)

    def set_rate(rate: float | None) -> None:
        host.hub.faults.rate = rate

    async def stop() -> None:
        if host.cache.exists():
            host.cache.rename(host.folder / "aside")
        host.cache.write_text("no folder", encoding="utf-8")

    async def start() -> None:
        host.cache.unlink()
        (host.folder / "aside").rename(host.cache)

    move(first)
    return Subject(
        runtime=host.runtime(host.spec(first, second, active=first.name.text, alias=alias.text)),
        first=first,
        second=second,
        missing=model("acme/no-such-model"),
        alias=alias,
        stop=stop,
        start=start,
        move=move,
        pace=set_rate,
        break_loading=lambda spec: host.fault(refuse={spec.name.text: f"RuntimeError: {WORDS}"}),
        silence=lambda spec: host.fault(silent=[spec.name.text]),
        working=_has_downloading_children,
        tells_version=False,
    )


def _has_downloading_children() -> bool:
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            status = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes()
            if int(status[1]) == os.getpid() and status[0] != "Z" and b"vllm.weights" in command:
                return True
    return False


@pytest.fixture(params=["ollama", "vllm"])
def subject(request: pytest.FixtureRequest) -> Subject:
    """Give each driver with a runtime that has nothing installed."""
    if request.param == "vllm":
        return _vllm(request.getfixturevalue("bare_host"))
    return _ollama(request.getfixturevalue("sandbox"), request.getfixturevalue("runtime"))


async def test_a_fresh_runtime_has_nothing(subject: Subject) -> None:
    """An observation of an empty runtime is empty, and tells its version where that serves without a model."""
    state = await subject.state(subject.first)
    assert (dict(state.installed), state.loaded, dict(state.remote)) == ({}, (), {})
    assert bool(state.version) is subject.tells_version


async def test_a_runtime_that_does_not_answer_is_unreachable(subject: Subject) -> None:
    """Silence is an error of its own, which names the runtime; its return is seen at once."""
    await subject.install(subject.first)
    before = await subject.digests()
    await subject.stop()
    with pytest.raises(RuntimeUnreachable, match="gpu"):
        await subject.state()
    await subject.start()
    assert await subject.digests() == before


async def test_an_installed_model_is_listed_as_published(subject: Subject) -> None:
    """After an installation the runtime lists exactly what the provider publishes under the name."""
    published = await subject.runtime.look_up(subject.first)
    await subject.runtime.install(subject.first, expect=published, report=lambda _: None)
    installed = (await subject.state()).installed[subject.first.name]
    assert (installed.digest, installed.size_bytes) == (published.digest, published.size_bytes)


async def test_looking_up_downloads_nothing(subject: Subject) -> None:
    """What a provider has now is found without touching the runtime."""
    before = await subject.runtime.look_up(subject.first)
    subject.move(subject.first)
    after = await subject.runtime.look_up(subject.first)
    assert before.digest != after.digest
    assert not await subject.digests()


async def test_progress_of_an_installation_adds_up(subject: Subject) -> None:
    """The reports of a download name its phases and end at its size."""
    published = await subject.runtime.look_up(subject.first)
    subject.pace((published.size_bytes or 0) / 0.2)
    seen: list[Progress] = []
    await subject.runtime.install(subject.first, expect=published, report=seen.append)
    assert {Phase.DOWNLOADING, Phase.VERIFYING} <= {progress.phase for progress in seen}
    told = [progress for progress in seen if progress.phase is not Phase.RESOLVING]
    assert {progress.total_bytes for progress in told} == {published.size_bytes}
    assert all(progress.completed_bytes <= (published.size_bytes or 0) for progress in seen)


async def test_installing_what_is_there_is_a_success(subject: Subject) -> None:
    """An operation that was done already is done."""
    await subject.install(subject.first)
    before = await subject.digests()
    await subject.install(subject.first)
    assert await subject.digests() == before


async def test_a_model_that_nobody_publishes_is_a_permanent_failure(subject: Subject) -> None:
    """Neither looking up nor installing such a model is tried again by itself; the message names it."""
    with pytest.raises(PermanentError, match="no-such-model") as caught:
        await subject.runtime.look_up(subject.missing)
    assert caught.value.reason is Reason.NOT_FOUND
    with pytest.raises(PermanentError, match=r"gpu.*no-such-model") as caught:
        await subject.install(subject.missing)
    assert caught.value.reason is Reason.NOT_FOUND
    assert not await subject.digests()


async def test_every_operation_on_a_stopped_runtime_may_be_tried_again(subject: Subject) -> None:
    """A runtime that is away is a temporary failure of whatever was to be done on it."""
    await subject.install(subject.first)
    expect = await subject.runtime.look_up(subject.first)
    await subject.stop()
    name, runtime = subject.first.name, subject.runtime
    hold = Entry(name=runtime.hold_name(name), role=Role.HOLD, holds=name)
    for operation in (
        runtime.install(subject.first, expect=expect, report=lambda _: None),
        runtime.update(subject.first, expect=expect, hold=hold.name, report=lambda _: None),
        runtime.remove(name),
        runtime.activate(subject.first, alias=None, pin=True, report=lambda _: None),
        runtime.deactivate(name),
        runtime.restore(hold),
    ):
        with pytest.raises(TemporaryError):
            await operation


async def test_a_cancelled_installation_leaves_nothing_running(subject: Subject) -> None:
    """Cancelling stops the download on the runtime itself, and doing it again completes it."""
    subject.pace(SLOW)
    moving = asyncio.Event()
    installing = asyncio.create_task(
        subject.runtime.install(
            subject.first, expect=None, report=lambda progress: moving.set() if progress.completed_bytes else None
        )
    )
    async with asyncio.timeout(DEADLINE):
        await moving.wait()
        assert subject.working()
        installing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await installing
        while subject.working():  # noqa: ASYNC110 - the truth lies in another program
            await asyncio.sleep(0.005)
    assert not await subject.digests()
    subject.pace(None)
    await subject.install(subject.first)
    assert list(await subject.digests()) == [subject.first.name]


async def test_an_update_replaces_the_version_and_leaves_no_hold(subject: Subject) -> None:
    """After an update the new version stands under the name, and nothing else was added."""
    await subject.install(subject.first)
    before = await subject.digests()
    subject.move(subject.first)
    await subject.update(subject.first)
    after = await subject.digests()
    assert list(after) == list(before)
    assert after[subject.first.name] == (await subject.runtime.look_up(subject.first)).digest
    assert after != before


async def test_an_update_of_a_loaded_model_loads_the_new_version(subject: Subject) -> None:
    """What was loaded and pinned before an update is so after it, in the new version alone."""
    await subject.install(subject.first)
    await subject.activate(subject.first)
    subject.move(subject.first)
    await subject.update(subject.first)
    state = await subject.state(subject.first)
    serving = state.serving(subject.first.name)
    assert serving is not None
    assert serving.pinned
    assert serving.digest == state.installed[subject.first.name].digest
    assert state.loaded == (serving,)


async def test_an_update_that_cannot_be_proven_comes_back(subject: Subject) -> None:
    """A new version that does not load gives way to the installed one, and the failure is told."""
    await subject.install(subject.first)
    await subject.activate(subject.first)
    before = await subject.digests()
    subject.move(subject.first)
    subject.break_loading(subject.first)
    with pytest.raises(PermanentError) as caught:
        await subject.update(subject.first)
    assert caught.value.reason is Reason.LOAD_FAILED
    assert await subject.digests() == before


async def test_a_cancelled_update_leaves_the_installed_version(subject: Subject) -> None:
    """Cancelling an update in the middle of its download changes nothing but for the hold."""
    await subject.install(subject.first)
    before = await subject.digests()
    subject.move(subject.first)
    subject.pace(SLOW)
    moving = asyncio.Event()
    updating = asyncio.create_task(
        subject.update(subject.first, lambda progress: moving.set() if progress.completed_bytes else None)
    )
    async with asyncio.timeout(DEADLINE):
        await moving.wait()
        updating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await updating
    after = await subject.digests()
    assert after[subject.first.name] == before[subject.first.name]
    assert set(after) - set(before) <= {subject.runtime.hold_name(subject.first.name)}


async def test_a_hold_is_put_back_once(subject: Subject) -> None:
    """Restoring a hold that an interrupted update left brings the version back; restoring again changes nothing."""
    await subject.install(subject.first)
    before = await subject.digests()
    subject.move(subject.first)
    subject.pace(SLOW)
    moving = asyncio.Event()
    updating = asyncio.create_task(
        subject.update(subject.first, lambda progress: moving.set() if progress.completed_bytes else None)
    )
    async with asyncio.timeout(DEADLINE):
        await moving.wait()
        updating.cancel()
        await asyncio.wait([updating])
    name = subject.first.name
    hold = Entry(name=subject.runtime.hold_name(name), role=Role.HOLD, holds=name)
    for _ in range(2):
        await subject.runtime.restore(hold)
        assert await subject.digests() == before


async def test_the_name_of_a_hold_is_stable_and_its_own(subject: Subject) -> None:
    """The same model always has the same hold, and two models never share one."""
    first, second = (subject.runtime.hold_name(spec.name) for spec in (subject.first, subject.second))
    assert first == subject.runtime.hold_name(subject.first.name)
    assert len({first, second, subject.first.name, subject.second.name}) == 4


async def test_a_removed_model_is_gone_from_disk_and_memory(subject: Subject) -> None:
    """Removing a loaded model leaves it neither listed nor loaded, and the others as they were."""
    await subject.install(subject.first, subject.second)
    await subject.activate(subject.first)
    await subject.runtime.remove(subject.first.name)
    state = await subject.state()
    assert list(state.installed) == [subject.second.name]
    assert state.loaded == ()


async def test_removing_what_is_not_there_is_a_success(subject: Subject) -> None:
    """An operation whose end is reached already is done."""
    await subject.runtime.remove(subject.missing.name)
    await subject.runtime.remove(subject.missing.name)


async def test_an_activated_model_is_loaded_and_stays(subject: Subject) -> None:
    """Activation ends with the installed version in memory, pinned; doing it again changes nothing."""
    await subject.install(subject.first)
    for _ in range(2):
        await subject.activate(subject.first)
        serving = (await subject.state(subject.first)).serving(subject.first.name)
        assert serving is not None
        assert serving.pinned


async def test_a_model_that_is_not_installed_is_not_activated(subject: Subject) -> None:
    """Activating what is not there yet fails for now, and installs nothing."""
    with pytest.raises(TemporaryError, match=rf"gpu.*{re.escape(subject.first.name.text)}"):
        await subject.activate(subject.first)
    assert not await subject.digests()


async def test_a_model_that_cannot_be_loaded_is_a_permanent_failure(subject: Subject) -> None:
    """The runtime's own words are in the message, and what is installed stays."""
    await subject.install(subject.first)
    subject.break_loading(subject.first)
    with pytest.raises(PermanentError, match=WORDS) as caught:
        await subject.activate(subject.first)
    assert caught.value.reason is Reason.LOAD_FAILED
    assert subject.first.name in await subject.digests()


async def test_a_model_that_generates_nothing_is_a_permanent_failure(subject: Subject) -> None:
    """Being loaded is not enough."""
    await subject.install(subject.first)
    subject.silence(subject.first)
    with pytest.raises(PermanentError) as caught:
        await subject.activate(subject.first)
    assert caught.value.reason is Reason.NOTHING_GENERATED


async def test_an_alias_follows_the_active_model(subject: Subject) -> None:
    """Where a runtime can, the second name stands for whatever was activated last."""
    if not subject.runtime.capabilities.alias:
        pytest.skip("this runtime has no aliases")
    await subject.install(subject.first, subject.second)
    for spec in (subject.first, subject.second, subject.second):
        await subject.activate(spec, subject.alias)
        digests = await subject.digests()
        assert digests[subject.alias] == digests[spec.name]


async def test_a_deactivated_model_is_out_of_memory(subject: Subject) -> None:
    """Deactivation unloads that model alone; what is not loaded, or not there, is a success."""
    await subject.install(subject.first, subject.second)
    await subject.activate(subject.first)
    await subject.activate(subject.second)
    for _ in range(2):
        await subject.runtime.deactivate(subject.first.name)
        state = await subject.state(subject.first, subject.second)
        assert state.serving(subject.first.name) is None
        assert state.serving(subject.second.name) is not None
    await subject.runtime.deactivate(subject.missing.name)


async def test_errors_are_sentences(subject: Subject) -> None:
    """What a person reads ends like a sentence and is on one line."""
    with pytest.raises(ModeldError) as caught:
        await subject.install(subject.missing)
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message


async def test_closing_twice_is_no_error(subject: Subject) -> None:
    """A runtime may be let go of more than once."""
    await subject.state()
    await subject.runtime.close()
    await subject.runtime.close()
