"""The catalogues while a daemon starts: nobody waits for them but who asks, and who asks gets what they know."""

import asyncio
import threading
from contextlib import AbstractAsyncContextManager

import pytest

from tests.conftest import DEADLINE, eventually
from tests.runtimes.conftest import ScriptedServer
from tests.trending.conftest import MemoryShelf, entry
from tests.trending.test_schedule import choices, environ
from venom_modeld.core.catalogue import KeptAnswer, Listing, Question
from venom_modeld.core.names import Provider
from venom_modeld.trending.assembly import Catalogues
from venom_modeld.trending.later import LaterCatalogues, catalogues_later
from venom_modeld.trending.ollama_site import OllamaSite
from venom_modeld.trending.recommendations import PATH

NEVER = 3600.0
"""Seconds that no test lasts."""

TRENDING = Question(provider=Provider.OLLAMA, listing=Listing.TRENDING)
WREN = KeptAnswer(source=OllamaSite.name, question=TRENDING, entries=(entry("wren"),), fetched_at=1_000_000.0)


@pytest.fixture
def shelf() -> MemoryShelf:
    """Give a store in which an earlier process kept a list."""
    return MemoryShelf(answers={(OllamaSite.name, TRENDING): WREN})


async def test_who_asks_first_has_them_put_together(server: ScriptedServer, shelf: MemoryShelf) -> None:
    """The first answer is what is kept, and no empty list; the numbers and the advice are theirs too."""
    running = catalogues_later(
        choices(server), shelf, local_ollama=lambda: None, environ=environ(server, HF_HUB_OFFLINE="1"), first=NEVER
    )
    async with asyncio.timeout(DEADLINE), running as later:
        assert server.asked == []
        known, numbers, advice = await asyncio.gather(
            later.answer(Listing.TRENDING, Provider.OLLAMA, 10), later.stats(), later.advise("ollama", "wrens")
        )
        assert [one.model_name for one in known.entries] == ["wren"]
        assert numbers.feeds
        assert advice == "Did you mean 'wren'?"
        assert (await later.search("wren", Provider.HUGGINGFACE, 10)).error
        with pytest.raises(ValueError, match="no name of a model"):
            await later.tags("w", Provider.OLLAMA, 10)


async def test_nobody_has_to_ask(server: ScriptedServer) -> None:
    """After a moment they are put together, and ask for what is due."""
    running = catalogues_later(
        choices(server, "recommendations"),
        MemoryShelf(),
        local_ollama=lambda: server.url,
        environ=environ(server, HF_HUB_OFFLINE="1"),
        first=0,
    )
    async with running:
        await eventually(lambda: server.count(f"GET {PATH}") > 0)


async def test_who_gives_up_leaves_them_to_the_others(server: ScriptedServer, shelf: MemoryShelf) -> None:
    """A caller who hangs up while they are loaded takes nothing from anybody, and the loop goes on meanwhile."""
    loaded = threading.Event()

    def make() -> AbstractAsyncContextManager[Catalogues]:
        assert loaded.wait(DEADLINE)
        from venom_modeld.trending.assembly import catalogues  # noqa: PLC0415 - as it is done there

        return catalogues(choices(server), shelf, local_ollama=lambda: None, environ=environ(server))

    later = LaterCatalogues()
    running = asyncio.create_task(later.run(make, first=NEVER))
    waiting = [asyncio.create_task(later.answer(Listing.TRENDING, Provider.OLLAMA, 10)) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.wait({waiting[0]})
    assert not waiting[1].done()
    loaded.set()
    async with asyncio.timeout(DEADLINE):
        assert (await waiting[1]).entries
    running.cancel()
    await asyncio.wait({running})


async def test_a_hub_whose_address_makes_no_sense_is_one_that_fails(server: ScriptedServer) -> None:
    """Whoever asks is told, and the daemon goes on."""
    running = catalogues_later(
        choices(server),
        MemoryShelf(),
        local_ollama=lambda: None,
        environ=environ(server, HF_ENDPOINT="http://["),
    )
    async with asyncio.timeout(DEADLINE), running as later:
        found = await later.search("wren", Provider.HUGGINGFACE, 10)
        assert found.entries == ()
        assert found.error


class Faulty(MemoryShelf):
    """A store with a fault in its program."""

    async def load_catalogue(self) -> tuple[KeptAnswer, ...]:
        """Fail as nobody expects."""
        raise ZeroDivisionError


async def test_a_failure_to_load_them_is_not_lived_with(server: ScriptedServer) -> None:
    """The block is ended by it: a daemon without catalogues would keep whoever asks waiting for good."""
    with pytest.raises(ExceptionGroup) as caught:
        async with (
            asyncio.timeout(DEADLINE),
            catalogues_later(
                choices(server),
                Faulty(),
                local_ollama=lambda: None,
                environ=environ(server),
                first=0,
            ),
        ):
            await asyncio.Event().wait()
    assert caught.group_contains(ZeroDivisionError)
