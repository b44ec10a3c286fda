"""Starting, stopping and keeping the state of a sandbox."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

import venom_modeld.sandbox
from tests.conftest import DEADLINE, PLAIN, QUICK, eventually
from venom_modeld.sandbox import Sandbox, SandboxSettings
from venom_modeld.sandbox.transfer import Transfer

MODEL = "qwen3:0.6b"
PROGRAM = """
import json, sys
from pathlib import Path
from venom_modeld.sandbox import SandboxSettings, serve
settings = SandboxSettings(state_dir=Path(sys.argv[1]))
serve(settings, lambda told: print(json.dumps(told.as_json()), flush=True), faults={"ollama": {"rate": 7}})
"""


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"rate": 0}, "The sandbox setting rate must be above zero, and is 0."),
        ({"line_interval": -1}, "The sandbox setting line_interval must be above zero, and is -1."),
        ({"max_loaded": 0}, "The sandbox setting max_loaded must be above zero, and is 0."),
        ({"host": "some.name"}, "The sandbox listens on an IP address or localhost, and 'some.name' is neither."),
    ],
)
def test_settings_that_are_refused(bad: dict[str, Any], words: str) -> None:
    """Values that would divide by zero or wait for ever are refused by name."""
    with pytest.raises(ValueError, match=r"^The sandbox") as caught:
        SandboxSettings(**bad)
    assert str(caught.value) == words


async def test_a_port_that_is_taken(sandbox: Sandbox) -> None:
    """A second sandbox on the same port does not start, and leaves nothing open."""
    taken = int(sandbox.ollama_url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        async with Sandbox(replace(QUICK, ollama_port=taken)):
            pass


@pytest.mark.parametrize("host", ["localhost", "::1", "0.0.0.0"])
async def test_addresses_to_listen_on(host: str) -> None:
    """Loopback names, IPv6 and every address work, and only a loopback address checks names."""
    async with Sandbox(replace(QUICK, host=host)) as sandbox, httpx2.AsyncClient(verify=PLAIN) as http:
        url = sandbox.ollama_url.replace("0.0.0.0", "127.0.0.1")
        answer = await http.get(f"{url}/api/version", headers={"Host": "some.example"})
        assert answer.status_code == (200 if host == "0.0.0.0" else 403)


async def test_a_restart_of_the_program_keeps_the_state(tmp_path: Path) -> None:
    """Models, partial blobs and the registry are as they were."""
    settings = replace(QUICK, state_dir=tmp_path / "state")
    async with Sandbox(settings) as sandbox:
        sandbox.install(MODEL)
        sandbox.publish("own", size=1000, parameters={"num_ctx": 512})
        moved = sandbox.move_tag(MODEL)
        sandbox.store.transfers["sha256:1"] = transfer = Transfer.of("sha256:1", 100, 60)
        transfer.parts[0].completed = 30
        transfer.save(now=time.time())
        sandbox.store.spoil(next(iter(sandbox.store.models.values())).manifest.config.digest)
        before = sandbox.describe() | {"offered": sandbox.offered()}
    async with Sandbox(settings) as again:
        assert again.describe() | {"offered": again.offered()} == before
        assert again.offered()["library/qwen3:0.6b"] == moved
        assert again.store.corrupt == sandbox.store.corrupt
        assert again.move_tag("own") != before["offered"]["library/own:latest"]


async def test_partial_blobs_that_are_old_are_dropped_at_the_start(sandbox: Sandbox) -> None:
    """What was left more than an hour ago goes when Ollama starts."""
    for digest, age in (("sha256:1", 4000), ("sha256:2", 10)):
        sandbox.store.transfers[digest] = Transfer.of(digest, 100, 60)
        sandbox.store.transfers[digest].touched = time.time() - age
    await sandbox.crash()
    await sandbox.start_ollama()
    assert list(sandbox.store.transfers) == ["sha256:2"]


async def test_a_state_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    """The message names the file, and the file stays as it is."""
    path = tmp_path / "sandbox.json"
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"sandbox\.json is no state of a sandbox .* Delete it to start afresh\."):
        async with Sandbox(replace(QUICK, state_dir=tmp_path)):
            pass
    assert path.read_text() == "{}"


def test_a_program_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    """`serve` tells its addresses, has the dial as it was given, and ends in order at SIGTERM with its state saved."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        addresses = json.loads(program.stdout.readline())
        with httpx2.Client(base_url=addresses["control"], timeout=DEADLINE, verify=PLAIN) as http:
            assert http.get("/faults").json()["rate"] == 7
            http.post("/install", json={"name": MODEL})
        program.send_signal(signal.SIGTERM)
        _, complaints = program.communicate(timeout=DEADLINE)
    assert (program.returncode, complaints) == (0, "")
    assert len(json.loads((tmp_path / "sandbox.json").read_text())["store"]["models"]) == 1


async def test_the_state_is_saved_while_it_runs(tmp_path: Path) -> None:
    """A program that is killed finds what was installed a second before."""
    async with Sandbox(replace(QUICK, state_dir=tmp_path)) as sandbox:
        sandbox.install(MODEL)
        path = tmp_path / "sandbox.json"
        await eventually(lambda: path.is_file() and len(json.loads(path.read_text())["store"]["models"]) == 1)
        written = path.stat().st_mtime_ns
    assert path.stat().st_mtime_ns == written


def test_the_package_is_imported_late() -> None:
    """The package alone loads no HTTP server, and has no other names than it says."""
    code = "import sys, venom_modeld.sandbox; print('uvicorn' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "False\n"
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        venom_modeld.sandbox.nothing  # noqa: B018  # asking is the test
