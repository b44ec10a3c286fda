"""What the providers publish under the names that matter now, asked rarely and never in a cycle's way.

Only models that are missing (for their size) or that follow their tag (for its digest) are looked up, each once until
the answer is old. A provider that does not answer costs a look-up its time, not the cycle.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from venom_modeld.core.desired import ModelSpec, RuntimeSpec, Update
from venom_modeld.core.errors import ModeldError
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import InstalledModel, RemoteModel
from venom_modeld.runtimes.base import Runtime

logger = logging.getLogger(__name__)

AT_ONCE = 4
"""Requests to providers at the same time, for one runtime."""

RETRY_SECONDS = 60.0
"""How long a failed look-up is left alone."""


@dataclass(frozen=True, slots=True)
class _Answer:
    remote: RemoteModel | None
    due: float
    failed: bool = False


class Lookups:
    """The look-ups of one runtime. `clock` is the loop's; `wake` is called when an answer has come."""

    def __init__(
        self, runtime: Runtime, *, interval: float, clock: Callable[[], float], wake: Callable[[], None]
    ) -> None:
        self._runtime = runtime
        self._interval = interval
        self._clock = clock
        self._wake = wake
        self._answers: dict[ModelName, _Answer] = {}
        self._asking: dict[ModelName, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    @property
    def known(self) -> Mapping[ModelName, RemoteModel]:
        """Return the last good answer of each model."""
        return {name: one.remote for name, one in self._answers.items() if one.remote is not None}

    @property
    def asking(self) -> frozenset[ModelName]:
        """Return the models whose first answer is awaited."""
        return frozenset(self._asking)

    def refresh(self, specs: Iterable[ModelSpec]) -> None:
        """Ask for the models whose answer is missing or old; forget those that no longer matter."""
        wanted = {spec.name: spec for spec in specs}
        for name in self._answers.keys() - wanted.keys():
            del self._answers[name]
        for name, spec in wanted.items():
            known = self._answers.get(name)
            if name not in self._asking and (known is None or known.due <= self._clock()):
                self._asking[name] = asking = asyncio.create_task(self._ask(spec), name=f"look up {name}")
                asking.add_done_callback(partial(self._asked, name))

    def expire(self) -> None:
        """Let every answer be old now; it stays known until there is a newer one."""
        now = self._clock()
        self._answers = {name: replace(one, due=min(one.due, now)) for name, one in self._answers.items()}

    def renew(self, name: ModelName) -> None:
        """Have a model asked for anew, also where an answer is on its way: a download has just brought what is there.

        Else a tag that moved since it was looked up would seem to have moved back, until that answer is old.
        """
        if name in self._answers:
            self._answers[name] = replace(self._answers[name], due=self._clock())
        if name in self._asking:
            self._asking[name].cancel()

    def next_due(self) -> float | None:
        """Return when the next answer gets old, on the loop's clock; what is being asked for anew is not awaited."""
        return min((one.due for name, one in self._answers.items() if name not in self._asking), default=None)

    async def settle(self) -> None:
        """Wait until nothing is being asked."""
        while self._asking:
            await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def close(self) -> None:
        """Give up what is being asked."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, spec: ModelSpec) -> None:
        before = self._answers.get(spec.name)
        try:
            async with self._turns:
                remote = await self._runtime.look_up(spec)
            self._answers[spec.name] = _Answer(remote, self._clock() + self._interval)
        except ModeldError as error:
            if before is None or not before.failed:
                fields = {"model": spec.name.text, "reason": error.reason, "detail": error.message}
                logger.info("provider look-up failed", extra=fields)
            due = self._clock() + min(RETRY_SECONDS, self._interval)
            self._answers[spec.name] = _Answer(before.remote if before else None, due, failed=True)

    def _asked(self, name: ModelName, _: asyncio.Task[None]) -> None:
        """Take note that an answer is there, or none will come; also of a task that was cancelled before it began."""
        del self._asking[name]
        self._wake()


def worth_asking(spec: RuntimeSpec, installed: Mapping[ModelName, InstalledModel]) -> list[ModelSpec]:
    """Return the models whose provider side matters: missing ones, and those that follow their tag."""
    models = (model for model in spec.everything.values() if model.base is None)
    return [model for model in models if _is_open(model, installed.get(model.name))]


def _is_open(model: ModelSpec, installed: InstalledModel | None) -> bool:
    if installed is None or installed.differs is not None:
        return True
    return model.update is Update.ALWAYS if model.pin is None else installed.digest != model.pin
