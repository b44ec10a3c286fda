"""A stand-in for ollama.com over real HTTP: its lists and its pages of models, in each design that the real one had.

The names of this package are imported when they are first used, because the HTTP server behind them is slow to load.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from venom_modeld.sandbox.site.faults import SiteFaults
    from venom_modeld.sandbox.site.server import Site, SiteSettings

__all__ = ["Site", "SiteFaults", "SiteSettings"]

_HOMES = {"SiteFaults": "faults"}


def __getattr__(name: str) -> Any:
    """Import one of the public names; raises `AttributeError` for any other."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'server')}"), name)
