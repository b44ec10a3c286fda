"""`trending` and `search`: what the daemon knows of the catalogues.

The daemon is asked and nobody else, since it keeps the lists and the budget of every host: a command that is repeated
costs ollama.com and the Hub nothing that a person would not.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

from venom_modeld.cli.client import DaemonClient
from venom_modeld.cli.exits import ExitCode, Failure
from venom_modeld.core.names import Provider

TIMEOUT = 30.0
"""Seconds to wait for an answer; the daemon itself gives a catalogue eight."""

Found = dict[str, dict[str, Any]]
"""What the daemon answers, by provider."""


def trending(client: DaemonClient, providers: Sequence[Provider], limit: int) -> Found:
    """Return what is popular. Raises as the client does."""
    return _ask(client, "trending", providers, limit=limit)


def search(client: DaemonClient, query: str, providers: Sequence[Provider], limit: int) -> Found:
    """Return what fits a query. Raises as the client does, Refused for a query that is too short or too long."""
    return _ask(client, "search", providers, limit=limit, query=query)


def check(found: Found) -> None:
    """Raise Failure where nothing is known of any catalogue that was asked for."""
    if all(answer["fetched_at"] is None and not answer["models"] for answer in found.values()):
        raise Failure("Nothing is known of the catalogues now; the reasons stand above.", ExitCode.FAILED)


def _ask(client: DaemonClient, call: str, providers: Sequence[Provider], **more: object) -> Found:
    """Ask for all providers at once: each may take its time to be searched."""

    def ask(provider: Provider) -> dict[str, Any]:
        query = urlencode({"provider": provider.value, **more})
        answer: dict[str, Any] = client.get(f"/api/v1/models/{call}?{query}", timeout=TIMEOUT)
        return answer

    with ThreadPoolExecutor(max_workers=len(providers)) as pool:
        return {provider.value: answer for provider, answer in zip(providers, pool.map(ask, providers), strict=True)}
