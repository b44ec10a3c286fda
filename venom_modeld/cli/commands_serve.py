"""The commands that run until told to stop: run, try, sandbox."""
# ruff: noqa: PLC0415 - what a command needs is loaded when it runs, so that no other command waits for it

from pathlib import Path
from typing import Any

import click

from venom_modeld.cli.command import command
from venom_modeld.cli.exits import Failure
from venom_modeld.cli.options import (
    CONFIG,
    FILE,
    FORMAT,
    LISTEN,
    STATE_DIR,
    Decorator,
    Format,
    Words,
    path_option,
    together,
)


def _port(server: str, of: str, default: int = 0) -> Decorator:
    return click.option(
        f"--{server}-port",
        metavar="PORT",
        type=click.IntRange(0, 65535),
        default=default,
        show_default=True,
        help=f"Port of {of}; 0 takes a free one.",
    )


PORTS = together(
    _port("ollama", "the stand-in", 11434),
    _port("registry", "its registry"),
    _port("site", "the stand-in ollama.com"),
    _port("hub", "the stand-in Hub"),
    _port("control", "the fault dial"),
)


@command("run")
@FILE
@CONFIG
@STATE_DIR
@LISTEN
@click.option("--format", "form", type=Words(Format), help="How the log is written.  [default: what the settings say]")
def run(
    *, file: Path | None, config: Path | None, state_dir: Path | None, listen: str | None, form: Format | None
) -> None:
    """Run the daemon: keep every runtime as the file says.

    SIGTERM and Ctrl-C end it; SIGHUP makes it read the file and look at every runtime at once.
    """
    from venom_modeld.cli.inputs import settings
    from venom_modeld.cli.running import run as run_daemon

    log_format = form and form.value
    found = settings(config, file=file, state_dir=state_dir, api__listen=listen, log__format=log_format)
    run_daemon(found.model_copy(update={"file": found.file.absolute()}))


@command("try")
@LISTEN
@FORMAT
def try_(*, listen: str | None, form: Format) -> None:
    """Try everything out in the folder ./var of a checkout.

    Runs the daemon on a copy of examples/models.yaml; where no server answers for it, a sandbox is started too.
    """
    from venom_modeld.cli.trial import try_out

    try_out(listen, form)


@command("sandbox")
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="The address to listen on.")
@PORTS
@click.option(
    "--rate",
    metavar="NUMBER",
    type=float,
    default=50e6,
    show_default=True,
    help="Speed of downloads, in bytes per second.",
)
@path_option("--state-dir", "DIR", "A folder to keep the models in.  [default: in memory]")
@click.option(
    "--fault",
    "faults",
    metavar="NAME=VALUE",
    multiple=True,
    help="A position of the fault dial; may be given several times.",
)
@FORMAT
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input does.")
def sandbox(*, faults: tuple[str, ...], form: Format, with_parent: bool, **of_sandbox: Any) -> None:
    """Stand in for Ollama, its registry, ollama.com and the Hub.

    It speaks real HTTP, downloads and loads as slowly as wanted, and fails on demand; nothing in it is a model.
    """
    from venom_modeld.cli.sandboxing import read_faults, serve
    from venom_modeld.sandbox.settings import SandboxSettings

    try:
        settings = SandboxSettings(**of_sandbox)
    except ValueError as error:
        raise Failure(str(error)) from error
    serve(settings, read_faults(faults), form, with_parent=with_parent)
