"""The job that looks after the catalogues, on the real clock, and everything put together over real HTTP."""

import asyncio
import json
import logging
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import DEADLINE, eventually
from tests.runtimes.conftest import Reply, ScriptedServer
from tests.trending.conftest import MakeWire, html
from tests.trending.pages import listing
from tests.trending.test_hub import EXPAND, JSON, REPO
from venom_modeld.core.catalogue import Listing, Verdict
from venom_modeld.core.names import Provider
from venom_modeld.state.store import STATE_FILE, Store
from venom_modeld.trending.assembly import LocalOllama, catalogues, checking
from venom_modeld.trending.choices import Choices
from venom_modeld.trending.recommendations import PATH
from venom_modeld.trending.schedule import Schedule

QUICK = {"every": 0.05, "jitter": 0.01}


async def test_the_work_is_done_at_once_and_again() -> None:
    """Until the end of the block, and not after it."""
    runs = 0
    thrice = asyncio.Event()

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs == 3:
            thrice.set()

    async with asyncio.timeout(DEADLINE), Schedule(work, **QUICK):
        await thrice.wait()
    done = runs
    await asyncio.sleep(0.1)
    assert runs == done


async def test_runs_never_overlap() -> None:
    """While one waits for a slow server, the next is left out; the end of the block ends it."""
    under_way = 0
    began, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        nonlocal under_way
        under_way += 1
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with asyncio.timeout(DEADLINE):
        async with Schedule(work, **QUICK):
            await began.wait()
            await asyncio.sleep(0.2)
        await ended.wait()
    assert under_way == 1


async def test_work_that_breaks_is_done_again(caplog: pytest.LogCaptureFixture) -> None:
    """It is told in the log, and the next run comes all the same."""
    runs = 0
    twice = asyncio.Event()

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs == 2:
            twice.set()
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR):
        async with asyncio.timeout(DEADLINE), Schedule(work, **QUICK):
            await twice.wait()
    assert caplog.records[0].message == "refresh of the catalogues broke"


async def test_a_clock_that_goes_back_stops_nothing() -> None:
    """A next run that lies a day ahead is made now."""
    ran = asyncio.Event()

    async def work() -> None:
        ran.set()

    async with asyncio.timeout(DEADLINE), Schedule(work, **QUICK) as schedule:
        await ran.wait()
        schedule.job.modify(next_run_time=datetime.now(UTC) + timedelta(days=1))
        ran.clear()
        await ran.wait()


def choices(server: ScriptedServer, word: str = "website") -> Choices:
    """Return settings in which the scripted server is everything."""
    return Choices(ollama=word, site_url=server.url, registry_url=server.url, refresh=1800.0, version="0.1")


def environ(server: ScriptedServer, **more: str) -> dict[str, str]:
    """Return an environment in which it is the Hub too."""
    return {**os.environ, "HF_ENDPOINT": server.url, **more}


async def test_put_together_the_catalogues_fill_themselves(server: ScriptedServer, tmp_path: Path) -> None:
    """Both providers are read, kept in the store, and told of in numbers; a restart asks for nothing."""
    server.on("GET /search", html(listing()))
    server.on("GET /library", html(listing("G1")))
    repo = Reply(body=b"[%s]" % json.dumps(REPO).encode(), headers=JSON)
    server.on(f"GET /api/models?sort=trendingScore&limit=100{EXPAND}", repo)
    server.on(f"GET /api/models?pipeline_tag=text-generation&sort=downloads&limit=100{EXPAND}", repo)
    settings, kinds = choices(server), (Listing.TRENDING, Listing.AVAILABLE)
    for _ in range(2):
        store = await Store.open(tmp_path / STATE_FILE)
        running = catalogues(settings, store, local_ollama=lambda: None, environ=environ(server))
        async with store, running as found:
            catalogue = found.catalogue
            await eventually(
                lambda: all(catalogue.answer(kind, one).fetched_at for kind in kinds for one in Provider)  # noqa: B023
            )
            names = [one.model_name for one in catalogue.answer(Listing.TRENDING, Provider.HUGGINGFACE).entries]
            assert names == ["Org/Repo"]
            assert len(catalogue.answer(Listing.AVAILABLE, Provider.OLLAMA).entries) == 4
            assert {feed.failing for feed in catalogue.stats().feeds} == {False}
            checked = await found.checker.check("ollama", "heron2.5x")
            assert checked.verdict is Verdict.NO
            assert "Did you mean 'heron2.5'?" in (checked.message or "")
    assert server.count("GET /search") == server.count("GET /library") == 1
    agents = {asked.headers["user-agent"] for asked in server.asked if asked.what == "GET /search"}
    assert agents == {"venom-modeld/0.1 (keeps lists of models for one host; asks seldom)"}


