"""What all commands have in common: a quick start, errors as sentences, forms, exit codes."""

import errno
import io
import subprocess
import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner, Result

from tests.cli.conftest import ENVIRONMENT, SCRIPT, Invoke
from venom_modeld.cli.command import Command, Group
from venom_modeld.cli.exits import ExitCode, Failure
from venom_modeld.cli.main import app
from venom_modeld.cli.terminal import paint
from venom_modeld.config.problems import Problem, SourceError
from venom_modeld.core.errors import PermanentError
from venom_modeld.core.reasons import Reason

COMMANDS = [name for name in get_command(app).commands if name != "service"]  # type: ignore[attr-defined]


class Colour(StrEnum):
    """Words of an option."""

    RED = "red"
    BLUE = "blue"


def program() -> typer.Typer:
    """Make a program with one command of every kind of parameter, and one that fails as it is told."""
    made = typer.Typer(cls=Group, rich_markup_mode=None, pretty_exceptions_enable=False)

    @made.command(cls=Command)
    def tell(  # type: ignore[no-untyped-def]
        paths: Annotated[list[Path] | None, typer.Argument()] = None,
        words: Annotated[list[str] | None, typer.Option("--word")] = None,
        colour: Colour = Colour.RED,
        number: int = 3,
        *,
        loud: bool = False,
    ):
        typer.echo(repr((paths, words, colour, number, loud)))

    @made.command(cls=Command)
    def fail(kind: str) -> None:
        raise FAILURES[kind][0]

    return made


FAILURES: dict[str, tuple[Exception, int, str]] = {
    "failure": (Failure("It does not work.", ExitCode.BLOCKED), 5, "It does not work.\n"),
    "permanent": (PermanentError("The state is locked.", reason=Reason.FAILED), 1, "The state is locked.\n"),
    "source": (
        SourceError([Problem(path_of_file="f", line=1, column=2, message="a"), Problem(path_of_file="f", message="b")]),
        1,
        "f:1:2: a\nf: b\n",
    ),
    "file": (PermissionError(errno.EACCES, "Permission denied", "/root/x"), 1, "/root/x: Permission denied\n"),
    "system": (OSError("strange"), 1, "strange\n"),
}


def run(*arguments: str) -> Result:
    """Run that program."""
    return CliRunner().invoke(program(), list(arguments))


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        ([], "(None, None, <Colour.RED: 'red'>, 3, False)"),
        (["a", "b"], "([PosixPath('a'), PosixPath('b')], None, <Colour.RED: 'red'>, 3, False)"),
        (["--word", "x", "--word", "y"], "(None, ['x', 'y'], <Colour.RED: 'red'>, 3, False)"),
        (["--colour", "blue", "--number", "4", "--loud"], "(None, None, <Colour.BLUE: 'blue'>, 4, True)"),
    ],
)
def test_parameters_have_their_types(arguments: list[str], values: str) -> None:
    """Texts, paths, words, flags and lists of them are read without pydantic, numbers with it, all alike."""
    assert run("tell", *arguments).stdout.strip() == values


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--colour", "green"], "'green' is not one of red, blue."),
        (["--number", "x"], "valid integer"),
        (["--nothing"], "No such option: --nothing"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str], message: str) -> None:
    """The message names what is possible."""
    result = run("tell", *arguments)
    assert result.exit_code == ExitCode.USAGE
    assert message in result.stderr


@pytest.mark.parametrize(("kind", "code", "text"), [(kind, row[1], row[2]) for kind, row in FAILURES.items()])
def test_what_may_go_wrong_is_a_sentence_on_standard_error(kind: str, code: int, text: str) -> None:
    """There is no traceback, and standard output stays empty."""
    result = run("fail", kind)
    assert (result.exit_code, result.stderr, result.stdout) == (code, text, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_has_a_form(command: str, invoke: Invoke) -> None:
    """Its help has one short sentence for the list, and `--format`."""
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert "--format" in result.stdout
    listed = next(line for line in invoke("--help").stdout.splitlines() if line.split()[:1] == [command])
    assert not listed.endswith("...")


def test_the_version_is_that_of_the_package(invoke: Invoke) -> None:
    """Its name stands before it."""
    result = invoke("--version")
    assert (result.exit_code, result.stdout) == (0, f"venom-modeld {version('venom-modeld')}\n")


def last_words(code: str, *arguments: str) -> str:
    """Run the program after some code, and return what it wrote to standard output."""
    whole = f"{code}\nsys.argv = {['venom-modeld', *arguments]!r}\nfrom venom_modeld.cli.main import run\nrun()"
    bare = {name: value for name, value in ENVIRONMENT.items() if not name.startswith(("COVERAGE", "VENOM_MODELD_"))}
    ended = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, env=bare, check=False)
    return ended.stdout


