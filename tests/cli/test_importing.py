"""`import`: a models.yaml of what runtimes have."""

import asyncio
import json
from dataclasses import replace

import pytest
import yaml

from tests.api.builder import installed, loaded, name, observation, spec
from tests.cli.conftest import Host, Invoke, Program
from venom_modeld.cli import importing
from venom_modeld.cli.exits import Failure
from venom_modeld.config.desired_file import parse_models
from venom_modeld.core.inventory import Role
from venom_modeld.runtimes.registry import kinds


async def test_an_imported_file_leaves_nothing_to_do(program: Program, host: Host) -> None:
    """All that is there is named, nothing may be removed, and the daemon would change nothing."""
    host.sandbox.install("qwen3:0.6b", "hf.co/unsloth/Qwen3-0.6B-GGUF:Q8_0")
    ended = await program("import", "--kind", "ollama", "--url", host.sandbox.ollama_url, "--output", "new.yaml")
    assert (ended.code, ended.out, ended.err) == (0, "", "Written to new.yaml.\n")
    text = await asyncio.to_thread((program.folder / "new.yaml").read_text)
    assert yaml.safe_load(text)["runtimes"] == {
        "ollama": {
            "kind": "ollama",
            "url": host.sandbox.ollama_url,
            "prune": "never",
            "models": ["hf.co/unsloth/Qwen3-0.6B-GGUF:Q8_0", "qwen3:0.6b"],
        }
    }
    plan = await program("plan", "--file", "new.yaml", "--config", host.config, "--detailed-exitcode")
    assert plan.code == 0


async def test_the_runtimes_of_the_file_are_asked_where_none_is_named(program: Program, host: Host) -> None:
    """They keep their names; a model in memory to stay is the active one."""
    host.write("qwen3:0.6b", more=", active: 'qwen3:0.6b'")
    applied = await program("apply", "--config", host.config)
    assert applied.code == 0
    ended = await program("import", "--config", host.config, "--format", "json")
    assert ended.json["runtimes"] == {
        "one": {
            "kind": "ollama",
            "url": host.sandbox.ollama_url,
            "prune": "never",
            "active": "qwen3:0.6b",
            "models": ["qwen3:0.6b"],
        }
    }


async def test_half_a_list_is_no_list(program: Program, host: Host, nobody: str) -> None:
    """A runtime that does not answer ends the command; nothing is printed."""
    ended = await program("import", "--kind", "ollama", "--url", host.sandbox.ollama_url, "--url", f"http://{nobody}")
    assert (ended.code, ended.out) == (1, "")
    assert f"http://{nobody}" in ended.err
    assert "ollama-2" in ended.err


async def test_a_file_that_is_there_is_not_overwritten(program: Program, host: Host) -> None:
    """Its owner decides."""
    ended = await program("import", "--kind", "ollama", "--url", host.sandbox.ollama_url, "--output", host.file)
    assert ended.code == 1
    assert f"{host.file} is there already and was not touched" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--url", "127.0.0.1:11434", "--kind", "ollama"], "--url: '127.0.0.1:11434' has no scheme"),
        (["--url", "http://127.0.0.1:1"], "Say what kind of server it is: --kind ollama"),
        (["--url", "http://127.0.0.1:1", "--kind", "nonsense"], "Say what kind of server it is: --kind ollama"),
    ],
)
def test_what_is_no_server_is_refused(arguments: list[str], message: str, invoke: Invoke) -> None:
    """The sentence says what to write."""
    result = invoke("import", *arguments)
    assert result.exit_code == 1
    assert message in result.stderr


async def test_the_alias_is_written_as_one(program: Program, host: Host) -> None:
    """It is a copy among the models of an Ollama; the file says that it is one, wherever the server is asked from."""
    host.write("all-minilm", "smollm2:135m", more=", active: all-minilm, alias: mine")
    assert (await program("apply", "--config", host.config)).code == 0
    assert set(host.sandbox.installed()) == {"all-minilm:latest", "mine:latest", "smollm2:135m"}
    address = ["--kind", "ollama", "--url", host.sandbox.ollama_url.replace("127.0.0.1", "localhost")]
    for source in ([], address):
        ended = await program("import", "--config", host.config, *source, "--output", f"new{len(source)}.yaml")
        assert ended.code == 0
        text = await asyncio.to_thread((program.folder / f"new{len(source)}.yaml").read_text)
        [found] = yaml.safe_load(text)["runtimes"].values()
        assert (found["active"], found["alias"]) == ("all-minilm:latest", "mine:latest")
        assert found["models"] == ["all-minilm:latest", "smollm2:135m"]
        assert "    # mine:latest is not listed: it is a copy of all-minilm:latest, and `alias` makes it.\n" in text
    plan = await program("plan", "--file", "new0.yaml", "--config", host.config, "--detailed-exitcode")
    assert plan.code == 0
    told = await program("import", "--config", host.config, "--format", "json")
    assert told.json["runtimes"]["one"]["alias"] == "mine:latest"
    assert told.err == "mine:latest is not listed: it is a copy of all-minilm:latest, and `alias` makes it.\n"


