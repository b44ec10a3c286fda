"""The catalogues of the real daemon: with a network, without one, and with one that lies.

The site and the Hub are the sandbox's, so that what they were asked can be counted. A day passes by dating back what
the daemon kept.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import DEADLINE, House, a_house
from tests.cli.conftest import Ended
from tests.conftest import QUICK
from venom_modeld.core.catalogue import HOW_TO
from venom_modeld.sandbox.hub import Hub, HubFailure
from venom_modeld.sandbox.site import Site
from venom_modeld.state.store import STATE_FILE, Store

pytestmark = pytest.mark.acceptance

Json = dict[str, Any]

LISTS = [(call, provider) for call in ("trending", "providers") for provider in ("ollama", "huggingface")]
PROVIDERS = ("ollama", "huggingface")
MINUTE, DAY = 60.0, 86_400.0


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A house with the internet, which may be unplugged."""

    house: House
    site: Site
    hub: Hub

    async def unplug(self) -> None:
        """Take the internet away."""
        await self.site.stop()
        await self.hub.stop()

    async def plug_in(self) -> None:
        """Bring it back, with everything forgotten that was asked before."""
        self.house.sandbox.requests.clear()
        await self.site.start()
        await self.hub.start()

    def asked(self, server: str) -> list[str]:
        """Return what a server of the internet was asked, in order."""
        return [one.path for one in self.house.sandbox.requests.matching(server=server)]

    async def lists(self) -> dict[tuple[str, str], Json]:
        """Return all four lists."""
        get = self.house.daemon.get
        return {(call, one): await get(f"/api/v1/models/{call}?provider={one}") for call, one in LISTS}

    async def until(self, truth: Callable[[Json], bool]) -> dict[tuple[str, str], Json]:
        """Wait until every list is as wanted; nobody tells of lists."""
        found: dict[tuple[str, str], Json] = {}
        try:
            async with asyncio.timeout(DEADLINE):
                while not found or not all(map(truth, found.values())):
                    found = await self.lists()
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            told = {key: (one["count"], one["stale"], one["error"]) for key, one in found.items()}
            raise AssertionError(f"waited in vain; the lists are {told}") from error
        return found

    async def restart(self, *, later: float) -> None:
        """Start the daemon again, so many seconds after what it kept was read and asked for."""
        await self.house.stop()
        await self.wait(later)
        await self.house.start()

    async def wait(self, seconds: float) -> None:
        """Let time pass while the daemon does not run."""
        async with await Store.open(self.house.folder / "state" / STATE_FILE) as store:
            for kept in await store.load_catalogue():
                fetched = None if kept.fetched_at is None else kept.fetched_at - seconds
                attempted = None if kept.attempted_at is None else kept.attempted_at - seconds
                await store.save_catalogue(replace(kept, fetched_at=fetched, attempted_at=attempted))

    def told(self, message: str) -> list[str]:
        """Return of which sources the log of the running daemon says something."""
        return sorted(line["source"] for line in self.house.daemon.log if line["message"] == message)

    async def run(self, *arguments: str) -> Ended:
        """Run a command that asks the daemon."""
        return await self.house.run(*arguments, "--address", self.house.daemon.address)


def is_fresh(answer: Json) -> bool:
    """Tell whether a list is as it should be."""
    return bool(answer["models"]) and not answer["stale"] and answer["error"] is None


def is_failing(answer: Json) -> bool:
    """Tell whether a list was tried for and not had."""
    return "It is tried again" in (answer["error"] or "")


