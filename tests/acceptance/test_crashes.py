"""`kill -9` of the daemon in the middle of everything that it does: the next start converges, and harms nothing.

The sandbox strikes at the very moment a request of the daemon arrives, so "in the middle" is no matter of luck: the
request is carried out, and nobody is there to learn of it.
"""

from collections.abc import Callable

import pytest

from tests.acceptance.conftest import House, Json
from tests.conftest import eventually
from venom_modeld.sandbox.journal import Request

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]

A, B, C, THEIRS = "qwen3:0.6b", "llama3.2:1b", "gemma3:270m", "smollm2:135m"
MOVING: Json = {"name": C, "update": "always"}


def asked(path: str, **body: object) -> Callable[[Request], bool]:
    """Return a test for requests to a path of Ollama with these values in their body."""

    def test(request: Request) -> bool:
        found = request.body if isinstance(request.body, dict) else {}
        return request.path == path and all(found.get(key) == value for key, value in body.items())

    return test


async def with_a_guest(house: House, *models: str | Json, **more: object) -> None:
    """Furnish a house, and have somebody else install a model too."""
    await house.furnish(*models, **more)
    await house.ollama.pull(THEIRS)
    house.sandbox.requests.clear()


async def all_is_well(house: House, *models: str, loaded: str | None = None) -> None:
    """Wait until all is as the file says; nothing of anybody else is gone, and no name of the daemon's own is left."""
    await house.converged()
    assert set(house.sandbox.installed()) == {*models, THEIRS}
    assert house.sandbox.loaded() == ([loaded] if loaded else [])
    assert f"/api/delete {THEIRS}" not in house.changes()
    roles = {one["name"]: one["role"] for one in (await house.daemon.get("/api/v1/models"))["models"]}
    assert set(roles.values()) == {"model"}


async def test_killed_in_a_pull(house: House) -> None:
    """What has arrived is not fetched again: the pull goes on from there, and the history says it was interrupted."""
    await with_a_guest(house, A)
    house.sandbox.faults.rate = 50e6
    house.declare(A, B)
    await eventually(lambda: arrived(house) > 10_000_000)
    house.daemon.kill()
    await house.daemon.ended()
    await eventually(lambda: not house.sandbox.pulling())
    kept = arrived(house)
    await house.start()
    resumed = await house.daemon.told("operation", lambda one: bool(one["bytes_completed"]))
    assert (resumed["model_name"], resumed["operation_type"]) == (B, "install")
    assert resumed["bytes_completed"] >= kept
    house.sandbox.faults.rate = None
    await all_is_well(house, A, B)
    history = (await house.daemon.get("/api/v1/history"))["operations"]
    ends = [(one["status"], one["reason"]) for one in history if one["model_name"] == B][:2]
    assert ends == [("completed", "Succeeded"), ("failed", "Interrupted")]


def arrived(house: House) -> int:
    """Return how many bytes of cut or running downloads the sandbox has."""
    return sum(house.sandbox.describe()["partial_blobs"].values())


async def test_killed_in_a_removal(house: House) -> None:
    """At the unloading before it, and at the deletion itself."""
    await with_a_guest(house, A, B, active=B)
    house.declare(A)
    await house.killed_at(asked("/api/generate", model=B, keep_alive=0))
    assert B in house.sandbox.installed()
    await house.killed_at(asked("/api/delete", model=B), start=True)
    await house.start()
    await all_is_well(house, A)


async def test_killed_in_an_activation(house: House) -> None:
    """At the load of the new active model, and at the unloading of the old one."""
    await with_a_guest(house, A, B, active=A)
    house.declare(A, B, active=B)
    await house.killed_at(asked("/api/generate", model=B))
    await house.killed_at(asked("/api/generate", model=A, keep_alive=0), start=True)
    await house.start()
    await all_is_well(house, A, B, loaded=B)


async def test_killed_in_an_update(house: House) -> None:
    """At the copy that holds the old version, at the pull of the new one, and when the copy goes: no hold is left."""
    await with_a_guest(house, A, MOVING, active=C)
    newest = house.sandbox.move_tag(C)
    await house.killed_at(asked("/api/copy"))
    await house.killed_at(asked("/api/pull"), start=True)
    await house.killed_at(asked("/api/delete"), start=True)
    await house.start()
    await eventually(lambda: house.sandbox.installed().get(C) == newest)
    await all_is_well(house, A, C, loaded=C)
    assert house.sandbox.installed()[C] == newest


async def test_killed_when_an_approved_plan_is_half_done(house: House) -> None:
    """The approval outlives the crash: the rest goes without a second one."""
    await with_a_guest(house, A, B, C)
    house.declare()
    status = await house.daemon.told("snapshot", lambda one: bool(one["runtimes"][0]["unsafe_digest"]))
    await house.daemon.post("/api/v1/plan/approve", digest=status["runtimes"][0]["unsafe_digest"])
    await house.killed_at(asked("/api/delete"))
    assert len(house.sandbox.installed()) > 1
    await house.start()
    await all_is_well(house)
