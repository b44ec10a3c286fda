"""Installing, updating, removing and putting back on an Ollama, with everything that can go wrong on the way."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from venom_modeld.core.desired import ModelSpec, canonical
from venom_modeld.core.errors import ModeldError, PermanentError, RuntimeUnreachable, TemporaryError
from venom_modeld.core.inventory import Entry, Role
from venom_modeld.core.names import parse_ollama
from venom_modeld.core.observed import RemoteModel
from venom_modeld.core.progress import Phase
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.base import Runtime
from venom_modeld.sandbox import Sandbox

QWEN = ModelSpec(name=parse_ollama("qwen3:0.6b"))
SUCCESS = b'{"status":"success"}\n'


def _quiet(_: object) -> None:
    """Report to nobody."""


def _digest(letter: str) -> str:
    return "sha256:" + letter * 64


async def _install(runtime: Runtime, spec: ModelSpec, expect: RemoteModel | None = None) -> None:
    await runtime.install(spec, expect=expect, report=_quiet)


async def _update(runtime: Runtime, spec: ModelSpec, expect: RemoteModel | None = None) -> None:
    await runtime.update(spec, expect=expect, hold=runtime.hold_name(spec.name), report=_quiet)


def _derived(name: str, base: str, **definition: Any) -> ModelSpec:
    return ModelSpec(name=parse_ollama(name), base=parse_ollama(base), definition=canonical(definition))


async def test_a_lie_about_success_is_found_and_mended(sandbox: Sandbox, runtime: Runtime) -> None:
    """A pull that says success and leaves nothing that is listed is deleted, so that the next one mends it."""
    sandbox.faults.lie_pulls = 1
    with pytest.raises(TemporaryError, match="said success, but does not list it") as caught:
        await _install(runtime, QWEN)
    assert caught.value.reason is Reason.CORRUPT
    assert sandbox.installed() == {}
    await _install(runtime, QWEN)
    assert QWEN.name in (await runtime.observe([])).installed


async def test_a_corrupt_transfer_is_tried_again(sandbox: Sandbox, runtime: Runtime) -> None:
    """A blob that is not what was announced is a failure that passes."""
    sandbox.faults.corrupt_blobs = 1
    with pytest.raises(TemporaryError) as caught:
        await _install(runtime, QWEN)
    assert caught.value.reason is Reason.CORRUPT
    await _install(runtime, QWEN)
    assert QWEN.name in (await runtime.observe([])).installed


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"disk_capacity": 1000}, Reason.DISK_FULL),
        ({"registry_network": "unknown_host"}, Reason.REGISTRY_UNREACHABLE),
        ({"registry_network": "refused"}, Reason.REGISTRY_UNREACHABLE),
        ({"manifest": 401}, Reason.ACCESS_DENIED),
        ({"manifest": 403}, Reason.ACCESS_DENIED),
        ({"manifest": 404}, Reason.NOT_FOUND),
        ({"manifest": 412}, Reason.RUNTIME_TOO_OLD),
        ({"manifest": 429}, Reason.RATE_LIMITED),
        ({"manifest": 503}, Reason.REGISTRY_ERROR),
        ({"manifest": "garbage"}, Reason.REGISTRY_ERROR),
        ({"blob_head": 500}, Reason.REGISTRY_ERROR),
        ({"cut_at": 1000}, Reason.CUT),
        ({"cut_at": 1000, "cut_clean": True}, Reason.CUT),
        ({"crash_at": 1000}, Reason.CUT),
    ],
)
async def test_what_goes_wrong_has_its_reason(
    sandbox: Sandbox, runtime: Runtime, fault: dict[str, Any], reason: Reason
) -> None:
    """Each fault between Ollama and its registry is told by its own reason."""
    for position, value in fault.items():
        setattr(sandbox.faults, position, value)
    with pytest.raises(ModeldError) as caught:
        await _install(runtime, QWEN)
    assert caught.value.reason is reason


async def test_a_pin_that_is_published_is_installed(sandbox: Sandbox, runtime: Runtime) -> None:
    """A pinned model is installed while its tag has that version, and is there after that whatever the tag does."""
    published = await runtime.look_up(QWEN)
    pinned = ModelSpec(name=QWEN.name, pin=published.digest)
    await _install(runtime, pinned, published)
    sandbox.move_tag("qwen3:0.6b")
    sandbox.requests.clear()
    await _install(runtime, pinned, None)
    assert sandbox.requests.count(path="/api/pull") == 0


async def test_a_pin_that_is_not_published_costs_no_download(sandbox: Sandbox, runtime: Runtime) -> None:
    """Where the registry is known to have another version, nothing is pulled."""
    pinned = ModelSpec(name=QWEN.name, pin=_digest("0"))
    with pytest.raises(PermanentError, match="Change `digest`") as caught:
        await _install(runtime, pinned, await runtime.look_up(QWEN))
    assert caught.value.reason is Reason.PIN_MISMATCH
    assert sandbox.requests.count(path="/api/pull") == 0


async def test_another_version_than_the_pinned_one_is_taken_off_again(runtime: Runtime) -> None:
    """A pull that turns out not to be the pinned version leaves nothing behind."""
    with pytest.raises(PermanentError) as caught:
        await _install(runtime, ModelSpec(name=QWEN.name, pin=_digest("0")))
    assert caught.value.reason is Reason.PIN_MISMATCH
    assert not (await runtime.observe([])).installed


async def test_an_update_to_another_version_than_the_pinned_one_comes_back(sandbox: Sandbox, runtime: Runtime) -> None:
    """What was there before a pin was written stays, if the pinned version cannot be had."""
    await _install(runtime, QWEN)
    before = sandbox.installed()
    sandbox.move_tag("qwen3:0.6b")
    with pytest.raises(PermanentError) as caught:
        await _update(runtime, ModelSpec(name=QWEN.name, pin=_digest("0")))
    assert caught.value.reason is Reason.PIN_MISMATCH
    assert sandbox.installed() == before


async def test_a_tag_that_moved_once_more_is_no_failure(sandbox: Sandbox, runtime: Runtime) -> None:
    """Between the look and the pull a tag may move; what is installed then is the newest."""
    await _install(runtime, QWEN)
    sandbox.move_tag("qwen3:0.6b")
    expect = await runtime.look_up(QWEN)
    newest = sandbox.move_tag("qwen3:0.6b")
    await _update(runtime, QWEN, expect)
    assert (await runtime.observe([])).installed[QWEN.name].digest.endswith(newest.removeprefix("sha256:"))


async def test_an_update_without_anything_to_update_is_an_installation(runtime: Runtime) -> None:
    """A model that went away meanwhile is installed."""
    await _update(runtime, QWEN, await runtime.look_up(QWEN))
    assert list((await runtime.observe([])).installed) == [QWEN.name]


async def test_an_update_that_was_done_only_drops_its_hold(sandbox: Sandbox, runtime: Runtime, ollama: Any) -> None:
    """Called again after its last step was cut, an update pulls nothing."""
    await _install(runtime, QWEN)
    await ollama.post("/api/copy", source="qwen3:0.6b", destination=runtime.hold_name(QWEN.name).text)
    sandbox.requests.clear()
    await _update(runtime, QWEN, await runtime.look_up(QWEN))
    assert sandbox.requests.count(path="/api/pull") == 0
    assert list((await runtime.observe([])).installed) == [QWEN.name]


async def test_an_update_keeps_a_hold_that_is_there(sandbox: Sandbox, runtime: Runtime, ollama: Any) -> None:
    """A hold left by an interrupted update is the version that was last proven, so it is not written over."""
    await _install(runtime, QWEN)
    proven = sandbox.installed()["qwen3:0.6b"]
    await ollama.post("/api/copy", source="qwen3:0.6b", destination=runtime.hold_name(QWEN.name).text)
    sandbox.move_tag("qwen3:0.6b")
    await ollama.pull("qwen3:0.6b")
    sandbox.move_tag("qwen3:0.6b")
    sandbox.faults.lie_pulls = 1
    with pytest.raises(TemporaryError):
        await _update(runtime, QWEN)
    assert sandbox.installed() == {"qwen3:0.6b": proven}


async def test_a_lie_about_an_update_comes_back(sandbox: Sandbox, runtime: Runtime) -> None:
    """The earlier version returns when the new one cannot be read."""
    await _install(runtime, QWEN)
    before = sandbox.installed()
    sandbox.move_tag("qwen3:0.6b")
    sandbox.faults.lie_pulls = 1
    with pytest.raises(TemporaryError) as caught:
        await _update(runtime, QWEN)
    assert caught.value.reason is Reason.CORRUPT
    assert sandbox.installed() == before


async def test_an_update_keeps_a_loaded_model_as_pinned_as_it_was(
    sandbox: Sandbox, runtime: Runtime, ollama: Any
) -> None:
    """A model that a client loaded for a while is not pinned by an update."""
    await _install(runtime, QWEN)
    await ollama.load("qwen3:0.6b", keep_alive="10m")
    sandbox.move_tag("qwen3:0.6b")
    await _update(runtime, QWEN)
    serving = (await runtime.observe([])).serving(QWEN.name)
    assert serving is not None
    assert not serving.pinned


async def test_an_update_of_a_model_at_rest_loads_nothing(sandbox: Sandbox, runtime: Runtime) -> None:
    """Memory is not used to prove what nobody has loaded."""
    await _install(runtime, QWEN)
    sandbox.move_tag("qwen3:0.6b")
    await _update(runtime, QWEN)
    assert sandbox.loaded() == []


async def test_a_derived_model_is_made_of_its_base(sandbox: Sandbox, runtime: Runtime, reports: Any) -> None:
    """System prompt, template and parameters are handed to Ollama as the file gives them."""
    await _install(runtime, QWEN)
    spec = _derived("coder", "qwen3:0.6b", system="You write.", parameters={"num_ctx": 512, "stop": ["x", "y"]})
    sandbox.requests.clear()
    await runtime.install(spec, expect=None, report=reports)
    assert sandbox.requests.matching(path="/api/create")[0].body == {
        "model": "coder:latest",
        "from": "qwen3:0.6b",
        "system": "You write.",
        "parameters": {"num_ctx": 512, "stop": ["x", "y"]},
    }
    assert {progress.phase for progress in reports.seen} >= {Phase.CREATING}
    assert spec.name in (await runtime.observe([])).installed
    assert await runtime.look_up(spec) == RemoteModel(digest=None, size_bytes=None)


async def test_a_derived_model_without_a_definition_is_its_base_by_another_name(runtime: Runtime) -> None:
    """`from` alone is enough."""
    await _install(runtime, QWEN)
    await _install(runtime, ModelSpec(name=parse_ollama("same"), base=QWEN.name))
    assert parse_ollama("same") in (await runtime.observe([])).installed


async def test_a_changed_definition_makes_a_derived_model_anew(sandbox: Sandbox, runtime: Runtime) -> None:
    """An update of a derived model is another creation, and leaves no hold."""
    await _install(runtime, QWEN)
    await _install(runtime, _derived("coder", "qwen3:0.6b", system="One."))
    before = sandbox.installed()
    await _update(runtime, _derived("coder", "qwen3:0.6b", system="Two."))
    after = sandbox.installed()
    assert set(after) == set(before)
    assert after["coder:latest"] != before["coder:latest"]


async def test_a_bad_definition_leaves_the_earlier_one(sandbox: Sandbox, runtime: Runtime) -> None:
    """A template that Ollama cannot read is a permanent failure of that entry, and changes nothing."""
    await _install(runtime, QWEN)
    await _install(runtime, _derived("coder", "qwen3:0.6b", system="One."))
    before = sandbox.installed()
    with pytest.raises(PermanentError, match="Correct `template`") as caught:
        await _update(runtime, _derived("coder", "qwen3:0.6b", template="{{ .Broken"))
    assert caught.value.reason is Reason.INVALID_DEFINITION
    assert sandbox.installed() == before


async def test_a_base_that_nobody_has_is_told(runtime: Runtime) -> None:
    """Ollama pulls a base that is not there, and its failure is the failure of the derived model."""
    with pytest.raises(PermanentError, match="creating coder:latest failed") as caught:
        await _install(runtime, _derived("coder", "no-such-model", system="x"))
    assert caught.value.reason is Reason.NOT_FOUND


async def test_removing_a_loaded_model_unloads_it_first(sandbox: Sandbox, runtime: Runtime, ollama: Any) -> None:
    """A model that is deleted while loaded would stay in memory with nothing to unload it by."""
    await _install(runtime, QWEN)
    await ollama.load("qwen3:0.6b")
    sandbox.requests.clear()
    await runtime.remove(QWEN.name)
    unload, delete = sandbox.requests.matching(path="/api/generate") + sandbox.requests.matching(path="/api/delete")
    assert unload.body == {"model": "qwen3:0.6b", "keep_alive": 0}
    assert unload.time < delete.time
    assert sandbox.loaded() == []


async def test_removing_a_second_name_leaves_the_first_one_loaded(
    sandbox: Sandbox, runtime: Runtime, ollama: Any
) -> None:
    """Names of one version share a runner, so an alias goes without unloading."""
    await _install(runtime, QWEN)
    await ollama.post("/api/copy", source="qwen3:0.6b", destination="default")
    await ollama.load("default")
    await runtime.remove(parse_ollama("default"))
    assert sandbox.loaded() == ["default:latest"]
    assert (await runtime.observe([])).serving(QWEN.name) is not None


async def test_a_broken_model_that_is_not_listed_is_removed(sandbox: Sandbox, runtime: Runtime, ollama: Any) -> None:
    """What Ollama cannot read it does not list, and it is deleted all the same."""
    sandbox.faults.lie_pulls = 1
    await ollama.pull("qwen3:0.6b")
    assert list(sandbox.installed()) == ["qwen3:0.6b"]
    await runtime.remove(QWEN.name)
    assert sandbox.installed() == {}


async def test_a_hold_of_nothing_is_left_alone(sandbox: Sandbox, runtime: Runtime, ollama: Any) -> None:
    """A hold that does not say whose it is cannot be put back."""
    await _install(runtime, QWEN)
    await runtime.restore(Entry(name=QWEN.name, role=Role.HOLD))
    assert list(sandbox.installed()) == ["qwen3:0.6b"]


@pytest.mark.parametrize(
    ("text", "hold"),
    [
        ("qwen3:0.6b", r"venom-modeld-hold/qwen3-[0-9a-f]{8}:0\.6b"),
        ("someone/Qwen3", r"venom-modeld-hold/qwen3-[0-9a-f]{8}:latest"),
        ("hf.co/Owner-Name/" + "X" * 80 + ":Q4_K_M", r"venom-modeld-hold/x{71}-[0-9a-f]{8}:q4_k_m"),
        ("mirror.lan:5000/a/" + "m" * 80, r"venom-modeld-hold/m{71}-[0-9a-f]{8}:latest"),
    ],
)
def test_a_hold_has_a_name_that_tells_what_it_was(make_runtime: Any, text: str, hold: str) -> None:
    """The name of a hold is a valid lower-case name of our own, near to that of its model."""
    runtime = make_runtime("http://127.0.0.1:1")
    name = runtime.hold_name(parse_ollama(text))
    assert re.fullmatch(hold, name.text)
    assert runtime.hold_name(parse_ollama(text.upper().replace("HF.CO", "hf.co"))) == name


def test_names_that_differ_in_their_host_alone_have_two_holds(make_runtime: Any) -> None:
    """Models of two registries never overwrite each other's holds."""
    runtime = make_runtime("http://127.0.0.1:1")
    texts = ("m:1", "someone/m:1", "mirror.lan/library/m:1", "hf.co/a/m:1")
    assert len({runtime.hold_name(parse_ollama(text)) for text in texts}) == len(texts)


