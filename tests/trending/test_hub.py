"""The Hub is asked through a process that counts, limits and stops what its library would do."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from tests.runtimes.conftest import Reply, ScriptedServer
from tests.trending.conftest import GENEROUS, Clock
from venom_modeld.core.reasons import Reason
from venom_modeld.trending import hub_child
from venom_modeld.trending.errors import NoSuchModel, ParseFailed, SourceFailed, Throttled
from venom_modeld.trending.hub_process import HubProcess, HubReply, _broken
from venom_modeld.trending.limits import Budget, Host

EXPAND = "".join(f"&expand={word}" for word in hub_child.EXPAND)
LIST = f"GET /api/models?sort=trendingScore&limit=100{EXPAND}"
CALL = {"do": "list", "sort": "trending_score", "limit": 100}
TREE = "GET /api/models/Org/Repo/tree/main?recursive=true&expand=false"
INFO = f"GET /api/models/Org/Repo?{EXPAND[1:]}&expand=siblings"
JSON = {"Content-Type": "application/json; charset=utf-8"}

REPO = {
    "_id": "1",
    "id": "Org/Repo",
    "downloads": 12,
    "likes": 3,
    "gated": "manual",
    "lastModified": "2026-08-20T12:04:25.000Z",
    "pipeline_tag": "text-generation",
    "tags": ["safetensors", "license:mit"],
    "safetensors": {"parameters": {"BF16": 1000}, "total": 1000},
    "gguf": {"total": 5, "totalFileSize": 7},
}
FACTS = {
    "id": "Org/Repo",
    "downloads": 12,
    "likes": 3,
    "gated": True,
    "updated_at": 1_787_227_465.0,
    "task": "text-generation",
    "tags": ["safetensors", "license:mit"],
    "parameters": {"BF16": 1000},
    "gguf_parameters": 5,
    "files": None,
}


def sends(data: Any, **headers: str) -> Reply:
    """Return JSON as the Hub sends it."""
    return Reply(body=json.dumps(data).encode(), headers={**JSON, **headers})


def _default_client() -> httpx2.Client:
    """Return what the library uses where nobody says otherwise; it is loaded by the child's module, not before."""
    from huggingface_hub.utils._http import default_client_factory  # noqa: PLC0415

    return default_client_factory()


async def ask(server: ScriptedServer, call: Mapping[str, Any] = CALL) -> dict[str, Any]:
    """Ask as the child does, without a process; what it changes in its library is put back for the tests to come."""
    try:
        return await asyncio.to_thread(hub_child.answer, call, endpoint=server.url)
    finally:
        hub_child.set_client_factory(_default_client)


async def test_a_hub_on_this_host_is_asked_without_a_proxy(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy could not reach it."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.on(LIST, sends([REPO]))
    assert (await ask(server))["value"] == [FACTS]


async def test_a_listing_is_one_request_for_what_is_read(server: ScriptedServer) -> None:
    """Fields that nobody reads are not asked for, no list of coding agents either; limits and version come along."""
    limits = {"RateLimit": '"api";r=495;t=23', "ETag": 'W/"9"'}
    server.on(LIST, sends([REPO, {"id": "gpt2"}], **limits))
    found = await ask(server, {**CALL, "version": "0.1"})
    assert found["value"][0] == FACTS
    assert found["value"][1] == {
        **dict.fromkeys(FACTS),
        "id": "gpt2",
        "gated": False,
        "tags": [],
        "parameters": {},
    }
    assert (found["validator"], found["headers"], found["requests"]) == (
        'W/"9"',
        {"ratelimit": '"api";r=495;t=23'},
        1,
    )
    assert [asked.what for asked in server.asked] == [LIST]
    assert server.asked[0].headers["user-agent"].startswith("venom-modeld/0.1; hf_hub/")


async def test_a_known_version_is_asked_for_only_if_it_changed(server: ScriptedServer) -> None:
    """The library knows no conditions; its client does."""
    server.on(LIST, Reply(status=304))
    found = await ask(server, {**CALL, "validator": 'W/"9"'})
    assert found["status"] == 304
    assert server.asked[0].headers["if-none-match"] == 'W/"9"'


async def test_a_listing_of_many_pages_is_cut(server: ScriptedServer) -> None:
    """Three pages are read, and what they hold is the answer."""
    for number in range(9):
        link = f'<{server.url}/api/models?cursor={number + 1}>; rel="next"'
        path = LIST if number == 0 else f"GET /api/models?cursor={number}"
        server.on(path, sends([{"id": f"Org/{number}"}], Link=link))
    found = await ask(server)
    assert [one["id"] for one in found["value"]] == ["Org/0", "Org/1", "Org/2"]
    assert found["requests"] == 3


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(status=429, headers={"Retry-After": "9"}), {"status": 429, "headers": {"retry-after": "9"}}),
        (Reply(status=503), {"status": 503}),
        (Reply(status=401), {"status": 401}),
        (Reply(body=b"<html>Log in</html>", headers={"Content-Type": "text/html"}), {"invalid": None}),
        (Reply(body=b"[{", headers=JSON), {"invalid": None}),
        (Reply(body=b'"text"', headers=JSON), {"invalid": None}),
        (Reply(body=b'[{"no": "id"}]', headers=JSON), {"invalid": None}),
        (Reply(body=b'[{"id": "a", "lastModified": "long ago"}]', headers=JSON), {"invalid": None}),
        (Reply(body=b"[]", headers=JSON, end="cut"), {"unreachable": None}),
        (Reply(end="nothing"), {"unreachable": None}),
    ],
)
async def test_what_is_no_listing_is_tried_once(server: ScriptedServer, reply: Reply, expected: dict[str, Any]) -> None:
    """The library would try some of these six times, and wait in between."""
    server.on(LIST, reply)
    found = await ask(server)
    assert "value" not in found
    assert len(server.asked) == found["requests"] == 1
    for key, value in expected.items():
        assert found[key] == (found[key] if value is None else value)


