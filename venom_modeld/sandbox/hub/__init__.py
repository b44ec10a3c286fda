"""A stand-in for the Hub of Hugging Face over real HTTP, which the Hub's own client takes for one.

The names of this package are imported when they are first used, because the HTTP server behind them is slow to load.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from venom_modeld.sandbox.hub.app import hub_app
    from venom_modeld.sandbox.hub.faults import HubFailure, HubFaults
    from venom_modeld.sandbox.hub.repositories import Details, Repositories
    from venom_modeld.sandbox.hub.server import Hub, HubSettings

__all__ = ["Details", "Hub", "HubFailure", "HubFaults", "HubSettings", "Repositories", "hub_app"]

_HOMES = {
    "Details": "repositories",
    "HubFailure": "faults",
    "HubFaults": "faults",
    "Repositories": "repositories",
    "hub_app": "app",
}


def __getattr__(name: str) -> Any:
    """Import one of the public names; raises `AttributeError` for any other."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'server')}"), name)