class Scene:
    """A scripted Ollama whose list changes by call, for what no stand-in does."""

    def __init__(self, server: Any, reply: Any, runtime: Runtime) -> None:
        self.server, self.reply, self.runtime = server, reply, runtime
        server.on("GET /api/version", {"version": "1"}).on("GET /api/ps", {"models": []})
        server.on("POST /api/pull", reply(body=[SUCCESS]))
        for path in ("POST /api/copy", "DELETE /api/delete", "POST /api/generate"):
            server.on(path, reply())


@pytest.fixture
def scene(server: Any, reply: Any, make_runtime: Any) -> Scene:
    """Set up a scripted Ollama where everything is answered well."""
    return Scene(server, reply, make_runtime(server.url, patience=1.0))


async def test_an_update_that_changes_nothing_is_not_believed(scene: Scene, tags: Callable[..., Any]) -> None:
    """Success without the new version in the list is no success, and the earlier one is put back."""
    hold = scene.runtime.hold_name(parse_ollama("m")).text
    scene.server.on("GET /api/tags", tags(m="a"), tags(**{"m": "a", hold: "a"}))
    with pytest.raises(TemporaryError, match="still lists the earlier version") as caught:
        await _update(scene.runtime, ModelSpec(name=parse_ollama("m")), RemoteModel(digest=_digest("b"), size_bytes=1))
    assert caught.value.reason is Reason.NOT_VERIFIED
    copies = scene.server.bodies("POST /api/copy")
    assert copies == [{"source": "m:latest", "destination": hold}, {"source": hold, "destination": "m:latest"}]
    assert scene.server.bodies("DELETE /api/delete") == [{"model": hold}]


