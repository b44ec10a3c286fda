"""The HTTP API on its socket: what it needs of the daemon, fitted to its protocols, and the server that answers."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from venom_modeld.api.app import Api, create_app
from venom_modeld.api.connections import PatientProtocol
from venom_modeld.api.guard import Guard, host_of
from venom_modeld.api.ports import Approved, NoSuchOperation, NoSuchPlan, Ports
from venom_modeld.api.screen import Screen
from venom_modeld.api.views_status import program_version
from venom_modeld.config.settings import Settings
from venom_modeld.core.errors import PermanentError
from venom_modeld.core.reasons import Reason
from venom_modeld.engine.advice import no_advice
from venom_modeld.engine.engine import Engine, NotFound
from venom_modeld.engine.file_editor import FileEditor
from venom_modeld.runtimes.registry import kinds
from venom_modeld.state.snapshot import SnapshotHub
from venom_modeld.state.store import Store
from venom_modeld.trending.choices import Choices
from venom_modeld.trending.later import LaterCatalogues, catalogues_later

if TYPE_CHECKING:
    from venom_modeld.config.git.repository import Repository

SLACK = 120.0
"""Seconds beyond three intervals in which every loop must have ended a cycle; a slow answer fits in."""

GOODBYE = 2
"""Seconds that answers under way get when the daemon stops."""

TICK = 1.0
"""Seconds between two looks at the clock for the `Date` of answers."""


class TokenUnusable(PermanentError):
    """The API's token cannot be had from its file."""


class EngineCommands:
    """What a person may say to the engine, in the API's words."""

    def __init__(self, engine: Engine, *, interval: float) -> None:
        self._engine = engine
        self._patience = 3 * interval + SLACK

    async def approve(self, digest: str) -> Approved:
        """Approve the unsafe plan of that digest; raises NoSuchPlan."""
        try:
            runtime, models = await self._engine.approve(digest)
        except NotFound as error:
            raise NoSuchPlan(digest) from error
        return Approved(runtime=runtime, digest=digest, models=models)

    async def cancel(self, operation_id: str) -> None:
        """Cancel and hold an operation; raises NoSuchOperation."""
        try:
            await self._engine.cancel(operation_id)
        except NotFound as error:
            raise NoSuchOperation(operation_id) from error

    async def retry(self, operation_id: str) -> None:
        """End what keeps an operation from being done; raises NoSuchOperation."""
        try:
            await self._engine.retry(operation_id)
        except NotFound as error:
            raise NoSuchOperation(operation_id) from error

    def health(self) -> str | None:
        """Return which loop has not run lately, or None."""
        for name, age in self._engine.ages():
            if age > self._patience:
                return f"the loop of {name} has not ended a cycle for {age:.0f} s"
        return None


class _Server(uvicorn.Server):
    """A server that leaves the signals to the daemon, and rests where uvicorn looks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ending = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield

    async def main_loop(self) -> None:
        """Keep the date in the answers right until told to end."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK):
                    await self._ending.wait()

    def end(self) -> None:
        """Take no more requests, and end when those under way are answered."""
        self.should_exit = True
        self._ending.set()


@asynccontextmanager
async def serving(
    hub: SnapshotHub,
    engine: Engine,
    store: Store,
    settings: Settings,
    listener: socket.socket,
    *,
    wrote: Callable[[], None],
    repository: "Repository | None" = None,
) -> AsyncIterator[str]:
    """Answer on a socket until the end of the block; give the address, such as `http://127.0.0.1:8765`.

    `wrote` is called after each edit of the file, which comes out of `repository` where that is given. Raises
    TokenUnusable.
    """
    guard = _guard(settings)
    async with _catalogues(hub, store, settings) as later:
        ports = Ports(
            commands=EngineCommands(engine, interval=settings.interval),
            history=store,
            editor=_editor(settings, repository, wrote),
            catalogue=later,
            fetch=repository.called.set if repository else None,
        )
        engine.advise = later.advise
        try:
            async with _answering(create_app(hub, ports, guard, Screen()), listener) as address:
                yield address
        finally:
            engine.advise = no_advice


def _editor(settings: Settings, repository: "Repository | None", wrote: Callable[[], None]) -> FileEditor:
    if repository is None:
        return FileEditor(settings.file, kinds(), wrote=wrote)
    return FileEditor(Path(repository.path), kinds(), wrote=wrote, read=repository.read)


def _catalogues(hub: SnapshotHub, store: Store, settings: Settings) -> AbstractAsyncContextManager[LaterCatalogues]:
    """Return the catalogues as the settings say."""
    trending = settings.trending
    choices = Choices(
        ollama=trending.ollama.source,
        site_url=trending.ollama.url,
        registry_url=settings.registry_url,
        refresh=trending.refresh,
        version=program_version(),
    )

    def local_ollama() -> str | None:
        from venom_modeld.trending.classify import OLLAMA  # noqa: PLC0415 - loaded with the catalogues

        return next((one.spec.url for one in hub.present.runtimes if one.spec.kind == OLLAMA), None)

    return catalogues_later(choices, store, local_ollama=local_ollama, environ=os.environ)


@asynccontextmanager
async def _answering(app: Api, listener: socket.socket) -> AsyncIterator[str]:
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=GOODBYE,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="API")
    try:
        yield f"http://{_address(listener)}"
    finally:
        app.end_streams()
        server.end()
        await task


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _guard(settings: Settings) -> Guard:
    api, git = settings.api, settings.source.git
    return Guard(
        token=read_token(api.token_file) if api.token_file else None,
        allowed_hosts=frozenset(filter(None, map(host_of, [*api.allowed_hosts, api.listen.host]))),
        allowed_origins=frozenset(api.allowed_origins),
        operations=api.operations,
        edits=api.edits and git.url is None,
        webhook_secret=read_token(git.webhook_secret_file) if git.webhook_secret_file else None,
    )


def read_token(path: Path) -> str:
    """Return the token or secret in a file; raises TokenUnusable where it cannot be read, is empty or has spaces."""
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TokenUnusable(f"{path}: the token in it cannot be read: {error}", reason=Reason.FAILED) from error
    if not token or len(token.split()) > 1:
        message = f"{path}: write the token there, as one line of printable characters without spaces"
        raise TokenUnusable(message, reason=Reason.FAILED)
    return token
