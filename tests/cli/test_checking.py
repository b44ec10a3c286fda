"""`validate` and `schema`, as scripts and editors call them."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke, Program
from venom_modeld.config.loader import revision_of

ROOT = Path(__file__).parents[2]

GOOD = """\
version: 1
runtimes:
  one: {kind: ollama, url: "http://127.0.0.1:1", prune: managed, models: [a, b]}
  two: {kind: ollama, url: "http://127.0.0.1:2", prune: never, models: [c]}
"""
BAD = "version: 1\nruntimes:\n  one: {kind: ollama, prune: sometimes, model: [a]}\n"


async def test_problems_of_all_files_are_told_at_once(program: Program) -> None:
    """Each has its place; good files are told too, and the exit code is 1."""
    (program.folder / "good.yaml").write_text(GOOD)
    (program.folder / "bad.yaml").write_text(BAD)
    ended = await program("validate", "bad.yaml", "good.yaml", "nowhere.yaml")
    lines = ended.out.splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        "bad.yaml:3:30:",
        "bad.yaml:3:41:",
        "good.yaml:",
        "nowhere.yaml:",
    ]
    assert lines[2] == "good.yaml: OK (2 runtimes, 3 models)"
    assert (ended.code, ended.err) == (1, "")


async def test_a_good_file_is_ok(program: Program) -> None:
    """The exit code is 0."""
    (program.folder / "good.yaml").write_text(GOOD)
    ended = await program("validate", "good.yaml")
    assert (ended.code, ended.out, ended.err) == (0, "good.yaml: OK (2 runtimes, 3 models)\n", "")


def test_without_a_name_the_file_of_the_settings_is_checked(invoke: Invoke, tmp_path: Path) -> None:
    """It is found as the daemon finds it."""
    (tmp_path / "modeld.yaml").write_text("file: mine.yaml\n")
    (tmp_path / "mine.yaml").write_text(GOOD)
    result = invoke("validate", "--config", tmp_path / "modeld.yaml")
    assert result.stdout == f"{tmp_path}/mine.yaml: OK (2 runtimes, 3 models)\n"


def test_problems_as_json_have_their_places_as_numbers(invoke: Invoke, tmp_path: Path) -> None:
    """A file that cannot be read has none."""
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(BAD)
    paths = [str(tmp_path / name) for name in ("good.yaml", "bad.yaml", "nowhere.yaml")]
    result = invoke("validate", "--format", "json", *paths)
    found = json.loads(result.stdout)
    assert (result.exit_code, found["valid"]) == (1, False)
    good, bad, nowhere = found["files"]
    assert good == {
        "file": paths[0],
        "valid": True,
        "revision": revision_of(GOOD.encode()),
        "runtimes": {"one": 2, "two": 1},
        "problems": [],
        "unchecked": [],
    }
    assert [(one["line"], one["column"]) for one in bad["problems"]] == [(3, 30), (3, 41)]
    assert [(one["line"], one["column"]) for one in nowhere["problems"]] == [(None, None)]
    assert (bad["valid"], bad["revision"], bad["runtimes"]) == (False, None, None)


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_schema_is_the_one_of_the_repository(form: str, invoke: Invoke) -> None:
    """`venom-modeld schema > config/models.schema.json` changes nothing."""
    assert invoke("schema", "--format", form).stdout == (ROOT / "config/models.schema.json").read_text()


def test_settings_that_are_wrong_are_all_told(invoke: Invoke, tmp_path: Path) -> None:
    """Each with its place, on standard error."""
    config = tmp_path / "modeld.yaml"
    config.write_text("interval: 5\nfiles: x\n")
    result = invoke("validate", "--config", config)
    assert result.exit_code == 1
    assert [line.partition(": ")[0] for line in result.stderr.splitlines()] == [f"{config}:1:11", f"{config}:2:1"]
