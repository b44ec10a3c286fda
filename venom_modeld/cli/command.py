"""The class of every command: what may go wrong outside of it is told in sentences."""

from collections.abc import Callable
from typing import Any

import click

from venom_modeld.cli.exits import ExitCode, Failure
from venom_modeld.cli.terminal import remark
from venom_modeld.config.problems import SourceError
from venom_modeld.core.errors import ModeldError


class Command(click.Command):
    """A command whose expected failures are sentences on standard error, never tracebacks."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn what may go wrong outside of it into a sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except Failure as failure:
            message, code = str(failure), failure.code
        except (ModeldError, SourceError) as error:
            message, code = str(error), ExitCode.FAILED
        except BrokenPipeError:
            raise
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            message, code = f"{where}{error.strerror or error}", ExitCode.FAILED
        remark(message)
        raise click.exceptions.Exit(code)


def command(name: str) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command of that name, with the function's docstring as its help."""
    return click.command(name, cls=Command)