def loaded(*arguments: str) -> set[str]:
    """Return the packages that a run of the program loads, its own ones with their parts."""
    code = """
import sys, atexit
name_of = lambda name: ".".join(name.split(".")[:2 if name.startswith("venom_modeld.") else 1])
atexit.register(lambda: print("LOADED", *set(map(name_of, sys.modules))))
"""
    lines = last_words(code, *arguments).splitlines()
    return set(next(line for line in lines if line.startswith("LOADED")).split())


PYDANTIC, LOOP = {"pydantic", "yaml"}, {"asyncio", "httpx2", "anyio", "sqlite3", "ssl", "venom_modeld.planning"}

HEAVY = {
    *PYDANTIC,
    *LOOP,
    "apprise",
    "apscheduler",
    "fastapi",
    "http",
    "huggingface_hub",
    "logging",
    "prometheus_client",
    "rich",
    "selectolax",
    "starlette",
    "uvicorn",
    "venom_modeld.api",
    "venom_modeld.daemon",
    "venom_modeld.notifications",
    "venom_modeld.sandbox",
    "venom_modeld.serving",
    "venom_modeld.supervision",
    "venom_modeld.trending",
    "watchfiles",
}

EXAMPLE = str(Path(__file__).parents[2] / "examples/models.yaml")


CALLER = {"http", "ssl"}
"""What asks the daemon; the HTTP client of the standard library loads TLS."""

PLANNER = PYDANTIC | LOOP | {"logging", "http"}
"""What asks the runtimes; the HTTP library takes cookies from the standard library."""


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["plan", "--help"], set()),
        (["status", "--address", "127.0.0.1:9"], CALLER),
        (["status", "--config", "modeld.yaml"], CALLER | {"yaml"}),
        (["approve", "x", "--address", "127.0.0.1:9"], CALLER),
        (["retry", "x", "y", "--address", "127.0.0.1:9"], CALLER),
        (["validate", EXAMPLE], PYDANTIC),
        (["install", "ollama", "gemma3:4b", "--file", EXAMPLE, "--dry-run"], PYDANTIC | {"asyncio", "ssl", "logging"}),
        (["plan", "--file", EXAMPLE], PLANNER),
    ],
    ids=lambda value: " ".join(Path(word).name for word in value) if isinstance(value, list) else "",
)
def test_a_command_loads_what_it_needs_and_no_more(
    arguments: list[str], allowed: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loading is what takes a start its time, so this is what keeps it short."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "modeld.yaml").write_text("api: {listen: '127.0.0.1:9'}\n")
    assert loaded(*arguments) & HEAVY <= allowed


def test_the_process_ends_without_taking_itself_apart() -> None:
    """That would take longer than many a command; what was registered for the end is done all the same."""
    code = """
import sys, atexit
class Last:
    def __del__(self): print("TAKEN APART")
last = Last()
atexit.register(print, "ENDED")
"""
    words = last_words(code, "--version").splitlines()
    assert words[-1] == "ENDED"


@pytest.mark.parametrize(
    ("variables", "is_terminal", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colours_are_for_terminals(
    variables: dict[str, str], is_terminal: bool, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_COLOR turns them off where it is set to something."""

    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return is_terminal

    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert paint(Stream()).colour is coloured


def test_a_reader_that_leaves_is_no_traceback() -> None:
    """`venom-modeld schema | head -1` ends quietly."""
    pipe = f"{SCRIPT} schema | true"
    ended = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert "Traceback" not in ended.stderr
