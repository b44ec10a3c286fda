"""The program `venom-modeld`: its commands, put together.

Only the names of the commands are loaded here. A command is loaded when it is called or listed, and what it works with
when it runs, so that `--help` and the small commands answer at once.
"""

import atexit
import os
import sys
from contextlib import suppress
from typing import Annotated, Any

import typer

from venom_modeld.cli.command import Group
from venom_modeld.cli.commands import Commands
from venom_modeld.cli.exits import ExitCode
from venom_modeld.cli.garbage import collect_seldom

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
"""Looking for plugins of pydantic means reading every installed package; this program uses none."""

_COMMANDS = {
    "run": "commands_serve.run",
    "try": "commands_serve.try_",
    "validate": "commands_plan.validate",
    "plan": "commands_plan.plan",
    "apply": "commands_plan.apply",
    "status": "commands_daemon.status",
    "wait": "commands_daemon.wait",
    "approve": "commands_daemon.approve",
    "retry": "commands_daemon.retry",
    "cancel": "commands_daemon.cancel",
    "install": "commands_file.install",
    "remove": "commands_file.remove",
    "activate": "commands_file.activate",
    "keep": "commands_file.keep",
    "unkeep": "commands_file.unkeep",
    "update": "commands_file.update",
    "suspend": "commands_file.suspend",
    "resume": "commands_file.resume",
    "import": "commands_file.import_",
    "trending": "commands_catalogue.trending",
    "search": "commands_catalogue.search",
    "schema": "commands_plan.schema",
    "sandbox": "commands_serve.sandbox",
    "service": "commands_service.service",
}


class Program(Group):
    """The program with all its commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = Commands(_COMMANDS)  # type: ignore[assignment]  # typer never puts anything into it


app = typer.Typer(
    name="venom-modeld",
    cls=Program,
    help="GitOps for language models on a plain host: models.yaml is the truth, the runtimes follow.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 - the signature is typer's
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - loaded where it is asked for

        typer.echo(f"venom-modeld {version('venom-modeld')}")
        raise typer.Exit


@app.callback()
def program(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Print the version.")
    ] = False,
) -> None:
    """Take the options of the program itself, which stand before a command."""


def run() -> None:
    """Run the program with the arguments of the command line, and end the process.

    At its end Python would take every module apart. For a small command that is a sixth of all its time, so the process
    ends without it, after what was registered for the end was done and all output is out.
    """
    collect_seldom()
    try:
        app(prog_name="venom-modeld")
    except SystemExit as end:
        atexit._run_exitfuncs()  # noqa: SLF001 - there is no other name for it
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(end.code if isinstance(end.code, int) else ExitCode.OK)
