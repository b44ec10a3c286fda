"""The commands that put the daemon under systemd: service install, uninstall, status."""
# ruff: noqa: PLC0415 - what a command needs is loaded when it runs, so that no other command waits for it

import click

from venom_modeld.cli.command import Command
from venom_modeld.cli.options import FORMAT, Format

YES = click.option("--yes", is_flag=True, help="Do it without asking.")


@click.group("service")
def service() -> None:
    """Put the daemon under systemd, look at it there, take it away."""


@service.command("install", cls=Command)
@FORMAT
@click.option("--vllm", is_flag=True, help="Also install vllm.service, and let the daemon drive it.")
@YES
def install(*, form: Format, vllm: bool, yes: bool) -> None:
    """Install the service and start it. Shows first what that takes, and needs root."""
    from venom_modeld.cli.service import carrying
    from venom_modeld.cli.service.host import Host
    from venom_modeld.cli.service.program import parts_of_program

    carrying.install(Host(), form, parts_of_program(), vllm=vllm, yes=yes)


@service.command("uninstall", cls=Command)
@FORMAT
@click.option("--purge", is_flag=True, help="Also remove the settings, models.yaml, the state and the weights.")
@YES
def uninstall(*, form: Format, purge: bool, yes: bool) -> None:
    """Stop the service and remove it. Shows first what that takes, and needs root.

    Models of Ollama stay where they are.
    """
    from venom_modeld.cli.service import carrying
    from venom_modeld.cli.service.host import Host

    carrying.uninstall(Host(), form, purge=purge, yes=yes)


@service.command("status", cls=Command)
@FORMAT
def status(*, form: Format) -> None:
    """Show how the service is."""
    from venom_modeld.cli.service import carrying
    from venom_modeld.cli.service.host import Host

    carrying.status(Host(), form)
