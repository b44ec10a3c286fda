"""Tokens stay where they were put: in no answer, log, state, command line, address, and in no image of the memory."""

import asyncio
import json
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.cli.conftest import Host, Program
from tests.conftest import DEADLINE, PLAIN
from venom_modeld.config.desired_file import parse_models
from venom_modeld.config.problems import SourceError
from venom_modeld.runtimes.registry import kinds
from venom_modeld.runtimes.vllm.server.files import write_text
from venom_modeld.runtimes.vllm.weights.hub import hub_of
from venom_modeld.state import lock, opening
from venom_modeld.state.errors import StateUnusable

TOKEN = "api-token-correct-horse"
HUB_TOKEN = "hf_battery0staple"
SECRETS = (TOKEN, HUB_TOKEN)
ROOT = Path(__file__).parents[2]


async def said_until(process: asyncio.subprocess.Process, words: str, log: list[str]) -> str:
    """Return the first line on standard error that holds some words; keep all."""
    assert process.stderr is not None
    async with asyncio.timeout(DEADLINE):
        async for raw in process.stderr:
            log.append(raw.decode())
            if words in log[-1]:
                return log[-1]
    raise AssertionError("".join(log))


@pytest.fixture
def core_dumps() -> Iterator[None]:
    """Let what this process starts write core dumps, as far as this host lets anybody."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


@pytest.mark.usefixtures("core_dumps")
async def test_a_daemon_keeps_its_tokens_to_itself(program: Program, host: Host) -> None:
    """With every secret that it can hold, and errors on all sides, none leaves the process."""
    (host.file.parent / "token").write_text(TOKEN)
    host.config.write_text(
        host.config.read_text().replace("{listen:", "{token_file: token, listen:")
        + "log: {level: debug, format: json}\n"
    )
    host.write("all-minilm", "no-such-model")
    program.environment |= {"HF_TOKEN": HUB_TOKEN, "HF_ENDPOINT": "http://127.0.0.1:1", "HF_HUB_OFFLINE": "0"}
    log: list[str] = []
    answers: list[str] = []
    async with program.started("run", "--config", host.config) as process:
        address = json.loads(await said_until(process, "answering", log))["address"]
        async with httpx2.AsyncClient(base_url=address, timeout=DEADLINE, verify=PLAIN) as client:
            assert (await client.get("/api/v1/status")).status_code == 401
            client.headers["Authorization"] = f"Bearer {TOKEN}"
            for path in (
                "/api/v1/status",
                "/api/v1/runtimes",
                "/api/v1/history",
                "/api/v1/models/search?query=ab&provider=huggingface",
                "/api/v1/desired?text=true",
                "/metrics",
                "/openapi.json",
                "/docs",
                "/nothing",
            ):
                answer = await client.get(path)
                answers += [answer.text, str(answer.headers)]
            wrong = await client.post("/api/v1/plan/approve", content=TOKEN, headers={"Content-Type": "text/plain"})
            answers.append(wrong.text)
            async with client.stream("GET", "/api/v1/events") as events, asyncio.timeout(DEADLINE):
                async for line in events.aiter_lines():
                    answers.append(line)
                    if line.startswith("event: snapshot"):
                        break
        about = Path(f"/proc/{process.pid}")
        assert not any(secret in (about / "cmdline").read_text() for secret in SECRETS)
        limits = (about / "limits").read_text()
        assert [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core file")] == [["0", "0"]]
        process.terminate()
        async with asyncio.timeout(DEADLINE):
            _, rest = await process.communicate()
    state = host.file.parent / "state"
    kept = [path.read_bytes() for path in state.rglob("*") if path.is_file()]
    everything = "".join([*log, rest.decode(), *answers]).encode() + b"".join(kept)
    assert [secret for secret in SECRETS if secret.encode() in everything] == []
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in state.rglob("*") if path.is_file()} == {0}


def test_the_memory_is_closed() -> None:
    """No core dump is written of it, and no other process of the same user may look into it or trace it."""
    code = (
        "import ctypes, resource; from venom_modeld.cli.running import close_memory; close_memory();"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "0 (0, 0)"


def test_the_unit_writes_no_core_dump() -> None:
    """Nor would the processes that it starts."""
    unit = (ROOT / "config/systemd/venom-modeld.service").read_text(encoding="utf-8")
    assert "\nLimitCORE=0\n" in unit


@pytest.mark.parametrize(
    "url", ["http://user:secret@127.0.0.1:11434", "http://secret@host", "https://:secret@host:1/", "http://a@b@c"]
)
@pytest.mark.parametrize("kind", ["ollama", "vllm"])
def test_no_address_holds_a_password(url: str, kind: str) -> None:
    """It is refused, and the message does not repeat it."""
    text = f"version: 1\nruntimes:\n  gpu: {{kind: {kind}, url: '{url}', prune: managed}}\n"
    with pytest.raises(SourceError) as caught:
        parse_models(text.encode(), path="m.yaml", kinds=kinds())
    assert "secret" not in str(caught.value)


def test_a_hub_shows_no_token() -> None:
    """Printing what holds the token, as a debugger or a traceback does, does not print the token."""
    hub = hub_of({"HF_TOKEN": HUB_TOKEN, "HOME": "/nowhere"})
    assert hub.read_token() == HUB_TOKEN
    assert HUB_TOKEN not in repr(hub)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Make a file that a link leads to."""
    file = tmp_path / "victim"
    file.write_text("precious")
    file.chmod(0o644)
    return file


def untouched(victim: Path) -> bool:
    """Tell whether it is as it was."""
    return victim.read_text() == "precious" and stat.S_IMODE(victim.stat().st_mode) == 0o644


def test_the_lock_follows_no_link(tmp_path: Path, victim: Path) -> None:
    """Whoever may write to the folder cannot make the daemon empty a file of its user."""
    state = tmp_path / "state"
    state.mkdir()
    (state / lock.LOCK_FILE).symlink_to(victim)
    with pytest.raises(StateUnusable, match="lock is a link, which is not followed"), lock.hold(state):
        raise AssertionError("it was held")
    assert untouched(victim)


def test_the_state_follows_no_link(tmp_path: Path, victim: Path) -> None:
    """Nor can the file of the state be another one: neither read, nor changed, nor given another mode."""
    state = tmp_path / "state.db"
    state.symlink_to(victim)
    with pytest.raises(StateUnusable, match="is a link, which is not followed"):
        opening.open_writable(state)
    assert untouched(victim)
    assert state.is_symlink()


def test_a_linked_folder_is_followed(tmp_path: Path, victim: Path) -> None:
    """The service manager itself makes such links; the folder is the business of whoever made the link."""
    real = tmp_path / "private"
    real.mkdir()
    (tmp_path / "state").symlink_to(real)
    with lock.hold(tmp_path / "state"):
        assert (real / lock.LOCK_FILE).read_text() == f"{os.getpid()}\n"
    assert untouched(victim)


def test_small_files_follow_no_link(tmp_path: Path, victim: Path) -> None:
    """What is written beside a file before it takes its place is no link either."""
    (tmp_path / ".facts.tmp").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        write_text(tmp_path / "facts", "new")
    assert untouched(victim)
