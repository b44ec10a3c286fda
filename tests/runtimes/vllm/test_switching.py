"""What a server must answer to be believed, and what is told where it answers otherwise."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from venom_modeld.core.errors import ModeldError, PermanentError, RuntimeUnreachable
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.base import Environment
from venom_modeld.runtimes.vllm.clients import Clients
from venom_modeld.runtimes.vllm.launching import Key
from venom_modeld.runtimes.vllm.server.control import Server, Standing, Start
from venom_modeld.runtimes.vllm.server.launch import Launch
from venom_modeld.runtimes.vllm.switching import Aim, Switch, left_of

LAUNCH = Launch(name="a/b", commit="c", path="/hub/c", alias="default")
NAMES = [{"id": name, "root": "/hub/c", "parent": None} for name in ("a/b", "default")]
TOKEN = {"choices": [{"text": "x"}], "usage": {"completion_tokens": 1}}


class GivenStart(Start):
    """A server that is there already, and ends when it is told to."""

    def __init__(self, url: str) -> None:
        self.launch = LAUNCH
        self.url = url
        self.began = time.time()
        self.proven = False
        self.kept = False
        self.over = asyncio.Event()

    async def ended(self) -> str:
        """Return once it is over."""
        await self.over.wait()
        return "RuntimeError: it is over"

    async def keep(self) -> None:
        """Note that it was proven."""
        self.kept = True

    async def give_up(self) -> None:
        """End."""
        self.over.set()


class GivenServer(Server):
    """A server of which there is one start."""

    def __init__(self, start: GivenStart) -> None:
        self.start = start

    async def look(self) -> Standing:
        """Return that nothing is there."""
        return Standing()

    async def begin(self, launch: Launch, *, beside: bool) -> Start:
        """Return the start."""
        return self.start

    async def release(self, name: str) -> None:
        """Stop nothing."""

    async def close(self) -> None:
        """Let go of nothing."""


async def switched(server: Any, folder: Path) -> GivenStart:
    """Switch to what a server answers, and return its start; raises what the switch raises."""
    environment = Environment(
        connect_timeout=5.0,
        read_timeout=5.0,
        load_timeout=5.0,
        registry_url="http://127.0.0.1:1",
        user_agent="venom-modeld/test",
        state_dir=folder,
    )
    start = GivenStart(server.url)
    clients = Clients(title="Runtime 'gpu'", environment=environment, key=Key(None, "Runtime 'gpu'"))
    switch = Switch(
        GivenServer(start), clients, title="Runtime 'gpu'", proven=folder / "proven.json", start_timeout=20.0
    )
    server.start = start
    try:
        await switch.to(Aim(launch=LAUNCH, adapters={}, beside=False))
    finally:
        await clients.close()
    return start


async def test_a_server_that_shows_all_of_it_is_kept(server: Any, tmp_path: Path) -> None:
    """Healthy, under both names, from the folder of the commit, with a token."""
    server.on("GET /health", b"")
    server.on("GET /v1/models", {"data": NAMES})
    server.on("POST /v1/completions", TOKEN)
    assert (await switched(server, tmp_path)).kept
    assert (tmp_path / "proven.json").exists()


STRANGE = [{"id": "x", "root": "/y"}]
ELSEWHERE = [{**one, "root": "/hub/d"} for one in NAMES]


@pytest.mark.parametrize(
    ("served", "words"),
    [
        (STRANGE, r"serves x from /y, not a/b, default from /hub/c\. Stop it, or choose another `url`"),
        (ELSEWHERE, r"serves a/b, default from /hub/d, not a/b, default from /hub/c"),
        ([], r"serves nothing from nowhere"),
    ],
)
async def test_a_server_that_serves_something_else_is_not_believed(
    server: Any, tmp_path: Path, served: Any, words: str
) -> None:
    """It may be another program's, which took the address in that moment."""
    server.on("GET /health", b"")
    server.on("GET /v1/models", {"data": served})
    with pytest.raises(PermanentError, match=words) as caught:
        await switched(server, tmp_path)
    assert caught.value.reason is Reason.NOT_VERIFIED
    assert server.start.over.is_set()
    assert not server.start.kept


@pytest.mark.parametrize(
    ("token", "vector", "words"),
    [
        ((500, b'{"error": {"message": "out of memory"}}'), (200, b"{}"), "out of memory"),
        ((500, b""), (200, b"{}"), "status 500"),
        ((400, b'{"error": {"message": "no completions"}}'), (400, b'{"error": "nor vectors"}'), "no completions"),
        ((404, b""), (404, b""), "status 404"),
        ((404, b""), (200, b'{"data": []}'), "generated nothing"),
    ],
)
async def test_a_server_that_generates_nothing_is_not_believed(
    server: Any, tmp_path: Path, reply: Any, token: tuple[int, bytes], vector: tuple[int, bytes], words: str
) -> None:
    """Its own words are told; those of the first refusal, where it refuses vectors too."""
    server.on("GET /health", b"")
    server.on("GET /v1/models", {"data": NAMES})
    server.on("POST /v1/completions", reply(status=token[0], body=token[1]))
    server.on("POST /v1/embeddings", reply(status=vector[0], body=vector[1]))
    with pytest.raises(PermanentError, match=words):
        await switched(server, tmp_path)
    assert server.start.over.is_set()


async def test_a_server_that_ends_while_it_is_asked_tells_why(server: Any, tmp_path: Path, reply: Any) -> None:
    """Its own reason says more than a line that broke off."""
    server.on("GET /health", b"")
    server.on("GET /v1/models", {"data": NAMES})
    server.on("POST /v1/completions", reply(end="nothing"))
    switching = asyncio.create_task(switched(server, tmp_path))
    while not any(asked.what == "POST /v1/completions" for asked in server.asked):  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.005)
    server.start.over.set()
    with pytest.raises(PermanentError, match="it is over"):
        await switching


async def test_a_line_that_broke_off_is_told_as_such_where_the_server_goes_on(
    server: Any, tmp_path: Path, reply: Any
) -> None:
    """It is tried again."""
    server.on("GET /health", b"")
    server.on("GET /v1/models", reply(end="nothing"))
    with pytest.raises(ModeldError) as caught:
        await switched(server, tmp_path)
    assert isinstance(caught.value, RuntimeUnreachable)
    assert server.start.over.is_set()


@pytest.mark.parametrize(("now", "left"), [(100.0, 30.0), (110.0, 20.0), (130.0, 0.0), (1e9, 0.0), (50.0, 30.0)])
def test_what_is_left_of_a_time_is_never_more_than_all_of_it(now: float, left: float) -> None:
    """A clock that was set back makes nothing last longer, and one that was set ahead ends it at the most."""
    assert left_of(30.0, since=100.0, now=now) == left
