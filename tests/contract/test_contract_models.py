"""What a client of Ollama may rely on, held against the sandbox and against a live server.

What differs between the two is a fault of the sandbox. What a live server cannot be made to do is tested with the
sandbox alone.
"""

import json
from datetime import datetime
from typing import Any

import httpx2
import pytest

from tests.contract.conftest import COPY, LIVE, MISSING, URL, Subject
from venom_modeld.sandbox import Sandbox

JSON_TYPE = "application/json; charset=utf-8"


async def create(subject: Subject, name: str, **more: Any) -> list[dict[str, Any]]:
    """Derive a model from the one of the contract."""
    return await subject.ollama.lines("/api/create", model=name, **({"from": subject.model} | more))


@pytest.mark.live
def test_a_live_server_is_named() -> None:
    """Without a live server half of the contract is not tried, which this test tells."""
    if not LIVE:
        pytest.skip("Set OLLAMA_CONTRACT_URL and OLLAMA_CONTRACT_MODEL to hold the contract against a live Ollama too.")
    assert httpx2.get(f"{URL}/api/version").status_code == 200


async def test_the_root_says_that_it_runs(subject: Subject) -> None:
    """`GET /` answers with words, and `HEAD /` without them."""
    answer = await subject.ollama.http.get("/")
    assert (answer.status_code, answer.text) == (200, "Ollama is running")
    assert (await subject.ollama.http.head("/")).status_code == 200


async def test_the_version_is_a_word(subject: Subject) -> None:
    """`/api/version` holds one field."""
    answer = await subject.ollama.http.get("/api/version")
    assert answer.headers["content-type"] == JSON_TYPE
    assert isinstance(answer.json()["version"], str)


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [("GET", "/api/nothing", 404, "404 page not found"), ("GET", "/api/pull", 405, "405 method not allowed")],
)
async def test_unknown_paths_and_methods(subject: Subject, method: str, path: str, status: int, text: str) -> None:
    """What does not exist is answered with plain text."""
    answer = await subject.ollama.http.request(method, path)
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (status, text, "text/plain")


async def test_the_list_of_models(subject: Subject) -> None:
    """An entry has a name, a bare digest, a size, a time and what it is made of; `HEAD` answers too."""
    entry = (await subject.ollama.tags())[subject.model]
    assert entry["model"] == entry["name"]
    assert len(entry["digest"]) == 64
    assert int(entry["digest"], 16) >= 0
    assert entry["size"] > 0
    assert datetime.fromisoformat(entry["modified_at"]).tzinfo is not None
    assert {"parent_model", "format", "family", "families", "parameter_size", "quantization_level"} <= set(
        entry["details"]
    )
    assert "completion" in entry["capabilities"]
    assert (await subject.ollama.http.head("/api/tags")).status_code == 200


async def test_a_pull_of_what_is_there(subject: Subject) -> None:
    """Every layer is shown complete, the end is success, the digest stays and the time is renewed."""
    before = (await subject.ollama.tags())[subject.model]
    lines = await subject.ollama.pull(subject.model)
    assert lines[0] == {"status": "pulling manifest"}
    assert lines[-1] == {"status": "success"}
    layers = [line for line in lines if "total" in line]
    assert layers
    assert all(line["completed"] == line["total"] for line in layers)
    assert all(line["status"] == f"pulling {line['digest'].removeprefix('sha256:')[:12]}" for line in layers)
    after = (await subject.ollama.tags())[subject.model]
    assert after["digest"] == before["digest"]
    assert datetime.fromisoformat(after["modified_at"]) > datetime.fromisoformat(before["modified_at"])


async def test_a_pull_in_a_stream_is_lines_of_json(subject: Subject) -> None:
    """A stream and a single answer have content types of their own."""
    stream = await subject.ollama.post("/api/pull", model=subject.model)
    assert stream.headers["content-type"] == "application/x-ndjson"
    single = await subject.ollama.post("/api/pull", model=subject.model, stream=False)
    assert (single.headers["content-type"], single.json()) == ("application/json", {"status": "success"})


async def test_a_pull_of_what_does_not_exist(subject: Subject) -> None:
    """In a stream the error is the last line under 200, and without one the status is 500."""
    words = {"error": "pull model manifest: file does not exist"}
    stream = await subject.ollama.post("/api/pull", model=MISSING)
    assert stream.status_code == 200
    assert [json.loads(line) for line in stream.text.splitlines()] == [{"status": "pulling manifest"}, words]
    single = await subject.ollama.post("/api/pull", model=MISSING, stream=False)
    assert (single.status_code, single.json()) == (500, words)


