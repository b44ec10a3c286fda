"""robots.txt: which pages of a site may be read, and how quickly, read at most once a day.

A site without one (any 4xx) allows everything; one whose robots.txt cannot be had allows nothing for now (RFC 9309).
"""

from collections.abc import Callable
from urllib.robotparser import RobotFileParser

from venom_modeld.core.names import shown
from venom_modeld.core.reasons import Reason
from venom_modeld.trending.errors import ParseFailed, SourceFailed
from venom_modeld.trending.limits import LONGEST_HOLD
from venom_modeld.trending.wire import Wire

DAY = 86_400.0

LONGEST = 512_000
"""Characters of the file that are read, as many as RFC 9309 wants at the least."""

_NONE = frozenset(range(400, 500)) - {429}
"""The answers that mean that there is no robots.txt."""


class Robots:
    """The rules of one site for us; `agent` is the word that they would name us by."""

    def __init__(self, wire: Wire, *, agent: str, clock: Callable[[], float]) -> None:
        self._wire = wire
        self._agent = agent
        self._clock = clock
        self._rules = RobotFileParser()
        self._read_at: float | None = None

    async def allow(self, path: str) -> None:
        """Return if a page may be read. Raises SourceFailed if not, or if that cannot be known, and Throttled."""
        if self._read_at is None or self._clock() - self._read_at >= DAY:
            await self._read()
        if not self._rules.can_fetch(self._agent, self._wire.url + path):
            raise SourceFailed(
                f"{self._wire.url}/robots.txt asks programs not to read {path}. Set `trending.ollama.source` to"
                " `recommendations` or `off`.",
                reason=Reason.ACCESS_DENIED,
            )

    @property
    def delay(self) -> float:
        """Return the seconds that the site wants between two requests; 0 where it does not say."""
        if self._read_at is None:
            return 0.0
        return float(min(int(self._rules.crawl_delay(self._agent) or 0), LONGEST_HOLD))

    async def _read(self) -> None:
        reply = await self._wire.get("/robots.txt", accept=_NONE)
        rules = RobotFileParser()
        try:
            rules.parse(reply.text[:LONGEST].splitlines() if reply.status == 200 else [])
        except ValueError as error:
            raise ParseFailed(f"{self._wire.url}/robots.txt cannot be read: {shown(str(error))}.") from error
        self._rules, self._read_at = rules, self._clock()
