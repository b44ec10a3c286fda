"""The dials of a sandbox, each by the name of its server, and how positions are set that a person wrote."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from venom_modeld.sandbox.faults import Faults
from venom_modeld.sandbox.hub.faults import HubFaults
from venom_modeld.sandbox.site.faults import SiteFaults

Dial = Faults | SiteFaults | HubFaults


def known(dial: Dial) -> list[str]:
    """Return the names of the positions of a dial."""
    return sorted(asdict(dial))


def turn(dial: Dial, positions: Mapping[str, Any]) -> None:
    """Set some positions, and leave the others.

    Raises KeyError with the names that the dial does not have, and pydantic's ValidationError, which is a ValueError,
    for values that a position does not take; nothing is set then.
    """
    unknown = sorted(positions.keys() - asdict(dial).keys())
    if unknown:
        raise KeyError(", ".join(unknown))
    wanted = TypeAdapter(type(dial)).validate_python(asdict(dial) | dict(positions))
    for name in positions:
        setattr(dial, name, getattr(wanted, name))
