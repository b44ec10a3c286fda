"""A unit of systemd is the server: its arguments are written into a file that the unit reads, and it is restarted.

Exactly the declared unit is touched, and by `systemctl` alone. The unit starts `vllm $VLLM_SERVE_ARGS`; what else it
does (its user, its limits, its sandbox) is the business of whoever wrote it. Which launch it runs with is known from
the file, as long as that is as we wrote it and older than the process.
"""

import asyncio
import os
import re
import time
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Mapping
from contextlib import suppress

from venom_modeld.core.errors import ModeldError, PermanentError, RuntimeUnreachable, TemporaryError
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.server.control import Server, Standing, Start
from venom_modeld.runtimes.vllm.server.crashes import Crashes
from venom_modeld.runtimes.vllm.server.files import read_json, write_json, write_text
from venom_modeld.runtimes.vllm.server.launch import Launch
from venom_modeld.runtimes.vllm.server.process import DRAIN_MARGIN, Surroundings
from venom_modeld.runtimes.vllm.server.reason import reason_of

ARGUMENTS = "VLLM_SERVE_ARGS"
"""The variable that the unit puts after its command."""

_RUNNING = ("active", "activating", "reloading", "deactivating")
_SHOWN = ("LoadState", "ActiveState", "InvocationID", "ExecMainStartTimestampMonotonic")
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_REFUSED = re.compile(r"authentication|access denied|not permitted|permission denied", re.IGNORECASE)


class SystemdServer(Server):
    """The server that one unit is."""

    def __init__(self, around: Surroundings, url: str) -> None:
        unit = around.options.unit
        assert unit is not None  # noqa: S101 - the file is not valid without it
        self._around = around
        self._unit = unit
        self._url = url
        self._file = around.options.environment_file or around.folder.parents[1] / f"{unit}.env"
        self._record = around.folder / "systemd.json"
        self._crashes = Crashes()
        self._told: str | None = None
        """The invocation whose end is no news."""

    async def look(self) -> Standing:
        """Return the unit, where it runs with what was written for it."""
        shown = await self._show()
        launch = self._launch()
        if shown["ActiveState"] not in _RUNNING:
            await self._note_crash(launch, shown["InvocationID"])
            return Standing(crash=self._crashes.last)
        began = _began(shown["ExecMainStartTimestampMonotonic"])
        if launch is None or not self._in_force(launch, began):
            return Standing(crash=self._crashes.last)
        return Standing(start=self._start(launch, began), crash=self._crashes.last)

    async def begin(self, launch: Launch, *, beside: bool) -> Start:
        """Write what the unit is to be started with, and restart it."""
        del beside
        await self._show()
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_text(self._file, self._rendered(launch))
            self._around.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_json(self._record, {"launch": launch.as_json(), "proven": False})
        except OSError as error:
            raise PermanentError(
                f"{self._around.title}: {error.filename or self._file}, which {self._unit} is to read, cannot be"
                f" written ({error.strerror}). Let the daemon's user write it, or choose another `environment_file`.",
                reason=Reason.ACCESS_DENIED,
            ) from error
        await self._run("reset-failed")
        try:
            await self._tell("restart")
        except asyncio.CancelledError:
            await self.stop()  # systemd goes on with what it was told, whether anybody waits for that or not
            raise
        return self._start(launch, time.time())

    async def release(self, name: str) -> None:
        """Stop the unit if it serves this model."""
        standing = await self.look()
        if standing.start is not None and standing.start.launch.name == name:
            await self.stop()

    async def stop(self) -> None:
        """Stop the unit."""
        self._told = (await self._show())["InvocationID"]
        await self._tell("stop")

    async def close(self) -> None:
        """Let go of nothing: the unit goes on."""

    def keep(self, launch: Launch) -> None:
        """Remember that a launch was proven; where that cannot be written down only a crash is not counted."""
        with suppress(OSError):
            write_json(self._record, {"launch": launch.as_json(), "proven": True})

    async def ended(self) -> str:
        """Return why the unit ended, once it has."""
        await self._run("--wait", "start")
        return await self._reason((await self._show())["InvocationID"])

    def _start(self, launch: Launch, began: float) -> "SystemdStart":
        return SystemdStart(self, launch, self._url, began, proven=bool(read_json(self._record).get("proven")))

    def _launch(self) -> Launch | None:
        return Launch.from_json(read_json(self._record).get("launch"))

    def _in_force(self, launch: Launch, began: float) -> bool:
        """Tell whether the unit read the file as we wrote it."""
        try:
            written = self._file.stat().st_mtime
            return self._file.read_text(encoding="utf-8") == self._rendered(launch) and written <= began + 1.0
        except OSError:
            return False

    def _rendered(self, launch: Launch) -> str:
        """Return the text of the file: variables, each in double quotes as systemd reads them."""
        options = self._around.options
        words = launch.serve_arguments(options.host, options.port)
        variables = {
            **launch.variables,
            "HF_HUB_OFFLINE": "1",
            "VLLM_NO_USAGE_STATS": "1",
            **({"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True"} if launch.lora else {}),
            **self._around.secrets(),
            ARGUMENTS: " ".join(map(quoted_word, words)),
        }
        lines = [f"{name}={quoted_value(value)}" for name, value in variables.items()]
        return "\n".join(["# Written by venom-modeld at every switch; a change by hand is overwritten.", *lines, ""])

    async def _note_crash(self, launch: Launch | None, invocation: str) -> None:
        """Count the end of a proven server that nobody asked for, once."""
        if launch is None or not read_json(self._record).get("proven") or self._told == invocation:
            return
        self._told = invocation
        self._crashes.note(launch, await self._reason(invocation))

    async def _reason(self, invocation: str) -> str:
        """Return the reason that the unit's journal tells."""
        _, said = await _run("journalctl", f"_SYSTEMD_INVOCATION_ID={invocation}", *_JOURNAL)
        return reason_of(said) or f"it ended without a reason; see journalctl --unit {self._unit}"

    async def _show(self) -> Mapping[str, str]:
        """Return what systemd says of the unit. Raises RuntimeUnreachable."""
        code, said = await self._run("show", "--property", ",".join(_SHOWN))
        found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        if code != 0 or not found.keys() >= set(_SHOWN) - {"ExecMainStartTimestampMonotonic"}:
            raise self._unusable(f"systemd does not tell its state ({said.strip() or code})")
        if found["LoadState"] != "loaded":
            raise self._unusable(f"the unit is {found['LoadState']}")
        return {"ExecMainStartTimestampMonotonic": "0", **found}

    def _unusable(self, why: str) -> RuntimeUnreachable:
        return RuntimeUnreachable(
            f"{self._around.title}: {self._unit} cannot be used: {why}. Install the unit, or correct `unit` of the"
            " server.",
            reason=Reason.UNREACHABLE,
        )

    async def _tell(self, verb: str) -> None:
        """Have systemd do something with the unit. Raises TemporaryError, and PermanentError where it may not."""
        limit = self._around.options.shutdown_timeout + DRAIN_MARGIN + 90.0
        try:
            async with asyncio.timeout(limit):
                code, said = await self._run(verb)
        except TimeoutError as error:
            raise self._failed(verb, f"no end within {limit:g} s") from error
        if code != 0:
            raise self._failed(verb, " ".join(said.split()) or f"code {code}")

    def _failed(self, verb: str, words: str) -> ModeldError:
        sentence = f"{self._around.title}: systemctl {verb} {self._unit} failed: {words.rstrip('.')}."
        if _REFUSED.search(words):
            advice = "Allow the daemon's user to manage that unit, by a rule of polkit."
            return PermanentError(f"{sentence} {advice}", reason=Reason.ACCESS_DENIED)
        return TemporaryError(f"{sentence} It is tried again.", reason=Reason.FAILED)

    async def _run(self, *words: str) -> tuple[int, str]:
        return await _run("systemctl", "--no-ask-password", *words, self._unit)


