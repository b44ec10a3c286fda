"""The daemon itself starts and stops the server, and finds again what a daemon before it has started.

A server is told to stop when the daemon dies. That request can be lost (vLLM swallows it while its engine is being
born), so every start is on record, and whoever comes next looks: a server that lives is adopted, what is left of one
that died is cleared away, its group as a whole. How a server ends is told by the kernel, nothing is asked for in turns.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from venom_modeld.core.errors import RuntimeUnreachable, TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.options import Options
from venom_modeld.runtimes.vllm.server import ending
from venom_modeld.runtimes.vllm.server.control import Server, Standing, Start
from venom_modeld.runtimes.vllm.server.crashes import Crashes
from venom_modeld.runtimes.vllm.server.growing import growing
from venom_modeld.runtimes.vllm.server.launch import Launch
from venom_modeld.runtimes.vllm.server.ports import LOOPBACK, Address, Relay, free_port, knock
from venom_modeld.runtimes.vllm.server.processes import Exit, Identity, reap, shared_memory
from venom_modeld.runtimes.vllm.server.reason import reason_of
from venom_modeld.runtimes.vllm.server.runs import Run, Runs
from venom_modeld.runtimes.vllm.server.spawning import spawn

logger = logging.getLogger(__name__)

GIVE_UP_PATIENCE = 1.0
"""Seconds for a server to stop that nobody uses yet."""

DRAIN_MARGIN = 10.0
"""Seconds beyond those in which requests may end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a supervisor is given; `title` is how sentences call the runtime, `changed` tells that a server ended."""

    title: str
    folder: Path
    options: Options
    secrets: Callable[[], Mapping[str, str]]
    """Returns the variables that a server is given and that are written down nowhere."""
    changed: Callable[[], None]
    may_act: bool = True
    """False where another process may be at work on the same servers."""


class ProcessServer(Server):
    """One server, or two for the time of a switch, as children of this process."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._runs = Runs(around.folder / "runs")
        self._address = Address(around.title, around.options.host, around.options.port)
        self._relay = Relay(self._address, around.folder / "relay")
        self._starts: dict[Path, ProcessStart] = {}
        self._crashes = Crashes()

    async def look(self) -> Standing:
        """Return the server that clients reach, else the newest that lives; clear up behind those that do not."""
        if not self._around.may_act:
            return self._glance()
        for run in self._recorded():
            if run.folder not in self._starts and run.process.exists():
                await self._find(run)
        for start in list(self._starts.values()):
            start.run.bound_log()
            if start.over and not start.expected:
                await self._bury(start)
        serving = self._serving()
        await self._end_strays(serving)
        if serving is not None and serving.proven and serving.run.port != self._address.port:
            self._relay.hold(serving.run.port)
        return Standing(start=serving, crash=self._crashes.last)

    def _glance(self) -> Standing:
        """Return the same, and leave everything as it is: what looks left over may just be beginning."""
        for run in self._recorded():
            identity = run.identity()
            if run.folder not in self._starts and identity is not None and run.is_alive():
                self._watch(run, identity, found=True)
        return Standing(start=self._serving())

    async def begin(self, launch: Launch, *, beside: bool) -> Start:
        """Start a server, beside the present one or after stopping it."""
        await self.look()
        if not beside:
            await self._end_all(list(self._starts.values()))
        direct = not beside and not self._around.options.surges
        if direct:
            await self._relay.stop()
            self._address.check()
        host, port = (self._address.host, self._address.port) if direct else (LOOPBACK, free_port())
        return self._spawn(launch, host, port)

    async def release(self, name: str) -> None:
        """Stop the servers of a model, letting requests end."""
        await self.look()
        await self._end_all([start for start in self._starts.values() if start.launch.name == name])
        if not self._starts:
            await self._relay.stop()

    async def close(self) -> None:
        """Stop watching."""
        for start in self._starts.values():
            start.close()
        self._starts.clear()

    async def kept(self, start: "ProcessStart") -> None:
        """Let clients reach a server that was proven, and end those before it."""
        start.proven = True
        start.run.note(proven=True, shared_memory=sorted(shared_memory(start.run.members())))
        before = [one for one in self._starts.values() if one is not start]
        if start.run.port != self._address.port:
            await self._end_all([one for one in before if one.run.port == self._address.port])
            self._relay.point(start.run.port)
        left = [one for one in before if one.run.folder in self._starts]
        await self._let_arrive(left)
        await self._end_all(left)

    async def _let_arrive(self, left: list["ProcessStart"]) -> None:
        """Return when servers have taken up all that was on its way to them before clients reached another one."""
        if left:
            await knock(self._address.host, self._address.port)
        for one in left:
            await knock(LOOPBACK, one.run.port)

    async def gave_up(self, start: "ProcessStart") -> None:
        """End a server that was not proven, or does not work any more."""
        if start.over and not start.expected:
            await self._bury(start)
        else:
            await self._end(start, GIVE_UP_PATIENCE)

    def _recorded(self) -> list[Run]:
        try:
            if self._around.may_act:
                self._runs.sweep()
            return self._runs.all()
        except OSError as error:
            raise RuntimeUnreachable(
                f"{self._around.title}: the record of its servers, {self._around.folder}, cannot be read"
                f" ({error.strerror}). Let the daemon's user read it.",
                reason=Reason.ACCESS_DENIED,
            ) from error

    def _serving(self) -> "ProcessStart | None":
        living = list(self._starts.values())
        candidates = [start for start in living if start.proven] or living
        return candidates[-1] if candidates else None

    async def _end_strays(self, serving: "ProcessStart | None") -> None:
        """End servers that an earlier process was starting beside the one that clients reach."""
        if serving is not None and serving.proven:
            strays = [one for one in self._starts.values() if one.found and not one.proven]
            await self._end_all(strays)

    def _spawn(self, launch: Launch, host: str, port: int) -> "ProcessStart":
        try:
            run = self._runs.new(launch, host, port)
            identity = spawn(
                (*launch.command, *launch.serve_arguments(host, port)),
                record=run.process,
                folder=run.temporary,
                log=run.log,
                environment=_environment(run, self._around.secrets()),
            )
        except OSError as error:
            raise TemporaryError(
                f"{self._around.title}: the server cannot be started: {error.strerror} ({error.filename or 'fork'})."
                " It is tried again.",
                reason=Reason.FAILED,
            ) from error
        logger.info("server started", extra={"model": launch.name, "pid": identity.pid, "log": str(run.log)})
        return self._watch(run, identity, found=False)

    async def _find(self, run: Run) -> None:
        """Adopt a server that an earlier process started, or clear up behind it."""
        identity = run.identity()
        if identity is not None and run.is_alive():
            logger.info("server adopted", extra={"model": run.launch.name, "pid": identity.pid})
            self._watch(run, identity, found=True)
            return
        if identity is not None:
            reap(identity)
        if run.members():
            logger.warning("processes of a dead server found", extra={"model": run.launch.name})
        await ending.clear(run)
        self._runs.tidy(run)

    def _watch(self, run: Run, identity: Identity, *, found: bool) -> "ProcessStart":
        start = ProcessStart(self, run, identity, self._around.changed, found=found)
        self._starts[run.folder] = start
        return start

    async def _bury(self, start: "ProcessStart") -> None:
        """Clear up behind a server that ended without being told to, and remember why if it had been proven."""
        if start.proven:
            crash = self._crashes.note(start.launch, start.reason())
            logger.warning("server ended by itself", extra={"model": start.launch.name, "detail": crash.reason})
        await self._end(start, GIVE_UP_PATIENCE)

    async def _end_all(self, starts: list["ProcessStart"]) -> None:
        patience = self._around.options.shutdown_timeout + DRAIN_MARGIN
        for start in starts:
            await self._end(start, patience if start.proven else GIVE_UP_PATIENCE)

    async def _end(self, start: "ProcessStart", patience: float) -> None:
        start.expected = True
        await ending.end(start.run, patience=patience)
        start.close()
        self._starts.pop(start.run.folder, None)
        self._runs.tidy(start.run)
        logger.info("server is gone", extra={"model": start.launch.name})


