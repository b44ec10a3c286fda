"""What the settings say of catalogues, in a module of its own: it is known long before they are put together."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the settings say of catalogues."""

    ollama: str
    """`website`, `recommendations` or `off`."""
    site_url: str
    registry_url: str
    refresh: float
    """Seconds."""
    version: str
    """Of this program, for the name it gives itself."""
