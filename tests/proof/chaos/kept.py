"""What files protect by `keep: true`: it holds until an entry without it was in force."""

from tests.proof.chaos.record import Record
from tests.proof.chaos.script import RUNTIMES


class Kept:
    """The models that files protected when they last named them."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._done = 0

    def until(self, record: Record, runtime: int, accepted: list[tuple[float, int]], at: float) -> frozenset[str]:
        """Return their keys at a time; each call is for a later one."""
        while self._done < len(accepted) and accepted[self._done][0] <= at:
            desired = record.files[accepted[self._done][1]].desired
            self._done += 1
            for spec in desired.runtimes if desired else ():
                if spec.name == RUNTIMES[runtime]:
                    self._names -= {model.name.key for model in spec.models if not model.keep}
                    self._names |= {model.name.key for model in spec.models if model.keep}
        return frozenset(self._names)