async def test_the_first_failure_is_told_when_the_way_back_fails_too(
    scene: Scene, tags: Callable[..., Any], reply: Any
) -> None:
    """A server that goes away in the middle leaves the hold, and its second failure is a note to the first."""
    hold = scene.runtime.hold_name(parse_ollama("m")).text
    scene.server.on("GET /api/tags", tags(m="a"), tags(**{"m": "a", hold: "a"}))
    scene.server.on("POST /api/pull", reply(body=[b'{"error":"no space left on device"}\n']))
    scene.server.on("POST /api/copy", reply(), reply(status=500, body=b'{"error":"cannot write"}'))
    with pytest.raises(TemporaryError) as caught:
        await _update(scene.runtime, ModelSpec(name=parse_ollama("m")))
    assert caught.value.reason is Reason.DISK_FULL
    assert "cannot write" in caught.value.__notes__[0]
    assert scene.server.count("DELETE /api/delete") == 0


async def test_a_copy_that_is_not_listed_stops_an_update(scene: Scene, tags: Callable[..., Any]) -> None:
    """Without a hold that is really there nothing is pulled over the installed version."""
    scene.server.on("GET /api/tags", tags(m="a"))
    with pytest.raises(TemporaryError, match="does not list the two as the same") as caught:
        await _update(scene.runtime, ModelSpec(name=parse_ollama("m")))
    assert caught.value.reason is Reason.NOT_VERIFIED
    assert scene.server.count("POST /api/pull") == 0


