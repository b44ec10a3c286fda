"""The commands that edit models.yaml."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke, Program
from venom_modeld.cli import edits
from venom_modeld.cli.exits import ExitCode
from venom_modeld.config.loader import revision_of
from venom_modeld.core.edits import EditRefused, Refusal

TEXT = """\
version: 1
runtimes:
  one:  # the big one
    kind: ollama
    url: http://127.0.0.1:1
    prune: managed
    active: qwen3:0.6b
    models:
      - qwen3:0.6b  # small
      - llama3.2:3b
  two:
    kind: ollama
    url: http://127.0.0.1:2
    prune: never
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a file to edit."""
    path = tmp_path / "models.yaml"
    path.write_text(TEXT)
    return path


CHANGES = [
    (["install", "one", "gemma3:270m"], "      - llama3.2:3b\n", "      - llama3.2:3b\n      - gemma3:270m\n"),
    (["remove", "one", "LLAMA3.2:3B"], "      - llama3.2:3b\n", ""),
    (["activate", "one", "llama3.2:3b"], "    active: qwen3:0.6b\n", "    active: llama3.2:3b\n"),
    (
        ["install", "one", "gemma3:270m", "--active", "--keep", "--follow"],
        "    active: qwen3:0.6b\n    models:\n      - qwen3:0.6b  # small\n      - llama3.2:3b\n",
        (
            "    active: gemma3:270m\n    models:\n      - qwen3:0.6b  # small\n      - llama3.2:3b\n"
            "      - {name: gemma3:270m, keep: true, update: always}\n"
        ),
    ),
    (["keep", "one", "llama3.2:3b"], "- llama3.2:3b\n", "- {name: llama3.2:3b, keep: true}\n"),
    (["update", "one", "llama3.2:3b"], "- llama3.2:3b\n", "- {name: llama3.2:3b, update: always}\n"),
    (["suspend"], "version: 1\n", "version: 1\nsuspend: true\n"),
    (["suspend", "two"], "    prune: never\n", "    prune: never\n    suspend: true\n"),
]


@pytest.mark.parametrize(("arguments", "old", "new"), CHANGES, ids=[" ".join(row[0]) for row in CHANGES])
def test_an_edit_changes_its_lines_alone(arguments: list[str], old: str, new: str, file: Path, invoke: Invoke) -> None:
    """Comments and order stay; the diff goes to standard output, the rest to standard error."""
    result = invoke(*arguments, "--file", file)
    assert result.exit_code == 0
    assert file.read_text() == TEXT.replace(old, new)
    assert result.stdout.startswith(f"--- {file}\n+++ {file}\n@@ ")
    assert result.stderr == f"Written to {file}.\n"


@pytest.mark.parametrize("arguments", [row[0] for row in CHANGES], ids=[" ".join(row[0]) for row in CHANGES])
def test_a_dry_run_shows_the_same_diff_and_writes_nothing(arguments: list[str], file: Path, invoke: Invoke) -> None:
    """The file stays as it was."""
    dry = invoke(*arguments, "--file", file, "--dry-run")
    assert file.read_text() == TEXT
    assert dry.stderr == "Nothing was written.\n"
    assert dry.stdout == invoke(*arguments, "--file", file).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["unkeep", "one", "qwen3:0.6b"],
        ["update", "one", "qwen3:0.6b", "--never"],
        ["install", "one", "Qwen3:0.6B"],
        ["activate", "one", "QWEN3:0.6b"],
        ["resume"],
        ["resume", "one"],
    ],
    ids=" ".join,
)
def test_what_the_file_says_already_is_no_change(arguments: list[str], file: Path, invoke: Invoke) -> None:
    """Names are compared as the runtime does; the exit code is 0."""
    result = invoke(*arguments, "--file", file)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"Nothing to change: {file} says so already.\n"
    assert file.read_text() == TEXT


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["install", "nine", "a"], "has no runtime nine; its runtimes are: one, two"),
        (["suspend", "nine"], "has no runtime nine; its runtimes are: one, two"),
        (["remove", "one", "gemma3:270m"], "does not declare gemma3:270m on one; nothing was changed"),
        (["activate", "two", "a"], "does not declare a on two; run `venom-modeld install two a` first"),
        (["install", "one", "a b"], "a b"),
        (["install", "one", "a", "--revision", "v1"], "revision"),
        (["keep", "one", "a"], "does not declare a on one; install it first"),
        (["install", "one", "Qwen/Qwen3-0.6B"], "looks like a repository of Hugging Face"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_change_that_cannot_be_made_is_refused(
    arguments: list[str], message: str, file: Path, invoke: Invoke
) -> None:
    """The sentence names the file and what to do; the file stays as it was."""
    result = invoke(*arguments, "--file", file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert file.read_text() == TEXT


def test_removing_the_active_model_leaves_none_active_and_says_so(file: Path, invoke: Invoke) -> None:
    """Otherwise the file would name an active model that it does not declare."""
    result = invoke("remove", "one", "qwen3:0.6b", "--file", file)
    assert "active" not in file.read_text()
    assert result.stderr.splitlines()[0] == "qwen3:0.6b was the active model; one has none now."


def test_resuming_ends_what_suspending_began_and_tells_what_is_left(file: Path, invoke: Invoke) -> None:
    """A runtime that was suspended by itself stays so, and so does a whole file."""
    invoke("suspend", "--file", file)
    invoke("suspend", "one", "--file", file)
    assert "The whole file is suspended: venom-modeld resume" in invoke("resume", "one", "--file", file).stderr
    invoke("suspend", "one", "--file", file)
    assert "one is suspended: venom-modeld resume one" in invoke("resume", "--file", file).stderr
    invoke("resume", "one", "--file", file)
    assert file.read_text() == TEXT


def test_an_edit_as_json_tells_the_diff_and_the_revision(file: Path, invoke: Invoke) -> None:
    """Standard error stays empty."""
    result = invoke("install", "two", "a:1b", "--file", file, "--format", "json")
    told = json.loads(result.stdout)
    assert told.pop("diff").endswith("+    models:\n+      - a:1b\n")
    assert told == {
        "file": str(file),
        "changed": True,
        "written": True,
        "revision": revision_of(file.read_bytes()),
        "remarks": [],
    }
    assert result.stderr == ""


def test_a_file_that_is_not_valid_is_not_edited(file: Path, invoke: Invoke) -> None:
    """Its problems are told as `validate` tells them."""
    file.write_text(f"{TEXT}x: 1\n")
    result = invoke("install", "one", "a:1b", "--file", file)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{file}:15:1: ")


@pytest.mark.parametrize("why", Refusal)
def test_a_file_that_changed_meanwhile_has_its_own_exit_code(why: Refusal) -> None:
    """Scripts repeat the command then, and for no other refusal."""
    failure = edits.failure_of(EditRefused(why, "no"))
    assert str(failure) == "no"
    assert failure.code is (ExitCode.OUTDATED if why is Refusal.OUTDATED else ExitCode.FAILED)


def test_a_file_that_cannot_be_written_is_said_so(tmp_path: Path, invoke: Invoke) -> None:
    """It is as it was; here its name leaves no room for that of a file beside it."""
    path = tmp_path / f"{'m' * 245}.yaml"
    path.write_text(TEXT)
    result = invoke("suspend", "--file", path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "could not be written and is as it was" in result.stderr
    assert path.read_text() == TEXT


async def test_the_file_of_the_settings_is_edited_without_a_name(program: Program, file: Path) -> None:
    """The console script finds it as the daemon does."""
    (program.folder / "modeld.yaml").write_text(f"file: {file.name}\n")
    ended = await program("install", "two", "a:1b", "--config", "modeld.yaml")
    assert (ended.code, ended.err) == (0, "Written to models.yaml.\n")
    assert "- a:1b" in await asyncio.to_thread(file.read_text)
