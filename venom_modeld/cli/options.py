"""The options that several commands share, each with one name, one meaning and one help text."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


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


FormatOption = Annotated[Format, typer.Option("--format", help="text for people, json for programs.")]

FileOption = Annotated[
    Path | None, typer.Option("--file", help="The models.yaml to work on.  [default: what the settings say]")
]

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="The daemon's settings.  [default: /etc/venom-modeld/modeld.yaml, if any]"),
]

StateDirOption = Annotated[
    Path | None, typer.Option("--state-dir", help="The folder of the state.  [default: what the settings say]")
]

AddressOption = Annotated[
    str | None,
    typer.Option("--address", help="Where the daemon answers, as HOST:PORT or URL.  [default: what the settings say]"),
]

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show the change and write nothing.")]

RuntimeArgument = Annotated[str, typer.Argument(metavar="RUNTIME", help="The runtime's name in the file.")]

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="The model's name, as the runtime writes it.")]
