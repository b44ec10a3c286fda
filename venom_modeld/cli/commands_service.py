"""The commands that put the daemon under systemd: service install, uninstall, status."""
# ruff: noqa: PLC0415 - what a command needs is loaded when it runs, so that no other command waits for it

from typing import Annotated

import typer

from venom_modeld.cli.command import Command, Group
from venom_modeld.cli.options import Format, FormatOption

service = typer.Typer(
    name="service",
    cls=Group,
    help="Put the daemon under systemd, look at it there, take it away again.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

YesOption = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


@service.command("install", cls=Command)
def install(
    form: FormatOption = Format.TEXT,
    *,
    vllm: Annotated[
        bool, typer.Option("--vllm", help="Also install vllm.service, and let the daemon drive it.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Install the service and start it. Shows first what that takes, and needs root."""
    from venom_modeld.cli.service import carrying
    from venom_modeld.cli.service.host import Host
    from venom_modeld.cli.service.program import parts_of_program

    carrying.install(Host(), form, parts_of_program(), vllm=vllm, yes=yes)


@service.command("uninstall", cls=Command)
def uninstall(
    form: FormatOption = Format.TEXT,
    *,
    purge: Annotated[
        bool, typer.Option("--purge", help="Also remove the settings, models.yaml, the state and the weights.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Stop the service and remove it. Shows first what that takes, and needs root.

    Models of Ollama stay where they are.
    """
    from venom_modeld.cli.service import carrying
    from venom_modeld.cli.service.host import Host

    carrying.uninstall(Host(), form, purge=purge, yes=yes)


@service.command("status", cls=Command)
def status(form: FormatOption = Format.TEXT) -> None:
    """Show how the service is."""
    from venom_modeld.cli.service import carrying
    from venom_modeld.cli.service.host import Host

    carrying.status(Host(), form)
