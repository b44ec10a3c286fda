"""The calls that edit the file, on a real file, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.api.builder import (
    NOON,
    installed,
    inventory,
    loaded,
    name,
    observation,
    record,
    runtime,
    snapshot,
)
from tests.api.conftest import House, furnished
from tests.api.test_reading import assert_problem
from tests.conftest import read_only
from venom_modeld.api.guard import Guard
from venom_modeld.api.masking import masked
from venom_modeld.config.desired_file import parse_models
from venom_modeld.config.editor import unified_diff
from venom_modeld.config.loader import revision_of
from venom_modeld.core.desired import RuntimeSpec
from venom_modeld.core.inventory import Inventory
from venom_modeld.core.observed import Disk, ObservedState, RemoteModel, Unknown
from venom_modeld.core.plan import Block, BlockKind
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.registry import kinds
from venom_modeld.state.snapshot import RuntimeSnapshot

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = """\
# Ours. Ask before you change it.
version: 1
runtimes:
  ollama:  # the big one
    kind: ollama
    url: http://127.0.0.1:11434
    prune: managed
    active: llama3.2:3b  # for now
    models:
      - llama3.2:3b
      - {name: "phi:14b", keep: true}
      - smollm2:135m
      - all-minilm
      - gemma3:270m
  spare:
    kind: ollama
    url: http://127.0.0.1:11435
    prune: never
    models:
      - tinyllama:1.1b
  hub:
    kind: vllm
    server: {env: {WANDB_API_KEY: secret}}
    url: http://127.0.0.1:8000
    prune: managed
