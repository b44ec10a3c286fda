"""The commands that show what could be installed: trending, search."""
# ruff: noqa: PLC0415 - what a command needs is loaded when it runs, so that no other command waits for it

from typing import TYPE_CHECKING, Annotated

import typer

from venom_modeld.cli.options import AddressOption, ConfigOption, Format, FormatOption
from venom_modeld.cli.terminal import paint, remark, show, show_json
from venom_modeld.core.names import Provider

if TYPE_CHECKING:
    from venom_modeld.cli.catalogues import Found

ProviderOption = Annotated[
    Provider | None, typer.Option("--provider", help="Whose catalogue: ollama or huggingface.  [default: both]")
]


def trending(
    provider: ProviderOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="How many of each at the most.")] = 10,
    form: FormatOption = Format.TEXT,
    address: AddressOption = None,
    config: ConfigOption = None,
) -> None:
    """Show what is popular now on ollama.com and on Hugging Face.

    The daemon is asked for what it keeps; this asks nobody on the internet.
    """
    from venom_modeld.cli.address import daemon
    from venom_modeld.cli.catalogues import trending as listed

    _tell(listed(daemon(address, config), _providers(provider), limit), form)


def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words to look for, 2 to 96 characters.")],
    provider: ProviderOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="How many of each at the most.")] = 20,
    form: FormatOption = Format.TEXT,
    address: AddressOption = None,
    config: ConfigOption = None,
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
