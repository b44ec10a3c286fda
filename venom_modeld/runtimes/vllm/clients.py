"""The connections to servers: one client for each address and key, made when it is first needed."""

from venom_modeld.runtimes.base import Environment
from venom_modeld.runtimes.vllm.client import Client
from venom_modeld.runtimes.vllm.launching import Key


class Clients:
    """The clients of one runtime; `title` is how sentences call it."""

    def __init__(self, *, title: str, environment: Environment, key: Key) -> None:
        self._title = title
        self._environment = environment
        self._key = key
        self._made: dict[tuple[str, str | None], Client] = {}

    async def at(self, url: str) -> Client:
        """Return the client of an address, with the key as it is now; those that are no longer needed are closed.

        Two are kept: a server, and the one that is to take its place.
        """
        wanted = (url, self._key.read())
        if wanted not in self._made:
            self._made[wanted] = Client(url, title=self._title, environment=self._environment, key=wanted[1])
            for old in list(self._made)[:-2]:
                await self._made.pop(old).close()
        return self._made[wanted]

    async def close(self) -> None:
        """Close all connections."""
        made, self._made = self._made, {}
        for client in made.values():
            await client.close()