"""
DECLARED = ("llama3.2:3b", "phi:14b", "smollm2:135m", "all-minilm", "gemma3:270m")
DISK = Disk(path="/srv", free_bytes=10_000_000_000, total_bytes=500_000_000_000)

INSTALL = "/api/v1/models/registry/install"
REMOVE = "/api/v1/models/registry/"
ACTIVATE = "/api/v1/models/activate"
SWITCH = "/api/v1/models/switch"
SERVER = "/api/v1/system/llm-servers/active"
CHANGE = "/api/v1/desired/change"


def specs(text: str = TEXT) -> tuple[RuntimeSpec, ...]:
    """Return the runtimes of a file."""
    return parse_models(text.encode(), path="models.yaml", kinds=kinds()).runtimes


def seen(*more: str) -> ObservedState:
    """Return what the first runtime has: all that is declared, and more."""
    models = [installed(text, 1_000_000_000) for text in (*DECLARED, *more)]
    observed = observation(*models, in_memory=[loaded("llama3.2:3b")])
    return replace(observed, disk=DISK, remote={name("qwen3:8b"): RemoteModel(digest=None, size_bytes=5_200_000_000)})


def shown(observed: ObservedState | None = None, owned: Inventory | None = None, **more: Any) -> RuntimeSnapshot:
    """Return the first runtime as the daemon sees it."""
    owned = owned or inventory(*DECLARED, last_active=name("llama3.2:3b"), pinned=frozenset({name("llama3.2:3b")}))
    return runtime(specs()[0], observed or seen("mistral:7b"), owned=owned, **more)


@pytest.fixture
def writing(house: House, tmp_path: Path) -> House:
    """Furnish an application with a file to edit, and what the daemon sees of its runtimes."""
    return with_file(house, tmp_path)


def with_file(house: House, folder: Path) -> House:
    """Give an application a file to edit."""
    house.file = folder / "models.yaml"
    house.file.write_text(TEXT)
    publish(house, shown())
    return house


@dataclass
class Desk:
    """An application that is served to a whole module, for calls that write nothing."""

    house: House
    client: httpx2.AsyncClient

    def check_untouched(self) -> None:
        """Check that nothing was written."""
        assert (self.house.file.read_text(), self.house.edits) == (TEXT, 0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """Serve an application to all tests that write nothing."""
    house = with_file(furnished(), tmp_path_factory.mktemp("desk"))
    async with house.open() as client:
        yield Desk(house, client)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def closed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """Serve an application that may not edit the file."""
    house = with_file(furnished(Guard(edits=False)), tmp_path_factory.mktemp("closed"))
    async with house.open() as client:
        yield Desk(house, client)


def publish(house: House, first: RuntimeSnapshot, version: int = 2) -> None:
    """Show the runtimes of the file, the first as given."""
    _, spare, hub = specs()
    there = observation(installed("tinyllama:1.1b", 600_000_000))
    house.hub.publish(snapshot(first, runtime(spare, there), runtime(hub, ObservedState()), version=version))


async def send(
    client: httpx2.AsyncClient, path: str, body: dict[str, Any] | None = None, **headers: str
) -> httpx2.Response:
    """Send a writing call; one without a body is a deletion."""
    sent = {key.replace("_", "-"): value for key, value in headers.items()}
    if body is None:
        return await client.delete(path, headers=sent)
    return await client.post(path, json=body, headers=sent)


EDITS: list[tuple[str, dict[str, Any] | None, str, str]] = [
    (
        INSTALL,
        {"name": "qwen3:8b", "provider": "ollama", "runtime": "ollama"},
        "gemma3:270m\n",
        "gemma3:270m\n      - qwen3:8b\n",
    ),
    (
        INSTALL,
        {"name": "Qwen/Qwen3-0.6B", "provider": "huggingface", "runtime": "vllm", "revision": "v1", "keep": True},
        "8000\n    prune: managed\n",
        "8000\n    prune: managed\n    models:\n      - {name: Qwen/Qwen3-0.6B, keep: true, revision: v1}\n",
    ),
    (
        INSTALL,
        {"name": "hf.co/a/b-GGUF:Q4", "provider": "huggingface", "runtime": "spare", "update": "always"},
        "- tinyllama:1.1b\n",
        "- tinyllama:1.1b\n      - {name: hf.co/a/b-GGUF:Q4, update: always}\n",
    ),
    (f"{REMOVE}phi%3A14b", None, '      - {name: "phi:14b", keep: true}\n', ""),
    (f"{REMOVE}all-minilm", None, "      - all-minilm\n", ""),
    (f"{REMOVE}tinyllama:1.1b?runtime=spare", None, "models:\n      - tinyllama:1.1b\n", "models: []\n"),
    (ACTIVATE, {"name": "phi:14b", "runtime": "ollama"}, "active: llama3.2:3b", "active: phi:14b"),
    (SWITCH, {"name": "phi:14b"}, "active: llama3.2:3b", "active: phi:14b"),
    (SERVER, {"server_name": "ollama", "model": "phi:14b"}, "active: llama3.2:3b", "active: phi:14b"),
    ("/api/v1/models/keep", {"name": "smollm2:135m"}, "- smollm2:135m", "- {name: smollm2:135m, keep: true}"),
    ("/api/v1/models/unkeep", {"name": "phi:14b"}, ", keep: true", ""),
    ("/api/v1/models/update", {"name": "gemma3:270m"}, "- gemma3:270m", "- {name: gemma3:270m, update: always}"),
    ("/api/v1/models/adopt", {"name": "mistral:7b"}, "gemma3:270m\n", "gemma3:270m\n      - mistral:7b\n"),
    ("/api/v1/desired/suspend", {}, "version: 1\n", "version: 1\nsuspend: true\n"),
    ("/api/v1/desired/suspend", {"runtime": "spare"}, "never\n", "never\n    suspend: true\n"),
]


@pytest.mark.parametrize(("path", "body", "old", "new"), EDITS, ids=lambda value: str(value)[:50])
async def test_a_call_edits_the_file_and_nothing_else(
    writing: House, path: str, body: dict[str, Any] | None, old: str, new: str
) -> None:
    """Comments and order stay, the answer holds the diff and the new revision, and the daemon is told to read."""
    async with writing.open() as client:
        answer = await send(client, path, body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert writing.file.read_text() == TEXT.replace(old, new, 1)
    assert (told["success"], told["changed"], told["path"]) == (True, True, str(writing.file))
    assert told["revision"] == revision_of(writing.file.read_bytes())
    assert told["diff"].startswith(f"--- {writing.file}\n+++ {writing.file}\n")
    assert told["message"].endswith(".")
    assert writing.edits == 1
    assert "secret" not in answer.text


@pytest.mark.parametrize(("path", "body", "old", "new"), EDITS, ids=lambda value: str(value)[:50])
async def test_edits_can_be_closed(closed: Desk, path: str, body: dict[str, Any] | None, old: str, new: str) -> None:
    """Where `api.edits` is off the answer is 403 with the diff to commit, in words and by itself."""
    told = assert_problem(await send(closed.client, path, body), 403)
    assert told["detail"].startswith(
        "api.edits is off, because something else owns the file. Commit this instead:\n\n---"
    )
    assert told["detail"].endswith(told["diff"])
    assert told["diff"] == masked(unified_diff(TEXT, TEXT.replace(old, new, 1), str(closed.house.file)))
    closed.check_untouched()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ACTIVATE, {"name": "LLAMA3.2:3b"}),
        (SERVER, {"server_name": "ollama"}),
        ("/api/v1/models/keep", {"name": "phi:14b"}),
        ("/api/v1/desired/resume", {}),
    ],
)
async def test_what_the_file_says_already_is_a_success(
    desk: Desk, closed: Desk, path: str, body: dict[str, Any]
) -> None:
    """Nothing is written, also where edits are off."""
    for one in (desk, closed):
        told = (await send(one.client, path, body)).json()
        assert (told["success"], told["changed"], told["diff"]) == (True, False, "")
        one.check_untouched()


REFUSALS: list[tuple[str, dict[str, Any] | None, int, str]] = [
    (INSTALL, {"name": "a:1b", "runtime": "nine"}, 404, "its runtimes are: ollama, spare, hub"),
    (INSTALL, {"name": "a:1b"}, 409, "several runtimes: ollama, spare"),
    (INSTALL, {"name": "phi:14b", "runtime": "ollama"}, 409, "phi:14b is declared on ollama already"),
    (INSTALL, {"name": "Qwen/Qwen3-0.6B", "runtime": "ollama"}, 422, "for GGUF files on Ollama write hf.co/"),
    (INSTALL, {"name": "a/b-GGUF", "provider": "huggingface"}, 422, "hub: 'a/b-GGUF' holds GGUF files"),
    (INSTALL, {"name": "a/b", "provider": "huggingface", "runtime": "spare"}, 422, "not of huggingface"),
    (INSTALL, {"name": "a:1b", "runtime": "spare", "revision": "v1"}, 422, "Nothing was written"),
    (INSTALL, {"name": "  "}, 422, "body.name"),
    (INSTALL, {"name": "a", "provider": "nobody"}, 422, "body.provider"),
    (INSTALL, {"name": "a", "force": True}, 422, "body.force"),
    (f"{REMOVE}nothing:1b", None, 404, "no runtime of"),
    (f"{REMOVE}mistral:7b", None, 409, "it is there all the same"),
    (f"{REMOVE}phi:14b?runtime=spare", None, 404, "does not declare phi:14b on spare"),
    (f"{REMOVE}a%20b", None, 422, "'a b'"),
    (ACTIVATE, {"name": "nothing:1b", "runtime": "ollama"}, 404, "run `venom-modeld install ollama nothing:1b` first"),
    (SERVER, {"server_name": "nine"}, 404, "the runtimes are: ollama, spare, hub"),
    (SERVER, {"server_name": "spare"}, 409, "say which by `model`"),
    ("/api/v1/models/adopt", {"name": "phi:14b"}, 409, "declared on ollama already"),
    ("/api/v1/models/adopt", {"name": "nothing:1b", "runtime": "ollama"}, 404, "nothing to adopt"),
    ("/api/v1/desired/suspend", {"runtime": "nine"}, 404, "nine"),
]


@pytest.mark.parametrize(("path", "body", "status", "words"), REFUSALS, ids=lambda value: str(value)[:50])
async def test_an_edit_that_cannot_be_made_is_told_why(
    desk: Desk, path: str, body: dict[str, Any] | None, status: int, words: str
) -> None:
    """The sentence says what to do, and the file stays as it was."""
    assert words in assert_problem(await send(desk.client, path, body), status)["detail"]
    desk.check_untouched()


async def test_a_file_that_is_broken_is_not_edited(writing: House) -> None:
    """Its problems are told with their places; what is in force stays."""
    writing.file.write_text(f"{TEXT}x: 1\n")
    async with writing.open() as client:
        told = assert_problem(await send(client, ACTIVATE, {"name": "phi:14b"}), 409)
        desired = (await client.get("/api/v1/desired")).json()
    line = len(TEXT.splitlines()) + 1
    assert told["detail"].startswith(f"{writing.file}:{line}:1: ")
    assert (desired["valid"], desired["problems"][0]) == (False, told["detail"])


async def test_a_file_that_cannot_be_written_gives_the_diff(house: House, tmp_path: Path) -> None:
    """The problem says so; here the name of the file leaves no room for that of a file beside it."""
    house.file = tmp_path / f"{'m' * 245}.yaml"
    house.file.write_text(TEXT)
    publish(house, shown())
    async with house.open() as client:
        told = assert_problem(await send(client, ACTIVATE, {"name": "phi:14b"}), 500)
    assert "could not be written and is as it was" in told["detail"]
    assert "+    active: phi:14b" in told["diff"]


async def test_a_file_that_may_not_be_written_gives_the_diff_to_commit(house: House, open_folder: Path) -> None:
    """A checkout that is read-only here is edited where it comes from, as where edits are off."""
    with_file(house, open_folder)
    async with house.open() as client:
        with read_only(open_folder):
            told = assert_problem(await send(client, ACTIVATE, {"name": "phi:14b"}), 403)
    assert "let this user write in its folder" in told["detail"]
    assert told["detail"].endswith(f"Commit this instead:\n\n{told['diff']}")
    assert house.file.read_text() == TEXT


@pytest.mark.parametrize("form", ['"{}"', "{}", 'W/"{}"', '"sha256:other", "{}"', "*"])
async def test_an_edit_of_the_revision_that_was_seen_is_made(writing: House, form: str) -> None:
    """`If-Match` takes the revision of the file, with quotes or without."""
    async with writing.open() as client:
        revision = (await client.get("/api/v1/desired")).json()["revision"]
        answer = await send(client, ACTIVATE, {"name": "phi:14b"}, if_match=form.format(revision))
        stale = await send(client, f"{REMOVE}all-minilm", if_match=f'"{revision}"')
        fresh = await send(client, f"{REMOVE}all-minilm", if_match=f'"{answer.json()["revision"]}"')
    assert (answer.status_code, fresh.status_code) == (200, 200)
    assert "another than you saw" in assert_problem(stale, 409)["detail"]


async def test_a_file_that_somebody_else_changed_is_not_edited(writing: House) -> None:
    """The other change stays, and the caller has to look at it first."""
    async with writing.open() as client:
        change = (await client.get(CHANGE, params={"action": "activate", "name": "phi:14b"})).json()
        writing.file.write_text(f"# mine\n{TEXT}")
        answer = await send(client, ACTIVATE, {"name": "phi:14b"}, if_match=change["revision"])
    assert_problem(answer, 409)
    assert writing.file.read_text() == f"# mine\n{TEXT}"


async def test_many_edits_at_once_are_all_made(writing: House) -> None:
    """They are made one after the other, and none overwrites another."""
    names = [f"model{number}:1b" for number in range(20)]
    async with writing.open() as client:
        sent = (send(client, INSTALL, {"name": name, "runtime": "ollama"}) for name in names)
        answers = await asyncio.gather(*sent)
    assert {answer.status_code for answer in answers} == {200}
    assert {str(model.name) for model in specs(writing.file.read_text())[0].models} >= set(names)
    assert len({answer.json()["revision"] for answer in answers}) == 20
    assert writing.edits == 20


async def test_of_two_edits_of_one_revision_one_is_made(writing: House) -> None:
    """Who comes second has not seen what the first one wrote."""
    async with writing.open() as client:
        revision = (await client.get("/api/v1/desired")).json()["revision"]
        sent = (send(client, ACTIVATE, {"name": name}, if_match=revision) for name in ("phi:14b", "all-minilm"))
        answers = await asyncio.gather(*sent)
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_a_link_stays_a_link(writing: House) -> None:
    """The real file is replaced."""
    real = writing.file.rename(writing.file.with_name("real.yaml"))
    writing.file.symlink_to(real.name)
    async with writing.open() as client:
        assert (await send(client, ACTIVATE, {"name": "phi:14b"})).status_code == 200
    assert writing.file.is_symlink()
    assert "active: phi:14b" in real.read_text()


@pytest.mark.parametrize(
    ("path", "body", "active"),
    [
        (ACTIVATE, {"name": "phi:14b"}, "phi:14b"),
        (ACTIVATE, {"name": "mistral:7b", "runtime": "ollama"}, "mistral:7b"),
        (SWITCH, {"name": "mistral:7b"}, "mistral:7b"),
        (SERVER, {"server_name": "ollama", "model": "phi:14b"}, "phi:14b"),
        (f"{REMOVE}llama3.2:3b", None, None),
        (f"{REMOVE}phi:14b", None, "llama3.2:3b"),
        (INSTALL, {"name": "qwen3:8b", "runtime": "ollama", "active": True}, "qwen3:8b"),
    ],
)
async def test_the_active_model_is_told(
    writing: House, path: str, body: dict[str, Any] | None, active: str | None
) -> None:
    """It is the one that the file makes active now; one that is there and not declared is declared with it."""
    async with writing.open() as client:
        told = (await send(client, path, body)).json()
    after = specs(writing.file.read_text())[0]
    assert told["active_model"] == active == (after.active and after.active.text)


async def test_a_runtime_without_an_active_model_serves_its_last_one(writing: House) -> None:
    """That is what the daemon remembers as proven."""
    text = TEXT.replace("    active: llama3.2:3b  # for now\n", "")
    writing.file.write_text(text)
    first = runtime(specs(text)[0], seen(), owned=inventory(*DECLARED, last_active=name("phi:14b")))
    publish(writing, first)
    async with writing.open() as client:
        told = (await send(client, SERVER, {"server_name": "ollama"})).json()
    assert told["active_model"] == "phi:14b"


def key_after(house: House, first: RuntimeSnapshot, kind: str, model: str) -> str | None:
    """Return the key that the planner gives an operation once it has read the file."""
    owned = first.inventory
    plan = runtime(specs(house.file.read_text())[0], first.observed, owned=owned).plan
    assert plan is not None
    found = (step for step in plan.steps if (step.operation.type, step.operation.model.text) == (kind, model))
    return next((step.key for step in found), None)


@pytest.mark.parametrize(
    ("path", "body", "kind", "model"),
    [
        (INSTALL, {"name": "qwen3:8b", "runtime": "ollama"}, "install", "qwen3:8b"),
        (INSTALL, {"name": "qwen3:8b", "runtime": "ollama", "active": True}, "install", "qwen3:8b"),
        (INSTALL, {"name": "mistral:7b", "runtime": "ollama", "active": True}, "activate", "mistral:7b"),
        (f"{REMOVE}smollm2:135m", None, "remove", "smollm2:135m"),
        (ACTIVATE, {"name": "phi:14b"}, "activate", "phi:14b"),
        (ACTIVATE, {"name": "mistral:7b"}, "activate", "mistral:7b"),
    ],
)
async def test_the_operation_that_follows_is_named(
    writing: House, path: str, body: dict[str, Any] | None, kind: str, model: str
) -> None:
    """The answer has the id that the planner will give it, and asking for it works before it is planned."""
    async with writing.open() as client:
        told = (await send(client, path, body)).json()
        found = (await client.get(f"/api/v1/models/operations/{told['operation_id']}")).json()["operation"]
    assert told["operation_id"] == key_after(writing, shown(), kind, model)
    assert (found["operation_id"], found["status"]) == (told["operation_id"], "pending")
    assert (found["operation_type"], found["model_name"], found["revision"]) == (kind, model, told["revision"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (INSTALL, {"name": "mistral:7b", "runtime": "ollama"}),
        ("/api/v1/models/adopt", {"name": "mistral:7b"}),
        ("/api/v1/models/keep", {"name": "smollm2:135m"}),
        (f"{REMOVE}phi:14b", None),
        (f"{REMOVE}tinyllama:1.1b", None),
        ("/api/v1/desired/suspend", {}),
    ],
)
async def test_where_nothing_follows_no_operation_is_named(
    writing: House, path: str, body: dict[str, Any] | None
) -> None:
    """What is there is declared, what is protected stays, and where nothing is pruned all stays."""
    publish(writing, shown(owned=inventory(*DECLARED, kept=["phi:14b"], last_active=name("llama3.2:3b"))))
    async with writing.open() as client:
        answer = await send(client, path, body)
    assert answer.json()["operation_id"] is None


async def test_an_operation_is_found_by_its_id_for_its_whole_life(writing: House) -> None:
    """Before it is planned, while it waits, while it runs, and when it has ended."""
    async with writing.open() as client:
        told = (await send(client, INSTALL, {"name": "qwen3:8b", "runtime": "ollama"})).json()
        key = told["operation_id"]

        async def status() -> str:
            answer = await client.get(f"/api/v1/models/operations/{key}")
            return str(answer.json()["operation"]["status"]) if answer.status_code == 200 else str(answer.status_code)

        after = specs(writing.file.read_text())[0]
        assert await status() == "pending"
        planned = record("qwen3:8b", id=key, key=key, status="pending")
        publish(writing, replace(shown(), spec=after, operations=(planned,), observed_generation=4), version=3)
        assert await status() == "pending"
        running = replace(planned, id=f"{key}-1a2b", status="in_progress")
        publish(writing, replace(shown(), spec=after, operations=(running,), observed_generation=4), version=4)
        assert await status() == "in_progress"
        publish(writing, replace(shown(), spec=after, observed_generation=4), version=5)
        assert await status() == "404"
        writing.history.records.append(replace(running, status="completed", completed_at=NOON))
        assert await status() == "completed"


async def test_an_operation_is_awaited_while_its_runtime_does_not_answer(writing: House) -> None:
    """A cycle that saw nothing has planned nothing; a later edit of the same model takes the announcement back."""
    gone = Unknown(reason="Unreachable", message="nobody answers")
    async with writing.open() as client:
        told = (await send(client, INSTALL, {"name": "qwen3:8b", "runtime": "ollama"})).json()
        publish(writing, replace(shown(), unknown=gone, observed_generation=4), version=3)
        path = f"/api/v1/models/operations/{told['operation_id']}"
        assert (await client.get(path)).status_code == 200
        taken = (await send(client, f"{REMOVE}qwen3:8b")).json()
        assert (await client.get(path)).status_code == 404
    assert taken["operation_id"] is None
    assert "does not answer now" in taken["message"]


async def preview(client: httpx2.AsyncClient, action: str, **query: str) -> dict[str, Any]:
    """Ask what a change would be."""
    answer = await client.get(CHANGE, params={"action": action, **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_installation_is_shown_with_what_it_needs(desk: Desk) -> None:
    """The lines, the command, the bytes, whether they fit, and which runtimes could serve the model."""
    told = await preview(
        desk.client, "install", name="qwen3:8b", provider="ollama", active="true", keep="true", update="always"
    )
    assert "+      - {name: qwen3:8b, update: always, keep: true}" in told["diff"].splitlines()
    assert told["commands"] == ["venom-modeld install ollama qwen3:8b --active --keep --follow"]
    assert (told["runtime"], told["model"], told["provider"]) == ("ollama", "qwen3:8b", "ollama")
    assert (told["declared"], told["installed"], told["active"], told["loaded"]) == (False, False, False, False)
    assert (told["needed_bytes"], told["needed_gb"], told["fits"]) == (5_200_000_000, 5.2, True)
    assert (told["free_bytes"], told["freed_bytes"], told["size_gb"]) == (10_000_000_000, 0, 5.2)
    assert (told["operation"], told["edits"], told["changed"]) == ("install", True, True)
    assert told["revision"] == revision_of(TEXT.encode())
    assert told["message"] == "qwen3:8b (5.2 GB) is to be installed on ollama, and then becomes its active model."
    assert [(one["runtime"], one["refused"] is None) for one in told["choices"]] == [
        ("ollama", True),
        ("spare", True),
        ("hub", False),
    ]
    desk.check_untouched()


async def test_an_installation_that_does_not_fit_is_shown(writing: House) -> None:
    """The planner's own reason is told, and that the step would wait."""
    small = replace(seen(), disk=replace(DISK, free_bytes=2_000_000_000))
    publish(writing, shown(small))
    async with writing.open() as client:
        told = await preview(client, "install", name="qwen3:8b", runtime="ollama")
    assert (told["fits"], told["block"]["reason"]) == (False, "DiskFull")
    assert "For now it waits:" in told["message"]


