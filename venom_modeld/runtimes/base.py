"""The contract of a runtime: the one thing a driver implements, and the only way the engine touches the world.

A driver

- observes and acts, and decides nothing: what to do, in which order, and what after a failure is the engine's;
- raises only `TemporaryError` and `PermanentError`, whose messages name the runtime and the model and say what to do;
- is idempotent: every operation may have been cut at any instant, by a crash or by a cancelled task, and is simply
  called again. A cancelled task must leave the runtime working on nothing on our behalf;
- never blocks the event loop.

One suite in `tests/runtimes/` holds for all drivers.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from venom_modeld.core.desired import ModelSpec, RuntimeSpec
from venom_modeld.core.inventory import Entry
from venom_modeld.core.kinds import RuntimeKind
from venom_modeld.core.names import ModelName
from venom_modeld.core.observed import Capabilities, ObservedState, RemoteModel
from venom_modeld.core.progress import Progress

Report = Callable[[Progress], None]
"""Called by a driver, often, with where an operation is. Cheap; never fails."""


class Runtime(ABC):
    """One server under management."""

    capabilities: Capabilities

    def follow(self, spec: RuntimeSpec) -> None:  # noqa: B027 - most drivers need nothing of the rest of the file
        """Take what the file says of this runtime now; called before it is observed. Cheap; never fails."""

    def watch(self, changed: Callable[[], None]) -> None:  # noqa: B027 - most drivers are told nothing by themselves
        """Call `changed` from now on when something happened that an observation would show."""

    @abstractmethod
    async def observe(self, interest: Collection[ModelName]) -> ObservedState:
        """Return what the runtime has now; `remote` is left empty.

        `interest` names the models whose being loaded matters, so that a driver can find out what else answers for
        them; it must not cost requests in proportion to the number of models.

        Raises RuntimeUnreachable where the answer is missing, partial or makes no sense: Unknown is not empty.
        """

    @abstractmethod
    async def look_up(self, spec: ModelSpec) -> RemoteModel:
        """Return what the provider publishes under a model's name now, without downloading it.

        Raises TemporaryError, or PermanentError where the provider says that there is no such model.
        """

    @abstractmethod
    async def install(self, spec: ModelSpec, *, expect: RemoteModel | None, report: Report) -> None:
        """Put a model there, or make it from its base, and return only when the runtime itself lists it.

        `expect` is what the provider publishes, where that is known. A model that is there in the wanted version
        already is a success.
        """

    @abstractmethod
    async def update(self, spec: ModelSpec, *, expect: RemoteModel | None, hold: ModelName, report: Report) -> None:
        """Replace an installed model by its present version; the installed version survives any failure.

        Where the runtime overwrites in place, the old version is kept under the name `hold` until the new one is
        verified, and comes back if it is not.
        """

    @abstractmethod
    async def remove(self, name: ModelName) -> int | None:
        """Take a model off memory and disk; one that is not there is a success.

        Returns how many bytes that freed on the disk, or None where the runtime does not tell.
        """

    @abstractmethod
    async def activate(self, spec: ModelSpec, *, alias: ModelName | None, pin: bool, report: Report) -> None:
        """Load a model, prove it by one generated token, and keep it loaded (`pin`).

        A server that is told its names at its start serves the model as `alias` too; where a second name is a copy,
        `point` makes it.

        Raises PermanentError with the runtime's own reason where the model cannot be loaded or generates nothing.
        """

    async def point(self, alias: ModelName, name: ModelName) -> None:  # noqa: B027 - only where an alias is a copy
        """Let an alias stand for an installed model, whatever it stood for before."""

    @abstractmethod
    async def deactivate(self, name: ModelName) -> None:
        """Take a model out of memory; one that is not loaded is a success."""

    @abstractmethod
    async def restore(self, hold: Entry) -> None:
        """Put the version kept under a hold back under its own name, and drop the hold."""

    @abstractmethod
    def hold_name(self, name: ModelName) -> ModelName:
        """Return the name under which an earlier version of a model is kept; the same for the same model."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of connections and processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What a driver is given of the daemon's settings."""

    connect_timeout: float
    """Seconds to wait for a connection."""
    read_timeout: float
    """Seconds to wait for an answer that is not a stream and not the loading of a model."""
    load_timeout: float
    """Seconds to wait for a model to be loaded and to generate a token."""
    registry_url: str
    """Where the manifests of names without a host are read."""
    user_agent: str
    state_dir: Path
    """The folder of the daemon's own state, in which a driver may keep files in a folder of its kind."""
    may_act: bool = True
    """False in a process that only looks: a daemon may be at work, and what it began is not to be cleared up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """What a folder under `runtimes/` offers: its kind, and how to make a runtime of it."""

    kind: RuntimeKind
    make: Callable[[RuntimeSpec, Environment], Runtime]
