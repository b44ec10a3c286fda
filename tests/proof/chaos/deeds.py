"""How each deed of a script is done, and what ends it. What cannot be done on this host is noted as skipped."""

import asyncio
import errno
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from tests.proof.chaos.house import RATE, House
from tests.proof.chaos.script import Deed
from tests.proof.processes import Json

CALM: Json = {"rate": RATE}
"""How the dial stands while nothing is wrong."""

Deeds = Callable[["Doer", Deed], Awaitable[None]]


class Doer:
    """Does deeds on a house, and undoes them."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._filled = 0.0
        self._spoilt = 0.0
        self._lost = False

    async def do(self, deed: Deed) -> None:
        """Do one."""
        self._house.record.faults.append(deed.kind)
        await _DOING[deed.kind](self, deed)

    async def undo(self) -> None:
        """End all that lasts, and have a daemon again."""
        house = self._house
        await house.stage.order()
        house.prey = ""
        for number in range(house.count):
            await house.stage.control(number, "DELETE", "/faults")
            await house.stage.control(number, "PATCH", "/faults", **CALM)
            await house.stage.control(number, "POST", "/start")
        self._signal(signal.SIGCONT)
        house.descriptors(None)
        house.ballast.unlink(missing_ok=True)
        now = time.monotonic()
        if self._filled:
            house.record.doubtful.append((self._filled, now + 1.0))
            self._filled = 0.0
        if self._spoilt:
            await house.kill()
            self._rebuilt()
        await house.up()

    # The daemon

    async def kill(self, deed: Deed) -> None:
        """Kill the daemon, and start it at once."""
        await asyncio.sleep(deed.with_["after"])
        await self._house.kill()
        await self._house.begin()

    async def kill_at(self, deed: Deed) -> None:
        """Have it killed at a boundary of what it does, if that comes soon."""
        if self._house.daemon is not None and self._house.daemon.alive:
            self._house.record.lives[-1].wanted = True
            await self._house.stage.order(kill=self._house.daemon.pid, **deed.with_)
            await self._reborn()
            await self._house.stage.order()

    async def kill_at_line(self, deed: Deed) -> None:
        """Have it killed when it logs something, if that comes soon."""
        self._house.prey = deed.with_["line"]
        await self._reborn()
        self._house.prey = ""

    async def _reborn(self) -> None:
        """Start the daemon when it has been killed; do not wait for that for long."""
        daemon, life = self._house.daemon, self._house.record.lives[-1]
        assert daemon is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(2.0):
                await daemon.process.wait()
        if daemon.alive:
            life.wanted = False
        else:
            await self._house.gone()
            await self._house.begin()

    async def end(self, _deed: Deed) -> None:
        """End it in order, and start it at once."""
        await self._house.stop()
        await self._house.begin()

    async def pause(self, _deed: Deed) -> None:
        """Let it stand still."""
        self._signal(signal.SIGSTOP)

    def _signal(self, number: signal.Signals) -> None:
        if self._house.daemon is not None and self._house.daemon.alive:
            self._house.daemon.process.send_signal(number)

    async def exhaust(self, deed: Deed) -> None:
        """Leave it hardly any descriptors."""
        self._house.descriptors(deed.with_["left"])

    async def jump(self, deed: Deed) -> None:
        """Move its wall clock."""
        if self._house.clock is None:
            self._house.record.skipped.append(deed.kind)
            return
        place = self._house.folder / "clock"
        before = float(place.read_text())
        place.write_text(f"{before + deed.with_['seconds']:+f}\n")

    # The runtimes

    async def crash(self, deed: Deed) -> None:
        """Kill a runtime, which is back soon."""
        await self._house.stage.control(deed.runtime, "POST", "/crash", **deed.with_)

    async def restart(self, deed: Deed) -> None:
        """Restart a runtime in order."""
        await self._house.stage.control(deed.runtime, "POST", "/stop")
        await self._house.stage.control(deed.runtime, "POST", "/start")

    async def kill_runner(self, deed: Deed) -> None:
        """Kill the process of a model."""
        await self._house.stage.control(deed.runtime, "POST", "/kill-runner", **deed.with_)

    async def turn(self, deed: Deed) -> None:
        """Turn the dial."""
        await self._house.stage.control(deed.runtime, "PATCH", "/faults", **deed.with_)

    async def fill_models(self, deed: Deed) -> None:
        """Leave a runtime hardly any room."""
        used = (await self._house.stage.control(deed.runtime, "GET", "/state"))["disk_used"]
        await self._house.stage.control(deed.runtime, "PATCH", "/faults", disk_capacity=used + deed.with_["room"])

    # The file

    async def truncate(self, deed: Deed) -> None:
        """Leave the first part of the file, as a full disk or a crash does."""
        content = self._content()
        self._put(content[: int(len(content) * deed.with_["share"])])

    async def corrupt_file(self, deed: Deed) -> None:
        """Have other bytes somewhere in the file."""
        content, new = self._content(), bytes.fromhex(deed.with_["bytes"])
        at = int(len(content) * deed.with_["share"])
        self._put(content[:at] + new + content[at + len(new) :])

    async def swap(self, deed: Deed) -> None:
        """Rename two files over each other, quickly."""
        texts = [self._content().decode(errors="replace"), deed.with_["other"]]
        for turn in range(deed.with_["times"]):
            self._house.write(texts[turn % 2])
            await asyncio.sleep(0)

    async def write_in_pieces(self, deed: Deed) -> None:
        """Write the file in place, with a pause in the middle."""
        content = self._house.fill_in(deed.with_["text"])
        middle = int(len(content) * deed.with_["share"])
        self._put(content[:middle])
        await asyncio.sleep(0.1)
        self._put(content)

    async def delete_file(self, _deed: Deed) -> None:
        """Delete the file."""
        self._house.record.wrote(None)
        if not self._file.is_dir():
            self._file.unlink(missing_ok=True)

    async def put_folder(self, _deed: Deed) -> None:
        """Put a folder where the file was."""
        await self.delete_file(_deed)
        self._file.mkdir(exist_ok=True)

    @property
    def _file(self) -> Path:
        return self._house.folder / "models.yaml"

    def _content(self) -> bytes:
        return self._file.read_bytes() if self._file.is_file() else b""

    def _put(self, content: bytes) -> None:
        """Write in place; what the file held before is gone at once."""
        if self._file.is_dir():
            return
        self._house.record.wrote(b"")
        self._house.record.wrote(content)
        self._file.write_bytes(content)

    # The state

    async def fill_state(self, deed: Deed) -> None:
        """Fill the disk of the state to the last byte."""
        if not self._house.small_disk:
            self._house.record.skipped.append(deed.kind)
            return
        self._filled = time.monotonic()
        with self._house.ballast.open("wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"x" * 4096)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    async def corrupt_state(self, deed: Deed) -> None:
        """Damage the state, under the daemon or while it is gone."""
        house, live = self._house, deed.with_["live"]
        if not live:
            await house.kill()
        await house.copy_history()
        self._spoilt = time.monotonic()
        state = house.folder / "state"
        self._lost = deed.with_["how"] == "lose all"
        _damage(state, deed.with_)
        if not live:
            self._rebuilt()
            await house.begin()

    def _rebuilt(self) -> None:
        """Note that the next daemon begins with another state than the last one had."""
        now = time.monotonic()
        self._house.record.doubtful.append((self._spoilt, now))
        if self._lost:
            self._house.record.lost.append(now)
        self._spoilt, self._lost = 0.0, False

    # Other people

    async def move(self, deed: Deed) -> None:
        """Publish a new version of a model, everywhere."""
        for number in range(self._house.count):
            await self._house.stage.control(number, "POST", "/registry/move", **deed.with_)

    async def delete_model(self, deed: Deed) -> None:
        """Delete a model behind the daemon's back."""
        await self._house.stage.ollama(deed.runtime, "DELETE", "/api/delete", model=deed.with_["name"])

    async def unload(self, deed: Deed) -> None:
        """Take a model out of memory behind the daemon's back."""
        body = {"model": deed.with_["name"], "keep_alive": 0}
        await self._house.stage.ollama(deed.runtime, "POST", "/api/generate", **body)

    async def load(self, deed: Deed) -> None:
        """Use a model of one's own."""
        body = {"model": deed.with_["name"], "prompt": "hello", "stream": False}
        await self._house.stage.ollama(deed.runtime, "POST", "/api/generate", **body)

    async def approve(self, _deed: Deed) -> None:
        """Approve what waits for it."""
        await self._house.approve()

    async def cancel(self, _deed: Deed) -> None:
        """Cancel what is under way."""
        await self._house.cancel()