@pytest.mark.parametrize("name", ["", "bad name", "tiny:", "tiny:a b", "a/b/c/d/e", "../../etc/passwd", "x@sha256:00"])
async def test_a_pull_of_what_is_no_name(subject: Subject, name: str) -> None:
    """An invalid name is 400."""
    answer = await subject.ollama.post("/api/pull", model=name)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid model name"})


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/pull"), ("DELETE", "/api/delete"), ("POST", "/api/generate")]
)
async def test_a_body_is_needed(subject: Subject, method: str, path: str) -> None:
    """A request without a body is 400, and so is one that is no JSON."""
    empty = await subject.ollama.http.request(method, path)
    assert empty.status_code == 400
    broken = await subject.ollama.http.request(method, path, content=b"{bad")
    assert (broken.status_code, broken.json()) == (
        400,
        {"error": "invalid character 'b' looking for beginning of object key string"},
    )


async def test_a_registry_that_refuses(subject: Subject) -> None:
    """A closed port is told at once."""
    lines = await subject.ollama.pull("127.0.0.1:1/library/x", insecure=True)
    assert lines[-1]["error"].endswith("dial tcp 127.0.0.1:1: connect: connection refused")


async def test_plain_http_needs_insecure(subject: Subject, sandbox: Sandbox) -> None:
    """A registry without TLS on this machine is refused unless the pull says `insecure`."""
    if not subject.local:
        pytest.skip("The live server is on another machine, and cannot reach a registry here.")
    host = sandbox.registry_url.removeprefix("http://")
    lines = await subject.ollama.pull(f"{host}/library/{MISSING}")
    assert lines[-1]["error"].endswith("tls: first record does not look like a TLS handshake")
    lines = await subject.ollama.pull(f"{host}/library/{MISSING}", insecure=True)
    assert lines[-1] == {"error": "pull model manifest: file does not exist"}


async def test_a_copy_is_the_same_model(subject: Subject) -> None:
    """A copy has the digest of its original; the answer is empty."""
    answer = await subject.ollama.post("/api/copy", source=subject.model, destination=COPY)
    assert (answer.status_code, answer.content) == (200, b"")
    tags = await subject.ollama.tags()
    assert tags[f"{COPY}:latest"]["digest"] == tags[subject.model]["digest"]


async def test_names_are_the_same_in_any_case(subject: Subject) -> None:
    """A copy to another case overwrites, and the stored case stays."""
    await subject.ollama.post("/api/copy", source=subject.model, destination=COPY)
    answer = await subject.ollama.post("/api/copy", source=subject.model, destination=COPY.upper())
    assert answer.status_code == 200
    assert await subject.copies() == [f"{COPY}:latest"]
    shown = await subject.ollama.post("/api/show", model=f"registry.ollama.ai/library/{COPY.upper()}:LATEST")
    assert shown.status_code == 200
    assert await subject.ollama.delete(COPY.upper()) == 200
    assert await subject.copies() == []


@pytest.mark.parametrize(
    ("source", "destination", "status", "words"),
    [
        (MISSING, COPY, 404, f'model "{MISSING}" not found'),
        ("", "bad name", 400, 'destination "bad name" is invalid'),
        ("bad name", COPY, 400, 'source "bad name" is invalid'),
    ],
)
async def test_copies_that_are_refused(
    subject: Subject, source: str, destination: str, status: int, words: str
) -> None:
    """A missing source is 404 and an invalid name 400."""
    answer = await subject.ollama.post("/api/copy", source=source or subject.model, destination=destination)
    assert (answer.status_code, answer.json()) == (status, {"error": words})


async def test_a_delete(subject: Subject) -> None:
    """The first one answers with nothing, the second one with 404."""
    await subject.ollama.post("/api/copy", source=subject.model, destination=COPY)
    answer = await subject.ollama.http.request("DELETE", "/api/delete", json={"model": COPY})
    assert (answer.status_code, answer.content) == (200, b"")
    answer = await subject.ollama.http.request("DELETE", "/api/delete", json={"model": COPY})
    assert (answer.status_code, answer.json()) == (404, {"error": f"model '{COPY}' not found"})
    assert subject.model in await subject.ollama.tags()


async def test_a_delete_of_what_is_no_name(subject: Subject) -> None:
    """An invalid name is 400."""
    answer = await subject.ollama.http.request("DELETE", "/api/delete", json={"model": "bad name!!"})
    assert (answer.status_code, answer.json()) == (400, {"error": 'name "bad name!!" is invalid'})


async def test_showing_a_model(subject: Subject) -> None:
    """The answer tells what the model is made of and can do."""
    answer = (await subject.ollama.post("/api/show", model=subject.model)).json()
    assert {"modelfile", "template", "details", "model_info", "capabilities", "modified_at"} <= set(answer)
    assert answer["modelfile"].startswith('# Modelfile generated by "ollama show"')
    assert answer["details"]["parent_model"] == ""


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        (MISSING, 404, f"model '{MISSING}:latest' not found"),
        (f"{MISSING}:7b", 404, f"model '{MISSING}:7b' not found"),
        ("", 400, "model is required"),
    ],
)
async def test_showing_what_is_not_there(subject: Subject, name: str, status: int, words: str) -> None:
    """The name is told with its tag."""
    answer = await subject.ollama.post("/api/show", model=name)
    assert (answer.status_code, answer.json()) == (status, {"error": words})