async def test_a_removal_is_shown_with_what_it_frees(desk: Desk) -> None:
    """Whether the model is active and loaded, and what goes with it."""
    told = await preview(desk.client, "remove", name="llama3.2:3b")
    assert (told["active"], told["loaded"], told["installed"], told["declared"]) == (True, True, True, True)
    assert (told["freed_bytes"], told["needed_bytes"], told["unsafe"]) == (1_000_000_000, 0, None)
    assert told["commands"] == ["venom-modeld remove ollama llama3.2:3b"]
    assert told["message"] == (
        "llama3.2:3b is to be removed from ollama, which frees up to 1.0 GB."
        " It was the active model; ollama has none now."
    )


async def test_a_version_with_another_name_frees_nothing(writing: House) -> None:
    """Names of one version share what is on disk."""
    copy = replace(installed("smollm2:135m", 1_000_000_000), name=name("mine:latest"))
    observed = seen()
    publish(writing, shown(replace(observed, installed={**observed.installed, copy.name: copy})))
    async with writing.open() as client:
        assert (await preview(client, "remove", name="smollm2:135m"))["freed_bytes"] == 0


async def test_an_unsafe_removal_is_shown_with_its_digest(writing: House) -> None:
    """It would wait for an approval, and that is told before it is made."""
    writing.file.write_text(
        TEXT.replace("      - all-minilm\n      - gemma3:270m\n", "").replace("      - smollm2:135m\n", "")
    )
    small = specs(writing.file.read_text())[0]
    observed = observation(installed("llama3.2:3b"), installed("phi:14b"), in_memory=[loaded("llama3.2:3b")])
    publish(
        writing, runtime(replace(small, models=small.models[:2]), observed, owned=inventory("llama3.2:3b", "phi:14b"))
    )
    writing.file.write_text(writing.file.read_text().replace('      - {name: "phi:14b", keep: true}\n', ""))
    async with writing.open() as client:
        told = await preview(client, "remove", name="llama3.2:3b")
    assert "it would leave nothing that the file wants" in told["unsafe"]["reasons"]
    assert told["block"]["kind"] == "unsafe"
    assert "approve" in told["message"]