async def test_an_answer_of_any_size_is_read_up_to_a_limit(server: ScriptedServer) -> None:
    """A listing of nine megabytes is none."""
    server.on(LIST, Reply(body=[b" " * 2**20] * 9, headers=JSON))
    assert "larger than" in (await ask(server))["invalid"]


async def test_a_repository_is_read_with_its_files(server: ScriptedServer) -> None:
    """The info has their names, the tree their sizes; folders are no files."""
    server.on(INFO, sends({**REPO, "siblings": [{"rfilename": "a.gguf"}]}))
    file = {"type": "file", "oid": "1", "size": 30, "path": "a.gguf"}
    server.on(TREE, sends([file, {"type": "directory", "oid": "2", "path": "x"}]))
    info = await ask(server, {"do": "info", "repository": "Org/Repo"})
    assert info["value"] == {**FACTS, "files": ["a.gguf"]}
    tree = await ask(server, {"do": "tree", "repository": "Org/Repo"})
    assert tree["value"] == {"a.gguf": 30}


async def test_a_tree_of_too_many_pages_has_no_size(server: ScriptedServer) -> None:
    """Half a tree would be half a size."""
    link = f'<{server.url}{TREE.removeprefix("GET ")}>; rel="next"'
    server.on(TREE, sends([{"type": "file", "oid": "1", "size": 30, "path": "a"}], Link=link))
    found = await ask(server, {"do": "tree", "repository": "Org/Repo"})
    assert found["invalid"] == "it has more than 3 pages"


@pytest.fixture
def host(clock: Clock) -> Host:
    """Give the Hub's host."""
    return Host("hub.test", GENEROUS, clock=clock)


def process(server: ScriptedServer, host: Host, **more: Any) -> HubProcess:
    """Give the Hub of a test."""
    environ = {**os.environ, "HF_ENDPOINT": f"{server.url}/"}
    return HubProcess(host, version="0.1", environ=environ, wall=lambda: 0.0, **more)


async def test_the_process_answers_as_many_calls_as_it_is_given(server: ScriptedServer, host: Host) -> None:
    """Its settings are the Hub's own; a repository that is missing stops nothing, a refusal does."""
    tree = [{"type": "file", "oid": "1", "size": 30, "path": "a.gguf"}]
    missing = TREE.replace("Repo", "None")
    server.on(TREE, sends(tree, RateLimit='"api";r=7;t=9'))
    server.on(missing, Reply(status=401, headers={"X-Error-Code": "RepoNotFound"}))
    server.on(TREE.replace("Repo", "Busy"), Reply(status=429))
    names = ("None", "Repo", "Busy", "Repo")
    calls = [{"do": "tree", "repository": f"Org/{name}"} for name in names]
    none, repo, busy = await process(server, host).ask_all(calls)
    assert isinstance(none, NoSuchModel)
    assert repo == HubReply(value={"a.gguf": 30})
    assert isinstance(busy, SourceFailed)
    assert busy.reason is Reason.RATE_LIMITED
    assert (host.stats.requests, host.stats.failures, host.stats.remaining) == (4, 1, 7)
    with pytest.raises(Throttled):
        await process(server, host).ask(CALL)