def _damage(state: Path, with_: Json) -> None:
    """Do damage to a state; its bytes are drawn from a seed."""
    dice = random.Random(with_["seed"])  # noqa: S311 - it is to be repeatable
    path = state / "state.db"
    size = path.stat().st_size if path.exists() else 0
    match with_["how"]:
        case "flip":
            _flip([one for one in (path, state / "state.db-wal") if one.exists()], dice)
        case "truncate":
            os.truncate(path, int(size * with_["share"]))
        case "garbage":
            path.write_bytes(dice.randbytes(max(size, 4096)))
        case "lose the log":
            (state / "state.db-wal").unlink(missing_ok=True)
            (state / "state.db-shm").unlink(missing_ok=True)
        case _:
            for file in state.glob("state.db*"):
                file.unlink()


def _flip(files: list[Path], dice: random.Random) -> None:
    for file in files:
        content = bytearray(file.read_bytes())
        for _ in range(dice.randint(1, 30) if content else 0):
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        with file.open("r+b") as open_file:
            open_file.write(content)


_DOING: dict[str, Deeds] = {
    "kill the daemon": Doer.kill,
    "kill the daemon at a boundary": Doer.kill_at,
    "kill the daemon at a line of its log": Doer.kill_at_line,
    "end the daemon in order": Doer.end,
    "stop the daemon for a while": Doer.pause,
    "crash a runtime": Doer.crash,
    "restart a runtime": Doer.restart,
    "crash a runtime in a download": Doer.turn,
    "kill a runner": Doer.kill_runner,
    "cut a stream": Doer.turn,
    "slow everything": Doer.turn,
    "stall a download": Doer.turn,
    "answer never": Doer.turn,
    "answer nonsense": Doer.turn,
    "answer with an error": Doer.turn,
    "corrupt a download": Doer.turn,
    "lose the registry": Doer.turn,
    "fail a load": Doer.turn,
    "fill the disk of the models": Doer.fill_models,
    "fill the disk of the state": Doer.fill_state,
    "truncate the file": Doer.truncate,
    "corrupt the file": Doer.corrupt_file,
    "swap the file": Doer.swap,
    "write the file in pieces": Doer.write_in_pieces,
    "delete the file": Doer.delete_file,
    "put a folder in place of the file": Doer.put_folder,
    "corrupt the state": Doer.corrupt_state,
    "jump the clock": Doer.jump,
    "exhaust the descriptors": Doer.exhaust,
    "move a tag": Doer.move,
    "delete a model of ours": Doer.delete_model,
    "unload a model of ours": Doer.unload,
    "load a guest": Doer.load,
    "approve": Doer.approve,
    "cancel": Doer.cancel,
}