async def test_a_derived_model(subject: Subject) -> None:
    """It names its parent, and has parameters and words of its own."""
    lines = await create(subject, COPY, system="You are short.", parameters={"num_ctx": 512, "stop": ["</s>"]})
    assert lines[0]["status"].startswith("using existing layer sha256:")
    assert any(line["status"].startswith("creating new layer sha256:") for line in lines)
    assert lines[-2:] == [{"status": "writing manifest"}, {"status": "success"}]
    entry = (await subject.ollama.tags())[f"{COPY}:latest"]
    assert entry["details"]["parent_model"] == subject.model
    shown = (await subject.ollama.post("/api/show", model=COPY)).json()
    assert shown["system"] == "You are short."
    assert f"{'num_ctx':<30} 512" in shown["parameters"].splitlines()
    assert f'{"stop":<30} "</s>"' in shown["parameters"].splitlines()


async def test_the_same_definition_gives_the_same_digest(subject: Subject) -> None:
    """To create a model again changes its time alone."""
    await create(subject, COPY, system="Same.")
    before = (await subject.ollama.tags())[f"{COPY}:latest"]
    lines = await create(subject, COPY, system="Same.")
    assert not any("creating new layer" in line["status"] for line in lines)
    after = (await subject.ollama.tags())[f"{COPY}:latest"]
    assert after["digest"] == before["digest"]
    assert datetime.fromisoformat(after["modified_at"]) > datetime.fromisoformat(before["modified_at"])


async def test_creating_without_a_stream(subject: Subject) -> None:
    """The only answer is success."""
    answer = await subject.ollama.post("/api/create", model=COPY, **{"from": subject.model}, system="x", stream=False)
    assert (answer.status_code, answer.json()) == (200, {"status": "success"})


async def test_words_around_a_derived_model(subject: Subject) -> None:
    """Template, licences and messages become layers."""
    lines = await create(
        subject,
        COPY,
        template="[INST]{{ .Prompt }}[/INST]",
        license=["contract one", "contract two"],
        messages=[{"role": "user", "content": "hi"}],
    )
    assert lines[-1] == {"status": "success"}
    shown = (await subject.ollama.post("/api/show", model=COPY)).json()
    assert shown["template"] == "[INST]{{ .Prompt }}[/INST]"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"model": "bad name", "from": "x"}, "invalid model name"),
        ({"model": COPY, "system": "x"}, "neither 'from' or 'files' was specified"),
    ],
)
async def test_definitions_that_are_refused(subject: Subject, body: dict[str, Any], words: str) -> None:
    """A bad name and a model from nothing are 400."""
    answer = await subject.ollama.post("/api/create", **body)
    assert (answer.status_code, answer.json()) == (400, {"error": words})


async def test_a_broken_template_is_refused(subject: Subject) -> None:
    """An action that is not closed is 400."""
    answer = await subject.ollama.post("/api/create", model=COPY, **{"from": subject.model}, template="{{ .Broken")
    assert (answer.status_code, answer.json()) == (400, {"error": "template error: template: :1: unclosed action"})


async def test_deriving_from_what_is_missing_pulls_it(subject: Subject) -> None:
    """The pull fails in the stream."""
    lines = await create(subject, COPY, **{"from": MISSING}, system="x")
    assert lines == [{"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}]


async def test_a_parameter_of_the_wrong_type_is_found_at_the_load(subject: Subject) -> None:
    """It is accepted when the model is made, and 500 when it is loaded."""
    lines = await create(subject, COPY, parameters={"temperature": "hot", "nonsense": 1})
    assert lines[-1] == {"status": "success"}
    answer = await subject.ollama.load(COPY)
    assert (answer.status_code, answer.json()) == (500, {"error": 'option "temperature" must be of type float32'})


async def test_blobs_are_known_by_their_digest(subject: Subject) -> None:
    """`HEAD` of a blob is 200 when it is there and 404 when it is not."""
    lines = await subject.ollama.pull(subject.model)
    digest = next(line["digest"] for line in lines if "digest" in line)
    assert (await subject.ollama.http.head(f"/api/blobs/{digest}")).status_code == 200
    assert (await subject.ollama.http.head(f"/api/blobs/sha256:{'0' * 64}")).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost"}, 200),
        ({"Host": "10.0.0.5:11434"}, 200),
        ({"Host": "host.docker.internal"}, 200),
        ({"Host": "ollama.default.svc.cluster.local"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "ollama"}, 403),
        ({"Origin": "http://localhost:3000"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_foreign_names_are_turned_away(subject: Subject, headers: dict[str, str], status: int) -> None:
    """A server on a loopback address only answers to this machine's names, and else with an empty 403."""
    if not subject.local:
        pytest.skip("Ollama checks names on a loopback address alone.")
    answer = await subject.ollama.http.get("/api/version", headers=headers)
    assert answer.status_code == status
    assert status == 200 or answer.content == b""
