"""The real daemon on a repository: a push changes the models, and whatever is wrong with one changes nothing."""

import hmac
import json
import signal
import socket
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.conftest import House, Json, a_house
from tests.config.git.conftest import ALICE, BOB, Forge
from venom_modeld.cli.exits import ExitCode

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]

A, B, C = "qwen3:0.6b", "llama3.2:1b", "gemma3:270m"
SECRET = "open-sesame"


class Fleet(House):
    """A house whose file comes out of a repository that serves many hosts."""

    forge: Forge
    pushes = 0

    @property
    def path(self) -> str:
        """Return the path of this host's file."""
        return f"hosts/{socket.gethostname()}/models.yaml"

    def push(self, *models: str, author: str = ALICE, **more: object) -> str:
        """Push a file with these models, in the layout of people, unlike any before; gives the commit."""
        self.pushes += 1
        limits = "{removals: 1000, removal_share: 1, removal_gb: 1000}"
        lines = ["version: 1", "runtimes:", "  ollama:", "    kind: ollama", f"    url: {self.sandbox.ollama_url}"]
        lines += ["    prune: managed", f"    limits: {limits}", "    models:", *(f"      - {one}" for one in models)]
        lines += [*(f"    {key}: {value}" for key, value in more.items()), f"# push {self.pushes}"]
        return self.forge.push(self.path, "\n".join(lines) + "\n", author=author, subject=f"Now {len(models)}")

    async def at(self, commit: str) -> Json:
        """Wait until all is as that commit says; return that status."""
        return await self.daemon.told(
            "snapshot", lambda one: one["file"]["applied_revision"] == commit and one["summary"] == "In sync"
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """Give a host that follows a repository, which is fetched when somebody says so and hardly ever otherwise."""
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    (folder / ".gitconfig").write_text("[user]\n\tname = Carol\n\temail = carol@example.org\n", encoding="utf-8")
    async with a_house(folder) as house:
        fleet = Fleet(folder, house.sandbox, house.ollama)
        fleet.forge = Forge(folder, home=folder)
        fleet.run.environment |= {"HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
        git = {"URL": fleet.forge.url, "PATH": "hosts/{host}/models.yaml", "INTERVAL": "1h"}
        fleet.set(**{f"SOURCE_GIT_{name}": value for name, value in git.items()})
        fleet.set(SOURCE_GIT_WEBHOOK_SECRET_FILE="secret")
        fleet.push(A)
        await fleet.start()
        try:
            yield fleet
        finally:
            await fleet.stop()


async def call(fleet: Fleet, **headers: str) -> int:
    """Call as a forge does after a push; gives the status."""
    body = json.dumps({"ref": "refs/heads/main"}).encode()
    made = hmac.new(SECRET.encode(), body, sha256).hexdigest()
    sent = {"x-hub-signature-256": f"sha256={made}", "content-type": "application/json"} | headers
    answer = await fleet.daemon.client.post("/api/v1/source/fetch", content=body, headers=sent)
    return answer.status_code


async def test_a_push_changes_the_models(fleet: Fleet) -> None:
    """At once, when the forge calls; the commit is the revision, and its author stands in the history."""
    commit = fleet.push(A, B, author=BOB)
    assert await call(fleet) == 200
    status = await fleet.at(commit)
    assert set(fleet.sandbox.installed()) == {A, B}
    file = status["file"]
    assert (file["path"], file["revision"], file["author"]) == (fleet.path, commit, BOB)
    assert file["source"] == {
        "url": fleet.forge.url,
        "ref": "HEAD",
        "commit": commit,
        "author": BOB,
        "subject": "Now 2",
        "fetched_at": file["source"]["fetched_at"],
        "reason": None,
        "error": None,
        "failing_since": None,
    }
    [last] = (await fleet.daemon.get("/api/v1/history?limit=1"))["operations"]
    assert (last["model_name"], last["operation_type"], last["status"]) == (B, "install", "completed")
    assert (last["revision"], last["author"]) == (commit, BOB)


async def test_sighup_fetches_at_once(fleet: Fleet) -> None:
    """As it reads a file at once."""
    commit = fleet.push(A, C)
    fleet.daemon.process.send_signal(signal.SIGHUP)
    await fleet.at(commit)
    assert set(fleet.sandbox.installed()) == {A, C}


async def test_a_commit_that_is_not_valid_changes_nothing(fleet: Fleet) -> None:
    """It is told with its line, as in the repository; the next good one counts."""
    good = fleet.push(A)
    await call(fleet)
    await fleet.at(good)
    bad = fleet.forge.push(fleet.path, "version: 1\nruntimes:\n  ollama: {kind: ollana}\n")
    await call(fleet)
    status = await fleet.daemon.told("snapshot", lambda one: bool(one["file"]["problems"]))
    assert (status["file"]["revision"], status["file"]["attempted_revision"]) == (good, bad)
    assert status["file"]["problems"][0].startswith(f"{fleet.path}:3:")
    assert status["conditions"][-1]["type"] == "SourceFetched"
    assert status["conditions"][-1]["status"] == "True"
    gone = fleet.forge.push(fleet.path, None)
    await call(fleet)
    await fleet.daemon.told("snapshot", lambda one: f"commit {gone[:12]} has no such file" in str(one["file"]))
    assert set(fleet.sandbox.installed()) == {A}
    again = fleet.push(A, B)
    await call(fleet)
    status = await fleet.at(again)
    assert status["file"]["problems"] == []


async def test_a_fetch_that_fails_changes_nothing(fleet: Fleet) -> None:
    """What is in force is worked on, over a restart too; the condition and the metrics tell of it."""
    commit = fleet.push(A)
    await call(fleet)
    await fleet.at(commit)
    away = fleet.forge.bare.rename(fleet.forge.bare.with_name("away.git"))
    await call(fleet)
    status = await fleet.daemon.told("snapshot", lambda one: one["file"]["source"]["error"] is not None)
    condition = status["conditions"][-1]
    assert (condition["type"], condition["status"], condition["reason"]) == ("SourceFetched", "False", "NotFound")
    assert condition["message"].endswith("what was fetched before stays in force")
    assert "venom_modeld_source_fetched 0.0" in (await fleet.daemon.client.get("/metrics")).text
    assert await fleet.stop() == 0
    await fleet.ollama.delete(A)
    await fleet.start()
    await fleet.at(commit)
    assert set(fleet.sandbox.installed()) == {A}
    away.rename(fleet.forge.bare)
    await call(fleet)
    status = await fleet.daemon.told("snapshot", lambda one: one["file"]["source"]["error"] is None)
    assert status["conditions"][-1]["status"] == "True"


async def test_nothing_here_edits_the_file(fleet: Fleet) -> None:
    """A click and a command end in the diff to commit, which git takes; after the push the models follow."""
    commit = fleet.push(A)
    await call(fleet)
    await fleet.at(commit)
    asked = {"name": C, "runtime": "ollama"}
    answer = await fleet.daemon.client.post("/api/v1/models/registry/install", json=asked)
    refused = answer.json()
    assert answer.status_code == 403
    assert refused["detail"].startswith(f"nothing here edits {fleet.path}, because it comes from {fleet.forge.url}")
    assert (await fleet.daemon.get("/api/v1/desired"))["edits"] is False
    told = await fleet.run("install", "ollama", C)
    assert (told.code, refused["diff"] in told.err) == (ExitCode.FAILED, True)
    (fleet.folder / "change.diff").write_text(refused["diff"], encoding="utf-8")
    fleet.forge.git("apply", "-p0", fleet.folder / "change.diff")
    fleet.forge.git("commit", "--quiet", "--all", "--message=Install it")
    fleet.forge.git("push", "--quiet", "origin", "HEAD")
    await call(fleet)
    await fleet.at(fleet.forge.git("rev-parse", "HEAD"))
    assert set(fleet.sandbox.installed()) == {A, C}


async def test_commands_read_what_was_fetched(fleet: Fleet) -> None:
    """`plan`, `validate` and a dry run look at the last commit; a file that is named counts instead."""
    commit = fleet.push(A)
    await call(fleet)
    await fleet.at(commit)
    plan = await fleet.run("plan", "--format", "json")
    assert (plan.code, plan.json["revision"]) == (0, commit)
    checked = await fleet.run("validate")
    assert checked.out.startswith(f"{fleet.path}: OK")
    tried = await fleet.run("remove", "ollama", A, "--dry-run")
    assert (tried.code, f"-      - {A}" in tried.out) == (0, True)
    same = await fleet.run("install", "ollama", A)
    assert (same.code, "says so already" in same.err) == (0, True)
    own = fleet.folder / "own.yaml"
    own.write_text((fleet.forge.checkout / fleet.path).read_text(encoding="utf-8"), encoding="utf-8")
    assert (await fleet.run("install", "ollama", B, "--file", own)).code == 0
    assert B in own.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-hub-signature-256": "sha256=00"}, 401),
        ({"x-hub-signature-256": "", "x-gitlab-token": SECRET}, 200),
        ({"x-gitlab-token": "wrong"}, 401),
    ],
)
async def test_a_webhook_proves_itself(fleet: Fleet, headers: dict[str, str], status: int) -> None:
    """By a digest of what it sends, or by the secret itself."""
    assert await call(fleet, **headers) == status


async def test_apply_fetches_first(fleet: Fleet, tmp_path: Path) -> None:
    """Done once without a daemon, it is done as the newest commit says."""
    fleet.push(A, B)
    assert await fleet.stop() == 0
    done = await fleet.run("apply")
    assert done.code == 0
    assert set(fleet.sandbox.installed()) == {A, B}
    fleet.forge.push(fleet.path, None)
    gone = await fleet.run("apply")
    assert (gone.code, "has no such file" in gone.err) == (ExitCode.FAILED, True)
    await fleet.start()
