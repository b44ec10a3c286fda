"""What registries publish, and everything they may say instead."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from venom_modeld.core.desired import ModelSpec
from venom_modeld.core.errors import ModeldError, PermanentError, TemporaryError
from venom_modeld.core.names import ModelName, parse_ollama
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.base import Environment
from venom_modeld.runtimes.ollama.registry import MANIFEST_TYPE, Registry, _sibling, _Translator
from venom_modeld.runtimes.transport import Answer, Trouble
from venom_modeld.sandbox import Sandbox

PATH = "GET /v2/library/m/manifests/1"
MANIFEST = {"schemaVersion": 2, "config": {"size": 5}, "layers": [{"size": 1000}, {"size": 20}]}
M = ModelSpec(name=parse_ollama("m:1"))


async def _failure(runtime: Any, spec: ModelSpec = M) -> ModeldError:
    with pytest.raises(ModeldError) as caught:
        await runtime.look_up(spec)
    return caught.value


async def test_a_manifest_is_identified_by_its_bytes(server: Any, reply: Any, make_runtime: Any) -> None:
    """The digest is that of the bytes as they came, and the size that of all layers and the configuration."""
    body = json.dumps(MANIFEST, indent=3).encode() + b"\n"
    server.on(PATH, reply(body=body))
    found = await make_runtime("http://127.0.0.1:1", registry_url=server.url).look_up(M)
    assert found.digest == "sha256:" + hashlib.sha256(body).hexdigest()
    assert found.size_bytes == 1025
    assert server.asked[0].headers["accept"] == MANIFEST_TYPE


async def test_a_manifest_without_a_configuration_is_read(server: Any, make_runtime: Any) -> None:
    """Only layers are needed."""
    server.on(PATH, {"layers": [{"size": 7}]})
    assert (await make_runtime("http://127.0.0.1:1", registry_url=server.url).look_up(M)).size_bytes == 7


async def test_the_stand_in_publishes_what_is_then_installed(sandbox: Sandbox, runtime: Any) -> None:
    """What is looked up is what `/api/tags` shows after a pull, also for a user's model and a registry of one's own."""
    own = f"{sandbox.registry_url.removeprefix('http://')}/team/own:v1"
    for name in ("someone/theirs:2", own):
        sandbox.publish(name, size=12345)
        spec = ModelSpec(name=parse_ollama(name))
        expect = await runtime.look_up(spec)
        await runtime.install(spec, expect=expect, report=lambda _: None)
        installed = (await runtime.observe([])).installed[spec.name]
        assert (installed.digest, installed.size_bytes) == (expect.digest, expect.size_bytes)


@pytest.mark.parametrize(
    ("status", "body", "reason", "passing"),
    [
        (404, b"", Reason.NOT_FOUND, False),
        (401, b'{"errors":[]}', Reason.ACCESS_DENIED, False),
        (403, b"", Reason.ACCESS_DENIED, False),
        (400, b'{"error":"not a valid quantization scheme"}', Reason.NOT_FOUND, False),
        (400, b"", Reason.REGISTRY_ERROR, False),
        (412, b"", Reason.RUNTIME_TOO_OLD, False),
        (429, b"slow down", Reason.RATE_LIMITED, True),
        (500, b"", Reason.REGISTRY_ERROR, True),
        (503, b"\xff\xfe", Reason.REGISTRY_ERROR, True),
        (200, b"<html>", Reason.REGISTRY_ERROR, True),
        (200, b"[]", Reason.REGISTRY_ERROR, True),
        (200, b"{}", Reason.REGISTRY_ERROR, True),
        (200, b'{"layers":[]}', Reason.REGISTRY_ERROR, True),
        (200, b'{"layers":[7]}', Reason.REGISTRY_ERROR, True),
        (200, b'{"layers":[{"size":"big"}]}', Reason.REGISTRY_ERROR, True),
        (200, b'{"layers":[{"size":-1}]}', Reason.REGISTRY_ERROR, True),
        (200, b'{"layers":[{"size":true}]}', Reason.REGISTRY_ERROR, True),
    ],
)
async def test_whatever_is_no_manifest_has_its_reason(  # one argument a fixture
    server: Any, reply: Any, make_runtime: Any, status: int, body: bytes, reason: Reason, passing: bool
) -> None:
    """A refusal and nonsense are told apart, with the runtime, the model and the registry in the message."""
    server.on(PATH, reply(status=status, body=body))
    error = await _failure(make_runtime("http://127.0.0.1:1", registry_url=server.url))
    assert (error.reason, isinstance(error, TemporaryError)) == (reason, passing)
    assert all(part in error.message for part in ("Runtime 'gpu'", "m:1", server.url))


@pytest.mark.parametrize(("header", "seconds"), [("30", 30.0), ("soon", None), ("", None)])
async def test_a_registry_may_ask_for_patience(
    server: Any, reply: Any, make_runtime: Any, header: str, seconds: float | None
) -> None:
    """The seconds of Retry-After are passed on; anything else there is not."""
    server.on(PATH, reply(status=429, headers={"Retry-After": header}))
    error = await _failure(make_runtime("http://127.0.0.1:1", registry_url=server.url))
    assert isinstance(error, TemporaryError)
    assert error.retry_after == seconds


async def test_a_registry_that_sends_us_elsewhere_is_not_followed(server: Any, reply: Any, make_runtime: Any) -> None:
    """A redirect is told, without what signs its address, and not followed."""
    server.on(PATH, reply(status=307, headers={"Location": f"{server.url}/elsewhere?token=t"}))
    error = await _failure(make_runtime("http://127.0.0.1:1", registry_url=server.url))
    assert error.reason is Reason.REGISTRY_ERROR
    assert f"it sends us to {server.url}/elsewhere." in error.message
    assert server.count("GET /elsewhere?token=t") == 0


@pytest.mark.parametrize(
    ("url", "reason", "family"),
    [
        ("http://127.0.0.1:1", Reason.REGISTRY_UNREACHABLE, TemporaryError),
        ("http://no-such-host.invalid", Reason.REGISTRY_UNREACHABLE, TemporaryError),
    ],
)
async def test_a_registry_that_cannot_be_reached_is_temporary(
    make_runtime: Any, url: str, reason: Reason, family: type[ModeldError]
) -> None:
    """A registry that is away says nothing about its models."""
    error = await _failure(make_runtime("http://127.0.0.1:1", registry_url=url))
    assert isinstance(error, family)
    assert error.reason is reason
    assert url in error.message


async def test_a_registry_that_says_nothing_is_left(server: Any, reply: Any, make_runtime: Any) -> None:
    """A registry that hangs does not hold a cycle."""
    server.on(PATH, reply(end="silence"))
    error = await _failure(make_runtime("http://127.0.0.1:1", registry_url=server.url, patience=0.1))
    assert error.reason is Reason.REGISTRY_UNREACHABLE


async def test_a_registry_without_tls_needs_a_word_in_the_file(server: Any, make_runtime: Any) -> None:
    """Plain http behind https is a permanent failure that says what to write."""
    error = await _failure(make_runtime("http://127.0.0.1:1", registry_url=server.url.replace("http:", "https:")))
    assert isinstance(error, PermanentError)
    assert error.reason is Reason.REGISTRY_INSECURE
    assert "under `insecure:`" in error.message


def test_a_certificate_that_is_not_trusted_may_be_mended() -> None:
    """A bad certificate is told apart from no TLS at all."""
    error = _Translator("the registry x")(Trouble.TLS, "[SSL] certificate verify failed: self-signed")
    assert isinstance(error, TemporaryError)
    assert error.reason is Reason.REGISTRY_INSECURE


async def test_a_declared_registry_is_spoken_to_plainly(server: Any, make_runtime: Any) -> None:
    """A host of `insecure:` is reached by http, here by a name that is no loopback address."""
    port = server.url.rpartition(":")[2]
    host = f"127.0.0.1.nip.invalid:{port}"
    runtime = make_runtime("http://127.0.0.1:1", insecure=(host.upper(),))
    error = await _failure(runtime, ModelSpec(name=parse_ollama(f"{host}/library/m:1")))
    assert f"http://{host} " in error.message


def _environment() -> Environment:
    return Environment(
        connect_timeout=5,
        read_timeout=5,
        load_timeout=5,
        registry_url="https://registry.ollama.ai",
        user_agent="x",
        state_dir=Path(),
    )


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("m", "https://registry.ollama.ai"),
        ("registry.ollama.ai/a/m", "https://registry.ollama.ai"),
        ("hf.co/Owner/Repo", "https://hf.co"),
        ("mirror.lan:5000/a/m", "https://mirror.lan:5000"),
        ("plain.lan/a/m", "http://plain.lan"),
        ("LOCALHOST:5000/a/m", "http://LOCALHOST:5000"),
    ],
)
def test_each_name_has_its_registry(name: str, url: str) -> None:
    """The host of a name is its registry, by https unless it is meant otherwise."""
    registry = Registry(runtime="r", insecure=["plain.lan"], environment=_environment())
    assert registry._url(parse_ollama(name)) == url


@pytest.mark.parametrize(
    ("url", "status", "location", "target"),
    [
        (
            "https://hf.co",
            307,
            "https://huggingface.co/v2/a/b/manifests/c",
            ("https://huggingface.co", "/v2/a/b/manifests/c"),
        ),
        ("https://huggingface.co", 301, "/v2/new/b/manifests/c", ("https://huggingface.co", "/v2/new/b/manifests/c")),
        ("https://hf.co", 307, "https://evil.example/v2", None),
        ("https://hf.co", 307, "http://huggingface.co/v2", None),
        ("https://hf.co", 200, "https://huggingface.co/v2", None),
        ("https://registry.example", 307, "https://huggingface.co/v2", None),
    ],
)
def test_hugging_face_may_send_us_within_its_own_hosts(
    url: str, status: int, location: str, target: tuple[str, str] | None
) -> None:
    """One redirect is followed: from one of its addresses to the other, or to a repository's present name."""
    answer = Answer(status=status, headers={"location": location}, body=b"")
    assert _sibling(url, "/v2/a/b/manifests/c", answer) == target


async def test_redirects_of_hugging_face_come_to_an_end() -> None:
    """A circle of redirects is left after a few turns."""

    class Circle:
        asked = 0

        async def send(self, method: str, path: str, **_: Any) -> Answer:
            self.asked += 1
            return Answer(status=307, headers={"location": path}, body=b"")

        async def close(self) -> None:
            pass

    registry = Registry(runtime="Runtime 'gpu'", insecure=[], environment=_environment())
    circle = Circle()
    registry._transports["https://hf.co"] = circle  # type: ignore[assignment]
    name: ModelName = parse_ollama("hf.co/a/b:c")
    with pytest.raises(TemporaryError, match="it sends us to /v2/a/b/manifests/c"):
        await registry.look_up(name)
    await registry.close()
    assert circle.asked == 4