SENTENCES: list[tuple[dict[str, str], str, list[str]]] = [
    (
        {"action": "install", "name": "phi:14b"},
        "phi:14b is declared on ollama, and it is there.",
        ["install ollama phi:14b"],
    ),
    (
        {"action": "install", "name": "mistral:7b", "active": "true"},
        "mistral:7b is on ollama already, and becomes its active model.",
        ["install ollama mistral:7b --active"],
    ),
    (
        {"action": "install", "name": "Qwen/Qwen3-0.6B", "revision": "v1"},
        "Qwen/Qwen3-0.6B is to be installed on hub.",
        ["install hub Qwen/Qwen3-0.6B --revision v1"],
    ),
    (
        {"action": "activate", "name": "phi:14b"},
        "phi:14b becomes the active model of ollama.",
        ["activate ollama phi:14b"],
    ),
    (
        {"action": "activate", "name": "llama3.2:3b"},
        "llama3.2:3b is the active model of ollama already.",
        ["activate ollama llama3.2:3b"],
    ),
    (
        {"action": "activate", "name": "mistral:7b"},
        "mistral:7b becomes the active model of ollama.",
        ["install ollama mistral:7b", "activate ollama mistral:7b"],
    ),
    (
        {"action": "remove", "name": "smollm2:135m"},
        "smollm2:135m is to be removed from ollama, which frees up to 1.0 GB.",
        ["remove ollama smollm2:135m"],
    ),
    (
        {"action": "remove", "name": "tinyllama:1.1b"},
        "tinyllama:1.1b is no longer declared, and stays on spare: nothing is removed there (prune: never).",
        ["remove spare tinyllama:1.1b"],
    ),
    (
        {"action": "keep", "name": "smollm2:135m"},
        "smollm2:135m stays on ollama, also when the file no longer names it.",
        ["keep ollama smollm2:135m"],
    ),
    (
        {"action": "unkeep", "name": "phi:14b"},
        "phi:14b may be removed from ollama when the file no longer names it.",
        ["unkeep ollama phi:14b"],
    ),
    (
        {"action": "update", "name": "phi:14b"},
        "phi:14b on ollama follows its tag or branch, and is updated when it moves.",
        ["update ollama phi:14b"],
    ),
    (
        {"action": "update", "name": "phi:14b", "update": "never"},
        "phi:14b stays at the version that is installed on ollama.",
        ["update ollama phi:14b --never"],
    ),
    (
        {"action": "adopt", "name": "mistral:7b"},
        "mistral:7b is declared on ollama, and it is there.",
        ["install ollama mistral:7b"],
    ),
    ({"action": "suspend"}, "Nothing is changed on any runtime until it is resumed.", ["suspend"]),
    ({"action": "suspend", "runtime": "spare"}, "Nothing is changed on spare until it is resumed.", ["suspend spare"]),
    ({"action": "resume"}, "Work goes on everywhere.", ["resume"]),
    ({"action": "resume", "runtime": "spare"}, "Work goes on on spare.", ["resume spare"]),
]