class ProcessStart(Start):
    """One server that is a process of this host; `found` if an earlier process started it."""

    def __init__(
        self, server: ProcessServer, run: Run, identity: Identity, changed: Callable[[], None], *, found: bool
    ) -> None:
        self.run = run
        self.launch = run.launch
        self.url = run.url
        self.began = run.began
        self.proven = bool(run.fact("proven"))
        self.found = found
        self.expected = False
        """It was told to stop, so its end is no news."""
        self._server = server
        self._changed = changed
        self._exit = Exit(identity, self._on_exit)

    @property
    def over(self) -> bool:
        """Tell whether its first process has ended."""
        return self._exit.over

    async def ended(self) -> str:
        """Return why it ended, once it has."""
        await self._exit.wait()
        return self.reason()

    def signs(self) -> AbstractContextManager[asyncio.Event]:
        """Take all that it says for a sign."""
        return growing(self.run.log)

    async def keep(self) -> None:
        """Make it the server."""
        await self._server.kept(self)

    async def give_up(self) -> None:
        """Stop it and all that it began."""
        await self._server.gave_up(self)

    def reason(self) -> str:
        """Say why it ended, in its own words where it left any."""
        said, code = reason_of(self.run.said()), self._exit.code
        if said is not None:
            return said
        if code is not None and code < 0:
            return f"it was killed by signal {-code}; its log is {self.run.log}"
        return f"it ended{'' if code is None else f' with code {code}'} without a reason; its log is {self.run.log}"

    def close(self) -> None:
        """Stop watching it."""
        self._exit.close()

    def _on_exit(self) -> None:
        if not self.expected:
            self._changed()


def _environment(run: Run, secrets: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment of a server: that of the daemon without its secrets, and what the server must know."""
    ours = {name: value for name, value in os.environ.items() if name not in _NOT_HANDED_ON}
    return {
        **ours,
        "PYTHONUNBUFFERED": "1",
        "VLLM_NO_USAGE_STATS": "1",
        **run.launch.variables,
        "HF_HUB_OFFLINE": "1",
        "TMPDIR": str(run.temporary),
        **({"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True"} if run.launch.lora else {}),
        **secrets,
    }


_NOT_HANDED_ON = frozenset(
    {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "VLLM_API_KEY", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"}
)
"""Variables of the daemon that are none of the server's business."""