async def test_a_present_file_that_is_broken_says_nothing_of_copies(program: Program, host: Host) -> None:
    """A server that is named can be asked all the same, and every name is a model then."""
    host.write("all-minilm", more=", active: all-minilm, alias: mine")
    await program("apply", "--config", host.config)
    host.file.write_text("broken")
    ended = await program("import", "--config", host.config, "--kind", "ollama", "--url", host.sandbox.ollama_url)
    assert ended.code == 0
    assert yaml.safe_load(ended.out)["runtimes"]["ollama"]["models"] == ["all-minilm:latest", "mine:latest"]
    assert "# all-minilm:latest, mine:latest are one version. One that was made by copying cannot be" in ended.out


def test_copies_of_the_daemon_are_no_models() -> None:
    """The alias of what is not active, and a held version, are left out; an alias that is no copy is a model."""
    one = installed("a:1b")
    held = installed("hold/a:1b")
    copies = [replace(one, name=name("copy")), replace(held, name=name("hold/a:1b")), installed("lonely:latest")]
    own = {name("copy"): Role.ALIAS, name("hold/a:1b"): Role.HOLD, name("lonely"): Role.ALIAS, name("gone"): Role.HOLD}
    found = importing.found_on(spec(), observation(one, *copies), own)
    assert (found.models, found.alias) == (("a:1b", "lonely:latest"), None)
    assert found.notes == (
        "hold/a:1b is not listed: it is an earlier version that is held for a while, and the daemon made it.",
        "copy:latest is not listed: it is a copy of a:1b, and the daemon made it.",
    )


def test_a_model_that_was_loaded_under_its_alias_is_the_active_one() -> None:
    """An Ollama lists it in memory under the name that was asked for."""
    one = installed("a:1b")
    copy = replace(one, name=name("copy"))
    observed = observation(one, copy, in_memory=[loaded("copy:latest", serves=["a:1b"])])
    found = importing.found_on(spec(), observed, {name("copy"): Role.ALIAS})
    assert (found.active, found.alias, found.models) == ("a:1b", "copy:latest", ("a:1b",))


def test_two_models_kept_in_memory_make_none_active() -> None:
    """Which of them would be a guess; one that is not kept does not count."""
    models = [installed("a:1b"), installed("b:1b"), installed("c:1b")]
    two = observation(*models, in_memory=[loaded("a:1b"), loaded("b:1b")])
    one = observation(*models, in_memory=[loaded("a:1b"), loaded("b:1b", pinned=False)])
    assert importing.found_on(spec(), two).active is None
    assert importing.found_on(spec(), one).active == "a:1b"


@pytest.mark.parametrize("models", [(), ("a:1b",)])
def test_both_forms_are_the_same_file(models: tuple[str, ...]) -> None:
    """JSON is YAML too, and both are valid."""
    found = [importing.Found(name="one", kind="ollama", url="http://127.0.0.1:1", models=models)]
    as_yaml, as_json = importing.as_yaml(found), importing.as_json(found)
    assert yaml.safe_load(as_yaml) == json.loads(as_json)
    parsed = [parse_models(text.encode(), path="f", kinds=kinds()) for text in (as_yaml, as_json)]
    assert parsed[0] == parsed[1]


def test_a_file_without_runtimes_imports_nothing() -> None:
    """The result says so in the form of the file."""
    assert yaml.safe_load(importing.as_yaml([])) == {"version": 1, "runtimes": {}}


def test_servers_are_named_after_their_kind() -> None:
    """The second and later ones are numbered."""
    names = [one.name for one in importing.specs_of(["http://a:1", "http://b:1"], "ollama")]
    assert names == ["ollama", "ollama-2"]
    with pytest.raises(Failure, match="has no scheme"):
        importing.specs_of(["a:1"], "ollama")
