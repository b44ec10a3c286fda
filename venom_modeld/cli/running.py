"""Runs the daemon in this process."""

import asyncio
import ctypes
import errno
import logging
import resource
from collections.abc import Callable

from venom_modeld.cli import logs
from venom_modeld.cli.exits import Failure
from venom_modeld.cli.garbage import collect_as_ever
from venom_modeld.config.settings import Settings
from venom_modeld.daemon import serve

logger = logging.getLogger(__name__)

_PR_SET_DUMPABLE = 4

_CANNOT_LISTEN = {
    errno.EADDRINUSE: "another program has it; stop that one, or choose another address by --listen",
    errno.EADDRNOTAVAIL: "this host has no such address; choose another by --listen",
    errno.EACCES: "this user may not use that port; choose one above 1023 by --listen",
}


def run(settings: Settings, *, on_ready: Callable[[str], None] | None = None) -> None:
    """Run the daemon until it is told to stop; `on_ready` gets the address of its API."""
    logs.set_up(settings.log.level, settings.log.format)
    close_memory()

    def ready(address: str) -> None:
        collect_as_ever()
        (on_ready or _log_address)(address)

    try:
        asyncio.run(serve(settings, on_ready=ready))
    except OSError as error:
        if error.errno not in _CANNOT_LISTEN:
            raise
        listen = settings.api.listen
        raise Failure(f"The API cannot listen on {listen}: {_CANNOT_LISTEN[error.errno]}.") from error


def close_memory() -> None:
    """Keep the memory of this process, in which tokens are, from core dumps and from other processes of its user.

    A server that the daemon starts is such a process, and may run the code of a model. Root may look all the same.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        logger.warning("memory stays open to debuggers", extra={"detail": errno.errorcode.get(ctypes.get_errno(), "")})


def _log_address(address: str) -> None:
    logger.info("answering", extra={"address": address})
