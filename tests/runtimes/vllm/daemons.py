"""A host with the real daemon on it, which is told by its file what to serve."""

import asyncio
import json
import signal
from collections.abc import Callable
from typing import Any

import httpx2

from tests.acceptance.conftest import PACE, Daemon
from tests.cli.conftest import ENVIRONMENT, Ended, Program
from tests.runtimes.vllm.house import STAND_IN, A, B, Host
from venom_modeld.cli.exits import ExitCode
from venom_modeld.cli.waiting import judge
from venom_modeld.config import atomic
from venom_modeld.config.loader import revision_of

Json = dict[str, Any]


class House:
    """A host with a daemon on it; `deadline` is the seconds that a wait may take before it counts as a failure."""

    deadline = 30.0

    def __init__(self, host: Host) -> None:
        self.host = host
        self.file = host.folder / "models.yaml"
        self.environment = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("HF_")}
        settings = {**PACE, "FILE": str(self.file), "STATE_DIR": str(host.state), "LOG_LEVEL": "debug"}
        del settings["STALL_TIMEOUT"]
        self.environment |= {f"VENOM_MODELD_{name}": value for name, value in settings.items()}
        self.daemons: list[Daemon] = []

    def server(self) -> Json:
        """Return how the server is started."""
        variables = {"VENOM_SANDBOX_VLLM": str(self.host.folder / "faults.json")}
        return {"command": STAND_IN, "env": variables, "start_timeout": "20s", "shutdown_timeout": "1s"}

    def entry(self, active: str, *models: str | Json, alias: str | None = None, **server: Any) -> Json:
        """Return the entry of the vLLM."""
        return {
            "kind": "vllm",
            "url": self.host.url,
            "prune": "managed",
            "active": active,
            "cache": str(self.host.cache),
            "endpoint": self.host.hub.url,
            "server": {**self.server(), **server},
            "models": list(models) or [A, B],
            **({"alias": alias} if alias else {}),
        }

    def declare(
        self, active: str, *models: str | Json, beside: Json | None = None, suspend: bool = False, **more: Any
    ) -> None:
        """Write a file in which that model is to be served."""
        gpu = {**self.entry(active, *models, **more), **({"suspend": True} if suspend else {})}
        runtimes = {"gpu": gpu, **(beside or {})}
        atomic.write(self.file, json.dumps({"version": 1, "runtimes": runtimes}).encode())

    @property
    def daemon(self) -> Daemon:
        """Return the running daemon."""
        return self.daemons[-1]

    async def start(self) -> None:
        """Start the daemon."""
        self.daemons.append(await Daemon.begin(self.host.folder, self.environment))
        await self.daemon.answering()

    async def crash(self) -> None:
        """Kill the daemon."""
        self.daemon.kill()
        assert await self.daemon.ended() == -signal.SIGKILL

    async def close(self) -> None:
        """End the daemon where it runs."""
        if self.daemons and self.daemon.process.returncode is None:
            await self.daemon.stop()

    async def told(self, truth: Callable[[Json], bool]) -> Json:
        """Wait for a status that is as wanted."""
        last: Json = {}
        try:
            async with asyncio.timeout(self.deadline):
                while True:
                    try:
                        async for kind, data in self.daemon.items():
                            last = data if kind == "snapshot" else last
                            if kind == "snapshot" and truth(data):
                                return data
                    except httpx2.ReadTimeout:
                        continue  # nothing happened for a while; whoever asks again is told what holds
        except TimeoutError as error:
            raise AssertionError(f"waited in vain; the last status was {last}; {self.daemon.log[-5:]}") from error

    async def converged(self) -> Json:
        """Wait until all is as the file says."""
        written = revision_of(self.file.read_bytes())
        return await self.told(lambda status: judge(status, written).code is ExitCode.OK)

    async def gpu(self, truth: Callable[[Json], bool]) -> Json:
        """Wait until the vLLM is as wanted."""
        return _of_gpu(await self.told(lambda status: truth(_of_gpu(status))))

    async def logged(self, message: str, **fields: str) -> None:
        """Wait until the daemon has logged a line."""
        wanted = {"message": message, **fields}.items()
        await self.host.until(lambda: any(wanted <= line.items() for line in self.daemon.log if _is_flat(line)))

    async def command(self, *arguments: str) -> Ended:
        """Run a command of the program against the daemon."""
        return await self.alone(*arguments, "--address", self.daemon.address)

    async def alone(self, *arguments: str) -> Ended:
        """Run a command of the program that asks no daemon."""
        program = Program(self.host.folder)
        program.environment = self.environment
        return await program(*arguments)


def _of_gpu(status: Json) -> Json:
    found: Json = next(one for one in status["runtimes"] if one["name"] == "gpu")
    return found


def _is_flat(line: Json) -> bool:
    return all(not isinstance(value, list | dict) for value in line.values())


def stalled(runtime: Json) -> str:
    """Return why a person is waited for."""
    found = (one for one in runtime["conditions"] if one["type"] == "Stalled" and one["status"] == "True")
    return next((str(one["message"]) for one in found), "")


def ready(runtime: Json) -> bool:
    """Tell whether a runtime is as the file says."""
    return any(one["type"] == "Ready" and one["status"] == "True" for one in runtime["conditions"])
