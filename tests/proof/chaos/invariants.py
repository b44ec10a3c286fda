"""What must never be, judged from what was written down: by the stage of the world, by the run of everything else.

The daemon is not asked whether it did right. Its log is read for which file it took when, and for when a runtime was
Unknown to it; all else comes from the requests that reached the runtimes and from what changed in them.

What lies in the nature of processes is allowed for: a request that left a moment before the daemon learned of a new
file belongs to the earlier one, so each change is held against every file that may have been in force.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from tests.proof.chaos.kept import Kept
from tests.proof.chaos.record import Line, Record
from tests.proof.chaos.script import GUESTS, RUNTIMES
from tests.proof.processes import Json
from venom_modeld.config.loader import revision_of
from venom_modeld.core.desired import Prune, RuntimeSpec, Update, with_bases
from venom_modeld.core.names import OLLAMA_REGISTRY, parse_ollama
from venom_modeld.runtimes.ollama.driver import HOLD_NAMESPACE

LATE = 1.0
"""Seconds that a request or a line of the log may be behind what it is about."""

OVERLAP = 0.5
"""Seconds for which a runtime may still be busy with a request whose sender is gone."""

STALE = 8.0
"""Seconds after which a removal does not rest on the last sound look any more; a removal that hangs takes some."""

OUR_AGENT = "venom-modeld/"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What there is at the end: digests by name, names in memory, and what the registry offers."""

    installed: tuple[Mapping[str, str], ...]
    loaded: tuple[frozenset[str], ...]
    offered: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A name that came, went or changed on a runtime, and the request that did it, where one did."""

    at: float
    runtime: int
    what: str
    model: str
    before: str | None
    after: str | None
    listed: bool
    """Whether the runtime listed it until then."""
    request: Json | None

    @property
    def ours(self) -> bool:
        """Tell whether the daemon did it."""
        return self.request is not None and self.request["sender"].startswith(OUR_AGENT)

    @property
    def path(self) -> str:
        """Return what was asked for."""
        return str(self.request["path"]) if self.request else ""

    @property
    def asked_at(self) -> float:
        """Return when it was asked for."""
        return float(self.request["t"]) if self.request else self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a file that may have been in force asks of a runtime; no `spec` where it does not name that."""

    file: int
    spec: RuntimeSpec | None

    @property
    def wanted(self) -> frozenset[str]:
        """Return the keys of the models that must be there."""
        return frozenset(one.name.key for one in with_bases(self.spec.models)) if self.spec else frozenset()


def violations(record: Record, world: World) -> list[str]:
    """Return what went wrong, each as a sentence."""
    return [*Judge(record, world).all()]