@pytest.mark.parametrize(("query", "message", "commands"), SENTENCES, ids=lambda value: str(value)[:50])
async def test_every_change_is_told_in_a_sentence_and_as_a_command(
    desk: Desk, query: dict[str, str], message: str, commands: list[str]
) -> None:
    """A person reads the one and runs the other."""
    told = await preview(desk.client, **query)
    assert (told["message"], told["commands"]) == (message, [f"venom-modeld {command}" for command in commands])


MISTRAL = {"name": "mistral:7b", "runtime": "ollama"}


@pytest.mark.parametrize(
    ("first", "query", "message"),
    [
        pytest.param(
            shown(owned=inventory("phi:14b", kept=["phi:14b"])),
            {"action": "remove", "name": "phi:14b"},
            "phi:14b is no longer declared, and stays on ollama: the file protected it (keep: true).",
            id="kept",
        ),
        pytest.param(
            shown(owned=inventory()),
            {"action": "remove", "name": "all-minilm"},
            "all-minilm:latest is no longer declared, and stays on ollama: this daemon did not install it, or it is"
            " still needed.",
            id="not ours",
        ),
        pytest.param(
            shown(observation(), operations=(record("phi:14b"),)),
            {"action": "remove", "name": "phi:14b"},
            "phi:14b is no longer declared on ollama, and its download ends.",
            id="on its way",
        ),
        pytest.param(
            shown(observation()),
            {"action": "remove", "name": "phi:14b"},
            "phi:14b is no longer declared on ollama.",
            id="not there",
        ),
        pytest.param(
            shown(observation()),
            {"action": "activate", "name": "phi:14b"},
            "phi:14b is to be installed on ollama, and then becomes its active model.",
            id="to be installed first",
        ),
        pytest.param(
            shown(unknown=Unknown(reason="Unreachable", message="nobody answers")),
            {"action": "activate", "name": "phi:14b"},
            "phi:14b becomes the active model of ollama. ollama does not answer now; what is to be done is done when it"
            " does.",
            id="out of reach",
        ),
        pytest.param(
            RuntimeSnapshot(spec=specs()[0]),
            {"action": "activate", "name": "phi:14b"},
            "phi:14b becomes the active model of ollama.",
            id="not asked yet",
        ),
        pytest.param(
            RuntimeSnapshot(spec=specs()[0]),
            {"action": "install", **MISTRAL},
            "mistral:7b is declared on ollama.",
            id="to be installed where nothing is known",
        ),
        pytest.param(
            shown(
                replace(seen(), remote={name("phi:14b"): RemoteModel(digest="sha256:new", size_bytes=9_000_000_000)})
            ),
            {"action": "update", "name": "phi:14b"},
            "phi:14b on ollama follows its tag or branch, and is updated now.",
            id="outdated",
        ),
        pytest.param(
            shown(
                replace(seen(), remote={name("phi:14b"): RemoteModel(digest="sha256:new", size_bytes=9_000_000_000)})
            ),
            {"action": "install", "name": "phi:14b", "runtime": "ollama", "update": "always"},
            "phi:14b (9.0 GB) is to be updated on ollama.",
            id="installed again with options",
        ),
    ],
)
async def test_a_sentence_fits_what_is_known(
    writing: House, first: RuntimeSnapshot, query: dict[str, str], message: str
) -> None:
    """What stays is told with the reason, and what is not known is not claimed."""
    publish(writing, first)
    async with writing.open() as client:
        assert (await preview(client, **query))["message"] == message


