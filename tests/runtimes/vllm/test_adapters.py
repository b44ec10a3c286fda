"""LoRA adapters are installed like models, and loaded and unloaded while the server runs."""

import json
import os
import signal
from collections.abc import Sequence
from typing import Any

import pytest

from tests.runtimes.vllm.conftest import MakeClient
from tests.runtimes.vllm.house import A, B, Host, activate, install, model, named, observe
from venom_modeld.core.desired import ModelSpec, with_bases
from venom_modeld.core.drift import DriftKind, diff
from venom_modeld.core.errors import PermanentError
from venom_modeld.core.inventory import Inventory
from venom_modeld.core.observed import ObservedState
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.adapters import bring
from venom_modeld.runtimes.vllm.driver import VllmRuntime
from venom_modeld.runtimes.vllm.errors import Doing
from venom_modeld.sandbox.hub.content import safetensors

LORA, OTHER = "acme/lora", "acme/other-lora"


def publish(host: Host, text: str, rank: int = 8, seed: str = "") -> str:
    """Publish an adapter."""
    config = json.dumps({"peft_type": "LORA", "r": rank, "base_model_name_or_path": A}).encode()
    files = {"adapter_config.json": config, "adapter_model.safetensors": safetensors(1000, text + seed)}
    return host.hub.publish(text, files)


def with_adapters(*adapters: dict[str, str], **more: Any) -> ModelSpec:
    """Return the entry of a model with adapters."""
    return model(A, adapters=list(adapters), **more)


async def installed(host: Host, *specs: ModelSpec, **keys: Any) -> VllmRuntime:
    """Give a driver with models and their adapters installed."""
    runtime = host.runtime(host.spec(*specs, active=A, **keys))
    await install(runtime, *with_bases(specs))
    return runtime


def adapters(state: ObservedState) -> dict[str, str]:
    """Return the loaded adapters, with their commits."""
    return {loaded.name.text: loaded.digest for loaded in state.loaded[1:]}


async def test_adapters_are_installed_like_models_and_served(host: Host) -> None:
    """Each has its own name for clients, and is shown as loaded."""
    commit = publish(host, LORA)
    spec = with_adapters({"name": "style", "repo": LORA})
    runtime = host.runtime(host.spec(spec, active=A))
    found = diff(host.spec(spec), await observe(runtime), Inventory())
    assert [(one.kind, one.model.text, one.message) for one in found] == [
        (DriftKind.MISSING, LORA, f"{A} needs it, not installed")
    ]
    await install(runtime, *with_bases((spec,)))
    await activate(runtime, spec)
    assert await host.names() == [A, "style"]
    state = await observe(runtime)
    assert adapters(state) == {"style": commit}
    assert state.serving(named(A)) is not None
    assert state.serving(named(LORA)) is not None


async def test_they_come_and_go_without_a_start(host: Host) -> None:
    """A server that takes adapters is given them, and rid of them, while it runs."""
    publish(host, LORA)
    publish(host, OTHER)
    one = with_adapters({"name": "style", "repo": LORA})
    two = with_adapters({"name": "style", "repo": LORA}, {"name": "draft", "repo": OTHER})
    none = model(A)
    runtime = await installed(host, two)
    runtime.follow(host.spec(one, active=A))
    await activate(runtime, one)
    before = host.processes()
    for spec, names in ((two, [A, "style", "draft"]), (one, [A, "style"]), (none, [A]), (two, [A, "style", "draft"])):
        runtime.follow(host.spec(spec, active=A))
        differs = (await observe(runtime)).difference(named(A))
        assert differs == "is served otherwise than the file now says: adapters"
        await activate(runtime, spec)
        assert await host.names() == names
        assert (await observe(runtime)).serving(named(A)) is not None
    assert host.processes() == before


async def test_the_first_adapter_starts_the_server_anew_unless_it_was_started_for_it(host: Host) -> None:
    """`enable-lora` among the arguments spares that start."""
    publish(host, LORA)
    spec = with_adapters({"name": "style", "repo": LORA})
    runtime = await installed(host, spec)
    for first, starts in ((model(A), True), (model(A, args={"enable-lora": True}), False)):
        runtime.follow(host.spec(first, active=A))
        await activate(runtime, first)
        before = host.processes()
        runtime.follow(host.spec(spec, active=A))
        await activate(runtime, spec)
        assert (host.processes() != before) is starts
        await runtime.deactivate(named(A))


async def test_an_adapter_that_is_not_there_yet_keeps_nobody_waiting(host: Host) -> None:
    """The model is served without it, and with it once it came."""
    publish(host, LORA)
    spec = with_adapters({"name": "style", "repo": LORA})
    runtime = host.runtime(host.spec(spec, active=A))
    await activate(runtime, spec)
    assert await host.names() == [A]
    assert (await observe(runtime)).serving(named(A)) is not None
    before = host.processes()
    await install(runtime, *spec.adapters)
    assert await host.names() == [A, "style"]
    assert host.processes() == before
    assert (await observe(runtime)).serving(named(A)) is not None


