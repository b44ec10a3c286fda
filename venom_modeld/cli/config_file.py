"""Which settings file counts."""

from pathlib import Path

CONFIG_FILE = Path("/etc/venom-modeld/modeld.yaml")
"""The settings file of a host, read where there is one and no other is named."""


def config_file(named: Path | None) -> Path | None:
    """Return the settings file that is named, or that of the host, or None."""
    return named or (CONFIG_FILE if CONFIG_FILE.exists() else None)