class SystemdStart(Start):
    """One start of the unit."""

    def __init__(self, server: SystemdServer, launch: Launch, url: str, began: float, *, proven: bool) -> None:
        self._server = server
        self.launch = launch
        self.url = url
        self.began = began
        self.proven = proven

    async def ended(self) -> str:
        """Return why the unit ended, once it has."""
        return await self._server.ended()

    async def keep(self) -> None:
        """Remember that it was proven."""
        self.proven = True
        self._server.keep(self.launch)

    async def give_up(self) -> None:
        """Stop the unit."""
        await self._server.stop()


def quoted_word(word: str) -> str:
    """Return a word as systemd splits words: in single quotes where it has to be, backslashes and quotes escaped."""
    if _PLAIN.fullmatch(word):
        return word
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quoted_value(value: str) -> str:
    """Return a value as systemd reads it in a file of variables."""
    return '"' + re.sub(r'(["\\$`])', r"\\\1", value) + '"'


_JOURNAL = ("--output", "cat", "--lines", "4000", "--no-pager", "--quiet")


def _began(monotonic: str) -> float:
    """Return a moment of systemd's steady clock, in microseconds, as seconds since the epoch."""
    return time.time() - time.monotonic() + int(monotonic or 0) / 1e6


async def _run(program: str, *words: str) -> tuple[int, str]:
    """Run a program to its end, and return its code and what it said. A cancelled task ends the program."""
    environment = {**os.environ, "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": "", "LC_ALL": "C"}
    try:
        process = await asyncio.create_subprocess_exec(
            program, *words, stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=STDOUT, env=environment
        )
    except OSError as error:
        return 127, f"{program}: {error.strerror}"
    try:
        said, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, said.decode("utf-8", "replace")
