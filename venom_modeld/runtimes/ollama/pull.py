"""A pull as it comes: lines become progress, and only the line `success` is success.

Ollama leaves `completed` out while it is 0, may leave `total` out, lets `completed` go back when it fetches a piece
again, and says nothing about layers that are too small. So the parts are told as they are at each line; whoever shows
them smooths them.
"""

from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

from venom_modeld.core.errors import ModeldError, TemporaryError
from venom_modeld.core.progress import Part, Phase, Progress
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.base import Report
from venom_modeld.runtimes.ollama.answers import error_text
from venom_modeld.runtimes.ollama.errors import Doing
from venom_modeld.runtimes.transport import Stream

_PHASES: tuple[tuple[str, Phase], ...] = (
    ("pulling manifest", Phase.RESOLVING),
    ("pulling ", Phase.DOWNLOADING),
    ("verifying", Phase.VERIFYING),
    ("writing manifest", Phase.VERIFYING),
    ("removing", Phase.VERIFYING),
    ("using ", Phase.CREATING),
    ("creating ", Phase.CREATING),
)
"""The beginnings of Ollama's status texts and what they mean; any other text changes nothing."""


MOST_PARTS = 10_000
"""Parts that are counted of one download; models have a few, or one for each of some thousand tensors."""

LONGEST_DIGEST = 200
"""Characters of the longest name of a part."""


class Tally:
    """Adds up the lines of one pull or creation."""

    def __init__(self, phase: Phase, *, expected_bytes: int | None = None) -> None:
        self._phase = phase
        self._parts: dict[str, Part] = {}
        self._expected_bytes = expected_bytes

    def take(self, line: Mapping[str, Any]) -> Progress:
        """Count a line in and return where the whole is."""
        status = line.get("status")
        if isinstance(status, str):
            self._phase = next((phase for start, phase in _PHASES if status.startswith(start)), self._phase)
        digest = line.get("digest")
        if isinstance(digest, str) and self._is_believed(digest):
            self._parts[digest] = Part(completed=_bytes(line, "completed") or 0, total=self._total(digest, line))
        return self.progress()

    def _is_believed(self, digest: str) -> bool:
        """Tell whether a part is counted: what is told without end must not fill the memory."""
        return digest in self._parts or (len(self._parts) < MOST_PARTS and len(digest) <= LONGEST_DIGEST)

    def progress(self) -> Progress:
        """Return where the whole is."""
        return Progress(phase=self._phase, parts=dict(self._parts), expected_bytes=self._expected_bytes)

    def _total(self, digest: str, line: Mapping[str, Any]) -> int | None:
        known = self._parts.get(digest)
        return _bytes(line, "total") or (known.total if known else None)


async def follow(
    stream: Stream, tally: Tally, *, report: Report, doing: Doing, explain: Callable[[str, Doing], ModeldError]
) -> None:
    """Report each line of a stream until Ollama says `success`.

    Raises what `explain` makes of an error in the stream, and TemporaryError where it ends without either.
    """
    report(tally.progress())
    async with aclosing(stream.lines()) as lines:
        async for line in lines:
            words = error_text(line)
            if words:
                raise explain(words, doing)
            report(tally.take(line))
            if line.get("status") == "success":
                return
    raise TemporaryError(
        f"{doing.sentence}: Ollama ended it without success or a reason; it was perhaps restarted. It is tried again"
        " and goes on where it stopped.",
        reason=Reason.CUT,
    )


def _bytes(line: Mapping[str, Any], key: str) -> int | None:
    found = line.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None
