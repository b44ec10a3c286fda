"""Runs a sandbox in this process."""

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import fields

from pydantic import TypeAdapter, ValidationError

from venom_modeld.cli.exits import Failure
from venom_modeld.cli.options import Format
from venom_modeld.cli.terminal import show
from venom_modeld.sandbox import server as sandbox
from venom_modeld.sandbox.faults import Faults
from venom_modeld.sandbox.server import Addresses
from venom_modeld.sandbox.settings import SandboxSettings


def dial(positions: Sequence[str]) -> Faults:
    """Return the fault dial for `NAME=VALUE` texts, each value as JSON or a plain word. Raises Failure."""
    known = {position.name for position in fields(Faults)}
    wanted = {}
    for text in positions:
        name, equals, value = text.partition("=")
        if not equals or name not in known:
            raise Failure(f"--fault {text}: write NAME=VALUE, with one of these names: {', '.join(sorted(known))}")
        wanted[name] = _value(value)
    try:
        return TypeAdapter(Faults).validate_python(wanted)
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
        message = f"The sandbox cannot listen on {settings.host} ({error.strerror}); a port of 0 takes a free one."
        raise Failure(message) from error


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _told(addresses: Addresses, form: Format) -> str:
    if form is Format.JSON:
        return json.dumps(addresses.as_json())
    return "\n".join(
        [
            f"Stand-in for Ollama:  {addresses.ollama}",
            f"Its registry:         {addresses.registry}",
            f"Fault dial:           {addresses.control}",
            f"The daemon has to know the registry: VENOM_MODELD_REGISTRY_URL={addresses.registry}",
        ]
    )
