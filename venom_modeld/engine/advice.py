"""What to write instead of a name that no provider has: asked for once, when an installation fails for good.

The engine knows no catalogues. Whoever does is given to it as a function, once the catalogues are there.
"""

from collections.abc import Awaitable, Callable

from venom_modeld.core.errors import PermanentError
from venom_modeld.core.operations import InstallModel, Operation
from venom_modeld.core.reasons import Reason

Advise = Callable[[str, str], Awaitable[str | None]]
"""Takes the kind of a runtime and a name; returns what to write instead as sentences, or None. Raises nothing."""


async def no_advice(_kind: str, _name: str) -> str | None:
    """Return nothing, where nobody is there to ask."""
    return None


async def with_advice(error: PermanentError, operation: Operation, kind: str, advise: Advise) -> PermanentError:
    """Return the error of an operation with what to write instead, where its model is not found and somebody knows."""
    if error.reason is not Reason.NOT_FOUND or not isinstance(operation, InstallModel):
        return error
    name = operation.spec.base or operation.spec.name
    more = await advise(kind, name.text)
    return PermanentError(f"{error.message} {more}", reason=error.reason) if more else error
