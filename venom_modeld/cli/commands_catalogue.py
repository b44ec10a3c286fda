"""The commands that show what could be installed: trending, search."""
# ruff: noqa: PLC0415 - what a command needs is loaded when it runs, so that no other command waits for it

from pathlib import Path
from typing import TYPE_CHECKING

import click

from venom_modeld.cli.command import command
from venom_modeld.cli.options import ADDRESS, CONFIG, FORMAT, Decorator, Format, Words
from venom_modeld.cli.terminal import paint, remark, show, show_json
from venom_modeld.core.names import Provider

if TYPE_CHECKING:
    from venom_modeld.cli.catalogues import Found

PROVIDER = click.option(
    "--provider", type=Words(Provider), help="Whose catalogue: ollama or huggingface.  [default: both]"
)


def _limit(default: int) -> Decorator:
    return click.option(
        "--limit",
        metavar="NUMBER",
        type=click.IntRange(1, 200),
        default=default,
        show_default=True,
        help="How many of each at the most.",
    )


@command("trending")
@PROVIDER
@_limit(10)
@FORMAT
@ADDRESS
@CONFIG
def trending(*, provider: Provider | None, limit: int, form: Format, address: str | None, config: Path | None) -> None:
    """Show what is popular now on ollama.com and on Hugging Face.

    The daemon is asked for what it keeps; this asks nobody on the internet.
    """
    from venom_modeld.cli.address import daemon
    from venom_modeld.cli.catalogues import trending as listed

    _tell(listed(daemon(address, config), _providers(provider), limit), form)


@command("search")
@click.argument("query", metavar="QUERY", help="Words to look for, 2 to 96 characters.")
@PROVIDER
@_limit(20)
@FORMAT
@ADDRESS
@CONFIG
def search(
    *, query: str, provider: Provider | None, limit: int, form: Format, address: str | None, config: Path | None
) -> None:
    """Look for models on ollama.com and on Hugging Face.

    The daemon asks them, at the most as often as it may, and keeps what they said; it takes a few seconds.
    """
    from venom_modeld.cli.address import daemon
    from venom_modeld.cli.catalogues import search as searched

    _tell(searched(daemon(address, config), query, _providers(provider), limit), form)


def _providers(provider: Provider | None) -> tuple[Provider, ...]:
    return tuple(Provider) if provider is None else (provider,)


def _tell(found: "Found", form: Format) -> None:
    import time

    from venom_modeld.cli.catalogues import check
    from venom_modeld.cli.render.catalogue_text import catalogue_text

    if form is Format.JSON:
        show_json(found)
    elif text := catalogue_text(found, paint(), now=time.time()):
        show(text)
    for provider, answer in found.items():
        if answer["error"]:
            remark(f"{provider}: {answer['error']}")
    check(found)
