"""The registry."""

import hashlib
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.conftest import DEADLINE, PLAIN
from venom_modeld.sandbox import Sandbox
from venom_modeld.sandbox.artifacts import ModelSpec, bundle, read_manifest
from venom_modeld.sandbox.shelf import UnknownTagError

MANIFEST = "/v2/library/qwen3/manifests/0.6b"


@pytest.fixture
async def registry(sandbox: Sandbox) -> AsyncIterator[httpx2.AsyncClient]:
    """Connect to the registry."""
    async with httpx2.AsyncClient(base_url=sandbox.registry_url, timeout=DEADLINE, verify=PLAIN) as http:
        yield http


async def test_the_digest_is_that_of_the_bytes(sandbox: Sandbox, registry: httpx2.AsyncClient) -> None:
    """`GET` and `HEAD` tell the sha256 of the manifest in two headers."""
    answer = await registry.get(MANIFEST)
    digest = hashlib.sha256(answer.content).hexdigest()
    for each in (answer, await registry.head(MANIFEST)):
        assert each.status_code == 200
        assert each.headers["docker-content-digest"] == f"sha256:{digest}"
        assert each.headers["ollama-content-digest"] == digest
    assert sandbox.offered()["library/qwen3:0.6b"] == digest


async def test_small_blobs_have_bytes_and_weights_have_a_size(registry: httpx2.AsyncClient) -> None:
    """A blob is redirected to; the weights are a size without bytes."""
    manifest = read_manifest((await registry.get(MANIFEST)).content)
    for layer in manifest.blobs:
        path = f"/v2/library/qwen3/blobs/{layer.digest}"
        assert int((await registry.head(path)).headers["content-length"]) == layer.size
        assert (await registry.get(path)).status_code == 307
        answer = await registry.get(path, follow_redirects=True)
        if layer == manifest.weights:
            assert answer.status_code == 501
        else:
            assert f"sha256:{hashlib.sha256(answer.content).hexdigest()}" == layer.digest


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v2/", 200),
        ("/v2/library/qwen3/manifests/nope", 404),
        ("/v2/library/Qwen3/manifests/0.6b", 404),
        ("/v2/library/qwen3/blobs/sha256:00", 404),
        ("/data/sha256:00", 404),
        ("/v2/_catalog", 404),
    ],
)
async def test_other_paths(registry: httpx2.AsyncClient, path: str, status: int) -> None:
    """There is no catalogue, and names differ by case."""
    assert (await registry.get(path)).status_code == status


def test_a_description_always_gives_the_same_digest() -> None:
    """Two sandboxes offer the same model under the same digest."""
    spec = ModelSpec(name="x", size=1)
    assert bundle(spec).manifest == bundle(spec).manifest


def test_what_is_not_offered_cannot_be_changed() -> None:
    """Unknown tags are told by name."""
    sandbox = Sandbox()
    for change in (sandbox.move_tag, sandbox.remove_tag, sandbox.install):
        with pytest.raises(UnknownTagError, match=r"has no nope:1; publish it first\."):
            change("nope:1")


@pytest.mark.parametrize("raw", [b"[]", b"{}", b'{"config":{},"layers":[]}', b"zz"])
def test_what_is_no_manifest(raw: bytes) -> None:
    """Other JSON is refused as a manifest."""
    with pytest.raises(ValueError, match=r"manifest|Expecting"):
        read_manifest(raw)
