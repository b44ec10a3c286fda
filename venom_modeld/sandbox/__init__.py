"""Stand-ins over real HTTP for servers that cannot be had everywhere: for trying the daemon, and for its tests.

The names of this package are imported when they are first used, because the HTTP servers behind them are slow to load.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from venom_modeld.sandbox.server import Addresses, Sandbox, serve
    from venom_modeld.sandbox.settings import SandboxSettings

__all__ = ["Addresses", "Sandbox", "SandboxSettings", "serve"]

_HOMES = {"SandboxSettings": "settings"}


def __getattr__(name: str) -> Any:
    """Import one of the public names; raises `AttributeError` for any other."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'server')}"), name)
