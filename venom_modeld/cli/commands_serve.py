"""The commands that run until told to stop: run, try, sandbox."""
# ruff: noqa: PLC0415 - what a command needs is loaded when it runs, so that no other command waits for it

from pathlib import Path
from typing import Annotated, Any

import typer

from venom_modeld.cli.exits import Failure
from venom_modeld.cli.options import ConfigOption, FileOption, Format, FormatOption, StateDirOption

ListenOption = Annotated[
    str | None, typer.Option("--listen", metavar="HOST:PORT", help="Where the API answers; port 0 takes a free one.")
]


def _port(of: str) -> Any:
    return typer.Option(min=0, max=65535, help=f"Port of {of}; 0 takes a free one.")


def run(
    file: FileOption = None,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    listen: ListenOption = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="How the log is written.  [default: what the settings say]")
    ] = None,
) -> None:
    """Run the daemon: keep every runtime as the file says.

    SIGTERM and Ctrl-C end it; SIGHUP makes it read the file and look at every runtime at once.
    """
    from venom_modeld.cli.inputs import settings
    from venom_modeld.cli.running import run as run_daemon

    log_format = form and form.value
    found = settings(config, file=file, state_dir=state_dir, api__listen=listen, log__format=log_format)
    run_daemon(found.model_copy(update={"file": found.file.absolute()}))


def try_(
    listen: ListenOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Try everything out in the folder ./var of a checkout.

    Runs the daemon on a copy of examples/models.yaml; where no server answers for it, a sandbox is started too.
    """
    from venom_modeld.cli.trial import try_out

    try_out(listen, form)


def sandbox(  # noqa: PLR0913 - as many parameters as the sandbox has options
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    *,
    ollama_port: Annotated[int, _port("the stand-in")] = 11434,
    registry_port: Annotated[int, _port("its registry")] = 0,
    site_port: Annotated[int, _port("the stand-in ollama.com")] = 0,
    hub_port: Annotated[int, _port("the stand-in Hub")] = 0,
    control_port: Annotated[int, _port("the fault dial")] = 0,
    rate: Annotated[float, typer.Option(help="Speed of downloads, in bytes per second.")] = 50e6,
    state_dir: Annotated[
        Path | None, typer.Option(help="A folder to keep the models in.  [default: in memory]")
    ] = None,
    faults: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="NAME=VALUE", help="A position of the fault dial; may be given several times."),
    ] = None,
    form: FormatOption = Format.TEXT,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="End when standard input does.", hidden=True)
    ] = False,
) -> None:
    """Serve stand-ins for Ollama, its registry, ollama.com and the Hub.

    It speaks real HTTP, downloads and loads as slowly as wanted, and fails on demand; nothing in it is a model.
    """
    from venom_modeld.cli.sandboxing import read_faults, serve
    from venom_modeld.sandbox.settings import SandboxSettings

    try:
        settings = SandboxSettings(
            host=host,
            ollama_port=ollama_port,
            registry_port=registry_port,
            site_port=site_port,
            hub_port=hub_port,
            control_port=control_port,
            rate=rate,
            state_dir=state_dir,
        )
    except ValueError as error:
        raise Failure(str(error)) from error
    serve(settings, read_faults(faults or []), form, with_parent=with_parent)
