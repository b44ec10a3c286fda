"""What all commands have in common: a quick start, errors as sentences, forms, exit codes."""

import asyncio
import errno
import io
import signal
import subprocess
import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from tests.cli.conftest import ENVIRONMENT, SCRIPT, Invoke, Program
from tests.conftest import DEADLINE
from venom_modeld.cli.command import Command
from venom_modeld.cli.exits import ExitCode, Failure
from venom_modeld.cli.options import Words
from venom_modeld.cli.program import app
from venom_modeld.cli.terminal import paint
from venom_modeld.config.problems import Problem, SourceError
from venom_modeld.core.errors import PermanentError
from venom_modeld.core.reasons import Reason

COMMANDS = [name for name in app.list_commands(click.Context(app)) if name != "service"]
"""Those that are no group of others."""


class Colour(StrEnum):
    """Words of an option."""

    RED = "red"
    BLUE = "blue"


@click.group()
def sample() -> None:
    """Put together a command with a word, and one that fails as it is told."""


@sample.command("tell", cls=Command)
@click.option("--colour", type=Words(Colour), default="red", show_default=True)
@click.option("--number", type=int)
def tell(*, colour: Colour, number: int | None) -> None:
    """Tell what was read."""
    click.echo(repr((colour, number)))


@sample.command("fail", cls=Command)
@click.argument("kind")
def fail(kind: str) -> None:
    """Fail in one way."""
    raise FAILURES[kind][0]


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
    return CliRunner().invoke(sample, list(arguments))


@pytest.mark.parametrize(("arguments", "value"), [([], Colour.RED), (["--colour", "blue"], Colour.BLUE)])
def test_a_word_becomes_the_member_of_its_enumeration(arguments: list[str], value: Colour) -> None:
    """People write its value, and so does the help."""
    assert run("tell", *arguments).stdout == f"{(value, None)!r}\n"
    assert "--colour red|blue" in run("tell", "--help").stdout
    assert "[default: red]" in run("tell", "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--colour", "green"], "'green' is not one of 'red', 'blue'."),
        (["--colour", "RED"], "'RED' is not one of 'red', 'blue'."),
        (["--number", "x"], "'x' is not a valid integer."),
        (["--colou", "red"], "No such option '--colou'. Did you mean '--colour'?"),
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
    """It does so in its help, where `--format` stands."""
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert "--format" in result.stdout


def test_every_command_has_one_whole_sentence_in_the_list(invoke: Invoke) -> None:
    """None is cut off where the line ends."""
    lines = invoke("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == [*COMMANDS, "service"]
    assert all(line.endswith(".") and not line.endswith("...") for line in lines)


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


METADATA = {"csv", "email", "zipfile"}
"""What the standard library reads the versions of packages with."""

PYDANTIC, LOOP = {"pydantic", "yaml"}, {"asyncio", "httpx2", "anyio", "sqlite3", "ssl", "venom_modeld.planning"}

HEAVY = {
    *PYDANTIC,
    *LOOP,
    *METADATA,
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


CALLER = {"http", "ssl", "email"}
"""What asks the daemon; the HTTP client of the standard library loads TLS, and reads headers as mail."""

PLANNER = PYDANTIC | LOOP | METADATA | {"logging", "http"}
"""What asks the runtimes; the HTTP library takes cookies from the standard library, and reads its own version."""


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["--version"], METADATA),
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


def test_a_valid_file_is_checked_without_what_only_others_need() -> None:
    """No digest is made, nothing is written as JSON, and nothing is wrong that another word could be near to."""
    assert not loaded("validate", EXAMPLE) & {"difflib", "hashlib", "hmac", "json"}


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


async def test_ctrl_c_ends_a_command_without_a_word(program: Program, nobody: str) -> None:
    """Its exit code is that of programs which a signal ended."""
    async with program.started("wait", "--address", nobody) as process, asyncio.timeout(DEADLINE):
        assert process.stderr is not None
        assert nobody in (await process.stderr.readline()).decode()
        process.send_signal(signal.SIGINT)
        rest = await process.stderr.read()
        assert (await process.wait(), rest) == (ExitCode.INTERRUPTED, b"")