@asynccontextmanager
async def an_outside(folder: Path) -> AsyncIterator[Outside]:
    """Give a house whose catalogues are the sandbox's, its daemon not started."""
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(a_house(folder, replace(QUICK, site_port=0, hub_port=0)))
        site, hub = house.sandbox.site, house.sandbox.hub
        assert site is not None
        assert hub is not None
        house.set(TRENDING_OLLAMA_SOURCE="website", TRENDING_OLLAMA_URL=site.url)
        house.run.environment |= {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0"}
        house.write({"version": 1, "runtimes": {}})
        yield Outside(house=house, site=site, hub=hub)


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    """Give a house with the internet."""
    async with an_outside(tmp_path) as outside:
        yield outside


async def test_both_catalogues_are_read_by_themselves_and_rarely(outside: Outside) -> None:
    """Each list once; however often a screen or a command asks, nobody outside is asked again."""
    outside.house.declare("qwen3:0.6b")
    await outside.house.start()
    await outside.until(is_fresh)
    await outside.house.converged()
    asked = len(outside.asked("site"))
    assert sorted(outside.asked("site")) == ["/library", "/robots.txt", "/search"]
    for _ in range(20):
        found = await outside.lists()
    commands = await asyncio.gather(*(outside.run("trending", "--format", "json") for _ in range(3)))
    assert [ended.code for ended in commands] == [0, 0, 0]
    assert len(outside.asked("site")) == asked
    assert sum("/api/models?" in path or path == "/api/models" for path in outside.asked("hub")) == 2
    shown = {one["model_name"]: one for one in found["trending", "ollama"]["models"]}
    assert (shown["qwen3"]["installed"], shown["qwen3"]["declared"]) == (True, True)
    assert (shown["llama3.2"]["installed"], shown["llama3.2"]["declared"]) == (False, False)
    offered = {one["model_name"]: one for one in found["trending", "huggingface"]["models"]}
    assert (offered["Qwen/Qwen3-8B"]["runtime"], offered["Qwen/Qwen3-8B"]["size_bytes"]) == ("vllm", 16_381_470_720)
    assert offered["hf.co/unsloth/Qwen3-0.6B-GGUF"]["runtime"] == "ollama"
    numbers = (await outside.house.daemon.client.get("/metrics")).text
    for name in ("age_seconds", "entries", "failing"):
        assert f'venom_modeld_catalogue_{name}{{listing="trending",source="website"}}' in numbers
    for name in ("requests_total", "failures_total", "rate_limit_remaining"):
        assert f'venom_modeld_catalogue_{name}{{host="{outside.hub.url.removeprefix("http://")}"}}' in numbers
    gated = offered["meta-llama/Llama-3.2-1B-Instruct"]
    assert (gated["gated"], gated["url"]) == (True, f"{outside.hub.url}/meta-llama/Llama-3.2-1B-Instruct")
    assert "sandbox/qwen3-support-lora" not in offered


async def test_a_search_asks_each_site_once(outside: Outside) -> None:
    """The command shows both; asked again, it is answered from what is kept."""
    await outside.house.start()
    await outside.until(is_fresh)
    first = await outside.run("search", "qwen")
    again = await outside.run("search", "QWEN ", "--format", "json")
    assert (first.code, first.err, again.code) == (0, "", 0)
    assert {"qwen3", "qwen2.5-coder", "Qwen/Qwen3-8B"} <= {line.split()[0] for line in first.out.split("\n") if line}
    assert [one["model_name"] for one in again.json["ollama"]["models"]] == ["qwen3", "qwen2.5-coder"]
    assert outside.asked("site").count("/search?q=qwen") == 1


async def test_a_silent_site_keeps_nobody_waiting(outside: Outside) -> None:
    """A search ends by its deadline with what is known, and everything else is answered meanwhile."""
    await outside.house.start()
    await outside.until(is_fresh)
    outside.site.faults.latency = outside.hub.faults.latency = 3600
    searching = asyncio.create_task(outside.run("search", "qwen"))
    await asyncio.wait_for(outside.lists(), DEADLINE)
    assert not searching.done()
    ended = await searching
    assert ended.code == 0
    assert ended.err.count("There was no answer within 8 seconds. Shown instead:") == 2
    assert "from the lists that were read before" in ended.out
    assert {"qwen3", "Qwen/Qwen3-8B"} <= {line.split()[0] for line in ended.out.splitlines() if line}
    outside.site.faults.reset()
    outside.hub.faults.reset()


async def test_unplugged_at_start_yesterdays_lists_are_shown(outside: Outside) -> None:
    """Marked stale, with their age and the reason; plugged in again they are fresh after one step, without a burst."""
    await outside.house.start()
    before = await outside.until(is_fresh)
    await outside.unplug()
    await outside.restart(later=DAY)
    found = await outside.until(is_failing)
    for key, answer in found.items():
        assert answer["stale"]
        assert [one["model_name"] for one in answer["models"]] == [one["model_name"] for one in before[key]["models"]]
        assert answer["fetched_at"][:10] < before[key]["fetched_at"][:10]
        assert "cannot be reached" in answer["error"]
        assert "Shown is what was read 24 hours ago." in answer["error"]
    assert outside.told("catalogue cannot be read") == ["hub", "website"]
    shown = await outside.run("trending")
    assert (shown.code, shown.out.count(", stale"), len(shown.err.splitlines())) == (0, 2, 2)
    await outside.plug_in()
    await outside.restart(later=4 * MINUTE)
    assert outside.asked("site") == []
    assert "/api/models" not in outside.asked("hub")
    await outside.restart(later=2 * MINUTE)
    assert await outside.until(is_fresh)
    assert sorted(outside.asked("site")) == ["/library", "/robots.txt", "/search"]
    assert outside.asked("hub").count("/api/models") == 2
    assert outside.told("catalogue can be read again") == ["hub", "website"]


async def test_unplugged_at_the_first_start_there_is_no_data_yet(outside: Outside) -> None:
    """It says so, with the reason and where to read what to do; with an Ollama, what that recommends stands in."""
    await outside.unplug()
    await outside.house.start()
    for answer in (await outside.until(is_failing)).values():
        assert (answer["models"], answer["stale"], answer["fetched_at"]) == ([], True, None)
        assert answer["error"].startswith("No data yet. 127.0.0.1:")
        assert answer["error"].endswith(f"{HOW_TO} says what works without the internet.")
    ended = await outside.run("trending")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("ollama: No data yet.")
    outside.house.declare("qwen3:0.6b")
    await outside.house.converged()
    await outside.restart(later=6 * MINUTE)
    found = await outside.until(
        lambda answer: is_failing(answer) and (answer["models"] or answer["provider"] != "ollama")
    )
    assert len(found["trending", "ollama"]["models"]) == 3
    assert "Shown instead: the models that the local Ollama recommends." in found["trending", "ollama"]["error"]


async def test_a_hotspot_replaces_nothing(outside: Outside) -> None:
    """Pages with 200 where models, or JSON, are due: what was read before stands."""
    await outside.house.start()
    before = await outside.until(is_fresh)
    outside.site.faults.portal = outside.hub.faults.portal = True
    await outside.restart(later=DAY)
    found = await outside.until(is_failing)
    assert _names(found) == _names(before)
    assert "login page of a hotspot" in found["trending", "ollama"]["error"]
    assert "it is no JSON" in found["trending", "huggingface"]["error"]


def _names(lists: dict[tuple[str, str], Json]) -> dict[tuple[str, str], list[str]]:
    """Return who is on each list; sizes may have been looked up meanwhile."""
    return {key: [model["model_name"] for model in one["models"]] for key, one in lists.items()}


async def test_limits_are_obeyed(outside: Outside) -> None:
    """Whoever is told to come back later comes no sooner, also after a restart."""
    headers = {"Retry-After": "7200"}
    outside.site.faults.failures = [HubFailure(path="/*", status=429, times=99, headers=headers)]
    outside.hub.faults.failures = [HubFailure(path="/*", status=429, times=99, headers=headers, body="Too many.")]
    await outside.house.start()
    found = await outside.until(is_failing)
    assert all("(429)" in found["trending", provider]["error"] for provider in PROVIDERS)
    assert all("It is tried again in 2 hours." in answer["error"] for answer in found.values())
    asked = len(outside.asked("site")), len(outside.asked("hub"))
    assert max(asked) <= 4
    outside.site.faults.reset()
    outside.hub.faults.reset()
    await outside.restart(later=100 * MINUTE)
    await outside.until(is_failing)
    assert (len(outside.asked("site")), len(outside.asked("hub"))) == asked


async def test_a_name_that_nobody_has_is_stalled_with_what_to_write(outside: Outside) -> None:
    """The condition of the runtime says it, in the words of the catalogue."""
    await outside.house.start()
    await outside.until(is_fresh)
    outside.house.declare("qwen33")
    status = await outside.house.daemon.told("snapshot", _is_stalled)
    [stalled] = [one for one in status["conditions"] if one["type"] == "Stalled"]
    assert stalled["reason"] == "NotFound"
    assert stalled["message"].endswith("correct the name in the file. Did you mean 'qwen3'?")


def _is_stalled(status: Json) -> bool:
    return any(one["type"] == "Stalled" and one["status"] == "True" for one in status["conditions"])


async def test_gguf_files_under_vllm_are_stalled_with_what_to_write(outside: Outside, tmp_path: Path) -> None:
    """The condition of the runtime names the entry that Ollama takes."""
    gguf = {"README.md": b"# tiny", "tiny-Q8_0.gguf": b"GGUF"}
    outside.hub.publish("team/tiny", gguf, tags=("gguf", "base_model:quantized:team/whole"))
    outside.house.run.environment |= {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_CACHE": str(tmp_path / "hf/hub")}
    server = {"control": "process", "command": ["false"]}
    runtime = {"kind": "vllm", "url": "http://127.0.0.1:9", "prune": "managed", "server": server}
    outside.house.write({"version": 1, "runtimes": {"gpu": {**runtime, "models": ["team/tiny"]}}})
    await outside.house.start()
    status = await outside.house.daemon.told("snapshot", _is_stalled)
    [stalled] = [one for one in status["conditions"] if one["type"] == "Stalled"]
    assert stalled["reason"] == "NotServable"
    assert "declare it under a runtime of kind ollama, as hf.co/team/tiny" in stalled["message"]
