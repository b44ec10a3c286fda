"""The editor of the file, that the command line and the API share; on real files."""

import asyncio
import errno
import fcntl
import os
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import read_only
from venom_modeld.config.loader import revision_of
from venom_modeld.core.edits import Action, Change, Edit, EditRefused, Refusal
from venom_modeld.core.kinds import RuntimeKind
from venom_modeld.core.names import ModelName, Provider, parse_ollama
from venom_modeld.engine.edits import file_text, make_edit, why_not_written
from venom_modeld.engine.file_editor import FileEditor
from venom_modeld.runtimes.registry import kinds

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
      - {name: "llama3.2:3b", keep: true}
  two:
    kind: ollama
    url: http://127.0.0.1:2
    prune: never
  hub:
    kind: vllm
    url: http://127.0.0.1:3
    prune: managed
"""

HUB = "    url: http://127.0.0.1:3\n    prune: managed\n"

THERE = {"one": [parse_ollama("mistral:7b")], "two": [parse_ollama("phi:latest")]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a file to edit."""
    path = tmp_path / "models.yaml"
    path.write_text(TEXT)
    return path


def make(file: Path, action: str, model: str = "", **more: Any) -> Edit:
    """Make an edit."""
    change = {key: value for key, value in more.items() if key in Change.__slots__}
    how = {key: value for key, value in more.items() if key not in change}
    return make_edit(file, kinds(), Change(action=Action(action), model=model, **change), **how)


def refused(file: Path, action: str, model: str = "", **more: Any) -> EditRefused:
    """Return why an edit is refused; the file stays as it is."""
    before = file.read_bytes()
    with pytest.raises(EditRefused) as caught:
        make(file, action, model, **more)
    assert file.read_bytes() == before
    return caught.value


EDITS: list[tuple[str, dict[str, Any], str, str]] = [
    ("install", {"model": "gemma3:270m", "runtime": "one"}, "keep: true}\n", "keep: true}\n      - gemma3:270m\n"),
    ("install", {"model": "gemma3:270m", "runtime": "two"}, "never\n", "never\n    models:\n      - gemma3:270m\n"),
    ("install", {"model": "Qwen/Qwen3-0.6B"}, HUB, f"{HUB}    models:\n      - Qwen/Qwen3-0.6B\n"),
    (
        "install",
        {"model": "Qwen/Qwen3-0.6B", "runtime": "vllm", "options": {"revision": "v1", "keep": True, "update": "never"}},
        HUB,
        f"{HUB}    models:\n      - {{name: Qwen/Qwen3-0.6B, revision: v1, keep: true}}\n",
    ),
    (
        "install",
        {"model": "llama3.2:3b", "runtime": "one", "active": True},
        "active: qwen3:0.6b",
        "active: llama3.2:3b",
    ),
    ("install", {"model": "Llama3.2:3b", "runtime": "one", "options": {"keep": False}}, ", keep: true", ""),
    ("remove", {"model": "LLAMA3.2:3B"}, '      - {name: "llama3.2:3b", keep: true}\n', ""),
    ("activate", {"model": "llama3.2:3b"}, "active: qwen3:0.6b", "active: llama3.2:3b"),
    (
        "activate",
        {"model": "phi", "installed": THERE},
        "prune: never\n",
        "prune: never\n    active: phi:latest\n    models:\n      - phi:latest\n",
    ),
    ("keep", {"model": "qwen3:0.6b"}, "- qwen3:0.6b  #", "- {name: qwen3:0.6b, keep: true}  #"),
    ("unkeep", {"model": "llama3.2:3b"}, ", keep: true", ""),
    ("update", {"model": "qwen3:0.6b"}, "- qwen3:0.6b  #", "- {name: qwen3:0.6b, update: always}  #"),
    ("adopt", {"model": "mistral:7b", "installed": THERE}, "keep: true}\n", "keep: true}\n      - mistral:7b\n"),
    ("suspend", {}, "version: 1\n", "version: 1\nsuspend: true\n"),
    ("suspend", {"runtime": "two"}, "prune: never\n", "prune: never\n    suspend: true\n"),
]


@pytest.mark.parametrize(("action", "more", "old", "new"), EDITS, ids=lambda value: str(value)[:40])
def test_an_edit_changes_its_lines_alone(action: str, more: dict[str, Any], old: str, new: str, file: Path) -> None:
    """Comments, order and quotes stay; the diff and the revision are those of the written file."""
    edit = make(file, action, **more)
    assert file.read_text() == TEXT.replace(old, new, 1)
    assert edit.written
    assert edit.diff.startswith(f"--- {file}\n+++ {file}\n@@ ")
    assert (edit.before.revision, edit.after.revision) == (revision_of(TEXT.encode()), revision_of(file.read_bytes()))


