"""The call that has the repository fetched: who may call it, and what it sets off."""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256

import httpx2
import pytest

from tests.api.conftest import House, furnished
from tests.api.test_reading import assert_problem
from venom_modeld.api.guard import Guard
from venom_modeld.api.routes_source import LONGEST
from venom_modeld.api.views_status import status
from venom_modeld.core.origin import Commit, Origin
from venom_modeld.core.reasons import Reason

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH, SECRET = "/api/v1/source/fetch", "open-sesame"
JSON = {"content-type": "application/json"}


def proof(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Return the header by which GitHub, Gitea and Forgejo prove a body."""
    return {"x-hub-signature-256": f"sha256={hmac.new(secret.encode(), body, sha256).hexdigest()}"}


@asynccontextmanager
async def following(guard: Guard) -> AsyncIterator[tuple[House, httpx2.AsyncClient]]:
    """Give an application whose file comes out of a repository, and a client of it."""
    house = furnished(guard)
    house.follows = True
    async with house.open() as client:
        yield house, client


async def test_whoever_may_write_may_have_it_fetched() -> None:
    """With the API's token where one is set; with the content type of every writing call."""
    async with following(Guard(token="t")) as (house, client):
        assert_problem(await client.post(PATH, headers=JSON), 401)
        assert_problem(await client.post(PATH, headers={"authorization": "Bearer t"}), 415)
        assert house.fetches == 0
        answer = await client.post(PATH, headers=JSON | {"authorization": "Bearer t"})
        assert answer.json() == {"success": True, "message": "The repository is being fetched."}
        assert house.fetches == 1


async def test_a_file_of_this_host_is_not_fetched(house: House) -> None:
    """There is nothing to fetch, and it says what would make it so."""
    async with house.open() as client:
        body = assert_problem(await client.post(PATH, headers=JSON), 409)
    assert "source.git.url" in body["detail"]


BODY = b'{"ref": "refs/heads/main"}'
CALLS = {
    "signed": (proof(BODY), 200),
    "signed for another body": (proof(b"{}"), 401),
    "signed by another secret": (proof(BODY, "other"), 401),
    "no digest": ({"x-hub-signature-256": ""}, 401),
    "the secret": ({"x-gitlab-token": SECRET}, 200),
    "another secret": ({"x-gitlab-token": "other"}, 401),
    "no proof": ({}, 401),
    "no proof but the token": ({"authorization": "Bearer t"}, 200),
}


@pytest.mark.parametrize("case", CALLS)
async def test_a_forge_proves_itself_by_the_secret(case: str) -> None:
    """Under any host name, and without the token, which it cannot send."""
    headers, expected = CALLS[case]
    host = {} if "token" in case or case == "no proof" else {"host": "models.example"}
    async with following(Guard(token="t", webhook_secret=SECRET)) as (house, client):
        answer = await client.post(PATH, content=BODY, headers=JSON | host | headers)
        assert (answer.status_code, house.fetches) == (expected, int(expected == 200))
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_secret_opens_nothing_else() -> None:
    """Neither another call nor a reading one."""
    async with following(Guard(token="t", webhook_secret=SECRET)) as (_, client):
        assert (await client.post("/api/v1/plan/approve", json={}, headers=proof(b"{}"))).status_code == 401
        assert (await client.get("/api/v1/status", headers={"x-gitlab-token": SECRET})).status_code == 401


async def test_a_long_body_is_read_and_one_without_end_is_not() -> None:
    """A push of many commits is longer than other requests may be."""
    long = b"x" * 1_000_000
    async with following(Guard(webhook_secret=SECRET)) as (house, client):
        assert (await client.post(PATH, content=long, headers=JSON | proof(long))).status_code == 200
        endless = b"x" * (LONGEST + 1)
        assert (await client.post(PATH, content=endless, headers=JSON | proof(endless))).status_code == 401
        assert house.fetches == 1


async def test_the_status_tells_where_the_file_comes_from() -> None:
    """With the newest commit, and why the last fetch failed."""
    shown = furnished().hub.present
    commit = Commit(id="a1b2", author="Alice <alice@example.org>", subject="Add it")
    origin = Origin(
        url="https://git.example/models.git",
        ref="main",
        path="models.yaml",
        commit=commit,
        fetched_at=1.0,
        reason=Reason.UNREACHABLE,
        message="it is away",
        failing_since=2.0,
    )
    told = status(replace(shown, file=replace(shown.file, origin=origin))).file.source
    assert told is not None
    assert (told.url, told.commit, told.author, told.subject) == (origin.url, "a1b2", commit.author, "Add it")
    assert (told.reason, told.error) == (Reason.UNREACHABLE, "it is away")
    unfetched = replace(origin, commit=None, reason=None, message="")
    told = status(replace(shown, file=replace(shown.file, origin=unfetched))).file.source
    assert told is not None
    assert (told.commit, told.author, told.error) == (None, None, None)
