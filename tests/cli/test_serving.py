"""`run`, `try` and `sandbox`, as real programs."""

import asyncio
import json
import re
import shutil
import signal
import socket
from pathlib import Path

import httpx2
import pytest

from tests.cli.conftest import Host, Invoke, Program, line_of
from tests.conftest import DEADLINE, PLAIN
from venom_modeld.cli import trial
from venom_modeld.cli.exits import ExitCode

ROOT = Path(__file__).parents[2]


async def said(process: asyncio.subprocess.Process, words: str) -> str:
    """Return the first line on standard error that holds some words."""
    assert process.stderr is not None
    async with asyncio.timeout(DEADLINE):
        async for line in process.stderr:
            if words in line.decode():
                return line.decode()
    raise AssertionError(f"the program ended without saying {words!r}")


async def ended(process: asyncio.subprocess.Process) -> int:
    """Wait for the end of a program."""
    async with asyncio.timeout(DEADLINE):
        await process.communicate()
    assert process.returncode is not None
    return process.returncode


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


async def test_a_daemon_runs_until_it_is_told_to_stop(program: Program, host: Host) -> None:
    """Its log says where it answers; every other command finds it there; SIGTERM is a good end."""
    host.write("all-minilm")
    async with program.started("run", "--config", host.config, "--format", "json") as process:
        line = json.loads(await said(process, "answering"))
        address = line["address"]
        waited = await program("wait", "--address", address)
        assert (waited.code, waited.err) in {(0, ""), (0, waited.err)}
        status = await program("status", "--address", address)
        assert "In sync" in status.out
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 0


async def test_a_hang_up_asks_the_providers_anew(program: Program, host: Host) -> None:
    """A tag that moved is followed at once, long before its next look-up, also where the file changed as well."""
    update = "{name: all-minilm, update: always}"
    host.write("smollm2:135m")
    host.file.write_text(host.file.read_text().replace('"smollm2:135m"', update))
    async with program.started("run", "--config", host.config, "--format", "json") as process:
        address = json.loads(await said(process, "answering"))["address"]
        assert (await program("wait", "--address", address)).code == 0
        for more in ("", "# changed\n"):
            newest = host.sandbox.move_tag("all-minilm")
            host.file.write_text(host.file.read_text() + more)
            process.send_signal(signal.SIGHUP)
            async with asyncio.timeout(DEADLINE):
                while host.sandbox.installed()["all-minilm:latest"] != newest:  # noqa: ASYNC110 - the truth lies there
                    await asyncio.sleep(0.02)


async def test_a_second_daemon_on_the_same_state_is_refused(program: Program, host: Host) -> None:
    """The first goes on."""
    async with program.started("run", "--config", host.config) as process:
        await said(process, "answering")
        second = await program("run", "--config", host.config)
    assert (second.code, second.out) == (ExitCode.FAILED, "")
    assert "Traceback" not in second.err


