"""Where the daemon answers: what an option, the environment or the settings say."""
# ruff: noqa: PLC0415 - what reads settings is loaded only where there are any

import os
import re
from pathlib import Path

from venom_modeld.cli.client import DaemonClient
from venom_modeld.cli.config_file import config_file
from venom_modeld.cli.exits import Failure

DEFAULT_ADDRESS = "127.0.0.1:8765"

Where = tuple[str, Path | None]
"""The address that the daemon listens on, as HOST:PORT, and the file of its token."""

_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def daemon(address: str | None, config: Path | None) -> DaemonClient:
    """Return the daemon to ask. Raises SettingsError for settings that do not say where it is."""
    path = config_file(config)
    listen, token_file = _read_lightly(path) or _read_wholly(path)
    if address is None:
        host, _, port = listen.rpartition(":")
        address = reachable(host.strip("[]"), int(port))
    return DaemonClient(address, token=_token(token_file))


def _read_lightly(path: Path | None) -> Where | None:
    """Return where the daemon is without the types of all settings; None where these are needed to tell.

    They take longer than all that a small command does, and whoever calls the API needs two of them.
    """
    written = _written_for_callers(path)
    if written is None:
        return None
    listen = os.environ.get("VENOM_MODELD_API_LISTEN") or written.get("listen", DEFAULT_ADDRESS)
    if not re.fullmatch(r"[^:]+:[0-9]{1,5}|\[[^\]]+\]:[0-9]{1,5}", listen):
        return None
    if variable := os.environ.get("VENOM_MODELD_API_TOKEN_FILE"):
        return listen, Path(variable)
    file = written.get("token_file")
    return listen, path.parent / file if path and file else None


def _written_for_callers(path: Path | None) -> dict[str, str] | None:
    """Return the texts of `api.listen` and `api.token_file` in a settings file; None where it is an unusual one."""
    if path is None:
        return {}
    import yaml

    from venom_modeld.config.loader import read_file
    from venom_modeld.config.problems import SourceError

    try:
        data = yaml.load(read_file(path).content, Loader=yaml.BaseLoader)  # noqa: S506 - all that it makes is texts
    except (SourceError, yaml.YAMLError):
        return None
    api = data.get("api", {}) if isinstance(data, dict) else None
    if not isinstance(api, dict):
        return None
    written = {name: api[name] for name in ("listen", "token_file") if name in api}
    return written if all(isinstance(text, str) and text for text in written.values()) else None


def _read_wholly(path: Path | None) -> Where:
    from venom_modeld.config.settings import load_settings

    api = load_settings(path, os.environ, {}).api
    return str(api.listen), api.token_file


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
