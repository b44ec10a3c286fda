"""The built screen is served, or how to build it."""

import gzip
from pathlib import Path

import pytest

from tests.api.conftest import House

SCRIPT = b"console.log('a');" * 100
FILES = {
    "index.html": b"<!doctype html><title>Models</title>" + b" " * 100,
    "assets/index-1a2b.js": SCRIPT,
    "assets/index-1a2b.css": b"a{}",
    "icon.svg": b"<svg/>",
    "data.bin": b"\x00" * 200,
}


@pytest.fixture
def built(house: House, tmp_path: Path) -> House:
    """Furnish an application whose screen is built."""
    for name, content in FILES.items():
        path = tmp_path / "screen" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "secret.txt").write_text("secret")
    house.built = tmp_path / "screen"
    return house


async def test_the_page_loads_from_here_alone(built: House) -> None:
    """The policy allows our own files and nothing inline; the page is asked for again each time."""
    async with built.open() as client:
        page = await client.get("/models")
        again = await client.get("/models", headers={"If-None-Match": page.headers["etag"]})
    assert (page.status_code, page.content) == (200, FILES["index.html"])
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    policy = page.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'"} <= set(policy)
    assert "unsafe" not in page.headers["content-security-policy"]
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("name", "kind", "cache"),
    [
        ("assets/index-1a2b.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("assets/index-1a2b.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
        ("icon.svg", "image/svg+xml", "no-cache"),
        ("data.bin", "application/octet-stream", "no-cache"),
    ],
)
async def test_files_are_kept_where_their_name_changes_with_them(
    built: House, name: str, kind: str, cache: str
) -> None:
    """What is named by its content is kept for good; nothing is sniffed."""
    async with built.open() as client:
        answer = await client.get(f"/models/{name}")
    assert (answer.status_code, answer.content) == (200, FILES[name])
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (kind, cache)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("accepted", "packed"), [("gzip, br", True), ("identity", False)])
async def test_text_is_packed_for_those_who_unpack_it(built: House, accepted: str, *, packed: bool) -> None:
    """What would not get shorter is sent as it is."""
    async with (
        built.open() as client,
        client.stream("GET", "/models/assets/index-1a2b.js", headers={"Accept-Encoding": accepted}) as answer,
    ):
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert (answer.headers.get("content-encoding") == "gzip") is packed
    assert (gzip.decompress(raw) if packed else raw) == SCRIPT
    assert answer.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/models/nothing", 404),
        ("/models/assets", 404),
        ("/models/../secret.txt", 404),
        ("/models/%2e%2e/secret.txt", 404),
        ("/models/..%2fsecret.txt", 404),
        ("/models/", 307),
        ("/models/index.html", 307),
        ("/", 307),
    ],
)
async def test_nothing_else_is_served(built: House, path: str, status: int) -> None:
    """Files outside the folder are out of reach; the other names of the page lead to it."""
    async with built.open() as client:
        request = client.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=path.encode())
        answer = await client.send(request)
    assert answer.status_code == status
    assert "secret" not in answer.text
    if status == 307:
        assert answer.headers["location"] == "/models"


async def test_a_screen_that_is_not_built_says_how_to_build_it(house: House) -> None:
    """The daemon works without it, and the page loads nothing."""
    async with house.open() as client:
        page = await client.get("/models")
    assert page.status_code == 200
    assert "npm ci" in page.text
    assert "<script" not in page.text
    assert "style-src 'sha256-" in page.headers["content-security-policy"]
