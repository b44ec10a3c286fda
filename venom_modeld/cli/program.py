"""The program `venom-modeld`: its commands, put together.

Only the names of the commands are loaded here. A command is loaded when it is called or listed, and what it works with
when it runs, so that `--help` and the small commands answer at once.
"""

import click

from venom_modeld.cli.commands import Commands

_COMMANDS = {
    "run": "commands_serve.run",
    "try": "commands_serve.try_",
    "validate": "commands_check.validate",
    "plan": "commands_plan.plan",
    "apply": "commands_plan.apply",
    "status": "commands_daemon.status",
    "wait": "commands_daemon.wait",
    "approve": "commands_daemon.approve",
    "retry": "commands_daemon.retry",
    "cancel": "commands_daemon.cancel",
    "install": "commands_file.install",
    "remove": "commands_file.remove",
    "activate": "commands_file.activate",
    "keep": "commands_file.keep",
    "unkeep": "commands_file.unkeep",
    "update": "commands_file.update",
    "suspend": "commands_file.suspend",
    "resume": "commands_file.resume",
    "import": "commands_file.import_",
    "trending": "commands_catalogue.trending",
    "search": "commands_catalogue.search",
    "schema": "commands_check.schema",
    "sandbox": "commands_serve.sandbox",
    "service": "commands_service.service",
}


@click.group("venom-modeld", cls=Commands, places=_COMMANDS)
@click.version_option(package_name="venom-modeld", message="%(prog)s %(version)s", help="Print the version.")
def app() -> None:
    """GitOps for language models on a plain host: models.yaml is the truth, the runtimes follow."""