@pytest.mark.parametrize(
    ("text", "runtime_", "message"),
    [
        (TEXT.replace("version: 1", "version: 1\nsuspend: true"), "", "Work goes on everywhere."),
        (TEXT.replace("never", "never\n    suspend: true"), "", "Work goes on; still suspended: spare."),
        (
            TEXT.replace("version: 1", "version: 1\nsuspend: true"),
            "spare",
            "spare is resumed, but the whole file is suspended.",
        ),
    ],
)
async def test_what_stays_suspended_is_told(writing: House, text: str, runtime_: str, message: str) -> None:
    """A runtime and the whole file are suspended each by itself."""
    writing.file.write_text(text)
    async with writing.open() as client:
        assert (await preview(client, "resume", runtime=runtime_))["message"] == message


async def test_a_step_that_waits_for_a_person_is_told(writing: House) -> None:
    """A failure that is remembered keeps the next attempt too."""
    writing.file.write_text(TEXT.replace("      - gemma3:270m\n", "      - gemma3:270m\n      - qwen3:8b\n"))
    wanted = specs(writing.file.read_text())[0]
    key = next(step.key for step in runtime(wanted, seen()).plan.steps if step.operation.model == name("qwen3:8b"))  # type: ignore[union-attr]
    block = Block(kind=BlockKind.STALLED, reason=Reason.NOT_FOUND, message="the registry has no such model")
    publish(writing, runtime(wanted, seen(), owned=inventory(*DECLARED), blocks={key: block}))
    async with writing.open() as client:
        told = await preview(client, "activate", name="qwen3:8b")
    assert told["operation_id"] == key
    assert told["block"]["reason"] == "NotFound"
    assert told["message"].endswith("For now it waits: the registry has no such model.")