async def test_adapters_are_loaded_again_after_a_start(host: Host) -> None:
    """They are gone with the server that had them."""
    publish(host, LORA)
    spec = with_adapters({"name": "style", "repo": LORA})
    runtime = await installed(host, spec)
    await activate(runtime, spec)
    os.kill(host.pid_of("VLLM::Engine"), signal.SIGKILL)
    await host.until(lambda: not host.processes())
    await activate(runtime, spec)
    assert await host.names() == [A, "style"]


async def test_an_updated_adapter_is_loaded_in_place(host: Host) -> None:
    """The new commit serves before the old one goes."""
    publish(host, LORA)
    spec = with_adapters({"name": "style", "repo": LORA}, update="always")
    runtime = await installed(host, spec)
    await activate(runtime, spec)
    before = host.processes()
    after = publish(host, LORA, seed="2")
    (adapter,) = spec.adapters
    expect = await runtime.look_up(adapter)
    await runtime.update(adapter, expect=expect, hold=runtime.hold_name(adapter.name), report=lambda _: None)
    assert adapters(await observe(runtime)) == {"style": after}
    assert [path.name for path in (host.cache / "models--acme--lora/snapshots").iterdir()] == [after]
    assert host.processes() == before


async def test_a_removed_adapter_is_unloaded_first(host: Host) -> None:
    """What is served is never taken away under it."""
    publish(host, LORA)
    spec = with_adapters({"name": "style", "repo": LORA})
    runtime = await installed(host, spec)
    await activate(runtime, spec)
    await runtime.remove(named(LORA))
    assert await host.names() == [A]
    assert named(LORA) not in (await observe(runtime)).installed


async def test_an_adapter_in_a_folder_is_loaded_from_there(host: Host) -> None:
    """It is nobody's repository."""
    folder = host.folder / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text('{"r": 8}', encoding="utf-8")
    spec = with_adapters({"name": "draft", "path": str(folder)})
    runtime = await installed(host, spec)
    await activate(runtime, spec)
    assert adapters(await observe(runtime)) == {"draft": ""}


@pytest.mark.parametrize(
    ("adapter", "words"),
    [
        ({"repo": "acme/large-lora"}, r"the adapter style: .*LoRA rank 64 is greater than max_lora_rank 16"),
        ({"path": "/no/such/folder"}, r"the adapter style has no folder /no/such/folder"),
    ],
)
async def test_an_adapter_that_cannot_be_loaded_is_told(host: Host, adapter: dict[str, str], words: str) -> None:
    """In the words of the engine, where it has any; the model goes on as it was served before."""
    publish(host, "acme/large-lora", rank=64)
    spec = with_adapters({"name": "style", **adapter})
    plain = model(A, args={"enable-lora": True})
    runtime = await installed(host, spec)
    await activate(runtime, plain)
    before = host.processes()
    with pytest.raises(PermanentError, match=words):
        await activate(runtime, spec)
    assert await host.names() == [A]
    assert host.processes() == before


async def test_an_adapter_that_generates_nothing_is_refused(host: Host) -> None:
    """Loading is not enough."""
    publish(host, LORA)
    spec = with_adapters({"name": "style", "repo": LORA})
    runtime = await installed(host, spec)
    host.fault(silent=["style"])
    with pytest.raises(PermanentError, match="with the adapter style it generated nothing") as caught:
        await activate(runtime, spec)
    assert caught.value.reason is Reason.NOTHING_GENERATED


async def test_adapters_of_another_model_are_none_of_its_business(host: Host) -> None:
    """They wait on the disk."""
    publish(host, LORA)
    specs: Sequence[ModelSpec] = (with_adapters({"name": "style", "repo": LORA}), model(B, args={"enable-lora": True}))
    runtime = await installed(host, *specs)
    await activate(runtime, specs[1])
    assert await host.names() == [B]
    await runtime.remove(named(LORA))
    assert await host.names() == [B]


async def test_an_adapter_that_cannot_be_unloaded_is_told(server: Any, client: MakeClient, reply: Any) -> None:
    """In the words of the server."""
    server.on("POST /v1/unload_lora_adapter", reply(status=500, body=b'{"error": {"message": "it is stuck"}}'))
    doing = Doing(runtime="Runtime 'gpu'", action="adapting", model=A)
    with pytest.raises(PermanentError, match="unloading the adapter style: it is stuck"):
        await bring(client(server.url), {"style": "/lora"}, {}, doing)
