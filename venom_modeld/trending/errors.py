"""What can go wrong with a source, in sentences for people; everything here may pass by itself."""

from venom_modeld.core.errors import TemporaryError
from venom_modeld.core.reasons import Reason


class SourceFailed(TemporaryError):
    """A source did not answer, or refused; `retry_after` is how many seconds it asked to be left alone."""


class ParseFailed(SourceFailed):
    """An answer came, and nothing can be read from it: never to be taken for an empty catalogue."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason=Reason.INVALID_ANSWER)


class NoSuchModel(SourceFailed):
    """The catalogue answered that it has no model of that name."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason=Reason.NOT_FOUND)


class Throttled(Exception):
    """We may not ask now: our own budget for the host is spent, or the host wants to be left alone.

    No failure of the source, which was not asked.
    """

    def __init__(self, host: str, wait: float) -> None:
        super().__init__(f"{host} has been asked often enough for now; ask again in {wait:.0f} s.")
        self.message = str(self)
        self.host = host
        self.wait = wait