async def test_the_file_is_shown_with_its_text_where_that_is_asked_for(desk: Desk) -> None:
    """Keys of the environment of a server are masked; the revision is that of the whole content."""
    short = (await desk.client.get("/api/v1/desired")).json()
    whole = (await desk.client.get("/api/v1/desired", params={"text": "true"})).json()
    assert short == {**whole, "text": None}
    assert whole == {
        "path": str(desk.house.file),
        "edits": True,
        "revision": revision_of(TEXT.encode()),
        "in_force": desk.house.hub.present.file.revision,
        "valid": True,
        "problems": [],
        "text": TEXT.replace("secret", "***"),
    }


async def test_a_file_that_is_not_there_is_shown_as_that(house: House, closed: Desk) -> None:
    """It is no error of the call; and whether edits are off is told."""
    async with house.open() as client:
        gone = (await client.get("/api/v1/desired?text=true")).json()
    assert (gone["revision"], gone["text"], gone["valid"]) == (None, None, False)
    assert "does not exist" in gone["problems"][0]
    assert (await closed.client.get("/api/v1/desired")).json()["edits"] is False


@pytest.mark.parametrize(
    "query",
    [
        "",
        "action=explode",
        "action=install&name=a&force=1",
        "action=keep&name=" + "a" * 501,
        "action=install&active=maybe",
    ],
)
async def test_a_change_that_makes_no_sense_is_refused(desk: Desk, query: str) -> None:
    """The answer names the part that is wrong."""
    assert_problem(await desk.client.get(f"{CHANGE}?{query}"), 422)