@pytest.mark.parametrize("listen", ["taken", "192.0.2.1:8765"])
async def test_an_address_that_cannot_be_had_is_said_so(listen: str, program: Program, host: Host) -> None:
    """The sentence says what to do."""
    (program.folder / "token").write_text("secret\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}" if listen == "taken" else listen
        program.environment["VENOM_MODELD_API_TOKEN_FILE"] = "token"
        result = await program("run", "--config", host.config, "--listen", address)
    assert result.code == ExitCode.FAILED
    assert result.err.splitlines()[-1].startswith(f"The API cannot listen on {address}: ")
    assert "Traceback" not in result.err


@pytest.fixture
def checkout(program: Program) -> str:
    """Make something of a checkout, whose example names a server that is not there; give its address."""
    address = f"http://127.0.0.1:{free_port()}"
    shutil.copytree(ROOT / "examples", program.folder / "examples")
    example = program.folder / "examples/models.yaml"
    example.write_text(example.read_text().replace("http://127.0.0.1:11434", address))
    return address


async def is_up(url: str) -> bool:
    """Tell whether something answers."""
    async with httpx2.AsyncClient(verify=PLAIN) as client:
        try:
            return (await client.get(f"{url}/api/version")).is_success
        except httpx2.TransportError:
            return False


async def test_trying_out_needs_nothing_but_a_checkout(program: Program, checkout: str) -> None:
    """A stand-in is started where nothing answers, all commands find the daemon, and Ctrl-C ends both."""
    async with program.started("try", "--listen", "127.0.0.1:0") as process:
        assert f"Nothing answers at {checkout}, so a stand-in was started there" in await said(process, "stand-in")
        assert "catalogues of ollama.com and Hugging Face are stand-ins too" in await said(process, "stand-in")
        told = [await line_of(process) for _ in range(10)]
        assert re.match(r"The status page: http://127\.0\.0\.1:\d+/$", told[1])
        commands = [line.split()[1:] for line in told if "--config var/modeld.yaml" in line]
        assert [command[0] for command in commands] == ["status", "install", "plan"]
        assert await is_up(checkout)
        for command in commands[1:]:
            assert (await program(*command)).code == 0
        status = await program("status", "--config", "var/modeld.yaml", "--format", "json")
        assert status.json["runtimes"][0]["url"] == checkout
        process.send_signal(signal.SIGINT)
        assert await ended(process) == 0
    assert not await is_up(checkout)
    assert not (program.folder / "models.yaml").exists()
    assert (program.folder / "examples/models.yaml").read_text().count("gemma3") == 0


async def test_trying_out_shows_full_catalogues_without_the_internet(program: Program, checkout: str) -> None:
    """They are stand-ins, which offer what can be installed; the log says nothing of the catalogues then."""
    program.environment |= {"VENOM_MODELD_TRENDING_OLLAMA_SOURCE": "website", "HF_HUB_OFFLINE": "0"}
    program.environment |= {"HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
    async with program.started("try", "--listen", "127.0.0.1:0") as process:
        await said(process, "stand-in")
        while "Ctrl-C" not in await line_of(process):
            pass
        known: list[bool] = [False]
        async with asyncio.timeout(DEADLINE):
            while not all(known):
                shown = await program("trending", "--config", "var/modeld.yaml", "--format", "json")
                known = [not one["stale"] and one["error"] is None for one in shown.json.values()]
        names = {model["model_name"] for one in shown.json.values() for model in one["models"]}
        assert {"qwen3", "all-minilm", "Qwen/Qwen3-8B", "hf.co/unsloth/Qwen3-0.6B-GGUF"} <= names
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        async with asyncio.timeout(DEADLINE):
            log = (await process.stderr.read()).decode()
        assert "catalogue cannot be read" not in log


async def test_a_server_that_answers_is_used(program: Program, host: Host) -> None:
    """No stand-in is started, and the file that is there is not copied over."""
    (program.folder / "var").mkdir()
    host.write("all-minilm")
    text = host.file.read_text()
    (program.folder / "var/models.yaml").write_text(text)
    async with program.started("try", "--listen", "127.0.0.1:0", "--format", "json") as process:
        assert process.stdout is not None
        async with asyncio.timeout(DEADLINE):
            told = json.loads(b"".join([await process.stdout.readline() for _ in range(5)]))
        assert told["file"] == "var/models.yaml"
        process.send_signal(signal.SIGINT)
        assert await ended(process) == 0
    assert (program.folder / "var/models.yaml").read_text() == text


async def test_each_server_that_does_not_answer_is_stood_in_for(program: Program, host: Host) -> None:
    """One that answers is used, and one that nothing can stand in for is named."""
    first, second = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    (program.folder / "var").mkdir()
    servers = {"there": host.sandbox.ollama_url, "gone": first, "away": "http://192.0.2.1:1", "lost": second}
    lines = [f"  {name}: {{kind: ollama, url: '{url}', prune: never}}" for name, url in servers.items()]
    (program.folder / "var/models.yaml").write_text("\n".join(["version: 1", "runtimes:", *lines]))
    async with program.started("try", "--listen", "127.0.0.1:0") as process:
        told = [await said(process, "Nothing answers") for _ in range(3)]
        assert f"Nothing answers at {first}, so a stand-in was started there" in told[0]
        assert told[1].startswith("Nothing answers at http://192.0.2.1:1 (away), and stand-ins are only for")
        assert f"Nothing answers at {second}, so a stand-in was started there" in told[2]
        assert [await is_up(first), await is_up(second)] == [True, True]
        await line_of(process)
        process.send_signal(signal.SIGINT)
        assert await ended(process) == 0
    assert [await is_up(first), await is_up(second)] == [False, False]


async def test_the_stand_in_cannot_outlive_a_trial_that_was_killed(program: Program, checkout: str) -> None:
    """Otherwise its port would be taken for ever."""
    async with program.started("try", "--listen", "127.0.0.1:0") as process:
        await said(process, "stand-in")
        await line_of(process)
        assert await is_up(checkout)
        process.kill()
        async with asyncio.timeout(DEADLINE):
            while await is_up(checkout):  # noqa: ASYNC110 - the truth lies in another program, which sends no event
                await asyncio.sleep(0.02)


async def test_trying_out_elsewhere_than_in_a_checkout_is_refused(program: Program) -> None:
    """There is nothing to copy."""
    result = await program("try")
    assert (result.code, result.out) == (1, "")
    assert result.err == "There is no examples/models.yaml here; run this in a checkout of venom-modeld.\n"


async def test_a_file_to_try_has_to_name_a_runtime(program: Program) -> None:
    """Whoever took the last one out is told how to begin again."""
    (program.folder / "var").mkdir()
    (program.folder / "var/models.yaml").write_text("version: 1\nruntimes: {}\n")
    result = await program("try")
    assert (result.code, result.out) == (1, "")
    assert "names no runtime" in result.err


async def test_a_stand_in_that_cannot_be_started_ends_the_trial(program: Program, host: Host, nobody: str) -> None:
    """What it says of the reason is shown; here another program has the port and does not answer."""
    (program.folder / "var").mkdir()
    text = host.file.read_text().replace(host.sandbox.ollama_url, f"http://{nobody}")
    (program.folder / "var/models.yaml").write_text(text)
    result = await program("try")
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[-1] == "The stand-in could not be started; what it says stands above."
    assert "cannot listen" in result.err


def test_a_port_that_is_taken_is_replaced_by_a_free_one(capsys: pytest.CaptureFixture[str]) -> None:
    """It is said, since the address of the status page is another one then."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert trial._free(f"127.0.0.1:{port}") == "127.0.0.1:0"
    assert capsys.readouterr().err == f"Another program has port {port}, so a free one is taken.\n"
    assert trial._free(f"127.0.0.1:{port}") == f"127.0.0.1:{port}"


def test_an_address_that_this_host_lacks_is_an_error() -> None:
    """Only a port that is taken has a way out."""
    with pytest.raises(OSError, match="assign requested address"):
        trial._free("192.0.2.1:1")


async def test_a_sandbox_tells_its_addresses(program: Program) -> None:
    """All answer, with the dials as they were set."""
    faults = ("load_delay=2", "manifest=garbage", "site.design=chips", "hub.portal=true")
    more = [word for fault in faults for word in ("--fault", fault)]
    async with program.started("sandbox", "--ollama-port", "0", *more, "--format", "json") as process:
        told = json.loads(await line_of(process))
        assert await is_up(told["ollama"])
        async with httpx2.AsyncClient(verify=PLAIN) as client:
            dial = (await client.get(f"{told['control']}/faults")).json()
            library = (await client.get(f"{told['site']}/library")).text
            portal = (await client.get(f"{told['hub']}/api/models")).text
        assert (dial["load_delay"], dial["manifest"]) == (2.0, "garbage")
        assert "gemma3" in library
        assert "Sign in" in portal
        process.send_signal(signal.SIGINT)
        assert await ended(process) == 0


async def test_a_sandbox_tells_people_what_the_daemon_has_to_know(program: Program) -> None:
    """The variables can be copied."""
    async with program.started("sandbox", "--ollama-port", "0") as process:
        told = [await line_of(process) for _ in range(9)]
    registry, site, hub = (line.split()[-1] for line in told[1:4])
    assert told[6:] == [
        f"  export VENOM_MODELD_REGISTRY_URL={registry}",
        f"  export VENOM_MODELD_TRENDING_OLLAMA_URL={site}",
        f"  export HF_ENDPOINT={hub}",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fault", "rate"], "--fault rate: write NAME=VALUE, with one of these names: answers, blob,"),
        (["--fault", "nothing=1"], "--fault nothing=1: write NAME=VALUE"),
        (["--fault", "site.rate=1"], "--fault site.rate=1: write NAME=VALUE"),
        (["--fault", "cloud.rate=1"], ", hub.answers, hub.corrupt,"),
        (["--fault", "site.design=round"], "--fault design: Input should be 'attributes'"),
        (["--fault", "rate=fast"], "--fault rate: "),
        (["--rate", "0"], "must be above zero"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_sandbox_that_makes_no_sense_is_refused(arguments: list[str], message: str, invoke: Invoke) -> None:
    """The sentence says what to write."""
    result = invoke("sandbox", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr


@pytest.mark.parametrize("port", ["-1", "65536", "none"])
def test_a_port_of_the_sandbox_that_is_none_is_a_wrong_command_line(port: str, invoke: Invoke) -> None:
    """The option is named."""
    result = invoke("sandbox", "--ollama-port", port)
    assert result.exit_code == ExitCode.USAGE
    assert "'--ollama-port'" in result.stderr


async def test_a_folder_that_the_sandbox_cannot_use_is_said_so(program: Program) -> None:
    """At once, not when it saves for the first time."""
    (program.folder / "file").touch()
    result = await program("sandbox", "--ollama-port", "0", "--state-dir", "file/state")
    assert (result.code, result.out) == (1, "")
    assert result.err == "file/state: Not a directory\n"


async def test_a_port_of_the_sandbox_that_is_taken_is_said_so(program: Program) -> None:
    """A free one can be had by 0."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = await program("sandbox", "--ollama-port", port)
    assert (result.code, result.out) == (1, "")
    assert f"127.0.0.1:{port}" in result.err
    assert "a port of 0 takes a free one" in result.err