@pytest.mark.parametrize(("action", "more", "old", "new"), EDITS, ids=lambda value: str(value)[:40])
def test_an_edit_can_be_only_looked_at(action: str, more: dict[str, Any], old: str, new: str, file: Path) -> None:
    """The diff is the same, and nothing is written."""
    seen = make(file, action, **more, write=False)
    assert not seen.written
    assert file.read_text() == TEXT
    assert seen.diff == make(file, action, **more).diff


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("install", {"model": "Qwen3:0.6B", "runtime": "one"}),
        ("install", {"model": "qwen3:0.6b", "runtime": "one", "active": True, "options": {"update": "never"}}),
        ("activate", {"model": "QWEN3:0.6b"}),
        ("keep", {"model": "llama3.2:3b"}),
        ("unkeep", {"model": "qwen3:0.6b"}),
        ("update", {"model": "qwen3:0.6b", "options": {"update": "never"}}),
        ("adopt", {"model": "qwen3:0.6b"}),
        ("resume", {}),
        ("resume", {"runtime": "one"}),
    ],
)
def test_what_the_file_says_already_is_no_change(action: str, more: dict[str, Any], file: Path) -> None:
    """Names are compared as the runtime does, and the file is not touched."""
    before = file.stat().st_mtime_ns
    edit = make(file, action, **more)
    assert (edit.diff, edit.written, edit.before) == ("", False, edit.after)
    assert file.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("action", "more", "why", "message"),
    [
        (
            "install",
            {"model": "a", "runtime": "nine"},
            Refusal.UNKNOWN,
            "no runtime nine; its runtimes are: one, two, hub",
        ),
        ("suspend", {"runtime": "nine"}, Refusal.UNKNOWN, "no runtime nine"),
        ("install", {"model": "gemma3:270m"}, Refusal.SEVERAL, "several runtimes: one, two; say which by `runtime`"),
        ("install", {"model": "gemma3:270m", "runtime": "ollama"}, Refusal.SEVERAL, "one, two"),
        ("suspend", {"runtime": "ollama"}, Refusal.SEVERAL, "'ollama' may mean several runtimes: one, two"),
        ("install", {"model": "gemma3:270m", "runtime": "hub"}, Refusal.INVALID, "no repository of Hugging Face"),
        (
            "install",
            {"model": "Qwen/Qwen3-0.6B", "runtime": "one"},
            Refusal.INVALID,
            "for GGUF files on Ollama write hf.co/",
        ),
        ("install", {"model": "a b"}, Refusal.INVALID, "no runtime of"),
        (
            "install",
            {"model": "a:1b", "runtime": "one", "provider": Provider.HUGGINGFACE},
            Refusal.INVALID,
            "a name of ollama",
        ),
        ("install", {"model": "a:1b", "runtime": "one", "options": {"revision": "v1"}}, Refusal.INVALID, "revision"),
        ("remove", {"model": "gemma3:270m"}, Refusal.UNKNOWN, "no runtime of"),
        ("remove", {"model": "gemma3:270m", "runtime": "one"}, Refusal.UNKNOWN, "does not declare gemma3:270m on one"),
        ("remove", {"model": "mistral:7b", "installed": THERE}, Refusal.CONFLICT, "it is there all the same"),
        ("remove", {"model": "a b"}, Refusal.INVALID, "'a b'"),
        ("activate", {"model": "a", "runtime": "two"}, Refusal.UNKNOWN, "run `venom-modeld install two a` first"),
        ("keep", {"model": "a", "runtime": "two"}, Refusal.UNKNOWN, "does not declare a on two; install it first"),
        ("adopt", {"model": "a", "runtime": "two", "installed": THERE}, Refusal.UNKNOWN, "nothing to adopt"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_change_that_cannot_be_made_is_refused(
    action: str, more: dict[str, Any], why: Refusal, message: str, file: Path
) -> None:
    """The sentence says what to do, and the file stays as it was."""
    error = refused(file, action, **more)
    assert error.why is why
    assert message in str(error)


def test_a_guess_takes_the_first_runtime(file: Path) -> None:
    """For a look at a change the first will do, and all are told with why they cannot serve it."""
    edit = make(file, "install", "gemma3:270m", write=False, guess=True)
    assert edit.runtime is not None
    assert edit.runtime.name == "one"
    assert [(choice.runtime, choice.kind, choice.refused is None) for choice in edit.choices] == [
        ("one", "ollama", True),
        ("two", "ollama", True),
        ("hub", "vllm", False),
    ]


def test_a_model_is_found_where_it_is_declared(file: Path) -> None:
    """A name without a runtime means the one that declares it, and only then one that has it."""
    there: dict[str, list[ModelName]] = {"two": [parse_ollama("qwen3:0.6b")]}
    edit = make(file, "keep", "qwen3:0.6b", installed=there)
    assert edit.runtime is not None
    assert edit.runtime.name == "one"
    adopted = make(file, "adopt", "qwen3:0.6b", installed=there)
    assert adopted.runtime is not None
    assert adopted.runtime.name == "two"


def test_removing_the_active_model_leaves_none_active(file: Path) -> None:
    """Otherwise the file would name an active model that it does not declare."""
    edit = make(file, "remove", "qwen3:0.6b")
    after = edit.after.runtime("one")
    assert after is not None
    assert after.active is None
    assert "active" not in file.read_text()


def test_resuming_ends_what_suspending_began(file: Path) -> None:
    """The text is the same as before, to the byte."""
    make(file, "suspend", runtime="two")
    make(file, "suspend")
    make(file, "resume", runtime="two")
    make(file, "resume")
    assert file.read_text() == TEXT


def test_an_edit_that_would_break_the_file_is_not_written(file: Path) -> None:
    """Whatever an edit does, the result is read before it is written: here an alias may not be declared too."""
    file.write_text(TEXT.replace("active: qwen3:0.6b", "alias: default"))
    there = {"one": [parse_ollama("default")]}
    error = refused(file, "adopt", "default", installed=there)
    assert error.why is Refusal.INVALID
    assert str(error).startswith("Nothing was written, because the file would not be valid:\n")


def test_an_edit_that_cannot_be_made_safely_is_refused(file: Path) -> None:
    """What is shared in the file by an anchor would change elsewhere too."""
    shared = TEXT.replace("    models:\n", "    models: &m\n").replace("prune: never", "prune: never\n    models: *m")
    file.write_text(shared.replace("    active: qwen3:0.6b\n", ""))
    error = refused(file, "install", "a:1b", runtime="one")
    assert error.why is Refusal.CONFLICT
    assert "write the values out first" in str(error)


@pytest.mark.parametrize("content", [b"version: 2\n", b"runtimes: [\n", b"\xff\xfe", b""])
def test_a_file_that_is_not_valid_is_not_edited(content: bytes, file: Path) -> None:
    """Its problems are told as they are told everywhere."""
    file.write_bytes(content)
    error = refused(file, "suspend")
    assert error.why is Refusal.BROKEN
    assert str(file) in str(error)


def test_a_file_that_is_not_there_is_not_edited(tmp_path: Path) -> None:
    """Nothing is created in its place."""
    with pytest.raises(EditRefused) as caught:
        make(tmp_path / "folder" / "models.yaml", "suspend")
    assert caught.value.why is Refusal.BROKEN
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("expected", [(), ("*",), (revision_of(TEXT.encode()),), ("other", revision_of(TEXT.encode()))])
def test_an_edit_of_the_revision_that_was_seen_is_made(expected: tuple[str, ...], file: Path) -> None:
    """Any of several revisions will do, and a star stands for all."""
    assert make(file, "suspend", expected=expected).written


@pytest.mark.parametrize("write", [True, False])
def test_an_edit_of_another_revision_is_refused(file: Path, *, write: bool) -> None:
    """Somebody changed the file since it was looked at."""
    assert refused(file, "suspend", expected=("sha256:other",), write=write).why is Refusal.OUTDATED


def meddling(meddle: Callable[[], object]) -> dict[str, RuntimeKind]:
    """Return kinds of runtimes; somebody else comes when the one vLLM is read for the second time, as it would be."""
    looks: list[None] = []
    vllm = kinds()["vllm"]

    def to_options(keys: Any) -> Any:
        looks.append(None)
        if len(looks) == 2:
            meddle()
        return vllm.to_options(keys)

    return {**kinds(), "vllm": replace(vllm, to_options=to_options)}


def write_mine(path: Path) -> None:
    """Write to the file as somebody else."""
    path.write_text(f"# mine\n{TEXT}")


@pytest.mark.parametrize("meddle", [write_mine, Path.unlink])
def test_what_somebody_else_does_meanwhile_stays(meddle: Callable[[Path], None], file: Path) -> None:
    """The file is looked at again right before it is written."""
    with pytest.raises(EditRefused) as caught:
        make_edit(file, meddling(lambda: meddle(file)), Change(action=Action.SUSPEND))
    assert caught.value.why is Refusal.OUTDATED
    assert not file.exists() or file.read_text() == f"# mine\n{TEXT}"


def test_a_link_stays_a_link(file: Path) -> None:
    """The real file is replaced, as behind a link of a checkout."""
    real = file.rename(file.with_name("real.yaml"))
    file.symlink_to(real.name)
    assert make(file, "suspend").written
    assert file.is_symlink()
    assert real.read_text() == TEXT.replace("version: 1\n", "version: 1\nsuspend: true\n")


def test_a_file_in_a_folder_that_may_not_be_written_in_is_locked(open_folder: Path) -> None:
    """The refusal holds the diff, so that the change can be made elsewhere."""
    path = open_folder / "models.yaml"
    path.write_text(TEXT)
    kinds()
    with read_only(open_folder):
        error = refused(path, "suspend")
    assert error.why is Refusal.LOCKED
    assert "let this user write in its folder" in str(error)
    assert "+suspend: true" in error.diff


def test_a_file_that_cannot_be_written_is_as_it_was(tmp_path: Path) -> None:
    """Here its name leaves no room for that of a file beside it."""
    path = tmp_path / f"{'m' * 245}.yaml"
    path.write_text(TEXT)
    error = refused(path, "suspend")
    assert error.why is Refusal.FAILED
    assert "+suspend: true" in error.diff


def test_a_file_for_which_there_is_no_room_is_as_it_was(file: Path) -> None:
    """A limit on the size of files stands for the full disk here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        error = refused(file, "suspend")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.why is Refusal.FULL
    assert "could not be written and is as it was" in str(error)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.ENOSPC, Refusal.FULL),
        (errno.EDQUOT, Refusal.FULL),
        (errno.EROFS, Refusal.LOCKED),
        (errno.EBUSY, Refusal.LOCKED),
        (errno.EIO, Refusal.FAILED),
    ],
)
def test_why_a_file_was_not_written_is_told_apart(number: int, why: Refusal) -> None:
    """No room, no right and all else are three things to a person."""
    assert why_not_written(OSError(number, "")) is why


def test_edits_of_two_programs_wait_for_each_other(file: Path) -> None:
    """While another program edits in the same folder, an edit waits, and is given up in the end."""
    descriptor = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        error = refused(file, "suspend", patience=0.05)
    finally:
        os.close(descriptor)
    assert error.why is Refusal.CONFLICT
    assert "being edited by another program" in str(error)
    assert make(file, "suspend").written


async def test_many_edits_at_once_are_all_made(file: Path) -> None:
    """None overwrites another, whether one editor is asked or several."""
    written: list[None] = []
    editors = [FileEditor(file, kinds(), wrote=lambda: written.append(None)) for _ in range(3)]
    names = [f"model{number}:1b" for number in range(12)]
    async with asyncio.TaskGroup() as group:
        for number, name in enumerate(names):
            change = Change(action=Action.INSTALL, runtime="one", model=name)
            group.create_task(editors[number % 3].edit(change, write=True))
    spec = (await editors[0].edit(Change(action=Action.RESUME), write=True)).after.runtime("one")
    assert spec is not None
    assert {str(model.name) for model in spec.models} == {"qwen3:0.6b", "llama3.2:3b", *names}
    assert len(written) == len(names)


def test_a_file_is_told_good_or_not(file: Path) -> None:
    """Its revision and its text are known also where it is not valid; nothing is where it is not there."""
    good = file_text(file, kinds())
    assert (good.revision, good.text, good.problems) == (revision_of(TEXT.encode()), TEXT, ())
    file.write_text("version: 2\n")
    bad = file_text(file, kinds())
    assert (bad.revision, bad.text) == (revision_of(b"version: 2\n"), "version: 2\n")
    assert bad.problems[0].startswith(f"{file}:1:")
    file.unlink()
    gone = file_text(file, kinds())
    assert (gone.revision, gone.text) == (None, None)
    assert "does not exist" in gone.problems[0]


async def test_the_present_file_is_read_in_a_thread(file: Path) -> None:
    """What is told is the same."""
    assert await FileEditor(file, kinds(), wrote=lambda: None).present() == file_text(file, kinds())
