"""The commands by their names, each loaded when it is asked for.

A program with two dozen commands would otherwise wait, whatever is asked of it, until the parameters of all of them are
put together.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from venom_modeld.cli.exits import ExitCode


class Commands(click.Group):
    """A group whose commands are in modules of this package.

    `places` are their names, each with the module of the command and its name in it, `module.name`.
    """

    def __init__(self, *, places: Mapping[str, str], **attributes: Any) -> None:
        super().__init__(**attributes)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """Return the names in the order in which help lists them."""
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Load a command; return None for a name that is none."""
        if cmd_name not in self._places:
            return None
        module, _, name = self._places[cmd_name].partition(".")
        command: click.Command = getattr(import_module(f"venom_modeld.cli.{module}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with. Raises NoSuchCommand, which tells the names that are near."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=self._places, ctx=ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that is asked for; Ctrl-C ends it without a word."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
