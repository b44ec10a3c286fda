"""A stand-in ollama.com on a port of its own, for as long as a block lasts."""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from venom_modeld.sandbox.catalogue import CATALOGUE
from venom_modeld.sandbox.journal import Journal
from venom_modeld.sandbox.listener import Listener
from venom_modeld.sandbox.shelf import Shelf
from venom_modeld.sandbox.site.app import site_app
from venom_modeld.sandbox.site.faults import SiteFaults


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """What a site is started with."""

    host: str = "127.0.0.1"
    """Address it listens on."""
    port: int = 0
    """Its port; 0 takes a free one."""
    page_size: int = 20
    """How many models a part of `/search` has."""


class Site:
    """A site that lives as long as the `async with` block.

    `shelf` is the registry whose models it shows, `faults` the dial, `requests` what was asked.
    """

    def __init__(
        self,
        settings: SiteSettings | None = None,
        *,
        shelf: Shelf | None = None,
        faults: SiteFaults | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.settings = settings or SiteSettings()
        self.shelf = Shelf.holding(CATALOGUE) if shelf is None else shelf
        self.faults = faults or SiteFaults()
        self.requests = Journal() if journal is None else journal
        self._listener = Listener(self.settings.host, self.settings.port)

    @property
    def url(self) -> str:
        """The address of the site; the same after a stop and a start."""
        return self._listener.url

    async def start(self) -> None:
        """Listen, on the port that it had. Raises OSError when that is taken."""
        await self._listener.start(
            site_app(
                self.shelf,
                faults=self.faults,
                journal=self.requests,
                sever=self._listener.sever,
                page_size=self.settings.page_size,
            )
        )

    async def stop(self) -> None:
        """Close the port and every connection."""
        await self._listener.stop()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()
