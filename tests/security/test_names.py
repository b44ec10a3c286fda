"""A name of a model is a word of a small alphabet, whichever way it comes in: by the file, the API or a command."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from tests.api.conftest import House, furnished
from tests.cli.conftest import Invoke
from venom_modeld.config.desired_file import parse_models
from venom_modeld.config.problems import SourceError
from venom_modeld.core.names import InvalidName
from venom_modeld.runtimes.ollama.kind import parse_name as parse_ollama
from venom_modeld.runtimes.registry import kinds
from venom_modeld.runtimes.vllm.kind import parse_alias
from venom_modeld.runtimes.vllm.kind import parse_name as parse_vllm

INVISIBLE = "a\u200bb"
TURNED = "a\u202egpj.b"
CYRILLIC = "qw\u0435n3"
FULL_WIDTH = "\uff51wen3"
HOSTILE = {
    "an option": "--insecure",
    "a short option": "-f",
    "a dash": "-",
    "a folder above": "../x",
    "folders above": "../../etc/passwd",
    "a folder above inside": "a/../b",
    "a folder above at the end": "a/..",
    "this folder": "./a",
    "an absolute path": "/etc/passwd",
    "a home": "~/a",
    "backslashes": "..\\..\\a",
    "a path of Windows": "C:\\a",
    "an escaped path": "%2e%2e/a",
    "a NUL": "a\0b",
    "a line break": "a\nb",
    "a header": "a\r\nHost: evil.example",
    "a tab": "a\tb",
    "an escape sequence": "a\x1b[2Jb",
    "a blank": "a b",
    "nothing to see": INVISIBLE,
    "turned letters": TURNED,
    "a homoglyph": CYRILLIC,
    "a wide letter": FULL_WIDTH,
    "half a character": "a\ud800",
    "ten thousand letters": "x" * 10_000,
    "ten thousand slashes": "/" * 10_000,
    "an address": "http://evil.example/a/b",
    "a file": "file:///etc/passwd",
    "a command": "a;reboot",
    "a substitution": "$(reboot)",
    "another substitution": "`reboot`",
    "a variable": "${HOME}",
    "a template": "{{secret}}",
    "a query": "a?b=c",
    "a fragment": "a#b",
    "a tag of YAML": "!!python/object/apply:os.system",
    "a script": "<script>alert(1)</script>",
    "an object": '{"name": "a"}',
    "a glob": "*",
    "a user": "user@host/a",
}
READERS = {"ollama": parse_ollama, "vllm": parse_vllm, "alias": parse_alias}


def text_of(model: str, kind: str = "ollama") -> str:
    """Return a file with a model."""
    return json.dumps(
        {"version": 1, "runtimes": {"gpu": {"kind": kind, "prune": "managed", "models": [{"name": model}]}}}
    )


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("what", HOSTILE)
def test_no_reader_takes_it(what: str, reader: str) -> None:
    """Each says why on one line that a terminal only shows, and does not repeat what is long."""
    with pytest.raises(InvalidName) as caught:
        READERS[reader](HOSTILE[what])
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("kind", ["ollama", "vllm"])
@pytest.mark.parametrize("what", HOSTILE)
def test_no_file_declares_it(what: str, kind: str) -> None:
    """Neither as a name, nor as the base of one, nor as the alias: the problem has its line."""
    for text in (
        text_of(HOSTILE[what], kind),
        text_of("a/b", kind).replace('"prune"', f'"alias": {json.dumps(HOSTILE[what])}, "prune"'),
        text_of("a/b", kind).replace('"name"', f'"from": {json.dumps(HOSTILE[what])}, "name"'),
    ):
        with pytest.raises(SourceError) as caught:
            parse_models(text.encode(), path="m.yaml", kinds=kinds())
        for problem in caught.value.problems:
            assert str(problem).startswith("m.yaml:1:")
            assert str(problem).isprintable()


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Furnish an application whose file has a runtime of each kind."""
    house = furnished()
    house.file = tmp_path / "models.yaml"
    runtimes = {
        "gpu": {"kind": "ollama", "prune": "managed", "models": ["good"]},
        "hub": {"kind": "vllm", "prune": "managed"},
    }
    house.file.write_text(yaml.safe_dump({"version": 1, "runtimes": runtimes}, sort_keys=False))
    return house


async def test_no_call_brings_it_into_the_file(house: House) -> None:
    """Each is refused in a problem body, and the file stays byte by byte."""
    before = house.file.read_bytes()
    async with house.open() as client:
        for name in HOSTILE.values():
            sent = quote(name.encode("utf-8", "surrogatepass"), safe="")[:8000]
            for runtime in ("gpu", "hub"):
                bodies = [{"name": name, "runtime": runtime}, {"name": "a/b", "runtime": "hub", "revision": name}]
                answers = [
                    await client.post(
                        f"/api/v1/models/{call}", content=json.dumps(body), headers={"Content-Type": "application/json"}
                    )
                    for call in ("registry/install", "activate", "adopt", "keep")
                    for body in bodies[: 2 if call == "registry/install" else 1]
                ]
                answers.append(await client.delete(f"/api/v1/models/registry/{sent}?runtime={runtime}"))
                query = f"action=install&runtime={runtime}&name={sent}"
                answers.append(await client.get(f"/api/v1/desired/change?{query}"))
                for answer in answers:
                    assert answer.status_code in (404, 405, 409, 422), (name[:40], answer.request.url, answer.text)
                    assert answer.headers["content-type"] == "application/problem+json"
                    assert len(answer.content) < 20_000
    assert house.file.read_bytes() == before
    assert house.edits == 0


@pytest.mark.parametrize("what", HOSTILE)
def test_no_command_brings_it_into_the_file(what: str, tmp_path: Path, invoke: Invoke) -> None:
    """With and without the word that ends the options; what is said can be shown."""
    file = tmp_path / "models.yaml"
    file.write_text(text_of("good"))
    before = file.read_bytes()
    for arguments in (("install", "gpu"), ("install", "--", "gpu"), ("remove", "--", "gpu")):
        found = invoke(arguments[0], "--file", file, *arguments[1:], HOSTILE[what])
        assert found.exit_code in (1, 2), found.output
        assert isinstance(found.exception, SystemExit)
        assert "\x1b[2J" not in found.output
        assert "Traceback" not in found.output
    assert file.read_bytes() == before


def test_a_name_that_looks_the_same_is_another() -> None:
    """A homoglyph is refused rather than compared: no two names that look alike can both stand in a file."""
    for text in (CYRILLIC, FULL_WIDTH, INVISIBLE):
        with pytest.raises(InvalidName, match="U\\+"):
            parse_ollama(text)
    assert parse_ollama("qwen3") == parse_ollama("QWEN3:latest")
