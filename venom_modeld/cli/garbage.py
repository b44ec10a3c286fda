"""How often the garbage collector looks for circles of objects that nobody needs.

While a program loads, nearly all that it makes are modules, types and functions, which stay. Looking them through after
every few hundred new ones finds nothing and takes a tenth of the time of a command.
"""

import gc

_AS_EVER = gc.get_threshold()
_SELDOM = 200_000
"""New objects between two collections: more than any command makes while it loads."""


def collect_seldom() -> None:
    """Collect so seldom that loading is not held up."""
    gc.set_threshold(_SELDOM, *_AS_EVER[1:])


def collect_as_ever() -> None:
    """Collect as often as Python does, which is for what runs for long."""
    gc.set_threshold(*_AS_EVER)