def test_the_way_to_a_local_ollama_follows_the_file(make_wire: MakeWire) -> None:
    """The file may declare none, one, another, and the first one again, to which the way is the same."""
    urls = iter([None, "http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:1"])
    local = LocalOllama(lambda: next(urls), make_wire)
    assert local() is None
    first, other, again = local(), local(), local()
    assert first is again is not other
    assert first is not None
    assert first.url == "http://127.0.0.1:1"


async def test_a_setting_chooses_the_recommendations(server: ScriptedServer, tmp_path: Path) -> None:
    """The site is not asked then; the Hub's own switch turns the Hub off; another Ollama has a way of its own."""
    server.on(f"GET {PATH}", {"recommendations": [{"model": "wren"}]})
    store = await Store.open(tmp_path / STATE_FILE)
    running = catalogues(
        choices(server, "recommendations"),
        store,
        local_ollama=lambda: server.url,
        environ=environ(server, HF_HUB_OFFLINE="1"),
    )
    async with store, running as found:
        catalogue = found.catalogue
        await eventually(lambda: bool(catalogue.answer(Listing.AVAILABLE, Provider.OLLAMA).entries))
        offline = catalogue.answer(Listing.TRENDING, Provider.HUGGINGFACE).error
        assert offline is not None
        assert "HF_HUB_OFFLINE is set" in offline
        assert (await found.checker.check("vllm", "Org/Repo")).verdict is Verdict.UNKNOWN
    assert {asked.what for asked in server.asked} <= {f"GET {PATH}", "GET /v2/library/wren/manifests/latest"}


async def test_a_setting_turns_ollamas_catalogue_off(server: ScriptedServer, tmp_path: Path) -> None:
    """It says so, and nothing is asked."""
    store = await Store.open(tmp_path / STATE_FILE)
    running = catalogues(
        choices(server, "off"), store, local_ollama=lambda: None, environ=environ(server, HF_HUB_OFFLINE="1")
    )
    async with store, running as found:
        await found.catalogue.refresh_due()
        answer = found.catalogue.answer(Listing.TRENDING, Provider.OLLAMA)
    assert answer.error is not None
    assert answer.error.startswith("`trending.ollama.source` is `off`")
    assert server.asked == []


async def test_a_checker_needs_no_catalogue(server: ScriptedServer) -> None:
    """For a program that only looks at a file."""
    server.on("HEAD /v2/library/wren/manifests/latest", Reply())
    async with checking(registry_url=server.url, version="1", environ=environ(server)) as checker:
        assert (await checker.check("ollama", "wren")).verdict is Verdict.YES
        assert (await checker.check("ollama", "auk")).message == (
            "Ollama's library has no 'auk:latest'. Write a name that https://ollama.com/search has."
        )


async def test_the_comparison_with_samples_tells_what_differs(tmp_path: Path) -> None:
    """Nothing for a folder in which all is as expected; a line and exit code 1 otherwise."""
    sample = tmp_path / "list.html"
    sample.write_text(listing(), encoding="utf-8")
    expected = tmp_path / "list.html.expected.json"
    tool = Path(__file__).parents[1] / "tools/samples.py"
    for count, code, word in ((4, 0, "0 differences"), (5, 1, "total_cards: read 4, expected 5")):
        expected.write_text(f'{{"kind":"search","total_cards":{count},"models":[]}}', encoding="utf-8")
        child = await asyncio.create_subprocess_exec(
            sys.executable, str(tool), str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        said, _ = await child.communicate()
        assert (child.returncode, word in said.decode()) == (code, True)
