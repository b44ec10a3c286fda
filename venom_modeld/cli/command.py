"""The class of every command: errors as sentences, and a start without the machinery of pydantic.

Typer builds a pydantic adapter for each parameter before any command runs. That takes longer than all that a command
such as `status` does itself, so the parameters that need no more than their own constructor are read without it. Were
Typer to ask for its adapters in another way, commands would start more slowly and do the same.
"""

from enum import Enum
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from venom_modeld.cli.exits import ExitCode, Failure
from venom_modeld.cli.terminal import remark
from venom_modeld.config.problems import SourceError
from venom_modeld.core.errors import ModeldError


class Group(TyperGroup):
    """The program itself, with its own parameters read plainly."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, `--help` among them."""
        return _plainly(super().get_params(ctx))


class Command(TyperCommand):
    """A command whose expected failures are sentences on standard error, never tracebacks."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, `--help` among them."""
        return _plainly(super().get_params(ctx))

    def invoke(self, ctx: Any) -> Any:
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
        raise typer.Exit(code)


class PlainReader:
    """Reads one parameter by calling its type: a text, a path, a flag, one of a few words, or a list of those."""

    def __init__(self, annotation: Any) -> None:
        self._type = _item_type(annotation)

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value in its type, or raise BadParameter that names the words which are possible."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if isinstance(value, list | tuple):
            return tuple(self._read(one, param, ctx) for one in value)
        return self._read(value, param, ctx)

    def _read(self, value: Any, param: Any, ctx: Any) -> Any:
        try:
            return self._type(value)
        except ValueError:
            words = ", ".join(str(word.value) for word in self._type)
            raise typer.BadParameter(f"{value!r} is not one of {words}.", ctx=ctx, param=param) from None


def _plainly(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        descriptor = getattr(parameter, "type_descriptor", None)
        if descriptor is not None and _is_plain(descriptor.annotation):
            reader = PlainReader(descriptor.annotation)
            vars(parameter)["get_runtime_param"] = lambda reader=reader: reader
    return parameters


def _item_type(annotation: Any) -> Any:
    arguments = getattr(annotation, "__args__", ())
    return arguments[0] if arguments else annotation


def _is_plain(annotation: Any) -> bool:
    kind = _item_type(annotation)
    return isinstance(kind, type) and (kind in (str, Path, bool) or issubclass(kind, Enum))