async def test_calls_beyond_the_budget_are_not_made(server: ScriptedServer, clock: Clock) -> None:
    """The first ones are; without a right to any no process is started."""
    server.on(TREE, sends([]))
    hub = process(server, Host("hub.test", Budget(burst=1, seconds=60), clock=clock))
    calls = [{"do": "tree", "repository": "Org/Repo"}] * 3
    assert await hub.ask_all(calls) == [HubReply(value={})]
    assert await hub.ask_all(calls) == []
    assert len(server.asked) == 1


async def test_a_hub_that_does_not_answer_is_given_up(server: ScriptedServer, host: Host) -> None:
    """The process is gone when the error comes."""
    hub = process(server, host, deadline=0.05)
    with pytest.raises(SourceFailed, match=r"no answer within 0\.05 s") as caught:
        await hub.ask(CALL)
    assert caught.value.reason is Reason.UNREACHABLE
    assert host.stats.failures == 1


async def test_who_stops_waiting_stops_the_process(server: ScriptedServer, host: Host) -> None:
    """No request goes on for a caller that is gone."""
    server.on(LIST, Reply(end="silence"))
    asking = asyncio.create_task(process(server, host).ask(CALL))
    async with asyncio.timeout(20):
        await server.reached.wait()
        asking.cancel()
        await server.left.wait()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_process_that_breaks_is_told_without_the_token(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last words are shown, but for what looks like a token."""
    monkeypatch.setattr(sys, "executable", "/bin/sh")
    with pytest.raises(SourceFailed, match="ended before its time") as caught:
        await HubProcess(host, version="0", environ={}).ask(CALL)
    assert caught.value.reason is Reason.FAILED


def reply_to(host: Host, call: Mapping[str, Any], **found: Any) -> HubReply | SourceFailed:
    """Read an answer of the child."""
    hub = HubProcess(host, version="0", environ={})
    return hub._reply(call, {"headers": {}, "requests": 1, "validator": None, **found})


@pytest.mark.parametrize(
    ("found", "kind", "words"),
    [
        ({"unreachable": "connection refused"}, SourceFailed, "hub.test cannot be reached: connection refused"),
        ({"invalid": "it is no JSON"}, ParseFailed, "cannot be read: it is no JSON"),
        ({"status": 404}, NoSuchModel, "has no repository Org/Repo"),
        ({"status": 403, "headers": {"x-error-code": "GatedRepo"}}, SourceFailed, "https://huggingface.co/Org/Repo"),
        ({"status": 403}, SourceFailed, "does not let us read"),
        ({"status": 500}, SourceFailed, "status 500"),
    ],
)
def test_each_failure_has_its_sentence(host: Host, found: dict[str, Any], kind: type[SourceFailed], words: str) -> None:
    """Where a repository is gated, the page on which access is asked for is named."""
    error = reply_to(host, {"do": "info", "repository": "Org/Repo"}, **found)
    assert type(error) is kind
    assert words in str(error)


def test_an_unchanged_listing_keeps_its_version(host: Host) -> None:
    """It has no value and is no failure."""
    assert reply_to(host, {**CALL, "validator": '"9"'}, status=304) == HubReply(
        value=None, validator='"9"', unchanged=True
    )
    assert host.stats.failures == 0


def test_every_page_counts(host: Host) -> None:
    """A listing of three pages is three requests."""
    reply_to(host, CALL, value=[], requests=3)
    assert host.stats.requests == 2


def test_the_last_words_of_a_process_are_shown_without_a_token(host: Host) -> None:
    """A token has a form by which it is known."""
    assert _broken(b"Traceback\nValueError: bad token hf_abcDEF123 sent") == (
        "The program that reads the Hub ended before its time: ValueError: bad token hf_… sent"
    )
    assert _broken(b"").endswith("it said nothing")


async def test_the_daemon_does_not_load_the_library() -> None:
    """Only the child does; it costs half a second and 30 MB."""
    code = "import sys, venom_modeld.trending.assembly; sys.exit('huggingface_hub' in sys.modules)"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await child.wait() == 0
