"""Where the daemon answers: what an option, the environment or the settings say.

A host without settings of its own is asked at the default address without loading what reads settings.
"""
# ruff: noqa: PLC0415 - settings are loaded only where there are any

import os
from pathlib import Path

from venom_modeld.cli.client import DaemonClient
from venom_modeld.cli.exits import Failure

CONFIG_FILE = Path("/etc/venom-modeld/modeld.yaml")
"""The settings file of a host, read where there is one and no other is named."""

DEFAULT_ADDRESS = "127.0.0.1:8765"

_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def config_file(named: Path | None) -> Path | None:
    """Return the settings file that is named, or that of the host, or None."""
    return named or (CONFIG_FILE if CONFIG_FILE.exists() else None)


def daemon(address: str | None, config: Path | None) -> DaemonClient:
    """Return the daemon to ask. Raises SettingsError for settings that are not valid."""
    path = config_file(config)
    if path is None and not any(name.startswith("VENOM_MODELD_") for name in os.environ):
        return DaemonClient(address or DEFAULT_ADDRESS)
    from venom_modeld.config.settings import load_settings

    api = load_settings(path, os.environ, {}).api
    return DaemonClient(address or reachable(api.listen.host, api.listen.port), token=_token(api.token_file))


def reachable(host: str, port: int) -> str:
    """Return an address to call for one to listen on, which may stand for every address of the host."""
    if port == 0:
        raise Failure("The settings let the daemon take a free port; say which it took: --address HOST:PORT.")
    host = _EVERY_ADDRESS.get(host, host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _token(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise Failure(f"{path}: the token of the API cannot be read: {error}") from error
