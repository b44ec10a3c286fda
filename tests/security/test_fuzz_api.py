"""Requests made of the API's own description, right and wrong ones, against the real application over HTTP.

Whatever comes in: the answer is whole HTTP with its guards, no error of ours, nothing of the inside of the program,
and the file that is edited stays one that the daemon takes.
"""

import asyncio
import http.client
import json
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import House, furnished, serving
from tests.conftest import DEADLINE
from tests.security.conftest import CASES
from tests.security.test_names import HOSTILE
from venom_modeld.config.desired_file import parse_models
from venom_modeld.runtimes.registry import kinds

FILE = """\
version: 1
runtimes:
  gpu:
    kind: ollama
    url: http://127.0.0.1:11434
    prune: managed
    active: qwen3:0.6b
    models:
      - qwen3:0.6b  # small
      - {name: "llama3.2:3b", keep: true}
  hub: {kind: vllm, url: "http://127.0.0.1:8000", prune: never, models: [Qwen/Qwen3-0.6B]}
"""
STREAM = "/api/v1/events"
SCHEMA = House().app().openapi()
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in SCHEMA["paths"].items()
    for method, operation in methods.items()
    if path != STREAM
]

REAL = ("qwen3:0.6b", "llama3.2:3b", "gpu", "hub", "ollama", "Qwen/Qwen3-0.6B", "gemma3:270m", "a/b", "main", "install")
TEXTS = st.one_of(st.sampled_from(REAL), st.sampled_from([*HOSTILE.values()]), st.text(max_size=60))
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema that a reference leads to."""
    while "$ref" in schema:
        schema = SCHEMA["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def values(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that a schema describes, and, now and then, others."""
    schema = resolved(schema)
    if "anyOf" in schema:
        right = st.one_of([values(one) for one in schema["anyOf"]])
    elif "enum" in schema or "const" in schema:
        right = st.sampled_from(schema.get("enum") or [schema["const"]])
    else:
        right = {
            "object": objects(schema),
            "boolean": st.booleans(),
            "integer": st.integers(schema.get("minimum"), schema.get("maximum")),
            "null": st.none(),
        }.get(schema.get("type", ""), TEXTS)
    return st.integers(0, 9).flatmap(lambda dice: JUNK if dice == 0 else right)


def objects(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return objects with the keys of a schema, some of them left out, and some that it does not have."""
    known = {name: values(one) for name, one in schema.get("properties", {}).items()}
    more = st.dictionaries(TEXTS, JUNK, max_size=1)
    return st.tuples(st.fixed_dictionaries({}, optional=known), more).map(lambda both: {**both[1], **both[0]})


def written(value: Any) -> str:
    """Return a value as it stands in an address or a header."""
    text = value if isinstance(value, str) else json.dumps(value)
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, dict[str, str], bytes | None]:
    """Draw a method, a target, headers, and a body."""
    method, path, operation = draw(st.sampled_from(OPERATIONS))
    query, headers = [], {"Content-Type": "application/json"}
    for parameter in operation.get("parameters", []):
        value = draw(values(parameter["schema"]))
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", written(value)).replace(
                f"{{{parameter['name']}:path}}", written(value)
            )
        elif draw(st.booleans()) or parameter.get("required"):
            if parameter["in"] == "query":
                query.append(f"{parameter['name']}={written(value)}")
            else:
                headers[parameter["name"]] = written(value)
    body = None
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = json.dumps(draw(values(schema))).encode()
        if draw(st.integers(0, 9)) == 0:
            body = draw(st.binary(max_size=40)) + body[draw(st.integers(0, 20)) :]
    return method, f"{path}?{'&'.join(query)}"[:15_000], headers, body


class Served:
    """An application that a thread serves, and the file that it edits."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        assert self._ready.wait(DEADLINE)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(DEADLINE)

    async def _serve(self) -> None:
        house = furnished()
        house.file = self.file
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with serving(house.app()) as self.port:
            self._ready.set()
            await self._stop.wait()

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, str, bytes]:
        """Return status, type and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, target, body, dict(headers))
            answer = connection.getresponse()
            content = answer.read()
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            return answer.status, answer.headers.get("content-type", ""), content
        finally:
            connection.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve an application for a whole module."""
    file = tmp_path_factory.mktemp("fuzz") / "models.yaml"
    with Served(file) as serving_it:
        yield serving_it


@settings(max_examples=CASES, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(requests(), min_size=1, max_size=3))
def test_no_request_breaks_the_api(served: Served, asked: list[tuple[str, str, dict[str, str], bytes | None]]) -> None:
    """An answer is a success, or a problem in words; the file is edited to a file that holds, or not at all."""
    served.file.write_text(FILE)
    for method, target, headers, body in asked:
        status, kind, content = served.ask(method, target, headers, body)
        assert status < 500 or (status == 503 and target.startswith("/readyz")), (method, target, body, content)
        assert not re.search(rb"Traceback|site-packages|/tests/", content)
        if status >= 400:
            assert kind == "application/problem+json"
            assert json.loads(content)["detail"]
        elif status == 200 and kind == "application/json":
            json.loads(content)
    assert parse_models(served.file.read_bytes(), path="m.yaml", kinds=kinds()).runtimes


@settings(max_examples=CASES)
@given(junk=st.binary(max_size=300), after=st.booleans())
def test_no_bytes_break_the_server(served: Served, junk: bytes, *, after: bool) -> None:
    """Whatever is no HTTP is answered by a refusal or by hanging up, and the next caller is served."""
    with http.client.socket.create_connection(("127.0.0.1", served.port), timeout=DEADLINE) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n" * after + junk)
        connection.shutdown(1)
        try:
            said = connection.recv(65536)
        except ConnectionResetError:
            said = b""
    assert not said or said.startswith(b"HTTP/1.1 ")
    assert not said.startswith(b"HTTP/1.1 5")
    assert served.ask("GET", "/healthz", {}, None)[0] == 200
