"""`validate --online`: what only registries and the Hub can tell of a file."""

from dataclasses import replace

import pytest

from tests.cli.conftest import Program
from tests.conftest import QUICK
from venom_modeld.sandbox import Sandbox, SandboxSettings
from venom_modeld.sandbox.hub import HubFailure

GOOD = """\
version: 1
runtimes:
  one:
    kind: ollama
    prune: managed
    models:
      - qwen3:0.6b
      - name: coder
        from: qwen2.5-coder:7b
      - name: tiny
        from: qwen3:0.6b
      - hf.co/unsloth/Qwen3-0.6B-GGUF:Q8_0
  two:
    kind: vllm
    prune: managed
    url: http://127.0.0.1:8001
    server: {control: external}
    models:
      - Qwen/Qwen3-0.6B
      - {name: team/tiny, files: ["*.gguf"]}
"""
BAD = """\
version: 1
runtimes:
  one:
    kind: ollama
    prune: managed
    models:
      - qwen33:0.6b
      - name: coder
        from: qwen2.5-coder:70b
      - hf.co/Qwen/Qwen3-8B
      - hf.co/unsloth/Qwen3-0.6B-GGUF:Q4_K_M
      - mirror.lan:5000/team/wren
  two:
    kind: vllm
    prune: managed
    url: http://127.0.0.1:8001
    server: {control: external}
    models:
      - {name: team/tiny, revision: main}
      - nobody/nothing
      - meta-llama/Llama-3.2-1B-Instruct
"""

QWEN = "unsloth/Qwen3-0.6B-GGUF"
NO_GGUF = "holds safetensors and no GGUF files, which Ollama needs"
NO_SAFETENSORS = "holds GGUF files and no safetensors, which vLLM needs"
SEARCH = "search the Hub for a GGUF repository made of it"
HERE = "here, from which it was made"
PRIVATE = "that may be read from here; a private one needs HF_TOKEN."


@pytest.fixture
def sandbox_settings() -> SandboxSettings:
    """Ask for the Hub too."""
    return replace(QUICK, hub_port=0)


@pytest.fixture
async def online(program: Program, sandbox: Sandbox) -> Program:
    """Give the program, to which the sandbox is the internet."""
    assert sandbox.hub is not None
    program.environment |= {"VENOM_MODELD_REGISTRY_URL": sandbox.registry_url, "HF_ENDPOINT": sandbox.hub.url}
    program.environment["HF_HUB_OFFLINE"] = "0"
    (program.folder / "good.yaml").write_text(GOOD)
    (program.folder / "bad.yaml").write_text(BAD)
    gguf = {"README.md": b"# tiny", "tiny-Q8_0.gguf": b"GGUF"}
    sandbox.hub.publish("team/tiny", gguf, tags=("gguf", "base_model:quantized:team/whole"))
    return program


async def test_a_file_against_which_nothing_is_known_is_ok(online: Program, sandbox: Sandbox) -> None:
    """Each name is asked for once; a base that is declared, and an entry that names its files, are not asked for."""
    ended = await online("validate", "--online", "good.yaml")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "good.yaml: OK (2 runtimes, 6 models)\n"
    asked = [one.path for one in sandbox.requests if one.server == "registry"]
    assert asked == ["/v2/library/qwen3/manifests/0.6b", "/v2/library/qwen2.5-coder/manifests/7b"]
    assert sandbox.requests.count(server="hub", path="/api/models/team/*") == 0


async def test_what_cannot_be_served_is_told_with_its_place_and_what_to_write(
    online: Program, sandbox: Sandbox
) -> None:
    """With its place, beside the problems of other files; what is not looked up is told too, and is none."""
    (online.folder / "broken.yaml").write_text("version: 1\n")
    assert sandbox.hub is not None
    host = sandbox.hub.url.removeprefix("http://")
    ended = await online("validate", "--online", "bad.yaml", "broken.yaml", "good.yaml")
    assert ended.code == 1
    *told, broken, good = ended.out.splitlines()
    library = "Write a name that https://ollama.com/search has."
    assert told == [
        f"bad.yaml:{place}: {message}"
        for place, message in (
            ("7:9", f"Ollama's library has no 'qwen33:0.6b'. {library}"),
            ("9:15", f"Ollama's library has no 'qwen2.5-coder:70b'. {library}"),
            ("10:9", f"Qwen/Qwen3-8B {NO_GGUF}; write Qwen/Qwen3-8B under a vllm runtime, or {SEARCH}"),
            ("11:9", f"{QWEN} has no version 'Q4_K_M'; write hf.co/{QWEN}:QUANT with one of Q8_0"),
            (
                "19:16",
                f"team/tiny {NO_SAFETENSORS}; write hf.co/team/tiny under an Ollama runtime, or team/whole {HERE}",
            ),
            ("20:9", f"{host} has no repository nobody/nothing {PRIVATE}"),
        )
    ]
    assert broken.startswith("broken.yaml:")
    assert good.startswith("good.yaml: OK")
    assert ended.err == (
        "bad.yaml: mirror.lan:5000/team/wren:latest could not be checked: mirror.lan:5000 is not looked up.\n"
    )


async def test_an_outage_is_no_problem_of_the_file(online: Program, sandbox: Sandbox) -> None:
    """It is told beside the result, as JSON too."""
    assert sandbox.hub is not None
    sandbox.faults.manifest = 503
    sandbox.hub.faults.failures = [HubFailure(status=500, times=99)]
    ended = await online("validate", "--online", "good.yaml", "--format", "json")
    [file] = ended.json["files"]
    assert (ended.code, file["valid"], file["problems"]) == (0, True, [])
    assert len(file["unchecked"]) == 4
    assert all(sentence in ended.err for sentence in file["unchecked"])
    assert "qwen3:0.6b could not be checked:" in file["unchecked"][0]


async def test_without_online_nobody_is_asked(online: Program, sandbox: Sandbox) -> None:
    """A check of a file needs no network."""
    assert (await online("validate", "bad.yaml")).code == 0
    assert len(sandbox.requests) == 0