class Judge:
    """Judges one run."""

    def __init__(self, record: Record, world: World) -> None:
        self._record = record
        self._end = world

    def all(self) -> Iterator[str]:
        """Yield every violation."""
        yield from self._ends()
        yield from self._bugs()
        yield from self._within_bounds()
        yield from self._removals()
        yield from self._brakes()
        yield from self._unknown()
        yield from self._invalid()
        yield from self._twice()
        yield from self._history()
        yield from self._at_the_end()

    # What was written down, in handy forms

    @cached_property
    def requests(self) -> dict[int, Json]:
        """Return the requests for a change, by number, with when each ended; one that was cut off asked for nothing."""
        found: dict[int, Json] = {}
        for one in self._record.world:
            if one["what"] == "begin":
                found[one["n"]] = one | {"end": None}
            elif one["what"] == "end":
                found[one["n"]]["end"] = one["t"]
        return {number: one for number, one in found.items() if one["body"] is not None}

    @cached_property
    def changes(self) -> list[Change]:
        """Return what changed in the world."""
        return [
            Change(
                at=one["t"],
                runtime=one["on"],
                what=one["what"],
                model=one["model"],
                before=one.get("before"),
                after=one.get("after"),
                listed=one.get("listed", True),
                request=self.requests.get(one["by"]),
            )
            for one in self._record.world
            if one["what"] in ("write", "remove")
        ]

    @cached_property
    def accepted(self) -> list[tuple[float, int]]:
        """Return when the daemon said that it took a file, and which one."""
        found = []
        for line in self._record.lines:
            if line.message == "file accepted":
                revision = line.content["revision"]
                same = [
                    number
                    for number, one in enumerate(self._record.files)
                    if one.at <= line.at and one.content is not None and revision_of(one.content) == revision
                ]
                found.append((line.at, max(same)))
        return found

    @cached_property
    def aliases(self) -> frozenset[str]:
        """Return the aliases of all files."""
        specs = (spec for one in self._record.files if one.desired for spec in one.desired.runtimes)
        return frozenset(spec.alias.key for spec in specs if spec.alias)

    def asked(self, at: float, runtime: int) -> list[Asked]:
        """Return what may have been asked of a runtime at a time."""
        rebuilt = max((end for begin, end in self._record.doubtful if begin <= at), default=0.0)
        first = max((file for said, file in self.accepted if rebuilt <= said <= at - LATE), default=0)
        name, files = RUNTIMES[runtime], self._record.files
        return [
            Asked(file=number, spec=next((spec for spec in one.desired.runtimes if spec.name == name), None))
            for number, one in enumerate(files)
            if number >= first and one.at <= at and one.desired is not None
        ]

    def owned(self) -> Iterator[tuple[Change, frozenset[str]]]:
        """Yield each change with the names that the daemon owned on that runtime before it."""
        owned: dict[int, set[str]] = defaultdict(set)
        losses = sorted(self._record.lost)
        for change in self.changes:
            while losses and losses[0] <= change.at:
                losses.pop(0)
                owned.clear()
            yield change, frozenset(owned[change.runtime])
            if change.what == "remove":
                owned[change.runtime].discard(_key(change.model))
            elif change.ours and (change.before is None or change.path == "/api/create"):
                owned[change.runtime].add(_key(change.model))

    # The invariants

    def _ends(self) -> Iterator[str]:
        """No daemon ends by itself but for a reason that it tells in a sentence."""
        for number, life in enumerate(self._record.lives):
            if life.ended is None or life.wanted:
                continue
            if life.code != 1 or any("Traceback" in line for line in life.last):
                yield f"daemon {number} ended by itself with {life.code}: {life.last[-3:]}"

    def _bugs(self) -> Iterator[str]:
        """Nothing meets a bug of ours."""
        for line in self._record.lines:
            if "bug" in line.message or "never retrieved" in line.message or line.message.startswith("Traceback"):
                yield f"the log tells of a bug: {line.content}"

    def _within_bounds(self) -> Iterator[str]:
        """Nothing is asked for that no file names."""
        named = {key for one in self._record.files if one.desired for key in _named(one.desired.runtimes)}
        for request in self.requests.values():
            if not request["sender"].startswith(OUR_AGENT) or request["path"] == "/api/delete":
                continue
            body = request["body"]
            target = _key(str(body.get("destination") or body.get("model")))
            if request["path"] in ("/api/pull", "/api/create"):
                allowed = {key for one in self.asked(request["t"], request["on"]) for key in one.wanted}
            else:
                allowed = named
            if target not in allowed and not _is_hold(target):
                yield f"{request['path']} of {target} at {request['t']:.3f}, which no file in force asks for"

    def _removals(self) -> Iterator[str]:
        """Nothing goes but what the daemon put there and no file in force wants."""
        earlier: dict[int, Kept] = defaultdict(Kept)
        kept: dict[int, Kept] = defaultdict(Kept)
        for change, owned in self.owned():
            if not change.ours or change.what != "remove" or _is_hold(_key(change.model)):
                continue
            key = _key(change.model)
            asked = self.asked(change.asked_at, change.runtime)
            if not change.listed and any(key in one.wanted for one in asked):
                continue
            if key not in owned:
                yield f"{change.model} was removed at {change.at:.3f}, and the daemon had not put it there"
            if key not in self.aliases and not any(_lets_go(one, key) for one in asked):
                yield f"{change.model} was removed at {change.at:.3f}, and no file in force lets it go"
            place = (self._record, change.runtime, self.accepted)
            if key in earlier[change.runtime].until(*place, change.at - LATE) & kept[change.runtime].until(
                *place, change.at
            ):
                yield f"{change.model} was removed at {change.at:.3f}, and the file had protected it"

    def _brakes(self) -> Iterator[str]:
        """No file removes more than its limits allow, unless a person approved."""
        removed: dict[tuple[int, int], list[str]] = defaultdict(list)
        governed: dict[tuple[int, int], int] = {}
        specs: dict[tuple[int, int], RuntimeSpec] = {}
        for change, owned in self.owned():
            asked = self.asked(change.asked_at, change.runtime)
            if not self._counts(change) or len(asked) != 1 or asked[0].spec is None:
                continue
            place = (asked[0].file, change.runtime)
            specs[place] = asked[0].spec
            governed.setdefault(place, len(asked[0].wanted | {one for one in owned if not self._is_name_only(one)}))
            removed[place].append(change.model)
        for place, models in removed.items():
            limits = specs[place].limits
            most = min(limits.removals, limits.removal_share * governed[place]) if specs[place].models else 0
            if len(models) > most:
                yield f"file {place[0]} removed {models}, and its limits let {most:g} of {governed[place]} go"

    def _counts(self, change: Change) -> bool:
        """Tell whether a change is a removal that the brakes count, and that nobody approved."""
        if not change.ours or change.what != "remove" or not change.listed or self._is_name_only(_key(change.model)):
            return False
        name = RUNTIMES[change.runtime]
        approved = [models for at, runtime, models in self._record.approved if runtime == name and at <= change.at]
        return not any(_key(change.model) in map(_key, models) for models in approved)

    def _is_name_only(self, key: str) -> bool:
        return key in self.aliases or _is_hold(key)

    def _unknown(self) -> Iterator[str]:
        """Nothing goes from a runtime that the daemon does not know, or has not looked at lately."""
        lost: dict[tuple[int, str], float] = {}
        for line in self._record.lines:
            place = (line.life, str(line.content.get("runtime")))
            if line.message == "runtime does not answer":
                lost[place] = line.at
            elif line.message == "runtime answers again":
                lost.pop(place, None)
            elif _is_removal(line) and line.at - lost.get(place, line.at) > LATE:
                yield f"the removal of {line.content['model']} began at {line.at:.3f} while {place[1]} was Unknown"
        for change in self.changes:
            if change.ours and change.what == "remove" and not self._looked(change):
                yield f"{change.model} was removed at {change.at:.3f} without a sound look before"

    def _looked(self, change: Change) -> bool:
        born = max((life.began for life in self._record.lives if life.began <= change.asked_at), default=0.0)
        return any(
            one["what"] == "look" and one["on"] == change.runtime and one["path"] == "/api/tags" and one["sound"]
            and max(born, change.asked_at - STALE) <= one["t"] <= change.asked_at
            for one in self._record.world
        )  # fmt: skip

    def _invalid(self) -> Iterator[str]:
        """Nothing begins to go while the file is not valid."""
        since: dict[int, float] = {}
        for line in self._record.lines:
            if line.message == "file refused":
                since.setdefault(line.life, line.at)
            elif line.message in ("file accepted", "file is good again"):
                since.pop(line.life, None)
            elif _is_removal(line) and line.at - since.get(line.life, line.at) > LATE:
                yield f"the removal of {line.content['model']} began at {line.at:.3f} while the file was invalid"

    def _twice(self) -> Iterator[str]:
        """Nothing is asked for again while it is being done; a runtime may finish what a dead daemon asked for."""
        last: dict[tuple[int, str, str], Json] = {}
        for request in self.requests.values():
            if not request["sender"].startswith(OUR_AGENT):
                continue
            place = (request["on"], request["path"], str(request["body"].get("model")))
            before = last.get(place)
            last[place] = request
            if before is None or any(before["t"] <= life.began <= request["t"] for life in self._record.lives):
                continue
            ended = before["end"] or float("inf")
            if ended - request["t"] > OVERLAP:
                yield f"{place[1]} of {place[2]} began at {request['t']:.3f} while it was under way"

    def _history(self) -> Iterator[str]:
        """Each change that the daemon made has its operation in the history."""
        made: Counter[tuple[str, str, str]] = Counter()
        for change in self.changes:
            kind = {"/api/pull": "install", "/api/create": "install", "/api/delete": "remove"}.get(change.path)
            if change.ours and change.listed and kind and not self._is_name_only(_key(change.model)):
                doubtful = any(begin <= change.at <= end for begin, end in self._record.doubtful)
                if (change.what == "remove") == (kind == "remove") and not doubtful:
                    made[RUNTIMES[change.runtime], kind, _key(change.model)] += 1
        told = Counter(
            (runtime, "install" if kind == "update" else kind, _key(model))
            for runtime, kind, model in self._record.history.values()
        )
        for place, count in made.items():
            if told[place] < count:
                yield f"{count} × {place} happened, and the history tells of {told[place]}"

    def _at_the_end(self) -> Iterator[str]:
        """All is as the last file says, and what is somebody else's is as it was."""
        for number, installed in enumerate(self._end.installed):
            found = {_key(name): digest for name, digest in installed.items()}
            yield from self._guests(number, found)
            last = self.asked(float("inf"), number)[-1]
            if last.spec is not None:
                yield from (f"{key} is missing" for key in last.wanted - found.keys())
                yield from self._outdated(last.spec, found)
                yield from self._left_over(number, last.spec, found.keys() - last.wanted)
                if last.spec.active and not self._end.loaded[number]:
                    yield f"nothing is loaded on {last.spec.name}"

    def _guests(self, number: int, found: Mapping[str, str]) -> Iterator[str]:
        first = {_key(one.model): one.after for one in self.changes if one.runtime == number and one.request is None}
        yield from (f"{key} is gone or another" for key, digest in first.items() if found.get(key) != digest)

    def _outdated(self, spec: RuntimeSpec, found: Mapping[str, str]) -> Iterator[str]:
        for model in spec.models:
            newest = self._end.offered.get(model.name.key.removeprefix(f"{OLLAMA_REGISTRY}/"))
            if model.update is Update.ALWAYS and model.base is None and found.get(model.name.key) not in (None, newest):
                yield f"{model.name} is not the newest version"

    def _left_over(self, number: int, spec: RuntimeSpec, more: AbstractSet[str]) -> Iterator[str]:
        untouched = {_key(guest) for guest in GUESTS} | ({spec.alias.key} if spec.alias else set())
        if spec.prune is Prune.NEVER or self._record.lost or self._record.doubtful:
            return
        kept = Kept().until(self._record, number, self.accepted, float("inf"))
        yield from (f"{key} is left over on {spec.name}" for key in sorted(more - untouched - kept))


def _named(runtimes: tuple[RuntimeSpec, ...]) -> Iterator[str]:
    for spec in runtimes:
        yield from (one.name.key for one in with_bases(spec.models))
        if spec.alias is not None:
            yield spec.alias.key


def _lets_go(asked: Asked, key: str) -> bool:
    return asked.spec is not None and asked.spec.prune is not Prune.NEVER and key not in asked.wanted


def _is_removal(line: Line) -> bool:
    return line.message == "operation started" and line.content.get("operation") == "remove"


def _is_hold(key: str) -> bool:
    return HOLD_NAMESPACE in key


def _key(name: str) -> str:
    return parse_ollama(name).key