async def test_a_version_that_stays_in_memory_is_unloaded_by_its_hold(
    scene: Scene, tags: Callable[..., Any], make_runner: Callable[..., Any], reply: Any
) -> None:
    """Where the earlier version is still in memory beside the new one, its only name left unloads it."""
    name = parse_ollama("m")
    hold = scene.runtime.hold_name(name).text
    old, new = make_runner("m:latest", "a"), make_runner("m:latest", "b")
    held = tags(**{"m": "a", hold: "a"})
    replaced = tags(**{"m": "b", hold: "a"})
    scene.server.on("GET /api/tags", tags(m="a"), held, held, replaced)
    scene.server.on("GET /api/ps", {"models": [old]}, *[{"models": [old, new]}] * 3, {"models": [new]})
    scene.server.on("POST /api/generate", {"eval_count": 1}, reply())
    await _update(scene.runtime, ModelSpec(name=name))
    proof, unload = scene.server.bodies("POST /api/generate")
    assert (proof["model"], proof["keep_alive"]) == ("m:latest", -1)
    assert unload == {"model": hold, "keep_alive": 0}


async def test_a_version_that_cannot_be_unloaded_does_not_undo_an_update(
    scene: Scene, tags: Callable[..., Any], make_runner: Callable[..., Any], reply: Any
) -> None:
    """Memory that is not given back is no reason to go back to the earlier version."""
    name = parse_ollama("m")
    hold = scene.runtime.hold_name(name).text
    old, new = make_runner("m:latest", "a"), make_runner("m:latest", "b")
    held = tags(**{"m": "a", hold: "a"})
    scene.server.on("GET /api/tags", tags(m="a"), held, held, tags(**{"m": "b", hold: "a"}))
    scene.server.on("GET /api/ps", {"models": [old]}, {"models": [old, new]})
    scene.server.on("POST /api/generate", {"eval_count": 1}, reply(status=500, body=b'{"error":"no"}'))
    await _update(scene.runtime, ModelSpec(name=name))
    assert scene.server.bodies("DELETE /api/delete") == [{"model": hold}]


