"""The program `venom-modeld`: its commands, put together.

Only signatures are loaded here. What a command works with is loaded when it runs, so that `--help` and the small
commands answer at once.
"""

import os
from collections.abc import Callable

import typer

from venom_modeld.cli import commands_daemon, commands_file, commands_plan, commands_serve, commands_service
from venom_modeld.cli.command import Command, Group

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
"""Looking for plugins of pydantic means reading every installed package; this program uses none."""

app = typer.Typer(
    name="venom-modeld",
    cls=Group,
    help="GitOps for language models on a plain host: models.yaml is the truth, the runtimes follow.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

_COMMANDS: dict[str, Callable[..., None]] = {
    "run": commands_serve.run,
    "try": commands_serve.try_,
    "validate": commands_plan.validate,
    "plan": commands_plan.plan,
    "apply": commands_plan.apply,
    "status": commands_daemon.status,
    "wait": commands_daemon.wait,
    "approve": commands_daemon.approve,
    "install": commands_file.install,
    "remove": commands_file.remove,
    "activate": commands_file.activate,
    "keep": commands_file.keep,
    "unkeep": commands_file.unkeep,
    "update": commands_file.update,
    "suspend": commands_file.suspend,
    "resume": commands_file.resume,
    "import": commands_file.import_,
    "schema": commands_plan.schema,
    "sandbox": commands_serve.sandbox,
}

for _name, _command in _COMMANDS.items():
    app.command(_name, cls=Command)(_command)
app.add_typer(commands_service.service, name="service")


def run() -> None:
    """Run the program with the arguments of the command line."""
    app(prog_name="venom-modeld")
