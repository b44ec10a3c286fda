"""Runs a sandbox in this process."""

import errno
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from typing import Any

from pydantic import ValidationError

from venom_modeld.cli.exits import Failure
from venom_modeld.cli.options import Format
from venom_modeld.cli.terminal import show
from venom_modeld.sandbox import server as sandbox
from venom_modeld.sandbox.dials import Dial, known, turn
from venom_modeld.sandbox.faults import Faults as OllamaFaults
from venom_modeld.sandbox.hub.faults import HubFaults
from venom_modeld.sandbox.server import Addresses
from venom_modeld.sandbox.settings import SandboxSettings
from venom_modeld.sandbox.site.faults import SiteFaults

_CANNOT_LISTEN = {
    errno.EADDRINUSE: "another program has it; stop that one, or choose another port; a port of 0 takes a free one",
    errno.EADDRNOTAVAIL: "this host has no such address; choose another by --host",
    errno.EACCES: "this user may not use that port; choose one above 1023",
}

Faults = dict[str, dict[str, Any]]
"""Positions of dials by the name of their server."""

_DIALS: Mapping[str, Dial] = {"ollama": OllamaFaults(), "site": SiteFaults(), "hub": HubFaults()}


def read_faults(positions: Sequence[str]) -> Faults:
    """Return what is to be set for texts such as `rate=1e6` and `site.design=chips`. Raises Failure.

    Each value is JSON or a plain word. A name without a server is a position of Ollama and its registry.
    """
    wanted: Faults = {}
    for text in positions:
        name, equals, value = text.partition("=")
        server, dot, position = name.rpartition(".")
        dial = _DIALS.get(server if dot else "ollama")
        if not equals or dial is None or position not in known(dial):
            raise Failure(f"--fault {text}: write NAME=VALUE, with one of these names: {', '.join(_names())}")
        wanted.setdefault(server or "ollama", {})[position] = _value(value)
    for server, found in wanted.items():
        _try(server, found)
    return wanted


def _names() -> Iterator[str]:
    for server, dial in _DIALS.items():
        yield from (position if server == "ollama" else f"{server}.{position}" for position in known(dial))


def _try(server: str, positions: dict[str, Any]) -> None:
    try:
        turn(copy(_DIALS[server]), positions)
    except ValidationError as error:
        found = error.errors()[0]
        raise Failure(f"--fault {found['loc'][0]}: {found['msg']}") from error


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def serve(settings: SandboxSettings, faults: Faults, form: Format, *, with_parent: bool) -> None:
    """Serve until SIGTERM or Ctrl-C, and tell the addresses once all servers answer.

    `with_parent` ends it when standard input does, so that it cannot outlive the program that started it.
    """
    if with_parent:
        threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        sandbox.serve(settings, lambda addresses: show(_told(addresses, form)), faults=faults)
    except OSError as error:
        if error.errno not in _CANNOT_LISTEN:
            raise
        message = f"The sandbox cannot listen on {error.filename}: {_CANNOT_LISTEN[error.errno]}."
        raise Failure(message) from error


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _told(addresses: Addresses, form: Format) -> str:
    if form is Format.JSON:
        return json.dumps(addresses.as_json())
    lines = [
        f"Stand-in for Ollama:  {addresses.ollama}",
        f"Its registry:         {addresses.registry}",
        f"ollama.com:           {addresses.site}",
        f"The Hub:              {addresses.hub}",
        f"Fault dial:           {addresses.control}",
        "The daemon has to know them:",
    ]
    return "\n".join([*lines, *(f"  export {name}={value}" for name, value in environment_of(addresses).items())])


def environment_of(addresses: Addresses) -> dict[str, str]:
    """Return the variables by which a daemon, and the Hub's own client, find a sandbox in place of the internet."""
    return {
        "VENOM_MODELD_REGISTRY_URL": addresses.registry,
        "VENOM_MODELD_TRENDING_OLLAMA_URL": str(addresses.site),
        "HF_ENDPOINT": str(addresses.hub),
    }