async def test_a_model_that_stays_listed_is_not_removed(scene: Scene, tags: Callable[..., Any]) -> None:
    """A deletion is believed when the list shows it."""
    scene.server.on("GET /api/tags", tags("m"))
    with pytest.raises(TemporaryError, match="still lists it") as caught:
        await scene.runtime.remove(parse_ollama("m"))
    assert caught.value.reason is Reason.NOT_VERIFIED


async def test_a_refused_deletion_is_told(scene: Scene, tags: Callable[..., Any], reply: Any) -> None:
    """A deletion that Ollama refuses is a failure with its words."""
    scene.server.on("GET /api/tags", tags("m"))
    scene.server.on("DELETE /api/delete", reply(status=500, body=b'{"error":"remove blob: permission denied"}'))
    with pytest.raises(PermanentError, match="deleting m:latest failed: remove blob: permission denied"):
        await scene.runtime.remove(parse_ollama("m"))


async def test_a_cancelled_update_is_cancelled_at_once(scene: Scene, tags: Callable[..., Any], reply: Any) -> None:
    """Cancelling does not wait for a clean-up: the hold is there for whoever remembers it."""
    hold = scene.runtime.hold_name(parse_ollama("m")).text
    scene.server.on("GET /api/tags", tags(m="a"), tags(**{"m": "a", hold: "a"}))
    scene.server.on("POST /api/pull", reply(body=[json.dumps({"status": "pulling manifest"}).encode()], end="never"))
    updating = asyncio.create_task(_update(scene.runtime, ModelSpec(name=parse_ollama("m"))))
    async with asyncio.timeout(20):
        await scene.server.reached.wait()
        updating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await updating
        await scene.server.left.wait()
    assert scene.server.count("DELETE /api/delete") == 0


async def test_half_a_list_during_an_installation_is_unknown(scene: Scene, reply: Any) -> None:
    """A list that cannot be read never counts as one without the model."""
    scene.server.on("GET /api/tags", {"models": []}, reply(body=b'{"models":['))
    with pytest.raises(RuntimeUnreachable):
        await _install(scene.runtime, ModelSpec(name=parse_ollama("m")))
    assert scene.server.count("DELETE /api/delete") == 0
