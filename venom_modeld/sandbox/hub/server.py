"""A Hub on a port of its own, for as long as a block lasts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from venom_modeld.sandbox.hub.app import hub_app
from venom_modeld.sandbox.hub.catalogue import fill
from venom_modeld.sandbox.hub.content import Content
from venom_modeld.sandbox.hub.delivering import Traffic
from venom_modeld.sandbox.hub.faults import HubFaults
from venom_modeld.sandbox.hub.limits import Limits
from venom_modeld.sandbox.hub.repositories import Repositories
from venom_modeld.sandbox.journal import Journal
from venom_modeld.sandbox.listener import Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """What a Hub is started with."""

    host: str = "127.0.0.1"
    """Address it listens on."""
    port: int = 0
    """Its port; 0 takes a free one."""
    far: str = "localhost"
    """Host name of this machine that large files are sent from; to a client it is another host."""
    api_limit: int = 500
    """Requests to the API that a window of five minutes allows."""
    file_limit: int = 3000
    """Requests for files that a window of five minutes allows."""
    page_size: int = 1000
    """How many models a page of a list has at the most."""
    catalogue: bool = True
    """Whether it offers a few models from the start."""


class Hub:
    """A Hub that lives as long as the `async with` block.

    `repositories` is what it holds, `faults` the dial, `requests` what was asked, `traffic` what was sent.
    """

    def __init__(
        self, settings: HubSettings | None = None, *, faults: HubFaults | None = None, journal: Journal | None = None
    ) -> None:
        self.settings = settings or HubSettings()
        self.faults = faults or HubFaults()
        self.requests = Journal() if journal is None else journal
        self.traffic = Traffic()
        self.limits = Limits(api=self.settings.api_limit, files=self.settings.file_limit)
        self.repositories = Repositories()
        self._listener = Listener(self.settings.host, self.settings.port)
        if self.settings.catalogue:
            fill(self.repositories)

    @property
    def url(self) -> str:
        """The address of the Hub, for HF_ENDPOINT; the same after a stop and a start."""
        return self._listener.url

    def publish(self, name: str, files: Mapping[str, bytes | Content] | None = None, **more: Any) -> str:
        """Make a commit on a branch (`main` where `branch=` does not say otherwise), and return it.

        Without files it is a small model. `more` are fields of `Details`.
        """
        return self.repositories.publish(name, files, **more)

    def publish_folder(self, name: str, folder: Path, **more: Any) -> str:
        """Make a commit of the files in a folder, and return it. Raises OSError."""
        return self.repositories.publish_folder(name, folder, **more)

    async def start(self) -> None:
        """Listen, on the port that it had. Raises OSError when that is taken."""
        app = hub_app(
            self.repositories,
            faults=self.faults,
            journal=self.requests,
            traffic=self.traffic,
            limits=self.limits,
            sever=self._listener.sever,
            far=self.settings.far,
            page_size=self.settings.page_size,
        )
        await self._listener.start(app)

    async def stop(self) -> None:
        """Close the port and every connection; what is published stays."""
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
