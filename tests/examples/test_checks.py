"""The checks before a change counts: the hook in a real repository, the comment over real HTTP."""

import asyncio
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.examples.conftest import EXAMPLES
from venom_modeld.sandbox import Sandbox, SandboxSettings

FOLDER = EXAMPLES / "checks"
GOOD = "version: 1\nruntimes:\n  ollama: {kind: ollama, url: 'http://127.0.0.1:11434', prune: managed, models: [a]}\n"
BAD = "version: 1\nruntimes:\n  ollama: {kind: ollana, url: 'http://127.0.0.1:11434', prune: managed, models: [a]}\n"


@pytest.fixture
def git(tmp_path: Path, environment: dict[str, str]) -> Any:
    """Give git in a repository that has the hook, and one good file."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = ["git", *words]
        return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)

    run("init", "--quiet")
    shutil.copy(FOLDER / "pre-commit", checkout / ".git/hooks/pre-commit")
    file = checkout / "hosts/gpu 1/models.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(GOOD, encoding="utf-8")
    run("add", ".")
    assert run("commit", "-m", "Begin").returncode == 0
    run.file = file  # type: ignore[attr-defined]
    return run


def test_a_commit_with_a_bad_file_is_refused(git: Any) -> None:
    """With the problem, by the file's name in the repository."""
    git.file.write_text(BAD, encoding="utf-8")
    git("add", ".")
    refused = git("commit", "-m", "Change it")
    assert refused.returncode == 1
    assert "hosts/gpu 1/models.yaml:3:" in refused.stdout + refused.stderr


def test_what_is_staged_counts(git: Any) -> None:
    """A bad file that is not staged hinders nobody, and one that was mended without being staged is still bad."""
    git.file.write_text(BAD, encoding="utf-8")
    assert git("commit", "--allow-empty", "-m", "Nothing").returncode == 0
    git("add", ".")
    git.file.write_text(GOOD, encoding="utf-8")
    assert git("commit", "-m", "Change it").returncode == 1


def test_other_files_are_none_of_its_business(git: Any) -> None:
    """Nor is a file that is taken away."""
    (git.file.parent / "README").write_text("Ours.\n", encoding="utf-8")
    git("add", ".")
    assert git("commit", "-m", "Add it").returncode == 0
    git("rm", "-r", "--quiet", "hosts")
    assert git("commit", "-m", "Take it away").returncode == 0


@pytest.mark.parametrize(("text", "code"), [(GOOD, 0), (BAD, 1)])
def test_the_tool_calls_what_judges(tmp_path: Path, environment: dict[str, str], text: str, code: int) -> None:
    """The entry of its settings, with the files that it finds."""
    [repository] = yaml.safe_load((FOLDER / "pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    [hook] = repository["hooks"]
    (tmp_path / "models.yaml").write_text(text, encoding="utf-8")
    command = [*hook["entry"].split(), "models.yaml"]
    assert subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False).returncode == code


@contextmanager
def forge() -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """Take comments; give the address of them, and what was sent, each with its token."""
    taken: list[tuple[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            taken.append((self.headers["Authorization"], body))
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/comments", taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def test_a_plan_is_posted_as_a_comment(tmp_path: Path, environment: dict[str, str]) -> None:
    """In Markdown, a section for each file, with what is wrong with one that is not valid."""
    if shutil.which("curl") is None:
        pytest.skip("post-plan needs curl")
    async with Sandbox(SandboxSettings()) as sandbox:
        (tmp_path / "good.yaml").write_text(GOOD.replace("http://127.0.0.1:11434", sandbox.ollama_url))
        (tmp_path / "bad.yaml").write_text(BAD)
        with forge() as (address, taken):
            command = [str(FOLDER / "post-plan"), address, "good.yaml", "bad.yaml"]
            more = {"TOKEN": "sesame", "VENOM_MODELD_REGISTRY_URL": sandbox.registry_url}
            posting = await ended(command, tmp_path, environment | more)
            assert posting == (0, "")
    [(token, comment)] = taken
    assert token == "Bearer sesame"
    body = comment["body"]
    assert body.startswith("### good.yaml\n\n## Plan for ")
    assert "a:latest" in body
    assert "### bad.yaml\n\n```\nbad.yaml:3:" in body


async def ended(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[int | None, str]:
    """Run a program while the sandbox answers it; gives its exit code and what it complains of."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    _, said = await process.communicate()
    return process.returncode, said.decode()


def of_github(address: str) -> tuple[list[str], dict[str, str]]:
    """Return the commands of the workflow, and the variables that GitHub fills in."""
    job = yaml.safe_load((FOLDER / "github-workflow.yaml").read_text(encoding="utf-8"))["jobs"]["plan"]
    steps = [step for step in job["steps"] if "run" in step]
    values = {"TOKEN": "sesame", "COMMENTS": address, "BASE": "main"}
    assert {name for step in steps for name in step.get("env", {})} == values.keys()
    return [step["run"] for step in steps], values


def of_gitlab(address: str) -> tuple[list[str], dict[str, str]]:
    """Return the commands of the job, and the variables that GitLab fills in."""
    job = yaml.safe_load((FOLDER / "gitlab-ci.yaml").read_text(encoding="utf-8"))["plan"]
    values = {"CI_API_V4_URL": address, "CI_PROJECT_ID": "1", "CI_MERGE_REQUEST_IID": "7", "PLAN_TOKEN": "sesame"}
    return ["\n".join(job["script"])], values | {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "origin/main"}


@pytest.mark.parametrize("recipe", [of_github, of_gitlab])
async def test_a_recipe_posts_the_plan_of_what_changed(
    tmp_path: Path, git: Any, environment: dict[str, str], recipe: Any
) -> None:
    """And of nothing else; one comment for a change request, with a section for each file of it."""
    if shutil.which("curl") is None:
        pytest.skip("post-plan needs curl")
    checkout = tmp_path / "checkout"
    git("branch", "--move", "main")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    shutil.copy(FOLDER / "post-plan", checkout / "post-plan")
    async with Sandbox(SandboxSettings()) as sandbox:
        good = GOOD.replace("http://127.0.0.1:11434", sandbox.ollama_url)
        (checkout / "models.yaml").write_text(good, encoding="utf-8")
        git("add", ".")
        assert git("commit", "-m", "Change it").returncode == 0
        with forge() as (address, taken):
            commands, values = recipe(address)
            more = values | {"VENOM_MODELD_REGISTRY_URL": sandbox.registry_url}
            for command in commands:
                assert await ended(["bash", "-euo", "pipefail", "-c", command], checkout, environment | more) == (0, "")
    [(token, comment)] = taken
    assert token == "Bearer sesame"
    assert [line for line in comment["body"].splitlines() if line.startswith("### m")] == ["### models.yaml"]
    assert "hosts/" not in comment["body"]
