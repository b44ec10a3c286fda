"""The options that several commands share, each with one name, one meaning and one help text."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import click

Decorator = Callable[[Any], Any]

Word = TypeVar("Word", bound=StrEnum)


class Format(StrEnum):
    """How a result is written."""

    TEXT = "text"
    JSON = "json"


class PlanFormat(StrEnum):
    """How a plan is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class Goal(StrEnum):
    """What can be waited for."""

    CONVERGED = "converged"


class Words(click.Choice[Word]):
    """One member of an enumeration, written as its value."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:  # noqa: ARG002 - the signature is click's
        """Return how a member is written."""
        return str(choice)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - as above
        """Return the words that are possible, as help and the reference write them."""
        return "|".join(self.choices)


PATH = click.Path(path_type=Path)
"""Any path; whether something is there is told by who reads it."""


def together(*options: Decorator) -> Decorator:
    """Return one decorator that gives a command several options, in the order in which help shows them."""

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def path_option(name: str, metavar: str, told: str) -> Decorator:
    """Return an option that is a path, or None where it is not given."""
    return click.option(name, metavar=metavar, type=PATH, help=told)


def format_option(words: type[StrEnum] = Format, told: str = "text for people, json for programs.") -> Decorator:
    """Return the option `--format`, which is text by default."""
    return click.option("--format", "form", type=Words(words), default="text", show_default=True, help=told)


FORMAT = format_option()

FILE = path_option("--file", "FILE", "The models.yaml to work on.  [default: what the settings say]")

CONFIG = path_option("--config", "FILE", "The daemon's settings.  [default: /etc/venom-modeld/modeld.yaml, if any]")

STATE_DIR = path_option("--state-dir", "DIR", "The folder of the state.  [default: what the settings say]")

LISTEN = click.option("--listen", metavar="HOST:PORT", help="Where the API answers; port 0 takes a free one.")

ADDRESS = click.option(
    "--address",
    metavar="HOST:PORT",
    help="Where the daemon answers, as HOST:PORT or URL.  [default: what the settings say]",
)

RUNTIME = click.argument("runtime", metavar="RUNTIME", help="The runtime's name in the file.")

MODEL = click.argument("model", metavar="MODEL", help="The model's name, as the runtime writes it.")
